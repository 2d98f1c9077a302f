/* What leaves for a client: values that it follows and commands for it (deliveries), with QoS 0, 1 or 2.
 *
 * NO QUEUE OF VALUES. A value is taken from the core when it can be sent at once: the client's Receive Maximum and
 * `deliver_maximum` have room, what it has not acknowledged is not too much, and its stream is not full. One that
 * cannot be is left out, and the subscription is behind (subscribe.c): when the client has caught up, the core is
 * asked for what is newer than the last value that was sent. So a client that is slow, or never acknowledges, costs
 * a bounded memory and holds nobody; it hears the newest value of each topic, and never less than that.
 *
 * WHO ACKNOWLEDGES NOTHING for PATIENCE_MS while what all have not acknowledged is as much as it may be is disconnected: he
 * cannot keep others from what is theirs.
 *
 * COMMANDS wait for room, for they are few (command.c bounds them).
 *
 * A delivery with QoS 1 or 2 stays until it is acknowledged, as the packet that was sent; it is sent again, marked as
 * a duplicate, on the client's next connection and only there [MQTT-4.4.0-1]. A command does not outlive the
 * connection: whoever sent it knows that it may not have arrived. */
#include "adapters/mqtt/mqtt.h"

#include "base/log.h"

#include <stdlib.h>

enum {
	HELD_MAX_BYTES = 256 * 1024,   /* of one client, not acknowledged */
	BACKLOG_MAX_BYTES = 64 * 1024, /* of one stream, not sent */
	FLAG_DUP = 0x08,
	RETRY_MS = 1000,
	PATIENCE_MS =
	        10 * 1000, /* with one who acknowledges nothing while others need the memory */
	CUT_OFF_MAX = 256  /* at a time */
};

static struct mqtt_delivery *delivery_of(struct list *link)
{
	return LIST_OWNER(link, struct mqtt_delivery, link);
}

static struct mqtt_delivery *find(struct mqtt_client *client, uint16_t id)
{
	LIST_EACH (&client->deliveries, at, following) {
		if (delivery_of(at)->id == id)
			return delivery_of(at);
	}
	return NULL;
}

static uint16_t new_id(struct mqtt_client *client)
{
	do {
		client->next_id++;
	} while (!client->next_id || find(client, client->next_id));
	return client->next_id;
}

static void drop(struct mqtt_client *client, struct mqtt_delivery *delivery)
{
	list_remove(&delivery->link);
	client->in_flight -= delivery->sent;
	if (client->session)
		client->moved_ms = loop_now_ms(client->listener->loop);
	client->held_bytes -= delivery->packet.n;
	client->listener->held_bytes -= delivery->packet.n;
	free(delivery);
}

static bool is_full(const struct mqtt_session *session)
{
	return stream_unsent(session->stream) > BACKLOG_MAX_BYTES;
}

/* Room for one more that is to be acknowledged. */
static bool window_has_room(const struct mqtt_client *client)
{
	unsigned most = client->listener->deliver_maximum;
	unsigned theirs = client->session->client_receive_maximum;
	return client->in_flight < (theirs < most ? theirs : most) && !is_full(client->session);
}

/* Looks again after a while, where nothing else would tell that there is room. */
static void look_again(struct mqtt_client *client, uint64_t after_ms)
{
	struct mqtt_listener *listener = client->listener;
	uint64_t at_ms = loop_now_ms(listener->loop) + after_ms;
	if (list_empty(&client->waiting))
		list_append(&listener->waiting, &client->waiting);
	if (!listener->retry.at_ms || at_ms < listener->retry.at_ms)
		timer_set(&listener->retry, at_ms);
}

static struct mqtt_client *find_idle(const struct mqtt_listener *listener)
{
	uint64_t now_ms = loop_now_ms(listener->loop);
	struct mqtt_client *client, *following;
	HASH_ITER(hh, listener->clients, client, following)
	{
		if (client->session && client->in_flight &&
		        now_ms - client->moved_ms >= PATIENCE_MS)
			return client;
	}
	return NULL;
}

/* Only when there is no room; and then until there is some. */
static void cut_off(struct mqtt_listener *listener)
{
	size_t enough = listener->held_max_bytes / 4 * 3;
	bool wanted = listener->short_of_memory;
	listener->short_of_memory = false;
	for (unsigned n = 0; wanted && n < CUT_OFF_MAX && listener->held_bytes > enough; n++) {
		struct mqtt_client *client = find_idle(listener);
		if (!client)
			return;
		log_info("mqtt", "others need the memory listener=%s client=%.*s held=%zu",
		        listener->base.label, SLICE_ARG(client->id), client->held_bytes);
		mqtt_session_end(client->session, MQTT_REASON_QUOTA_EXCEEDED,
		        "what was sent is not acknowledged, and others need the memory");
	}
}

void mqtt_deliver_retry(struct mqtt_listener *listener)
{
	cut_off(listener);
	struct list due;
	list_init(&due);
	LIST_EACH (&listener->waiting, at, following) {
		list_remove(at);
		list_append(&due, at);
	}
	LIST_EACH (&due, at, following) {
		struct mqtt_client *client = LIST_OWNER(at, struct mqtt_client, waiting);
		list_remove(at);
		mqtt_deliver_go_on(client);
	}
}

static bool may_hold(struct mqtt_client *client, size_t bytes)
{
	struct mqtt_listener *listener = client->listener;
	if (listener->held_bytes + bytes > listener->held_max_bytes) {
		listener->short_of_memory = true;
		look_again(client, RETRY_MS);
		return false;
	}
	return !client->held_bytes || client->held_bytes + bytes <= HELD_MAX_BYTES;
}

/* Sends it, for the first time or again. One that is too large for the client counts as sent and acknowledged
 * [MQTT-3.1.2-25]: false, and it is gone. */
static bool transmit(struct mqtt_client *client, struct mqtt_delivery *delivery)
{
	char *first = (char *)(uintptr_t)delivery->packet.p;
	if (delivery->repeated)
		*first = (char)(*first | FLAG_DUP);
	if (!mqtt_session_send(client->session, delivery->packet, (slice){ NULL, 0 })) {
		struct mqtt_order *order = delivery->order;
		drop(client, delivery);
		mqtt_order_refused(
		        order, STATUS_TOO_LARGE, SLICE("the device takes no message that large"));
		return false;
	}
	delivery->sent = true;
	if (!client->in_flight++)
		client->moved_ms = loop_now_ms(client->listener->loop);
	mqtt_order_left(delivery->order);
	return true;
}

static bool send_ack(
        struct mqtt_session *session, enum mqtt_type type, uint16_t id, enum mqtt_reason reason)
{
	char buffer[MQTT_PACKET_SMALL_BYTES];
	struct mqtt_writer writer;
	mqtt_writer_init(&writer, buffer, sizeof buffer);
	slice packet =
	        mqtt_write_ack(&writer, session->version, type, id, reason, (slice){ NULL, 0 });
	return mqtt_session_send(session, packet, (slice){ NULL, 0 });
}

static void put_properties(struct mqtt_writer *writer, const struct mqtt_outgoing *out)
{
	mqtt_properties_begin(writer);
	if (out->expires_in_s)
		mqtt_property_four(writer, MQTT_PROPERTY_MESSAGE_EXPIRY, out->expires_in_s);
	if (out->media.n)
		mqtt_property_binary(writer, MQTT_PROPERTY_CONTENT_TYPE, out->media);
	if (out->response_topic.n)
		mqtt_property_binary(writer, MQTT_PROPERTY_RESPONSE_TOPIC, out->response_topic);
	if (out->correlation_data.n)
		mqtt_property_binary(writer, MQTT_PROPERTY_CORRELATION_DATA, out->correlation_data);
	if (out->subscription_id)
		mqtt_property_variable(writer, MQTT_PROPERTY_SUBSCRIPTION_ID, out->subscription_id);
	if (out->method.n)
		mqtt_property_pair(writer, SLICE("method"), out->method);
	for (unsigned i = 0; i < out->nfields; i++)
		mqtt_property_pair(writer, out->fields[i].name, out->fields[i].value);
	mqtt_properties_end(writer);
}

/* The packet, in a delivery of its own. NULL: out of memory. */
static struct mqtt_delivery *compose(struct mqtt_client *client, const struct mqtt_outgoing *out)
{
	/* Lengths and numbers of all properties take less than this. */
	size_t room = 128 + out->topic.n + out->media.n + out->response_topic.n +
	              out->correlation_data.n + out->method.n;
	for (unsigned i = 0; i < out->nfields; i++)
		room += 5 + out->fields[i].name.n + out->fields[i].value.n;
	struct mqtt_delivery *delivery = malloc(sizeof *delivery + room + out->body.n);
	if (!delivery)
		return NULL;
	*delivery = (struct mqtt_delivery){ .order = out->order,
		.subscription = out->subscription,
		.version = out->version,
		.qos = (uint8_t)out->qos,
		.is_command = out->order != NULL,
		.id = out->qos ? new_id(client) : 0 };
	list_init(&delivery->link);
	struct mqtt_writer writer;
	mqtt_writer_init(&writer, delivery->bytes, room);
	mqtt_put_binary(&writer, out->topic);
	if (out->qos)
		mqtt_put_two(&writer, delivery->id);
	if (client->session->version == MQTT_VERSION_5)
		put_properties(&writer, out);
	slice head = mqtt_writer_end(
	        &writer, MQTT_TYPE_PUBLISH, out->qos << 1 | (unsigned)out->retain, out->body.n);
	if (!head.n) {
		free(delivery);
		return NULL;
	}
	if (out->body.n)
		memcpy((char *)(uintptr_t)head.p + head.n, out->body.p, out->body.n);
	delivery->packet = (slice){ head.p, head.n + out->body.n };
	return delivery;
}

static void keep(struct mqtt_client *client, struct mqtt_delivery *delivery)
{
	list_append(&client->deliveries, &delivery->link);
	client->held_bytes += delivery->packet.n;
	client->listener->held_bytes += delivery->packet.n;
}

bool mqtt_deliver_value(struct mqtt_client *client, const struct mqtt_outgoing *out)
{
	size_t about = out->topic.n + out->body.n;
	/* What was written in this turn may leave at its end, and the stream then has nothing to say. */
	if (is_full(client->session))
		look_again(client, 0);
	if (out->qos ? !window_has_room(client) || !may_hold(client, about)
	             : is_full(client->session))
		return false;
	struct mqtt_delivery *delivery = compose(client, out);
	if (!delivery)
		return false;
	if (out->qos) {
		keep(client, delivery);
		(void)transmit(client, delivery);
	} else {
		(void)mqtt_session_send(client->session, delivery->packet, (slice){ NULL, 0 });
		free(delivery);
	}
	return true;
}

bool mqtt_deliver_command(struct mqtt_client *client, const struct mqtt_outgoing *out,
        struct mqtt_delivery **delivery)
{
	*delivery = NULL;
	if (!may_hold(client, out->topic.n + out->body.n))
		return false;
	struct mqtt_delivery *made = compose(client, out);
	if (!made)
		return false;
	if (!out->qos && client->session->in_doubt) {
		free(made);
		return false;
	}
	if (!out->qos) {
		bool left = mqtt_session_send(client->session, made->packet, (slice){ NULL, 0 });
		free(made);
		return left;
	}
	keep(client, made);
	*delivery = made;
	return true;
}

void mqtt_deliver_forget_order(struct mqtt_client *client, struct mqtt_delivery *delivery)
{
	delivery->order = NULL;
	/* What has left keeps its identifier until it is acknowledged. */
	if (!delivery->sent)
		drop(client, delivery);
}

void mqtt_deliver_forget_subscription(
        struct mqtt_client *client, const struct mqtt_subscription *subscription)
{
	LIST_EACH (&client->deliveries, at, following) {
		if (delivery_of(at)->subscription == subscription)
			delivery_of(at)->subscription = NULL;
	}
}

/* What is not acknowledged again after a connection has been resumed; else what waits for room. */
static void send_waiting(struct mqtt_client *client)
{
	LIST_EACH (&client->deliveries, at, following) {
		struct mqtt_delivery *delivery = delivery_of(at);
		if (delivery->sent || (delivery->is_command && client->session->in_doubt))
			continue;
		if (!window_has_room(client))
			return;
		if (delivery->received) {
			delivery->sent = true;
			client->in_flight++;
			(void)send_ack(client->session, MQTT_TYPE_PUBREL, delivery->id,
			        MQTT_REASON_SUCCESS);
		} else {
			(void)transmit(client, delivery);
		}
	}
}

void mqtt_deliver_go_on(struct mqtt_client *client)
{
	if (!client->session || client->session->state != MQTT_STATE_CONNECTED)
		return;
	send_waiting(client);
	/* Not for each single place: the core then looks for what is new but a few times. */
	if (client->in_flight * 2 <= client->listener->deliver_maximum && window_has_room(client))
		mqtt_subscribe_catch_up(client);
}

void mqtt_deliver_pause(struct mqtt_client *client)
{
	struct mqtt_listener *listener = client->listener;
	bool too_much = listener->held_bytes > listener->held_max_bytes / 2;
	client->in_flight = 0;
	LIST_EACH (&client->deliveries, at, following) {
		struct mqtt_delivery *delivery = delivery_of(at);
		delivery->repeated = delivery->repeated || delivery->sent;
		delivery->sent = false;
		/* Nobody is left who hears how it went; or others need the memory more than one who is away, who then
		 * hears of it anew. */
		if (delivery->received || (!delivery->is_command && !too_much))
			continue;
		if (delivery->subscription)
			mqtt_subscribe_missed(delivery->subscription, delivery->version);
		drop(client, delivery);
	}
}

void mqtt_deliver_resume(struct mqtt_client *client, bool other_version)
{
	LIST_EACH (&client->deliveries, at, following) {
		struct mqtt_delivery *delivery = delivery_of(at);
		if (!other_version || delivery->received)
			continue;
		/* The packet is another version's. */
		if (delivery->subscription)
			mqtt_subscribe_missed(delivery->subscription, delivery->version);
		drop(client, delivery);
	}
	send_waiting(client);
}

bool mqtt_deliver_restore(
        struct mqtt_client *client, slice packet, const struct mqtt_delivery *values)
{
	struct mqtt_delivery *delivery =
	        find(client, values->id) ? NULL : malloc(sizeof *delivery + packet.n);
	if (!delivery)
		return false;
	*delivery = *values;
	delivery->repeated = true;
	if (packet.n)
		memcpy(delivery->bytes, packet.p, packet.n);
	delivery->packet = (slice){ delivery->bytes, packet.n };
	list_init(&delivery->link);
	keep(client, delivery);
	return true;
}

void mqtt_deliver_finish(struct mqtt_client *client)
{
	LIST_EACH (&client->deliveries, at, following)
		drop(client, delivery_of(at));
}

/* The acknowledgement that belongs to another step of the exchange (MQTT 5.0 section 4.3). */
static void out_of_turn(struct mqtt_session *session)
{
	mqtt_session_fault(session, (struct mqtt_fault){ MQTT_REASON_PROTOCOL_ERROR,
	                                    "an acknowledgement that is not the next one of its "
	                                    "exchange [MQTT-4.3.3-4]" });
}

static void done(
        struct mqtt_client *client, struct mqtt_delivery *delivery, enum mqtt_reason reason)
{
	struct mqtt_order *order = delivery->order;
	drop(client, delivery);
	mqtt_order_acknowledged(order, reason);
	mqtt_deliver_go_on(client);
}

void mqtt_deliver_acknowledged(struct mqtt_session *session, const struct mqtt_ack *ack)
{
	struct mqtt_delivery *delivery = find(session->client, ack->id);
	if (delivery && delivery->sent && (delivery->qos != 1 || delivery->received))
		out_of_turn(session);
	else if (delivery && delivery->sent)
		done(session->client, delivery, ack->reason);
}

void mqtt_deliver_received(struct mqtt_session *session, const struct mqtt_ack *ack)
{
	struct mqtt_client *client = session->client;
	struct mqtt_delivery *delivery = find(client, ack->id);
	if (!delivery || !delivery->sent) {
		(void)send_ack(session, MQTT_TYPE_PUBREL, ack->id, MQTT_REASON_PACKET_ID_NOT_FOUND);
	} else if (delivery->qos != 2) {
		out_of_turn(session);
	} else if (ack->reason >= MQTT_REASON_UNSPECIFIED) {
		done(client, delivery, ack->reason);
	} else {
		delivery->received = true;
		mqtt_order_acknowledged(delivery->order, ack->reason);
		delivery->order = NULL;
		(void)send_ack(session, MQTT_TYPE_PUBREL, ack->id, MQTT_REASON_SUCCESS);
	}
}

void mqtt_deliver_completed(struct mqtt_session *session, const struct mqtt_ack *ack)
{
	struct mqtt_delivery *delivery = find(session->client, ack->id);
	if (delivery && delivery->sent && !delivery->received)
		out_of_turn(session);
	else if (delivery && delivery->sent)
		done(session->client, delivery, MQTT_REASON_SUCCESS);
}
