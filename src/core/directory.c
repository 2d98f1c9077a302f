#include "core/directory.h"

#include <stdlib.h>

#include "base/random.h"
#include "core/config_check.h"
#include "core/configuration.h"
#include "core/settings.h"

struct directory {
	struct roster *listed;           /* those of the file */
	struct keyed_digests *digests;   /* what tokens and API keys of the file are found by */
	const struct registry *registry; /* NULL: the configuration is not in force yet */
};

/* ---- Reading the file */

static bool check_roles(const struct configuration *configuration, const struct config *names,
        struct mistakes *mistakes)
{
	bool right = true;
	CONFIG_EACH (names, name) {
		if (!configuration_role(configuration, name->text))
			right = mistake_add(
			        mistakes, name, "no role %s under roles:", name->text.p);
	}
	return right;
}

static const slice *texts_of(struct arena *arena, const struct config *list, unsigned *n)
{
	slice *texts = arena_alloc(arena, (list ? list->count : 0) * sizeof *texts);
	*n = 0;
	CONFIG_EACH (list, text) {
		if (texts)
			texts[(*n)++] = text->text;
	}
	return texts;
}

/* It travels in fields of HTTP and stands in lines of the log. */
static bool is_plain(slice id)
{
	for (size_t i = 0; i < id.n; i++) {
		if ((unsigned char)id.p[i] < 0x20 || id.p[i] == 0x7f)
			return false;
	}
	return id.p[0] != ' ' && id.p[id.n - 1] != ' ';
}

static bool add(struct directory *directory, struct configuration *configuration,
        struct config *node, struct mistakes *mistakes)
{
	if (!config_check(node, NULL, settings_client, mistakes))
		return false;
	struct client client = { .id = config_text(node, "id"),
		.plan = config_text(node, "plan"),
		.disabled = config_switch(node, "disabled") };
	if (!client.id.n || roster_find(directory->listed, client.id))
		return mistake_add(mistakes, config_get(node, "id"),
		        client.id.n ? "a second client of this id" : "empty");
	if (!is_plain(client.id))
		return mistake_add(mistakes, config_get(node, "id"),
		        "an id has no control characters, and no space at its beginning or end");
	const struct config *roles = config_get(node, "roles");
	(void)check_roles(configuration, roles, mistakes);
	client.roles = texts_of(&configuration->arena, roles, &client.nroles);
	client_rules_load(&configuration->arena, node, &client, mistakes);
	if (!client.roles || !roster_put(directory->listed, &client))
		return mistake_add(mistakes, node, "out of memory");
	return client_keys_load(directory->listed, directory->digests, node, mistakes);
}

static bool init(struct directory *directory)
{
	unsigned char key[KEYED_DIGEST_KEY_BYTES];
	random_bytes(key, sizeof key);
	directory->listed = roster_create();
	directory->digests = keyed_digests_create(key);
	explicit_bzero(key, sizeof key);
	return directory->listed && directory->digests;
}

struct directory *directory_create(struct configuration *configuration, struct mistakes *mistakes)
{
	struct directory *directory = calloc(1, sizeof *directory);
	const struct config *clients = config_get(configuration->root, "clients");
	if (!directory || !init(directory)) {
		(void)mistake_add(mistakes, configuration->root, "out of memory");
		directory_destroy(directory);
		return NULL;
	}
	if (!clients)
		return directory;
	if (clients->kind != CONFIG_LIST) {
		mistake_add(mistakes, clients, "must be a list of clients");
		return directory;
	}
	for (struct config *node = clients->first; node; node = node->next)
		(void)add(directory, configuration, node, mistakes);
	return directory;
}

void directory_destroy(struct directory *directory)
{
	if (!directory)
		return;
	roster_destroy(directory->listed);
	keyed_digests_destroy(directory->digests);
	free(directory);
}

void directory_use(struct directory *directory, const struct registry *registry)
{
	directory->registry = registry;
}

const struct roster *directory_listed(const struct directory *directory)
{
	return directory->listed;
}

/* ---- Looking for somebody */

/* Where this client is kept: the file first. NULL: nowhere. */
static const struct roster *home_of(const struct directory *directory, slice client)
{
	if (roster_find(directory->listed, client))
		return directory->listed;
	const struct registry *registry = directory->registry;
	return registry && roster_find(registry->roster, client) ? registry->roster : NULL;
}

const struct client *directory_client(const struct directory *directory, slice id)
{
	const struct roster *home = home_of(directory, id);
	return home ? roster_find(home, id) : NULL;
}

bool directory_knows(const struct directory *directory, slice client)
{
	return home_of(directory, client) != NULL;
}

static const struct client_key *find_secret(const struct roster *roster,
        struct keyed_digests *digests, enum key_kind kind, slice secret)
{
	struct digest digest = keyed_digest(digests, secret);
	return roster_find_key(roster, kind, digest_slice(&digest));
}

/* So that it costs no digest the next time, in either roster. */
static void remember(const struct directory *directory, slice secret)
{
	struct digest digest = keyed_digest(directory->digests, secret);
	keyed_digest_remember(directory->digests, secret, &digest);
	if (!directory->registry)
		return;
	digest = keyed_digest(directory->registry->digests, secret);
	keyed_digest_remember(directory->registry->digests, secret, &digest);
}

/* Among those of run time. The keys of a client that the file has taken the place of are out of force; those that were
 * made for a client of the file are not. */
static const struct client_key *find_registered(
        const struct directory *directory, enum key_kind kind, slice secret)
{
	const struct registry *registry = directory->registry;
	const struct client_key *key = NULL;
	if (registry && kind == KEY_CERTIFICATE)
		key = roster_find_key(registry->roster, kind, secret);
	else if (registry)
		key = find_secret(registry->roster, registry->digests, kind, secret);
	bool replaced = key && roster_find(directory->listed, key->client) &&
	                roster_find(registry->roster, key->client);
	return replaced ? NULL : key;
}

const struct client_key *directory_find_key(
        const struct directory *directory, enum key_kind kind, slice secret)
{
	const struct client_key *key;
	if (kind == KEY_CERTIFICATE) {
		key = roster_find_key(directory->listed, kind, secret);
		return key ? key : find_registered(directory, kind, secret);
	}
	key = find_secret(directory->listed, directory->digests, kind, secret);
	if (!key)
		key = find_registered(directory, kind, secret);
	if (key)
		remember(directory, secret);
	return key;
}

const struct client_key *directory_key_of(const struct directory *directory, slice client,
        enum key_kind kind, const struct client_key *previous)
{
	const struct roster *home = home_of(directory, client);
	return home ? roster_key_of(home, client, kind, previous) : NULL;
}
