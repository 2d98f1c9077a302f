/* Laurence Lundblade's malformed items (all refused) and SenML's CBOR examples (all read). */
#include "support.h"

#include "api/codec.h"
#include "codec/value.h"

extern const struct codec codec_cbor, codec_json;

static struct arena arena;

static void malformed_items_are_refused(void **state)
{
	(void)state;
	struct error error;
	slice text =
	        read_whole_file(&arena, vectors_path("cbor-notwellformed/not_well_formed.json"));
	const struct value *cases = codec_json.decode(&arena, text, &error);
	assert_non_null(cases);
	assert_true(cases->count > 0);
	for (const struct value *at = cases->as.members.first; at; at = at->next) {
		slice hex = value_get(at, SLICE("hex"))->as.text;
		hex = arena_copy_slice(&arena, hex);
		slice body = from_hex(&arena, hex.p);
		if (codec_cbor.check(body, &error) || codec_cbor.decode(&arena, body, &error))
			fail_msg("accepted: %s", hex.p);
	}
}

static void read_example(const char *path, const char *name, void *arg)
{
	unsigned *count = arg;
	size_t n = strlen(name);
	if (n < 5 || strcmp(name + n - 5, ".cbor") != 0)
		return;
	struct error error;
	slice body = read_whole_file(&arena, path);
	assert_true(codec_cbor.check(body, &error));
	const struct value *value = codec_cbor.decode(&arena, body, &error);
	assert_non_null(value);
	assert_int_equal(value->kind, VALUE_LIST);
	assert_non_null(value_get(value_at(value, 0), SLICE("-2")));
	slice again = codec_cbor.encode(&arena, value, &error);
	assert_true(value_equal(value, codec_cbor.decode(&arena, again, &error)));
	++*count;
}

static void senml_examples_are_read(void **state)
{
	(void)state;
	unsigned count = 0;
	(void)each_file(vectors_path("senml"), read_example, &count);
	assert_true(count > 0);
}

int main(void)
{
	static const char *const folders[] = { "cbor-notwellformed", "senml" };
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		if (!vectors_path(folders[i]))
			return vectors_absent(folders[i]);
	}
	arena_init(&arena, (size_t)1 << 26);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malformed_items_are_refused),
		cmocka_unit_test(senml_examples_are_read),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_finish(&arena);
	return failed;
}
