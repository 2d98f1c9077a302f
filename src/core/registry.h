/* registry: the clients that were added at run time, and the keys that were made then, in memory and on disk. The
 * core's; outlives configurations. What is done to them is api/clients.h; here is what the core's own files share:
 * registry.c (its life, and looking), registry_change.c (changes and their steps), registry_clients.c and
 * registry_keys.c (what a step is), registry_record.c (how it stands on disk). Core thread. */
#ifndef CORE_REGISTRY_H
#define CORE_REGISTRY_H

#include "api/clients.h"
#include "api/plugin.h"
#include "api/store.h"

#include "core/roster.h"
#include "crypto/keyed_digest.h"
#include "crypto/seal.h"
#include "loop/loop.h"

struct registry_limits {
	unsigned clients, keys; /* `gateway.limits` */
};

struct registry {
	struct core *core;
	struct roster *roster;
	struct keyed_digests *digests; /* what tokens and API keys are found by */
	unsigned char seal_key[SEAL_KEY_BYTES];
	uint64_t last_ns; /* the newest changed_ns given away */
	/* Changes whose outcome is to be told at the end of the turn. */
	struct list settled;
	struct task tell;
	/* Records that the disk has not as memory has them, and that the store did not even take. */
	struct list unwritten;
	struct timer rewrite, sweep;
	struct clients_change sweeping;
	bool sweeps, sweeps_on; /* there is more that has expired */
};

/* false: out of memory. */
bool registry_init(struct registry *, struct core *, struct loop *);
/* Also after registry_init() has failed. Changes under way are over without done(). */
void registry_finish(struct registry *);
/* The keys that what is on disk is kept under, in place of those that were drawn at random. false: out of memory. */
bool registry_set_keys(struct registry *, const unsigned char digest_key[KEYED_DIGEST_KEY_BYTES],
        const unsigned char seal_key[SEAL_KEY_BYTES]);
/* Reads what is on disk. false: error says what went wrong. */
bool registry_restore(struct registry *, struct error *);
/* Another configuration is in force: says which clients it has taken the place of. */
void registry_compare(struct registry *);
/* One that is never the same twice. */
uint64_t registry_now_ns(struct registry *);

/* ---- Steps: registry_change.c */

struct registry_step {
	struct store_receipt receipt;
	struct list link; /* in its change; or in `unwritten` */
	struct clients_change *change;
	const char *action; /* for the audit log */
	enum store_table table;
	bool stays;   /* whatever the disk says */
	bool handed;  /* its record was handed to the store */
	bool touches; /* the client is another than it was: its connections are looked at again */
	/* What was there before; NULL: nothing. The step's own. */
	struct client *old_client;
	const struct client_key *old_key;
	uint64_t changed_ns; /* of the client as the step left it; 0: it was removed */
	slice client, name;  /* name: the record's key: the client's id, the key's handle */
	char text[];
};

/* The refusal of a step. Always false. */
bool registry_refuse(struct clients_outcome *, enum status, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* Refuses when nothing can be changed here at all. */
bool registry_is_open(struct clients_change *);
/* A step of this change, at its end; before anything is changed. NULL: out of memory, and refused. */
struct registry_step *registry_step(
        struct clients_change *, enum store_table, slice client, slice name, const char *action);
/* It was for nothing. */
void registry_step_free(struct registry_step *);
/* A key goes: the step for it, and out of the roster. false: refused. */
bool registry_drop_key(struct clients_change *, const struct client_key *, const char *action);

void registry_changes_init(struct registry *, struct loop *);
void registry_changes_finish(struct registry *);

/* ---- registry_record.c */

/* As it is written, in the arena. false: over budget. */
bool registry_client_record(struct arena *, const struct client *, struct store_record *);
bool registry_key_record(struct arena *, const unsigned char seal_key[SEAL_KEY_BYTES],
        const struct client_key *, struct store_record *);
/* Back again, in the arena or in the record. false: *why says what is wrong with it. */
bool registry_read_client(
        struct arena *, const struct store_record *, struct client *, const char **why);
bool registry_read_key(struct arena *, const unsigned char seal_key[SEAL_KEY_BYTES],
        const struct store_record *, struct client_key *, const char **why);
/* More bytes than the record will have. */
size_t registry_client_bytes(const struct client *);
size_t registry_key_bytes(const struct client_key *);

/* ---- registry_clients.c */

/* May this text name a client? */
bool registry_id_valid(slice id);
/* A copy in one piece, for free(). NULL: out of memory. */
struct client *registry_duplicate(const struct client *);

#endif
