/* grant: from what an authenticator believes to an identity: the client, and its roles under the configuration that the
 * request was matched under. Here alone is decided that a client is one, and not disabled. */
#include "core/internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "core/directory.h"

static bool names(const slice *texts, unsigned n, slice name)
{
	for (unsigned i = 0; i < n; i++) {
		if (slice_equal(texts[i], name))
			return true;
	}
	return false;
}

/* A name that is no role (any more) gives nothing. */
static bool set_roles(const struct configuration *configuration, const struct grant *grant,
        const slice *roles, unsigned n, struct identity *who, struct arena *arena)
{
	const struct role **found = arena_alloc(arena, n * sizeof *found);
	for (unsigned i = 0; found && i < n; i++) {
		const struct role *role = configuration_role(configuration, roles[i]);
		if (role && (!grant->scoped || names(grant->scopes, grant->nscopes, role->name)))
			found[who->nroles++] = role;
	}
	who->roles = found;
	return found != NULL;
}

const struct identity *grant_identity(const struct configuration *configuration,
        const struct grant *grant, struct arena *arena, const char **why)
{
	const struct client *client = directory_client(configuration->directory, grant->client);
	*why = "is no client here";
	if (!client && !(grant->unlisted && grant->client.n))
		return NULL;
	*why = "is disabled";
	if (client && client->disabled)
		return NULL;
	*why = "no memory left for this request";
	struct identity *who = ARENA_NEW(arena, struct identity);
	if (!who)
		return NULL;
	bool theirs = !grant->roles && client;
	slice plan = grant->plan.n || !client ? grant->plan : client->plan;
	who->id = arena_copy_slice(arena, grant->client);
	who->unlisted = !client;
	who->plan = arena_copy_slice(arena, plan);
	who->key = arena_copy_slice(arena, grant->key);
	who->valid_until_ms = grant->valid_until_ms;
	bool made = set_roles(configuration, grant, theirs ? client->roles : grant->roles,
	        theirs ? client->nroles : grant->nroles, who, arena);
	return made && who->id.p && who->plan.p && who->key.p ? who : NULL;
}

enum verdict auth_grant(struct request *request, const struct grant *grant)
{
	const char *why;
	request->who = grant_identity(request->configuration, grant, &request->arena, &why);
	if (request->who)
		return NEXT;
	request_refuse(request, STATUS_UNAUTHENTICATED, "%.*s %s", SLICE_ARG(grant->client), why);
	return REPLY;
}

enum verdict auth_grant_key(struct request *request, const struct client_key *key)
{
	uint64_t now_ms = clock_wall_ns() / 1000000;
	if (key->expires_ms && key->expires_ms <= now_ms) {
		request_refuse(request, STATUS_UNAUTHENTICATED, "this %s has expired",
		        key->kind == KEY_TOKEN ? "token" : "key");
		return REPLY;
	}
	const struct grant grant = { .client = key->client,
		.scoped = key->scoped,
		.scopes = key->scopes,
		.nscopes = key->nscopes,
		.key = key->handle,
		.valid_until_ms = key->expires_ms };
	return auth_grant(request, &grant);
}

const struct identity *identity_anonymous(void)
{
	static const struct identity anonymous = { .id = SLICE_INIT("") };
	return &anonymous;
}

static slice copy(char **at, slice from)
{
	slice to = { *at, from.n };
	if (from.n)
		memcpy(*at, from.p, from.n);
	*at += from.n;
	return to;
}

struct identity *identity_duplicate(const struct identity *from)
{
	size_t roles_bytes = from->nroles * sizeof *from->roles;
	struct identity *who =
	        malloc(sizeof *who + roles_bytes + from->id.n + from->plan.n + from->key.n);
	if (!who)
		return NULL;
	const struct role **roles = (const struct role **)(void *)(who + 1);
	char *at = (char *)(roles + from->nroles);
	if (roles_bytes)
		memcpy(roles, from->roles, roles_bytes);
	*who = *from;
	who->roles = roles;
	who->id = copy(&at, from->id);
	who->plan = copy(&at, from->plan);
	who->key = copy(&at, from->key);
	return who;
}
