/* The server's side of WebSocket (RFC 6455): the opening handshake and frames, as pure functions. net/stream.h puts them
 * between a socket and its owner (struct stream_accept); websocket.c is that layer. Any thread. */
#ifndef NET_WEBSOCKET_H
#define NET_WEBSOCKET_H

#include "base/slice.h"

/* What a listener serves. Static, or longer-lived than its streams. */
struct websocket_accept {
	const char *path;             /* the only one; a query behind it is not looked at */
	const char *const *protocols; /* sub-protocols, the preferred one first; NULL-terminated */
	/* Pages of other origins are turned away: where a browser shows a certificate of its own accord, any page
	 * could speak in its user's name (section 10.2). */
	bool same_origin;
};

enum {
	WEBSOCKET_HEAD_MAX_BYTES = 8192, /* of a handshake */
	WEBSOCKET_ANSWER_MAX_BYTES = 512,
	WEBSOCKET_CONTROL_MAX_BYTES = 125,
	WEBSOCKET_FRAME_HEAD_MAX_BYTES = 10 /* of ours */
};

/* How long the head is with its empty line; 0: more is to come; SIZE_MAX: it is none. Call it with all bytes so far. */
size_t websocket_head_end(slice bytes);
/* Reads a whole head and writes the answer. true: the connection is a WebSocket now; false: it is refused (400, 403,
 * 404, 426), and ends after the answer. */
bool websocket_answer(const struct websocket_accept *, slice head,
        char answer[WEBSOCKET_ANSWER_MAX_BYTES], size_t *answer_n);

/* Close codes (section 7.4.1). */
enum websocket_code {
	WEBSOCKET_CODE_NONE = 0, /* a Close frame without one */
	WEBSOCKET_CODE_NORMAL = 1000,
	WEBSOCKET_CODE_PROTOCOL = 1002,
	WEBSOCKET_CODE_UNACCEPTABLE = 1003, /* text, where only bytes are spoken */
	WEBSOCKET_CODE_NOT_UTF8 = 1007,
	WEBSOCKET_CODE_POLICY = 1008
};

enum websocket_kind {
	WEBSOCKET_MORE,  /* nothing whole is left */
	WEBSOCKET_DATA,  /* some bytes of a message */
	WEBSOCKET_PING,  /* to be answered with the same bytes */
	WEBSOCKET_CLOSE, /* the peer closes, with this code */
	WEBSOCKET_FAULT  /* to be closed with this code; nothing after it is read */
};

struct websocket_piece {
	enum websocket_kind kind;
	char *bytes;
	size_t n;
	unsigned code;
	const char *why; /* with WEBSOCKET_FAULT */
};

/* Reads what a client sends, however it is cut. Zeroed: at the beginning. */
struct websocket_reader {
	unsigned char head[14];
	unsigned head_n; /* bytes of a frame's head so far; it is whole while `inside` */
	bool inside;     /* in a frame's payload */
	bool in_message; /* a message's first frame has come, its last one has not */
	unsigned opcode;
	uint64_t left; /* of the payload */
	unsigned char mask[4];
	unsigned mask_at;
	char control[WEBSOCKET_CONTROL_MAX_BYTES];
	size_t control_n;
};
/* The next piece; returns how many bytes were used. They are unmasked where they are; the piece points into them, or into
 * the reader. */
size_t websocket_read(
        struct websocket_reader *, char *bytes, size_t n, struct websocket_piece *piece);

enum websocket_opcode {
	WEBSOCKET_OPCODE_CONTINUATION = 0,
	WEBSOCKET_OPCODE_TEXT = 1,
	WEBSOCKET_OPCODE_BINARY = 2,
	WEBSOCKET_OPCODE_CLOSE = 8,
	WEBSOCKET_OPCODE_PING = 9,
	WEBSOCKET_OPCODE_PONG = 10
};
/* The head of a whole frame of ours with `n` bytes; returns its length. */
size_t websocket_frame_head(
        enum websocket_opcode, size_t n, char head[WEBSOCKET_FRAME_HEAD_MAX_BYTES]);

#endif
