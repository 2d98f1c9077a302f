/* Links to what can be asked for: which path two patterns come to, how a link is written, which filter it passes. */
#include "support.h"

#include "core/link.h"

static void paths_that_patterns_come_to(void **state)
{
	(void)state;
	static const struct {
		const char *endpoint, *role, *self, *expected;
	} cases[] = {
		{ "/a/b", "/a/b", "", "/a/b" },
		{ "/", "/", "", "/" },
		{ "/", "/a", "", NULL },
		{ "/a", "/b", "", NULL },
		{ "/a/{x}", "/a/{self}", "engine-7", "/a/engine-7" },
		{ "/a/{x}", "/a/{self}", "eng/7 \xc3\xa9", "/a/eng%2F7%20%C3%A9" },
		{ "/a/{x}", "/a/{self}", "", NULL },
		{ "/a/{x}", "/a/{self}", "..", NULL },
		{ "/a/{x}", "/a/{y}", "s", NULL },
		{ "/a/{x}", "/a/b", "s", "/a/b" },
		{ "/a/b", "/a/{y}", "s", "/a/b" },
		{ "/a/s", "/a/{self}", "s", "/a/s" },
		{ "/a/b", "/a/{self}", "s", NULL },
		{ "/a/b/c", "/a/*", "s", "/a/b/c" },
		{ "/a/{x}", "/a/*", "s", NULL },
		{ "/a", "/a/*", "s", NULL },
		{ "/a/*", "/a", "s", NULL },
		{ "/a/*", "/a/b/{self}", "s", "/a/b/s" },
		{ "/a/*", "/a/*", "s", NULL },
		{ "/*", "/a/b", "s", "/a/b" },
		{ "/a/*", "/*", "s", NULL },
		{ "/a/b", "/*", "s", "/a/b" },
		{ "/a/b", "/a/b/c", "s", NULL },
		{ "/a/b/c", "/a/b", "s", NULL },
		{ "/{x}/{y}", "/{self}/b", "s", "/s/b" },
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena arena;
		slice path;
		arena_init(&arena, 4096);
		bool found = link_path(&arena, slice_of(cases[i].endpoint), slice_of(cases[i].role),
		        slice_of(cases[i].self), &path);
		if (found != (cases[i].expected != NULL) ||
		        (found && !slice_is(path, cases[i].expected)))
			fail_msg("case %u: %.*s", i, found ? (int)path.n : 4,
			        found ? path.p : "none");
		arena_finish(&arena);
	}
}

static const struct link engine = {
	.href = SLICE_INIT("/ships/engine-7"),
	.resource_types = SLICE_INIT("ship engine"),
	.formats = SLICE_INIT("50 60"),
	.observable = true,
};

static void filters(void **state)
{
	(void)state;
	static const struct {
		const char *attribute, *value;
		bool passes;
	} cases[] = {
		{ "href", "/ships/engine-7", true },
		{ "href", "/ships/*", true },
		{ "href", "/ships", false },
		{ "href", "/trains*", false },
		{ "href", "*", true },
		{ "rt", "ship", true },
		{ "rt", "engine", true },
		{ "rt", "eng*", true },
		{ "rt", "ship engine", false },
		{ "rt", "hip", false },
		{ "rt", "", false },
		{ "ct", "50", true },
		{ "ct", "60", true },
		{ "ct", "5", false },
		{ "ct", "5*", true },
		{ "obs", "", true },
		{ "obs", "1", false },
		{ "if", "core.s", false },
		{ "title", "*", false },
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (link_has(&engine, slice_of(cases[i].attribute), slice_of(cases[i].value)) !=
		        cases[i].passes)
			fail_msg("case %u", i);
	}
}

static void documents(void **state)
{
	(void)state;
	static const struct link plain = { .href = SLICE_INIT("/a"),
		.resource_types = SLICE_INIT("the \"a\" \\ b"),
		.formats = SLICE_INIT("0") };
	static const struct link bare = { .href = SLICE_INIT("/b") };
	struct arena arena;
	struct text text;
	arena_init(&arena, 4096);
	text_init(&text, &arena, 0);
	link_write(&text, &engine);
	link_write(&text, &plain);
	link_write(&text, &bare);
	assert_slice(text_slice(&text), "</ships/engine-7>;rt=\"ship engine\";ct=\"50 60\";obs,"
	                                "</a>;rt=\"the \\\"a\\\" \\\\ b\";ct=0,</b>");
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_that_patterns_come_to),
		cmocka_unit_test(filters),
		cmocka_unit_test(documents),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
