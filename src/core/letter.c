#include "core/letter.h"

#include "api/codec.h"
#include "api/identity.h"

#include "codec/value.h"

static const struct codec *notation(void)
{
	return codec_for(SLICE("application/cbor"));
}

/* What a peer wrote need not be UTF-8: bytes. */
static bool add(struct arena *arena, struct value *map, slice key, slice bytes)
{
	return value_set_new(map, key, value_bytes(arena, bytes));
}

static bool add_pair(struct arena *arena, struct value *list, slice name, slice value)
{
	struct value *pair = value_list(arena);
	return pair && value_append(pair, value_bytes(arena, name)) &&
	       value_append(pair, value_bytes(arena, value)) && value_append(list, pair);
}

static struct value *fields_value(struct arena *arena, const struct message *call, slice id)
{
	static const char key[] = "idempotency-key";
	struct value *list = value_list(arena);
	for (unsigned i = 0; list && i < call->nfields; i++) {
		if (!add_pair(arena, list, call->fields[i].name, call->fields[i].value))
			return NULL;
	}
	if (list && !message_field(call, key).p && !add_pair(arena, list, slice_of(key), id))
		return NULL;
	return list;
}

static struct value *variables_value(struct arena *arena, const struct request *request)
{
	struct value *list = value_list(arena);
	for (unsigned i = 0; list && i < request->nvariables; i++) {
		if (!add_pair(arena, list, request->variables[i].name, request->variables[i].value))
			return NULL;
	}
	return list;
}

slice letter_write(struct arena *arena, const struct request *request)
{
	char text[REQUEST_ID_BYTES];
	request_id_text(request->id, text);
	slice id = arena_copy_slice(arena, slice_of(text));
	const struct message *call = &request->call;
	struct value *map = value_map(arena);
	bool whole = id.p && map && add(arena, map, SLICE("endpoint"), request->endpoint->name) &&
	             add(arena, map, SLICE("client"),
	                     request->who ? request->who->id : (slice){ NULL, 0 }) &&
	             add(arena, map, SLICE("unlisted"),
	                     request->who && request->who->unlisted ? SLICE("yes") : SLICE("")) &&
	             add(arena, map, SLICE("id"), id) &&
	             add(arena, map, SLICE("resource"), request->resource) &&
	             add(arena, map, SLICE("method"), slice_of(method_name(call->method))) &&
	             add(arena, map, SLICE("path"), call->path) &&
	             add(arena, map, SLICE("query"), call->query) &&
	             value_set_new(map, SLICE("fields"), fields_value(arena, call, id)) &&
	             value_set_new(map, SLICE("variables"), variables_value(arena, request));
	struct error error;
	return whole ? notation()->encode(arena, map, &error) : (slice){ NULL, 0 };
}

static slice bytes_of(const struct value *value)
{
	return value && value->kind == VALUE_BYTES ? value->as.text : (slice){ NULL, 0 };
}

static slice part(const struct value *map, slice key)
{
	return bytes_of(value_get(map, key));
}

static bool read_pair(const struct value *pair, slice *name, slice *value)
{
	if (pair->kind != VALUE_LIST)
		return false;
	*name = bytes_of(value_at(pair, 0));
	*value = bytes_of(value_at(pair, 1));
	return name->n > 0;
}

static bool read_fields(struct arena *arena, const struct value *list, struct message *call)
{
	if (!list || list->kind != VALUE_LIST)
		return false;
	struct field *fields = arena_alloc(arena, list->count * sizeof *fields);
	const struct value *at = list->as.members.first;
	for (; fields && at; at = at->next) {
		struct field *field = &fields[call->nfields++];
		if (!read_pair(at, &field->name, &field->value))
			return false;
	}
	call->fields = fields;
	return fields != NULL;
}

static bool read_variables(const struct value *list, struct letter *letter)
{
	if (!list || list->kind != VALUE_LIST || list->count > VARIABLE_MAX)
		return false;
	for (const struct value *at = list->as.members.first; at; at = at->next) {
		struct variable *variable = &letter->variables[letter->nvariables++];
		if (!read_pair(at, &variable->name, &variable->value))
			return false;
	}
	return true;
}

bool letter_read(struct arena *arena, slice head, struct letter *letter)
{
	struct error error;
	const struct value *map = notation()->decode(arena, head, &error);
	*letter = (struct letter){ 0 };
	letter->endpoint = part(map, SLICE("endpoint"));
	letter->client = part(map, SLICE("client"));
	letter->unlisted = part(map, SLICE("unlisted")).n > 0;
	letter->id = part(map, SLICE("id"));
	letter->resource = part(map, SLICE("resource"));
	letter->call.path = part(map, SLICE("path"));
	letter->call.query = part(map, SLICE("query"));
	return letter->endpoint.n && letter->id.n && letter->resource.n && letter->call.path.n &&
	       letter->call.path.p[0] == '/' &&
	       method_parse(part(map, SLICE("method")), &letter->call.method) &&
	       read_fields(arena, value_get(map, SLICE("fields")), &letter->call) &&
	       read_variables(value_get(map, SLICE("variables")), letter);
}
