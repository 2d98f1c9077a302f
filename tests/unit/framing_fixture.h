/* Streams cut into frames: by any number of bytes at a time, always with the same result. */
#ifndef FRAMING_FIXTURE_H
#define FRAMING_FIXTURE_H

#include "support.h"

#include "codec/frame/frame.h"

enum { FRAMING_BUDGET = 4 << 20 };

/* A description with this `-fairlead:` and these types. */
static inline struct frame_schema *framed_with(
        const char *framing, const char *types, struct arena *arena)
{
	struct error error = { .text = "" };
	slice text = arena_printf(arena,
	        "meta: { id: x, endian: be, encoding: ASCII }\n"
	        "seq: [{ id: all, type: str, encoding: ISO-8859-1, size-eos: true }]\n"
	        "%s\n-fairlead:\n%s",
	        types, framing);
	struct frame_schema *schema = frame_schema_load(text, &error);
	if (!schema)
		fail_msg("%u:%u: %s\n%.*s", error.line, error.column, error.text, SLICE_ARG(text));
	return schema;
}

/* What came of a stream: the frames, "|" after each; bytes that are none as "?". */
struct cutting {
	const struct frame_schema *schema;
	slice stream;
	size_t from;
	char *out;
	size_t n;
};

/* Everything that can be told from the bytes up to `there`. */
static inline void cut_up_to(struct cutting *cutting, size_t there, bool quiet)
{
	struct frame_piece piece;
	char *out = cutting->out;
	for (;;) {
		struct arena scratch;
		slice unread = { cutting->stream.p + cutting->from, there - cutting->from };
		arena_init(&scratch, frame_schema_scratch_bytes(cutting->schema));
		enum frame_cut result =
		        frame_split(cutting->schema, unread, quiet, &scratch, &piece);
		if (result == FRAME_MORE) {
			assert_true(piece.needed > unread.n || quiet);
			arena_finish(&scratch);
			return;
		}
		assert_true(piece.used > 0 && piece.used <= unread.n);
		cutting->from += piece.used;
		bool again = result == FRAME_BAD && cutting->n && out[cutting->n - 1] == '?';
		if (result == FRAME_WHOLE) {
			memcpy(out + cutting->n, piece.bytes.p, piece.bytes.n);
			cutting->n += piece.bytes.n;
		}
		if (result != FRAME_BETWEEN && !again)
			out[cutting->n++] = result == FRAME_WHOLE ? '|' : '?';
		arena_finish(&scratch);
	}
}

/* `step` bytes arrive at a time; 0: some at a time. */
static inline slice cut_stream(const struct frame_schema *schema, struct arena *arena, slice stream,
        size_t step, bool quiet)
{
	struct cutting cutting = {
		.schema = schema, .stream = stream, .out = arena_alloc(arena, stream.n * 3 + 1)
	};
	uint32_t seed = (uint32_t)stream.n;
	for (size_t there = 0; there < stream.n;) {
		seed = seed * 1664525 + 1013904223;
		size_t arrived = step ? step : 1 + (seed >> 16) % 17;
		there = there + arrived < stream.n ? there + arrived : stream.n;
		cut_up_to(&cutting, there, false);
	}
	if (quiet)
		cut_up_to(&cutting, stream.n, true);
	return (slice){ cutting.out, cutting.n };
}

static inline void expect_frames(
        const char *framing, const char *types, slice stream, bool quiet, slice expected)
{
	struct arena arena;
	arena_init(&arena, FRAMING_BUDGET);
	struct frame_schema *schema = framed_with(framing, types, &arena);
	for (size_t step = 0; step <= stream.n; step++) {
		slice got = cut_stream(schema, &arena, stream, step, quiet);
		if (!slice_equal(got, expected))
			fail_msg("%s at %zu bytes a time: %.*s", framing, step, SLICE_ARG(got));
	}
	frame_schema_free(schema);
	arena_finish(&arena);
}

static inline void expect_cut(const char *framing, slice stream, slice expected)
{
	expect_frames(framing, "", stream, false, expected);
}

/* Why a description is refused. */
static inline void expect_refused(const char *framing, const char *types, const char *why)
{
	struct error error = { .text = "" };
	struct arena arena;
	arena_init(&arena, FRAMING_BUDGET);
	slice text = arena_printf(&arena, "meta: { id: x }\n%s\n-fairlead:\n%s", types, framing);
	struct frame_schema *schema = frame_schema_load(text, &error);
	if (schema || !strstr(error.text, why))
		fail_msg("%s: \"%s\" instead of \"%s\"", framing, error.text, why);
	assert_true(error.line > 0);
	frame_schema_free(schema);
	arena_finish(&arena);
}

#endif
