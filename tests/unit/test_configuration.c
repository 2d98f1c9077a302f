/* Mistakes in a configuration: each with its place, all at once. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/media.h"
#include "core/config_check.h"
#include "core/config_file.h"
#include "core/settings.h"

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 8 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

static struct config *read_text(const char *text, struct mistakes *mistakes)
{
	*mistakes = (struct mistakes){ .arena = &arena };
	return config_text_read(slice_of(text), "test.yaml", mistakes);
}

static void yaml_and_json_are_one_tree(void **state)
{
	(void)state;
	struct mistakes mistakes;
	struct config *yaml = read_text("a:\n  - x: 1\n    y: \"1\"\nb: {c: d}\n", &mistakes);
	struct config *json = read_text(
	        "{\"a\": [{\"x\": \"1\", \"y\": \"1\"}], \"b\": {\"c\": \"d\"}}", &mistakes);
	assert_non_null(yaml);
	assert_non_null(json);
	assert_true(config_equal(yaml, json));
	const struct config *y = config_get(config_get(yaml, "a")->first, "y");
	assert_int_equal(y->line, 3);
	assert_int_equal(y->column, 8);
	assert_int_equal(y->key_column, 5);
}

static void what_is_no_configuration_is_refused_with_its_place(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned line;
	} cases[] = {
		{ "", 1 },
		{ "[]", 1 },
		{ "a: 1\na: 2", 2 },
		{ "a: [1,\n 2", 2 },
		{ "a: &x 1\nb: *x", 2 },
		{ "a: 1\n---\nb: 2", 3 },
		{ "\xff\xfe\x00", 1 },
		{ "{ ? [a]: b }", 1 },
		{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", 1 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct mistakes mistakes;
		(void)read_text(cases[i].text, &mistakes);
		assert_true(mistakes.count >= 1);
		if (mistakes.at[0].line > 3 || (cases[i].line > 1 && mistakes.at[0].line < 2))
			fail_msg("case %zu: line %u", i, mistakes.at[0].line);
	}
}

static const char *const words[] = { "red", "green", NULL };
static const struct setting inner[] = {
	{ .key = "deep", .type = SETTING_NUMBER },
	{ .key = NULL },
};
static const struct setting table[] = {
	{ .key = "number", .type = SETTING_NUMBER, .fallback = "7" },
	{ .key = "size", .type = SETTING_SIZE },
	{ .key = "duration", .type = SETTING_DURATION },
	{ .key = "switch", .type = SETTING_SWITCH },
	{ .key = "colour", .type = SETTING_TEXT, .choices = words },
	{ .key = "texts", .type = SETTING_TEXTS },
	{ .key = "file", .type = SETTING_FILE },
	{ .key = "secret", .type = SETTING_SECRET },
	{ .key = "tree", .type = SETTING_TREE, .inner = inner },
	{ .key = "list", .type = SETTING_TREES, .inner = inner },
	{ .key = "needed", .type = SETTING_TEXT, .required = true, .help = "it is needed" },
	{ .key = NULL },
};

static void every_mistake_is_found_at_once(void **state)
{
	(void)state;
	struct mistakes mistakes;
	struct config *root = read_text("number: many\n"
	                                "size: 3 parsecs\n"
	                                "duration: 5\n"
	                                "switch: yes\n"
	                                "colour: blue\n"
	                                "texts: one\n"
	                                "file: not/there\n"
	                                "secret: plain\n"
	                                "list: [{ deep: 1 }, { deeep: 2 }]\n"
	                                "numbr: 1\n"
	                                "empty:\n"
	                                "tree: [{ deep: 1 }]\n",
	        &mistakes);
	assert_non_null(root);
	assert_false(config_check(root, NULL, table, &mistakes));
	mistakes_sort(&mistakes);
	static const struct {
		unsigned line;
		const char *part;
	} expected[] = {
		{ 1, "needed is missing" },
		{ 1, "number: \"many\"" },
		{ 2, "size:" },
		{ 3, "say 250ms, 3s or 5m" },
		{ 4, "neither true nor false" },
		{ 5, "not one of: red, green" },
		{ 6, "must be a list" },
		{ 7, "cannot be read" },
		{ 8, "env:NAME or file:PATH" },
		{ 9, "list[1].deeep: unknown key; did you mean deep?" },
		{ 10, "did you mean number?" },
		{ 11, "unknown key; what can stand here is number, size" },
		{ 12, "tree: must be a map" },
	};
	assert_int_equal(mistakes.count, sizeof expected / sizeof *expected);
	for (size_t i = 0; i < mistakes.count; i++) {
		assert_int_equal(mistakes.at[i].line, expected[i].line);
		if (!strstr(mistakes.at[i].text.p, expected[i].part))
			fail_msg("\"%s\" lacks \"%s\"", mistakes.at[i].text.p, expected[i].part);
	}
	assert_true(config_number(root, "number") == 0);
}

static void values_have_units(void **state)
{
	(void)state;
	struct mistakes mistakes;
	(void)setenv("FAIRLEAD_TEST_SECRET", "hush", 1);
	struct config *root = read_text("size: 64KiB\nduration: 250ms\nswitch: true\n"
	                                "secret: env:FAIRLEAD_TEST_SECRET\nneeded: x\n",
	        &mistakes);
	assert_true(config_check(root, NULL, table, &mistakes));
	assert_true(config_size(root, "size") == 65536);
	assert_true(config_duration_ms(root, "duration") == 250);
	assert_true(config_switch(root, "switch"));
	assert_true(config_number(root, "number") == 7);
	slice secret;
	struct error error;
	assert_true(config_secret(&arena, root, "secret", &secret, &error));
	assert_slice(secret, "hush");
	static const char *const wrong[] = { "", "B", "1 KB2", "-1", "1.5MiB",
		"9999999999999999999" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		uint64_t n;
		assert_false(config_parse_size(slice_of(wrong[i]), &n));
		assert_false(config_parse_duration(slice_of(wrong[i]), &n));
	}
	uint64_t ms;
	assert_true(config_parse_duration(SLICE("36500d"), &ms));
	assert_false(config_parse_duration(SLICE("36501d"), &ms));
}

static void a_secret_file_takes_what_is_in_it(void **state)
{
	(void)state;
	static const char begin[] = "hush";
	static const struct {
		size_t length;
		const char *end, *wrong;
	} cases[] = {
		{ 4, "", NULL },
		{ 4, "\r\n\n", NULL },
		{ 0, "\n", "is empty" },
		{ 65536, "", "cannot be read: Cannot allocate memory" },
		{ 65536, "\n", "cannot be read: File too large" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char path[] = "/tmp/fairlead-secret-XXXXXX", text[64];
		int fd = mkstemp(path);
		assert_true(fd >= 0);
		for (size_t n = 0; n < cases[i].length; n++)
			assert_int_equal(write(fd, begin + n % 4, 1), 1);
		size_t end = strlen(cases[i].end);
		assert_int_equal(write(fd, cases[i].end, end), (ssize_t)end);
		(void)close(fd);
		(void)snprintf(text, sizeof text, "secret: file:%s\n", path);
		struct mistakes mistakes;
		struct config *root = read_text(text, &mistakes);
		struct arena small;
		arena_init(&small, 16384); /* less than the largest that is read */
		slice secret;
		struct error error;
		bool read = config_secret(&small, root, "secret", &secret, &error);
		assert_int_equal(read, !cases[i].wrong);
		if (read)
			assert_slice(secret, begin);
		else if (!strstr(error.text, cases[i].wrong))
			fail_msg("\"%s\" lacks \"%s\"", error.text, cases[i].wrong);
		arena_finish(&small);
		(void)unlink(path);
	}
}

static void accept_fields_are_weighed(void **state)
{
	(void)state;
	static const struct {
		const char *accept, *media;
		unsigned quality;
	} cases[] = {
		{ "", "application/json", 1000 },
		{ "*/*", "application/json", 1000 },
		{ "text/*, application/json;q=0.5", "application/json", 500 },
		{ "text/*;q=0.25", "text/plain; charset=utf-8", 250 },
		{ "application/json;q=0, */*", "application/json", 0 },
		{ "text/html", "application/json", 0 },
		{ "Application/JSON ; q=0.125", "application/json", 125 },
		{ "application/*;q=0.2, */*;q=0.1", "application/cbor", 200 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(media_quality(slice_of(cases[i].accept), slice_of(cases[i].media)),
		        cases[i].quality);
	assert_true(media_matches(SLICE("text/*"), SLICE("text/plain")));
	assert_false(media_matches(SLICE("text/*"), SLICE("texts/plain")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(yaml_and_json_are_one_tree, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        what_is_no_configuration_is_refused_with_its_place, setup, teardown),
		cmocka_unit_test_setup_teardown(every_mistake_is_found_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(values_have_units, setup, teardown),
		cmocka_unit_test(a_secret_file_takes_what_is_in_it),
		cmocka_unit_test(accept_fields_are_weighed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
