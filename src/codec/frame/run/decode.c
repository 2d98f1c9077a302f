/* Reading a frame: the program over the bytes.
 *
 * An object is an array of cells, one a member, filled in the order of `seq`; instances are computed when somebody
 * asks, once. Everything comes from the given arena. Three bounds hold whatever the bytes claim: the depth of
 * structures and expressions, the number of steps (in proportion to the frame's size), and the arena's budget. A
 * claimed length or count allocates nothing: bytes are slices of the frame, arrays grow as items are read. */
#include "codec/frame/run/cell.h"

#include <stdio.h>

enum { STEPS_PER_BYTE = 256, STEPS_LEAST = 65536 };

static bool read_object(struct frame *, struct object *);

/* ---- values ---- */

const struct enum_value *enum_find(
        const struct enumeration *enumeration, int64_t number, bool natural)
{
	for (unsigned i = 0; i < enumeration->nvalues; i++) {
		if (enumeration->values[i].number == number &&
		        enumeration->values[i].natural == natural)
			return &enumeration->values[i];
	}
	return NULL;
}

bool object_is_little(const struct object *self, enum endian endian)
{
	return endian == ENDIAN_SWITCHED ? self->little : endian == ENDIAN_LITTLE;
}

static double real_of(uint64_t bits, unsigned width)
{
	if (width == 4) {
		uint32_t narrow = (uint32_t)bits;
		float number;
		memcpy(&number, &narrow, sizeof number);
		return (double)number;
	}
	double number;
	memcpy(&number, &bits, sizeof number);
	return number;
}

static void number_cell(const struct type_use *use, uint64_t bits, struct cell *cell)
{
	if (use->base == BASE_FLOAT) {
		cell_put_real(cell, real_of(bits, use->width));
		cell->single = use->width == 4;
		return;
	}
	if (use->base == BASE_SIGNED && use->width < 8 && bits >> (8 * use->width - 1))
		bits |= UINT64_MAX << (8 * use->width);
	cell_put(cell, CELL_INTEGER, use->base != BASE_SIGNED && bits > INT64_MAX, (int64_t)bits);
}

static bool read_number(struct frame *frame, const struct scope *scope, const struct field *field,
        const struct type_use *use, struct input *input, struct cell *cell)
{
	uint64_t bits;
	bool little = object_is_little(scope->self, use->endian);
	bool good = use->base == BASE_BITS ? input_bits(input, use->width, little, &bits)
	                                   : input_unsigned(input, use->width, little, &bits);
	if (!good)
		return frame_fail_field(frame, scope, field, FRAME_FAULT_END, SIZE_MAX,
		        "the frame ends within this field");
	number_cell(use, bits, cell);
	if (use->base == BASE_BITS && use->width == 1 && !field->enumeration)
		cell->kind = CELL_BOOLEAN;
	return true;
}

bool object_switch_endian(struct frame *frame, struct object *object)
{
	const struct type *type = object->type;
	struct scope scope = { .self = object, .index = -1 };
	struct cell on, when;
	if (!type->endian_on)
		return true;
	if (!evaluate(frame, &scope, type->endian_on, &on))
		return false;
	for (unsigned i = 0; i < type->nendian_cases; i++) {
		const struct type_case *at = &type->endian_cases[i];
		if (at->when && !evaluate(frame, &scope, at->when, &when))
			return false;
		if (at->when && !cells_equal(&on, &when))
			continue;
		object->little = at->use.endian == ENDIAN_LITTLE;
		return true;
	}
	return frame_fail(frame, FRAME_FAULT_VALID, &scope, "no case decides the byte order");
}

struct object *object_make(struct frame *frame, const struct type *type, struct input *input)
{
	struct object *object = arena_alloc(
	        frame->arena, sizeof *object + type->nmembers * sizeof object->cells[0]);
	if (!object)
		return NULL;
	object->type = type;
	object->input = input;
	object->index = -1;
	return object;
}

bool object_choose_parent(struct frame *frame, const struct scope *scope, const struct field *field,
        struct object *object)
{
	struct cell parent;
	object->parent =
	        field->orphan || object->type->top != scope->self->type->top ? NULL : scope->self;
	if (!field->parent)
		return true;
	if (!evaluate(frame, scope, field->parent, &parent))
		return false;
	if (parent.kind != CELL_STRUCT)
		return frame_fail_field(frame, scope, field, FRAME_FAULT_EXPRESSION, SIZE_MAX,
		        "the parent is no structure");
	object->parent = parent.as.object;
	return true;
}

void field_apply_enum(const struct field *field, struct cell *cell)
{
	if (!field->enumeration)
		return;
	if (cell->kind == CELL_INTEGER || cell->kind == CELL_BOOLEAN) {
		cell->kind = CELL_ENUM;
		cell->enumeration = field->enumeration;
	} else if (cell->kind == CELL_ARRAY) {
		for (unsigned i = 0; i < cell->as.array->n; i++) {
			struct cell *item = &cell->as.array->items[i];
			if (item->kind != CELL_INTEGER)
				continue;
			item->kind = CELL_ENUM;
			item->enumeration = field->enumeration;
		}
	}
}

static bool read_struct(struct frame *frame, const struct scope *scope, const struct field *field,
        const struct type_use *use, struct input *input, struct cell *cell)
{
	if (field->size || field->to_end || field->has_terminator) {
		struct input *inner = ARENA_NEW(frame->arena, struct input);
		if (!inner)
			return frame_no_memory(frame, scope);
		size_t start = input->at;
		if (!field_read_bytes(
		            frame, scope, field, use, input, &inner->bytes, &inner->origin))
			return false;
		bool packed = input->origin == ORIGIN_NONE;
		inner->packed = packed ? input->packed : input->origin + start;
		inner->base = packed && !field->process ? input->base + start : 0;
		input = inner;
	}
	struct object *object = object_make(frame, use->type, input);
	if (!object)
		return frame_no_memory(frame, scope);
	/* A description that was imported is a whole of its own; a part of one is a part of nothing. */
	bool native = use->type->top == scope->self->type->top;
	object->root = native ? scope->self->root : use->type->outer ? NULL : object;
	object->holder = scope->self;
	object->field = field;
	object->index = scope->index;
	object->little = scope->self->little;
	if (!object_choose_parent(frame, scope, field, object))
		return false;
	for (unsigned i = 0; i < use->narguments; i++) {
		if (!evaluate(frame, scope, use->arguments[i], &object->cells[i]))
			return false;
		field_apply_enum(&use->type->members[i].field, &object->cells[i]);
	}
	cell_put_object(cell, object);
	return read_object(frame, object);
}

static bool read_plain(struct frame *frame, const struct scope *scope, const struct field *field,
        const struct type_use *use, struct input *input, struct cell *cell)
{
	slice bytes;
	size_t origin;
	const char *why = "";
	if (!field_read_bytes(frame, scope, field, use, input, &bytes, &origin))
		return false;
	if (field->has_contents && !slice_equal(bytes, field->contents))
		return frame_fail_field(frame, scope, field, FRAME_FAULT_CONTENTS, origin,
		        "the fixed bytes are not there");
	cell_put_bytes(cell, bytes);
	if (use->base == BASE_TEXT)
		cell->kind = CELL_TEXT;
	if (use->base == BASE_TEXT && !encoding_decode(frame->schema, frame->arena, use->encoding,
	                                      bytes, &cell->as.text, &why))
		return frame_fail_field(frame, scope, field, FRAME_FAULT_TEXT, origin, why);
	return true;
}

/* Which type applies; BASE_NONE: no case does. */
bool field_choose_use(struct frame *frame, const struct scope *scope, const struct field *field,
        const struct type_use **use)
{
	static const struct type_use none = { .base = BASE_NONE }, bytes = { .base = BASE_BYTES };
	struct cell on, when;
	*use = &field->use;
	if (!field->switch_on)
		return true;
	*use = field->size || field->to_end || field->has_terminator ? &bytes : &none;
	if (!evaluate(frame, scope, field->switch_on, &on))
		return false;
	for (unsigned i = 0; i < field->ncases; i++) {
		const struct type_case *at = &field->cases[i];
		if (!at->when) {
			*use = &at->use;
			continue;
		}
		bool equal = at->when->op == OP_ENUM && on.kind == CELL_ENUM;
		if (equal) {
			equal = on.as.integer == at->when->integer &&
			        on.natural == at->when->natural &&
			        on.enumeration == at->when->enumeration;
		} else if (at->when->op == OP_TEXT && on.kind == CELL_TEXT) {
			equal = slice_equal(on.as.text, at->when->text);
		} else if (at->when->op == OP_INTEGER && on.kind == CELL_INTEGER) {
			equal = on.as.integer == at->when->integer &&
			        on.natural == at->when->natural;
		} else {
			if (!evaluate(frame, scope, at->when, &when))
				return false;
			equal = cells_equal(&on, &when);
		}
		if (equal) {
			*use = &at->use;
			return true;
		}
	}
	return true;
}

bool field_check_valid(struct frame *frame, const struct scope *outer, const struct field *field,
        const struct cell *cell, size_t offset)
{
	const struct valid *valid = field->valid;
	struct scope scope = { .self = outer->self, .it = cell, .index = outer->index };
	struct cell wanted;
	int order = 0;
	bool holds = true;
	const struct {
		const struct expression *expression;
		int least, most;
	} bounds[] = { { valid->equal, 0, 0 }, { valid->min, 0, 1 }, { valid->max, -1, 0 } };
	for (unsigned i = 0; i < 3 && holds; i++) {
		if (!bounds[i].expression)
			continue;
		if (!evaluate(frame, &scope, bounds[i].expression, &wanted))
			return false;
		holds = i == 0 ? cells_equal(cell, &wanted)
		               : cells_compare(cell, &wanted, &order) && order >= bounds[i].least &&
		                         order <= bounds[i].most;
	}
	bool any = valid->nany_of == 0;
	for (unsigned i = 0; i < valid->nany_of && !any; i++) {
		if (!evaluate(frame, &scope, valid->any_of[i], &wanted))
			return false;
		any = cells_equal(cell, &wanted);
	}
	if (valid->holds && !evaluate_boolean(frame, &scope, valid->holds, &holds))
		return false;
	if (valid->in_enum && cell->kind == CELL_ENUM)
		any &= enum_find(cell->enumeration, cell->as.integer, cell->natural) != NULL;
	return (holds && any) || frame_fail_field(frame, outer, field, FRAME_FAULT_VALID, offset,
	                                 "the value is not one that the description allows");
}

/* One item, without repetition. */
bool field_read_item(struct frame *frame, const struct scope *scope, const struct field *field,
        struct input *input, struct cell *cell)
{
	const struct type_use *use;
	if (!frame_step(frame, scope) || !field_choose_use(frame, scope, field, &use))
		return false;
	if (use->base != BASE_BITS)
		input_align(input);
	size_t offset = input->origin == ORIGIN_NONE ? SIZE_MAX : input->origin + input->at;
	size_t inside = input->base + input->at;
	struct frame_trace_entry *entry =
	        frame->trace ? frame_trace_add(frame, scope, field, input) : NULL;
	if (entry)
		entry->structure = use->base == BASE_STRUCT;
	bool good = true;
	switch (use->base) {
	case BASE_NONE:
		cell->kind = CELL_ABSENT;
		break;
	case BASE_UNSIGNED:
	case BASE_SIGNED:
	case BASE_FLOAT:
	case BASE_BITS:
		good = read_number(frame, scope, field, use, input, cell);
		break;
	case BASE_BYTES:
	case BASE_TEXT:
		good = read_plain(frame, scope, field, use, input, cell);
		break;
	case BASE_STRUCT:
		good = read_struct(frame, scope, field, use, input, cell);
		break;
	}
	if (good) {
		field_apply_enum(field, cell);
		cell->scaling = field->scaling;
		if (entry)
			frame_trace_end(frame, entry, input, cell);
		good = !field->valid || cell->kind == CELL_ABSENT ||
		       field_check_valid(frame, scope, field, cell, offset);
	}
	/* What is wrong with a value is wrong where it begins. */
	if (!good && use->base != BASE_STRUCT && frame->fault->kind != FRAME_FAULT_END)
		frame->fault->inside = inside;
	return good;
}

bool array_make_room(struct frame *frame, const struct scope *scope, struct array *array)
{
	if (array->n < array->size)
		return true;
	unsigned size = array->size ? array->size * 2 : 4;
	struct cell *items = arena_grow(
	        frame->arena, array->items, array->size * sizeof *items, size * sizeof *items);
	if (!items)
		return frame_no_memory(frame, scope);
	array->items = items;
	array->size = size;
	return true;
}

static bool repeat_over(struct frame *frame, const struct scope *scope, const struct field *field,
        const struct input *input, size_t times, const struct array *array, bool *over)
{
	*over = false;
	if (field->repeat == REPEAT_TO_END) {
		*over = !input->goes_on && input_eof(input);
	} else if (field->repeat == REPEAT_TIMES) {
		*over = array->n >= times;
	} else if (array->n) {
		struct cell last = array->items[array->n - 1];
		struct scope inner = { scope->self, &last, scope->index };
		return evaluate_boolean(frame, &inner, field->repeat_by, over);
	}
	return true;
}

bool field_read_repeated(struct frame *frame, const struct scope *outer, const struct field *field,
        struct input *input, struct cell *cell)
{
	struct scope scope = *outer;
	struct array *array = ARENA_NEW(frame->arena, struct array);
	size_t times = 0;
	if (!array)
		return frame_no_memory(frame, outer);
	if (field->repeat == REPEAT_TIMES &&
	        !evaluate_size(frame, outer, field->repeat_by, "the repetition", &times))
		return false;
	cell_put_array(cell, array);
	if (field->repeat == REPEAT_TO_END && field->use.base != BASE_BITS)
		input_align(input);
	for (;;) {
		bool over;
		scope.index = array->n ? (int64_t)array->n - 1 : 0;
		if (!repeat_over(frame, &scope, field, input, times, array, &over))
			return false;
		if (over)
			return true;
		scope.index = array->n;
		struct cell item = { .kind = CELL_UNREAD };
		if (!field_read_item(frame, &scope, field, input, &item) ||
		        !array_make_room(frame, &scope, array))
			return false;
		array->items[array->n++] = item;
	}
}

/* A field of `seq`, or an instance that is read. */
static bool read_field(struct frame *frame, const struct scope *scope, const struct field *field,
        struct input *input, struct cell *cell)
{
	bool wanted = true;
	if (field->condition && !evaluate_boolean(frame, scope, field->condition, &wanted))
		return false;
	if (!wanted) {
		cell->kind = CELL_ABSENT;
		return true;
	}
	if (field->repeat != REPEAT_NONE)
		return field_read_repeated(frame, scope, field, input, cell);
	return field_read_item(frame, scope, field, input, cell);
}

/* A number with nothing around it that could fail but the end of the bytes. false: it must be read the long way. */
static bool read_bare(
        struct frame *frame, struct input *input, const struct field *field, struct cell *cell)
{
	const struct type_use *use = &field->use;
	if (!frame->steps_left || frame->trace || input->bytes.n - input->at < use->width)
		return false;
	frame->steps_left--;
	input->bits_left = 0;
	uint64_t bits =
	        load_unsigned(input->bytes.p + input->at, use->width, use->endian == ENDIAN_LITTLE);
	input->at += use->width;
	number_cell(use, bits, cell);
	if (field->enumeration) {
		cell->kind = CELL_ENUM;
		cell->enumeration = field->enumeration;
	}
	cell->scaling = field->scaling;
	return true;
}

static bool read_object(struct frame *frame, struct object *object)
{
	struct scope scope = { .self = object, .index = -1 };
	if (frame->depth >= FRAME_DEPTH_MAX)
		return frame_fail(
		        frame, FRAME_FAULT_LIMIT, &scope, "structures are nested too deeply");
	frame->depth++;
	bool good = object_switch_endian(frame, object);
	bool bits = false;
	for (unsigned i = 0; i < object->type->nmembers && good; i++) {
		const struct member *member = &object->type->members[i];
		if (member->kind != MEMBER_FIELD)
			continue;
		if (member->field.bare &&
		        read_bare(frame, object->input, &member->field, &object->cells[i])) {
			bits = false;
			continue;
		}
		bool now_bits = member->field.use.base == BASE_BITS && !member->field.switch_on;
		if (bits && !now_bits)
			input_align(object->input);
		bits = now_bits;
		good = read_field(frame, &scope, &member->field, object->input, &object->cells[i]);
	}
	frame->depth--;
	return good;
}

bool frame_read_apart(struct frame *frame, const struct type *type, slice bytes,
        const struct field *named, struct cell *cell)
{
	struct scope scope = { .self = frame->root, .index = -1 };
	struct input *input = ARENA_NEW(frame->arena, struct input);
	struct object *object = input ? object_make(frame, type, input) : NULL;
	if (!object)
		return frame_no_memory(frame, &scope);
	*input = (struct input){ .bytes = bytes, .origin = ORIGIN_NONE, .packed = ORIGIN_NONE };
	object->root = frame->root;
	object->holder = frame->root;
	object->field = named;
	object->little = frame->root->little;
	frame->steps_left += bytes.n * STEPS_PER_BYTE;
	cell_put_object(cell, object);
	return read_object(frame, object);
}

/* ---- the whole ---- */

struct frame *frame_decode_type(const struct frame_schema *schema, const struct type *type,
        const struct cell *parameters, struct arena *arena, slice bytes, struct frame_trace *trace,
        struct frame_fault *fault)
{
	*fault = (struct frame_fault){ .kind = FRAME_FAULT_NONE };
	if (trace)
		*trace = (struct frame_trace){ .first = NULL };
	struct frame *frame = ARENA_NEW(arena, struct frame);
	struct input *input = ARENA_NEW(arena, struct input);
	if (frame)
		frame->arena = arena;
	struct object *root = frame && input ? object_make(frame, type, input) : NULL;
	if (!root) {
		fault->kind = FRAME_FAULT_LIMIT;
		(void)snprintf(fault->text, sizeof fault->text, "over the memory budget");
		return NULL;
	}
	frame->schema = schema;
	frame->fault = fault;
	frame->trace = trace;
	frame->bytes = bytes;
	frame->steps_left = bytes.n * STEPS_PER_BYTE + STEPS_LEAST;
	input->bytes = bytes;
	frame->root = root;
	root->root = root;
	for (unsigned i = 0; parameters && i < type->nmembers; i++) {
		if (type->members[i].kind == MEMBER_PARAMETER)
			root->cells[i] = parameters[i];
	}
	bool good = read_object(frame, root);
	frame->trace = NULL;
	return good ? frame : NULL;
}

struct frame *frame_decode(const struct frame_schema *schema, struct arena *arena, slice bytes,
        struct frame_trace *trace, struct frame_fault *fault)
{
	if (schema->ngiven)
		return frame_decode_with(
		        schema, arena, bytes, schema->given, schema->ngiven, trace, fault);
	return frame_decode_type(schema, schema->root, NULL, arena, bytes, trace, fault);
}

struct frame *frame_decode_with(const struct frame_schema *schema, struct arena *arena, slice bytes,
        const struct frame_parameter *given, unsigned n, struct frame_trace *trace,
        struct frame_fault *fault)
{
	if (trace)
		*trace = (struct frame_trace){ .first = NULL };
	const struct cell *parameters = parameters_make(schema, arena, given, n, fault);
	return parameters ? frame_decode_type(
	                            schema, schema->root, parameters, arena, bytes, trace, fault)
	                  : NULL;
}

bool frame_decode_end(const struct frame_schema *schema, const struct type *type,
        struct arena *arena, slice bytes, bool goes_on, size_t max, struct frame_end *end)
{
	struct frame_fault fault = { .kind = FRAME_FAULT_NONE };
	struct frame frame = { .schema = schema,
		.arena = arena,
		.fault = &fault,
		.bytes = bytes,
		.steps_left = max * STEPS_PER_BYTE / 8 + STEPS_LEAST };
	struct input input = { .bytes = bytes, .goes_on = goes_on };
	uint64_t steps = frame.steps_left;
	*end = (struct frame_end){ .size = 0 };
	frame.root = object_make(&frame, type, &input);
	if (!frame.root)
		return false;
	frame.root->root = frame.root;
	bool good = read_object(&frame, frame.root);
	end->size = input.at;
	end->needed = good ? 0 : input.wanted;
	end->steps = steps - frame.steps_left;
	return good;
}
