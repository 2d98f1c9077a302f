/* Checksums: the whole catalogue, ones by their parameters, and where and how a frame carries them. */
#include "framing_fixture.h"

/* clang-format off */
/* The sum of "123456789" by each: for cyclic ones the check value that the catalogue of parametrised CRC algorithms has. */
static const struct {
	const char *name;
	uint32_t sum;
} checks[] = {
	{ "crc-8/autosar", 0xDF },
	{ "crc-8/bluetooth", 0x26 },
	{ "crc-8/cdma2000", 0xDA },
	{ "crc-8/darc", 0x15 },
	{ "crc-8/dvb-s2", 0xBC },
	{ "crc-8/gsm-a", 0x37 },
	{ "crc-8/gsm-b", 0x94 },
	{ "crc-8/hitag", 0xB4 },
	{ "crc-8/i-432-1", 0xA1 },
	{ "crc-8/i-code", 0x7E },
	{ "crc-8/lte", 0xEA },
	{ "crc-8/maxim-dow", 0xA1 },
	{ "crc-8/mifare-mad", 0x99 },
	{ "crc-8/nrsc-5", 0xF7 },
	{ "crc-8/opensafety", 0x3E },
	{ "crc-8/rohc", 0xD0 },
	{ "crc-8/sae-j1850", 0x4B },
	{ "crc-8/smbus", 0xF4 },
	{ "crc-8/tech-3250", 0x97 },
	{ "crc-8/wcdma", 0x25 },
	{ "crc-10/atm", 0x199 },
	{ "crc-10/cdma2000", 0x233 },
	{ "crc-10/gsm", 0x12A },
	{ "crc-11/flexray", 0x5A3 },
	{ "crc-11/umts", 0x061 },
	{ "crc-12/cdma2000", 0xD4D },
	{ "crc-12/dect", 0xF5B },
	{ "crc-12/gsm", 0xB34 },
	{ "crc-12/umts", 0xDAF },
	{ "crc-13/bbc", 0x04FA },
	{ "crc-14/darc", 0x082D },
	{ "crc-14/gsm", 0x30AE },
	{ "crc-15/can", 0x059E },
	{ "crc-15/mpt1327", 0x2566 },
	{ "crc-16/arc", 0xBB3D },
	{ "crc-16/aug-ccitt", 0xE5CC },
	{ "crc-16/buypass", 0xFEE8 },
	{ "crc-16/ccitt", 0x2189 },
	{ "crc-16/ccitt-false", 0x29B1 },
	{ "crc-16/cdma2000", 0x4C06 },
	{ "crc-16/cms", 0xAEE7 },
	{ "crc-16/dds-110", 0x9ECF },
	{ "crc-16/dect-r", 0x007E },
	{ "crc-16/dect-x", 0x007F },
	{ "crc-16/dnp", 0xEA82 },
	{ "crc-16/en-13757", 0xC2B7 },
	{ "crc-16/genibus", 0xD64E },
	{ "crc-16/gsm", 0xCE3C },
	{ "crc-16/ibm-3740", 0x29B1 },
	{ "crc-16/ibm-sdlc", 0x906E },
	{ "crc-16/iec-61158-2", 0xA819 },
	{ "crc-16/iso-iec-14443-3-a", 0xBF05 },
	{ "crc-16/kermit", 0x2189 },
	{ "crc-16/lj1200", 0xBDF4 },
	{ "crc-16/m17", 0x772B },
	{ "crc-16/maxim-dow", 0x44C2 },
	{ "crc-16/mcrf4xx", 0x6F91 },
	{ "crc-16/modbus", 0x4B37 },
	{ "crc-16/nrsc-5", 0xA066 },
	{ "crc-16/opensafety-a", 0x5D38 },
	{ "crc-16/opensafety-b", 0x20FE },
	{ "crc-16/profibus", 0xA819 },
	{ "crc-16/riello", 0x63D0 },
	{ "crc-16/spi-fujitsu", 0xE5CC },
	{ "crc-16/t10-dif", 0xD0DB },
	{ "crc-16/teledisk", 0x0FB3 },
	{ "crc-16/tms37157", 0x26B1 },
	{ "crc-16/umts", 0xFEE8 },
	{ "crc-16/usb", 0xB4C8 },
	{ "crc-16/x-25", 0x906E },
	{ "crc-16/xmodem", 0x31C3 },
	{ "crc-17/can-fd", 0x04F03 },
	{ "crc-21/can-fd", 0x0ED841 },
	{ "crc-24/ble", 0xC25A56 },
	{ "crc-24/flexray-a", 0x7979BD },
	{ "crc-24/flexray-b", 0x1F23B8 },
	{ "crc-24/interlaken", 0xB4F3E6 },
	{ "crc-24/lte-a", 0xCDE703 },
	{ "crc-24/lte-b", 0x23EF52 },
	{ "crc-24/mode-s", 0x054268 },
	{ "crc-24/openpgp", 0x21CF02 },
	{ "crc-24/os-9", 0x200FA5 },
	{ "crc-30/cdma", 0x04C34ABF },
	{ "crc-31/philips", 0x0CE9E46C },
	{ "crc-32", 0xCBF43926 },
	{ "crc-32/aixm", 0x3010BF7F },
	{ "crc-32/autosar", 0x1697D06A },
	{ "crc-32/base91-d", 0x87315576 },
	{ "crc-32/bzip2", 0xFC891918 },
	{ "crc-32/castagnoli", 0xE3069283 },
	{ "crc-32/cd-rom-edc", 0x6EC2EDC4 },
	{ "crc-32/cksum", 0x765E7680 },
	{ "crc-32/iscsi", 0xE3069283 },
	{ "crc-32/iso-hdlc", 0xCBF43926 },
	{ "crc-32/jamcrc", 0x340BC6D9 },
	{ "crc-32/mef", 0xD2C22F51 },
	{ "crc-32/mpeg-2", 0x0376E6E7 },
	{ "crc-32/posix", 0x765E7680 },
	{ "crc-32/xfer", 0xBD0BE338 },
	{ "xor8", 0x31 },
	{ "sum8", 0xDD },
	{ "sum16", 0x1DD },
	{ "sum32", 0x1DD },
	{ "lrc", 0x23 },
	{ "sum8/twos-complement", 0x23 },
	{ "sum16/twos-complement", 0xFE23 },
	{ "sum8/ones-complement", 0x22 },
	{ "sum16/ones-complement", 0xFE22 },
	{ "fletcher-8", 0xC },
	{ "fletcher-16", 0x1EDE },
	{ "fletcher-16/ubx", 0xDD15 },
	{ "fletcher-32", 0xDF09D509 },
	{ "adler-32", 0x91E01DE },
	{ "internet", 0xF62A },
};
/* clang-format on */

static void test_catalogue(void **state)
{
	struct arena arena;
	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		const struct checksum_kind *kind = checksum_find(slice_of(checks[i].name));
		if (!kind || kind->sum(kind, SLICE("123456789")) != checks[i].sum)
			fail_msg("%s", checks[i].name);
		/* Prepared, it is the same. */
		const struct checksum_kind *prepared = checksum_prepare(&arena, kind);
		assert_int_equal(prepared->sum(prepared, SLICE("123456789")), checks[i].sum);
		assert_true(kind->width == 4 || checks[i].sum < 1u << 8 * kind->width);
	}
	assert_null(checksum_find(SLICE("crc-17")));
	arena_finish(&arena);
	assert_null(checksum_find(SLICE("")));
}

/* Published elsewhere than for "123456789". */
static void test_sums_of_two(void **state)
{
	static const struct {
		const char *name, *text;
		uint32_t sum;
	} cases[] = {
		{ "fletcher-16", "abcde", 0xC8F0 },
		{ "fletcher-16", "abcdef", 0x2057 },
		{ "fletcher-16", "abcdefgh", 0x0627 },
		{ "fletcher-32", "abcde", 0xF04FC729 },
		{ "fletcher-32", "abcdef", 0x56502D2A },
		{ "fletcher-32", "abcdefgh", 0xEBE19591 },
		{ "adler-32", "Wikipedia", 0x11E60398 },
		{ "adler-32", "", 1 },
	};
	/* An IPv4 header without its checksum. */
	static const slice header =
	        SLICE_INIT("\x45\0\0\x73\0\0\x40\0\x40\x11\0\0\xc0\xa8\0\x01\xc0\xa8\0\xc7");
	const struct checksum_kind *internet = checksum_find(SLICE("internet"));
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct checksum_kind *kind = checksum_find(slice_of(cases[i].name));
		uint32_t sum = kind->sum(kind, slice_of(cases[i].text));
		if (sum != cases[i].sum)
			fail_msg("%s of %s: %x", cases[i].name, cases[i].text, sum);
	}
	assert_int_equal(internet->sum(internet, header), 0xb861);
}

/* A frame of "123456789" and its sum, by parameters that the catalogue has under a name. */
static void test_cyclic_by_parameters(void **state)
{
	(void)state;
	expect_cut(
	        "  framing: { fixed: 11, checksum: { crc: { width: 16, poly: 0x8005, init: 0xffff, "
	        "refin: true, refout: true }, endian: le } }",
	        SLICE("123456789\x37\x4b"), SLICE("123456789\x37\x4b|"));
	expect_cut("  framing: { fixed: 11, checksum: { crc: { width: 12, poly: 0x80f, refout: "
	           "true } } }",
	        SLICE("123456789\x0d\xaf"), SLICE("123456789\x0d\xaf|"));
	expect_cut("  framing: { fixed: 13, checksum: { crc: { width: 32, poly: 0x04c11db7, init: "
	           "0xffffffff, xorout: 0xffffffff } } }",
	        SLICE("123456789\xfc\x89\x19\x18"), SLICE("123456789\xfc\x89\x19\x18|"));
	expect_refused("  framing: { fixed: 3, checksum: { crc: { width: 7, poly: 9 } } }", "",
	        "from 8 to 32");
	expect_refused("  framing: { fixed: 3, checksum: { crc: { width: 8, poly: 0x107 } } }", "",
	        "from 1 to 255");
	expect_refused("  framing: { fixed: 3, checksum: { crc: { width: 8 } } }", "", "\"poly\"");
	expect_refused("  framing: { fixed: 3, checksum: { algorithm: xor8, crc: { width: 8, poly: "
	               "7 } } }",
	        "", "exclude each other");
}

/* The sum of "123456789" is 0x1dd, 477. */
static void test_how_it_is_stored(void **state)
{
	(void)state;
	expect_cut("  framing: { delimiter: ';', checksum: { algorithm: sum16, as: hex } }",
	        SLICE("12345678901DD;12345678901dd;12345678901de;12345678901Dx;1DD;"),
	        SLICE("12345678901DD|12345678901dd|?"));
	expect_cut("  framing: { delimiter: ';', checksum: { algorithm: sum16, as: decimal, width: "
	           "5 } }",
	        SLICE("12345678900477;12345678900478;"), SLICE("12345678900477|?"));
	expect_cut("  framing: { delimiter: ';', checksum: { algorithm: sum8, from: 2, at: 0, as: "
	           "hex } }",
	        SLICE("dd123456789;"), SLICE("dd123456789|"));
	expect_cut("  framing: { fixed: 14, checksum: { algorithm: sum16, from: 1, at: -4, to: -4, "
	           "width: 4, endian: le } }",
	        SLICE("x123456789\xdd\1\0\0"), SLICE("x123456789\xdd\1\0\0|"));
	expect_refused("  framing: { fixed: 9, checksum: { algorithm: sum16, as: decimal } }", "",
	        "needs its width");
	expect_refused("  framing: { fixed: 9, checksum: { algorithm: sum16, as: bcd } }", "",
	        "as is binary, decimal or hex");
	expect_refused("  framing: { fixed: 9, checksum: { algorithm: nmea, at: 3 } }", "",
	        "nmea knows by itself");
	expect_refused("  framing: { fixed: 9, checksum: { algorithm: lrc, optional: true } }", "",
	        "only nmea");
}

/* Over what is meant, and over what is on the line: the sum of "a}b" is 0x140, that of "}]" 0xda. */
static void test_stuffed_frames(void **state)
{
	(void)state;
	expect_cut("  framing: { delimiter: '~', escape: { byte: 0x7d, xor: 0x20 }, checksum: { "
	           "algorithm: sum8 } }",
	        SLICE("a}]b@~a}]b\x9d~"), SLICE("a}b@|?"));
	expect_cut("  framing: { delimiter: '~', escape: { byte: 0x7d, xor: 0x20 }, checksum: { "
	           "algorithm: sum8, escaped: true, to: -2 } }",
	        SLICE("a}]b@~a}]b\x9d~"), SLICE("?a}b\x9d|"));
}

static void test_nmea_checksum(void **state)
{
	static const struct {
		const char *sentence;
		bool right, missing;
	} cases[] = { { "$GPGLL,5057.970,N,00146.110,E,142451,A*27", true, false },
		{ "$GPGLL,5057.970,N,00146.110,E,142451,A*27\r\n", true, false },
		{ "$GPGLL,5057.970,N,00146.110,E,142451,A*28", false, false },
		{ "$GPGLL,5057.970,N,00146.110,E,142451,A", false, true },
		{ "$GPGLL,5057.970,N,00146.110,E,142451,A*", false, false },
		{ "$GPGLL,5057.970,N,00146.110,E,142451,A*2", false, false },
		{ "$GPGLL,5057.970,N,00146.110,E,142451,A*27x", false, false },
		{ "!A*41", true, false }, { "!O*4f", true, false }, { "", false, true },
		{ "*00", false, false } };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool missing;
		assert_int_equal(
		        checksum_nmea(slice_of(cases[i].sentence), &missing), cases[i].right);
		assert_int_equal(missing, cases[i].missing);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_catalogue),
		cmocka_unit_test(test_sums_of_two), cmocka_unit_test(test_cyclic_by_parameters),
		cmocka_unit_test(test_how_it_is_stored), cmocka_unit_test(test_stuffed_frames),
		cmocka_unit_test(test_nmea_checksum) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
