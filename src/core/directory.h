/* The directory of a configuration: the clients of its file, and beside them those of the registry. Core thread. */
#ifndef CORE_DIRECTORY_H
#define CORE_DIRECTORY_H

#include "api/authenticator.h"

#include "core/mistakes.h"
#include "core/registry.h"

struct configuration;

/* Reads `clients:`, and each client's secrets. */
struct directory *directory_create(struct configuration *, struct mistakes *);
/* NULL is fine. */
void directory_destroy(struct directory *);
/* The configuration comes in force: from now on the registry's clients are found as well. Where both have one of the
 * same id the file's is the one. */
void directory_use(struct directory *, const struct registry *);
/* The client of this id, or NULL. */
const struct client *directory_client(const struct directory *, slice id);

/* The file's. */
const struct roster *directory_listed(const struct directory *);

/* client_keys.c: what the file gives a client to prove itself by goes into the roster. false: something is wrong with
 * it, and is among the mistakes. */
bool client_keys_load(struct roster *, const struct keyed_digests *, const struct config *client,
        struct mistakes *);

/* client_rules.c: its allow, deny and acts_for, as the file has them; borrowed from the tree and the arena. */
void client_rules_load(
        struct arena *, const struct config *node, struct client *, struct mistakes *);
/* The same for one that was added at run time: false: *which of its texts is wrong, and *why. */
bool client_rules_valid(const struct client *, slice *which, const char **why);

/* A mistake for each key of a kind that is not among these (1u << KEY_…): no way to authenticate looks at it. */
void client_keys_check(const struct config *clients, unsigned looked_at, struct mistakes *);

/* grant.c: who that is under this configuration, in the arena. NULL: nobody, *why says why; NULL as well: no memory
 * left. */
const struct identity *grant_identity(
        const struct configuration *, const struct grant *, struct arena *, const char **why);

#endif
