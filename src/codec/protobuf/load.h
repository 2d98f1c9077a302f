/* What the two halves of loading a descriptor set share: load.c names the types, fields.c lays
 * out the fields of each message. Nobody else includes this. */
#ifndef CODEC_PROTOBUF_LOAD_H
#define CODEC_PROTOBUF_LOAD_H

#include "codec/protobuf/types.h"

#include <google/protobuf/descriptor.pb-c.h>

/* A message between the first pass and the second. */
struct pending {
	struct protobuf_message *message;
	const Google__Protobuf__DescriptorProto *source;
	bool proto3;
};

struct loader {
	struct protobuf_schema *schema;
	struct arena scratch; /* until loading is over */
	struct error *error;
	struct pending *pending;
	size_t npending, pending_room, enums_room, rpcs_room;
};

/* Sets the error; always false. */
bool protobuf_exhausted(struct loader *);
/* A name as .proto files may hold it: so it is ASCII, too. NULL is none. */
bool protobuf_is_identifier(const char *);
/* Gives the message its fields, their places and their indexes. All types of the set have their names. */
bool protobuf_build_message(struct loader *, const struct pending *);
/* All fields are there: is this a proper map entry? */
bool protobuf_check_map_entry(struct loader *, const struct protobuf_message *);

#endif
