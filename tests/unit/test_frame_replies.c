/* Which message a frame is, and answers that are made of what the backend answered. */
#include "support.h"

#include "support_frame.h"

#include "api/codec.h"
#include "codec/frame/frame.h"

enum { BUDGET = 4 << 20 };

struct bench {
	struct arena arena;
	struct frame_schema *schema;
	struct frame_fault fault;
	struct frame *frame;
};

static void open_bench(struct bench *bench, const char *fairlead)
{
	struct error error = { .text = "" };
	arena_init(&bench->arena, BUDGET);
	slice text = arena_printf(&bench->arena,
	        "meta: { id: x, endian: be, encoding: ASCII }\n"
	        "seq: [{ id: kind, type: str, size: 1 }, { id: body, type: str, size-eos: true }]\n"
	        "-fairlead:\n%s",
	        fairlead);
	bench->schema = frame_schema_load(text, &error);
	if (!bench->schema)
		fail_msg("%u:%u: %s", error.line, error.column, error.text);
	bench->frame = NULL;
}

static void close_bench(struct bench *bench)
{
	frame_schema_free(bench->schema);
	arena_finish(&bench->arena);
}

static void decode(struct bench *bench, const char *text)
{
	bench->frame =
	        frame_decode(bench->schema, &bench->arena, slice_of(text), NULL, &bench->fault);
	assert_non_null(bench->frame);
}

static const char rules[] =
        "  path: /default\n"
        "  ack: [\"ok\"]\n"
        "  nak: [\"no\"]\n"
        "  messages:\n"
        "    - { when: kind == \"r\", method: GET, path: \"/x/{body}\", reply: [\"v\"] }\n"
        "    - { when: kind == \"w\", method: PUT, path: \"/x/{body}\", emit: { to: body }, nak: "
        "[\"w\"] }\n"
        "    - { when: kind == \"d\", method: DELETE, path: \"/x/{body}\" }\n"
        "    - { when: kind != \"z\", emit: { other: kind } }\n";

static void test_the_first_rule_that_fits(void **state)
{
	static const struct {
		const char *frame;
		enum method method;
		const char *path, *value, *ack, *nak;
	} cases[] = {
		{ "r7", METHOD_GET, "/x/7", NULL, "v", "no" },
		{ "w7", METHOD_PUT, "/x/7", "{\"to\":\"7\"}", "ok", "w" },
		{ "d7", METHOD_DELETE, "/x/7", NULL, "ok", "no" },
		{ "q7", METHOD_POST, "/default", "{\"other\":\"q\"}", "ok", "no" },
	};
	struct bench bench;
	unsigned n;
	slice path;
	const struct value *value;
	(void)state;
	open_bench(&bench, rules);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		decode(&bench, cases[i].frame);
		assert_true(frame_messages(bench.frame, &n) && n == 1);
		assert_true(frame_is_message(bench.frame));
		assert_int_equal(frame_method(bench.frame), cases[i].method);
		assert_true(frame_message(bench.frame, 0, SLICE(""), &path, &value));
		assert_slice(path, cases[i].path);
		assert_int_equal(value != NULL, cases[i].value != NULL);
		if (value)
			assert_slice(value_show(&bench.arena, value), cases[i].value);
		assert_slice(
		        frame_answer(bench.schema, bench.frame, &bench.arena, FRAME_ANSWER_ACK),
		        cases[i].ack);
		assert_slice(
		        frame_answer(bench.schema, bench.frame, &bench.arena, FRAME_ANSWER_NAK),
		        cases[i].nak);
	}
	decode(&bench, "z7");
	assert_true(frame_messages(bench.frame, &n) && n == 0);
	assert_false(frame_is_message(bench.frame));
	assert_false(frame_message(bench.frame, 0, SLICE(""), &path, &value));
	close_bench(&bench);
}

/* The answer to a frame, when the backend has answered this JSON; NULL: none can be made. */
static void expect_answer(const char *template, const char *json, const char *hex)
{
	struct bench bench;
	struct error error = { .text = "" };
	struct arena arena;
	arena_init(&arena, BUDGET);
	slice text = arena_printf(&arena, "  path: /x\n  ack: %s\n", template);
	open_bench(&bench, text.p);
	decode(&bench, "q");
	assert_true(frame_wants_reply(bench.frame));
	const struct value *value =
	        codec_for(SLICE("application/json"))->decode(&bench.arena, slice_of(json), &error);
	assert_non_null(value);
	frame_answered(bench.frame, STATUS_OK, 3, value);
	slice answer = frame_answer(bench.schema, bench.frame, &bench.arena, FRAME_ANSWER_ACK);
	if (!hex) {
		assert_null(answer.p);
		assert_int_not_equal(bench.fault.kind, FRAME_FAULT_NONE);
	} else if (!slice_equal(answer, from_hex(&bench.arena, hex))) {
		fail_msg("%s of %s: %s (%zu bytes)", template, json, bench.fault.text, answer.n);
	}
	close_bench(&bench);
	arena_finish(&arena);
}

static void test_answers_of_the_backends_answer(void **state)
{
	static const struct {
		const char *template, *json, *hex;
	} cases[] = {
		{ "[{ u2be: _reply.value }]", "{\"value\":513}", "0201" },
		{ "[{ u2le: '_reply.a.b[1]' }]", "{\"a\":{\"b\":[7,513]}}", "0102" },
		{ "[{ s2be: '_reply[\"a-b\"]' }]", "{\"a-b\":-2}", "fffe" },
		{ "[{ text: _reply.name }, { u1: _taken }]", "{\"name\":\"x\"}", "7803" },
		{ "[{ text: _status }, { u1: _reply.on }]", "{\"on\":true}", "6f6b01" },
		{ "[{ f4be: _reply.t }, { f8le: _reply.t }]", "{\"t\":1.5}",
		        "3fc00000 000000000000f83f" },
		{ "[{ f4be: _reply.t }]", "{\"t\":2}", "40000000" },
		{ "[{ u1: _reply.size }, { each: _reply, of: [{ u1: _index }, { u2be: _ }] }]",
		        "[9,8]", "02 00 0009 01 0008" },
		{ "[{ each: _reply.rows, of: [{ u1: _.n }, { each: _.v, of: [{ u1: _ }] }] }]",
		        "{\"rows\":[{\"n\":1,\"v\":[2,3]},{\"n\":4,\"v\":[]}]}", "01020304" },
		{ "[{ u1: _reply.first + _reply.last }]", "[1,5,7]", "08" },
		/* A member that is called as a method is. */
		{ "[{ u1: _reply.size }]", "{\"size\":9,\"b\":1}", "09" },
		{ "[{ u8be: _reply }]", "18446744073709551615", "ffffffffffffffff" },
		{ "[{ u1: _reply }, { checksum: xor8 }]", "255", "ffff" },
		{ "[{ s1: _reply }]", "-128", "80" },
		/* Nothing to make it of, and what does not fit. */
		{ "[{ u1: _reply.missing }]", "{}", NULL },
		{ "[{ u1: '_reply.missing.far[3].size' }]", "{}", NULL },
		{ "[{ u1: _reply }]", "256", NULL },
		{ "[{ u1: _reply }]", "-1", NULL },
		{ "[{ s1: _reply }]", "128", NULL },
		{ "[{ s1: _reply }]", "-129", NULL },
		{ "[{ s8be: _reply }]", "9223372036854775808", NULL },
		{ "[{ u1: _reply }]", "1.5", NULL },
		{ "[{ u2be: _reply.name }]", "{\"name\":\"x\"}", NULL },
		{ "[{ text: _reply }]", "{}", NULL },
		{ "[{ text: _reply.x }]", "{\"x\":null}", NULL },
		{ "[{ u1: '_reply[0]' }]", "{\"0\":1}", NULL },
		{ "[{ u1: _reply.a.missing }]", "{\"a\":1}", NULL },
		{ "[{ each: _reply, of: [{ u1: _ }] }]", "{\"a\":1}", NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		expect_answer(cases[i].template, cases[i].json, cases[i].hex);
}

static void test_a_nak_says_why(void **state)
{
	struct bench bench;
	(void)state;
	open_bench(&bench,
	        "  path: /x\n"
	        "  nak: [{ u1: '_status == \"not-found\" ? 2 : _status == \"invalid\" ? 3 : 4' },\n"
	        "    { u1: _taken }]\n");
	decode(&bench, "q");
	frame_answered(bench.frame, STATUS_NOT_FOUND, 5, NULL);
	assert_slice(
	        frame_answer(bench.schema, bench.frame, &bench.arena, FRAME_ANSWER_NAK), "\2\5");
	frame_answered(bench.frame, STATUS_TIMEOUT, 6, NULL);
	assert_slice(
	        frame_answer(bench.schema, bench.frame, &bench.arena, FRAME_ANSWER_NAK), "\4\6");
	close_bench(&bench);
}

static void test_wrong_descriptions_are_told(void **state)
{
	static const struct frame_refusal cases[] = {
		{ "path: /x, messages: []", "at most" },
		{ "messages: [{ when: 1 == 1 }]", "has a path" },
		{ "path: /x, emit: a, messages: [{}]", "its own \"emit\"" },
		{ "path: /x, otherwise: ignore", "goes with messages" },
		{ "path: /x, messages: [{}], otherwise: close", "refuse or ignore" },
		{ "path: /x, method: SUBSCRIBE", "method is" },
		{ "path: /x, method: get", "method is" },
		{ "greet: [{ text: a }]", "there is no frame" },
		{ "heartbeat: { every: 1s }", "our heartbeat has both" },
		{ "heartbeat: { send: [1] }", "our heartbeat has both" },
		{ "heartbeat: { timeout: 1s }", "our heartbeat has both" },
		{ "heartbeat: { every: 1s, send: [{ bytes: a }] }", "there is no frame" },
		{ "heartbeat: { every: 0s, send: [1] }", "a time such as" },
		{ "heartbeat: { every: 1s, send: [1], reply: [2] }", "\"when\" is missing" },
		{ "heartbeat: { reply: [2] }", "\"when\" is missing" },
		{ "timeout: soon", "a time such as" },
		{ "path: /x, emit: _reply", "_reply" },
		{ "path: \"/x/{_status}\"", "_status" },
		{ "path: /x, ack: [{ each: a }]", "\"of\" is missing" },
		{ "path: /x, ack: [{ each: a, of: [1], as: 2 }]", "unknown key" },
		{ "path: /x, ack: [{ u2: a }]", "byte order" },
		{ "path: /x, ack: [{ each: a, of: [{ each: a, of: [{ each: a, of: [{ each: a, of: "
		  "[1] }] }] }] }]",
		        "too deeply" },
	};
	(void)state;
	frame_refuses("meta: { id: x }\n"
	              "seq: [{ id: a, size-eos: true }]\n"
	              "-fairlead: { ",
	        " }\n", 3, cases, sizeof cases / sizeof *cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_the_first_rule_that_fits),
		cmocka_unit_test(test_answers_of_the_backends_answer),
		cmocka_unit_test(test_a_nak_says_why),
		cmocka_unit_test(test_wrong_descriptions_are_told) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
