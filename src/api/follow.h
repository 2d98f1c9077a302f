/* follow: hearing of values as they change (CoAP Observe, server-sent events, MQTT subscriptions).
 *
 * Endpoints with `keep: last` remember the last value of each of their resources. A request whose `follower` is set
 * asks to hear of what comes after its answer:
 *   METHOD_GET        of one resource. The answer is its present value, as without `follower`.
 *   METHOD_SUBSCRIBE  of a pattern: `in.path` may have "+" for any one segment and, at the end, "#" for the path
 *                     before it and all below. Answered with STATUS_OK and no body; the present values that are
 *                     newer than `follow_after` follow through push().
 * When the request comes home, `request->subscription` is the adapter's; NULL: there is nothing to follow (a GET was
 * answered all the same). It ends once, in one of two ways: the adapter calls subscription_end(), or the core
 * pushes an update with `ended` set, after which the pointer is dead: the caller may no longer see what it follows,
 * the resource is gone, the listener stops.
 *
 * WHO MAY HEAR is decided anew for each value: the caller must be let in by the endpoint that the value belongs to,
 * as if it were a GET. After a reload every follower's credentials are looked at again.
 *
 * Core thread. No push() comes from inside a call of the adapter's. */
#ifndef API_FOLLOW_H
#define API_FOLLOW_H

#include "api/message.h"

#include <stdbool.h>

struct adapter;

/* The part that adapters see; the core embeds it. */
struct subscription {
	struct adapter *adapter;
	void *follower; /* the adapter's own, as the request had it */
};

struct update {
	enum status ended; /* STATUS_NONE: a value follows; else why there will be no more */
	slice why;         /* with `ended`: one line for a person */
	slice path;        /* of the resource: normalised and percent-encoded */
	slice media, body; /* in a notation that the request's `accept` takes */
	/* Nanoseconds since 1970, made to grow with each value of this gateway: entity tag, event id, and what
	 * `follow_after` compares. When it was received is another thing: clocks are set. */
	uint64_t version;
	bool present; /* it was there before the subscription was (MQTT's RETAIN) */
};

/* The adapter wants no more; no push() follows. NULL is fine. */
void subscription_end(struct subscription *);
/* Pushes (later) the present values that are newer than `after`: for a follower that could not take some. */
void subscription_refresh(struct subscription *, uint64_t after);

#endif
