/* A set of keys from anywhere: each that is taken can be written, and is the same when it is read again. */
#include <assert.h>

#include "auth/jose/jwk.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void again(const struct jwk *jwk)
{
	struct arena arena;
	arena_init(&arena, (size_t)1 << 20);
	const char *why;
	char one[JWK_THUMBPRINT_BYTES], two[JWK_THUMBPRINT_BYTES];
	const struct value *written =
	        jwk_write(&arena, jwk, key_type_of(jwk->key) == KEY_TYPE_SECRET);
	struct jwk *read = jwk_read(written, JWK_VERIFIES, &why);
	assert(read && jwk_thumbprint(&arena, jwk->key, one) &&
	        jwk_thumbprint(&arena, read->key, two) && strcmp(one, two) == 0);
	jwk_destroy(read);
	arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct error error;
	struct jwks *set = jwks_parse((slice){ (const char *)bytes, n }, true, &error);
	if (!set)
		return 0;
	assert(set->count <= JWKS_MAX_KEYS && (!set->skipped || set->skipped_why));
	for (const struct jwk *at = set->first; at; at = at->next)
		again(at);
	jwks_destroy(set);
	return 0;
}
