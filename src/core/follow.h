/* Who follows which values: the core's side of api/follow.h. Core thread. */
#ifndef CORE_FOLLOW_H
#define CORE_FOLLOW_H

#include "api/adapter.h"

#include "base/list.h"
#include "loop/loop.h"

struct authenticator;
struct topic;

struct follow {
	struct list all;
	unsigned count, max; /* max: gateway.limits.subscriptions */
	size_t bytes, max_bytes;

	struct topic *topics; /* those who follow one path, by path */
	struct list patterns; /* those who follow many */
	struct list due;      /* of those who follow one path: there is something to tell them */
	struct list doubtful; /* whose credentials have to be looked at (again) */
	unsigned under_review;

	struct task task;
	struct timer later;  /* goes on in the next turn of the loop, and looks at credentials */
	struct timer expiry; /* what somebody was recognised by ends */
	struct following *in_hand; /* whom a push() is being called for */
	struct adapter reviewer;   /* requests that look at credentials again come home to it */

	uint64_t pushed, refused, ended;
};

void follow_init(struct core *);
/* Nobody is told; every listener has stopped. */
void follow_finish(struct core *);

/* Is there a value that the endpoint may keep, over this protocol, and the filter asks for? */
bool follow_overlaps(const struct endpoint_setup *, const char *protocol, slice filter);
/* authenticate: may this way to recognise a caller count for what a METHOD_SUBSCRIBE asks for? */
bool follow_concerns(const struct request *, const struct authenticator *);
/* authorize: METHOD_SUBSCRIBE is granted or refused; always REPLY. */
enum verdict follow_subscribe(struct core *, struct request *);
/* keep: a GET with `follower` was answered with the value of this version, and is to hear of the next. */
void follow_one(struct core *, struct request *, uint64_t version);
/* pipeline: the request is on its way home; from now on its subscription is the adapter's. */
void follow_hand_over(struct core *, struct request *);

/* keep: this path has a new value, or no value any more. */
void follow_published(struct core *, slice path);
void follow_removed(struct core *, slice path);

/* Who follows as this client hears nothing before its credentials were looked at again; { NULL, 0 }: nobody does, as
 * when a new configuration is in force. */
void follow_review(struct core *, slice client);
/* The listener stops: its subscriptions end, told so. */
void follow_end_all(struct core *, struct adapter *);

#endif
