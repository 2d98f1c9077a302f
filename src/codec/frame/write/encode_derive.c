/* What a field is for which no value was given: a constant, what the description computes, what its users have said in
 * an earlier pass; or a hole that waits for them. */
#include "codec/frame/write/encode.h"

/* It waits to be computed; its bytes are zeros so far. */
static bool leave_open(struct frame *frame, const struct place *place, const struct expression *by,
        bool optional, size_t n)
{
	struct encoder *encoder = frame->encoder;
	const struct input *view = &place->output->view;
	struct hole *hole = ARENA_NEW(frame->arena, struct hole);
	if (!hole)
		return frame_no_memory(frame, &place->scope);
	hole->object = place->object;
	hole->member = place->member;
	hole->by = by;
	hole->at = view->origin == ORIGIN_NONE ? ORIGIN_NONE : view->origin + view->at;
	hole->n = n;
	hole->optional = optional;
	*encoder->last = hole;
	encoder->last = &hole->next;
	return true;
}

/* Zeros of the field's kind, which no expression sees. */
static bool blank(struct frame *frame, const struct place *place, const struct type_use *use,
        struct cell *zero, size_t *n)
{
	const struct field *field = place->field;
	struct cell size;
	*zero = (struct cell){ .kind = CELL_INTEGER };
	*n = use->base == BASE_BITS ? 0 : use->width;
	if (use->base == BASE_FLOAT)
		*zero = (struct cell){ .kind = CELL_REAL, .single = use->width == 4 };
	if (use->base != BASE_BYTES && use->base != BASE_TEXT)
		return true;
	*n = 0;
	*zero = (struct cell){ .kind = use->base == BASE_TEXT ? CELL_TEXT : CELL_BYTES,
		.as.text = SLICE("") };
	if (!field->size || field->pad >= 0 || field_terminator(field, use).n)
		return true;
	enum known known = encode_try(frame, &place->scope, field->size, &size);
	if (known != KNOWN_YES || size.kind != CELL_INTEGER || size.as.integer < 0 ||
	        (uint64_t)size.as.integer > frame->encoder->max_bytes)
		return known != KNOWN_FAULT;
	*n = (size_t)size.as.integer;
	char *bytes = arena_alloc_raw(frame->arena, *n + 1);
	if (!bytes)
		return frame_no_memory(frame, &place->scope);
	memset(bytes, use->base == BASE_TEXT ? '0' : 0, *n);
	zero->as.text = (slice){ bytes, *n };
	return true;
}

/* What an expression of the description gives for the field. *known: it does. */
static bool computed(struct frame *frame, const struct place *place, const struct type_use *use,
        const struct expression *by, struct cell *cell, bool *known)
{
	const char *why;
	enum known state = encode_try(frame, &place->scope, by, cell);
	*known = state == KNOWN_YES;
	if (state == KNOWN_FAULT)
		return false;
	return !*known || encode_convert(frame, place->field, use, cell, &why) ||
	       place_fault(frame, place, why);
}

bool encode_derive(struct frame *frame, const struct place *place, const struct type_use *use,
        struct cell *cell, struct cell *shown)
{
	const struct field *field = place->field;
	static const struct valid anything;
	const struct valid *valid = field->valid ? field->valid : &anything;
	const struct expression *by = field->write ? field->write : valid->equal;
	bool repeated = place->scope.index >= 0, known = false;
	bool optional = field->anonymous;
	/* What nobody can give is something that the description allows. */
	if (optional && !by)
		by = valid->nany_of ? valid->any_of[0] : valid->min;
	struct slot *slot = place->slot;
	size_t n;
	*shown = (struct cell){ .kind = CELL_UNREAD };
	if (field->has_contents) {
		*cell = *shown = (struct cell){ .kind = CELL_BYTES, .as.text = field->contents };
		return true;
	}
	if (by && !computed(frame, place, use, by, cell, &known))
		return false;
	if (known) {
		*shown = *cell;
		return true;
	}
	if (!repeated)
		slot->hole = true;
	if (!repeated && slot->solved.kind != CELL_UNREAD) {
		*cell = *shown = slot->solved;
		return !by || leave_open(frame, place, by, true, 0);
	}
	if (repeated && !optional)
		return place_fault(frame, place, "is missing");
	frame->encoder->unsure = true;
	return blank(frame, place, use, cell, &n) &&
	       (repeated || leave_open(frame, place, by, optional, n));
}
