/* A frame for people: one line a field, and where a wrong one stops making sense. */
#include "codec/frame/meaning/scaling.h"

#include "base/text.h"

#include <stdio.h>

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
	char place[24], length[24] = "?"; /* of a structure that was not read to its end */
	if (!entry->structure && (!entry->cell || entry->cell->kind == CELL_ABSENT))
		return;
	if (entry->computed && entry->cell->kind >= CELL_STRUCT)
		return;
	if (entry->cell)
		(void)snprintf(length, sizeof length, "%zu", entry->n);
	if (entry->computed)
		length[0] = place[0] = '-', length[1] = place[1] = '\0';
	else if (entry->offset == ORIGIN_NONE)
		(void)snprintf(place, sizeof place, "+%zu", entry->inside);
	else
		(void)snprintf(place, sizeof place, "%zu", base + entry->offset);
	text_printf(out, "%6s %6s  ", place, length);
	if (entry->structure) {
		text_printf(out, "%.*s:\n", SLICE_ARG(entry->path));
		return;
	}
	text_printf(out, "%-32.*s ", SLICE_ARG(entry->path));
	put_cell(out, arena, entry->cell);
	put_scaled(out, arena, entry->cell);
	text_char(out, '\n');
}

static void put_entries(
        struct text *out, struct arena *arena, const struct frame_trace *trace, size_t base)
{
	for (const struct frame_trace_entry *at = trace->first; at; at = at->next)
		put_entry(out, arena, at, base);
}

static void put_fault(struct text *out, const struct frame_fault *fault, size_t base)
{
	text_literal(out, "stops making sense at byte ");
	if (fault->unpacked)
		text_printf(out, "%zu of what is unpacked from byte %zu on", fault->inside,
		        base + fault->offset);
	else if (fault->assembled)
		text_printf(out, "%zu of the assembled message", fault->inside);
	else
		text_printf(out, "%zu", base + fault->offset);
	text_printf(out, ", in %s: %s\n", fault->path[0] ? fault->path : "the frame", fault->text);
}

/* What is computed from the message of all parts. */
static void put_whole(struct text *out, struct arena *arena, struct frame *frame)
{
	struct frame_trace trace = { .first = NULL };
	frame->trace = &trace;
	(void)cell_value(frame, &frame->assembled, 0);
	frame->trace = NULL;
	put_entries(out, arena, &trace, 0);
	*frame->fault = (struct frame_fault){ .kind = FRAME_FAULT_NONE };
}

/* What a frame is to the message that it is a part of, and the message itself when it is whole. */
static bool put_assembled(
        struct text *out, struct arena *arena, struct frame *frame, struct frame_session *session)
{
	struct frame_trace trace = { .first = NULL };
	enum frame_role role;
	enum frame_part part = FRAME_PART_NONE;
	const char *why = NULL;
	bool good = frame_join(frame, session) && frame_role(frame, &role);
	if (!good || role != FRAME_ROLE_MESSAGE)
		return good;
	frame->trace = &trace;
	good = frame_assemble(frame, 0, &part, &why);
	frame->trace = NULL;
	if (part == FRAME_PART_HELD)
		text_literal(out, "a part of a message that is not whole yet\n");
	else if (part == FRAME_PART_STRAY)
		text_printf(out, "a part that fits to no message: %s\n", why);
	else if (trace.first)
		text_literal(out, "the message of all parts:\n");
	put_entries(out, arena, &trace, 0);
	if (part == FRAME_PART_WHOLE && good)
		put_whole(out, arena, frame);
	return good;
}

/* What is computed or stands elsewhere, which the gateway asks for only where it is needed: a fault there is no fault
 * of the frame. */
static void put_instances(struct text *out, struct arena *arena, struct frame *frame, size_t base)
{
	struct frame_trace trace = { .first = NULL };
	frame->trace = &trace;
	bool good = frame_value(frame) != NULL;
	frame->trace = NULL;
	put_entries(out, arena, &trace, base);
	if (!good) {
		text_printf(
		        out, "%6s %6s  %s: %s\n", "-", "-", frame->fault->path, frame->fault->text);
		*frame->fault = (struct frame_fault){ .kind = FRAME_FAULT_NONE };
	}
}

/* The table of one frame, whose first byte is number `base` of the input. */
static bool put_frame(struct text *out, const struct frame_schema *schema,
        struct frame_session *session, struct arena *arena, slice bytes, size_t base)
{
	struct frame_fault fault;
	struct frame_trace trace;
	struct frame *frame = frame_decode(schema, arena, bytes, &trace, &fault);
	text_printf(out, "%6s %6s  %-32s %s\n", "OFFSET", "LENGTH", "FIELD", "VALUE");
	put_entries(out, arena, &trace, base);
	if (frame)
		put_instances(out, arena, frame, base);
	bool good = frame && (!session || put_assembled(out, arena, frame, session));
	if (!good)
		put_fault(out, &fault, base);
	return good;
}

static void put_stream(struct text *out, const struct frame_schema *schema,
        struct frame_session *session, struct arena *arena, slice bytes, bool *good)
{
	for (size_t at = 0; at < bytes.n;) {
		struct frame_piece piece;
		slice rest = slice_from(bytes, at);
		enum frame_cut cut = frame_split(schema, rest, true, arena, &piece);
		at += cut == FRAME_BETWEEN ? piece.used : 0;
		if (cut == FRAME_BETWEEN)
			continue;
		if (cut == FRAME_MORE) {
			text_printf(out, "byte %zu: a frame that is not whole\n", at);
			piece.bytes = rest;
			piece.used = rest.n;
		} else if (cut == FRAME_BAD) {
			text_printf(out, "byte %zu: %s (%zu bytes)\n", at, piece.why, piece.used);
		}
		*good &= cut == FRAME_WHOLE;
		if (cut != FRAME_BAD || piece.checksum)
			*good &= put_frame(out, schema, cut == FRAME_WHOLE ? session : NULL, arena,
			        piece.bytes, at);
		at += piece.used;
	}
}

slice frame_decode_text(
        const struct frame_schema *schema, struct arena *arena, slice bytes, bool *good)
{
	struct text out;
	text_init(&out, arena, 1024);
	*good = true;
	if (!frame_schema_has_framing(schema)) {
		*good = put_frame(&out, schema, NULL, arena, bytes, 0);
		return text_slice(&out);
	}
	struct frame_session *session = frame_session_create(schema);
	if (!session)
		return (slice){ NULL, 0 };
	put_stream(&out, schema, session, arena, bytes, good);
	frame_session_free(session);
	return text_slice(&out);
}
