/* Values by chance, of the kinds that the fields have: each is written, and reads as what it was; and writing ends well
 * whatever memory there is, and whatever sizes are claimed. */
#include "support.h"

#include "codec/frame/program.h"
#include "support_frame.h"

#include <stdio.h>

enum { BUDGET = 4 << 20, ROUNDS = 3000 };

static const char description[] =
        "meta: { id: x, endian: be, encoding: UTF-8 }\n"
        "seq:\n"
        "  - { contents: [0xaa, 0x55] }\n"
        "  - { id: total, type: u2, -fairlead-omit: true }\n"
        "  - { id: body, type: body, size: total - 6 }\n"
        "  - { id: sum, type: u2, -fairlead-omit: true }\n"
        "types:\n"
        "  body:\n"
        "    seq:\n"
        "      - { id: u8, type: u8 }\n      - { id: s1, type: s1 }\n      - { id: s2le, type: "
        "s2le }\n"
        "      - { id: s8, type: s8 }\n      - { id: f4, type: f4 }\n      - { id: f8le, type: "
        "f8le }\n"
        "      - { id: b1, type: b1 }\n      - { id: b7, type: b7 }\n      - { id: b13, type: "
        "b13le }\n"
        "      - { id: b40, type: b40le }\n"
        "      - { id: enum, type: u1, enum: letter }\n"
        "      - { id: z, type: strz, encoding: UTF-16BE }\n"
        "      - { id: n_text, type: u1, -fairlead-omit: true }\n"
        "      - { id: text, type: str, size: n_text * 2, encoding: UTF-16LE }\n"
        "      - { id: latin, type: str, size: 12, pad-right: 0, encoding: ISO-8859-1 }\n"
        "      - { id: n_list, type: u1, -fairlead-omit: true }\n"
        "      - { id: list, type: item(enum), repeat: expr, repeat-expr: n_list }\n"
        "      - { id: n_bytes, type: str, size: 3, -fairlead-omit: true }\n"
        "      - { id: bytes, size: n_bytes.to_i, process: 'xor([1, 2, 0xff])' }\n"
        "      - { id: scaled, type: s4, -fairlead-scale: 0.001, -fairlead-offset: 7.5 }\n"
        "      - { id: rest, type: u2, repeat: eos }\n"
        "  item:\n"
        "    params: [{ id: kind, type: u1, enum: letter }]\n"
        "    seq:\n"
        "      - { id: has, type: b1, -fairlead-omit: true }\n      - { id: low, type: b7 }\n"
        "      - { id: number, type: s4, if: has }\n"
        "      - { id: depth, type: u1, -fairlead-omit: true }\n"
        "      - { id: inner, type: item(kind), repeat: expr, repeat-expr: depth }\n"
        "enums: { letter: { 0: zero, 1: one, 200: many } }\n"
        "-fairlead:\n"
        "  framing:\n"
        "    start: [0xaa, 0x55]\n"
        "    length-field: { offset: 2, size: 2, counts: frame }\n"
        "    checksum: { algorithm: crc-16/xmodem }\n"
        "  max: 65535\n";

static uint64_t state = 88172645463325252u;

static uint64_t chance(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Often at the edge of what `bits` can say. */
static uint64_t bits(unsigned n)
{
	uint64_t most = n == 64 ? UINT64_MAX : ((uint64_t)1 << n) - 1, any = chance();
	return any % 8 == 0   ? 0
	       : any % 8 == 1 ? most
	       : any % 8 == 2 ? (most >> 1) + 1
	                      : chance() & most;
}

static struct value *natural(struct arena *arena, unsigned n)
{
	return value_uint(arena, bits(n));
}

static struct value *integer(struct arena *arena, unsigned n)
{
	uint64_t any = bits(n);
	bool negative = any >> (n - 1);
	return value_int(arena, (int64_t)(negative && n < 64 ? any | UINT64_MAX << n : any));
}

static struct value *characters(struct arena *arena, const char *const *alphabet, unsigned most)
{
	char *text = arena_alloc(arena, most * 4 + 1);
	size_t used = 0, letters = 0;
	while (alphabet[letters])
		letters++;
	for (uint64_t n = chance() % (most + 1); n; n--) {
		const char *letter = alphabet[chance() % letters];
		memcpy(text + used, letter, strlen(letter));
		used += strlen(letter);
	}
	return value_text(arena, (slice){ text, used });
}

static struct value *octets(struct arena *arena, unsigned most)
{
	uint64_t n = chance() % (most + 1);
	char *bytes = arena_alloc(arena, (size_t)n + 1);
	for (uint64_t i = 0; i < n; i++)
		bytes[i] = (char)(unsigned char)bits(8);
	return value_bytes(arena, (slice){ bytes, (size_t)n });
}

static struct value *single(struct arena *arena)
{
	uint32_t any = (uint32_t)bits(32);
	float number;
	if ((any >> 23 & 255) == 255)
		any &= 0x807fffff; /* neither infinite nor no number, which decimal text cannot say */
	memcpy(&number, &any, sizeof number);
	return value_float(arena, number);
}

static struct value *items(struct arena *arena, unsigned depth)
{
	struct value *list = value_list(arena);
	for (uint64_t n = chance() % (depth ? 4 : 1); n; n--) {
		struct value *item = value_map(arena);
		(void)value_set(item, SLICE("low"), natural(arena, 7));
		if (chance() % 2)
			(void)value_set(item, SLICE("number"), integer(arena, 32));
		(void)value_set(item, SLICE("inner"), items(arena, depth - (depth ? 1 : 0)));
		(void)value_append(list, item);
	}
	return list;
}

static struct value *frame_by_chance(struct arena *arena)
{
	static const char *const wide[] = { "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
		NULL };
	static const char *const latin[] = { "a", " ", "\xc3\xa9", "\xc3\xbf", NULL };
	static const char *const names[] = { "zero", "one", "many" };
	struct value *whole = value_map(arena), *body = value_map(arena), *rest = value_list(arena);
	uint64_t letter = chance();
	(void)value_set(body, SLICE("u8"), natural(arena, 64));
	(void)value_set(body, SLICE("s1"), integer(arena, 8));
	(void)value_set(body, SLICE("s2le"), integer(arena, 16));
	(void)value_set(body, SLICE("s8"), integer(arena, 64));
	(void)value_set(body, SLICE("f4"), single(arena));
	(void)value_set(body, SLICE("f8le"), value_double(arena, (double)(int64_t)bits(64) / 3));
	(void)value_set(body, SLICE("b1"), value_bool(arena, chance() % 2));
	(void)value_set(body, SLICE("b7"), natural(arena, 7));
	(void)value_set(body, SLICE("b13"), natural(arena, 13));
	(void)value_set(body, SLICE("b40"), natural(arena, 40));
	(void)value_set(body, SLICE("enum"),
	        letter % 4 < 3 ? value_text(arena, slice_of(names[letter % 4]))
	                       : value_uint(arena, 2 + letter % 100));
	(void)value_set(body, SLICE("z"), characters(arena, wide, 20));
	(void)value_set(body, SLICE("text"), characters(arena, wide, 100));
	(void)value_set(body, SLICE("latin"), characters(arena, latin, 12));
	(void)value_set(body, SLICE("list"), items(arena, 3));
	(void)value_set(body, SLICE("bytes"), octets(arena, 300));
	(void)value_set(
	        body, SLICE("scaled"), value_double(arena, (double)(int32_t)bits(32) / 1000 + 7.5));
	for (uint64_t n = chance() % 20; n; n--)
		(void)value_append(rest, natural(arena, 16));
	(void)value_set(body, SLICE("rest"), rest);
	(void)value_set(whole, SLICE("body"), body);
	return whole;
}

/* The scaled number is the nearest decimal, which is what was meant. */
static void round_scaled(struct arena *arena, struct value *whole)
{
	struct value *body = whole->as.members.first;
	const struct value *scaled = value_get(body, SLICE("scaled"));
	slice text = arena_printf(arena, "%.3f", scaled->as.real);
	double number;
	assert_true(number_parse(text, &number));
	(void)value_set(body, SLICE("scaled"),
	        number == (double)(int64_t)number ? value_int(arena, (int64_t)number)
	                                          : value_double(arena, number));
}

static void test_what_is_written_reads_as_what_it_was(void **unused)
{
	(void)unused;
	struct frame_schema *schema = frame_loaded(description);
	unsigned rounds = is_emulated() ? ROUNDS / 10 : ROUNDS;
	for (unsigned i = 0; i < rounds; i++) {
		struct arena arena;
		struct frame_fault fault;
		struct frame_piece piece;
		arena_init(&arena, BUDGET);
		struct value *value = frame_by_chance(&arena);
		round_scaled(&arena, value);
		slice bytes = frame_write(schema, &arena, (slice){ NULL, 0 }, value, &fault);
		if (!bytes.p)
			fail_msg("round %u: %s: %s", i, fault.path, fault.text);
		assert_int_equal(frame_split(schema, bytes, false, &arena, &piece), FRAME_WHOLE);
		struct frame *frame = frame_decode(schema, &arena, piece.bytes, NULL, &fault);
		assert_non_null(frame);
		struct value *again = frame_value(frame);
		if (!value_equal(again, value))
			fail_msg("round %u:\n%.*s\n%.*s", i, SLICE_ARG(value_show(&arena, value)),
			        SLICE_ARG(value_show(&arena, again)));
		arena_finish(&arena);
	}
	frame_schema_free(schema);
}

/* Less and less memory, down to none: a fault each time, or the same bytes. */
static void test_short_of_memory(void **unused)
{
	(void)unused;
	struct frame_schema *schema = frame_loaded(description);
	struct arena mine;
	struct frame_fault fault;
	arena_init(&mine, BUDGET);
	struct value *value = frame_by_chance(&mine);
	round_scaled(&mine, value);
	slice whole = frame_write(schema, &mine, (slice){ NULL, 0 }, value, &fault);
	assert_non_null(whole.p);
	unsigned failed = 0, written = 0;
	for (size_t budget = 0; budget < 512 << 10; budget += budget < 40960 ? 256 : 4096) {
		struct arena arena;
		arena_init(&arena, budget);
		slice bytes = frame_write(schema, &arena, (slice){ NULL, 0 }, value, &fault);
		failed += !bytes.p;
		written += bytes.p != NULL;
		assert_true(bytes.p ? slice_equal(bytes, whole) : fault.kind != FRAME_FAULT_NONE);
		arena_finish(&arena);
	}
	size_t step = is_emulated() ? 80 : 8;
	for (size_t left = 0; left < arena_chunk_room(); left += step) {
		struct arena arena;
		arena_init(&arena, BUDGET);
		arena_starve(&arena, left);
		slice bytes = frame_write(schema, &arena, (slice){ NULL, 0 }, value, &fault);
		assert_true(bytes.p || fault.kind != FRAME_FAULT_NONE);
		arena_finish(&arena);
	}
	assert_true(failed > 0 && written > 0);
	arena_finish(&mine);
	frame_schema_free(schema);
}

/* Whatever the value claims, no more than the largest frame is written, and in bounded time. */
static void test_claims(void **unused)
{
	static const struct {
		const char *description;
		uint64_t claimed;
		const char *said;
	} cases[] = {
		{ "seq: [{ id: n, type: u4 }, { id: pad, type: nothing, size: n }]\n"
		  "types: { nothing: {} }\n",
		        UINT32_MAX, "larger than the largest" },
		{ "seq: [{ id: n, type: u4 }, { type: u1, repeat: expr, repeat-expr: n }]\n",
		        UINT32_MAX, "larger than the largest" },
		{ "seq: [{ id: n, type: u4 }, { type: nothing, repeat: expr, repeat-expr: n }]\n"
		  "types: { nothing: {} }\n",
		        UINT32_MAX, "more steps" },
		{ "seq: [{ id: n, type: u4 }, { id: again, type: x }]\n", 1, "again" },
		{ "seq: [{ id: n, type: u4, valid: m }, { id: m, type: u4, valid: n + 1 }]\n", 1,
		        "m" },
	};
	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena arena;
		struct frame_fault fault;
		char text[512];
		(void)snprintf(
		        text, sizeof text, "meta: { id: x, endian: be }\n%s", cases[i].description);
		arena_init(&arena, 64 << 20);
		struct frame_schema *schema = frame_loaded(text);
		struct value *value = value_map(&arena);
		(void)value_set(value, SLICE("n"), value_uint(&arena, cases[i].claimed));
		slice bytes = frame_write(schema, &arena, (slice){ NULL, 0 }, value, &fault);
		if (bytes.p ||
		        (!strstr(fault.text, cases[i].said) && !strstr(fault.path, cases[i].said)))
			fail_msg("%s: %s: %s", text, fault.path, fault.text);
		frame_schema_free(schema);
		arena_finish(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
		                                    test_what_is_written_reads_as_what_it_was),
		cmocka_unit_test(test_short_of_memory), cmocka_unit_test(test_claims) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
