/* The methods of values: to_i, to_s, length … A text counts in characters, bytes in bytes. */
#include "codec/frame/run/cell.h"

#include <math.h>

/* ---- texts ---- */

static size_t character_bytes(slice s, size_t at)
{
	size_t n = 1;
	while (at + n < s.n && ((unsigned char)s.p[at + n] & 0xC0) == 0x80)
		n++;
	return n;
}

static size_t characters(slice s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}

/* The byte where character number `n` begins. */
static size_t character_at(slice s, size_t n)
{
	size_t at = 0;
	while (n-- && at < s.n)
		at += character_bytes(s, at);
	return at;
}

static bool reverse(struct frame *frame, const struct scope *scope, slice s, struct cell *result)
{
	char *turned = arena_alloc_raw(frame->arena, s.n + 1);
	if (!turned)
		return frame_fail(frame, FRAME_FAULT_LIMIT, scope, "over the memory budget");
	for (size_t at = 0; at < s.n;) {
		size_t n = character_bytes(s, at);
		memcpy(turned + s.n - at - n, s.p + at, n);
		at += n;
	}
	*result = cell_of_text((slice){ turned, s.n });
	return true;
}

static bool parse_integer(
        struct frame *frame, const struct scope *scope, slice s, int64_t base, struct cell *result)
{
	struct wide wide = { false, 0 };
	size_t at = 0;
	if (s.n > 1 && (s.p[0] == '-' || s.p[0] == '+'))
		wide.negative = s.p[at++] == '-';
	bool good = at < s.n && base >= 2 && base <= 36;
	for (; at < s.n && good; at++) {
		char c = s.p[at];
		unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
		                 : c >= 'a' && c <= 'z' ? (unsigned)(c - 'a') + 10
		                 : c >= 'A' && c <= 'Z' ? (unsigned)(c - 'A') + 10
		                                        : 99;
		good = digit < (unsigned)base &&
		       wide.magnitude <= (UINT64_MAX - digit) / (unsigned)base;
		wide.magnitude = wide.magnitude * (unsigned)base + digit;
	}
	return (good && wide_narrow(wide, result)) ||
	       frame_fail(frame, FRAME_FAULT_EXPRESSION, scope, "\"%.*s\" is no whole number",
	               (int)(s.n > 40 ? 40 : s.n), s.p);
}

bool cell_text(struct arena *arena, const struct cell *cell, slice *result)
{
	char digits[NUMBER_TEXT_BYTES];
	const struct enum_value *named;
	switch (cell->kind) {
	case CELL_TEXT:
		*result = cell->as.text;
		return true;
	case CELL_BOOLEAN:
		*result = cell->as.integer ? SLICE("true") : SLICE("false");
		return true;
	case CELL_REAL:
		if (!isfinite(cell->as.real))
			return false;
		*result = arena_copy(arena, digits,
		        cell->single ? number_text_float((float)cell->as.real, digits)
		                     : number_text(cell->as.real, digits));
		return result->p != NULL;
	case CELL_ENUM:
		named = enum_find(cell->enumeration, cell->as.integer, cell->natural);
		if (named) {
			*result = named->name;
			return true;
		}
		break;
	case CELL_INTEGER:
		break;
	case CELL_UNREAD:
	case CELL_BUSY:
	case CELL_ABSENT:
	case CELL_BYTES:
	case CELL_STRUCT:
	case CELL_ARRAY:
	case CELL_IO:
	case CELL_VALUE:
		return false;
	}
	*result = cell->natural ? arena_printf(arena, "%llu", (unsigned long long)cell->as.integer)
	                        : arena_printf(arena, "%lld", (long long)cell->as.integer);
	return result->p != NULL;
}

/* ---- methods ---- */

size_t cell_items(const struct cell *cell)
{
	return cell->kind == CELL_ARRAY ? cell->as.array->n : cell->as.text.n;
}

struct cell cell_item(const struct cell *cell, size_t i)
{
	return cell->kind == CELL_ARRAY ? cell->as.array->items[i]
	                                : cell_of_integer((unsigned char)cell->as.text.p[i]);
}

static bool to_integer(struct frame *frame, const struct scope *scope, const struct cell *of,
        int64_t base, struct cell *result)
{
	*result = *of;
	if (of->kind == CELL_TEXT)
		return parse_integer(frame, scope, of->as.text, base, result);
	if (of->kind == CELL_REAL) {
		double whole = trunc(of->as.real);
		if (!(whole >= -9223372036854775808.0 && whole < 18446744073709551616.0))
			return frame_fail(
			        frame, FRAME_FAULT_EXPRESSION, scope, "to_i: not within 64 bits");
		*result = whole < 0 ? cell_of_integer((int64_t)whole)
		                    : cell_of_natural((uint64_t)whole);
		return true;
	}
	result->kind = CELL_INTEGER;
	result->enumeration = NULL;
	result->scaling = NULL;
	return of->kind == CELL_INTEGER || of->kind == CELL_BOOLEAN || of->kind == CELL_ENUM ||
	       frame_fail(frame, FRAME_FAULT_EXPRESSION, scope, "to_i does not go with %s",
	               cell_kind_name(of));
}

static bool to_text(struct frame *frame, const struct scope *scope, const struct expression *call,
        const struct cell *of, struct cell *result)
{
	slice made = { NULL, 0 };
	if (of->kind == CELL_BYTES) {
		enum encoding encoding = scope->self->type->encoding;
		const char *why = "to_s: no encoding";
		if (call->nitems)
			encoding = (enum encoding)call->integer;
		if (!encoding_decode(
		            frame->schema, frame->arena, encoding, of->as.text, &made, &why))
			return frame_fail(frame, FRAME_FAULT_TEXT, scope, "%s", why);
	} else if (!cell_text(frame->arena, of, &made)) {
		return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope, "to_s does not go with %s",
		        cell_kind_name(of));
	}
	*result = cell_of_text(made);
	return true;
}

/* first, last, min, max */
static bool pick(struct frame *frame, const struct scope *scope, enum method_name method,
        const struct cell *of, struct cell *result)
{
	size_t n = cell_items(of);
	if (!n)
		return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope, "the array is empty");
	*result = cell_item(of, method == CALL_LAST ? n - 1 : 0);
	for (size_t i = 1; i < n && (method == CALL_MIN || method == CALL_MAX); i++) {
		struct cell item = cell_item(of, i);
		int order;
		if (!cells_compare(&item, result, &order))
			return cells_mixed(frame, scope, "comparing", &item, result);
		if (method == CALL_MIN ? order < 0 : order > 0)
			*result = item;
	}
	return true;
}

static bool substring(struct frame *frame, const struct scope *scope, const struct expression *call,
        slice s, struct cell *result)
{
	size_t from, to;
	if (!evaluate_size(frame, scope, call->items[0], "substring's start", &from) ||
	        !evaluate_size(frame, scope, call->items[1], "substring's end", &to))
		return false;
	if (from > to || to > characters(s))
		return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope,
		        "substring(%zu, %zu) lies outside the text", from, to);
	from = character_at(s, from);
	*result = cell_of_text((slice){ s.p + from, character_at(s, to) - from });
	return true;
}

/* false with a fault: that is not known before the end is there. Without: the method does not go with a stream. */
static bool call_input(struct frame *frame, const struct scope *scope, enum method_name method,
        struct input *input, struct cell *result)
{
	if (input->goes_on && method == CALL_LENGTH)
		return frame_fail(
		        frame, FRAME_FAULT_EXPRESSION, scope, "the size of a stream that goes on");
	if (input->goes_on && method == CALL_EOF && input_eof(input)) {
		input->wanted = input->bytes.n + 1;
		return frame_fail(
		        frame, FRAME_FAULT_END, scope, "the end of a stream that goes on");
	}
	if (method == CALL_EOF)
		cell_put_boolean(result, input_eof(input));
	else if (method == CALL_POS)
		cell_put_natural(result, input->at);
	else if (method == CALL_LENGTH)
		cell_put_natural(result, input->bytes.n);
	else
		return false;
	return true;
}

bool object_call(enum method_name method, struct object *object, struct cell *result)
{
	if (method == CALL_IO) {
		cell_put(result, CELL_IO, false, 0);
		result->as.input = object->input;
		return true;
	}
	struct object *to = method == CALL_PARENT ? object->parent
	                    : method == CALL_ROOT ? object->root
	                                          : NULL;
	cell_put_object(result, to);
	if (!to)
		result->kind = CELL_ABSENT;
	return method == CALL_PARENT || method == CALL_ROOT;
}

/* What sensors' characteristics need and the language has no words for: logarithms and powers. */
static bool calculate(struct frame *frame, const struct scope *scope, const struct expression *call,
        double of, struct cell *result)
{
	struct cell exponent;
	if (call->method == CALL_LN) {
		*result = cell_of_real(log(of));
		return true;
	}
	if (!evaluate(frame, scope, call->items[0], &exponent))
		return false;
	if (!cell_is_number(&exponent))
		return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope,
		        "fairlead_pow: the exponent is %s", cell_kind_name(&exponent));
	*result = cell_of_real(pow(of, cell_as_real(&exponent)));
	return true;
}

/* What of the value the method goes through. */
static size_t bytes_read(enum method_name method, const struct cell *of)
{
	if (of->kind == CELL_TEXT)
		return of->as.text.n;
	bool all = method == CALL_MIN || method == CALL_MAX;
	return all && (of->kind == CELL_ARRAY || of->kind == CELL_BYTES) ? cell_items(of) : 0;
}

bool cell_call(struct frame *frame, const struct scope *scope, const struct expression *call,
        const struct cell *of, struct cell *result)
{
	size_t base = 10;
	bool listed = of->kind == CELL_ARRAY || of->kind == CELL_BYTES;
	if (!frame_steps_for(frame, scope, bytes_read(call->method, of)))
		return false;
	switch (call->method) {
	case CALL_TO_I:
		if (call->nitems && !evaluate_size(frame, scope, call->items[0], "a base", &base))
			return false;
		return to_integer(frame, scope, of, base > 36 ? 0 : (int64_t)base, result);
	case CALL_TO_S:
		return to_text(frame, scope, call, of, result);
	case CALL_LENGTH:
		if (listed || of->kind == CELL_TEXT) {
			*result =
			        cell_of_natural(listed ? cell_items(of) : characters(of->as.text));
			return true;
		}
		break;
	case CALL_FIRST:
	case CALL_LAST:
	case CALL_MIN:
	case CALL_MAX:
		if (listed)
			return pick(frame, scope, call->method, of, result);
		break;
	case CALL_REVERSE:
		if (of->kind == CELL_TEXT)
			return reverse(frame, scope, of->as.text, result);
		break;
	case CALL_SUBSTRING:
		if (of->kind == CELL_TEXT)
			return substring(frame, scope, call, of->as.text, result);
		break;
	case CALL_LN:
	case CALL_POW:
		if (cell_is_number(of))
			return calculate(frame, scope, call, cell_as_real(of), result);
		break;
	case CALL_NONE:
	case CALL_EOF:
	case CALL_POS:
	case CALL_IO:
	case CALL_PARENT:
	case CALL_ROOT:
		break;
	}
	if (of->kind == CELL_IO && of->as.input->open && call->method != CALL_POS)
		return frame_fail(frame, FRAME_FAULT_UNKNOWN, scope,
		        "how many bytes there will be is not known yet");
	if (of->kind == CELL_IO && call_input(frame, scope, call->method, of->as.input, result))
		return true;
	if (of->kind == CELL_STRUCT && object_call(call->method, of->as.object, result))
		return true;
	return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope, "%.*s does not go with %s",
	        SLICE_ARG(call->text), cell_kind_name(of));
}
