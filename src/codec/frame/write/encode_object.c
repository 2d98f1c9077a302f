/* One pass over a structure: its fields in the order of `seq`, each from the member of its name. */
#include "codec/frame/write/encode.h"

#include <stdio.h>

enum { DEPTH_MAX = 64 };

/* What is wrong unless what it depends on settles yet: said if the frame does not read back. Always true. */
static bool doubt(struct frame *frame, const struct place *place, const char *text)
{
	(void)place_fault(frame, place, text);
	if (frame->encoder->doubt.kind == FRAME_FAULT_NONE)
		frame->encoder->doubt = *frame->fault;
	*frame->fault = (struct frame_fault){ .kind = FRAME_FAULT_NONE };
	frame->encoder->unsure = true;
	return true;
}

/* ---- drafts ---- */

struct draft *draft_make(struct arena *arena, const struct type *type, const struct value *given)
{
	struct draft *draft = ARENA_NEW(arena, struct draft);
	struct slot *slots = arena_alloc(arena, type->nmembers * sizeof *slots);
	if (!draft || !slots)
		return NULL;
	*draft = (struct draft){ .type = type, .given = given, .slots = slots };
	return draft;
}

/* The one of this item, begun anew when another type applies now. */
static struct draft *draft_of(struct frame *frame, struct slot *slot, int64_t index,
        const struct type *type, const struct value *given)
{
	unsigned at = index < 0 ? 0 : (unsigned)index;
	if (at >= slot->ndrafts) {
		unsigned size = at < 4 ? 4 : at * 2;
		struct draft **drafts = arena_alloc(frame->arena, size * sizeof *drafts);
		if (!drafts)
			return NULL;
		if (slot->ndrafts)
			memcpy(drafts, slot->drafts, slot->ndrafts * sizeof *drafts);
		slot->drafts = drafts;
		slot->ndrafts = size;
	}
	if (!slot->drafts[at] || slot->drafts[at]->type != type)
		slot->drafts[at] = draft_make(frame->arena, type, given);
	return slot->drafts[at];
}

/* ---- one item ---- */

static bool put_number(struct frame *frame, const struct place *place, const struct type_use *use,
        const struct cell *cell)
{
	bool little = object_is_little(place->object, use->endian);
	uint64_t bits = encode_bits(use, cell);
	char text[96];
	if (use->base == BASE_BITS ? output_bits(place->output, use->width, little, bits)
	                           : output_unsigned(place->output, use->width, little, bits))
		return true;
	(void)snprintf(text, sizeof text, "makes the frame larger than the largest (%zu bytes)",
	        frame->encoder->max_bytes);
	return frame_fail_field(
	        frame, &place->scope, place->field, FRAME_FAULT_LIMIT, SIZE_MAX, text);
}

static bool put_plain(struct frame *frame, const struct place *place, const struct type_use *use,
        const struct cell *cell)
{
	slice content = cell->as.text;
	const char *why = "";
	if (use->base == BASE_TEXT && !encoding_encode(frame->schema, frame->arena, use->encoding,
	                                      cell->as.text, &content, &why))
		return place_fault(frame, place, why);
	return encode_extent(
	        frame, &place->scope, place->field, use, content, place->last, place->output);
}

static bool write_scalar(struct frame *frame, const struct place *place, const struct type_use *use,
        const struct value *given, struct cell *into)
{
	struct cell cell, shown;
	const struct field *field = place->field;
	if (given) {
		if (!encode_cell(frame, &place->scope, field, use, given, &cell))
			return false;
		if (field->has_contents && !slice_equal(cell.as.text, field->contents))
			return place_fault(
			        frame, place, "is not what the description says it always is");
		shown = cell;
	} else if (!encode_derive(frame, place, use, &cell, &shown)) {
		return false;
	}
	*into = shown;
	return use->base == BASE_BYTES || use->base == BASE_TEXT
	               ? put_plain(frame, place, use, &cell)
	               : put_number(frame, place, use, &cell);
}

/* ---- structures ---- */

static bool pass_arguments(struct frame *frame, const struct place *place,
        const struct type_use *use, struct object *object)
{
	for (unsigned i = 0; i < use->narguments; i++) {
		struct cell *cell = &object->cells[i];
		enum known known = encode_try(frame, &place->scope, use->arguments[i], cell);
		if (known == KNOWN_FAULT)
			return false;
		if (known == KNOWN_NO)
			cell->kind = CELL_UNREAD;
		else
			field_apply_enum(&use->type->members[i].field, cell);
	}
	return true;
}

static bool has_extent(const struct field *field)
{
	return field->size || field->to_end || field->has_terminator;
}

/* The stream of its own that a structure with a size, a terminator or a process has. */
static bool open_stream(struct frame *frame, const struct place *place, const struct draft *draft,
        struct output *inner)
{
	const struct field *field = place->field;
	const struct input *view = &place->output->view;
	struct cell size;
	output_init(inner, frame->arena, frame->encoder->max_bytes);
	inner->view.origin = field->process || view->origin == ORIGIN_NONE
	                             ? ORIGIN_NONE
	                             : view->origin + view->at;
	inner->view.bytes = draft->written;
	inner->view.open = !draft->measured;
	if (field->to_end && place->output->fixed && view->bytes.n >= view->at) {
		inner->fixed = true;
		inner->view.open = false;
		inner->view.bytes.n = view->bytes.n - view->at;
	}
	if (!field->size || field->process || field->has_terminator)
		return true;
	enum known known = encode_try(frame, &place->scope, field->size, &size);
	if (known == KNOWN_YES && size.kind == CELL_INTEGER && size.as.integer >= 0) {
		inner->fixed = true;
		inner->view.open = false;
		inner->view.bytes.n =
		        (uint64_t)size.as.integer > SIZE_MAX ? SIZE_MAX : (size_t)size.as.integer;
	}
	/* Bytes of the last pass that are not as many are of no use. */
	if (inner->view.bytes.n != draft->written.n)
		inner->view.bytes.p = NULL;
	return known != KNOWN_FAULT;
}

static bool close_stream(struct frame *frame, const struct place *place, const struct type_use *use,
        struct draft *draft, struct output *inner)
{
	bool closed = output_close(inner);
	slice content = text_slice(&inner->bytes);
	if (!closed || !content.p)
		return frame_no_memory(frame, &place->scope);
	size_t before = place->output->bytes.n;
	if (!encode_extent(
	            frame, &place->scope, place->field, use, content, place->last, place->output))
		return false;
	slice all = slice_from((slice){ place->output->bytes.p, place->output->bytes.n }, before);
	bool same = place->field->process || place->field->has_terminator;
	content = same ? content : arena_copy_slice(frame->arena, all);
	if (!content.p && content.n)
		return frame_no_memory(frame, &place->scope);
	frame->encoder->changed |= !draft->measured || content.n != draft->written.n;
	draft->written = (slice){ content.p ? content.p : "", content.n };
	draft->measured = true;
	return true;
}

static bool write_struct(struct frame *frame, const struct place *place, const struct type_use *use,
        const struct value *given, struct cell *into)
{
	struct draft *draft = draft_of(frame, place->slot, place->scope.index, use->type, given);
	bool apart = has_extent(place->field);
	/* Expressions may look at this stream as long as the pass lasts. */
	struct output *output = apart ? ARENA_NEW(frame->arena, struct output) : place->output;
	if (!draft || !output)
		return frame_no_memory(frame, &place->scope);
	if (given && given->kind != VALUE_MAP)
		return place_fault(frame, place, "must be a map of the fields of its type");
	draft->use = use;
	if (apart && !open_stream(frame, place, draft, output))
		return false;
	struct object *object = object_make(frame, use->type, &output->view);
	if (!object)
		return frame_no_memory(frame, &place->scope);
	object->root = frame->root;
	object->holder = place->object;
	object->field = place->field;
	object->index = place->scope.index;
	object->little = place->object->little;
	object->draft = draft;
	if (!object_choose_parent(frame, &place->scope, place->field, object) ||
	        !pass_arguments(frame, place, use, object))
		return false;
	*into = (struct cell){ .kind = CELL_STRUCT, .as.object = object };
	return encode_object(frame, object, output) &&
	       (!apart || close_stream(frame, place, use, draft, output));
}

/* ---- which type ---- */

static bool value_fits(const struct type_use *use, const struct value *given)
{
	switch (use->base) {
	case BASE_NONE:
		return false;
	case BASE_UNSIGNED:
	case BASE_SIGNED:
	case BASE_FLOAT:
	case BASE_BITS:
		return given->kind == VALUE_INT || given->kind == VALUE_UINT ||
		       given->kind == VALUE_DOUBLE || given->kind == VALUE_BOOL;
	case BASE_BYTES:
		return given->kind == VALUE_BYTES;
	case BASE_TEXT:
		return given->kind == VALUE_TEXT;
	case BASE_STRUCT:
		break;
	}
	if (given->kind != VALUE_MAP)
		return false;
	for (const struct value *at = given->as.members.first; at; at = at->next) {
		unsigned i = member_of_key(use->type, at->key);
		if (i == use->type->nmembers || use->type->members[i].kind == MEMBER_PARAMETER)
			return false;
	}
	return true;
}

/* The tag of the switch is not known: the one case that the value fits says what it is. */
static bool choose_by_value(struct frame *frame, const struct place *place,
        const struct value *given, const struct type_use **use)
{
	const struct type_case *fits = NULL;
	unsigned n = 0;
	for (unsigned i = 0; given && i < place->field->ncases; i++) {
		const struct type_case *at = &place->field->cases[i];
		if (at->when && value_fits(&at->use, given)) {
			fits = at;
			n++;
		}
	}
	struct cell when;
	if (n != 1 || !evaluate(frame, &place->scope, fits->when, &when))
		return false;
	*use = &fits->use;
	return encode_solve(frame, &place->scope, place->field->switch_on, &when);
}

/* *use NULL: it cannot be said yet, and nothing is written. */
static bool choose(struct frame *frame, const struct place *place, const struct value *given,
        const struct type_use **use)
{
	if (field_choose_use(frame, &place->scope, place->field, use))
		return true;
	if (frame->fault->kind == FRAME_FAULT_LIMIT)
		return false;
	*frame->fault = (struct frame_fault){ .kind = FRAME_FAULT_NONE };
	frame->encoder->unsure = true;
	if (choose_by_value(frame, place, given, use))
		return true;
	*use = NULL;
	return frame->fault->kind == FRAME_FAULT_NONE;
}

static bool write_item(struct frame *frame, const struct place *place, const struct value *given,
        struct cell *cell)
{
	const struct type_use *use;
	if (!frame_step(frame, &place->scope) || !choose(frame, place, given, &use))
		return false;
	if (!use)
		return true;
	if (use->base != BASE_BITS)
		output_align(place->output);
	if (use->base == BASE_STRUCT)
		return write_struct(frame, place, use, given, cell);
	if (use->base != BASE_NONE)
		return write_scalar(frame, place, use, given, cell);
	cell->kind = CELL_ABSENT;
	return !given || place_fault(frame, place, "is given, but no case of the switch applies");
}

/* ---- repetition ---- */

/* After an item: whether `repeat-until` ends where the list does. */
static bool check_until(
        struct frame *frame, const struct place *place, const struct cell *item, bool last)
{
	struct scope scope = { place->object, item, place->scope.index };
	struct cell over, wanted = { .kind = CELL_BOOLEAN, .as.integer = last };
	enum known known = encode_try(frame, &scope, place->field->repeat_by, &over);
	if (known == KNOWN_FAULT)
		return false;
	if (known == KNOWN_YES && over.kind == CELL_BOOLEAN && (over.as.integer != 0) == last)
		return true;
	if (encode_solve(frame, &scope, place->field->repeat_by, &wanted))
		return true;
	if (frame->fault->kind != FRAME_FAULT_NONE)
		return false;
	return doubt(frame, place,
	        last ? "is the last item, but its `repeat-until` does not hold"
	             : "is not the last item, but its `repeat-until` holds");
}

static bool count_items(
        struct frame *frame, const struct place *place, const struct value *given, size_t *n)
{
	const struct field *field = place->field;
	char text[120];
	*n = given ? given->count : 0;
	if (field->repeat != REPEAT_TIMES)
		return given || place_fault(frame, place, "is missing");
	struct cell times;
	if (!given) {
		enum known known = encode_try(frame, &place->scope, field->repeat_by, &times);
		if (known == KNOWN_FAULT)
			return false;
		bool counted = known == KNOWN_YES && times.kind == CELL_INTEGER &&
		               times.as.integer >= 0 && !times.natural;
		*n = counted && (uint64_t)times.as.integer <= UINT32_MAX ? (size_t)times.as.integer
		                                                         : 0;
		return counted || place_fault(frame, place, "is missing");
	}
	size_t wanted;
	if (!encode_fit(frame, &place->scope, field->repeat_by, *n, &wanted))
		return false;
	(void)snprintf(text, sizeof text, "has %zu items, where the frame counts %zu", *n, wanted);
	return wanted == *n || place_fault(frame, place, text);
}

static bool write_repeated(
        struct frame *frame, struct place *place, const struct value *given, struct cell *cell)
{
	size_t n;
	struct array *array = ARENA_NEW(frame->arena, struct array);
	if (!array)
		return frame_no_memory(frame, &place->scope);
	if (given && given->kind != VALUE_LIST)
		return place_fault(frame, place, "must be a list");
	if (!count_items(frame, place, given, &n))
		return false;
	if (place->field->repeat == REPEAT_UNTIL && !n)
		return place_fault(frame, place, "must have at least one item");
	*cell = (struct cell){ .kind = CELL_ARRAY, .as.array = array };
	const struct value *item = given ? given->as.members.first : NULL;
	for (size_t i = 0; i < n; i++) {
		struct cell made = { .kind = CELL_UNREAD };
		place->scope.index = (int64_t)i;
		place->last = i + 1 == n && place->field->repeat == REPEAT_TO_END;
		const struct value *value = item && item->kind != VALUE_NULL ? item : NULL;
		if (!write_item(frame, place, value, &made))
			return false;
		if (!array_make_room(frame, &place->scope, array))
			return false;
		array->items[array->n++] = made;
		if (place->field->repeat == REPEAT_UNTIL &&
		        !check_until(frame, place, &made, i + 1 == n))
			return false;
		item = item ? item->next : NULL;
	}
	place->scope.index = -1;
	return true;
}

/* ---- fields ---- */

/* `if`: where it cannot be said, a field is there when its value is. */
static bool is_wanted(
        struct frame *frame, const struct place *place, const struct value *given, bool *wanted)
{
	const struct expression *condition = place->field->condition;
	struct cell is, there = { .kind = CELL_BOOLEAN, .as.integer = given != NULL };
	*wanted = true;
	if (!condition)
		return true;
	enum known known = encode_try(frame, &place->scope, condition, &is);
	if (known == KNOWN_FAULT)
		return false;
	bool boolean = known == KNOWN_YES && is.kind == CELL_BOOLEAN;
	*wanted = boolean ? is.as.integer != 0 : given != NULL;
	if (boolean && *wanted == (given != NULL))
		return true;
	if (boolean && *wanted)
		return true; /* what is not given may still be computed */
	if (encode_solve(frame, &place->scope, condition, &there)) {
		*wanted = given != NULL;
		return true;
	}
	if (frame->fault->kind != FRAME_FAULT_NONE)
		return false;
	return !boolean || !given || doubt(frame, place, "is given, but its `if` does not hold");
}

static bool write_field(struct frame *frame, struct object *object, unsigned member,
        const struct value *given, struct output *output)
{
	const struct field *field = &object->type->members[member].field;
	struct place place = { .object = object,
		.member = member,
		.scope = { .self = object, .index = -1 },
		.field = field,
		.slot = &object->draft->slots[member],
		.output = output };
	struct cell *cell = &object->cells[member];
	bool wanted;
	if (!is_wanted(frame, &place, given, &wanted))
		return false;
	if (!wanted) {
		cell->kind = CELL_ABSENT;
		return true;
	}
	return field->repeat == REPEAT_NONE ? write_item(frame, &place, given, cell)
	                                    : write_repeated(frame, &place, given, cell);
}

unsigned member_of_key(const struct type *type, slice key)
{
	unsigned named = type->nmembers;
	for (unsigned i = 0; i < type->nmembers; i++) {
		const struct member *at = &type->members[i];
		if (at->field.anonymous)
			continue;
		if (at->field.label.n && slice_equal(at->field.label, key))
			return i;
		if (named == type->nmembers && slice_equal(at->name, key))
			named = i;
	}
	return named;
}

/* NULL: absent, or null. */
static const struct value *given_for(const struct value *map, const struct member *member)
{
	const struct value *given = NULL;
	if (member->field.anonymous)
		return NULL;
	if (member->field.label.n)
		given = value_get(map, member->field.label);
	if (!given)
		given = value_get(map, member->name);
	return given && given->kind != VALUE_NULL ? given : NULL;
}

static bool known_members(struct frame *frame, const struct object *object)
{
	const struct value *given = object->draft->given;
	struct scope scope = { .self = (struct object *)object, .index = -1 };
	const struct type *type = object->type;
	for (const struct value *at = given ? given->as.members.first : NULL; at; at = at->next) {
		unsigned i = member_of_key(type, at->key);
		if (i == type->nmembers ||
		        (type->members[i].kind == MEMBER_PARAMETER && object->draft->use))
			return frame_fail(frame, FRAME_FAULT_VALUE, &scope,
			        "\"%.*s\" is no field of \"%.*s\"",
			        (int)(at->key.n > 40 ? 40 : at->key.n), at->key.p ? at->key.p : "",
			        SLICE_ARG(type->name));
	}
	return true;
}

/* A value that is given for an instance says what the fields are that it is computed from. */
static bool heed_instances(struct frame *frame, struct object *object, const struct value *map)
{
	struct scope scope = { .self = object, .index = -1 };
	for (unsigned i = 0; map && i < object->type->nmembers; i++) {
		const struct member *member = &object->type->members[i];
		struct cell is, wanted;
		if (member->kind != MEMBER_INSTANCE || !member->field.value)
			continue;
		const struct value *given = given_for(map, member);
		if (!given || given->kind == VALUE_LIST || given->kind == VALUE_MAP)
			continue;
		if (!encode_free_cell(frame, &scope, &member->field, given, &wanted))
			return false;
		enum known known = encode_try(frame, &scope, member->field.value, &is);
		if (known == KNOWN_FAULT)
			return false;
		if (wanted.kind == CELL_ENUM)
			wanted.kind = CELL_INTEGER;
		if (known == KNOWN_YES && cells_equal(&is, &wanted))
			continue;
		(void)encode_solve(frame, &scope, member->field.value, &wanted);
		if (frame->fault->kind != FRAME_FAULT_NONE)
			return false;
	}
	return true;
}

bool encode_object(struct frame *frame, struct object *object, struct output *output)
{
	struct scope scope = { .self = object, .index = -1 };
	const struct value *map = object->draft->given;
	if (frame->depth >= DEPTH_MAX)
		return frame_fail(
		        frame, FRAME_FAULT_LIMIT, &scope, "structures are nested too deeply");
	if (frame->encoder->pass == 1 && !known_members(frame, object))
		return false;
	frame->depth++;
	bool good = object_switch_endian(frame, object), bits = false;
	if (!good && frame->fault->kind != FRAME_FAULT_LIMIT) {
		*frame->fault = (struct frame_fault){ .kind = FRAME_FAULT_NONE };
		frame->encoder->unsure = true;
		good = true;
	}
	for (unsigned i = 0; i < object->type->nmembers && good; i++) {
		const struct member *member = &object->type->members[i];
		if (member->kind != MEMBER_FIELD)
			continue;
		bool now_bits = member->field.use.base == BASE_BITS && !member->field.switch_on;
		if (bits && !now_bits)
			output_align(output);
		bits = now_bits;
		good = write_field(frame, object, i, given_for(map, member), output);
	}
	good = good && heed_instances(frame, object, map);
	frame->depth--;
	return good;
}
