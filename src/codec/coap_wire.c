/* The wire form of CoAP over UDP.
 *
 * The 4-byte header and the token are read here; each option is decoded and encoded by libcoap's option codec
 * (coap_opt_parse, coap_opt_encode), a few lines that have no state and have not changed between the versions
 * that Debian 12 and 13 ship. What that codec leaves to its caller is checked here as well: that a delta does
 * not wrap round 16 bits, that numbers stay below 65536, that a payload marker has a payload, that an empty
 * message is empty, that the code's class exists. */
#include "codec/coap_wire.h"

#include <coap3/coap.h>

enum {
	HEADER_BYTES = 4,
	STREAM_HEADER_MAX = 6, /* lengths, four bytes of length more, code */
	VERSION = 1,
	PAYLOAD_MARKER = 0xff,
	OPTION_NUMBER_MAX = 65535,
	CLASS_SIGNAL = 7 /* RFC 8323 section 5; not in a datagram */
};

/* Where a length no longer fits into the four bits, one byte, two bytes (RFC 8323 section 3.2). */
enum { LENGTH_1_BYTE = 13, LENGTH_2_BYTES = 269, LENGTH_4_BYTES = 65805 };

static unsigned char byte_at(slice s, size_t i)
{
	return (unsigned char)s.p[i];
}

/* One option off the front of *rest. */
static bool take_option(slice *rest, unsigned last, struct wire_option *option)
{
	coap_option_t parsed;
	bool two_byte_delta = byte_at(*rest, 0) >> 4 == 14;
	size_t used = coap_opt_parse((const uint8_t *)rest->p, rest->n, &parsed);
	if (!used || (two_byte_delta && parsed.delta < 269))
		return false;
	option->number = last + parsed.delta;
	option->value = (slice){ (const char *)parsed.value, parsed.length };
	*rest = (slice){ rest->p + used, rest->n - used };
	return option->number <= OPTION_NUMBER_MAX;
}

static const char *parse_options(slice rest, struct wire_message *message)
{
	unsigned last = 0;
	while (rest.n && byte_at(rest, 0) != PAYLOAD_MARKER) {
		if (message->noptions == WIRE_OPTIONS_MAX)
			return "too many options";
		struct wire_option *option = &message->options[message->noptions];
		if (!take_option(&rest, last, option))
			return "an option's delta or length is wrong";
		last = option->number;
		message->noptions++;
	}
	if (rest.n == 1)
		return "a payload marker without payload";
	if (rest.n)
		message->payload = slice_from(rest, 1);
	return NULL;
}

/* Token, options, payload. */
static const char *parse_body(slice rest, size_t token_bytes, struct wire_message *message)
{
	if (token_bytes > WIRE_TOKEN_MAX)
		return "the token length is reserved";
	if (message->code == 0)
		return rest.n || token_bytes ? "an empty message is not empty" : NULL;
	if (rest.n < token_bytes)
		return "it ends inside the token";
	message->token = (slice){ rest.p, token_bytes };
	return parse_options(slice_from(rest, token_bytes), message);
}

static bool class_is_reserved(unsigned char code, bool in_stream)
{
	unsigned class = code >> 5;
	return class == 1 || class == 6 || (class == CLASS_SIGNAL && !in_stream);
}

/* Without touching the options, which are many. */
static void begin_message(struct wire_message *message, enum wire_type type, uint16_t id)
{
	message->type = type;
	message->id = id;
	message->token = (slice){ NULL, 0 };
	message->noptions = 0;
	message->payload = (slice){ NULL, 0 };
}

enum wire_verdict wire_parse(slice datagram, struct wire_message *message, const char **why)
{
	if (datagram.n < HEADER_BYTES || byte_at(datagram, 0) >> 6 != VERSION)
		return WIRE_NOT_COAP;
	begin_message(message, (enum wire_type)(byte_at(datagram, 0) >> 4 & 3),
	        (uint16_t)(byte_at(datagram, 2) << 8 | byte_at(datagram, 3)));
	message->code = byte_at(datagram, 1);
	slice rest = { datagram.p + HEADER_BYTES, datagram.n - HEADER_BYTES };
	*why = class_is_reserved(message->code, false)
	               ? "the code's class is reserved"
	               : parse_body(rest, byte_at(datagram, 0) & 15, message);
	return *why ? WIRE_MALFORMED : WIRE_OK;
}

/* Of options and payload together; false: the bytes that say so have not all come. */
static bool parse_length(slice bytes, size_t *length, size_t *length_bytes)
{
	static const unsigned base[] = { LENGTH_1_BYTE, LENGTH_2_BYTES, LENGTH_4_BYTES };
	unsigned nibble = bytes.n ? byte_at(bytes, 0) >> 4 : 0;
	*length_bytes = nibble < LENGTH_1_BYTE ? 0 : (size_t)1 << (nibble - LENGTH_1_BYTE);
	if (bytes.n < 1 + *length_bytes)
		return false;
	uint64_t value = nibble < LENGTH_1_BYTE ? nibble : base[nibble - LENGTH_1_BYTE];
	value += wire_number((slice){ bytes.p + 1, *length_bytes });
	*length = value > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)value;
	return true;
}

enum wire_verdict wire_parse_stream(
        slice bytes, size_t max_bytes, struct wire_message *message, size_t *used, const char **why)
{
	size_t length, length_bytes;
	if (!parse_length(bytes, &length, &length_bytes))
		return WIRE_PART;
	size_t token_bytes = byte_at(bytes, 0) & 15;
	size_t header_bytes = 1 + length_bytes + 1;
	*used = header_bytes + token_bytes + length;
	if (*used > max_bytes)
		return WIRE_TOO_LARGE;
	if (token_bytes <= WIRE_TOKEN_MAX && bytes.n < *used)
		return WIRE_PART;
	begin_message(message, WIRE_NON, 0);
	message->code = bytes.n < header_bytes ? 0 : byte_at(bytes, header_bytes - 1);
	slice rest =
	        slice_from((slice){ bytes.p, bytes.n < *used ? bytes.n : *used }, header_bytes);
	*why = class_is_reserved(message->code, true) ? "the code's class is reserved"
	                                              : parse_body(rest, token_bytes, message);
	return *why ? WIRE_MALFORMED : WIRE_OK;
}

bool wire_is_request(const struct wire_message *message)
{
	return message->code != 0 && message->code >> 5 == 0;
}

const struct wire_option *wire_find(const struct wire_message *message, unsigned number)
{
	for (unsigned i = 0; i < message->noptions; i++) {
		if (message->options[i].number == number)
			return &message->options[i];
	}
	return NULL;
}

uint32_t wire_number(slice value)
{
	uint32_t number = 0;
	for (size_t i = 0; i < value.n && i < 4; i++)
		number = number << 8 | byte_at(value, i);
	return number;
}

bool wire_block_parse(slice value, struct wire_block *block)
{
	uint32_t number = wire_number(value);
	if (value.n > 3 || (number & 7) == 7)
		return false;
	*block = (struct wire_block){
		.number = number >> 4,
		.more = (number & 8) != 0,
		.size = 16u << (number & 7),
	};
	return true;
}

static void put(struct wire_writer *writer, slice bytes)
{
	if (writer->failed || bytes.n > writer->size - writer->n) {
		writer->failed = true;
		return;
	}
	if (bytes.n)
		memcpy(writer->p + writer->n, bytes.p, bytes.n);
	writer->n += bytes.n;
}

void wire_begin(struct wire_writer *writer, char *buffer, size_t size, enum wire_type type,
        unsigned char code, uint16_t id, slice token)
{
	*writer = (struct wire_writer){ .p = buffer, .size = size };
	char header[HEADER_BYTES] = { (char)(VERSION << 6 | (unsigned)type << 4 | token.n),
		(char)code, (char)(id >> 8), (char)(id & 0xff) };
	put(writer, (slice){ header, sizeof header });
	put(writer, token);
}

void wire_begin_stream(struct wire_writer *writer, char *buffer, size_t size, slice token)
{
	*writer = (struct wire_writer){ .p = buffer, .n = STREAM_HEADER_MAX, .size = size };
	writer->failed = size < STREAM_HEADER_MAX;
	put(writer, token);
}

slice wire_end_stream(struct wire_writer *writer, unsigned char code, slice token)
{
	if (writer->failed)
		return (slice){ NULL, 0 };
	size_t length = writer->n - STREAM_HEADER_MAX - token.n;
	unsigned char header[STREAM_HEADER_MAX];
	size_t n = 1;
	if (length < LENGTH_1_BYTE) {
		header[0] = (unsigned char)(length << 4);
	} else if (length < LENGTH_2_BYTES) {
		header[0] = 13 << 4;
		header[n++] = (unsigned char)(length - LENGTH_1_BYTE);
	} else if (length < LENGTH_4_BYTES) {
		header[0] = 14 << 4;
		header[n++] = (unsigned char)((length - LENGTH_2_BYTES) >> 8);
		header[n++] = (unsigned char)((length - LENGTH_2_BYTES) & 0xff);
	} else {
		header[0] = 15 << 4;
		for (int shift = 24; shift >= 0; shift -= 8)
			header[n++] = (unsigned char)((length - LENGTH_4_BYTES) >> shift & 0xff);
	}
	header[0] |= (unsigned char)token.n;
	header[n++] = code;
	char *start = writer->p + STREAM_HEADER_MAX - n;
	memcpy(start, header, n);
	return (slice){ start, n + token.n + length };
}

void wire_option(struct wire_writer *writer, unsigned number, slice value)
{
	uint16_t delta = (uint16_t)(number - writer->last);
	size_t needed = coap_opt_encode_size(delta, value.n);
	if (writer->failed || needed > writer->size - writer->n) {
		writer->failed = true;
		return;
	}
	writer->n += coap_opt_encode((coap_opt_t *)writer->p + writer->n, needed, delta,
	        (const uint8_t *)value.p, value.n);
	writer->last = number;
}

void wire_option_number(struct wire_writer *writer, unsigned number, uint32_t value)
{
	/* Without leading zeros; zero itself has no byte at all (RFC 7252 section 3.2). */
	char bytes[4] = { (char)(value >> 24), (char)(value >> 16 & 0xff),
		(char)(value >> 8 & 0xff), (char)(value & 0xff) };
	size_t skip = 0;
	while (skip < sizeof bytes && !bytes[skip])
		skip++;
	wire_option(writer, number, (slice){ bytes + skip, sizeof bytes - skip });
}

void wire_option_block(struct wire_writer *writer, unsigned number, const struct wire_block *block)
{
	unsigned exponent = 0;
	while (16u << exponent < block->size)
		exponent++;
	wire_option_number(writer, number, block->number << 4 | (block->more ? 8u : 0u) | exponent);
}

void wire_payload(struct wire_writer *writer, slice payload)
{
	static const char marker = (char)PAYLOAD_MARKER;
	if (!payload.n)
		return;
	put(writer, (slice){ &marker, 1 });
	put(writer, payload);
}
