/* Tables in CSV: what a row is, what is wrong with one, and that the next one can be read all the same. */
#include "support.h"

#include "admin/csv.h"

static struct arena arena;
static struct csv csv;
static const char *why;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

static enum csv_answer next(void)
{
	why = "";
	return csv_next(&csv, &arena, &why);
}

static void begin(const char *text)
{
	csv_init(&csv, slice_of(text));
}

static void assert_row(unsigned line, unsigned n, const char *const *fields)
{
	assert_int_equal(next(), CSV_ROW);
	assert_int_equal(csv.line, line);
	assert_int_equal(csv.n, n);
	for (unsigned i = 0; i < n; i++)
		assert_slice(csv.fields[i], fields[i]);
}

#define ROW(line, ...)                                                                             \
	assert_row(line, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(const char *),           \
	        (const char *const[]){ __VA_ARGS__ })

static void rows_are_cut_at_commas_and_lines(void **state)
{
	(void)state;
	begin("\xef\xbb\xbfid,roles\r\na, b c ,\n\n\r\n,,\nlast");
	ROW(1, "id", "roles");
	ROW(2, "a", "b c", "");
	ROW(5, "", "", "");
	ROW(6, "last");
	assert_int_equal(next(), CSV_END);
	assert_int_equal(next(), CSV_END);
	begin("");
	assert_int_equal(next(), CSV_END);
	begin("\n\r\n\n");
	assert_int_equal(next(), CSV_END);
}

static void quotes_hold_what_cuts(void **state)
{
	(void)state;
	begin("\"a,b\",\"say \"\"no\"\"\",\"\",\"two\r\nlines\"\r\nnext,\"\"\"\"\n\" kept \"");
	ROW(1, "a,b", "say \"no\"", "", "two\r\nlines");
	ROW(3, "next", "\"");
	ROW(4, " kept ");
	assert_int_equal(next(), CSV_END);
}

static void a_wrong_line_costs_itself_alone(void **state)
{
	(void)state;
	begin("a\"b,c\n\"x\"y,z\nright\n\"never closed\nright too\n");
	assert_int_equal(next(), CSV_WRONG);
	assert_int_equal(csv.line, 1);
	assert_int_equal(next(), CSV_WRONG);
	assert_int_equal(csv.line, 2);
	assert_string_equal(why, "something follows a closing quote");
	ROW(3, "right");
	assert_int_equal(next(), CSV_WRONG);
	assert_int_equal(csv.line, 4);
	assert_string_equal(why, "a quote is not closed");
	ROW(5, "right too");
	assert_int_equal(next(), CSV_END);
	csv_init(&csv, (slice){ "a\0b\nc", 5 });
	assert_int_equal(next(), CSV_WRONG);
	ROW(2, "c");
}

static void fields_are_bounded(void **state)
{
	(void)state;
	begin(",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\nx");
	assert_int_equal(next(), CSV_ROW);
	assert_int_equal(csv.n, CSV_FIELDS_MAX);
	assert_int_equal(next(), CSV_WRONG);
	ROW(3, "x");
	arena_starve(&arena, 4);
	begin("\"a longer text with \"\" in it\"");
	assert_int_equal(next(), CSV_NO_MEMORY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_are_cut_at_commas_and_lines),
		TEST(quotes_hold_what_cuts),
		TEST(a_wrong_line_costs_itself_alone),
		TEST(fields_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
