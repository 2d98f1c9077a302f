/* The JOSE cookbook (RFC 7520, 8037, 7797): what we offer verifies, everything else is refused as unsupported. */
#include "support.h"

#include "api/codec.h"
#include "auth/jose/jws.h"

extern const struct codec codec_json;

struct tally {
	unsigned verified, refused, keys;
};

static const struct value *read_vector(struct arena *arena, const char *path)
{
	struct error error;
	arena_init(arena, (size_t)1 << 24);
	const struct value *vector = codec_json.decode(arena, read_whole_file(arena, path), &error);
	assert_non_null(vector);
	return vector;
}

static slice text_at(const struct value *value, const char *one, const char *two)
{
	const struct value *found = value_get(value_get(value, slice_of(one)), slice_of(two));
	return found && found->kind == VALUE_TEXT ? found->as.text : (slice){ NULL, 0 };
}

static void refuses(struct arena *arena, slice token, const char *name, struct tally *tally)
{
	struct jws jws;
	const char *why = "accepted";
	if (jws_parse(arena, token, &jws, &why))
		fail_msg("%s: %s", name, why);
	tally->refused++;
}

static void verifies(struct arena *arena, const struct value *vector, slice token, const char *name,
        struct tally *tally)
{
	struct jws jws;
	const char *why = "";
	if (!jws_parse(arena, token, &jws, &why))
		fail_msg("%s: %s", name, why);
	const struct value *key = value_get(value_get(vector, SLICE("input")), SLICE("key"));
	struct jwk *jwk = jwk_read(key, JWK_VERIFIES, &why), *private = NULL;
	if (!jwk || !jws_verify(&jws, jwk))
		fail_msg("%s: %s", name, jwk ? "the signature does not verify" : why);
	assert_slice_equal(jws.payload, text_at(vector, "input", "payload"), __FILE__, __LINE__);
	/* What we sign with the same key verifies as well; what was signed with it and changed does not. */
	private = jwk_read(key, JWK_SIGNS, &why);
	assert_non_null(private);
	slice ours = jws_sign(arena, private, jws.algorithm, "JWT", jws.payload);
	struct jws again;
	assert_true(jws_parse(arena, ours, &again, &why));
	assert_true(jws_verify(&again, jwk));
	jws.message.n--;
	assert_false(jws_verify(&jws, jwk));
	jwk_destroy(jwk);
	jwk_destroy(private);
	tally->verified++;
}

/* Its payload is elsewhere: as it stands it is a token with an empty one, which nobody has signed. */
static void is_not_signed(
        struct arena *arena, const struct value *vector, slice token, struct tally *tally)
{
	struct jws jws;
	const char *why;
	const struct value *key = value_get(value_get(vector, SLICE("input")), SLICE("key"));
	struct jwk *jwk = jwk_read(key, JWK_VERIFIES, &why);
	assert_non_null(jwk);
	assert_true(jws_parse(arena, token, &jws, &why));
	assert_int_equal(jws.payload.n, 0);
	assert_false(jws_verify(&jws, jwk));
	jwk_destroy(jwk);
	tally->refused++;
}

static void signature(const char *path, const char *name, void *arg)
{
	struct tally *tally = arg;
	struct arena arena;
	const struct value *vector = read_vector(&arena, path);
	slice token = text_at(vector, "output", "compact");
	if (token.p && strstr(name, "detached"))
		is_not_signed(&arena, vector, token, tally);
	else if (token.p && strstr(path, "rfc7797"))
		refuses(&arena, token, name, tally);
	else if (token.p)
		verifies(&arena, vector, token, name, tally);
	/* The JSON serialisations, which we do not offer. */
	static const char *const others[] = { "json", "json_flat" };
	for (unsigned i = 0; i < 2; i++) {
		struct error error;
		const struct value *other =
		        value_get(value_get(vector, SLICE("output")), slice_of(others[i]));
		if (other)
			refuses(&arena, codec_json.encode(&arena, other, &error), name, tally);
	}
	arena_finish(&arena);
}

static void signatures(void **state)
{
	(void)state;
	struct tally tally = { 0, 0, 0 };
	assert_int_equal(each_file(vectors_path("jose-cookbook/jws"), signature, &tally), 8);
	assert_int_equal(each_file(vectors_path("jose-cookbook/rfc7797"), signature, &tally), 2);
	signature(vectors_path("jose-cookbook/curve25519/jws.json"), "jws.json", &tally);
	/* RS256, PS384, ES512, HS256, EdDSA. */
	assert_int_equal(tally.verified, 5);
	assert_true(tally.refused > 10);
}

static void encrypted(const char *path, const char *name, void *arg)
{
	struct tally *tally = arg;
	struct arena arena;
	const struct value *vector = read_vector(&arena, path);
	slice token = text_at(vector, "output", "compact");
	if (token.p) {
		struct jws jws;
		const char *why = "accepted";
		if (jws_parse(&arena, token, &jws, &why) || !strstr(why, "JWE"))
			fail_msg("%s: %s", name, why);
		tally->refused++;
	}
	arena_finish(&arena);
}

static void encryption_is_refused_by_name(void **state)
{
	(void)state;
	struct tally tally = { 0, 0, 0 };
	assert_true(each_file(vectors_path("jose-cookbook/jwe"), encrypted, &tally) > 0);
	encrypted(vectors_path("jose-cookbook/curve25519/ecdh-es.json"), "ecdh-es", &tally);
	assert_true(tally.refused > 8);
}

static void key(const char *path, const char *name, void *arg)
{
	struct tally *tally = arg;
	struct arena arena;
	const char *why = "a key";
	const struct value *vector = read_vector(&arena, path);
	struct jwk *jwk = jwk_read(vector, JWK_VERIFIES, &why);
	bool for_signatures = !strstr(name, "encryption");
	if ((jwk != NULL) != for_signatures)
		fail_msg("%s: %s", name, why);
	if (strstr(name, "private")) {
		struct jwk *private = jwk_read(vector, JWK_SIGNS, &why);
		assert_non_null(private);
		const struct value *written = jwk_write(&arena, private, true);
		assert_true(value_equal(written, vector));
		jwk_destroy(private);
	}
	tally->keys += jwk != NULL;
	jwk_destroy(jwk);
	arena_finish(&arena);
}

static void keys(void **state)
{
	(void)state;
	struct tally tally = { 0, 0, 0 };
	assert_int_equal(each_file(vectors_path("jose-cookbook/jwk"), key, &tally), 6);
	assert_int_equal(tally.keys, 5);
}

int main(void)
{
	if (!vectors_path("jose-cookbook"))
		return vectors_absent("jose-cookbook");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures),
		cmocka_unit_test(encryption_is_refused_by_name),
		cmocka_unit_test(keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
