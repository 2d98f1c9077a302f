/* From a FileDescriptorSet to message types, at run time.
 *
 * protobuf-c is made for generated code, but all that its pack and unpack look at are tables:
 * ProtobufCMessageDescriptor and its fields. So one schema of a customer's is a file in the configuration, no
 * C code and no rebuild. The FileDescriptorSet is itself a protobuf message; it is read with the code that
 * protoc makes of google/protobuf/descriptor.proto during the build.
 *
 * Loading runs in three passes over the files: name every message and enum; lay out the fields of each
 * message, now that every type they name is known; look the services up. types.h says in what the
 * descriptors deviate from generated ones. Extensions are not loaded (on the wire they are unknown fields, and
 * dropped); google.protobuf.Any is the ordinary message that it looks like. Left out are also the tables that
 * only protobuf-c's look-ups by name use: a field answers to its JSON name too, so the index by name is ours. */
#include "codec/protobuf/load.h"

#include <stdlib.h>

enum { SCHEMA_BUDGET = 64 * 1024 * 1024, NESTING_MAX = 32 };

bool protobuf_exhausted(struct loader *loader)
{
	return error_set(loader->error, "the descriptor set takes more than %d MiB of memory",
	        SCHEMA_BUDGET / 1024 / 1024);
}

/* Makes room for one more in an array of `n` members of `size` bytes. NULL: over budget. */
static void *grow(struct arena *arena, void *array, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return array;
	size_t more = *room ? 2 * *room : 16;
	array = arena_grow(arena, array, *room * size, more * size);
	if (array)
		*room = more;
	return array;
}

bool protobuf_is_identifier(const char *name)
{
	if (!name || !*name || (*name >= '0' && *name <= '9'))
		return false;
	for (; *name; name++) {
		char c = *name;
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		            c == '_'))
			return false;
	}
	return true;
}

static bool is_package(slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		            c == '_' || c == '.'))
			return false;
	}
	return true;
}

/* "scope.name"; false: no identifier, or over budget. */
static bool full_name(struct loader *loader, slice scope, const char *name, slice *full)
{
	if (!protobuf_is_identifier(name))
		return error_set(
		        loader->error, "%.*s: a type without a proper name", SLICE_ARG(scope));
	*full = arena_printf(
	        &loader->schema->arena, "%.*s%s%s", SLICE_ARG(scope), scope.n ? "." : "", name);
	return full->p ? true : protobuf_exhausted(loader);
}

/* First pass: names. */

static int by_value_name(const void *a, const void *b)
{
	const struct protobuf_enum_value *left = a, *right = b;
	return protobuf_compare_names(left->name, right->name);
}

/* Of several names of one number, the first in the file comes first. */
static int by_value_number(const void *a, const void *b)
{
	const struct protobuf_enum_value *left = a, *right = b;
	if (left->number != right->number)
		return left->number < right->number ? -1 : 1;
	return left->order < right->order ? -1 : left->order > right->order;
}

static bool name_enum(struct loader *loader, const Google__Protobuf__EnumDescriptorProto *source,
        slice scope, bool open)
{
	struct protobuf_schema *schema = loader->schema;
	struct protobuf_enum **enums = grow(
	        &schema->arena, schema->enums, schema->nenums, &loader->enums_room, sizeof *enums);
	struct protobuf_enum *made = ARENA_NEW(&schema->arena, struct protobuf_enum);
	if (!enums || !made)
		return protobuf_exhausted(loader);
	schema->enums = enums;
	if (!full_name(loader, scope, source->name, &made->name))
		return false;
	if (!source->n_value)
		return error_set(
		        loader->error, "%.*s: an enum without values", SLICE_ARG(made->name));

	size_t bytes = source->n_value * sizeof(struct protobuf_enum_value);
	struct protobuf_enum_value *by_number = arena_alloc(&schema->arena, bytes);
	struct protobuf_enum_value *by_name = arena_alloc(&schema->arena, bytes);
	if (!by_number || !by_name)
		return protobuf_exhausted(loader);
	for (size_t i = 0; i < source->n_value; i++) {
		const char *name = source->value[i]->name;
		if (!protobuf_is_identifier(name))
			return error_set(loader->error, "%.*s: a value without a proper name",
			        SLICE_ARG(made->name));
		by_name[i] = (struct protobuf_enum_value){
			.name = arena_copy_slice(&schema->arena, slice_of(name)),
			.number = source->value[i]->number,
			.order = (unsigned)i,
		};
		if (!by_name[i].name.p)
			return protobuf_exhausted(loader);
	}
	memcpy(by_number, by_name, bytes);
	qsort(by_number, source->n_value, sizeof *by_number, by_value_number);
	qsort(by_name, source->n_value, sizeof *by_name, by_value_name);
	made->open = open;
	made->nvalues = (unsigned)source->n_value;
	made->by_name = by_name;
	made->by_number = by_number;
	schema->enums[schema->nenums++] = made;
	return true;
}

static bool name_message(struct loader *loader, const Google__Protobuf__DescriptorProto *source,
        slice scope, bool proto3, unsigned depth)
{
	struct protobuf_schema *schema = loader->schema;
	struct pending *pending = grow(&loader->scratch, loader->pending, loader->npending,
	        &loader->pending_room, sizeof *pending);
	struct protobuf_message *made = ARENA_NEW(&schema->arena, struct protobuf_message);
	if (!pending || !made)
		return protobuf_exhausted(loader);
	loader->pending = pending;
	slice name;
	if (!full_name(loader, scope, source->name, &name))
		return false;
	if (depth > NESTING_MAX)
		return error_set(loader->error, "%.*s: declared deeper than %d messages",
		        SLICE_ARG(name), NESTING_MAX);
	made->wire.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC;
	made->wire.name = name.p;
	made->wire.short_name = made->wire.c_name = made->wire.package_name = "";
	made->map_entry = source->options && source->options->map_entry;
	loader->pending[loader->npending++] = (struct pending){ made, source, proto3 };

	for (size_t i = 0; i < source->n_enum_type; i++) {
		if (!name_enum(loader, source->enum_type[i], name, proto3))
			return false;
	}
	for (size_t i = 0; i < source->n_nested_type; i++) {
		if (!name_message(loader, source->nested_type[i], name, proto3, depth + 1))
			return false;
	}
	return true;
}

static bool name_file(struct loader *loader, const Google__Protobuf__FileDescriptorProto *file)
{
	slice package = slice_of(file->package), syntax = slice_of(file->syntax);
	slice shown = protobuf_shown(slice_of(file->name), 100);
	bool proto3 = slice_is(syntax, "proto3");
	if (!proto3 && syntax.n && !slice_is(syntax, "proto2"))
		return error_set(loader->error,
		        "%.*s: syntax \"%.*s\"; only proto2 and proto3 are known", SLICE_ARG(shown),
		        SLICE_ARG(protobuf_shown(syntax, 40)));
	if (!is_package(package))
		return error_set(
		        loader->error, "%.*s: a package without a proper name", SLICE_ARG(shown));
	for (size_t i = 0; i < file->n_enum_type; i++) {
		if (!name_enum(loader, file->enum_type[i], package, proto3))
			return false;
	}
	for (size_t i = 0; i < file->n_message_type; i++) {
		if (!name_message(loader, file->message_type[i], package, proto3, 1))
			return false;
	}
	return true;
}

static int by_message_name(const void *a, const void *b)
{
	struct protobuf_message *const *left = a, *const *right = b;
	return strcmp((*left)->wire.name, (*right)->wire.name);
}

static int by_enum_name(const void *a, const void *b)
{
	struct protobuf_enum *const *left = a, *const *right = b;
	return protobuf_compare_names((*left)->name, (*right)->name);
}

static bool sort_types(struct loader *loader)
{
	struct protobuf_schema *schema = loader->schema;
	schema->messages =
	        arena_alloc(&schema->arena, (loader->npending + 1) * sizeof *schema->messages);
	if (!schema->messages)
		return protobuf_exhausted(loader);
	for (size_t i = 0; i < loader->npending; i++)
		schema->messages[i] = loader->pending[i].message;
	schema->nmessages = (unsigned)loader->npending;
	qsort(schema->messages, schema->nmessages, sizeof *schema->messages, by_message_name);
	if (schema->nenums)
		qsort(schema->enums, schema->nenums, sizeof *schema->enums, by_enum_name);
	for (unsigned i = 1; i < schema->nmessages; i++) {
		if (by_message_name(&schema->messages[i - 1], &schema->messages[i]) == 0)
			return error_set(loader->error, "%s is declared twice",
			        schema->messages[i]->wire.name);
	}
	for (unsigned i = 1; i < schema->nenums; i++) {
		if (by_enum_name(&schema->enums[i - 1], &schema->enums[i]) == 0)
			return error_set(loader->error, "%.*s is declared twice",
			        SLICE_ARG(schema->enums[i]->name));
	}
	return true;
}

/* Third pass: services. */

/* The message that a method takes or gives. */
static const struct protobuf_message *message_of(
        struct loader *loader, slice rpc, const char *type_name)
{
	slice name = slice_of(type_name);
	if (name.n && name.p[0] == '.')
		name = slice_from(name, 1);
	const struct protobuf_message *message = protobuf_find_message(loader->schema, name);
	if (!message)
		(void)error_set(loader->error,
		        "%.*s: its type \"%.*s\" is not in the set (protoc --include_imports)",
		        SLICE_ARG(rpc), SLICE_ARG(protobuf_shown(name, 80)));
	return message;
}

static bool add_rpc(
        struct loader *loader, slice service, const Google__Protobuf__MethodDescriptorProto *method)
{
	struct protobuf_schema *schema = loader->schema;
	struct protobuf_rpc *rpcs =
	        grow(&schema->arena, schema->rpcs, schema->nrpcs, &loader->rpcs_room, sizeof *rpcs);
	if (!rpcs)
		return protobuf_exhausted(loader);
	schema->rpcs = rpcs;
	if (!protobuf_is_identifier(method->name))
		return error_set(
		        loader->error, "%.*s: a method without a proper name", SLICE_ARG(service));
	struct protobuf_rpc *rpc = &rpcs[schema->nrpcs++];
	rpc->name = arena_printf(&schema->arena, "%.*s/%s", SLICE_ARG(service), method->name);
	if (!rpc->name.p)
		return protobuf_exhausted(loader);
	rpc->input = message_of(loader, rpc->name, method->input_type);
	rpc->output = rpc->input ? message_of(loader, rpc->name, method->output_type) : NULL;
	rpc->streaming = method->client_streaming || method->server_streaming;
	return rpc->output != NULL;
}

static bool add_services(struct loader *loader, const Google__Protobuf__FileDescriptorProto *file)
{
	for (size_t i = 0; i < file->n_service; i++) {
		const Google__Protobuf__ServiceDescriptorProto *service = file->service[i];
		slice name;
		if (!full_name(loader, slice_of(file->package), service->name, &name))
			return false;
		for (size_t k = 0; k < service->n_method; k++) {
			if (!add_rpc(loader, name, service->method[k]))
				return false;
		}
	}
	return true;
}

static bool load_files(struct loader *loader, const Google__Protobuf__FileDescriptorSet *set)
{
	for (size_t i = 0; i < set->n_file; i++) {
		if (!name_file(loader, set->file[i]))
			return false;
	}
	if (!sort_types(loader))
		return false;
	for (size_t i = 0; i < loader->npending; i++) {
		if (!protobuf_build_message(loader, &loader->pending[i]))
			return false;
	}
	for (size_t i = 0; i < loader->npending; i++) {
		const struct protobuf_message *message = loader->pending[i].message;
		if (message->map_entry && !protobuf_check_map_entry(loader, message))
			return false;
	}
	for (size_t i = 0; i < set->n_file; i++) {
		if (!add_services(loader, set->file[i]))
			return false;
	}
	protobuf_recognise_forms(loader->schema);
	return true;
}

struct protobuf_schema *protobuf_schema_load(slice set, struct error *error)
{
	struct loader loader = { .error = error };
	arena_init(&loader.scratch, SCHEMA_BUDGET);
	loader.schema = calloc(1, sizeof *loader.schema);
	bool loaded = false;
	if (loader.schema) {
		arena_init(&loader.schema->arena, SCHEMA_BUDGET);
		const ProtobufCMessage *source = protobuf_unpack(&loader.scratch,
		        &google__protobuf__file_descriptor_set__descriptor, set, error);
		loaded = source && load_files(&loader, (const void *)source);
	} else {
		(void)error_set(error, "out of memory");
	}
	arena_finish(&loader.scratch);
	if (loaded)
		return loader.schema;
	protobuf_schema_free(loader.schema);
	return NULL;
}
