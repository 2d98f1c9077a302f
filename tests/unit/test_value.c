#include "support.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "codec/value.h"

static void numbers_are_written_shortest(void **state)
{
	(void)state;
	static const struct {
		double number;
		const char *text;
	} cases[] = {
		{ 0.0, "0.0" },
		{ -0.0, "-0.0" },
		{ 1, "1.0" },
		{ -1, "-1.0" },
		{ 10, "10.0" },
		{ 81.4, "81.4" },
		{ 0.1, "0.1" },
		{ 0.1 + 0.2, "0.30000000000000004" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ 1013.25, "1013.25" },
		{ 1e30, "1e+30" },
		{ 1.5e-7, "1.5e-07" },
		{ 1e-6, "0.000001" },
		{ 123456789012345680.0, "1.2345678901234568e+17" },
		{ 12345678901234567.0, "12345678901234568.0" },
		{ 9007199254740993.0, "9007199254740992.0" },
		{ 5e-324, "5e-324" },
		{ 1e-320, "1e-320" },
		{ 4.9406564584125e-310, "4.9406564584125e-310" },
		{ 1.234567e-316, "1.234567e-316" },
		{ 0x1p-24, "5.960464477539063e-08" },
		{ 0x1p-44, "5.684341886080802e-14" },
		{ DBL_MIN, "2.2250738585072014e-308" },
		{ DBL_MAX, "1.7976931348623157e+308" },
		{ -DBL_MAX, "-1.7976931348623157e+308" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char buffer[NUMBER_TEXT_BYTES];
		slice text = { buffer, number_text(cases[i].number, buffer) };
		assert_slice(text, cases[i].text);
	}
}

static void singles_are_written_shortest(void **state)
{
	(void)state;
	static const struct {
		float number;
		const char *text;
	} cases[] = {
		{ 0.0F, "0.0" },
		{ 81.4F, "81.4" },
		{ -0.1F, "-0.1" },
		{ 16777216.0F, "16777216.0" },
		{ 1e10F, "10000000000.0" },
		{ FLT_MAX, "3.4028235e+38" },
		{ FLT_MIN, "1.1754944e-38" },
		{ 1e-45F, "1e-45" },
		{ 1e-40F, "1e-40" },
		{ 2.5e-42F, "2.5e-42" },
		{ 3.14159274F, "3.1415927" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char buffer[NUMBER_TEXT_BYTES];
		slice text = { buffer, number_text_float(cases[i].number, buffer) };
		assert_slice(text, cases[i].text);
	}
}

/* Any bits and plain decimals: the text reads back, by us and by the C library, and is within its buffer. */
static void numbers_read_back(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t bits = random_u64();
		double number;
		memcpy(&number, &bits, sizeof number);
		if (i % 2)
			number = (double)(int64_t)(bits >> 30) / 1000;
		if (!isfinite(number))
			continue;
		char buffer[NUMBER_TEXT_BYTES + 1];
		size_t n = number_text(number, buffer);
		assert_in_range(n, 3, NUMBER_TEXT_BYTES);
		buffer[n] = '\0';
		double ours;
		assert_true(number_parse((slice){ buffer, n }, &ours));
		if (memcmp(&ours, &number, sizeof ours) != 0 || strtod(buffer, NULL) != number)
			fail_msg("%a is written %s and read %a", number, buffer, ours);
		float single = (float)number;
		if (!isfinite(single))
			continue;
		n = number_text_float(single, buffer);
		buffer[n] = '\0';
		assert_in_range(n, 3, NUMBER_TEXT_BYTES);
		if (strtof(buffer, NULL) != single)
			fail_msg("%a is written %s", (double)single, buffer);
	}
}

static void notations_are_read_as_the_c_library_does(void **state)
{
	(void)state;
	static const char *const good[] = { "0", "-0", "1", "0.5", "1e5", "1E+5", "1e-5",
		"0e999999999999", "9007199254740993", "9007199254740993.0000000000000000000000001",
		"1e23", "8.5e22", "123456789012345678901234567890", "2.2250738585072011e-308",
		"1e-400", "1.7976931348623158e308", "179769313486231580793728971405301e276",
		"0.000000000000000000001", "4.9406564584124654e-324", "2.4703282292062327e-324",
		"2.4703282292062328e-324" };
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		double number;
		if (!number_parse(slice_of(good[i]), &number))
			fail_msg("refused: %s", good[i]);
		double expected = strtod(good[i], NULL);
		if (memcmp(&number, &expected, sizeof number) != 0)
			fail_msg("%s is read as %a", good[i], number);
	}
	static const char *const bad[] = { "", "-", "+1", "01", "-01", ".5", "1.", "1.e5", "1e",
		"1e+", "1x", " 1", "1 ", "0x10", "inf", "nan", "1e309", "-1e309",
		"1e99999999999999999999", "1.8e308" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		double number;
		if (number_parse(slice_of(bad[i]), &number))
			fail_msg("accepted: %s", bad[i]);
	}
}

/* A tie between two doubles that a digit far behind decides. */
static void long_notations_are_read_exactly(void **state)
{
	(void)state;
	enum { ZEROS = 2000 };
	char text[ZEROS + 40] = "9007199254740993.";
	size_t start = strlen(text);
	memset(text + start, '0', ZEROS);
	double number;
	assert_true(number_parse((slice){ text, start + ZEROS }, &number));
	assert_true(number == 9007199254740992.0);
	text[start + ZEROS] = '1';
	assert_true(number_parse((slice){ text, start + ZEROS + 1 }, &number));
	assert_true(number == 9007199254740994.0);
	memset(text, '9', ZEROS);
	assert_false(number_parse((slice){ text, ZEROS }, &number));
}

static void members_are_set_and_found(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 1 << 20);
	struct value *map = value_map(&arena);
	assert_true(value_set(map, SLICE("a"), value_int(&arena, 1)));
	assert_true(value_set(map, SLICE("b"), value_int(&arena, 2)));
	assert_true(value_set(map, SLICE("c"), value_int(&arena, 3)));
	assert_true(value_set(map, SLICE("a"), value_text(&arena, SLICE("first"))));
	assert_true(value_set(map, SLICE("c"), value_text(&arena, SLICE("last"))));
	assert_true(value_set(map, SLICE("d"), value_null(&arena)));
	assert_false(value_set(map, SLICE("e"), NULL));
	assert_int_equal(map->count, 4);
	assert_slice(value_get(map, SLICE("a"))->as.text, "first");
	assert_slice(value_get(map, SLICE("c"))->as.text, "last");
	assert_null(value_get(map, SLICE("x")));
	assert_null(value_get(NULL, SLICE("x")));
	assert_null(value_at(map, 0));
	struct value *list = value_list(&arena);
	assert_true(value_append(list, map));
	assert_false(value_append(list, NULL));
	assert_ptr_equal(value_at(list, 0), map);
	assert_null(value_at(list, 1));
	arena_finish(&arena);
}

static void equality_is_deep_and_ignores_order(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 1 << 20);
	struct value *a = value_map(&arena), *b = value_map(&arena);
	assert_true(value_set_new(a, SLICE("x"), value_int(&arena, 1)));
	assert_true(value_set_new(a, SLICE("y"), value_float(&arena, 0.5F)));
	assert_true(value_set_new(b, SLICE("y"), value_double(&arena, 0.5)));
	assert_false(value_equal(a, b));
	assert_true(value_set_new(b, SLICE("x"), value_int(&arena, 1)));
	assert_true(value_equal(a, b));
	assert_true(value_set(b, SLICE("x"), value_double(&arena, 1)));
	assert_false(value_equal(a, b));
	assert_false(value_equal(value_text(&arena, SLICE("x")), value_bytes(&arena, SLICE("x"))));
	arena_finish(&arena);
}

static void scalars_become_text(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 1 << 20);
	assert_slice(value_to_text(&arena, value_null(&arena)), "null");
	assert_slice(value_to_text(&arena, value_bool(&arena, true)), "true");
	assert_slice(value_to_text(&arena, value_int(&arena, INT64_MIN)), "-9223372036854775808");
	assert_slice(value_to_text(&arena, value_uint(&arena, UINT64_MAX)), "18446744073709551615");
	assert_slice(value_to_text(&arena, value_float(&arena, 81.4F)), "81.4");
	assert_slice(value_to_text(&arena, value_double(&arena, 0.25)), "0.25");
	assert_slice(value_to_text(&arena, value_text(&arena, SLICE("t"))), "t");
	assert_null(value_to_text(&arena, value_double(&arena, INFINITY)).p);
	assert_null(value_to_text(&arena, value_bytes(&arena, SLICE("t"))).p);
	assert_null(value_to_text(&arena, value_list(&arena)).p);
	assert_int_equal(value_uint(&arena, INT64_MAX)->kind, VALUE_INT);
	assert_int_equal(value_uint(&arena, (uint64_t)INT64_MAX + 1)->kind, VALUE_UINT);
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_written_shortest),
		cmocka_unit_test(singles_are_written_shortest),
		cmocka_unit_test(numbers_read_back),
		cmocka_unit_test(notations_are_read_as_the_c_library_does),
		cmocka_unit_test(long_notations_are_read_exactly),
		cmocka_unit_test(members_are_set_and_found),
		cmocka_unit_test(equality_is_deep_and_ignores_order),
		cmocka_unit_test(scalars_become_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
