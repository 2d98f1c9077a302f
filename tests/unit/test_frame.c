/* The description's language: what it means, and what is refused and where. */
#include "support.h"

#include "support_frame.h"

#include <stdio.h>
#include <stdlib.h>

enum { BUDGET = 4 << 20 };

static void test_expressions(void **state)
{
	static const char description[] = "meta: { id: x, endian: be, encoding: ASCII }\n"
	                                  "seq:\n"
	                                  "  - { id: a, type: u8 }\n"
	                                  "  - { id: b, type: s2 }\n"
	                                  "  - { id: t, type: strz }\n"
	                                  "  - { id: e, type: u1, enum: colour }\n"
	                                  "  - { id: l, type: u1, repeat: expr, repeat-expr: 3 }\n"
	                                  "  - { id: f, type: f4 }\n"
	                                  "enums: { colour: { 1: red, 2: green } }\n";
	static const char hex[] = "ffffffffffffffff fff9 68656c6c6f00 02 030105 42a2cccd";
	static const struct {
		const char *expression, *result;
	} cases[] = {
		{ "a", "18446744073709551615" },
		{ "a - 1 == 0xffff_ffff_ffff_fffe", "true" },
		{ "a / 2", "9223372036854775807" },
		{ "a >> 63", "1" },
		{ "a & 0xff", "255" },
		{ "b", "-7" },
		{ "b % 3", "2" },
		{ "b / 2", "-4" },
		{ "7 % -3", "-2" },
		{ "-9223372036854775808 - 0", "-9223372036854775808" },
		{ "b >> 1", "-4" },
		{ "1 + 2 * 3 << 1", "14" },
		{ "1 | 2 == 3", "true" },
		{ "not a == 1 and b < 0", "true" },
		{ "b > 0 ? 1 : b == -7 ? 2 : 3", "2" },
		{ "t.length", "5" },
		{ "t.substring(1, 3) + t.reverse", "elolleh" },
		{ "\"ff\".to_i(16)", "255" },
		{ "e", "green" },
		{ "e.to_i", "2" },
		{ "e == colour::green", "true" },
		{ "l.max - l.min + l.first + l.last + l.size", "15" },
		{ "l[1]", "1" },
		{ "[1, 2, 3] == [0x01, 2, 0b11]", "true" },
		{ "f", "81.4" },
		{ "f == 81.4", "true" },
		{ "f\"{t}={b}\"", "hello=-7" },
		{ "1.5e3 + 1", "1501.0" },
		{ ".5 + 1.", "1.5" },
		{ "1e-1_0 * 1E10", "1.0" },
		{ "0b1111_0000 + 0o17 + 0xF_F + 1_0", "520" },
		{ "1.to_s + 2.50.to_s", "12.5" },
		{ "sizeof<u4> + sizeof<b13> + bitsizeof<b13>", "19" },
		{ "a._sizeof + f._sizeof", "12" },
		{ "_io.size", "24" },
		{ "a + 1",
		        "a calculation leaves 64 bits, divides by zero or shifts by less than 0" },
		{ "b / 0",
		        "a calculation leaves 64 bits, divides by zero or shifts by less than 0" },
		{ "l[3]", "there is no item 3 among 3" },
		{ "t.to_i", "\"hello\" is no whole number" },
		{ "t - 1", "calculating: a text and a number do not go together" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		frame_expect(description, hex, cases[i].expression, cases[i].result);
}

static void test_refused_with_place_and_name(void **state)
{
	static const struct {
		const char *text, *said;
		unsigned line, column;
	} cases[] = {
		{ "meta: { id: a, imports: [b] }", "\"b\" cannot be imported", 1, 26 },
		{ "meta: { id: a }\ntypes: { b: { meta: { imports: [c] } } }",
		        "stand in the meta of the whole", 2, 32 },
		{ "meta: { id: a }\nseq:\n  - { id: n, type: u4 }", "needs \"le\" or \"be\"", 3,
		        20 },
		{ "meta: { id: a }\nseq:\n  - { id: n, type: u3 }", "\"u3\" is not known", 3, 20 },
		{ "meta: { id: a }\nseq:\n  - { id: n, size: 1, process: lz4 }",
		        "process \"lz4\" is not supported", 3, 32 },
		{ "meta: { id: a }\nseq:\n  - id: n\n    size: m + 1", "\"m\"", 4, 11 },
		{ "meta: { id: a }\nseq:\n  - id: n\n    size: (1", "\")\" expected", 4, 13 },
		{ "meta: { id: a }\nseq:\n  - { id: n, type: u1, colour: 3 }",
		        "\"colour\" is not supported", 3, 24 },
		{ "meta: { id: a }\nseq:\n  - { id: n, type: str, size: 1 }", "needs an encoding",
		        3, 20 },
		{ "meta: { id: a, encoding: EBCDIC }", "\"EBCDIC\" is not supported", 1, 26 },
		{ "meta: { id: a }\nseq: [{ id: n, type: u1, enum: e }]", "\"e\" is not known", 2,
		        32 },
		{ "meta: { id: a }\nseq: [{ id: n, type: u1 }, { id: n, type: u1 }]", "two members",
		        2, 28 },
		{ "meta: { id: a }\n-fairlead: { framing: { delimiter: { bites: x } } }",
		        "unknown key \"bites\"", 2, 38 },
		{ "meta: { id: a }\n-fairlead:\n  path: ships", "begins with \"/\"", 3, 9 },
		{ "meta: { id: a }\n-fairlead:\n  path: /ships/{x}", "\"x\"", 3, 17 },
		{ "meta: { id: a }\n-fairlead:\n  on-error: nak", "needs a nak", 3, 13 },
		{ "meta: { id: a }\n-fairlead:\n  ack: [1]\n  reply: [2]", "another word for ack",
		        4, 3 },
		{ "meta: { id: a }\n-fairlead:\n  path: /x\n  messages: [{}, { when: 1 == 1 }]",
		        "no frame comes to this rule", 4, 18 },
		{ "meta: { id: a }\n-fairlead: { path: /x, method: GET, emit: { a: 1 } }",
		        "nothing is emitted", 2, 43 },
		{ "meta: { id: a }\n-fairlead: { session: { A: 1 } }", "begins with a small letter",
		        2, 25 },
		{ "meta: { id: a }\nseq: [{ id: 1a, size: 1 }]", "begins with a small letter", 2,
		        13 },
		{ "meta: { id: a }\ninstances: { aB: { value: 1 } }", "begins with a small letter",
		        2, 18 },
		{ "meta: { id: a }\nseq: [{ id: n, size: 1, encoding: ASCII }]",
		        "only str and strz have an encoding", 2, 35 },
		{ "a: &x 1", "anchors", 1, 4 },
		{ "a: [1", "not YAML", 2, 1 },
		{ "meta: { id: a, id: b }", "twice", 1, 16 },
		{ "", "empty", 1, 1 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		frame_refused(cases[i].text, cases[i].said, cases[i].line, cases[i].column);
}

static void test_conditions_are_true_or_false(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
	} wrong[] = {
		{ "  - { id: a, type: u1, if: f & 1 }", 6, 28 },
		{ "  - { id: a, type: u1, if: f }", 6, 28 },
		{ "  - { id: a, type: u1, if: not f and b }", 6, 28 },
		{ "  - { id: a, type: u1, repeat: until, repeat-until: _index - 3 }", 6, 53 },
		{ "  - { id: a, type: u1, valid: { expr: f } }", 6, 39 },
		{ "-fairlead: { path: /x, login: { when: f, device: t } }", 6, 39 },
		{ "-fairlead: { path: /x, heartbeat: { when: '\"yes\"', reply: [1] } }", 6, 43 },
		{ "-fairlead: { path: /x, messages: [{ when: t }] }", 6, 43 },
		{ "-fairlead: { path: /x, emit: { $if: f & 1, a: t } }", 6, 37 },
		{ "-fairlead: { path: /x, session: { a: { when: f, value: t } } }", 6, 46 },
		{ "-fairlead: { path: /x, emit: { $if: \"b ? f : 0\", a: t } }", 6, 37 },
	};
	static const char *const right[] = {
		"  - { id: a, type: u1, if: f & 1 != 0 and b }",
		"  - { id: a, type: u1, if: b }",
		"  - { id: a, type: u1, if: 'true' }",
		"  - { id: a, type: u1, if: i }\ninstances: { i: { value: f == 1 } }",
		"  - { id: a, type: b1, repeat: until, repeat-until: _ }",
		"-fairlead: { path: /x, emit: { $if: b, a: t } }",
	};
	char text[400];
	(void)state;
	static const char head[] = "meta: { id: x, encoding: ASCII }\nseq:\n"
	                           "  - { id: f, type: u1 }\n  - { id: t, type: strz }\n"
	                           "  - { id: b, type: b1 }\n";
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		(void)snprintf(text, sizeof text, "%s%s", head, wrong[i].text);
		frame_refused(text, "true or false is needed", wrong[i].line, wrong[i].column);
	}
	for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
		(void)snprintf(text, sizeof text, "%s%s", head, right[i]);
		frame_schema_free(frame_loaded(text));
	}
}

static void test_faults_say_where(void **state)
{
	static const char description[] =
	        "meta: { id: x, endian: be, encoding: ASCII }\n"
	        "seq:\n"
	        "  - { contents: [1, 2] }\n"
	        "  - { id: n, type: u2, valid: { max: 9 } }\n"
	        "  - { id: parts, type: part, repeat: expr, repeat-expr: n }\n"
	        "types:\n"
	        "  part:\n"
	        "    seq:\n"
	        "      - { id: size, type: u1 }\n"
	        "      - { id: text, type: str, size: size }\n";
	struct frame_fault fault;
	(void)state;
	assert_int_equal(
	        frame_fault_of_bytes(description, "0103", BUDGET, &fault), FRAME_FAULT_CONTENTS);
	assert_int_equal(fault.offset, 0);
	assert_int_equal(
	        frame_fault_of_bytes(description, "01020100", BUDGET, &fault), FRAME_FAULT_VALID);
	assert_int_equal(fault.offset, 2);
	assert_string_equal(fault.path, "n");
	assert_int_equal(frame_fault_of_bytes(description, "01020002 0141 0541", BUDGET, &fault),
	        FRAME_FAULT_END);
	assert_int_equal(fault.offset, 7);
	assert_string_equal(fault.path, "parts[1].text");
	assert_int_equal(frame_fault_of_bytes(description, "01020001 0180", BUDGET, &fault),
	        FRAME_FAULT_TEXT);
	assert_int_equal(fault.offset, 5);
}

/* What a frame claims costs nothing; what would cost too much ends. */
static void test_bounds(void **state)
{
	struct frame_fault fault;
	(void)state;
	assert_int_equal(frame_fault_of_bytes("meta: { id: x, endian: be }\n"
	                                      "seq: [{ id: n, type: u4 }, { id: b, size: n }]",
	                         "ffffffff 00", 16384, &fault),
	        FRAME_FAULT_END);
	assert_int_equal(frame_fault_of_bytes(
	                         "meta: { id: x, endian: be }\n"
	                         "seq: [{ id: n, type: u4 }, { id: e, type: nothing, repeat: expr, "
	                         "repeat-expr: n }]\ntypes: { nothing: {} }",
	                         "ffffffff", 1 << 30, &fault),
	        FRAME_FAULT_LIMIT);
	assert_int_equal(frame_fault_of_bytes("meta: { id: x }\nseq: [{ id: again, type: x }]",
	                         "00", BUDGET, &fault),
	        FRAME_FAULT_LIMIT);
	assert_int_equal(
	        frame_fault_of_bytes("meta: { id: x }\nseq: [{ id: b, type: u1, if: a > 0 }]\n"
	                             "instances: { a: { value: c }, c: { value: a } }",
	                "00", BUDGET, &fault),
	        FRAME_FAULT_EXPRESSION);
	assert_int_equal(
	        frame_fault_of_bytes("meta: { id: x }\nseq: [{ id: b, type: u1, repeat: eos }]",
	                "000102030405060708090a0b0c0d0e0f", 64, &fault),
	        FRAME_FAULT_LIMIT);
}

/* Each item may look at a text as long as the frame, but not as often as it likes. */
static void test_work_on_long_texts_is_bounded(void **state)
{
	enum { TEXT = 3000, ITEMS = 3000 };
	static const struct {
		const char *looks;
		enum frame_fault_kind kind;
	} cases[] = {
		{ "text.length == 3000", FRAME_FAULT_NONE },
		{ "text.substring(0, 1) != text", FRAME_FAULT_NONE },
		{ "text.length + text.length + text.length + text.length + text.length + "
		  "text.length + text.length + text.length + text.length + text.length + "
		  "text.length + text.length + text.length + text.length + text.length > 0",
		        FRAME_FAULT_LIMIT },
		{ "text == text and text == text and text == text and text == text and "
		  "text == text and text == text and text == text and text == text and "
		  "text == text and text == text and text == text and text == text",
		        FRAME_FAULT_LIMIT },
	};
	struct frame_fault fault;
	char *hex = malloc(2 * (TEXT + ITEMS) + 1), description[1024];
	(void)state;
	assert_non_null(hex);
	memset(hex, '4', (size_t)2 * (TEXT + ITEMS));
	hex[2 * (TEXT + ITEMS)] = '\0';
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		(void)snprintf(description, sizeof description,
		        "meta: { id: x, encoding: ASCII }\n"
		        "seq:\n"
		        "  - { id: text, type: str, size: 3000 }\n"
		        "  - { id: items, type: u1, repeat: eos, valid: { expr: '%s' } }\n",
		        cases[i].looks);
		assert_int_equal(
		        frame_fault_of_bytes(description, hex, BUDGET, &fault), cases[i].kind);
	}
	free(hex);
}

static void test_values(void **state)
{
	static const char description[] = "meta: { id: x, endian: le, encoding: UTF-8 }\n"
	                                  "seq:\n"
	                                  "  - { contents: [1] }\n"
	                                  "  - { id: hidden, type: u1, -fairlead-omit: true }\n"
	                                  "  - { id: f, type: f4 }\n"
	                                  "  - { id: gone, type: u1, if: false }\n"
	                                  "  - { id: raw, size: 2 }\n"
	                                  "instances: { twice: { value: hidden * 2 } }\n";
	struct arena arena;
	struct frame_fault fault;
	(void)state;
	arena_init(&arena, BUDGET);
	struct frame_schema *schema = frame_loaded(description);
	struct frame *frame =
	        frame_decode(schema, &arena, from_hex(&arena, "01 05 cdcca242 abcd"), NULL, &fault);
	assert_non_null(frame);
	struct value *value = frame_value(frame);
	assert_int_equal(value->count, 3);
	assert_slice(value_get(value, SLICE("f"))->literal, "81.4");
	assert_int_equal(value_get(value, SLICE("raw"))->kind, VALUE_BYTES);
	assert_int_equal(value_get(value, SLICE("twice"))->as.integer, 10);
	frame_schema_free(schema);
	arena_finish(&arena);
}

/* What cannot be computed is left out where the description says so, also inside of what needs it. */
static void test_optional_instances(void **state)
{
	static const char description[] =
	        "meta: { id: x, encoding: ASCII }\n"
	        "seq: [{ id: a, type: strz }]\n"
	        "instances:\n"
	        "  n: { value: a.to_i, -fairlead-optional: true }\n"
	        "  half: { value: n / 2, -fairlead-optional: true }\n"
	        "  first: { pos: 0, type: piece }\n"
	        "types:\n"
	        "  piece:\n"
	        "    seq: [{ id: all, type: str, size-eos: true }]\n"
	        "    instances: { n: { value: all.to_i + _root.n, -fairlead-optional: true } }\n";
	struct arena arena;
	struct frame_fault fault;
	struct error error;
	(void)state;
	arena_init(&arena, BUDGET);
	struct frame_schema *schema = frame_loaded(description);
	struct value *good = frame_value(
	        frame_decode(schema, &arena, from_hex(&arena, "34 32 00"), NULL, &fault));
	assert_int_equal(value_get(good, SLICE("n"))->as.integer, 42);
	assert_int_equal(value_get(good, SLICE("half"))->as.integer, 21);
	struct value *bad = frame_value(
	        frame_decode(schema, &arena, from_hex(&arena, "34 78 00"), NULL, &fault));
	assert_non_null(bad);
	assert_int_equal(bad->count, 2);
	assert_slice(value_get(bad, SLICE("a"))->as.text, "4x");
	assert_int_equal(value_get(bad, SLICE("first"))->count, 1);
	frame_schema_free(schema);
	assert_null(frame_schema_load(
	        SLICE("meta: { id: x }\nseq: [{ id: a, type: u1, -fairlead-optional: true }]"),
	        &error));
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_expressions),
		cmocka_unit_test(test_refused_with_place_and_name),
		cmocka_unit_test(test_conditions_are_true_or_false),
		cmocka_unit_test(test_faults_say_where), cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_work_on_long_texts_is_bounded), cmocka_unit_test(test_values),
		cmocka_unit_test(test_optional_instances) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
