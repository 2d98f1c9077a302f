/* The framings of vehicle trackers, each as a description has it, against cases of real devices: the first frame of each
 * stream is the one that is wanted, and all of them are the same however the bytes arrive. And requests to Modbus/TCP
 * servers, captured. */
#include "framing_fixture.h"

#include "api/codec.h"

#include <stdio.h>

enum { BUDGET = 64 << 20, RIGHT_FLOOR = 101, MODBUS_FLOOR = 5600 };

/* A class may stand more than once: for devices that are set up differently. */
static const struct {
	const char *class, *framing, *types;
} framings[] = {
	{ "ArnaviFrameDecoder",
	        "[{ start: ['$'], delimiter: \"\\r\\n\" }, { start: [0xff], fixed: 10 },\n"
	        "    { start: [[0x5b, 0xfd]], fixed: 4 }, { start: [[0x5b]], type: package }]",
	        "  package:\n"
	        "    seq: [{ type: u2 }, { id: packets, type: packet, repeat: until, repeat-until: "
	        "_.kind == 0x5d }]\n"
	        "  packet:\n"
	        "    seq: [{ id: kind, type: u1 }, { id: rest, type: rest, if: kind != 0x5d }]\n"
	        "  rest:\n"
	        "    seq: [{ id: n, type: u2le }, { id: time, type: u4le }, { size: n }, { type: "
	        "u1 "
	        "}]\n" },
	{ "At2000FrameDecoder",
	        "[{ start: [1], length-field: { offset: 2, size: 3, endian: le, counts: { from: 17 "
	        "} "
	        "} },\n    { length-field: { offset: 1, size: 3, endian: le, multiple: 16, counts: "
	        "{ "
	        "from: 16 } } }]",
	        "" },
	{ "DingtekFrameDecoder",
	        "{ length-field: { offset: 8, size: 2, as: hex, unit: 2, counts: frame } }", "" },
	{ "Dsf22FrameDecoder", "{ length-field: { offset: 4, size: 1, unit: 16 } }", "" },
	{ "EgtsFrameDecoder", "{ length-field: { offset: 5, size: 2, endian: le, adjust: 6 } }",
	        "" },
	{ "EskyFrameDecoder",
	        "{ start: ['EO;', 'EL;'], delimiter: { next-start: true }, idle-gap: 50ms }", "" },
	{ "FutureWayFrameDecoder",
	        "{ start: ['41'], length-field: { offset: 2, size: 8, as: hex, adjust: 7 } }", "" },
	{ "ItsFrameDecoder",
	        "{ start: ['$'], idle-gap: 50ms, delimiter: { bytes: [\"\\r\\n\", '*'], "
	        "next-start: "
	        "true,\n    not-before: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', "
	        "'B', 'C', 'D', 'E', 'F'] } }",
	        "" },
	{ "JmakFrameDecoder",
	        "[{ start: ['~', '^'], delimiter: { bytes: '$', include: true } }, { balanced: "
	        "'{}' "
	        "}]",
	        "" },
	{ "JsonFrameDecoder", "{ balanced: '{}' }", "" },
	{ "Jt1078FrameDecoder", "{ start: ['01cd'], type: packet }",
	        "  packet:\n"
	        "    seq:\n"
	        "      - { id: head, size: 8 }\n"
	        "      - { id: sim, size: 'sim_head == 0 ? 10 : 6' }\n"
	        "      - { id: channel, type: u1 }\n"
	        "      - { id: kind, type: u1 }\n"
	        "      - { id: time, size: 8, if: kind >> 4 != 4 }\n"
	        "      - { id: intervals, size: 4, if: kind >> 4 < 3 }\n"
	        "      - { id: n, type: u2 }\n"
	        "      - { id: body, size: n }\n"
	        "    instances:\n"
	        "      sim_head: { pos: 8, type: u2 }\n" },
	{ "Jt600FrameDecoder",
	        "[{ start: ['('], delimiter: { bytes: ')', include: true }, escape: { byte: 0x3d, "
	        "xor: 0x3d } },\n"
	        "    { start: [['$', _, _, _, _, _, _, _, 0]], length-field: { offset: 8, size: 2 "
	        "} "
	        "},\n"
	        "    { start: ['$'], length-field: { offset: 7, size: 2, adjust: 1 } }]",
	        "" },
	{ "Jt808FrameDecoder",
	        "[{ start: ['('], delimiter: { bytes: ')', include: true } },\n"
	        "    { start: ['~'], delimiter: { bytes: '~', include: true },\n"
	        "    escape: { byte: 0x7d, map: { 1: 0x7d, 2: 0x7e } } }]",
	        "" },
	{ "L100FrameDecoder",
	        "[{ start: ['ATL,'], delimiter: '@' },\n"
	        "    { start: ['L,'], delimiter: { bytes: '*', trailer: 1 } },\n"
	        "    { start: { bytes: [[0x20, 1], [0x20, 3]], include: false },\n"
	        "    delimiter: { bytes: [[2], [4]], trailer: 1 } }]",
	        "" },
	{ "MegastekFrameDecoder",
	        "[{ start: ['$', 'STX', 'cmd'], delimiter: [\"\\r\\n\", \"\\n\"] },\n"
	        "    { length-field: { size: 4, as: decimal } }]",
	        "" },
	{ "NavisFrameDecoder",
	        "[{ start: ['@NTC'], length-field: { offset: 12, size: 2, endian: le, adjust: 2 } "
	        "},\n"
	        "    { start: [0x7f], fixed: 1 }, { start: ['~T'], fixed: 80 },\n"
	        "    { start: ['~A'], length-field: { offset: 2, size: 1, unit: 73, adjust: 1 } }]",
	        "" },
	{ "NavisFrameDecoder",
	        "{ start: ['~A'], length-field: { offset: 2, size: 1, unit: 171, adjust: 1 } }",
	        "" },
	{ "NavisetFrameDecoder",
	        "{ length-field: { size: 2, endian: le, mask: 0x0fff, adjust: 2 } }", "" },
	{ "PstFrameDecoder", "{ start: { bytes: ['('], include: false }, delimiter: ')' }", "" },
	{ "Pt502FrameDecoder",
	        "[{ start: [[0xbf, 0xfb]], fixed: 5, discard: true }, { start: ['$PHD'], type: "
	        "photo "
	        "},\n    { start: ['$'], delimiter: [\"\\r\\n\", \"\\n\", \"\\r\"] }]",
	        "  photo:\n"
	        "    seq:\n"
	        "      - { id: number, type: str, terminator: 0x2c }\n"
	        "      - { id: n, type: str, terminator: 0x2c }\n"
	        "      - { id: part, size: n.to_i }\n" },
	{ "SnapperFrameDecoder",
	        "[{ start: [K], length-field: { offset: 12, size: 4, endian: le, adjust: 9 } },\n"
	        "    { start: [P], fixed: 2 }]",
	        "" },
	{ "StartekFrameDecoder",
	        "{ start: ['&&'], length-field: { offset: 3, size: 5, as: decimal, until: ',', "
	        "adjust: 3 },\n    end: \"\\r\\n\" }",
	        "" },
	{ "SuntechFrameDecoder",
	        "[{ start: [0x81], length-field: { offset: 1, size: 2 } },\n"
	        "    { start: [2], length-field: { offset: 1, size: 2, adjust: 1 }, end: [3] },\n"
	        "    { start: [ST], delimiter: { bytes: \"\\r\", not-before: \"\\n\" }, idle-gap: "
	        "50ms }]",
	        "" },
	{ "T57FrameDecoder",
	        "{ start: ['*T57#'], delimiter: { next-start: true }, idle-gap: 50ms }", "" },
	{ "TekFrameDecoder", "{ length-field: { offset: 16, size: 1 } }", "" },
	{ "TelicFrameDecoder",
	        "[{ start: [[_, 0, 0, 0]], fixed: 4, discard: true }, { delimiter: [0] }]", "" },
	{ "TeltonikaFrameDecoder",
	        "[{ start: [0xff], fixed: 1 },\n"
	        "    { start: [0, 0, 0, 0], length-field: { offset: 4, size: 4, adjust: 4 } },\n"
	        "    { length-field: { size: 2 } }]",
	        "" },
	{ "Tk103FrameDecoder",
	        "{ start: ['('], delimiter: { bytes: ')', include: true, quotes: '$' } }", "" },
	{ "TramigoFrameDecoder",
	        "[{ start: [4], length-field: { offset: 1, size: 2, endian: le, counts: frame } "
	        "},\n"
	        "    { start: [0x80], length-field: { offset: 5, size: 2, counts: frame } }]",
	        "" },
	{ "TranSyncFrameDecoder",
	        "{ start: ['::'], length-field: { offset: 3, size: 2 }, end: '##' }", "" },
	{ "UlbotechFrameDecoder",
	        "[{ start: ['*'], delimiter: { bytes: '#', include: true } },\n"
	        "    { start: [[0xf8]], delimiter: { bytes: [[0xf8]], include: true },\n"
	        "    escape: { byte: 0xf7, xor: 0xf7 } }]",
	        "" },
	{ "WliFrameDecoder",
	        "{ start: [[2]], delimiter: { bytes: [[3]], include: true },\n"
	        "    escape: { byte: 0xdb, map: { 0xd2: 2, 0xd3: 3, 0xdd: 0xdb } } }",
	        "" },
};

enum { FRAMINGS = sizeof framings / sizeof *framings };

struct tally {
	struct frame_schema *schemas[FRAMINGS];
	unsigned right, all;
};

static slice member(const struct value *map, const char *key)
{
	const struct value *value = value_get(map, slice_of(key));
	return value && value->kind == VALUE_TEXT ? value->as.text : (slice){ NULL, 0 };
}

static void each_line(
        const char *folder, const char *name, void (*each)(const struct value *, void *), void *arg)
{
	char path[1200];
	struct error error;
	struct arena arena;
	(void)snprintf(path, sizeof path, "%s/%s", vectors_path(folder), name);
	arena_init(&arena, BUDGET);
	slice rest = read_whole_file(&arena, path);
	while (rest.n) {
		slice line = slice_cut(&rest, '\n');
		struct arena inner;
		arena_init(&inner, 1 << 24);
		struct value *value =
		        codec_for(SLICE("application/json"))->decode(&inner, line, &error);
		if (value)
			each(value, arg);
		arena_finish(&inner);
	}
	arena_finish(&arena);
}

/* The first frame, in the arena. */
static slice first_frame(const struct frame_schema *schema, struct arena *arena, slice bytes)
{
	for (unsigned quiet = 0; quiet < 2;) {
		struct frame_piece piece;
		enum frame_cut cut = frame_split(schema, bytes, quiet, arena, &piece);
		if (cut == FRAME_WHOLE)
			return piece.bytes;
		if (cut == FRAME_MORE)
			quiet++;
		else
			bytes = slice_from(bytes, piece.used);
	}
	return (slice){ NULL, 0 };
}

static void same_however_it_arrives(
        const char *name, const struct frame_schema *schema, struct arena *arena, slice bytes)
{
	slice whole = cut_stream(schema, arena, bytes, bytes.n, true);
	for (size_t step = 0; step < 20; step++) {
		slice cut = cut_stream(schema, arena, bytes, step, true);
		if (!slice_equal(cut, whole))
			fail_msg("%s, %zu bytes at a time: %.*s instead of %.*s", name, step,
			        SLICE_ARG(cut), SLICE_ARG(whole));
	}
}

static void cut_case(const struct value *line, void *arg)
{
	struct tally *tally = arg;
	slice class = member(line, "class"), input = member(line, "input_hex");
	struct arena arena;
	if (!input.n || !member(line, "frame_hex").n)
		return;
	tally->all++;
	arena_init(&arena, 1 << 22);
	slice bytes = from_hex(&arena, arena_copy_slice(&arena, input).p);
	slice wanted = from_hex(&arena, arena_copy_slice(&arena, member(line, "frame_hex")).p);
	bool right = false;
	for (size_t i = 0; i < FRAMINGS; i++) {
		if (!slice_is(class, framings[i].class))
			continue;
		slice got = first_frame(tally->schemas[i], &arena, bytes);
		right |= slice_equal(got, wanted);
		same_however_it_arrives(framings[i].class, tally->schemas[i], &arena, bytes);
	}
	if (!right)
		(void)printf("not cut as wanted: %.*s %.*s\n", SLICE_ARG(class), SLICE_ARG(input));
	tally->right += right;
	arena_finish(&arena);
}

static void test_trackers(void **state)
{
	struct tally tally = { .right = 0 };
	struct arena arena;
	(void)state;
	arena_init(&arena, BUDGET);
	for (size_t i = 0; i < FRAMINGS; i++) {
		slice framing = arena_printf(&arena, "  framing: %s", framings[i].framing);
		slice types = arena_printf(
		        &arena, "%s%s", framings[i].types[0] ? "types:\n" : "", framings[i].types);
		tally.schemas[i] = framed_with(framing.p, types.p, &arena);
	}
	each_line("traccar-frames", "frame_decoder_cases.jsonl", cut_case, &tally);
	(void)printf("%u of %u framing cases\n", tally.right, tally.all);
	assert_true(tally.right >= RIGHT_FLOOR);
	for (size_t i = 0; i < FRAMINGS; i++)
		frame_schema_free(tally.schemas[i]);
	arena_finish(&arena);
}

/* ---- Modbus/TCP ---- */

struct modbus {
	const struct frame_schema *schema;
	unsigned frames;
};

/* What goes one way: where each segment was one whole ADU, each is a frame. */
static void cut_direction(struct modbus *modbus, const struct value *segments, const char *way)
{
	struct arena arena;
	bool plain = true;
	unsigned n = 0;
	arena_init(&arena, BUDGET);
	char *stream = arena_alloc(&arena, 1 << 20), *expected = arena_alloc(&arena, 1 << 20);
	size_t bytes = 0, out = 0;
	for (const struct value *at = segments->as.members.first; at; at = at->next) {
		if (!slice_is(at->as.members.first->as.text, way))
			continue;
		slice hex = arena_copy_slice(&arena, at->as.members.first->next->as.text);
		slice segment = from_hex(&arena, hex.p);
		assert_true(bytes + segment.n < 1 << 20);
		memcpy(stream + bytes, segment.p, segment.n);
		memcpy(expected + out, segment.p, segment.n);
		bytes += segment.n;
		out += segment.n;
		expected[out++] = '|';
		plain &= segment.n > 6 && memcmp(segment.p + 2, "\0\0", 3) == 0 &&
		         segment.n == 6u + (unsigned char)segment.p[5];
		n++;
	}
	slice whole = { stream, bytes };
	if (plain && n)
		assert_true(slice_equal(cut_stream(modbus->schema, &arena, whole, bytes, false),
		        (slice){ expected, out }));
	modbus->frames += plain ? n : 0;
	same_however_it_arrives("modbus", modbus->schema, &arena, whole);
	arena_finish(&arena);
}

static void cut_capture(const struct value *line, void *arg)
{
	const struct value *segments = value_get(line, SLICE("segs"));
	cut_direction(arg, segments, "c2s");
	cut_direction(arg, segments, "s2c");
}

static void test_modbus(void **state)
{
	struct arena arena;
	(void)state;
	arena_init(&arena, BUDGET);
	struct modbus modbus = {
		.schema = framed_with("  framing: { start: [[_, _, 0, 0]], length-field: { offset: "
		                      "4, size: 2 } }\n  max: 260",
		        "", &arena)
	};
	each_line("streams", "modbus.tcp.jsonl", cut_capture, &modbus);
	(void)printf("%u Modbus/TCP frames\n", modbus.frames);
	assert_true(modbus.frames >= MODBUS_FLOOR);
	frame_schema_free((struct frame_schema *)(uintptr_t)modbus.schema);
	arena_finish(&arena);
}

int main(void)
{
	static const char *const needed[] = { "traccar-frames", "streams" };
	for (unsigned i = 0; i < 2; i++) {
		if (!vectors_path(needed[i]))
			return vectors_absent(needed[i]);
	}
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_trackers),
		cmocka_unit_test(test_modbus) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
