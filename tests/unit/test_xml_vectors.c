/* The XML reader against what others collected: entity attacks, the W3C's conformance suite, libxml2's
 * regressions. A DOCTYPE is refused whatever is in it, what is not well-formed is refused, the rest is parsed. */
#include "support.h"

#include <stdio.h>

#include "api/codec.h"
#include "codec/xml/xml.h"

extern const struct codec codec_xml;

struct tally {
	unsigned refused, parsed;
	const char *root;
};

static bool is_parsed(slice body, struct error *error)
{
	struct arena arena;
	arena_init(&arena, 64 << 20);
	bool decoded = codec_xml.decode(&arena, body, error) != NULL;
	assert_int_equal(codec_xml.check(body, error), decoded);
	arena_finish(&arena);
	return decoded;
}

static bool holds(slice text, const char *part)
{
	return text.n && memmem(text.p, text.n, part, strlen(part));
}

/* One document, or a list of them, one a line: each line is tried, too. */
static void refuse_payloads(const char *path, const char *name, void *arg)
{
	struct tally *tally = arg;
	struct arena arena;
	struct error error;
	if (strstr(name, "PROVENANCE") || strstr(name, "LICENSE"))
		return;
	arena_init(&arena, 1 << 20);
	slice whole = read_whole_file(&arena, path), rest = whole;
	if (is_parsed(whole, &error))
		fail_msg("%s was parsed", path);
	while (rest.p) {
		slice line = slice_cut(&rest, '\n');
		bool parsed = is_parsed(line, &error);
		if (parsed && (holds(line, "<!DOCTYPE") || holds(line, "<!ENTITY")))
			fail_msg("%s: %.*s", path, SLICE_ARG(line));
		tally->parsed += parsed;
		tally->refused += !parsed;
	}
	arena_finish(&arena);
}

static void entity_attacks_are_refused(void **state)
{
	(void)state;
	const char *folder = vectors_path("xxe-payloads");
	struct tally tally = { 0, 0, NULL };
	if (!folder)
		skip();
	assert_true(each_file(folder, refuse_payloads, &tally) > 2);
	(void)printf("%u lines refused, %u parsed\n", tally.refused, tally.parsed);
	assert_true(tally.refused);
}

/* The text after "key": in one object of the index, up to the comma or quote that ends it. */
static slice member(slice object, const char *key)
{
	const char *at = memmem(object.p, object.n, key, strlen(key));
	if (!at)
		return (slice){ NULL, 0 };
	slice rest = slice_from(object, (size_t)(at - object.p) + strlen(key));
	(void)slice_cut(&rest, ':');
	rest = slice_trim(rest);
	if (slice_starts(rest, SLICE("\""))) {
		rest = slice_from(rest, 1);
		return slice_cut(&rest, '"');
	}
	return slice_trim(slice_cut(&rest, '\n'));
}

static void try_conformance(
        struct arena *arena, const char *folder, slice object, struct tally *tally)
{
	char path[1024];
	struct error error;
	slice relative = member(object, "\"path\""), type = member(object, "\"type\"");
	int n = snprintf(path, sizeof path, "%s/%.*s", folder, SLICE_ARG(relative));
	assert_true(n > 0 && (size_t)n < sizeof path);
	FILE *file = fopen(path, "rb");
	if (!file)
		return; /* the index names more documents than the folder has */
	(void)fclose(file);
	bool doctype = slice_starts(member(object, "\"has_doctype\""), SLICE("true"));
	bool parsed = is_parsed(read_whole_file(arena, path), &error);
	if (parsed && (doctype || slice_is(type, "not-wf")))
		fail_msg("%s was parsed", path);
	/* Expat knows the names of the fourth edition of XML 1.0, and Fairlead no XML 1.1. */
	if (!parsed && !doctype && (slice_is(type, "valid") || slice_is(type, "invalid")) &&
	        slice_is(member(object, "\"version\""), "1.0") &&
	        slice_starts(member(object, "\"expat_accepts\""), SLICE("true")))
		fail_msg("%s: %s", path, error.text);
	tally->parsed += parsed;
	tally->refused += !parsed;
}

static void the_conformance_suite_is_judged_right(void **state)
{
	(void)state;
	const char *found = vectors_path("w3c-xmlconf");
	struct tally tally = { 0, 0, NULL };
	struct arena index_arena;
	if (!found)
		skip();
	char folder[1024], path[1100];
	(void)snprintf(folder, sizeof folder, "%s", found);
	(void)snprintf(path, sizeof path, "%s/index.json", folder);
	arena_init(&index_arena, 64 << 20);
	slice rest = read_whole_file(&index_arena, path);
	while (rest.p) {
		struct arena arena;
		arena_init(&arena, 64 << 20);
		slice object = slice_cut(&rest, '}');
		if (member(object, "\"path\"").p)
			try_conformance(&arena, folder, object, &tally);
		arena_finish(&arena);
	}
	arena_finish(&index_arena);
	(void)printf("%u documents refused, %u parsed\n", tally.refused, tally.parsed);
	assert_true(tally.refused && tally.parsed);
}

/* libxml2 writes down what it had to say of test/X in result/X.err. */
static bool libxml2_complains(struct arena *arena, const char *root, const char *path)
{
	slice result =
	        arena_printf(arena, "%s/result%s.err", root, path + strlen(root) + strlen("/test"));
	FILE *file = fopen(result.p, "rb");
	if (!file)
		return false;
	(void)fclose(file);
	return holds(read_whole_file(arena, result.p), " error : ");
}

static void try_regression(const char *path, const char *name, void *arg)
{
	struct tally *tally = arg;
	struct arena arena;
	struct error error;
	arena_init(&arena, 16 << 20);
	slice body = read_whole_file(&arena, path);
	bool parsed = is_parsed(body, &error);
	bool wrong = holds(body, "<!DOCTYPE") || libxml2_complains(&arena, tally->root, path);
	if (parsed && wrong)
		fail_msg("%s was parsed", path);
	if (!parsed && !wrong && strstr(name, ".xml"))
		fail_msg("%s: %s", path, error.text);
	tally->parsed += parsed;
	tally->refused += !parsed;
	arena_finish(&arena);
}

static void the_regressions_of_libxml2_are_judged_right(void **state)
{
	(void)state;
	const char *found = vectors_path("libxml2-regress");
	if (!found)
		skip();
	char root[1024], folder[1100];
	(void)snprintf(root, sizeof root, "%s", found);
	(void)snprintf(folder, sizeof folder, "%s/test", root);
	struct tally tally = { 0, 0, root };
	assert_true(each_file(folder, try_regression, &tally));
	(void)printf("%u documents refused, %u parsed\n", tally.refused, tally.parsed);
}

int main(void)
{
	if (!vectors_path("w3c-xmlconf") && !vectors_path("xxe-payloads") &&
	        !vectors_path("libxml2-regress"))
		return vectors_absent("w3c-xmlconf");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entity_attacks_are_refused),
		cmocka_unit_test(the_conformance_suite_is_judged_right),
		cmocka_unit_test(the_regressions_of_libxml2_are_judged_right),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
