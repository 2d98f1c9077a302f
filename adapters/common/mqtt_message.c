#include "adapters/common/mqtt_message.h"

#include "adapters/common/device_status.h"

#include "adapters/common/mqtt_topic.h"

#include "base/field.h"
#include "base/uri.h"
#include "base/utf8.h"

static slice lower_case(struct arena *arena, slice name)
{
	char *copy = arena_alloc_raw(arena, name.n);
	for (size_t i = 0; copy && i < name.n; i++)
		copy[i] = ascii_lower(name.p[i]);
	return (slice){ copy, copy ? name.n : 0 };
}

/* The methods that a publication may ask for; the others mean something of their own inside. */
static bool take_method(struct request *request, slice name)
{
	static const unsigned allowed = 1u << METHOD_GET | 1u << METHOD_POST | 1u << METHOD_PUT |
	                                1u << METHOD_PATCH | 1u << METHOD_DELETE;
	return method_parse(name, &request->in.method) && (allowed >> request->in.method & 1);
}

void mqtt_message_take_properties(struct request *request, unsigned n,
        bool (*next)(void *at, slice *name, slice *value), void *at)
{
	if (n > MQTT_FIELDS_MAX) {
		request_refuse(
		        request, STATUS_TOO_LARGE, "more than %d user properties", MQTT_FIELDS_MAX);
		return;
	}
	struct field *fields = arena_alloc(&request->arena, n * sizeof *fields);
	slice name, value;
	unsigned taken = 0;
	bool complete = fields != NULL;
	while (fields && next(at, &name, &value)) {
		if (slice_is(name, "method")) {
			if (!take_method(request, value))
				request_refuse(request, STATUS_METHOD_NOT_ALLOWED,
				        "no method of this name can be asked for");
		} else if (field_name_valid(name)) {
			fields[taken].name = lower_case(&request->arena, name);
			fields[taken].value = value;
			complete = complete && fields[taken].name.p;
			taken++;
		}
	}
	if (!complete)
		request_refuse(request, STATUS_TOO_LARGE, "too many user properties");
	request->in.fields = fields;
	request->in.nfields = taken;
}

void mqtt_message_take(
        struct request *request, slice topic, slice payload, slice content_type, bool text)
{
	struct message *in = &request->in;
	in->method = METHOD_POST;
	in->body = payload;
	in->media = slice_trim(content_type);
	enum uri_verdict verdict = uri_path_from_text(&request->arena, topic, &in->path);
	if (verdict != URI_OK) {
		in->path = SLICE("/");
		request_refuse(request,
		        verdict == URI_MALFORMED ? STATUS_NOT_FOUND : STATUS_TOO_LARGE,
		        "the topic makes no path");
	} else if (text && !utf8_valid(payload)) {
		request_refuse(
		        request, STATUS_MALFORMED, "the payload is said to be UTF-8 and is not");
	}
}

/* false: over budget. */
static bool take_reply_fields(struct command *command, unsigned most,
        bool (*next)(void *at, slice *name, slice *value), void *at, enum status *status)
{
	struct field *fields = arena_alloc(command->arena, most * sizeof *fields);
	slice name, value;
	unsigned n = 0;
	while (fields && n < most && next(at, &name, &value)) {
		if (slice_is(name, "status")) {
			*status = device_status(value);
			continue;
		}
		if (!field_name_valid(name))
			continue;
		fields[n] = (struct field){ lower_case(command->arena, name),
			arena_copy_slice(command->arena, value) };
		if (!fields[n].name.p || !fields[n].value.p)
			return false;
		n++;
	}
	command->reply.fields = fields;
	command->reply.nfields = n;
	return fields != NULL;
}

enum status mqtt_message_take_reply(struct command *command, slice payload, slice content_type,
        unsigned n, bool (*next)(void *at, slice *name, slice *value), void *at)
{
	enum status status = STATUS_OK;
	unsigned most = n < MQTT_FIELDS_MAX ? n : MQTT_FIELDS_MAX;
	command->reply.media = arena_copy_slice(command->arena, slice_trim(content_type));
	command->reply.body = arena_copy_slice(command->arena, payload);
	if (!command->reply.media.p || !command->reply.body.p ||
	        !take_reply_fields(command, most, next, at, &status)) {
		command->reply = (struct message){ .method = METHOD_GET };
		command->why = SLICE("the device's reply is too large");
		return STATUS_BAD_BACKEND;
	}
	if (!status_is_success(status))
		command->why = SLICE("the device has refused the command");
	return status;
}

/* How a browser speaks, and its cookies, are no device's business. */
static bool concerns_device(const struct field *field)
{
	static const slice names[] = { SLICE_INIT("if-match"), SLICE_INIT("if-none-match"),
		SLICE_INIT("idempotency-key") };
	static const slice forwarded = SLICE_INIT("x-forwarded-");
	/* A string that MQTT does not allow would have the device, or the broker, close its connection. */
	if (!mqtt_text_allowed(field->name) || !mqtt_text_allowed(field->value) ||
	        field->value.n > UINT16_MAX)
		return false;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (slice_equal(field->name, names[i]))
			return true;
	}
	return slice_starts(field->name, SLICE("x-")) && !slice_starts(field->name, forwarded);
}

struct field *mqtt_message_device_fields(const struct command *command, unsigned *n)
{
	const struct message *message = command->message;
	struct field *fields = arena_alloc(command->arena, (message->nfields + 1) * sizeof *fields);
	*n = 0;
	for (unsigned i = 0; fields && i < message->nfields; i++) {
		if (concerns_device(&message->fields[i]))
			fields[(*n)++] = message->fields[i];
	}
	return fields;
}

slice mqtt_message_why(struct request *request)
{
	char id[REQUEST_ID_BYTES];
	request_id_text(request->id, id);
	slice why = request->why.n ? request->why : slice_of(status_name(request->status));
	return arena_printf(&request->arena, "%.*s (request %s)", SLICE_ARG(why), id);
}
