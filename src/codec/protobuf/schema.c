/* Looking things up in a schema, and what its types are called. */
#include "codec/protobuf/types.h"
#include "base/text.h"

#include <stdlib.h>

int protobuf_compare_names(slice a, slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;
	return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* For bsearch(): a name, and a member of one of the indexes. */

static int against_message(const void *name, const void *member)
{
	const struct protobuf_message *const *message = member;
	return protobuf_compare_names(*(const slice *)name, slice_of((*message)->wire.name));
}

static int against_enum(const void *name, const void *member)
{
	const struct protobuf_enum *const *type = member;
	return protobuf_compare_names(*(const slice *)name, (*type)->name);
}

static int against_enum_value(const void *name, const void *member)
{
	const struct protobuf_enum_value *value = member;
	return protobuf_compare_names(*(const slice *)name, value->name);
}

static int against_field(const void *name, const void *member)
{
	const struct protobuf_field_name *field = member;
	return protobuf_compare_names(*(const slice *)name, field->name);
}

struct protobuf_message *protobuf_find_message(const struct protobuf_schema *schema, slice name)
{
	struct protobuf_message **found =
	        schema->nmessages ? bsearch(&name, schema->messages, schema->nmessages,
	                                    sizeof *schema->messages, against_message)
	                          : NULL;
	return found ? *found : NULL;
}

const struct protobuf_enum *protobuf_find_enum(const struct protobuf_schema *schema, slice name)
{
	struct protobuf_enum **found = schema->nenums
	                                       ? bsearch(&name, schema->enums, schema->nenums,
	                                                 sizeof *schema->enums, against_enum)
	                                       : NULL;
	return found ? *found : NULL;
}

/* The well-known types, and the fields that they must have to be taken for them: one letter a field, in the
 * order of their numbers from 1; `*` before it: repeated. l: int64, i: int32, e: enum, d: double, s: string,
 * b: bool, m: message, ?: any scalar. */
static const struct {
	const char *name;
	enum protobuf_form form;
	const char *shape;
} forms[] = {
	{ "google.protobuf.Timestamp", FORM_TIMESTAMP, "li" },
	{ "google.protobuf.Duration", FORM_DURATION, "li" },
	{ "google.protobuf.DoubleValue", FORM_WRAPPER, "?" },
	{ "google.protobuf.FloatValue", FORM_WRAPPER, "?" },
	{ "google.protobuf.Int64Value", FORM_WRAPPER, "?" },
	{ "google.protobuf.UInt64Value", FORM_WRAPPER, "?" },
	{ "google.protobuf.Int32Value", FORM_WRAPPER, "?" },
	{ "google.protobuf.UInt32Value", FORM_WRAPPER, "?" },
	{ "google.protobuf.BoolValue", FORM_WRAPPER, "?" },
	{ "google.protobuf.StringValue", FORM_WRAPPER, "?" },
	{ "google.protobuf.BytesValue", FORM_WRAPPER, "?" },
	{ "google.protobuf.Struct", FORM_STRUCT, "*m" },
	{ "google.protobuf.Value", FORM_VALUE, "edsbmm" },
	{ "google.protobuf.ListValue", FORM_LIST, "*m" },
	{ "google.protobuf.FieldMask", FORM_FIELD_MASK, "*s" },
};

static bool has_shape(const struct protobuf_message *message, const char *shape)
{
	unsigned at = 0;
	for (; *shape; shape++, at++) {
		const ProtobufCFieldDescriptor *field = &message->wire.fields[at];
		bool repeated = *shape == '*';
		shape += repeated;
		if (at >= message->wire.n_fields || field->id != at + 1 ||
		        (field->label == PROTOBUF_C_LABEL_REPEATED) != repeated)
			return false;
		ProtobufCType type = field->type;
		bool right = *shape == 'l'   ? type == PROTOBUF_C_TYPE_INT64
		             : *shape == 'i' ? type == PROTOBUF_C_TYPE_INT32
		             : *shape == 'e' ? type == PROTOBUF_C_TYPE_ENUM
		             : *shape == 'd' ? type == PROTOBUF_C_TYPE_DOUBLE
		             : *shape == 's' ? message->fields[at].text
		             : *shape == 'b' ? type == PROTOBUF_C_TYPE_BOOL
		             : *shape == 'm' ? type == PROTOBUF_C_TYPE_MESSAGE
		                             : type != PROTOBUF_C_TYPE_MESSAGE;
		if (!right)
			return false;
	}
	return at == message->wire.n_fields;
}

void protobuf_recognise_forms(struct protobuf_schema *schema)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct protobuf_message *message =
		        protobuf_find_message(schema, slice_of(forms[i].name));
		if (message && has_shape(message, forms[i].shape))
			message->form = forms[i].form;
	}
}

const struct protobuf_enum_value *protobuf_enum_by_name(
        const struct protobuf_enum *type, slice name)
{
	return bsearch(
	        &name, type->by_name, type->nvalues, sizeof *type->by_name, against_enum_value);
}

/* Of several names of one number, the first in the file. */
const struct protobuf_enum_value *protobuf_enum_by_number(
        const struct protobuf_enum *type, int32_t number)
{
	unsigned low = 0, high = type->nvalues;
	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		if (type->by_number[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	bool found = low < type->nvalues && type->by_number[low].number == number;
	return found ? &type->by_number[low] : NULL;
}

const struct protobuf_field_name *protobuf_field_by_name(
        const struct protobuf_message *type, slice name)
{
	return bsearch(&name, type->names, type->nnames, sizeof *type->names, against_field);
}

bool protobuf_is_null_value(const struct protobuf_enum *type)
{
	return slice_is(type->name, "google.protobuf.NullValue");
}

bool protobuf_takes_null(const struct protobuf_field *field)
{
	return (field->message && field->message->form == FORM_VALUE) ||
	       (field->enumeration && protobuf_is_null_value(field->enumeration));
}

ProtobufCMessage *protobuf_new_message(struct arena *arena, const struct protobuf_message *type)
{
	ProtobufCMessage *message = arena_alloc(arena, type->wire.sizeof_message);
	if (message)
		message->descriptor = &type->wire;
	return message;
}

bool protobuf_is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *wire)
{
	const void *quantifier = protobuf_quantifier(message, wire);
	if (wire->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		return *(const uint32_t *)quantifier == wire->id;
	if (wire->type == PROTOBUF_C_TYPE_MESSAGE)
		return *(void *const *)protobuf_slot(message, wire) != NULL;
	return *(const protobuf_c_boolean *)quantifier != 0;
}

size_t protobuf_type_bytes(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_ENUM:
		return 4;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return 8;
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		break;
	}
	return sizeof(ProtobufCBinaryData);
}

const char *protobuf_type_name(const struct protobuf_field *field, ProtobufCType type)
{
	static const char *const names[] = { "int32", "sint32", "sfixed32", "int64", "sint64",
		"sfixed64", "uint32", "fixed32", "uint64", "fixed64", "float", "double", "bool",
		"an enum", "string", "bytes", "a message" };
	return field->text ? "string" : names[type];
}

slice protobuf_message_name(const struct protobuf_message *message)
{
	return slice_of(message->wire.name);
}

slice protobuf_shown(slice text, size_t max)
{
	if (text.n > max) {
		text.n = max;
		while (text.n && ((unsigned char)text.p[text.n] & 0xc0) == 0x80)
			text.n--;
	}
	return text;
}

/* How much two names have in common: at their beginnings and at their ends. */
static size_t likeness(slice a, slice b)
{
	size_t shorter = a.n < b.n ? a.n : b.n, head = 0, tail = 0;
	while (head < shorter && a.p[head] == b.p[head])
		head++;
	while (tail < shorter - head && a.p[a.n - 1 - tail] == b.p[b.n - 1 - tail])
		tail++;
	return head + tail;
}

/* "no KIND named NAME in the descriptors; the nearest is X". Always false. */
static bool not_found(struct error *error, const char *kind, slice name, slice nearest)
{
	slice shown = protobuf_shown(name, 80);
	if (!nearest.n)
		return error_set(
		        error, "no %s named %.*s in the descriptors", kind, SLICE_ARG(shown));
	return error_set(error, "no %s named %.*s in the descriptors; the nearest is %.*s", kind,
	        SLICE_ARG(shown), SLICE_ARG(nearest));
}

const struct protobuf_message *protobuf_schema_message(
        const struct protobuf_schema *schema, slice name, struct error *error)
{
	if (name.n && name.p[0] == '.')
		name = slice_from(name, 1);
	const struct protobuf_message *message = protobuf_find_message(schema, name);
	if (message)
		return message;
	slice nearest = { NULL, 0 };
	for (unsigned i = 0; i < schema->nmessages; i++) {
		slice other = slice_of(schema->messages[i]->wire.name);
		if (likeness(name, other) > likeness(name, nearest))
			nearest = other;
	}
	(void)not_found(error, "message", name, nearest);
	return NULL;
}

const struct protobuf_rpc *protobuf_schema_rpc(
        const struct protobuf_schema *schema, slice name, struct error *error)
{
	slice nearest = { NULL, 0 };
	if (name.n && name.p[0] == '/')
		name = slice_from(name, 1);
	for (unsigned i = 0; i < schema->nrpcs; i++) {
		const struct protobuf_rpc *rpc = &schema->rpcs[i];
		if (slice_equal(rpc->name, name))
			return rpc;
		if (likeness(name, rpc->name) > likeness(name, nearest))
			nearest = rpc->name;
	}
	(void)not_found(error, "rpc", name, nearest);
	return NULL;
}

void protobuf_schema_free(struct protobuf_schema *schema)
{
	if (!schema)
		return;
	arena_finish(&schema->arena);
	free(schema);
}
