/* Each way of cutting a stream, by streams of our own making: whole, cut anywhere, between noise, and wrong. */
#include "framing_fixture.h"

#include <stdio.h>

#include "codec/frame/stream/framing.h"

/* ---- byte stuffing ---- */

#define SLIP                                                                                       \
	"  framing: { delimiter: [0xc0], escape: { byte: 0xdb, map: { 0xdc: 0xc0, 0xdd: 0xdb } } " \
	"}"

static void test_slip(void **state)
{
	(void)state;
	expect_cut(
	        SLIP, SLICE("\xc0one\xc0\xc0t\xdb\xdcw\xdb\xddo\xc0"), SLICE("one|t\xc0w\xdbo|"));
	/* An escape of nothing, and one that the end cuts off. */
	expect_cut(SLIP,
	        SLICE("a\xdb\x01z\xc0"
	              "b\xc0"
	              "c\xdb\xc0"
	              "d\xc0"),
	        SLICE("?b|?d|"));
}

/* 0x7e at both ends, or one between two; FCS over what is meant. */
static void test_hdlc(void **state)
{
	static const char framing[] =
	        "  framing: { start: { bytes: [0x7e], include: false }, delimiter: [0x7e],\n"
	        "    escape: { byte: 0x7d, xor: 0x20 },\n"
	        "    checksum: { algorithm: crc-16/x-25, endian: le } }";
	(void)state;
	/* The FCS of "123456789" is 0x906e. */
	expect_cut(framing, SLICE("~123456789\x6e\x90~~~123456789\x6e\x90~"),
	        SLICE("123456789\x6e\x90|123456789\x6e\x90|"));
	/* The FCS of "~}" is 0xcdf1. */
	expect_cut(framing, SLICE("~}^}]\xf1\xcd~"), SLICE("~}\xf1\xcd|"));
	expect_cut(framing, SLICE("x~123456789\x6e\x91~~123456789\x6e\x90~"),
	        SLICE("?123456789\x6e\x90|"));
	/* A flag that was lost: one frame is, and no more. */
	expect_cut(framing, SLICE("~ab~123456789\x6e\x90~~123456789\x6e\x90~"),
	        SLICE("?123456789\x6e\x90|123456789\x6e\x90|"));
}

static void test_marks_that_stay(void **state)
{
	(void)state;
	expect_cut("  framing: { start: ['~'], delimiter: { bytes: '~', include: true },\n"
	           "    escape: { byte: 0x7d, map: { 1: 0x7d, 2: 0x7e } } }",
	        SLICE("$$~0}\2\10}\1U~~a~b~c~"), SLICE("?~0~\10}U~|~a~|?~c~|"));
	/* The escaped byte is the one that is meant with the escape byte's own bits turned. */
	expect_cut("  framing: { start: ['('], delimiter: { bytes: ')', include: true },\n"
	           "    escape: { byte: 0x3d, xor: 0x3d } }",
	        SLICE("(a=\x15"
	              "b=\x14=\x00)(c)"),
	        SLICE("(a(b)=)|(c)|"));
	/* A backslash before the delimiter, and before itself. */
	expect_cut("  framing: { delimiter: ';', escape: { byte: 0x5c, xor: 0 } }",
	        SLICE("a\\;b\\\\;c;"), SLICE("a;b\\|c|"));
}

static void test_dle(void **state)
{
	static const char framing[] =
	        "  framing: { start: { bytes: [0x10, 2], include: false }, delimiter: [0x10, 3],\n"
	        "    escape: { byte: 0x10, double: true } }";
	(void)state;
	expect_cut(framing, SLICE("x\20\2a\20\20\3b\20\3\20\2\20\20\20\3"), SLICE("?a\20\3b|\20|"));
	/* A frame that breaks off where the next one begins. */
	expect_cut(framing, SLICE("\20\2ab\20\2c\20\3"), SLICE("?c|"));
}

/* One start mark for each size, and the mark's byte doubled within. */
static void test_doubled_marks_and_sizes(void **state)
{
	static const char framing[] =
	        "  framing:\n"
	        "    - { start: [[0x1a, 0x31]], fixed: 4, escape: { byte: 0x1a, double: true } }\n"
	        "    - { start: [[0x1a, 0x32]], fixed: 6, escape: { byte: 0x1a, double: true } }\n";
	(void)state;
	expect_cut(framing,
	        SLICE("\x1a\x31"
	              "ab\x1a\x32\x1a\x1a"
	              "cde\x1a\x31\x1a\x1a\x1a\x1a"),
	        SLICE("\x1a\x31"
	              "ab|\x1a\x32\x1a"
	              "cde|\x1a\x31\x1a\x1a|"));
	expect_cut(framing,
	        SLICE("\x1a\x32"
	              "ab\x1a\x31"
	              "cd"),
	        SLICE("?\x1a\x31"
	              "cd|"));
	/* A length that is escaped itself. */
	expect_cut("  framing: { start: [[0xfe]], length-field: { offset: 1, size: 1 },\n"
	           "    escape: { byte: 0xfd, xor: 0x20 } }",
	        SLICE("\xfe\2a\xfd\xdd\xfe\xfd\x21"
	              "b"),
	        SLICE("\xfe\2a\xfd|\xfe\1"
	              "b|"));
}

/* What is written is what was read. */
static void test_escapes_are_written_back(void **state)
{
	static const struct escape kinds[] = {
		{ .kind = ESCAPE_DOUBLE, .byte = 0x10 },
		{ .kind = ESCAPE_XOR, .byte = 0x7d, .flip = 0x20, .needed = { [15] = 0x60 } },
		{ .kind = ESCAPE_MAP,
		        .byte = 0xdb,
		        .on_line = { 0xdc, 0xdd },
		        .meant = { 0xc0, 0xdb },
		        .nmap = 2 },
	};
	char all[256], back[256];
	struct arena arena;
	(void)state;
	arena_init(&arena, FRAMING_BUDGET);
	for (unsigned i = 0; i < 256; i++)
		all[i] = (char)(unsigned char)i;
	for (unsigned i = 0; i < 3; i++) {
		size_t n, used;
		slice raw = escape_write(&kinds[i], &arena, (slice){ all, 256 });
		assert_int_equal(raw.n, i == 0 ? 257 : 258);
		assert_int_equal(
		        escape_read(&kinds[i], raw, 256, back, &n, &used), ESCAPE_UNIT_BYTE);
		assert_true(n == 256 && used == raw.n && memcmp(all, back, 256) == 0);
	}
	assert_null(memchr(escape_write(&kinds[1], &arena, (slice){ all, 256 }).p, '~', 258));
	/* A map without words for its own escape byte cannot say it. */
	static const struct escape poor = {
		.kind = ESCAPE_MAP, .byte = 0xdb, .on_line = { 1 }, .meant = { 2 }, .nmap = 1
	};
	assert_null(escape_write(&poor, &arena, SLICE("\xdb")).p);
	assert_slice(escape_write(&poor, &arena, SLICE("\2a")), "\xdb\1a");
	arena_finish(&arena);
}

/* A frame goes on the line with its marks, escapes, length and checksum, and comes back. */
static void test_frames_are_written_as_they_are_read(void **state)
{
	static const struct {
		const char *framing, *frame, *line;
	} cases[] = {
		{ SLIP, "a\xc0\xdb", "a\xdb\xdc\xdb\xdd\xc0" },
		{ "  framing: { start: { bytes: [0x7e], include: false }, delimiter: [0x7e],\n"
		  "    escape: { byte: 0x7d, xor: 0x20 },\n"
		  "    checksum: { algorithm: crc-16/x-25, endian: le } }",
		        "123456789..", "~123456789\x6e\x90~" },
		{ "  framing: { start: ['~'], delimiter: { bytes: '~', include: true },\n"
		  "    escape: { byte: 0x7d, map: { 1: 0x7d, 2: 0x7e } } }",
		        "~a~}b~", "~a}\2}\1b~" },
		{ "  framing: { start: ['#'], length-field: { offset: 1, size: 3, as: decimal },\n"
		  "    checksum: { algorithm: xor8, as: hex } }",
		        "#...1234..", "#006123411" },
		{ "  framing: { length-field: { offset: 0, size: 2, mask: 0x0fff, counts: frame } "
		  "}",
		        "\x70.abc", "\x70\5abc" },
		{ "  framing: { start: ['h'], length-field: { offset: 1, size: 1, again-at: 2, "
		  "counts: { from: 4 }, adjust: 2 }, end: [0x16] }",
		        "h..habc.\x16", "h\3\3habc.\x16" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena arena;
		struct frame_fault fault;
		struct frame_piece piece;
		arena_init(&arena, FRAMING_BUDGET);
		struct frame_schema *schema = framed_with(cases[i].framing, "", &arena);
		slice line = frame_wrap(schema, &arena, slice_of(cases[i].frame), &fault);
		if (!line.p)
			fail_msg("%s: %s", cases[i].framing, fault.text);
		assert_slice(line, cases[i].line);
		assert_int_equal(frame_split(schema, line, false, &arena, &piece), FRAME_WHOLE);
		assert_int_equal(piece.bytes.n, strlen(cases[i].frame));
		frame_schema_free(schema);
		arena_finish(&arena);
	}
}

/* ---- a frame that ends where its description does ---- */

#define TYPES                                                                                      \
	"types:\n"                                                                                 \
	"  packet:\n"                                                                              \
	"    seq:\n"                                                                               \
	"      - { id: mark, contents: [0x5b] }\n"                                                 \
	"      - { id: items, type: item, repeat: until, repeat-until: _.kind == 0x5d }\n"         \
	"  item:\n"                                                                                \
	"    seq:\n"                                                                               \
	"      - { id: kind, type: u1, valid: { max: 0x5d } }\n"                                   \
	"      - { id: n, type: u1, if: kind != 0x5d }\n"                                          \
	"      - { id: body, size: n, if: kind != 0x5d }\n"                                        \
	"  text:\n"                                                                                \
	"    seq:\n"                                                                               \
	"      - { id: n, type: str, terminator: 0x2c }\n"                                         \
	"      - { id: body, size: n.to_i }\n"

static void test_types(void **state)
{
	(void)state;
	expect_frames("  framing: { type: packet }", TYPES, SLICE("x[\1\3abc\2\0]][]"), false,
	        SLICE("?[\1\3abc\2\0]|?[]|"));
	/* Lengths in digits. */
	expect_frames("  framing: { type: text }", TYPES, SLICE("3,abc12,0123456789ab0,"), false,
	        SLICE("3,abc|12,0123456789ab|0,|"));
	/* One longer than the largest frame, at once. */
	expect_frames("  framing: { start: ['1', '2'], type: text }\n  max: 100", TYPES,
	        SLICE("10000000,2,ab"), false, SLICE("?2,ab|"));
	/* No number. */
	expect_frames("  framing: { start: ['N', '2'], type: text }", TYPES, SLICE("Nx,2,ab"),
	        false, SLICE("?2,ab|"));
	expect_frames("  framing: { type: packet, checksum: { algorithm: sum8, at: -1, from: 1 } }",
	        "types: { packet: { seq: [{ id: n, type: u1 }, { size: n }, { type: u1 }] } }",
	        SLICE("\2ab\xc3\1a\x61"), false, SLICE("\2ab\xc3|\1a\x61|"));
}

static void test_types_without_an_end(void **state)
{
	(void)state;
	expect_refused("  framing: { type: rest }",
	        "types: { rest: { seq: [{ id: all, size-eos: true }] } }",
	        "\"rest\" has no end of its own: \"all\"");
	expect_refused("  framing: { type: rest }",
	        "types: { rest: { seq: [{ id: a, type: in }] }, in: { seq: [{ id: b, type: u1, "
	        "repeat: eos }] } }",
	        "\"b\" (line 2) goes on");
	expect_refused("  framing: { type: gone }", "", "there is no type \"gone\"");
	/* Types within types, as many paths as there are particles, and an end that is not there at the bottom of them. */
	char types[8192] = "types: {", *at = types + strlen(types);
	for (int i = 0; i < 40; i++)
		at += snprintf(at, (size_t)(types + sizeof types - at),
		        "t%d: { seq: [{ id: a, type: t%d }, { id: b, type: t%d }, { id: c, type: "
		        "t%d }] }, ",
		        i, i + 1, i + 1, i + 1);
	(void)snprintf(at, (size_t)(types + sizeof types - at),
	        "t40: { seq: [{ id: deep, size-eos: true }] } }");
	expect_refused("  framing: { type: t0 }", types, "\"deep\"");
	/* What is asked of a stream that goes on is never answered too early. */
	expect_frames("  framing: { type: odd }",
	        "types: { odd: { seq: [{ id: n, type: u1 }, { id: more, type: u1, if: not _io.eof "
	        "}] } }",
	        SLICE("abcd"), false, SLICE("ab|cd|"));
}

/* ---- lengths ---- */

static void test_lengths_of_all_kinds(void **state)
{
	(void)state;
	expect_cut("  framing: { length-field: { size: 3 } }", SLICE("\0\0\2ab\0\0\0"),
	        SLICE("\0\0\2ab|\0\0\0|"));
	expect_cut("  framing: { length-field: { size: 2, endian: le, mask: 0x0fff } }",
	        SLICE("\2\xf0"
	              "ab\1\0c"),
	        SLICE("\2\xf0"
	              "ab|\1\0c|"));
	/* The mask's lowest bit is worth 1. */
	expect_cut("  framing: { length-field: { size: 1, mask: 0x70 } }",
	        SLICE("\x2f"
	              "ab\x80"),
	        SLICE("\x2f"
	              "ab|\x80|"));
	expect_cut(
	        "  framing: { length-field: { offset: 1, size: 2, as: decimal, counts: frame } }",
	        SLICE("a05bcd03eX1"), SLICE("a05bc|d03|?"));
	expect_cut(
	        "  framing: { start: ['a', 'b'], length-field: { offset: 1, size: 2, as: hex } }",
	        SLICE("a0Acontains10b0Gb0a0123456789"), SLICE("a0Acontains10|?b0a0123456789|"));
	expect_cut("  framing: { length-field: { size: 1, as: bcd } }",
	        SLICE("\x12"
	              "123456789012\x01z\x0a"),
	        SLICE("\x12"
	              "123456789012|\x01z|?"));
	/* Netstrings. */
	expect_cut(
	        "  framing: { length-field: { size: 3, as: decimal, until: ':', adjust: 1 }, end: "
	        "',' }",
	        SLICE("5:hello,0:,12:hello world!,3:abcd,1:x,9999:"),
	        SLICE("5:hello,|0:,|12:hello world!,|?1:x,|?"));
	/* Seven bits at a time: 3, 128 + 2, and one without an end. */
	expect_cut("  framing: { start: ['a'], length-field: { offset: 1, size: 2, as: varint } }",
	        SLICE("a\3bcda\x82\0bca\xff\xffxa\0"), SLICE("a\3bcd|a\x82\0bc|?a\0|"));
	expect_cut("  framing: { length-field: { size: 1, multiple: 4, counts: { from: 0 } } }",
	        SLICE("\2abc\5abcdefg\1xyz"), SLICE("\2abc|\5abcdefg|\1xyz|"));
	expect_cut(
	        "  framing: { length-field: { offset: 2, size: 1, counts: { from: 4 }, unit: 2 } }",
	        SLICE("ab\0cab\1cde"), SLICE("ab\0c|ab\1cde|"));
}

/* 68 L L 68 … 16: short and long frames, an acknowledgement, a length that lies, noise. */
static void test_meters(void **state)
{
	static const char framing[] = "  framing:\n"
	                              "    - { start: [[0x68, _, _, 0x68]], length-field: { "
	                              "offset: 1, size: 1, again-at: 2,\n"
	                              "        counts: { from: 4 }, adjust: 2 }, end: [0x16],\n"
	                              "        checksum: { algorithm: sum8, from: 4, at: -2 } }\n"
	                              "    - { start: [[0x10]], fixed: 5, end: [0x16], checksum: { "
	                              "algorithm: sum8, from: 1, "
	                              "at: -2 } }\n"
	                              "    - { start: [[0xe5]], fixed: 1 }\n";
	(void)state;
	expect_cut(framing,
	        SLICE("\xe5\x68\3\3\x68"
	              "abc\x26\x16\x10\x40\1\x41\x16"),
	        SLICE("\xe5|\x68\3\3\x68"
	              "abc\x26\x16|\x10\x40\1\x41\x16|"));
	/* The two lengths differ; the end is not where they say; the sum is wrong. */
	expect_cut(framing,
	        SLICE("\x68\3\4\x68"
	              "ab\x68\2\2\x68"
	              "abc\x16\xe5\x68\1\1\x68"
	              "ab\x16\xe5"),
	        SLICE("?\xe5|?\xe5|"));
}

/* ---- delimiters ---- */

static void test_delimiters_with_company(void **state)
{
	(void)state;
	expect_cut("  framing: { start: [[2]], delimiter: { bytes: [[3]], include: true, trailer: "
	           "1 },\n"
	           "    checksum: { algorithm: xor8, from: 1 } }",
	        SLICE("\2ab\3\0\2c\3`\2c\3\3"), SLICE("\2ab\3\0|\2c\3`|?"));
	expect_cut("  framing: { delimiter: { bytes: [\"\\r\\n\", \"\\r\"], include: true } }",
	        SLICE("a\r\nb\rc\r\r\nd"), SLICE("a\r\n|b\r|c\r|\r\n|"));
	expect_cut("  framing: { delimiter: { bytes: \"\\r\", not-before: \"\\n\" } }",
	        SLICE("a\r\nb\rc\r\n\r\rd"), SLICE("a\r\nb|c\r\n||"));
	expect_cut("  framing: { start: ['('], delimiter: { bytes: ')', include: true, quotes: '$' "
	           "} }",
	        SLICE("))(a,$)$,b)(c)x($()$)"), SLICE("(a,$)$,b)|(c)|?($()$)|"));
	expect_cut("  framing: { delimiter: { bytes: ';', quotes: '\"', quote-escape: '/' } }",
	        SLICE("a\";/\";\"b;c;"), SLICE("a\";/\";\"b|c|"));
	/* The delimiter that is whole first, whatever could have become of it. */
	expect_cut(
	        "  framing: { delimiter: ['ab', 'bc', 'b'] }", SLICE("xabcybcz"), SLICE("x|cy|"));
	expect_refused("  framing: { delimiter: ['abc', 'b'] }", "", "in the middle of another");
}

static void test_frames_without_an_end(void **state)
{
	static const char framing[] = "  framing: { start: ['EO;', 'EL;'], delimiter: { "
	                              "next-start: true }, idle-gap: 50ms }";
	(void)state;
	expect_frames(
	        framing, "", SLICE("xEO;1;2EL;3EEO;4;E"), true, SLICE("?EO;1;2|EL;3E|EO;4;E|"));
	expect_frames(framing, "", SLICE("xEO;1;2EL;3EEO;4;E"), false, SLICE("?EO;1;2|EL;3E|"));
	expect_frames(
	        "  framing: { start: ['$'], delimiter: { bytes: \"\\n\", next-start: true } }", "",
	        SLICE("$a\n$b$c\n"), false, SLICE("$a|$b|$c|"));
	expect_refused("  framing: { delimiter: { next-start: true } }", "", "needs a start mark");
}

/* What a pause of the line ends, and what it cuts off. */
static void test_pauses(void **state)
{
	(void)state;
	expect_frames("  framing: { idle-gap: 1750us, checksum: { algorithm: crc-16/modbus, "
	              "endian: le } }",
	        "", SLICE("123456789\x37\x4b"), true, SLICE("123456789\x37\x4b|"));
	expect_frames("  framing: { idle-gap: 1750us, checksum: { algorithm: crc-16/modbus, "
	              "endian: le } }",
	        "", SLICE("12345678\x37\x4b"), true, SLICE("?"));
	expect_frames("  framing: { idle-gap: 1750us }\n  max: 4", "", SLICE("abcdefg"), false,
	        SLICE("?"));
	expect_frames(
	        "  framing: { start: ['a'], length-field: { offset: 1, size: 1 }, idle-gap: 1s }",
	        "", SLICE("a\1xa\7cda\1ea"), true, SLICE("a\1x|?a\1e|?"));
	/* Up to the pause is all that there is. */
	expect_frames("  framing: { type: open, idle-gap: 5ms }",
	        "types: { open: { seq: [{ id: n, type: u1 }, { id: rest, size-eos: true }] } }",
	        SLICE("\1abc"), true, SLICE("\1abc|"));
	expect_refused("  framing: { idle-gap: 0ms }", "", "such as 50ms");
	expect_refused("  framing: { idle-gap: 50 }", "", "such as 50ms");
	expect_refused("  framing: { idle-gap: 61s }", "", "such as 50ms");
	expect_refused("  framing: { start: ['$'] }", "", "needs just one of");
	expect_refused("  framing: { fixed: 3, delimiter: ';' }", "", "needs just one of");
}

/* ---- marks ---- */

static void test_marks(void **state)
{
	(void)state;
	expect_cut(
	        "  framing: [{ start: [[0xbf, 0xfb]], fixed: 5, discard: true }, { start: ['$'], "
	        "delimiter: \"\\r\\n\" }]",
	        SLICE("\xbf\xfb\x19-\0$a\r\n\xbf\xfb$$$$b\r\n"), SLICE("$a|$b|"));
	expect_cut(
	        "  framing: [{ start: [[_, 0, 0]], fixed: 3, discard: true }, { delimiter: [0] }]",
	        SLICE("c\0\0ab\0d\0\0c\0xy\0"), SLICE("ab|c|xy|"));
	expect_cut("  framing: { start: { bytes: ['AT', 'GT'], include: false }, skip: 1, "
	           "delimiter: ';' }",
	        SLICE("AT,x;GT:;GTy;AT;"), SLICE("x||||"));
	expect_cut("  framing: { start: { bytes: '#', include: false }, length-field: { offset: 1, "
	           "size: 1, "
	           "counts: frame } }",
	        SLICE("#\4ab#\2"), SLICE("\4ab|\2|"));
	expect_refused("  framing: { start: ['a', 'ab'], fixed: 3 }", "", "begin with another one");
	expect_refused(
	        "  framing: { start: [[_, _]], fixed: 3 }", "", "at least one byte that is known");
	expect_refused("  framing: { start: ['a'], skip: 2, fixed: 3 }", "", "include: false");
	expect_refused("  framing: { delimiter: ['a', [_, 1]] }", "", "only a start mark");
	expect_refused("  framing: { delimiter: 'a', end: 'b' }", "", "end goes with");
}

static void test_balanced_brackets(void **state)
{
	(void)state;
	expect_cut("  framing: { balanced: '{}' }",
	        SLICE("x{\"a\":{\"b\":\"}\\\"}\"}}\r\n{}{\"c\":[{}]}{"),
	        SLICE("?{\"a\":{\"b\":\"}\\\"}\"}}|?{}|{\"c\":[{}]}|"));
	/* What is never closed hides nothing that begins after the largest frame. */
	expect_cut("  framing: { balanced: '[]' }\n  max: 8", SLICE("[abcdefg[x][]"),
	        SLICE("?[x]|[]|"));
	expect_refused("  framing: { balanced: '((' }", "", "two different bytes");
	expect_refused("  framing: { balanced: '{}', escape: { byte: 1, xor: 2 } }", "",
	        "does not go with balanced");
}

/* ---- the worst case ---- */

/* The bytes of each framing's worst stream: start marks that lead nowhere, lengths just below the largest frame, types
 * that fail at their end. The work is counted by the calls that it takes, and by what those say. */
static void cut_all(const char *framing, const char *types, slice pattern)
{
	enum { BYTES = 1 << 16 };
	struct arena arena;
	struct frame_piece piece;
	arena_init(&arena, 8 * (size_t)BYTES);
	struct frame_schema *schema = framed_with(framing, types, &arena);
	char *bytes = arena_alloc(&arena, BYTES);
	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = pattern.p[i % pattern.n];
	slice unread = { bytes, BYTES };
	size_t calls = 0;
	for (;; calls++) {
		struct arena scratch;
		arena_init(&scratch, frame_schema_scratch_bytes(schema));
		enum frame_cut cut = frame_split(schema, unread, false, &scratch, &piece);
		arena_finish(&scratch);
		if (cut == FRAME_MORE)
			break;
		unread = slice_from(unread, piece.used);
	}
	/* Whatever is left is less than one largest frame, every byte of which may be escaped. */
	assert_true(unread.n <= 2 * frame_schema_max_bytes(schema) + 64);
	assert_true(calls <= BYTES);
	frame_schema_free(schema);
	arena_finish(&arena);
}

static void test_hostile_streams(void **state)
{
	(void)state;
	cut_all("  framing: { balanced: '{}' }\n  max: 8192", "", SLICE("{"));
	cut_all("  framing: { start: ['('], delimiter: { bytes: ')', quotes: '$' } }\n  max: 8192",
	        "", SLICE("("));
	cut_all("  framing: [{ start: ['('], delimiter: ')' }, { start: ['['], delimiter: ']' }]\n "
	        " max: 8192",
	        "", SLICE("(["));
	cut_all("  framing: { start: ['h'], length-field: { offset: 1, size: 2 }, end: [0x16] }\n  "
	        "max: 8192",
	        "", SLICE("h\x1f\xf0"));
	cut_all("  framing: { start: ['h'], length-field: { offset: 1, size: 2 }, checksum: { "
	        "algorithm: "
	        "crc-32 } }\n  max: 8192",
	        "", SLICE("h\x1f\xf0"));
	cut_all("  framing: { start: [[0x10, 2]], delimiter: [0x10, 3], escape: { byte: 0x10, "
	        "double: true "
	        "} }\n  max: 8192",
	        "", SLICE("\20\2"));
	cut_all("  framing: { start: [[1]], type: packet, escape: { byte: 2, xor: 0 } }\n  max: "
	        "8192",
	        "types: { packet: { seq: [{ size: 8000 }, { contents: [0] }] } }", SLICE("\1\2\1"));
	cut_all("  framing: { type: nested }\n  max: 8192",
	        "types: { nested: { seq: [{ id: n, type: u1 }, { id: in, type: nested, if: n == 1 "
	        "}] } }",
	        SLICE("\1"));
	cut_all("  framing: { type: many }\n  max: 8192",
	        "types: { many: { seq: [{ id: a, type: u1, repeat: expr, repeat-expr: 7000 }, { "
	        "contents: "
	        "[0] }] } }",
	        SLICE("\1"));
}

/* What no frame can be is a mistake of the description. */
static void test_sizes_that_cannot_be(void **state)
{
	static const struct {
		const char *framing, *why;
	} cases[] = {
		{ "{ fixed: 5000 }", "at least 5000 bytes, and max allows 4096" },
		{ "{ start: [[1, 2, 3]], fixed: 2 }", "not shorter than its start mark" },
		{ "{ fixed: 2, skip: 3 }", "no frame has so many bytes" },
		{ "{ length-field: { size: 1, mask: 0x1ff } }", "from 1 to 255" },
		{ "{ length-field: { size: 2, again-at: 1 } }", "within the field itself" },
		{ "{ delimiter: [10], escape: { byte: 10, xor: 0x20 } }", "the delimiter already" },
		{ "{ fixed: 2, checksum: { algorithm: sum8, at: 2 } }", "not stand within" },
		{ "{ fixed: 2, checksum: { algorithm: crc-32 } }", "not stand within" },
		{ "{ fixed: 9, checksum: { algorithm: sum8, from: 9 } }", "before it begins" },
		{ "{ fixed: 9, checksum: { algorithm: sum8, from: 5, to: 2 } }",
		        "before it begins" },
		{ "{ fixed: 9, checksum: { algorithm: sum8, from: -2, to: -3 } }",
		        "before it begins" },
		{ "{ fixed: 9, checksum: { algorithm: sum8, from: -10 } }",
		        "outside of the frame" },
		{ "{ fixed: 9, checksum: { algorithm: sum8, to: 10 } }", "outside of the frame" },
	};
	static const char *const right[] = {
		"{ start: [[1, 2]], fixed: 2 }",
		"{ fixed: 4096, checksum: { algorithm: crc-32 } }",
		"{ fixed: 9, checksum: { algorithm: sum8, at: 0, from: 1 } }",
		"{ fixed: 9, checksum: { algorithm: sum8, from: 8, to: -1 } }",
		("{ start: { bytes: [1, 2], include: false }, fixed: 4, checksum: { algorithm: "
		 "sum8 "
		 "} }"),
		"{ length-field: { size: 8, mask: 0x7fffffffffffffff } }",
		"{ length-field: { offset: 2, size: 2, again-at: 4 } }",
	};
	(void)state;
	char framing[200];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		(void)snprintf(framing, sizeof framing, "  framing: %s", cases[i].framing);
		expect_refused(framing, "", cases[i].why);
	}
	for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
		(void)snprintf(framing, sizeof framing, "  framing: %s", right[i]);
		expect_cut(framing, SLICE(""), SLICE(""));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slip),
		cmocka_unit_test(test_hdlc),
		cmocka_unit_test(test_marks_that_stay),
		cmocka_unit_test(test_dle),
		cmocka_unit_test(test_doubled_marks_and_sizes),
		cmocka_unit_test(test_escapes_are_written_back),
		cmocka_unit_test(test_frames_are_written_as_they_are_read),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_types_without_an_end),
		cmocka_unit_test(test_lengths_of_all_kinds),
		cmocka_unit_test(test_meters),
		cmocka_unit_test(test_delimiters_with_company),
		cmocka_unit_test(test_frames_without_an_end),
		cmocka_unit_test(test_pauses),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_balanced_brackets),
		cmocka_unit_test(test_hostile_streams),
		cmocka_unit_test(test_sizes_that_cannot_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
