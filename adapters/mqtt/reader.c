#include "adapters/mqtt/reader.h"

void mqtt_reader_init(struct mqtt_reader *reader, slice bytes)
{
	*reader = (struct mqtt_reader){ .rest = bytes };
}

void mqtt_reader_fail(struct mqtt_reader *reader, enum mqtt_reason reason, const char *why)
{
	if (!reader->fault.why)
		reader->fault = (struct mqtt_fault){ reason, why };
}

/* The next n bytes, or NULL. */
static const uint8_t *take(struct mqtt_reader *reader, size_t n)
{
	if (reader->rest.n < n)
		mqtt_reader_fail(reader, MQTT_REASON_MALFORMED_PACKET, "the packet ends too early");
	if (reader->fault.why)
		return NULL;
	const uint8_t *bytes = (const uint8_t *)reader->rest.p;
	reader->rest.p += n;
	reader->rest.n -= n;
	return bytes;
}

uint8_t mqtt_read_byte(struct mqtt_reader *reader)
{
	const uint8_t *p = take(reader, 1);
	return p ? p[0] : 0;
}

uint16_t mqtt_read_two(struct mqtt_reader *reader)
{
	const uint8_t *p = take(reader, 2);
	if (!p)
		return 0;
	return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t mqtt_read_four(struct mqtt_reader *reader)
{
	const uint8_t *p = take(reader, 4);
	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

int mqtt_variable_parse(slice bytes, uint32_t *value, bool *shortest)
{
	uint32_t sum = 0;
	for (unsigned i = 0; i < 4; i++) {
		if (i == bytes.n)
			return 0;
		uint8_t byte = (uint8_t)bytes.p[i];
		sum |= (uint32_t)(byte & 0x7f) << (7 * i);
		if (!(byte & 0x80)) {
			*value = sum;
			*shortest = i == 0 || byte != 0;
			return (int)i + 1;
		}
	}
	return -1;
}

uint32_t mqtt_read_variable(struct mqtt_reader *reader)
{
	uint32_t value = 0;
	bool shortest = true;
	int n = mqtt_variable_parse(reader->rest, &value, &shortest);
	if (n < 0)
		mqtt_reader_fail(reader, MQTT_REASON_MALFORMED_PACKET,
		        "a variable byte integer of more than four bytes");
	else if (!shortest)
		mqtt_reader_fail(reader, MQTT_REASON_MALFORMED_PACKET,
		        "a variable byte integer longer than it need be [MQTT-1.5.5-1]");
	/* Of an integer that is not whole, one byte more than is there. */
	return take(reader, n > 0 ? (size_t)n : reader->rest.n + 1) ? value : 0;
}

slice mqtt_read_bytes(struct mqtt_reader *reader, size_t n)
{
	const uint8_t *p = take(reader, n);
	return p ? (slice){ (const char *)p, n } : (slice){ NULL, 0 };
}

slice mqtt_read_binary(struct mqtt_reader *reader)
{
	size_t n = mqtt_read_two(reader);
	return mqtt_read_bytes(reader, n);
}

slice mqtt_read_text(struct mqtt_reader *reader)
{
	slice text = mqtt_read_binary(reader);
	if (!mqtt_text_allowed(text))
		mqtt_reader_fail(reader, MQTT_REASON_MALFORMED_PACKET,
		        "a string with ill-formed UTF-8 or control characters [MQTT-1.5.4-1]");
	return text;
}
