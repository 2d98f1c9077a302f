/* The second pass of loading: what the fields of a message are, and where each stands in the struct that
 * protobuf-c fills in. */
#include "codec/protobuf/load.h"
#include "base/utf8.h"

#include <stdlib.h>

typedef Google__Protobuf__FieldDescriptorProto field_source;
#define LABEL(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_##name

enum { NUMBER_MAX = 536870911 };

/* By FieldDescriptorProto.Type. Strings are `bytes` to protobuf-c; groups have no entry. */
static const struct {
	ProtobufCType type;
	bool known;
} types[] = {
	[1] = { PROTOBUF_C_TYPE_DOUBLE, true },
	[2] = { PROTOBUF_C_TYPE_FLOAT, true },
	[3] = { PROTOBUF_C_TYPE_INT64, true },
	[4] = { PROTOBUF_C_TYPE_UINT64, true },
	[5] = { PROTOBUF_C_TYPE_INT32, true },
	[6] = { PROTOBUF_C_TYPE_FIXED64, true },
	[7] = { PROTOBUF_C_TYPE_FIXED32, true },
	[8] = { PROTOBUF_C_TYPE_BOOL, true },
	[9] = { PROTOBUF_C_TYPE_BYTES, true },
	[11] = { PROTOBUF_C_TYPE_MESSAGE, true },
	[12] = { PROTOBUF_C_TYPE_BYTES, true },
	[13] = { PROTOBUF_C_TYPE_UINT32, true },
	[14] = { PROTOBUF_C_TYPE_ENUM, true },
	[15] = { PROTOBUF_C_TYPE_SFIXED32, true },
	[16] = { PROTOBUF_C_TYPE_SFIXED64, true },
	[17] = { PROTOBUF_C_TYPE_SINT32, true },
	[18] = { PROTOBUF_C_TYPE_SINT64, true },
};
enum { TYPE_STRING = 9, TYPE_COUNT = sizeof types / sizeof *types };

/* The message's struct while its fields get their places. A oneof's fields share one place. */
struct layout {
	size_t size;
	size_t *oneof_at; /* one a oneof: its number-of-the-field-that-is-set, then the place; 0: none yet */
};

static unsigned layout_take(struct layout *layout, size_t bytes, size_t alignment)
{
	layout->size = (layout->size + alignment - 1) / alignment * alignment;
	size_t at = layout->size;
	layout->size += bytes;
	return (unsigned)at;
}

static void place_field(struct layout *layout, ProtobufCFieldDescriptor *wire, bool in_oneof,
        size_t oneof, size_t bytes)
{
	if (wire->label == PROTOBUF_C_LABEL_REPEATED) {
		wire->quantifier_offset = layout_take(layout, sizeof(size_t), sizeof(size_t));
		wire->offset = layout_take(layout, sizeof(void *), sizeof(void *));
		return;
	}
	if (!in_oneof) {
		/* A message is absent when its pointer is NULL; protobuf-c sets the flag all the same. */
		wire->quantifier_offset =
		        layout_take(layout, sizeof(protobuf_c_boolean), sizeof(protobuf_c_boolean));
		wire->offset = layout_take(layout, bytes, bytes > 8 ? 8 : bytes);
		return;
	}
	if (!layout->oneof_at[oneof])
		layout->oneof_at[oneof] = layout_take(layout, 8 + sizeof(ProtobufCBinaryData), 8);
	wire->flags |= PROTOBUF_C_FIELD_FLAG_ONEOF;
	wire->quantifier_offset = (unsigned)layout->oneof_at[oneof];
	wire->offset = wire->quantifier_offset + 8;
}

/* lowerCamelCase, as protoc makes JSON names: sets that other tools write may lack them. */
static slice camel_case(struct arena *arena, slice name)
{
	char *text = arena_alloc_raw(arena, name.n);
	size_t n = 0;
	bool up = false;
	for (size_t i = 0; text && i < name.n; i++) {
		char c = name.p[i];
		if (c == '_') {
			up = true;
			continue;
		}
		text[n++] = up && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
		up = false;
	}
	return (slice){ text, n };
}

static bool name_field(struct loader *loader, const struct protobuf_message *message,
        const field_source *source, struct protobuf_field *field)
{
	struct arena *arena = &loader->schema->arena;
	if (!protobuf_is_identifier(source->name) || strlen(source->name) > 255)
		return error_set(
		        loader->error, "%s: a field without a proper name", message->wire.name);
	field->name = arena_copy_slice(arena, slice_of(source->name));
	if (!source->json_name)
		field->json_name = camel_case(arena, field->name);
	else if (utf8_valid(slice_of(source->json_name)))
		field->json_name = arena_copy_slice(arena, slice_of(source->json_name));
	else
		return error_set(loader->error, "%s.%s: the JSON name is no UTF-8",
		        message->wire.name, source->name);
	return field->name.p && field->json_name.p ? true : protobuf_exhausted(loader);
}

/* What the field's type names. */
static bool resolve_type(struct loader *loader, const struct protobuf_message *message,
        const field_source *source, struct protobuf_field *field, ProtobufCFieldDescriptor *wire)
{
	if (wire->type != PROTOBUF_C_TYPE_MESSAGE && wire->type != PROTOBUF_C_TYPE_ENUM)
		return true;
	slice name = slice_of(source->type_name);
	if (name.n && name.p[0] == '.')
		name = slice_from(name, 1);
	if (wire->type == PROTOBUF_C_TYPE_MESSAGE) {
		field->message = protobuf_find_message(loader->schema, name);
		wire->descriptor = field->message;
	} else {
		field->enumeration = protobuf_find_enum(loader->schema, name);
	}
	if (!field->message && !field->enumeration)
		return error_set(loader->error,
		        "%s.%s: its type \"%.*s\" is not in the set (protoc --include_imports)",
		        message->wire.name, wire->name, SLICE_ARG(protobuf_shown(name, 80)));
	return true;
}

static bool build_field(struct loader *loader, const struct pending *pending,
        const field_source *source, struct layout *layout, struct protobuf_field *field,
        ProtobufCFieldDescriptor *wire)
{
	struct protobuf_message *message = pending->message;
	if (!name_field(loader, message, source, field))
		return false;
	wire->name = field->name.p;
	wire->id = (uint32_t)source->number;
	size_t type = (size_t)source->type;
	if (type >= TYPE_COUNT || !types[type].known)
		return error_set(loader->error, "%s.%s: %s", message->wire.name, wire->name,
		        type == 10 ? "groups are not supported" : "its type is unknown");
	wire->type = types[type].type;
	field->text = type == TYPE_STRING;
	if (!resolve_type(loader, message, source, field, wire))
		return false;

	bool repeated = source->label == LABEL(REPEATED);
	wire->label = repeated ? PROTOBUF_C_LABEL_REPEATED : PROTOBUF_C_LABEL_OPTIONAL;
	bool in_oneof = source->has_oneof_index && !source->proto3_optional;
	if (in_oneof && (repeated || source->oneof_index < 0 ||
	                        (size_t)source->oneof_index >= pending->source->n_oneof_decl))
		return error_set(loader->error, "%s.%s: its oneof is not declared",
		        message->wire.name, wire->name);
	field->required = source->label == LABEL(REQUIRED);
	message->nrequired += field->required;
	field->map = repeated && field->message && field->message->map_entry;
	field->implicit = pending->proto3 && !repeated && !in_oneof && !source->proto3_optional &&
	                  !field->message;
	bool packable =
	        wire->type != PROTOBUF_C_TYPE_BYTES && wire->type != PROTOBUF_C_TYPE_MESSAGE;
	bool packed = source->options && source->options->has_packed ? source->options->packed
	                                                             : pending->proto3;
	if (repeated && packable && packed)
		wire->flags |= PROTOBUF_C_FIELD_FLAG_PACKED;
	place_field(layout, wire, in_oneof, in_oneof ? (size_t)source->oneof_index : 0,
	        protobuf_type_bytes(wire->type));
	return true;
}

static int by_number(const void *a, const void *b)
{
	const field_source *const *left = a, *const *right = b;
	return ((*left)->number > (*right)->number) - ((*left)->number < (*right)->number);
}

/* The names that fields answer to. Where a JSON name is another field's own name, the own name has it. */
static int by_field_name(const void *a, const void *b)
{
	const struct protobuf_field_name *left = a, *right = b;
	return protobuf_compare_names(left->name, right->name);
}

static bool index_names(struct loader *loader, struct protobuf_message *message)
{
	unsigned n = message->wire.n_fields, nnames = n;
	struct protobuf_field_name *names =
	        arena_alloc(&loader->schema->arena, 2 * n * sizeof *names);
	if (!names)
		return protobuf_exhausted(loader);
	for (unsigned i = 0; i < n; i++)
		names[i] = (struct protobuf_field_name){ message->fields[i].name, i };
	qsort(names, n, sizeof *names, by_field_name);
	for (unsigned i = 1; i < n; i++) {
		if (by_field_name(&names[i - 1], &names[i]) == 0)
			return error_set(loader->error, "%s: two fields %s", message->wire.name,
			        names[i].name.p);
	}
	for (unsigned i = 0; i < n; i++) {
		struct protobuf_field_name json = { message->fields[i].json_name, i };
		if (!bsearch(&json, names, n, sizeof *names, by_field_name))
			names[nnames++] = json;
	}
	qsort(names, nnames, sizeof *names, by_field_name);
	message->names = names;
	message->nnames = nnames;
	return true;
}

/* The table by which protobuf-c finds a field by its number: runs of consecutive numbers. */
static bool index_numbers(struct loader *loader, ProtobufCMessageDescriptor *wire)
{
	ProtobufCIntRange *ranges =
	        arena_alloc(&loader->schema->arena, (wire->n_fields + 1) * sizeof *ranges);
	if (!ranges)
		return protobuf_exhausted(loader);
	unsigned n = 0;
	for (unsigned i = 0; i < wire->n_fields; i++) {
		if (i && wire->fields[i].id == wire->fields[i - 1].id + 1)
			continue;
		ranges[n].start_value = (int)wire->fields[i].id;
		ranges[n++].orig_index = i;
	}
	ranges[n].orig_index = wire->n_fields;
	wire->n_field_ranges = n;
	wire->field_ranges = ranges;
	return true;
}

bool protobuf_build_message(struct loader *loader, const struct pending *pending)
{
	struct protobuf_message *message = pending->message;
	const Google__Protobuf__DescriptorProto *source = pending->source;
	size_t n = source->n_field;
	struct arena *arena = &loader->schema->arena;
	struct layout layout = { .size = sizeof(ProtobufCMessage) };
	layout.oneof_at =
	        arena_alloc(&loader->scratch, (source->n_oneof_decl + 1) * sizeof *layout.oneof_at);
	if (!layout.oneof_at)
		return protobuf_exhausted(loader);
	if (n) { /* protobuf-c looks at the first field unless there is no table */
		struct protobuf_field *fields = arena_alloc(arena, n * sizeof *fields);
		ProtobufCFieldDescriptor *wire = arena_alloc(arena, n * sizeof *wire);
		if (!fields || !wire)
			return protobuf_exhausted(loader);
		qsort(source->field, n, sizeof *source->field, by_number);
		for (size_t i = 0; i < n; i++) {
			int number = source->field[i]->number;
			if (number < 1 || number > NUMBER_MAX ||
			        (i && number == source->field[i - 1]->number))
				return error_set(loader->error, "%s: field number %d is %s",
				        message->wire.name, number,
				        number < 1 || number > NUMBER_MAX ? "not allowed"
				                                          : "there twice");
			if (!build_field(loader, pending, source->field[i], &layout, &fields[i],
			            &wire[i]))
				return false;
		}
		message->fields = fields;
		message->wire.fields = wire;
	}
	message->wire.n_fields = (unsigned)n;
	message->wire.sizeof_message = (layout.size + 7) / 8 * 8;
	return index_numbers(loader, &message->wire) && index_names(loader, message);
}

/* A map's entry is a key of a scalar type, number 1, and a value, number 2. */
bool protobuf_check_map_entry(struct loader *loader, const struct protobuf_message *message)
{
	const ProtobufCFieldDescriptor *fields = message->wire.fields;
	if (message->wire.n_fields == 2 && fields[0].id == 1 && fields[1].id == 2 &&
	        fields[0].label != PROTOBUF_C_LABEL_REPEATED &&
	        fields[1].label != PROTOBUF_C_LABEL_REPEATED &&
	        !(fields[0].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
	        !(fields[1].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
	        fields[0].type != PROTOBUF_C_TYPE_MESSAGE &&
	        fields[0].type != PROTOBUF_C_TYPE_ENUM &&
	        fields[0].type != PROTOBUF_C_TYPE_DOUBLE &&
	        fields[0].type != PROTOBUF_C_TYPE_FLOAT &&
	        (fields[0].type != PROTOBUF_C_TYPE_BYTES || message->fields[0].text))
		return true;
	return error_set(loader->error, "%s: no proper map entry", message->wire.name);
}
