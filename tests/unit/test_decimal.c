/* Decimal arithmetic: sums that no double has, and how they are written. */
#include "support.h"

#include "codec/decimal.h"

enum { ARENA_BYTES = 1 << 20 };
#include "arena_fixture.h"

static void sums_are_exact(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b, *sum; /* with its kind, as value_show() has it */
	} cases[] = {
		{ "20.1", "0.2", "20.3d" },
		{ "0.1", "0.2", "0.3d" },
		{ "81.40", "0", "81.4d" },
		{ "20.5", "0.5", "21" },
		{ "0", "0", "0" },
		{ "-0", "0.0", "0" },
		{ "1", "-1", "0" },
		{ "1.5", "-1.50", "0" },
		{ "0.05", "0.050", "0.1d" },
		{ "100", "-1", "99" },
		{ "1000", "-0.001", "999.999d" },
		{ "-1000", "0.001", "-999.999d" },
		{ "0.001", "-1000", "-999.999d" },
		{ "999.999", "0.001", "1000" },
		{ "1.276020076001e+09", "-5", "1276020071.001d" },
		{ "1764057600", "0.123456789", "1764057600.123456789d" },
		{ "1764057600123456789", "1", "1764057600123456790" },
		{ "9223372036854775807", "1", "9223372036854775808u" },
		{ "18446744073709551614", "1", "18446744073709551615u" },
		{ "18446744073709551615", "1", "18446744073709551616.0d" },
		{ "-9223372036854775807", "-1", "-9223372036854775808" },
		{ "-9223372036854775808", "-1", "-9223372036854775809.0d" },
		{ "1e19", "0", "10000000000000000000u" },
		{ "1E2", "2e-2", "100.02d" },
		{ "1e21", "0", "1e+21d" },
		{ "1.5e25", "0", "1.5e+25d" },
		{ "1e20", "0.5", "100000000000000000000.5d" },
		{ "0.000001", "0", "0.000001d" },
		{ "0.0000001", "0", "1e-07d" },
		{ "-1.25e-9", "0", "-1.25e-09d" },
		{ "1e-999999999", "0", "1e-999999999d" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct decimal a, b, sum;
		assert_true(decimal_parse(&a, slice_of(cases[i].a)));
		assert_true(decimal_parse(&b, slice_of(cases[i].b)));
		for (int swapped = 0; swapped < 2; swapped++) {
			assert_true(
			        swapped ? decimal_add(&sum, &b, &a) : decimal_add(&sum, &a, &b));
			assert_true(decimal_in_range(&sum));
			assert_slice(value_show(&arena, decimal_value(&arena, &sum)), cases[i].sum);
		}
	}
}

static void too_many_digits_are_no_decimal(void **state)
{
	(void)state;
	char digits[DECIMAL_DIGITS + 4] = "0.";
	memset(digits + 2, '1', DECIMAL_DIGITS + 1);
	struct decimal a, b, sum;
	assert_true(decimal_parse(&a, (slice){ digits, 2 + DECIMAL_DIGITS }));
	assert_int_equal(a.n, DECIMAL_DIGITS);
	assert_false(decimal_parse(&a, (slice){ digits, 3 + DECIMAL_DIGITS }));
	/* Zeros at the ends are none of them. */
	memset(digits, '0', sizeof digits);
	digits[0] = '7';
	assert_true(decimal_parse(&a, (slice){ digits, sizeof digits }));
	assert_int_equal(a.n, 1);
	assert_true(decimal_parse(&a, SLICE("1e127")));
	assert_true(decimal_parse(&b, SLICE("1")));
	assert_false(decimal_add(&sum, &a, &b)); /* room for a carry included */
	assert_true(decimal_parse(&a, SLICE("1e126")));
	assert_true(decimal_add(&sum, &a, &b));
	assert_true(decimal_parse(&a, SLICE("1e308")));
	assert_true(decimal_parse(&b, SLICE("1e-308")));
	assert_false(decimal_add(&sum, &a, &b));
	assert_true(decimal_parse(&a, SLICE("1e999999999")));
	assert_false(decimal_add(&sum, &a, &b));
	assert_false(decimal_in_range(&a));
	assert_false(decimal_parse(&a, SLICE("1e1000000000")));
	assert_false(decimal_parse(&a, SLICE("1e-1000000000000000000000")));
	assert_true(decimal_parse(&a, SLICE("-2e308")));
	assert_false(decimal_in_range(&a));
}

static void values_have_their_digits(void **state)
{
	(void)state;
	struct decimal decimal;
	struct value *value = value_double(&arena, 81.4);
	value->literal = SLICE("81.40000000000000000000001");
	assert_true(decimal_of(&decimal, value));
	assert_int_equal(decimal.n, 25);
	assert_true(decimal_of(&decimal, value_float(&arena, 81.4f)));
	assert_slice(value_show(&arena, decimal_value(&arena, &decimal)), "81.4d");
	assert_true(decimal_of(&decimal, value_double(&arena, 1e22)));
	assert_slice(value_show(&arena, decimal_value(&arena, &decimal)), "1e+22d");
	assert_true(decimal_of(&decimal, value_int(&arena, INT64_MIN)));
	assert_slice(value_show(&arena, decimal_value(&arena, &decimal)), "-9223372036854775808");
	assert_true(decimal_of(&decimal, value_uint(&arena, UINT64_MAX)));
	assert_slice(value_show(&arena, decimal_value(&arena, &decimal)), "18446744073709551615u");
}

static void products_and_roundings(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned places;
		const char *product;
	} cases[] = {
		{ "235", "0.1", 15, "23.5d" },
		{ "-235", "0.1", 0, "-24" },
		{ "99999999999999999999", "1e-20", 3, "1" },
		{ "0", "-5", 0, "0" },
		{ "9.995", "1", 2, "10" },
		{ "9.994", "1", 2, "9.99d" },
		{ "0.05", "1", 1, "0.1d" },
		{ "0.049", "1", 1, "0" },
		{ "0.6", "1", 0, "1" },
		{ "-0.0049", "1", 2, "0" },
		{ "2.675", "1", 2, "2.68d" },
		{ "1200", "1", 0, "1200" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct decimal a, b;
		assert_true(decimal_parse(&a, slice_of(cases[i].a)));
		assert_true(decimal_parse(&b, slice_of(cases[i].b)));
		assert_true(decimal_multiply(&a, &a, &b));
		decimal_round(&a, cases[i].places);
		assert_slice(value_show(&arena, decimal_value(&arena, &a)), cases[i].product);
	}
	struct decimal many = { .n = DECIMAL_DIGITS }, two = { .n = 1, .digits = { 2 } };
	assert_false(decimal_multiply(&many, &many, &two));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sums_are_exact, setup, teardown),
		cmocka_unit_test_setup_teardown(products_and_roundings, setup, teardown),
		cmocka_unit_test(too_many_digits_are_no_decimal),
		cmocka_unit_test_setup_teardown(values_have_their_digits, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
