/* The wire format: protobuf-c does the work, this file makes it safe.
 *
 * protobuf-c trusts its input more than a gateway can: it nests without a limit, reads a bool from any wire type,
 * takes field number 0, and says no more than that unpacking failed. So each message is looked over first, by the
 * same descriptors: tags, wire types, lengths, at most VALUE_DEPTH_MAX messages deep. Memory is bounded by the
 * arena that it allocates from; the arena frees nothing piecemeal, so free() does nothing.
 *
 * WHAT PROTOBUF-C CANNOT DO, and is refused here by name:
 *   - groups, also in fields that the schema does not have (wire types 3 and 4);
 *   - a singular message that occurs twice and is to be merged: protobuf-c merges wrongly (it fails when a oneof
 *     in it is not set, and loses empty bytes). No encoder writes that; it comes from gluing encoded
 *     messages together;
 *   - a known field with another wire type than the schema's; others skip it, but it is most likely an outdated
 *     schema, and dropping data silently is worse. */
#include "codec/protobuf/types.h"
#include "codec/value.h"

enum { WIRE_VARINT = 0, WIRE_64BIT = 1, WIRE_BYTES = 2, WIRE_32BIT = 5, NUMBER_MAX = 536870911 };

struct scan {
	struct arena *arena;
	struct error *error;
};

/* Takes a varint of at most `max` bytes from the front. */
static bool take_varint(slice *rest, unsigned max, uint64_t *number)
{
	*number = 0;
	for (unsigned i = 0; i < max && i < rest->n; i++) {
		unsigned char byte = (unsigned char)rest->p[i];
		*number |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			*rest = (slice){ rest->p + i + 1, rest->n - i - 1 };
			return true;
		}
	}
	return false;
}

/* Takes one field's payload from the front. */
static bool take_payload(slice *rest, unsigned wire_type, slice *payload)
{
	uint64_t n;
	switch (wire_type) {
	case WIRE_VARINT:
		payload->p = rest->p;
		payload->n = rest->n;
		if (!take_varint(rest, 10, &n))
			return false;
		payload->n -= rest->n;
		return true;
	case WIRE_64BIT:
		n = 8;
		break;
	case WIRE_32BIT:
		n = 4;
		break;
	default:
		if (!take_varint(rest, 5, &n))
			return false;
		break;
	}
	if (n > rest->n || n > INT32_MAX)
		return false;
	*payload = (slice){ rest->p, (size_t)n };
	*rest = (slice){ rest->p + n, rest->n - (size_t)n };
	return true;
}

static unsigned wire_type_of(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return WIRE_32BIT;
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return WIRE_64BIT;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return WIRE_BYTES;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_BOOL:
	case PROTOBUF_C_TYPE_ENUM:
		break;
	}
	return WIRE_VARINT;
}

/* Marks the singular message field as seen in `*seen` (a bit a field, made when first needed). false: it was. */
static bool mark_seen(struct scan *scan, const ProtobufCMessageDescriptor *type,
        const ProtobufCFieldDescriptor *field, unsigned char **seen)
{
	size_t at = (size_t)(field - type->fields);
	if (!*seen)
		*seen = arena_alloc(scan->arena, type->n_fields / 8 + 1);
	if (!*seen)
		return error_set(scan->error, OVER_BUDGET);
	unsigned char bit = (unsigned char)(1u << at % 8);
	if ((*seen)[at / 8] & bit)
		return error_set(scan->error, "%s.%s occurs twice", type->name, field->name);
	(*seen)[at / 8] |= bit;
	return true;
}

static bool scan_message(
        struct scan *scan, const ProtobufCMessageDescriptor *type, slice rest, unsigned depth)
{
	unsigned char *seen = NULL;
	if (depth > VALUE_DEPTH_MAX)
		return error_set(scan->error, "%s: nested deeper than %d messages", type->name,
		        VALUE_DEPTH_MAX);
	while (rest.n) {
		uint64_t tag;
		if (!take_varint(&rest, 5, &tag) || tag >> 3 == 0 || tag >> 3 > NUMBER_MAX)
			return error_set(scan->error, "%s: malformed tag", type->name);
		unsigned wire_type = (unsigned)(tag & 7), number = (unsigned)(tag >> 3);
		const ProtobufCFieldDescriptor *field =
		        protobuf_c_message_descriptor_get_field(type, number);
		if (wire_type != WIRE_VARINT && wire_type != WIRE_64BIT &&
		        wire_type != WIRE_BYTES && wire_type != WIRE_32BIT)
			return error_set(scan->error, "%s: field %u is a group or no field at all",
			        type->name, number);
		slice payload;
		if (!take_payload(&rest, wire_type, &payload))
			return error_set(
			        scan->error, "%s: field %u is cut off", type->name, number);
		if (!field)
			continue;
		bool packed = field->label == PROTOBUF_C_LABEL_REPEATED && wire_type == WIRE_BYTES;
		if (wire_type != wire_type_of(field->type) && !packed)
			return error_set(scan->error, "%s.%s: wire type %u does not fit the schema",
			        type->name, field->name, wire_type);
		if (field->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		if (field->label != PROTOBUF_C_LABEL_REPEATED &&
		        !mark_seen(scan, type, field, &seen))
			return false;
		if (!scan_message(scan, field->descriptor, payload, depth + 1))
			return false;
	}
	return true;
}

/* What protobuf-c allocates from. */
struct source {
	struct arena *arena;
	bool exhausted;
};

static void *source_take(void *arg, size_t n)
{
	struct source *source = arg;
	void *bytes = arena_alloc_raw(source->arena, n);
	source->exhausted |= !bytes;
	return bytes;
}

static void source_leave(void *arg, void *bytes)
{
	(void)arg;
	(void)bytes;
}

ProtobufCMessage *protobuf_unpack(struct arena *arena, const ProtobufCMessageDescriptor *type,
        slice bytes, struct error *error)
{
	struct scan scan = { .arena = arena, .error = error };
	if (!scan_message(&scan, type, bytes, 1))
		return NULL;
	struct source source = { .arena = arena };
	ProtobufCAllocator allocator = { source_take, source_leave, &source };
	ProtobufCMessage *message =
	        protobuf_c_message_unpack(type, &allocator, bytes.n, (const uint8_t *)bytes.p);
	if (!message)
		(void)error_set(error, "%s: %s", type->name,
		        source.exhausted ? OVER_BUDGET : "malformed packed numbers");
	return message;
}
