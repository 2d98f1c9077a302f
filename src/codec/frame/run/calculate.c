/* Comparing and calculating.
 *
 * Integers are exact over -2^63 … 2^64-1; what leaves that range is a fault, never a wrong number. Division and
 * modulo round towards minus infinity, as the language has it. */
#include "codec/frame/run/cell.h"

#include <math.h>

const char *cell_kind_name(const struct cell *cell)
{
	static const char *const names[] = { "a field not read yet", "an instance being computed",
		"an absent field", "a number", "a number", "a boolean", "a text", "bytes",
		"an enum", "a structure", "an array", "a stream", "a list or map" };
	return names[cell->kind];
}

bool cell_is_number(const struct cell *cell)
{
	return cell->kind == CELL_INTEGER || cell->kind == CELL_REAL;
}

double cell_as_real(const struct cell *cell)
{
	if (cell->kind == CELL_REAL)
		return cell->as.real;
	return cell->natural ? (double)(uint64_t)cell->as.integer : (double)cell->as.integer;
}

/* ---- comparing ---- */

static int order_of(bool less, bool greater)
{
	return less ? -1 : greater ? 1 : 0;
}

static int compare_bytes(slice a, slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;
	return order ? order_of(order<0, order> 0) : order_of(a.n<b.n, a.n> b.n);
}

static int compare_integers(const struct cell *a, const struct cell *b)
{
	if (a->natural != b->natural)
		return a->natural ? 1 : -1;
	if (a->natural)
		return order_of((uint64_t)a->as
		                        .integer<(uint64_t)b->as.integer, (uint64_t)a->as.integer>(
		                                uint64_t) b->as.integer);
	return order_of(a->as.integer<b->as.integer, a->as.integer> b->as.integer);
}

bool cells_compare(const struct cell *a, const struct cell *b, int *order)
{
	if (a->kind == CELL_INTEGER && b->kind == CELL_INTEGER) {
		*order = compare_integers(a, b);
	} else if (cell_is_number(a) && cell_is_number(b)) {
		double left = cell_as_real(a), right = cell_as_real(b);
		/* 81.4 in 4 bytes is what 81.4 becomes when it is written in 4 bytes. */
		if (a->single && b->kind == CELL_REAL && !b->single && (double)(float)right == left)
			right = left;
		*order = order_of(left<right, left> right);
		return !isnan(left) && !isnan(right);
	} else if (a->kind != b->kind) {
		return false;
	} else if (a->kind == CELL_TEXT || a->kind == CELL_BYTES) {
		*order = compare_bytes(a->as.text, b->as.text);
	} else if (a->kind == CELL_ENUM || a->kind == CELL_BOOLEAN) {
		*order = compare_integers(a, b);
	} else {
		return false;
	}
	return true;
}

bool cells_equal(const struct cell *a, const struct cell *b)
{
	int order;
	if (a->kind == CELL_ENUM && b->kind == CELL_ENUM && a->enumeration != b->enumeration)
		return false;
	if (a->kind == CELL_ARRAY && b->kind == CELL_ARRAY) {
		bool equal = a->as.array->n == b->as.array->n;
		for (unsigned i = 0; equal && i < a->as.array->n; i++)
			equal = a->as.array->items[i].kind != CELL_ARRAY &&
			        cells_equal(&a->as.array->items[i], &b->as.array->items[i]);
		return equal;
	}
	if (a->kind == CELL_STRUCT && b->kind == CELL_STRUCT)
		return a->as.object == b->as.object;
	return cells_compare(a, b, &order) && order == 0;
}

bool cells_mixed(struct frame *frame, const struct scope *scope, const char *what,
        const struct cell *a, const struct cell *b)
{
	return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope, "%s: %s and %s do not go together",
	        what, cell_kind_name(a), cell_kind_name(b));
}

/* How much of two that are compared is looked at, at most. */
static size_t bytes_compared(const struct cell *a, const struct cell *b)
{
	bool texts = a->kind == CELL_TEXT || a->kind == CELL_BYTES;
	if (!texts && a->kind != CELL_ARRAY)
		return 0;
	size_t n = cell_items(a);
	bool same = a->kind == b->kind;
	return same && cell_items(b) < n ? cell_items(b) : n;
}

/* Bytes against an array of numbers: the array may have been written as [a, b]. */
static bool bytes_equal_array(const struct cell *bytes, const struct cell *array)
{
	bool equal = bytes->as.text.n == array->as.array->n;
	for (unsigned i = 0; equal && i < array->as.array->n; i++) {
		struct cell byte = cell_of_integer((unsigned char)bytes->as.text.p[i]);
		equal = cells_equal(&byte, &array->as.array->items[i]);
	}
	return equal;
}

bool cells_hold(struct frame *frame, const struct scope *scope, enum operation op,
        const struct cell *a, const struct cell *b, struct cell *result)
{
	int order = 0;
	if (!frame_steps_for(frame, scope, bytes_compared(a, b)))
		return false;
	if (op == OP_EQUAL || op == OP_DIFFERENT) {
		bool equal;
		if (a->kind == CELL_BYTES && b->kind == CELL_ARRAY)
			equal = bytes_equal_array(a, b);
		else if (a->kind == CELL_ARRAY && b->kind == CELL_BYTES)
			equal = bytes_equal_array(b, a);
		else if (a->kind != b->kind && !(cell_is_number(a) && cell_is_number(b)))
			return cells_mixed(frame, scope, "comparing", a, b);
		else
			equal = cells_equal(a, b);
		cell_put_boolean(result, equal == (op == OP_EQUAL));
		return true;
	}
	if (cell_is_number(a) && cell_is_number(b) &&
	        (isnan(cell_as_real(a)) || isnan(cell_as_real(b)))) {
		cell_put_boolean(result, false);
		return true;
	}
	if (!cells_compare(a, b, &order))
		return cells_mixed(frame, scope, "comparing", a, b);
	cell_put_boolean(result, op == OP_LESS         ? order < 0
	                         : op == OP_LESS_EQUAL ? order <= 0
	                         : op == OP_GREATER    ? order > 0
	                                               : order >= 0);
	return true;
}

/* ---- arithmetic ---- */

static struct wide widen(const struct cell *cell)
{
	if (cell->natural || cell->as.integer >= 0)
		return (struct wide){ false, (uint64_t)cell->as.integer };
	return (struct wide){ true, 0 - (uint64_t)cell->as.integer };
}

bool wide_narrow(struct wide wide, struct cell *result)
{
	if (!wide.negative) {
		cell_put_natural(result, wide.magnitude);
		return true;
	}
	cell_put_integer(result, (int64_t)(0 - wide.magnitude));
	return wide.magnitude <= (uint64_t)INT64_MAX + 1;
}

static bool add(struct wide a, struct wide b, struct cell *result)
{
	struct wide sum = a;
	if (a.negative == b.negative) {
		if (__builtin_add_overflow(a.magnitude, b.magnitude, &sum.magnitude))
			return false;
	} else if (a.magnitude >= b.magnitude) {
		sum.magnitude = a.magnitude - b.magnitude;
	} else {
		sum = (struct wide){ b.negative, b.magnitude - a.magnitude };
	}
	return wide_narrow(sum, result);
}

static bool divide(struct wide a, struct wide b, bool modulo, struct cell *result)
{
	uint64_t quotient = a.magnitude / b.magnitude, rest = a.magnitude % b.magnitude;
	bool different = a.negative != b.negative;
	if (modulo) {
		/* The sign of the divisor. */
		if (rest && different)
			rest = b.magnitude - rest;
		return wide_narrow((struct wide){ b.negative && rest, rest }, result);
	}
	if (different && rest)
		quotient++;
	return wide_narrow((struct wide){ different && quotient, quotient }, result);
}

static bool shift(const struct cell *a, const struct cell *b, bool left, struct cell *result)
{
	if (b->natural || b->as.integer < 0)
		return false;
	unsigned by = b->as.integer > 64 ? 64 : (unsigned)b->as.integer;
	if (!left) {
		if (a->natural || a->as.integer >= 0)
			cell_put_natural(result, by > 63 ? 0 : (uint64_t)a->as.integer >> by);
		else
			cell_put_integer(result, by > 63 ? -1 : a->as.integer >> by);
		return true;
	}
	struct wide wide = widen(a);
	if (wide.magnitude && (by > 63 || wide.magnitude > UINT64_MAX >> by))
		return false;
	wide.magnitude = by > 63 ? 0 : wide.magnitude << by;
	return wide_narrow(wide, result);
}

static bool integers(
        enum operation op, const struct cell *a, const struct cell *b, struct cell *result)
{
	struct wide left = widen(a), right = widen(b), product;
	uint64_t x = (uint64_t)a->as.integer, y = (uint64_t)b->as.integer, bits;
	bool unsigned_result =
	        (a->natural || a->as.integer >= 0) && (b->natural || b->as.integer >= 0);
	switch ((int)op) {
	case OP_ADD:
		return add(left, right, result);
	case OP_SUBTRACT:
		right.negative = !right.negative;
		return add(left, right, result);
	case OP_MULTIPLY:
		product.negative = left.negative != right.negative;
		if (__builtin_mul_overflow(left.magnitude, right.magnitude, &product.magnitude))
			return false;
		product.negative &= product.magnitude != 0;
		return wide_narrow(product, result);
	case OP_DIVIDE:
	case OP_MODULO:
		return right.magnitude && divide(left, right, op == OP_MODULO, result);
	case OP_SHIFT_LEFT:
	case OP_SHIFT_RIGHT:
		return shift(a, b, op == OP_SHIFT_LEFT, result);
	default:
		break;
	}
	bits = op == OP_BIT_AND ? (x & y) : op == OP_BIT_OR ? (x | y) : (x ^ y);
	bool positive = unsigned_result ||
	                (op == OP_BIT_AND && (a->natural || b->natural || a->as.integer >= 0 ||
	                                             b->as.integer >= 0));
	*result = positive ? cell_of_natural(bits) : cell_of_integer((int64_t)bits);
	return true;
}

static bool reals(enum operation op, double a, double b, struct cell *result)
{
	switch ((int)op) {
	case OP_ADD:
		cell_put_real(result, a + b);
		return true;
	case OP_SUBTRACT:
		cell_put_real(result, a - b);
		return true;
	case OP_MULTIPLY:
		cell_put_real(result, a * b);
		return true;
	case OP_DIVIDE:
		cell_put_real(result, a / b);
		return true;
	case OP_MODULO:
		cell_put_real(result, a - b * floor(a / b));
		return true;
	default:
		return false;
	}
}

bool cells_concatenate(
        struct frame *frame, const struct scope *scope, slice a, slice b, struct cell *result)
{
	char *both = arena_alloc_raw(frame->arena, a.n + b.n + 1);
	if (!both)
		return frame_fail(frame, FRAME_FAULT_LIMIT, scope, "over the memory budget");
	if (a.n)
		memcpy(both, a.p, a.n);
	if (b.n)
		memcpy(both + a.n, b.p, b.n);
	result->as.text = (slice){ both, a.n + b.n };
	return true;
}

bool cells_calculate(struct frame *frame, const struct scope *scope, enum operation op,
        const struct cell *a, const struct cell *b, struct cell *result)
{
	if (op == OP_ADD && a->kind == b->kind && (a->kind == CELL_TEXT || a->kind == CELL_BYTES)) {
		result->kind = a->kind;
		return cells_concatenate(frame, scope, a->as.text, b->as.text, result);
	}
	struct cell left = *a, right = *b;
	/* Bits of width 1 are booleans, and count as 0 and 1. */
	if (left.kind == CELL_BOOLEAN)
		left.kind = CELL_INTEGER;
	if (right.kind == CELL_BOOLEAN)
		right.kind = CELL_INTEGER;
	if (!cell_is_number(&left) || !cell_is_number(&right))
		return cells_mixed(frame, scope, "calculating", a, b);
	if (left.kind == CELL_INTEGER && right.kind == CELL_INTEGER)
		return integers(op, &left, &right, result) ||
		       frame_fail(frame, FRAME_FAULT_EXPRESSION, scope,
		               "a calculation leaves 64 bits, divides by zero or shifts by less "
		               "than 0");
	return reals(op, cell_as_real(&left), cell_as_real(&right), result) ||
	       cells_mixed(frame, scope, "calculating", a, b);
}
