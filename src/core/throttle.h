/* throttle: who guesses at passwords, keys and tokens is slowed down, whatever way to authenticate they try.
 *
 * Counted is on three levels: strictly for one name from one address, loosely for an address whatever the names, and
 * loosely for a name whatever the addresses. throttle.c says why. Pure; core thread. */
#ifndef CORE_THROTTLE_H
#define CORE_THROTTLE_H

#include "base/slice.h"

struct throttle;

struct throttle_rules {
	unsigned
	        attempts; /* wrong ones of a name from an address before it waits; 0: no throttle at all */
	unsigned from_address; /* different wrong ones from an address */
	unsigned at_client;    /* different wrong ones for a name, from wherever */
	uint64_t window_ms;    /* after so long without a wrong one they are forgotten */
	uint64_t delay_ms;     /* the first one; each further wrong one doubles it */
	uint64_t delay_max_ms;
};

/* One attempt: from throttle_begin() to throttle_end(). Hashes, of no use to anybody who reads them. */
struct attempt {
	uint64_t pair, connection, address, name; /* 0: not counted on this level */
	uint64_t secret;
};

enum attempt_end {
	ATTEMPT_RIGHT,
	ATTEMPT_WRONG,
	ATTEMPT_UNDECIDED /* whoever knows could not be asked */
};

/* NULL: out of memory. */
struct throttle *throttle_create(void);
void throttle_destroy(struct throttle *); /* NULL is fine */

/* What was tried: the name that was claimed, or empty where the secret alone says who it is, and the secret. `peer` is
 * the other end of the connection, `address` the same without its port; one on this machine counts as no address. */
void attempt_init(struct attempt *, slice address, slice peer, slice name, slice secret);

/* false: not now, and nothing may be looked at; *wait_ms says when again, and *news that nobody was told yet about this
 * delay. true: throttle_end() follows. */
bool throttle_begin(struct throttle *, const struct throttle_rules *, const struct attempt *,
        uint64_t now_ms, uint64_t *wait_ms, bool *news);
void throttle_end(struct throttle *, const struct throttle_rules *, const struct attempt *,
        enum attempt_end, uint64_t now_ms);

#endif
