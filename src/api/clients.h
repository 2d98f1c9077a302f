/* clients: what is done to clients and their keys while the gateway runs: by the administration, by who issues tokens.
 *
 * A CHANGE is one or many steps, all between clients_begin() and clients_commit() in one turn of the loop. A step takes
 * effect in memory at once, so that what is taken away is gone at once; commit writes all of it in one transaction, and
 * done() comes when that is on disk: a secret that was made, or a word of success, leaves only then. What the disk does
 * not take is undone; but a key that was revoked, a client that was disabled or removed stays so, and the disk is asked
 * again until it takes it.
 *
 * Clients of the configuration file are seen here, and cannot be changed, but tokens and API keys can be made for them.
 * Without gateway.state there is no place for what is added at run time: every step is refused. Core thread. */
#ifndef API_CLIENTS_H
#define API_CLIENTS_H

#include "api/directory.h"
#include "api/message.h"
#include "base/arena.h"
#include "base/list.h"

struct core;
struct request;

struct client {
	slice id;
	const slice *roles; /* names */
	unsigned nroles;
	const slice *allow, *deny; /* its own rules, as role_rule_parse() takes them */
	unsigned nallow, ndeny;
	const slice *acts_for; /* ids, and how ids begin with a * */
	unsigned nacts_for;
	slice plan;
	bool disabled;
	uint64_t changed_ns; /* since 1970, never the same twice; 0: it is the file's */
};

/* Each request of a client carries its rules along: more of them are a role, more names are patterns. */
enum { CLIENT_RULES_MAX = 64, CLIENT_ACTS_FOR_MAX = 256 };
enum { CLIENT_ID_MAX_BYTES = 128, CLIENTS_WHY_BYTES = 200 };

/* How a change ended; or why a step was refused. */
struct clients_outcome {
	enum status status;          /* STATUS_OK, or what it is refused with */
	char why[CLIENTS_WHY_BYTES]; /* one line for a person; empty with STATUS_OK */
};

struct clients_change {
	/* The caller's, from clients_begin() on. */
	void (*done)(struct clients_change *); /* later, never from inside clients_commit() */
	const struct request *by; /* who asks for it; borrowed until done(). NULL: `who` does */
	slice who;                /* for the audit log, with `by` NULL: "console" */
	struct clients_outcome outcome;
	/* The registry's, from here on. */
	struct core *core;
	struct list steps; /* in the order in which they were made */
	struct list link;  /* of changes that are not written and are to be told so */
	unsigned waiting;
};

/* The caller's memory, which stays where it is until done(), also when the gateway stops; sets `done`, `by` and `who` to nothing. */
void clients_begin(struct core *, struct clients_change *);
/* Writes the steps; done() will follow, exactly once. */
void clients_commit(struct clients_change *);
/* Undoes them, instead of commit; done() will not come. */
void clients_abandon(struct clients_change *);

/* ---- Steps. Each copies what it is given. false: it is refused, `outcome` says why, nothing of this step has
 * happened; the change can go on, be committed or abandoned. */

enum clients_put {
	CLIENTS_ADD,     /* STATUS_CONFLICT when there is one of this id */
	CLIENTS_REPLACE, /* STATUS_NOT_FOUND when there is none */
	CLIENTS_PUT      /* either */
};
/* Its keys stay. `disabled` is part of it; changed_ns is not looked at. */
bool clients_put(struct clients_change *, const struct client *, enum clients_put);
bool clients_set_disabled(struct clients_change *, slice id, bool disabled);
/* With its keys. */
bool clients_remove(struct clients_change *, slice id);

/* Would clients_put() take it, if there is room? */
bool clients_check(
        const struct core *, const struct client *, enum clients_put, struct clients_outcome *);
/* How many more clients, and keys, there may be. */
unsigned clients_room(const struct core *);
unsigned clients_key_room(const struct core *);

/* A key to be made: KEY_TOKEN, KEY_API_KEY or KEY_REFRESH. */
struct key_wish {
	slice client;
	enum key_kind kind;
	const slice *scopes;
	unsigned nscopes;
	bool scoped;         /* false: it is good for all that its client may */
	slice bound_to;      /* the fingerprint (32 bytes) of a certificate; or empty */
	uint64_t expires_ms; /* since 1970; 0: never */
	/* What it goes with: a refresh token, and all that comes of it, can be revoked together. Empty: a family of its
	 * own. */
	slice family;
	/* The handle of a key of this client that is used up by it and stays as spent (a refresh token that was
	 * turned in); or empty. */
	slice spends;
	slice secret; /* one that was made elsewhere (a signed token); empty: one is drawn */
};
/* `secret` (in the arena; wiped by the caller) is the only place where it ever stands in plain; it begins with flt_,
 * flk_ or flr_. It is not to be shown before the outcome is STATUS_OK. The key is borrowed for this turn. */
bool clients_make_key(struct clients_change *, const struct key_wish *, struct arena *,
        slice *secret, const struct client_key **);
/* Takes the place of the one that the client has. The key itself, 1 to 32 bytes. */
bool clients_set_psk(struct clients_change *, slice client, slice psk);
/* The same for a password, as a hash in a notation of crypto/password.h. */
bool clients_set_password(struct clients_change *, slice client, slice hash);
/* One more certificate that it is known by: the 32 bytes of its SHA-256 fingerprint. */
bool clients_add_certificate(struct clients_change *, slice client, slice fingerprint);
/* By its handle, by the secret itself, all of one family. STATUS_NOT_FOUND: there is none. */
bool clients_revoke_key(struct clients_change *, slice handle);
bool clients_revoke_secret(struct clients_change *, enum key_kind, slice secret);
bool clients_revoke_family(struct clients_change *, slice client, slice family);
/* Of what has a family (was issued by a grant), all but the newest `most` of this kind that a client has; a few at a
 * time. They only make room: if the change is not written, they are there again. */
bool clients_keep_newest(struct clients_change *, slice client, enum key_kind, unsigned most);
/* All of one kind that a client has; that may be none. */
bool clients_revoke_kind(struct clients_change *, slice client, enum key_kind);

/* ---- Looking. Borrowed until the next turn. */

/* The directory in force. */
const struct directory *clients_directory(const struct core *);
/* NULL: nobody. `of_file`, if not NULL: is it the file's? */
const struct client *clients_find(const struct core *, slice id, bool *of_file);
struct clients_filter {
	slice prefix, role;     /* how ids begin, a role that they have; or empty */
	bool enabled, disabled; /* these only */
};
/* The first `max` of those whose ids come after `after` (byte order; empty: from the start), in order. Returns how
 * many. */
unsigned clients_page(const struct core *, slice after, const struct clients_filter *,
        const struct client **page, unsigned max);
/* The same of keys that were made at run time, by handle; of one client (p NULL: of all). */
unsigned clients_key_page(const struct core *, slice client, slice after,
        const struct client_key **page, unsigned max);
/* NULL: there is none of this handle. */
const struct client_key *clients_key_named(const struct core *, slice handle);
/* "token", "api-key"; the other way round false: there is no such kind. */
const char *clients_kind_name(enum key_kind);
bool clients_kind_parse(slice, enum key_kind *);

struct clients_count {
	unsigned listed, clients, keys; /* of the file; at run time */
};
struct clients_count clients_count(const struct core *);

#endif
