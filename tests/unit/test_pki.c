/* What the CA's index, dates, serial numbers and names may be. What OpenSSL makes of it is tried end to end. */
#include "support.h"

#include <stdio.h>

#include "pki/date.h"
#include "pki/index.h"

static void dates_are_those_of_the_calendar(void **state)
{
	(void)state;
	static const struct {
		int64_t seconds;
		const char *text;
	} known[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ 951782399, "2000-02-28T23:59:59Z" },
		{ 951782400, "2000-02-29T00:00:00Z" },
		{ INT32_MAX, "2038-01-19T03:14:07Z" },
		{ (int64_t)INT32_MAX + 1, "2038-01-19T03:14:08Z" },
		{ 2524608000, "2050-01-01T00:00:00Z" },
		{ 4107542400, "2100-03-01T00:00:00Z" },
		{ 253402300799, "9999-12-31T23:59:59Z" },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		char text[PKI_DATE_BYTES];
		int64_t seconds;
		pki_date_text(known[i].seconds, text);
		assert_string_equal(text, known[i].text);
		assert_true(pki_date_parse(slice_of(text), &seconds));
		assert_true(seconds == known[i].seconds);
	}
	/* Once round the calendar, which repeats itself after 400 years. */
	for (int64_t day = 0; day < 146097; day++) {
		char text[PKI_DATE_BYTES];
		int64_t seconds;
		pki_date_text(day * PKI_DAY_SECONDS + 86399, text);
		assert_true(pki_date_parse(slice_of(text), &seconds));
		assert_true(seconds == day * PKI_DAY_SECONDS + 86399);
	}
}

static void moments_that_do_not_exist_are_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = { "", "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
		"2026-04-31T00:00:00Z", "2026-00-10T00:00:00Z", "2026-13-10T00:00:00Z",
		"2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
		"2026-01-01T00:00:60Z", "1969-12-31T23:59:59Z", "2026-01-01 00:00:00Z",
		"2026-01-01T00:00:00z", "2026-01-01T00:00:00+", "2026-1-01T00:00:000Z",
		"-026-01-01T00:00:00Z", "2026-01-01T00:00:00Z " };
	int64_t seconds;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(pki_date_parse(slice_of(wrong[i]), &seconds));
	char text[PKI_DATE_BYTES];
	pki_date_text(-1, text);
	assert_string_equal(text, "1970-01-01T00:00:00Z");
	pki_date_text(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59Z");
}

static void serial_numbers_are_read_as_any_tool_writes_them(void **state)
{
	(void)state;
	static const struct {
		const char *text, *same;
	} known[] = {
		{ "000102030405060708090a0b0c0d0e0f", "000102030405060708090a0b0c0d0e0f" },
		{ "0102030405060708090A0B0C0D0E0F", "000102030405060708090a0b0c0d0e0f" },
		{ "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F",
		        "000102030405060708090a0b0c0d0e0f" },
		{ "f", "0000000000000000000000000000000f" },
	};
	struct pki_serial serial;
	char text[PKI_SERIAL_TEXT_BYTES];
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		assert_true(pki_serial_parse(slice_of(known[i].text), &serial));
		pki_serial_text(&serial, text);
		assert_string_equal(text, known[i].same);
	}
	assert_false(pki_serial_parse(SLICE(""), &serial));
	assert_false(pki_serial_parse(SLICE(":"), &serial));
	assert_false(pki_serial_parse(SLICE("0x1"), &serial));
	assert_false(pki_serial_parse(SLICE("1g"), &serial));
	assert_false(pki_serial_parse(SLICE("000102030405060708090a0b0c0d0e0f0"), &serial));
}

static void names_are_visible_and_mean_one_thing(void **state)
{
	(void)state;
	struct error error;
	static const slice good[] = { SLICE_INIT("engine-7"), SLICE_INIT("a"),
		SLICE_INIT("Motor Süd"), SLICE_INIT("左舷"), SLICE_INIT("site/engine 7"),
		SLICE_INIT("0123456789012345678901234567890123456789012345678901234567890123") };
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(pki_name_check(good[i], PKI_DEVICE, &error));
	static const slice wrong[] = { SLICE_INIT(""), SLICE_INIT(" a"), SLICE_INIT("a "),
		SLICE_INIT("-a"), SLICE_INIT("a\0b"), SLICE_INIT("a\nb"), SLICE_INIT("a\tb"),
		SLICE_INIT("a\x7f"), SLICE_INIT("a\xc2\x85"), SLICE_INIT("a\xe2\x80\x8b"),
		SLICE_INIT("a\xe2\x80\xae"), SLICE_INIT("a\xef\xbb\xbf"), SLICE_INIT("a\xff"),
		SLICE_INIT("a\xf3\xa0\x80\xa0"), SLICE_INIT("*"), SLICE_INIT("*.fleet.example"),
		SLICE_INIT("engine-*"),
		SLICE_INIT("01234567890123456789012345678901234567890123456789012345678901234") };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		error.text[0] = '\0';
		assert_false(pki_name_check(wrong[i], PKI_DEVICE, &error));
		assert_true(error.text[0]);
	}
	assert_true(pki_name_check(SLICE("*.fleet.example"), PKI_GATEWAY, &error));
	assert_false(pki_name_check(SLICE("*.example"), PKI_GATEWAY, &error));
	assert_false(pki_name_check(SLICE("a.*.example"), PKI_GATEWAY, &error));
	assert_false(pki_name_check(SLICE("*"), PKI_GATEWAY, &error));
	assert_true(pki_name_is_plain(SLICE("engine-7.b_c")));
	assert_false(pki_name_is_plain(SLICE("../a")));
	assert_false(pki_name_is_plain(SLICE(".a")));
	assert_false(pki_name_is_plain(SLICE("a\0b")));
	assert_false(pki_name_is_plain(SLICE("")));
}

static bool takes(const char *list, enum pki_profile profile, unsigned count)
{
	struct pki_alt_names names = { .count = 0 };
	struct error error = { .text = "" };
	bool good = pki_alt_names_parse(&names, slice_of(list), profile, &error);
	assert_true(good == !error.text[0]);
	return good && names.count == count;
}

static void alternative_names_are_what_their_kind_allows(void **state)
{
	(void)state;
	assert_true(takes(
	        "dns:a.example,ip:10.0.0.1,uri:urn:dev:mac:0024befffe804ff1,email:a@b.example",
	        PKI_DEVICE, 4));
	assert_true(takes("dns:a,dns:a,ip:::1,ip:fe80::1", PKI_DEVICE, 3));
	assert_true(takes("dns:*.fleet.example", PKI_GATEWAY, 1));
	static const char *const wrong[] = { "", "a", "dns:", "DNS:a", "dns:a,", "dns:a b",
		"dns:-a", "dns:a-", "dns:a..b", "dns:.a", "dns:a.", "dns:10.0.0.1", "dns:1",
		"dns:a\xc3\xa4", "dns:*.fleet.example", "ip:", "ip:10.0.0", "ip:10.0.0.256",
		"ip:1::2::3", "ip:a", "ip:10.0.0.0/8", "uri:", "uri:a", "uri::a",
		"uri:a:", "uri:1a:b", "uri:a:b c", "uri:a:<b>", "email:", "email:a", "email:@b",
		"email:a@", "email:a@b@c", "email:a b@c", "email:*@b", "email:a@*.b.c" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (takes(wrong[i], PKI_DEVICE, 1))
			fail_msg("%s", wrong[i]);
	}
	struct pki_alt_names names = { .count = 0 };
	struct error error;
	assert_false(pki_alt_names_add(
	        &names, PKI_ALT_DNS, SLICE("a.example\0.evil.example"), PKI_GATEWAY, &error));
	assert_false(pki_alt_names_add(&names, PKI_ALT_URI, SLICE("a:b\0c"), PKI_GATEWAY, &error));
	assert_false(
	        pki_alt_names_add(&names, PKI_ALT_IP, SLICE("1.2.3.4\0"), PKI_GATEWAY, &error));
	assert_true(pki_alt_names_from_name(&names, SLICE("10.0.0.1"), PKI_GATEWAY));
	assert_int_equal(names.at[0].kind, PKI_ALT_IP);
	assert_false(pki_alt_names_from_name(&names, SLICE("my gateway"), PKI_GATEWAY));
	assert_int_equal(names.count, 1);
}

static void there_are_so_many_alternative_names_and_no_more(void **state)
{
	(void)state;
	struct pki_alt_names names = { .count = 0 };
	struct error error;
	char text[PKI_ALT_NAMES_MAX + 1][8];
	for (unsigned i = 0; i <= PKI_ALT_NAMES_MAX; i++) {
		(void)snprintf(text[i], sizeof text[i], "d%u", i);
		assert_true(pki_alt_names_add(&names, PKI_ALT_DNS, slice_of(text[i]), PKI_DEVICE,
		                    &error) == (i < PKI_ALT_NAMES_MAX));
	}
}

#define HEAD   "fairlead-pki 1\ncrl 3 30\n"
#define SERIAL "0b5c0b5c0b5c0b5c0b5c0b5c0b5c0b5c"
#define FROM   "2026-11-26T12:00:00Z"
#define UNTIL  "2027-11-26T12:00:00Z"
#define ENTRY  SERIAL "\tdevice\t" FROM "\t" UNTIL "\t-\t-\tengine-7\n"

static void an_index_reads_back_as_it_was_written(void **state)
{
	(void)state;
	struct arena arena;
	struct pki_index index;
	struct error error;
	arena_init(&arena, 1 << 20);
	assert_true(pki_index_parse(&index, &arena,
	        SLICE("# remark\n" HEAD ENTRY "00000000000000000000000000000001\tgateway\t" FROM
	              "\t" UNTIL "\t2026-12-01T00:00:00Z\tkeyCompromise\tMotor Süd\n"),
	        &error));
	assert_int_equal(index.count, 2);
	assert_int_equal(index.crl_number, 3);
	assert_int_equal(index.crl_days, 30);
	assert_slice(index.entries[1].name, "Motor Süd");
	assert_int_equal(index.entries[1].reason, PKI_KEY_COMPROMISE);
	assert_ptr_equal(pki_index_find(&index, &index.entries[1].serial), &index.entries[1]);
	slice text = pki_index_text(&index, &arena);
	struct pki_index again;
	assert_true(pki_index_parse(&again, &arena, text, &error));
	assert_slice_equal(pki_index_text(&again, &arena), text, __FILE__, __LINE__);
	arena_finish(&arena);
}

static void a_wrong_index_is_refused_with_its_line(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned line;
	} wrong[] = {
		{ "", 0 },
		{ "fairlead-pki 1", 0 },
		{ "fairlead-pki 1\n", 1 },
		{ "fairlead-pki 2\ncrl 1 30\n", 1 },
		{ "fairlead-pki 1\n" ENTRY, 2 },
		{ "fairlead-pki 1\ncrl 0 30\n", 2 },
		{ "fairlead-pki 1\ncrl 01 30\n", 2 },
		{ "fairlead-pki 1\ncrl 1 0\n", 2 },
		{ "fairlead-pki 1\ncrl 1 36501\n", 2 },
		{ "fairlead-pki 1\ncrl 9223372036854775808 30\n", 2 },
		{ "fairlead-pki 1\ncrl 1 30 \n", 2 },
		{ HEAD "\n", 3 },
		{ HEAD ENTRY ENTRY, 0 },
		{ HEAD SERIAL "\tdevice\t" FROM "\t" UNTIL "\t-\t-\tengine-7", 0 },
		{ HEAD SERIAL "\tdevice\t" FROM "\t" UNTIL "\t-\t-\n", 3 },
		{ HEAD SERIAL "\tdevice\t" FROM "\t" UNTIL "\t-\t-\ta\tb\n", 3 },
		{ HEAD SERIAL "\tdevice\t" UNTIL "\t" FROM "\t-\t-\ta\n", 3 },
		{ HEAD SERIAL "\tdevice\t" FROM "\t" UNTIL "\t-\tkeyCompromise\ta\n", 3 },
		{ HEAD SERIAL "\tdevice\t" FROM "\t" UNTIL "\t" FROM "\t-\ta\n", 3 },
		{ HEAD SERIAL "\tdevice\t" FROM "\t" UNTIL "\t" FROM "\tbored\ta\n", 3 },
		{ HEAD SERIAL "\tship\t" FROM "\t" UNTIL "\t-\t-\ta\n", 3 },
		{ HEAD "b" SERIAL "\tdevice\t" FROM "\t" UNTIL "\t-\t-\ta\n", 3 },
		{ HEAD "b\tdevice\t" FROM "\t" UNTIL "\t-\t-\ta\n", 3 },
		{ HEAD ENTRY "00000000000000000000000000000001\tdevice\t" FROM "\t" UNTIL
		             "\t-\t-\t*\n",
		        4 },
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct arena arena;
		struct pki_index index;
		struct error error;
		arena_init(&arena, 1 << 20);
		assert_false(pki_index_parse(&index, &arena, slice_of(wrong[i].text), &error));
		assert_int_equal(error.line, wrong[i].line);
		assert_true(error.text[0]);
		arena_finish(&arena);
	}
}

static void a_small_arena_is_an_error(void **state)
{
	(void)state;
	struct error error;
	bool good = false;
	for (size_t budget = 0; budget < 128 * 1024 && !good; budget += 64) {
		struct arena arena;
		struct pki_index index;
		arena_init(&arena, budget);
		good = pki_index_parse(&index, &arena, SLICE(HEAD ENTRY), &error);
		assert_true(good || strstr(error.text, "memory"));
		arena_finish(&arena);
	}
	assert_true(good);
}

static void what_becomes_of_a_certificate(void **state)
{
	(void)state;
	struct pki_entry entry = { .from = 1000, .until = 5000 };
	assert_int_equal(pki_entry_state(&entry, 1000, 1000), PKI_VALID);
	assert_int_equal(pki_entry_state(&entry, 4000, 1000), PKI_VALID);
	assert_int_equal(pki_entry_state(&entry, 4001, 1000), PKI_EXPIRES_SOON);
	assert_int_equal(pki_entry_state(&entry, 5000, 1000), PKI_EXPIRES_SOON);
	assert_int_equal(pki_entry_state(&entry, 5001, 1000), PKI_EXPIRED);
	entry.revoked = 2000;
	assert_int_equal(pki_entry_state(&entry, 2000, 1000), PKI_REVOKED);
	assert_int_equal(pki_entry_state(&entry, 6000, 1000), PKI_REVOKED);
	enum pki_reason reason;
	for (unsigned i = 0; pki_reason_word(i); i++) {
		assert_true(pki_reason_parse(slice_of(pki_reason_word(i)), &reason));
		assert_string_equal(pki_reason_text(reason), pki_reason_word(i));
	}
	assert_true(pki_reason_parse(SLICE("KEYCOMPROMISE"), &reason));
	assert_false(pki_reason_parse(SLICE("key"), &reason));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_are_those_of_the_calendar),
		cmocka_unit_test(moments_that_do_not_exist_are_refused),
		cmocka_unit_test(serial_numbers_are_read_as_any_tool_writes_them),
		cmocka_unit_test(names_are_visible_and_mean_one_thing),
		cmocka_unit_test(alternative_names_are_what_their_kind_allows),
		cmocka_unit_test(there_are_so_many_alternative_names_and_no_more),
		cmocka_unit_test(an_index_reads_back_as_it_was_written),
		cmocka_unit_test(a_wrong_index_is_refused_with_its_line),
		cmocka_unit_test(a_small_arena_is_an_error),
		cmocka_unit_test(what_becomes_of_a_certificate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
