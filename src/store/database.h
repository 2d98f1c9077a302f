/* The database file: SQLite, write-ahead log, every commit synced. One thread at a time. */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include "api/store.h"

struct database;

enum { DATABASE_WHY_BYTES = 160 };

/* NULL: error says why. A damaged file is renamed, so that a new one takes its place, with an error in the log. */
struct database *database_open(const char *folder, struct error *);
void database_close(struct database *); /* NULL is fine */
/* All orders in one transaction: all or none. STATUS_OK, STATUS_STORE_FULL or STATUS_INTERNAL with `why`. */
enum status database_write(
        struct database *, const struct list *orders, char why[DATABASE_WHY_BYTES]);
bool database_each(struct database *, enum store_table,
        bool (*each)(void *arg, const struct store_record *), void *arg, struct error *);

#endif
