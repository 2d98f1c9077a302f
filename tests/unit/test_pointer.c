/* JSON pointers: finding and putting. */
#include "support.h"

#include "api/codec.h"
#include "core/pointer.h"

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

static const struct value *json(const char *text)
{
	struct error error = { .text = "" };
	const struct value *value =
	        codec_for(SLICE("application/json"))->decode(&arena, slice_of(text), &error);
	assert_non_null(value);
	return value;
}

static void what_is_pointed_to(void **state)
{
	static const struct {
		const char *pointer, *found; /* NULL: nothing */
	} cases[] = {
		{ "", "{\"a\":[1,{\"b/c\":2}],\"m~n\":3,\"0\":4}" },
		{ "/a/0", "1" },
		{ "/a/1/b~1c", "2" },
		{ "/m~0n", "3" },
		{ "/0", "4" },
		{ "/a/2", NULL },
		{ "/a/x", NULL },
		{ "/a/0/b", NULL },
		{ "/b", NULL },
	};
	const struct value *value = json("{\"a\":[1,{\"b/c\":2}],\"m~n\":3,\"0\":4}");
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct value *found = pointer_get(&arena, value, slice_of(cases[i].pointer));
		assert_true(!found == !cases[i].found);
		if (found)
			assert_slice(value_show(&arena, found), cases[i].found);
	}
	assert_true(pointer_valid(SLICE("")) && pointer_valid(SLICE("/a~0/~1")));
	assert_false(pointer_valid(SLICE("a")) || pointer_valid(SLICE("/~")) ||
	             pointer_valid(SLICE("/~2")));
}

static void what_is_put(void **state)
{
	static const struct {
		const char *pointer, *made; /* NULL: there is no place */
	} cases[] = {
		{ "", "7" },
		{ "/a", "{\"a\":7,\"l\":[1,2]}" },
		{ "/a/b", "{\"a\":{\"b\":7},\"l\":[1,2]}" },
		{ "/a/c/d", "{\"a\":{\"b\":1,\"c\":{\"d\":7}},\"l\":[1,2]}" },
		{ "/l/1", "{\"a\":{\"b\":1},\"l\":[1,7]}" },
		{ "/n/x~1y", "{\"a\":{\"b\":1},\"l\":[1,2],\"n\":{\"x/y\":7}}" },
		{ "/l/2", NULL },
		{ "/a/b/c", NULL },
	};
	const struct value *value = json("{\"a\":{\"b\":1},\"l\":[1,2]}");
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct value *made =
		        pointer_put(&arena, value, slice_of(cases[i].pointer), json("7"));
		assert_true(!made == !cases[i].made);
		if (made)
			assert_slice(value_show(&arena, made), cases[i].made);
		/* What it was made of is as it was. */
		assert_slice(value_show(&arena, value), "{\"a\":{\"b\":1},\"l\":[1,2]}");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_pointed_to, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_put, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
