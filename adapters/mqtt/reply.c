/* The answer to a client's own request, published to it: on the Response Topic that it named (MQTT 5), or on "reply/" and
 * the request's topic (3.1.1, which has no Response Topic). Replies go out with QoS 0, and not at all to a client that
 * reads so slowly that its output piles up: a request whose effect matters is published with QoS 1 or 2, and its
 * acknowledgement tells. */
#include "adapters/mqtt/mqtt.h"

enum { REPLY_BACKLOG_MAX_BYTES = 256 * 1024 };

/* How many of the client's filters take this topic. */
static unsigned count_matches(const struct mqtt_client *client, slice topic)
{
	unsigned n = 0;
	LIST_EACH (&client->subscriptions, at, following)
		n += mqtt_filter_matches(
		        LIST_OWNER(at, struct mqtt_subscription, link)->filter, topic);
	return n;
}

static void put_properties(struct mqtt_writer *writer, const struct mqtt_client *client,
        const struct request *request, slice topic, slice correlation_data)
{
	mqtt_properties_begin(writer);
	if (request->out.media.n && mqtt_text_allowed(request->out.media))
		mqtt_property_binary(writer, MQTT_PROPERTY_CONTENT_TYPE, request->out.media);
	if (correlation_data.p)
		mqtt_property_binary(writer, MQTT_PROPERTY_CORRELATION_DATA, correlation_data);
	LIST_EACH (&client->subscriptions, at, following) {
		const struct mqtt_subscription *one =
		        LIST_OWNER(at, struct mqtt_subscription, link);
		if (one->number && mqtt_filter_matches(one->filter, topic))
			mqtt_property_variable(writer, MQTT_PROPERTY_SUBSCRIPTION_ID, one->number);
	}
	mqtt_property_pair(writer, SLICE("status"), slice_of(status_name(request->status)));
	mqtt_properties_end(writer);
}

void mqtt_reply_publish(
        struct mqtt_session *session, struct request *request, slice topic, slice correlation_data)
{
	unsigned matches = session->client ? count_matches(session->client, topic) : 0;
	if (!matches)
		return;
	slice body = request->out.body;
	if (!body.n && !status_is_success(request->status))
		body = mqtt_message_why(request);
	/* Lengths, identifiers and the status: 128 bytes; a subscription identifier: 5. */
	size_t size = 128 + 5 * matches + topic.n + request->out.media.n + correlation_data.n;
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
