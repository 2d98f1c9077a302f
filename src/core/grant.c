/* grant: from what an authenticator believes to an identity: the client, and its roles under the configuration that the
 * request was matched under. Here alone is decided that a client is one, and not disabled. */
#include "core/internal.h"

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

/* ---- Roles
 *
 * A role comes with all that it inherits. Of a grant with scopes those roles are left that one of its scopes is enough
 * for, whether the client has them or inherits them. What a role denies holds whatever the scopes. */

struct gathering {
	const struct grant *grant;
	const struct role **held, **denying;
	struct identity *who;
};

static bool is_held(const struct gathering *gathering, const struct role *role)
{
	for (unsigned i = 0; i < gathering->who->nroles; i++) {
		if (gathering->held[i] == role)
			return true;
	}
	return false;
}

static void hold(struct gathering *gathering, const struct role *role)
{
	struct identity *who = gathering->who;
	for (unsigned i = 0; i < role->nwith; i++) {
		if (!is_held(gathering, role->with[i]))
			gathering->held[who->nroles++] = role->with[i];
	}
}

static bool in_scope(const struct grant *grant, const struct role *role)
{
	for (unsigned i = 0; i < role->nscopes; i++) {
		if (names(grant->scopes, grant->nscopes, role->scopes[i]))
			return true;
	}
	return false;
}

static void gather(struct gathering *gathering, const struct role *role)
{
	const struct grant *grant = gathering->grant;
	if (role->ndeny)
		gathering->denying[gathering->who->ndenying++] = role;
	if (!grant->scoped) {
		hold(gathering, role);
		return;
	}
	for (unsigned i = 0; i < role->nwith; i++) {
		if (in_scope(grant, role->with[i]))
			hold(gathering, role->with[i]);
	}
}

/* How many roles these come to, at most. */
static unsigned count_with(
        const struct configuration *configuration, const slice *roles, unsigned n)
{
	unsigned sum = 0;
	for (unsigned i = 0; i < n; i++) {
		const struct role *role = configuration_role(configuration, roles[i]);
		sum += role ? role->nwith : 0;
	}
	return sum;
}

/* A name that is no role (any more) gives nothing. */
static bool set_roles(const struct configuration *configuration, const struct grant *grant,
        const slice *roles, unsigned n, struct identity *who, struct arena *arena)
{
	unsigned most = count_with(configuration, roles, n);
	struct gathering gathering = { grant,
		arena_alloc(arena, ((size_t)most + n) * sizeof(struct role *)), NULL, who };
	if (!gathering.held)
		return false;
	gathering.denying = gathering.held + most;
	for (unsigned i = 0; i < n; i++) {
		const struct role *role = configuration_role(configuration, roles[i]);
		if (role)
			gather(&gathering, role);
	}
	who->roles = gathering.held;
	who->denying = gathering.denying;
	return true;
}

/* ---- Its own rules, which may change while the request is under way: copies. */

static bool read_rules(struct arena *arena, const slice *texts, unsigned n,
        const struct role_rule **at, unsigned *count)
{
	struct role_rule *rules = arena_alloc(arena, n * sizeof *rules);
	for (unsigned i = 0; i < n; i++) {
		slice text = rules ? arena_copy_slice(arena, texts[i]) : (slice){ NULL, 0 };
		if (!text.p || !role_rule_read(text, &rules[i]))
			return false;
	}
	*at = rules;
	*count = n;
	return rules != NULL;
}

/* What it may do beside its roles is part of neither a scope nor what a token says of its roles. */
static bool set_own(
        const struct client *client, bool allow_too, struct identity *who, struct arena *arena)
{
	unsigned nallow = allow_too ? client->nallow : 0;
	if (client->nacts_for) {
		slice *acts_for = arena_alloc(arena, client->nacts_for * sizeof *acts_for);
		for (unsigned i = 0; i < client->nacts_for && acts_for; i++) {
			acts_for[i] = arena_copy_slice(arena, client->acts_for[i]);
			if (!acts_for[i].p)
				return false;
		}
		who->acts_for = acts_for;
		who->nacts_for = client->nacts_for;
		if (!acts_for)
			return false;
	}
	if (!nallow && !client->ndeny)
		return true;
	struct role *own = ARENA_NEW(arena, struct role);
	who->own = own;
	return own && read_rules(arena, client->allow, nallow, &own->allow, &own->nallow) &&
	       read_rules(arena, client->deny, client->ndeny, &own->deny, &own->ndeny);
}

/* A name that loses its spaces on the way, as a value in a field of HTTP does (RFC 9110 section 5.5), would arrive at a
 * service as another's. */
static bool has_outer_space(slice id)
{
	return id.n && (id.p[0] == ' ' || id.p[id.n - 1] == ' ');
}

const struct identity *grant_identity(const struct configuration *configuration,
        const struct grant *grant, struct arena *arena, const char **why)
{
	const struct client *client = directory_client(configuration->directory, grant->client);
	*why = "is no client here";
	if (!client && !(grant->unlisted && grant->client.n))
		return NULL;
	*why = "begins or ends with a space, as no client does";
	if (!client && has_outer_space(grant->client))
		return NULL;
	*why = "is disabled";
	if (client && client->disabled)
		return NULL;
	*why = NULL;
	struct identity *who = ARENA_NEW(arena, struct identity);
	if (!who)
		return NULL;
	bool theirs = !grant->roles && client;
	slice plan = grant->plan.n || !client ? grant->plan : client->plan;
	who->id = arena_copy_slice(arena, grant->client);
	who->unlisted = !client;
	who->narrowed = grant->scoped || grant->roles;
	who->plan = arena_copy_slice(arena, plan);
	who->key = arena_copy_slice(arena, grant->key);
	who->valid_until_ms = grant->valid_until_ms;
	bool made = set_roles(configuration, grant, theirs ? client->roles : grant->roles,
	        theirs ? client->nroles : grant->nroles, who, arena);
	if (made && client)
		made = set_own(client, theirs && !grant->scoped, who, arena);
	return made && who->id.p && who->plan.p && who->key.p ? who : NULL;
}

enum verdict auth_grant(struct request *request, const struct grant *grant)
{
	const char *why;
	request->who = grant_identity(request->configuration, grant, &request->arena, &why);
	if (request->who)
		return NEXT;
	if (why)
		request_refuse(
		        request, STATUS_UNAUTHENTICATED, "%.*s %s", SLICE_ARG(grant->client), why);
	else
		request_refuse(request, STATUS_TOO_LARGE, "no memory left for this request");
	return REPLY;
}

bool auth_shows_certificate(const struct request *request, slice fingerprint)
{
	for (const struct credential *at = request->credentials; at; at = at->next) {
		if (at->kind != CREDENTIAL_CERTIFICATE)
			continue;
		struct digest digest = digest_sha256(at->secret);
		if (slice_equal(digest_slice(&digest), fingerprint))
			return true;
	}
	return false;
}

bool auth_key_grant(struct request *request, const struct client_key *key, struct grant *grant)
{
	const char *name = key->kind == KEY_TOKEN ? "token" : "key";
	uint64_t now_ms = clock_wall_ns() / 1000000;
	if (key->expires_ms && key->expires_ms <= now_ms) {
		request_refuse(request, STATUS_UNAUTHENTICATED, "this %s has expired", name);
		return false;
	}
	if (key->bound_to.n && !auth_shows_certificate(request, key->bound_to)) {
		request_refuse(request, STATUS_UNAUTHENTICATED,
		        "this %s is good only together with the certificate that it is bound to",
		        name);
		return false;
	}
	*grant = (struct grant){ .client = key->client,
		.scoped = key->scoped,
		.scopes = key->scopes,
		.nscopes = key->nscopes,
		.key = key->handle,
		.valid_until_ms = key->expires_ms };
	return true;
}

enum verdict auth_grant_key(struct request *request, const struct client_key *key)
{
	struct grant grant;
	return auth_key_grant(request, key, &grant) ? auth_grant(request, &grant) : REPLY;
}

const struct identity *identity_of_client(
        const struct core *core, slice client, struct arena *arena)
{
	const struct grant grant = { .client = client };
	const char *why;
	return grant_identity(core->current, &grant, arena, &why);
}

slice identity_role(const struct identity *who, unsigned i)
{
	return who->roles[i]->name;
}

bool identity_has_scope(const struct identity *who, slice scope)
{
	for (unsigned i = 0; i < who->nroles; i++) {
		if (names(who->roles[i]->scopes, who->roles[i]->nscopes, scope))
			return true;
	}
	return false;
}

const struct identity *identity_anonymous(void)
{
	static const struct identity anonymous = { .id = SLICE_INIT("") };
	return &anonymous;
}
