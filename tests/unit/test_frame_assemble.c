/* Messages of several frames: parts that make a whole, and parts that do not. */
#include "support.h"

#include "support_frame.h"

#include "codec/frame/frame.h"

#include <stdio.h>

enum { BUDGET = 4 << 20 };

/* A frame: kind 'p' for a part, then its message, number, number of parts and text; or a lone message. */
static const char counted[] = "meta: { id: x, endian: be, encoding: ASCII }\n"
                              "seq:\n"
                              "  - { id: kind, type: str, size: 1 }\n"
                              "  - { id: message, type: str, size: 1 }\n"
                              "  - { id: part, type: str, size: 1 }\n"
                              "  - { id: parts, type: str, size: 1 }\n"
                              "  - { id: piece, type: str, size-eos: true }\n"
                              "types:\n"
                              "  whole:\n"
                              "    seq: [{ id: name, type: strz }, { id: number, type: u2 }]\n"
                              "    instances: { last: { value: _root.part } }\n"
                              "-fairlead:\n"
                              "  path: \"/x/{message}\"\n"
                              "  emit: { message: message, whole: assembled }\n"
                              "  assemble:\n"
                              "    when: kind == \"p\"\n"
                              "    key: message\n"
                              "    part: part.to_i\n"
                              "    parts: parts.to_i\n"
                              "    bytes: piece\n"
                              "    type: whole\n"
                              "    max: 12\n"
                              "    open: 3\n"
                              "    timeout: 5s\n";

struct bench {
	struct arena arena;
	struct frame_schema *schema;
	struct frame_session *session;
	struct frame_fault fault;
	struct frame *frame;
	const char *why;
};

static void open_bench(struct bench *bench, const char *description)
{
	struct error error = { .text = "" };
	arena_init(&bench->arena, BUDGET);
	bench->schema = frame_schema_load(slice_of(description), &error);
	if (!bench->schema)
		fail_msg("%u:%u: %s", error.line, error.column, error.text);
	bench->session = frame_session_create(bench->schema);
	assert_non_null(bench->session);
}

static void close_bench(struct bench *bench)
{
	frame_session_free(bench->session);
	frame_schema_free(bench->schema);
	arena_finish(&bench->arena);
}

static enum frame_part feed(struct bench *bench, slice bytes, uint64_t now_ms)
{
	enum frame_part part = FRAME_PART_STRAY;
	bench->frame = frame_decode(bench->schema, &bench->arena, bytes, NULL, &bench->fault);
	if (!bench->frame)
		fail_msg("%s", bench->fault.text);
	frame_join(bench->frame, bench->session);
	if (!frame_assemble(bench->frame, now_ms, &part, &bench->why))
		fail_msg("%s: %s", bench->fault.path, bench->fault.text);
	return part;
}

static const struct value *said(struct bench *bench)
{
	slice path;
	const struct value *value;
	assert_true(frame_message(bench->frame, 0, SLICE(""), &path, &value));
	return value_get(value, SLICE("whole"));
}

static void test_parts_make_a_whole(void **state)
{
	struct bench bench;
	(void)state;
	open_bench(&bench, counted);
	assert_int_equal(feed(&bench, SLICE("p113ab"), 0), FRAME_PART_HELD);
	assert_null(said(&bench));
	/* Another message, whole by itself, and one that is no part, in between. */
	assert_int_equal(feed(&bench, SLICE("p211z\0\0\7"), 0), FRAME_PART_WHOLE);
	assert_int_equal(value_get(said(&bench), SLICE("number"))->as.integer, 7);
	assert_int_equal(feed(&bench, SLICE("m999"), 0), FRAME_PART_NONE);
	assert_null(said(&bench));
	assert_int_equal(feed(&bench, SLICE("p123c\0"), 5000), FRAME_PART_HELD);
	assert_int_equal(feed(&bench, SLICE("p133\1\2"), 5000), FRAME_PART_WHOLE);
	assert_slice(value_get(said(&bench), SLICE("name"))->as.text, "abc");
	assert_int_equal(value_get(said(&bench), SLICE("number"))->as.integer, 258);
	/* _root is the frame that made it whole. */
	assert_slice(value_get(said(&bench), SLICE("last"))->as.text, "3");
	assert_int_equal(frame_session_open(bench.session), 0);
	assert_int_equal(frame_session_lost(bench.session), 0);
	close_bench(&bench);
}

static void test_parts_are_never_mixed(void **state)
{
	struct bench bench;
	(void)state;
	open_bench(&bench, counted);
	assert_int_equal(feed(&bench, SLICE("p122\0\7"), 0), FRAME_PART_STRAY);
	assert_non_null(strstr(bench.why, "first part is missing"));
	assert_int_equal(frame_session_lost(bench.session), 0);
	/* The second is lost: the third ends the message, and the second does not wake it again. */
	assert_int_equal(feed(&bench, SLICE("p113a"), 0), FRAME_PART_HELD);
	assert_int_equal(feed(&bench, SLICE("p133\0\7"), 0), FRAME_PART_STRAY);
	assert_non_null(strstr(bench.why, "not the next one"));
	assert_int_equal(feed(&bench, SLICE("p123\0"), 0), FRAME_PART_STRAY);
	assert_int_equal(frame_session_lost(bench.session), 1);
	/* Begun anew before it was whole: the new one counts. */
	assert_int_equal(feed(&bench, SLICE("p112old"), 0), FRAME_PART_HELD);
	assert_int_equal(feed(&bench, SLICE("p112new"), 0), FRAME_PART_HELD);
	assert_int_equal(frame_session_lost(bench.session), 1);
	assert_int_equal(feed(&bench, SLICE("p122\0\0\1"), 0), FRAME_PART_WHOLE);
	assert_slice(value_get(said(&bench), SLICE("name"))->as.text, "new");
	/* The same part twice in a row changes nothing. */
	assert_int_equal(feed(&bench, SLICE("p113a"), 0), FRAME_PART_HELD);
	assert_int_equal(feed(&bench, SLICE("p113a"), 0), FRAME_PART_HELD);
	assert_int_equal(feed(&bench, SLICE("p123b"), 0), FRAME_PART_HELD);
	assert_int_equal(feed(&bench, SLICE("p123b"), 0), FRAME_PART_HELD);
	assert_int_equal(feed(&bench, SLICE("p133\0\0\2"), 0), FRAME_PART_WHOLE);
	assert_slice(value_get(said(&bench), SLICE("name"))->as.text, "ab");
	assert_int_equal(frame_session_lost(bench.session), 0);
	close_bench(&bench);
}

static void test_what_waits_is_bounded(void **state)
{
	struct bench bench;
	(void)state;
	open_bench(&bench, counted);
	/* `open`: at the limit, and one past it, where the oldest gives way. */
	for (char id = '1'; id <= '4'; id++) {
		char text[] = { 'p', id, '1', '2', 'a' };
		assert_int_equal(feed(&bench, (slice){ text, sizeof text }, 0), FRAME_PART_HELD);
	}
	assert_int_equal(frame_session_open(bench.session), 3);
	assert_int_equal(frame_session_lost(bench.session), 1);
	assert_int_equal(feed(&bench, SLICE("p122\0\0\1"), 0), FRAME_PART_STRAY);
	assert_int_equal(feed(&bench, SLICE("p222\0\0\1"), 0), FRAME_PART_WHOLE);
	/* `timeout`: at the limit, and one past it. */
	assert_int_equal(feed(&bench, SLICE("p322\0\0\1"), 5000), FRAME_PART_WHOLE);
	assert_int_equal(feed(&bench, SLICE("p422\0\0\1"), 5001), FRAME_PART_STRAY);
	assert_int_equal(frame_session_lost(bench.session), 1);
	/* `max`: at the limit, and one past it. */
	assert_int_equal(feed(&bench, SLICE("p112123456"), 0), FRAME_PART_HELD);
	assert_int_equal(feed(&bench, SLICE("p122789\0\0\7"), 0), FRAME_PART_WHOLE);
	assert_int_equal(feed(&bench, SLICE("p112123456"), 0), FRAME_PART_HELD);
	assert_int_equal(feed(&bench, SLICE("p1227890\0\0\7"), 0), FRAME_PART_STRAY);
	assert_int_equal(frame_session_lost(bench.session), 1);
	assert_int_equal(feed(&bench, SLICE("p110"), 0), FRAME_PART_STRAY);
	assert_int_equal(frame_session_open(bench.session), 0);
	close_bench(&bench);
}

static void test_a_whole_that_is_none(void **state)
{
	struct bench bench;
	enum frame_part part;
	(void)state;
	open_bench(&bench, counted);
	bench.frame = frame_decode(bench.schema, &bench.arena, SLICE("p111ab"), NULL, &bench.fault);
	frame_join(bench.frame, bench.session);
	assert_false(frame_assemble(bench.frame, 0, &part, &bench.why));
	assert_string_equal(bench.fault.path, "assembled.name");
	assert_int_equal(frame_session_open(bench.session), 0);
	/* A frame of no session is what it is by itself. */
	bench.frame = frame_decode(bench.schema, &bench.arena, SLICE("p111ab"), NULL, &bench.fault);
	assert_true(frame_assemble(bench.frame, 0, &part, &bench.why));
	assert_int_equal(part, FRAME_PART_NONE);
	assert_null(said(&bench));
	close_bench(&bench);
}

/* NMEA 2000's fast packet: the first frame says how many bytes, the last one is padded. */
static void test_a_length_in_the_first_part(void **state)
{
	static const char description[] =
	        "meta: { id: x, endian: le }\n"
	        "seq: [{ id: pgn, type: u1 }, { id: head, type: u1 },\n"
	        "  { id: total, type: u1, if: (head & 31) == 0 }, { id: data, size-eos: true }]\n"
	        "types: { whole: { seq: [{ id: all, size-eos: true }] } }\n"
	        "-fairlead:\n"
	        "  path: /x\n"
	        "  assemble: { when: pgn > 100, key: [pgn, head >> 5], first: 0, part: head & 31,\n"
	        "    length: total, bytes: data, type: whole }\n";
	struct bench bench;
	slice path;
	const struct value *value;
	(void)state;
	open_bench(&bench, description);
	assert_int_equal(feed(&bench,
	                         SLICE("\x80\x20\x0a"
	                               "012345"),
	                         0),
	        FRAME_PART_HELD);
	/* The same sequence counter of another group. */
	assert_int_equal(feed(&bench,
	                         SLICE("\x81\x20\x02"
	                               "xy\xff\xff\xff\xff"),
	                         0),
	        FRAME_PART_WHOLE);
	assert_int_equal(feed(&bench,
	                         SLICE("\x80\x21"
	                               "6789\xff\xff\xff"),
	                         0),
	        FRAME_PART_WHOLE);
	/* Without `emit`, the whole is the message. */
	assert_true(frame_message(bench.frame, 0, SLICE(""), &path, &value));
	assert_slice(value_get(value, SLICE("all"))->as.text, "0123456789");
	assert_int_equal(feed(&bench, SLICE("\x80\x40\x00"), 0), FRAME_PART_WHOLE);
	close_bench(&bench);
}

/* SAE J1939's transport protocol: an announcement without bytes of its own, and a rule beside another. */
static void test_an_announcement_and_several_rules(void **state)
{
	static const char description[] =
	        "meta: { id: x, endian: le }\n"
	        "seq: [{ id: kind, type: u1 }, { id: number, type: u1 }, { id: total, type: u1 },\n"
	        "  { id: more, type: u1 }, { id: data, size-eos: true }]\n"
	        "types: { a: { seq: [{ id: a, size-eos: true }] },\n"
	        "  b: { seq: [{ id: b, size-eos: true }] } }\n"
	        "-fairlead:\n"
	        "  path: /x\n"
	        "  emit: assembled\n"
	        "  assemble:\n"
	        "    - { when: kind < 2, key: 0, first: 0, part: 'kind == 0 ? 0 : number',\n"
	        "        length: total, bytes: 'kind == 0 ? [] : data', type: a }\n"
	        "    - { when: kind == 2, key: 0, part: number, last: more == 0, bytes: data,\n"
	        "        type: b, max: 3 }\n";
	struct bench bench;
	slice path;
	const struct value *value;
	(void)state;
	open_bench(&bench, description);
	assert_int_equal(feed(&bench, SLICE("\0\0\5\0"), 0), FRAME_PART_HELD);
	assert_int_equal(feed(&bench, SLICE("\2\1\0\1x"), 0), FRAME_PART_HELD);
	assert_int_equal(feed(&bench, SLICE("\1\1\0\0abc"), 0), FRAME_PART_HELD);
	assert_int_equal(feed(&bench, SLICE("\2\2\0\0y"), 0), FRAME_PART_WHOLE);
	assert_true(frame_message(bench.frame, 0, SLICE(""), &path, &value));
	assert_slice(value_get(value, SLICE("b"))->as.text, "xy");
	assert_int_equal(feed(&bench, SLICE("\1\2\0\0de!"), 0), FRAME_PART_WHOLE);
	assert_true(frame_message(bench.frame, 0, SLICE(""), &path, &value));
	assert_slice(value_get(value, SLICE("a"))->as.text, "abcde");
	assert_int_equal(feed(&bench, SLICE("\2\1\0\1xyz"), 0), FRAME_PART_HELD);
	assert_int_equal(feed(&bench, SLICE("\2\2\0\1!"), 0), FRAME_PART_STRAY);
	close_bench(&bench);
}

static void test_wrong_rules_are_told(void **state)
{
	static const struct frame_refusal cases[] = {
		{ "{ when: 1 == 1 }", "\"key\" is missing" },
		{ "{ when: 1 == 1, key: 1, part: 1, bytes: a, type: t }", "one of parts" },
		{ "{ when: 1 == 1, key: 1, part: 1, parts: 1, last: 1 == 1, bytes: a, type: t }",
		        "one of parts" },
		{ "{ when: 1 == 1, key: 1, part: 1, parts: 1, bytes: a, type: u }",
		        "no type \"u\"" },
		{ "{ when: 1 == 1, key: 1, part: 1, parts: 1, bytes: a, type: p }",
		        "no parameters" },
		{ "{ when: 1 == 1, key: [], part: 1, parts: 1, bytes: a, type: t }", "a key has" },
		{ "{ when: 1 == 1, key: 1, part: 1, parts: 1, bytes: a, type: t, timeout: 0s }",
		        "a time such as" },
		{ "{ when: 1 == 1, key: 1, part: 1, parts: 1, bytes: a, type: t, open: 257 }",
		        "256" },
		{ "{ when: 1 == 1, key: assembled, part: 1, parts: 1, bytes: a, type: t }",
		        "assembled" },
		{ "[]", "a list of at most" },
	};
	(void)state;
	frame_refuses("meta: { id: x }\n"
	              "seq: [{ id: a, size-eos: true }]\n"
	              "types: { t: {}, p: { params: [{ id: n, type: u1 }] } }\n"
	              "-fairlead: { assemble: ",
	        " }\n", 4, cases, sizeof cases / sizeof *cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_parts_make_a_whole),
		cmocka_unit_test(test_parts_are_never_mixed),
		cmocka_unit_test(test_what_waits_is_bounded),
		cmocka_unit_test(test_a_whole_that_is_none),
		cmocka_unit_test(test_a_length_in_the_first_part),
		cmocka_unit_test(test_an_announcement_and_several_rules),
		cmocka_unit_test(test_wrong_rules_are_told) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
