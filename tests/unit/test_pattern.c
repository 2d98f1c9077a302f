/* Filters of subscriptions against paths, and against the patterns of endpoints and roles. */
#include "support.h"

#include "core/pattern.h"
#include "core/role.h"

static void a_filter_matches_whole_segments(void **state)
{
	(void)state;
	static const struct {
		const char *filter, *path;
		bool matches;
	} cases[] = {
		{ "/a/b", "/a/b", true },
		{ "/a/b", "/a/bc", false },
		{ "/a/b", "/a", false },
		{ "/a", "/a/b", false },
		{ "/a/+", "/a/b", true },
		{ "/a/+", "/a", false },
		{ "/a/+", "/a/b/c", false },
		{ "/+/b", "/a/b", true },
		{ "/a/#", "/a/b/c", true },
		{ "/a/#", "/a", true },
		{ "/a/#", "/ab", false },
		{ "/#", "/a", true },
		{ "/#", "/", true },
		{ "/+/+/c", "/a/b/c", true },
		{ "/+/+/c", "/a/b/d", false },
		{ "/a/+/#", "/a", false },
		{ "/a/+/#", "/a/b", true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (filter_matches(slice_of(cases[i].filter), slice_of(cases[i].path)) !=
		        cases[i].matches)
			fail_msg("%s %s", cases[i].filter, cases[i].path);
	}
}

static void a_filter_is_valid_or_says_why(void **state)
{
	(void)state;
	static const struct {
		const char *filter;
		bool valid, path;
	} cases[] = {
		{ "/a/b", true, true },
		{ "/a/+/b", true, false },
		{ "/a/#", true, false },
		{ "/#", true, false },
		{ "a", false, true },
		{ "", false, true },
		{ "/#/a", false, false },
		{ "/a#", false, true },
		{ "/a/#b", false, true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *why = NULL;
		slice filter = slice_of(cases[i].filter);
		if (filter_valid(filter, &why) != cases[i].valid)
			fail_msg("%s: %s", cases[i].filter, why);
		assert_non_null(why);
		if (cases[i].valid)
			assert_int_equal(filter_is_path(filter), cases[i].path);
	}
}

static void an_overlap_is_a_path_that_all_match(void **state)
{
	(void)state;
	static const struct {
		const char *role, *endpoint, *filter;
		bool overlap;
	} cases[] = {
		{ "/s/{self}", "/s/{device}", "/s/a", true },
		{ "/s/{self}", "/s/{device}", "/s/b", false },
		{ "/s/{self}", "/s/{device}", "/s/+", true },
		{ "/s/{self}", "/s/{device}", "/#", true },
		{ "/s/{self}", "/s/*", "/s/a/#", true },
		{ "/s/{self}", "/s/*", "/s/a/b", false },
		{ "/s/*", "/s/*", "/s", false },
		{ "/s/*", "/s/*", "/s/#", true },
		{ "/s/{x}/c", "/s/a/{y}", "/s/+/+", true },
		{ "/s/{x}/c", "/s/a/{y}", "/s/b/+", false },
		{ "/s/{x}/c", "/s/a/{y}", "/s/+/d", false },
		{ "/t/*", "/s/*", "/#", false },
		{ "/*", "/*", "/#", true },
		{ "/*", "/", "/#", false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct pattern patterns[3] = { { PATTERN_ROLE, slice_of(cases[i].role),
			                                     SLICE("a") },
			{ PATTERN_ENDPOINT, slice_of(cases[i].endpoint), { NULL, 0 } },
			{ PATTERN_FILTER, slice_of(cases[i].filter), { NULL, 0 } } };
		if (patterns_overlap(patterns, 3) != cases[i].overlap)
			fail_msg("%s %s %s", cases[i].role, cases[i].endpoint, cases[i].filter);
	}
}

static void self_is_plain_text_in_any_encoding(void **state)
{
	(void)state;
	const struct pattern patterns[2] = { { PATTERN_ROLE, SLICE("/s/{self}"), SLICE("a b") },
		{ PATTERN_FILTER, SLICE("/s/a%20b"), { NULL, 0 } } };
	assert_true(patterns_overlap(patterns, 2));
	const struct pattern nobody[2] = { { PATTERN_ROLE, SLICE("/s/{self}"), SLICE("") },
		{ PATTERN_FILTER, SLICE("/s/a"), { NULL, 0 } } };
	assert_false(patterns_overlap(nobody, 2));
}

static void who_may_get_may_follow(void **state)
{
	(void)state;
	struct role_rule rule;
	const char *why;
	assert_true(role_rule_parse(SLICE("GET /s/{self}"), &rule, &why));
	struct role role = { .rules = &rule, .nrules = 1 };
	assert_true(role_may_follow(&role, SLICE("/s/{device}"), SLICE("/s/a"), SLICE("a")));
	assert_false(role_may_follow(&role, SLICE("/s/{device}"), SLICE("/s/b"), SLICE("a")));
	assert_true(role_rule_parse(SLICE("POST /s/*"), &rule, &why));
	assert_false(role_may_follow(&role, SLICE("/s/{device}"), SLICE("/s/a"), SLICE("a")));
	assert_true(role_rule_parse(SLICE("SUBSCRIBE /s/*"), &rule, &why));
	assert_true(role_may_follow(&role, SLICE("/s/{device}"), SLICE("/s/a"), SLICE("a")));
	assert_false(role_allows(&role, METHOD_GET, SLICE("/s/a"), SLICE("a")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_filter_matches_whole_segments),
		cmocka_unit_test(a_filter_is_valid_or_says_why),
		cmocka_unit_test(an_overlap_is_a_path_that_all_match),
		cmocka_unit_test(self_is_plain_text_in_any_encoding),
		cmocka_unit_test(who_may_get_may_follow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
