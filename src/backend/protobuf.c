/* protobuf: services that take a protobuf message as the body of an HTTP request (application/x-protobuf), and
 * answer with another.
 *
 * The messages are named by the endpoint's call (an rpc, or message and reply) and described by a descriptor set
 * that is loaded with the backend, so a new schema is a file and a reload. The value that the pipeline hands over
 * is encoded here (codec/protobuf/protobuf.h says by which rules); what does not fit is refused before anything
 * is sent, in the caller's words, with the field's path. An answer in any other media type, such as a JSON error, passes
 * as it is. Connections are the HTTP pool's, as in rest. */
#include "api/backend.h"
#include "backend/http_exchange.h"
#include "base/file.h"
#include "base/media.h"
#include "codec/protobuf/protobuf.h"
#include "codec/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { DESCRIPTORS_MAX = 16 * 1024 * 1024, BOUND_BUDGET = 1024 * 1024 };

static const slice protobuf_media = SLICE_INIT("application/x-protobuf");

struct protobuf_backend {
	struct backend base;
	struct protobuf_schema *schema;
	struct arena arena; /* what bind() makes */
	struct http_client client;
	struct protobuf_target *targets;
	unsigned ntargets;
};

struct protobuf_target {
	struct http_origin origin;
	struct http_pool *pool;
};

/* What an endpoint's call means here. */
struct protobuf_binding {
	enum method method;
	const struct protobuf_message *message;
	const struct protobuf_message *reply; /* NULL: the answer's message is not looked at */
};

struct protobuf_attempt {
	struct http_call call;
	struct exchange *exchange;
	struct protobuf_backend *backend;
};

/* Media types have parameters ("; charset=…"), and older names. */
static bool is_protobuf(slice media)
{
	return media_same(media, protobuf_media) ||
	       media_same(media, SLICE("application/protobuf")) ||
	       media_same(media, SLICE("application/vnd.google.protobuf"));
}

static const struct setting settings[] = {
	{ .key = "descriptors",
	        .type = SETTING_FILE,
	        .required = true,
	        .help = "the messages: what protoc --include_imports --descriptor_set_out wrote" },
	HTTP_CLIENT_SETTINGS,
	{ .key = NULL },
};

/* The whole file. { NULL, 0 }: error says why. */
static slice read_file(struct arena *arena, const char *path, struct error *error)
{
	slice bytes;
	int code = file_read(arena, path, DESCRIPTORS_MAX, &bytes);
	if (code == EFBIG)
		(void)error_set(error, "%s is larger than %d MiB", path, DESCRIPTORS_MAX >> 20);
	else if (code)
		(void)error_set(error, "%s cannot be read: %s", path, strerror(code));
	return bytes;
}

static struct protobuf_schema *load_descriptors(const struct config *config, struct error *error)
{
	struct arena scratch;
	struct error why;
	struct protobuf_schema *schema = NULL;
	arena_init(&scratch, 2 * DESCRIPTORS_MAX);
	slice path = config_file_path(&scratch, config, "descriptors");
	slice bytes = path.p ? read_file(&scratch, path.p, &why) : path;
	if (bytes.p)
		schema = protobuf_schema_load(bytes, &why);
	if (!schema)
		(void)config_error(config_get(config, "descriptors"), error, "%s",
		        path.p ? why.text : "no path");
	arena_finish(&scratch);
	return schema;
}

static bool open_targets(struct protobuf_backend *backend, struct loop *loop,
        const struct config *config, struct target *targets, struct error *error)
{
	if (!http_client_open(&backend->client, config, targets, backend->ntargets, error))
		return false;
	for (unsigned i = 0; i < backend->ntargets; i++) {
		struct protobuf_target *target = &backend->targets[i];
		if (!http_origin_parse(targets[i].url, &target->origin, error))
			return false;
		target->pool = http_client_pool(
		        &backend->client, loop, &target->origin, &backend->base.counters, error);
		if (!target->pool)
			return false;
		targets[i].state = target;
	}
	return true;
}

static void close_backend(struct backend *base)
{
	struct protobuf_backend *backend = (struct protobuf_backend *)base;
	if (!backend)
		return;
	for (unsigned i = 0; i < backend->ntargets; i++)
		http_pool_close(backend->targets[i].pool);
	http_client_close(&backend->client);
	protobuf_schema_free(backend->schema);
	arena_finish(&backend->arena);
	free(backend);
}

static struct backend *open_backend(struct loop *loop, const struct config *config,
        struct target *targets, unsigned ntargets, struct error *error)
{
	struct protobuf_backend *backend = calloc(1, sizeof *backend);
	if (!backend) {
		(void)error_set(error, "out of memory");
		return NULL;
	}
	arena_init(&backend->arena, BOUND_BUDGET);
	backend->targets = arena_alloc(&backend->arena, ntargets * sizeof *backend->targets);
	backend->ntargets = backend->targets ? ntargets : 0;
	backend->schema = load_descriptors(config, error);
	if (!backend->schema || !open_targets(backend, loop, config, targets, error)) {
		close_backend(&backend->base);
		return NULL;
	}
	return &backend->base;
}

/* The messages that the call names. */
static bool bind_messages(const struct protobuf_schema *schema, const struct call_template *call,
        struct protobuf_binding *binding, struct error *error)
{
	if (call->rpc.n && (call->message.n || call->reply.n))
		return error_set(error, "rpc names both messages: leave message and reply out");
	if (call->rpc.n) {
		const struct protobuf_rpc *rpc = protobuf_schema_rpc(schema, call->rpc, error);
		if (!rpc)
			return false;
		if (rpc->streaming)
			return error_set(error, "%.*s is a stream: HTTP has one message a call",
			        SLICE_ARG(rpc->name));
		binding->message = rpc->input;
		binding->reply = rpc->output;
		return true;
	}
	if (!call->message.n)
		return error_set(error, "names no message: say rpc: package.Service/Method, or "
		                        "message: package.Message");
	binding->message = protobuf_schema_message(schema, call->message, error);
	if (!binding->message)
		return false;
	if (call->reply.n)
		binding->reply = protobuf_schema_message(schema, call->reply, error);
	return !call->reply.n || binding->reply;
}

static bool bind_endpoint(struct backend *base, const struct endpoint *endpoint, const void **bound,
        struct error *error)
{
	struct protobuf_backend *backend = (struct protobuf_backend *)base;
	const struct call_template *call = &endpoint->call;
	struct protobuf_binding *binding = ARENA_NEW(&backend->arena, struct protobuf_binding);
	if (!binding)
		return error_set(error, "too many endpoints for one backend");
	binding->method = call->has_method ? call->method : METHOD_POST;
	if (binding->method != METHOD_POST && binding->method != METHOD_PUT &&
	        binding->method != METHOD_PATCH && binding->method != METHOD_DELETE)
		return error_set(error,
		        "the method %s carries no message: POST, PUT, PATCH or DELETE",
		        method_name(binding->method));
	if (call->media.n && !is_protobuf(call->media))
		return error_set(error,
		        "as: %.*s: this backend's bodies are application/x-protobuf",
		        SLICE_ARG(call->media));
	if (!bind_messages(backend->schema, call, binding, error))
		return false;
	*bound = binding;
	return true;
}

/* The answer's message, in place of its bytes. */
static enum status read_reply(struct protobuf_attempt *attempt, enum status status)
{
	struct exchange *exchange = attempt->exchange;
	const struct protobuf_binding *binding = exchange->bound;
	struct error error;
	slice bytes = exchange->out.body;
	exchange->out.body = (slice){ NULL, 0 };
	exchange->out.media = (slice){ NULL, 0 };
	if (!status_is_success(status) || !binding->reply)
		return status;
	exchange->out.value = protobuf_decode(exchange->arena, binding->reply, bytes, &error);
	if (exchange->out.value)
		return status;
	attempt->backend->base.counters.at[COUNTER_MALFORMED]++;
	exchange->why = arena_printf(
	        exchange->arena, "the backend's answer cannot be read: %s", error.text);
	return STATUS_BAD_BACKEND;
}

static void done(struct http_call *call, enum http_end end)
{
	struct protobuf_attempt *attempt = call->owner;
	struct exchange *exchange = attempt->exchange;
	enum status status =
	        http_exchange_finish(exchange, call, end, &attempt->backend->base.counters);
	if (end == HTTP_END_ANSWER && call->code != 204 && is_protobuf(call->media))
		status = read_reply(attempt, status);
	exchange->state = NULL; /* nothing to abort any more */
	exchange_done(exchange, status);
}

static void refuse(struct exchange *exchange, enum status status, const char *why)
{
	exchange->why = arena_copy_slice(exchange->arena, slice_of(why));
	exchange_done(exchange, status);
}

static void send_exchange(struct backend *base, struct exchange *exchange)
{
	static const struct value no_members = { .kind = VALUE_MAP };
	const struct protobuf_binding *binding = exchange->bound;
	const struct protobuf_target *target = exchange->target->state;
	const struct message *in = &exchange->request->call;
	struct protobuf_attempt *attempt = ARENA_NEW(exchange->arena, struct protobuf_attempt);
	struct error error;
	if (!attempt) {
		refuse(exchange, STATUS_TOO_LARGE, "no memory left for this request");
		return;
	}
	slice body = protobuf_encode(
	        exchange->arena, binding->message, in->value ? in->value : &no_members, &error);
	if (!body.p) {
		refuse(exchange, STATUS_INVALID, error.text);
		return;
	}
	const struct http_head head = {
		.method = binding->method,
		.path = in->path,
		.query = in->query,
		.media = protobuf_media,
		.accept = protobuf_media,
		.body_bytes = body.n,
	};
	attempt->exchange = exchange;
	attempt->backend = (struct protobuf_backend *)base;
	attempt->call = (struct http_call){
		.repeatable = binding->method == METHOD_PUT || binding->method == METHOD_DELETE,
		.head = http_head_write(exchange, &target->origin, &head, &base->counters),
		.body = body,
		.arena = exchange->arena,
		.deadline_ms = exchange->deadline_ms,
		.done = done,
		.owner = attempt,
	};
	if (!attempt->call.head.p) {
		refuse(exchange, STATUS_TOO_LARGE, "no memory left for this request");
		return;
	}
	exchange->state = attempt;
	http_pool_send(target->pool, &attempt->call);
}

static void abort_exchange(struct backend *base, struct exchange *exchange)
{
	(void)base;
	struct protobuf_attempt *attempt = exchange->state;
	if (attempt)
		http_call_abort(&attempt->call);
}

const struct backend_ops backend_protobuf = {
	.name = "protobuf",
	.settings = settings,
	.takes = BACKEND_TAKES_VALUE,
	.needs_targets = true,
	.open = open_backend,
	.bind = bind_endpoint,
	.send = send_exchange,
	.abort = abort_exchange,
	.close = close_backend,
};
