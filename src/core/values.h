/* The last value of each resource, in memory: by path, and in the order in which they came. Core thread.
 *
 * VERSIONS are nanoseconds since 1970, made to grow with each value (also when the clock is set back), and so say
 * which of two is newer, and what a follower has heard already: it asks for the oldest that is newer than the last one
 * it had (values_after), which skips all that has been replaced meanwhile. No queue is kept for anybody. */
#ifndef CORE_VALUES_H
#define CORE_VALUES_H

#include "base/slice.h"

struct values;

struct kept_value {
	slice path, media;
	slice client; /* who sent it; empty: nobody who was asked */
	/* Of the session that brought it (values_sender()); 0: none, or before this process. */
	uint64_t sender;
	slice body;
	uint64_t version;
	uint64_t received_ns; /* by the wall clock, as it stood then */
};

struct values_count {
	unsigned values;
	size_t bytes;
};

/* The same for the same session of the same listener. */
uint64_t values_sender(const char *listener, slice session);

struct values *values_create(void);   /* NULL: out of memory */
void values_destroy(struct values *); /* NULL is fine */

/* Later than every version before it: the wall clock's time, or a nanosecond after the last one. */
uint64_t values_new_version(struct values *);
/* Copies; takes the place of the value of the same path. `version` is the newest of all. false: out of memory, nothing
 * was changed. */
bool values_put(struct values *, const struct kept_value *);
/* For those that were kept before the start: in any order, and before any other; values_restored() puts them in order. */
bool values_restore(struct values *, const struct kept_value *);
void values_restored(struct values *);
/* false: there was none. */
bool values_remove(struct values *, slice path);
/* NULL: none. What is found lives until the next values_put() or values_remove(). */
const struct kept_value *values_find(const struct values *, slice path);
/* Somebody asked for it: it gives way later. */
void values_touch(struct values *, slice path);
/* The oldest that is newer; NULL: none. */
const struct kept_value *values_after(const struct values *, uint64_t version);
/* The version of the newest ever put, or 0. */
uint64_t values_newest(const struct values *);
/* The one not touched for longest; NULL: none. */
const struct kept_value *values_stalest(const struct values *);
struct values_count values_count(const struct values *);

#endif
