/* What went wrong and where, what was read where, and the bound on steps. */
#include "codec/frame/program.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

enum { PATH_DEPTH_MAX = 64 };

/* ---- faults ---- */

slice object_path(struct arena *arena, const struct object *object)
{
	const struct object *chain[PATH_DEPTH_MAX];
	unsigned n = 0;
	for (; object && object->field && n < PATH_DEPTH_MAX; object = object->holder)
		chain[n++] = object;
	struct text text;
	text_init(&text, arena, 64);
	while (n--) {
		text_slice_add(&text, chain[n]->field->name);
		if (chain[n]->index >= 0)
			text_printf(&text, "[%lld]", (long long)chain[n]->index);
		if (n)
			text_char(&text, '.');
	}
	return text_slice(&text);
}

/* Where reading stands, in the frame and in what was unpacked from it. */
static void place_fault(const struct object *object, struct frame_fault *fault)
{
	const struct input *input = object->input;
	if (input->origin != ORIGIN_NONE) {
		fault->offset = input->origin + input->at;
		return;
	}
	fault->unpacked = input->packed != ORIGIN_NONE;
	fault->assembled = !fault->unpacked;
	fault->inside = input->base + input->at;
	fault->offset = fault->unpacked ? input->packed : 0;
}

/* Nobody reads what an optional instance cannot be computed for. */
static bool is_unread(const struct frame *frame, enum frame_fault_kind kind)
{
	return frame->optional && kind != FRAME_FAULT_LIMIT && kind != FRAME_FAULT_UNKNOWN;
}

bool frame_fail(struct frame *frame, enum frame_fault_kind kind, const struct scope *scope,
        const char *format, ...)
{
	struct frame_fault *fault = frame->fault;
	if (fault->kind != FRAME_FAULT_NONE)
		return false;
	fault->kind = kind;
	place_fault(scope->self, fault);
	if (is_unread(frame, kind))
		return false;
	char room[1024];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(room, sizeof room, format, arguments);
	va_end(arguments);
	(void)snprintf(fault->text, sizeof fault->text, "%.*s", (int)sizeof fault->text - 1, room);
	slice path = object_path(frame->arena, scope->self);
	(void)snprintf(fault->path, sizeof fault->path, "%.*s", SLICE_ARG(path));
	return false;
}

/* The same for one field: its name ends the path. */
bool frame_fail_field(struct frame *frame, const struct scope *scope, const struct field *field,
        enum frame_fault_kind kind, size_t offset, const char *text)
{
	struct frame_fault *fault = frame->fault;
	if (fault->kind != FRAME_FAULT_NONE)
		return false;
	(void)frame_fail(frame, kind, scope, "%s", text);
	if (offset != SIZE_MAX) {
		fault->offset = offset;
		fault->unpacked = fault->assembled = false;
	}
	if (is_unread(frame, kind))
		return false;
	size_t n = strlen(fault->path);
	(void)snprintf(fault->path + n, sizeof fault->path - n, "%s%.*s", n ? "." : "",
	        SLICE_ARG(field->name));
	n = strlen(fault->path);
	if (scope->index >= 0)
		(void)snprintf(
		        fault->path + n, sizeof fault->path - n, "[%lld]", (long long)scope->index);
	return false;
}

bool frame_out_of_steps(struct frame *frame, const struct scope *scope)
{
	return frame_fail(frame, FRAME_FAULT_LIMIT, scope,
	        "decoding takes more steps than a frame of this size may");
}

bool frame_no_memory(struct frame *frame, const struct scope *scope)
{
	return frame_fail(frame, FRAME_FAULT_LIMIT, scope, "over the memory budget");
}

/* ---- the trace ---- */

struct frame_trace_entry *frame_trace_add(struct frame *frame, const struct scope *scope,
        const struct field *field, const struct input *input)
{
	struct frame_trace_entry *entry = ARENA_NEW(frame->arena, struct frame_trace_entry);
	if (!entry)
		return NULL;
	slice path = object_path(frame->arena, scope->self);
	entry->path = scope->index < 0 ? arena_printf(frame->arena, "%.*s%s%.*s", SLICE_ARG(path),
	                                         path.n ? "." : "", SLICE_ARG(field->name))
	                               : arena_printf(frame->arena, "%.*s%s%.*s[%lld]",
	                                         SLICE_ARG(path), path.n ? "." : "",
	                                         SLICE_ARG(field->name), (long long)scope->index);
	entry->offset = input->origin == ORIGIN_NONE ? ORIGIN_NONE : input->origin + input->at;
	entry->inside = input->base + input->at;
	if (frame->trace->last)
		frame->trace->last->next = entry;
	else
		frame->trace->first = entry;
	frame->trace->last = entry;
	return entry;
}

void frame_trace_end(struct frame *frame, struct frame_trace_entry *entry,
        const struct input *input, const struct cell *cell)
{
	struct cell *copy = ARENA_NEW(frame->arena, struct cell);
	if (!copy)
		return;
	*copy = *cell;
	entry->cell = copy;
	entry->n = input->base + input->at - entry->inside;
}
