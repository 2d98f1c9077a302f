/* Reads one HTTP/1.x answer from bytes as they come, into an arena: interim (1xx) answers are skipped, chunks
 * joined, every size is bounded. Pure. Around http-parser; no file may include this and libwebsockets.h. */
#ifndef NET_HTTP_RESPONSE_H
#define NET_HTTP_RESPONSE_H

#include "base/field.h"
#include "base/text.h"

#include <http_parser.h>

enum { HTTP_RESPONSE_FIELDS_MAX = 64, HTTP_RESPONSE_HEAD_MAX_BYTES = 32768 };

enum http_response_verdict {
	HTTP_RESPONSE_MORE,
	HTTP_RESPONSE_DONE,
	HTTP_RESPONSE_MALFORMED,
	HTTP_RESPONSE_TOO_LARGE
};

struct http_response {
	http_parser parser;
	struct arena *arena;
	size_t body_max_bytes;
	bool head_only;

	unsigned code;
	struct field *fields; /* names in lower case */
	unsigned nfields;
	slice body;
	bool keep_alive; /* DONE: another call may follow on this connection */

	enum http_response_verdict verdict;
	size_t head_bytes;
	struct text name, value, text;
	bool in_value, head_complete, claims_body;
};

/* `head_only`: the answer to HEAD, which has no body whatever its fields say. */
void http_response_init(
        struct http_response *, struct arena *, size_t body_max_bytes, bool head_only);
/* The next bytes; *used of them belong to this answer. */
enum http_response_verdict http_response_read(struct http_response *, slice bytes, size_t *used);
/* The connection has ended: DONE when that is how this answer ends, else MALFORMED. */
enum http_response_verdict http_response_end(struct http_response *);

#endif
