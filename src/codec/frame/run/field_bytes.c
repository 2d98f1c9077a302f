/* Where a field's bytes end: its size, its terminator, the padding, and what its process makes of them. */
#include "codec/frame/run/process.h"

#include <stdio.h>

/* One of several bytes stands where characters of that size begin, as the language has it. */
size_t terminator_find(slice bytes, slice terminator)
{
	for (size_t at = 0; at + terminator.n <= bytes.n; at += terminator.n) {
		if (memcmp(bytes.p + at, terminator.p, terminator.n) == 0)
			return at;
	}
	return SIZE_MAX;
}

/* Up to the terminator, in a stream. */
static bool read_terminated(struct frame *frame, const struct scope *scope,
        const struct field *field, struct input *input, slice terminator, slice *bytes)
{
	input_align(input);
	slice rest = slice_from(input->bytes, input->at);
	size_t at = terminator_find(rest, terminator);
	if (at == SIZE_MAX) {
		if (input->goes_on)
			input->wanted = input->bytes.n + 1;
		if (!field->lenient_end || input->goes_on)
			return frame_fail_field(frame, scope, field, FRAME_FAULT_END, SIZE_MAX,
			        "the terminator is missing");
		*bytes = (slice){ rest.p ? rest.p : "", rest.n };
		input->at = input->bytes.n;
		return true;
	}
	*bytes = (slice){ rest.p, field->include ? at + terminator.n : at };
	input->at += field->keep_terminator ? at : at + terminator.n;
	return true;
}

static slice strip(const struct field *field, slice terminator, slice bytes)
{
	size_t n = bytes.n;
	/* A terminator that is the padding ends the bytes at its first place; there is nothing left to strip. */
	bool padded = field->pad >= 0 &&
	              !(terminator.n == 1 && (unsigned char)terminator.p[0] == field->pad);
	while (padded && n && (unsigned char)bytes.p[n - 1] == field->pad)
		n--;
	bytes.n = n;
	if (terminator.n) {
		size_t at = terminator_find(bytes, terminator);
		if (at != SIZE_MAX)
			bytes.n = field->include ? at + terminator.n : at;
	}
	return bytes;
}

slice field_terminator(const struct field *field, const struct type_use *use)
{
	return field->has_terminator ? field->terminator : use->zero;
}

bool field_read_bytes(struct frame *frame, const struct scope *scope, const struct field *field,
        const struct type_use *use, struct input *input, slice *bytes, size_t *origin)
{
	slice terminator = field_terminator(field, use);
	size_t n = field->has_contents ? field->contents.n : 0;
	input_align(input);
	if (field->size && !evaluate_size(frame, scope, field->size, "the size", &n))
		return false;
	if (field->to_end)
		n = input->goes_on ? SIZE_MAX : input->bytes.n - input->at;
	*origin = input->origin == ORIGIN_NONE ? ORIGIN_NONE : input->origin + input->at;
	if (field->size || field->to_end || field->has_contents) {
		if (!input_bytes(input, n, bytes)) {
			char text[96];
			(void)snprintf(text, sizeof text, "%zu bytes are needed, %zu are left", n,
			        input->bytes.n - input->at);
			return frame_fail_field(
			        frame, scope, field, FRAME_FAULT_END, SIZE_MAX, text);
		}
		*bytes = strip(field, terminator, *bytes);
	} else if (terminator.n) {
		if (!read_terminated(frame, scope, field, input, terminator, bytes))
			return false;
		if (field->pad >= 0)
			*bytes = strip(field, (slice){ NULL, 0 }, *bytes);
	} else {
		return frame_fail_field(frame, scope, field, FRAME_FAULT_EXPRESSION, SIZE_MAX,
		        "no size is given for this case");
	}
	if (!frame_steps_for(frame, scope, bytes->n))
		return false;
	if (!field->process)
		return true;
	bool good = process_run(frame, scope, field, *origin, bytes);
	*origin = ORIGIN_NONE;
	return good;
}
