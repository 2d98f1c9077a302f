/* Requests to a device, and what a frame that comes from it is to them.
 *
 * A request is kept as its bytes. Whenever a frame is held against it, it is read anew in that frame's memory, as
 * _request: a frame lives shorter than a request that waits, and what is computed of either must not outlive it. */
#include "codec/frame/meaning/call.h"

#include "base/uri.h"

enum { STEPS = 65536 };

static const struct field request_field = { .name = SLICE_INIT("_request") };
static const struct type no_members = { .name = SLICE_INIT("request") };

bool frame_schema_call(const struct frame_schema *schema, struct frame_call_limits *limits)
{
	const struct frame_call *call = schema->extension->call;
	if (call)
		*limits = call->limits;
	return call != NULL;
}

/* ---- writing one ---- */

/* A frame of nothing, for expressions that see none. NULL: over budget. */
static struct frame *no_frame(
        const struct frame_schema *schema, struct arena *arena, struct frame_fault *fault)
{
	struct frame *frame = ARENA_NEW(arena, struct frame);
	struct object *root = ARENA_NEW(arena, struct object);
	struct input *input = ARENA_NEW(arena, struct input);
	if (!frame || !root || !input)
		return NULL;
	*root = (struct object){ .type = &no_members, .root = root, .input = input, .index = -1 };
	*frame = (struct frame){
		.schema = schema, .arena = arena, .fault = fault, .root = root, .steps_left = STEPS
	};
	return frame;
}

/* The value's members, and those that the description sets. */
static struct value *completed(struct frame *frame, const struct value *given)
{
	const struct frame_call *call = frame->schema->extension->call;
	struct scope scope = { .self = frame->root, .index = -1 };
	struct value *map = value_map(frame->arena);
	for (const struct value *at = given ? given->as.members.first : NULL; map && at;
	        at = at->next) {
		struct value *copy = ARENA_NEW(frame->arena, struct value);
		if (copy)
			*copy = *at;
		if (!value_set_new(map, at->key, copy))
			map = NULL;
	}
	for (unsigned i = 0; map && i < call->nset; i++) {
		struct cell cell;
		if (!evaluate(frame, &scope, call->set[i].expression, &cell))
			return NULL;
		if (!value_set(map, call->set[i].name, cell_value(frame, &cell, 0)))
			map = NULL;
	}
	if (!map)
		(void)frame_no_memory(frame, &scope);
	return map;
}

/* Does the device answer this one? */
static bool is_expected(struct frame *frame, slice bytes, bool *expected)
{
	const struct frame_call *call = frame->schema->extension->call;
	struct cell request;
	*expected = call->answers;
	if (!call->answers || !call->expected)
		return true;
	if (!frame_read_apart(frame, call->type, bytes, &request_field, &request))
		return false;
	struct scope scope = { .self = request.as.object, .index = -1 };
	return evaluate_boolean(frame, &scope, call->expected, expected);
}

bool frame_ask(const struct frame_schema *schema, struct arena *arena, const struct value *value,
        uint64_t transaction, struct frame_request *request, struct frame_fault *fault)
{
	const struct frame_call *call = schema->extension->call;
	*fault = (struct frame_fault){ .kind = FRAME_FAULT_NONE };
	struct frame *frame = no_frame(schema, arena, fault);
	if (!frame) {
		fault->kind = FRAME_FAULT_LIMIT;
		return false;
	}
	struct scope scope = { .self = frame->root, .index = -1 };
	if (value && value->kind != VALUE_MAP)
		return frame_fail(frame, FRAME_FAULT_EXPRESSION, &scope,
		        "a request is made of a map of its members");
	frame->transaction = transaction;
	struct value *whole = completed(frame, value);
	if (!whole)
		return false;
	request->bytes = frame_encode(schema, arena, call->type_name, whole, fault);
	if (!request->bytes.p)
		return false;
	request->sent = frame_write(schema, arena, call->type_name, whole, fault);
	return request->sent.p && is_expected(frame, request->bytes, &request->expected);
}

/* ---- a frame that came ---- */

bool frame_is_answer(struct frame *frame, bool *answer)
{
	const struct frame_call *call = frame->schema->extension->call;
	struct scope scope = { .self = frame->root, .index = -1 };
	*answer = true;
	return !call->when || evaluate_boolean(frame, &scope, call->when, answer);
}

bool frame_answers(struct frame *frame, slice request, bool *answers)
{
	const struct frame_call *call = frame->schema->extension->call;
	struct scope scope = { .self = frame->root, .index = -1 };
	*answers = true;
	if (!frame_read_apart(frame, call->type, request, &request_field, &frame->request))
		return false;
	return !call->match || evaluate_boolean(frame, &scope, call->match, answers);
}

static bool emit_answer(struct frame *frame, const struct emit *emit, const struct value **value)
{
	struct scope scope = { .self = frame->root, .index = -1 };
	struct value *made = NULL;
	*value = NULL;
	if (!emit) {
		*value = frame_value(frame);
		return *value != NULL;
	}
	if (emit_run(frame, &scope, emit, 0, &made) == EMIT_FAILED)
		return false;
	*value = made;
	return true;
}

bool frame_outcome(struct frame *frame, struct frame_outcome *outcome)
{
	const struct frame_call *call = frame->schema->extension->call;
	struct scope scope = { .self = frame->root, .index = -1 };
	*outcome = (struct frame_outcome){ .refused = false };
	if (call->error && !evaluate_boolean(frame, &scope, call->error, &outcome->refused))
		return false;
	if (!outcome->refused)
		return emit_answer(frame, call->emit, &outcome->value);
	return (!call->status || evaluate_text(frame, &scope, call->status, &outcome->status)) &&
	       (!call->text || evaluate_text(frame, &scope, call->text, &outcome->text));
}

bool frame_poll_message(struct frame *frame, const struct frame_poll *poll, slice device,
        slice *path, const struct value **value)
{
	const struct frame_call *call = frame->schema->extension->call;
	struct scope scope = { .self = frame->root, .index = -1 };
	frame->device = device;
	if (!path_fill(frame, &scope, poll->path, poll->npath, path) ||
	        !emit_answer(frame, poll->emit ? poll->emit : call->emit, value))
		return false;
	return *value || frame_fail(frame, FRAME_FAULT_EXPRESSION, &scope,
	                         "the answer holds nothing that is to be told");
}
