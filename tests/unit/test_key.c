/* Keys and signatures: what is made here verifies, what is weak or malformed is no key. */
#include "support.h"

#include "crypto/signature.h"

static struct key *generate(enum key_type type, unsigned bits)
{
	const char *why = NULL;
	struct key *key = key_generate(type, bits, &why);
	if (!key)
		fail_msg("no key: %s", why);
	return key;
}

static const struct {
	enum key_type type;
	unsigned bits;
} samples[] = { { KEY_TYPE_SECRET, 512 }, { KEY_TYPE_RSA, 2048 }, { KEY_TYPE_P256, 0 },
	{ KEY_TYPE_P384, 0 }, { KEY_TYPE_P521, 0 }, { KEY_TYPE_ED25519, 0 } };
enum { SAMPLES = sizeof samples / sizeof *samples };

static void signs_and_verifies(struct key *key, enum algorithm algorithm)
{
	unsigned char bytes[SIGNATURE_MAX_BYTES];
	slice message = SLICE("a.b");
	size_t n = signature_make(key, algorithm, message, bytes);
	assert_true(n > 0);
	slice signature = { (char *)bytes, n };
	/* Twice: the contexts are used again. */
	assert_true(signature_verify(key, algorithm, message, signature));
	assert_true(signature_verify(key, algorithm, message, signature));
	assert_false(signature_verify(key, algorithm, SLICE("a.c"), signature));
	assert_false(signature_verify(key, algorithm, message, (slice){ signature.p, n - 1 }));
	assert_false(signature_verify(key, algorithm, message, (slice){ NULL, 0 }));
	for (size_t i = 0; i < n; i += 7) {
		bytes[i] ^= 1;
		assert_false(signature_verify(key, algorithm, message, signature));
		bytes[i] ^= 1;
	}
	assert_true(signature_verify(key, algorithm, message, signature));
}

static void each_algorithm_takes_its_kind_of_key_and_no_other(void **state)
{
	(void)state;
	unsigned fitting = 0;
	for (unsigned i = 0; i < SAMPLES; i++) {
		struct key *key = generate(samples[i].type, samples[i].bits);
		for (enum algorithm a = 0; a < ALGORITHMS; a++) {
			unsigned char bytes[SIGNATURE_MAX_BYTES] = { 0 };
			if (algorithm_fits(a, key)) {
				fitting++;
				signs_and_verifies(key, a);
				continue;
			}
			assert_int_equal(signature_make(key, a, SLICE("x"), bytes), 0);
			assert_false(
			        signature_verify(key, a, SLICE("x"), (slice){ (char *)bytes, 32 }));
		}
		key_destroy(key);
	}
	assert_int_equal(fitting, ALGORITHMS);
}

static void names_are_exact(void **state)
{
	(void)state;
	enum algorithm algorithm;
	for (enum algorithm a = 0; a < ALGORITHMS; a++) {
		assert_true(algorithm_find(slice_of(algorithm_name(a)), &algorithm));
		assert_int_equal(algorithm, a);
	}
	const char *const none[] = { "none", "", "hs256", "HS256 ", "HS2560", "RS1", "A128KW" };
	for (unsigned i = 0; i < sizeof none / sizeof *none; i++)
		assert_false(algorithm_find(slice_of(none[i]), &algorithm));
}

static void a_secret_is_as_long_as_the_digest(void **state)
{
	(void)state;
	char bytes[KEY_SECRET_MAX_BYTES + 1] = "secret";
	const struct {
		size_t n;
		bool key, hs256, hs384, hs512;
	} rows[] = {
		{ 0, false, false, false, false },
		{ 31, false, false, false, false },
		{ 32, true, true, false, false },
		{ 47, true, true, false, false },
		{ 48, true, true, true, false },
		{ 63, true, true, true, false },
		{ 64, true, true, true, true },
		{ KEY_SECRET_MAX_BYTES, true, true, true, true },
		{ KEY_SECRET_MAX_BYTES + 1, false, false, false, false },
	};
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *why;
		struct key_parts parts = { .type = KEY_TYPE_SECRET,
			.secret = { bytes, rows[i].n } };
		struct key *key = key_create(&parts, &why);
		assert_int_equal(key != NULL, rows[i].key);
		if (key) {
			assert_int_equal(algorithm_fits(ALGORITHM_HS256, key), rows[i].hs256);
			assert_int_equal(algorithm_fits(ALGORITHM_HS384, key), rows[i].hs384);
			assert_int_equal(algorithm_fits(ALGORITHM_HS512, key), rows[i].hs512);
		}
		key_destroy(key);
	}
}

static void the_parts_make_the_same_key(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SAMPLES; i++) {
		struct arena arena;
		arena_init(&arena, 65536);
		struct key *key = generate(samples[i].type, samples[i].bits);
		unsigned char bytes[SIGNATURE_MAX_BYTES];
		enum algorithm algorithm = 0;
		while (!algorithm_fits(algorithm, key))
			algorithm++;
		size_t n = signature_make(key, algorithm, SLICE("m"), bytes);
		const char *why = "";
		struct key_parts parts;
		assert_true(key_export(key, &arena, true, &parts));
		struct key *again = key_create(&parts, &why);
		assert_non_null(again);
		assert_true(key_is_private(again));
		assert_int_equal(key_bits(again), key_bits(key));
		assert_true(signature_verify(
		        again, algorithm, SLICE("m"), (slice){ (char *)bytes, n }));
		key_destroy(again);
		again = NULL;
		bool has_public = key_export(key, &arena, false, &parts);
		assert_int_equal(has_public, samples[i].type != KEY_TYPE_SECRET);
		if (has_public) {
			again = key_create(&parts, &why);
			assert_non_null(again);
			assert_false(key_is_private(again));
			assert_false(key_export(again, &arena, true, &parts));
			assert_int_equal(signature_make(again, algorithm, SLICE("m"), bytes), 0);
		}
		key_destroy(again);
		key_destroy(key);
		arena_finish(&arena);
	}
}

static void assert_no_key(const struct key_parts *parts, const char *reason)
{
	const char *why = "";
	struct key *key = key_create(parts, &why);
	if (key || !strstr(why, reason))
		fail_msg("expected: %s; got: %s", reason, key ? "a key" : why);
}

static void weak_and_malformed_rsa_keys_are_none(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 65536);
	struct key *key = generate(KEY_TYPE_RSA, 2048), *other = generate(KEY_TYPE_RSA, 2048);
	struct key_parts good, parts, others;
	assert_true(key_export(key, &arena, true, &good));
	assert_true(key_export(other, &arena, true, &others));
	char big[KEY_RSA_MAX_BITS / 8 + 1];
	memset(big, 0xff, sizeof big);
	parts = (struct key_parts){ .type = KEY_TYPE_RSA, .n = { big, 255 }, .e = good.e };
	assert_no_key(&parts, "shorter than 2048");
	parts.n = (slice){ big, sizeof big };
	assert_no_key(&parts, "longer than 8192");
	parts.n = (slice){ NULL, 0 };
	assert_no_key(&parts, "missing");
	parts = (struct key_parts){ .type = KEY_TYPE_RSA, .n = good.n, .e = SLICE("\x01") };
	assert_no_key(&parts, "exponent");
	parts.e = SLICE("\x02");
	assert_no_key(&parts, "exponent");
	parts.e = SLICE("\xff\xff\xff\xff\xff\xff\xff\xff\x01");
	assert_no_key(&parts, "exponent");
	parts.e = SLICE("\x00\x01\x00\x01");
	assert_no_key(&parts, "begins with zeros");
	char *even = (char *)(uintptr_t)arena_copy_slice(&arena, good.n).p;
	even[good.n.n - 1] &= (char)0xfe;
	parts = (struct key_parts){ .type = KEY_TYPE_RSA, .n = { even, good.n.n }, .e = good.e };
	assert_no_key(&parts, "even");
	parts = good;
	parts.qi = (slice){ NULL, 0 };
	assert_no_key(&parts, "some are missing");
	parts = good;
	parts.d = (slice){ NULL, 0 };
	assert_no_key(&parts, "some are missing");
	parts = (struct key_parts){ .type = KEY_TYPE_RSA, .n = good.n, .e = good.e, .d = others.d };
	assert_no_key(&parts, "do not belong together");
	/* d alone does. */
	parts.d = good.d;
	const char *why;
	struct key *slow = key_create(&parts, &why);
	assert_non_null(slow);
	signs_and_verifies(slow, ALGORITHM_PS256);
	assert_true(key_export(slow, &arena, true, &parts));
	key_destroy(slow);
	key_destroy(key);
	key_destroy(other);
	arena_finish(&arena);
}

/* 65537 to the power of 128, as a modulus: it looks, modulo any small prime, as those of the faulty library do. */
static void a_modulus_that_can_be_factored_is_none(void **state)
{
	(void)state;
	enum { BYTES = 257 };
	unsigned char n[BYTES] = { [BYTES - 1] = 1 };
	for (unsigned power = 0; power < 128; power++) {
		unsigned carry = 0;
		unsigned char times_65536[BYTES] = { 0 };
		memcpy(times_65536, n + 2, BYTES - 2);
		for (unsigned i = BYTES; i-- > 0;) {
			carry += (unsigned)n[i] + times_65536[i];
			n[i] = (unsigned char)carry;
			carry >>= 8;
		}
	}
	struct key_parts parts = {
		.type = KEY_TYPE_RSA, .n = { (char *)n, BYTES }, .e = SLICE("\x01\x00\x01")
	};
	assert_no_key(&parts, "ROCA");
	/* Its neighbour is nothing of that kind. */
	n[BYTES - 1] ^= 2;
	const char *why;
	struct key *key = key_create(&parts, &why);
	assert_non_null(key);
	key_destroy(key);
}

static void points_beside_their_curve_are_no_keys(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 65536);
	static const enum key_type curves[] = { KEY_TYPE_P256, KEY_TYPE_P384, KEY_TYPE_P521 };
	for (unsigned i = 0; i < 3; i++) {
		struct key *key = generate(curves[i], 0), *other = generate(curves[i], 0);
		struct key_parts good, parts, others;
		assert_true(key_export(key, &arena, true, &good));
		assert_true(key_export(other, &arena, true, &others));
		parts = good;
		parts.d = (slice){ NULL, 0 };
		parts.y = others.y;
		assert_no_key(&parts, "no point");
		char zeros[66] = { 0 };
		parts.x = parts.y = (slice){ zeros, good.x.n };
		assert_no_key(&parts, "no point");
		parts = good;
		parts.x = slice_from(good.x, 1);
		assert_no_key(&parts, "length of its curve");
		parts = good;
		parts.d = slice_from(good.d, 1);
		assert_no_key(&parts, "length of its curve");
		parts = good;
		parts.d = others.d;
		assert_no_key(&parts, "");
		/* A point of one curve, said to be of another. */
		parts = good;
		parts.type = curves[(i + 1) % 3];
		assert_no_key(&parts, "length of its curve");
		key_destroy(key);
		key_destroy(other);
	}
	struct key *key = generate(KEY_TYPE_ED25519, 0), *other = generate(KEY_TYPE_ED25519, 0);
	struct key_parts parts, others;
	assert_true(key_export(key, &arena, true, &parts));
	assert_true(key_export(other, &arena, true, &others));
	parts.d = others.d;
	assert_no_key(&parts, "do not belong together");
	parts.x = SLICE("short");
	assert_no_key(&parts, "32 bytes");
	key_destroy(key);
	key_destroy(other);
	arena_finish(&arena);
}

/* Zero for r or s, the order itself, DER in place of the two halves: none of it verifies anything. */
static void degenerate_signatures_verify_nothing(void **state)
{
	(void)state;
	struct key *key = generate(KEY_TYPE_P256, 0);
	unsigned char bytes[72] = { 0 };
	slice signature = { (char *)bytes, 64 };
	assert_false(signature_verify(key, ALGORITHM_ES256, SLICE("x"), signature));
	memset(bytes, 0xff, sizeof bytes);
	assert_false(signature_verify(key, ALGORITHM_ES256, SLICE("x"), signature));
	bytes[0] = 0x30;
	signature.n = sizeof bytes;
	assert_false(signature_verify(key, ALGORITHM_ES256, SLICE("x"), signature));
	key_destroy(key);
}

/* What `openssl` writes; public keys that protect nothing. */
static const char p256_pem[] = "-----BEGIN PUBLIC KEY-----\n"
                               "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
                               "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
                               "-----END PUBLIC KEY-----\n";

static void pem_is_read(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 65536);
	const char *why = "";
	struct key *key = key_of_public_pem(slice_of(p256_pem), &why);
	assert_non_null(key);
	assert_int_equal(key_type_of(key), KEY_TYPE_P256);
	assert_false(key_is_private(key));
	struct key_parts parts;
	assert_true(key_export(key, &arena, false, &parts));
	assert_slice_equal(parts.x,
	        from_hex(
	                &arena, "7fcdce2770f6c45d4183cbee6fdb4b7b580733357be9ef13bacf6e3c7bd15445"),
	        __FILE__, __LINE__);
	key_destroy(key);
	assert_null(key_of_private_pem(slice_of(p256_pem), &why));
	assert_null(key_of_public_pem(SLICE("-----BEGIN PRIVATE KEY-----\n"), &why));
	assert_non_null(strstr(why, "private"));
	assert_null(key_of_public_pem(SLICE(""), &why));
	assert_null(key_of_public_pem(SLICE("ssh-ed25519 AAAA"), &why));
	assert_null(key_of_private_pem(SLICE("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), &why));
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_algorithm_takes_its_kind_of_key_and_no_other),
		cmocka_unit_test(names_are_exact),
		cmocka_unit_test(a_secret_is_as_long_as_the_digest),
		cmocka_unit_test(the_parts_make_the_same_key),
		cmocka_unit_test(weak_and_malformed_rsa_keys_are_none),
		cmocka_unit_test(a_modulus_that_can_be_factored_is_none),
		cmocka_unit_test(points_beside_their_curve_are_no_keys),
		cmocka_unit_test(degenerate_signatures_verify_nothing),
		cmocka_unit_test(pem_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
