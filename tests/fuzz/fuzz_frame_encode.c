/* Any bytes as a tree of values, written under several descriptions: what is written is read back as what was given, cut out
 * of the stream as it went in; or the value is refused with a fault that says why. */
#include "codec/frame/frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { BUDGET = 4 << 20, DEPTH_MAX = 6 };

static const char *const descriptions[] = {
	"meta: { id: a, endian: be, encoding: UTF-8 }\n"
	"seq:\n"
	"  - { id: a, type: u1 }\n"
	"  - { id: b, size: a - 1, type: inner(c_of), process: xor(7) }\n"
	"  - { id: c, type: str, size: 4, pad-right: 32 }\n"
	"  - { id: d, type: strz }\n"
	"  - { id: e, type: u2, enum: colour, if: a > 2 }\n"
	"instances: { c_of: { value: a & 3 } }\n"
	"enums: { colour: { 1: a, 2: b, 40000: c } }\n"
	"types:\n"
	"  inner:\n"
	"    params: [{ id: f, type: u1 }]\n"
	"    seq:\n"
	"      - { id: a, type: b3 }\n"
	"      - { id: b, type: b13le }\n"
	"      - { id: c, type: f4le, repeat: expr, repeat-expr: a }\n"
	"      - { id: d, type: s8, if: f == 1 }\n"
	"-fairlead:\n"
	"  framing: { start: { bytes: [0x7e], include: false }, delimiter: [0x7e], escape: { byte: "
	"0x7d, xor: 0x20 } }\n",

	"meta: { id: b, endian: le, encoding: UTF-16LE }\n"
	"seq:\n"
	"  - { contents: [0xaa] }\n"
	"  - { id: a, type: u2 }\n"
	"  - { id: b, type: u1 }\n"
	"  - id: c\n"
	"    size: a\n"
	"    type: { switch-on: b, cases: { 1: one, 2: two, 3: b } }\n"
	"  - { id: d, type: u2, -fairlead-write: c_size + a }\n"
	"instances: { c_size: { value: a * 2 } }\n"
	"types:\n"
	"  one: { seq: [{ id: a, type: str, terminator: [0, 0], eos-error: false, repeat: eos }] "
	"}\n"
	"  two: { seq: [{ id: b, type: u1, repeat: until, repeat-until: _ == 0 or _io.eof }] }\n"
	"-fairlead:\n"
	"  framing:\n"
	"    start: [0xaa]\n"
	"    length-field: { offset: 1, size: 2, counts: rest, adjust: 3 }\n"
	"    checksum: { algorithm: crc-16/modbus }\n",

	"meta: { id: c, endian: be, encoding: ASCII }\n"
	"seq:\n"
	"  - { id: a, type: str, size: 3 }\n"
	"  - { id: b, size: a.to_i, type: items }\n"
	"  - { id: c, type: u1, -fairlead-scale: 0.5, -fairlead-offset: -40 }\n"
	"  - { id: d, size: 2, process: fairlead.hex }\n"
	"types:\n"
	"  items: { seq: [{ id: a, type: item, repeat: eos }] }\n"
	"  item:\n"
	"    seq:\n"
	"      - { id: a, type: b1 }\n"
	"      - { id: b, type: b7 }\n"
	"      - { id: c, type: u1, if: a, valid: { max: 9 } }\n"
	"      - { id: d, type: items, size: b, if: not a }\n",

	"meta: { id: d, endian: be }\n"
	"seq:\n"
	"  - { id: a, type: u1 }\n"
	"  - { id: b, type: u1, if: a & 1 != 0 }\n"
	"  - { id: c, type: u2, if: (a & 2) == 2, valid: { min: 3 } }\n"
	"  - { id: n, size: (a >> 4) * 2, process: rol(3) }\n"
	"  - { id: m, type: s4 }\n"
	"  - { type: b3 }\n"
	"instances:\n"
	"  d: { value: a >> 2 & 3 }\n"
	"  e: { value: m / 100.0 }\n",
};
enum { DESCRIPTIONS = sizeof descriptions / sizeof *descriptions };

struct reader {
	const uint8_t *p;
	size_t n;
};

static unsigned next(struct reader *reader)
{
	if (!reader->n)
		return 0;
	reader->n--;
	return *reader->p++;
}

static slice take(struct reader *reader, size_t n)
{
	n = n < reader->n ? n : reader->n;
	slice taken = { (const char *)reader->p, n };
	reader->p += n;
	reader->n -= n;
	return taken;
}

static struct value *number(struct arena *arena, struct reader *reader, unsigned width)
{
	uint64_t bits = 0;
	double real;
	for (unsigned i = 0; i < width; i++)
		bits = bits << 8 | next(reader);
	switch (next(reader) % 4) {
	case 0:
		return value_uint(arena, bits);
	case 1:
		return value_int(arena, (int64_t)bits);
	case 2:
		return value_double(arena, (double)bits / 2);
	default:
		memcpy(&real, &bits, sizeof real);
		return value_double(arena, real);
	}
}

/* Of the names that the descriptions have, mostly. */
static slice name(struct arena *arena, struct reader *reader)
{
	unsigned letter = next(reader);
	return letter == 255 ? SLICE("mark") : arena_copy(arena, &"abcdenm"[letter % 7], 1);
}

static struct value *make(struct arena *arena, struct reader *reader, unsigned depth)
{
	unsigned kind = next(reader), n;
	struct value *made;
	switch (depth >= DEPTH_MAX ? kind % 5 : kind % 9) {
	case 0:
		return number(arena, reader, 1);
	case 1:
		return number(arena, reader, 8);
	case 2:
		return value_text(arena, take(reader, next(reader) % 8));
	case 3:
		return value_bytes(arena, take(reader, next(reader) % 16));
	case 4:
		return kind & 16 ? value_bool(arena, kind & 32) : value_null(arena);
	case 5:
		made = value_list(arena);
		for (n = next(reader) % 5; n && made; n--)
			(void)value_append(made, make(arena, reader, depth + 1));
		return made;
	default:
		made = value_map(arena);
		for (n = next(reader) % 7; n && made; n--) {
			slice key = name(arena, reader);
			(void)value_set(made, key, make(arena, reader, depth + 1));
		}
		return made;
	}
}

static void read_again(const struct frame_schema *schema, struct arena *arena, slice bytes)
{
	struct frame_fault fault;
	struct frame_piece piece = { .bytes = bytes };
	if (frame_schema_has_framing(schema) &&
	        (frame_split(schema, bytes, false, arena, &piece) != FRAME_WHOLE ||
	                piece.used != bytes.n))
		abort();
	struct frame *frame = frame_decode(schema, arena, piece.bytes, NULL, &fault);
	if (!frame)
		abort();
	/* What it reads as can be written again, and is the same frame. */
	struct value *value = frame_value(frame);
	if (!value)
		return;
	slice again = frame_write(schema, arena, (slice){ NULL, 0 }, value, &fault);
	if (again.p && !slice_equal(again, bytes)) {
		struct frame *second;
		if (frame_schema_has_framing(schema) &&
		        frame_split(schema, again, false, arena, &piece) != FRAME_WHOLE)
			abort();
		if (!frame_schema_has_framing(schema))
			piece.bytes = again;
		second = frame_decode(schema, arena, piece.bytes, NULL, &fault);
		if (!second || !value_equal(frame_value(second), value))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct frame_schema *schemas[DESCRIPTIONS];
	struct error error = { .text = "" };
	struct reader reader = { bytes, n };
	struct frame_fault fault;
	struct arena arena;
	unsigned which = next(&reader) % DESCRIPTIONS;
	if (!schemas[which])
		schemas[which] = frame_schema_load(slice_of(descriptions[which]), &error);
	if (!schemas[which])
		abort();
	arena_init(&arena, BUDGET);
	struct value *value = make(&arena, &reader, 0);
	slice whole = value ? frame_write(schemas[which], &arena, (slice){ NULL, 0 }, value, &fault)
	                    : (slice){ NULL, 0 };
	if (whole.p)
		read_again(schemas[which], &arena, whole);
	else if (value && (fault.kind == FRAME_FAULT_NONE || !fault.text[0]))
		abort();
	arena_finish(&arena);
	return 0;
}
