/* The topics on which a client hears the answers to what it published.
 *
 * This is a gateway's listener, no broker: a client cannot hear what others publish. It may subscribe to topics
 * below "reply/", and what is published to it there is the reply to its own requests and nothing else: on the
 * Response Topic that it named (MQTT 5), or on "reply/" and the request's topic (3.1.1, which has no Response
 * Topic). So no filter of one client can reach another's answers, whatever it is. Replies go out with QoS 0, and
 * not at all to a client that reads so slowly that its output piles up.
 *
 * To extend this to commands and last values: more filters that grant() accepts, and whoever has something to
 * publish asks mqtt_filter_matches(). */
#include "adapters/mqtt/mqtt.h"

#include <stdlib.h>

enum { REPLY_BACKLOG_MAX_BYTES = 256 * 1024 };

static const char no_broker[] = "this is a gateway's listener, not a broker: it grants reply/...";

void mqtt_subscriptions_drop(struct mqtt_client *client)
{
	for (unsigned i = 0; i < client->nsubscriptions; i++)
		free((void *)(uintptr_t)client->subscriptions[i].filter.p);
	free(client->subscriptions);
	client->subscriptions = NULL;
	client->nsubscriptions = 0;
}

static struct mqtt_subscription *find(struct mqtt_client *client, slice filter)
{
	for (unsigned i = 0; i < client->nsubscriptions; i++) {
		if (slice_equal(client->subscriptions[i].filter, filter))
			return &client->subscriptions[i];
	}
	return NULL;
}

static bool add(struct mqtt_client *client, slice filter, uint32_t number)
{
	if (!client->subscriptions)
		client->subscriptions =
		        calloc(MQTT_SUBSCRIPTIONS_MAX, sizeof *client->subscriptions);
	char *copy = client->subscriptions && client->nsubscriptions < MQTT_SUBSCRIPTIONS_MAX &&
	                             filter.n <= MQTT_FILTER_MAX_BYTES
	                     ? malloc(filter.n)
	                     : NULL;
	if (!copy)
		return false;
	memcpy(copy, filter.p, filter.n);
	client->subscriptions[client->nsubscriptions++] =
	        (struct mqtt_subscription){ { copy, filter.n }, number };
	return true;
}

static enum mqtt_reason grant(struct mqtt_session *session, slice filter, uint32_t number)
{
	if (session->version == MQTT_VERSION_5 && mqtt_filter_is_shared(filter))
		return MQTT_REASON_SHARED_NOT_SUPPORTED;
	if (!slice_starts(filter, SLICE("reply/")))
		return MQTT_REASON_NOT_AUTHORIZED;
	struct mqtt_subscription *known = find(session->client, filter);
	if (known)
		known->number = number;
	else if (!add(session->client, filter, number))
		return MQTT_REASON_QUOTA_EXCEEDED;
	return MQTT_REASON_SUCCESS; /* with QoS 0, whatever was asked for */
}

static bool withdraw(struct mqtt_client *client, slice filter)
{
	struct mqtt_subscription *known = find(client, filter);
	if (!known)
		return false;
	free((void *)(uintptr_t)known->filter.p);
	*known = client->subscriptions[--client->nsubscriptions];
	return true;
}

/* SUBSCRIBE or UNSUBSCRIBE in, or the fault dealt with. */
static bool parse(struct mqtt_session *session, const struct mqtt_frame *frame,
        struct mqtt_subscribe *subscribe)
{
	struct mqtt_fault fault = mqtt_subscribe_parse(frame, session->version, subscribe);
	if (!fault.why && subscribe->nfilters > MQTT_FILTERS_MAX)
		fault = (struct mqtt_fault){ MQTT_REASON_QUOTA_EXCEEDED,
			"more than 64 topic filters in one packet" };
	if (fault.why)
		mqtt_session_fault(session, fault);
	return !fault.why;
}

/* SUBACK and UNSUBACK: the packet identifier, a reason string, one code for each filter. */
static bool send_codes(
        struct mqtt_session *session, enum mqtt_type type, uint16_t id, slice codes, slice why)
{
	char buffer[MQTT_PACKET_SMALL_BYTES];
	struct mqtt_writer writer;
	mqtt_writer_init(&writer, buffer, sizeof buffer);
	mqtt_put_two(&writer, id);
	if (session->version == MQTT_VERSION_5) {
		mqtt_properties_begin(&writer);
		if (why.n)
			mqtt_property_binary(&writer, MQTT_PROPERTY_REASON_STRING, why);
		mqtt_properties_end(&writer);
	}
	for (size_t i = 0; i < codes.n; i++)
		mqtt_put_byte(&writer, (uint8_t)codes.p[i]);
	slice packet = mqtt_writer_end(&writer, type, 0, 0);
	return mqtt_session_send(session, packet, (slice){ NULL, 0 });
}

static void answer(
        struct mqtt_session *session, enum mqtt_type type, uint16_t id, slice codes, slice why)
{
	slice nothing = { NULL, 0 };
	if (!session->problem_information || !send_codes(session, type, id, codes, why))
		(void)send_codes(session, type, id, codes, nothing);
}

void mqtt_subscribe_take(struct mqtt_session *session, const struct mqtt_frame *frame)
{
	struct mqtt_subscribe subscribe;
	if (!parse(session, frame, &subscribe))
		return;
	char codes[MQTT_FILTERS_MAX];
	size_t n = 0;
	slice rest = subscribe.filters, filter, why = { NULL, 0 };
	uint8_t options;
	while (mqtt_filter_next(&rest, &filter, &options)) {
		enum mqtt_reason reason =
		        grant(session, filter, subscribe.properties.subscription_id);
		if (reason != MQTT_REASON_SUCCESS)
			why = slice_of(no_broker);
		if (reason != MQTT_REASON_SUCCESS && session->version != MQTT_VERSION_5)
			reason = MQTT_REASON_UNSPECIFIED; /* the one failure that 3.1.1 knows */
		codes[n++] = (char)reason;
	}
	answer(session, MQTT_TYPE_SUBACK, subscribe.id, (slice){ codes, n }, why);
}

void mqtt_unsubscribe_take(struct mqtt_session *session, const struct mqtt_frame *frame)
{
	struct mqtt_subscribe unsubscribe;
	if (!parse(session, frame, &unsubscribe))
		return;
	char codes[MQTT_FILTERS_MAX];
	size_t n = 0;
	slice rest = unsubscribe.filters, filter;
	while (mqtt_filter_next(&rest, &filter, NULL))
		codes[n++] = withdraw(session->client, filter)
		                     ? MQTT_REASON_SUCCESS
		                     : MQTT_REASON_NO_SUBSCRIPTION_EXISTED;
	if (session->version != MQTT_VERSION_5)
		n = 0; /* UNSUBACK has no payload there */
	answer(session, MQTT_TYPE_UNSUBACK, unsubscribe.id, (slice){ codes, n },
	        (slice){ NULL, 0 });
}

/* How many of the client's filters take this topic. */
static unsigned count_matches(const struct mqtt_client *client, slice topic)
{
	unsigned n = 0;
	for (unsigned i = 0; i < client->nsubscriptions; i++)
		n += mqtt_filter_matches(client->subscriptions[i].filter, topic);
	return n;
}

static void put_properties(struct mqtt_writer *writer, const struct mqtt_client *client,
        const struct request *request, slice topic, slice correlation_data)
{
	mqtt_properties_begin(writer);
	if (request->out.media.n)
		mqtt_property_binary(writer, MQTT_PROPERTY_CONTENT_TYPE, request->out.media);
	if (correlation_data.p)
		mqtt_property_binary(writer, MQTT_PROPERTY_CORRELATION_DATA, correlation_data);
	for (unsigned i = 0; i < client->nsubscriptions; i++) {
		const struct mqtt_subscription *one = &client->subscriptions[i];
		if (one->number && mqtt_filter_matches(one->filter, topic))
			mqtt_property_variable(writer, MQTT_PROPERTY_SUBSCRIPTION_ID, one->number);
	}
	mqtt_property_pair(writer, SLICE("status"), slice_of(status_name(request->status)));
	mqtt_properties_end(writer);
}

void mqtt_reply_publish(
        struct mqtt_session *session, struct request *request, slice topic, slice correlation_data)
{
	if (!session->client || !count_matches(session->client, topic))
		return;
	slice body = request->out.body;
	if (!body.n && !status_is_success(request->status))
		body = mqtt_message_why(request);
	/* Lengths, identifiers and the status: 128 bytes; a subscription identifier: 5. */
	size_t size = 128 + 5 * MQTT_SUBSCRIPTIONS_MAX + topic.n + request->out.media.n +
	              correlation_data.n;
	char *buffer = arena_alloc_raw(&request->arena, size);
	if (!buffer || stream_unsent(session->stream) + size + body.n > REPLY_BACKLOG_MAX_BYTES)
		return;
	struct mqtt_writer writer;
	mqtt_writer_init(&writer, buffer, size);
	mqtt_put_binary(&writer, topic);
	if (session->version == MQTT_VERSION_5)
		put_properties(&writer, session->client, request, topic, correlation_data);
	slice head = mqtt_writer_end(&writer, MQTT_TYPE_PUBLISH, 0, body.n);
	(void)mqtt_session_send(session, head, body);
}
