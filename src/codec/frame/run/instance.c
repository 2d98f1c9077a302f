/* Members that are computed, or read elsewhere, when somebody asks: once, and never while they need themselves. */
#include "codec/frame/run/cell.h"

static bool compute_value(struct frame *frame, const struct scope *scope, const struct field *field,
        struct cell *cell)
{
	if (!evaluate(frame, scope, field->value, cell))
		return false;
	field_apply_enum(field, cell);
	cell->scaling = field->scaling;
	struct frame_trace_entry *entry =
	        frame->trace ? frame_trace_add(frame, scope, field, scope->self->input) : NULL;
	bool valid = !field->valid || field_check_valid(frame, scope, field, cell, SIZE_MAX);
	/* What is left out is not shown; what makes the frame malformed is. */
	if (entry && (valid || !frame->optional)) {
		entry->computed = true;
		frame_trace_end(frame, entry, scope->self->input, cell);
	}
	return valid;
}

/* Reads at `pos` of `io` and puts the stream back as it was. */
static bool read_instance(struct frame *frame, const struct scope *scope, const struct field *field,
        struct cell *cell)
{
	struct input *input = scope->self->input;
	struct cell io;
	size_t pos;
	if (field->io) {
		if (!evaluate(frame, scope, field->io, &io))
			return false;
		if (io.kind != CELL_IO)
			return frame_fail_field(frame, scope, field, FRAME_FAULT_EXPRESSION,
			        SIZE_MAX, "io is no stream");
		input = io.as.input;
	}
	/* While a frame is written, what stands somewhere is what the last pass has put there. */
	if (frame->encoder && (!field->pos || input->open || !input->bytes.p))
		return frame_fail(
		        frame, FRAME_FAULT_UNKNOWN, scope, "these bytes are not written yet");
	struct input before = *input;
	if (field->pos) {
		if (!evaluate_size(frame, scope, field->pos, "the position", &pos))
			return false;
		if (pos > input->bytes.n && input->goes_on)
			input->wanted = pos;
		if (pos > input->bytes.n)
			return frame_fail_field(frame, scope, field, FRAME_FAULT_END, SIZE_MAX,
			        "the position lies outside the stream");
		input_align(input);
		input->at = pos;
	}
	struct cell made = { .kind = CELL_UNREAD };
	bool good = field->repeat == REPEAT_NONE
	                    ? field_read_item(frame, scope, field, input, &made)
	                    : field_read_repeated(frame, scope, field, input, &made);
	before.wanted = input->wanted;
	if (field->pos)
		*input = before;
	*cell = made;
	return good;
}

/* Unless its `if` is false. */
static bool compute_field(struct frame *frame, const struct scope *scope, const struct field *field,
        struct cell *cell)
{
	bool wanted = true;
	if (field->condition && !evaluate_boolean(frame, scope, field->condition, &wanted))
		return false;
	if (!wanted) {
		cell->kind = CELL_ABSENT;
		return true;
	}
	return field->value ? compute_value(frame, scope, field, cell)
	                    : read_instance(frame, scope, field, cell);
}

static bool compute(struct frame *frame, struct object *object, unsigned number, struct cell *made)
{
	const struct field *field = &object->type->members[number].field;
	struct scope scope = { .self = object, .index = -1 };
	if (frame->depth >= 4 * FRAME_DEPTH_MAX)
		return frame_fail(frame, FRAME_FAULT_LIMIT, &scope, "nested too deeply");
	object->cells[number].kind = CELL_BUSY;
	frame->depth++;
	frame->optional += field->optional;
	bool good = compute_field(frame, &scope, field, made);
	frame->optional -= field->optional;
	frame->depth--;
	bool known = frame->fault->kind != FRAME_FAULT_LIMIT &&
	             frame->fault->kind != FRAME_FAULT_UNKNOWN && !frame->root->input->wanted;
	if (!good && field->optional && known) {
		*frame->fault = (struct frame_fault){ .kind = FRAME_FAULT_NONE };
		cell_put(made, CELL_ABSENT, false, 0);
		good = true;
	}
	if (good)
		object->cells[number] = *made;
	else
		cell_put(&object->cells[number], CELL_UNREAD, false, 0);
	return good;
}

bool object_member(struct frame *frame, struct object *object, unsigned number, struct cell *cell)
{
	const struct member *member = &object->type->members[number];
	struct scope scope = { .self = object, .index = -1 };
	enum cell_kind kind = object->cells[number].kind;
	if (kind > CELL_BUSY) {
		*cell = object->cells[number];
		return true;
	}
	if (kind == CELL_BUSY)
		return frame_fail(frame, FRAME_FAULT_EXPRESSION, &scope,
		        "the instance \"%.*s\" needs itself", SLICE_ARG(member->name));
	if (member->kind == MEMBER_INSTANCE)
		return compute(frame, object, number, cell);
	if (member->kind == MEMBER_PARAMETER)
		return frame_fail(frame, FRAME_FAULT_EXPRESSION, &scope,
		        "the parameter \"%.*s\" is not given", SLICE_ARG(member->name));
	return frame_fail(frame, frame->encoder ? FRAME_FAULT_UNKNOWN : FRAME_FAULT_EXPRESSION,
	        &scope, "\"%.*s\" is not %s yet", SLICE_ARG(member->name),
	        frame->encoder ? "written" : "read");
}
