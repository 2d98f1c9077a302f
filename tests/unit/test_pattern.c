/* Filters of subscriptions against paths, and against the patterns of endpoints and roles. */
#include "support.h"

#include "core/pattern.h"

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
		const struct identity who = { .id = SLICE("a") };
		const struct pattern patterns[3] = { { PATTERN_ROLE, slice_of(cases[i].role),
			                                     &who },
			{ PATTERN_ENDPOINT, slice_of(cases[i].endpoint), NULL },
			{ PATTERN_FILTER, slice_of(cases[i].filter), NULL } };
		if (patterns_overlap(patterns, 3) != cases[i].overlap)
			fail_msg("%s %s %s", cases[i].role, cases[i].endpoint, cases[i].filter);
	}
}

static void self_is_plain_text_in_any_encoding(void **state)
{
	(void)state;
	const struct identity who = { .id = SLICE("a b") }, no_one = { .id = SLICE("") };
	const struct pattern patterns[2] = { { PATTERN_ROLE, SLICE("/s/{self}"), &who },
		{ PATTERN_FILTER, SLICE("/s/a%20b"), NULL } };
	assert_true(patterns_overlap(patterns, 2));
	const struct pattern nobody[2] = { { PATTERN_ROLE, SLICE("/s/{self}"), &no_one },
		{ PATTERN_FILTER, SLICE("/s/a"), NULL } };
	assert_false(patterns_overlap(nobody, 2));
}

static void self_is_also_whom_it_acts_for(void **state)
{
	(void)state;
	static const slice subs[] = { SLICE_INIT("b"), SLICE_INIT("pump-*") };
	const struct identity who = { .id = SLICE("a"), .acts_for = subs, .nacts_for = 2 };
	static const struct {
		const char *filter;
		bool overlap;
	} cases[] = {
		{ "/s/a", true },
		{ "/s/b", true },
		{ "/s/pump-7", true },
		{ "/s/pump%2D7", true },
		{ "/s/pump-", false },
		{ "/s/c", false },
		{ "/s/+", true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		/* The literal behind {self} must not be lost to it. */
		const struct pattern patterns[3] = { { PATTERN_FILTER, slice_of(cases[i].filter),
			                                     NULL },
			{ PATTERN_ROLE, SLICE("/s/{self}"), &who },
			{ PATTERN_FILTER, slice_of(cases[i].filter), NULL } };
		if (patterns_overlap(patterns, 3) != cases[i].overlap)
			fail_msg("%s", cases[i].filter);
	}
	const struct pattern torn[3] = { { PATTERN_FILTER, SLICE("/s/a"), NULL },
		{ PATTERN_ROLE, SLICE("/s/{self}"), &who },
		{ PATTERN_FILTER, SLICE("/s/b"), NULL } };
	assert_false(patterns_overlap(torn, 3));
}

static void a_denial_covers_only_what_it_says(void **state)
{
	(void)state;
	static const slice subs[] = { SLICE_INIT("b") };
	const struct identity alone = { .id = SLICE("a") };
	const struct identity with = { .id = SLICE("a"), .acts_for = subs, .nacts_for = 1 };
	static const struct {
		const char *deny, *allow, *filter;
		bool covers;
		bool acts_for;
	} cases[] = {
		{ "/s/a", "/s/*", "/s/a", true, false },
		{ "/s/a", "/s/*", "/s/+", false, false },
		{ "/s/a", "/s/{self}", "/#", true, false },
		{ "/s/a", "/s/{self}", "/#", false, true },
		{ "/s/{self}", "/s/{self}", "/#", true, true },
		{ "/s/{self}", "/s/*", "/s/b", true, true },
		{ "/s/{self}", "/s/*", "/s/c", false, true },
		{ "/s/{x}", "/s/*", "/s/+", true, false },
		{ "/s/{x}", "/s/*", "/s/#", false, false },
		{ "/s/*", "/s/*", "/s/#", true, false },
		{ "/s/*", "/*", "/s/#", false, false },
		{ "/s/*", "/s/{x}", "/#", true, false },
		{ "/*", "/*", "/#", true, false },
		{ "/s", "/*", "/s", true, false },
		{ "/s", "/*", "/s/#", false, false },
		{ "/s/{x}/c", "/s/*", "/s/+/c", true, false },
		{ "/s/{x}/c", "/s/*", "/s/+/+", false, false },
		{ "/s/b/c", "/s/*", "/s/+/c", false, false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct identity *who = cases[i].acts_for ? &with : &alone;
		const struct pattern cover = { PATTERN_ROLE, slice_of(cases[i].deny), who };
		const struct pattern patterns[2] = { { PATTERN_ROLE, slice_of(cases[i].allow),
			                                     who },
			{ PATTERN_FILTER, slice_of(cases[i].filter), NULL } };
		if (pattern_covers(&cover, patterns, 2) != cases[i].covers)
			fail_msg("%s over %s %s", cases[i].deny, cases[i].allow, cases[i].filter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_filter_matches_whole_segments),
		cmocka_unit_test(a_filter_is_valid_or_says_why),
		cmocka_unit_test(an_overlap_is_a_path_that_all_match),
		cmocka_unit_test(self_is_plain_text_in_any_encoding),
		cmocka_unit_test(self_is_also_whom_it_acts_for),
		cmocka_unit_test(a_denial_covers_only_what_it_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
