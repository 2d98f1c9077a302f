/* What the backend answered, in the expressions of replies.
 *
 * Nobody knows at load time what a backend will say, so a name that is not there is absent and no mistake, however far
 * down; only when bytes are to be made of it there is nothing to make them of. */
#include "codec/frame/run/cell.h"

struct cell cell_of_value(const struct value *value)
{
	struct cell cell = { .kind = CELL_ABSENT };
	if (!value)
		return cell;
	switch (value->kind) {
	case VALUE_NULL:
		break;
	case VALUE_BOOL:
		return cell_of_boolean(value->as.boolean);
	case VALUE_INT:
		return cell_of_integer(value->as.integer);
	case VALUE_UINT:
		return cell_of_natural(value->as.natural);
	case VALUE_DOUBLE:
		return cell_of_real(value->as.real);
	case VALUE_TEXT:
		return cell_of_text(value->as.text);
	case VALUE_BYTES:
		cell.kind = CELL_BYTES;
		cell.as.text = value->as.text;
		break;
	case VALUE_LIST:
	case VALUE_MAP:
		cell.kind = CELL_VALUE;
		cell.as.value = value;
		break;
	}
	return cell;
}

bool reply_member(struct frame *frame, const struct scope *scope,
        const struct expression *expression, const struct cell *of, struct cell *result)
{
	*result = (struct cell){ .kind = CELL_ABSENT };
	if (of->kind == CELL_ABSENT)
		return true;
	const struct value *value = of->as.value;
	const struct value *found = value_get(value, expression->text);
	if (found || expression->method == CALL_NONE) {
		*result = cell_of_value(found);
		return true;
	}
	if (expression->method == CALL_LENGTH) {
		*result = cell_of_natural(value->count);
		return true;
	}
	if (value->kind == VALUE_LIST &&
	        (expression->method == CALL_FIRST || expression->method == CALL_LAST)) {
		unsigned at =
		        expression->method == CALL_LAST && value->count ? value->count - 1 : 0;
		*result = cell_of_value(value_at(value, at));
		return true;
	}
	return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope, "%.*s does not go with %s",
	        SLICE_ARG(expression->text), cell_kind_name(of));
}

/* list[2], map["name"] */
bool reply_item(struct frame *frame, const struct scope *scope, const struct expression *expression,
        const struct cell *of, struct cell *result)
{
	struct cell at;
	size_t i;
	if (!evaluate(frame, scope, expression->second, &at))
		return false;
	*result = (struct cell){ .kind = CELL_ABSENT };
	if (of->kind == CELL_ABSENT)
		return true;
	const struct value *value = of->as.value;
	if (value->kind == VALUE_MAP && at.kind == CELL_TEXT) {
		*result = cell_of_value(value_get(value, at.as.text));
		return true;
	}
	if (value->kind == VALUE_MAP)
		return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope,
		        "of a map, the item is chosen by a text, not by %s", cell_kind_name(&at));
	if (!evaluate_size(frame, scope, expression->second, "an index", &i))
		return false;
	*result = cell_of_value(i < value->count ? value_at(value, (unsigned)i) : NULL);
	return true;
}
