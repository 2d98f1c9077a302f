/* keep: the last value of each resource, for endpoints with `keep: last`.
 *
 * On the way in it answers GET and HEAD out of memory: no backend is asked, unless the request says "cache-control:
 * no-cache" and there is one. An endpoint without a backend is served here altogether: the gateway is the service
 * that the values are sent to. On the way back what a backend has taken (POST, PUT) or told (GET) becomes the last
 * value, and what it has deleted is forgotten. What waits for a device (STATUS_ACCEPTED of a backend that calls devices)
 * is no value yet.
 *
 * It stands behind mediate, so that what goes in was checked to be well-formed, and what goes out is translated for
 * the caller as any answer is. Values are kept as they came. */
#include "core/internal.h"

#include <inttypes.h>
#include <stdio.h>

#include "api/codec.h"

#include "base/clock.h"
#include "base/log.h"

static const slice json = SLICE_INIT("application/json");

enum { ETAG_BYTES = 20, LOG_EVERY_MS = 10000 };

static void etag_of(uint64_t version, char text[ETAG_BYTES])
{
	(void)snprintf(text, ETAG_BYTES, "\"%016" PRIx64 "\"", version);
}

/* Does a list of entity tags, or *, have this one? Weakly: RFC 9110 section 8.8.3.2. */
static bool etag_in(slice list, slice etag)
{
	while (list.p) {
		slice one = slice_trim(slice_cut(&list, ','));
		if (slice_starts(one, SLICE("W/")))
			one = slice_from(one, 2);
		if (slice_is(one, "*") || slice_equal(one, etag))
			return true;
	}
	return false;
}

/* RFC 9110 section 13.2.2, as far as entity tags go. true: they hold, or the request has none. */
static bool preconditions_hold(struct request *request, const struct kept_value *value)
{
	char text[ETAG_BYTES] = "";
	if (value)
		etag_of(value->version, text);
	slice etag = slice_of(text);
	bool asks = request->in.method == METHOD_GET || request->in.method == METHOD_HEAD;
	slice match = message_field(&request->in, "if-match");
	if (match.n && (!value || !etag_in(match, etag))) {
		request_refuse(request, STATUS_CONFLICT,
		        value ? "the value is another one by now" : "there is no value");
		return false;
	}
	slice none_match = message_field(&request->in, "if-none-match");
	if (!none_match.n || !value || !etag_in(none_match, etag))
		return true;
	if (asks)
		request->status = STATUS_NOT_MODIFIED;
	else
		request_refuse(request, STATUS_CONFLICT, "there is a value already");
	return false;
}

/* What describes the value, in the place of what a backend's answer may have said of that. */
static void describe(struct request *request, const struct kept_value *value)
{
	char etag[ETAG_BYTES], modified[CLOCK_HTTP_BYTES], received[CLOCK_EXACT_BYTES];
	etag_of(value->version, etag);
	clock_http_text(value->version, modified);
	clock_exact_text(value->version, received);
	const struct field ours[] = { { SLICE("etag"), slice_of(etag) },
		{ SLICE("last-modified"), slice_of(modified) },
		{ SLICE("received-at"), slice_of(received) } };
	enum { OURS = sizeof ours / sizeof *ours };
	struct arena *arena = &request->arena;
	struct message *out = &request->out;
	struct field *fields = arena_alloc(arena, (out->nfields + OURS) * sizeof *fields);
	if (!fields)
		return;
	unsigned n = 0;
	for (unsigned i = 0; i < OURS; i++) {
		slice value_copy = arena_copy_slice(arena, ours[i].value);
		if (value_copy.p)
			fields[n++] = (struct field){ ours[i].name, value_copy };
	}
	for (unsigned i = 0; i < out->nfields; i++) {
		unsigned k = 0;
		while (k < OURS && !slice_equal(out->fields[i].name, ours[k].name))
			k++;
		if (k == OURS)
			fields[n++] = out->fields[i];
	}
	out->fields = fields;
	out->nfields = n;
}

static enum verdict answer(struct core *core, struct request *request)
{
	const struct kept_value *value = values_find(core->values, request->resource);
	if (!value) {
		request_refuse(request, STATUS_NOT_FOUND, "no value was received yet");
		return REPLY;
	}
	values_touch(core->values, request->resource);
	describe(request, value);
	if (!preconditions_hold(request, value))
		return REPLY;
	request->out.media = arena_copy_slice(&request->arena, value->media);
	request->out.body = arena_copy_slice(&request->arena, value->body);
	request->status = STATUS_OK;
	if (!request->out.media.p || !request->out.body.p)
		request_refuse(request, STATUS_TOO_LARGE, "no memory left for this request");
	return REPLY;
}

/* A listener may be flooded with names: one line says how many gave way. */
static void log_crowded(struct core *core)
{
	uint64_t now_ms = loop_now_ms(core->loop);
	if (core->crowded_said_ms && now_ms - core->crowded_said_ms < LOG_EVERY_MS)
		return;
	core->crowded_said_ms = now_ms;
	log_warning("keep",
	        "more values than gateway.limits allows (values, values_memory): %" PRIu64
	        " of those not touched for longest gave way since the start",
	        core->crowded_out);
}

static bool is_crowded(const struct core *core)
{
	struct values_count count = values_count(core->values);
	return count.values > core->current->values_max ||
	       count.bytes > core->current->values_max_bytes;
}

void keep_make_room(struct core *core)
{
	while (is_crowded(core)) {
		const struct kept_value *stalest = values_stalest(core->values);
		(void)values_remove(core->values, stalest->path);
		core->crowded_out++;
		log_crowded(core);
	}
}

static bool publish(struct core *core, const struct kept_value *value)
{
	if (!values_put(core->values, value)) {
		log_error("keep", "out of memory: the value of %.*s is not kept",
		        SLICE_ARG(value->path));
		return false;
	}
	keep_make_room(core);
	follow_published(core, value->path);
	return true;
}

/* What a message means, as bytes. false: it cannot be written down. */
static bool content(struct request *request, const struct message *message,
        const struct value *tree, struct kept_value *value)
{
	value->media = message->media;
	value->body = message->body;
	if (message->body.n || !tree)
		return true;
	struct error error;
	value->media = json;
	value->body = codec_for(json)->encode(&request->arena, tree, &error);
	return value->body.p != NULL;
}

static bool received(struct request *request, struct kept_value *value)
{
	const struct message *in = &request->in;
	if (!content(request, in, request->content ? request->content : in->value, value))
		return false;
	if (!value->media.n)
		value->media = request->endpoint->media;
	return true;
}

static struct kept_value value_of(const struct request *request)
{
	return (struct kept_value){ .path = request->resource,
		.client = request->who ? request->who->id : (slice){ NULL, 0 } };
}

static void forget(struct core *core, slice path)
{
	if (values_remove(core->values, path))
		follow_removed(core, path);
}

/* The gateway itself is the service. */
static enum verdict serve(struct core *core, struct request *request)
{
	const struct kept_value *present = values_find(core->values, request->resource);
	if (!preconditions_hold(request, present))
		return REPLY;
	if (request->in.method == METHOD_DELETE) {
		if (!present) {
			request_refuse(request, STATUS_NOT_FOUND, "no value was received yet");
			return REPLY;
		}
		forget(core, request->resource);
		request->status = STATUS_DELETED;
		return REPLY;
	}
	struct kept_value value = value_of(request);
	if (!request->in.body.n && !request->in.value) {
		request_refuse(request, STATUS_INVALID, "there is no value in this message");
		return REPLY;
	}
	if (!received(request, &value)) {
		request_refuse(
		        request, STATUS_INVALID, "this cannot be written as %.*s", SLICE_ARG(json));
		return REPLY;
	}
	request->status = present ? STATUS_CHANGED : STATUS_CREATED;
	value.version = values_new_version(core->values);
	if (!publish(core, &value))
		request_refuse(request, STATUS_INTERNAL, "the gateway is out of memory");
	return REPLY;
}

/* "cache-control: no-cache" asks for what the backend has to say now. */
static bool wants_fresh(const struct request *request)
{
	slice directives = message_field(&request->in, "cache-control");
	while (directives.p) {
		if (slice_equal_nocase(slice_trim(slice_cut(&directives, ',')), SLICE("no-cache")))
			return true;
	}
	return false;
}

static enum verdict enter(struct core *core, struct request *request)
{
	if (!request->endpoint->keep_last)
		return NEXT;
	bool has_backend = endpoint_setup(request->endpoint)->to != NULL;
	bool asks = request->in.method == METHOD_GET || request->in.method == METHOD_HEAD;
	if (asks && !(has_backend && wants_fresh(request)))
		return answer(core, request);
	return has_backend ? NEXT : serve(core, request);
}

/* A backend has taken the value, or told it. What has no content is none. */
static void take(struct core *core, struct request *request, bool told)
{
	const struct message *message = told ? &request->out : &request->in;
	if (!message->body.n && !message->value)
		return;
	struct kept_value value = value_of(request);
	bool readable = told ? content(request, &request->out, request->out.value, &value)
	                     : received(request, &value);
	if (!readable) {
		log_warning("keep", "the value of %.*s cannot be written as JSON and is not kept",
		        SLICE_ARG(value.path));
		return;
	}
	value.version = values_new_version(core->values);
	if (publish(core, &value) && told)
		describe(request, &value);
}

static bool waits_for_device(const struct request *request)
{
	return request->status == STATUS_ACCEPTED &&
	       endpoint_setup(request->endpoint)->to->backend->ops->calls_devices;
}

static void learn(struct core *core, struct request *request)
{
	switch (request->in.method) {
	case METHOD_POST:
	case METHOD_PUT:
		if (!waits_for_device(request))
			take(core, request, false);
		break;
	case METHOD_GET:
		if (request->status != STATUS_NOT_MODIFIED && request->status != STATUS_ACCEPTED)
			take(core, request, true);
		break;
	case METHOD_DELETE:
		if (!waits_for_device(request))
			forget(core, request->resource);
		break;
	case METHOD_PATCH: /* no endpoint that keeps values takes one: it says what changes, not what is */
	case METHOD_HEAD:
	case METHOD_OPTIONS:
	case METHOD_SUBSCRIBE:
	case METHOD_CONNECT:
	case METHOD_COUNT:
		break;
	}
}

static void leave(struct core *core, struct request *request)
{
	if (!request->endpoint->keep_last || !status_is_success(request->status))
		return;
	if (request->backend)
		learn(core, request);
	if (!request->follower || request->in.method != METHOD_GET)
		return;
	const struct kept_value *value = values_find(core->values, request->resource);
	if (value)
		follow_one(core, request, value->version);
}

const struct stage stage_keep = { .name = "keep", .enter = enter, .leave = leave };

void backend_observed(struct backend *backend, const struct endpoint *endpoint, enum status status,
        const struct message *message)
{
	struct core *core = backend->core;
	const struct configuration *current = core->current;
	const struct endpoint_setup *setup = endpoint_setup(endpoint);
	/* A configuration that has been replaced has nothing to say any more. */
	if (setup < current->endpoints || setup >= current->endpoints + current->nendpoints)
		return;
	if (status != STATUS_OK) {
		log_warning("keep", "backend=%s endpoint=%.*s is not heard of: %s", backend->label,
		        SLICE_ARG(endpoint->name), status_name(status));
		return;
	}
	struct kept_value value = { .path = endpoint->path,
		.media = message->media.n ? message->media : endpoint->media,
		.body = message->body,
		.version = values_new_version(core->values) };
	(void)publish(core, &value);
}
