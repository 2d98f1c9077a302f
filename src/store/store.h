/* The store as main sees it: opened before the core uses it, closed after the core is gone. Core thread. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "api/store.h"

struct loop;

/* Makes the folder when it is not there (for the owner only), claims it for this process, opens or makes the database
 * in it. A damaged database is put aside, with an error in the log. NULL: error says why. */
struct store *store_open(struct loop *, const char *folder, struct error *);
/* Does the writing thread come to what it is given? True where it has answered what the call before asked, and then it is
 * asked anew (the first call has nothing to wait for). For a watchdog: a disk that fails is no reason for false, one
 * that takes a write and never ends it is. */
bool store_comes_round(struct store *);
/* Tells whether the disk fails, each time that it begins to and when it takes records again; core thread, from the loop. NULL: nobody. */
void store_watch(struct store *, void (*changed)(void *arg, bool fails), void *arg);
/* Writes what is pending; receipts that are still out are forgotten. Before loop_destroy(). NULL is fine. */
void store_close(struct store *);

#endif
