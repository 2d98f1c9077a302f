/* A REST backend against a scripted server on the same loop, over real sockets.
 * Include once, after support.h; it defines exchange_done(). */
#ifndef UNIT_REST_WORLD_H
#define UNIT_REST_WORLD_H

#include "api/backend.h"
#include "loop/loop.h"
#include "net/stream.h"

#include <stdio.h>
#include <stdlib.h>

extern const struct backend_ops backend_rest;

enum { WORLD_SEEN_BYTES = 1 << 18, WORLD_GUARD_MS = 20000 };

struct world;

/* What the server does with one whole request. */
typedef void world_script(struct world *, struct stream *);

/* Rule broken: one world a program, as exchange_done() has no other way to find it. */
static struct world {
	struct loop *loop;
	struct stream_listener *listener;
	struct backend *backend;
	struct target target;
	char url[64];
	struct config config, members[4];
	world_script *script;
	char seen[WORLD_SEEN_BYTES]; /* the last request's bytes */
	size_t seen_n;
	unsigned accepted, requests, ndone, stop_after;
	struct timer guard, later;
	struct stream *later_stream;
	const char *later_text;
	size_t later_at;
} world;

struct world_call {
	struct request request;
	struct exchange exchange;
	enum status status;
	bool done;
};

void exchange_done(struct exchange *exchange, enum status status)
{
	struct world_call *call = LIST_OWNER(exchange, struct world_call, exchange);
	assert_false(call->done);
	call->done = true;
	call->status = status;
	if (++world.ndone >= world.stop_after)
		loop_stop(world.loop);
}

static void *server_accepted(void *arg, struct stream *stream)
{
	(void)stream;
	world.accepted++;
	return arg;
}

static size_t server_received(void *owner, struct stream *stream, slice bytes)
{
	(void)owner;
	char *end = memmem(bytes.p, bytes.n, "\r\n\r\n", 4);
	if (!end)
		return 0;
	size_t n = (size_t)(end - bytes.p) + 4, body = 0;
	char *length = memmem(bytes.p, n, "Content-Length: ", 16);
	if (length)
		body = strtoul(length + 16, NULL, 10);
	if (bytes.n < n + body)
		return 0;
	assert_true(n + body < sizeof world.seen);
	memcpy(world.seen, bytes.p, n + body);
	world.seen_n = n + body;
	world.seen[world.seen_n] = '\0';
	world.requests++;
	world.script(&world, stream);
	return n + body;
}

static void server_closed(void *owner, struct stream *stream, enum stream_end end, int errno_value)
{
	(void)owner;
	(void)end;
	(void)errno_value;
	if (world.later_stream == stream)
		world.later_stream = NULL;
}

static const struct stream_events server_events = { .received = server_received,
	.closed = server_closed };

static void guard_rang(struct timer *timer)
{
	(void)timer;
	fail_msg("the loop ran into its guard");
}

/* One byte of `later_text` a turn or so: the slowest server. */
static void write_later(struct timer *timer)
{
	if (!world.later_stream || !world.later_text[world.later_at])
		return;
	stream_write(world.later_stream, (slice){ world.later_text + world.later_at++, 1 });
	timer_set(timer, loop_now_ms(world.loop));
}

static void world_set(const char *key, const char *value)
{
	for (unsigned i = 0; i < 4; i++) {
		struct config *member = &world.members[i];
		if (member->key.p)
			continue;
		*member = (struct config){ .kind = CONFIG_SCALAR,
			.key = slice_of(key),
			.text = slice_of(value),
			.parent = &world.config };
		member->next = world.config.first;
		world.config.first = member;
		world.config.count++;
		return;
	}
	fail_msg("too many settings");
}

/* The server listens; the settings are those of world_set(). */
static int world_setup(void **state)
{
	(void)state;
	world = (struct world){ 0 };
	world.config.kind = CONFIG_MAP;
	world.config.own = backend_rest.settings;
	world.loop = loop_create();
	assert_non_null(world.loop);
	timer_init(&world.guard, world.loop, guard_rang);
	timer_init(&world.later, world.loop, write_later);
	const struct stream_accept accept = { .accepted = server_accepted,
		.events = &server_events,
		.limits = { 1 << 20, 8 << 20 },
		.connections_max = 1000,
		.arg = &world };
	char error[128];
	world.listener =
	        stream_listen(world.loop, SLICE("127.0.0.1:0"), &accept, error, sizeof error);
	assert_non_null(world.listener);
	(void)snprintf(world.url, sizeof world.url, "http://127.0.0.1:%u/base",
	        stream_listener_port(world.listener));
	return 0;
}

static void world_open(world_script *script)
{
	world.script = script;
	world.target = (struct target){ .url = slice_of(world.url), .weight = 1 };
	struct error error = { 0 };
	world.backend = backend_rest.open(world.loop, &world.config, &world.target, 1, &error);
	if (!world.backend)
		fail_msg("%s", error.text);
	timer_set(&world.guard, loop_now_ms(world.loop) + WORLD_GUARD_MS);
}

static int world_teardown(void **state)
{
	(void)state;
	if (world.backend)
		backend_rest.close(world.backend);
	timer_stop(&world.guard);
	timer_stop(&world.later);
	stream_listener_close(world.listener);
	loop_destroy(world.loop);
	return 0;
}

static struct world_call *world_call(enum method method, const char *path, const char *body)
{
	struct world_call *call = calloc(1, sizeof *call);
	assert_non_null(call);
	arena_init(&call->request.arena, 4 << 20);
	call->request.id = 0x1234;
	call->request.call.method = method;
	call->request.call.path = slice_of(path);
	call->request.call.body = slice_of(body);
	if (body)
		call->request.call.media = SLICE("application/json");
	call->exchange.request = &call->request;
	call->exchange.target = &world.target;
	call->exchange.arena = &call->request.arena;
	call->exchange.attempt = 1;
	call->exchange.deadline_ms = loop_now_ms(world.loop) + 10000;
	return call;
}

static void world_send(struct world_call *call)
{
	backend_rest.send(world.backend, &call->exchange);
}

/* Until so many more exchanges are done. */
static void world_run(unsigned n)
{
	world.stop_after = world.ndone + n;
	loop_run(world.loop);
}

static void world_free(struct world_call *call)
{
	arena_finish(&call->request.arena);
	free(call);
}

static uint64_t world_counter(enum counter counter)
{
	return world.backend->counters.at[counter];
}

#endif
