/* What a frame's fields become: the language of messages, scale, unit and name of fields, SenML, and mistakes in it. */
#include "support.h"

#include "support_frame.h"

#include <stdio.h>
#include <string.h>

enum { BUDGET = 4 << 20 };

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, BUDGET);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

/* The message of a description, or what is wrong. */
static slice message(const char *description, const char *hex,
        const struct frame_parameter *parameters, unsigned nparameters)
{
	struct frame_fault fault;
	struct frame_schema *schema = frame_loaded(description);
	struct frame *frame = frame_decode_with(
	        schema, &arena, from_hex(&arena, hex), parameters, nparameters, NULL, &fault);
	struct value *value = frame ? frame_payload(frame) : NULL;
	slice shown = value ? value_show(&arena, value)
	                    : arena_printf(&arena, "%s: %s", fault.path, fault.text);
	frame_schema_free(schema);
	return shown;
}

static const char head[] = "meta: { id: x, endian: be, encoding: ASCII }\n"
                           "seq:\n"
                           "  - { id: kind, type: u1 }\n"
                           "  - { id: temp, type: s2, -fairlead-scale: 0.1, -fairlead-unit: Cel }\n"
                           "  - { id: extra, type: u1, if: kind > 1 }\n"
                           "  - { id: parts, type: part, repeat: eos }\n"
                           "types:\n"
                           "  part:\n"
                           "    seq: [{ id: channel, type: u1 }, { id: v, type: u1 }]\n"
                           "-fairlead:\n"
                           "  emit: ";

static void expect_emit(const char *emit, const char *hex, const char *expected)
{
	slice description = arena_printf(&arena, "%s%s", head, emit);
	slice shown = message(description.p, hex, NULL, 0);
	if (!slice_is(shown, expected))
		fail_msg("%s\ngives %.*s\nnot   %s", emit, SLICE_ARG(shown), expected);
}

static void messages_have_the_shape_that_stands_there(void **state)
{
	static const char one[] = "01 00eb 0105 0207 0109", two[] = "02 ff9c 2a";
	(void)state;
	expect_emit("{ k: kind, e: extra, a: { b: [temp, extra, kind] } }", one,
	        "{\"k\":1,\"a\":{\"b\":[23.5d,1]}}");
	expect_emit("[kind, { $if: kind > 1, big: extra }]", one, "[1]");
	expect_emit("[kind, { $if: kind > 1, big: extra }]", two, "[2,{\"big\":42}]");
	expect_emit(
	        "{ s: { $if: kind == 1, $value: temp, $else: '\"none\"' } }", one, "{\"s\":23.5d}");
	expect_emit("{ s: { $if: kind == 1, $value: temp, $else: '\"none\"' } }", two,
	        "{\"s\":\"none\"}");
	expect_emit("{ l: { $literal: { a: [1, -2.50, text, 'true', true, ~] } } }", one,
	        "{\"l\":{\"a\":[1,-2.5d,\"text\",\"true\",true,null]}}");
	expect_emit("{ h: { $hex: '[1, 0xab]' }, n: { $if: kind > 1, $hex: kind } }", one,
	        "{\"h\":\"01ab\"}");
	expect_emit("{ $hex: kind }", one, ": $hex: bytes are needed here");
	/* A message that is nothing is null, and not the whole frame. */
	expect_emit("extra", one, "null");
}

static void records_become_one_object(void **state)
{
	static const char records[] = "01 00eb 0105 0207 0109";
	(void)state;
	expect_emit("{ $each: parts }", records,
	        "[{\"channel\":1,\"v\":5},{\"channel\":2,\"v\":7},{\"channel\":1,\"v\":9}]");
	expect_emit("{ $each: parts, $value: { $if: _.v > 5, n: _index, v: _.v } }", records,
	        "[{\"n\":1,\"v\":7},{\"n\":2,\"v\":9}]");
	/* The last of a name stands, where the first did. */
	expect_emit("{ $each: parts, $name: '\"ch_\" + _.channel.to_s', $value: _.v * 2 }", records,
	        "{\"ch_1\":18,\"ch_2\":14}");
	expect_emit(
	        "{ $merge: [{ kind: kind, v: temp }, { $each: parts }, { $if: false, x: kind }] }",
	        records, "{\"kind\":1,\"v\":9,\"channel\":1}");
	/* But for those that are gathered. */
	expect_emit("{ $merge: [parts, { x: kind }], $gather: [v, none] }", records,
	        "{\"channel\":1,\"v\":[5,7,9],\"x\":1}");
	expect_emit("{ $merge: [{ v: [kind, kind] }, parts, { v: [] }], $gather: [v] }",
	        "01 00eb 0105", "{\"v\":[1,1,5],\"channel\":1}");
	expect_emit("{ $merge: parts }", records, "{\"channel\":1,\"v\":9}");
	expect_emit("{ $merge: [kind] }", records,
	        ": $merge: only maps, and lists of maps, can be merged");
	expect_emit("{ $each: kind }", records, ": $each: an array is needed here");
}

/* Each type says what it is in messages, and the whole follows. */
static void types_say_what_they_are(void **state)
{
	static const char description[] =
	        "meta: { id: tlv, endian: le }\n"
	        "seq: [{ id: records, type: record, repeat: eos }]\n"
	        "types:\n"
	        "  record:\n"
	        "    seq:\n"
	        "      - { id: channel, type: u1 }\n"
	        "      - { id: kind, type: u1 }\n"
	        "      - id: body\n"
	        "        type: { switch-on: kind, cases: { 1: temperature, 2: leak, 3: past } }\n"
	        "    -fairlead-emit: body\n"
	        "  temperature:\n"
	        "    seq: [{ id: t, type: s2, -fairlead-scale: 0.1, -fairlead-name: temperatureC "
	        "}]\n"
	        "  leak:\n"
	        "    seq: [{ id: v, type: u1 }]\n"
	        "    -fairlead-emit: { leak: 'v == 1 ? \"leak\" : \"normal\"' }\n"
	        "  past:\n"
	        "    seq: [{ id: at, type: u4 }]\n"
	        "    -fairlead-emit: { history: [{ at: at, channel: _parent.as<record>.channel }] "
	        "}\n"
	        "-fairlead: { emit: { $merge: records } }\n";
	(void)state;
	assert_slice(message(description, "03 01 3401  05 02 01", NULL, 0),
	        "{\"temperatureC\":30.8d,\"leak\":\"leak\"}");
	assert_slice(message(description, "03 01 3401  03 01 2c01  09 03 01000000", NULL, 0),
	        "{\"temperatureC\":30,\"history\":[{\"at\":1,\"channel\":9}]}");
	/* A kind that nobody described is nothing. */
	assert_slice(message(description, "03 09", NULL, 0), "{}");
}

static void numbers_are_scaled_in_decimal(void **state)
{
	static const struct {
		const char *keys, *hex, *value;
	} cases[] = {
		{ "type: s2, -fairlead-scale: 0.1", "00eb", "23.5d" },
		{ "type: s2, -fairlead-scale: 0.1", "ffce", "-5" },
		{ "type: s2, -fairlead-scale: 0.1, -fairlead-offset: -40", "0191", "0.1d" },
		{ "type: u8, -fairlead-scale: 0.000000001", "ffffffffffffffff",
		        "18446744073.709551615d" },
		{ "type: u1, -fairlead-scale: 1e-3", "07", "0.007d" },
		{ "type: u1, -fairlead-offset: 0.5", "07", "7.5d" },
		{ "type: f4, -fairlead-scale: 10", "42a2cccd", "814" },
		{ "type: f4, -fairlead-round: 1", "3f99999a", "1.2d" },
		{ "type: u2, -fairlead-scale: 0.01, -fairlead-round: 1", "00f5", "2.5d" },
		{ "type: s2, -fairlead-scale: 0.01, -fairlead-round: 1", "ff0b", "-2.5d" },
		{ "type: u1, -fairlead-scale: 0.5, repeat: eos", "0304", "[1.5d,2]" },
		{ "type: b4, -fairlead-scale: 0.1", "70", "0.7d" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		slice description = arena_printf(&arena,
		        "meta: { id: x, endian: be }\nseq: [{ id: v, %s }]\n", cases[i].keys);
		slice wanted = arena_printf(&arena, "{\"v\":%s}", cases[i].value);
		slice shown = message(description.p, cases[i].hex, NULL, 0);
		if (!slice_equal(shown, wanted))
			fail_msg("%s: %.*s", cases[i].keys, SLICE_ARG(shown));
	}
	/* An expression sees the number on the wire, and what it makes is its own. */
	expect_emit("{ a: temp, b: temp + 1, c: -temp, d: temp.to_i, e: 'kind > 0 ? temp : 0' }",
	        "01 00eb", "{\"a\":23.5d,\"b\":236,\"c\":-235,\"d\":235,\"e\":23.5d}");
	expect_emit("[temp.fairlead_ln, (temp - 219).fairlead_pow(0.5), 2.5.fairlead_pow(2)]",
	        "01 00eb", "[5.459585514144159d,4.0d,6.25d]");
	expect_emit("{ a: { $value: temp / 3.0, $round: 2 }, b: { $value: [kind, temp], $scale: 2, "
	            "$offset: 1 } }",
	        "01 00eb", "{\"a\":78.33d,\"b\":[3,48]}");
	expect_emit("{ a: { $value: '\"x\"', $round: 2 } }", "01 00eb",
	        ": only a number can be scaled or rounded");
}

static void fields_become_senml(void **state)
{
	static const char map[] = "{ $senml: { temperature: temp, kind: kind, more: extra, "
	                          "half: { $value: kind / 2.0, $unit: '%RH' } }, $base: "
	                          "'\"urn:dev:mac:\" + kind.to_s + "
	                          "\":\"', $time: 1700000000 }";
	static const char records[] =
	        "meta: { id: x }\n"
	        "seq:\n"
	        "  - { id: temp, type: s1, -fairlead-unit: Cel, -fairlead-name: t }\n"
	        "  - { id: on, type: b1 }\n"
	        "  - { id: rest, type: b7, -fairlead-omit: true }\n"
	        "  - { id: inner, type: inner }\n"
	        "types: { inner: { seq: [{ id: v, type: u1, -fairlead-unit: V }] } }\n"
	        "-fairlead: { emit: { $senml: _root } }\n";
	(void)state;
	expect_emit(map, "01 00eb",
	        "[{\"n\":\"urn:dev:mac:1:temperature\",\"t\":1700000000,\"u\":\"Cel\",\"v\":23.5d},"
	        "{\"n\":\"urn:dev:mac:1:kind\",\"t\":1700000000,\"v\":1},"
	        "{\"n\":\"urn:dev:mac:1:half\",\"t\":1700000000,\"u\":\"%RH\",\"v\":0.5d}]");
	assert_slice(message(records, "fb 80 03", NULL, 0),
	        "[{\"n\":\"t\",\"u\":\"Cel\",\"v\":-5},{\"n\":\"on\",\"vb\":true},"
	        "{\"n\":\"inner/v\",\"u\":\"V\",\"v\":3}]");
	expect_emit("{ $senml: { a: [kind] } }", "01 00eb",
	        ": a SenML record holds one number, text, boolean or bytes");
}

static void parameters_come_from_outside(void **state)
{
	static const char description[] =
	        "meta: { id: x }\n"
	        "params: [{ id: port, type: u1 }, { id: who, type: str }]\n"
	        "seq: [{ id: v, type: u1, if: port == 2 }]\n"
	        "-fairlead: { emit: { v: v, who: who } }\n";
	struct frame_parameter given[] = {
		{ SLICE("port"), value_text(&arena, SLICE("2")) },
		{ SLICE("who"), value_int(&arena, 7) },
	};
	(void)state;
	assert_slice(message(description, "05", given, 2), "{\"v\":5,\"who\":\"7\"}");
	given[0].value = value_int(&arena, 3);
	assert_slice(message(description, "05", given, 2), "{\"who\":\"7\"}");
	assert_slice(message(description, "05", given, 1), ": the parameter \"who\" is not given");
	given[0].value = value_text(&arena, SLICE("two"));
	assert_slice(message(description, "05", given, 2),
	        ": the parameter \"port\" is not what its type wants");
}

static void mistakes_are_refused_with_their_place(void **state)
{
	static const struct {
		const char *text, *said;
		unsigned line, column;
	} cases[] = {
		{ "seq: [{ id: v, type: u1, -fairlead-scale: '0.1' }]", "a decimal number", 2, 43 },
		{ "seq: [{ id: v, type: u1, -fairlead-scale: 0 }]", "a scale of 0", 2, 43 },
		{ "seq: [{ id: v, type: u1, -fairlead-offset: 1/3 }]", "a decimal number", 2, 44 },
		{ "seq: [{ id: v, type: u1, -fairlead-round: 16 }]", "from 0 to 15", 2, 43 },
		{ "seq: [{ id: v, type: u1, -fairlead-scal: 1 }]",
		        "\"-fairlead-scal\" is not known for a member", 2, 26 },
		{ "seq: [{ id: v, size: 1, -fairlead-scale: 2 }]", "only a number has a scale", 2,
		        7 },
		{ "types: { t: { -fairlead-emitt: 1 } }", "not known for a type", 2, 15 },
		{ "-fairlead: { emit: { $eech: 1 } }", "\"$eech\" is not known here", 2, 22 },
		{ "-fairlead: { emit: { $merge: [], x: 1 } }", "\"x\" does not go with $merge", 2,
		        34 },
		{ "-fairlead: { emit: { $literal: 1, $round: 1 } }", "does not go with $literal", 2,
		        35 },
		{ "-fairlead: { emit: { $merge: [], $gather: v } }", "$gather is a list of names",
		        2, 43 },
		{ "-fairlead: { emit: { a: 1, $else: 2 } }", "$else goes with $if", 2, 28 },
		{ "-fairlead: { emit: { a: [1, b] } }", "\"b\"", 2, 29 },
		{ "seq: [{ id: v, type: u1, -fairlead-unit: °C }]\n"
		  "-fairlead: { emit: { $senml: _root } }",
		        "no unit of SenML's", 2, 42 },
		{ "-fairlead: { emit: { $senml: { a: { $value: 1, $unit: psi } } } }",
		        "no unit of SenML's", 2, 55 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		slice description = arena_printf(&arena, "meta: { id: x }\n%s\n", cases[i].text);
		frame_refused(description.p, cases[i].said, cases[i].line, cases[i].column);
	}
}

/* A type that is itself, or twice itself, ends by the bounds of every frame. */
static void what_has_no_end_is_refused(void **state)
{
	static const char once[] = "meta: { id: x }\nseq: [{ id: p, type: t }]\n"
	                           "types: { t: { -fairlead-emit: _root.p } }\n";
	static const char twice[] = "meta: { id: x }\nseq: [{ id: p, type: t }]\n"
	                            "types: { t: { -fairlead-emit: [_root.p, _root.p] } }\n";
	(void)state;
	assert_slice(message(once, "", NULL, 0), "p: nested too deeply");
	assert_slice(message(twice, "", NULL, 0), "p: nested too deeply");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		        messages_have_the_shape_that_stands_there, setup, teardown),
		cmocka_unit_test_setup_teardown(records_become_one_object, setup, teardown),
		cmocka_unit_test_setup_teardown(types_say_what_they_are, setup, teardown),
		cmocka_unit_test_setup_teardown(numbers_are_scaled_in_decimal, setup, teardown),
		cmocka_unit_test_setup_teardown(fields_become_senml, setup, teardown),
		cmocka_unit_test_setup_teardown(parameters_come_from_outside, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        mistakes_are_refused_with_their_place, setup, teardown),
		cmocka_unit_test_setup_teardown(what_has_no_end_is_refused, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
