/* Any bytes as a stream, cut by every mechanism that a framing can have: what comes of it is the same however the bytes
 * arrive, each answer uses at least one byte, and a frame that is whole is never larger than the largest. */
#include "codec/frame/frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { MAX_BYTES = 64, INPUT_MAX = 4096 };

#define TYPES                                                                                      \
	"types:\n"                                                                                 \
	"  packet:\n"                                                                              \
	"    seq:\n"                                                                               \
	"      - { id: items, type: item, repeat: until, repeat-until: _.kind == 0x5d or _io.pos " \
	"> 50 }\n"                                                                                 \
	"  item:\n"                                                                                \
	"    seq:\n"                                                                               \
	"      - { id: kind, type: u1 }\n"                                                         \
	"      - { id: bits, type: b4 }\n"                                                         \
	"      - { id: n, type: b4 }\n"                                                            \
	"      - { id: text, type: strz, if: bits == 1 }\n"                                        \
	"      - { id: far, type: far, size: n, if: bits == 2 }\n"                                 \
	"      - { id: body, size: n, if: kind != 0x5d }\n"                                        \
	"  far:\n"                                                                                 \
	"    seq: [{ id: rest, size-eos: true }]\n"

static const char *const framings[] = {
	"{ delimiter: [0xc0], escape: { byte: 0xdb, map: { 0xdc: 0xc0, 0xdd: 0xdb } } }",
	"{ start: { bytes: [0x7e], include: false }, delimiter: [0x7e], escape: { byte: 0x7d, xor: "
	"0x20 },\n    checksum: { algorithm: sum8 } }",
	"{ start: { bytes: [0x10, 2], include: false }, delimiter: [0x10, 3], escape: { byte: "
	"0x10, "
	"double: true } }",
	"[{ start: [[0x1a, 0x31]], fixed: 4, escape: { byte: 0x1a, double: true } },\n"
	"    { start: [[0x1a, 0x32]], type: packet, escape: { byte: 0x1a, double: true } },\n"
	"    { start: [[0x1a, _, 0x33]], length-field: { offset: 3, size: 1, until: ',', as: "
	"decimal "
	"}, end: ';' }]",
	"{ delimiter: { bytes: [\"\\r\\n\", \"\\r\", \"\\n\"], include: true, not-before: ' ' } }",
	"{ start: ['$', '!'], delimiter: { bytes: [\"\\r\\n\", \"\\r\", '*'], trailer: 2, "
	"next-start: "
	"true }, checksum: { algorithm: xor8, as: hex } }",
	"{ start: ['('], delimiter: { bytes: ')', quotes: \"'\", quote-escape: '/' } }",
	"[{ balanced: '{}' }, { start: [[0xff]], fixed: 3, discard: true }, { type: packet }]",
	"{ length-field: { size: 3, as: varint, counts: frame } }",
	"[{ start: ['h'], length-field: { offset: 1, size: 1, again-at: 2, counts: { from: 3 } }, "
	"end: "
	"[[0x16], '.'] },\n    { length-field: { size: 2, endian: le, mask: 0x03f0, multiple: 4 } "
	"}]",
};

enum { FRAMINGS = sizeof framings / sizeof *framings };

struct cutting {
	const struct frame_schema *schema;
	slice stream;
	size_t from, frames;
	uint64_t sum; /* of all frames */
};

static void take(struct cutting *cutting, slice frame)
{
	cutting->frames++;
	for (size_t i = 0; i < frame.n; i++)
		cutting->sum = (cutting->sum ^ (unsigned char)frame.p[i]) * 1099511628211u;
	cutting->sum = (cutting->sum ^ 256) * 1099511628211u;
}

static void cut_up_to(struct cutting *cutting, size_t there)
{
	for (;;) {
		struct arena scratch;
		struct frame_piece piece;
		slice unread = { cutting->stream.p + cutting->from, there - cutting->from };
		arena_init(&scratch, frame_schema_scratch_bytes(cutting->schema));
		enum frame_cut cut = frame_split(cutting->schema, unread, false, &scratch, &piece);
		if (cut == FRAME_WHOLE)
			take(cutting, piece.bytes);
		if (cut == FRAME_MORE ? piece.needed <= unread.n
		                      : !piece.used || piece.used > unread.n)
			abort();
		if (cut == FRAME_WHOLE && piece.bytes.n > 2 * MAX_BYTES)
			abort();
		arena_finish(&scratch);
		if (cut == FRAME_MORE)
			return;
		cutting->from += piece.used;
	}
}

static struct cutting cut(const struct frame_schema *schema, slice stream, size_t step)
{
	struct cutting cutting = { .schema = schema, .stream = stream };
	for (size_t there = 0; there < stream.n;) {
		there = stream.n - there < step ? stream.n : there + step;
		cut_up_to(&cutting, there);
	}
	return cutting;
}

static struct frame_schema *load(unsigned which)
{
	struct error error = { .text = "" };
	struct arena arena;
	arena_init(&arena, 1 << 16);
	slice text = arena_printf(&arena,
	        "meta: { id: fuzz, endian: be, encoding: ASCII }\n" TYPES
	        "-fairlead:\n  max: %d\n  framing: %s\n",
	        MAX_BYTES, framings[which]);
	struct frame_schema *schema = frame_schema_load(text, &error);
	arena_finish(&arena);
	if (!schema)
		abort();
	return schema;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct frame_schema *schemas[FRAMINGS];
	if (n < 2 || n > INPUT_MAX)
		return 0;
	unsigned which = bytes[0] % FRAMINGS;
	if (!schemas[which])
		schemas[which] = load(which);
	slice stream = { (const char *)bytes + 2, n - 2 };
	struct cutting whole = cut(schemas[which], stream, SIZE_MAX),
	               single = cut(schemas[which], stream, 1),
	               some = cut(schemas[which], stream, 1 + bytes[1] % 31u);
	if (whole.frames != single.frames || whole.sum != single.sum ||
	        whole.frames != some.frames || whole.sum != some.sum || whole.from != single.from)
		abort();
	return 0;
}
