/* Running expressions over the cells of a frame. */
#include "codec/frame/run/cell.h"

enum { DEPTH_MAX = 4 * FRAME_DEPTH_MAX };

bool evaluate_boolean(struct frame *frame, const struct scope *scope,
        const struct expression *expression, bool *on)
{
	struct cell cell;
	if (!evaluate(frame, scope, expression, &cell))
		return false;
	if (cell.kind != CELL_BOOLEAN)
		return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope,
		        "true or false expected, not %s", cell_kind_name(&cell));
	*on = cell.as.integer != 0;
	return true;
}

bool evaluate_text(struct frame *frame, const struct scope *scope,
        const struct expression *expression, slice *text)
{
	struct cell cell;
	if (!evaluate(frame, scope, expression, &cell))
		return false;
	return cell_text(frame->arena, &cell, text) ||
	       frame_fail(
	               frame, FRAME_FAULT_EXPRESSION, scope, "a text or a number is needed here");
}

bool evaluate_size(struct frame *frame, const struct scope *scope,
        const struct expression *expression, const char *what, size_t *size)
{
	struct cell cell;
	if (!evaluate(frame, scope, expression, &cell))
		return false;
	if (cell.kind != CELL_INTEGER)
		return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope,
		        "%s must be a number, not %s", what, cell_kind_name(&cell));
	if (!cell.natural && cell.as.integer < 0)
		return frame_fail(frame, FRAME_FAULT_END, scope, "%s is negative (%lld)", what,
		        (long long)cell.as.integer);
	uint64_t number = (uint64_t)cell.as.integer;
	*size = number > SIZE_MAX ? SIZE_MAX : (size_t)number;
	return true;
}

static bool member(struct frame *frame, const struct scope *scope,
        const struct expression *expression, struct cell *result)
{
	struct cell of;
	if (!evaluate(frame, scope, expression->first, &of))
		return false;
	if (expression->of_reply && (of.kind == CELL_VALUE || of.kind == CELL_ABSENT))
		return reply_member(frame, scope, expression, &of, result);
	if (of.kind == CELL_STRUCT && of.as.object->type == expression->type)
		return object_member(frame, of.as.object, expression->member, result);
	int number =
	        of.kind == CELL_STRUCT ? type_member(of.as.object->type, expression->text) : -1;
	if (number < 0)
		return cell_call(frame, scope, expression, &of, result);
	return object_member(frame, of.as.object, (unsigned)number, result);
}

/* ---- the rest ---- */

static bool item(struct frame *frame, const struct scope *scope,
        const struct expression *expression, struct cell *result)
{
	struct cell of;
	size_t i;
	if (!evaluate(frame, scope, expression->first, &of))
		return false;
	if (expression->of_reply && (of.kind == CELL_VALUE || of.kind == CELL_ABSENT))
		return reply_item(frame, scope, expression, &of, result);
	if (!evaluate_size(frame, scope, expression->second, "an index", &i))
		return false;
	if (of.kind != CELL_ARRAY && of.kind != CELL_BYTES)
		return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope, "[] does not go with %s",
		        cell_kind_name(&of));
	if (i >= cell_items(&of))
		return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope,
		        "there is no item %zu among %zu", i, cell_items(&of));
	*result = cell_item(&of, i);
	return true;
}

static bool make_array(struct frame *frame, const struct scope *scope,
        const struct expression *expression, struct cell *result)
{
	struct array *array = ARENA_NEW(frame->arena, struct array);
	struct cell *items = arena_alloc(frame->arena, expression->nitems * sizeof *items);
	if (!array || !items)
		return frame_fail(frame, FRAME_FAULT_LIMIT, scope, "over the memory budget");
	for (unsigned i = 0; i < expression->nitems; i++) {
		if (!evaluate(frame, scope, expression->items[i], &items[i]))
			return false;
	}
	*array = (struct array){ items, expression->nitems, expression->nitems };
	cell_put_array(result, array);
	return true;
}

static bool to_bytes(struct frame *frame, const struct scope *scope, struct cell *result)
{
	if (result->kind == CELL_BYTES)
		return true;
	if (result->kind != CELL_ARRAY)
		return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope,
		        "as<bytes> does not go with %s", cell_kind_name(result));
	const struct array *array = result->as.array;
	char *bytes = arena_alloc_raw(frame->arena, array->n + 1);
	if (!bytes)
		return frame_fail(frame, FRAME_FAULT_LIMIT, scope, "over the memory budget");
	for (unsigned i = 0; i < array->n; i++) {
		const struct cell *at = &array->items[i];
		if (at->kind != CELL_INTEGER || at->natural || at->as.integer < -128 ||
		        at->as.integer > 255)
			return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope,
			        "as<bytes>: an item is no byte");
		bytes[i] = (char)(unsigned char)at->as.integer;
	}
	cell_put_bytes(result, (slice){ bytes, array->n });
	return true;
}

static bool cast(struct frame *frame, const struct scope *scope,
        const struct expression *expression, struct cell *result)
{
	if (!evaluate(frame, scope, expression->first, result))
		return false;
	if (expression->to_bytes)
		return to_bytes(frame, scope, result);
	if (expression->type && result->kind != CELL_ABSENT &&
	        (result->kind != CELL_STRUCT || result->as.object->type != expression->type))
		return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope, "this is no \"%.*s\"",
		        SLICE_ARG(expression->type->name));
	return true;
}

static bool join(struct frame *frame, const struct scope *scope,
        const struct expression *expression, struct cell *result)
{
	cell_put_text(result, SLICE(""));
	for (unsigned i = 0; i < expression->nitems; i++) {
		struct cell part;
		slice made;
		if (!evaluate(frame, scope, expression->items[i], &part))
			return false;
		if (!cell_text(frame->arena, &part, &made))
			return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope,
			        "%s has no notation as text", cell_kind_name(&part));
		if (!cells_concatenate(frame, scope, result->as.text, made, result))
			return false;
	}
	return true;
}

static bool unary(struct frame *frame, const struct scope *scope,
        const struct expression *expression, struct cell *result)
{
	struct cell zero, of;
	bool on;
	if (expression->op == OP_NOT) {
		if (!evaluate_boolean(frame, scope, expression->first, &on))
			return false;
		cell_put_boolean(result, !on);
		return true;
	}
	if (!evaluate(frame, scope, expression->first, &of))
		return false;
	if (expression->op == OP_NEGATE && of.kind == CELL_REAL) {
		*result = of;
		result->as.real = -of.as.real;
		result->scaling = NULL;
		return true;
	}
	cell_put_integer(&zero, 0);
	if (expression->op == OP_NEGATE)
		return cells_calculate(frame, scope, OP_SUBTRACT, &zero, &of, result);
	if (of.kind != CELL_INTEGER)
		return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope, "~ does not go with %s",
		        cell_kind_name(&of));
	if (of.natural)
		cell_put_natural(result, ~(uint64_t)of.as.integer);
	else
		cell_put_integer(result, ~of.as.integer);
	return true;
}

static bool logic(struct frame *frame, const struct scope *scope,
        const struct expression *expression, struct cell *result)
{
	bool on;
	if (!evaluate_boolean(frame, scope, expression->first, &on))
		return false;
	if (on == (expression->op == OP_AND) &&
	        !evaluate_boolean(frame, scope, expression->second, &on))
		return false;
	cell_put_boolean(result, on);
	return true;
}

/* What most comparisons are about; cells_hold() does all of them. false: this is no comparison. */
static inline bool compare_small(enum operation op, int64_t a, int64_t b, struct cell *result)
{
	switch ((int)op) {
	case OP_EQUAL:
		cell_put_boolean(result, a == b);
		return true;
	case OP_DIFFERENT:
		cell_put_boolean(result, a != b);
		return true;
	case OP_LESS:
		cell_put_boolean(result, a < b);
		return true;
	case OP_LESS_EQUAL:
		cell_put_boolean(result, a <= b);
		return true;
	case OP_GREATER:
		cell_put_boolean(result, a > b);
		return true;
	case OP_GREATER_EQUAL:
		cell_put_boolean(result, a >= b);
		return true;
	default:
		return false;
	}
}

static bool binary(struct frame *frame, const struct scope *scope,
        const struct expression *expression, struct cell *result)
{
	struct cell a, b;
	if (!evaluate(frame, scope, expression->first, &a) ||
	        !evaluate(frame, scope, expression->second, &b))
		return false;
	bool small = a.kind == b.kind && (a.kind == CELL_INTEGER || a.kind == CELL_ENUM) &&
	             a.enumeration == b.enumeration && !a.natural && !b.natural;
	if (small && compare_small(expression->op, a.as.integer, b.as.integer, result))
		return true;
	cell_put(result, CELL_ABSENT, false, 0);
	if (expression->op >= OP_EQUAL && expression->op <= OP_GREATER_EQUAL)
		return cells_hold(frame, scope, expression->op, &a, &b, result);
	return cells_calculate(frame, scope, expression->op, &a, &b, result);
}

static bool choose(struct frame *frame, const struct scope *scope,
        const struct expression *expression, struct cell *result)
{
	bool on;
	return evaluate_boolean(frame, scope, expression->first, &on) &&
	       evaluate(frame, scope, on ? expression->second : expression->third, result);
}

/* What stands in no frame: names of the `-fairlead:` key. */
static bool extension_leaf(struct frame *frame, const struct scope *scope,
        const struct expression *expression, struct cell *result)
{
	switch ((int)expression->op) {
	case OP_DEVICE:
		cell_put_text(result, frame->device);
		return true;
	case OP_REPLY:
		*result = cell_of_value(frame->reply);
		return true;
	case OP_STATUS:
		cell_put_text(result, slice_of(status_name(frame->status)));
		return true;
	case OP_TAKEN:
		cell_put_natural(result, frame->taken);
		return true;
	case OP_SESSION:
		return frame_variable(frame, scope, expression->member, result);
	case OP_ASSEMBLED:
		if (frame->assembled.kind != CELL_UNREAD)
			*result = frame->assembled;
		return true;
	case OP_REQUEST:
		*result = frame->request;
		return result->kind == CELL_STRUCT ||
		       frame_fail(frame, FRAME_FAULT_EXPRESSION, scope,
		               "_request: this frame answers none");
	case OP_TRANSACTION:
		cell_put_natural(result, frame->transaction);
		return true;
	default:
		return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope, "not an expression");
	}
}

static bool leaf(struct frame *frame, const struct scope *scope,
        const struct expression *expression, struct cell *result)
{
	struct object *self = scope->self;
	cell_put(result, CELL_ABSENT, false, 0);
	switch ((int)expression->op) {
	case OP_REAL:
		cell_put_real(result, expression->real);
		return true;
	case OP_BOOLEAN:
		cell_put_boolean(result, expression->integer != 0);
		return true;
	case OP_TEXT:
		cell_put_text(result, expression->text);
		return true;
	case OP_BYTES:
		cell_put_bytes(result, expression->text);
		return true;
	case OP_OWN:
		return object_member(frame, self, expression->member, result);
	case OP_SELF:
		if (scope->it)
			*result = *scope->it;
		return scope->it ||
		       frame_fail(frame, FRAME_FAULT_EXPRESSION, scope, "_ means nothing here");
	case OP_INDEX:
		cell_put_integer(result, scope->index);
		return scope->index >= 0 || frame_fail(frame, FRAME_FAULT_EXPRESSION, scope,
		                                    "_index means nothing here");
	case OP_IS_LE:
		cell_put_boolean(result, self->little);
		return true;
	case OP_ROOT:
	case OP_PARENT:
		(void)object_call(
		        expression->op == OP_ROOT ? CALL_ROOT : CALL_PARENT, self, result);
		return result->kind == CELL_STRUCT ||
		       frame_fail(frame, FRAME_FAULT_EXPRESSION, scope, "there is no %s",
		               expression->op == OP_ROOT ? "_root" : "_parent");
	case OP_IO:
		return object_call(CALL_IO, self, result);
	default:
		return extension_leaf(frame, scope, expression, result);
	}
}

static bool operate(struct frame *frame, const struct scope *scope,
        const struct expression *expression, struct cell *result)
{
	if (expression->op >= OP_EQUAL)
		return binary(frame, scope, expression, result);
	switch ((int)expression->op) {
	case OP_ARRAY:
		return make_array(frame, scope, expression, result);
	case OP_MEMBER:
		return member(frame, scope, expression, result);
	case OP_ITEM:
		return item(frame, scope, expression, result);
	case OP_CAST:
		return cast(frame, scope, expression, result);
	case OP_JOIN:
		return join(frame, scope, expression, result);
	case OP_NEGATE:
	case OP_NOT:
	case OP_INVERT:
		return unary(frame, scope, expression, result);
	case OP_CHOOSE:
		return choose(frame, scope, expression, result);
	case OP_OR:
	case OP_AND:
		return logic(frame, scope, expression, result);
	default:
		return leaf(frame, scope, expression, result);
	}
}

/* The member that an OP_MEMBER names, where the object is there, has it, and it was read. Of what an element is, loading
 * often knows no more than that it is one of several types, so that the name is looked for. */
static inline const struct cell *member_at_hand(
        const struct object *of, const struct expression *expression)
{
	if (!of)
		return NULL;
	int number = of->type == expression->type ? (int)expression->member
	                                          : type_member(of->type, expression->text);
	return number >= 0 && of->cells[number].kind > CELL_BUSY ? &of->cells[number] : NULL;
}

/* The structure that an expression is, where that needs no working out; NULL: it does. */
static const struct object *object_at_hand(
        const struct scope *scope, const struct expression *expression)
{
	const struct object *of;
	const struct cell *cell = NULL;
	switch ((int)expression->op) {
	case OP_OWN:
		cell = &scope->self->cells[expression->member];
		break;
	case OP_SELF:
		cell = scope->it;
		break;
	case OP_MEMBER:
		cell = member_at_hand(object_at_hand(scope, expression->first), expression);
		break;
	case OP_CAST:
		of = expression->type ? object_at_hand(scope, expression->first) : NULL;
		return of && of->type == expression->type ? of : NULL;
	case OP_PARENT:
		return scope->self->parent;
	case OP_ROOT:
		return scope->self->root;
	default:
		break;
	}
	return cell && cell->kind == CELL_STRUCT ? cell->as.object : NULL;
}

/* What most expressions consist of, without a call: members that are read, and constants. */
static inline bool at_hand(
        const struct scope *scope, const struct expression *expression, struct cell *result)
{
	switch ((int)expression->op) {
	case OP_OWN:
		if (scope->self->cells[expression->member].kind <= CELL_BUSY)
			return false;
		*result = scope->self->cells[expression->member];
		return true;
	case OP_MEMBER: {
		const struct cell *cell =
		        member_at_hand(object_at_hand(scope, expression->first), expression);
		if (cell)
			*result = *cell;
		return cell != NULL;
	}
	case OP_INTEGER:
		cell_put(result, CELL_INTEGER, expression->natural, expression->integer);
		return true;
	case OP_ENUM:
		cell_put(result, CELL_ENUM, expression->natural, expression->integer);
		result->enumeration = expression->enumeration;
		return true;
	default:
		return false;
	}
}

/* Kept apart, so that what is at hand pays for none of it. */
__attribute__((noinline)) static bool work_out(struct frame *frame, const struct scope *scope,
        const struct expression *expression, struct cell *result)
{
	if (frame->depth >= DEPTH_MAX)
		return frame_fail(frame, FRAME_FAULT_LIMIT, scope, "nested too deeply");
	frame->depth++;
	bool good = operate(frame, scope, expression, result);
	frame->depth--;
	return good;
}

bool evaluate(struct frame *frame, const struct scope *scope, const struct expression *expression,
        struct cell *result)
{
	if (!frame_step(frame, scope))
		return false;
	return at_hand(scope, expression, result) || work_out(frame, scope, expression, result);
}
