/* A whole connection's bytes: cut into packets, each parsed and walked, as the listener does it. The first byte of
 * the input picks the version that is spoken until a CONNECT says otherwise. */
#include "adapters/mqtt/packet.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool truth)
{
	if (!truth)
		abort();
}

/* Every slice that a parser hands out lies in the packet. */
static void inside(slice body, slice part)
{
	must(!part.n || (part.p >= body.p && part.p + part.n <= body.p + body.n));
}

static void walk_properties(slice body, const struct mqtt_properties *properties)
{
	inside(body, properties->content_type);
	inside(body, properties->response_topic);
	inside(body, properties->correlation_data);
	slice all = properties->all, name, value;
	unsigned users = 0;
	while (mqtt_user_property_next(&all, &name, &value)) {
		inside(body, name);
		inside(body, value);
		users++;
	}
	must(users == properties->nusers);
}

static void take_subscribe(const struct mqtt_frame *frame, enum mqtt_version version)
{
	struct mqtt_subscribe subscribe;
	if (mqtt_subscribe_parse(frame, version, &subscribe).why)
		return;
	slice rest = subscribe.filters, filter;
	uint8_t options = 0;
	unsigned filters = 0;
	while (mqtt_filter_next(
	        &rest, &filter, frame->type == MQTT_TYPE_SUBSCRIBE ? &options : NULL)) {
		must(mqtt_filter_allowed(filter) && (options & 3) != 3);
		(void)mqtt_filter_matches(filter, SLICE("reply/a/b"));
		filters++;
	}
	must(filters == subscribe.nfilters && filters > 0);
}

static void take_connect(const struct mqtt_frame *frame, enum mqtt_version *version)
{
	struct mqtt_connect connect;
	unsigned level;
	if (mqtt_connect_parse(frame, &connect, &level).why)
		return;
	*version = connect.version;
	inside(frame->body, connect.client_id);
	inside(frame->body, connect.user);
	inside(frame->body, connect.password);
	inside(frame->body, connect.will.payload);
	must(mqtt_text_allowed(connect.client_id));
	walk_properties(frame->body, &connect.properties);
	if (connect.has_will) {
		must(mqtt_topic_allowed(connect.will.topic));
		walk_properties(frame->body, &connect.will.properties);
	}
}

static void take(const struct mqtt_frame *frame, enum mqtt_version *version)
{
	struct mqtt_publish publish;
	struct mqtt_ack ack;
	struct mqtt_notice notice;
	if (frame->type == MQTT_TYPE_CONNECT) {
		take_connect(frame, version);
	} else if (frame->type == MQTT_TYPE_PUBLISH) {
		if (mqtt_publish_parse(frame, *version, &publish).why)
			return;
		must(!publish.topic.n || mqtt_topic_allowed(publish.topic));
		must(!publish.qos == !publish.id);
		inside(frame->body, publish.payload);
		walk_properties(frame->body, &publish.properties);
	} else if (frame->type == MQTT_TYPE_SUBSCRIBE || frame->type == MQTT_TYPE_UNSUBSCRIBE) {
		take_subscribe(frame, *version);
	} else if (frame->type == MQTT_TYPE_DISCONNECT || frame->type == MQTT_TYPE_AUTH) {
		(void)mqtt_notice_parse(frame, *version, &notice);
	} else if (frame->type == MQTT_TYPE_PINGREQ) {
		must(!mqtt_ping_parse(frame).why == !frame->body.n);
	} else {
		must(mqtt_ack_parse(frame, *version, &ack).why || ack.id);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	if (!n)
		return 0;
	enum mqtt_version version = bytes[0] & 1 ? MQTT_VERSION_5 : MQTT_VERSION_3_1_1;
	slice rest = { (const char *)bytes + 1, n - 1 };
	struct mqtt_frame frame;
	const char *why;
	while (mqtt_cut(rest, version, 1 << 16, &frame, &why) == MQTT_CUT_WHOLE) {
		must(frame.bytes >= 2 && frame.bytes <= rest.n);
		take(&frame, &version);
		rest = slice_from(rest, frame.bytes);
	}
	return 0;
}
