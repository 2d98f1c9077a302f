/* One table says of each property which type it has, in which of a client's packets it may stand and which values
 * it may have (section 2.2.2.2, table 2-4). What only a server sends is not in it, and so is refused like any
 * unknown identifier: "a Control Packet which contains an Identifier which is not valid for its packet type … is
 * a Malformed Packet". User properties are not collected but walked again by whoever wants them: the
 * parser allocates nothing. */
#include "adapters/mqtt/property.h"

#include "adapters/mqtt/packet.h"

#include <stddef.h>

enum type {
	TYPE_NONE,
	TYPE_BYTE,
	TYPE_TWO,
	TYPE_FOUR,
	TYPE_VARIABLE,
	TYPE_TEXT,
	TYPE_BINARY,
	TYPE_PAIR
};

enum {
	IN_WILL = MQTT_PLACE_WILL,
	IN_CONNECT = 1u << MQTT_TYPE_CONNECT,
	IN_PUBLISH = 1u << MQTT_TYPE_PUBLISH,
	IN_ACKS = 1u << MQTT_TYPE_PUBACK | 1u << MQTT_TYPE_PUBREC | 1u << MQTT_TYPE_PUBREL |
	          1u << MQTT_TYPE_PUBCOMP,
	IN_SUBSCRIBE = 1u << MQTT_TYPE_SUBSCRIBE,
	IN_UNSUBSCRIBE = 1u << MQTT_TYPE_UNSUBSCRIBE,
	IN_DISCONNECT = 1u << MQTT_TYPE_DISCONNECT,
	IN_AUTH = 1u << MQTT_TYPE_AUTH
};

#define AT(member) offsetof(struct mqtt_properties, member)

static const struct rule {
	enum type type;
	unsigned places;
	size_t at; /* in struct mqtt_properties: a uint32_t or a slice */
	uint32_t least, most;
	enum mqtt_reason out_of_range;
} rules[] = {
	[MQTT_PROPERTY_PAYLOAD_FORMAT] = { TYPE_BYTE, IN_PUBLISH | IN_WILL, AT(payload_format), 0,
	        1, MQTT_REASON_PROTOCOL_ERROR },
	[MQTT_PROPERTY_MESSAGE_EXPIRY] = { TYPE_FOUR, IN_PUBLISH | IN_WILL, AT(message_expiry), 0,
	        UINT32_MAX, MQTT_REASON_SUCCESS },
	[MQTT_PROPERTY_CONTENT_TYPE] = { TYPE_TEXT, IN_PUBLISH | IN_WILL, AT(content_type), 0, 0,
	        MQTT_REASON_SUCCESS },
	[MQTT_PROPERTY_RESPONSE_TOPIC] = { TYPE_TEXT, IN_PUBLISH | IN_WILL, AT(response_topic), 0,
	        0, MQTT_REASON_SUCCESS },
	[MQTT_PROPERTY_CORRELATION_DATA] = { TYPE_BINARY, IN_PUBLISH | IN_WILL,
	        AT(correlation_data), 0, 0, MQTT_REASON_SUCCESS },
	[MQTT_PROPERTY_SUBSCRIPTION_ID] = { TYPE_VARIABLE, IN_SUBSCRIBE, AT(subscription_id), 1,
	        UINT32_MAX, MQTT_REASON_PROTOCOL_ERROR },
	[MQTT_PROPERTY_SESSION_EXPIRY] = { TYPE_FOUR, IN_CONNECT | IN_DISCONNECT,
	        AT(session_expiry), 0, UINT32_MAX, MQTT_REASON_SUCCESS },
	[MQTT_PROPERTY_AUTHENTICATION_METHOD] = { TYPE_TEXT, IN_CONNECT | IN_AUTH,
	        AT(authentication_method), 0, 0, MQTT_REASON_SUCCESS },
	[MQTT_PROPERTY_AUTHENTICATION_DATA] = { TYPE_BINARY, IN_CONNECT | IN_AUTH,
	        AT(authentication_data), 0, 0, MQTT_REASON_SUCCESS },
	[MQTT_PROPERTY_REQUEST_PROBLEM] = { TYPE_BYTE, IN_CONNECT, AT(request_problem), 0, 1,
	        MQTT_REASON_PROTOCOL_ERROR },
	[MQTT_PROPERTY_WILL_DELAY] = { TYPE_FOUR, IN_WILL, AT(will_delay), 0, UINT32_MAX,
	        MQTT_REASON_SUCCESS },
	[MQTT_PROPERTY_REQUEST_RESPONSE] = { TYPE_BYTE, IN_CONNECT, AT(request_response), 0, 1,
	        MQTT_REASON_PROTOCOL_ERROR },
	[MQTT_PROPERTY_REASON_STRING] = { TYPE_TEXT, IN_ACKS | IN_DISCONNECT | IN_AUTH,
	        AT(reason_string), 0, 0, MQTT_REASON_SUCCESS },
	[MQTT_PROPERTY_RECEIVE_MAXIMUM] = { TYPE_TWO, IN_CONNECT, AT(receive_maximum), 1,
	        UINT16_MAX, MQTT_REASON_PROTOCOL_ERROR },
	[MQTT_PROPERTY_TOPIC_ALIAS_MAXIMUM] = { TYPE_TWO, IN_CONNECT, AT(topic_alias_maximum), 0,
	        UINT16_MAX, MQTT_REASON_SUCCESS },
	[MQTT_PROPERTY_TOPIC_ALIAS] = { TYPE_TWO, IN_PUBLISH, AT(topic_alias), 1, UINT16_MAX,
	        MQTT_REASON_TOPIC_ALIAS_INVALID }, /* [MQTT-3.3.2-8] */
	[MQTT_PROPERTY_USER] = { TYPE_PAIR,
	        IN_WILL | IN_CONNECT | IN_PUBLISH | IN_ACKS | IN_SUBSCRIBE | IN_UNSUBSCRIBE |
	                IN_DISCONNECT | IN_AUTH,
	        0, 0, 0, MQTT_REASON_SUCCESS },
	[MQTT_PROPERTY_MAXIMUM_PACKET_SIZE] = { TYPE_FOUR, IN_CONNECT, AT(maximum_packet_size), 1,
	        UINT32_MAX, MQTT_REASON_PROTOCOL_ERROR },
};

enum { NRULES = sizeof rules / sizeof *rules };

bool mqtt_property_given(const struct mqtt_properties *properties, enum mqtt_property id)
{
	return properties->present >> id & 1;
}

static uint32_t read_number(struct mqtt_reader *reader, enum type type)
{
	if (type == TYPE_BYTE)
		return mqtt_read_byte(reader);
	if (type == TYPE_TWO)
		return mqtt_read_two(reader);
	return type == TYPE_FOUR ? mqtt_read_four(reader) : mqtt_read_variable(reader);
}

static void read_value(
        struct mqtt_reader *reader, const struct rule *rule, struct mqtt_properties *properties)
{
	char *member = (char *)properties + rule->at;
	slice text;
	uint32_t number;
	switch (rule->type) {
	case TYPE_BYTE:
	case TYPE_TWO:
	case TYPE_FOUR:
	case TYPE_VARIABLE:
		number = read_number(reader, rule->type);
		if (number < rule->least || number > rule->most)
			mqtt_reader_fail(
			        reader, rule->out_of_range, "a property's value is out of range");
		memcpy(member, &number, sizeof number);
		break;
	case TYPE_TEXT:
	case TYPE_BINARY:
		text = rule->type == TYPE_TEXT ? mqtt_read_text(reader) : mqtt_read_binary(reader);
		memcpy(member, &text, sizeof text);
		break;
	case TYPE_PAIR:
		(void)mqtt_read_text(reader);
		(void)mqtt_read_text(reader);
		properties->nusers++;
		break;
	case TYPE_NONE:
		break;
	}
}

void mqtt_properties_read(
        struct mqtt_reader *reader, unsigned place, struct mqtt_properties *properties)
{
	*properties = (struct mqtt_properties){ .request_problem = 1,
		.receive_maximum = UINT16_MAX,
		.maximum_packet_size = UINT32_MAX };
	uint32_t n = mqtt_read_variable(reader);
	struct mqtt_reader block = { mqtt_read_bytes(reader, n), reader->fault };
	properties->all = block.rest;
	while (block.rest.n && !block.fault.why) {
		uint32_t id = mqtt_read_variable(&block);
		const struct rule *rule = id < NRULES ? &rules[id] : &rules[0];
		if (!(rule->places & place))
			mqtt_reader_fail(&block, MQTT_REASON_MALFORMED_PACKET,
			        "a property that has no place in this packet");
		else if (rule->type != TYPE_PAIR && properties->present >> id & 1)
			mqtt_reader_fail(
			        &block, MQTT_REASON_PROTOCOL_ERROR, "a property given twice");
		else
			read_value(&block, rule, properties);
		properties->present |= block.fault.why ? 0 : UINT64_C(1) << id;
	}
	if (block.fault.why)
		mqtt_reader_fail(reader, block.fault.reason, block.fault.why);
}

bool mqtt_user_property_next(slice *all, slice *name, slice *value)
{
	struct mqtt_reader reader;
	mqtt_reader_init(&reader, *all);
	bool found = false;
	while (reader.rest.n && !reader.fault.why && !found) {
		uint32_t id = mqtt_read_variable(&reader);
		found = id == MQTT_PROPERTY_USER;
		if (found) {
			*name = mqtt_read_text(&reader);
			*value = mqtt_read_text(&reader);
		} else if (id < NRULES) {
			struct mqtt_properties skipped;
			read_value(&reader, &rules[id], &skipped);
		}
	}
	*all = reader.rest;
	return found && !reader.fault.why;
}
