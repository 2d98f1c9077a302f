/* Sets of keys that verify. */
#include "auth/jose/jwk.h"

#include <stdlib.h>

#include "codec/json.h"

struct jwks *jwks_create(void)
{
	return calloc(1, sizeof(struct jwks));
}

void jwks_destroy(struct jwks *set)
{
	if (!set)
		return;
	while (set->first) {
		struct jwk *jwk = set->first;
		set->first = jwk->next;
		jwk_destroy(jwk);
	}
	free(set);
}

void jwks_add(struct jwks *set, struct jwk *jwk)
{
	struct jwk **end = &set->first;
	while (*end)
		end = &(*end)->next;
	*end = jwk;
	set->count++;
}

static void skip(struct jwks *set, const char *why)
{
	if (!set->skipped++)
		set->skipped_why = why;
}

static void take(struct jwks *set, const struct value *map, bool secrets_too)
{
	const char *why;
	if (set->count == JWKS_MAX_KEYS) {
		skip(set, "a set may have 64 keys");
		return;
	}
	struct jwk *jwk = jwk_read(map, JWK_VERIFIES, &why);
	if (jwk && key_type_of(jwk->key) == KEY_TYPE_SECRET && !secrets_too) {
		jwk_destroy(jwk);
		jwk = NULL;
		why = "a secret that is published is none";
	}
	if (jwk)
		jwks_add(set, jwk);
	else
		skip(set, why);
}

/* Takes those out that are marked. */
static void drop_marked(struct jwks *set, const bool *marked, const char *why)
{
	struct jwk **at = &set->first;
	for (unsigned i = 0, n = set->count; i < n; i++) {
		struct jwk *jwk = *at;
		if (!marked[i]) {
			at = &jwk->next;
			continue;
		}
		*at = jwk->next;
		jwk_destroy(jwk);
		set->count--;
		skip(set, why);
	}
}

static bool is_secret(const struct jwk *jwk)
{
	return key_type_of(jwk->key) == KEY_TYPE_SECRET;
}

/* A set of public keys is there to be handed out; secrets that strayed into one are known by now. */
static void drop_strayed_secrets(struct jwks *set)
{
	bool marked[JWKS_MAX_KEYS] = { false };
	unsigned i = 0, secrets = 0;
	for (const struct jwk *at = set->first; at; at = at->next) {
		marked[i] = is_secret(at);
		secrets += marked[i++];
	}
	if (secrets < set->count)
		drop_marked(set, marked, "secrets and public keys do not belong in one set");
}

static bool is_same_key(struct arena *arena, const struct jwk *a, const struct jwk *b)
{
	char one[JWK_THUMBPRINT_BYTES] = "", two[JWK_THUMBPRINT_BYTES] = "";
	return jwk_thumbprint(arena, a->key, one) && jwk_thumbprint(arena, b->key, two) &&
	       strcmp(one, two) == 0;
}

/* Which of two keys of a type is meant by the kid of both, nobody can say (RFC 7517 section 4.5). One that is listed
 * twice, for two algorithms, is no such case. */
static void drop_ambiguous(struct jwks *set, struct arena *arena)
{
	bool marked[JWKS_MAX_KEYS] = { false };
	unsigned i = 0;
	for (const struct jwk *a = set->first; a; a = a->next, i++) {
		unsigned j = i + 1;
		for (const struct jwk *b = a->next; b; b = b->next, j++) {
			if (a->kid.p && b->kid.p && slice_equal(a->kid, b->kid) &&
			        key_type_of(a->key) == key_type_of(b->key) &&
			        !is_same_key(arena, a, b))
				marked[i] = marked[j] = true;
		}
	}
	drop_marked(set, marked, "two keys have the same kid");
}

static struct jwks *read_set(const struct value *map, bool secrets_too, struct error *error)
{
	const struct value *keys = value_get(map, SLICE("keys"));
	if (!keys || keys->kind != VALUE_LIST) {
		error_set(error, "no list of keys in it: this is no JWK Set (RFC 7517)");
		return NULL;
	}
	struct jwks *set = jwks_create();
	if (!set) {
		error_set(error, "out of memory");
		return NULL;
	}
	for (const struct value *at = keys->as.members.first; at; at = at->next)
		take(set, at, secrets_too);
	return set;
}

struct jwks *jwks_parse(slice text, bool secrets_too, struct error *error)
{
	enum { TREE_MAX_BYTES = 8 * 1024 * 1024 };
	if (text.n > JWKS_MAX_BYTES) {
		error_set(error, "longer than 256 KiB");
		return NULL;
	}
	struct arena arena;
	arena_init(&arena, TREE_MAX_BYTES);
	const struct value *map = json_decode_unique(&arena, text, error);
	struct jwks *set = map ? read_set(map, secrets_too, error) : NULL;
	if (set) {
		drop_strayed_secrets(set);
		drop_ambiguous(set, &arena);
	}
	arena_finish(&arena);
	return set;
}

const struct jwk *jwks_next(
        const struct jwks *set, const struct jwk *previous, enum algorithm algorithm, slice kid)
{
	const struct jwk *at = previous ? previous->next : set->first;
	while (at &&
	        (!jwk_allows(at, algorithm) || (kid.p && at->kid.p && !slice_equal(kid, at->kid))))
		at = at->next;
	return at;
}

bool jwks_knows(const struct jwks *set, slice kid)
{
	for (const struct jwk *at = set->first; at; at = at->next) {
		if (at->kid.p && slice_equal(at->kid, kid))
			return true;
	}
	return false;
}
