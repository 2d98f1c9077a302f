/* What a written frame reads back as, held against what was given: value for value, by the names that were given. What
 * was left out is not looked at. */
#include "codec/frame/run/cell.h"
#include "codec/frame/write/encode.h"

#include "base/base64.h"

#include <math.h>
#include <stdio.h>

static bool check(struct frame *frame, const struct scope *scope, const struct member *member,
        const struct cell *cell, const struct value *given);

static bool same_number(const struct cell *cell, const struct value *given, bool computed)
{
	struct cell number;
	switch (given->kind) {
	case VALUE_INT:
		number = cell_of_integer(given->as.integer);
		break;
	case VALUE_UINT:
		number = cell_of_natural(given->as.natural);
		break;
	case VALUE_DOUBLE:
		number = cell_of_real(given->as.real);
		break;
	case VALUE_BOOL:
		number = cell_of_integer(given->as.boolean);
		break;
	case VALUE_NULL:
	case VALUE_TEXT:
	case VALUE_BYTES:
	case VALUE_LIST:
	case VALUE_MAP:
		return false;
	}
	struct cell is = *cell;
	if (is.kind == CELL_BOOLEAN || is.kind == CELL_ENUM)
		is.kind = CELL_INTEGER;
	if (is.kind == CELL_REAL) {
		double wanted = cell_as_real(&number);
		/* 0.1 * 3 is not 0.3 to floating point, and means it. */
		if (computed && fabs(wanted - is.as.real) <= 1e-12 * fabs(wanted))
			return true;
		if (is.single)
			wanted = (double)(float)wanted;
		return wanted == is.as.real || (isnan(wanted) && isnan(is.as.real));
	}
	return cells_equal(&is, &number);
}

static bool same_plain(
        struct arena *arena, const struct cell *cell, const struct value *given, bool computed)
{
	const struct enum_value *named;
	slice bytes;
	switch (cell->kind) {
	case CELL_TEXT:
		return given->kind == VALUE_TEXT && slice_equal(given->as.text, cell->as.text);
	case CELL_BYTES:
		if (given->kind == VALUE_BYTES)
			return slice_equal(given->as.text, cell->as.text);
		return given->kind == VALUE_TEXT && base64_decode(arena, given->as.text, &bytes) &&
		       slice_equal(bytes, cell->as.text);
	case CELL_ENUM:
		named = enum_find(cell->enumeration, cell->as.integer, cell->natural);
		if (given->kind == VALUE_TEXT)
			return named && slice_equal(named->name, given->as.text);
		return same_number(cell, given, computed);
	case CELL_INTEGER:
	case CELL_REAL:
	case CELL_BOOLEAN:
		return same_number(cell, given, computed);
	case CELL_UNREAD:
	case CELL_BUSY:
	case CELL_ABSENT:
	case CELL_STRUCT:
	case CELL_ARRAY:
	case CELL_IO:
	case CELL_VALUE:
		return false;
	}
	return false;
}

static bool check_array(struct frame *frame, const struct scope *outer, const struct member *member,
        const struct array *array, const struct value *given)
{
	struct scope scope = *outer;
	char text[96];
	if (given->kind == VALUE_LIST && given->count != array->n) {
		(void)snprintf(text, sizeof text, "has %u items, but %u would be read back",
		        given->count, array->n);
		return encode_fault(frame, outer, &member->field, text);
	}
	const struct value *item = given->kind == VALUE_LIST ? given->as.members.first : NULL;
	for (unsigned i = 0; i < array->n && item; i++, item = item->next) {
		scope.index = i;
		if (!check(frame, &scope, member, &array->items[i], item))
			return false;
	}
	return given->kind == VALUE_LIST ||
	       encode_fault(frame, outer, &member->field, "must be a list");
}

static bool check(struct frame *frame, const struct scope *scope, const struct member *member,
        const struct cell *cell, const struct value *given)
{
	char text[140];
	slice shown = { NULL, 0 };
	if (given->kind == VALUE_NULL)
		return true;
	if (cell->kind == CELL_STRUCT && given->kind == VALUE_MAP)
		return encode_check(frame, cell->as.object, given);
	if (cell->kind == CELL_ARRAY)
		return check_array(frame, scope, member, cell->as.array, given);
	const struct value *wire;
	bool number = cell->kind == CELL_INTEGER || cell->kind == CELL_REAL;
	if (number && cell->scaling &&
	        encode_unscale(cell->scaling, frame->arena, cell->kind == CELL_REAL, given, &wire))
		given = wire;
	if (same_plain(frame->arena, cell, given, member->kind == MEMBER_INSTANCE))
		return true;
	if (cell->kind == CELL_ABSENT)
		return encode_fault(frame, scope, &member->field,
		        member->field.condition ? "is given, but its `if` does not hold"
		                                : "is given, but would not be there");
	if (!cell_text(frame->arena, cell, &shown))
		shown = SLICE("something else");
	(void)snprintf(text, sizeof text, "%s %.*s: %s",
	        member->kind == MEMBER_INSTANCE ? "comes out as" : "would be read back as",
	        (int)(shown.n > 40 ? 40 : shown.n), shown.p,
	        member->kind == MEMBER_INSTANCE ? "an instance is never written"
	                                        : "other fields say so");
	return encode_fault(frame, scope, &member->field, text);
}

bool encode_check(struct frame *frame, struct object *object, const struct value *given)
{
	struct scope scope = { .self = object, .index = -1 };
	for (const struct value *at = given->as.members.first; at; at = at->next) {
		const struct type *type = object->type;
		unsigned i = member_of_key(type, at->key);
		struct cell cell;
		if (i == type->nmembers)
			return frame_fail(frame, FRAME_FAULT_VALUE, &scope,
			        "\"%.*s\" is no field of \"%.*s\"",
			        (int)(at->key.n > 40 ? 40 : at->key.n), at->key.p,
			        SLICE_ARG(type->name));
		if (!object_member(frame, object, i, &cell) ||
		        !check(frame, &scope, &type->members[i], &cell, at))
			return false;
	}
	return true;
}
