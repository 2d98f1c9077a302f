/* Bodies by a description: what came as the body of a message, over whatever protocol, instead of as frames of a stream.
 *
 * A description with `framing` says how its frames are cut and what they are checked by, and the body is cut so: one frame
 * is its message, several are the list of theirs. Without it the body is one frame. */
#include "api/payload.h"

#include "codec/frame/meaning/emit.h"

#include <stdlib.h>

struct frame_payload_kind {
	struct payload payload; /* first */
	struct frame_schema *schema;
};

extern const struct payload_ops payload_frame;

static const struct frame_schema *schema_of(const struct payload *payload)
{
	return ((const struct frame_payload_kind *)(const void *)payload)->schema;
}

static struct payload *open_file(const char *path, struct error *error)
{
	struct frame_payload_kind *made = calloc(1, sizeof *made);
	if (!made) {
		(void)error_set(error, "out of memory");
		return NULL;
	}
	made->payload.ops = &payload_frame;
	made->schema = frame_schema_open(path, error);
	if (made->schema)
		return &made->payload;
	free(made);
	return NULL;
}

static void close_file(struct payload *payload)
{
	if (!payload)
		return;
	struct frame_payload_kind *made = (struct frame_payload_kind *)(void *)payload;
	frame_schema_free(made->schema);
	free(made);
}

static bool has_parameter(const struct payload *payload, slice name)
{
	const struct type *root = schema_of(payload)->root;
	for (unsigned i = 0; i < root->nmembers; i++) {
		if (root->members[i].kind == MEMBER_PARAMETER &&
		        slice_equal(root->members[i].name, name))
			return true;
	}
	return false;
}

/* ---- decoding ---- */

/* What all frames of a body have in common. */
struct reading {
	const struct frame_schema *schema;
	struct arena *arena;
	const struct frame_parameter *given;
	unsigned ngiven;
	struct error *error;
};

static bool fail_at(const struct reading *reading, size_t at, const struct frame_fault *fault)
{
	return error_set(reading->error, "byte %zu, in %s: %s", at + fault->offset,
	        fault->path[0] ? fault->path : "the frame", fault->text);
}

/* The message of the frame that begins at byte `at` of the body. */
static struct value *read_frame(const struct reading *reading, slice bytes, size_t at)
{
	struct frame_fault fault;
	struct frame *frame = frame_decode_with(reading->schema, reading->arena, bytes,
	        reading->given, reading->ngiven, NULL, &fault);
	struct value *value = frame ? frame_payload(frame) : NULL;
	if (!value)
		(void)fail_at(reading, at, &fault);
	return value;
}

static bool read_framed(const struct reading *reading, slice body, struct value *list)
{
	for (size_t at = 0; at < body.n;) {
		struct frame_piece piece = { .why = NULL };
		switch (frame_split(
		        reading->schema, slice_from(body, at), true, reading->arena, &piece)) {
		case FRAME_MORE:
			return error_set(reading->error, "byte %zu: a frame that is not whole", at);
		case FRAME_BAD:
			return error_set(reading->error, "byte %zu: %s", at, piece.why);
		case FRAME_BETWEEN:
			break;
		case FRAME_WHOLE:
			if (!value_append(list, read_frame(reading, piece.bytes, at)))
				return false;
			break;
		}
		at += piece.used;
	}
	return list->count || error_set(reading->error, "there is no frame in it");
}

static bool take_given(struct reading *reading, const struct value *given)
{
	struct frame_parameter *made =
	        arena_alloc(reading->arena, (given ? given->count : 0) * sizeof *made);
	if (!made)
		return error_set(reading->error, "over the memory budget");
	for (const struct value *at = given ? given->as.members.first : NULL; at; at = at->next)
		made[reading->ngiven++] = (struct frame_parameter){ at->key, at };
	reading->given = made;
	return true;
}

static struct value *decode(const struct payload *payload, struct arena *arena, slice body,
        const struct value *given, struct error *error)
{
	struct reading reading = { .schema = schema_of(payload), .arena = arena, .error = error };
	error->line = error->column = 0;
	if (!take_given(&reading, given))
		return NULL;
	if (!frame_schema_has_framing(reading.schema))
		return read_frame(&reading, body, 0);
	struct value *list = value_list(arena);
	if (!list) {
		(void)error_set(error, "over the memory budget");
		return NULL;
	}
	if (!read_framed(&reading, body, list))
		return NULL;
	struct value *only = list->as.members.first;
	return list->count == 1 ? only : list;
}

/* ---- encoding */

static bool has_type(const struct payload *payload, slice name)
{
	struct loader loader = { .self = schema_of(payload)->root };
	return !name.n || loader_find_type(&loader, name) != NULL;
}

static slice encode(const struct payload *payload, struct arena *arena, slice type,
        const struct value *value, struct error *error)
{
	struct frame_fault fault = { .kind = FRAME_FAULT_NONE };
	error->line = error->column = 0;
	slice bytes = frame_write(schema_of(payload), arena, type, value, &fault);
	if (!bytes.p && fault.path[0])
		(void)error_set(error, "%s: %s", fault.path, fault.text);
	else if (!bytes.p)
		(void)error_set(error, "%s", fault.text);
	return bytes;
}

const struct payload_ops payload_frame = {
	.name = "frame",
	.suffix = ".ksy",
	.open = open_file,
	.close = close_file,
	.has_parameter = has_parameter,
	.decode = decode,
	.has_type = has_type,
	.encode = encode,
};
