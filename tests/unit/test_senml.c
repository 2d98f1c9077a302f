/* SenML packs: what they resolve to, what is none, and what is written. */
#include "support.h"

#include "api/codec.h"
#include "base/text.h"

extern const struct codec codec_senml_json, codec_senml_cbor, codec_json, codec_cbor;

enum { ARENA_BYTES = 1 << 24 };
#include "arena_fixture.h"
static struct error error;

static const struct value *decoded(const struct codec *codec, slice body)
{
	error = (struct error){ .text = "" };
	bool good = codec->check(body, &error);
	const struct value *value = codec->decode(&arena, body, &error);
	if (!value || !good)
		fail_msg("%.*s: %s", SLICE_ARG(body), error.text);
	return value;
}

static slice shown(const char *pack)
{
	return value_show(&arena, decoded(&codec_senml_json, slice_of(pack)));
}

static const struct {
	const char *pack, *records;
} resolved[] = {
	/* Names. */
	{ "[{\"n\":\"urn:dev:mac:0024befffe804ff1\",\"v\":21}]",
	        "[{\"n\":\"urn:dev:mac:0024befffe804ff1\",\"v\":21}]" },
	{ "[{\"bn\":\"ship7/\",\"n\":\"oil\",\"v\":81.40}]",
	        "[{\"n\":\"ship7/oil\",\"v\":81.40d}]" },
	{ "[{\"bn\":\"ship7\",\"v\":1},{\"v\":2}]",
	        "[{\"n\":\"ship7\",\"v\":1},{\"n\":\"ship7\",\"v\":2}]" },
	{ "[{\"bn\":\"a/\",\"n\":\"x\",\"v\":1},{\"n\":\"y\",\"v\":2},{\"bn\":\"b/"
	  "\",\"n\":\"x\",\"v\":3},"
	  "{\"bn\":\"\",\"n\":\"x\",\"v\":4}]",
	        "[{\"n\":\"a/x\",\"v\":1},{\"n\":\"a/y\",\"v\":2},{\"n\":\"b/x\",\"v\":3},"
	        "{\"n\":\"x\",\"v\":4}]" },
	{ "[{\"bn\":\"a\",\"n\":\"-:./_9\",\"v\":1}]", "[{\"n\":\"a-:./_9\",\"v\":1}]" },
	{ "[{\"bn\":\"shi\\u0070\",\"n\":\"\\u0037\",\"v\":1},{\"n\":\"8\",\"v\":1}]",
	        "[{\"n\":\"ship7\",\"v\":1},{\"n\":\"ship8\",\"v\":1}]" },
	/* A record of base fields is none, wherever they stand in it. */
	{ "[{\"bn\":\"a:\",\"bu\":\"Cel\"},{\"n\":\"x\",\"v\":1}]",
	        "[{\"n\":\"a:x\",\"u\":\"Cel\",\"v\":1}]" },
	{ "[{\"v\":1,\"n\":\"x\",\"bn\":\"a:\",\"bu\":\"Cel\"}]",
	        "[{\"n\":\"a:x\",\"u\":\"Cel\",\"v\":1}]" },
	/* Units. */
	{ "[{\"bn\":\"a\",\"bu\":\"A\",\"v\":1},{\"u\":\"V\",\"v\":2},{\"v\":3}]",
	        "[{\"n\":\"a\",\"u\":\"A\",\"v\":1},{\"n\":\"a\",\"u\":\"V\",\"v\":2},"
	        "{\"n\":\"a\",\"u\":\"A\",\"v\":3}]" },
	/* Values: added digit by digit. */
	{ "[{\"bn\":\"a\",\"bv\":20.1,\"v\":0.2},{\"v\":-20.1},{\"v\":0}]",
	        "[{\"n\":\"a\",\"v\":20.3d},{\"n\":\"a\",\"v\":0},{\"n\":\"a\",\"v\":20.1d}]" },
	{ "[{\"bn\":\"a\",\"bv\":9007199254740992,\"v\":1},{\"v\":0.5}]",
	        "[{\"n\":\"a\",\"v\":9007199254740993},{\"n\":\"a\",\"v\":9007199254740992.5d}]" },
	{ "[{\"bn\":\"a\",\"bv\":18446744073709551614,\"v\":1}]",
	        "[{\"n\":\"a\",\"v\":18446744073709551615u}]" },
	{ "[{\"bn\":\"a\",\"bv\":20,\"vs\":\"on\"},{\"vb\":true},{\"vd\":\"aGkK\"},{\"u\":\"Cel\"}"
	  "]",
	        "[{\"n\":\"a\",\"vs\":\"on\"},{\"n\":\"a\",\"vb\":true},{\"n\":\"a\",\"vd\":h'"
	        "68690a'},"
	        "{\"n\":\"a\",\"u\":\"Cel\",\"v\":20}]" },
	{ "[{\"n\":\"a\",\"v\":1E3}]", "[{\"n\":\"a\",\"v\":1e3d}]" },
	/* Sums. */
	{ "[{\"n\":\"a\",\"s\":7.5}]", "[{\"n\":\"a\",\"s\":7.5d}]" },
	{ "[{\"bn\":\"a\",\"bs\":100.1,\"v\":1},{\"s\":0.2}]",
	        "[{\"n\":\"a\",\"v\":1,\"s\":100.1d},{\"n\":\"a\",\"s\":100.3d}]" },
	/* Times: absolute, relative, none. */
	{ "[{\"bn\":\"a\",\"bt\":1764057600,\"v\":1},{\"t\":0.000000001,\"v\":2},{\"t\":10,\"v\":3}"
	  "]",
	        "[{\"n\":\"a\",\"v\":1,\"t\":1764057600},{\"n\":\"a\",\"v\":2,\"t\":1764057600."
	        "000000001d},"
	        "{\"n\":\"a\",\"v\":3,\"t\":1764057610}]" },
	{ "[{\"n\":\"a\",\"t\":-5,\"v\":1},{\"n\":\"b\",\"v\":2}]",
	        "[{\"n\":\"a\",\"v\":1,\"t\":-5},{\"n\":\"b\",\"v\":2}]" },
	{ "[{\"n\":\"a\",\"t\":1.7640576E9,\"ut\":60,\"v\":1}]",
	        "[{\"n\":\"a\",\"v\":1,\"t\":1.7640576e9d,\"ut\":60}]" },
	/* In the order in which they came. */
	{ "[{\"bn\":\"a\",\"bt\":1764057600,\"t\":3,\"v\":1},{\"t\":1,\"v\":2}]",
	        "[{\"n\":\"a\",\"v\":1,\"t\":1764057603},{\"n\":\"a\",\"v\":2,\"t\":1764057601}]" },
	/* Versions up to ours, and what is not known. */
	{ "[{\"bver\":10,\"n\":\"a\",\"v\":1},{\"bver\":10,\"n\":\"b\",\"v\":1}]",
	        "[{\"n\":\"a\",\"v\":1},{\"n\":\"b\",\"v\":1}]" },
	{ "[{\"bver\":5,\"n\":\"a\",\"v\":1},{\"n\":\"b\",\"v\":1}]",
	        "[{\"n\":\"a\",\"v\":1},{\"n\":\"b\",\"v\":1}]" },
	{ "[{\"n\":\"a\",\"v\":1},{\"bver\":10,\"n\":\"b\",\"v\":1}]",
	        "[{\"n\":\"a\",\"v\":1},{\"n\":\"b\",\"v\":1}]" },
	{ "[{\"x\":[1],\"n\":\"a\",\"bx\":null,\"v\":1,\"\":0}]",
	        "[{\"n\":\"a\",\"v\":1,\"x\":[1],\"bx\":null,\"\":0}]" },
	/* Of fields with the same name the last one counts, as ever in JSON. */
	{ "[{\"n\":\"a\",\"v\":1,\"n\":\"b\",\"v\":2}]", "[{\"n\":\"b\",\"v\":2}]" },
	/* The largest and the smallest. */
	{ "[{\"n\":\"0\",\"v\":1.7976931348623157e308}]",
	        "[{\"n\":\"0\",\"v\":1.7976931348623157e308d}]" },
	{ "[{\"n\":\"a\",\"vs\":\"\"},{\"n\":\"a\",\"vd\":\"\"}]",
	        "[{\"n\":\"a\",\"vs\":\"\"},{\"n\":\"a\",\"vd\":h''}]" },
};

static void packs_are_resolved(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof resolved / sizeof *resolved; i++)
		assert_slice(shown(resolved[i].pack), resolved[i].records);
}

/* The same pack in CBOR, and what both give again after they were written. */
static void notations_agree(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof resolved / sizeof *resolved; i++) {
		const struct value *records =
		        decoded(&codec_senml_json, slice_of(resolved[i].pack));
		const struct codec *both[] = { &codec_senml_json, &codec_senml_cbor };
		for (unsigned c = 0; c < 2; c++) {
			slice written = both[c]->encode(&arena, records, &error);
			assert_non_null(written.p);
			const struct value *again = decoded(both[c], written);
			assert_true(value_equal(records, again));
			/* What passes for a pack does so as plain JSON or CBOR, too. */
			assert_non_null(codec_json.encode(&arena, again, &error).p);
			assert_non_null(codec_cbor.encode(&arena, again, &error).p);
		}
	}
}

static const struct {
	const char *pack, *why;
} refused[] = {
	{ "", "JSON: the text ends too early" },
	{ "{\"n\":\"a\",\"v\":1}", "JSON: a list of maps is missing here" },
	{ "[1]", "JSON: a map is missing here" },
	{ "[{\"n\":\"a\",\"v\":1}", "JSON: the text ends too early" },
	{ "[{\"n\":\"a\",\"v\":1},]", "JSON: a map is missing here" },
	{ "[{\"n\":\"a\",\"v\":1}]]", "JSON: something follows the value" },
	{ "\xef\xbb\xbf[]", "JSON: the text begins with a byte order mark" },
	{ "[]", "SenML: the pack has no record with a value" },
	{ "[{}]", "SenML: the pack has no record with a value" },
	{ "[{\"bn\":\"a\",\"bv\":1}]", "SenML: the pack has no record with a value" },
	{ "[{\"v\":1}]", "SenML: record 1: a name is missing: neither n nor bn" },
	{ "[{\"n\":\"a\",\"v\":1},{\"n\":\"\",\"v\":1}]",
	        "SenML: record 2: a name is missing: neither n nor bn" },
	{ "[{\"n\":\"a b\",\"v\":1}]", "SenML: record 1: n has a character that no name may have" },
	{ "[{\"n\":\"a\\u0000\",\"v\":1}]",
	        "SenML: record 1: n has a character that no name may have" },
	{ "[{\"n\":\"g\xc3\xbc\",\"v\":1}]",
	        "SenML: record 1: n has a character that no name may have" },
	{ "[{\"bn\":\"a?\"},{\"n\":\"b\",\"v\":1}]",
	        "SenML: record 1: bn has a character that no name may have" },
	{ "[{\"n\":\"/a\",\"v\":1}]", "SenML: record 1: a name begins with a letter or a digit" },
	{ "[{\"bn\":\"_\",\"n\":\"a\",\"v\":1}]",
	        "SenML: record 1: a name begins with a letter or a digit" },
	{ "[{\"n\":7,\"v\":1}]", "SenML: record 1: n is no text" },
	{ "[{\"n\":\"a\",\"v\":\"1\"}]", "SenML: record 1: v is no number" },
	{ "[{\"n\":\"a\",\"v\":null}]", "SenML: record 1: v is no number" },
	{ "[{\"n\":\"a\",\"vb\":1}]", "SenML: record 1: vb is neither true nor false" },
	{ "[{\"n\":\"a\",\"vs\":1}]", "SenML: record 1: vs is no text" },
	{ "[{\"n\":\"a\",\"vd\":\"a\"}]", "SenML: record 1: vd is no base64url text" },
	{ "[{\"n\":\"a\",\"vd\":1}]", "SenML: record 1: vd is no base64url text" },
	{ "[{\"n\":\"a\",\"u\":1,\"v\":1}]", "SenML: record 1: u is no text" },
	{ "[{\"n\":\"a\",\"t\":\"now\",\"v\":1}]", "SenML: record 1: t is no number" },
	{ "[{\"n\":\"a\",\"ut\":true,\"v\":1}]", "SenML: record 1: ut is no number" },
	{ "[{\"n\":\"a\"}]", "SenML: record 1: a value is missing: none of v, vs, vb, vd, s" },
	{ "[{\"bn\":\"a\",\"t\":1}]",
	        "SenML: record 1: a value is missing: none of v, vs, vb, vd, s" },
	{ "[{\"n\":\"a\",\"v\":1,\"vs\":\"1\"}]",
	        "SenML: record 1: more than one of v, vs, vb, vd" },
	{ "[{\"n\":\"a\",\"vb\":true,\"vd\":\"\"}]",
	        "SenML: record 1: more than one of v, vs, vb, vd" },
	{ "[{\"n\":\"a\",\"v\":1,\"must_\":1}]",
	        "SenML: record 1: the field must_ must be understood, and is not" },
	{ "[{\"n\":\"a\",\"v\":1,\"\\n_\":1}]",
	        "SenML: record 1: the field \"…_\" must be understood, and is not" },
	{ "[{\"bold_\":1},{\"n\":\"a\",\"v\":1}]",
	        "SenML: record 1: the field bold_ must be understood, and is not" },
	{ "[{\"bver\":11,\"n\":\"a\",\"v\":1}]",
	        "SenML: record 1: bver is above 10, the version known here" },
	{ "[{\"bver\":0,\"n\":\"a\",\"v\":1}]", "SenML: record 1: bver is no version" },
	{ "[{\"bver\":10.0,\"n\":\"a\",\"v\":1}]", "SenML: record 1: bver is no version" },
	{ "[{\"bver\":\"10\",\"n\":\"a\",\"v\":1}]", "SenML: record 1: bver is no number" },
	{ "[{\"bver\":5,\"n\":\"a\",\"v\":1},{\"bver\":10,\"n\":\"a\",\"v\":1}]",
	        "SenML: record 2: bver differs from the records before it" },
	{ "[{\"n\":\"a\",\"v\":1},{\"bver\":5,\"n\":\"a\",\"v\":1}]",
	        "SenML: record 2: bver differs from the records before it" },
	{ "[{\"bn\":\"a\",\"bv\":1e300,\"v\":1}]",
	        "SenML: record 1: v and its base have a sum with too many digits" },
	{ "[{\"bn\":\"a\",\"bs\":1.7e308,\"s\":1.7e308,\"v\":1}]",
	        "SenML: record 1: s and its base have a sum with too many digits" },
};

static void what_is_no_pack_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		slice body = slice_of(refused[i].pack);
		error = (struct error){ .text = "" };
		if (codec_senml_json.check(body, &error))
			fail_msg("%s: accepted", refused[i].pack);
		assert_string_equal(error.text, refused[i].why);
		error = (struct error){ .text = "" };
		assert_null(codec_senml_json.decode(&arena, body, &error));
		assert_string_equal(error.text, refused[i].why);
	}
}

static const struct {
	const char *hex, *records; /* NULL: refused */
} cbor[] = {
	/* {-2: "a/", 0: "x", 2: 21.5}, {0: "y", 4: true}, in a list with and without its length */
	{ "82a32162612f00617802f94d60a20061790"
	  "4f5",
	        "[{\"n\":\"a/x\",\"v\":21.5d},{\"n\":\"a/y\",\"vb\":true}]" },
	{ "9fbf2162612f00617802f94d60ffa200617904f5ff",
	        "[{\"n\":\"a/x\",\"v\":21.5d},{\"n\":\"a/y\",\"vb\":true}]" },
	/* Every label: bver bn bt bu bv bs; n u v s t ut; vd. */
	{ "82ac200a216161221a69247f8023615624022503006178016141020105020601071838a10843010203",
	        "[{\"n\":\"ax\",\"u\":\"A\",\"v\":3,\"s\":5,\"t\":1763999617,\"ut\":56},"
	        "{\"n\":\"a\",\"u\":\"V\",\"vd\":h'010203',\"s\":3,\"t\":1763999616}]" },
	/* A decimal fraction (tag 4), [-1, 201] and [-1, 2]. */
	{ "81a321616124c48220"
	  "18c902c4822002",
	        "[{\"n\":\"a\",\"v\":20.3d}]" },
	/* A single 81.4 and a base of 0.1. */
	{ "81a321616124fb3fb999999999999a02fa42a2cccd", "[{\"n\":\"a\",\"v\":81.5d}]" },
	/* Labels as texts are the same fields; other numbers are fields that nobody knows. */
	{ "81a3616e61616176010903", "[{\"n\":\"a\",\"v\":1,\"9\":3}]" },
	{ "81a2006161624e4101", NULL },
	{ "81a20061610841", NULL },
	/* The data of JSON. */
	{ "81a20061610864614d4b43", NULL },
	{ "80", NULL },
	{ "a10001", NULL },
	{ "8101", NULL },
	{ "81a200616102f6", NULL },
	{ "81a200616102f97e00", "[{\"n\":\"a\",\"v\":d}]" },
	{ "81a300616102010640", NULL },
	{ "81a3006161020106f97c00", NULL },
	{ "81a321616124f97c000201", NULL },
	{ "81a2006161020100", NULL },
};

static void cbor_has_numbers_for_labels(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cbor / sizeof *cbor; i++) {
		slice body = from_hex(&arena, cbor[i].hex);
		error = (struct error){ .text = "" };
		const struct value *value = codec_senml_cbor.decode(&arena, body, &error);
		assert_int_equal(codec_senml_cbor.check(body, &error), value != NULL);
		if (!cbor[i].records && !value)
			continue;
		if (!value || !cbor[i].records)
			fail_msg("%s: %s", cbor[i].hex, value ? "accepted" : error.text);
		assert_slice(value_show(&arena, value), cbor[i].records);
	}
}

static const struct {
	const char *json, *pack, *hex; /* NULL: refused, and why */
	const char *why;
} written[] = {
	{ "{\"n\":\"valve-3\",\"vb\":true}", "[{\"n\":\"valve-3\",\"vb\":true}]",
	        "81a2006776616c76652d3304f5", NULL },
	{ "[{\"v\":81.40,\"n\":\"a\",\"u\":\"Cel\",\"t\":-5}]",
	        "[{\"n\":\"a\",\"u\":\"Cel\",\"v\":81.40,\"t\":-5}]",
	        "81a4006161016343656c02fb405459999999999a0624", NULL },
	/* Bytes come as base64 from a JSON backend, in either alphabet. */
	{ "[{\"n\":\"a\",\"vd\":\"+/8=\"},{\"n\":\"a\",\"vd\":\"-_8\"}]",
	        "[{\"n\":\"a\",\"vd\":\"-_8\"},{\"n\":\"a\",\"vd\":\"-_8\"}]",
	        "82a20061610842fbffa20061610842fbff", NULL },
	/* Base fields are applied. */
	{ "[{\"bn\":\"a\",\"bv\":1,\"v\":1},{\"n\":\"b\",\"v\":2}]",
	        "[{\"n\":\"a\",\"v\":2},{\"n\":\"ab\",\"v\":3}]",
	        "82a20061610202a20062616202"
	        "03",
	        NULL },
	/* A time with more digits than a double has is a decimal fraction. */
	{ "{\"n\":\"a\",\"v\":1,\"t\":1764057600.123456789}",
	        "[{\"n\":\"a\",\"v\":1,\"t\":1764057600.123456789}]",
	        "81a3006161020106c482281b187b310a7aafcd15", NULL },
	{ "{\"n\":\"a\",\"v\":-1764057600.123456789,\"x\":true}",
	        "[{\"n\":\"a\",\"v\":-1764057600.123456789,\"x\":true}]",
	        "81a300616102c482283b187b310a7aafcd146178f5", NULL },
	{ "21.5", NULL, NULL,
	        "SenML: a pack is a list of maps, each with n and one of v, vs, vb, vd" },
	{ "[[]]", NULL, NULL,
	        "SenML: a pack is a list of maps, each with n and one of v, vs, vb, vd" },
	{ "[]", NULL, NULL, "SenML: the pack has no record with a value" },
	{ "{\"value\":81.4}", NULL, NULL, "SenML: record 1: a name is missing: neither n nor bn" },
	{ "{\"n\":\"a\",\"value\":81.4}", NULL, NULL,
	        "SenML: record 1: a value is missing: none of v, vs, vb, vd, s" },
	{ "[{\"n\":\"a\",\"v\":1},{\"n\":\"a\",\"v\":1,\"vs\":\"\"}]", NULL, NULL,
	        "SenML: record 2: more than one of v, vs, vb, vd" },
};

static void values_are_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
		const struct value *value =
		        codec_json.decode(&arena, slice_of(written[i].json), &error);
		slice before = value_show(&arena, value);
		slice json = codec_senml_json.encode(&arena, value, &error);
		slice bytes = codec_senml_cbor.encode(&arena, value, &error);
		assert_slice(before, arena_copy_slice(&arena, value_show(&arena, value)).p);
		if (!written[i].pack) {
			assert_null(json.p);
			assert_null(bytes.p);
			assert_string_equal(error.text, written[i].why);
			continue;
		}
		assert_slice(json, written[i].pack);
		assert_true(slice_equal(bytes, from_hex(&arena, written[i].hex)));
		assert_true(value_equal(
		        decoded(&codec_senml_json, json), decoded(&codec_senml_cbor, bytes)));
	}
}

static void numbers_that_json_lacks_are_said(void **state)
{
	(void)state;
	struct value *record = value_map(&arena);
	assert_true(value_set(record, SLICE("n"), value_text(&arena, SLICE("a"))));
	assert_true(value_set(record, SLICE("v"), value_double(&arena, __builtin_inf())));
	assert_null(codec_senml_json.encode(&arena, record, &error).p);
	assert_string_equal(error.text, "JSON has no notation for infinity and not-a-number");
	assert_non_null(codec_senml_cbor.encode(&arena, record, &error).p);
}

/* A single stays one, though its decimal is not the shortest of the same double. */
static void singles_are_no_fractions(void **state)
{
	(void)state;
	static const char *const packs[] = { "81a200616102fa42a2cccd", "81a200616102fa7f7fffff",
		"81a200616102f93e00" };
	for (size_t i = 0; i < sizeof packs / sizeof *packs; i++) {
		slice body = from_hex(&arena, packs[i]);
		const struct value *value = decoded(&codec_senml_cbor, body);
		assert_true(slice_equal(codec_senml_cbor.encode(&arena, value, &error), body));
	}
}

static void the_codec_goes_before_the_suffix(void **state)
{
	(void)state;
	assert_ptr_equal(codec_for(SLICE("application/senml+json")), &codec_senml_json);
	assert_ptr_equal(codec_for(SLICE("Application/SenML+CBOR; x=y")), &codec_senml_cbor);
	assert_ptr_equal(codec_for(SLICE("application/sensml+json")), &codec_senml_json);
	assert_ptr_equal(codec_for(SLICE("application/sensml+cbor")), &codec_senml_cbor);
	assert_ptr_equal(codec_for(SLICE("application/senml-etch+json")), &codec_json);
	assert_ptr_equal(codec_for(SLICE("application/problem+json")), &codec_json);
	assert_ptr_equal(codec_for(SLICE("application/cbor")), &codec_cbor);
}

/* A long base name in front of many short records: to look at them takes no more than the longest of them. */
static void a_budget_is_held(void **state)
{
	(void)state;
	enum { NAME = 20000, RECORDS = 2000 };
	struct text text;
	text_init(&text, &arena, 0);
	text_literal(&text, "[{\"bn\":\"");
	for (unsigned i = 0; i < NAME; i++)
		text_char(&text, 'x');
	text_literal(&text, "\"}");
	for (unsigned i = 0; i < RECORDS; i++)
		text_literal(&text, ",{\"n\":\"y\",\"v\":1}");
	text_char(&text, ']');
	slice body = text_slice(&text);
	assert_true(codec_senml_json.check(body, &error));
	assert_null(codec_senml_json.decode(&arena, body, &error));
	assert_string_equal(error.text, "SenML: the pack takes more memory than a request may");
	for (size_t budget = 64; budget < 4096; budget += 64) {
		struct arena small;
		arena_init(&small, budget);
		(void)codec_senml_json.decode(&small,
		        SLICE("[{\"bn\":\"a\",\"bt\":1e9,\"bv\":1,\"bu\":\"V\",\"bs\":1},{\"n\":"
		              "\"b\","
		              "\"t\":1,\"v\":1},{\"vd\":\"AAAA\",\"t\":0}]"),
		        &error);
		arena_finish(&small);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(packs_are_resolved, setup, teardown),
		cmocka_unit_test_setup_teardown(notations_agree, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_pack_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(cbor_has_numbers_for_labels, setup, teardown),
		cmocka_unit_test_setup_teardown(values_are_written, setup, teardown),
		cmocka_unit_test_setup_teardown(numbers_that_json_lacks_are_said, setup, teardown),
		cmocka_unit_test_setup_teardown(singles_are_no_fractions, setup, teardown),
		cmocka_unit_test(the_codec_goes_before_the_suffix),
		cmocka_unit_test_setup_teardown(a_budget_is_held, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
