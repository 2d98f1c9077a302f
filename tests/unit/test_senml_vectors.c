/* RFC 8428's examples as its authors generated them: each pack gives its resolved form, in JSON and in CBOR. */
#include "support.h"

#include "api/codec.h"

#include <stdio.h>

extern const struct codec codec_senml_json, codec_senml_cbor, codec_json;

/* Above this a time is absolute (section 4.5.3). */
#define ABSOLUTE_S 268435456.0

static struct arena arena;

static struct value *read_with(const struct codec *codec, const char *path)
{
	struct error error = { .text = "" };
	slice body = read_whole_file(&arena, path);
	struct value *value = codec->decode(&arena, body, &error);
	if (!value || !codec->check(body, &error))
		fail_msg("%s: %s", path, error.text);
	return value;
}

static double number_of(const struct value *value)
{
	double number = 0;
	assert_true(number_parse(value_to_text(&arena, value), &number));
	return number;
}

/* Numbers by their worth: the examples write 1.320067464e+09 for 1320067464. */
static bool same_field(const struct value *a, const struct value *b)
{
	bool numbers = a->kind >= VALUE_INT && a->kind <= VALUE_DOUBLE && b->kind >= VALUE_INT &&
	               b->kind <= VALUE_DOUBLE;
	return numbers ? number_of(a) == number_of(b) : value_equal(a, b);
}

/* Whoever generated the examples put its own "now" where a record has no time, which we leave open. */
static void compare_record(const char *name, const struct value *ours, const struct value *theirs)
{
	unsigned nothers = 0;
	for (const struct value *at = theirs->as.members.first; at; at = at->next) {
		const struct value *twin = value_get(ours, at->key);
		if (!twin && slice_is(at->key, "t") && number_of(at) > ABSOLUTE_S) {
			nothers++;
			continue;
		}
		if (!twin || !same_field(twin, at))
			fail_msg("%s: %s differs", name,
			        arena_copy_slice(&arena, value_show(&arena, ours)).p);
	}
	assert_int_equal(ours->count + nothers, theirs->count);
}

/* Their tool left records with `vd` out of what it resolved. */
static void compare_packs(const char *name, const struct value *ours, const struct value *theirs)
{
	const struct value *twin = theirs->as.members.first;
	for (const struct value *at = ours->as.members.first; at; at = at->next) {
		if (value_get(at, SLICE("vd")))
			continue;
		assert_non_null(twin);
		compare_record(name, at, twin);
		twin = twin->next;
	}
	assert_null(twin);
}

static const char *sibling(const char *path, const char *from, const char *to)
{
	size_t stem = strlen(path) - strlen(from);
	return arena_printf(&arena, "%.*s%s", (int)stem, path, to).p;
}

static bool ends(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);
	return n > m && strcmp(name + n - m, suffix) == 0;
}

static bool exists(const char *path)
{
	FILE *file = fopen(path, "r");
	if (file)
		(void)fclose(file);
	return file != NULL;
}

static void resolve_example(const char *path, const char *name, void *arg)
{
	unsigned *count = arg;
	if (!ends(name, ".gen.json"))
		return;
	const struct value *ours = read_with(&codec_senml_json, path);
	const char *resolved = sibling(path, ".json", ".resolved.json");
	if (exists(resolved)) {
		compare_packs(name, ours, read_with(&codec_json, resolved));
		++*count;
	}
	const char *cbor = sibling(path, ".json", ".cbor");
	if (exists(cbor))
		compare_packs(name, read_with(&codec_senml_cbor, cbor), ours);
}

static void examples_resolve(void **state)
{
	(void)state;
	unsigned count = 0;
	(void)each_file(vectors_path("senml"), resolve_example, &count);
	assert_true(count > 5);
}

/* What was written by others reads the same after we wrote it, in either notation. */
static void rewrite_example(const char *path, const char *name, void *arg)
{
	const struct codec *codec = ends(name, ".cbor") ? &codec_senml_cbor : &codec_senml_json;
	if (!ends(name, ".json") && !ends(name, ".cbor"))
		return;
	if (strstr(path, "/example/") || strstr(name, ".resolved."))
		return; /* of before the RFC; of numbers only */
	const struct codec *both[] = { &codec_senml_json, &codec_senml_cbor };
	const struct value *records = read_with(codec, path);
	for (unsigned i = 0; i < 2; i++) {
		struct error error = { .text = "" };
		slice written = both[i]->encode(&arena, records, &error);
		assert_non_null(written.p);
		assert_true(value_equal(records, both[i]->decode(&arena, written, &error)));
	}
	++*(unsigned *)arg;
}

static void examples_survive_being_written(void **state)
{
	(void)state;
	unsigned count = 0;
	(void)each_file(vectors_path("senml"), rewrite_example, &count);
	assert_true(count > 5);
}

int main(void)
{
	if (!vectors_path("senml"))
		return vectors_absent("senml");
	arena_init(&arena, (size_t)1 << 26);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_resolve),
		cmocka_unit_test(examples_survive_being_written),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_finish(&arena);
	return failed;
}
