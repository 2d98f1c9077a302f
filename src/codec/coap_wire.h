/* coap_wire: a CoAP message in a datagram (RFC 7252 section 3) or in a stream (RFC 8323 section 3.2), taken apart and
 * put together. Pure.
 *
 * wire_parse() and wire_parse_stream() are the first to see what a peer sent: nothing else looks at a message that
 * they refused. */
#ifndef CODEC_COAP_WIRE_H
#define CODEC_COAP_WIRE_H

#include "base/slice.h"

enum wire_type { WIRE_CON, WIRE_NON, WIRE_ACK, WIRE_RST };

enum {
	WIRE_TOKEN_MAX = 8,
	WIRE_OPTIONS_MAX = 64, /* in one message; a limit of ours */
	WIRE_BLOCK_MAX = 1024  /* the largest block (RFC 7959) */
};

/* The code's "class.detail" in one byte: WIRE_CODE(4, 04). */
#define WIRE_CODE(class, detail) ((unsigned char)((class) << 5 | (detail)))

/* What is said of the connection itself, in a stream (RFC 8323 section 5). Each signal has options of its own. */
enum {
	WIRE_SIGNAL_CSM = WIRE_CODE(7, 1),
	WIRE_SIGNAL_PING = WIRE_CODE(7, 2),
	WIRE_SIGNAL_PONG = WIRE_CODE(7, 3),
	WIRE_SIGNAL_RELEASE = WIRE_CODE(7, 4),
	WIRE_SIGNAL_ABORT = WIRE_CODE(7, 5),
	WIRE_CSM_MAX_MESSAGE_SIZE = 2,
	WIRE_CSM_BLOCK_WISE = 4,
	WIRE_ABORT_BAD_CSM_OPTION = 2
};

struct wire_option {
	unsigned number;
	slice value;
};

/* All slices point into the datagram. */
struct wire_message {
	enum wire_type type;
	unsigned char code;
	uint16_t id;
	slice token;
	unsigned noptions;
	struct wire_option options[WIRE_OPTIONS_MAX]; /* ascending by number */
	slice payload;                                /* p == NULL: none */
};

enum wire_verdict {
	WIRE_OK,
	WIRE_NOT_COAP, /* too short for a header, or another version: to be ignored without a word */
	WIRE_MALFORMED, /* a format error; of a datagram type and id are known, so that it can be rejected */
	WIRE_PART,     /* of a stream: it is not whole yet */
	WIRE_TOO_LARGE /* of a stream: longer than allowed */
};

/* On WIRE_MALFORMED *why says what is wrong (a constant text). */
enum wire_verdict wire_parse(slice datagram, struct wire_message *, const char **why);
/* The first message of a stream, which may be at most `max_bytes` long; `type` and `id` mean nothing. *used: its bytes,
 * known but with WIRE_PART. */
enum wire_verdict wire_parse_stream(
        slice bytes, size_t max_bytes, struct wire_message *, size_t *used, const char **why);

/* 0.01 to 0.31. */
bool wire_is_request(const struct wire_message *);
/* The first option with this number, or NULL. */
const struct wire_option *wire_find(const struct wire_message *, unsigned number);
/* An option's value as a number; at most 4 bytes count. */
uint32_t wire_number(slice value);

/* Block1 and Block2 (RFC 7959 section 2.2). */
struct wire_block {
	uint32_t number;
	bool more;
	unsigned size; /* 16 … 1024 */
};
/* false: the reserved size, or longer than 3 bytes. */
bool wire_block_parse(slice value, struct wire_block *);

/* Puts a message together. Options are added in ascending order of their numbers; what does not fit sets
 * `failed`, and nothing is written any more. */
struct wire_writer {
	char *p;
	size_t n, size;
	unsigned last; /* option number */
	bool failed;
};
void wire_begin(struct wire_writer *, char *buffer, size_t size, enum wire_type, unsigned char code,
        uint16_t id, slice token);
/* In a stream the length goes first, and is known last: wire_end_stream() puts it before the rest and returns the
 * whole, which does not begin where the buffer does. */
void wire_begin_stream(struct wire_writer *, char *buffer, size_t size, slice token);
slice wire_end_stream(struct wire_writer *, unsigned char code, slice token);
void wire_option(struct wire_writer *, unsigned number, slice value);
void wire_option_number(struct wire_writer *, unsigned number, uint32_t value);
void wire_option_block(struct wire_writer *, unsigned number, const struct wire_block *);
/* The payload with its marker; an empty one adds nothing. Last. */
void wire_payload(struct wire_writer *, slice payload);

#endif
