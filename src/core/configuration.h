/* A configuration that was read, checked and opened: everything a request needs to find its way. It is const
 * once it is loaded and replaced as a whole on reload; the old one lives until its last request is home. */
#ifndef CORE_CONFIGURATION_H
#define CORE_CONFIGURATION_H

#include "api/adapter.h"
#include "api/audit.h"
#include "api/authenticator.h"
#include "api/backend.h"
#include "api/endpoint.h"
#include "api/identity.h"

#include "core/postbox.h"
#include "core/mistakes.h"
#include "core/role.h"
#include "core/throttle.h"

struct board;
struct loop;
struct router;

/* What the build found: NULL-terminated tables. */
struct plugs {
	const struct adapter_ops *const *adapters;
	const struct authenticator_ops *const *authenticators;
	const struct backend_ops *const *backends;
	const char *const *dialects; /* names of protocols that ride on another's listener */
};

/* The i-th protocol that listeners speak, NULL after the last; one that several adapters share comes once. */
const char *configuration_protocol(const struct plugs *, unsigned i);

struct service;

struct listener_setup {
	const char *name;
	const struct service *service; /* what it leads to; NULL: the endpoints of the file */
	const struct adapter_ops *ops;
	const struct config *node;
	/* Of the files it names, for seeing that they changed: those that it must be opened anew for, and those that it reads
	 * again while it runs (adapter_ops.live_files). */
	uint64_t files, live;
};

struct backend_setup {
	const char *name;
	struct backend *backend; /* NULL while loading, when it could not be opened */
	unsigned retries;
	slice device;   /* template, as the file says it; or empty */
	slice listener; /* the one that its commands leave by; or empty */
	struct postbox_limits mailbox;
};

struct authenticator_setup {
	const char *name;
	struct authenticator *authenticator;
};

struct endpoint_setup {
	struct endpoint endpoint; /* first: what the rest of the program sees */
	struct authenticator *const *auth;
	unsigned nauth;
	bool anonymous; /* `none` is in its list */
	const struct role *const *roles;
	unsigned nroles;
	slice subject_pointer;           /* where a body says whom it is about; or empty */
	const struct role_rule *subject; /* a path must be the caller's own by this; or NULL */
	const struct backend_setup *to;  /* NULL: the gateway keeps the value and is all there is */
	const void *bound;
	const struct unpacking *unpacking; /* request.decode; NULL: none */
	const slice *accepts;              /* media types */
	unsigned naccepts;                 /* 0: what the codecs read */
};

/* What a listener with ops->serves leads to: a backend of its own, and the endpoints that come with that. */
struct service {
	struct service *next;
	struct backend_setup backend;
	struct endpoint_setup *endpoints;
	struct router *router;
};

struct configuration {
	struct arena arena;
	struct loop *loop;
	const struct plugs *plugs;
	const struct config *root;
	const struct board *board; /* NULL: none */
	slice gateway_name;
	bool core_dumps; /* at the start only */
	bool watchdog;   /* the board's is wanted */
	struct adapter_limits limits;
	size_t memory_max_bytes;
	unsigned values_max;
	size_t values_max_bytes;
	unsigned subscriptions_max;
	unsigned clients_max, keys_max; /* at run time */
	uint64_t save_within_ms;
	struct audit_settings audit;
	char digest[DIGEST_HEX_BYTES]; /* of the file */
	const char *state;             /* the folder of what outlives the process; NULL: none */
	struct throttle_rules guessing;

	struct listener_setup *listeners;
	unsigned nlisteners;
	struct listener_setup control; /* the gateway's own, in the state folder; ops NULL: none */
	struct service *services;
	struct role *roles;
	unsigned nroles;
	struct role *roles_by_name; /* a table */
	struct directory *directory;
	struct authenticator_setup *authenticators;
	unsigned nauthenticators;
	struct backend_setup *backends;
	unsigned nbackends;
	struct endpoint_setup *endpoints;
	unsigned nendpoints;
	struct router *router;

	unsigned requests; /* under way that were submitted under it; the core counts */
	struct list link;  /* the core's, once it is retired */
};

/* Reads, checks, opens authenticators and backends; listeners are only checked (the core opens them). NULL:
 * something is wrong; `mistakes` (in its own arena) has it all. */
struct configuration *configuration_load(
        struct loop *, const struct plugs *, const char *path, struct mistakes *);
/* Closes what it opened. No request may be under way in it. NULL is fine. */
void configuration_destroy(struct configuration *);

/* Each file that the map names, by settings of that type. `but`: what stands under this key is left out; or NULL. The path is
 * there for the time of the call. */
void configuration_files_each(const struct config *map, const char *but,
        void (*each)(void *arg, const char *path), void *arg);
/* A number that changes when one of these files does: size, time of the last change, inode. */
uint64_t configuration_files_stamp(const struct config *map, const char *but);

/* The endpoint as the core knows it. */
static inline const struct endpoint_setup *endpoint_setup(const struct endpoint *endpoint)
{
	return (const struct endpoint_setup *)(const void *)endpoint;
}

/* Parts of configuration_load(), one file each; each adds what is wrong to `mistakes`. */
void configuration_load_identities(struct configuration *, struct mistakes *);
void configuration_load_roles(struct configuration *, struct mistakes *);
void configuration_load_backends(struct configuration *, struct mistakes *);
void configuration_load_endpoints(struct configuration *, struct mistakes *);
/* The listener of the state folder, and what listeners with services of the gateway's own lead to. */
void configuration_load_services(struct configuration *, struct mistakes *);
/* The i-th of all listeners, the gateway's own last; NULL after that. */
const struct listener_setup *configuration_listener_at(const struct configuration *, unsigned i);
/* configuration_reach.c: what a listener would need for somebody to get into this endpoint, where none has it; NULL: somebody
 * can, or it is not known. */
const char *configuration_unreached(const struct configuration *, const struct endpoint_setup *);
/* The part of this key, a map of names. NULL: not there, or no map. */
const struct config *configuration_named_map(
        const struct configuration *, const char *key, struct mistakes *);
const struct role *configuration_role(const struct configuration *, slice name);
/* NULL: none of this name. */
const struct backend_setup *configuration_backend(const struct configuration *, slice name);
const struct endpoint_setup *configuration_endpoint(const struct configuration *, slice name);
/* NULL: none of this name, or something was wrong with it. */
const struct listener_setup *configuration_listener(const struct configuration *, slice name);

#endif
