#include "adapters/mqtt/writer.h"

void mqtt_writer_init(struct mqtt_writer *writer, char *buffer, size_t size)
{
	*writer = (struct mqtt_writer){ .bytes = buffer,
		.n = MQTT_HEADER_MAX_BYTES,
		.size = size,
		.failed = size < MQTT_HEADER_MAX_BYTES };
}

static void put(struct mqtt_writer *writer, const void *bytes, size_t n)
{
	writer->failed = writer->failed || n > writer->size - writer->n;
	if (writer->failed || !n)
		return;
	memcpy(writer->bytes + writer->n, bytes, n);
	writer->n += n;
}

void mqtt_put_byte(struct mqtt_writer *writer, unsigned byte)
{
	uint8_t bytes[1] = { (uint8_t)byte };
	put(writer, bytes, sizeof bytes);
}

void mqtt_put_two(struct mqtt_writer *writer, unsigned number)
{
	uint8_t bytes[2] = { (uint8_t)(number >> 8), (uint8_t)number };
	put(writer, bytes, sizeof bytes);
}

void mqtt_put_four(struct mqtt_writer *writer, uint32_t number)
{
	mqtt_put_two(writer, number >> 16);
	mqtt_put_two(writer, number & 0xffff);
}

/* Section 1.5.5; returns how many bytes it has. */
static size_t encode_variable(uint32_t number, uint8_t bytes[4])
{
	size_t n = 0;
	do {
		bytes[n] = (uint8_t)((number & 0x7f) | (number > 0x7f ? 0x80 : 0));
		number >>= 7;
		n++;
	} while (number && n < 4);
	return n;
}

void mqtt_put_variable(struct mqtt_writer *writer, uint32_t number)
{
	uint8_t bytes[4];
	put(writer, bytes, encode_variable(number, bytes));
}

void mqtt_put_binary(struct mqtt_writer *writer, slice bytes)
{
	writer->failed = writer->failed || bytes.n > UINT16_MAX;
	mqtt_put_two(writer, (unsigned)bytes.n);
	put(writer, bytes.p, bytes.n);
}

void mqtt_put_bytes(struct mqtt_writer *writer, slice bytes)
{
	put(writer, bytes.p, bytes.n);
}

void mqtt_properties_begin(struct mqtt_writer *writer)
{
	writer->properties_at = writer->n;
}

void mqtt_property_byte(struct mqtt_writer *writer, enum mqtt_property id, unsigned value)
{
	mqtt_put_byte(writer, id);
	mqtt_put_byte(writer, value);
}

void mqtt_property_two(struct mqtt_writer *writer, enum mqtt_property id, unsigned value)
{
	mqtt_put_byte(writer, id);
	mqtt_put_two(writer, value);
}

void mqtt_property_four(struct mqtt_writer *writer, enum mqtt_property id, uint32_t value)
{
	mqtt_put_byte(writer, id);
	mqtt_put_four(writer, value);
}

void mqtt_property_variable(struct mqtt_writer *writer, enum mqtt_property id, uint32_t value)
{
	mqtt_put_byte(writer, id);
	mqtt_put_variable(writer, value);
}

void mqtt_property_binary(struct mqtt_writer *writer, enum mqtt_property id, slice value)
{
	mqtt_put_byte(writer, id);
	mqtt_put_binary(writer, value);
}

void mqtt_property_pair(struct mqtt_writer *writer, slice name, slice value)
{
	mqtt_put_byte(writer, MQTT_PROPERTY_USER);
	mqtt_put_binary(writer, name);
	mqtt_put_binary(writer, value);
}

void mqtt_properties_end(struct mqtt_writer *writer)
{
	uint8_t length[4];
	size_t at = writer->properties_at, bytes = writer->n - at;
	size_t n = encode_variable((uint32_t)bytes, length);
	/* Room for the length, made by moving what was written behind it. */
	put(writer, length, n);
	if (writer->failed)
		return;
	memmove(writer->bytes + at + n, writer->bytes + at, bytes);
	memcpy(writer->bytes + at, length, n);
}

slice mqtt_writer_end(
        struct mqtt_writer *writer, enum mqtt_type type, unsigned flags, size_t tail_bytes)
{
	size_t remaining = writer->n - MQTT_HEADER_MAX_BYTES + tail_bytes;
	if (writer->failed || remaining > MQTT_REMAINING_MAX)
		return (slice){ NULL, 0 };
	uint8_t length[4];
	size_t n = encode_variable((uint32_t)remaining, length);
	size_t at = MQTT_HEADER_MAX_BYTES - 1 - n;
	writer->bytes[at] = (char)(type << 4 | flags);
	memcpy(writer->bytes + at + 1, length, n);
	return (slice){ writer->bytes + at, writer->n - at };
}

slice mqtt_writer_bytes(const struct mqtt_writer *writer)
{
	if (writer->failed)
		return (slice){ NULL, 0 };
	return (slice){ writer->bytes + MQTT_HEADER_MAX_BYTES, writer->n - MQTT_HEADER_MAX_BYTES };
}

slice mqtt_write_ack(struct mqtt_writer *writer, enum mqtt_version version, enum mqtt_type type,
        uint16_t id, enum mqtt_reason reason, slice why)
{
	mqtt_put_two(writer, id);
	if (version == MQTT_VERSION_5 && (reason != MQTT_REASON_SUCCESS || why.n)) {
		mqtt_put_byte(writer, reason);
		if (why.n) {
			mqtt_properties_begin(writer);
			mqtt_property_binary(writer, MQTT_PROPERTY_REASON_STRING, why);
			mqtt_properties_end(writer);
		}
	}
	return mqtt_writer_end(writer, type, type == MQTT_TYPE_PUBREL ? 2 : 0, 0);
}

slice mqtt_write_disconnect(struct mqtt_writer *writer, enum mqtt_reason reason, slice why)
{
	mqtt_put_byte(writer, reason);
	if (why.n) {
		mqtt_properties_begin(writer);
		mqtt_property_binary(writer, MQTT_PROPERTY_REASON_STRING, why);
		mqtt_properties_end(writer);
	}
	return mqtt_writer_end(writer, MQTT_TYPE_DISCONNECT, 0, 0);
}
