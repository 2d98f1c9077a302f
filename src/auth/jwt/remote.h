/* remote: a set of keys that its owner publishes at a URL: fetched, renewed in time, and used for a while longer when
 * that fails.
 *
 * It is asked for once when the loop begins to run, then again when what was fetched is as old as `refresh` says, or as
 * Cache-Control says when that is sooner (10 s at the soonest); after a failure in 1 s, then in twice as long each time up
 * to half a minute. Nothing waits for it. Core thread. */
#ifndef AUTH_JWT_REMOTE_H
#define AUTH_JWT_REMOTE_H

#include "api/authenticator.h"

struct remote;

/* Who is told, never from inside the functions below. */
struct remote_owner {
	const struct authenticator *authenticator; /* for logs and the audit log */
	/* What was fetched. false: it makes no sense; *error says why. */
	bool (*take)(struct remote_owner *, slice body, struct error *);
	/* An attempt is over, in whatever way. */
	void (*settled)(struct remote_owner *);
};

/* Reads jwks, refresh, max_stale, timeout, ca and server_name of the configuration; touches no network. NULL: *error. */
struct remote *remote_open(
        struct loop *, const struct config *, struct remote_owner *, struct error *);
/* May be called from inside take() and settled(). NULL is fine. */
void remote_close(struct remote *);

/* Does it ask the same as the other one, under the same conditions? */
bool remote_is_same(const struct remote *, const struct remote *other);
/* What was taken came from the other one: it is as old as it is there. */
void remote_take_over(struct remote *, const struct remote *other);

/* Asks now, unless that was done within 10 s. true: settled() will follow. */
bool remote_ask(struct remote *);
/* Is the first attempt still under way, or about to begin? */
bool remote_is_starting(const struct remote *);
/* May what was taken last still be used? */
bool remote_is_usable(const struct remote *);

#endif
