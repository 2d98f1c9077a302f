/* `process:`: what happens to bytes before they are read. */
#include "support.h"

#include "support_frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define HEAD "meta: { id: x, endian: be, encoding: ASCII }\n"

enum { BUDGET = 4 << 20 };

static void test_the_language_s_own(void **state)
{
	static const struct {
		const char *process, *hex, *result;
	} cases[] = {
		{ "xor(0xff)", "00 0f f0", "fff00f" },
		{ "xor([0x10, 0x20])", "00 00 00", "102010" },
		{ "xor(key)", "01 02 03", "020100" },
		{ "rol(1)", "80 01 ff", "0102ff" },
		{ "ror(3)", "08 01 10", "012002" },
		{ "rol(8)", "12 34 56", "123456" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char description[200];
		(void)snprintf(description, sizeof description,
		        HEAD "seq: [{ id: b, size: 3, process: '%s' }]\n"
		             "instances: { key: { value: 3 } }",
		        cases[i].process);
		frame_expect(description, cases[i].hex, "b", cases[i].result);
	}
}

/* "177KQJ5000G?tO`K>RA1wUbN0TKH" is the position of ITU-R M.1371's examples that every decoder's manual shows. */
static void test_ais(void **state)
{
	static const char position[] = HEAD
	        "seq: [{ id: m, terminator: 0x2c, process: fairlead.unarmour(0), type: ais }]\n"
	        "types:\n"
	        "  ais:\n"
	        "    seq:\n"
	        "      - { id: type, type: b6 }\n"
	        "      - { id: repeat, type: b2 }\n"
	        "      - { id: mmsi, type: b30 }\n"
	        "      - { id: rest, size-eos: true }\n";
	static const char hex[] = "3137374b514a35303030473f744f604b3e5241317755624e30544b48 2c";
	static const char bits[] = HEAD "seq: [{ id: n, type: u1 }, { id: b, size-eos: true, "
	                                "process: fairlead.unarmour(n) }]";
	(void)state;
	frame_expect(position, hex, "m.mmsi", "477553000");
	frame_expect(position, hex, "m.type", "1");
	frame_expect(position, hex, "m._io.size", "21");
	frame_expect(bits, "00 77", "b", "fc");
	frame_expect(bits, "04 77", "b", "c0");
	frame_expect(bits, "04 77 77", "b", "ff");
	frame_expect(bits, "00 30 57 60 77", "b", "027a3f");
	frame_expect(bits, "03", "b", "");
	frame_expect(bits, "06 77", "b", "fill bits are a number from 0 to 5");
	frame_expect(bits, "00 77 58", "b", "a character that carries no six bits");
	frame_expect(bits, "00 5f", "b", "a character that carries no six bits");
	frame_expect(bits, "00 78", "b", "a character that carries no six bits");
}

/* Characters at any bit: 3 bits, then "EVER @", "X" of six bits each. */
static void test_text_of_six_bits(void **state)
{
	static const char text[] = HEAD "seq: [{ id: first, type: u1 }, { id: most, type: u1 }, { "
	                                "id: t, type: str, size-eos: "
	                                "true, process: 'fairlead.sixbit_text(first, most)' }]";
	(void)state;
	frame_expect(text, "03 07 a2ac 2a50 00c0", "t", "EVER");
	frame_expect(text, "03 02 a2ac 2a50 00c0", "t", "EV");
	frame_expect(text, "00 02 0410", "t", "AA");
	frame_expect(text, "00 09 0410", "t", "AA");
	frame_expect(text, "ff ff 0410", "t", "");
}

static void test_bytes_written_as_text(void **state)
{
	static const char hex[] = HEAD "seq: [{ id: b, size-eos: true, process: fairlead.hex }]";
	static const char base64[] =
	        HEAD "seq: [{ id: b, size-eos: true, process: fairlead.base64 }]";
	struct frame_fault fault;
	(void)state;
	frame_expect(hex, "30 61 46 46", "b", "0aff");
	frame_expect(hex, "30 61 46", "b", "an odd number of hexadecimal digits");
	frame_expect(base64, "5a6d3976", "b", "666f6f");
	frame_expect(base64, "5a", "b", "these bytes are no base64");
	assert_int_equal(
	        frame_fault_of_bytes(hex, "30 61 47 46", BUDGET, &fault), FRAME_FAULT_TEXT);
	assert_int_equal(fault.offset, 2);
	assert_string_equal(fault.path, "b");
}

/* "123456789", as the catalogue has it for each. */
static void test_checksums(void **state)
{
	static const char modbus[] = HEAD
	        "seq: [{ id: b, size-eos: true, process: 'fairlead.checksum(\"crc-16/modbus\")' }]";
	static const char unknown[] =
	        HEAD "seq: [{ id: b, size-eos: true, process: 'fairlead.checksum(\"crc-16/x\")' }]";
	(void)state;
	frame_expect(modbus, "313233343536373839", "b", "4b37");
	frame_expect(unknown, "31", "b", "fairlead.checksum takes the name of a checksum");
}

/* The bytes unpack to "hello hello hello hello"; wrong ones say where. */
static void test_zlib(void **state)
{
	static const char packed[] = HEAD "seq: [{ id: n, type: u1 }, { id: b, size: n, process: "
	                                  "zlib, type: part }, { id: end, type: u1 }]\n"
	                                  "types: { part: { seq: [{ id: first, type: u1 }, { id: "
	                                  "t, type: str, size-eos: true }] } }";
	struct frame_fault fault;
	(void)state;
	frame_expect(
	        packed, "10 789ccb48cdc9c957c8402701680308b1 07", "b.t", "ello hello hello hello");
	frame_expect(packed, "10 789ccb48cdc9c957c8402701680308b1 07", "b._io.size", "23");
	frame_expect(packed, "10 789ccb48cdc9c957c8402701680308b1 07", "end", "7");
	frame_expect(packed, "12 789ccb48cdc9c957c8402701680308b1 ffff 07", "b.first", "104");
	frame_expect(packed, "0f 789ccb48cdc9c957c8402701680308 07", "b",
	        "the packed bytes end too early");
	frame_expect(packed, "00 07", "b", "the packed bytes end too early");
	frame_expect(packed, "10 789ccb48cdc9c957c8402701680308b2 07", "b",
	        "these bytes are not zlib's");
	frame_expect(packed, "06 78bb00000001 07", "b",
	        "packed with a dictionary, which is not supported");
	/* Written by a smaller window, so with another first byte, but to the same end. */
	frame_expect_again(packed, "10 48 89cb48cdc9c957c8402701680308b1 07");
	assert_int_equal(frame_fault_of_bytes(packed, "04 789fffff 07", BUDGET, &fault),
	        FRAME_FAULT_CONTENTS);
	assert_string_equal(fault.path, "b");
	assert_int_equal(fault.offset, 3);
}

/* 16 MiB of zeros in 16 KiB: neither a small budget nor a large one is used for them. */
static void test_what_unpacks_to_too_much(void **state)
{
	static const char packed[] = HEAD "seq: [{ id: b, size-eos: true, process: zlib }]";
	uLongf n = 32768;
	unsigned char *zeros = calloc(1, 16 << 20), *bomb = malloc(n);
	(void)state;
	assert_non_null(zeros);
	assert_int_equal(compress(bomb, &n, zeros, 16 << 20), Z_OK);
	struct frame_schema *schema = frame_loaded(packed);
	for (size_t budget = 1 << 10; budget <= 256 << 20; budget *= 8) {
		struct arena arena;
		struct frame_fault fault;
		arena_init(&arena, budget);
		assert_null(frame_decode(schema, &arena, (slice){ (char *)bomb, n }, NULL, &fault));
		assert_int_equal(fault.kind, FRAME_FAULT_LIMIT);
		assert_true(arena.used_bytes <= 32 << 20);
		arena_finish(&arena);
	}
	frame_schema_free(schema);
	free(zeros);
	free(bomb);
}

/* In a stream that was unpacked, places are those in what came out of it. */
static void test_places_in_what_was_unpacked(void **state)
{
	static const char packed[] = HEAD
	        "seq: [{ id: n, type: u1 }, { id: b, size: n, process: zlib, type: part }]\n"
	        "types:\n"
	        "  part: { seq: [{ id: first, type: u1 }, { id: sub, size: 8, type: sub }] }\n"
	        "  sub: { seq: [{ id: t, type: str, size: 4 }, { id: v, type: u1, valid: 1 }] }";
	struct arena arena;
	bool good;
	(void)state;
	arena_init(&arena, BUDGET);
	struct frame_schema *schema = frame_loaded(packed);
	slice text = frame_decode_text(
	        schema, &arena, from_hex(&arena, "10 789ccb48cdc9c957c8402701680308b1"), &good);
	assert_false(good);
	static const char *const lines[] = { "     0      1  n ", "     1      ?  b:\n",
		"    +0      1  b.first ", "    +1      4  b.sub.t ",
		"stops making sense at byte 5 of what is unpacked from byte 1 on, in b.sub.v: " };
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		if (!strstr(text.p, lines[i]))
			fail_msg("no \"%s\" in\n%s", lines[i], text.p);
	}
	frame_schema_free(schema);
	arena_finish(&arena);
}

static void test_refused(void **state)
{
	(void)state;
	frame_refused("meta: { id: a }\nseq:\n  - { id: n, size: 1, process: nokia.unzip(1) }",
	        "process \"nokia.unzip(1)\" is not supported", 3, 32);
	frame_refused("meta: { id: a }\nseq:\n  - { id: n, size: 1, process: xor }",
	        "\"xor\" takes 1 argument, not 0", 3, 32);
	frame_refused("meta: { id: a }\nseq:\n  - { id: n, size: 1, process: 'fairlead.hex(1)' }",
	        "\"fairlead.hex\" takes 0 arguments, not 1", 3, 32);
	frame_refused(
	        "meta: { id: a }\nseq:\n  - { id: n, size: 1, process: xor(m) }", "\"m\"", 3, 36);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_the_language_s_own),
		cmocka_unit_test(test_ais), cmocka_unit_test(test_text_of_six_bits),
		cmocka_unit_test(test_bytes_written_as_text), cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_zlib), cmocka_unit_test(test_what_unpacks_to_too_much),
		cmocka_unit_test(test_places_in_what_was_unpacked),
		cmocka_unit_test(test_refused) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
