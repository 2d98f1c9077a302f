/* The grants: by what a client gets a token. */
#include "issuer/issuer.h"

#include "api/audit.h"
#include "base/clock.h"
#include "crypto/digest.h"

enum { SCOPES_MAX = 64 };

static const char grant_assertion[] = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/* The parts of a scope parameter. false: malformed (RFC 6749 section 3.3), or too many. */
static bool split_scopes(struct arena *arena, slice text, const slice **scopes, unsigned *n)
{
	slice *parts = arena_alloc(arena, SCOPES_MAX * sizeof *parts);
	*n = 0;
	while (parts && text.p) {
		slice part = slice_cut(&text, ' ');
		if (!part.n || *n == SCOPES_MAX)
			return false;
		parts[(*n)++] = part;
	}
	*scopes = parts;
	return parts != NULL;
}

static bool among(const slice *texts, unsigned n, slice text)
{
	for (unsigned i = 0; i < n; i++) {
		if (slice_equal(texts[i], text))
			return true;
	}
	return false;
}

static const slice *copy_texts(struct arena *arena, const slice *texts, unsigned n)
{
	slice *copies = arena_alloc(arena, n * sizeof *copies);
	for (unsigned i = 0; copies && i < n; i++) {
		copies[i] = arena_copy_slice(arena, texts[i]);
		if (!copies[i].p)
			return NULL;
	}
	return copies;
}

/* What was asked for, held against what this client may. false: answered. */
static bool take_scopes(
        struct issuer_call *call, const struct identity *who, struct token_wish *wish)
{
	slice asked = parameters_get(&call->parameters, "scope");
	if (!asked.n)
		return true;
	wish->scoped = true;
	bool right = split_scopes(call->arena, asked, &wish->scopes, &wish->nscopes);
	for (unsigned i = 0; right && i < wish->nscopes; i++)
		right = identity_has_scope(who, wish->scopes[i]);
	if (!right)
		answer_error(call, ISSUER_INVALID_SCOPE,
		        "a scope that was asked for is none of what the client may");
	return right;
}

/* No more than the caller was believed for: not all of its client, where that was less. false: answered. */
static bool keep_narrow(
        struct issuer_call *call, const struct identity *who, struct token_wish *wish)
{
	const struct client_key *key = clients_key_named(call->issuer->base.core, who->key);
	bool right = true;
	for (unsigned i = 0; key && key->scoped && i < wish->nscopes; i++)
		right = right && among(key->scopes, key->nscopes, wish->scopes[i]);
	if (key && key->scoped && !wish->scoped) {
		wish->scoped = true;
		wish->nscopes = key->nscopes;
		wish->scopes = copy_texts(call->arena, key->scopes, key->nscopes);
		right = wish->scopes != NULL;
	}
	if (!right)
		answer_error(call, ISSUER_INVALID_SCOPE,
		        "more than the key is good for that the client proved itself by");
	else if (who->narrowed && !wish->scoped)
		answer_error(call, ISSUER_INVALID_SCOPE,
		        "the client was believed for less than it may: say a scope");
	return right && (wish->scoped || !who->narrowed);
}

/* One that was issued here proves nobody who is to be issued another: it would never end. */
static bool was_issued(const struct issuer_call *call, const struct identity *who)
{
	const struct client_key *key = clients_key_named(call->issuer->base.core, who->key);
	return key && key->family.n;
}

static bool set_roles(struct issuer_call *call, const struct identity *who, struct token_wish *wish)
{
	slice *roles = arena_alloc(call->arena, who->nroles * sizeof *roles);
	for (unsigned i = 0; roles && i < who->nroles; i++)
		roles[i] = arena_copy_slice(call->arena, identity_role(who, i));
	wish->roles = roles;
	wish->nroles = roles ? who->nroles : 0;
	wish->subject = arena_copy_slice(call->arena, who->id);
	return roles && wish->subject.p;
}

/* The certificate that the caller has shown, if tokens are to be bound to it (RFC 8705 section 3). */
static bool set_fingerprint(struct issuer_call *call, struct token_wish *wish)
{
	const struct credential *at = call->exchange->request->credentials;
	while (at && at->kind != CREDENTIAL_CERTIFICATE)
		at = at->next;
	if (!at || !call->issuer->bound_to_certificates)
		return true;
	struct digest digest = digest_sha256(at->secret);
	wish->fingerprint = arena_copy_slice(call->arena, digest_slice(&digest));
	return wish->fingerprint.p != NULL;
}

static void issue(struct issuer_call *call, const struct request *recognised, bool refreshable)
{
	struct token_wish *wish = ARENA_NEW(call->arena, struct token_wish);
	const struct identity *who = recognised->who;
	if (was_issued(call, who)) {
		answer_error(call, refreshable ? ISSUER_INVALID_GRANT : ISSUER_INVALID_CLIENT,
		        "a token that was issued here gets no other one");
		return;
	}
	if (!wish || !set_roles(call, who, wish) || !set_fingerprint(call, wish)) {
		answer_error(call, ISSUER_UNAVAILABLE, "no memory left for this request");
		return;
	}
	wish->refreshable = refreshable && call->issuer->refresh_ms;
	if (take_scopes(call, who, wish) && keep_narrow(call, who, wish))
		access_issue(call, wish);
}

static bool is_somebody(const struct request *recognised)
{
	return status_is_success(recognised->status) && recognised->who && recognised->who->id.n;
}

/* ---- client_credentials (RFC 6749 section 4.4) */

static void client_is_known(struct issuer_call *call, const struct request *recognised)
{
	if (is_somebody(recognised))
		issue(call, recognised, false);
	else if (status_is_success(recognised->status))
		answer_error(call, ISSUER_INVALID_CLIENT, "the client has not said who it is");
	else
		answer_unrecognised(call, ISSUER_INVALID_CLIENT, recognised);
}

static void by_client(struct issuer_call *call)
{
	call_identify(call, client_is_known);
}

/* ---- password (section 4.3) */

static void user_is_known(struct issuer_call *call, const struct request *recognised)
{
	if (is_somebody(recognised))
		issue(call, recognised, true);
	else
		answer_unrecognised(call, ISSUER_INVALID_GRANT, recognised);
}

static void by_password(struct issuer_call *call)
{
	slice name = parameters_get(&call->parameters, "username");
	slice password = parameters_get(&call->parameters, "password");
	const struct credential credential = {
		.kind = CREDENTIAL_BASIC, .name = name, .secret = password
	};
	if (!call->issuer->users.n)
		answer_error(call, ISSUER_UNSUPPORTED_GRANT_TYPE,
		        "no users are known by a password here");
	else if (!name.n || !password.n)
		answer_error(call, ISSUER_INVALID_REQUEST, "username and password are needed");
	else
		call_recognise(call, &call->issuer->users, &credential, user_is_known);
}

/* ---- a signed assertion (RFC 7523) */

static void by_assertion(struct issuer_call *call)
{
	slice assertion = parameters_get(&call->parameters, "assertion");
	const struct credential credential = { .kind = CREDENTIAL_BEARER, .secret = assertion };
	if (!call->issuer->assertions.n)
		answer_error(call, ISSUER_UNSUPPORTED_GRANT_TYPE,
		        "nobody's assertions are believed here");
	else if (!assertion.n)
		answer_error(call, ISSUER_INVALID_REQUEST, "the assertion is missing");
	else
		call_recognise(call, &call->issuer->assertions, &credential, user_is_known);
}

/* ---- refresh_token (section 6), each good for one use (RFC 9700 section 4.14.2) */

static void stolen_is_revoked(struct issuer_call *call)
{
	answer_error(call, ISSUER_INVALID_GRANT,
	        "this refresh token was used before: all that came of it is revoked");
}

/* It was turned in before: it is in the hands of two, one of whom has no right to it. All that came of it ends. */
static void revoke_stolen(struct issuer_call *call, const struct client_key *key)
{
	slice client = arena_copy_slice(call->arena, key->client);
	slice family = arena_copy_slice(call->arena, key->family);
	audit_request(call->exchange->request, AUDIT_KEY, "refresh.reused", key->handle);
	call_begin_change(call, client, stolen_is_revoked);
	if (clients_revoke_family(&call->change, client, family)) {
		clients_commit(&call->change);
	} else {
		clients_abandon(&call->change);
		stolen_is_revoked(call);
	}
}

static const struct client_key *find_refresh(const struct issuer_call *call)
{
	slice secret = parameters_get(&call->parameters, "refresh_token");
	return directory_find_key(clients_directory(call->issuer->base.core), KEY_REFRESH, secret);
}

/* No more than the token that it came with had. */
static bool narrow(struct issuer_call *call, const struct client_key *key, struct token_wish *wish)
{
	const slice *before = copy_texts(call->arena, key->scopes, key->nscopes);
	bool right = before != NULL;
	for (unsigned i = 0; right && wish->scoped && key->scoped && i < wish->nscopes; i++)
		right = among(before, key->nscopes, wish->scopes[i]);
	if (right && key->scoped && !wish->scoped) {
		wish->scoped = true;
		wish->scopes = before;
		wish->nscopes = key->nscopes;
	}
	return right;
}

static void subject_is_known(struct issuer_call *call, const struct request *recognised)
{
	const struct client_key *key = find_refresh(call);
	struct token_wish *wish = ARENA_NEW(call->arena, struct token_wish);
	const struct identity *who = recognised->who;
	if (!key || key->spent) {
		answer_error(call, ISSUER_INVALID_GRANT, "this refresh token is good no more");
		return;
	}
	if (is_somebody(recognised) && !slice_equal(who->id, key->client)) {
		answer_error(call, ISSUER_INVALID_GRANT, "this refresh token is another client's");
		return;
	}
	if (!wish || !set_fingerprint(call, wish)) {
		answer_error(call, ISSUER_UNAVAILABLE, "no memory left for this request");
		return;
	}
	if (key->bound_to.n && !slice_equal(key->bound_to, wish->fingerprint)) {
		answer_error(call, ISSUER_INVALID_GRANT,
		        "this refresh token is bound to a certificate that was not shown");
		return;
	}
	const struct identity *subject =
	        identity_of_client(call->issuer->base.core, key->client, call->arena);
	if (!subject || !set_roles(call, subject, wish)) {
		answer_error(call, ISSUER_INVALID_GRANT, "its client is none here any more");
		return;
	}
	wish->refreshable = true;
	wish->family = arena_copy_slice(call->arena, key->family);
	wish->spends = arena_copy_slice(call->arena, key->handle);
	if (!take_scopes(call, subject, wish))
		return;
	if (narrow(call, key, wish))
		access_issue(call, wish);
	else
		answer_error(call, ISSUER_INVALID_SCOPE, "more than the first token was good for");
}

static void refresher_is_known(struct issuer_call *call, const struct request *recognised)
{
	if (status_is_success(recognised->status))
		subject_is_known(call, recognised);
	else
		answer_unrecognised(call, ISSUER_INVALID_CLIENT, recognised);
}

static void by_refresh(struct issuer_call *call)
{
	const struct client_key *key = find_refresh(call);
	uint64_t now_ms = clock_wall_ns() / 1000000;
	if (!parameters_get(&call->parameters, "refresh_token").n) {
		answer_error(call, ISSUER_INVALID_REQUEST, "the refresh_token is missing");
	} else if (!key || (key->expires_ms && key->expires_ms <= now_ms)) {
		answer_error(call, ISSUER_INVALID_GRANT, "this refresh token is good no more");
	} else if (key->spent) {
		revoke_stolen(call, key);
	} else if (call->issuer->clients.n) {
		call_identify(call, refresher_is_known);
	} else {
		subject_is_known(call, call->exchange->request);
	}
}

void token_serve(struct issuer_call *call)
{
	static const struct {
		const char *name;
		void (*serve)(struct issuer_call *);
	} grants[] = {
		{ "client_credentials", by_client },
		{ "password", by_password },
		{ "refresh_token", by_refresh },
		{ grant_assertion, by_assertion },
	};
	slice type = parameters_get(&call->parameters, "grant_type");
	for (size_t i = 0; i < sizeof grants / sizeof *grants; i++) {
		if (slice_is(type, grants[i].name)) {
			grants[i].serve(call);
			return;
		}
	}
	answer_error(call, type.n ? ISSUER_UNSUPPORTED_GRANT_TYPE : ISSUER_INVALID_REQUEST,
	        type.n ? "no grant of this type is known here" : "the grant_type is missing");
}
