#include "support.h"

#include <math.h>

#include "api/codec.h"
#include "base/text.h"
#include "codec/value.h"

extern const struct codec codec_json;

enum { ARENA_BYTES = 1 << 24 };
#include "arena_fixture.h"

static const struct value *decoded(const char *text)
{
	struct error error = { .text = "" };
	const struct value *value = codec_json.decode(&arena, slice_of(text), &error);
	if (!value)
		fail_msg("%s: %s", text, error.text);
	assert_true(codec_json.check(slice_of(text), &error));
	return value;
}

static void what_comes_in_goes_out(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "{\"sensor\":\"temperature\",\"value\":81.4,\"unit\":\"Cel\",\"time\":"
		  "1764057600123456789}",
		        "{\"sensor\":\"temperature\",\"value\":81.4,\"unit\":\"Cel\",\"time\":"
		        "1764057600123456789}" },
		{ " [ 1 , 2 ,\t3\r\n] ", "[1,2,3]" },
		{ "{}", "{}" },
		{ "[]", "[]" },
		{ "[[],{},[{}]]", "[[],{},[{}]]" },
		{ "true", "true" },
		{ "false", "false" },
		{ "null", "null" },
		{ "0", "0" },
		{ "-0", "-0" },
		{ "-0.0", "-0.0" },
		{ "81.40", "81.40" },
		{ "1E5", "1E5" },
		{ "1e-400", "1e-400" },
		{ "9223372036854775807", "9223372036854775807" },
		{ "9223372036854775808", "9223372036854775808" },
		{ "18446744073709551615", "18446744073709551615" },
		{ "18446744073709551616", "18446744073709551616" },
		{ "-9223372036854775808", "-9223372036854775808" },
		{ "-9223372036854775809", "-9223372036854775809" },
		{ "100000000000000000000", "100000000000000000000" },
		{ "\"\"", "\"\"" },
		{ "\"\\u0041\\u00e4\\ud83d\\ude00\\/\"", "\"A\xc3\xa4\xf0\x9f\x98\x80/\"" },
		{ "\"\\b\\f\\n\\r\\t\\\"\\\\\\u0000\\u001F\"",
		        "\"\\b\\f\\n\\r\\t\\\"\\\\\\u0000\\u001f\"" },
		{ "\"\x7f gr\xc3\xbc\xc3\x9f"
		  "e aus dem Hafen\"",
		        "\"\x7f gr\xc3\xbc\xc3\x9f"
		        "e aus dem Hafen\"" },
		{ "{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}" },
		{ "{\"a\":1,\"a\":[2],\"c\":4}", "{\"a\":[2],\"c\":4}" },
		{ "{\"\":{\"\":null}}", "{\"\":{\"\":null}}" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct error error;
		assert_slice(codec_json.encode(&arena, decoded(cases[i].in), &error), cases[i].out);
	}
}

static void malformed_texts_are_refused_with_their_place(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned line, column;
	} cases[] = {
		{ "", 1, 1 },
		{ "  ", 1, 3 },
		{ "{", 1, 2 },
		{ "[1,]", 1, 4 },
		{ "[1 2]", 1, 4 },
		{ "{\"a\":1,}", 1, 8 },
		{ "{\"a\" 1}", 1, 6 },
		{ "{a:1}", 1, 2 },
		{ "{\"a\":1\n,\"b\":tru}", 2, 6 },
		{ "[\"\xc3\xa4\", x]", 1, 7 },
		{ "01", 1, 1 },
		{ "-", 1, 2 },
		{ "-a", 1, 2 },
		{ "+1", 1, 1 },
		{ "1.", 1, 3 },
		{ ".5", 1, 1 },
		{ "1e", 1, 3 },
		{ "1e+x", 1, 4 },
		{ "1e309", 1, 1 },
		{ "[-1e999999999999999999999]", 1, 2 },
		{ "NaN", 1, 1 },
		{ "1 2", 1, 3 },
		{ "\"abc", 1, 5 },
		{ "\"a\nb\"", 1, 3 },
		{ "\"\\x\"", 1, 3 },
		{ "\"\\u12g4\"", 1, 3 },
		{ "\"\\ud800\"", 1, 3 },
		{ "\"\\ud800\\u0041\"", 1, 3 },
		{ "\"\\udc00\"", 1, 3 },
		{ "\"\xff\"", 1, 2 },
		{ "\"\xed\xa0\x80\"", 1, 2 },
		{ "\"\xc3\\n\xa4\"", 1, 2 },
		{ "\xef\xbb\xbf{}", 1, 1 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct error error = { .text = "" }, same = { .text = "" };
		slice text = slice_of(cases[i].text);
		if (codec_json.check(text, &error) || codec_json.decode(&arena, text, &same))
			fail_msg("accepted: %s", cases[i].text);
		assert_string_equal(error.text, same.text);
		if (error.line != cases[i].line || error.column != cases[i].column)
			fail_msg("%s: %u:%u %s", cases[i].text, error.line, error.column,
			        error.text);
	}
}

/* `n` times `opening`, then `n` times `closing`. */
static slice nested(unsigned n, const char *opening, const char *closing)
{
	struct text text;
	text_init(&text, &arena, 0);
	for (unsigned i = 0; i < n; i++)
		text_slice_add(&text, slice_of(opening));
	text_literal(&text, "1");
	for (unsigned i = 0; i < n; i++)
		text_slice_add(&text, slice_of(closing));
	return text_slice(&text);
}

static void nesting_has_a_limit(void **state)
{
	(void)state;
	struct error error;
	slice deepest = nested(VALUE_DEPTH_MAX, "[", "]");
	const struct value *value = codec_json.decode(&arena, deepest, &error);
	assert_non_null(value);
	assert_slice_equal(codec_json.encode(&arena, value, &error), deepest, __FILE__, __LINE__);
	deepest = nested(VALUE_DEPTH_MAX, "{\"a\":", "}");
	assert_true(codec_json.check(deepest, &error));
	assert_false(codec_json.check(nested(VALUE_DEPTH_MAX + 1, "[", "]"), &error));
	assert_false(codec_json.check(nested(VALUE_DEPTH_MAX + 1, "{\"a\":", "}"), &error));
	assert_null(codec_json.decode(&arena, nested(100000, "[", "]"), &error));
	assert_non_null(strstr(error.text, "nested too deeply"));
}

static void large_maps_keep_the_last_of_each_name(void **state)
{
	(void)state;
	enum { NAMES = 1000, ROUNDS = 5 };
	struct text text;
	text_init(&text, &arena, 0);
	text_char(&text, '{');
	for (unsigned i = 0; i < NAMES * ROUNDS; i++)
		text_printf(&text, "%s\"name-%u\":%u", i ? "," : "", i % NAMES, i);
	text_char(&text, '}');
	struct error error;
	struct value *map = codec_json.decode(&arena, text_slice(&text), &error);
	assert_non_null(map);
	assert_int_equal(map->count, NAMES);
	unsigned seen = 0;
	for (const struct value *at = map->as.members.first; at; at = at->next)
		assert_int_equal(at->as.integer, (ROUNDS - 1) * NAMES + seen++);
	assert_int_equal(seen, NAMES);
	assert_null(map->as.members.last->next);
}

static void bytes_are_written_as_base64(void **state)
{
	(void)state;
	struct error error;
	struct value *bytes = value_bytes(&arena, (slice){ "\x00\xff\x10", 3 });
	assert_slice(codec_json.encode(&arena, bytes, &error), "\"AP8Q\"");
	assert_slice(codec_json.encode(&arena, value_bytes(&arena, SLICE("")), &error), "\"\"");
}

static void numbers_without_notation_are_refused(void **state)
{
	(void)state;
	struct error error;
	assert_null(codec_json.encode(&arena, value_double(&arena, INFINITY), &error).p);
	assert_null(codec_json.encode(&arena, value_float(&arena, NAN), &error).p);
	assert_non_null(strstr(error.text, "infinity"));
}

static void budgets_are_kept(void **state)
{
	(void)state;
	slice body = SLICE("{\"a\":[1,2.5,\"x\\n\",true,null]}");
	struct error error;
	struct value *value = codec_json.decode(&arena, body, &error);
	assert_non_null(value);
	struct arena small;
	arena_init(&small, 0);
	assert_null(codec_json.decode(&small, body, &error));
	assert_int_equal(error.line, 0);
	assert_non_null(strstr(error.text, "memory"));
	assert_null(codec_json.encode(&small, value, &error).p);
	assert_non_null(strstr(error.text, "memory"));
	arena_finish(&small);
}

static void strings_without_escapes_are_not_copied(void **state)
{
	(void)state;
	const char *body = "[\"a long enough string\"]";
	const struct value *text = value_at(decoded(body), 0);
	assert_ptr_equal(text->as.text.p, body + 2);
}

static void media_types_find_it(void **state)
{
	(void)state;
	static const char *const known[] = { "application/json", "Application/JSON",
		"application/json; charset=utf-8", "application/json;charset=iso-8859-1 ",
		"application/vnd.fleet+json", "application/problem+JSON; a=b" };
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		assert_ptr_equal(codec_for(slice_of(known[i])), &codec_json);
	static const char *const unknown[] = { "", ";", "application/jsonx", "json", "+json",
		"text/csv", "application/json+zip" };
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
		assert_null(codec_for(slice_of(unknown[i])));
	assert_null(codec_for((slice){ NULL, 0 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_comes_in_goes_out, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        malformed_texts_are_refused_with_their_place, setup, teardown),
		cmocka_unit_test_setup_teardown(nesting_has_a_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        large_maps_keep_the_last_of_each_name, setup, teardown),
		cmocka_unit_test_setup_teardown(bytes_are_written_as_base64, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        numbers_without_notation_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(budgets_are_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        strings_without_escapes_are_not_copied, setup, teardown),
		cmocka_unit_test(media_types_find_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
