/* Cells as a value tree. */
#include "codec/frame/program.h"

struct frame_fault *frame_fault_of(const struct frame *frame)
{
	return frame->fault;
}

static struct value *array_value(struct frame *frame, const struct array *array, unsigned depth)
{
	struct value *list = value_list(frame->arena);
	for (unsigned i = 0; list && i < array->n; i++) {
		if (!value_append(list, cell_value(frame, &array->items[i], depth)))
			return NULL;
	}
	return list;
}

static struct value *object_value(struct frame *frame, struct object *object, unsigned depth)
{
	struct value *map = value_map(frame->arena);
	for (unsigned i = 0; map && i < object->type->nmembers; i++) {
		const struct member *member = &object->type->members[i];
		struct cell cell;
		if (member->kind == MEMBER_PARAMETER || member->field.anonymous ||
		        member->field.omitted)
			continue;
		if (!object_member(frame, object, i, &cell))
			return NULL;
		if (cell.kind == CELL_ABSENT || cell.kind == CELL_IO)
			continue;
		if (!value_set_new(map, member->name, cell_value(frame, &cell, depth)))
			return NULL;
	}
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

struct value *cell_value(struct frame *frame, const struct cell *cell, unsigned depth)
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
	return made;
}

struct value *frame_value(struct frame *frame)
{
	struct cell root = { .kind = CELL_STRUCT, .as.object = frame->root };
	return cell_value(frame, &root, 0);
}
