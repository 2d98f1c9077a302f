#include "support.h"

#include <math.h>

#include "api/codec.h"
#include "codec/value.h"

extern const struct codec codec_cbor, codec_json;

enum { ARENA_BYTES = 1 << 24 };
#include "arena_fixture.h"

static const struct value *decoded(const char *hex)
{
	struct error error = { .text = "" };
	slice body = from_hex(&arena, hex);
	assert_true(codec_cbor.check(body, &error));
	const struct value *value = codec_cbor.decode(&arena, body, &error);
	if (!value)
		fail_msg("%s: %s", hex, error.text);
	return value;
}

static const struct {
	const char *hex, *json, *back; /* back: written again; NULL: the same */
} readable[] = {
	{ "00", "0", NULL },
	{ "1818", "24", NULL },
	{ "1800", "0", "00" },
	{ "1b0000000000000001", "1", "01" },
	{ "1b187b310a7aafcd15", "1764057600123456789", NULL },
	{ "1bffffffffffffffff", "18446744073709551615", NULL },
	{ "20", "-1", NULL },
	{ "3903e7", "-1000", NULL },
	{ "3b7fffffffffffffff", "-9223372036854775808", NULL },
	{ "3b8000000000000000", "-9223372036854775809", "fbc3e0000000000000" },
	{ "3bffffffffffffffff", "-18446744073709551616", "fbc3f0000000000000" },
	{ "f90000", "0.0", NULL },
	{ "f98000", "-0.0", NULL },
	{ "f93e00", "1.5", NULL },
	{ "f97bff", "65504.0", NULL },
	{ "f90001", "5.960464477539063e-08", NULL },
	{ "f903ff", "0.00006097555160522461", NULL },
	{ "f90400", "0.00006103515625", NULL },
	{ "f9c400", "-4.0", NULL },
	{ "fa47c35000", "100000.0", NULL },
	{ "fa42a2cccd", "81.4", NULL },
	{ "fa3fc00000", "1.5", "f93e00" },
	{ "fa7f7fffff", "3.4028235e+38", NULL },
	{ "fb3ff199999999999a", "1.1", NULL },
	{ "fb7e37e43c8800759c", "1e+300", NULL },
	{ "c4822018c9", "20.1", "fb403419999999999a" },
	{ "c49f2019032eff", "81.4", "fb405459999999999a" },
	{ "c48203191388", "5000000", "1a004c4b40" },
	{ "c4823903e700", "0", "00" },
	{ "c48228c249010000000000000000", "18446744073.709551616", "fb42112e0be826d695" },
	{ "c48228c3480000000000000000", "-1e-09", "fbbe112e0be826d695" },
	{ "c482281b187b310a7aafcd15", "1764057600.123456789", "fb41da49588007e6b7" },
	{ "f4", "false", NULL },
	{ "f5", "true", NULL },
	{ "f6", "null", NULL },
	{ "f7", "null", "f6" },
	{ "40", "\"\"", NULL },
	{ "43010203", "\"AQID\"", NULL },
	{ "5f42010243030405ff", "\"AQIDBAU=\"", "450102030405" },
	{ "5f40ff", "\"\"", "40" },
	{ "5fff", "\"\"", "40" },
	{ "62c3bc", "\"\xc3\xbc\"", NULL },
	{ "7f657374726561646d696e67ff", "\"streaming\"", "6973747265616d696e67" },
	{ "7fff", "\"\"", "60" },
	{ "83010203", "[1,2,3]", NULL },
	{ "9f018202039f0405ffff", "[1,[2,3],[4,5]]", "8301820203820405" },
	{ "a26161016162820203", "{\"a\":1,\"b\":[2,3]}", NULL },
	{ "bf61610161629f0203ffff", "{\"a\":1,\"b\":[2,3]}", "a26161016162820203" },
	{ "a3210100026178f6", "{\"-2\":1,\"0\":2,\"x\":null}", "a3622d32016130026178f6" },
	{ "a13b800000000000000001", "{\"-9223372036854775809\":1}",
	        "a1742d3932323333373230333638353437373538303901" },
	{ "a2616101616102", "{\"a\":2}", "a1616102" },
	{ "c074323031332d30332d32315432303a30343a30305a", "\"2013-03-21T20:04:00Z\"",
	        "74323031332d30332d32315432303a30343a30305a" },
	{ "c11a514b67b0", "1363896240", "1a514b67b0" },
	{ "d9d9f783010203", "[1,2,3]", "83010203" },
	{ "dbffffffffffffffffc6c7d30a", "10", "0a" },
	{ "c24101", "1", "01" },
	{ "c240", "0", "00" },
	{ "c2480000000000000005", "5", "05" },
	{ "c248ffffffffffffffff", "18446744073709551615", "1bffffffffffffffff" },
	{ "c249010000000000000000", "18446744073709551616", "fb43f0000000000000" },
	{ "c349010000000000000000", "-18446744073709551617", "fbc3f0000000000000" },
	{ "c24a00000000000000000001", "1", "01" },
	{ "c24a01000000000000000000", "4722366482869645213696", "fb4470000000000000" },
	{ "c34105", "-6", "25" },
	{ "c347ffffffffffffff", "-72057594037927936", "3b00ffffffffffffff" },
};

static void items_are_read_and_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof readable / sizeof *readable; i++) {
		struct error error;
		const struct value *value = decoded(readable[i].hex);
		assert_slice(codec_json.encode(&arena, value, &error), readable[i].json);
		const char *back = readable[i].back ? readable[i].back : readable[i].hex;
		slice expected = from_hex(&arena, back);
		slice written = codec_cbor.encode(&arena, value, &error);
		if (!slice_equal(written, expected))
			fail_msg("%s is not written as %s", readable[i].hex, back);
	}
}

static void chunked_integers_are_read(void **state)
{
	(void)state;
	struct error error;
	const struct value *value = decoded("c25f420100410042ffffff");
	assert_slice(codec_json.encode(&arena, value, &error), "4295032831");
}

static void other_items_are_refused(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"",
		"18",
		"1b00000000",
		"1c",
		"1f",
		"3f",
		"df00",
		"fc",
		"f8",
		"f800",
		"f81f",
		"f820",
		"e0",
		"f3",
		"f8ff",
		"ff",
		"41",
		"6261",
		"5f",
		"5f41",
		"5f6100ff",
		"7f4100ff",
		"5f5f4100ffff",
		"5f00ff",
		"81",
		"8201",
		"9f",
		"9f01",
		"a1",
		"a101",
		"bf",
		"bf01",
		"bf01ff",
		"a1ff01",
		"81ff",
		"82ff",
		"c0",
		"c1ff",
		"0001",
		"f6f6",
		"61ff",
		"62c328",
		"63eda080",
		"7f61c361bcff",
		"a1f601",
		"a1400001",
		"a1800001",
		"a1f93c0001",
		"a1c2410101",
		"c201",
		"c26101",
		"c3f6",
		"5bffffffffffffffff00",
		"7b0000000100000000",
		"9bffffffffffffffff01",
		"bbffffffffffffffff0101",
		"9b1000000000000000",
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct error error = { .text = "" }, same = { .text = "" };
		slice body = from_hex(&arena, cases[i]);
		if (codec_cbor.check(body, &error) || codec_cbor.decode(&arena, body, &same))
			fail_msg("accepted: %s", cases[i]);
		assert_string_equal(error.text, same.text);
		assert_non_null(strstr(error.text, "at byte"));
	}
}

static void bad_fractions_are_refused(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"c400",             /* no list */
		"c48101",           /* one number */
		"c483010203",       /* three */
		"c49f0102",         /* no end */
		"c49f01ff",         /* too early an end */
		"c49f010203ff",     /* too late an end */
		"c482f500",         /* the exponent is no integer */
		"c482c2410100",     /* nor a large one */
		"c48201f93c00",     /* the digits are no integer */
		"c4820161",         /* cut off */
		"c482190134190fa0", /* 4000e308 */
		"c4821bffffffffffffffff01",
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct error error = { .text = "" };
		slice body = from_hex(&arena, cases[i]);
		if (codec_cbor.check(body, &error) || codec_cbor.decode(&arena, body, &error))
			fail_msg("accepted: %s", cases[i]);
	}
}

static void integers_beyond_doubles_are_refused(void **state)
{
	(void)state;
	unsigned char bytes[3 + 129];
	memset(bytes, 0xff, sizeof bytes);
	memcpy(bytes, "\xc2\x58\x80", 3);
	struct error error;
	assert_false(codec_cbor.check((slice){ (char *)bytes, 3 + 128 }, &error));
	bytes[3] = 0x7f;
	assert_true(codec_cbor.check((slice){ (char *)bytes, 3 + 128 }, &error));
	struct value *value = codec_cbor.decode(&arena, (slice){ (char *)bytes, 3 + 128 }, &error);
	assert_non_null(value);
	assert_true(value->as.real == 0x1p1023);
	assert_int_equal(value->literal.n, 308);
	bytes[2] = 0x81;
	assert_false(codec_cbor.check((slice){ (char *)bytes, 3 + 129 }, &error));
}

static void nesting_has_a_limit(void **state)
{
	(void)state;
	char bytes[VALUE_DEPTH_MAX + 2];
	memset(bytes, '\x81', sizeof bytes);
	bytes[VALUE_DEPTH_MAX] = 1;
	struct error error;
	slice deepest = { bytes, VALUE_DEPTH_MAX + 1 };
	const struct value *value = codec_cbor.decode(&arena, deepest, &error);
	assert_non_null(value);
	assert_slice_equal(codec_cbor.encode(&arena, value, &error), deepest, __FILE__, __LINE__);
	bytes[VALUE_DEPTH_MAX] = '\x81';
	bytes[VALUE_DEPTH_MAX + 1] = 1;
	assert_false(codec_cbor.check((slice){ bytes, VALUE_DEPTH_MAX + 2 }, &error));
	assert_non_null(strstr(error.text, "nested too deeply"));
}

static void non_finite_numbers_are_halves(void **state)
{
	(void)state;
	static const char *const cases[][2] = { { "f97c00", "f97c00" }, { "fa7f800000", "f97c00" },
		{ "fb7ff0000000000000", "f97c00" }, { "f9fc00", "f9fc00" },
		{ "fbfff0000000000000", "f9fc00" }, { "f97e00", "f97e00" },
		{ "fa7fc00000", "f97e00" }, { "fb7ff8000000000000", "f97e00" } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct error error;
		const struct value *value = decoded(cases[i][0]);
		assert_null(codec_json.encode(&arena, value, &error).p);
		assert_slice_equal(codec_cbor.encode(&arena, value, &error),
		        from_hex(&arena, cases[i][1]), __FILE__, __LINE__);
	}
}

/* The number is the same again; its notation may be another. */
static void json_survives_cbor(void **state)
{
	(void)state;
	static const char *const cases[] = { "81.40", "81.4000015258789", "81.4000015258789063",
		"3.4028234663852886e+38", "100000000000000000000", "-0", "1e-400", "0.1",
		"16777217", "1764057600123456789", "18446744073709551615", "-9223372036854775808",
		"5e-324" };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct error error;
		struct value *value = codec_json.decode(&arena, slice_of(cases[i]), &error);
		assert_non_null(value);
		slice cbor = codec_cbor.encode(&arena, value, &error);
		slice json =
		        codec_json.encode(&arena, codec_cbor.decode(&arena, cbor, &error), &error);
		struct value *again = codec_json.decode(&arena, json, &error);
		assert_non_null(again);
		if (!value_equal(value, again))
			fail_msg("%s became %.*s", cases[i], SLICE_ARG(json));
	}
}

static void budgets_are_kept(void **state)
{
	(void)state;
	struct error error;
	slice body = from_hex(&arena, "a26161c249010000000000000000217f6161ff");
	struct value *value = codec_cbor.decode(&arena, body, &error);
	assert_non_null(value);
	struct arena small;
	arena_init(&small, 0);
	assert_null(codec_cbor.decode(&small, body, &error));
	assert_non_null(strstr(error.text, "memory"));
	assert_null(codec_cbor.encode(&small, value, &error).p);
	assert_non_null(strstr(error.text, "memory"));
	arena_finish(&small);
}

static void media_types_find_it(void **state)
{
	(void)state;
	assert_ptr_equal(codec_for(SLICE("application/cbor")), &codec_cbor);
	assert_ptr_equal(codec_for(SLICE("application/vnd.x+CBOR; a=b")), &codec_cbor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(items_are_read_and_written, setup, teardown),
		cmocka_unit_test_setup_teardown(chunked_integers_are_read, setup, teardown),
		cmocka_unit_test_setup_teardown(other_items_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_fractions_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        integers_beyond_doubles_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(nesting_has_a_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(non_finite_numbers_are_halves, setup, teardown),
		cmocka_unit_test_setup_teardown(json_survives_cbor, setup, teardown),
		cmocka_unit_test_setup_teardown(budgets_are_kept, setup, teardown),
		cmocka_unit_test(media_types_find_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
