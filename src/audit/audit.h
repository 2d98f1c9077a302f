/* The audit log as main sees it: opened before the core uses it, closed after the core is gone. Core thread. */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include "api/audit.h"
#include "api/plugin.h"

struct audit;
struct loop;

/* Opens or makes the log in the folder and starts its thread. NULL: error says why. */
struct audit *audit_open(
        struct loop *, const char *folder, const struct audit_settings *, struct error *);
/* Where the core notes events. */
struct audit_sink *audit_sink(struct audit *);
/* As store_comes_round(), for the thread that writes the log. */
bool audit_comes_round(struct audit *);
/* As store_watch(). */
void audit_watch(struct audit *, void (*changed)(void *arg, bool fails), void *arg);
/* Writes what is pending. Before loop_destroy(). NULL is fine. */
void audit_close(struct audit *);
/* One line with the log's counters; NULL is fine. */
void audit_log_counters(const struct audit *);

#endif
