/* What must hold so that an expression has a given value.
 *
 * Lengths, counts and tags stand before what they describe. When that is written, the expression that uses them (`size:
 * len - 2`) has to give what was found; so it is taken apart: of `a - b` one side is known, which says what the other
 * must be, until a member is left that was neither given nor constant. That one is settled. Through members of other
 * structures, parameters (what was passed for them), casts, instances (what they are computed from) and the texts of
 * numbers the search goes on. What has no inverse, or two, is not guessed: it is left open, and in the end the fault
 * says that the member is missing. */
#include "codec/frame/run/cell.h"
#include "codec/frame/write/encode.h"

#include <math.h>
#include <stdio.h>

enum { SOLVE_DEPTH_MAX = 64 };

static bool solve(struct frame *frame, const struct scope *scope,
        const struct expression *expression, const struct cell *wanted, unsigned depth);
static bool settle(struct frame *frame, struct object *object, unsigned member,
        const struct cell *wanted, unsigned depth);

enum known encode_try(struct frame *frame, const struct scope *scope,
        const struct expression *expression, struct cell *cell)
{
	if (evaluate(frame, scope, expression, cell)) {
		if (cell->kind != CELL_ABSENT)
			return KNOWN_YES;
		frame->encoder->unsure = true;
		return KNOWN_NO;
	}
	if (frame->fault->kind == FRAME_FAULT_LIMIT)
		return KNOWN_FAULT;
	*frame->fault = (struct frame_fault){ .kind = FRAME_FAULT_NONE };
	frame->encoder->unsure = true;
	return KNOWN_NO;
}

/* Calculates where failing means only that there is no solution. */
static bool calculate(struct frame *frame, const struct scope *scope, enum operation op,
        const struct cell *a, const struct cell *b, struct cell *result)
{
	if (cells_calculate(frame, scope, op, a, b, result))
		return true;
	if (frame->fault->kind != FRAME_FAULT_LIMIT)
		*frame->fault = (struct frame_fault){ .kind = FRAME_FAULT_NONE };
	return false;
}

/* ---- members ---- */

/* The member that an expression names, if it names one. */
bool encode_locate(struct frame *frame, const struct scope *scope,
        const struct expression *expression, struct object **object, unsigned *member)
{
	struct cell of;
	while (expression->op == OP_CAST)
		expression = expression->first;
	if (expression->op == OP_OWN) {
		*object = scope->self;
		*member = expression->member;
		return true;
	}
	if (expression->op != OP_MEMBER ||
	        encode_try(frame, scope, expression->first, &of) != KNOWN_YES ||
	        of.kind != CELL_STRUCT)
		return false;
	int number = type_member(of.as.object->type, expression->text);
	*object = of.as.object;
	*member = (unsigned)number;
	return number >= 0;
}

/* A hole of several digits: the number with as many as there is room for. */
static bool digits(struct frame *frame, const struct scope *scope, const struct field *field,
        int64_t base, const struct cell *wanted, struct cell *text)
{
	struct cell size;
	int width = 1;
	if ((base != 10 && base != 16) || wanted->kind != CELL_INTEGER || wanted->natural ||
	        wanted->as.integer < 0)
		return false;
	if (field->size && field->pad < 0) {
		if (encode_try(frame, scope, field->size, &size) != KNOWN_YES ||
		        size.kind != CELL_INTEGER || size.as.integer < 1 || size.as.integer > 20)
			return false;
		width = (int)size.as.integer;
	}
	slice made = arena_printf(frame->arena, base == 10 ? "%0*llu" : "%0*llX", width,
	        (unsigned long long)wanted->as.integer);
	*text = cell_of_text(made);
	return made.p != NULL;
}

static bool settle_hole(struct frame *frame, struct object *object, unsigned member,
        const struct cell *wanted, struct slot *slot, bool solved)
{
	struct encoder *encoder = frame->encoder;
	const struct field *field = &object->type->members[member].field;
	struct scope scope = { .self = object, .index = -1 };
	struct cell made = *wanted;
	const struct type_use *use;
	const char *why;
	/* latitude == raw / 1e7: what is left of a step by floating point is none. That the step is the right one is
	 * seen when the frame is read back. */
	if (solved && made.kind == CELL_REAL && field->use.base != BASE_FLOAT)
		made.as.real = nearbyint(made.as.real);
	if (!field_choose_use(frame, &scope, field, &use)) {
		*frame->fault = (struct frame_fault){ .kind = FRAME_FAULT_NONE };
		return false;
	}
	if (!encode_convert(frame, field, use, &made, &why))
		return frame_fail_field(frame, &scope, field, FRAME_FAULT_VALUE, SIZE_MAX, why);
	bool same = slot->solved.kind == made.kind && cells_equal(&slot->solved, &made);
	if (!same && slot->solved_in == encoder->pass)
		return frame_fail_field(frame, &scope, field, FRAME_FAULT_VALUE, SIZE_MAX,
		        "would have to be two things at once: what depends on it disagrees");
	encoder->changed |= !same;
	slot->solved = made;
	slot->solved_in = encoder->pass;
	object->cells[member] = made;
	return true;
}

/* A parameter is what the structure was given for it. */
static bool settle_parameter(struct frame *frame, struct object *object, unsigned member,
        const struct cell *wanted, unsigned depth)
{
	const struct type_use *use = object->draft->use;
	struct scope scope = { .self = object->holder, .index = object->index };
	struct cell plain = *wanted;
	if (!use || member >= use->narguments || !object->holder)
		return false;
	if (plain.kind == CELL_ENUM)
		plain.kind = CELL_INTEGER;
	if (!solve(frame, &scope, use->arguments[member], &plain, depth))
		return false;
	object->cells[member] = *wanted;
	return true;
}

static bool settle(struct frame *frame, struct object *object, unsigned member,
        const struct cell *wanted, unsigned depth)
{
	const struct member *at = &object->type->members[member];
	struct scope scope = { .self = object, .index = -1 };
	if (!object->draft)
		return false;
	if (at->kind == MEMBER_PARAMETER)
		return settle_parameter(frame, object, member, wanted, depth);
	if (at->kind == MEMBER_FIELD)
		return object->draft->slots[member].hole &&
		       settle_hole(frame, object, member, wanted, &object->draft->slots[member],
		               depth > 0);
	struct cell plain = *wanted;
	if (plain.kind == CELL_ENUM)
		plain.kind = CELL_INTEGER;
	return at->field.value && solve(frame, &scope, at->field.value, &plain, depth);
}

/* ---- operations ---- */

/* `number` is the known side of the operation, `left` says that it stands left. What must the other be? */
static bool invert(struct frame *frame, const struct scope *scope, enum operation op, bool left,
        const struct cell *number, const struct cell *wanted, struct cell *other)
{
	struct cell rest, zero = cell_of_integer(0);
	bool real = number->kind == CELL_REAL || wanted->kind == CELL_REAL;
	if (real && (op == OP_MULTIPLY || (op == OP_DIVIDE && !left))) {
		double by = cell_as_real(number), of = cell_as_real(wanted);
		*other = cell_of_real(op == OP_DIVIDE ? of * by : of / by);
		return isfinite(other->as.real) && cell_is_number(number) && cell_is_number(wanted);
	}
	switch ((int)op) {
	case OP_ADD:
		return calculate(frame, scope, OP_SUBTRACT, wanted, number, other);
	case OP_SUBTRACT:
		return left ? calculate(frame, scope, OP_SUBTRACT, number, wanted, other)
		            : calculate(frame, scope, OP_ADD, wanted, number, other);
	case OP_MULTIPLY:
		if (number->kind != CELL_INTEGER || wanted->kind != CELL_INTEGER)
			return false;
		return calculate(frame, scope, OP_MODULO, wanted, number, &rest) &&
		       cells_equal(&rest, &zero) &&
		       calculate(frame, scope, OP_DIVIDE, wanted, number, other);
	case OP_DIVIDE:
		return !left && number->kind == CELL_INTEGER && wanted->kind == CELL_INTEGER &&
		       calculate(frame, scope, OP_MULTIPLY, wanted, number, other);
	case OP_SHIFT_LEFT:
		return !left && calculate(frame, scope, OP_SHIFT_RIGHT, wanted, number, other) &&
		       calculate(frame, scope, OP_SHIFT_LEFT, other, number, &rest) &&
		       cells_equal(&rest, wanted);
	case OP_BIT_XOR:
		return calculate(frame, scope, OP_BIT_XOR, wanted, number, other);
	default:
		return false;
	}
}

/* (bits + 7) / 8: how many of the eight it was, nobody can say. */
static bool rounds_up(const struct expression *expression)
{
	const struct expression *sum = expression->first, *by = expression->second;
	return expression->op == OP_DIVIDE && sum->op == OP_ADD && by->op == OP_INTEGER &&
	       ((sum->first->op == OP_INTEGER && sum->first->integer == by->integer - 1) ||
	               (sum->second->op == OP_INTEGER && sum->second->integer == by->integer - 1));
}

static bool solve_arithmetic(struct frame *frame, const struct scope *scope,
        const struct expression *expression, const struct cell *wanted, unsigned depth)
{
	const struct expression *sides[] = { expression->first, expression->second };
	if (rounds_up(expression))
		return false;
	bool bits = expression->op == OP_BIT_AND || expression->op == OP_SHIFT_RIGHT;
	if (bits)
		return encode_solve_bits(frame, scope, expression, wanted, depth);
	for (unsigned i = 0; i < 2 && frame->fault->kind == FRAME_FAULT_NONE; i++) {
		struct cell number, other;
		if (encode_try(frame, scope, sides[1 - i], &number) == KNOWN_YES &&
		        invert(frame, scope, expression->op, i == 1, &number, wanted, &other) &&
		        solve(frame, scope, sides[i], &other, depth))
			return true;
	}
	return false;
}

/* a == b, where it shall hold; where it shall not, only a bit has just one other value. */
static bool solve_equality(struct frame *frame, const struct scope *scope,
        const struct expression *expression, bool holds, unsigned depth)
{
	const struct expression *sides[] = { expression->first, expression->second };
	for (unsigned i = 0; i < 2 && frame->fault->kind == FRAME_FAULT_NONE; i++) {
		struct cell is;
		struct object *object;
		unsigned member;
		if (encode_try(frame, scope, sides[1 - i], &is) != KNOWN_YES)
			continue;
		if (!holds && encode_solve_bit(frame, scope, sides[i], &is, depth))
			return true;
		if (!holds) {
			if (!encode_locate(frame, scope, sides[i], &object, &member))
				continue;
			const struct type_use *use = &object->type->members[member].field.use;
			bool bit = is.kind == CELL_BOOLEAN ||
			           (use->base == BASE_BITS && use->width == 1);
			if (!bit || is.as.integer < 0 || is.as.integer > 1)
				continue;
			is.as.integer = 1 - is.as.integer;
		}
		if (solve(frame, scope, sides[i], &is, depth))
			return true;
	}
	return false;
}

static bool solve_logic(struct frame *frame, const struct scope *scope,
        const struct expression *expression, const struct cell *wanted, unsigned depth)
{
	bool on = wanted->as.integer != 0;
	struct cell turned = cell_of_boolean(!on), is;
	if (expression->op == OP_NOT)
		return solve(frame, scope, expression->first, &turned, depth);
	if (expression->op == OP_EQUAL || expression->op == OP_DIFFERENT)
		return solve_equality(
		        frame, scope, expression, on == (expression->op == OP_EQUAL), depth);
	/* All of them must hold, or none may. */
	if (on != (expression->op == OP_AND))
		return false;
	const struct expression *sides[] = { expression->first, expression->second };
	for (unsigned i = 0; i < 2; i++) {
		enum known known = encode_try(frame, scope, sides[i], &is);
		bool fits =
		        known == KNOWN_YES && is.kind == CELL_BOOLEAN && (is.as.integer != 0) == on;
		if (!fits && !solve(frame, scope, sides[i], wanted, depth))
			return false;
	}
	return true;
}

static bool solve_member(struct frame *frame, const struct scope *scope,
        const struct expression *expression, const struct cell *wanted, unsigned depth)
{
	struct object *object;
	unsigned member;
	struct cell made = *wanted;
	if (encode_locate(frame, scope, expression, &object, &member))
		return settle(frame, object, member, wanted, depth);
	if (expression->op != OP_MEMBER || expression->method != CALL_TO_I)
		return false;
	if (!encode_locate(frame, scope, expression->first, &object, &member))
		return solve(frame, scope, expression->first, wanted, depth);
	const struct field *field = &object->type->members[member].field;
	struct scope inner = { .self = object, .index = -1 };
	int64_t base = !expression->nitems                      ? 10
	               : expression->items[0]->op == OP_INTEGER ? expression->items[0]->integer
	                                                        : 0;
	if (field->use.base == BASE_TEXT && !digits(frame, &inner, field, base, wanted, &made))
		return false;
	return settle(frame, object, member, &made, depth);
}

static bool solve(struct frame *frame, const struct scope *scope,
        const struct expression *expression, const struct cell *wanted, unsigned depth)
{
	struct cell on;
	if (depth >= SOLVE_DEPTH_MAX || !frame_step(frame, scope))
		return false;
	depth++;
	switch ((int)expression->op) {
	case OP_OWN:
	case OP_MEMBER:
		return solve_member(frame, scope, expression, wanted, depth);
	case OP_CAST:
		return solve(frame, scope, expression->first, wanted, depth);
	case OP_CHOOSE:
		return encode_try(frame, scope, expression->first, &on) == KNOWN_YES &&
		       on.kind == CELL_BOOLEAN &&
		       solve(frame, scope, on.as.integer ? expression->second : expression->third,
		               wanted, depth);
	case OP_NOT:
	case OP_AND:
	case OP_OR:
	case OP_EQUAL:
	case OP_DIFFERENT:
		return wanted->kind == CELL_BOOLEAN &&
		       solve_logic(frame, scope, expression, wanted, depth);
	case OP_ADD:
	case OP_SUBTRACT:
	case OP_MULTIPLY:
	case OP_DIVIDE:
	case OP_SHIFT_LEFT:
	case OP_SHIFT_RIGHT:
	case OP_BIT_XOR:
	case OP_BIT_AND:
		return solve_arithmetic(frame, scope, expression, wanted, depth);
	default:
		return false;
	}
}

bool encode_solve(struct frame *frame, const struct scope *scope,
        const struct expression *expression, const struct cell *wanted)
{
	return solve(frame, scope, expression, wanted, 0);
}

bool encode_settle(
        struct frame *frame, struct object *object, unsigned member, const struct cell *wanted)
{
	return settle(frame, object, member, wanted, 0);
}
