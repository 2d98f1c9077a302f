/* What the files of the core share: the gateway's own struct and the ways between pipeline and stages. */
#ifndef CORE_INTERNAL_H
#define CORE_INTERNAL_H

#include "api/audit.h"
#include "api/stage.h"
#include "api/store.h"
#include "core/condition.h"
#include "core/configuration.h"
#include "core/core.h"
#include "core/directory.h"
#include "core/follow.h"
#include "core/postbox.h"
#include "core/recall.h"
#include "core/throttle.h"
#include "core/values.h"
#include "loop/look.h"
#include "loop/loop.h"

struct listener {
	struct list link;
	struct adapter *adapter;
	char *name, *bind;
	uint64_t files, live; /* as in struct listener_setup; the latter of what it has read last */
	uint64_t seen;        /* what the latter was when it was last looked at */
	bool started, stopped;
	bool outdated; /* it goes on because what should replace it could not start */
};

enum { REQUEST_LISTS = 1024, CHANGES_MAX = 32 };

/* Clients that are to be looked at again. */
struct changes {
	uint64_t count; /* since the start */
	char *ids[CHANGES_MAX];
	unsigned n;
	bool all;
	struct timer later;
};

/* Who is told of the condition, and what it was last. */
struct condition_watch {
	void (*changed)(void *arg, const struct condition *); /* NULL: nobody */
	void *arg;
	struct task look;
	bool told;
	struct condition last;
	unsigned raised; /* faults that were said, and are not seen */
};

struct core {
	struct loop *loop;
	const struct plugs *plugs;
	char *path;
	struct configuration *current;
	struct registry registry; /* clients that were added at run time */
	struct changes changes;
	struct list retired;   /* configurations that still have requests under way */
	struct list listeners; /* running, and stopped ones whose requests are still under way */
	struct adapter_limits limits; /* where every adapter looks */

	/* Submitted and not replied yet, by their ids: thousands may be cancelled at once when a link goes. */
	struct list requests[REQUEST_LISTS];
	unsigned nrequests;
	struct arena_pool memory; /* of all requests, from request_new() to request_free() */
	uint64_t next_id;

	/* Work that was put off to the end of the turn: see pipeline.c. */
	struct task work;
	struct list exchanges, resumed, finished;

	struct values *values; /* the last ones, of endpoints that keep them */
	uint64_t crowded_out, crowded_said_ms, unsaved, unsaved_said_ms;
	struct list savings;      /* keep's: changes of values that are on their way to the disk */
	struct store *store;      /* NULL: none */
	struct audit_sink *audit; /* NULL: none */
	struct follow follow;
	struct postbox *postbox;
	struct throttle *throttle;
	struct recall *recall;
	uint64_t throttled;          /* attempts to log in that nobody looked at */
	uint64_t verified, recalled; /* passwords: at their price, and from memory */

	struct look renewal;
	struct condition_watch condition;

	struct timer grace;
	bool idle;    /* core_be_idle() */
	bool started; /* core_start() has done all */
	bool stopping;
	bool overdue; /* the grace is over: answers that are still on their way out are cut off */
};

/* The stages, in order: pipeline.c has the table. */
extern const struct stage stage_account, stage_match, stage_authenticate, stage_authorize,
        stage_admit, stage_mediate, stage_keep, stage_route, stage_deliver;

void pipeline_init(struct core *);
/* Runs a request from its first stage; it comes home through `finished`. */
void pipeline_enter(struct core *, struct request *);
/* The same for one that was let in and translated before: it enters at keep. What stands between the outermost stage
 * and that is left out, both ways. */
void pipeline_enter_again(struct core *, struct request *);
/* request_submit() for such a one, of an adapter of the core's own. */
void request_submit_again(struct request *);
/* Hurries every request that waits. */
void pipeline_cancel_all(struct core *);

/* authorize.c: may this caller use the method on the endpoint's path? */
bool authorize_allows(
        const struct endpoint_setup *, const struct identity *, enum method, slice path);
/* The same, with why. */
struct decision {
	const struct role_rule *rule; /* that allows or denies it; NULL: none, or none is needed */
	bool denied;                  /* by the rule */
	enum status status;           /* STATUS_OK, or how it is refused */
	bool of_another; /* the path's subject is neither the caller nor one it acts for */
};
bool authorize_decide(const struct endpoint_setup *, const struct identity *, enum method,
        slice path, struct decision *);
/* May it follow some path that the filter of a subscription asks for? */
bool authorize_allows_some(const struct endpoint_setup *, const struct identity *, slice filter);
/* Is the role among those that the endpoint is for? */
bool authorize_takes(const struct endpoint_setup *, const struct role *);

/* discover.c: what the caller may use, where no endpoint has this path. */
bool discover_is_path(slice path);
enum verdict discover_answer(struct core *, struct request *);

/* mediate.c: how much an Accept field likes a codec: by quality; reluctant ones last; of equal ones JSON first, then as
 * in the table. */
struct liking {
	unsigned quality;
	bool reluctant;
	unsigned place;
};
#define LIKING_MOST ((struct liking){ .quality = 1001 })
/* The codec that is liked best of those that are liked less than `last`, which moves on to it: call it until a codec can
 * write the value. Only those whose quality is above `above`, which is that of the value as it is, and reluctant ones
 * only when that is 0. NULL: none is left. */
const struct codec *mediate_next_liked(slice accept, unsigned above, struct liking *last);

/* publish.c: gives it a version; it becomes the last value of its path, and will be on disk soon. Copies. false: out
 * of memory. */
bool publish(struct core *, struct kept_value *);
/* The same for one that is on disk already, under the version that it has. */
bool publish_saved(struct core *, struct kept_value *);
/* The value is gone. */
void publish_removed(struct core *, slice path);
/* What was there up to this version is gone, and is not on the disk any more. */
void publish_remove_saved(struct core *, slice path, uint64_t version);
/* As many values give way as are above the limits in force. */
void publish_make_room(struct core *);
/* Fetches what is on disk, before the start. */
bool publish_restore(struct core *, struct error *);
/* A change that somebody waited for was not written, and with it what was to be written before it. */
void publish_save_again(struct core *, slice path);
/* As it is written; `head` is part of the record. */
enum { PUBLISH_HEAD_BYTES = 8 };
struct store_record publish_record(const struct kept_value *, char head[PUBLISH_HEAD_BYTES]);

/* deliver.c: an exchange has come back. */
void deliver_exchange_done(struct core *, struct exchange *);
/* route.c: the target whose turn it is, by weight; NULL: the backend has none. `not_this`: tried before. */
struct target *route_pick(struct backend *, const struct target *not_this);

/* devices.c: sets request->device, where the endpoint's backend calls devices. false: no memory. */
bool device_find(struct request *);

/* listeners.c */
bool listeners_open(struct core *, struct configuration *, struct list *opened, struct mistakes *);
/* Puts the opened ones in the place of what runs and is not wanted as it is any more. One that cannot start (its
 * address is somebody else's) leaves the old one of its name running, where there is one at another address. */
void listeners_replace(struct core *, struct list *opened);
bool listener_start(struct listener *, struct error *);
void listener_stop(struct listener *);
void listener_close(struct listener *);
/* Closes those that are stopped and whose requests are home. */
void listeners_sweep(struct core *);
/* Those that know callers by session look at those of this client again; { NULL, 0 }: at all. */
void listeners_review(struct core *, slice client);
struct listener *listeners_find(struct core *, const char *name);

/* change.c: core_client_changed() (api/directory.h) */
void changes_init(struct core *);
void changes_finish(struct core *);

/* audit.c: a request is about to be answered; the gateway starts, or has read its configuration again. */
void audit_answer(struct core *, const struct request *);
void audit_gateway(struct core *, const char *action, enum status, slice detail);
void audit_start(struct core *);
void audit_reload(struct core *, const struct mistakes *, bool taken);

/* renewal.c: files that change while their listeners run. */
void renewal_init(struct core *);
/* Now, and from now on: listeners whose files are not what they have read do so. */
void renewal_now(struct core *);

/* condition.c: something may have changed it. */
void condition_init(struct core *);
void condition_finish(struct core *);
void condition_look(struct core *);
/* An attempt is over: what does it say of its target? */
void condition_attempt(struct core *, const struct exchange *);
/* Targets that the configuration before had as well are what they were. */
void condition_take_over(struct core *, const struct configuration *before);

/* core.c: frees retired configurations without requests; ends the loop when draining is over. */
void core_settle(struct core *);

#endif
