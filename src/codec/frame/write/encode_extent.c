/* How many bytes a field takes: its size, its terminator, its padding, its process; the inverse of what decode.c takes
 * off. A size that the value does not fill is padded where reading takes the padding off again, and a fault elsewhere;
 * one that is too small is always a fault. */
#include "codec/frame/write/encode.h"

#include "codec/frame/run/process.h"

#include <stdio.h>

static bool too_large(struct frame *frame, const struct scope *scope, const struct field *field)
{
	char text[96];
	(void)snprintf(text, sizeof text, "makes the frame larger than the largest (%zu bytes)",
	        frame->encoder->max_bytes);
	return frame_fail_field(frame, scope, field, FRAME_FAULT_LIMIT, SIZE_MAX, text);
}

bool encode_fit(struct frame *frame, const struct scope *scope, const struct expression *expression,
        size_t natural, size_t *n)
{
	struct cell is, wanted = { .kind = CELL_INTEGER, .as.integer = (int64_t)natural };
	enum known known = encode_try(frame, scope, expression, &is);
	if (known == KNOWN_FAULT)
		return false;
	bool size = known == KNOWN_YES && is.kind == CELL_INTEGER;
	bool negative = size && !is.natural && is.as.integer < 0;
	*n = natural;
	if (size && !is.natural && is.as.integer == (int64_t)natural)
		return true;
	if (encode_solve(frame, scope, expression, &wanted))
		return true;
	if (frame->fault->kind != FRAME_FAULT_NONE)
		return false;
	if (negative)
		return frame_fail(frame, FRAME_FAULT_VALUE, scope,
		        "the size of a field comes out as %lld", (long long)is.as.integer);
	if (size)
		*n = is.natural || (uint64_t)is.as.integer > SIZE_MAX ? SIZE_MAX
		                                                      : (size_t)is.as.integer;
	return true;
}

/* The content must be one that reading finds again. */
static bool check_content(struct frame *frame, const struct scope *scope, const struct field *field,
        slice terminator, slice content)
{
	if (!terminator.n)
		return true;
	size_t at = terminator_find(content, terminator);
	/* Where the size ends them, bytes need no terminator. */
	bool must = !field->lenient_end && !field->size && !field->to_end;
	if (field->include)
		return at == content.n - terminator.n || (at == SIZE_MAX && !must) ||
		       encode_fault(frame, scope, field, "does not end with its terminator");
	return at == SIZE_MAX || encode_fault(frame, scope, field, "contains its terminator");
}

/* Without a size of its own: up to the terminator, where `separates` only if that is what tells it. One that is not consumed is the next field's to write, or, where
 * there is none, the stream's at its end. One that need not be there is left out where it has no room. */
static bool put_terminated(struct frame *frame, const struct scope *scope,
        const struct field *field, slice terminator, slice content, bool separates,
        struct output *output)
{
	const struct input *view = &output->view;
	bool ended = field->include && content.n >= terminator.n;
	if (ended && field->keep_terminator)
		content.n -= terminator.n;
	if (!output_bytes(output, content))
		return too_large(frame, scope, field);
	bool full = output->fixed && view->at == view->bytes.n;
	if (field->lenient_end && (full || (separates && content.n)))
		return true;
	if (field->keep_terminator)
		output->owed = field->lenient_end ? (slice){ NULL, 0 } : terminator;
	else if (!field->include && !output_bytes(output, terminator))
		return too_large(frame, scope, field);
	return true;
}

/* What the field's process was made of. Its arguments are evaluated as in reading, where the bytes are behind. */
static bool undo(struct frame *frame, const struct scope *scope, const struct field *field,
        bool structure, struct output *output, slice *content)
{
	struct input before = output->view;
	slice plain = *content;
	struct cell size = { .kind = CELL_ABSENT };
	if (field->size && encode_try(frame, scope, field->size, &size) == KNOWN_FAULT)
		return false;
	size_t n = plain.n;
	if (size.kind == CELL_INTEGER && size.as.integer >= 0 &&
	        (uint64_t)size.as.integer <= output->max_bytes)
		n = (size_t)size.as.integer;
	output->view.at += n;
	bool good = process_undo(frame, scope, field, content);
	/* A structure that does not fill its size is filled up before a process that keeps the length. */
	if (good && structure && content->n == plain.n && plain.n < n && field->pad < 0) {
		char *filled = arena_alloc(frame->arena, n);
		if (!filled)
			return frame_no_memory(frame, scope);
		memcpy(filled, plain.p, plain.n);
		*content = (slice){ filled, n };
		good = process_undo(frame, scope, field, content);
	}
	output->view = before;
	return good;
}

static bool wrong_size(struct frame *frame, const struct scope *scope, const struct field *field,
        size_t is, size_t wanted)
{
	char text[96];
	(void)snprintf(text, sizeof text, "has %zu bytes, where it must have %s%zu", is,
	        is > wanted && field->pad >= 0 ? "at most " : "", wanted);
	return encode_fault(frame, scope, field, text);
}

/* Into exactly `n` bytes. */
static bool put_sized(struct frame *frame, const struct scope *scope, const struct field *field,
        slice terminator, slice content, size_t n, bool structure, struct output *output)
{
	if (content.n > n)
		return wrong_size(frame, scope, field, content.n, n);
	if (!output_bytes(output, content))
		return too_large(frame, scope, field);
	size_t left = n - content.n;
	bool ends = terminator.n && !field->include && left;
	if (ends && left < terminator.n)
		return wrong_size(frame, scope, field, content.n + terminator.n, n);
	if (left && !ends && field->pad < 0 && !structure && !(field->include && terminator.n))
		return wrong_size(frame, scope, field, content.n, n);
	/* A terminator that is the padding ends the bytes at its first place. */
	bool padded = field->pad >= 0 &&
	              !(terminator.n == 1 && (unsigned char)terminator.p[0] == field->pad);
	if (padded && !ends && content.n && (unsigned char)content.p[content.n - 1] == field->pad)
		return encode_fault(
		        frame, scope, field, "ends with the byte that it is padded with");
	if (ends && !output_bytes(output, terminator))
		return too_large(frame, scope, field);
	left -= ends ? terminator.n : 0;
	char pad = (char)(unsigned char)(field->pad >= 0 ? field->pad : 0);
	return output_fill(output, left, pad) || too_large(frame, scope, field);
}

bool encode_extent(struct frame *frame, const struct scope *scope, const struct field *field,
        const struct type_use *use, slice content, bool last, struct output *output)
{
	slice terminator = field_terminator(field, use);
	bool structure = use->base == BASE_STRUCT;
	output_align(output);
	if (field->process && !undo(frame, scope, field, structure, output, &content))
		return false;
	if (!check_content(frame, scope, field, terminator, content))
		return false;
	size_t n = content.n + (field->include ? 0 : terminator.n);
	if (field->has_contents)
		n = field->contents.n;
	if (field->size) {
		if (!encode_fit(frame, scope, field->size, n, &n))
			return false;
		return put_sized(frame, scope, field, terminator, content, n, structure, output);
	}
	if (field->to_end) {
		/* Of a stream whose size is given, all that is left is to be filled. */
		size_t left = output->view.bytes.n - output->view.at;
		bool fills = field->pad >= 0 || terminator.n;
		if (fills && output->fixed && output->view.bytes.n >= output->view.at)
			return put_sized(
			        frame, scope, field, terminator, content, left, structure, output);
		return put_sized(frame, scope, field, (slice){ NULL, 0 }, content, content.n,
		        structure, output);
	}
	if (field->has_contents)
		return put_sized(frame, scope, field, terminator, content, n, structure, output);
	if (terminator.n)
		return put_terminated(frame, scope, field, terminator, content, last, output);
	return encode_fault(frame, scope, field, "has no size in this case of the switch");
}
