/* What a description is told from outside: the `params` of its root type, such as the port of a LoRaWAN frame.
 *
 * A path variable is a text and a member of a JSON body has the kind that its sender chose, so a value becomes what the
 * parameter's type wants where it can: "10" is 10 for a `u1`. */
#include "codec/frame/run/cell.h"

#include "codec/decimal.h"

#include <stdio.h>

static bool number_of(const struct value *value, struct decimal *decimal)
{
	double number;
	if (value->kind == VALUE_TEXT)
		return number_parse(value->as.text, &number) &&
		       decimal_parse(decimal, value->as.text);
	return (value->kind == VALUE_INT || value->kind == VALUE_UINT ||
	               value->kind == VALUE_DOUBLE) &&
	       decimal_of(decimal, value);
}

static bool integer_cell(const struct value *value, struct cell *cell)
{
	struct decimal decimal;
	uint64_t magnitude;
	if (!number_of(value, &decimal) || !decimal_integer(&decimal, &magnitude))
		return false;
	return wide_narrow((struct wide){ decimal.negative, magnitude }, cell);
}

static bool real_cell(struct arena *arena, const struct value *value, struct cell *cell)
{
	struct decimal decimal;
	if (!number_of(value, &decimal) || !decimal_in_range(&decimal))
		return false;
	const struct value *number = decimal_value(arena, &decimal);
	if (!number)
		return false;
	*cell = cell_of_real(number->kind == VALUE_INT    ? (double)number->as.integer
	                     : number->kind == VALUE_UINT ? (double)number->as.natural
	                                                  : number->as.real);
	return true;
}

/* By what the value is. */
static bool any_cell(const struct value *value, struct cell *cell)
{
	switch (value->kind) {
	case VALUE_BOOL:
		*cell = cell_of_boolean(value->as.boolean);
		return true;
	case VALUE_INT:
		*cell = cell_of_integer(value->as.integer);
		return true;
	case VALUE_UINT:
		*cell = cell_of_natural(value->as.natural);
		return true;
	case VALUE_DOUBLE:
		*cell = cell_of_real(value->as.real);
		return true;
	case VALUE_TEXT:
		*cell = cell_of_text(value->as.text);
		return true;
	case VALUE_BYTES:
		*cell = (struct cell){ .kind = CELL_BYTES, .as.text = value->as.text };
		return true;
	case VALUE_NULL:
	case VALUE_LIST:
	case VALUE_MAP:
		break;
	}
	return false;
}

static bool cell_of(struct arena *arena, const struct field *field, const struct value *value,
        struct cell *cell)
{
	if (value->kind == VALUE_NULL) {
		*cell = (struct cell){ .kind = CELL_ABSENT };
		return true;
	}
	switch (field->use.base) {
	case BASE_UNSIGNED:
	case BASE_SIGNED:
	case BASE_BITS:
		return integer_cell(value, cell);
	case BASE_FLOAT:
		return real_cell(arena, value, cell);
	case BASE_TEXT:
		*cell = cell_of_text(value_to_text(arena, value));
		return cell->as.text.p != NULL;
	case BASE_NONE:
	case BASE_BYTES:
	case BASE_STRUCT:
		break;
	}
	return any_cell(value, cell);
}

bool frame_schema_has_parameters(const struct frame_schema *schema)
{
	return schema->root->nmembers && schema->root->members[0].kind == MEMBER_PARAMETER;
}

void frame_schema_give(struct frame_schema *schema, const struct frame_parameter *given, unsigned n)
{
	schema->given = given;
	schema->ngiven = n;
}

static bool fill(const struct type *type, struct arena *arena, const struct frame_parameter *given,
        struct cell *cells, struct frame_fault *fault)
{
	for (unsigned i = 0; i < type->nmembers; i++) {
		const struct member *member = &type->members[i];
		if (member->kind != MEMBER_PARAMETER || !slice_equal(member->name, given->name))
			continue;
		if (!cell_of(arena, &member->field, given->value, &cells[i])) {
			fault->kind = FRAME_FAULT_VALID;
			(void)snprintf(fault->text, sizeof fault->text,
			        "the parameter \"%.*s\" is not what its type wants",
			        SLICE_ARG(member->name));
			return false;
		}
		field_apply_enum(&member->field, &cells[i]);
	}
	return true;
}

const struct cell *parameters_make(const struct frame_schema *schema, struct arena *arena,
        const struct frame_parameter *given, unsigned n, struct frame_fault *fault)
{
	const struct type *type = schema->root;
	struct cell *cells = arena_alloc(arena, type->nmembers * sizeof *cells);
	*fault = (struct frame_fault){ .kind = cells ? FRAME_FAULT_NONE : FRAME_FAULT_LIMIT };
	if (!cells)
		(void)snprintf(fault->text, sizeof fault->text, "over the memory budget");
	for (unsigned i = 0; i < n && cells; i++) {
		if (!fill(type, arena, &given[i], cells, fault))
			return NULL;
	}
	return cells;
}
