/* A client's session as bytes, for the store and back. Numbers are big-endian, as in MQTT's own packets, so its reader
 * serves here as well:
 *
 *     1  the form of the record (FORM)          1  has a user name     1  MQTT's version
 *     4  session expiry, seconds                2+ user name
 *     2  how many QoS 2 messages are not released:   each 2 identifier, 4 digest, 1 repeated
 *     2  how many subscriptions:                each 2+ filter, 1 options, 4 number, 8 version heard
 *     2  how many deliveries:                   each 2 identifier, 1 QoS, 1 received, 2 its subscription (from 1),
 *                                               8 version, 4+ packet
 *
 * A record is at most as large as what it holds: deliveries beyond DELIVERIES_MAX_BYTES are left out, and their
 * subscriptions heard less, so their values are sent anew. A damaged record is no record. */
#include "adapters/mqtt/mqtt.h"

#include <stdlib.h>

enum {
	FORM = 1,
	DELIVERIES_MAX_BYTES = 64 * 1024,
	OPTION_QOS = 0x03,
	OPTION_NO_LOCAL = 0x04,
	OPTION_AS_PUBLISHED = 0x08,
	OPTION_REPLIES = 0x10,
	FIXED_BYTES = 32,
	UNRELEASED_BYTES = 7,
	SUBSCRIPTION_BYTES = 16, /* without its filter */
	DELIVERY_BYTES = 20      /* without its packet */
};

static struct mqtt_subscription *subscription_of(struct list *link)
{
	return LIST_OWNER(link, struct mqtt_subscription, link);
}

static size_t record_bytes(const struct mqtt_client *client)
{
	size_t n = FIXED_BYTES + client->user.n + client->nunreleased * UNRELEASED_BYTES;
	LIST_EACH (&client->subscriptions, at, following)
		n += SUBSCRIPTION_BYTES + subscription_of(at)->filter.n;
	LIST_EACH (&client->deliveries, at, following)
		n += DELIVERY_BYTES;
	size_t held = client->held_bytes;
	return MQTT_HEADER_MAX_BYTES + n +
	       (held < DELIVERIES_MAX_BYTES ? held : DELIVERIES_MAX_BYTES);
}

static void put_eight(struct mqtt_writer *writer, uint64_t number)
{
	mqtt_put_four(writer, (uint32_t)(number >> 32));
	mqtt_put_four(writer, (uint32_t)number);
}

/* The first `most` bytes of packets are kept: what is heard of this subscription by those. */
static uint64_t heard_with(const struct mqtt_client *client, const struct mqtt_subscription *one)
{
	uint64_t heard = mqtt_subscribe_position(one);
	size_t bytes = 0;
	LIST_EACH (&client->deliveries, at, following) {
		const struct mqtt_delivery *delivery = LIST_OWNER(at, struct mqtt_delivery, link);
		bytes += delivery->packet.n;
		if (bytes > DELIVERIES_MAX_BYTES && !delivery->received &&
		        delivery->subscription == one && delivery->version <= heard)
			heard = delivery->version - 1;
	}
	return heard;
}

static void write_subscriptions(struct mqtt_writer *writer, const struct mqtt_client *client)
{
	mqtt_put_two(writer, client->nsubscriptions);
	LIST_EACH (&client->subscriptions, at, following) {
		const struct mqtt_subscription *one = subscription_of(at);
		mqtt_put_binary(writer, one->filter);
		mqtt_put_byte(
		        writer, one->qos | (one->no_local ? OPTION_NO_LOCAL : 0u) |
		                        (one->retain_as_published ? OPTION_AS_PUBLISHED : 0u) |
		                        (one->for_replies ? OPTION_REPLIES : 0u));
		mqtt_put_four(writer, one->number);
		put_eight(writer, heard_with(client, one));
	}
}

static unsigned number_of(
        const struct mqtt_client *client, const struct mqtt_subscription *subscription)
{
	unsigned n = 0;
	LIST_EACH (&client->subscriptions, at, following) {
		n++;
		if (subscription_of(at) == subscription)
			return n;
	}
	return 0;
}

/* Those that outlive the connection. */
static bool is_kept(const struct mqtt_delivery *delivery, size_t *bytes)
{
	*bytes += delivery->packet.n;
	return delivery->received || (!delivery->is_command && *bytes <= DELIVERIES_MAX_BYTES);
}

static void write_deliveries(struct mqtt_writer *writer, const struct mqtt_client *client)
{
	unsigned n = 0;
	size_t bytes = 0;
	LIST_EACH (&client->deliveries, at, following)
		n += is_kept(LIST_OWNER(at, struct mqtt_delivery, link), &bytes);
	mqtt_put_two(writer, n);
	bytes = 0;
	LIST_EACH (&client->deliveries, at, following) {
		const struct mqtt_delivery *delivery = LIST_OWNER(at, struct mqtt_delivery, link);
		if (!is_kept(delivery, &bytes))
			continue;
		/* What has been received needs no packet any more, only its PUBREL. */
		slice packet = delivery->received ? (slice){ NULL, 0 } : delivery->packet;
		mqtt_put_two(writer, delivery->id);
		mqtt_put_byte(writer, delivery->qos);
		mqtt_put_byte(writer, delivery->received);
		mqtt_put_two(writer, number_of(client, delivery->subscription));
		put_eight(writer, delivery->version);
		mqtt_put_four(writer, (uint32_t)packet.n);
		mqtt_put_bytes(writer, packet);
	}
}

slice mqtt_record_write(const struct mqtt_client *client, char **memory)
{
	size_t room = record_bytes(client);
	*memory = malloc(room);
	if (!*memory)
		return (slice){ NULL, 0 };
	struct mqtt_writer writer;
	mqtt_writer_init(&writer, *memory, room);
	mqtt_put_byte(&writer, FORM);
	mqtt_put_byte(&writer, client->has_user);
	mqtt_put_byte(&writer, client->version);
	mqtt_put_four(&writer, (uint32_t)client->expiry_s);
	mqtt_put_binary(&writer, client->user);
	mqtt_put_two(&writer, client->nunreleased);
	for (unsigned i = 0; i < client->nunreleased; i++) {
		mqtt_put_two(&writer, client->unreleased[i].id);
		mqtt_put_four(&writer, client->unreleased[i].digest);
		mqtt_put_byte(&writer, client->unreleased[i].repeated);
	}
	write_subscriptions(&writer, client);
	write_deliveries(&writer, client);
	return mqtt_writer_bytes(&writer);
}

/* ---- And back. */

static uint64_t read_eight(struct mqtt_reader *reader)
{
	uint64_t high = mqtt_read_four(reader);
	return high << 32 | mqtt_read_four(reader);
}

static bool damaged(struct mqtt_reader *reader)
{
	mqtt_reader_fail(reader, MQTT_REASON_MALFORMED_PACKET, "a damaged record");
	return false;
}

static bool read_unreleased(struct mqtt_reader *reader, struct mqtt_client *client)
{
	unsigned n = mqtt_read_two(reader);
	if (n * (size_t)UNRELEASED_BYTES > reader->rest.n || !mqtt_release_reserve(client, n))
		return damaged(reader);
	for (unsigned i = 0; i < n; i++) {
		uint16_t id = mqtt_read_two(reader);
		uint32_t digest = mqtt_read_four(reader);
		bool repeated = mqtt_read_byte(reader);
		if (!id || mqtt_release_find(client, id))
			return damaged(reader);
		mqtt_release_add(client, id, digest);
		client->unreleased[client->nunreleased - 1].repeated = repeated;
		client->unreleased[client->nunreleased - 1].restored = true;
	}
	return !reader->fault.why;
}

static bool read_subscriptions(struct mqtt_reader *reader, struct mqtt_client *client)
{
	unsigned n = mqtt_read_two(reader);
	for (unsigned i = 0; i < n && !reader->fault.why; i++) {
		slice filter = mqtt_read_text(reader);
		unsigned options = mqtt_read_byte(reader);
		struct mqtt_subscription values = { .qos = options & OPTION_QOS,
			.no_local = options & OPTION_NO_LOCAL,
			.retain_as_published = options & OPTION_AS_PUBLISHED,
			.for_replies = options & OPTION_REPLIES };
		values.number = mqtt_read_four(reader);
		values.heard = read_eight(reader);
		if (reader->fault.why || values.qos > 2 || !mqtt_filter_allowed(filter) ||
		        filter.n > MQTT_FILTER_MAX_BYTES ||
		        !mqtt_subscribe_restore(client, filter, &values))
			return damaged(reader);
	}
	return !reader->fault.why;
}

static struct mqtt_subscription *subscription_at(const struct mqtt_client *client, unsigned number)
{
	LIST_EACH (&client->subscriptions, at, following) {
		if (number == 1)
			return subscription_of(at);
		number -= number > 0;
	}
	return NULL;
}

/* A packet of ours: PUBLISH, whole, and nothing behind it. */
static bool is_publish(slice packet, enum mqtt_version version)
{
	struct mqtt_frame frame;
	const char *why;
	return mqtt_cut(packet, version, packet.n, &frame, &why) == MQTT_CUT_WHOLE &&
	       frame.type == MQTT_TYPE_PUBLISH && frame.bytes == packet.n;
}

static bool read_deliveries(struct mqtt_reader *reader, struct mqtt_client *client)
{
	unsigned n = mqtt_read_two(reader);
	for (unsigned i = 0; i < n && !reader->fault.why; i++) {
		struct mqtt_delivery values = { .id = mqtt_read_two(reader) };
		values.qos = mqtt_read_byte(reader);
		values.received = mqtt_read_byte(reader);
		values.subscription = subscription_at(client, mqtt_read_two(reader));
		values.version = read_eight(reader);
		slice packet = mqtt_read_bytes(reader, mqtt_read_four(reader));
		if (reader->fault.why || !values.id || values.qos < 1 || values.qos > 2 ||
		        (values.received ? packet.n != 0 : !is_publish(packet, client->version)) ||
		        !mqtt_deliver_restore(client, packet, &values))
			return damaged(reader);
	}
	return !reader->fault.why;
}

struct mqtt_client *mqtt_record_read(
        struct mqtt_listener *listener, slice id, slice identity, slice record)
{
	struct mqtt_reader reader;
	mqtt_reader_init(&reader, record);
	unsigned form = mqtt_read_byte(&reader);
	bool has_user = mqtt_read_byte(&reader);
	unsigned version = mqtt_read_byte(&reader);
	uint32_t expiry_s = mqtt_read_four(&reader);
	slice user = mqtt_read_text(&reader);
	if (reader.fault.why || form != FORM || !expiry_s || !id.n ||
	        id.n > MQTT_CLIENT_ID_MAX_BYTES || !mqtt_text_allowed(id) ||
	        (version != MQTT_VERSION_3_1_1 && version != MQTT_VERSION_5))
		return NULL;
	struct mqtt_client *client =
	        mqtt_client_restore(listener, id, identity, has_user ? &user : NULL);
	if (!client)
		return NULL;
	client->version = (enum mqtt_version)version;
	bool whole = read_unreleased(&reader, client) && read_subscriptions(&reader, client) &&
	             read_deliveries(&reader, client) && !reader.rest.n;
	client->expiry_s = expiry_s; /* only now, as what is read is in the store already */
	if (whole)
		return client;
	mqtt_client_forget(client);
	return NULL;
}
