/* A pool of keep-alive HTTP/1.1 connections to one origin, over TLS or not: for the backends that speak HTTP (rest and
 * protobuf), and for what the gateway itself asks of others (net/fetch.h).
 *
 * A call takes an idle connection or opens one; over `connections_max` calls wait in order. A call that is
 * sent on a connection the server had meanwhile given up is made once more on a fresh one, when nothing was
 * sent or the method may be repeated. All on the core thread. */
#ifndef NET_HTTP_POOL_H
#define NET_HTTP_POOL_H

#include "base/arena.h"
#include "base/field.h"
#include "base/list.h"
#include "loop/loop.h"

struct http_pool;

struct http_pool_settings {
	unsigned connections_max;
	unsigned waiting_max;
	uint64_t idle_ms;
	uint64_t connect_timeout_ms;
	size_t answer_max_bytes;
	/* A client's side, which outlives the pool; NULL: plain TCP. */
	struct tls *tls;
	/* The name that the server's certificate must have, which outlives the pool; NULL: the host. */
	const char *server_name;
};

/* Where what happens is counted; NULL: nowhere. They live as long as the pool is open. */
struct http_pool_counts {
	uint64_t *connections, *calls, *malformed, *bytes_in, *bytes_out;
};

enum http_end {
	HTTP_END_ANSWER, /* code, media, fields and answer are set */
	HTTP_END_REFUSED, /* no connection: refused, unreachable, unknown name, no answer to the attempt */
	HTTP_END_UNTRUSTED, /* the TLS handshake failed: `why` says how */
	HTTP_END_BROKEN,    /* reset or closed before the answer was whole */
	HTTP_END_MALFORMED, /* what came is no HTTP answer */
	HTTP_END_TOO_LARGE, /* the answer is over its limit or the arena's budget */
	HTTP_END_DEADLINE,
	HTTP_END_BUSY, /* all connections in use and too many calls waiting */
	HTTP_END_ABORTED
};

/* The memory is the caller's, until done(). */
struct http_call {
	/* The caller's. */
	bool head_only;  /* HEAD: the answer has no body */
	bool repeatable; /* GET, HEAD, PUT, DELETE: twice does what once does */
	slice head;      /* request line, fields and the empty line */
	slice body;
	struct arena *arena;  /* for the answer */
	uint64_t deadline_ms; /* on loop_now_ms() */
	/* Exactly once; may come from inside http_pool_send() and http_call_abort(). */
	void (*done)(struct http_call *, enum http_end);
	void *owner;

	/* The answer, in the arena. */
	unsigned code;
	slice media;
	const struct field *fields; /* names in lower case */
	unsigned nfields;
	slice answer;
	bool sent;       /* bytes have left */
	const char *why; /* static; of HTTP_END_UNTRUSTED; of HTTP_END_REFUSED, or NULL: a name's */

	/* The pool's own. */
	struct http_pool *pool;
	struct http_connection *connection;
	struct list link;
	struct timer timer;
	unsigned tried;
	bool repeated;
};

/* `host`: a name or a numeric address, without brackets. NULL: out of memory. Touches no network. */
struct http_pool *http_pool_open(struct loop *, slice host, unsigned port,
        const struct http_pool_settings *, const struct http_pool_counts *);
/* No call is under way. Its connections end by themselves. NULL is fine. */
void http_pool_close(struct http_pool *);

void http_pool_send(struct http_pool *, struct http_call *);
/* Ends it with HTTP_END_ABORTED and closes its connection. */
void http_call_abort(struct http_call *);

#endif
