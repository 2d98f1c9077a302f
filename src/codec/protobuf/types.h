/* What the files of the protobuf codec share: message types as protobuf-c sees them, and what it does not know of
 * them. Nobody else includes this.
 *
 * TO PROTOBUF-C every message type is a ProtobufCMessageDescriptor made at run time, with three deviations
 * from what protoc-c would generate; each keeps one of its weak points out of the way:
 *   1. a string field is declared `bytes`: protobuf-c ends strings at the first NUL;
 *   2. a singular field is always OPTIONAL, with a flag of its own: protobuf-c takes -0.0 for an absent field, and
 *      does not name the required field it misses;
 *   3. there are no default values: defaults never travel, and absence is what the JSON mapping shows. */
#ifndef CODEC_PROTOBUF_TYPES_H
#define CODEC_PROTOBUF_TYPES_H

#include "codec/protobuf/protobuf.h"

#include <protobuf-c/protobuf-c.h>

#define OVER_BUDGET "the message takes more memory than its request may use"

struct protobuf_enum_value {
	slice name;
	int32_t number;
	unsigned order; /* its place in the file */
};

struct protobuf_enum {
	slice name; /* full */
	bool open;  /* proto3: numbers without a name are fine */
	unsigned nvalues;
	const struct protobuf_enum_value *by_name, *by_number; /* each holds all, sorted */
};

struct protobuf_field {
	slice name, json_name;
	const struct protobuf_message *message;  /* PROTOBUF_C_TYPE_MESSAGE */
	const struct protobuf_enum *enumeration; /* PROTOBUF_C_TYPE_ENUM */
	bool text;                               /* PROTOBUF_C_TYPE_BYTES that is UTF-8 */
	bool map;                                /* repeated, and `message` is its entry */
	bool required;
	bool implicit; /* absent and zero are the same */
};

/* The well-known types that have a notation of their own in the JSON mapping. */
enum protobuf_form {
	FORM_PLAIN,
	FORM_TIMESTAMP,
	FORM_DURATION,
	FORM_WRAPPER,
	FORM_STRUCT,
	FORM_VALUE,
	FORM_LIST,
	FORM_FIELD_MASK
};

/* A name that a field answers to. */
struct protobuf_field_name {
	slice name;
	unsigned field;
};

struct protobuf_message {
	ProtobufCMessageDescriptor wire;         /* first: a message's `descriptor` leads to this */
	const struct protobuf_field *fields;     /* one for each of wire.fields: sorted by number */
	const struct protobuf_field_name *names; /* sorted */
	unsigned nnames;
	unsigned nrequired;
	enum protobuf_form form;
	bool map_entry;
};

struct protobuf_schema {
	struct arena arena;
	struct protobuf_message **messages; /* sorted by name */
	struct protobuf_enum **enums;       /* sorted by name */
	struct protobuf_rpc *rpcs;
	unsigned nmessages, nenums, nrpcs;
};

/* The type of a message that protobuf-c made by one of our descriptors. */
static inline const struct protobuf_message *protobuf_type(const ProtobufCMessage *message)
{
	return (const struct protobuf_message *)(const void *)message->descriptor;
}

/* Where a field's value stands, and its quantifier: the count of a repeated field, the number of the field that
 * is set in a oneof, else whether it is there. */
static inline void *protobuf_slot(
        const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	return (char *)(uintptr_t)message + field->offset;
}

static inline void *protobuf_quantifier(
        const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	return (char *)(uintptr_t)message + field->quantifier_offset;
}

/* The order of names in all indexes. */
int protobuf_compare_names(slice, slice);
/* By full name; NULL: not there. */
struct protobuf_message *protobuf_find_message(const struct protobuf_schema *, slice name);
const struct protobuf_enum *protobuf_find_enum(const struct protobuf_schema *, slice name);
/* Gives the well-known types of the schema their forms. */
void protobuf_recognise_forms(struct protobuf_schema *);

const struct protobuf_enum_value *protobuf_enum_by_name(const struct protobuf_enum *, slice);
const struct protobuf_enum_value *protobuf_enum_by_number(const struct protobuf_enum *, int32_t);
const struct protobuf_field_name *protobuf_field_by_name(const struct protobuf_message *, slice);

/* google.protobuf.NullValue: null, in the JSON mapping. */
bool protobuf_is_null_value(const struct protobuf_enum *);
/* Is null a value of the field, and not its absence? */
bool protobuf_takes_null(const struct protobuf_field *);

/* Without any field set. NULL: over budget. */
ProtobufCMessage *protobuf_new_message(struct arena *, const struct protobuf_message *);
/* A singular field: is it there? */
bool protobuf_is_set(const ProtobufCMessage *, const ProtobufCFieldDescriptor *);

/* What one value of the type takes in a message's struct. */
size_t protobuf_type_bytes(ProtobufCType);
/* "int32" */
const char *protobuf_type_name(const struct protobuf_field *, ProtobufCType);

/* At most `max` bytes of what a peer sent, cut between characters: for error texts ("%.*s"). */
slice protobuf_shown(slice, size_t max);

/* Looks the wire format over, then lets protobuf-c unpack it into the arena. NULL: error says why. */
ProtobufCMessage *protobuf_unpack(
        struct arena *, const ProtobufCMessageDescriptor *, slice bytes, struct error *);

#endif
