/* Access tokens, and the refresh tokens that come with them.
 *
 * An opaque one is drawn by the directory. A signed one (RFC 9068) can be checked by others with our public keys; here it
 * is known like an opaque one, by its digest, so that it can be revoked and dies with its client as any other. */
#include "issuer/issuer.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"

enum { ID_BYTES = 16 };

slice access_scope_text(struct arena *arena, const slice *scopes, unsigned n)
{
	struct text text;
	text_init(&text, arena, 64);
	for (unsigned i = 0; i < n; i++) {
		if (i)
			text_char(&text, ' ');
		text_slice_add(&text, scopes[i]);
	}
	return text.n ? text_slice(&text) : SLICE("");
}

static bool put_text(struct arena *arena, struct value *map, const char *name, slice text)
{
	return value_set_new(map, slice_of(name), value_text(arena, text));
}

static bool put_seconds(struct arena *arena, struct value *map, const char *name, uint64_t ms)
{
	return value_set_new(map, slice_of(name), value_uint(arena, ms / 1000));
}

static bool put_roles(struct arena *arena, struct value *map, const struct token_wish *wish)
{
	struct value *list = value_list(arena);
	for (unsigned i = 0; list && i < wish->nroles; i++) {
		if (!value_append(list, value_text(arena, wish->roles[i])))
			return false;
	}
	return value_set_new(map, SLICE("roles"), list);
}

/* RFC 8705 section 3.1 */
static bool put_confirmation(struct arena *arena, struct value *map, const struct token_wish *wish)
{
	if (!wish->fingerprint.n)
		return true;
	struct value *cnf = value_map(arena);
	return cnf &&
	       put_text(arena, cnf, "x5t#S256", base64_encode_url(arena, wish->fingerprint)) &&
	       value_set_new(map, SLICE("cnf"), cnf);
}

static slice random_id(struct arena *arena)
{
	char bytes[ID_BYTES];
	random_bytes(bytes, sizeof bytes);
	return base64_encode_url(arena, (slice){ bytes, sizeof bytes });
}

/* { NULL, 0 }: no memory, or no key. */
static slice sign(struct issuer_call *call, const struct token_wish *wish, uint64_t now_ms)
{
	const struct issuer *issuer = call->issuer;
	struct arena *arena = call->arena;
	slice id = random_id(arena);
	struct value *map = value_map(arena);
	bool made = map && put_text(arena, map, "iss", issuer->url) &&
	            put_text(arena, map, "sub", wish->subject) &&
	            put_text(arena, map, "aud", issuer->audience) &&
	            put_text(arena, map, "client_id", wish->subject) &&
	            put_seconds(arena, map, "iat", now_ms) &&
	            put_seconds(arena, map, "exp", now_ms + issuer->lifetime_ms) &&
	            put_text(arena, map, "jti", id) && put_roles(arena, map, wish) &&
	            put_confirmation(arena, map, wish);
	if (made && wish->scoped)
		made = put_text(
		        arena, map, "scope", access_scope_text(arena, wish->scopes, wish->nscopes));
	const struct jwk *signer = ring_signer(issuer->ring, now_ms);
	slice payload = made ? answer_encode(call, map) : (slice){ NULL, 0 };
	return payload.p && signer
	               ? jws_sign(arena, signer, ring_algorithm(issuer->ring), "at+jwt", payload)
	               : (slice){ NULL, 0 };
}

static void are_written(struct issuer_call *call)
{
	if (call->change.outcome.status == STATUS_OK)
		answer_body(call, call->body);
	else
		answer_outcome(call);
}

static bool make_refresh(struct issuer_call *call, const struct token_wish *wish, uint64_t now_ms,
        slice family, slice *secret)
{
	const struct client_key *key;
	const struct key_wish made = { .client = wish->subject,
		.kind = KEY_REFRESH,
		.scopes = wish->scopes,
		.nscopes = wish->nscopes,
		.scoped = wish->scoped,
		.bound_to = wish->fingerprint,
		.expires_ms = now_ms + call->issuer->refresh_ms,
		.family = family,
		.spends = wish->spends };
	return clients_make_key(&call->change, &made, call->arena, secret, &key);
}

static bool make_access(struct issuer_call *call, const struct token_wish *wish, uint64_t now_ms,
        slice family, slice *secret)
{
	const struct client_key *key;
	const struct issuer *issuer = call->issuer;
	struct key_wish made = { .client = wish->subject,
		.kind = KEY_TOKEN,
		.scopes = wish->scopes,
		.nscopes = wish->nscopes,
		.scoped = wish->scoped,
		.bound_to = wish->fingerprint,
		.expires_ms = now_ms + issuer->lifetime_ms,
		.family = family };
	if (issuer->signed_tokens)
		made.secret = sign(call, wish, now_ms);
	if (issuer->signed_tokens && !made.secret.p) {
		call->change.outcome.status = STATUS_INTERNAL;
		return false;
	}
	return clients_make_key(&call->change, &made, call->arena, secret, &key);
}

static struct value *answer(
        struct issuer_call *call, const struct token_wish *wish, slice access, slice refresh)
{
	struct arena *arena = call->arena;
	struct value *map = value_map(arena);
	bool made = map && put_text(arena, map, "access_token", access) &&
	            put_text(arena, map, "token_type", SLICE("Bearer")) &&
	            put_seconds(arena, map, "expires_in", call->issuer->lifetime_ms);
	if (made && refresh.n)
		made = put_text(arena, map, "refresh_token", refresh);
	if (made && wish->scoped)
		made = put_text(
		        arena, map, "scope", access_scope_text(arena, wish->scopes, wish->nscopes));
	return made ? map : NULL;
}

/* One client that asks and asks again must not fill the table that is everybody's. */
static bool make_room(struct issuer_call *call, const struct token_wish *wish)
{
	unsigned most = call->issuer->per_client;
	return clients_keep_newest(&call->change, wish->subject, KEY_TOKEN, most) &&
	       clients_keep_newest(&call->change, wish->subject, KEY_REFRESH, most);
}

void access_issue(struct issuer_call *call, const struct token_wish *wish)
{
	uint64_t now_ms = clock_wall_ns() / 1000000;
	slice access = { NULL, 0 }, refresh = { NULL, 0 }, family = wish->family;
	/* Also of one that stands alone: by it one that was issued is told from one that an administrator made. */
	if (!family.n)
		family = random_id(call->arena);
	call_begin_change(call, wish->subject, are_written);
	bool made = (!wish->refreshable || make_refresh(call, wish, now_ms, family, &refresh)) &&
	            make_access(call, wish, now_ms, family, &access) && make_room(call, wish);
	if (made)
		call->body = answer_encode(call, answer(call, wish, access, refresh));
	if (made && call->body.p) {
		clients_commit(&call->change);
		return;
	}
	if (made)
		call->change.outcome.status = STATUS_INTERNAL;
	clients_abandon(&call->change);
	answer_outcome(call);
}
