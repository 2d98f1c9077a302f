/* Writing frames from values: what is computed, what is refused, and that what was read is written again. */
#include "support.h"

#include "api/codec.h"
#include "base/hex.h"
#include "codec/frame/frame.h"
#include "support_frame.h"

#include <stdio.h>

enum { BUDGET = 8 << 20 };

static const struct value *from_json(struct arena *arena, const char *json)
{
	struct error error = { .text = "" };
	const struct value *value =
	        codec_for(SLICE("application/json"))->decode(arena, slice_of(json), &error);
	if (!value)
		fail_msg("%s: %s", json, error.text);
	return value;
}

/* What a value is written as, in hexadecimal digits; or the fault as "path: text". */
static slice written(struct arena *arena, const struct frame_schema *schema, const char *type,
        const char *json, bool whole)
{
	struct frame_fault fault;
	const struct value *value = from_json(arena, json);
	slice bytes = whole ? frame_write(schema, arena, slice_of(type), value, &fault)
	                    : frame_encode(schema, arena, slice_of(type), value, &fault);
	if (!bytes.p) {
		assert_int_not_equal(fault.kind, FRAME_FAULT_NONE);
		return arena_printf(arena, "%s: %s", fault.path, fault.text);
	}
	assert_int_equal(fault.kind, FRAME_FAULT_NONE);
	char *digits = arena_alloc(arena, 2 * bytes.n + 1);
	hex_encode(bytes, digits);
	return (slice){ digits, 2 * bytes.n };
}

struct written_as {
	const char *json, *expected;
};

static void expect_all(const char *description, const char *type, bool whole,
        const struct written_as *cases, size_t n)
{
	struct frame_schema *schema = frame_loaded(description);
	for (size_t i = 0; i < n; i++) {
		struct arena arena;
		arena_init(&arena, BUDGET);
		slice got = written(&arena, schema, type, cases[i].json, whole);
		if (!slice_is(got, cases[i].expected))
			fail_msg("%s\n gives %.*s\n not   %s", cases[i].json, SLICE_ARG(got),
			        cases[i].expected);
		arena_finish(&arena);
	}
	frame_schema_free(schema);
}
#define EXPECT(description, type, cases)                                                           \
	expect_all(description, type, false, cases, sizeof cases / sizeof *cases)
#define EXPECT_WHOLE(description, cases)                                                           \
	expect_all(description, "", true, cases, sizeof cases / sizeof *cases)

static void test_numbers(void **state)
{
	static const char description[] =
	        "meta: { id: x, endian: be }\n"
	        "seq:\n"
	        "  - { id: a, type: u1 }\n  - { id: b, type: s2 }\n  - { id: c, type: u8le }\n"
	        "  - { id: d, type: f4 }\n  - { id: e, type: u1, enum: colour }\n"
	        "enums: { colour: { 1: red, 2: green } }\n";
	static const struct written_as cases[] = {
		{ "{\"a\":255,\"b\":-2,\"c\":18446744073709551615,\"d\":81.4,\"e\":\"green\"}",
		        "fffffeffffffffffffffff42a2cccd02" },
		{ "{\"a\":1.0,\"b\":32767,\"c\":1,\"d\":1,\"e\":7}",
		        "017fff01000000000000003f80000007" },
		{ "{\"a\":256,\"b\":0,\"c\":0,\"d\":0,\"e\":1}",
		        "a: is 256, which u1 cannot hold" },
		{ "{\"a\":-1,\"b\":0,\"c\":0,\"d\":0,\"e\":1}", "a: is -1, which u1 cannot hold" },
		{ "{\"a\":0.5,\"b\":0,\"c\":0,\"d\":0,\"e\":1}",
		        "a: is 0.5, which u1 cannot hold" },
		{ "{\"a\":0,\"b\":32768,\"c\":0,\"d\":0,\"e\":1}",
		        "b: is 32768, which s2 cannot hold" },
		{ "{\"a\":0,\"b\":0,\"c\":0,\"d\":1e39,\"e\":1}",
		        "d: is 1e39, which f4 cannot hold" },
		{ "{\"a\":0,\"b\":0,\"c\":0,\"d\":0,\"e\":\"blue\"}",
		        "e: is \"blue\", a name that the enum \"colour\" has not" },
		{ "{\"a\":\"1\",\"b\":0,\"c\":0,\"d\":0,\"e\":1}",
		        "a: is a text, where a number is needed" },
		{ "{\"b\":0,\"c\":0,\"d\":0,\"e\":1}",
		        "a: is missing, and nothing in the frame says what it is" },
		{ "{\"a\":0,\"b\":0,\"c\":0,\"d\":0,\"e\":1,\"f\":1}",
		        ": \"f\" is no field of \"x\"" },
	};
	(void)state;
	EXPECT(description, "", cases);
}

static void test_lengths_and_counts(void **state)
{
	static const char description[] =
	        "meta: { id: x, endian: be, encoding: ASCII }\n"
	        "seq:\n"
	        "  - { id: head, type: head }\n"
	        "  - { id: body, type: body, size: head.len - 2 }\n"
	        "  - { id: n, type: u1 }\n"
	        "  - { id: items, type: item(head.kind), repeat: expr, repeat-expr: n }\n"
	        "  - { id: again, type: u1, valid: n }\n"
	        "types:\n"
	        "  head:\n    seq:\n"
	        "      - { contents: [0xaa] }\n      - { id: len, type: u2 }\n"
	        "      - { id: kind, type: u1 }\n"
	        "  body:\n    seq:\n"
	        "      - { id: text_len, type: u1 }\n"
	        "      - { id: text, type: str, size: text_len }\n"
	        "      - { id: rest, size-eos: true }\n"
	        "  item:\n    params:\n      - { id: kind, type: u1 }\n    seq:\n"
	        "      - { id: small, type: u1, if: kind == 1 }\n"
	        "      - { id: large, type: u4, if: kind == 2 }\n";
	static const struct written_as cases[] = {
		{ "{\"head\":{\"kind\":1},\"body\":{\"text\":\"abc\",\"rest\":\"AQI=\"},"
		  "\"items\":[{\"small\":7},{\"small\":8}]}",
		        "aa000801036162630102020708"
		        "02" },
		{ "{\"head\":{\"kind\":2},\"body\":{\"text\":\"\",\"rest\":\"\"},"
		  "\"items\":[{\"large\":7}]}",
		        "aa0003020001000000070"
		        "1" },
		{ "{\"head\":{\"kind\":1,\"len\":9},\"body\":{\"text\":\"abc\",\"rest\":\"AQI=\"},"
		  "\"items\":[]}",
		        "body.rest: would be read back as something else: other fields say so" },
		{ "{\"head\":{\"kind\":1,\"len\":3},\"body\":{\"text\":\"abc\",\"rest\":\"AQI=\"},"
		  "\"items\":[]}",
		        "body: has 6 bytes, where it must have 1" },
		{ "{\"head\":{\"kind\":1},\"n\":1,\"body\":{\"text\":\"\",\"rest\":\"\"},\"items\":"
		  "[]}",
		        "items: has 0 items, where the frame counts 1" },
		{ "{\"head\":{\"kind\":2},\"body\":{\"text\":\"\",\"rest\":\"\"},"
		  "\"items\":[{\"small\":7,\"large\":1}]}",
		        "items[0].small: is given, but its `if` does not hold" },
	};
	(void)state;
	EXPECT(description, "", cases);
}

static void test_numbers_of_messages(void **state)
{
	static const char description[] =
	        "meta: { id: x, endian: be }\n"
	        "seq:\n"
	        "  - { id: t, type: s2, -fairlead-scale: 0.1, -fairlead-name: temperature }\n"
	        "  - { id: h, type: u1, -fairlead-scale: 0.5, -fairlead-offset: -40 }\n"
	        "  - { id: time, type: u8, -fairlead-scale: 1e-9 }\n"
	        "  - { id: f, type: f4, -fairlead-scale: 10 }\n"
	        "  - { id: l, type: u1, -fairlead-scale: 0.25, -fairlead-round: 1, repeat: eos }\n";
	static const struct written_as cases[] = {
		{ "{\"temperature\":23.5,\"h\":-0.5,\"time\":1764057600.123456789,"
		  "\"f\":815,\"l\":[0.3,0.5,1]}",
		        "00eb4f187b310a7aafcd1542a30000010204" },
		{ "{\"t\":-23.500000000000004,\"h\":87.5,\"time\":18446744073.709551615,"
		  "\"f\":0,\"l\":[]}",
		        "ff15ffffffffffffffffff00000000" },
		{ "{\"temperature\":23.57,\"h\":0,\"time\":0,\"f\":0,\"l\":[]}",
		        "t: is 23.57, which is none of the steps of its scale" },
		{ "{\"temperature\":3276.8,\"h\":0,\"time\":0,\"f\":0,\"l\":[]}",
		        "t: is 32768, which s2 cannot hold" },
		{ "{\"temperature\":1e300,\"h\":0,\"time\":0,\"f\":0,\"l\":[]}",
		        "t: is 1e300, which is none of the steps of its scale" },
	};
	(void)state;
	EXPECT(description, "", cases);
}

static void test_bits_and_byte_orders(void **state)
{
	static const char description[] =
	        "meta: { id: x, endian: { switch-on: mark, cases: { 1: le, 2: be } } }\n"
	        "params: [{ id: mark, type: u1 }]\n"
	        "seq:\n"
	        "  - { id: n, type: u2 }\n"
	        "  - { id: on, type: b1 }\n  - { id: a, type: b3 }\n  - { id: b, type: b12 }\n"
	        "  - { id: byte, type: u1 }\n"
	        "  - { id: c, type: b3le }\n  - { id: d, type: b13le }\n"
	        "  - { id: wide, type: b64, if: mark == 2 }\n";
	static const struct written_as cases[] = {
		{ "{\"mark\":1,\"n\":258,\"on\":true,\"a\":2,\"b\":2748,\"byte\":1,\"c\":5,\"d\":"
		  "4097}",
		        "0201aabc010d80" },
		{ "{\"mark\":2,\"n\":258,\"on\":0,\"a\":7,\"b\":0,\"byte\":1,\"c\":0,\"d\":8191,"
		  "\"wide\":18446744073709551615}",
		        "0102700001f8ffffffffffffffffff" },
		{ "{\"mark\":1,\"n\":0,\"on\":2,\"a\":0,\"b\":0,\"byte\":0,\"c\":0,\"d\":0}",
		        "on: is 2, which b1 cannot hold" },
		{ "{\"mark\":1,\"n\":0,\"on\":false,\"a\":8,\"b\":0,\"byte\":0,\"c\":0,\"d\":0}",
		        "a: is 8, which b3 cannot hold" },
		{ "{\"n\":0}", "mark: is missing (a parameter)" },
		{ "{\"mark\":3,\"n\":0,\"on\":false,\"a\":0,\"b\":0,\"byte\":0,\"c\":0,\"d\":0}",
		        ": what is written here could not be read: no case decides the byte "
		        "order" },
	};
	(void)state;
	EXPECT(description, "", cases);
}

static void test_texts(void **state)
{
	static const char description[] =
	        "meta: { id: x, encoding: UTF-8 }\n"
	        "seq:\n"
	        "  - { id: z, type: strz }\n"
	        "  - { id: wide, type: strz, encoding: UTF-16LE }\n"
	        "  - { id: padded, type: str, size: 6, pad-right: 0x20 }\n"
	        "  - { id: ended, type: str, size: 6, terminator: 0x0d, encoding: ISO-8859-1 }\n"
	        "  - { id: exact, type: str, size: 2, encoding: ASCII }\n"
	        "  - { id: line, type: str, terminator: 0x0a, include: true }\n"
	        "  - { id: rest, type: str, size-eos: true }\n";
#define TEXTS(z, wide, padded, ended, exact, line, rest)                                           \
	"{\"z\":\"" z "\",\"wide\":\"" wide "\",\"padded\":\"" padded "\",\"ended\":\"" ended      \
	"\",\"exact\":\"" exact "\",\"line\":\"" line "\",\"rest\":\"" rest "\"}"
	static const struct written_as cases[] = {
		{ TEXTS("a\xc3\xa9", "\xf0\x9f\x98\x80", "ab", "caf\xc3\xa9", "ok", "l\\n", "r"),
		        "61c3a900"
		        "3dd800de0000"
		        "616220202020"
		        "636166e90d00"
		        "6f6b"
		        "6c0a72" },
		{ TEXTS("", "", "abcdef", "abcdef", "ok", "\\n", ""), "00"
		                                                      "0000"
		                                                      "616263646566"
		                                                      "616263646566"
		                                                      "6f6b"
		                                                      "0a" },
		{ TEXTS("a\\u0000b", "", "", "", "ok", "\\n", ""), "z: contains its terminator" },
		{ TEXTS("", "", "abcdefg", "", "ok", "\\n", ""),
		        "padded: has 7 bytes, where it must have at most 6" },
		{ TEXTS("", "", "a ", "", "ok", "\\n", ""),
		        "padded: ends with the byte that it is padded with" },
		{ TEXTS("", "", "", "\xe2\x82\xac", "ok", "\\n", ""),
		        "ended: has a character that its encoding has not" },
		{ TEXTS("", "", "", "", "o", "\\n", ""),
		        "exact: has 1 bytes, where it must have 2" },
		{ TEXTS("", "", "", "", "\xc3\xa9", "\\n", ""),
		        "exact: has a character that its encoding has not" },
		{ TEXTS("", "", "", "", "ok", "l", ""), "line: does not end with its terminator" },
	};
	(void)state;
	EXPECT(description, "", cases);
}

static void test_tags_and_conditions(void **state)
{
	static const char description[] =
	        "meta: { id: x, endian: be, encoding: ASCII }\n"
	        "seq:\n"
	        "  - { id: has_speed, type: b1 }\n  - { id: more, type: b1 }\n  - { type: b6 }\n"
	        "  - { id: kind, type: u1, enum: kind }\n"
	        "  - id: body\n"
	        "    size: 4\n"
	        "    type: { switch-on: kind, cases: { 'kind::a': a, 'kind::b': b } }\n"
	        "  - { id: speed, type: u1, if: has_speed }\n"
	        "  - { id: extra, type: u1, if: not more == false }\n"
	        "  - { id: list, type: item, repeat: until, repeat-until: not _.next }\n"
	        "  - { id: digits, type: str, size: 4 }\n"
	        "  - { id: tail, type: str, size: digits.to_i - 2 }\n"
	        "types:\n"
	        "  a: { seq: [{ id: x, type: u2 }, { id: y, type: u2 }] }\n"
	        "  b: { seq: [{ id: x, type: u2 }, { id: z, type: u1 }] }\n"
	        "  item: { seq: [{ id: next, type: b1 }, { id: n, type: b7 }] }\n"
	        "enums: { kind: { 1: a, 2: b } }\n";
	static const struct written_as cases[] = {
		{ "{\"body\":{\"x\":1,\"z\":2},\"speed\":9,\"list\":[{\"n\":1},{\"n\":2}],\"tail\":"
		  "\"abc\"}",
		        "800200010200098102"
		        "30303035616263" },
		{ "{\"body\":{\"x\":1,\"y\":2},\"extra\":9,\"list\":[{\"n\":1}],\"tail\":\"\"}",
		        "4001000100020901"
		        "30303032" },
		{ "{\"body\":{\"x\":1},\"list\":[{\"n\":1}],\"tail\":\"\"}",
		        "kind: is missing, and nothing in the frame says what it is" },
		{ "{\"kind\":\"a\",\"body\":{\"x\":1,\"z\":2},\"list\":[{\"n\":1}],\"tail\":\"\"}",
		        "body: \"z\" is no field of \"a\"" },
		{ "{\"kind\":3,\"body\":\"AQIDBA==\",\"list\":[{\"n\":1,\"next\":true}],\"tail\":"
		  "\"\"}",
		        "list[0]: is the last item, but its `repeat-until` does not hold" },
		{ "{\"kind\":3,\"body\":\"AQIDBA==\",\"list\":[],\"tail\":\"\"}",
		        "list: must have at least one item" },
		{ "{\"kind\":3,\"body\":\"AQIDBA==\",\"has_speed\":false,\"speed\":1,\"list\":[{"
		  "\"n\":1}],"
		  "\"tail\":\"\"}",
		        "speed: is given, but its `if` does not hold" },
	};
	(void)state;
	EXPECT(description, "", cases);
}

static void test_what_the_description_computes(void **state)
{
	static const char description[] =
	        "meta: { id: x, endian: be }\n"
	        "seq:\n"
	        "  - { id: total, type: u1, -fairlead-write: first.length + second.length }\n"
	        "  - { id: version, type: u1, -fairlead-write: 3 }\n"
	        "  - { id: words, type: u1 }\n"
	        "  - { id: first, size: words * 2, process: 'xor(0x0f)' }\n"
	        "  - { id: both, type: u2 }\n"
	        "  - { id: second, size: (both >> 4) - 1 }\n"
	        "  - { id: masked, type: u2 }\n"
	        "  - { id: third, size: (masked & 0x0fff) ^ 1 }\n"
	        "  - { id: size, type: u1, valid: _io.size }\n"
	        "instances:\n"
	        "  sum: { value: total + version }\n";
	static const struct written_as cases[] = {
		{ "{\"first\":\"AAE=\",\"both\":33,\"second\":\"/w==\",\"third\":\"\",\"sum\":6}",
		        "0303010f0e0021ff00010b" },
		{ "{\"first\":\"\",\"version\":9,\"both\":16,\"second\":\"\",\"third\":\"qg==\"}",
		        "00090000100000aa09" },
		{ "{\"first\":\"AAE=\",\"both\":16,\"second\":\"\",\"third\":\"\",\"sum\":7}",
		        "total: would have to be two things at once: what depends on it "
		        "disagrees" },
		{ "{\"first\":\"AAEC\",\"both\":16,\"second\":\"\",\"third\":\"\"}",
		        "words: is missing, and nothing in the frame says what it is" },
		{ "{\"first\":\"\",\"second\":\"\",\"third\":\"\"}", "0003000010000108" },
		{ "{\"first\":\"@\",\"both\":16,\"second\":\"\",\"third\":\"\"}",
		        "first: is a text that is not base64, as bytes are" },
	};
	(void)state;
	EXPECT(description, "", cases);
}

static void test_bits_of_expressions(void **state)
{
	static const char description[] =
	        "meta: { id: x, endian: be }\n"
	        "seq:\n"
	        "  - { id: head, type: u1 }\n"
	        "  - { id: flags, type: u2 }\n"
	        "  - { id: a, type: u1, if: flags & 1 != 0 }\n"
	        "  - { id: b, type: u1, if: (flags & 0x8000) == 0x8000 }\n"
	        "  - { id: rest, size: (flags >> 4) & 0xff }\n"
	        "  - { id: raw, type: s4 }\n"
	        "instances:\n"
	        "  kind: { value: head >> 4, enum: kind }\n"
	        "  version: { value: head & 0x0f }\n"
	        "  latitude: { value: raw / 10000000.0 }\n"
	        "  tenths: { value: raw * 0.1 }\n"
	        "enums: { kind: { 3: data } }\n";
	static const struct written_as cases[] = {
		{ "{\"kind\":\"data\",\"version\":2,\"a\":7,\"rest\":\"AQI=\",\"latitude\":54."
		  "6872}",
		        "32002107010220989ac0" },
		{ "{\"kind\":15,\"version\":0,\"a\":7,\"b\":8,\"rest\":\"\",\"tenths\":-0.3}",
		        "f080010708fffffffd" },
		{ "{\"head\":1,\"version\":2,\"rest\":\"\",\"raw\":0}",
		        "version: comes out as 1: an instance is never written" },
		{ "{\"kind\":16,\"version\":2,\"rest\":\"\",\"raw\":0}",
		        "head: what is computed for it is more than it can hold" },
		{ "{\"head\":0,\"rest\":\"\",\"latitude\":0.12345678}",
		        "latitude: comes out as 0.1234568: an instance is never written" },
		{ "{\"head\":0,\"rest\":\"\",\"latitude\":900}",
		        "raw: what is computed for it is more than it can hold" },
		{ "{\"head\":0,\"rest\":\"\",\"latitude\":1,\"tenths\":1}",
		        "raw: would have to be two things at once: what depends on it disagrees" },
	};
	(void)state;
	EXPECT(description, "", cases);
}

static void test_framings(void **state)
{
	static const struct {
		const char *last, *framing;
		struct written_as cases[2];
	} framings[] = {
		{ "size: n - 5",
		        "length-field: { offset: 1, size: 2, counts: frame }, checksum: { "
		        "algorithm: "
		        "crc-16/modbus, endian: le }",
		        { { "{\"k\":1,\"d\":\"qrs=\"}", "010007aabb96d2" },
		                { "{\"k\":1,\"d\":\"\"}", "010005e003" } } },
		{ "size-eos: true", "delimiter: [0x0d, 0x0a]",
		        { { "{\"k\":1,\"n\":5,\"d\":\"qg==\"}", "010005aa0d0a" },
		                { "{\"k\":1,\"n\":5,\"d\":\"DQo=\"}",
		                        ": the framing would cut these bytes in another "
		                        "place" } } },
		{ "size-eos: true", "fixed: 5",
		        { { "{\"k\":1,\"n\":5,\"d\":\"qrs=\"}", "010005aabb" },
		                { "{\"k\":1,\"n\":5,\"d\":\"qg==\"}",
		                        ": the framing would cut these bytes in another "
		                        "place" } } },
		{ "size-eos: true",
		        "start: [0x7e], delimiter: [0x7e], escape: { byte: 0x7d, xor: 0x20 }",
		        { { "{\"k\":126,\"n\":125,\"d\":\"\"}", "7e00"
		                                                "7d5d7e" },
		                { "{\"k\":1,\"n\":0,\"d\":\"\"}", ": no framing of the description "
		                                                  "begins like this frame" } } },
	};
	(void)state;
	for (size_t i = 0; i < sizeof framings / sizeof *framings; i++) {
		char description[512];
		(void)snprintf(description, sizeof description,
		        "meta: { id: x, endian: be }\n"
		        "seq: [{ id: k, type: u1 }, { id: n, type: u2 }, { id: d, %s }]\n"
		        "-fairlead: { framing: { %s } }\n",
		        framings[i].last, framings[i].framing);
		expect_all(description, "", true, framings[i].cases, 2);
	}
}

/* ---- the descriptions that come along ---- */

static const struct {
	const char *schema, *hex;
} samples[] = {
	{ "tlv", "000b010441a26666020343656c" },
	{ "teltonika", "000f333536333037303432343431303133" },
	{ "teltonika", "000000000000003608010000016b40d8ea30010000000000000000000000000000000105021"
	               "50301010"
	               "1425e0f01f10000601a014e0000000000000000010000c7cf" },
	{ "reading", "fa01000c04616263640673657373616d4e82" },
	/* $GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47 */
	{ "nmea0183", "2447504747412c3132333531392c343830372e3033382c4e2c30313133312e3030302c452c31"
	              "2c30382c"
	              "302e392c3534352e342c4d2c34362e392c4d2c2c2a34370d0a" },
};

static void test_samples_are_written_as_they_were_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct arena arena;
		struct error error = { .text = "" };
		struct frame_fault fault;
		struct frame_piece piece;
		char path[512];
		arena_init(&arena, BUDGET);
		(void)snprintf(path, sizeof path, "%s/schemas/frames/%s.ksy", FAIRLEAD_SOURCE,
		        samples[i].schema);
		struct frame_schema *schema = frame_schema_open(path, &error);
		if (!schema)
			fail_msg("%s", error.text);
		slice bytes = from_hex(&arena, samples[i].hex);
		if (frame_split(schema, bytes, false, &arena, &piece) != FRAME_WHOLE)
			fail_msg("%s: %s", samples[i].schema, piece.why);
		struct frame *frame = frame_decode(schema, &arena, piece.bytes, NULL, &fault);
		assert_non_null(frame);
		slice again =
		        frame_write(schema, &arena, (slice){ NULL, 0 }, frame_value(frame), &fault);
		if (!again.p || !slice_equal(again, bytes))
			fail_msg("%s: %s: %s", samples[i].schema, fault.path, fault.text);
		frame_schema_free(schema);
		arena_finish(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_lengths_and_counts),
		cmocka_unit_test(test_numbers_of_messages),
		cmocka_unit_test(test_bits_and_byte_orders), cmocka_unit_test(test_texts),
		cmocka_unit_test(test_tags_and_conditions),
		cmocka_unit_test(test_what_the_description_computes),
		cmocka_unit_test(test_bits_of_expressions), cmocka_unit_test(test_framings),
		cmocka_unit_test(test_samples_are_written_as_they_were_read) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
