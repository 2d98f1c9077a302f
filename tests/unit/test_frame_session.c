/* What lasts from frame to frame: session variables, and who a frame is from. */
#include "support.h"

#include "support_frame.h"

#include "codec/frame/frame.h"

enum { BUDGET = 4 << 20 };

struct bench {
	struct arena arena;
	struct frame_schema *schema;
	struct frame_session *session;
	struct frame_fault fault;
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

/* The bytes are the caller's for this call only: what is remembered must not point into them. */
static struct frame *join(struct bench *bench, const char *text, bool good)
{
	slice bytes = arena_copy_slice(&bench->arena, slice_of(text));
	struct frame *frame =
	        frame_decode(bench->schema, &bench->arena, bytes, NULL, &bench->fault);
	if (!frame)
		fail_msg("%s", bench->fault.text);
	if (frame_join(frame, bench->session) != good)
		fail_msg("%s: %s", text, bench->fault.text);
	return frame;
}

static void expect(struct bench *bench, struct frame *frame, const char *path, const char *shown)
{
	slice went;
	const struct value *value;
	if (!frame_message(frame, 0, SLICE(""), &went, &value))
		fail_msg("%s: %s", bench->fault.path, bench->fault.text);
	assert_slice(went, path);
	assert_slice(value_show(&bench->arena, value), shown);
}

static const char remembering[] =
        "meta: { id: x, encoding: ASCII }\n"
        "seq:\n"
        "  - { id: kind, type: str, size: 1 }\n"
        "  - { id: body, type: str, size-eos: true }\n"
        "-fairlead:\n"
        "  session:\n"
        "    imei: { when: kind == \"L\", value: body }\n"
        "    base: { when: kind == \"T\", value: body.to_i }\n"
        "    frames: { value: session.frames + 1, initial: 0 }\n"
        "    parity: session.frames % 2 == 0\n"
        "  path: \"/cars/{session.imei}\"\n"
        "  emit: { base: session.base, n: session.frames, even: session.parity }\n"
        "  ack: [{ text: session.imei }, { u2be: session.frames }]\n";

static void test_variables_last(void **state)
{
	struct bench bench;
	(void)state;
	open_bench(&bench, remembering);
	struct frame *first = join(&bench, "L7734", true);
	expect(&bench, first, "/cars/7734", "{\"n\":1,\"even\":false}");
	struct frame *second = join(&bench, "T1764057600", true);
	expect(&bench, second, "/cars/7734", "{\"base\":1764057600,\"n\":2,\"even\":true}");
	struct frame *third = join(&bench, "L-", true);
	expect(&bench, third, "/cars/-", "{\"base\":1764057600,\"n\":3,\"even\":false}");
	/* An earlier frame that is still under way keeps what it saw. */
	expect(&bench, first, "/cars/7734", "{\"n\":1,\"even\":false}");
	slice ack = frame_answer(bench.schema, second, &bench.arena, FRAME_ANSWER_ACK);
	assert_true(slice_equal(ack, SLICE("7734\0\2")));
	close_bench(&bench);
}

static void test_a_frame_that_fails_changes_nothing(void **state)
{
	struct bench bench;
	(void)state;
	open_bench(&bench, remembering);
	(void)join(&bench, "L1", true);
	(void)join(&bench, "Tno number", false);
	assert_non_null(strstr(bench.fault.text, "no whole number"));
	expect(&bench, join(&bench, "x", true), "/cars/1", "{\"n\":2,\"even\":true}");
	/* Sizes: at the limit and one past it. */
	char text[1027];
	memset(text, 'y', sizeof text);
	text[0] = 'L';
	text[1025] = '\0';
	(void)join(&bench, text, true);
	text[1025] = 'y';
	text[1026] = '\0';
	(void)join(&bench, text, false);
	assert_non_null(strstr(bench.fault.text, "session.imei: more than 1024 bytes"));
	close_bench(&bench);
}

static void test_a_variable_that_is_not_set(void **state)
{
	struct bench bench;
	slice path;
	const struct value *value;
	(void)state;
	open_bench(&bench, remembering);
	struct frame *frame = join(&bench, "x", true);
	assert_false(frame_message(frame, 0, SLICE(""), &path, &value));
	/* A frame of no session knows what is there at first, and no more. */
	slice bytes = SLICE("L1");
	frame = frame_decode(bench.schema, &bench.arena, bytes, NULL, &bench.fault);
	assert_false(frame_message(frame, 0, SLICE(""), &path, &value));
	assert_null(frame_answer(bench.schema, frame, &bench.arena, FRAME_ANSWER_ACK).p);
	close_bench(&bench);
}

/* What a variable becomes may be a part of what it was, in the same bytes. */
static void test_a_variable_that_gets_shorter(void **state)
{
	struct bench bench;
	(void)state;
	open_bench(&bench,
	        "meta: { id: x, encoding: ASCII }\nseq: [{ id: a, type: str, size-eos: true }]\n"
	        "-fairlead:\n"
	        "  session: { rest: 'a.length > 0 ? a : session.rest.substring(0, "
	        "session.rest.length - 1)' }\n"
	        "  path: \"/x/{session.rest}\"\n"
	        "  emit: 1\n");
	expect(&bench, join(&bench, "abc", true), "/x/abc", "1");
	expect(&bench, join(&bench, "", true), "/x/ab", "1");
	expect(&bench, join(&bench, "", true), "/x/a", "1");
	close_bench(&bench);
}

static void test_only_plain_values_are_kept(void **state)
{
	struct bench bench;
	(void)state;
	open_bench(&bench, "meta: { id: x }\nseq: [{ id: a, type: u1, repeat: eos }]\n"
	                   "-fairlead: { session: { all: a } }\n");
	(void)join(&bench, "abc", false);
	assert_non_null(strstr(bench.fault.text, "session.all: only numbers"));
	close_bench(&bench);
}

static void test_each_frame_says_who_it_is_from(void **state)
{
	static const char description[] =
	        "meta: { id: x, encoding: ASCII }\n"
	        "seq:\n"
	        "  - { id: who, type: str, terminator: 0x2c }\n"
	        "  - { id: word, type: str, size-eos: true }\n"
	        "-fairlead:\n"
	        "  session: { last: { when: who.length > 0, value: who } }\n"
	        "  device: { id: session.last, secret: word }\n"
	        "  path: \"/x/{device}\"\n";
	struct bench bench;
	slice device, secret;
	(void)state;
	open_bench(&bench, description);
	assert_true(frame_schema_has_device(bench.schema));
	assert_false(frame_schema_has_login(bench.schema));
	assert_true(frame_login(join(&bench, ",a", true), &device, &secret));
	assert_int_equal(device.n + secret.n, 0);
	assert_true(frame_login(join(&bench, "d1,b", true), &device, &secret));
	assert_slice(device, "d1");
	assert_slice(secret, "b");
	assert_true(frame_login(join(&bench, ",c", true), &device, &secret));
	assert_slice(device, "d1");
	assert_slice(secret, "c");
	close_bench(&bench);
}

/* What is wrong goes to the log. */
static void test_no_mistake_shows_a_secret(void **state)
{
	struct bench bench;
	slice device, secret;
	(void)state;
	open_bench(&bench, "meta: { id: x, encoding: ASCII }\n"
	                   "seq: [{ id: word, type: str, size-eos: true }]\n"
	                   "-fairlead: { device: { id: '\"d1\"', secret: word.to_i.to_s } }\n");
	assert_true(frame_login(join(&bench, "4711", true), &device, &secret));
	assert_slice(secret, "4711");
	assert_false(frame_login(join(&bench, "hunter2", true), &device, &secret));
	assert_null(strstr(bench.fault.text, "hunter2"));
	assert_non_null(strstr(bench.fault.text, "the secret cannot be told"));
	close_bench(&bench);
}

static void test_wrong_descriptions_are_told(void **state)
{
	static const struct frame_refusal cases[] = {
		{ "session: []", "a map of at most" },
		{ "session: { a: { when: 1 == 1 } }", "\"value\" is missing" },
		{ "session: { a: { value: 1, before: 1 } }", "unknown key \"before\"" },
		{ "session: { a: session.b }", "no session variable \"b\"" },
		{ "emit: session.a", "session" },
		{ "login: { when: 1 == 1, device: a }, device: a", "one of them only" },
		{ "device: { secret: a }", "\"id\" is missing" },
		{ "login: { when: 1 == 1, device: a, message: maybe }", "true or false" },
	};
	(void)state;
	frame_refuses("meta: { id: x, encoding: ASCII }\n"
	              "seq: [{ id: a, type: str, size-eos: true }]\n"
	              "-fairlead: { ",
	        " }\n", 3, cases, sizeof cases / sizeof *cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_variables_last),
		cmocka_unit_test(test_a_frame_that_fails_changes_nothing),
		cmocka_unit_test(test_a_variable_that_is_not_set),
		cmocka_unit_test(test_a_variable_that_gets_shorter),
		cmocka_unit_test(test_no_mistake_shows_a_secret),
		cmocka_unit_test(test_only_plain_values_are_kept),
		cmocka_unit_test(test_each_frame_says_who_it_is_from),
		cmocka_unit_test(test_wrong_descriptions_are_told) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
