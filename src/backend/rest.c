/* rest: calls a web service over HTTP/1.1, with TLS or without, one keep-alive pool a target. A thin user of http_pool.h
 * (the connections), http_origin.h (where to) and http_exchange.h (the words). */
#include "api/backend.h"

#include "backend/http_exchange.h"
#include "base/media.h"

#include <stdlib.h>

struct rest_target {
	struct http_origin origin;
	struct http_pool *pool;
};

struct rest {
	struct backend backend;
	struct http_client client;
	struct rest_target *targets;
	unsigned ntargets;
};

struct rest_call {
	struct http_call http;
	struct rest *rest;
	struct exchange *exchange;
};

static void close_rest(struct backend *backend)
{
	struct rest *rest = (struct rest *)backend;
	if (!rest)
		return;
	for (unsigned i = 0; i < rest->ntargets; i++)
		http_pool_close(rest->targets[i].pool);
	http_client_close(&rest->client);
	free(rest->targets);
	free(rest);
}

static bool open_target(
        struct rest *rest, struct loop *loop, struct target *target, struct error *error)
{
	struct rest_target *own = &rest->targets[rest->ntargets];
	if (!http_origin_parse(target->url, &own->origin, error))
		return false;
	own->pool =
	        http_client_pool(&rest->client, loop, &own->origin, &rest->backend.counters, error);
	if (!own->pool)
		return false;
	target->state = own;
	rest->ntargets++;
	return true;
}

static struct backend *open_rest(struct loop *loop, const struct config *config,
        struct target *targets, unsigned ntargets, struct error *error)
{
	struct rest *rest = calloc(1, sizeof *rest);
	struct rest_target *own = calloc(ntargets ? ntargets : 1, sizeof *own);
	if (!rest || !own) {
		free(rest);
		free(own);
		error_set(error, "out of memory");
		return NULL;
	}
	rest->targets = own;
	bool good = http_client_open(&rest->client, config, targets, ntargets, error);
	for (unsigned i = 0; good && i < ntargets; i++)
		good = open_target(rest, loop, &targets[i], error);
	if (good)
		return &rest->backend;
	close_rest(&rest->backend);
	return NULL;
}

static void call_done(struct http_call *http, enum http_end end)
{
	struct rest_call *call = http->owner;
	struct exchange *exchange = call->exchange;
	exchange->state = NULL;
	exchange_done(
	        exchange, http_exchange_finish(exchange, http, end, &call->rest->backend.counters));
}

static bool is_repeatable(enum method method)
{
	return method == METHOD_GET || method == METHOD_HEAD || method == METHOD_PUT ||
	       method == METHOD_DELETE;
}

/* What the caller accepts, and JSON where it does not: the core translates (core/mediate.c), and a service that has
 * nothing else would have to refuse. */
static slice accept_of(const struct exchange *exchange)
{
	slice accept = exchange->request->accept;
	if (!accept.n || media_quality(accept, SLICE("application/json")))
		return accept;
	slice more =
	        arena_printf(exchange->arena, "%.*s, application/json;q=0.001", SLICE_ARG(accept));
	return more.n ? more : accept;
}

static void send_rest(struct backend *backend, struct exchange *exchange)
{
	struct rest *rest = (struct rest *)backend;
	const struct request *request = exchange->request;
	const struct message *message = &request->call;
	const struct rest_target *target = exchange->target->state;
	const struct http_head head = {
		.method = message->method,
		.path = message->path,
		.query = message->query,
		.media = message->media,
		.accept = accept_of(exchange),
		.body_bytes = message->body.n,
	};
	if (message->method >= METHOD_SUBSCRIBE) {
		exchange->why = SLICE("a REST backend has no such method");
		exchange_done(exchange, STATUS_METHOD_NOT_ALLOWED);
		return;
	}
	struct rest_call *call = ARENA_NEW(exchange->arena, struct rest_call);
	slice bytes = call ? http_head_write(exchange, &target->origin, &head, &backend->counters)
	                   : (slice){ NULL, 0 };
	if (!bytes.p) {
		exchange->why = SLICE("no memory left for this request");
		exchange_done(exchange, STATUS_TOO_LARGE);
		return;
	}
	call->rest = rest;
	call->exchange = exchange;
	call->http = (struct http_call){
		.head_only = message->method == METHOD_HEAD,
		.repeatable = is_repeatable(message->method),
		.head = bytes,
		.body = message->body,
		.arena = exchange->arena,
		.deadline_ms = exchange->deadline_ms,
		.done = call_done,
		.owner = call,
	};
	exchange->state = call;
	http_pool_send(target->pool, &call->http);
}

static void abort_rest(struct backend *backend, struct exchange *exchange)
{
	(void)backend;
	struct rest_call *call = exchange->state;
	if (call)
		http_call_abort(&call->http);
}

static const struct setting settings[] = {
	HTTP_CLIENT_SETTINGS,
	{ .key = NULL },
};

const struct backend_ops backend_rest = {
	.name = "rest",
	.settings = settings,
	.takes = BACKEND_TAKES_BYTES,
	.needs_targets = true,
	.open = open_rest,
	.send = send_rest,
	.abort = abort_rest,
	.close = close_rest,
};
