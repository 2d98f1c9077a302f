#include "support.h"

#include "support_frame.h"

#include "codec/frame/program.h"

#include <stdio.h>
#include <string.h>

enum { BUDGET = 4 << 20 };

struct frame_schema *frame_loaded(const char *description)
{
	struct error error = { .text = "" };
	struct frame_schema *schema = frame_schema_load(slice_of(description), &error);
	if (!schema)
		fail_msg("%s\n%u:%u: %s", description, error.line, error.column, error.text);
	return schema;
}

static slice evaluated(struct frame_schema *schema, struct frame *frame, const char *expression,
        struct arena *arena)
{
	struct error error = { .text = "" };
	struct loader loader = {
		.schema = schema, .arena = arena, .error = &error, .self = schema->root
	};
	const struct expression *compiled = expression_compile(&loader, slice_of(expression), 1, 1);
	if (!compiled)
		fail_msg("%s", error.text);
	struct scope scope = { .self = frame->root, .index = -1 };
	struct cell cell;
	slice text;
	if (!evaluate(frame, &scope, compiled, &cell))
		return slice_of(frame->fault->text);
	if (cell.kind == CELL_BYTES) {
		char *digits = arena_alloc(arena, cell.as.text.n * 2 + 1);
		for (size_t i = 0; i < cell.as.text.n; i++)
			(void)snprintf(digits + 2 * i, 3, "%02x", (unsigned char)cell.as.text.p[i]);
		return slice_of(digits);
	}
	return cell_text(arena, &cell, &text) ? text : SLICE("no text");
}

void frame_expect(
        const char *description, const char *hex, const char *expression, const char *result)
{
	struct arena arena;
	struct frame_fault fault;
	arena_init(&arena, BUDGET);
	struct frame_schema *schema = frame_loaded(description);
	struct frame *frame = frame_decode(schema, &arena, from_hex(&arena, hex), NULL, &fault);
	slice text = frame ? evaluated(schema, frame, expression, &arena) : slice_of(fault.text);
	if (!slice_is(text, result))
		fail_msg("%s\n%s gives %.*s, not %s", description, expression, SLICE_ARG(text),
		        result);
	frame_schema_free(schema);
	arena_finish(&arena);
}

void frame_expect_again(const char *description, const char *hex)
{
	struct arena arena;
	struct frame_fault fault;
	arena_init(&arena, BUDGET);
	struct frame_schema *schema = frame_loaded(description);
	slice bytes = from_hex(&arena, hex);
	struct frame *frame = frame_decode(schema, &arena, bytes, NULL, &fault);
	struct value *value = frame ? frame_value(frame) : NULL;
	slice again = value ? frame_encode(schema, &arena, (slice){ NULL, 0 }, value, &fault)
	                    : (slice){ NULL, 0 };
	if (!again.p || !slice_equal(again, bytes))
		fail_msg("%s\n%s is not written again: %s", description, hex, fault.text);
	frame_schema_free(schema);
	arena_finish(&arena);
}

enum frame_fault_kind frame_fault_of_bytes(
        const char *description, const char *hex, size_t budget, struct frame_fault *fault)
{
	struct arena arena, input;
	arena_init(&arena, budget);
	arena_init(&input, BUDGET);
	struct frame_schema *schema = frame_loaded(description);
	(void)frame_decode(schema, &arena, from_hex(&input, hex), NULL, fault);
	frame_schema_free(schema);
	arena_finish(&arena);
	arena_finish(&input);
	return fault->kind;
}

void frame_refused(const char *description, const char *said, unsigned line, unsigned column)
{
	struct error error = { .text = "" };
	struct frame_schema *schema = frame_schema_load(slice_of(description), &error);
	assert_null(schema);
	if (!strstr(error.text, said) || error.line != line || error.column != column)
		fail_msg("%s\nsaid %u:%u: %s", description, error.line, error.column, error.text);
}

void frame_refuses(const char *before, const char *after, unsigned line,
        const struct frame_refusal *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct arena arena;
		struct error error = { .text = "" };
		arena_init(&arena, BUDGET);
		slice text = arena_printf(&arena, "%s%s%s", before, cases[i].part, after);
		assert_null(frame_schema_load(text, &error));
		if (!strstr(error.text, cases[i].said) || error.line != line)
			fail_msg("%s: %u: %s", cases[i].part, error.line, error.text);
		arena_finish(&arena);
	}
}
