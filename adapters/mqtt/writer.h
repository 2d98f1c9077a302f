/* writer: builds the control packets that a server sends, in a buffer of the caller's.
 *
 *     struct mqtt_writer writer;
 *     mqtt_writer_init(&writer, buffer, sizeof buffer);
 *     mqtt_put_two(&writer, id);
 *     slice packet = mqtt_writer_end(&writer, MQTT_TYPE_PUBACK, 0, 0);
 *
 * The fixed header is put before the body at the end, when its length is known. After the first byte that has no
 * room everything is dropped and the end gives the empty slice. Pure. */
#ifndef MQTT_WRITER_H
#define MQTT_WRITER_H

#include "adapters/mqtt/packet.h"

enum { MQTT_HEADER_MAX_BYTES = 5, MQTT_REMAINING_MAX = 268435455 };

struct mqtt_writer {
	char *bytes;
	size_t n,
	        size; /* n: where the next byte goes; the first five are kept for the fixed header */
	size_t properties_at; /* where the property length will stand; 0: no properties begun */
	bool failed;
};

void mqtt_writer_init(struct mqtt_writer *, char *buffer, size_t size);

void mqtt_put_byte(struct mqtt_writer *, unsigned);
void mqtt_put_two(struct mqtt_writer *, unsigned);
void mqtt_put_four(struct mqtt_writer *, uint32_t);
void mqtt_put_variable(struct mqtt_writer *, uint32_t); /* at most MQTT_REMAINING_MAX */
/* Two bytes of length, then the bytes: at most 65,535, else it fails. */
void mqtt_put_binary(struct mqtt_writer *, slice);

/* The bytes as they are. */
void mqtt_put_bytes(struct mqtt_writer *, slice);

/* Properties stand between begin and end. Each put is one property. */
void mqtt_properties_begin(struct mqtt_writer *);
void mqtt_property_byte(struct mqtt_writer *, enum mqtt_property, unsigned);
void mqtt_property_two(struct mqtt_writer *, enum mqtt_property, unsigned);
void mqtt_property_four(struct mqtt_writer *, enum mqtt_property, uint32_t);
void mqtt_property_variable(struct mqtt_writer *, enum mqtt_property, uint32_t);
void mqtt_property_binary(struct mqtt_writer *, enum mqtt_property, slice);
void mqtt_property_pair(struct mqtt_writer *, slice name, slice value);
void mqtt_properties_end(struct mqtt_writer *);

/* The packet, in the buffer; `tail_bytes` more of it follow elsewhere (a payload). */
slice mqtt_writer_end(struct mqtt_writer *, enum mqtt_type, unsigned flags, size_t tail_bytes);

/* What was put, without a fixed header: no packet. { NULL, 0 }: there was no room. */
slice mqtt_writer_bytes(const struct mqtt_writer *);

/* An acknowledgement in the shortest form: without a reason string when `why` is empty, without a reason code when
 * that is success. 3.1.1 has neither. */
slice mqtt_write_ack(struct mqtt_writer *, enum mqtt_version, enum mqtt_type, uint16_t id,
        enum mqtt_reason, slice why);
/* MQTT 5's DISCONNECT. */
slice mqtt_write_disconnect(struct mqtt_writer *, enum mqtt_reason, slice why);

#endif
