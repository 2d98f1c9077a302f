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
		cmocka_unit_test(test_samples_are_written_as_they_were_read) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
