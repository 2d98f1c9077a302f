/* A part of a reply that is a frame of the description: `{ frame: ack, with: { count: _taken } }`. Its lengths and its
 * checksum come from the description; `with` says the rest, in the language of messages. A reply can also be due when no
 * frame could be read (nak): expressions then see fields that are not there, and only constants give anything. */
#include "codec/frame/write/encode.h"

#include "codec/frame/meaning/extension.h"

enum { STEPS_MAX = 65536 };

static bool check_fields(struct loader *loader, const struct node *with, const struct type *type)
{
	NODE_EACH (with, at) {
		if (at->key.n && at->key.p[0] == '$')
			return true;
		if (member_of_key(type, at->key) == type->nmembers)
			return node_key_error(at, loader->error, "\"%.*s\" is no field of \"%.*s\"",
			        SLICE_ARG(at->key), SLICE_ARG(type->name));
	}
	return true;
}

bool frame_part_compile(struct loader *loader, const struct node *node, struct part *part)
{
	static const char *const known[] = { "frame", "with", "bare", NULL };
	const struct node *name = node_get(node, "frame"), *with = node_get(node, "with"),
	                  *bare = node_get(node, "bare");
	part->kind = PART_FRAME;
	if (!extension_check_keys(loader, node, known, "a reply's frame") ||
	        (bare && !node_switch(loader, bare, &part->bare)))
		return false;
	part->type = name->kind == NODE_SCALAR ? loader_find_type(loader, name->text) : NULL;
	if (!part->type)
		return node_error(name, loader->error, "the type \"%.*s\" is not known",
		        SLICE_ARG(name->text));
	if (!with)
		return true;
	if (with->kind != NODE_MAP)
		return node_error(with, loader->error, "with is a map of the type's fields");
	if (!check_fields(loader, with, part->type))
		return false;
	part->with = emit_compile(loader, with);
	return part->with != NULL;
}

static bool is_fixed(const struct expression *expression)
{
	switch ((int)expression->op) {
	case OP_INTEGER:
	case OP_REAL:
	case OP_BOOLEAN:
	case OP_TEXT:
	case OP_BYTES:
	case OP_ENUM:
		return true;
	case OP_NEGATE:
		return is_fixed(expression->first);
	default:
		return false;
	}
}

static bool emit_is_fixed(const struct emit *emit)
{
	if (emit->when || (emit->expression && !is_fixed(emit->expression)))
		return false;
	for (const struct emit *at = emit->first; at; at = at->next) {
		if (!emit_is_fixed(at))
			return false;
	}
	return emit->kind == EMIT_MAP || emit->kind == EMIT_LIST || emit->kind == EMIT_LITERAL ||
	       emit->kind == EMIT_EXPRESSION;
}

bool frame_part_is_fixed(const struct part *part)
{
	return !part->with || emit_is_fixed(part->with);
}

/* A frame of which nothing was read. */
static bool nothing_read(const struct frame_schema *schema, struct arena *arena,
        struct frame *frame, struct frame_fault *fault)
{
	struct input *none = ARENA_NEW(arena, struct input);
	*fault = (struct frame_fault){ .kind = FRAME_FAULT_NONE };
	*frame = (struct frame){
		.schema = schema, .arena = arena, .fault = fault, .steps_left = STEPS_MAX
	};
	if (!none)
		return false;
	none->open = true;
	frame->root = object_make(frame, schema->root, none);
	if (frame->root)
		frame->root->root = frame->root;
	return frame->root != NULL;
}

bool frame_part_fill(const struct part *part, const struct frame_schema *schema,
        struct frame *frame, const struct scope *outer, struct text *text)
{
	struct frame_fault fault, ignored;
	struct frame empty;
	struct scope scope = *outer;
	struct value *value = NULL;
	if (!frame) {
		if (!nothing_read(schema, text->arena, &empty, &ignored))
			return false;
		frame = &empty;
		scope.self = empty.root;
	}
	if (!part->with)
		value = value_map(text->arena);
	else if (emit_run(frame, &scope, part->with, 0, &value) != EMITTED)
		return false;
	slice bytes =
	        value ? encode_type(schema, part->type, text->arena, value, !part->bare, &fault)
	              : (slice){ NULL, 0 };
	if (!value)
		return frame_no_memory(frame, &scope);
	if (!bytes.p)
		return frame_fail(frame, fault.kind, &scope, "the reply's \"%.*s\": %s%s%s",
		        SLICE_ARG(part->type->name), fault.path, fault.path[0] ? ": " : "",
		        fault.text);
	text_slice_add(text, bytes);
	return true;
}
