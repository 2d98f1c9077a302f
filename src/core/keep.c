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
#include "api/store.h"

#include "base/clock.h"
#include "base/log.h"

static const slice json = SLICE_INIT("application/json");

enum { ETAG_BYTES = 20, RETRY_AFTER_MS = 1000 };

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
	clock_http_text(value->received_ns, modified);
	clock_exact_text(value->received_ns, received);
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
	static const struct message unpacked = { .method = METHOD_POST };
	const struct message *in = request->unpacked ? &unpacked : &request->in;
	if (!content(request, in, request->content ? request->content : in->value, value))
		return false;
	if (!value->media.n)
		value->media = request->endpoint->media;
	return true;
}

static struct kept_value value_of(const struct request *request)
{
	return (struct kept_value){ .path = request->resource,
		.sender = values_sender(request->adapter->label, request->session),
		.client = request->who ? request->who->id : (slice){ NULL, 0 } };
}

/* ---- The gateway itself is the service. */

/* A change that waits until it is on disk. */
struct saving {
	struct store_receipt receipt; /* first */
	struct core *core;
	struct request *request;
	struct list link; /* in the core's list of those under way */
	struct kept_value value;
	bool removes;
};

/* What the path will be when all that is under way is on disk. NULL: no change is. */
static const struct saving *last_saving(const struct core *core, slice path)
{
	for (const struct list *at = core->savings.previous; at != &core->savings;
	        at = at->previous) {
		const struct saving *saving = LIST_OWNER(at, struct saving, link);
		if (slice_equal(saving->value.path, path))
			return saving;
	}
	return NULL;
}

static bool is_conditional(const struct request *request)
{
	return message_field(&request->in, "if-match").n ||
	       message_field(&request->in, "if-none-match").n;
}

/* Two that ask for the same version at a time: the second one is held against what the first one makes of it. */
static const struct kept_value *value_to_be(const struct core *core, const struct request *request)
{
	const struct saving *saving =
	        is_conditional(request) ? last_saving(core, request->resource) : NULL;
	if (!saving)
		return values_find(core->values, request->resource);
	return saving->removes ? NULL : &saving->value;
}

static void apply(struct core *core, struct request *request, struct saving *saving)
{
	if (saving->removes)
		publish_remove_saved(core, saving->value.path, saving->value.version);
	else if (!publish_saved(core, &saving->value))
		request_refuse(request, STATUS_INTERNAL, "the gateway is out of memory");
}

static void saved(struct store_receipt *receipt)
{
	struct saving *saving = (struct saving *)(void *)receipt;
	struct request *request = saving->request;
	list_remove(&saving->link);
	if (receipt->status == STATUS_OK) {
		apply(saving->core, request, saving);
	} else {
		publish_save_again(saving->core, saving->value.path);
		request_refuse(request, receipt->status,
		        receipt->status == STATUS_STORE_FULL
		                ? "the gateway's disk is full: nothing was kept"
		                : "the gateway's disk fails: nothing was kept");
	}
	pipeline_resume(request, REPLY);
}

/* ACKNOWLEDGED MEANS SAFE: the answer leaves when the change is on disk, and then it shows in memory, too. */
static enum verdict save(struct core *core, struct request *request, struct saving *saving)
{
	saving->core = core;
	saving->request = request;
	saving->receipt.done = saved;
	saving->value.version = values_new_version(core->values);
	saving->value.received_ns = clock_wall_ns();
	if (!core->store) {
		apply(core, request, saving);
		return REPLY;
	}
	char head[PUBLISH_HEAD_BYTES];
	const struct store_record record = publish_record(&saving->value, head);
	bool taken =
	        saving->removes
	                ? store_remove(core->store, STORE_LAST_VALUES, record.key, &saving->receipt)
	                : store_put(core->store, STORE_LAST_VALUES, &record, &saving->receipt);
	if (taken) {
		list_append(&core->savings, &saving->link);
		return WAIT;
	}
	request_refuse(request, STATUS_UNAVAILABLE, "too much waits for the gateway's disk");
	request->retry_after_ms = RETRY_AFTER_MS;
	return REPLY;
}

static enum verdict serve(struct core *core, struct request *request)
{
	const struct kept_value *present = value_to_be(core, request);
	if (!preconditions_hold(request, present))
		return REPLY;
	struct saving *saving = ARENA_NEW(&request->arena, struct saving);
	if (!saving) {
		request_refuse(request, STATUS_TOO_LARGE, "no memory left for this request");
		return REPLY;
	}
	saving->value = value_of(request);
	saving->removes = request->in.method == METHOD_DELETE;
	if (saving->removes && !present) {
		request_refuse(request, STATUS_NOT_FOUND, "no value was received yet");
		return REPLY;
	}
	if (!saving->removes && !request->in.body.n && !request->in.value && !request->unpacked) {
		request_refuse(request, STATUS_INVALID, "there is no value in this message");
		return REPLY;
	}
	if (!saving->removes && !received(request, &saving->value)) {
		request_refuse(
		        request, STATUS_INVALID, "this cannot be written as %.*s", SLICE_ARG(json));
		return REPLY;
	}
	if (saving->removes)
		request->status = STATUS_DELETED;
	else
		request->status = present ? STATUS_CHANGED : STATUS_CREATED;
	return save(core, request, saving);
}

/* ---- The stage. */

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
			publish_removed(core, request->resource);
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

static void cancel(struct core *core, struct request *request)
{
	/* The disk answers soon, and the change is under way. */
	(void)core;
	(void)request;
}

const struct stage stage_keep = {
	.name = "keep", .enter = enter, .leave = leave, .cancel = cancel
};
