/* The core with a loopback adapter that can follow values, a scripted backend and a loop turned by hand. */
#ifndef UNIT_FOLLOW_WORLD_H
#define UNIT_FOLLOW_WORLD_H

#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/fakes/hand_store.h"
#include "tests/unit/loopback.h"

/* ---- What the adapter was told. */
enum { PUSHES_MAX = 4096 };

struct told {
	void *follower;
	enum status ended;
	uint64_t version;
	bool present;
	char path[40], media[32], body[40], why[80];
};

static struct {
	struct adapter *adapter;
	struct request *home;
	struct told told[PUSHES_MAX];
	unsigned ntold, homecomings;
	bool inside; /* a call of the adapter's: nothing may be pushed */
	/* What the adapter does when it is told something. */
	void (*when_told)(struct subscription *, const struct update *);
	enum status answer;
	slice answer_media, answer_body;
	unsigned calls;
	struct exchange *open;
	struct core *core;
	struct arena arena;
	char path[64];
} world;

static bool loopback_start(struct adapter *adapter, struct error *error)
{
	(void)error;
	world.adapter = adapter;
	return true;
}

static void loopback_reply(struct adapter *adapter, struct request *request)
{
	(void)adapter;
	assert_false(world.inside);
	request_free(world.home);
	world.home = request;
	world.homecomings++;
}

static void keep_text(char *to, size_t size, slice from)
{
	(void)snprintf(to, size, "%.*s", SLICE_ARG(from));
}

static void loopback_push(
        struct adapter *adapter, struct subscription *subscription, const struct update *update)
{
	(void)adapter;
	assert_false(world.inside);
	assert_true(world.ntold < PUSHES_MAX);
	struct told *told = &world.told[world.ntold++];
	*told = (struct told){ subscription->follower, update->ended, update->version,
		update->present, "", "", "", "" };
	keep_text(told->path, sizeof told->path, update->path);
	keep_text(told->media, sizeof told->media, update->media);
	keep_text(told->body, sizeof told->body, update->body);
	keep_text(told->why, sizeof told->why, update->why);
	if (world.when_told)
		world.when_told(subscription, update);
}

static void loopback_close(struct adapter *adapter)
{
	request_free(world.home);
	world.home = NULL;
	if (world.adapter == adapter)
		world.adapter = NULL;
	free(adapter);
}

static const struct adapter_ops loopback_ops = { .name = "loopback",
	.settings = loopback_settings,
	.open = loopback_open,
	.start = loopback_start,
	.reply = loopback_reply,
	.push = loopback_push,
	.stop = loopback_stop,
	.close = loopback_close };

static void scripted_start(struct backend *backend)
{
	(void)backend;
}

static void scripted_send(struct backend *backend, struct exchange *exchange)
{
	(void)backend;
	world.calls++;
	world.open = exchange;
	exchange->out.media = world.answer_media;
	exchange->out.body = world.answer_body;
	if (world.answer != STATUS_NONE)
		exchange_done(exchange, world.answer);
}

static void scripted_abort(struct backend *backend, struct exchange *exchange)
{
	(void)backend;
	exchange_done(exchange, STATUS_CANCELLED);
}

static const struct backend_ops scripted_ops = { .name = "scripted",
	.takes = BACKEND_TAKES_BYTES,
	.open = loopback_backend_open,
	.start = scripted_start,
	.send = scripted_send,
	.abort = scripted_abort,
	.close = loopback_backend_close };

static const struct backend_ops device_ops = { .name = "device",
	.takes = BACKEND_TAKES_BYTES,
	.calls_devices = true,
	.open = loopback_backend_open,
	.send = scripted_send,
	.abort = scripted_abort,
	.close = loopback_backend_close };

extern const struct authenticator_ops authenticator_token;
static const struct adapter_ops *const adapters[] = { &loopback_ops, NULL };
static const struct backend_ops *const backends[] = { &scripted_ops, &device_ops, NULL };
static const struct authenticator_ops *const authenticators[] = { &authenticator_token, NULL };
static const char *const dialects[] = { "soap", NULL };
static const struct plugs plugs = { adapters, authenticators, backends, dialects };

static void write_configuration(const char *text)
{
	write_file(world.path, text);
}

/* A core of this configuration; `store` NULL: without. */
static void world_start(struct store *store)
{
	world.core = core_running(&plugs, world.path, &world.arena, store);
}

static int world_open(const char *configuration)
{
	log_set_level((enum log_level) - 1);
	hand_loop_reset();
	memset(&world, 0, sizeof world);
	world.answer = STATUS_OK;
	(void)snprintf(
	        world.path, sizeof world.path, "/tmp/fairlead-follow-%d.yaml", (int)getpid());
	write_configuration(configuration);
	(void)setenv("TOKEN_A", "secret-a", 1);
	(void)setenv("TOKEN_B", "secret-b", 1);
	(void)setenv("TOKEN_P", "secret-p", 1);
	arena_init(&world.arena, 1 << 20);
	world_start(NULL);
	return 0;
}

static int world_close(void **state)
{
	(void)state;
	core_destroy(world.core);
	hand_store_reset();
	arena_finish(&world.arena);
	(void)unlink(world.path);
	return 0;
}

/* ---- Requests. */
static struct request *fresh(
        enum method method, const char *to, const char *body, const char *token)
{
	return request_with(world.adapter, method, to, body, token);
}

static inline enum status submit(struct request *request)
{
	unsigned before = world.homecomings;
	world.inside = true;
	request_submit(request);
	world.inside = false;
	hand_loop_turn();
	return world.homecomings > before ? world.home->status : STATUS_NONE;
}

static inline enum status ask(
        enum method method, const char *to, const char *body, const char *token)
{
	return submit(fresh(method, to, body, token));
}

/* Follows; NULL: it was refused, or there is nothing to follow. */
static inline struct subscription *follow(
        enum method method, const char *to, const char *token, void *follower)
{
	struct request *request = fresh(method, to, NULL, token);
	request->follower = follower;
	(void)submit(request);
	return world.home->subscription;
}

/* All turns that are due. */
static inline void turn(void)
{
	for (unsigned i = 0; i < 1000; i++)
		hand_loop_pass(1);
}

static inline const struct told *last_told(void)
{
	assert_true(world.ntold > 0);
	return &world.told[world.ntold - 1];
}

/* ---- The configuration. */
#define HEAD_OF_IT                                                                                 \
	"gateway: { state: nowhere, limits: { body: 1KiB, memory: 1MiB, values: 5,\n"              \
	"           values_memory: 8KiB, subscriptions: 20 } }\n"                                  \
	"listeners: [{ name: l, protocol: loopback, bind: x }]\n"                                  \
	"auth: { token: { method: token }, key: { method: token } }\n"
#define ROLES                                                                                      \
	"roles:\n"                                                                                 \
	"  sensor: { allow: [\"* /sensors/{self}\"] }\n"                                           \
	"  panel: { allow: [\"GET /sensors/*\", \"SUBSCRIBE /heard/*\", \"* /keyed/*\"] }\n"
#define CLIENTS                                                                                    \
	"clients:\n"                                                                               \
	"  - { id: a, roles: [sensor], token: env:TOKEN_A }\n"                                     \
	"  - { id: b, roles: [sensor], token: env:TOKEN_B }\n"                                     \
	"  - { id: p, roles: [panel], token: env:TOKEN_P }\n"
#define BACKENDS "backends: { one: { protocol: scripted }, valve: { protocol: device } }\n"
#define ENDPOINTS                                                                                  \
	"endpoints:\n"                                                                             \
	"  - { name: sensors, path: \"/sensors/{device}\", methods: [GET, HEAD, POST, DELETE],\n"  \
	"      auth: [token], keep: last, to: one }\n"                                             \
	"  - { name: own, path: \"/own/{x}\", methods: [GET, PUT, DELETE], auth: [none],\n"        \
	"      accept: [\"*/*\"], keep: last }\n"                                                  \
	"  - { name: heard, path: \"/heard/{x}\", methods: [GET], auth: [token], keep: last }\n"   \
	"  - { name: telling, path: \"/heard/{x}\", methods: [POST], auth: [none], keep: last }\n" \
	"  - { name: keyed, path: \"/keyed/{x}\", methods: [GET, PUT], auth: [key, none],\n"       \
	"      roles: [panel], keep: last }\n"                                                     \
	"  - { name: seen, path: /seen, methods: [GET, PUT], auth: [none], keep: last, to: one,\n" \
	"      observe: true }\n"                                                                  \
	"  - { name: valve, path: /valve, methods: [GET, PUT], auth: [none], keep: last,\n"        \
	"      to: valve }\n"                                                                      \
	"  - { name: plain, path: /plain, methods: [GET, POST], auth: [none], to: one }\n"

static const char configuration[] = HEAD_OF_IT ROLES CLIENTS BACKENDS ENDPOINTS;

static int setup(void **state)
{
	(void)state;
	return world_open(configuration);
}

static inline struct request *with_field(struct request *request, const char *name, slice value)
{
	struct field *fields =
	        arena_alloc(&request->arena, (request->in.nfields + 1) * sizeof *fields);
	if (request->in.nfields)
		memcpy(fields, request->in.fields, request->in.nfields * sizeof *fields);
	fields[request->in.nfields] =
	        (struct field){ slice_of(name), arena_copy_slice(&request->arena, value) };
	request->in.fields = fields;
	request->in.nfields++;
	return request;
}

#endif
