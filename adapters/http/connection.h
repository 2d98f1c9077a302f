/* One client's connection: reads messages, hands them to the core one at a time, writes the answers. */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "adapters/http/opening.h"
#include "adapters/http/response.h"
#include "api/adapter.h"
#include "loop/loop.h"
#include "net/listening.h"

struct lws;
struct lws_vhost;
struct http_connection;
struct http_tls;

/* The listener. */
struct http {
	struct adapter adapter;
	struct loop *loop;
	const struct adapter_limits *limits;
	struct arena texts; /* the settings' */
	slice bind;
	uint64_t handshake_ms, head_ms, body_ms, idle_ms, heartbeat_ms, drain_ms;
	uint64_t body_rate;   /* bytes a second that a body must reach */
	struct http_tls *tls; /* or NULL */

	struct listening_use use;
	int fd; /* the listening socket, of the use; -1: none */
	struct watch *watch;
	struct timer accept_again; /* when the process had no descriptor left */
	bool starved;              /* and not all that waited have been taken since */
	struct lws_vhost *vhost;
	struct list connections;
	unsigned nconnections;
	struct http_openings
	        openings;   /* of these, with TLS: those in their handshakes, or waiting for one */
	bool stopping;      /* it listens no more: each connection ends with its next answer */
	bool drained;       /* and nobody's request is waited for any more */
	struct timer drain; /* until then */
	bool local;         /* a socket of this machine's: `bind` is a path */
	/* It serves the gateway's own service: no dialects, no streams of events. */
	bool plain;
	uint64_t date_s; /* of `date`: the Date field's value, made once a second */
	char date[HTTP_DATE_BYTES];
};

/* libwebsockets' name for what runs on these connections. */
#define HTTP_PROTOCOL "fairlead-http"

/* Takes over an accepted socket; closes it when that cannot be. `name` is the peer's in logs and requests. */
void http_connection_open(struct http *, int fd, const struct sockaddr *peer, const char *name);
/* Sets up `openings`. */
void http_connections_init(struct http *);
/* The handshake of this one (a struct http_connection, or NULL) is over. */
void http_connection_established(void *connection);
/* What libwebsockets tells. Those that return false want the connection closed. */
bool http_connection_received(struct http_connection *, slice bytes);
bool http_connection_writable(struct http_connection *);
void http_connection_closed(struct http_connection *);
/* The request that this connection waits for has come home. */
void http_connection_reply(struct http_connection *, struct request *);
/* What the connection's subscription has to tell it. */
void http_connection_push(struct http_connection *, const struct update *);
/* Each of them ends with its next answer; for those that have no request yet it is waited for `drain_ms`. */
void http_connections_stop(struct http *);
/* That time is over: what is idle is closed, what is being read is turned away. */
void http_connections_drained(struct http *);
/* The files of TLS were read again: those whose certificates are not believed any more end, when an answer that is under way
 * has left. */
void http_connections_renewed(struct http *);
/* Closes all at once; none waits for an answer any more. */
void http_connections_kill(struct http *);

#endif
