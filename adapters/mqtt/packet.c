#include "adapters/mqtt/packet.h"

/* What the lower four bits of the first byte must be [MQTT-2.1.3-1], and who may send the type. PUBLISH alone has
 * flags that mean something. */
static const struct {
	bool from_client, any_flags;
	unsigned flags;
} types[16] = {
	[MQTT_TYPE_CONNECT] = { .from_client = true },
	[MQTT_TYPE_PUBLISH] = { .from_client = true, .any_flags = true },
	[MQTT_TYPE_PUBACK] = { .from_client = true },
	[MQTT_TYPE_PUBREC] = { .from_client = true },
	[MQTT_TYPE_PUBREL] = { .from_client = true, .flags = 2 },
	[MQTT_TYPE_PUBCOMP] = { .from_client = true },
	[MQTT_TYPE_SUBSCRIBE] = { .from_client = true, .flags = 2 },
	[MQTT_TYPE_UNSUBSCRIBE] = { .from_client = true, .flags = 2 },
	[MQTT_TYPE_PINGREQ] = { .from_client = true },
	[MQTT_TYPE_DISCONNECT] = { .from_client = true },
	[MQTT_TYPE_AUTH] = { .from_client = true },
};

static enum mqtt_cut malformed(const char **why, const char *text)
{
	*why = text;
	return MQTT_CUT_MALFORMED;
}

enum mqtt_cut mqtt_cut(slice bytes, enum mqtt_version version, size_t max_bytes,
        struct mqtt_frame *frame, const char **why)
{
	if (!bytes.n)
		return MQTT_CUT_MORE;
	unsigned first = (uint8_t)bytes.p[0];
	frame->type = (enum mqtt_type)(first >> 4);
	frame->flags = first & 0x0f;
	if (!types[frame->type].from_client)
		return malformed(why, "a packet of a type that no client sends");
	if (frame->type == MQTT_TYPE_AUTH && version == MQTT_VERSION_3_1_1)
		return malformed(why, "AUTH, which MQTT 3.1.1 does not have");
	if (!types[frame->type].any_flags && frame->flags != types[frame->type].flags)
		return malformed(why, "flags that this packet must not have [MQTT-2.1.3-1]");
	uint32_t remaining = 0;
	bool shortest = true;
	int n = mqtt_variable_parse(slice_from(bytes, 1), &remaining, &shortest);
	if (n < 0)
		return malformed(why, "a remaining length of more than four bytes");
	if (n == 0)
		return MQTT_CUT_MORE;
	/* 3.1.1 does not forbid padding, and small devices write a length of fixed width. */
	if (!shortest && version == MQTT_VERSION_5)
		return malformed(why, "a remaining length longer than it need be [MQTT-1.5.5-1]");
	frame->bytes = 1 + (size_t)n + remaining;
	if (frame->bytes > max_bytes)
		return MQTT_CUT_TOO_LARGE;
	if (frame->bytes > bytes.n)
		return MQTT_CUT_MORE;
	frame->body = (slice){ bytes.p + 1 + n, remaining };
	return MQTT_CUT_WHOLE;
}

static void read_properties(struct mqtt_reader *reader, enum mqtt_version version, unsigned place,
        struct mqtt_properties *properties)
{
	if (version == MQTT_VERSION_5)
		mqtt_properties_read(reader, place, properties);
	else
		*properties = (struct mqtt_properties){ 0 };
}

static void expect_end(struct mqtt_reader *reader)
{
	if (reader->rest.n)
		mqtt_reader_fail(reader, MQTT_REASON_MALFORMED_PACKET,
		        "bytes after the packet's last field");
}

static uint16_t read_id(struct mqtt_reader *reader)
{
	uint16_t id = mqtt_read_two(reader);
	if (!id)
		mqtt_reader_fail(
		        reader, MQTT_REASON_PROTOCOL_ERROR, "packet identifier 0 [MQTT-2.2.1-3]");
	return id;
}

/* The protocol's name and level; false: none that is spoken here. */
static bool read_version(struct mqtt_reader *reader, struct mqtt_connect *connect, unsigned *level)
{
	slice name = mqtt_read_binary(reader);
	unsigned said = mqtt_read_byte(reader);
	bool known = slice_is(name, "MQTT") || slice_is(name, "MQIsdp");
	*level = known ? said : 0;
	if (slice_is(name, "MQTT") && (said == MQTT_VERSION_3_1_1 || said == MQTT_VERSION_5)) {
		connect->version = (enum mqtt_version)said;
		return true;
	}
	if (known)
		mqtt_reader_fail(reader, MQTT_REASON_UNSUPPORTED_VERSION,
		        "a protocol version that is neither MQTT 3.1.1 nor 5 [MQTT-3.1.2-2]");
	else
		mqtt_reader_fail(reader, MQTT_REASON_MALFORMED_PACKET,
		        "a protocol name that is not MQTT's [MQTT-3.1.2-1]");
	return false;
}

enum {
	CONNECT_RESERVED = 0x01,
	CONNECT_CLEAN_START = 0x02,
	CONNECT_WILL = 0x04,
	CONNECT_WILL_QOS = 0x18,
	CONNECT_WILL_RETAIN = 0x20,
	CONNECT_PASSWORD = 0x40,
	CONNECT_USER = 0x80
};

static void read_connect_flags(struct mqtt_reader *reader, struct mqtt_connect *connect)
{
	unsigned flags = mqtt_read_byte(reader);
	connect->clean_start = flags & CONNECT_CLEAN_START;
	connect->has_will = flags & CONNECT_WILL;
	connect->has_user = flags & CONNECT_USER;
	connect->has_password = flags & CONNECT_PASSWORD;
	connect->will.qos = (flags & CONNECT_WILL_QOS) >> 3;
	connect->will.retain = flags & CONNECT_WILL_RETAIN;
	if (flags & CONNECT_RESERVED)
		mqtt_reader_fail(reader, MQTT_REASON_MALFORMED_PACKET,
		        "CONNECT's reserved flag is set [MQTT-3.1.2-3]");
	if (!connect->has_will && (connect->will.qos || connect->will.retain))
		mqtt_reader_fail(reader, MQTT_REASON_MALFORMED_PACKET,
		        "a QoS or retain flag for a will that is not there [MQTT-3.1.2-11]");
	if (connect->will.qos == 3)
		mqtt_reader_fail(
		        reader, MQTT_REASON_MALFORMED_PACKET, "a will's QoS is 3 [MQTT-3.1.2-12]");
	if (connect->version == MQTT_VERSION_3_1_1 && connect->has_password && !connect->has_user)
		mqtt_reader_fail(reader, MQTT_REASON_MALFORMED_PACKET,
		        "a password without a user name (3.1.1) [MQTT-3.1.2-22]");
}

static void read_will(struct mqtt_reader *reader, struct mqtt_connect *connect)
{
	struct mqtt_will *will = &connect->will;
	read_properties(reader, connect->version, MQTT_PLACE_WILL, &will->properties);
	will->topic = mqtt_read_text(reader);
	will->payload = mqtt_read_binary(reader);
	if (!mqtt_topic_allowed(will->topic))
		mqtt_reader_fail(reader, MQTT_REASON_MALFORMED_PACKET,
		        "a will's topic is empty or has wildcards [MQTT-4.7.0-1]");
	if (mqtt_property_given(&will->properties, MQTT_PROPERTY_RESPONSE_TOPIC) &&
	        !mqtt_topic_allowed(will->properties.response_topic))
		mqtt_reader_fail(reader, MQTT_REASON_PROTOCOL_ERROR,
		        "a response topic is empty or has wildcards [MQTT-3.3.2-14]");
}

struct mqtt_fault mqtt_connect_parse(
        const struct mqtt_frame *frame, struct mqtt_connect *connect, unsigned *level)
{
	struct mqtt_reader reader;
	mqtt_reader_init(&reader, frame->body);
	*connect = (struct mqtt_connect){ .version = MQTT_VERSION_UNKNOWN };
	if (!read_version(&reader, connect, level))
		return reader.fault;
	read_connect_flags(&reader, connect);
	connect->keep_alive_s = mqtt_read_two(&reader);
	read_properties(&reader, connect->version, 1u << MQTT_TYPE_CONNECT, &connect->properties);
	/* Authentication data without a method (section 3.1.2.11.10). */
	if (mqtt_property_given(&connect->properties, MQTT_PROPERTY_AUTHENTICATION_DATA) &&
	        !mqtt_property_given(&connect->properties, MQTT_PROPERTY_AUTHENTICATION_METHOD))
		mqtt_reader_fail(&reader, MQTT_REASON_PROTOCOL_ERROR,
		        "authentication data without an authentication method");
	/* A client identifier of forbidden characters is a malformed packet like any other string. */
	connect->client_id = mqtt_read_text(&reader);
	if (connect->has_will)
		read_will(&reader, connect);
	if (connect->has_user)
		connect->user = mqtt_read_text(&reader);
	if (connect->has_password)
		connect->password = mqtt_read_binary(&reader);
	expect_end(&reader);
	return reader.fault;
}

struct mqtt_fault mqtt_publish_parse(
        const struct mqtt_frame *frame, enum mqtt_version version, struct mqtt_publish *publish)
{
	struct mqtt_reader reader;
	mqtt_reader_init(&reader, frame->body);
	publish->dup = frame->flags & 0x08;
	publish->qos = frame->flags >> 1 & 3;
	publish->retain = frame->flags & 0x01;
	if (publish->qos == 3)
		mqtt_reader_fail(
		        &reader, MQTT_REASON_MALFORMED_PACKET, "PUBLISH with QoS 3 [MQTT-3.3.1-4]");
	if (publish->qos == 0 && publish->dup)
		mqtt_reader_fail(&reader, MQTT_REASON_MALFORMED_PACKET,
		        "PUBLISH with QoS 0 and DUP [MQTT-3.3.1-2]");
	publish->topic = mqtt_read_text(&reader);
	publish->id = publish->qos ? read_id(&reader) : 0;
	read_properties(&reader, version, 1u << MQTT_TYPE_PUBLISH, &publish->properties);
	publish->payload = reader.rest;
	bool has_alias = mqtt_property_given(&publish->properties, MQTT_PROPERTY_TOPIC_ALIAS);
	if (!publish->topic.n && !has_alias)
		mqtt_reader_fail(&reader,
		        version == MQTT_VERSION_5 ? MQTT_REASON_PROTOCOL_ERROR
		                                  : MQTT_REASON_MALFORMED_PACKET,
		        "PUBLISH without a topic [MQTT-4.7.3-1]");
	if (publish->topic.n && !mqtt_topic_allowed(publish->topic))
		mqtt_reader_fail(&reader, MQTT_REASON_MALFORMED_PACKET,
		        "PUBLISH with wildcards in its topic [MQTT-3.3.2-2]");
	if (mqtt_property_given(&publish->properties, MQTT_PROPERTY_RESPONSE_TOPIC) &&
	        !mqtt_topic_allowed(publish->properties.response_topic))
		mqtt_reader_fail(&reader, MQTT_REASON_PROTOCOL_ERROR,
		        "a response topic is empty or has wildcards [MQTT-3.3.2-14]");
	return reader.fault;
}

/* Which reason codes a client may send in which packet (section 2.4, table 2-6). */
static bool reason_allowed(enum mqtt_type type, unsigned reason)
{
	static const uint8_t publish_acks[] = { 0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97,
		0x99 };
	static const uint8_t release_acks[] = { 0x00, 0x92 };
	static const uint8_t disconnects[] = { 0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94,
		0x95, 0x96, 0x97, 0x98, 0x99 };
	static const uint8_t auths[] = { 0x18, 0x19 };
	const uint8_t *codes = publish_acks;
	size_t n = sizeof publish_acks;
	if (type == MQTT_TYPE_PUBREL || type == MQTT_TYPE_PUBCOMP) {
		codes = release_acks;
		n = sizeof release_acks;
	} else if (type == MQTT_TYPE_DISCONNECT) {
		codes = disconnects;
		n = sizeof disconnects;
	} else if (type == MQTT_TYPE_AUTH) {
		codes = auths;
		n = sizeof auths;
	}
	return memchr(codes, (int)reason, n) != NULL;
}

/* The tail that MQTT 5 gave to acknowledgements, DISCONNECT and AUTH: a reason code that may be missing and
 * properties that may be missing. */
static enum mqtt_reason read_reason(struct mqtt_reader *reader, enum mqtt_version version,
        enum mqtt_type type, struct mqtt_properties *properties)
{
	unsigned reason = MQTT_REASON_SUCCESS;
	*properties = (struct mqtt_properties){ 0 };
	if (version == MQTT_VERSION_5 && reader->rest.n) {
		reason = mqtt_read_byte(reader);
		if (!reason_allowed(type, reason))
			mqtt_reader_fail(reader, MQTT_REASON_PROTOCOL_ERROR,
			        "a reason code that this packet cannot have");
		if (reader->rest.n)
			mqtt_properties_read(reader, 1u << type, properties);
	}
	expect_end(reader);
	return (enum mqtt_reason)reason;
}

struct mqtt_fault mqtt_ack_parse(
        const struct mqtt_frame *frame, enum mqtt_version version, struct mqtt_ack *ack)
{
	struct mqtt_reader reader;
	mqtt_reader_init(&reader, frame->body);
	ack->id = read_id(&reader);
	ack->reason = read_reason(&reader, version, frame->type, &ack->properties);
	return reader.fault;
}

struct mqtt_fault mqtt_notice_parse(
        const struct mqtt_frame *frame, enum mqtt_version version, struct mqtt_notice *notice)
{
	struct mqtt_reader reader;
	mqtt_reader_init(&reader, frame->body);
	notice->reason = read_reason(&reader, version, frame->type, &notice->properties);
	return reader.fault;
}

struct mqtt_fault mqtt_ping_parse(const struct mqtt_frame *frame)
{
	struct mqtt_reader reader;
	mqtt_reader_init(&reader, frame->body);
	expect_end(&reader);
	return reader.fault;
}

static void check_options(
        struct mqtt_reader *reader, enum mqtt_version version, slice filter, unsigned options)
{
	unsigned reserved = version == MQTT_VERSION_5 ? 0xc0 : 0xfc;
	if (options & reserved || (options & 3) == 3)
		mqtt_reader_fail(reader, MQTT_REASON_MALFORMED_PACKET,
		        "SUBSCRIBE with reserved options or QoS 3 [MQTT-3.8.3-5]");
	if ((options & 0x30) == 0x30)
		mqtt_reader_fail(
		        reader, MQTT_REASON_PROTOCOL_ERROR, "SUBSCRIBE with retain handling 3");
	if (version == MQTT_VERSION_5 && options & 4 && mqtt_filter_is_shared(filter))
		mqtt_reader_fail(reader, MQTT_REASON_PROTOCOL_ERROR,
		        "a shared subscription with No Local [MQTT-3.8.3-4]");
}

struct mqtt_fault mqtt_subscribe_parse(
        const struct mqtt_frame *frame, enum mqtt_version version, struct mqtt_subscribe *subscribe)
{
	struct mqtt_reader reader;
	mqtt_reader_init(&reader, frame->body);
	subscribe->id = read_id(&reader);
	read_properties(&reader, version, 1u << frame->type, &subscribe->properties);
	subscribe->filters = reader.rest;
	subscribe->nfilters = 0;
	while (reader.rest.n && !reader.fault.why) {
		slice filter = mqtt_read_text(&reader);
		if (!mqtt_filter_allowed(filter))
			mqtt_reader_fail(&reader, MQTT_REASON_MALFORMED_PACKET,
			        "a topic filter that is empty or has misplaced wildcards "
			        "[MQTT-4.7.1-2]");
		if (frame->type == MQTT_TYPE_SUBSCRIBE)
			check_options(&reader, version, filter, mqtt_read_byte(&reader));
		subscribe->nfilters++;
	}
	if (!subscribe->nfilters)
		mqtt_reader_fail(&reader, MQTT_REASON_PROTOCOL_ERROR,
		        "no topic filter [MQTT-3.8.3-2] [MQTT-3.10.3-2]");
	return reader.fault;
}

bool mqtt_filter_next(slice *filters, slice *filter, uint8_t *options)
{
	if (!filters->n)
		return false;
	struct mqtt_reader reader;
	mqtt_reader_init(&reader, *filters);
	*filter = mqtt_read_binary(&reader);
	if (options)
		*options = mqtt_read_byte(&reader);
	*filters = reader.rest;
	return !reader.fault.why;
}
