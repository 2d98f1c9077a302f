/* Messages, made: the tree that emit_load.c loaded, over one frame.
 *
 * Every node costs a step of the frame's, and what it makes comes from the frame's arena, so that the bounds of decoding
 * (decode.c) hold for messages as well. */
#include "codec/frame/meaning/extension.h"

#include "base/hex.h"
#include "base/text.h"

/* What is being made, for all nodes below one another. */
struct making {
	struct frame *frame;
	const struct scope *scope;
	unsigned depth;
};

static enum emit_result run(
        const struct making *, const struct emit *, struct value **, slice *unit);

static enum emit_result fail(const struct making *making, const char *what)
{
	(void)frame_fail(making->frame, FRAME_FAULT_EXPRESSION, making->scope, "%s", what);
	return EMIT_FAILED;
}

static enum emit_result no_memory(const struct making *making)
{
	(void)frame_no_memory(making->frame, making->scope);
	return EMIT_FAILED;
}

static enum emit_result run_expression(
        const struct making *making, const struct emit *emit, struct value **made, slice *unit)
{
	struct cell cell;
	if (!evaluate(making->frame, making->scope, emit->expression, &cell))
		return EMIT_FAILED;
	if (unit && cell.scaling)
		*unit = cell.scaling->unit;
	return emit_cell(making->frame, &cell, making->depth - 1, made);
}

static struct value *copy_literal(struct arena *arena, const struct value *literal)
{
	struct value *copy = arena_alloc_raw(arena, sizeof *copy);
	if (!copy)
		return NULL;
	*copy = *literal;
	copy->next = NULL;
	if (literal->kind != VALUE_LIST && literal->kind != VALUE_MAP)
		return copy;
	copy->as.members.first = copy->as.members.last = NULL;
	copy->count = 0;
	for (const struct value *at = literal->as.members.first; at; at = at->next) {
		if (!value_append(copy, copy_literal(arena, at)))
			return NULL;
	}
	return copy;
}

static enum emit_result run_members(
        const struct making *making, const struct emit *emit, struct value **made)
{
	bool list = emit->kind == EMIT_LIST;
	*made = list ? value_list(making->frame->arena) : value_map(making->frame->arena);
	if (!*made)
		return no_memory(making);
	for (const struct emit *at = emit->first; at; at = at->next) {
		struct value *member = NULL;
		enum emit_result result = run(making, at, &member, NULL);
		if (result == EMIT_FAILED)
			return result;
		if (result == EMITTED && list)
			(void)value_append(*made, member);
		else if (result == EMITTED)
			(void)value_set_new(*made, at->key, member);
	}
	return EMITTED;
}

/* ---- merging ---- */

/* Of members with one name the last stands, where the first stood: that is what was asked for. */
static enum emit_result settle(const struct making *making, struct value *map)
{
	if (!value_merge_duplicates(making->frame->arena, map))
		return no_memory(making);
	map->repeated = false;
	return EMITTED;
}

/* Of all members of this name one list, in the place of the first; those that are lists are joined. */
static bool gather(struct arena *arena, struct value *map, slice name)
{
	struct value *list = NULL, *previous = NULL;
	for (struct value *at = map->as.members.first, *next; at; at = next) {
		next = at->next;
		if (!slice_equal(at->key, name)) {
			previous = at;
			continue;
		}
		struct value *item = arena_alloc_raw(arena, sizeof *item);
		if (!item)
			return false;
		*item = *at;
		item->next = NULL;
		if (!list) {
			struct value *fresh = value_list(arena);
			if (!fresh)
				return false;
			fresh->key = at->key;
			fresh->next = next;
			*at = *fresh;
			list = previous = at;
		} else {
			previous->next = next;
			map->count--;
			if (map->as.members.last == at)
				map->as.members.last = previous;
		}
		for (struct value *of = item->kind == VALUE_LIST ? item->as.members.first : item,
		                  *more;
		        of; of = more) {
			more = item->kind == VALUE_LIST ? of->next : NULL;
			of->next = NULL;
			(void)value_append(list, of);
		}
	}
	return true;
}

static bool take_members(struct value *map, struct value *from)
{
	if (from->kind == VALUE_NULL)
		return true;
	if (from->kind != VALUE_MAP && from->kind != VALUE_LIST)
		return false;
	for (struct value *at = from->as.members.first, *next; at; at = next) {
		next = at->next;
		at->next = NULL;
		if (from->kind == VALUE_MAP)
			(void)value_set_new(map, at->key, at);
		else if (!take_members(map, at))
			return false;
	}
	return true;
}

static enum emit_result run_merge(
        const struct making *making, const struct emit *emit, struct value **made)
{
	*made = value_map(making->frame->arena);
	if (!*made)
		return no_memory(making);
	for (const struct emit *at = emit->first; at; at = at->next) {
		struct value *part = NULL;
		enum emit_result result = run(making, at, &part, NULL);
		if (result == EMIT_FAILED)
			return result;
		if (result == EMITTED && !take_members(*made, part))
			return fail(making, "$merge: only maps, and lists of maps, can be merged");
	}
	for (unsigned i = 0; i < emit->ngather; i++) {
		if (!gather(making->frame->arena, *made, emit->gather[i]))
			return no_memory(making);
	}
	return settle(making, *made);
}

/* ---- one of each element ---- */

static bool name_of(const struct making *making, const struct expression *expression, slice *name)
{
	struct cell cell;
	if (!evaluate(making->frame, making->scope, expression, &cell))
		return false;
	*name = (slice){ NULL, 0 };
	return cell.kind == CELL_ABSENT || cell_text(making->frame->arena, &cell, name) ||
	       frame_fail(making->frame, FRAME_FAULT_EXPRESSION, making->scope,
	               "$name: a text or a number is needed here");
}

static enum emit_result run_element(const struct making *outer, const struct emit *emit,
        const struct cell *element, unsigned i, struct value *into)
{
	struct scope scope = { .self = outer->scope->self, .it = element, .index = i };
	struct making making = { outer->frame, &scope, outer->depth };
	struct value *made = NULL;
	slice name = { NULL, 0 };
	if (!frame_step(outer->frame, &scope) ||
	        (emit->name && !name_of(&making, emit->name, &name)))
		return EMIT_FAILED;
	enum emit_result result = emit->first
	                                  ? run(&making, emit->first, &made, NULL)
	                                  : emit_cell(making.frame, element, making.depth, &made);
	if (result != EMITTED)
		return result;
	if (!emit->name)
		(void)value_append(into, made);
	else if (name.p)
		(void)value_set_new(into, name, made);
	return EMITTED;
}

static enum emit_result run_each(
        const struct making *making, const struct emit *emit, struct value **made)
{
	struct cell list;
	if (!evaluate(making->frame, making->scope, emit->expression, &list))
		return EMIT_FAILED;
	if (list.kind == CELL_ABSENT)
		return EMIT_NOTHING;
	if (list.kind != CELL_ARRAY)
		return fail(making, "$each: an array is needed here");
	*made = emit->name ? value_map(making->frame->arena) : value_list(making->frame->arena);
	if (!*made)
		return no_memory(making);
	for (unsigned i = 0; i < list.as.array->n; i++) {
		const struct cell *element = &list.as.array->items[i];
		if (run_element(making, emit, element, i, *made) == EMIT_FAILED)
			return EMIT_FAILED;
	}
	return emit->name ? settle(making, *made) : EMITTED;
}

/* ---- scaling ---- */

static enum emit_result scale(
        const struct making *making, const struct scaling *scaling, struct value **made)
{
	struct value *value = *made;
	if (!scaling_changes(scaling))
		return EMITTED;
	if (value->kind == VALUE_LIST) {
		for (struct value *at = value->as.members.first, *next; at; at = next) {
			next = at->next;
			struct value *scaled = at;
			if (scale(making, scaling, &scaled) == EMIT_FAILED)
				return EMIT_FAILED;
			scaled->next = NULL;
			*at = *scaled;
			at->next = next;
		}
		return EMITTED;
	}
	if (value->kind != VALUE_INT && value->kind != VALUE_UINT && value->kind != VALUE_DOUBLE)
		return fail(making, "only a number can be scaled or rounded");
	*made = scaling_apply(scaling, making->frame->arena, value);
	return *made ? EMITTED : fail(making, "the scaled number is beyond the range of numbers");
}

static enum emit_result run_group(
        const struct making *making, const struct emit *emit, struct value **made, slice *unit)
{
	enum emit_result result = run(making, emit->first, made, unit);
	if (result != EMITTED || !emit->scaling)
		return result;
	if (unit && emit->scaling->unit.n)
		*unit = emit->scaling->unit;
	return scale(making, emit->scaling, made);
}

static enum emit_result run_hex(
        const struct making *making, const struct emit *emit, struct value **made)
{
	enum emit_result result = run(making, emit->first, made, NULL);
	if (result != EMITTED)
		return result;
	if ((*made)->kind != VALUE_BYTES)
		return fail(making, "$hex: bytes are needed here");
	slice bytes = (*made)->as.text;
	char *digits = arena_alloc_raw(making->frame->arena, 2 * bytes.n + 1);
	if (!digits)
		return no_memory(making);
	hex_encode(bytes, digits);
	*made = value_text(making->frame->arena, (slice){ digits, 2 * bytes.n });
	return *made ? EMITTED : no_memory(making);
}

/* ---- SenML ---- */

/* What all records of a pack have in common, and the list. */
struct pack {
	const struct making *making;
	struct value *list;
	slice base; /* in front of each name */
	const struct value *time;
};

static enum emit_result add_record(struct pack *pack, slice name, slice unit, struct value *value)
{
	static const char *const labels[] = { [VALUE_BOOL] = "vb",
		[VALUE_INT] = "v",
		[VALUE_UINT] = "v",
		[VALUE_DOUBLE] = "v",
		[VALUE_TEXT] = "vs",
		[VALUE_BYTES] = "vd",
		[VALUE_MAP] = NULL };
	struct arena *arena = pack->making->frame->arena;
	if (value->kind == VALUE_NULL)
		return EMITTED;
	if (!labels[value->kind])
		return fail(
		        pack->making, "a SenML record holds one number, text, boolean or bytes");
	struct value *record = value_map(arena);
	slice full = arena_printf(arena, "%.*s%.*s", SLICE_ARG(pack->base), SLICE_ARG(name));
	if (!record || !full.p || !value_set_new(record, SLICE("n"), value_text(arena, full)) ||
	        (pack->time &&
	                !value_set_new(record, SLICE("t"), copy_literal(arena, pack->time))) ||
	        (unit.n && !value_set_new(record, SLICE("u"), value_text(arena, unit))))
		return no_memory(pack->making);
	(void)value_set_new(record, slice_of(labels[value->kind]), value);
	(void)value_append(pack->list, record);
	return EMITTED;
}

static enum emit_result add_cell(
        struct pack *pack, slice prefix, slice name, const struct cell *cell, unsigned depth);

/* Each member of a structure; of one within it by the names of both. */
static enum emit_result add_object(
        struct pack *pack, slice prefix, struct object *object, unsigned depth)
{
	struct frame *frame = pack->making->frame;
	if (depth >= VALUE_DEPTH_MAX) {
		(void)frame_fail(
		        frame, FRAME_FAULT_LIMIT, pack->making->scope, "nested too deeply");
		return EMIT_FAILED;
	}
	for (unsigned i = 0; i < object->type->nmembers; i++) {
		const struct member *member = &object->type->members[i];
		struct cell cell;
		if (!member_is_shown(member))
			continue;
		if (!object_member(frame, object, i, &cell) ||
		        add_cell(pack, prefix, member_label(member), &cell, depth) == EMIT_FAILED)
			return EMIT_FAILED;
	}
	return EMITTED;
}

static enum emit_result add_cell(
        struct pack *pack, slice prefix, slice name, const struct cell *cell, unsigned depth)
{
	struct frame *frame = pack->making->frame;
	if (!frame_step(frame, pack->making->scope))
		return EMIT_FAILED;
	if (cell->kind == CELL_ABSENT || cell->kind == CELL_IO)
		return EMITTED;
	slice full = prefix.n && name.n ? arena_printf(frame->arena, "%.*s/%.*s", SLICE_ARG(prefix),
	                                          SLICE_ARG(name))
	             : name.n           ? name
	                                : prefix;
	if ((prefix.n || name.n) && !full.p)
		return no_memory(pack->making);
	if (cell->kind == CELL_STRUCT)
		return add_object(pack, full, cell->as.object, depth + 1);
	if (cell->kind == CELL_ARRAY) {
		for (unsigned i = 0; i < cell->as.array->n; i++) {
			if (add_cell(pack, full, (slice){ NULL, 0 }, &cell->as.array->items[i],
			            depth) == EMIT_FAILED)
				return EMIT_FAILED;
		}
		return EMITTED;
	}
	struct value *value = cell_value(frame, cell, 0);
	slice unit = cell->scaling ? cell->scaling->unit : (slice){ NULL, 0 };
	return value ? add_record(pack, full, unit, value) : EMIT_FAILED;
}

static bool open_pack(struct pack *pack, const struct emit *emit)
{
	const struct making *making = pack->making;
	struct cell cell;
	pack->list = value_list(making->frame->arena);
	if (!pack->list)
		return frame_no_memory(making->frame, making->scope);
	if (emit->base && !name_of(making, emit->base, &pack->base))
		return false;
	if (!emit->time)
		return true;
	if (!evaluate(making->frame, making->scope, emit->time, &cell))
		return false;
	if (cell.kind == CELL_ABSENT)
		return true;
	if (cell.kind != CELL_INTEGER && cell.kind != CELL_REAL)
		return frame_fail(making->frame, FRAME_FAULT_EXPRESSION, making->scope,
		        "$time: a number of seconds is needed here");
	pack->time = cell_value(making->frame, &cell, 0);
	return pack->time != NULL;
}

static enum emit_result run_senml(
        const struct making *making, const struct emit *emit, struct value **made)
{
	struct pack pack = { .making = making };
	struct cell cell;
	if (!open_pack(&pack, emit))
		return EMIT_FAILED;
	*made = pack.list;
	if (emit->expression)
		return evaluate(making->frame, making->scope, emit->expression, &cell)
		               ? add_cell(&pack, (slice){ NULL, 0 }, (slice){ NULL, 0 }, &cell, 0)
		               : EMIT_FAILED;
	for (const struct emit *at = emit->first; at; at = at->next) {
		struct value *value = NULL;
		slice unit = { NULL, 0 };
		enum emit_result result = run(making, at, &value, &unit);
		if (result == EMITTED)
			result = add_record(&pack, at->key, unit, value);
		if (result == EMIT_FAILED)
			return result;
	}
	return EMITTED;
}

/* ---- the whole ---- */

static enum emit_result run_kind(
        const struct making *making, const struct emit *emit, struct value **made, slice *unit)
{
	switch (emit->kind) {
	case EMIT_EXPRESSION:
		return run_expression(making, emit, made, unit);
	case EMIT_LITERAL:
		*made = copy_literal(making->frame->arena, emit->literal);
		return *made ? EMITTED : no_memory(making);
	case EMIT_MAP:
	case EMIT_LIST:
		return run_members(making, emit, made);
	case EMIT_MERGE:
		return run_merge(making, emit, made);
	case EMIT_EACH:
		return run_each(making, emit, made);
	case EMIT_SENML:
		return run_senml(making, emit, made);
	case EMIT_HEX:
		return run_hex(making, emit, made);
	case EMIT_GROUP:
		return run_group(making, emit, made, unit);
	}
	return EMIT_NOTHING;
}

static enum emit_result run(
        const struct making *outer, const struct emit *emit, struct value **made, slice *unit)
{
	struct making making = *outer;
	bool wanted = true;
	if (!frame_step(making.frame, making.scope))
		return EMIT_FAILED;
	if (++making.depth >= VALUE_DEPTH_MAX) {
		(void)frame_fail(
		        making.frame, FRAME_FAULT_LIMIT, making.scope, "nested too deeply");
		return EMIT_FAILED;
	}
	if (emit->when && !evaluate_boolean(making.frame, making.scope, emit->when, &wanted))
		return EMIT_FAILED;
	if (wanted)
		return run_kind(&making, emit, made, unit);
	return emit->otherwise ? run(outer, emit->otherwise, made, unit) : EMIT_NOTHING;
}

enum emit_result emit_run(struct frame *frame, const struct scope *scope, const struct emit *emit,
        unsigned depth, struct value **made)
{
	struct making making = { frame, scope, depth };
	*made = NULL;
	return run(&making, emit, made, NULL);
}

struct value *emit_message(struct frame *frame, const struct scope *scope)
{
	const struct emit *emit = frame->rule->emit;
	struct value *made;
	if (!emit && !scope->it && frame->assembled.kind != CELL_UNREAD)
		return cell_value(frame, &frame->assembled, 0);
	if (!emit)
		return scope->it ? cell_value(frame, scope->it, 0) : frame_value(frame);
	switch (emit_run(frame, scope, emit, 0, &made)) {
	case EMITTED:
		return made;
	case EMIT_NOTHING:
		return value_null(frame->arena);
	case EMIT_FAILED:
		break;
	}
	return NULL;
}
