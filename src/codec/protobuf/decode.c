/* From the bytes of a message to a value: protobuf-c unpacks them into the struct that the message's run-time
 * descriptor describes, and that is read field by field. All of it in the arena; texts and bytes point into
 * what protobuf-c copied there. */
#include "codec/protobuf/types.h"
#include "base/utf8.h"
#include "codec/protobuf/time.h"
#include "codec/value.h"

#include <inttypes.h>
#include <math.h>

struct decoder {
	struct arena *arena;
	struct error *error;
	unsigned depth; /* lists and maps around the present value */
};

static struct value *exhausted(const struct decoder *decoder)
{
	(void)error_set(decoder->error, OVER_BUDGET);
	return NULL;
}

static struct value *real_value(const struct decoder *decoder, double real, bool is_float)
{
	if (isnan(real))
		return value_text(decoder->arena, SLICE("NaN"));
	if (isinf(real))
		return value_text(
		        decoder->arena, real > 0 ? SLICE("Infinity") : SLICE("-Infinity"));
	return is_float ? value_float(decoder->arena, (float)real)
	                : value_double(decoder->arena, real);
}

static struct value *enum_value(
        const struct decoder *decoder, const struct protobuf_enum *type, int32_t number)
{
	const struct protobuf_enum_value *known = protobuf_enum_by_number(type, number);
	if (protobuf_is_null_value(type))
		return value_null(decoder->arena);
	return known ? value_text(decoder->arena, known->name) : value_int(decoder->arena, number);
}

static struct value *message_value(struct decoder *, const ProtobufCMessage *);

/* One value of the field's type, at `from`. NULL: the error is set. */
static struct value *single_value(struct decoder *decoder, const struct protobuf_field *field,
        ProtobufCType type, const void *from)
{
	struct arena *arena = decoder->arena;
	struct value *value = NULL;
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		value = value_int(arena, *(const int32_t *)from);
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		value = value_int(arena, *(const int64_t *)from);
		break;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		value = value_uint(arena, *(const uint32_t *)from);
		break;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		value = value_uint(arena, *(const uint64_t *)from);
		break;
	case PROTOBUF_C_TYPE_FLOAT:
		value = real_value(decoder, (double)*(const float *)from, true);
		break;
	case PROTOBUF_C_TYPE_DOUBLE:
		value = real_value(decoder, *(const double *)from, false);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		value = value_bool(arena, *(const protobuf_c_boolean *)from != 0);
		break;
	case PROTOBUF_C_TYPE_ENUM:
		value = enum_value(decoder, field->enumeration, *(const int32_t *)from);
		break;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES: {
		const ProtobufCBinaryData *data = from;
		slice bytes = { data->len ? (const char *)data->data : "", data->len };
		if (field->text && !utf8_valid(bytes)) {
			(void)error_set(decoder->error, "the field %s is no UTF-8", field->name.p);
			return NULL;
		}
		value = field->text ? value_text(arena, bytes) : value_bytes(arena, bytes);
		break;
	}
	case PROTOBUF_C_TYPE_MESSAGE: {
		const ProtobufCMessage *message = *(ProtobufCMessage *const *)from;
		if (!message) /* a map entry without its value */
			message = protobuf_new_message(arena, field->message);
		return message ? message_value(decoder, message) : exhausted(decoder);
	}
	}
	return value ? value : exhausted(decoder);
}

/* Goes into a list or map; decoder->depth-- follows. */
static bool enter(struct decoder *decoder)
{
	if (decoder->depth == VALUE_DEPTH_MAX)
		return error_set(
		        decoder->error, "nested deeper than %d lists and maps", VALUE_DEPTH_MAX);
	decoder->depth++;
	return true;
}

static struct value *list_value(struct decoder *decoder, const ProtobufCMessage *message,
        const struct protobuf_field *field, const ProtobufCFieldDescriptor *wire)
{
	size_t n = *(const size_t *)protobuf_quantifier(message, wire);
	size_t step = protobuf_type_bytes(wire->type);
	const char *array = *(char *const *)protobuf_slot(message, wire);
	if (!enter(decoder))
		return NULL;
	struct value *list = value_list(decoder->arena);
	if (!list)
		return exhausted(decoder);
	for (size_t i = 0; i < n; i++) {
		struct value *member = single_value(decoder, field, wire->type, array + i * step);
		if (!value_append(list, member))
			return NULL;
	}
	decoder->depth--;
	return list;
}

/* Entries with one key: the last wins. */
static struct value *map_value(struct decoder *decoder, const ProtobufCMessage *message,
        const struct protobuf_field *field, const ProtobufCFieldDescriptor *wire)
{
	const struct protobuf_message *type = field->message;
	const ProtobufCFieldDescriptor *fields = type->wire.fields;
	size_t n = *(const size_t *)protobuf_quantifier(message, wire);
	ProtobufCMessage *const *entries =
	        *(ProtobufCMessage * *const *)protobuf_slot(message, wire);
	if (!enter(decoder))
		return NULL;
	struct value *map = value_map(decoder->arena);
	if (!map)
		return exhausted(decoder);
	for (size_t i = 0; i < n; i++) {
		const struct value *key = single_value(decoder, &type->fields[0], fields[0].type,
		        protobuf_slot(entries[i], &fields[0]));
		if (!key)
			return NULL;
		slice text = value_to_text(decoder->arena, key);
		if (!text.p)
			return exhausted(decoder);
		struct value *member = single_value(decoder, &type->fields[1], fields[1].type,
		        protobuf_slot(entries[i], &fields[1]));
		if (!value_set_new(map, text, member))
			return NULL;
	}
	decoder->depth--;
	return value_merge_duplicates(decoder->arena, map) ? map : exhausted(decoder);
}

static struct value *field_value(
        struct decoder *decoder, const ProtobufCMessage *message, unsigned index)
{
	const struct protobuf_message *type = protobuf_type(message);
	const struct protobuf_field *field = &type->fields[index];
	const ProtobufCFieldDescriptor *wire = &type->wire.fields[index];
	if (field->map)
		return map_value(decoder, message, field, wire);
	if (wire->label == PROTOBUF_C_LABEL_REPEATED)
		return list_value(decoder, message, field, wire);
	return single_value(decoder, field, wire->type, protobuf_slot(message, wire));
}

static struct value *members_value(struct decoder *decoder, const ProtobufCMessage *message)
{
	const struct protobuf_message *type = protobuf_type(message);
	if (!enter(decoder))
		return NULL;
	struct value *map = value_map(decoder->arena);
	if (!map)
		return exhausted(decoder);
	for (unsigned i = 0; i < type->wire.n_fields; i++) {
		const struct protobuf_field *field = &type->fields[i];
		const ProtobufCFieldDescriptor *wire = &type->wire.fields[i];
		bool always = field->implicit || wire->label == PROTOBUF_C_LABEL_REPEATED;
		if (!always && !protobuf_is_set(message, wire)) {
			if (!field->required)
				continue;
			(void)error_set(decoder->error, "%s: the required field %s is missing",
			        type->wire.name, wire->name);
			return NULL;
		}
		if (!value_set_new(map, field->json_name, field_value(decoder, message, i)))
			return NULL;
	}
	decoder->depth--;
	return map;
}

/* Timestamp and Duration. */
static struct value *time_value(struct decoder *decoder, const ProtobufCMessage *message)
{
	const struct protobuf_message *type = protobuf_type(message);
	int64_t seconds = *(int64_t *)protobuf_slot(message, &type->wire.fields[0]);
	int32_t nanos = *(int32_t *)protobuf_slot(message, &type->wire.fields[1]);
	slice text = type->form == FORM_DURATION
	                     ? protobuf_duration_text(decoder->arena, seconds, nanos)
	                     : protobuf_timestamp_text(decoder->arena, seconds, nanos);
	struct value *value = text.p ? value_text(decoder->arena, text) : NULL;
	if (!value)
		(void)error_set(decoder->error, "%s: %" PRId64 " s, %d ns is out of range",
		        type->wire.name, seconds, (int)nanos);
	return value;
}

/* The paths "a" and "b_c.d" are "a,bC.d". */
static struct value *field_mask_value(struct decoder *decoder, const ProtobufCMessage *message)
{
	const ProtobufCFieldDescriptor *wire = message->descriptor->fields;
	size_t n = *(const size_t *)protobuf_quantifier(message, wire), bytes = 0;
	const ProtobufCBinaryData *paths =
	        *(ProtobufCBinaryData *const *)protobuf_slot(message, wire);
	for (size_t i = 0; i < n; i++)
		bytes += paths[i].len + 1;
	char *text = arena_alloc_raw(decoder->arena, bytes), *to = text;
	if (!text)
		return exhausted(decoder);
	for (size_t i = 0; i < n; i++) {
		if (i)
			*to++ = ',';
		for (size_t k = 0; k < paths[i].len; k++) {
			char c = (char)paths[i].data[k];
			char next = k + 1 < paths[i].len ? (char)paths[i].data[k + 1] : '\0';
			bool up = c == '_' && next >= 'a' && next <= 'z';
			*to++ = up ? (char)(next - 'a' + 'A') : c;
			k += up;
		}
	}
	slice mask = { text, (size_t)(to - text) };
	if (!utf8_valid(mask)) {
		(void)error_set(
		        decoder->error, "%s: a path is no UTF-8", message->descriptor->name);
		return NULL;
	}
	struct value *value = value_text(decoder->arena, mask);
	return value ? value : exhausted(decoder);
}

/* google.protobuf.Value: what it holds. Its numbers are doubles; whole ones become integers again, as far as
 * a double is exact. */
static struct value *any_value(struct decoder *decoder, const ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *wire = message->descriptor;
	unsigned index = 0;
	while (index < wire->n_fields && !protobuf_is_set(message, &wire->fields[index]))
		index++;
	struct value *value = index < wire->n_fields ? field_value(decoder, message, index)
	                                             : value_null(decoder->arena);
	if (value && value->kind == VALUE_DOUBLE && fabs(value->as.real) <= 0x1p53 &&
	        value->as.real == floor(value->as.real))
		value = value_int(decoder->arena, (int64_t)value->as.real);
	return value;
}

static struct value *message_value(struct decoder *decoder, const ProtobufCMessage *message)
{
	switch (protobuf_type(message)->form) {
	case FORM_PLAIN:
		break;
	case FORM_TIMESTAMP:
	case FORM_DURATION:
		return time_value(decoder, message);
	case FORM_WRAPPER:
	case FORM_STRUCT:
	case FORM_LIST:
		return field_value(decoder, message, 0);
	case FORM_VALUE:
		return any_value(decoder, message);
	case FORM_FIELD_MASK:
		return field_mask_value(decoder, message);
	}
	return members_value(decoder, message);
}

struct value *protobuf_decode(
        struct arena *arena, const struct protobuf_message *type, slice bytes, struct error *error)
{
	const ProtobufCMessage *message = protobuf_unpack(arena, &type->wire, bytes, error);
	struct decoder decoder = { .arena = arena, .error = error };
	return message ? message_value(&decoder, message) : NULL;
}
