/* Revocation (RFC 7009) and introspection (RFC 7662). Both are for clients that have said who they are. A client may revoke
 * what is its own, and look at it. Of others' tokens only one may hear whom the *endpoint* has let in, by its `auth` and
 * `roles`: who may is said in the configuration, and an endpoint that asks nobody lets nobody. */
#include "issuer/issuer.h"

#include "base/base64.h"
#include "base/clock.h"

static const enum key_kind kinds[] = { KEY_TOKEN, KEY_REFRESH, KEY_API_KEY };
enum { KINDS = sizeof kinds / sizeof *kinds };

/* Whatever the hint says: it is one only. NULL: none of ours. */
static const struct client_key *find(const struct issuer_call *call)
{
	slice token = parameters_get(&call->parameters, "token");
	const struct directory *directory = clients_directory(call->issuer->base.core);
	const struct client_key *key = NULL;
	for (unsigned i = 0; i < KINDS && !key; i++)
		key = directory_find_key(directory, kinds[i], token);
	return key;
}

static bool is_known(struct issuer_call *call, const struct request *recognised)
{
	if (!status_is_success(recognised->status) && recognised != call->exchange->request) {
		answer_unrecognised(call, ISSUER_INVALID_CLIENT, recognised);
		return false;
	}
	if (!recognised->who || !recognised->who->id.n) {
		answer_error(call, ISSUER_INVALID_CLIENT, "the client has not said who it is");
		return false;
	}
	call->client = arena_copy_slice(call->arena, recognised->who->id);
	if (!call->client.p)
		answer_error(call, ISSUER_UNAVAILABLE, "no memory left for this request");
	return call->client.p != NULL;
}

/* ---- Revocation */

static void is_revoked(struct issuer_call *call)
{
	if (call->change.outcome.status == STATUS_OK)
		answer_body(call, (slice){ NULL, 0 });
	else
		answer_outcome(call);
}

/* A refresh token takes with it what came of it (RFC 7009 section 2.1). */
static bool revoke(struct issuer_call *call, const struct client_key *key)
{
	if (key->kind == KEY_REFRESH && key->family.n)
		return clients_revoke_family(&call->change, key->client, key->family);
	return clients_revoke_key(&call->change, key->handle);
}

static void revoker_is_known(struct issuer_call *call, const struct request *recognised)
{
	if (!is_known(call, recognised))
		return;
	const struct client_key *key = find(call);
	/* What is unknown is as good as revoked; a key of the file is not ours to take. */
	if (!key || !key->handle.n) {
		answer_body(call, (slice){ NULL, 0 });
		return;
	}
	if (!slice_equal(key->client, call->client)) {
		answer_error(call, ISSUER_UNAUTHORIZED_CLIENT, "this token is another client's");
		return;
	}
	call_begin_change(call, call->client, is_revoked);
	if (revoke(call, key)) {
		clients_commit(&call->change);
		return;
	}
	clients_abandon(&call->change);
	answer_outcome(call);
}

void revoke_serve(struct issuer_call *call)
{
	if (!parameters_get(&call->parameters, "token").n)
		answer_error(call, ISSUER_INVALID_REQUEST, "the token is missing");
	else
		call_identify(call, revoker_is_known);
}

/* ---- Introspection */

static bool is_active(const struct issuer_call *call, const struct client_key *key)
{
	uint64_t now_ms = clock_wall_ns() / 1000000;
	return key && !key->spent && (!key->expires_ms || key->expires_ms > now_ms) &&
	       identity_of_client(call->issuer->base.core, key->client, call->arena);
}

static bool put(struct value *map, const char *name, struct value *value)
{
	return value_set_new(map, slice_of(name), value);
}

static bool put_text(struct issuer_call *call, struct value *map, const char *name, slice text)
{
	slice copy = arena_copy_slice(call->arena, text);
	return put(map, name, copy.p ? value_text(call->arena, copy) : NULL);
}

static bool put_confirmation(
        struct issuer_call *call, struct value *map, const struct client_key *key)
{
	struct value *cnf = value_map(call->arena);
	slice text = base64_encode_url(call->arena, key->bound_to);
	return cnf && put(cnf, "x5t#S256", value_text(call->arena, text)) && put(map, "cnf", cnf);
}

static struct value *describe(struct issuer_call *call, const struct client_key *key)
{
	struct arena *arena = call->arena;
	struct value *map = value_map(arena);
	bool made = map && put(map, "active", value_bool(arena, true)) &&
	            put_text(call, map, "client_id", key->client) &&
	            put_text(call, map, "sub", key->client) &&
	            put_text(call, map, "iss", call->issuer->url) &&
	            put_text(call, map, "jti", key->handle) &&
	            put_text(call, map, "token_type",
	                    key->kind == KEY_REFRESH ? SLICE("refresh_token") : SLICE("Bearer"));
	if (made && key->made_ms)
		made = put(map, "iat", value_uint(arena, key->made_ms / 1000));
	if (made && key->expires_ms)
		made = put(map, "exp", value_uint(arena, key->expires_ms / 1000));
	if (made && key->scoped)
		made = put_text(
		        call, map, "scope", access_scope_text(arena, key->scopes, key->nscopes));
	if (made && key->bound_to.n)
		made = put_confirmation(call, map, key);
	return made ? map : NULL;
}

static void asker_is_known(struct issuer_call *call, const struct request *recognised)
{
	if (!is_known(call, recognised))
		return;
	const struct client_key *key = find(call);
	bool trusted = recognised == call->exchange->request;
	bool told = is_active(call, key) && (trusted || slice_equal(key->client, call->client));
	struct value *map = told ? describe(call, key) : value_map(call->arena);
	if (!told && map && !put(map, "active", value_bool(call->arena, false)))
		map = NULL;
	answer_json(call, STATUS_OK, map);
}

void introspect_serve(struct issuer_call *call)
{
	if (!parameters_get(&call->parameters, "token").n)
		answer_error(call, ISSUER_INVALID_REQUEST, "the token is missing");
	else
		call_identify(call, asker_is_known);
}
