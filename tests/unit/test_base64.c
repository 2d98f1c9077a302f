#include "support.h"

#include "base/base64.h"

static void the_published_vectors_go_both_ways(void **state)
{
	(void)state;
	/* RFC 4648 section 10. */
	static const char *const vectors[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" } };
	struct arena arena;
	arena_init(&arena, 65536);
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		assert_slice(base64_encode(&arena, slice_of(vectors[i][0])), vectors[i][1]);
		slice bytes;
		assert_true(base64_decode(&arena, slice_of(vectors[i][1]), &bytes));
		assert_slice(bytes, vectors[i][0]);
	}
	arena_finish(&arena);
}

static void both_alphabets_and_no_padding_are_read(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 65536);
	assert_slice(base64_encode_url(&arena, SLICE("\xfb\xff")), "-_8");
	assert_slice(base64_encode_url(&arena, SLICE("\xfb\xff\xbe")), "-_--");
	assert_slice(base64_encode_url(&arena, SLICE("\xfb")), "-w");
	assert_slice(base64_encode_url(&arena, SLICE("")), "");
	static const char *const same[] = { "+/8=", "-_8=", "-_8", "+/8" };
	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		slice bytes;
		assert_true(base64_decode(&arena, slice_of(same[i]), &bytes));
		assert_slice(bytes, "\xfb\xff");
	}
	arena_finish(&arena);
}

static void malformed_text_is_refused(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 65536);
	static const char *const wrong[] = { "=", "====", "Z",
		"Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v\n", "Zm 9", "Zm=v", "Z*==", "Zm9vY" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		slice bytes;
		assert_false(base64_decode(&arena, slice_of(wrong[i]), &bytes));
	}
	arena_finish(&arena);
}

/* Where one sequence of bytes must have one text. */
static void tokens_are_read_strictly(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 65536);
	static const char *const wrong[] = { "Zg==", "Zm8=", "+-8", "_/8", "Zh", "Zm9", "Z",
		"Zm9v\n", "Zm 9" };
	slice bytes;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(base64_decode_url(&arena, slice_of(wrong[i]), &bytes));
	assert_true(base64_decode_url(&arena, SLICE("-_8"), &bytes));
	assert_slice(bytes, "\xfb\xff");
	assert_true(base64_decode_url(&arena, SLICE("Zg"), &bytes));
	assert_slice(bytes, "f");
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_vectors_go_both_ways),
		cmocka_unit_test(both_alphabets_and_no_padding_are_read),
		cmocka_unit_test(malformed_text_is_refused),
		cmocka_unit_test(tokens_are_read_strictly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
