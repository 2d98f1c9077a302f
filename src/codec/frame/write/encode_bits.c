/* Fields of which expressions use single bits: `head >> 4`, `head & 15`, `if: flags & 2 != 0`. Each says a part of what the
 * field must be; together they are the whole, and bits that nothing asks for are zero. */
#include "codec/frame/run/cell.h"
#include "codec/frame/write/encode.h"

enum { DEPTH_MAX = 64 };

/* A known whole number that is not negative. */
static bool known_number(struct frame *frame, const struct scope *scope,
        const struct expression *expression, uint64_t *number)
{
	struct cell cell;
	if (encode_try(frame, scope, expression, &cell) != KNOWN_YES || cell.kind != CELL_INTEGER ||
	        (!cell.natural && cell.as.integer < 0))
		return false;
	*number = (uint64_t)cell.as.integer;
	return true;
}

static bool settle_bits(
        struct frame *frame, struct object *object, unsigned member, uint64_t mask, uint64_t bits)
{
	const struct field *field = &object->type->members[member].field;
	struct scope scope = { .self = object, .index = -1 };
	struct slot *slot = &object->draft->slots[member];
	if (slot->masked_in != frame->encoder->pass)
		slot->mask = 0;
	slot->masked_in = frame->encoder->pass;
	if (slot->mask & mask & (slot->bits ^ bits))
		return frame_fail_field(frame, &scope, field, FRAME_FAULT_VALUE, SIZE_MAX,
		        "would have to be two things at once: what depends on it disagrees");
	uint64_t all = (slot->bits & ~mask) | bits;
	struct cell made = cell_of_natural(all);
	const char *why;
	if (!encode_convert(frame, field, &field->use, &made, &why))
		return frame_fail_field(frame, &scope, field, FRAME_FAULT_VALUE, SIZE_MAX, why);
	frame->encoder->changed |= all != slot->bits || slot->solved.kind == CELL_UNREAD;
	slot->bits = all;
	slot->mask |= mask;
	slot->solved = made;
	object->cells[member] = made;
	return true;
}

/* (expression & mask) == bits */
static bool masked(struct frame *frame, const struct scope *scope,
        const struct expression *expression, uint64_t mask, uint64_t bits, unsigned depth)
{
	struct object *object;
	unsigned number;
	uint64_t by;
	if (bits & ~mask || depth >= DEPTH_MAX || !frame_step(frame, scope))
		return false;
	if (encode_locate(frame, scope, expression, &object, &number)) {
		const struct member *member = &object->type->members[number];
		struct scope inner = { .self = object, .index = -1 };
		enum base base = member->field.use.base;
		if (!object->draft)
			return false;
		if (member->kind == MEMBER_INSTANCE && member->field.value)
			return masked(frame, &inner, member->field.value, mask, bits, depth + 1);
		return member->kind == MEMBER_FIELD && object->draft->slots[number].hole &&
		       !member->field.switch_on && (base == BASE_UNSIGNED || base == BASE_BITS) &&
		       settle_bits(frame, object, number, mask, bits);
	}
	const struct expression *first = expression->first, *second = expression->second;
	switch ((int)expression->op) {
	case OP_BIT_AND:
		if (known_number(frame, scope, second, &by) &&
		        masked(frame, scope, first, mask & by, bits, depth + 1))
			return true;
		return known_number(frame, scope, first, &by) &&
		       masked(frame, scope, second, mask & by, bits, depth + 1);
	case OP_SHIFT_RIGHT:
		return known_number(frame, scope, second, &by) && by < 64 &&
		       bits << by >> by == bits &&
		       masked(frame, scope, first, mask << by, bits << by, depth + 1);
	case OP_SHIFT_LEFT:
		return known_number(frame, scope, second, &by) && by < 64 &&
		       bits >> by << by == bits &&
		       masked(frame, scope, first, mask >> by, bits >> by, depth + 1);
	case OP_MEMBER:
		return expression->method == CALL_TO_I && !expression->nitems &&
		       masked(frame, scope, first, mask, bits, depth + 1);
	default:
		return false;
	}
}

bool encode_solve_bits(struct frame *frame, const struct scope *scope,
        const struct expression *expression, const struct cell *wanted, unsigned depth)
{
	if (wanted->kind != CELL_INTEGER || (!wanted->natural && wanted->as.integer < 0))
		return false;
	return masked(frame, scope, expression, UINT64_MAX, (uint64_t)wanted->as.integer, depth);
}

bool encode_solve_bit(struct frame *frame, const struct scope *scope,
        const struct expression *expression, const struct cell *unwanted, unsigned depth)
{
	uint64_t mask, is;
	if (expression->op != OP_BIT_AND || unwanted->kind != CELL_INTEGER)
		return false;
	is = (uint64_t)unwanted->as.integer;
	if (!known_number(frame, scope, expression->second, &mask) &&
	        !known_number(frame, scope, expression->first, &mask))
		return false;
	bool single = mask && (mask & (mask - 1)) == 0 && (is == 0 || is == mask);
	return single && masked(frame, scope, expression, UINT64_MAX, mask - is, depth);
}
