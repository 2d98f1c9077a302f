/* Commands for devices that are connected here (api/command.h).
 *
 * A command is published to the device's session, on the topic of its path, if one of the client's filters takes that.
 * The session is the one that has proved to be the device; where the command says so, also one that only calls itself so
 * and proved nothing. With QoS 1 (0 where the filter was granted no more); MQTT 5 gets its method, fields, media type,
 * how long it is of use and, if a reply is expected, a Response Topic below "reply/" and Correlation Data.
 *
 * THE REPLY is what the device publishes there: in MQTT 5 the one with the same Correlation Data, in 3.1.1 (on "reply/"
 * and the command's topic) that to the oldest command of this topic that waits. A user property `status` says how it
 * went, as a name or as HTTP's number. A publication below "reply/" is never a request; one that nobody waits for (a
 * second, a late, an invented one) is acknowledged, counted, and that is all.
 *
 * HOW IT ENDS, once: with the reply; without one expected, when the device has acknowledged it; when the connection
 * breaks before it has (the device is away, and may have got it or not); at its deadline. */
#include "adapters/mqtt/mqtt.h"

#include "adapters/common/mqtt_message.h"
#include "base/log.h"

enum { ORDERS_MAX = 16, CORRELATION_BYTES = 8 };

struct mqtt_order {
	struct list link; /* in client->orders, in the order in which they came */
	struct command *command;
	struct mqtt_client *client;
	struct mqtt_delivery *delivery; /* until it is acknowledged; NULL: it is, or nothing does */
	struct timer timer;
	slice reply_topic;
	char correlation[CORRELATION_BYTES];
	bool unanswerable; /* QoS 0: nothing acknowledges it */
};

static struct mqtt_order *order_of(struct list *link)
{
	return LIST_OWNER(link, struct mqtt_order, link);
}

static void finish(struct mqtt_order *order, enum status status)
{
	struct command *command = order->command;
	list_remove(&order->link);
	order->client->norders--;
	timer_stop(&order->timer);
	if (order->delivery)
		mqtt_deliver_forget_order(order->client, order->delivery);
	command->done(command, status);
}

static void expired(struct timer *timer)
{
	struct mqtt_order *order = LIST_OWNER(timer, struct mqtt_order, timer);
	order->command->why = order->command->acknowledged
	                              ? SLICE("the device has the command and did not reply")
	                              : SLICE("the device did not acknowledge the command");
	finish(order, STATUS_TIMEOUT);
}

static void refuse(struct command *command, enum status status, slice why)
{
	command->why = why;
	command->done(command, status);
}

/* Is it there, and does it hear the command's topic? Sets *connected if it is there at all. */
static bool hears(struct mqtt_client *client, struct command *command,
        const struct mqtt_subscription **by, slice *topic, bool *connected)
{
	if (!client->session || client->session->state != MQTT_STATE_CONNECTED)
		return false;
	*connected = true;
	*by = mqtt_subscribe_match(client, command->arena, command->message->path, topic);
	return *by != NULL;
}

/* The device's session that hears the command's topic, and the subscription by which it does. */
static struct mqtt_client *find_device(struct mqtt_listener *listener, struct command *command,
        const struct mqtt_subscription **by, slice *topic, bool *connected)
{
	*connected = false;
	const struct list *clients = mqtt_device_clients(listener, command->device);
	if (clients) {
		LIST_EACH (clients, at, following) {
			struct mqtt_client *client = LIST_OWNER(at, struct mqtt_client, namesakes);
			if (hears(client, command, by, topic, connected))
				return client;
		}
	}
	struct mqtt_client *client = NULL;
	if (command->unproven_too)
		HASH_FIND(hh, listener->clients, command->device.p, command->device.n, client);
	bool unproven = client && !*client->identity;
	return unproven && hears(client, command, by, topic, connected) ? client : NULL;
}

static slice reply_topic(struct command *command, slice topic)
{
	bool slash = topic.p[0] == '/';
	return arena_printf(command->arena, "reply/%.*s", SLICE_ARG(slice_from(topic, slash)));
}

static bool send_order(
        struct mqtt_order *order, const struct mqtt_subscription *by, slice topic, uint64_t now_ms)
{
	const struct command *command = order->command;
	const struct message *message = command->message;
	struct mqtt_outgoing out = { .topic = topic,
		.media = mqtt_text_allowed(message->media) ? message->media : (slice){ NULL, 0 },
		.body = message->body,
		.method = slice_of(method_name(message->method)),
		.qos = by->qos ? 1 : 0,
		.order = order,
		.subscription_id = by->number };
	out.fields = mqtt_message_device_fields(command, &out.nfields);
	uint64_t left_s =
	        command->deadline_ms > now_ms ? (command->deadline_ms - now_ms + 999) / 1000 : 1;
	if (command->expires_in_s)
		out.expires_in_s =
		        (uint32_t)(command->expires_in_s < left_s ? command->expires_in_s : left_s);
	if (command->wants_reply) {
		out.response_topic = order->reply_topic;
		out.correlation_data = (slice){ order->correlation, CORRELATION_BYTES };
	}
	order->unanswerable = !out.qos;
	return mqtt_deliver_command(order->client, &out, &order->delivery);
}

static void begin(struct mqtt_client *client, struct command *command,
        const struct mqtt_subscription *by, slice topic)
{
	struct mqtt_listener *listener = client->listener;
	struct mqtt_order *order = ARENA_NEW(command->arena, struct mqtt_order);
	slice reply = reply_topic(command, topic);
	if (!order || !reply.p) {
		refuse(command, STATUS_TOO_LARGE, SLICE("no memory left for this request"));
		return;
	}
	order->command = command;
	order->client = client;
	order->reply_topic = reply;
	random_bytes(order->correlation, CORRELATION_BYTES);
	timer_init(&order->timer, listener->loop, expired);
	list_append(&client->orders, &order->link);
	client->norders++;
	command->state = order;
	if (!send_order(order, by, topic, loop_now_ms(listener->loop))) {
		command->why = SLICE("too large for the device, or too much waits for it");
		finish(order, STATUS_TOO_LARGE);
		return;
	}
	if (command->deadline_ms)
		timer_set(&order->timer, command->deadline_ms);
	if (order->unanswerable) {
		command->sent = true;
		if (!command->wants_reply)
			finish(order, STATUS_OK);
		return;
	}
	mqtt_deliver_go_on(client);
}

void mqtt_command(struct adapter *adapter, struct command *command)
{
	const struct mqtt_subscription *by = NULL;
	slice topic = { NULL, 0 };
	bool connected;
	struct mqtt_listener *listener = (struct mqtt_listener *)adapter;
	struct mqtt_client *client = find_device(listener, command, &by, &topic, &connected);
	if (!client) {
		command->away = true;
		refuse(command, STATUS_UNAVAILABLE,
		        connected ? SLICE("the device has not subscribed to the command's topic")
		                  : SLICE("the device is not connected"));
	} else if (client->norders >= ORDERS_MAX) {
		refuse(command, STATUS_TOO_MANY,
		        SLICE("too many commands are under way to the device"));
	} else {
		begin(client, command, by, topic);
	}
}

void mqtt_command_abort(struct adapter *adapter, struct command *command)
{
	(void)adapter;
	if (command->state)
		finish(command->state, STATUS_CANCELLED);
}

/* ---- What deliver.c tells of it. */

void mqtt_order_left(struct mqtt_order *order)
{
	if (order)
		order->command->sent = true;
}

void mqtt_order_refused(struct mqtt_order *order, enum status status, slice why)
{
	if (!order)
		return;
	order->delivery = NULL;
	order->command->why = why;
	finish(order, status);
}

/* What the device says by its acknowledgement (MQTT 5.0 section 3.4.2.1). */
static enum status status_of_reason(enum mqtt_reason reason)
{
	if (reason < MQTT_REASON_UNSPECIFIED)
		return STATUS_OK;
	if (reason == MQTT_REASON_NOT_AUTHORIZED)
		return STATUS_FORBIDDEN;
	if (reason == MQTT_REASON_TOPIC_NAME_INVALID)
		return STATUS_NOT_FOUND;
	if (reason == MQTT_REASON_QUOTA_EXCEEDED)
		return STATUS_TOO_MANY;
	if (reason == MQTT_REASON_PAYLOAD_FORMAT_INVALID)
		return STATUS_INVALID;
	return STATUS_BAD_BACKEND;
}

void mqtt_order_acknowledged(struct mqtt_order *order, enum mqtt_reason reason)
{
	if (!order)
		return;
	order->delivery = NULL;
	enum status status = status_of_reason(reason);
	order->command->acknowledged = true;
	if (status != STATUS_OK)
		order->command->why = SLICE("the device has refused the command");
	if (status != STATUS_OK || !order->command->wants_reply)
		finish(order, status);
}

/* ---- The reply. */

bool mqtt_order_is_reply(slice topic)
{
	return slice_starts(topic, SLICE("reply/"));
}

static struct mqtt_order *find_order(
        struct mqtt_session *session, const struct mqtt_publish *publish)
{
	bool correlated = mqtt_property_given(&publish->properties, MQTT_PROPERTY_CORRELATION_DATA);
	LIST_EACH (&session->client->orders, at, following) {
		struct mqtt_order *order = order_of(at);
		slice correlation = { order->correlation, CORRELATION_BYTES };
		if (order->command->wants_reply && order->command->sent &&
		        slice_equal(order->reply_topic, publish->topic) &&
		        (!correlated ||
		                slice_equal(correlation, publish->properties.correlation_data)))
			return order;
	}
	return NULL;
}

static bool next_user_property(void *at, slice *name, slice *value)
{
	return mqtt_user_property_next(at, name, value);
}

static void take_reply(struct mqtt_order *order, const struct mqtt_publish *publish)
{
	struct command *command = order->command;
	slice all = publish->properties.all;
	command->acknowledged = true;
	finish(order,
	        mqtt_message_take_reply(command, publish->payload, publish->properties.content_type,
	                publish->properties.nusers, next_user_property, &all));
}

void mqtt_order_reply(struct mqtt_session *session, const struct mqtt_publish *publish)
{
	struct mqtt_order *order = find_order(session, publish);
	if (order) {
		take_reply(order, publish);
		return;
	}
	session->listener->base.counters.at[COUNTER_UNASKED]++;
	if (session->said_unasked)
		return;
	session->said_unasked = true;
	log_info("mqtt", "a reply that nobody waits for listener=%s peer=%s client=%.*s topic=%.*s",
	        session->listener->base.label, session->peer, SLICE_ARG(session->client_id),
	        SLICE_ARG(publish->topic));
}

/* ---- The client comes and goes. */

void mqtt_orders_pause(struct mqtt_client *client, bool ends)
{
	LIST_EACH (&client->orders, at, following) {
		struct mqtt_order *order = order_of(at);
		struct command *command = order->command;
		/* What the device has, it may answer when it is back. */
		if (command->acknowledged && !ends)
			continue;
		command->away = !command->acknowledged;
		command->why = command->acknowledged
		                       ? SLICE("the device has gone without a reply")
		                       : SLICE("the connection of the device has ended");
		finish(order, command->acknowledged ? STATUS_TIMEOUT : STATUS_UNAVAILABLE);
	}
}
