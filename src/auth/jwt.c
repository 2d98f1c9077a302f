/* jwt: signed tokens of an issuer that is trusted (RFC 7519), read as RFC 8725 advises.
 *
 * A token comes wherever an opaque one may: as a bearer token, as the password of HTTP Basic, MQTT or WS-Security, in the
 * login frame of a binary protocol, in CoAP's access_token. A user name that comes with it must be the id that it gives,
 * or empty.
 *
 * In this order, cheapest first: its length; whether it was verified before (jwt/bearer.h); its form (jose/jws.h); whether
 * its algorithm is among those configured; the signature, with the keys that the kid names (jose/jwk.h); its
 * claims (jose/claims.h); whom they name; whether it is bound to a certificate that did not come with it (RFC 8705).
 * Nothing of a token that was not believed is shown to anybody.
 *
 * A kid that no key has may be that of a new key: the keys are looked for anew, at most every so often, and the request
 * waits for that. So does one that comes before the first keys have. */
#include "api/authenticator.h"

#include <stdlib.h>

#include "auth/jose/jws.h"
#include "auth/jwt/bearer.h"
#include "auth/jwt/keys.h"
#include "base/clock.h"

enum {
	WORK_MAX_BYTES = 2 * 1024 * 1024, /* what reading one token may take */
	REMEMBERED_MAX_BYTES = 16 * 1024 * 1024,
	TRIES_MAX = 8, /* keys that are tried for one token */
	WAITING_MAX = 256,
	RETRY_AFTER_MS = 2000
};

struct jwt_authenticator {
	struct authenticator base;
	struct jwt_keys_owner owner;
	struct jwt_settings settings;
	struct jwt_keys *keys;
	struct verified *verified;
	struct list waiting;
	unsigned nwaiting;
};

/* A request that waits for keys; in its arena. */
struct waiter {
	struct list link;
	struct request *request;
	const struct credential *credential;
};

static int64_t now_ms(void)
{
	return (int64_t)(clock_wall_ns() / 1000000);
}

static enum verdict refuse(struct request *request, const char *why)
{
	request_refuse(request, STATUS_UNAUTHENTICATED, "%s", why);
	return REPLY;
}

static enum verdict refuse_without_keys(struct request *request)
{
	request_refuse(request, STATUS_UNAVAILABLE,
	        "the keys that tokens are checked with are not there yet");
	request->retry_after_ms = RETRY_AFTER_MS;
	return REPLY;
}

static enum verdict grant(const struct jwt_authenticator *self, struct request *request,
        const struct credential *credential, const struct bearer *bearer)
{
	if (credential->name.n && !slice_equal(credential->name, bearer->id)) {
		request_refuse(
		        request, STATUS_UNAUTHENTICATED, "this token does not belong to that user");
		return REPLY;
	}
	if (bearer->is_bound &&
	        !auth_shows_certificate(request, digest_slice(&bearer->certificate)))
		return refuse(
		        request, "the token is bound to a certificate that did not come with it");
	const int64_t until_ms = bearer->times.until_ms;
	const struct grant granted = { .client = bearer->id,
		.unlisted = self->settings.unlisted,
		.roles = bearer->roles,
		.nroles = bearer->nroles,
		.scoped = bearer->scopes != NULL,
		.scopes = bearer->scopes,
		.nscopes = bearer->nscopes,
		.plan = bearer->plan,
		.key = bearer->key,
		.valid_until_ms = until_ms == INT64_MAX ? 0 : (uint64_t)until_ms };
	return auth_grant(request, &granted);
}

/* RFC 8725 section 3.11. "application/" may be left out (RFC 7515 section 4.1.9). */
static bool type_is_right(const struct jwt_settings *settings, slice type)
{
	static const slice usual[] = { SLICE_INIT("JWT"), SLICE_INIT("at+jwt") };
	const slice *types = settings->ntypes ? settings->types : usual;
	unsigned n = settings->ntypes ? settings->ntypes : 2;
	slice prefix = SLICE("application/");
	if (!type.p)
		return !settings->ntypes;
	if (type.n > prefix.n && slice_equal_nocase((slice){ type.p, prefix.n }, prefix))
		type = slice_from(type, prefix.n);
	for (unsigned i = 0; i < n; i++) {
		if (slice_equal_nocase(type, types[i]))
			return true;
	}
	return false;
}

/* The key that signed it, or NULL. */
static const struct jwk *find_signer(const struct jwks *set, const struct jws *jws)
{
	const struct jwk *at = NULL;
	for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
		at = jwks_next(set, at, jws->algorithm, jws->kid);
		if (!at || jws_verify(jws, at))
			return at;
	}
	return NULL;
}

/* The token's form, and what its header says. */
static bool read_token(const struct jwt_settings *settings, struct arena *arena, slice token,
        struct jws *jws, const char **why)
{
	if (!jws_parse(arena, token, jws, why))
		return false;
	*why = "the token's payload is not in it";
	if (!jws->payload.n)
		return false;
	*why = "the token's algorithm is not accepted here";
	if (!settings->accepts[jws->algorithm])
		return false;
	*why = "the token is of another type (typ)";
	if (!type_is_right(settings, jws->type))
		return false;
	const struct value *content = value_get(jws->header, SLICE("cty"));
	*why = "tokens in tokens (cty) are not supported";
	return !content || content->kind != VALUE_TEXT ||
	       !slice_equal_nocase(content->as.text, SLICE("JWT"));
}

static enum verdict wait(struct jwt_authenticator *self, struct request *request,
        const struct credential *credential)
{
	struct waiter *waiter = ARENA_NEW(&request->arena, struct waiter);
	if (!waiter || self->nwaiting == WAITING_MAX)
		return refuse_without_keys(request);
	waiter->request = request;
	waiter->credential = credential;
	list_append(&self->waiting, &waiter->link);
	self->nwaiting++;
	return WAIT;
}

/* The claims of a token whose signature is right. */
static enum verdict believe(struct jwt_authenticator *self, struct arena *arena,
        struct request *request, const struct credential *credential, const struct jws *jws,
        slice kid)
{
	struct error error;
	struct bearer bearer;
	struct claim_times times;
	const struct value *claims = claims_read(arena, jws->payload, &error);
	if (!claims || !claims_check(&self->settings.rules, claims, now_ms(), &times, &error) ||
	        !bearer_read(&self->settings, claims, arena, &bearer, &error))
		return refuse(request, error.text);
	bearer.times = times;
	bearer.key = kid;
	verified_add(self->verified, credential->secret, &bearer);
	return grant(self, request, credential, &bearer);
}

static enum verdict examine_in(struct jwt_authenticator *self, struct arena *arena,
        struct request *request, const struct credential *credential, bool may_wait)
{
	struct jws jws;
	const char *why;
	if (!read_token(&self->settings, arena, credential->secret, &jws, &why))
		return refuse(request, why);
	const struct jwks *set = jwt_keys_current(self->keys);
	if (!set)
		return may_wait && jwt_keys_are_coming(self->keys) ? wait(self, request, credential)
		                                                   : refuse_without_keys(request);
	const struct jwk *signer = find_signer(set, &jws);
	if (signer)
		return believe(self, arena, request, credential, &jws, signer->kid);
	if (jws.kid.p && !jwks_knows(set, jws.kid)) {
		if (may_wait && jwt_keys_renew(self->keys))
			return wait(self, request, credential);
		return refuse(request, "no key of this kid is known here");
	}
	return refuse(request, "the token's signature is wrong");
}

static enum verdict examine(struct jwt_authenticator *self, struct request *request,
        const struct credential *credential, bool may_wait)
{
	struct arena arena;
	arena_init(&arena, WORK_MAX_BYTES);
	enum verdict verdict = examine_in(self, &arena, request, credential, may_wait);
	arena_finish(&arena);
	return verdict;
}

static enum verdict jwt_check(
        struct authenticator *base, struct request *request, const struct credential *credential)
{
	struct jwt_authenticator *self = (struct jwt_authenticator *)base;
	struct error error;
	if (credential->secret.n > self->settings.token_max_bytes)
		return refuse(request, "the token is too long");
	const struct bearer *bearer = verified_find(self->verified, credential->secret);
	if (!bearer || !jwt_keys_current(self->keys))
		return examine(self, request, credential, true);
	if (!claims_timely(&bearer->times, now_ms(), &error))
		return refuse(request, error.text);
	return grant(self, request, credential, bearer);
}

static void keys_changed(struct jwt_keys_owner *owner)
{
	struct jwt_authenticator *self = LIST_OWNER(owner, struct jwt_authenticator, owner);
	verified_clear(self->verified);
	/* Who is connected may be so by a key that is gone. */
	if (self->base.core)
		core_client_changed(self->base.core, (slice){ NULL, 0 });
}

static void keys_settled(struct jwt_keys_owner *owner)
{
	struct jwt_authenticator *self = LIST_OWNER(owner, struct jwt_authenticator, owner);
	LIST_EACH (&self->waiting, at, following) {
		struct waiter *waiter = LIST_OWNER(at, struct waiter, link);
		list_remove(at);
		self->nwaiting--;
		auth_done(
		        waiter->request, examine(self, waiter->request, waiter->credential, false));
	}
}

static bool jwt_offers(const struct authenticator *base, const struct credential *credential)
{
	(void)base;
	return credential_may_be_token(credential);
}

static void jwt_take_over(struct authenticator *base, const struct authenticator *predecessor)
{
	const struct jwt_authenticator *other = (const struct jwt_authenticator *)predecessor;
	jwt_keys_take_over(((struct jwt_authenticator *)base)->keys, other->keys);
}

static void jwt_close(struct authenticator *base)
{
	struct jwt_authenticator *self = (struct jwt_authenticator *)base;
	if (!self)
		return;
	jwt_keys_close(self->keys);
	verified_destroy(self->verified);
	jwt_settings_finish(&self->settings);
	free(self);
}

/* Nothing that is accepted could be signed with any of these keys: somebody has mixed something up. */
static bool keys_fit(const struct jwt_authenticator *self)
{
	const struct jwks *set = jwt_keys_current(self->keys);
	for (const struct jwk *at = set ? set->first : NULL; at; at = at->next) {
		for (enum algorithm i = 0; i < ALGORITHMS; i++) {
			if (self->settings.accepts[i] && jwk_allows(at, i))
				return true;
		}
	}
	return !set;
}

static struct authenticator *jwt_open(struct loop *loop, const struct config *config,
        const struct directory *directory, struct error *error)
{
	(void)directory;
	struct jwt_authenticator *self = calloc(1, sizeof *self);
	if (!self) {
		error_set(error, "out of memory");
		return NULL;
	}
	list_init(&self->waiting);
	self->owner = (struct jwt_keys_owner){ &self->base, keys_changed, keys_settled };
	if (jwt_settings_read(&self->settings, config, error)) {
		self->verified =
		        verified_create(self->settings.remembered_max, REMEMBERED_MAX_BYTES);
		if (self->verified)
			self->keys = jwt_keys_open(loop, config, &self->owner, error);
		else
			error_set(error, "out of memory");
	}
	if (self->keys && keys_fit(self))
		return &self->base;
	if (self->keys)
		config_error(config, error, "no key is of a kind and length for these algorithms");
	jwt_close(&self->base);
	return NULL;
}

const struct authenticator_ops authenticator_jwt = {
	.name = "jwt",
	.settings = jwt_settings_table,
	.open = jwt_open,
	.offers = jwt_offers,
	.check = jwt_check,
	.take_over = jwt_take_over,
	.close = jwt_close,
};
