/* HTTP/1.1 as RFC 9112 has it, read strictly: what two readers could understand differently is refused.
 *
 * Pure: no I/O, no allocation. Bytes may arrive in any pieces; the result depends on the bytes alone. */
#ifndef HTTP_PARSER_H
#define HTTP_PARSER_H

#include "base/slice.h"

enum {
	HTTP_LINE_MAX = 8192,   /* the request line, without CRLF; longer: 414 */
	HTTP_FIELDS_MAX = 100,  /* more: 431 */
	HTTP_BLOCK_MAX = 32768, /* all field lines with their CRLFs; longer: 431 */
	HTTP_EXTRAS_MAX = 4096, /* chunk extensions and trailers of one body; longer: 431 */
	HTTP_BLANK_MAX = 64     /* empty lines before the request line, in bytes */
};

enum http_verdict {
	HTTP_MORE, /* so far so good; nothing left to read */
	HTTP_DATA, /* http_body_next(): a piece of the body */
	HTTP_DONE,
	HTTP_BAD /* `code` and `why` say what is wrong; the connection cannot be used any further */
};

/* A part of the head, as offsets: the buffer may move while the head arrives. */
struct http_part {
	uint32_t at, n;
};

struct http_head {
	unsigned code;   /* with HTTP_BAD: 400, 414, 417, 431, 501, 505 */
	const char *why; /* one line for a person */

	struct http_part method, target;
	unsigned minor; /* HTTP/1.minor: 0 or 1 */
	bool chunked;
	bool has_length;
	uint64_t length; /* Content-Length */
	unsigned nhosts; /* Host fields: the caller wants exactly one in HTTP/1.1 */
	bool keep_alive; /* by version and Connection */
	bool expects_continue;

	/* The parser's own. */
	uint32_t line;    /* where the line under way begins */
	uint32_t scanned; /* up to here it holds no control character */
	uint32_t block;   /* where the field lines begin; 0: still in the request line */

	unsigned nfields;
	struct {
		struct http_part name, value; /* the value without white space around it */
	} fields[HTTP_FIELDS_MAX];
};

/* Before the first byte of a message. */
void http_head_init(struct http_head *);
/* `bytes`: all of the message so far, from its first byte. HTTP_DONE: the head is bytes[0 … *n). */
enum http_verdict http_head_parse(struct http_head *, slice bytes, size_t *n);

/* A part of the head that begins at `bytes`. */
static inline slice http_part_slice(const char *bytes, struct http_part part)
{
	return (slice){ bytes + part.at, part.n };
}

/* Does a comma-separated list (Connection, Transfer-Encoding) hold this token? */
bool http_list_has(slice list, slice token);

enum http_body_state {
	HTTP_BODY_LENGTH,
	HTTP_BODY_SIZE,
	HTTP_BODY_EXTENSION_NAME,
	HTTP_BODY_EXTENSION_VALUE,
	HTTP_BODY_EXTENSION_QUOTED,
	HTTP_BODY_EXTENSION_ESCAPED,
	HTTP_BODY_EXTENSION_AFTER,
	HTTP_BODY_SIZE_LF,
	HTTP_BODY_CHUNK,
	HTTP_BODY_CHUNK_CR,
	HTTP_BODY_CHUNK_LF,
	HTTP_BODY_TRAILER,
	HTTP_BODY_TRAILER_NAME,
	HTTP_BODY_TRAILER_VALUE,
	HTTP_BODY_TRAILER_LF,
	HTTP_BODY_END_LF,
	HTTP_BODY_DONE
};

/* Takes the body out of its framing. */
struct http_body {
	unsigned code;
	const char *why;
	enum http_body_state state;
	uint64_t left;   /* bytes of the body, or of the chunk, still to come */
	unsigned digits; /* of the chunk's size */
	unsigned part;   /* characters of the extension's name or value so far */
	unsigned extras; /* bytes of extensions and trailers so far */
};

/* For the body that follows this (complete) head. */
void http_body_init(struct http_body *, const struct http_head *);
/* Takes bytes from the front of *input. HTTP_DATA: `data` (a part of the input) is the next piece, call again.
 * HTTP_DONE: what is left of *input belongs to the next message. */
enum http_verdict http_body_next(struct http_body *, slice *input, slice *data);

#endif
