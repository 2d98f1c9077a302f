/* One subscription, as the files that keep them share it. */
#ifndef CORE_FOLLOWING_H
#define CORE_FOLLOWING_H

#include "core/internal.h"

struct following {
	struct subscription subscription; /* first: what the adapter sees */
	struct list link;                 /* in follow.all */
	struct list place;                /* in its topic's list, or in follow.patterns */
	struct list due;                  /* in follow.due or follow.doubtful, or in none */
	struct topic *topic;              /* NULL: a pattern */
	struct request *request; /* the one that asked for it, while it is on its way home */
	struct request *review;  /* looks at its credentials again; NULL: none */

	enum method method; /* METHOD_GET or METHOD_SUBSCRIBE */
	const char *protocol;
	slice path, accept, peer, session;
	const struct credential *credentials;
	/* Who it is, under the configuration in force, its own; NULL: not looked at yet. */
	struct identity *who;
	const struct authenticator *by; /* NULL: nobody was asked */
	uint64_t
	        heard; /* the version of the last value that it was told, or that it may not hear */
	uint64_t others_than; /* what this sender brings is not for it; 0: all is */
	uint64_t since; /* the newest when it began: up to this one a value was there before it */
	bool removed;   /* the value is gone */
	size_t bytes;
};

/* NULL: too many, or no memory. */
struct following *following_create(struct core *, struct request *);
/* Whom it has been found to be; copies. NULL: that is in doubt. false: out of memory, it stays in doubt. */
bool following_recognise(struct following *, const struct identity *);
/* Out of every list and index, its secrets wiped. */
void following_destroy(struct core *, struct following *);
/* Tells the adapter that there will be no more. */
void following_end(struct core *, struct following *, enum status, slice why);
/* May it hear the value of this path? */
bool following_may_hear(struct core *, const struct following *, slice path);
/* Its credentials are looked at again when what it was recognised by ends. */
void follow_until(struct core *, const struct following *);
/* There is something to tell it. */
void following_is_due(struct core *, struct following *);

/* review.c: its credentials are in doubt: it hears nothing until they were looked at. */
void review_add(struct core *, struct following *);
/* It ends: the request that looks at its credentials comes home to nobody. */
void review_forget(struct following *);
/* Looks at those of some. true: there is more to do in the next turn. */
bool review_go_on(struct core *);
void review_init(struct core *);

#endif
