/* The description's language, part by part: encodings, sizes that are known beforehand. */
#include "support.h"

#include "support_frame.h"

#include <stdio.h>
#include <string.h>

static void test_encodings(void **state)
{
	static const struct {
		const char *encoding, *hex, *result;
	} cases[] = {
		{ "ASCII", "41 7e", "A~" },
		{ "ascii", "80", "a byte that is not ASCII" },
		{ "ISO-8859-1", "e4", "ä" },
		{ "UTF-16LE", "3d d8 00 de", "😀" },
		{ "UTF-16BE", "d8 3d", "bytes that are not UTF-16" },
		{ "UTF-32LE", "41 00 00 00 f1 00 00 00", "Añ" },
		{ "UTF-32BE", "00 01 f6 00", "😀" },
		{ "UTF-32BE", "00 11 00 00", "bytes that are not UTF-32" },
		{ "UTF-32BE", "00 00 d8 00", "bytes that are not UTF-32" },
		{ "UTF-32BE", "00 00 00", "bytes that are not UTF-32" },
		{ "IBM437", "b0 82", "░é" },
		{ "windows-1252", "80 e4", "€ä" },
		{ "windows-1252", "81", "bytes that are no text of their encoding" },
		{ "KOI8-R", "dd", "щ" },
		{ "SJIS", "82b1 b1 41", "こｱA" },
		{ "Shift_JIS", "82", "bytes that are no text of their encoding" },
		{ "EUC-KR", "b0a1", "가" },
		{ "GB18030", "8130 8132", "\xc2\x82" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char field[200], method[200];
		(void)snprintf(field, sizeof field,
		        "meta: { id: x }\nseq: [{ id: t, type: str, size-eos: true, encoding: %s "
		        "}]",
		        cases[i].encoding);
		frame_expect(field, cases[i].hex, "t", cases[i].result);
		if (!strstr(cases[i].result, "byte"))
			frame_expect_again(field, cases[i].hex);
		(void)snprintf(method, sizeof method,
		        "meta: { id: x }\nseq: [{ id: b, size-eos: true }]\ninstances: { t: { "
		        "value: "
		        "'b.to_s(\"%s\")' } }",
		        cases[i].encoding);
		frame_expect(method, cases[i].hex, "t", cases[i].result);
	}
}

/* A text that ends with zeros ends where a whole character is zero. */
static void test_zero_ended(void **state)
{
	static const char wide[] =
	        "meta: { id: x }\nseq: [{ id: t, type: strz, encoding: %s }, { id: n, type: u1 }]";
	static const struct {
		const char *encoding, *hex, *result;
	} cases[] = { { "UTF-8", "41 00 05", "A" }, { "UTF-16LE", "4100 0042 0000 05", "A䈀" },
		{ "UTF-16BE", "0041 4200 0000 05", "A䈀" },
		{ "UTF-32LE", "41000000 00000000 05", "A" }, { "IBM437", "82 00 05", "é" },
		{ "UCS-2LE", "4100 0042 0000 05", "A䈀" } };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[200];
		(void)snprintf(text, sizeof text, wide, cases[i].encoding);
		frame_expect(text, cases[i].hex, "t", cases[i].result);
		frame_expect(text, cases[i].hex, "n", "5");
	}
}

static void test_unknown_encodings(void **state)
{
	static const char *const names[] = { "EBCDIC-of-mars", "UTF-8//TRANSLIT", "ASCII/", "''",
		"'IBM437\\n'", "a-name-that-is-longer-than-any-encoding-has" };
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char text[200];
		(void)snprintf(text, sizeof text, "meta: { id: x, encoding: %s }", names[i]);
		frame_refused(text, "is not supported", 1, 26);
	}
	frame_refused("meta: { id: x }\nseq: [{ id: b, size: 1 }]\n"
	              "instances: { t: { value: 'b.to_s(\"klingon\")' } }",
	        "an encoding that is not supported: \"klingon\"", 3, 44);
}

#define SIZES                                                                                      \
	"meta: { id: x, endian: be }\n"                                                            \
	"seq:\n"                                                                                   \
	"  - { id: head, type: head }\n"                                                           \
	"  - { id: sized, type: loose, size: 12 }\n"                                               \
	"  - { id: list, type: u2, repeat: expr, repeat-expr: 3 }\n"                               \
	"types:\n"                                                                                 \
	"  head:\n"                                                                                \
	"    seq:\n"                                                                               \
	"      - { contents: [1, 2, 3] }\n"                                                        \
	"      - { id: a, type: b3 }\n"                                                            \
	"      - { id: b, type: b7 }\n"                                                            \
	"      - { id: c, type: u4 }\n"                                                            \
	"      - { id: d, size: 'sizeof<pair> * 1' }\n"                                            \
	"      - { id: e, size: sizeof<pair> }\n"                                                  \
	"  pair: { seq: [{ id: p, type: u1 }, { id: q, type: f8 }] }\n"                            \
	"  bits: { seq: [{ id: p, type: b3 }, { id: q, type: b10 }] }\n"                           \
	"  loose: { seq: [{ id: n, type: u1 }, { id: rest, size-eos: true }] }\n"                  \
	"  loop: { seq: [{ id: l, type: loop }] }\n"

static void test_sizes(void **state)
{
	static const struct {
		const char *value, *result;
	} cases[] = {
		{ "sizeof<pair>", "9" },
		{ "sizeof<bits>", "2" },
		{ "bitsizeof<bits>", "13" },
		{ "bitsizeof<u4le> + sizeof<f8>", "40" },
		{ "sized._sizeof", "12" },
		{ "sized.n._sizeof", "1" },
		{ "list[0]._sizeof", "2" },
		{ "again._sizeof", "12" },
		{ "_root.sized.as<pair>._sizeof", "9" },
	};
	static const char *const refused[] = { "sizeof<loose>", "sizeof<loop>", "sizeof<head>",
		"list._sizeof", "sized.rest._sizeof", "_sizeof", "_io._sizeof", "(1 + 1)._sizeof" };
	char text[2000];
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		(void)snprintf(text, sizeof text,
		        SIZES "instances: { again: { value: sized }, t: { value: '%s' } }",
		        cases[i].value);
		frame_expect(text,
		        "010203 ffff 00000000 010203040506070809 010203040506070809 "
		        "000000000000000000000000 000000000000",
		        "t", cases[i].result);
	}
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct error error;
		(void)snprintf(
		        text, sizeof text, SIZES "instances: { t: { value: '%s' } }", refused[i]);
		assert_null(frame_schema_load(slice_of(text), &error));
		assert_non_null(strstr(error.text, "not the same in every frame"));
		assert_int_equal(error.line, 19);
	}
	frame_refused(
	        "meta: { id: a }\nseq: [{ id: n, size: sizeof<str> }]", "of a fixed size", 2, 29);
	frame_refused(
	        "meta: { id: a }\nseq: [{ id: n, size: sizeof<u1 }]", "\">\" expected", 2, 31);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_zero_ended), cmocka_unit_test(test_unknown_encodings),
		cmocka_unit_test(test_sizes) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
