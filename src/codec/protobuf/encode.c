/* From a value to the bytes of a message: the value is laid out in the struct that the message's run-time
 * descriptor describes, and protobuf-c packs that. All of it in the arena.
 *
 * Every refusal says where: a place is a chain of field names and list indexes on the stack, written out only
 * when something is wrong. It names fields and enum values that the sender made up, but shows no data. */
#include "codec/protobuf/types.h"
#include "base/base64.h"
#include "codec/protobuf/number.h"
#include "codec/protobuf/time.h"

#include <stdarg.h>
#include <stdio.h>

struct encoder {
	struct arena *arena;
	struct error *error;
	const struct protobuf_message *root;
	unsigned depth; /* messages around the present one */
};

/* Where in the value we are: the member `name` of a map, or (name.p NULL) the member `index` of a list. The
 * whole value has no place: NULL. */
struct place {
	const struct place *above;
	slice name;
	size_t index;
};

enum { PATH_BYTES = 120 };

static size_t path_text(const struct place *place, char *text, size_t n)
{
	if (place->above)
		n = path_text(place->above, text, n);
	size_t room = PATH_BYTES - n;
	slice name = protobuf_shown(place->name, 40);
	int added = place->name.p ? snprintf(text + n, room, ".%.*s", SLICE_ARG(name))
	                          : snprintf(text + n, room, "[%zu]", place->index);
	return added < 0 || (size_t)added >= room ? n : n + (size_t)added;
}

/* "fleet.v1.Reading.points[2].x: why". Always false. */
static bool refuse(const struct encoder *encoder, const struct place *place, const char *format,
        ...) __attribute__((format(printf, 3, 4)));
static bool refuse(
        const struct encoder *encoder, const struct place *place, const char *format, ...)
{
	char why[192], path[PATH_BYTES] = "";
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(why, sizeof why, format, arguments);
	va_end(arguments);
	if (!place)
		return error_set(encoder->error, "%s", why);
	size_t n = path_text(place, path, 0);
	return error_set(encoder->error, "%s%.*s: %s", encoder->root->wire.name, (int)n, path, why);
}

static bool refuse_kind(const struct encoder *encoder, const struct place *place, const char *type,
        const char *takes, const struct value *value)
{
	static const char *const kinds[] = { "null", "true or false", "a number", "a number",
		"a number", "text", "bytes", "a list", "a map" };
	return refuse(encoder, place, "%s takes %s, not %s", type, takes, kinds[value->kind]);
}

static bool exhausted(const struct encoder *encoder)
{
	return error_set(encoder->error, OVER_BUDGET);
}

static bool judge(const struct encoder *encoder, const struct place *place, const char *type,
        const struct value *value, enum number_verdict verdict)
{
	switch (verdict) {
	case NUMBER_OK:
		return true;
	case NUMBER_NONE:
		if (value->kind == VALUE_TEXT)
			return refuse(encoder, place, "%s takes a number; the text is none", type);
		return refuse_kind(encoder, place, type, "a number", value);
	case NUMBER_FRACTION:
		return refuse(encoder, place, "%s takes whole numbers only", type);
	case NUMBER_RANGE:
		return refuse(encoder, place, "the number is out of the range of %s", type);
	case NUMBER_INEXACT:
		return refuse(encoder, place, "%s cannot hold the integer exactly", type);
	}
	return false;
}

static bool set_bool(const struct encoder *encoder, const struct place *place,
        const struct value *value, protobuf_c_boolean *to)
{
	if (value->kind == VALUE_BOOL)
		*to = value->as.boolean;
	else if (value->kind == VALUE_TEXT && slice_is(value->as.text, "true"))
		*to = 1;
	else if (value->kind == VALUE_TEXT && slice_is(value->as.text, "false"))
		*to = 0;
	else
		return refuse_kind(encoder, place, "bool", "true or false", value);
	return true;
}

static bool set_enum(const struct encoder *encoder, const struct place *place,
        const struct protobuf_enum *type, const struct value *value, int32_t *to)
{
	if (value->kind == VALUE_NULL) { /* google.protobuf.NullValue */
		*to = 0;
		return true;
	}
	if (value->kind == VALUE_TEXT) {
		const struct protobuf_enum_value *found =
		        protobuf_enum_by_name(type, value->as.text);
		if (!found)
			return refuse(encoder, place, "no value named %.*s in %.*s",
			        SLICE_ARG(protobuf_shown(value->as.text, 40)),
			        SLICE_ARG(type->name));
		*to = found->number;
		return true;
	}
	int64_t number = 0;
	enum number_verdict verdict = protobuf_signed(value, INT32_MIN, INT32_MAX, &number);
	if (!judge(encoder, place, "an enum", value, verdict))
		return false;
	if (!type->open && !protobuf_enum_by_number(type, (int32_t)number))
		return refuse(
		        encoder, place, "no value %d in %.*s", (int)number, SLICE_ARG(type->name));
	*to = (int32_t)number;
	return true;
}

static bool set_bytes(const struct encoder *encoder, const struct place *place,
        const struct protobuf_field *field, const struct value *value, ProtobufCBinaryData *to)
{
	slice bytes = value->as.text;
	if (field->text && value->kind != VALUE_TEXT)
		return refuse_kind(encoder, place, "string", "text", value);
	if (!field->text && value->kind == VALUE_TEXT) {
		if (!base64_decode(encoder->arena, value->as.text, &bytes))
			return refuse(encoder, place, "bytes takes base64; the text is none");
	} else if (!field->text && value->kind != VALUE_BYTES) {
		return refuse_kind(encoder, place, "bytes", "bytes or base64 text", value);
	}
	to->len = bytes.n;
	to->data = (uint8_t *)(uintptr_t)bytes.p;
	return true;
}

static bool set_message(struct encoder *, const struct place *, const struct protobuf_message *,
        const struct value *, ProtobufCMessage **to);

/* One value of the field's type, at `to`. */
static bool set_single(struct encoder *encoder, const struct place *place,
        const struct protobuf_field *field, ProtobufCType type, const struct value *value, void *to)
{
	int64_t integer = 0;
	uint64_t natural = 0;
	const char *name = protobuf_type_name(field, type);
	enum number_verdict verdict = NUMBER_OK;
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		verdict = protobuf_signed(value, INT32_MIN, INT32_MAX, &integer);
		*(int32_t *)to = (int32_t)integer;
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		verdict = protobuf_signed(value, INT64_MIN, INT64_MAX, to);
		break;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		verdict = protobuf_unsigned(value, UINT32_MAX, &natural);
		*(uint32_t *)to = (uint32_t)natural;
		break;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		verdict = protobuf_unsigned(value, UINT64_MAX, to);
		break;
	case PROTOBUF_C_TYPE_FLOAT:
		verdict = protobuf_float(value, to);
		break;
	case PROTOBUF_C_TYPE_DOUBLE:
		verdict = protobuf_double(value, to);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		return set_bool(encoder, place, value, to);
	case PROTOBUF_C_TYPE_ENUM:
		return set_enum(encoder, place, field->enumeration, value, to);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
		return set_bytes(encoder, place, field, value, to);
	case PROTOBUF_C_TYPE_MESSAGE:
		return set_message(encoder, place, field->message, value, to);
	}
	return judge(encoder, place, name, value, verdict);
}

static bool set_list(struct encoder *encoder, const struct place *place,
        const struct protobuf_field *field, const ProtobufCFieldDescriptor *wire,
        const struct value *value, ProtobufCMessage *message)
{
	if (value->kind != VALUE_LIST)
		return refuse_kind(encoder, place, "a repeated field", "a list", value);
	size_t step = protobuf_type_bytes(wire->type), n = 0;
	char *array = arena_alloc(encoder->arena, value->count * step);
	if (!array)
		return exhausted(encoder);
	for (const struct value *at = value->as.members.first; at; at = at->next, n++) {
		struct place member = { .above = place, .index = n };
		if (at->kind == VALUE_NULL && !protobuf_takes_null(field))
			return refuse(encoder, &member, "null has no place in a list");
		if (!set_single(encoder, &member, field, wire->type, at, array + n * step))
			return false;
	}
	*(void **)protobuf_slot(message, wire) = array;
	*(size_t *)protobuf_quantifier(message, wire) = n;
	return true;
}

/* A map is a repeated message of two fields. */
static bool set_map(struct encoder *encoder, const struct place *place,
        const struct protobuf_field *field, const ProtobufCFieldDescriptor *wire,
        const struct value *value, ProtobufCMessage *message)
{
	const struct protobuf_message *type = field->message;
	const ProtobufCFieldDescriptor *fields = type->wire.fields;
	if (value->kind != VALUE_MAP)
		return refuse_kind(encoder, place, "a map field", "a map", value);
	ProtobufCMessage **entries = arena_alloc(encoder->arena, value->count * sizeof *entries);
	if (!entries)
		return exhausted(encoder);
	size_t n = 0;
	for (const struct value *at = value->as.members.first; at; at = at->next, n++) {
		struct place member = { .above = place, .name = at->key };
		struct value key = { .kind = VALUE_TEXT, .as.text = at->key };
		entries[n] = protobuf_new_message(encoder->arena, type);
		if (!entries[n])
			return exhausted(encoder);
		if (at->kind == VALUE_NULL && !protobuf_takes_null(&type->fields[1]))
			return refuse(encoder, &member, "null has no place in a map");
		if (!set_single(encoder, &member, &type->fields[0], fields[0].type, &key,
		            protobuf_slot(entries[n], &fields[0])) ||
		        !set_single(encoder, &member, &type->fields[1], fields[1].type, at,
		                protobuf_slot(entries[n], &fields[1])))
			return false;
		*(protobuf_c_boolean *)protobuf_quantifier(entries[n], &fields[0]) = 1;
		*(protobuf_c_boolean *)protobuf_quantifier(entries[n], &fields[1]) = 1;
	}
	*(void **)protobuf_slot(message, wire) = entries;
	*(size_t *)protobuf_quantifier(message, wire) = n;
	return true;
}

/* Is what was just set the zero that an implicit field does not send? -0.0 is not: its bits say so. */
static bool is_zero(const ProtobufCFieldDescriptor *wire, const void *slot)
{
	static const char zero[8];
	if (wire->type == PROTOBUF_C_TYPE_BYTES)
		return ((const ProtobufCBinaryData *)slot)->len == 0;
	return memcmp(slot, zero, protobuf_type_bytes(wire->type)) == 0;
}

static bool set_field(struct encoder *encoder, const struct place *above, ProtobufCMessage *message,
        unsigned index, const struct value *value)
{
	const struct protobuf_message *type = protobuf_type(message);
	const struct protobuf_field *field = &type->fields[index];
	const ProtobufCFieldDescriptor *wire = &type->wire.fields[index];
	struct place place = { .above = above, .name = field->name };
	void *slot = protobuf_slot(message, wire), *quantifier = protobuf_quantifier(message, wire);
	if (wire->label == PROTOBUF_C_LABEL_REPEATED) {
		if (value->kind == VALUE_NULL)
			return true;
		if (*(size_t *)quantifier)
			return refuse(encoder, &place, "given twice, under both its names");
		return field->map ? set_map(encoder, &place, field, wire, value, message)
		                  : set_list(encoder, &place, field, wire, value, message);
	}
	if (value->kind == VALUE_NULL && !protobuf_takes_null(field))
		return true;
	bool in_oneof = wire->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
	if (in_oneof && *(uint32_t *)quantifier && *(uint32_t *)quantifier != wire->id)
		return refuse(encoder, &place, "another field of its oneof is given, too");
	if (*(uint32_t *)quantifier)
		return refuse(encoder, &place, "given twice, under both its names");
	if (!set_single(encoder, &place, field, wire->type, value, slot))
		return false;
	if (in_oneof)
		*(uint32_t *)quantifier = wire->id;
	else
		*(protobuf_c_boolean *)quantifier = !(field->implicit && is_zero(wire, slot));
	return true;
}

/* An ordinary message from a map. */
static bool set_members(struct encoder *encoder, const struct place *place,
        ProtobufCMessage *message, const struct value *value)
{
	const struct protobuf_message *type = protobuf_type(message);
	if (value->kind != VALUE_MAP)
		return refuse_kind(encoder, place, type->wire.name, "a map", value);
	for (const struct value *at = value->as.members.first; at; at = at->next) {
		const struct protobuf_field_name *name = protobuf_field_by_name(type, at->key);
		if (!name)
			return refuse(encoder, place, "no field named %.*s in %s",
			        SLICE_ARG(protobuf_shown(at->key, 60)), type->wire.name);
		if (!set_field(encoder, place, message, name->field, at))
			return false;
	}
	for (unsigned i = 0; type->nrequired && i < type->wire.n_fields; i++) {
		if (type->fields[i].required && !protobuf_is_set(message, &type->wire.fields[i]))
			return refuse(encoder, place, "%s needs the field %s", type->wire.name,
			        type->wire.fields[i].name);
	}
	return true;
}

/* Timestamp and Duration. */
static bool set_time(struct encoder *encoder, const struct place *place, ProtobufCMessage *message,
        const struct value *value)
{
	const struct protobuf_message *type = protobuf_type(message);
	bool is_duration = type->form == FORM_DURATION;
	const char *takes = is_duration ? "text like \"1.5s\"" : "RFC 3339 text";
	int64_t seconds;
	int32_t nanos;
	if (value->kind != VALUE_TEXT)
		return refuse_kind(encoder, place, type->wire.name, takes, value);
	if (is_duration ? !protobuf_duration_parse(value->as.text, &seconds, &nanos)
	                : !protobuf_timestamp_parse(value->as.text, &seconds, &nanos))
		return refuse(encoder, place, "%s takes %s", type->wire.name, takes);
	const ProtobufCFieldDescriptor *fields = type->wire.fields;
	*(int64_t *)protobuf_slot(message, &fields[0]) = seconds;
	*(int32_t *)protobuf_slot(message, &fields[1]) = nanos;
	*(protobuf_c_boolean *)protobuf_quantifier(message, &fields[0]) = seconds != 0;
	*(protobuf_c_boolean *)protobuf_quantifier(message, &fields[1]) = nanos != 0;
	return true;
}

/* "a,bC.d" is the paths "a" and "b_c.d". */
static bool set_field_mask(struct encoder *encoder, const struct place *place,
        ProtobufCMessage *message, const struct value *value)
{
	const struct protobuf_message *type = protobuf_type(message);
	if (value->kind != VALUE_TEXT)
		return refuse_kind(encoder, place, type->wire.name, "text", value);
	struct value paths = { .kind = VALUE_LIST };
	slice rest = value->as.text;
	while (rest.n) {
		slice path = slice_cut(&rest, ',');
		char *snake = arena_alloc_raw(encoder->arena, 2 * path.n);
		struct value *member = ARENA_NEW(encoder->arena, struct value);
		if (!snake || !member)
			return exhausted(encoder);
		size_t n = 0;
		for (size_t i = 0; i < path.n; i++) {
			char c = path.p[i];
			if (c == '_')
				return refuse(
				        encoder, place, "a path has \"_\": write it in camelCase");
			if (c >= 'A' && c <= 'Z') {
				snake[n++] = '_';
				c = (char)(c - 'A' + 'a');
			}
			snake[n++] = c;
		}
		member->kind = VALUE_TEXT;
		member->as.text = (slice){ snake, n };
		(void)value_append(&paths, member);
	}
	return set_field(encoder, place, message, 0, &paths);
}

/* google.protobuf.Value: the field that fits the value's kind. Bytes become base64 text, as in JSON. */
static bool set_any_value(struct encoder *encoder, const struct place *place,
        ProtobufCMessage *message, const struct value *value)
{
	enum { NULL_VALUE, NUMBER_VALUE, STRING_VALUE, BOOL_VALUE, STRUCT_VALUE, LIST_VALUE };
	static const unsigned char field[] = {
		[VALUE_NULL] = NULL_VALUE,
		[VALUE_BOOL] = BOOL_VALUE,
		[VALUE_INT] = NUMBER_VALUE,
		[VALUE_UINT] = NUMBER_VALUE,
		[VALUE_DOUBLE] = NUMBER_VALUE,
		[VALUE_TEXT] = STRING_VALUE,
		[VALUE_BYTES] = STRING_VALUE,
		[VALUE_LIST] = LIST_VALUE,
		[VALUE_MAP] = STRUCT_VALUE,
	};
	struct value text = { .kind = VALUE_TEXT };
	if (value->kind == VALUE_BYTES) {
		text.as.text = base64_encode(encoder->arena, value->as.text);
		if (!text.as.text.p)
			return exhausted(encoder);
		value = &text;
	}
	if (value->kind == VALUE_NULL) {
		const ProtobufCFieldDescriptor *wire = &message->descriptor->fields[NULL_VALUE];
		*(uint32_t *)protobuf_quantifier(message, wire) = wire->id;
		return true;
	}
	return set_field(encoder, place, message, field[value->kind], value);
}

static bool set_message(struct encoder *encoder, const struct place *place,
        const struct protobuf_message *type, const struct value *value, ProtobufCMessage **to)
{
	ProtobufCMessage *message = protobuf_new_message(encoder->arena, type);
	if (!message)
		return exhausted(encoder);
	*to = message;
	if (encoder->depth == VALUE_DEPTH_MAX)
		return refuse(encoder, place, "nested deeper than %d messages", VALUE_DEPTH_MAX);
	encoder->depth++;
	bool fits = false;
	switch (type->form) {
	case FORM_PLAIN:
		fits = set_members(encoder, place, message, value);
		break;
	case FORM_TIMESTAMP:
	case FORM_DURATION:
		fits = set_time(encoder, place, message, value);
		break;
	case FORM_WRAPPER:
	case FORM_STRUCT:
	case FORM_LIST:
		fits = set_field(encoder, place, message, 0, value);
		break;
	case FORM_VALUE:
		fits = set_any_value(encoder, place, message, value);
		break;
	case FORM_FIELD_MASK:
		fits = set_field_mask(encoder, place, message, value);
		break;
	}
	encoder->depth--;
	return fits;
}

slice protobuf_encode(struct arena *arena, const struct protobuf_message *type,
        const struct value *value, struct error *error)
{
	struct encoder encoder = { .arena = arena, .error = error, .root = type };
	ProtobufCMessage *message;
	if (!set_message(&encoder, NULL, type, value, &message))
		return (slice){ NULL, 0 };
	size_t n = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = arena_alloc_raw(arena, n);
	if (!bytes) {
		(void)exhausted(&encoder);
		return (slice){ NULL, 0 };
	}
	return (slice){ (const char *)bytes, protobuf_c_message_pack(message, bytes) };
}
