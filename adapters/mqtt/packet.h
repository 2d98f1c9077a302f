/* packet: MQTT's control packets as a client sends them, 3.1.1 and 5, from bytes to a struct and nothing else. Pure:
 * no memory is taken, every slice points into the packet's bytes.
 *
 * Strict where the two OASIS standards say MUST; each fault names the statement, by its number in
 * MQTT 5 unless it says 3.1.1. The four packets that only a
 * server sends (CONNACK, SUBACK, UNSUBACK, PINGRESP) are faults here; adapters/mqtt/writer.h writes them. */
#ifndef MQTT_PACKET_H
#define MQTT_PACKET_H

#include "adapters/common/mqtt_topic.h"
#include "adapters/mqtt/property.h"

enum mqtt_version { MQTT_VERSION_UNKNOWN = 0, MQTT_VERSION_3_1_1 = 4, MQTT_VERSION_5 = 5 };

enum mqtt_type {
	MQTT_TYPE_RESERVED,
	MQTT_TYPE_CONNECT,
	MQTT_TYPE_CONNACK,
	MQTT_TYPE_PUBLISH,
	MQTT_TYPE_PUBACK,
	MQTT_TYPE_PUBREC,
	MQTT_TYPE_PUBREL,
	MQTT_TYPE_PUBCOMP,
	MQTT_TYPE_SUBSCRIBE,
	MQTT_TYPE_SUBACK,
	MQTT_TYPE_UNSUBSCRIBE,
	MQTT_TYPE_UNSUBACK,
	MQTT_TYPE_PINGREQ,
	MQTT_TYPE_PINGRESP,
	MQTT_TYPE_DISCONNECT,
	MQTT_TYPE_AUTH
};

/* One packet cut off the stream. */
struct mqtt_frame {
	enum mqtt_type type;
	unsigned flags; /* the fixed header's lower four bits */
	slice body;     /* all after the fixed header */
	size_t bytes;   /* with it */
};

enum mqtt_cut {
	MQTT_CUT_WHOLE,
	MQTT_CUT_MORE,      /* not all of it is there yet */
	MQTT_CUT_MALFORMED, /* no packet begins like this */
	MQTT_CUT_TOO_LARGE  /* it announces more than max_bytes */
};

/* The packet at the start of `bytes`. As soon as the first bytes tell that a packet is malformed or too large, it
 * says so, and does not wait for the rest. */
enum mqtt_cut mqtt_cut(
        slice bytes, enum mqtt_version, size_t max_bytes, struct mqtt_frame *, const char **why);

struct mqtt_will {
	slice topic, payload;
	unsigned qos;
	bool retain;
	struct mqtt_properties properties;
};

struct mqtt_connect {
	enum mqtt_version version;
	bool clean_start;
	uint16_t keep_alive_s;
	slice client_id;
	bool has_will, has_user, has_password;
	slice user, password;
	struct mqtt_properties properties;
	struct mqtt_will will;
};

struct mqtt_publish {
	bool dup, retain;
	unsigned qos;
	uint16_t id; /* 0 with QoS 0 */
	slice topic; /* empty: the alias says it */
	slice payload;
	struct mqtt_properties properties;
};

/* PUBACK, PUBREC, PUBREL, PUBCOMP. */
struct mqtt_ack {
	uint16_t id;
	enum mqtt_reason reason;
	struct mqtt_properties properties;
};

/* SUBSCRIBE and UNSUBSCRIBE: at least one filter, all of them checked. */
struct mqtt_subscribe {
	uint16_t id;
	unsigned nfilters;
	slice filters; /* for mqtt_filter_next() */
	struct mqtt_properties properties;
};

/* DISCONNECT and AUTH. */
struct mqtt_notice {
	enum mqtt_reason reason;
	struct mqtt_properties properties;
};

/* Each reads one packet. fault.why NULL: it is right, else *packet holds nothing of use. */
/* `packet->version` is set as soon as it is known, also when the rest is at fault; a protocol that is not MQTT
 * 3.1.1 or 5 gives 0x84, with *level as the client said it (0: its name was not MQTT's). */
struct mqtt_fault mqtt_connect_parse(
        const struct mqtt_frame *, struct mqtt_connect *, unsigned *level);
struct mqtt_fault mqtt_publish_parse(
        const struct mqtt_frame *, enum mqtt_version, struct mqtt_publish *);
struct mqtt_fault mqtt_ack_parse(const struct mqtt_frame *, enum mqtt_version, struct mqtt_ack *);
struct mqtt_fault mqtt_subscribe_parse(
        const struct mqtt_frame *, enum mqtt_version, struct mqtt_subscribe *);
struct mqtt_fault mqtt_notice_parse(
        const struct mqtt_frame *, enum mqtt_version, struct mqtt_notice *);
/* PINGREQ, which has nothing in it. */
struct mqtt_fault mqtt_ping_parse(const struct mqtt_frame *);

/* Takes the next filter off `*filters`; `options` (its QoS in the lowest two bits) may be NULL for UNSUBSCRIBE,
 * which has none. false: no more. */
bool mqtt_filter_next(slice *filters, slice *filter, uint8_t *options);

#endif
