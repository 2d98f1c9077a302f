/* reader: takes MQTT's data types (MQTT 5.0 section 1.5) off a slice, in order.
 *
 * The first fault sticks: every later read gives zero or an empty slice, so a parser runs straight down and looks
 * at `fault` once. Pure. */
#ifndef MQTT_READER_H
#define MQTT_READER_H

#include "adapters/common/mqtt_topic.h"
#include "adapters/mqtt/reason.h"
#include "base/slice.h"

/* What is wrong with a packet, with the number of the specification's statement where there is one. why NULL:
 * nothing. */
struct mqtt_fault {
	enum mqtt_reason reason;
	const char *why;
};

struct mqtt_reader {
	slice rest;
	struct mqtt_fault fault;
};

void mqtt_reader_init(struct mqtt_reader *, slice);
/* Says what is wrong, unless something was wrong before. */
void mqtt_reader_fail(struct mqtt_reader *, enum mqtt_reason, const char *why);

uint8_t mqtt_read_byte(struct mqtt_reader *);
uint16_t mqtt_read_two(struct mqtt_reader *);
uint32_t mqtt_read_four(struct mqtt_reader *);
/* A variable byte integer, in its shortest form [MQTT-1.5.5-1]. */
uint32_t mqtt_read_variable(struct mqtt_reader *);
/* A two-byte length and that many bytes. */
slice mqtt_read_binary(struct mqtt_reader *);
/* The same, and it is UTF-8 that mqtt_text_allowed() accepts. */
slice mqtt_read_text(struct mqtt_reader *);
/* The next n bytes. */
slice mqtt_read_bytes(struct mqtt_reader *, size_t n);

/* The variable byte integer at the start of `bytes`. Returns how many bytes it has; 0: more are needed; -1: it has
 * more than four. `shortest` is false when fewer bytes would have done. */
int mqtt_variable_parse(slice bytes, uint32_t *value, bool *shortest);

#endif
