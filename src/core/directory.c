/* The clients of the configuration, by id. */
#include "base/table.h"

#include "core/config_check.h"
#include "core/configuration.h"
#include "core/settings.h"

struct client {
	struct identity identity; /* first */
	const struct config *node;
	UT_hash_handle hh;
};

struct directory {
	struct client *clients;
};

static const struct role **roles_of(
        struct configuration *configuration, const struct config *node, struct mistakes *mistakes)
{
	const struct config *names = config_get(node, "roles");
	const struct role **roles =
	        arena_alloc(&configuration->arena, (names ? names->count : 0) * sizeof *roles);
	unsigned n = 0;
	CONFIG_EACH (names, name) {
		const struct role *role = configuration_role(configuration, name->text);
		if (role && roles)
			roles[n++] = role;
		else
			mistake_add(mistakes, name, "no role %s under roles:", name->text.p);
	}
	return roles;
}

static void add(struct directory *directory, struct configuration *configuration,
        struct config *node, struct mistakes *mistakes)
{
	if (!config_check(node, NULL, settings_client, mistakes))
		return;
	slice id = config_text(node, "id");
	struct client *client;
	HASH_FIND(hh, directory->clients, id.p, id.n, client);
	if (!id.n || client) {
		mistake_add(mistakes, config_get(node, "id"),
		        id.n ? "a second client of this id" : "empty");
		return;
	}
	client = ARENA_NEW(&configuration->arena, struct client);
	if (!client) {
		mistake_add(mistakes, node, "out of memory");
		return;
	}
	const struct config *roles = config_get(node, "roles");
	client->identity.id = id;
	client->identity.roles = roles_of(configuration, node, mistakes);
	client->identity.nroles = client->identity.roles && roles ? roles->count : 0;
	client->node = node;
	HASH_ADD_KEYPTR(hh, directory->clients, client->identity.id.p, id.n, client);
}

struct directory *directory_create(struct configuration *configuration, struct mistakes *mistakes)
{
	struct directory *directory = ARENA_NEW(&configuration->arena, struct directory);
	const struct config *clients = config_get(configuration->root, "clients");
	if (!directory || !clients)
		return directory;
	if (clients->kind != CONFIG_LIST) {
		mistake_add(mistakes, clients, "must be a list of clients");
		return directory;
	}
	for (struct config *node = clients->first; node; node = node->next)
		add(directory, configuration, node, mistakes);
	return directory;
}

void directory_destroy(struct directory *directory)
{
	if (directory)
		HASH_CLEAR(hh, directory->clients);
}

const struct identity *directory_find(const struct directory *directory, slice id)
{
	struct client *client;
	HASH_FIND(hh, directory->clients, id.p, id.n, client);
	return client ? &client->identity : NULL;
}

bool directory_each(const struct directory *directory,
        bool (*each)(void *arg, const struct identity *, const struct config *client), void *arg)
{
	for (const struct client *client = directory->clients; client; client = client->hh.next) {
		if (!each(arg, &client->identity, client->node))
			return false;
	}
	return true;
}

const struct identity *identity_anonymous(void)
{
	static const struct identity anonymous = { .id = SLICE_INIT("") };
	return &anonymous;
}
