/* backend: one attempt to hand one request to one target. The deliver stage makes it, and makes another to
 * retry; a backend knows nothing of retries. All on the core thread.
 *
 * Each send() is followed by exactly one exchange_done(), which defers: it may be called inside send(), and
 * never re-enters the pipeline. abort() hurries it, and does not replace it.
 *
 * Each file in src/backend/ that ends in a `const struct backend_ops backend_NAME` is in the table
 * backend_all[], which the build makes from the folder. */
#ifndef API_BACKEND_H
#define API_BACKEND_H

#include "api/config.h"
#include "api/counter.h"
#include "api/endpoint.h"
#include "api/plugin.h"
#include "api/request.h"
#include "base/list.h"

struct backend;
struct loop;

/* One address of a backend; `targets:` in the file. Owned by the backend that opened it. */
struct target {
	slice url;
	unsigned weight;
	int credit;       /* route's: smooth weighted round robin */
	bool unreachable; /* the core's: the last attempt did not reach it */
	void *state;      /* the backend's own */
};

/* What an attempt says of the way to the target; of a service's, not of a device's. */
enum reach {
	REACH_NOT_TOLD, /* nothing: it was not made, or was given up */
	REACH_ANSWERED, /* it is there, whatever it answered */
	REACH_NONE      /* nobody is there, or says anything */
};

/* In what form the backend wants `request->call`. */
enum backend_takes {
	BACKEND_TAKES_BYTES, /* call.body, encoded as call.media */
	BACKEND_TAKES_VALUE  /* call.value; NULL for a call without a body */
};

struct exchange {
	const struct request *request; /* borrowed until exchange_done() */
	struct target *target;         /* NULL for a backend without targets */
	const void *bound;             /* what bind() made for this endpoint, or NULL */
	slice device;                  /* the name that endpoint->device gave; empty without one */
	struct arena *arena;           /* the request's; for out and why */
	uint64_t deadline_ms;          /* on loop_now_ms(): give up with STATUS_TIMEOUT */
	unsigned attempt;              /* from 1 */

	/* The backend's to fill in before exchange_done(). */
	struct message out;
	slice why; /* one line for a person when it failed; names no address to the caller */
	bool sent; /* bytes have left: another attempt could double the effect */
	/* With UNAVAILABLE and TIMEOUT: the device is not there to take it, so that a command may wait for its
	 * return. */
	bool away;
	/* With TIMEOUT: the device has said that it has the command, only its answer did not come. One that waited for
	 * it is then done and not sent again. */
	bool acknowledged;
	uint64_t retry_after_ms; /* with TOO_MANY and UNAVAILABLE, when the backend said it; or 0 */
	enum reach reach;
	void *state;

	struct list link; /* deliver's own, from here on */
	enum status status;
	struct request *owner;
};

/* A path that a service of the gateway's own has, wherever a listener leads to it. */
struct backend_endpoint {
	const char *name, *path;    /* the name is NULL behind the last one */
	unsigned methods;           /* 1u << METHOD_… */
	const char *const *accepts; /* media types, NULL-terminated; NULL: no body */
};

struct backend_ops {
	const char *name; /* the `protocol:` that the file names */
	/* A service of the gateway's own (adapter_ops.serves): the file cannot name it. NULL: it is none. */
	const struct backend_endpoint *endpoints;
	const struct setting
	        *settings; /* besides protocol, targets and timeout, which every backend has */
	enum backend_takes takes;
	bool needs_targets;
	bool calls_devices; /* BACKEND_DEVICE_SETTINGS are among its settings; it takes bytes */
	/* `targets`: `ntargets` of them, zeroed but for url and weight; they live until close(). Files are read
	 * here; the network is not touched before the first send(). */
	struct backend *(*open)(struct loop *, const struct config *, struct target *targets,
	        unsigned ntargets, struct error *);
	/* Prepares (and checks) what this endpoint's `call:` needs; *bound is given back in each exchange and
	 * lives as long as the backend. NULL: nothing to prepare. */
	bool (*bind)(struct backend *, const struct endpoint *, const void **bound, struct error *);
	/* Its configuration is in force from now on: what it does unasked (observing a device) may begin. NULL:
	 * nothing. */
	void (*start)(struct backend *);
	void (*send)(struct backend *, struct exchange *);
	void (*abort)(struct backend *, struct exchange *); /* one that is not done yet */
	void (*close)(struct backend *); /* no exchange is under way; NULL is fine */
};

/* What every backend that calls devices has in its table of settings; the core reads them. */
extern const struct setting backend_mailbox_settings[];
#define BACKEND_DEVICE_SETTINGS                                                                    \
	{ .key = "device",                                                                         \
		.type = SETTING_TEXT,                                                              \
		.help = "the device that a call is for, of the path's variables; default: "        \
		        "{device} where the path has it" },                                        \
	{                                                                                          \
		.key = "mailbox", .type = SETTING_TREE, .inner = backend_mailbox_settings,         \
		.help = "commands for a device that is away wait for its return"                   \
	}

/* First member of the backend's own struct. open() leaves it zeroed; the core fills it in. */
struct backend {
	const struct backend_ops *ops;
	const char *label;
	struct core *core; /* from start() on; NULL before */
	struct target *targets;
	unsigned ntargets;
	uint64_t timeout_ms;
	struct counters counters; /* the backend counts */
};

extern const struct backend_ops *const backend_all[]; /* NULL-terminated; made by the build */

/* Success statuses come with `out`; so does a backend's own refusal (a REST 404 is STATUS_NOT_FOUND with its
 * body). STATUS_BAD_BACKEND, _UNAVAILABLE, _TIMEOUT say why. */
void exchange_done(struct exchange *, enum status);

/* A value that the backend heard of unasked, for an endpoint with `observe` that it was bound to: kept as the last
 * value of the endpoint's path. Copies. status: STATUS_OK with a value, or what ended it. */
void backend_observed(
        struct backend *, const struct endpoint *, enum status, const struct message *);

#endif
