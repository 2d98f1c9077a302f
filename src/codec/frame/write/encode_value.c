/* From a value to the cell that reading would give, and from the cell to bits. Nothing is cut off, wrapped round or
 * guessed: what a field cannot hold is a fault. Only floats round, as floats do. */
#include "codec/frame/run/cell.h"
#include "codec/frame/write/encode.h"

#include "base/base64.h"
#include "base/utf8.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

static const char *kind_of(const struct value *value)
{
	static const char *const names[] = { "null", "a boolean", "a number", "a number",
		"a number", "a text", "bytes", "a list", "a map" };
	return names[value->kind];
}

static bool wrong_kind(struct frame *frame, const struct scope *scope, const struct field *field,
        const char *wanted, const struct value *value)
{
	char text[120];
	(void)snprintf(text, sizeof text, "is %s, where %s is needed", kind_of(value), wanted);
	return encode_fault(frame, scope, field, text);
}

/* ---- numbers ---- */

static bool is_real_base(enum base base)
{
	return base == BASE_FLOAT;
}

bool encode_number_fits(const struct type_use *use, const struct cell *cell)
{
	unsigned bits = use->base == BASE_BITS ? use->width : 8 * use->width;
	if (is_real_base(use->base))
		return cell->kind == CELL_REAL;
	if (use->base != BASE_SIGNED) {
		if (!cell->natural && cell->as.integer < 0)
			return false;
		return bits >= 64 || (uint64_t)cell->as.integer >> bits == 0;
	}
	if (cell->natural)
		return false;
	int64_t top = cell->as.integer >> (bits - 1);
	return top == 0 || top == -1;
}

/* Into the kind that the field reads as. */
static void settle_number(const struct field *field, const struct type_use *use, struct cell *cell)
{
	if (is_real_base(use->base)) {
		double real = cell_as_real(cell);
		*cell = cell_of_real(use->width == 4 ? (double)(float)real : real);
		cell->single = use->width == 4;
		return;
	}
	cell->kind = CELL_INTEGER;
	cell->enumeration = NULL;
	if (use->base == BASE_BITS && use->width == 1 && !field->enumeration)
		cell->kind = CELL_BOOLEAN;
}

/* A double that is a whole number. */
static bool whole(double real, struct cell *cell)
{
	if (!(real >= -9223372036854775808.0 && real < 18446744073709551616.0) ||
	        real != trunc(real))
		return false;
	*cell = real < 0 ? cell_of_integer((int64_t)real) : cell_of_natural((uint64_t)real);
	return true;
}

static bool does_not_fit(struct frame *frame, const struct scope *scope, const struct field *field,
        const struct type_use *use, const struct value *value)
{
	char text[140];
	slice shown = value_to_text(frame->arena, value);
	const char *letter = use->base == BASE_UNSIGNED ? "u"
	                     : use->base == BASE_SIGNED ? "s"
	                     : use->base == BASE_BITS   ? "b"
	                                                : "f";
	if (!shown.p)
		shown = SLICE("not a finite number");
	(void)snprintf(text, sizeof text, "is %.*s, which %s%u cannot hold",
	        (int)(shown.n > 60 ? 60 : shown.n), shown.p, letter, use->width);
	return encode_fault(frame, scope, field, text);
}

static bool named(struct frame *frame, const struct scope *scope, const struct field *field,
        slice name, struct cell *cell)
{
	const struct enumeration *enumeration = field->enumeration;
	char text[140];
	for (unsigned i = 0; i < enumeration->nvalues; i++) {
		if (!slice_equal(enumeration->values[i].name, name))
			continue;
		*cell = cell_of_integer(enumeration->values[i].number);
		cell->natural = enumeration->values[i].natural;
		return true;
	}
	(void)snprintf(text, sizeof text, "is \"%.*s\", a name that the enum \"%.*s\" has not",
	        (int)(name.n > 40 ? 40 : name.n), name.p ? name.p : "",
	        (int)(enumeration->name.n > 40 ? 40 : enumeration->name.n), enumeration->name.p);
	return encode_fault(frame, scope, field, text);
}

static bool number_cell(struct frame *frame, const struct scope *scope, const struct field *field,
        const struct type_use *use, const struct value *value, struct cell *cell)
{
	bool real = is_real_base(use->base);
	switch (value->kind) {
	case VALUE_INT:
		*cell = cell_of_integer(value->as.integer);
		break;
	case VALUE_UINT:
		*cell = cell_of_natural(value->as.natural);
		break;
	case VALUE_DOUBLE:
		*cell = cell_of_real(value->as.real);
		if (!real && !whole(value->as.real, cell))
			return does_not_fit(frame, scope, field, use, value);
		break;
	case VALUE_BOOL:
		if (use->base != BASE_BITS || use->width != 1)
			return wrong_kind(frame, scope, field, "a number", value);
		*cell = cell_of_integer(value->as.boolean);
		break;
	case VALUE_TEXT:
		if (!field->enumeration)
			return wrong_kind(frame, scope, field, "a number", value);
		if (!named(frame, scope, field, value->as.text, cell))
			return false;
		break;
	case VALUE_NULL:
	case VALUE_BYTES:
	case VALUE_LIST:
	case VALUE_MAP:
		return wrong_kind(frame, scope, field,
		        field->enumeration ? "a name or a number" : "a number", value);
	}
	bool large = real && use->width == 4 && isfinite(cell_as_real(cell)) &&
	             fabs(cell_as_real(cell)) > (double)FLT_MAX;
	if (!large)
		settle_number(field, use, cell);
	if (large || !encode_number_fits(use, cell))
		return does_not_fit(frame, scope, field, use, value);
	field_apply_enum(field, cell);
	return true;
}

uint64_t encode_bits(const struct type_use *use, const struct cell *cell)
{
	uint64_t bits;
	if (!is_real_base(use->base))
		return (uint64_t)cell->as.integer;
	if (use->width == 8) {
		memcpy(&bits, &cell->as.real, sizeof bits);
		return bits;
	}
	float single = (float)cell->as.real;
	uint32_t narrow;
	memcpy(&narrow, &single, sizeof narrow);
	return narrow;
}

/* ---- texts and bytes ---- */

static bool plain_cell(struct frame *frame, const struct scope *scope, const struct field *field,
        const struct type_use *use, const struct value *value, struct cell *cell)
{
	slice bytes = value->as.text;
	if (use->base == BASE_TEXT) {
		if (value->kind != VALUE_TEXT)
			return wrong_kind(frame, scope, field, "a text", value);
		if (!utf8_valid(bytes))
			return encode_fault(frame, scope, field, "is no text");
		*cell = cell_of_text(bytes);
		return true;
	}
	if (value->kind != VALUE_BYTES && value->kind != VALUE_TEXT)
		return wrong_kind(frame, scope, field, "bytes (as text: base64)", value);
	if (value->kind == VALUE_TEXT && !base64_decode(frame->arena, value->as.text, &bytes))
		return encode_fault(
		        frame, scope, field, "is a text that is not base64, as bytes are");
	*cell = (struct cell){ .kind = CELL_BYTES, .as.text = bytes };
	return true;
}

static bool no_step(struct frame *frame, const struct scope *scope, const struct field *field,
        const struct value *value)
{
	char text[140];
	slice shown = value_to_text(frame->arena, value);
	(void)snprintf(text, sizeof text, "is %.*s, which is none of the steps of its scale",
	        (int)(shown.n > 60 ? 60 : shown.n), shown.p ? shown.p : "");
	return encode_fault(frame, scope, field, text);
}

bool encode_cell(struct frame *frame, const struct scope *scope, const struct field *field,
        const struct type_use *use, const struct value *value, struct cell *cell)
{
	if (use->base == BASE_BYTES || use->base == BASE_TEXT)
		return plain_cell(frame, scope, field, use, value, cell);
	const struct value *shown = value;
	if (!encode_unscale(field->scaling, frame->arena, is_real_base(use->base), shown, &value))
		return no_step(frame, scope, field, shown);
	return number_cell(frame, scope, field, use, value, cell);
}

bool encode_free_cell(struct frame *frame, const struct scope *scope, const struct field *field,
        const struct value *given, struct cell *cell)
{
	struct type_use use = { .base = BASE_SIGNED, .width = 8 };
	if (given->kind == VALUE_BYTES)
		use.base = BASE_BYTES;
	else if (given->kind == VALUE_UINT)
		use.base = BASE_UNSIGNED;
	else if (given->kind == VALUE_BOOL)
		use = (struct type_use){ .base = BASE_BITS, .width = 1 };
	else if (given->kind == VALUE_TEXT && !field->enumeration)
		use.base = BASE_TEXT;
	if (given->kind == VALUE_DOUBLE || scaling_changes(field->scaling))
		use.base = BASE_FLOAT;
	return encode_cell(frame, scope, field, &use, given, cell);
}

/* [0x01, 2] stands for bytes as well. */
static bool bytes_of_array(struct arena *arena, struct cell *cell)
{
	const struct array *array = cell->as.array;
	char *bytes = arena_alloc_raw(arena, array->n + 1);
	for (unsigned i = 0; i < array->n; i++) {
		const struct cell *at = &array->items[i];
		if (!bytes || at->kind != CELL_INTEGER || at->natural || at->as.integer < 0 ||
		        at->as.integer > 255)
			return false;
		bytes[i] = (char)(unsigned char)at->as.integer;
	}
	*cell = (struct cell){ .kind = CELL_BYTES, .as.text = { bytes, array->n } };
	return bytes != NULL;
}

bool encode_convert(struct frame *frame, const struct field *field, const struct type_use *use,
        struct cell *cell, const char **why)
{
	bool number = cell->kind == CELL_INTEGER || cell->kind == CELL_ENUM ||
	              cell->kind == CELL_BOOLEAN || cell->kind == CELL_REAL;
	*why = "what it is computed from is of another kind";
	if (use->base == BASE_TEXT)
		return cell->kind == CELL_TEXT;
	if (use->base == BASE_BYTES)
		return cell->kind == CELL_BYTES ||
		       (cell->kind == CELL_ARRAY && bytes_of_array(frame->arena, cell));
	if (!number || (cell->kind == CELL_REAL && !is_real_base(use->base) &&
	                       !whole(cell->as.real, cell)))
		return false;
	settle_number(field, use, cell);
	*why = "what is computed for it is more than it can hold";
	if (!encode_number_fits(use, cell))
		return false;
	field_apply_enum(field, cell);
	return true;
}
