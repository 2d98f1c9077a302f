/* Requests that a description writes, what a frame is to them, and descriptions that say it wrongly. */
#include "support.h"

#include "api/codec.h"
#include "codec/frame/frame.h"

enum { BUDGET = 4 << 20 };

#define HEAD                                                                                       \
	"meta: { id: x, endian: be, encoding: ASCII }\n"                                           \
	"seq: [{ id: number, type: u2 }, { id: kind, type: u1 }, { id: value, type: u1 }]\n"       \
	"types:\n"                                                                                 \
	"  request: { seq: [{ id: number, type: u2 }, { id: what, type: u1 }, { contents: [0] }] " \
	"}\n"                                                                                      \
	"  given: { params: [{ id: a, type: u1 }], seq: [{ id: b, type: u1 }] }\n"                 \
	"-fairlead:\n"                                                                             \
	"  framing: { fixed: 4 }\n"                                                                \
	"  call:\n"

static const char whole[] =
        HEAD "    type: request\n"
             "    set: { number: _transaction & 0xffff }\n"
             "    timeout: 250ms\n"
             "    concurrent: 4\n"
             "    answer:\n"
             "      when: kind != 9\n"
             "      match: number == _request.number\n"
             "      expected: what != 7\n"
             "      error: { when: kind == 2, status: '\"not-found\"', text: 'f\"kind {kind}\"' }\n"
             "      emit: { value: value, of: _request.what }\n";

static const struct {
	const char *call, *why;
	unsigned line;
} mistaken[] = {
	{ "    set: {}\n", "\"type\" is missing", 8 },
	{ "    type: nothing\n", "there is no type \"nothing\"", 9 },
	{ "    type: given\n", "no parameters", 9 },
	{ "    type: request\n    sets: {}\n", "unknown key \"sets\"", 10 },
	{ "    type: request\n    set: { nobody: 1 }\n", "no member \"nobody\"", 10 },
	{ "    type: request\n    set: { number: kind }\n", "no member", 10 },
	{ "    type: request\n    set: { number: _request.number }\n", "_request", 10 },
	{ "    type: request\n    timeout: 0s\n", "a time such as", 10 },
	{ "    type: request\n    concurrent: 17\n", "16", 10 },
	{ "    type: request\n    concurrent: 2\n", "needs answer/match", 10 },
	{ "    type: request\n    quiet: 1s\n    concurrent: 2\n    answer: { match: 'true' }\n",
	        "needs answer/match", 11 },
	{ "    type: request\n    answer: { matches: 'true' }\n", "unknown key \"matches\"", 10 },
	{ "    type: request\n    answer: { when: _request.number == 1 }\n", "_request", 10 },
	{ "    type: request\n    answer: { expected: kind == 1 }\n", "no member", 10 },
	{ "    type: request\n    answer: { error: { status: '1' } }\n", "\"when\" is missing",
	        10 },
	{ "    type: request\n    answer: { emit: { a: nobody } }\n", "nobody", 10 },
};

struct bench {
	struct arena arena;
	struct frame_schema *schema;
	struct frame_fault fault;
};

static void open_bench(struct bench *bench)
{
	struct error error = { .text = "" };
	arena_init(&bench->arena, BUDGET);
	bench->schema = frame_schema_load(slice_of(whole), &error);
	if (!bench->schema)
		fail_msg("%u:%u: %s", error.line, error.column, error.text);
}

static void close_bench(struct bench *bench)
{
	frame_schema_free(bench->schema);
	arena_finish(&bench->arena);
}

static const struct value *json(struct arena *arena, const char *text)
{
	struct error error;
	return codec_for(SLICE("application/json"))->decode(arena, slice_of(text), &error);
}

static bool ask(
        struct bench *bench, const char *text, uint64_t transaction, struct frame_request *request)
{
	return frame_ask(bench->schema, &bench->arena, text ? json(&bench->arena, text) : NULL,
	        transaction, request, &bench->fault);
}

static struct frame *decode(struct bench *bench, const char *hex)
{
	struct frame *frame = frame_decode(
	        bench->schema, &bench->arena, from_hex(&bench->arena, hex), NULL, &bench->fault);
	assert_non_null(frame);
	return frame;
}

static void each_mistake_has_its_words_and_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof mistaken / sizeof *mistaken; i++) {
		struct arena arena;
		struct error error = { .text = "" };
		arena_init(&arena, BUDGET);
		struct frame_schema *schema = frame_schema_load(
		        arena_printf(&arena, "%s%s", HEAD, mistaken[i].call), &error);
		if (schema || !strstr(error.text, mistaken[i].why) ||
		        error.line != mistaken[i].line)
			fail_msg("case %zu: line %u: %s", i, error.line, error.text);
		arena_finish(&arena);
	}
}

static void limits_are_what_is_said(void **state)
{
	struct bench bench;
	struct frame_call_limits limits;
	struct error error = { .text = "" };
	(void)state;
	open_bench(&bench);
	assert_true(frame_schema_call(bench.schema, &limits));
	assert_int_equal(limits.timeout_ms, 250);
	assert_int_equal(limits.quiet_ms, 250);
	assert_int_equal(limits.concurrent, 4);
	assert_true(limits.answers && limits.matched && limits.marked);
	close_bench(&bench);
	struct frame_schema *schema = frame_schema_load(
	        SLICE(HEAD "    type: request\n    quiet: 9s\n    answer: { match: 'true' }\n"),
	        &error);
	assert_non_null(schema);
	assert_true(frame_schema_call(schema, &limits));
	assert_int_equal(limits.quiet_ms, 9000);
	assert_true(limits.answers && !limits.matched && !limits.marked);
	frame_schema_free(schema);
	schema = frame_schema_load(SLICE("meta: { id: x }\nseq: []\n"), &error);
	assert_non_null(schema);
	assert_false(frame_schema_call(schema, &limits));
	frame_schema_free(schema);
}

static void a_request_is_written_with_its_number(void **state)
{
	struct bench bench;
	struct frame_request request;
	(void)state;
	open_bench(&bench);
	assert_true(ask(&bench, "{\"what\":5,\"number\":9}", 0x10007, &request));
	assert_slice_equal(request.sent, SLICE("\0\7\5\0"), __FILE__, __LINE__);
	assert_slice_equal(request.bytes, request.sent, __FILE__, __LINE__);
	assert_true(request.expected);
	assert_true(ask(&bench, "{\"what\":7}", 0, &request));
	assert_false(request.expected);
	assert_false(ask(&bench, "{\"what\":300}", 1, &request));
	assert_non_null(strstr(bench.fault.path, "what"));
	assert_false(ask(&bench, "{\"what\":1,\"more\":2}", 1, &request));
	assert_false(ask(&bench, "{}", 1, &request));
	assert_false(ask(&bench, NULL, 1, &request));
	assert_false(ask(&bench, "7", 1, &request));
	assert_non_null(strstr(bench.fault.text, "map"));
	close_bench(&bench);
}

static void an_answer_finds_its_request(void **state)
{
	struct bench bench;
	struct frame_outcome outcome;
	bool answer, answers;
	slice first = SLICE("\0\1\5\0"), second = SLICE("\0\2\6\0");
	(void)state;
	open_bench(&bench);
	struct frame *frame = decode(&bench, "0002 01 2a");
	assert_true(frame_is_answer(frame, &answer) && answer);
	assert_true(frame_answers(frame, first, &answers) && !answers);
	assert_true(frame_answers(frame, second, &answers) && answers);
	assert_true(frame_outcome(frame, &outcome));
	assert_false(outcome.refused);
	assert_slice(value_show(&bench.arena, outcome.value), "{\"value\":42,\"of\":6}");
	frame = decode(&bench, "0001 02 00");
	assert_true(frame_answers(frame, first, &answers) && answers);
	assert_true(frame_outcome(frame, &outcome));
	assert_true(outcome.refused);
	assert_slice(outcome.status, "not-found");
	assert_slice(outcome.text, "kind 2");
	frame = decode(&bench, "0001 09 00");
	assert_true(frame_is_answer(frame, &answer) && !answer);
	close_bench(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mistake_has_its_words_and_place),
		cmocka_unit_test(limits_are_what_is_said),
		cmocka_unit_test(a_request_is_written_with_its_number),
		cmocka_unit_test(an_answer_finds_its_request),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
