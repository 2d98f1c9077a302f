#include "support.h"

#include <stdio.h>

#include "crypto/digest.h"

static void the_published_vectors_are_met(void **state)
{
	(void)state;
	/* FIPS 180-4, and RFC 4231 test cases 2 and 6. */
	struct digest digest = digest_sha256(SLICE("abc"));
	assert_memory_equal(digest.bytes,
	        "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23"
	        "\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad",
	        DIGEST_BYTES);
	digest = digest_hmac_sha256(SLICE("Jefe"), SLICE("what do ya want for nothing?"));
	assert_memory_equal(digest.bytes,
	        "\x5b\xdc\xc1\x46\xbf\x60\x75\x4e\x6a\x04\x24\x26\x08\x95\x75\xc7"
	        "\x5a\x00\x3f\x08\x9d\x27\x39\x83\x9d\xec\x58\xb9\x64\xec\x38\x43",
	        DIGEST_BYTES);
	char key[131];
	memset(key, 0xaa, sizeof key);
	digest = digest_hmac_sha256((slice){ key, sizeof key },
	        SLICE("Test Using Larger Than Block-Size Key - Hash Key First"));
	assert_memory_equal(digest.bytes,
	        "\x60\xe4\x31\x59\x1e\xe0\xb6\x7f\x0d\x8a\x26\xaa\xcb\xf5\xb7\x7f"
	        "\x8e\x0b\xc6\x21\x37\x28\xc5\x14\x05\x46\x04\x0f\x0e\xe3\x7f\x54",
	        DIGEST_BYTES);
}

static void nothing_has_a_digest_too(void **state)
{
	(void)state;
	struct digest of_nothing = digest_sha256((slice){ NULL, 0 });
	struct digest of_empty = digest_sha256(SLICE(""));
	assert_true(digest_equal(&of_nothing, &of_empty));
	struct digest keyless = digest_hmac_sha256((slice){ NULL, 0 }, SLICE("x"));
	assert_false(digest_equal(&of_nothing, &keyless));
}

static void fingerprints_are_read_as_they_are_shown(void **state)
{
	(void)state;
	struct digest wanted = digest_sha256(SLICE("abc")), read;
	char text[DIGEST_HEX_BYTES], colons[3 * DIGEST_BYTES];
	digest_hex(&wanted, text);
	assert_true(digest_parse(slice_of(text), &read) && digest_equal(&read, &wanted));
	for (unsigned i = 0; i < DIGEST_BYTES; i++)
		(void)snprintf(colons + 3 * i, sizeof colons - 3 * i, "%02X%s", wanted.bytes[i],
		        i + 1 < DIGEST_BYTES ? ":" : "");
	assert_true(digest_parse(slice_of(colons), &read) && digest_equal(&read, &wanted));
	assert_false(digest_parse((slice){ text, 63 }, &read));
	assert_false(digest_parse((slice){ text, 62 }, &read));
	assert_false(digest_parse((slice){ colons, sizeof colons - 2 }, &read));
	assert_false(digest_parse(SLICE(""), &read));
	text[63] = 'g';
	assert_false(digest_parse(slice_of(text), &read));
	colons[2] = '0';
	assert_false(digest_parse(slice_of(colons), &read));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fingerprints_are_read_as_they_are_shown),
		cmocka_unit_test(the_published_vectors_are_met),
		cmocka_unit_test(nothing_has_a_digest_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
