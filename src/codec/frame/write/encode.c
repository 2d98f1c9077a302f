/* Writing a frame: the description run the other way round.
 *
 * The object tree with its cells is built as reading builds it, so that every expression of the description means the
 * same while a frame is written. What reading does not have is that something is not known yet: the length that stands
 * before what it measures, the size of the stream, the tag of a switch. So the tree is written in passes. A field
 * for which no value was given is a hole: zeros, and a cell that no expression may see. Whenever an expression that uses
 * it meets what is really there (a text of nine bytes whose size is `len - 2`), the hole is settled (encode_solve.c), and
 * the next pass writes it. Streams have in each pass the size that they had in the last. When a pass changes nothing
 * any more, the frame is written; mostly that is the second. What is known of each structure is kept in a tree of
 * drafts; objects, cells and bytes are made anew.
 *
 * Then it is read back by the very decoder that the listeners use, and what is read must be what was given: whatever
 * a pass has not understood, a value that would be read back otherwise is never sent. Values of instances are checked
 * by this as well.
 *
 * Rejected: patching bytes in place, as Kaitai's own serialisation does. It is one pass, but what is inside of a
 * processed stream, or decides whether a field is there at all, cannot be patched; and users had to set lengths.
 *
 *     encode_object.c  one pass over a structure          encode_derive.c  what is not given
 *     encode_value.c   values into cells, cells to bits   encode_scale.c   numbers of messages to those on the wire
 *     encode_extent.c  sizes, terminators, padding        encode_output.c  bytes and bits that grow
 *     encode_solve.c   what an open member must be        encode_bits.c    and single bits of one
 *     encode_check.c   what was read back                 encode_wrap.c    what the stream wants around it
 *     encode_part.c    frames in replies */
#include "codec/frame/write/encode.h"

#include "codec/frame/meaning/extension.h"

#include <stdio.h>

enum { PASSES_MAX = 16, STEPS_PER_BYTE = 256, STEPS_LEAST = 65536, VALUE_NODE_BYTES = 8 };

/* What one writing is about. */
struct task {
	const struct frame_schema *schema;
	const struct type *type;
	const struct value *value;
	struct arena *arena;
	struct frame_fault *fault;
	struct encoder encoder;
	struct frame frame;
	struct draft *draft;
	uint64_t cost;
};

/* Always false. */
static bool give_up(struct frame_fault *fault, enum frame_fault_kind kind, const char *text)
{
	if (fault->kind == FRAME_FAULT_NONE) {
		fault->kind = kind;
		(void)snprintf(fault->text, sizeof fault->text, "%s", text);
	}
	return false;
}

/* How much there is to write, more or less: steps are in proportion to it. */
static uint64_t cost_of(const struct value *value, unsigned depth)
{
	uint64_t cost = VALUE_NODE_BYTES;
	if (value->kind == VALUE_TEXT || value->kind == VALUE_BYTES)
		return cost + value->as.text.n;
	if ((value->kind != VALUE_LIST && value->kind != VALUE_MAP) || depth > VALUE_DEPTH_MAX)
		return cost;
	for (const struct value *at = value->as.members.first; at; at = at->next)
		cost += cost_of(at, depth + 1);
	return cost;
}

/* ---- passes ---- */

static bool fill_parameters(struct task *task, struct object *root)
{
	struct scope scope = { .self = root, .index = -1 };
	for (unsigned i = 0; i < task->type->nmembers; i++) {
		const struct member *member = &task->type->members[i];
		const struct value *given = value_get(task->value, member->name);
		if (member->kind != MEMBER_PARAMETER)
			break;
		if (!given)
			return frame_fail_field(&task->frame, &scope, &member->field,
			        FRAME_FAULT_VALUE, SIZE_MAX, "is missing (a parameter)");
		if (!encode_free_cell(&task->frame, &scope, &member->field, given, &root->cells[i]))
			return false;
	}
	return true;
}

/* What is computed from all the rest: `-fairlead-write` and constants that name later fields. */
static bool compute_holes(struct task *task)
{
	for (const struct hole *hole = task->encoder.first; hole; hole = hole->next) {
		struct scope scope = { .self = hole->object, .index = -1 };
		struct cell cell;
		if (!hole->by)
			continue;
		enum known known = encode_try(&task->frame, &scope, hole->by, &cell);
		if (known == KNOWN_FAULT)
			return false;
		if (known == KNOWN_YES)
			(void)encode_settle(&task->frame, hole->object, hole->member, &cell);
		if (task->fault->kind != FRAME_FAULT_NONE)
			return false;
	}
	return true;
}

static bool run_pass(struct task *task, slice before, slice *bytes)
{
	struct encoder *encoder = &task->encoder;
	struct output *output = ARENA_NEW(task->arena, struct output);
	struct object *root = output ? object_make(&task->frame, task->type, &output->view) : NULL;
	encoder->unsure = encoder->changed = false;
	encoder->doubt = (struct frame_fault){ .kind = FRAME_FAULT_NONE };
	encoder->first = NULL;
	encoder->last = &encoder->first;
	task->frame.root = root;
	task->frame.depth = 0;
	task->frame.steps_left = STEPS_LEAST + task->cost * STEPS_PER_BYTE;
	if (!root)
		return give_up(task->fault, FRAME_FAULT_LIMIT, "over the memory budget");
	output_init(output, task->arena, encoder->max_bytes);
	output->view.bytes = before;
	output->view.open = encoder->pass == 1;
	root->root = root;
	root->draft = task->draft;
	if (!fill_parameters(task, root) || !encode_object(&task->frame, root, output) ||
	        !compute_holes(task))
		return false;
	if (!output_close(output))
		return give_up(task->fault, FRAME_FAULT_LIMIT, "larger than the largest frame");
	*bytes = text_slice(&output->bytes);
	return bytes->p || give_up(task->fault, FRAME_FAULT_LIMIT, "over the memory budget");
}

static slice run_passes(struct task *task)
{
	slice bytes = { NULL, 0 };
	for (task->encoder.pass = 1; task->encoder.pass <= PASSES_MAX; task->encoder.pass++) {
		slice before = bytes;
		if (!run_pass(task, before, &bytes))
			return (slice){ NULL, 0 };
		if (!task->encoder.unsure && !task->encoder.changed)
			return bytes;
		if (task->encoder.pass > 1 && !task->encoder.changed && slice_equal(before, bytes))
			return bytes;
	}
	(void)give_up(task->fault, FRAME_FAULT_VALUE,
	        "the lengths and conditions depend on each other and come to no end");
	return (slice){ NULL, 0 };
}

/* What is still open may be left to the framing; anything else is missing. */
static bool all_there(struct task *task, slice bytes)
{
	for (const struct hole *hole = task->encoder.first; hole; hole = hole->next) {
		const struct draft *draft = hole->object->draft;
		struct scope scope = { .self = hole->object, .index = -1 };
		if (hole->optional || draft->slots[hole->member].solved.kind != CELL_UNREAD ||
		        (hole->at != ORIGIN_NONE && hole->n &&
		                wrap_covers(task->schema, bytes, hole->at, hole->n)))
			continue;
		return frame_fail_field(&task->frame, &scope,
		        &hole->object->type->members[hole->member].field, FRAME_FAULT_VALUE,
		        hole->at == ORIGIN_NONE ? SIZE_MAX : hole->at,
		        "is missing, and nothing in the frame says what it is");
	}
	return true;
}

/* ---- the whole ---- */

static bool begin(struct task *task)
{
	*task->fault = (struct frame_fault){ .kind = FRAME_FAULT_NONE };
	task->encoder.max_bytes = task->schema->extension->max_bytes;
	task->frame = (struct frame){ .schema = task->schema,
		.arena = task->arena,
		.fault = task->fault,
		.encoder = &task->encoder };
	if (task->value->kind != VALUE_MAP)
		return give_up(
		        task->fault, FRAME_FAULT_VALUE, "the value must be a map of the fields");
	task->cost = cost_of(task->value, 0);
	task->draft = draft_make(task->arena, task->type, task->value);
	return task->draft || give_up(task->fault, FRAME_FAULT_LIMIT, "over the memory budget");
}

/* What was written, as a listener will see it. */
static bool read_back(struct task *task, slice bytes)
{
	struct frame_fault fault;
	struct frame *frame = frame_decode_type(task->schema, task->type, task->frame.root->cells,
	        task->arena, bytes, NULL, &fault);
	if (!frame) {
		const struct frame_fault *doubt = &task->encoder.doubt;
		*task->fault = doubt->kind == FRAME_FAULT_NONE ? fault : *doubt;
		if (doubt->kind != FRAME_FAULT_NONE)
			return false;
		(void)snprintf(task->fault->text, sizeof task->fault->text,
		        "what is written here could not be read: %.*s",
		        (int)(sizeof fault.text - 48), fault.text);
		return false;
	}
	if (encode_check(frame, frame->root, task->value))
		return true;
	*task->fault = fault;
	return false;
}

/* With `room` more bytes at the end for a checksum that no field of the description holds. { NULL, 0 }: a fault. */
static slice finish(struct task *task, slice bytes, size_t room)
{
	const char *why = "";
	char *copy = arena_alloc(task->arena, bytes.n + room + 1);
	*task->fault = (struct frame_fault){ .kind = FRAME_FAULT_NONE };
	bool good = copy || give_up(task->fault, FRAME_FAULT_LIMIT, "over the memory budget");
	if (good)
		memcpy(copy, bytes.p, bytes.n);
	slice whole = { copy, bytes.n + room };
	good = good && (wrap_patch(task->schema, copy, whole.n, &why) ||
	                       give_up(task->fault, FRAME_FAULT_VALUE, why));
	return good && read_back(task, whole)
	               ? frame_wrap(task->schema, task->arena, whole, task->fault)
	               : (slice){ NULL, 0 };
}

static slice write_whole(struct task *task, slice bytes)
{
	bool certain;
	size_t room = wrap_room(task->schema, bytes, &certain);
	slice whole = finish(task, bytes, certain ? room : 0);
	if (whole.p || certain || !room)
		return whole;
	struct frame_fault first = *task->fault;
	whole = finish(task, bytes, room);
	if (!whole.p)
		*task->fault = first;
	return whole;
}

slice encode_type(const struct frame_schema *schema, const struct type *type, struct arena *arena,
        const struct value *value, bool whole, struct frame_fault *fault)
{
	struct task task = {
		.schema = schema, .type = type, .value = value, .arena = arena, .fault = fault
	};
	if (!begin(&task))
		return (slice){ NULL, 0 };
	slice bytes = run_passes(&task);
	if (!bytes.p || !all_there(&task, bytes))
		return (slice){ NULL, 0 };
	if (whole)
		return write_whole(&task, bytes);
	return read_back(&task, bytes) ? bytes : (slice){ NULL, 0 };
}

static slice encode_named(const struct frame_schema *schema, slice name, struct arena *arena,
        const struct value *value, bool whole, struct frame_fault *fault)
{
	struct loader loader = { .self = schema->root };
	const struct type *type = name.n ? loader_find_type(&loader, name) : schema->root;
	if (type)
		return encode_type(schema, type, arena, value, whole, fault);
	*fault = (struct frame_fault){ .kind = FRAME_FAULT_NONE };
	(void)give_up(fault, FRAME_FAULT_VALUE, "the description has no such type");
	(void)snprintf(fault->path, sizeof fault->path, "%.*s", SLICE_ARG(name));
	return (slice){ NULL, 0 };
}

slice frame_encode(const struct frame_schema *schema, struct arena *arena, slice type,
        const struct value *value, struct frame_fault *fault)
{
	return encode_named(schema, type, arena, value, false, fault);
}

slice frame_write(const struct frame_schema *schema, struct arena *arena, slice type,
        const struct value *value, struct frame_fault *fault)
{
	return encode_named(schema, type, arena, value, true, fault);
}
