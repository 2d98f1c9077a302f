#include "support.h"

#include "core/router.h"

#include <stdio.h>

enum { GET = 1u << METHOD_GET, POST = 1u << METHOD_POST, PUT = 1u << METHOD_PUT };

static const char *const only_coap[] = { "coap", NULL };

static const struct endpoint endpoints[] = {
	{ .name = SLICE_INIT("sensors"),
	        .path = SLICE_INIT("/ships/sensors/{device}"),
	        .methods = POST },
	{ .name = SLICE_INIT("engine"),
	        .path = SLICE_INIT("/ships/sensors/engine"),
	        .methods = GET },
	{ .name = SLICE_INIT("deep"),
	        .path = SLICE_INIT("/ships/{kind}/{device}/raw"),
	        .methods = GET },
	{ .name = SLICE_INIT("rest"), .path = SLICE_INIT("/ships/*"), .methods = GET },
	{ .name = SLICE_INIT("root"), .path = SLICE_INIT("/"), .methods = GET },
	{ .name = SLICE_INIT("coap"),
	        .path = SLICE_INIT("/coap"),
	        .methods = GET,
	        .protocols = only_coap },
	{ .name = SLICE_INIT("report"),
	        .path = SLICE_INIT("/cars/report/{device}"),
	        .methods = POST,
	        .operation = SLICE_INIT("Report") },
};

static struct arena arena;

static int setup(void **state)
{
	arena_init(&arena, 64 << 20);
	struct router *router = router_create(&arena);
	const struct endpoint *other;
	for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++)
		assert_true(router_add(router, &endpoints[i], &other));
	*state = router;
	return 0;
}

static int teardown(void **state)
{
	router_destroy(*state);
	arena_finish(&arena);
	return 0;
}

static void the_most_literal_pattern_wins(void **state)
{
	static const struct {
		const char *path;
		enum method method;
		const char *name, *variable;
		unsigned allowed;
	} cases[] = {
		{ "/ships/sensors/engine-7", METHOD_POST, "sensors", "engine-7", POST },
		{ "/ships/sensors/engine", METHOD_GET, "engine", NULL, GET },
		{ "/ships/sensors/engine", METHOD_HEAD, "engine", NULL, GET },
		/* The literal has only GET, so {device} takes the POST. */
		{ "/ships/sensors/engine", METHOD_POST, "sensors", "engine", GET | POST },
		{ "/ships/sensors/engine-7/raw", METHOD_GET, "deep", "sensors", GET },
		{ "/ships/a/b/c/d", METHOD_GET, "rest", "a/b/c/d", GET },
		{ "/ships/a%2Fb", METHOD_GET, "rest", "a%2Fb", GET },
		{ "/ships/sensors/engine-7", METHOD_PUT, NULL, NULL, GET | POST },
		{ "/", METHOD_GET, "root", NULL, GET },
		{ "/ships", METHOD_GET, NULL, NULL, 0 },
		{ "/ships/", METHOD_GET, NULL, NULL, 0 },
		{ "/nowhere", METHOD_GET, NULL, NULL, 0 },
		{ "/coap", METHOD_GET, NULL, NULL, 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct route_match match;
		router_find(*state, "http", cases[i].method, slice_of(cases[i].path), &match);
		assert_int_equal(match.methods_allowed, cases[i].allowed);
		if (!cases[i].name) {
			assert_null(match.endpoint);
			continue;
		}
		assert_non_null(match.endpoint);
		assert_slice(match.endpoint->name, cases[i].name);
		if (cases[i].variable)
			assert_slice(match.variables[0].value, cases[i].variable);
	}
}

static void protocols_and_operations_are_told_apart(void **state)
{
	struct route_match match;
	router_find(*state, "coap", METHOD_GET, SLICE("/coap"), &match);
	assert_non_null(match.endpoint);
	assert_non_null(router_find_operation(*state, "soap", SLICE("/cars"), SLICE("Report")));
	assert_non_null(router_find_operation(*state, "soap", SLICE("/"), SLICE("Report")));
	assert_null(router_find_operation(*state, "soap", SLICE("/car"), SLICE("Report")));
	assert_null(router_find_operation(*state, "soap", SLICE("/cars"), SLICE("Other")));
}

static void the_same_path_twice_is_refused(void **state)
{
	const struct endpoint same = { .path = SLICE("/ships/sensors/{other}"),
		.methods = POST | PUT };
	const struct endpoint *other;
	assert_false(router_add(*state, &same, &other));
	assert_ptr_equal(other, &endpoints[0]);
}

static void wrong_patterns_are_named(void **state)
{
	(void)state;
	static const char *const wrong[] = { "", "a", "/a//b", "/a/", "/*/a", "/a{b}", "/{a}/{a}",
		"/{}", "/a*", "/{a", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}", "/a b", "/%7E", "/%2f",
		"/..", "/a?b", "/\xc3\xbc" };
	const char *why;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(router_pattern_valid(slice_of(wrong[i]), &why));
	assert_true(router_pattern_valid(SLICE("/a/{b}/*"), &why));
	assert_true(router_pattern_valid(SLICE("/~a/%C3%BC%20"), &why));
}

static void ten_thousand_endpoints_are_told_apart(void **state)
{
	(void)state;
	enum { COUNT = 10000 };
	arena_init(&arena, 64 << 20);
	struct router *router = router_create(&arena);
	struct endpoint *many = arena_alloc(&arena, COUNT * sizeof *many);
	const struct endpoint *other;
	for (unsigned i = 0; i < COUNT; i++) {
		many[i].path = arena_printf(&arena, "/fleet/unit-%u/{device}", i);
		many[i].methods = POST;
		assert_true(router_add(router, &many[i], &other));
	}
	for (unsigned i = 0; i < COUNT; i++) {
		char path[64];
		(void)snprintf(path, sizeof path, "/fleet/unit-%u/x", i);
		struct route_match match;
		router_find(router, "http", METHOD_POST, slice_of(path), &match);
		assert_ptr_equal(match.endpoint, &many[i]);
	}
	router_destroy(router);
	arena_finish(&arena);
}

static void templates_are_filled(void **state)
{
	(void)state;
	arena_init(&arena, 65536);
	const struct variable variables[] = { { SLICE("device"), SLICE("engine%207") } };
	slice missing;
	assert_slice(router_expand(&arena, SLICE("/v1/{device}/x"), variables, 1, &missing),
	        "/v1/engine%207/x");
	assert_slice(router_expand(&arena, SLICE("/v1"), variables, 1, &missing), "/v1");
	assert_null(router_expand(&arena, SLICE("/v1/{ship}"), variables, 1, &missing).p);
	assert_slice(missing, "ship");
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_most_literal_pattern_wins, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        protocols_and_operations_are_told_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(the_same_path_twice_is_refused, setup, teardown),
		cmocka_unit_test(wrong_patterns_are_named),
		cmocka_unit_test(ten_thousand_endpoints_are_told_apart),
		cmocka_unit_test(templates_are_filled),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
