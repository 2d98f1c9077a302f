/* A token from anywhere: it is read or refused, and what is read of it holds. */
#include <assert.h>

#include "auth/jose/claims.h"
#include "auth/jose/jws.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static struct jwk *secret(void)
{
	const char *why;
	const struct key_parts parts = { .type = KEY_TYPE_SECRET,
		.secret = SLICE("0123456789abcdef0123456789abcdef") };
	return jwk_create(key_create(&parts, &why), SLICE("k"), NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena arena;
	arena_init(&arena, (size_t)1 << 20);
	struct jws jws;
	const char *why = NULL;
	if (!jws_parse(&arena, (slice){ (const char *)bytes, n }, &jws, &why)) {
		assert(why);
		arena_finish(&arena);
		return 0;
	}
	struct jwk *jwk = secret();
	assert(jwk && jws.message.n + 1 < n && jws.signature.n);
	(void)jws_verify(&jws, jwk);
	const struct claim_rules rules = { .may_be_endless = true };
	struct claim_times times;
	struct error error;
	const struct value *claims = claims_read(&arena, jws.payload, &error);
	if (claims && claims_check(&rules, claims, 0, &times, &error))
		assert(times.until_ms > 0 && times.from_ms <= 0);
	(void)claims_find(claims, SLICE("/a~1/b"));
	(void)claims_find(claims, SLICE("a.b"));
	jwk_destroy(jwk);
	arena_finish(&arena);
	return 0;
}
