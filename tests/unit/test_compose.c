/* `call.with`: what a template makes of a request, and which templates are mistakes. */
#include "support.h"

#include "api/codec.h"
#include "core/compose.h"
#include "core/config_file.h"

static const struct {
	const char *with, *body; /* JSON; NULL: none */
	const char *made;        /* as value_show() has it; NULL: refused with STATUS_INVALID */
} cases[] = {
	/* Constants have the kinds that JSON would give them, unless they are in quotes. */
	{ "{ a: 3, b: -0.5, c: true, d: no, e: null, f: abc, g: '7', h: 0x10 }", NULL,
	        "{\"a\":3,\"b\":-0.5d,\"c\":true,\"d\":\"no\",\"e\":null,\"f\":\"abc\",\"g\":\"7\","
	        "\"h\":\"0x10\"}" },
	{ "{ a: 18446744073709551615, b: [1, { c: x }], d: {} }", NULL,
	        "{\"a\":18446744073709551615u,\"b\":[1,{\"c\":\"x\"}],\"d\":{}}" },
	/* Of the path and the query: numbers where they are written as such. */
	{ "{ a: '{register}', b: '{register:text}', c: '{device}', d: '{lead}' }", NULL,
	        "{\"a\":40001,\"b\":\"40001\",\"c\":\"plc 7\",\"d\":\"007\"}" },
	{ "{ a: '{?count}', b: '{?none}', c: '{?none=5}', d: '{?empty}', e: '{?count=9}' }", NULL,
	        "{\"a\":2,\"c\":5,\"d\":\"\",\"e\":2}" },
	{ "{ a: '{?odd name}', b: '{?half}' }", NULL, "{\"a\":\"x y\",\"b\":0.5d}" },
	{ "{ a: '{register - 40001}', b: '{register + 5}', c: '{?count=3 + 1}' }", NULL,
	        "{\"a\":0,\"b\":40006,\"c\":3}" },
	{ "{ a: 'r{register}-{device}', b: '{device}{?none}', c: '{register}{register}' }", NULL,
	        "{\"a\":\"r40001-plc 7\",\"c\":\"4000140001\"}" },
	/* Of the body, as it is there. */
	{ "{ a: '{#/value}', b: '{#/list/1}', c: '{#/a~1b}', d: '{#/m~0n}' }",
	        "{\"value\":17,\"list\":[1,\"2\"],\"a/b\":null,\"m~n\":[true]}",
	        "{\"a\":17,\"b\":\"2\",\"c\":null,\"d\":[true]}" },
	{ "{ a: '{#}', b: '{#/value - 1}' }", "{\"value\":17}", "{\"a\":{\"value\":17},\"b\":16}" },
	{ "{ a: '{#}' }", "7", "{\"a\":7}" },
	{ "{ a: '{#/value}', b: '{#/list/9}', c: '{#/list/x}', d: '{#/value/x}', e: 1 }",
	        "{\"value\":17,\"list\":[]}", "{\"a\":17,\"e\":1}" },
	{ "{ a: '{#/value}', list: ['{#/value}', 1] }", NULL, "{\"list\":[1]}" },
	/* What stands beside it in the body stays there. */
	{ "{ a: '{#/value}' }", "{\"value\":1,\"more\":2}", "{\"a\":1}" },
	{ "{ a: '{#/value}', b: '{#/value}' }", "{\"value\":[1,2]}", "{\"a\":[1,2],\"b\":[1,2]}" },
	/* What is no whole number has no successor. */
	{ "{ a: '{device - 1}' }", NULL, NULL },
	{ "{ a: '{?half + 1}' }", NULL, NULL },
	{ "{ a: '{huge + 1}' }", NULL, NULL },
	{ "{ a: '{#/value + 1}' }", "{\"value\":\"1\"}", NULL },
};

static const struct {
	const char *with, *why;
} mistaken[] = {
	{ "{ a: '{register' }", "\"}\" is missing" },
	{ "{ a: '{}' }", "a placeholder without a name" },
	{ "{ a: '{?=1}' }", "a placeholder without a name" },
	{ "{ a: '{#value}' }", "JSON pointer" },
	{ "[1]", "with is a map" },
	{ "{ a: '{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}' }", "too many" },
};

static unsigned variables_named;

static void named(void *arg, slice name)
{
	(void)arg;
	assert_true(name.n > 0);
	variables_named++;
}

static const struct composition *load(struct arena *arena, const char *with, struct error *error)
{
	struct mistakes *mistakes = ARENA_NEW(arena, struct mistakes);
	mistakes->arena = arena;
	slice text = arena_printf(arena, "with: %s\n", with);
	const struct config *root = config_text_read(text, "test.yaml", mistakes);
	assert_non_null(root);
	return composition_load(arena, config_get(root, "with"), named, NULL, error);
}

static void each_template_is_filled(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct error error = { .text = "" };
		struct request request = { .in.query = SLICE_INIT("count=2&odd%20name=x+y&empty&"
			                                          "half=0.5") };
		arena_init(&request.arena, 1 << 20);
		request.variables[0] = (struct variable){ SLICE("register"), SLICE("40001") };
		request.variables[1] = (struct variable){ SLICE("device"), SLICE("plc%207") };
		request.variables[2] = (struct variable){ SLICE("lead"), SLICE("007") };
		request.variables[3] =
		        (struct variable){ SLICE("huge"), SLICE("9223372036854775807") };
		request.nvariables = 4;
		const struct composition *composition = load(&request.arena, cases[i].with, &error);
		if (!composition)
			fail_msg("case %zu: %s", i, error.text);
		const struct codec *json = codec_for(SLICE("application/json"));
		const struct value *body = cases[i].body ? json->decode(&request.arena,
		                                                   slice_of(cases[i].body), &error)
		                                         : NULL;
		const struct value *made = composition_fill(composition, &request, body);
		if (!cases[i].made) {
			assert_null(made);
			assert_int_equal(request.status, STATUS_INVALID);
		} else {
			slice shown = made ? value_show(&request.arena, made) : request.why;
			if (!slice_is(shown, cases[i].made))
				fail_msg("case %zu: %.*s", i, SLICE_ARG(shown));
		}
		arena_finish(&request.arena);
	}
}

static void each_mistake_has_its_words_and_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof mistaken / sizeof *mistaken; i++) {
		struct arena arena;
		struct error error = { .text = "" };
		arena_init(&arena, 1 << 20);
		assert_null(load(&arena, mistaken[i].with, &error));
		if (!strstr(error.text, mistaken[i].why) || error.line != 1)
			fail_msg("case %zu: line %u: %s", i, error.line, error.text);
		arena_finish(&arena);
	}
}

static void the_path_variables_are_told(void **state)
{
	(void)state;
	struct arena arena;
	struct error error = { .text = "" };
	arena_init(&arena, 1 << 20);
	variables_named = 0;
	const struct composition *with =
	        load(&arena, "{ a: '{x}{?y}', b: ['{z - 1}'], c: { d: '{w:text}' } }", &error);
	assert_non_null(with);
	assert_int_equal(variables_named, 3);
	assert_false(composition_reads_body(with));
	assert_true(composition_reads_body(load(&arena, "{ a: { b: ['{#}'] } }", &error)));
	arena_finish(&arena);
}

/* Whatever the budget: the whole value, or a refusal. */
static void a_value_is_whole_or_refused(void **state)
{
	(void)state;
	struct arena setup;
	struct error error = { .text = "" };
	arena_init(&setup, 1 << 20);
	const struct composition *with = load(
	        &setup, "{ a: '{x}', b: 'n-{x}', c: [1, { d: '{?q=7}' }], e: '{x + 1}' }", &error);
	bool refused = false, made = false;
	for (size_t room = 0; room < 4096 && !made; room += 8) {
		struct request request = { .nvariables = 1 };
		request.variables[0] = (struct variable){ SLICE("x"), SLICE("5") };
		arena_init(&request.arena, 1 << 20);
		arena_starve(&request.arena, room);
		const struct value *value = composition_fill(with, &request, NULL);
		if (value) {
			made = true;
			assert_slice(value_show(&setup, value), "{\"a\":5,\"b\":\"n-5\",\"c\":[1,"
			                                        "{\"d\":7}],\"e\":6}");
		} else {
			refused = true;
			assert_int_equal(request.status, STATUS_TOO_LARGE);
		}
		arena_finish(&request.arena);
	}
	assert_true(refused && made);
	arena_finish(&setup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_template_is_filled),
		cmocka_unit_test(each_mistake_has_its_words_and_place),
		cmocka_unit_test(the_path_variables_are_told),
		cmocka_unit_test(a_value_is_whole_or_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
