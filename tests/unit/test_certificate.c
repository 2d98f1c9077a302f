/* What a certificate says: names of every kind and type, hostile ones, dates, purposes, who has signed it. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/certificate.h"
#include "tests/unit/certificate_world.h"

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 4 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

static const struct {
	struct made_name made;
	const char *text, *fault;
} names[] = {
	{ MADE_CN("engine-7"), "engine-7", NULL },
	{ MADE_CN("Engine-7"), "Engine-7", NULL },
	{ MADE_CN("h\xc3\xa9lice"), "h\xc3\xa9lice", NULL },
	{ MADE_OU("sensor"), "sensor", NULL },
	{ { NID_serialNumber, 0, V_ASN1_PRINTABLESTRING, "SN-0042", 0 }, "SN-0042", NULL },
	{ { NID_commonName, 0, V_ASN1_PRINTABLESTRING, "engine 7", 0 }, "engine 7", NULL },
	{ { NID_commonName, 0, V_ASN1_BMPSTRING, "\0e\0n\0\xe9\x20\xac", 8 },
	        "en\xc3\xa9\xe2\x82\xac", NULL },
	/* A NUL, written in several ways. */
	{ { NID_commonName, 0, V_ASN1_UTF8STRING, "engine-7\0.evil", 14 }, NULL,
	        "has a NUL in it" },
	{ { NID_commonName, 0, V_ASN1_BMPSTRING, "\0e\0\0", 4 }, NULL, "has a NUL in it" },
	{ { 0, GEN_DNS, V_ASN1_IA5STRING, "engine-7\0.evil", 14 }, NULL, "has a NUL in it" },
	{ { 0, GEN_URI, V_ASN1_IA5STRING, "\0", 1 }, NULL, "has a NUL in it" },
	/* Bytes that are not of their type. */
	{ MADE_CN("engine-\xff"), NULL, "is not UTF-8" },
	{ MADE_CN("engine-\xc0\xb7"), NULL, "is not UTF-8" },
	{ MADE_CN("engine-\xed\xa0\x80"), NULL, "is not UTF-8" },
	{ { NID_commonName, 0, V_ASN1_PRINTABLESTRING, "h\xc3\xa9lice", 0 }, NULL,
	        "is not ASCII, as its type says" },
	{ MADE_SAN(GEN_DNS, "h\xc3\xa9lice.example"), NULL, "is not ASCII, as its type says" },
	{ { NID_commonName, 0, V_ASN1_BMPSTRING, "\0e\0", 3 }, NULL, "is no BMPString" },
	{ { NID_commonName, 0, V_ASN1_BMPSTRING, "\xd8\x3d\xde\x00", 4 }, NULL, "is no BMPString" },
	{ { NID_commonName, 0, V_ASN1_T61STRING, "engine-7", 0 }, NULL,
	        "is in a character set that cannot be read for certain" },
	{ { NID_commonName, 0, V_ASN1_UNIVERSALSTRING, "\0\0\0e", 4 }, NULL,
	        "is in a character set that cannot be read for certain" },
	/* What is not seen. */
	{ MADE_CN("engine\n7"), NULL, "has a control character in it, or an invisible one" },
	{ MADE_CN("engine\x7f"), NULL, "has a control character in it, or an invisible one" },
	{ MADE_CN("engine\xc2\x85"), NULL, "has a control character in it, or an invisible one" },
	{ MADE_CN("engine\xe2\x80\xae-7"), NULL,
	        "has a control character in it, or an invisible one" },
	{ MADE_CN("engine\xe2\x80\x8b-7"), NULL,
	        "has a control character in it, or an invisible one" },
	{ MADE_SAN(GEN_EMAIL, "a@b\r\nX: y"), NULL,
	        "has a control character in it, or an invisible one" },
	/* Other names of it. */
	{ MADE_SAN(GEN_DNS, "Engine-7.Fleet.Example"), "engine-7.fleet.example", NULL },
	{ MADE_SAN(GEN_DNS, "*.fleet.example"), "*.fleet.example", NULL },
	{ MADE_SAN(GEN_URI, "urn:Ship:A"), "urn:Ship:A", NULL },
	{ MADE_SAN(GEN_EMAIL, "Engine-7@Fleet.Example"), "Engine-7@fleet.example", NULL },
	{ { 0, GEN_IPADD, 0, "\x0a\x14\x00\x07", 4 }, "10.20.0.7", NULL },
	{ { 0, GEN_IPADD, 0, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07", 16 }, "2001:db8::7",
	        NULL },
	{ { 0, GEN_IPADD, 0, "\x0a\x14\x00\x07\xff\xff\xff\x00", 8 }, NULL, "is no address" },
};

/* OpenSSL writes no subject that it could not read, so the name is put in afterwards: nobody looks at the signature. */
static slice der_with(const struct made_name *name)
{
	char filler[64] = "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq";
	size_t n = name->n ? name->n : strlen(name->bytes);
	struct making making = { .names = { *name } };
	if (!name->nid)
		return made_der(&arena, &making);
	assert_in_range(n, 1, sizeof filler);
	making.names[0] = (struct made_name){ name->nid, 0, V_ASN1_UTF8STRING, filler, n };
	slice der = made_der(&arena, &making);
	char *at = memmem(der.p, der.n, filler, n);
	assert_non_null(at);
	memcpy(at, name->bytes, n);
	at[-2] = (char)name->type;
	return der;
}

static void names_become_texts_or_say_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *why;
		struct certificate *read = certificate_read(&arena, der_with(&names[i].made), &why);
		/* Some subjects the library itself refuses to read. */
		if (!read && names[i].made.nid && names[i].fault) {
			assert_string_equal(why, "it cannot be read");
			continue;
		}
		if (!read)
			fail_msg("%zu: %s", i, why);
		assert_int_equal(read->nnames, 1);
		const struct certificate_name *name = &read->names[0];
		if (names[i].fault) {
			if (!name->fault || strcmp(name->fault, names[i].fault) != 0)
				fail_msg("%zu: %s", i, name->fault ? name->fault : "no fault");
			assert_null(name->text.p);
		} else {
			assert_null(name->fault);
			assert_slice(name->text, names[i].text);
		}
	}
}

static void kinds_are_kept_in_their_order(void **state)
{
	(void)state;
	struct making making = {
		.names = { MADE_CN("a"), MADE_OU("b"), MADE_OU("c"), MADE_SAN(GEN_DNS, "d"),
		        MADE_SAN(GEN_URI, "e"), MADE_SAN(GEN_EMAIL, "f@g"),
		        { 0, GEN_IPADD, 0, "\1\2\3\4", 4 },
		        { NID_organizationName, 0, V_ASN1_T61STRING, "\xff", 1 } }
	};
	static const enum certificate_name_kind kinds[] = { CERTIFICATE_COMMON_NAME,
		CERTIFICATE_UNIT, CERTIFICATE_UNIT, CERTIFICATE_DNS, CERTIFICATE_URI,
		CERTIFICATE_EMAIL, CERTIFICATE_IP };
	const char *why;
	struct certificate *read = certificate_read(&arena, made_der(&arena, &making), &why);
	assert_non_null(read);
	assert_int_equal(read->nnames, sizeof kinds / sizeof *kinds);
	for (unsigned i = 0; i < read->nnames; i++)
		assert_int_equal(read->names[i].kind, kinds[i]);
}

static void a_name_and_a_number_of_names_at_the_limit_and_past_it(void **state)
{
	(void)state;
	char long_name[CERTIFICATE_NAME_MAX_BYTES + 2];
	memset(long_name, 'x', sizeof long_name);
	struct making making = { .names = { { NID_commonName, 0, V_ASN1_UTF8STRING, long_name,
		                         CERTIFICATE_NAME_MAX_BYTES } } };
	const char *why;
	struct certificate *read = certificate_read(&arena, made_der(&arena, &making), &why);
	assert_null(read->names[0].fault);
	making.names[0].n++;
	read = certificate_read(&arena, made_der(&arena, &making), &why);
	assert_string_equal(read->names[0].fault, "is too long");
	for (unsigned i = 0; i < CERTIFICATE_NAMES_MAX; i++)
		making.names[i] = (struct made_name)MADE_SAN(GEN_DNS, "a");
	assert_non_null(certificate_read(&arena, made_der(&arena, &making), &why));
	making.names[CERTIFICATE_NAMES_MAX] = (struct made_name)MADE_SAN(GEN_DNS, "a");
	assert_null(certificate_read(&arena, made_der(&arena, &making), &why));
	assert_string_equal(why, "it has too many names");
}

static const struct {
	const char *usage, *extended, *unknown, *why;
} purposes[] = {
	{ NULL, NULL, NULL, NULL },
	{ "critical,digitalSignature", "clientAuth", NULL, NULL },
	{ "digitalSignature,keyEncipherment", "serverAuth,clientAuth", NULL, NULL },
	{ NULL, "anyExtendedKeyUsage", NULL, NULL },
	{ "critical,keyEncipherment", NULL, NULL, "its key is not for signing (keyUsage)" },
	{ "keyAgreement", "clientAuth", NULL, "its key is not for signing (keyUsage)" },
	{ NULL, "serverAuth", NULL, "it is not for clients (extendedKeyUsage)" },
	{ NULL, "critical,codeSigning", NULL, "it is not for clients (extendedKeyUsage)" },
	{ NULL, NULL, "1.2.3.4.5", "it has a critical extension that is not known here" },
};

static void it_must_be_for_clients_and_for_signing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof purposes / sizeof *purposes; i++) {
		struct making making = { .names = { MADE_CN("engine-7") },
			.key_usage = purposes[i].usage,
			.extended = purposes[i].extended,
			.unknown_critical = purposes[i].unknown };
		const char *why;
		struct certificate *read =
		        certificate_read(&arena, made_der(&arena, &making), &why);
		assert_int_equal(read == NULL, purposes[i].why != NULL);
		if (purposes[i].why)
			assert_string_equal(why, purposes[i].why);
	}
}

static void what_is_no_certificate_is_refused(void **state)
{
	(void)state;
	struct making making = { .names = { MADE_CN("engine-7"), MADE_SAN(GEN_DNS, "a") } };
	slice good = made_der(&arena, &making);
	const char *why;
	for (size_t n = 0; n < good.n; n++) {
		assert_null(certificate_read(&arena, (slice){ good.p, n }, &why));
		assert_string_equal(why, "it cannot be read");
	}
	char *longer = arena_alloc(&arena, good.n + 1);
	memcpy(longer, good.p, good.n);
	assert_null(certificate_read(&arena, (slice){ longer, good.n + 1 }, &why));
	assert_string_equal(why, "it cannot be read");
	char *huge = arena_alloc(&arena, CERTIFICATE_MAX_BYTES + 1);
	assert_null(certificate_read(&arena, (slice){ huge, CERTIFICATE_MAX_BYTES + 1 }, &why));
	assert_string_equal(why, "it is too long");
}

static void two_lists_of_names_are_none(void **state)
{
	(void)state;
	struct making making = { .names = { MADE_CN("engine-7"), MADE_SAN(GEN_DNS, "a") } };
	X509 *made = made_certificate(&making);
	made_extension(made, NID_subject_alt_name, "DNS:b");
	assert_true(X509_sign(made, made_key(), EVP_sha256()) > 0);
	unsigned char *bytes = NULL;
	int n = i2d_X509(made, &bytes);
	const char *why;
	assert_null(certificate_read(&arena, (slice){ (char *)bytes, (size_t)n }, &why));
	assert_non_null(why);
	OPENSSL_free(bytes);
	X509_free(made);
}

/* The last second that notAfter names is part of it. */
static void dates_are_read(void **state)
{
	(void)state;
	struct making making = { .names = { MADE_CN("a") }, .from_s = -100, .until_s = 100 };
	int64_t before_ms = (int64_t)(clock_wall_ns() / 1000000);
	const char *why;
	struct certificate *read = certificate_read(&arena, made_der(&arena, &making), &why);
	int64_t after_ms = (int64_t)(clock_wall_ns() / 1000000);
	assert_in_range(read->from_ms, before_ms - 101000, after_ms - 100000);
	assert_in_range(read->until_ms, before_ms + 100000, after_ms + 101000);
}

static int64_t until_of(const char *date)
{
	struct making making = { .names = { MADE_CN("a") } };
	X509 *made = made_certificate(&making);
	assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(made), date), 1);
	assert_true(X509_sign(made, made_key(), EVP_sha256()) > 0);
	unsigned char *bytes = NULL;
	int n = i2d_X509(made, &bytes);
	const char *why;
	struct certificate *read =
	        certificate_read(&arena, (slice){ (char *)bytes, (size_t)n }, &why);
	OPENSSL_free(bytes);
	X509_free(made);
	return read ? read->until_ms : -1;
}

static void dates_far_away_are_no_trouble(void **state)
{
	(void)state;
	assert_int_equal(until_of("99991231235959Z"), INT64_C(253402300800000));
	assert_int_equal(until_of("20380119031407Z"), INT64_C(2147483648000));
	assert_int_equal(until_of("20380119031408Z"), INT64_C(2147483649000));
	assert_int_equal(until_of("700101000000Z"), 1000);
	assert_int_equal(until_of("500101000000Z"), INT64_C(-631152000000) + 1000);
}

static void it_says_who_has_signed_it(void **state)
{
	(void)state;
	EVP_PKEY *ours = EVP_EC_gen("P-256"), *theirs = EVP_EC_gen("P-256");
	char path[64];
	const char *why;
	(void)snprintf(path, sizeof path, "/tmp/fairlead-authorities-%d.crt", (int)getpid());
	made_authority(path, "yard", theirs);
	made_authority(path, "fleet", ours);
	struct authorities *authorities = authorities_open(path, &why);
	assert_non_null(authorities);
	struct making making = { .names = { MADE_CN("a") }, .by = ours };
	assert_true(authorities_have_signed(authorities, made_der(&arena, &making)));
	/* Of somebody who has taken the name of ours. */
	making.by = theirs;
	assert_false(authorities_have_signed(authorities, made_der(&arena, &making)));
	making.issuer = "yard";
	assert_true(authorities_have_signed(authorities, made_der(&arena, &making)));
	making.issuer = "other";
	assert_false(authorities_have_signed(authorities, made_der(&arena, &making)));
	authorities_destroy(authorities);
	FILE *file = fopen(path, "ab");
	(void)fputs("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", file);
	(void)fclose(file);
	assert_null(authorities_open(path, &why));
	assert_string_equal(why, "a certificate in it cannot be read");
	file = fopen(path, "wb");
	(void)fclose(file);
	assert_null(authorities_open(path, &why));
	assert_string_equal(why, "there is no certificate in it");
	(void)unlink(path);
	assert_null(authorities_open(path, &why));
	assert_string_equal(why, "it cannot be read");
	EVP_PKEY_free(ours);
	EVP_PKEY_free(theirs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		        names_become_texts_or_say_what_is_wrong, setup, teardown),
		cmocka_unit_test_setup_teardown(kinds_are_kept_in_their_order, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        a_name_and_a_number_of_names_at_the_limit_and_past_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        it_must_be_for_clients_and_for_signing, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_certificate_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(two_lists_of_names_are_none, setup, teardown),
		cmocka_unit_test_setup_teardown(dates_are_read, setup, teardown),
		cmocka_unit_test_setup_teardown(dates_far_away_are_no_trouble, setup, teardown),
		cmocka_unit_test_setup_teardown(it_says_who_has_signed_it, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
