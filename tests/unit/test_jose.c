/* Tokens and keys as JSON: the strict reading, and the rules for claims. */
#include "support.h"

#include <stdio.h>

#include "auth/jose/claims.h"
#include "auth/jose/jws.h"
#include "base/base64.h"
#include "codec/json.h"

struct world {
	struct arena arena;
	struct jwk *secret;
};

static int set_up(void **state)
{
	static struct world world;
	const char *why;
	const struct key_parts parts = { .type = KEY_TYPE_SECRET,
		.secret = SLICE("0123456789abcdef0123456789abcdef") };
	arena_init(&world.arena, (size_t)1 << 20);
	world.secret = jwk_create(key_create(&parts, &why), SLICE("k1"), NULL);
	assert_non_null(world.secret);
	*state = &world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	jwk_destroy(world->secret);
	arena_finish(&world->arena);
	return 0;
}

static slice encode(struct world *world, const char *text)
{
	return base64_encode_url(&world->arena, slice_of(text));
}

/* A token with this header and payload, signed. */
static slice token_of(struct world *world, const char *header, const char *payload)
{
	slice h = encode(world, header), p = encode(world, payload);
	slice message = arena_printf(&world->arena, "%.*s.%.*s", SLICE_ARG(h), SLICE_ARG(p));
	unsigned char bytes[SIGNATURE_MAX_BYTES];
	size_t n = signature_make(world->secret->key, ALGORITHM_HS256, message, bytes);
	slice s = base64_encode_url(&world->arena, (slice){ (char *)bytes, n });
	return arena_printf(&world->arena, "%.*s.%.*s", SLICE_ARG(message), SLICE_ARG(s));
}

static void a_token_is_signed_and_read(void **state)
{
	struct world *world = *state;
	slice token = jws_sign(
	        &world->arena, world->secret, ALGORITHM_HS256, "JWT", SLICE("{\"sub\":\"x\"}"));
	assert_non_null(token.p);
	struct jws jws;
	const char *why = "";
	assert_true(jws_parse(&world->arena, token, &jws, &why));
	assert_slice(jws.payload, "{\"sub\":\"x\"}");
	assert_slice(jws.kid, "k1");
	assert_slice(jws.type, "JWT");
	assert_int_equal(jws.algorithm, ALGORITHM_HS256);
	assert_true(jws_verify(&jws, world->secret));
	jws.algorithm = ALGORITHM_HS384;
	assert_false(jws_verify(&jws, world->secret));
	/* The key cannot do that. */
	assert_null(jws_sign(&world->arena, world->secret, ALGORITHM_HS512, "JWT", SLICE("{}")).p);
	assert_null(jws_sign(&world->arena, world->secret, ALGORITHM_ES256, "JWT", SLICE("{}")).p);
}

static void assert_refused(struct world *world, slice token, const char *reason)
{
	struct jws jws;
	const char *why = "accepted";
	if (jws_parse(&world->arena, token, &jws, &why) || !strstr(why, reason))
		fail_msg("%.*s: expected \"%s\", got \"%s\"", SLICE_ARG(token), reason, why);
}

static void headers_are_read_strictly(void **state)
{
	struct world *world = *state;
	static const struct {
		const char *header, *reason;
	} rows[] = {
		{ "{\"alg\":\"none\"}", "not signed" },
		{ "{\"alg\":\"None\"}", "not signed" },
		{ "{\"alg\":\"NONE\"}", "not signed" },
		{ "{\"alg\":\"nOnE\"}", "not signed" },
		{ "{\"alg\":\"\"}", "not supported" },
		{ "{\"alg\":\"hs256\"}", "not supported" },
		{ "{\"alg\":\"HS256\\u0000\"}", "not supported" },
		{ "{\"alg\":\"RSA-OAEP\"}", "not supported" },
		{ "{\"alg\":null}", "names no algorithm" },
		{ "{\"alg\":[\"HS256\"]}", "names no algorithm" },
		{ "{}", "names no algorithm" },
		{ "{\"alg\":\"HS256\",\"alg\":\"HS256\"}", "twice" },
		{ "{\"alg\":\"HS256\",\"\\u0061lg\":\"none\"}", "twice" },
		{ "{\"alg\":\"HS256\",\"x\":{\"a\":1,\"a\":2}}", "twice" },
		{ "{\"alg\":\"HS256\",\"crit\":[\"exp\"],\"exp\":1}", "crit" },
		{ "{\"alg\":\"HS256\",\"crit\":[]}", "crit" },
		{ "{\"alg\":\"HS256\",\"crit\":null}", "crit" },
		{ "{\"alg\":\"HS256\",\"b64\":false,\"crit\":[\"b64\"]}", "crit" },
		{ "{\"alg\":\"HS256\",\"b64\":false}", "b64" },
		{ "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}", "JWE" },
		{ "{\"alg\":\"HS256\",\"kid\":1}", "must be texts" },
		{ "{\"alg\":\"HS256\",\"typ\":[\"JWT\"]}", "must be texts" },
		{ "[\"HS256\"]", "no JSON object" },
		{ "\"HS256\"", "no JSON object" },
		{ "{\"alg\":\"HS256\"", "no JSON object" },
		{ "{\"alg\":\"HS256\"}x", "no JSON object" },
		{ "{\"alg\":\"HS256\",\"x\":\"\xff\"}", "no JSON object" },
		{ "\xef\xbb\xbf{\"alg\":\"HS256\"}", "no JSON object" },
	};
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_refused(world, token_of(world, rows[i].header, "{}"), rows[i].reason);
}

static void loose_encodings_are_refused(void **state)
{
	struct world *world = *state;
	/* Two octets encode to three characters: the last has two bits to spare. */
	slice good = token_of(world, "{\"alg\":\"HS256\" }", "{\"n\":1}");
	struct jws jws;
	const char *why;
	assert_true(jws_parse(&world->arena, good, &jws, &why));
	slice rest = good;
	slice header = slice_cut(&rest, '.'), payload = slice_cut(&rest, '.');
	static const struct {
		const char *format, *reason;
	} rows[] = {
		{ "%.*s=.%.*s.%.*s", "header is not base64url" },
		{ "%.*s.%.*s=.%.*s", "payload is not base64url" },
		{ "%.*s.%.*s.%.*s=", "signature is missing or not" },
		{ "%.*s.%.*s.%.*s==", "signature is missing or not" },
		{ " %.*s.%.*s.%.*s", "header is not base64url" },
		{ "%.*s.%.*s.%.*s\n", "signature is missing or not" },
		{ "%.*s\r\n.%.*s.%.*s", "header is not base64url" },
		{ "%.*s.%.*s.+%.*s", "signature is missing or not" },
		{ "%.*s.%.*s./%.*s", "signature is missing or not" },
		{ "%.*s.%.*s.%.*s.", "three parts" },
		{ ".%.*s.%.*s.%.*s", "three parts" },
		{ "%.*s.%.*s.%.*s.x.y", "JWE" },
		{ "%.*s.%.*s.%.*s.x.y.z", "three parts" },
	};
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		slice token = arena_printf(&world->arena, rows[i].format, SLICE_ARG(header),
		        SLICE_ARG(payload), SLICE_ARG(rest));
#pragma GCC diagnostic pop
		assert_refused(world, token, rows[i].reason);
	}
	/* The signature's last character carries four bits of 32 octets, and two that must be 0. */
	char *stray = (char *)(uintptr_t)arena_copy_slice(&world->arena, good).p;
	stray[good.n - 1]++;
	assert_refused(world, (slice){ stray, good.n }, "signature is missing or not");
	slice h = encode(world, "{\"alg\":\"HS256\"}");
	assert_refused(world, arena_printf(&world->arena, "%.*s.e30.", SLICE_ARG(h)),
	        "signature is missing");
	assert_refused(world, arena_printf(&world->arena, "%.*s.e30", SLICE_ARG(h)), "three parts");
	assert_refused(world, SLICE(""), "three parts");
	assert_refused(world, SLICE(".."), "no JSON object");
	assert_refused(world, SLICE("{\"payload\":\"e30\",\"signatures\":[]}"), "three parts");
}

/* The header brings keys of its own; the token is judged by ours all the same. */
static void what_a_header_brings_changes_nothing(void **state)
{
	struct world *world = *state;
	slice token = token_of(world,
	        "{\"alg\":\"HS256\",\"jku\":\"https://trap\",\"x5u\":\"https://"
	        "trap\",\"jwk\":{\"kty\":\"oct\","
	        "\"k\":\"AAAA\"},\"x5c\":[\"AAAA\"],\"kid\":\"../../dev/null\"}",
	        "{}");
	struct jws jws;
	const char *why;
	assert_true(jws_parse(&world->arena, token, &jws, &why));
	assert_true(jws_verify(&jws, world->secret));
	assert_slice(jws.kid, "../../dev/null");
}

static struct jwk *read_jwk(struct world *world, const char *text, enum jwk_purpose purpose)
{
	struct error error;
	const char *why;
	const struct value *map = json_decode_unique(&world->arena, slice_of(text), &error);
	assert_non_null(map);
	return jwk_read(map, purpose, &why);
}

/* RFC 7638 section 3.1 and RFC 8037 appendix A.3. */
static void thumbprints_are_those_of_the_rfcs(void **state)
{
	struct world *world = *state;
	static const struct {
		const char *key, *thumbprint;
	} rows[] = {
		{ "{\"kty\":\"RSA\",\"n\":"
		  "\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7"
		  "aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_"
		  "RN5w6Cf0h4QyQ5"
		  "v-65YGjQR0_"
		  "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt"
		  "-bF"
		  "TWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-"
		  "kEgU8awapJzKnqDKgw\","
		  "\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}",
		        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" },
		{ "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
		  "7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
		        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" },
	};
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct jwk *jwk = read_jwk(world, rows[i].key, JWK_VERIFIES);
		assert_non_null(jwk);
		char text[JWK_THUMBPRINT_BYTES];
		assert_true(jwk_thumbprint(&world->arena, jwk->key, text));
		assert_string_equal(text, rows[i].thumbprint);
		jwk_destroy(jwk);
	}
}

#define SECRET_K "\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\""
#define POINT                                                                                      \
	"\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","  \
	"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""

static void a_key_that_is_not_for_us_is_skipped(void **state)
{
	struct world *world = *state;
	static const struct {
		const char *text;
		bool verifies, signs;
	} rows[] = {
		{ "{" POINT "}", true, false },
		{ "{" POINT ",\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\"}", true, true },
		{ "{" POINT ",\"use\":\"sig\",\"alg\":\"ES256\",\"kid\":\"a\"}", true, false },
		{ "{" POINT ",\"use\":\"enc\"}", false, false },
		{ "{" POINT ",\"use\":1}", false, false },
		{ "{" POINT ",\"key_ops\":[\"verify\"]}", true, false },
		{ "{" POINT ",\"key_ops\":[\"deriveKey\"]}", false, false },
		{ "{" POINT ",\"key_ops\":\"verify\"}", false, false },
		{ "{" POINT ",\"alg\":\"ES384\"}", false, false },
		{ "{" POINT ",\"alg\":\"ECDH-ES\"}", false, false },
		{ "{" POINT ",\"kid\":7}", false, false },
		{ "{\"kty\":\"oct\"," SECRET_K "}", true, false },
		{ "{\"kty\":\"oct\"," SECRET_K ",\"alg\":\"HS256\"}", true, false },
		{ "{\"kty\":\"oct\"," SECRET_K ",\"alg\":\"HS512\"}", false, false },
		{ "{\"kty\":\"oct\",\"k\":\"AAAA\"}", false, false },
		{ "{\"kty\":\"oct\",\"k\":\"\"}", false, false },
		{ "{\"kty\":\"oct\"}", false, false },
		{ "{\"kty\":\"OCT\"," SECRET_K "}", false, false },
		{ "{\"kty\":\"EC\",\"crv\":\"P-256K\"}", false, false },
		{ "{\"kty\":\"OKP\",\"crv\":\"X25519\","
		  "\"x\":\"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08\"}",
		        false, false },
		{ "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", false, false },
		{ "{}", false, false },
		{ "[]", false, false },
	};
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct jwk *jwk = read_jwk(world, rows[i].text, JWK_VERIFIES);
		if ((jwk != NULL) != rows[i].verifies)
			fail_msg("%s: %s", rows[i].text, jwk ? "a key" : "no key");
		if (jwk)
			assert_int_equal(
			        key_is_private(jwk->key), key_type_of(jwk->key) == KEY_TYPE_SECRET);
		jwk_destroy(jwk);
		jwk = read_jwk(world, rows[i].text, JWK_SIGNS);
		bool secret = strstr(rows[i].text, "oct") != NULL;
		if ((jwk != NULL) != (rows[i].signs || (secret && rows[i].verifies)))
			fail_msg("%s: %s to sign with", rows[i].text, jwk ? "a key" : "no key");
		jwk_destroy(jwk);
	}
}

static void keys_are_written_and_read(void **state)
{
	struct world *world = *state;
	static const enum key_type kinds[] = { KEY_TYPE_SECRET, KEY_TYPE_RSA, KEY_TYPE_P256,
		KEY_TYPE_P384, KEY_TYPE_ED25519 };
	for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		const char *why;
		unsigned bits = kinds[i] == KEY_TYPE_RSA ? 2048 : 0;
		struct jwk *jwk =
		        jwk_create(key_generate(kinds[i], bits, &why), SLICE("new"), NULL);
		const struct value *written = jwk_write(&world->arena, jwk, true);
		struct jwk *again = jwk_read(written, JWK_SIGNS, &why);
		assert_non_null(again);
		assert_slice(again->kid, "new");
		char one[JWK_THUMBPRINT_BYTES], two[JWK_THUMBPRINT_BYTES];
		assert_true(jwk_thumbprint(&world->arena, jwk->key, one));
		assert_true(jwk_thumbprint(&world->arena, again->key, two));
		assert_string_equal(one, two);
		jwk_destroy(again);
		written = jwk_write(&world->arena, jwk, false);
		assert_int_equal(written != NULL, kinds[i] != KEY_TYPE_SECRET);
		if (written) {
			const char *const never[] = { "d", "p", "q", "dp", "dq", "qi", "k" };
			for (unsigned j = 0; j < sizeof never / sizeof *never; j++)
				assert_null(value_get(written, slice_of(never[j])));
			assert_null(jwk_read(written, JWK_SIGNS, &why));
		}
		jwk_destroy(jwk);
	}
}

static void a_set_serves_the_keys_that_fit(void **state)
{
	(void)state;
	struct error error;
	const char text[] = "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"s\"," SECRET_K "},{" POINT
	                    ",\"kid\":\"a\"},{" POINT "},{\"kty\":\"what\"},{" POINT
	                    ",\"kid\":\"a\",\"use\":\"enc\"},7]}";
	struct jwks *set = jwks_parse(slice_of(text), true, &error);
	assert_non_null(set);
	/* The secret among public keys, an unknown type, one to encrypt with, and a number. */
	assert_int_equal(set->count, 2);
	assert_int_equal(set->skipped, 4);
	assert_true(jwks_knows(set, SLICE("a")));
	assert_false(jwks_knows(set, SLICE("s")));
	assert_false(jwks_knows(set, SLICE("b")));
	/* Of that kid, and of none. */
	const struct jwk *at = jwks_next(set, NULL, ALGORITHM_ES256, SLICE("a"));
	assert_non_null(at);
	assert_slice(at->kid, "a");
	at = jwks_next(set, at, ALGORITHM_ES256, SLICE("a"));
	assert_non_null(at);
	assert_null(at->kid.p);
	assert_null(jwks_next(set, at, ALGORITHM_ES256, SLICE("a")));
	/* A kid finds no key of another kind. */
	assert_null(jwks_next(set, NULL, ALGORITHM_HS256, SLICE("a")));
	assert_null(jwks_next(set, NULL, ALGORITHM_HS256, (slice){ NULL, 0 }));
	jwks_destroy(set);
	const char secret[] = "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"s\"," SECRET_K "}]}";
	set = jwks_parse(slice_of(secret), true, &error);
	assert_non_null(jwks_next(set, NULL, ALGORITHM_HS256, (slice){ NULL, 0 }));
	jwks_destroy(set);
	set = jwks_parse(slice_of(secret), false, &error);
	assert_int_equal(set->count, 0);
	jwks_destroy(set);
	const char *const none[] = { "", "{}", "[]", "{\"keys\":{}}", "{\"keys\":[],\"keys\":[]}",
		"{\"keys\":[]} x" };
	for (unsigned i = 0; i < sizeof none / sizeof *none; i++)
		assert_null(jwks_parse(slice_of(none[i]), true, &error));
	set = jwks_parse(SLICE("{\"keys\":[]}"), true, &error);
	assert_non_null(set);
	jwks_destroy(set);
}

static void of_two_keys_with_one_kid_neither_is_taken(void **state)
{
	(void)state;
	struct error error;
	const char *const other = "\"k\":\"MTEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"";
	char text[1024];
	(void)snprintf(text, sizeof text,
	        "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"a\"," SECRET_K
	        "},{\"kty\":\"oct\",\"kid\":\"b\"," SECRET_K
	        "},{\"kty\":\"oct\",\"kid\":\"a\",%s}]}",
	        other);
	struct jwks *set = jwks_parse(slice_of(text), true, &error);
	assert_non_null(set);
	assert_int_equal(set->count, 1);
	assert_int_equal(set->skipped, 2);
	assert_true(jwks_knows(set, SLICE("b")));
	jwks_destroy(set);
	/* The same key twice, for two algorithms. */
	set = jwks_parse(
	        SLICE("{\"keys\":[{\"kty\":\"oct\",\"kid\":\"a\",\"alg\":\"HS256\"," SECRET_K
	              "},{\"kty\":\"oct\",\"kid\":\"a\"," SECRET_K "}]}"),
	        true, &error);
	assert_int_equal(set->count, 2);
	jwks_destroy(set);
}

static void a_set_has_an_end(void **state)
{
	struct world *world = *state;
	for (unsigned n = JWKS_MAX_KEYS; n <= JWKS_MAX_KEYS + 1; n++) {
		char text[16384] = "{\"keys\":[";
		size_t at = strlen(text);
		for (unsigned i = 0; i < n; i++)
			at += (size_t)snprintf(text + at, sizeof text - at,
			        "%s{\"kty\":\"oct\"," SECRET_K "}", i ? "," : "");
		(void)snprintf(text + at, sizeof text - at, "]}");
		struct error error;
		struct jwks *set = jwks_parse(slice_of(text), true, &error);
		assert_int_equal(set->count, JWKS_MAX_KEYS);
		assert_int_equal(set->skipped, n - JWKS_MAX_KEYS);
		jwks_destroy(set);
	}
	struct error error;
	char *spaces = arena_alloc_raw(&world->arena, JWKS_MAX_BYTES + 1);
	memset(spaces, ' ', JWKS_MAX_BYTES + 1);
	memcpy(spaces, "{\"keys\":[]}", 11);
	struct jwks *set = jwks_parse((slice){ spaces, JWKS_MAX_BYTES }, true, &error);
	assert_non_null(set);
	jwks_destroy(set);
	assert_null(jwks_parse((slice){ spaces, JWKS_MAX_BYTES + 1 }, true, &error));
}

static bool passes(struct world *world, const struct claim_rules *rules, const char *text,
        int64_t now_ms, struct error *error)
{
	struct claim_times times;
	const struct value *claims = claims_read(&world->arena, slice_of(text), error);
	return claims && claims_check(rules, claims, now_ms, &times, error);
}

static void claims_are_held_against_the_rules(void **state)
{
	struct world *world = *state;
	static const slice audiences[] = { SLICE_INIT("fairlead"), SLICE_INIT("box") };
	static const slice required[] = { SLICE_INIT("sub"), SLICE_INIT("a.b") };
	const struct claim_rules strict = { .issuer = SLICE("https://id"),
		.audiences = audiences,
		.naudiences = 2,
		.required = required,
		.nrequired = 2,
		.skew_ms = 30000 };
	const struct claim_rules loose = { .may_be_endless = true }, bare = { .skew_ms = 0 };
	const struct claim_rules fresh = { .max_age_ms = 60000, .skew_ms = 1000 };
#define GOOD "\"iss\":\"https://id\",\"sub\":\"x\",\"a\":{\"b\":1}"
	const struct {
		const struct claim_rules *rules;
		const char *claims;
		int64_t now_ms;
		const char *reason; /* NULL: passes */
	} rows[] = {
		{ &strict, "{" GOOD ",\"aud\":\"fairlead\",\"exp\":1000}", 999999, NULL },
		{ &strict, "{" GOOD ",\"aud\":[\"x\",\"box\"],\"exp\":1000}", 1029999, NULL },
		{ &strict, "{" GOOD ",\"aud\":\"box\",\"exp\":1000}", 1030000, "expired" },
		{ &strict, "{" GOOD ",\"aud\":\"box\",\"exp\":1000.5}", 1030499, NULL },
		{ &strict, "{" GOOD ",\"aud\":\"box\",\"exp\":1000.5}", 1030500, "expired" },
		{ &strict, "{" GOOD ",\"aud\":\"box\",\"exp\":1e300}", 1030500, NULL },
		{ &strict, "{" GOOD ",\"aud\":\"box\",\"exp\":18446744073709551615}", 1, NULL },
		{ &strict, "{" GOOD ",\"aud\":\"box\",\"exp\":-1e300}", 1, "expired" },
		{ &strict, "{" GOOD ",\"aud\":\"box\",\"exp\":\"1000\"}", 1, "exp is no date" },
		{ &strict, "{" GOOD ",\"aud\":\"box\",\"exp\":null}", 1, "exp is no date" },
		{ &strict, "{" GOOD ",\"aud\":\"box\"}", 1, "says not when it expires" },
		{ &strict, "{" GOOD ",\"aud\":\"Box\",\"exp\":1000}", 1, "another audience" },
		{ &strict, "{" GOOD ",\"aud\":[],\"exp\":1000}", 1, "another audience" },
		{ &strict, "{" GOOD ",\"aud\":[\"box\",1],\"exp\":1000}", 1, "no text" },
		{ &strict, "{" GOOD ",\"aud\":{},\"exp\":1000}", 1, "no text" },
		{ &strict, "{" GOOD ",\"exp\":1000}", 1, "no audience" },
		{ &strict, "{\"iss\":\"https://id/\",\"aud\":\"box\",\"exp\":1000}", 1, "issuer" },
		{ &strict, "{\"iss\":[\"https://id\"],\"aud\":\"box\",\"exp\":1000}", 1, "issuer" },
		{ &strict, "{\"aud\":\"box\",\"exp\":1000}", 1, "issuer" },
		{ &strict, "{\"iss\":\"https://id\",\"aud\":\"box\",\"exp\":1000,\"a\":{\"b\":1}}",
		        1, "lacks the claim sub" },
		{ &strict,
		        "{\"iss\":\"https://"
		        "id\",\"aud\":\"box\",\"exp\":1000,\"sub\":\"\",\"a\":{\"b\":null}}",
		        1, "lacks the claim a.b" },
		{ &strict, "{" GOOD ",\"aud\":\"box\",\"exp\":1000,\"nbf\":500}", 470000, NULL },
		{ &strict, "{" GOOD ",\"aud\":\"box\",\"exp\":1000,\"nbf\":500}", 469999,
		        "not valid yet" },
		{ &strict, "{" GOOD ",\"aud\":\"box\",\"exp\":1000,\"iat\":500}", 469999,
		        "future" },
		{ &strict, "{" GOOD ",\"aud\":\"box\",\"exp\":1000,\"iat\":true}", 469999,
		        "no date" },
		{ &loose, "{}", 1, NULL },
		{ &loose, "{\"exp\":1}", 999, NULL },
		{ &loose, "{\"exp\":1}", 1000, "expired" },
		{ &loose, "{\"aud\":\"anybody\"}", 1, "another audience" },
		{ &bare, "{\"exp\":0}", 1, "expired" },
		{ &fresh, "{\"exp\":1000}", 1, "says not when it was issued" },
		{ &fresh, "{\"exp\":1000,\"iat\":10}", 70999, NULL },
		{ &fresh, "{\"exp\":1000,\"iat\":10}", 71000, "too long ago" },
		{ &loose, "{\"a\":1,\"a\":1}", 1, "twice" },
		{ &loose, "[]", 1, "no JSON object" },
		{ &loose, "", 1, "no JSON object" },
		{ &loose, "{} {}", 1, "no JSON object" },
	};
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error error = { .text = "passes" };
		bool passed = passes(world, rows[i].rules, rows[i].claims, rows[i].now_ms, &error);
		if (passed != !rows[i].reason || (!passed && !strstr(error.text, rows[i].reason)))
			fail_msg("%s at %lld: %s", rows[i].claims, (long long)rows[i].now_ms,
			        passed ? "passes" : error.text);
	}
}

static void claims_are_found_by_path(void **state)
{
	struct world *world = *state;
	struct error error;
	const struct value *claims = claims_read(&world->arena,
	        SLICE("{\"sub\":\"s\",\"realm_access\":{\"roles\":[\"r\"],\"\":\"e\"},\"https://"
	              "id.example/x\":"
	              "\"dots\",\"a/b\":{\"m~n\":\"slash\"},\"\":\"empty\"}"),
	        &error);
	static const struct {
		const char *path, *text;
	} rows[] = {
		{ "sub", "s" },
		{ "/sub", "s" },
		{ "https://id.example/x", "dots" },
		{ "/a~1b/m~0n", "slash" },
		{ "/", "empty" },
		{ "/realm_access/", "e" },
		{ "sub.x", NULL },
		{ "realm_access.none", NULL },
		{ "/realm_access/none", NULL },
		{ "/sub/x", NULL },
		{ "none", NULL },
		{ "realm_access..", NULL },
	};
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct value *found = claims_find(claims, slice_of(rows[i].path));
		assert_int_equal(found != NULL, rows[i].text != NULL);
		if (found)
			assert_slice(found->as.text, rows[i].text);
	}
	const struct value *roles = claims_find(claims, SLICE("realm_access.roles"));
	assert_non_null(roles);
	assert_int_equal(roles->kind, VALUE_LIST);
	assert_ptr_equal(roles, claims_find(claims, SLICE("/realm_access/roles")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_token_is_signed_and_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(headers_are_read_strictly, set_up, tear_down),
		cmocka_unit_test_setup_teardown(loose_encodings_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		        what_a_header_brings_changes_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		        thumbprints_are_those_of_the_rfcs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		        a_key_that_is_not_for_us_is_skipped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keys_are_written_and_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_set_serves_the_keys_that_fit, set_up, tear_down),
		cmocka_unit_test(of_two_keys_with_one_kid_neither_is_taken),
		cmocka_unit_test_setup_teardown(a_set_has_an_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		        claims_are_held_against_the_rules, set_up, tear_down),
		cmocka_unit_test_setup_teardown(claims_are_found_by_path, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
