/* One message on its way in: from its first byte to a request that the core can take. No I/O. */
#ifndef HTTP_INCOMING_H
#define HTTP_INCOMING_H

#include "adapters/common/dialect.h"
#include "adapters/http/parser.h"

struct ssl_st;

/* Lives in its request's arena. */
struct http_incoming {
	struct http_head head;
	struct http_body body;
	struct text head_bytes, body_bytes;
	bool head_done;
	bool plain;    /* no dialect is asked for */
	unsigned code; /* of a refusal, if it is another than its status has; or 0 */
	const struct http_dialect *dialect; /* who claimed the message; or NULL */
	uint64_t body_since_ms;             /* the connection's: when the head was complete */
};

enum http_progress {
	HTTP_INCOMPLETE, /* nothing left to read */
	HTTP_WHOLE,      /* the request is filled in; a dialect may have refused it */
	HTTP_REFUSED /* request_refuse() says why; what else comes on this connection has no meaning */
};

/* NULL: the request's memory does not even suffice for that. */
struct http_incoming *http_incoming_new(struct request *, bool plain);
/* Takes bytes from the front of *bytes. `ssl`: the session whose verified certificate is a credential; or NULL. */
enum http_progress http_incoming_take(struct http_incoming *, struct request *, slice *bytes,
        size_t body_max_bytes, const struct ssl_st *ssl);
/* The client will not send the body before it is asked to (100 Continue). */
bool http_incoming_waits(const struct http_incoming *);

#endif
