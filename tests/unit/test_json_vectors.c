/* Nicolas Seriot's JSON test suite, canonical JSON's inputs and UTF-8 torture texts. */
#include "support.h"

#include <stdio.h>

#include "api/codec.h"
#include "base/utf8.h"
#include "codec/value.h"

extern const struct codec codec_json, codec_cbor;

static struct value *decode(struct arena *arena, slice text, const char *name)
{
	struct error error = { .text = "" };
	bool good = codec_json.check(text, &error);
	struct value *value = codec_json.decode(arena, text, &error);
	if (good != (value != NULL))
		fail_msg("%s: check and decode do not agree: %s", name, error.text);
	return value;
}

/* What was accepted is the same after a way through JSON, and through CBOR and JSON. */
static void survives(struct arena *arena, const struct value *value, const char *name)
{
	struct error error = { .text = "" };
	slice text = codec_json.encode(arena, value, &error);
	struct value *again = text.p ? codec_json.decode(arena, text, &error) : NULL;
	if (!again || !value_equal(value, again))
		fail_msg("%s: not the same after JSON: %s", name, error.text);
	slice cbor = codec_cbor.encode(arena, value, &error);
	again = cbor.p ? codec_cbor.decode(arena, cbor, &error) : NULL;
	text = again ? codec_json.encode(arena, again, &error) : cbor;
	again = again ? codec_json.decode(arena, text, &error) : NULL;
	if (!again || !value_equal(value, again))
		fail_msg("%s: not the same after CBOR: %s", name, error.text);
}

static void parse_file(const char *path, const char *name, void *arg)
{
	(void)arg;
	struct arena arena;
	arena_init(&arena, (size_t)1 << 28);
	struct value *value = decode(&arena, read_whole_file(&arena, path), name);
	if ((name[0] == 'y' && !value) || (name[0] == 'n' && value))
		fail_msg("%s is %s", name, value ? "accepted" : "refused");
	if (value)
		survives(&arena, value, name);
	arena_finish(&arena);
}

static void transform_file(const char *path, const char *name, void *arg)
{
	(void)arg;
	struct arena arena;
	arena_init(&arena, (size_t)1 << 28);
	slice text = read_whole_file(&arena, path);
	struct value *value = decode(&arena, text, name);
	if (value)
		survives(&arena, value, name);
	/* Numbers leave as they came, to the digit. */
	if (strncmp(name, "number_", 7) == 0) {
		struct error error;
		assert_non_null(value);
		assert_slice_equal(codec_json.encode(&arena, value, &error), slice_trim(text),
		        __FILE__, __LINE__);
	}
	arena_finish(&arena);
}

static void canonical_file(const char *path, const char *name, void *arg)
{
	(void)arg;
	struct arena arena;
	arena_init(&arena, (size_t)1 << 28);
	struct value *value = decode(&arena, read_whole_file(&arena, path), name);
	assert_non_null(value);
	survives(&arena, value, name);
	char other[1024];
	(void)snprintf(other, sizeof other, "%.*s/output/%s", (int)(strstr(path, "/input/") - path),
	        path, name);
	struct value *canonical = decode(&arena, read_whole_file(&arena, other), name);
	assert_non_null(canonical);
	struct error error;
	slice text = codec_json.encode(&arena, canonical, &error);
	assert_slice_equal(text, read_whole_file(&arena, other), __FILE__, __LINE__);
	arena_finish(&arena);
}

static void parsing(void **state)
{
	(void)state;
	assert_true(each_file(vectors_path("jsontestsuite/test_parsing"), parse_file, NULL) > 0);
}

static void transforming(void **state)
{
	(void)state;
	assert_true(
	        each_file(vectors_path("jsontestsuite/test_transform"), transform_file, NULL) > 0);
}

static void canonical(void **state)
{
	(void)state;
	assert_true(each_file(vectors_path("jcs/input"), canonical_file, NULL) > 0);
}

/* Each line of the torture file as a string: accepted exactly when it is UTF-8. */
static void utf8_torture(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, (size_t)1 << 28);
	slice rest = read_whole_file(&arena, vectors_path("utf8tests/utf8tests.txt"));
	while (rest.n) {
		slice line = slice_cut(&rest, '\n');
		struct error error;
		slice raw = codec_json.encode(&arena, value_text(&arena, line), &error);
		assert_int_equal(codec_json.check(raw, &error), utf8_valid(line));
	}
	arena_finish(&arena);
}

int main(void)
{
	static const char *const folders[] = { "jsontestsuite", "jcs", "utf8tests" };
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		if (!vectors_path(folders[i]))
			return vectors_absent(folders[i]);
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parsing),
		cmocka_unit_test(transforming),
		cmocka_unit_test(canonical),
		cmocka_unit_test(utf8_torture),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
