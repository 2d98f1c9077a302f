/* Texts and bytes as values, and values as texts and bytes. */
#include "support.h"

#include "api/codec.h"

extern const struct codec codec_text, codec_octets, codec_json;

enum { ARENA_BYTES = 1 << 20 };
#include "arena_fixture.h"
static struct error error;

static void a_text_stays_a_text(void **state)
{
	(void)state;
	static const char *const texts[] = { "", "81.40", "007", "true", "null", "{\"a\":1}",
		"gr\xc3\xbc\xc3\x9f\n" };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		slice body = slice_of(texts[i]);
		assert_true(codec_text.check(body, &error));
		const struct value *value = codec_text.decode(&arena, body, &error);
		assert_int_equal(value->kind, VALUE_TEXT);
		slice again = codec_text.encode(&arena, value, &error);
		assert_non_null(again.p);
		assert_slice(again, texts[i]);
	}
	assert_int_equal(codec_text.decode(&arena, (slice){ NULL, 0 }, &error)->kind, VALUE_TEXT);
	static const char *const refused[] = { "\xff", "a\xc3", "\xed\xa0\x80" };
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		assert_false(codec_text.check(slice_of(refused[i]), &error));
		assert_null(codec_text.decode(&arena, slice_of(refused[i]), &error));
		assert_string_equal(error.text, "text: the body is not UTF-8");
	}
}

static void scalars_have_one_text(void **state)
{
	(void)state;
	static const struct {
		const char *json, *text; /* NULL: none */
	} cases[] = {
		{ "\"warm\"", "warm" },
		{ "\"\"", "" },
		{ "81.40", "81.40" },
		{ "-0", "-0" },
		{ "1764057600123456789", "1764057600123456789" },
		{ "18446744073709551615", "18446744073709551615" },
		{ "1e400", NULL },
		{ "true", "true" },
		{ "false", "false" },
		{ "null", NULL },
		{ "[]", NULL },
		{ "{\"value\":1}", NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct value *value =
		        codec_json.decode(&arena, slice_of(cases[i].json), &error);
		slice text = value ? codec_text.encode(&arena, value, &error) : (slice){ NULL, 0 };
		assert_int_equal(text.p != NULL, cases[i].text != NULL);
		assert_slice(text, cases[i].text ? cases[i].text : "");
	}
	assert_null(codec_text.encode(&arena, value_map(&arena), &error).p);
	assert_string_equal(error.text, "text: there is no text for a map");
	assert_null(codec_text.encode(&arena, value_bytes(&arena, SLICE("x")), &error).p);
	assert_string_equal(error.text, "text: there is no text for bytes");
	assert_null(codec_text.encode(&arena, value_double(&arena, __builtin_nan("")), &error).p);
}

static void bytes_stay_bytes(void **state)
{
	(void)state;
	slice body = { "\x00\xff\x7f", 3 };
	assert_true(codec_octets.check(body, &error));
	const struct value *value = codec_octets.decode(&arena, body, &error);
	assert_int_equal(value->kind, VALUE_BYTES);
	assert_true(slice_equal(codec_octets.encode(&arena, value, &error), body));
	assert_slice(codec_json.encode(&arena, value, &error), "\"AP9/\"");
	value = codec_octets.decode(&arena, (slice){ NULL, 0 }, &error);
	slice none = codec_octets.encode(&arena, value, &error);
	assert_non_null(none.p);
	assert_int_equal(none.n, 0);
	assert_null(codec_octets.encode(&arena, value_text(&arena, SLICE("AP9/")), &error).p);
	assert_string_equal(error.text, "octets: only bytes can be written as such");
}

static void only_utf8_is_taken(void **state)
{
	(void)state;
	static const struct {
		const char *media;
		const struct codec *codec;
	} cases[] = {
		{ "text/plain", &codec_text },
		{ "Text/Plain; Charset=UTF-8", &codec_text },
		{ "text/plain;charset=\"utf-8\"", &codec_text },
		{ "text/plain; format=flowed; charset=us-ascii", &codec_text },
		{ "text/plain; charset=iso-8859-1", NULL },
		{ "text/plain; charset=utf-16", NULL },
		{ "text/html", NULL },
		{ "text/*", NULL },
		{ "application/octet-stream", &codec_octets },
		{ "application/octet-stream; charset=latin1", &codec_octets },
		{ "application/json; charset=latin1", &codec_json },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_ptr_equal(codec_for(slice_of(cases[i].media)), cases[i].codec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_text_stays_a_text, setup, teardown),
		cmocka_unit_test_setup_teardown(scalars_have_one_text, setup, teardown),
		cmocka_unit_test_setup_teardown(bytes_stay_bytes, setup, teardown),
		cmocka_unit_test(only_utf8_is_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
