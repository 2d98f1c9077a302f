/* The pipeline with a joined broker whose Paho a test plays by hand, and a backend that answers when told: no broker, no
 * thread, no sleep. Include once, after support.h. The functions of adapters/mqtt_broker/paho.h are defined here, so that
 * the real ones are not linked. */
#ifndef UNIT_BROKER_WORLD_H
#define UNIT_BROKER_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "adapters/mqtt_broker/broker.h"
#include "base/log.h"
#include "tests/unit/loopback.h"

enum { WORLD_ORDERS = 64, WORLD_EXCHANGES = 64 };

enum world_order_kind {
	WORLD_CONNECT,
	WORLD_SUBSCRIBE,
	WORLD_UNSUBSCRIBE,
	WORLD_PUBLISH,
	WORLD_END
};

/* What the adapter has ordered; texts are in the world's arena. */
struct world_order {
	enum world_order_kind kind;
	uint64_t ticket;
	unsigned connection, server, qos;
	bool version_5;
	slice topic; /* or the first filter */
	slice payload, content_type, response_topic, correlation, status;
	uint32_t expiry_s;
};

/* Rule broken: one world a program; plugs have no other way to find it. */
static struct {
	struct core *core;
	struct arena arena;
	char path[64];
	void (*heard)(void *arg, struct paho_event *);
	struct broker *broker;

	struct world_order orders[WORLD_ORDERS];
	unsigned norders;
	bool no_memory;     /* orders are refused */
	unsigned nmessages; /* said and not done with */

	struct exchange
	        *exchanges[WORLD_EXCHANGES]; /* in the order they came; NULL once answered */
	unsigned nexchanges;
} world;

static slice world_copy(slice s)
{
	return s.p ? arena_copy_slice(&world.arena, s) : s;
}

/* ---- Paho, by hand. */

struct paho {
	char nothing;
};

static struct world_order *note(enum world_order_kind kind)
{
	assert_true(world.norders < WORLD_ORDERS);
	struct world_order *order = &world.orders[world.norders++];
	*order = (struct world_order){ .kind = kind };
	return order;
}

struct paho *paho_create(struct loop *loop, const struct paho_settings *settings,
        void (*heard)(void *arg, struct paho_event *), void *arg)
{
	(void)loop;
	(void)settings;
	world.heard = heard;
	world.broker = arg;
	return calloc(1, sizeof(struct paho));
}

void paho_destroy(struct paho *paho)
{
	free(paho);
}

bool paho_connect(struct paho *paho, unsigned connection, unsigned broker, bool version_5)
{
	(void)paho;
	if (world.no_memory)
		return false;
	struct world_order *order = note(WORLD_CONNECT);
	order->connection = connection;
	order->server = broker;
	order->version_5 = version_5;
	return true;
}

bool paho_subscribe(
        struct paho *paho, uint64_t ticket, const slice *filters, unsigned n, unsigned qos)
{
	(void)paho;
	if (world.no_memory)
		return false;
	assert_true(n > 0);
	struct world_order *order = note(WORLD_SUBSCRIBE);
	order->ticket = ticket;
	order->topic = world_copy(filters[0]);
	order->qos = qos;
	return true;
}

bool paho_unsubscribe(struct paho *paho, slice filter)
{
	(void)paho;
	note(WORLD_UNSUBSCRIBE)->topic = world_copy(filter);
	return true;
}

bool paho_publish(struct paho *paho, const struct paho_publication *from)
{
	(void)paho;
	if (world.no_memory)
		return false;
	struct world_order *order = note(WORLD_PUBLISH);
	order->ticket = from->ticket;
	order->topic = world_copy(from->topic);
	order->payload = world_copy(from->payload);
	order->content_type = world_copy(from->content_type);
	order->response_topic = world_copy(from->response_topic);
	order->correlation = world_copy(from->correlation);
	order->expiry_s = from->expiry_s;
	order->qos = from->qos;
	for (unsigned i = 0; i < from->nproperties; i++) {
		if (slice_is(from->properties[i].name, "status"))
			order->status = world_copy(from->properties[i].value);
	}
	return true;
}

void paho_message_done(struct paho *paho, struct paho_message *message)
{
	(void)paho;
	world.nmessages--;
	free(message);
}

void paho_end(struct paho *paho)
{
	(void)paho;
	(void)note(WORLD_END);
}

/* The last order; it must be of this kind. */
static const struct world_order *last(enum world_order_kind kind)
{
	assert_true(world.norders > 0);
	const struct world_order *order = &world.orders[world.norders - 1];
	assert_int_equal(order->kind, kind);
	return order;
}

/* ---- What Paho says. */

static void say(struct paho_event event)
{
	if (!event.connection)
		event.connection = world.broker->connection;
	world.heard(world.broker, &event);
	hand_loop_turn();
}

static void say_failed(int code, const char *why)
{
	struct paho_event event = { .kind = PAHO_FAILED, .code = code };
	(void)snprintf(event.why, sizeof event.why, "%s", why);
	say(event);
}

static void say_published(uint64_t ticket, int code, bool sent)
{
	say((struct paho_event){ .kind = PAHO_PUBLISHED,
	        .ticket = ticket,
	        .code = code,
	        .sent = sent,
	        .why = "no" });
}

static void say_joined(void)
{
	say((struct paho_event){ .kind = PAHO_CONNECTED });
	assert_int_equal(world.broker->state, BROKER_JOINED);
}

static void say_lost(void)
{
	say((struct paho_event){ .kind = PAHO_LOST, .why = "it broke" });
}

/* All slices must be static. */
static void say_message(struct paho_message message)
{
	struct paho_message *own = malloc(sizeof *own);
	assert_non_null(own);
	*own = message;
	own->event.kind = PAHO_MESSAGE;
	own->event.connection = world.broker->connection;
	world.nmessages++;
	world.heard(world.broker, &own->event);
	hand_loop_turn();
}

static void say_reading(const char *topic, const char *payload)
{
	say_message((struct paho_message){
	        .topic = slice_of(topic), .payload = slice_of(payload), .qos = 1 });
}

/* ---- A backend that answers when told. */

static void patient_send(struct backend *backend, struct exchange *exchange)
{
	(void)backend;
	assert_true(world.nexchanges < WORLD_EXCHANGES);
	world.exchanges[world.nexchanges++] = exchange;
}

static void answer(unsigned i, enum status status)
{
	struct exchange *exchange = world.exchanges[i];
	assert_non_null(exchange);
	world.exchanges[i] = NULL;
	exchange_done(exchange, status);
	hand_loop_turn();
}

static void patient_abort(struct backend *backend, struct exchange *exchange)
{
	(void)backend;
	for (unsigned i = 0; i < world.nexchanges; i++) {
		if (world.exchanges[i] == exchange) {
			world.exchanges[i] = NULL;
			exchange_done(exchange, STATUS_CANCELLED);
		}
	}
}

static const struct backend_ops patient_ops = { .name = "patient",
	.takes = BACKEND_TAKES_BYTES,
	.open = loopback_backend_open,
	.send = patient_send,
	.abort = patient_abort,
	.close = loopback_backend_close };

/* The body of the i-th call. */
static slice body_of(unsigned i)
{
	assert_true(i < world.nexchanges);
	assert_non_null(world.exchanges[i]);
	return world.exchanges[i]->request->call.body;
}

/* ---- The world. */

extern const struct adapter_ops adapter_mqtt_broker;
extern const struct authenticator_ops authenticator_broker;
static const struct adapter_ops *const world_adapters[] = { &adapter_mqtt_broker, NULL };
static const struct backend_ops *const world_backends[] = { &patient_ops, NULL };
static const struct authenticator_ops *const world_authenticators[] = { &authenticator_broker,
	NULL };
static const char *const world_dialects[] = { NULL };
static const struct plugs world_plugs = { world_adapters, world_authenticators, world_backends,
	world_dialects };

/* The listener `site` with these further settings. */
static void world_open(const char *more)
{
	log_set_level(LOG_LEVEL_ERROR);
	hand_loop_reset();
	memset(&world, 0, sizeof world);
	arena_init(&world.arena, 1 << 20);
	(void)snprintf(
	        world.path, sizeof world.path, "/tmp/fairlead-broker-%d.yaml", (int)getpid());
	FILE *file = fopen(world.path, "wb");
	assert_non_null(file);
	(void)fprintf(file,
	        "listeners:\n"
	        "  - { name: site, protocol: mqtt, broker: \"mqtt://127.0.0.1\", "
	        "subscribe: [\"#\"]%s }\n"
	        "backends: { patient: { protocol: patient } }\n"
	        "roles: { sensor: { allow: [\"POST /ships/{self}/sensors\"] } }\n"
	        "clients: [{ id: engine-7, roles: [sensor] }, { id: engine-8, roles: [sensor] }]\n"
	        "%s"
	        "endpoints:\n"
	        "  - { name: open, path: \"/open/*\", methods: [POST], auth: [none], to: patient "
	        "}\n"
	        "  - { name: ships, path: \"/ships/{device}/sensors\", methods: [POST], "
	        "auth: [%s], to: patient }\n",
	        more,
	        strstr(more, "publisher")
	                ? "auth: { site: { method: broker, listeners: [site] } }\n"
	                : "",
	        strstr(more, "publisher") ? "site" : "none");
	(void)fclose(file);
	world.core = core_running(&world_plugs, world.path, &world.arena, NULL);
	assert_int_equal(last(WORLD_CONNECT)->connection, 1);
}

/* Stops as the gateway does. */
static void world_close(void)
{
	core_stop(world.core, 1000);
	hand_loop_turn();
	for (unsigned i = 0; i < world.nexchanges; i++) {
		if (world.exchanges[i])
			answer(i, STATUS_OK);
	}
	(void)last(WORLD_END);
	assert_false(hand_loop_stopped());
	say((struct paho_event){ .kind = PAHO_ENDED });
	assert_true(hand_loop_stopped());
	assert_int_equal(world.nmessages, 0);
	core_destroy(world.core);
	arena_finish(&world.arena);
	(void)unlink(world.path);
}

#endif
