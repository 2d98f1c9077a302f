/* flood: events of which a peer can cause any number become one line at once and one with their number a window. So
 * who guesses passwords or scans fills no disk, and is seen all the same.
 *
 * Told apart are the peers' addresses (of IPv6 the network, /64), actions, listeners and statuses; also who, where that was
 * proved. At most `max` at a time; what comes beyond becomes one number in all. Pure but for memory. */
#ifndef AUDIT_FLOOD_H
#define AUDIT_FLOOD_H

#include "audit/line.h"

struct flood;

/* What is to be written goes to `write`, whose note lives for the time of the call. NULL: out of memory. */
struct flood *flood_create(unsigned max, void (*write)(void *arg, const struct note *), void *arg);
void flood_destroy(struct flood *); /* what was counted is not written; NULL is fine */

struct flood_time {
	uint64_t now_ms; /* monotonic */
	uint64_t wall_ns;
	uint64_t window_ms;
};

/* Writes the event, or counts it. */
void flood_take(struct flood *, const struct audit_event *, struct flood_time);
/* Writes what was counted in windows that are over; who was quiet for one is forgotten. When to call it next, on now_ms;
 * 0: there is nothing. */
uint64_t flood_pass(struct flood *, struct flood_time);
/* Writes all that was counted, as at the end of every window. */
void flood_flush(struct flood *, uint64_t wall_ns);

/* How many are told apart now. */
unsigned flood_count(const struct flood *);

/* Address and port as they stand in a request -> whom they are one peer for: "10.0.0.5", "2001:db8:1:2::/64", or what
 * else stands there. */
enum { FLOOD_PEER_BYTES = 64 };
void flood_peer(slice peer, char to[FLOOD_PEER_BYTES]);

#endif
