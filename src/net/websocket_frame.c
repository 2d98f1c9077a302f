/* WebSocket's frames (RFC 6455 section 5), as a client sends them.
 *
 * Payload is handed on as it comes, frame by frame or in part: the protocols above are streams of bytes that do not
 * care where a message ends ([MQTT-6.0.0-2]), so no message has to be held, and a frame may be as long as it likes.
 * Only control frames, which are short, are collected. */
#include "base/utf8.h"
#include "net/websocket.h"

static size_t fault(struct websocket_piece *piece, unsigned code, const char *why)
{
	*piece = (struct websocket_piece){ .kind = WEBSOCKET_FAULT, .code = code, .why = why };
	return 0;
}

static bool is_control(const struct websocket_reader *reader)
{
	return reader->opcode >= WEBSOCKET_OPCODE_CLOSE;
}

/* What is wrong with the first two bytes of a frame; NULL: nothing. */
static const char *objection(const struct websocket_reader *reader, unsigned *code)
{
	unsigned first = reader->head[0], second = reader->head[1], opcode = first & 15;
	*code = WEBSOCKET_CODE_PROTOCOL;
	if (first & 0x70)
		return "reserved bits are set, and no extension was agreed on";
	if (!(second & 0x80))
		return "a client's frames must be masked";
	if (opcode > WEBSOCKET_OPCODE_PONG || (opcode > WEBSOCKET_OPCODE_BINARY && opcode < 8))
		return "an opcode that means nothing";
	if (opcode >= WEBSOCKET_OPCODE_CLOSE) {
		if (!(first & 0x80))
			return "a control frame in fragments";
		return (second & 127) > WEBSOCKET_CONTROL_MAX_BYTES
		               ? "a control frame of more than 125 bytes"
		               : NULL;
	}
	if (opcode == WEBSOCKET_OPCODE_CONTINUATION)
		return reader->in_message ? NULL : "a continuation of nothing";
	if (reader->in_message)
		return "a new message inside another";
	*code = WEBSOCKET_CODE_UNACCEPTABLE;
	return opcode == WEBSOCKET_OPCODE_TEXT ? "text, where only bytes are spoken" : NULL;
}

static unsigned head_bytes(const struct websocket_reader *reader)
{
	unsigned length = reader->head[1] & 127;
	return 2 + (length == 126 ? 2U : length == 127 ? 8U : 0U) + 4;
}

/* The head is whole. false: its length is not as it must be. */
static bool begin_payload(struct websocket_reader *reader)
{
	unsigned length = reader->head[1] & 127, at = 2;
	uint64_t n = length;
	if (length >= 126) {
		n = 0;
		for (unsigned bytes = length == 126 ? 2 : 8; bytes; bytes--)
			n = n << 8 | reader->head[at++];
		if (n < (length == 126 ? 126U : 65536U) || n >> 63)
			return false;
	}
	memcpy(reader->mask, reader->head + at, 4);
	reader->mask_at = 0;
	reader->left = n;
	reader->opcode = reader->head[0] & 15;
	reader->control_n = 0;
	reader->inside = true;
	if (!is_control(reader))
		reader->in_message = !(reader->head[0] & 0x80);
	return true;
}

static void unmask(struct websocket_reader *reader, char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)(bytes[i] ^ reader->mask[(reader->mask_at + i) & 3]);
	reader->mask_at = (reader->mask_at + n) & 3;
}

/* Codes that may stand in a frame (section 7.4). */
static bool is_code(unsigned code)
{
	return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
	       (code >= 3000 && code <= 4999);
}

static void read_close(const struct websocket_reader *reader, struct websocket_piece *piece)
{
	const unsigned char *at = (const unsigned char *)reader->control;
	*piece = (struct websocket_piece){ .kind = WEBSOCKET_CLOSE };
	if (!reader->control_n)
		return;
	piece->code = reader->control_n < 2 ? 0 : (unsigned)at[0] << 8 | at[1];
	if (!is_code(piece->code))
		(void)fault(piece, WEBSOCKET_CODE_PROTOCOL, "a close code that may not be sent");
	else if (!utf8_valid((slice){ reader->control + 2, reader->control_n - 2 }))
		(void)fault(piece, WEBSOCKET_CODE_NOT_UTF8, "a close reason that is no UTF-8");
}

/* A control frame is whole. false: nobody needs to know (Pong). */
static bool end_control(struct websocket_reader *reader, struct websocket_piece *piece)
{
	if (reader->opcode == WEBSOCKET_OPCODE_PING)
		*piece = (struct websocket_piece){
			.kind = WEBSOCKET_PING, .bytes = reader->control, .n = reader->control_n
		};
	else if (reader->opcode == WEBSOCKET_OPCODE_CLOSE)
		read_close(reader, piece);
	return reader->opcode != WEBSOCKET_OPCODE_PONG;
}

/* Some of the payload. true: a piece is there. */
static bool take_payload(
        struct websocket_reader *reader, char *bytes, size_t n, struct websocket_piece *piece)
{
	unmask(reader, bytes, n);
	reader->left -= n;
	if (is_control(reader)) {
		memcpy(reader->control + reader->control_n, bytes, n);
		reader->control_n += n;
	}
	if (!reader->left) {
		reader->inside = false;
		reader->head_n = 0;
	}
	if (is_control(reader))
		return !reader->left && end_control(reader, piece);
	*piece = (struct websocket_piece){ .kind = WEBSOCKET_DATA, .bytes = bytes, .n = n };
	return n > 0;
}

size_t websocket_read(
        struct websocket_reader *reader, char *bytes, size_t n, struct websocket_piece *piece)
{
	size_t used = 0;
	*piece = (struct websocket_piece){ .kind = WEBSOCKET_MORE };
	for (;;) {
		if (reader->inside) {
			size_t some = n - used < reader->left ? n - used : (size_t)reader->left;
			used += some;
			if (take_payload(reader, bytes + used - some, some, piece))
				return used;
			if (reader->inside) {
				piece->kind = WEBSOCKET_MORE;
				return used;
			}
			continue;
		}
		if (used == n)
			break;
		reader->head[reader->head_n++] = (unsigned char)bytes[used++];
		unsigned code;
		const char *why = reader->head_n == 2 ? objection(reader, &code) : NULL;
		if (why)
			return fault(piece, code, why);
		if (reader->head_n >= 2 && reader->head_n == head_bytes(reader) &&
		        !begin_payload(reader))
			return fault(piece, WEBSOCKET_CODE_PROTOCOL, "a length in too many bytes");
	}
	piece->kind = WEBSOCKET_MORE;
	return used;
}

size_t websocket_frame_head(
        enum websocket_opcode opcode, size_t n, char head[WEBSOCKET_FRAME_HEAD_MAX_BYTES])
{
	uint64_t length = n;
	head[0] = (char)(0x80 | (unsigned)opcode);
	if (n < 126) {
		head[1] = (char)n;
		return 2;
	}
	unsigned bytes = n < 65536 ? 2 : 8;
	head[1] = bytes == 2 ? 126 : 127;
	for (unsigned i = 0; i < bytes; i++)
		head[2 + i] = (char)(length >> (8 * (bytes - 1 - i)));
	return 2 + bytes;
}
