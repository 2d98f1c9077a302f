/* Cells as a value tree: what is in a message unless its description says otherwise. */
#include "codec/frame/meaning/emit.h"

struct frame_fault *frame_fault_of(const struct frame *frame)
{
	return frame->fault;
}

bool member_is_shown(const struct member *member)
{
	return member->kind != MEMBER_PARAMETER && !member->field.anonymous &&
	       !member->field.omitted;
}

slice member_label(const struct member *member)
{
	return member->field.label.n ? member->field.label : member->name;
}

static struct value *array_value(struct frame *frame, const struct array *array, unsigned depth)
{
	struct value *list = value_list(frame->arena);
	for (unsigned i = 0; list && i < array->n; i++) {
		struct value *made = NULL;
		enum emit_result result = emit_cell(frame, &array->items[i], depth, &made);
		if (result == EMIT_NOTHING && array->items[i].kind == CELL_ABSENT)
			made = value_null(frame->arena); /* an item keeps its number */
		else if (result == EMIT_NOTHING)
			continue;
		if (!value_append(list, made))
			return NULL;
	}
	return list;
}

static struct value *object_value(struct frame *frame, struct object *object, unsigned depth)
{
	struct value *map = value_map(frame->arena);
	for (unsigned i = 0; map && i < object->type->nmembers; i++) {
		const struct member *member = &object->type->members[i];
		struct value *made = NULL;
		struct cell cell;
		if (!member_is_shown(member))
			continue;
		if (!object_member(frame, object, i, &cell))
			return NULL;
		enum emit_result result = emit_cell(frame, &cell, depth, &made);
		if (result == EMIT_FAILED)
			return NULL;
		if (result == EMITTED)
			(void)value_set_new(map, member_label(member), made);
	}
	if (map && object->type->labelled && !value_merge_duplicates(frame->arena, map))
		return NULL;
	if (map)
		map->repeated = false;
	return map;
}

static struct value *integer_value(struct arena *arena, const struct cell *cell)
{
	return cell->natural ? value_uint(arena, (uint64_t)cell->as.integer)
	                     : value_int(arena, cell->as.integer);
}

static struct value *enum_value(struct arena *arena, const struct cell *cell)
{
	const struct enum_value *named =
	        enum_find(cell->enumeration, cell->as.integer, cell->natural);
	return named ? value_text(arena, named->name) : integer_value(arena, cell);
}

static struct value *scaled(
        struct frame *frame, const struct scope *scope, const struct cell *cell, struct value *made)
{
	if (cell->kind == CELL_ARRAY || !scaling_changes(cell->scaling))
		return made; /* items have been scaled one by one */
	if (cell->kind != CELL_INTEGER && cell->kind != CELL_REAL) {
		(void)frame_fail(frame, FRAME_FAULT_EXPRESSION, scope,
		        "only a number can be scaled or rounded");
		return NULL;
	}
	struct value *number = scaling_apply(cell->scaling, frame->arena, made);
	if (!number)
		(void)frame_fail(frame, FRAME_FAULT_EXPRESSION, scope,
		        "the scaled number is beyond the range of numbers");
	return number;
}

static struct value *plain_value(struct frame *frame, const struct cell *cell, unsigned depth)
{
	struct scope scope = { .self = frame->root, .index = -1 };
	if (!frame_step(frame, &scope))
		return NULL;
	struct value *made = NULL;
	switch (cell->kind) {
	case CELL_UNREAD:
	case CELL_BUSY:
	case CELL_ABSENT:
	case CELL_IO:
	case CELL_VALUE:
		made = value_null(frame->arena);
		break;
	case CELL_INTEGER:
		made = integer_value(frame->arena, cell);
		break;
	case CELL_REAL:
		made = cell->single ? value_float(frame->arena, (float)cell->as.real)
		                    : value_double(frame->arena, cell->as.real);
		break;
	case CELL_BOOLEAN:
		made = value_bool(frame->arena, cell->as.integer != 0);
		break;
	case CELL_TEXT:
		made = value_text(frame->arena, cell->as.text);
		break;
	case CELL_BYTES:
		made = value_bytes(frame->arena, cell->as.text);
		break;
	case CELL_ENUM:
		made = enum_value(frame->arena, cell);
		break;
	case CELL_STRUCT:
	case CELL_ARRAY:
		if (depth >= VALUE_DEPTH_MAX) {
			(void)frame_fail(frame, FRAME_FAULT_LIMIT, &scope, "nested too deeply");
			return NULL;
		}
		made = cell->kind == CELL_ARRAY ? array_value(frame, cell->as.array, depth + 1)
		                                : object_value(frame, cell->as.object, depth + 1);
		break;
	}
	if (!made)
		(void)frame_no_memory(frame, &scope);
	else if (cell->scaling && cell->kind != CELL_STRUCT)
		made = scaled(frame, &scope, cell, made);
	return made;
}

enum emit_result emit_cell(
        struct frame *frame, const struct cell *cell, unsigned depth, struct value **made)
{
	if (cell->kind == CELL_ABSENT || cell->kind == CELL_IO)
		return EMIT_NOTHING;
	if (cell->kind == CELL_STRUCT && cell->as.object->type->emit) {
		struct scope scope = { .self = cell->as.object, .index = cell->as.object->index };
		return emit_run(frame, &scope, cell->as.object->type->emit, depth + 1, made);
	}
	*made = plain_value(frame, cell, depth);
	return *made ? EMITTED : EMIT_FAILED;
}

struct value *cell_value(struct frame *frame, const struct cell *cell, unsigned depth)
{
	struct scope scope = { .self = frame->root, .index = -1 };
	struct value *made = NULL;
	if (emit_cell(frame, cell, depth, &made) != EMIT_NOTHING)
		return made;
	made = value_null(frame->arena);
	if (!made)
		(void)frame_no_memory(frame, &scope);
	return made;
}

struct value *frame_value(struct frame *frame)
{
	struct cell root = { .kind = CELL_STRUCT, .as.object = frame->root };
	return cell_value(frame, &root, 0);
}
