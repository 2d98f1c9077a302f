/* What the files of a connection share: its states and what both need of each other. connection.c is its life from the
 * first byte on; arrival.c how connections come, and what befalls all of them. */
#ifndef HTTP_CONNECTION_INTERNAL_H
#define HTTP_CONNECTION_INTERNAL_H

#include "adapters/http/connection.h"
#include "adapters/http/tls.h"

enum { PEER_BYTES = 56 };

enum state { OPENING, IDLE, READING, WAITING, WRITING, STREAMING, LINGERING, CLOSING };

struct http_connection {
	struct list link;
	struct http *http;
	struct lws *wsi; /* NULL: closed */
	enum state state;
	struct http_opening opening;
	int fd;                  /* while it waits for its turn to shake hands; else -1 */
	bool adopting;           /* libwebsockets has not yet said whether it takes the socket */
	bool last;               /* the connection ends with the answer under way */
	bool unbelieved;         /* and gets nothing that would follow it */
	bool answering;          /* WRITING an answer of the core's: counted in the adapter */
	bool draining;           /* of a listener that stops: counted there as well, to its end */
	struct request *request; /* READING, and WRITING a large answer: ours */
	uint64_t waiting_for;    /* WAITING: the id of the request in the core */
	struct http_incoming *incoming; /* from READING to WRITING */
	slice unsent;                   /* WRITING: of the answer's body */
	struct arena backlog_arena;
	slice backlog;
	struct timer timer;
	uint64_t deadline_ms; /* 0: none */
	/* A stream of events, from its head to its end. */
	bool streaming, ending;
	bool behind; /* there is a value that it was not told */
	unsigned minor;
	uint64_t told;                     /* the version of the last value that it was told */
	struct subscription *subscription; /* NULL: none, or no more */
	struct tls_proof proof;            /* of the client's certificate, once it has spoken */
	char peer[PEER_BYTES];
};

static inline void http_connection_count(
        struct http_connection *connection, enum counter counter, uint64_t n)
{
	connection->http->adapter.counters.at[counter] += n;
}

/* The timer is moved to an earlier time only. */
void http_connection_set_deadline(struct http_connection *, uint64_t after_ms);
/* For the timer: when it fires. */
void http_connection_fire(struct timer *);
/* When both libwebsockets and the core are done with it. */
void http_connection_destroy_when_unused(struct http_connection *);
/* From inside libwebsockets' callbacks too: the close callback comes later. */
void http_connection_close_soon(struct http_connection *);
/* The polite end. */
void http_connection_linger(struct http_connection *);
/* Says 503, then lingers. */
void http_connection_turn_away(struct http_connection *);
/* The end of a stream of events. */
void http_connection_end_stream(struct http_connection *);
bool http_connection_is_handshaking(const struct http_connection *);

#endif
