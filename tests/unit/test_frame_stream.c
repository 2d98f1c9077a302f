/* Cutting streams, templates: the -fairlead key. */
#include "framing_fixture.h"

#include <stdio.h>
#include <time.h>

enum { BUDGET = 4 << 20 };

static void test_length_fields(void **state)
{
	(void)state;
	expect_cut("  framing: { length-field: { size: 1 } }", SLICE("\3abc\0\2de"),
	        SLICE("\3abc|\0|\2de|"));
	expect_cut("  framing: { length-field: { offset: 1, size: 2, endian: le, counts: frame } }",
	        SLICE("A\5\0bcB\3\0"), SLICE("A\5\0bc|B\3\0|"));
	expect_cut("  framing: { start: ['S'], length-field: { offset: 1, size: 1, unit: 2, "
	           "adjust: 1 } }",
	        SLICE("xxS\1abcyS\0d"), SLICE("?S\1abc|?S\0d|"));
	/* A length above `max` and one below its own header: no frame, skipped byte by byte. */
	expect_cut("  framing: { length-field: { size: 1, counts: frame } }\n  max: 4",
	        SLICE("\7\0\1\3ab"), SLICE("?\1|\3ab|"));
}

static void test_delimiters(void **state)
{
	(void)state;
	expect_cut("  framing: { delimiter: \"\\r\\n\" }", SLICE("one\r\n\r\ntwo\nx\r\nrest"),
	        SLICE("one||two\nx|"));
	expect_cut("  framing: { delimiter: { bytes: [0], include: true } }", SLICE("ab\0c\0"),
	        SLICE("ab\0|c\0|"));
	expect_cut("  framing: { start: ['$', '!'], delimiter: [\"\\n\", \"#\"] }",
	        SLICE("\n$a#!b\n##$c\n"), SLICE("$a|!b|$c|"));
	expect_cut("  framing: { start: ['$', '!'], delimiter: [\"\\r\\n\", \"\\n\", \"\\r\"] }",
	        SLICE("$a\r\n\r\n$b\r$c\n\nx\n!d\r\n"), SLICE("$a|$b|$c|?!d|"));
	expect_cut("  framing: { start: ['$'], delimiter: \"\\n\" }\n  max: 4",
	        SLICE("$abcdefgh$i\n"), SLICE("?$i|"));
}

static void test_fixed_and_alternatives(void **state)
{
	(void)state;
	expect_cut("  framing: { fixed: 3 }", SLICE("abcdefgh"), SLICE("abc|def|"));
	expect_cut("  framing:\n"
	           "    - { start: [[0, 0]], fixed: 4 }\n"
	           "    - { start: ['(']     , delimiter: { bytes: ')', include: true } }\n"
	           "    - { length-field: { size: 1 } }\n",
	        SLICE("\0\0ab(x)\2cd\0\0ef"), SLICE("\0\0ab|(x)|\2cd|\0\0ef|"));
}

static void test_checksums_in_the_stream(void **state)
{
	(void)state;
	/* xor of "\2ab" is 1; of "\2cd" is 5 */
	expect_cut("  framing: { length-field: { size: 1, adjust: 1 }, checksum: { algorithm: xor8 "
	           "} }",
	        SLICE("\2ab\1\2ab\2\2cd\5"), SLICE("\2ab\1|?\2cd\5|"));
	expect_cut(
	        "  framing: { delimiter: \"\\n\", checksum: { algorithm: sum8, from: 1, at: 0 } }",
	        SLICE("\x83"
	              "AB\nQAB\n"),
	        SLICE("\x83"
	              "AB|?"));
}

/* A sentence behind noise, or behind one that was cut off, in one line. */
static void test_good_sentences_in_bad_lines(void **state)
{
	static const char framing[] =
	        "  framing: { start: ['$', '!'], delimiter: [\"\\r\\n\", \"\\n\"], checksum: { "
	        "algorithm: nmea } }\n  max: 12";
	(void)state;
	expect_cut(framing, SLICE("$GP$B*42\n$A!C*43\n$A*42\n!$\n!A*41\n"),
	        SLICE("?$B*42|?!C*43|?!A*41|"));
	expect_cut(framing, SLICE("x$y!z0123456789012345$$$$$$B*42\r\n!A*41\r\n"),
	        SLICE("?$B*42|!A*41|"));
	expect_cut(framing, SLICE("$a!*21\n"), SLICE("?"));
}

/* A stream of start marks, and of frames that never end, is refused in the time of any other. */
static void test_start_marks_only(void **state)
{
	enum { BYTES = 1 << 20 };
	struct arena arena;
	(void)state;
	arena_init(&arena, 8 * (size_t)BYTES);
	struct frame_schema *schema = framed_with(
	        "  framing: { start: ['('], delimiter: ')' }\n  max: 65536", "", &arena);
	char *bytes = arena_alloc(&arena, BYTES);
	memset(bytes, '(', BYTES);
	clock_t began = clock();
	slice got = cut_stream(schema, &arena, (slice){ bytes, BYTES }, 65536, false);
	assert_slice(got, "?");
	/* Of the processor, whatever else it does: looking at each mark anew takes more than a minute. */
	assert_true((clock() - began) / CLOCKS_PER_SEC < 20);
	frame_schema_free(schema);
	arena_finish(&arena);
}

static void test_templates(void **state)
{
	static const char description[] =
	        "meta: { id: x, endian: le, encoding: ASCII }\n"
	        "seq:\n"
	        "  - { id: kind, type: u1 }\n"
	        "  - { id: name, type: strz }\n"
	        "  - { id: items, type: item, repeat: eos }\n"
	        "types: { item: { seq: [{ id: v, type: u2 }] } }\n"
	        "-fairlead:\n"
	        "  login: { when: kind == 1, device: name, secret: 'name + \"!\"' }\n"
	        "  heartbeat: { when: kind == 9, reply: [\"pong\", 10] }\n"
	        "  path: \"/cars/{device}/x-{name}\"\n"
	        "  each: items\n"
	        "  emit: { car: device, n: _index, v: _.as<item>.v }\n"
	        "  ack: [6, { u4be: items.size }, { text: name }, { checksum: xor8, from: 1 }]\n";
	struct arena arena;
	struct error error;
	struct frame_fault fault;
	enum frame_role role;
	slice device, secret, path;
	const struct value *value;
	unsigned n;
	(void)state;
	arena_init(&arena, BUDGET);
	struct frame_schema *schema = frame_schema_load(slice_of(description), &error);
	assert_non_null(schema);
	struct frame *frame = frame_decode(
	        schema, &arena, from_hex(&arena, "01 612f6200 0100 ff02"), NULL, &fault);
	assert_non_null(frame);
	assert_true(frame_role(frame, &role) && role == FRAME_ROLE_LOGIN);
	assert_true(frame_login(frame, &device, &secret));
	assert_slice(device, "a/b");
	assert_slice(secret, "a/b!");
	assert_true(frame_messages(frame, &n) && n == 2);
	assert_true(frame_message(frame, 1, SLICE("car 7"), &path, &value));
	assert_slice(path, "/cars/car%207/x-a%2Fb");
	assert_slice(value_get(value, SLICE("car"))->as.text, "car 7");
	assert_int_equal(value_get(value, SLICE("n"))->as.integer, 1);
	assert_int_equal(value_get(value, SLICE("v"))->as.integer, 767);
	assert_false(frame_message(frame, 2, SLICE("car 7"), &path, &value));
	slice ack = frame_answer(schema, frame, &arena, FRAME_ANSWER_ACK);
	assert_true(slice_equal(ack, SLICE("\6\0\0\0\2a/b\x2e")));
	assert_false(frame_has_answer(schema, frame, FRAME_ANSWER_NAK));
	assert_null(frame_answer(schema, NULL, &arena, FRAME_ANSWER_ACK).p);
	assert_slice(frame_answer(schema, NULL, &arena, FRAME_ANSWER_HEARTBEAT), "pong\n");
	/* ".." is no segment, nor is nothing: such a frame has no path. */
	frame = frame_decode(schema, &arena, from_hex(&arena, "02 00 0100"), NULL, &fault);
	assert_false(frame_message(frame, 0, SLICE("car"), &path, &value) &&
	             slice_is(path, "/cars/car/x-"));
	assert_int_equal(fault.kind, FRAME_FAULT_EXPRESSION);
	frame_schema_free(schema);
	arena_finish(&arena);
}

/* A field that is called device is the field in `login`, and what the login said in `path` and `emit`. */
static void test_a_field_called_device(void **state)
{
	static const char description[] =
	        "meta: { id: x, encoding: ASCII }\n"
	        "seq: [{ id: kind, type: u1 }, { id: device, type: strz }]\n"
	        "-fairlead:\n"
	        "  login: { when: kind == 1, device: device, accept: [{ text: device }] }\n"
	        "  path: \"/x/{device}\"\n";
	struct arena arena;
	struct error error;
	struct frame_fault fault;
	slice device, secret, path;
	const struct value *value;
	(void)state;
	arena_init(&arena, BUDGET);
	struct frame_schema *schema = frame_schema_load(slice_of(description), &error);
	assert_non_null(schema);
	struct frame *frame =
	        frame_decode(schema, &arena, from_hex(&arena, "01 616200"), NULL, &fault);
	assert_true(frame_login(frame, &device, &secret));
	assert_slice(device, "ab");
	assert_slice(frame_answer(schema, frame, &arena, FRAME_ANSWER_LOGIN_ACCEPT), "ab");
	assert_true(frame_message(frame, 0, SLICE("cd"), &path, &value));
	assert_slice(path, "/x/cd");
	frame_schema_free(schema);
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_length_fields),
		cmocka_unit_test(test_delimiters), cmocka_unit_test(test_fixed_and_alternatives),
		cmocka_unit_test(test_checksums_in_the_stream),
		cmocka_unit_test(test_good_sentences_in_bad_lines),
		cmocka_unit_test(test_start_marks_only), cmocka_unit_test(test_templates),
		cmocka_unit_test(test_a_field_called_device) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
