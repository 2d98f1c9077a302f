/* property: the properties of MQTT 5 (section 2.2.2), as a client may send them. Pure. */
#ifndef MQTT_PROPERTY_H
#define MQTT_PROPERTY_H

#include "adapters/mqtt/reader.h"

enum mqtt_property {
	MQTT_PROPERTY_PAYLOAD_FORMAT = 0x01,
	MQTT_PROPERTY_MESSAGE_EXPIRY = 0x02,
	MQTT_PROPERTY_CONTENT_TYPE = 0x03,
	MQTT_PROPERTY_RESPONSE_TOPIC = 0x08,
	MQTT_PROPERTY_CORRELATION_DATA = 0x09,
	MQTT_PROPERTY_SUBSCRIPTION_ID = 0x0b,
	MQTT_PROPERTY_SESSION_EXPIRY = 0x11,
	MQTT_PROPERTY_ASSIGNED_CLIENT_ID = 0x12,
	MQTT_PROPERTY_SERVER_KEEP_ALIVE = 0x13,
	MQTT_PROPERTY_AUTHENTICATION_METHOD = 0x15,
	MQTT_PROPERTY_AUTHENTICATION_DATA = 0x16,
	MQTT_PROPERTY_REQUEST_PROBLEM = 0x17,
	MQTT_PROPERTY_WILL_DELAY = 0x18,
	MQTT_PROPERTY_REQUEST_RESPONSE = 0x19,
	MQTT_PROPERTY_RESPONSE_INFORMATION = 0x1a,
	MQTT_PROPERTY_REASON_STRING = 0x1f,
	MQTT_PROPERTY_RECEIVE_MAXIMUM = 0x21,
	MQTT_PROPERTY_TOPIC_ALIAS_MAXIMUM = 0x22,
	MQTT_PROPERTY_TOPIC_ALIAS = 0x23,
	MQTT_PROPERTY_MAXIMUM_QOS = 0x24,
	MQTT_PROPERTY_RETAIN_AVAILABLE = 0x25,
	MQTT_PROPERTY_USER = 0x26,
	MQTT_PROPERTY_MAXIMUM_PACKET_SIZE = 0x27,
	MQTT_PROPERTY_SHARED_AVAILABLE = 0x2a
};

/* The packets that have properties, as bits: 1 << enum mqtt_type, and the will inside CONNECT. */
enum { MQTT_PLACE_WILL = 1u << 0 };

/* What was not there is zero or empty, save where the specification names a default: those are filled in. */
struct mqtt_properties {
	uint64_t present; /* 1 << enum mqtt_property */
	uint32_t payload_format, message_expiry, subscription_id, session_expiry, request_problem,
	        will_delay, request_response, receive_maximum, topic_alias_maximum, topic_alias,
	        maximum_packet_size;
	slice content_type, response_topic, correlation_data, authentication_method,
	        authentication_data, reason_string;
	slice all; /* the encoded block, for mqtt_user_property_next() */
	unsigned nusers;
};

bool mqtt_property_given(const struct mqtt_properties *, enum mqtt_property);

/* Reads the length and the properties; faults: unknown ones and such as have no business in this place (0x81),
 * doubles and values out of range (0x82). `place` is one bit. */
void mqtt_properties_read(struct mqtt_reader *, unsigned place, struct mqtt_properties *);

/* Takes the next user property off `all` (a copy of mqtt_properties.all). false: no more. */
bool mqtt_user_property_next(slice *all, slice *name, slice *value);

#endif
