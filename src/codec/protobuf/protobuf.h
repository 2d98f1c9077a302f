/* Protocol Buffers by descriptors that are loaded at run time: a value is encoded as a message of a type that
 * the schema names, and decoded from one, by the protobuf JSON mapping. Pure, any thread; a schema is const once
 * it is loaded.
 *
 * ENCODING takes what the mapping takes: fields by their JSON name or their own; 64-bit integers as numbers or
 * decimal text; integral doubles (1e3) for integers; enums by name or number; bytes as VALUE_BYTES or base64
 * text; "NaN", "Infinity", "-Infinity"; RFC 3339 text for Timestamp, "1.5s" for Duration, plain values for the
 * wrappers, Struct, Value and ListValue, "a,b.c" for FieldMask. null is absence. One thing more: "true" and
 * "false" for bool, since XML has only text. Refused, with the field's path: a member that is no field, two of
 * one oneof, a number out of range, and an integer that a double field could not hold exactly.
 *
 * DECODING gives field names in their JSON form, enums by name (by number when the schema has no name), and bytes
 * as VALUE_BYTES. All 64-bit integers are VALUE_INT or VALUE_UINT, where the JSON mapping says text: the value
 * tree is typed, and our JSON writer prints all digits. Fields that cannot be absent (proto3 scalars without
 * `optional`, lists, maps) are always there, as 0, "" or [] if need be: a REST client without the schema must
 * not mistake a reading of 0 for a missing one. Unknown fields are dropped. */
#ifndef CODEC_PROTOBUF_H
#define CODEC_PROTOBUF_H

#include "api/plugin.h"
#include "base/arena.h"
#include "base/slice.h"

struct value;
struct protobuf_schema;
struct protobuf_message; /* one message type; belongs to its schema */

struct protobuf_rpc {
	slice name; /* "fleet.v1.Positions/Report" */
	const struct protobuf_message *input, *output;
	bool streaming; /* in either direction */
};

/* Reads a FileDescriptorSet, as `protoc --include_imports --descriptor_set_out` writes it (proto2 and proto3; no
 * groups). `set` is not needed afterwards. NULL: error says which file or type, and what is wrong with it. */
struct protobuf_schema *protobuf_schema_load(slice set, struct error *);
void protobuf_schema_free(struct protobuf_schema *); /* NULL is fine */

/* By full name, with or without a leading "."; NULL: not there, and error names what is similar. */
const struct protobuf_message *protobuf_schema_message(
        const struct protobuf_schema *, slice name, struct error *);
/* "package.Service/Method", with or without a leading "/"; NULL like above. */
const struct protobuf_rpc *protobuf_schema_rpc(
        const struct protobuf_schema *, slice name, struct error *);

/* "fleet.v1.Reading" */
slice protobuf_message_name(const struct protobuf_message *);

/* The message's bytes, in the arena. { NULL, 0 }: over budget, or the value does not fit; error says which,
 * where and why. */
slice protobuf_encode(
        struct arena *, const struct protobuf_message *, const struct value *, struct error *);
/* The value of the message, in the arena; `bytes` are not needed afterwards. NULL: malformed, nested deeper than
 * VALUE_DEPTH_MAX, or over budget; error says which. */
struct value *protobuf_decode(
        struct arena *, const struct protobuf_message *, slice bytes, struct error *);

#endif
