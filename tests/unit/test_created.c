#include "support.h"

#include "auth/password/created.h"

static void times_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t ms;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01T00:00:00.001Z", 1 },
		{ "2026-11-26T12:34:56Z", 1795696496000 },
		{ "2026-11-26T12:34:56", 1795696496000 },
		{ "2026-11-26T12:34:56.789Z", 1795696496789 },
		{ "2026-11-26T12:34:56.7894321Z", 1795696496789 },
		{ "2026-11-26T12:34:56+00:00", 1795696496000 },
		{ "2026-11-26T13:34:56+01:00", 1795696496000 },
		{ "2026-11-26T01:04:56-11:30", 1795696496000 },
		{ "2024-02-29T00:00:00Z", 1709164800000 },
		{ "2000-02-29T24:00:00Z", 951868800000 },
		{ "2016-12-31T23:59:60Z", 1483228800000 },
		{ "9999-12-31T23:59:59Z", 253402300799000 },
		{ "1970-01-01T14:00:00+14:00", 0 },
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t ms = 1;
		if (!created_parse(slice_of(cases[i].text), &ms))
			fail_msg("refused: %s", cases[i].text);
		assert_int_equal(ms, cases[i].ms);
	}
}

static void what_is_no_time_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = { "", "now", "2026-11-26", "2026-11-26T",
		"2026-11-26T12:34Z", "2026-11-26 12:34:56Z", "2026-11-26t12:34:56Z",
		"2026-11-26T12:34:56z", "2026-11-26T12:34:56.Z", "2026-11-26T12:34:56ZZ",
		"2026-11-26T12:34:56Z ", " 2026-11-26T12:34:56Z", "2026-13-26T12:34:56Z",
		"2026-00-26T12:34:56Z", "2026-11-00T12:34:56Z", "2026-11-31T12:34:56Z",
		"2025-02-29T12:34:56Z", "1900-02-29T12:34:56Z", "1969-12-31T23:59:59Z",
		"1970-01-01T00:00:00+00:01", "2026-11-26T24:00:01Z", "2026-11-26T25:00:00Z",
		"2026-11-26T12:60:00Z", "2026-11-26T12:34:61Z", "2026-11-26T12:34:56+15:00",
		"2026-11-26T12:34:56+14:01", "2026-11-26T12:34:56+0100", "2026-11-26T12:34:56+",
		"+2026-11-26T12:34:56Z", "-026-11-26T12:34:56Z", "12026-11-26T12:34:56Z",
		"2026-11-26T-1:34:56Z",
		"2026-11-26T12:34:56.000000000000000000000000000000000000000000000Z" };
	for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		uint64_t ms;
		if (created_parse(slice_of(wrong[i]), &ms))
			fail_msg("taken: %s", wrong[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(what_is_no_time_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
