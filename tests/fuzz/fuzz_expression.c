/* Any text as an expression over a frame that has something of everything: it is refused with a place, or gives a value or
 * a fault, within the frame's bounds. What is known beforehand must be what it is then: the same text gives the same twice. */
#include "codec/frame/program.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const char description[] =
        "meta: { id: x, endian: be, encoding: UTF-8 }\n"
        "params: [{ id: p, type: u1 }]\n"
        "seq:\n"
        "  - { id: a, type: u8 }\n"
        "  - { id: b, type: s2 }\n"
        "  - { id: t, type: strz }\n"
        "  - { id: e, type: u1, enum: colour }\n"
        "  - { id: l, type: u1, repeat: expr, repeat-expr: 3 }\n"
        "  - { id: f, type: f4 }\n"
        "  - { id: bit, type: b1 }\n"
        "  - { id: bits, type: b7 }\n"
        "  - { id: raw, size: 4 }\n"
        "  - { id: gone, type: u1, if: false }\n"
        "  - { id: s, type: inner, repeat: expr, repeat-expr: 2 }\n"
        "instances:\n"
        "  twice: { value: b * 2 }\n"
        "  again: { value: again }\n"
        "  there: { pos: 0, type: u4 }\n"
        "  deep: { value: '[deep2, deep2, deep2]' }\n"
        "  deep2: { value: '[[l, l], [l, l]]' }\n"
        "types:\n"
        "  inner:\n"
        "    seq: [{ id: v, type: u1 }]\n"
        "    instances: { up: { value: _parent.a + v }, me: { value: _root } }\n"
        "enums: { colour: { 1: red, 2: green, -1: none } }\n";
static const char input[] = "\377\377\377\377\377\377\377\376\377\371h\303\244llo\0\2\3\1\5\102\242"
                            "\314\315\301abcd\7\10";

static bool is_plain(const struct cell *cell)
{
	return cell->kind == CELL_INTEGER || cell->kind == CELL_BOOLEAN ||
	       cell->kind == CELL_TEXT || cell->kind == CELL_BYTES || cell->kind == CELL_ENUM ||
	       cell->kind == CELL_STRUCT;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct error error = { .text = "" };
	struct frame_fault fault;
	struct arena arena;
	arena_init(&arena, 1 << 20);
	struct frame_schema *schema = frame_schema_load(slice_of(description), &error);
	if (!schema)
		abort();
	struct frame *frame =
	        frame_decode(schema, &arena, (slice){ input, sizeof input - 1 }, NULL, &fault);
	struct loader loader = {
		.schema = schema, .arena = &arena, .error = &error, .self = schema->root
	};
	const struct expression *expression =
	        expression_compile(&loader, (slice){ (const char *)bytes, n }, 1, 1);
	if (!frame || (!expression && !error.text[0]))
		abort();
	struct cell first = { .kind = CELL_UNREAD };
	for (unsigned i = 0; expression && i < 2; i++) {
		struct scope scope = { .self = frame->root, .index = -1 };
		struct cell cell = { .kind = CELL_UNREAD };
		slice text;
		fault.kind = FRAME_FAULT_NONE;
		bool good = evaluate(frame, &scope, expression, &cell);
		if (good == (fault.kind != FRAME_FAULT_NONE) || frame->depth)
			abort();
		if (!good)
			cell.kind = CELL_UNREAD;
		/* A fault of the budget may come the second time only. */
		if (i && good &&
		        (cell.kind != first.kind ||
		                (is_plain(&cell) && !cells_equal(&cell, &first))))
			abort();
		first = cell;
		if (good)
			(void)cell_text(&arena, &cell, &text);
	}
	frame_schema_free(schema);
	arena_finish(&arena);
	return 0;
}
