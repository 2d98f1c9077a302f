/* A frame for people: one line a field, and where a wrong one stops making sense. */
#include "codec/frame/scaling.h"

#include "base/text.h"

enum { SHOWN_BYTES = 16 };

static void put_bytes(struct text *out, slice bytes)
{
	for (size_t i = 0; i < bytes.n && i < SHOWN_BYTES; i++)
		text_printf(out, "%s%02x", i ? " " : "", (unsigned char)bytes.p[i]);
	if (bytes.n > SHOWN_BYTES)
		text_printf(out, " … (%zu bytes)", bytes.n);
}

static void put_text(struct text *out, slice text)
{
	text_char(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c < 32 || c == 127 || c == '"' || c == '\\')
			text_printf(out, "\\x%02x", c);
		else
			text_char(out, (char)c);
	}
	text_char(out, '"');
}

static void put_cell(struct text *out, struct arena *arena, const struct cell *cell)
{
	slice plain;
	if (cell->kind == CELL_BYTES) {
		put_bytes(out, cell->as.text);
	} else if (cell->kind == CELL_TEXT) {
		put_text(out, cell->as.text);
	} else if (cell->kind == CELL_ENUM &&
	           enum_find(cell->enumeration, cell->as.integer, cell->natural)) {
		if (cell_text(arena, cell, &plain))
			text_printf(
			        out, "%.*s (%lld)", SLICE_ARG(plain), (long long)cell->as.integer);
	} else if (cell->kind == CELL_REAL && cell->as.real != cell->as.real) {
		text_literal(out, "not a number");
	} else if (cell_text(arena, cell, &plain)) {
		text_slice_add(out, plain);
	}
}

/* Behind the number on the wire, what messages make of it: "235 = 23.5 Cel". */
static void put_scaled(struct text *out, struct arena *arena, const struct cell *cell)
{
	const struct scaling *scaling = cell->scaling;
	if (!scaling || cell->kind == CELL_ARRAY || cell->kind == CELL_STRUCT)
		return;
	struct value *number = NULL;
	if (scaling_changes(scaling) && cell->kind == CELL_INTEGER)
		number = cell->natural ? value_uint(arena, (uint64_t)cell->as.integer)
		                       : value_int(arena, cell->as.integer);
	else if (scaling_changes(scaling) && cell->kind == CELL_REAL)
		number = cell->single ? value_float(arena, (float)cell->as.real)
		                      : value_double(arena, cell->as.real);
	struct value *scaled = scaling_apply(scaling, arena, number);
	slice plain = scaled ? value_to_text(arena, scaled) : (slice){ NULL, 0 };
	if (plain.n)
		text_printf(out, " = %.*s", SLICE_ARG(plain));
	if (scaling->unit.n)
		text_printf(out, " %.*s", SLICE_ARG(scaling->unit));
}

static void put_entry(
        struct text *out, struct arena *arena, const struct frame_trace_entry *entry, size_t base)
{
	if (!entry->cell || entry->cell->kind == CELL_ABSENT)
		return;
	if (entry->offset == ORIGIN_NONE)
		text_printf(out, "%6s %6s  ", "-", "-");
	else
		text_printf(out, "%6zu %6zu  ", base + entry->offset, entry->n);
	if (entry->structure) {
		text_printf(out, "%.*s:\n", SLICE_ARG(entry->path));
		return;
	}
	text_printf(out, "%-32.*s ", SLICE_ARG(entry->path));
	put_cell(out, arena, entry->cell);
	put_scaled(out, arena, entry->cell);
	text_char(out, '\n');
}

/* The table of one frame, whose first byte is number `base` of the input. */
static bool put_frame(struct text *out, const struct frame_schema *schema, struct arena *arena,
        slice bytes, size_t base)
{
	struct frame_fault fault;
	struct frame_trace trace;
	bool good = frame_decode(schema, arena, bytes, &trace, &fault) != NULL;
	text_printf(out, "%6s %6s  %-32s %s\n", "OFFSET", "LENGTH", "FIELD", "VALUE");
	for (const struct frame_trace_entry *at = trace.first; at; at = at->next)
		put_entry(out, arena, at, base);
	if (!good)
		text_printf(out, "stops making sense at byte %zu, in %s: %s\n", base + fault.offset,
		        fault.path[0] ? fault.path : "the frame", fault.text);
	return good;
}

slice frame_decode_text(
        const struct frame_schema *schema, struct arena *arena, slice bytes, bool *good)
{
	struct text out;
	text_init(&out, arena, 1024);
	*good = true;
	if (!frame_schema_has_framing(schema)) {
		*good = put_frame(&out, schema, arena, bytes, 0);
		return text_slice(&out);
	}
	for (size_t at = 0; at < bytes.n;) {
		struct frame_piece piece;
		slice rest = slice_from(bytes, at);
		enum frame_cut cut = frame_split(schema, rest, true, arena, &piece);
		at += cut == FRAME_BETWEEN ? piece.used : 0;
		if (cut == FRAME_BETWEEN)
			continue;
		if (cut == FRAME_MORE) {
			text_printf(&out, "byte %zu: a frame that is not whole\n", at);
			piece.bytes = rest;
			piece.used = rest.n;
		} else if (cut == FRAME_BAD) {
			text_printf(&out, "byte %zu: %s (%zu bytes)\n", at, piece.why, piece.used);
		}
		*good &= cut == FRAME_WHOLE;
		if (cut != FRAME_BAD || piece.checksum)
			*good &= put_frame(&out, schema, arena, piece.bytes, at);
		at += piece.used;
	}
	return text_slice(&out);
}
