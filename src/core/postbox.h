/* postbox: the mailboxes of devices, commands that wait for a device to return.
 *
 * A request with an effect whose device is away is written to the store and answered STATUS_ACCEPTED once it is on
 * disk. As long as a device has commands waiting, later ones line up behind them. They are delivered when its
 * listener says that it is there (command_device_returned), when it is heard from, and now and then, one at a time and
 * in order, as requests of an adapter of the core's own, and go from the store when the device has acknowledged them
 * or will never take them. All that waits is in memory as well, and bounded. Core thread. */
#ifndef CORE_POSTBOX_H
#define CORE_POSTBOX_H

#include "api/plugin.h"
#include "api/request.h"

struct core;
struct postbox;

/* `mailbox:` of a backend. */
struct postbox_limits {
	unsigned messages; /* for one device; 0: the backend has no mailbox */
	uint64_t expire_ms;
	size_t memory_bytes; /* for all devices of the backend */
};

/* NULL: out of memory. */
struct postbox *postbox_create(struct core *);
/* After the store has been closed: nothing is written any more. NULL is fine. */
void postbox_destroy(struct postbox *);
/* Reads what waits in the store. false: error says what went wrong. */
bool postbox_open(struct postbox *, struct error *);

/* May this request wait for its device? */
bool postbox_takes(struct postbox *, const struct request *);
/* Do commands wait already for the device of a request that may wait? */
bool postbox_has_line(const struct postbox *, const struct request *);
/* true: the request WAITs, pipeline_resume() follows. false: status and why are set. */
bool postbox_put(struct postbox *, struct request *);
/* Is it a request of the mailbox's own? */
bool postbox_sent(const struct postbox *, const struct request *);
/* The device of this name has been heard from: it may be there. Cheap when nothing waits. */
void postbox_heard(struct postbox *, slice device);

/* One line a backend whose devices have or had commands waiting. */
void postbox_log_counters(const struct postbox *);

#endif
