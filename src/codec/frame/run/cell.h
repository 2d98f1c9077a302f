/* Cells: making, comparing and calculating with them. Inside codec/frame only. */
#ifndef FRAME_CELL_H
#define FRAME_CELL_H

#include "codec/frame/program.h"

static inline struct cell cell_of_boolean(bool on)
{
	return (struct cell){ .kind = CELL_BOOLEAN, .as.integer = on };
}

static inline struct cell cell_of_integer(int64_t number)
{
	return (struct cell){ .kind = CELL_INTEGER, .as.integer = number };
}

static inline struct cell cell_of_natural(uint64_t number)
{
	return (struct cell){
		.kind = CELL_INTEGER, .natural = number > INT64_MAX, .as.integer = (int64_t)number
	};
}

static inline struct cell cell_of_real(double number)
{
	return (struct cell){ .kind = CELL_REAL, .as.real = number };
}

/* The same into their place, field by field: compilers build a whole cell beside it and copy that, at many times the
 * cost. */
static inline void cell_put(struct cell *cell, enum cell_kind kind, bool natural, int64_t integer)
{
	cell->kind = kind;
	cell->natural = natural;
	cell->single = false;
	cell->as.integer = integer;
	cell->enumeration = NULL;
	cell->scaling = NULL;
}

static inline void cell_put_boolean(struct cell *cell, bool on)
{
	cell_put(cell, CELL_BOOLEAN, false, on);
}

static inline void cell_put_integer(struct cell *cell, int64_t number)
{
	cell_put(cell, CELL_INTEGER, false, number);
}

static inline void cell_put_natural(struct cell *cell, uint64_t number)
{
	cell_put(cell, CELL_INTEGER, number > INT64_MAX, (int64_t)number);
}

static inline void cell_put_real(struct cell *cell, double number)
{
	cell_put(cell, CELL_REAL, false, 0);
	cell->as.real = number;
}

static inline void cell_put_text(struct cell *cell, slice text)
{
	cell_put(cell, CELL_TEXT, false, 0);
	cell->as.text = text;
}

static inline void cell_put_bytes(struct cell *cell, slice bytes)
{
	cell_put(cell, CELL_BYTES, false, 0);
	cell->as.text = bytes;
}

static inline void cell_put_object(struct cell *cell, struct object *object)
{
	cell_put(cell, CELL_STRUCT, false, 0);
	cell->as.object = object;
}

static inline void cell_put_array(struct cell *cell, struct array *array)
{
	cell_put(cell, CELL_ARRAY, false, 0);
	cell->as.array = array;
}

static inline struct cell cell_of_text(slice bytes)
{
	return (struct cell){ .kind = CELL_TEXT, .as.text = bytes };
}

/* "a number", for messages. */
const char *cell_kind_name(const struct cell *);
bool cell_is_number(const struct cell *);
double cell_as_real(const struct cell *);

/* An exact integer as sign and magnitude: the range of both int64_t and uint64_t, and room to see overflow. */
struct wide {
	bool negative;
	uint64_t magnitude;
};
/* Back into a cell; false: it does not fit. */
bool wide_narrow(struct wide, struct cell *);

/* Each of these is false after a fault. */
bool cells_hold(struct frame *, const struct scope *, enum operation, const struct cell *,
        const struct cell *, struct cell *result); /* comparisons */
bool cells_calculate(struct frame *, const struct scope *, enum operation, const struct cell *,
        const struct cell *, struct cell *result);
/* Into result->as.text. */
bool cells_concatenate(struct frame *, const struct scope *, slice, slice, struct cell *result);
/* The fault for two kinds that do not go together. Always false. */
bool cells_mixed(struct frame *, const struct scope *, const char *what, const struct cell *,
        const struct cell *);

/* A value as a cell: scalars as cells have them, lists and maps as CELL_VALUE, null and NULL as absent. */
struct cell cell_of_value(const struct value *);
/* The member of this name, or what the method gives, of something that the backend answered; absent where there is no such
 * member. */
bool reply_member(struct frame *, const struct scope *, const struct expression *,
        const struct cell *of, struct cell *result);
bool reply_item(struct frame *, const struct scope *, const struct expression *,
        const struct cell *of, struct cell *result);

/* Of an array or bytes. */
size_t cell_items(const struct cell *);
struct cell cell_item(const struct cell *, size_t i);
/* The method that the expression names, on a value. */
bool cell_call(struct frame *, const struct scope *, const struct expression *,
        const struct cell *of, struct cell *result);
/* _io, _parent or _root of an object: absent where it has none. false: the method is another one. */
bool object_call(enum method_name, struct object *, struct cell *result);

#endif
