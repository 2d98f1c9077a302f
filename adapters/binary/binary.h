/* binary: what the parts of the raw binary listener share.
 *
 *     listener.c   the adapter: settings, the schema, the socket, start and stop
 *     session.c    one connection: bytes to frames
 *     delivery.c   one frame: to requests, and answered in its turn */
#ifndef BINARY_BINARY_H
#define BINARY_BINARY_H

#include "api/adapter.h"
#include "codec/frame/frame.h"
#include "loop/loop.h"
#include "net/stream.h"

struct binary_listener {
	struct adapter base;
	struct loop *loop;
	char *bind; /* HOST:PORT */
	struct frame_schema *schema;
	struct stream_listener *socket;
	struct tls *tls;      /* NULL: in the clear */
	struct list sessions; /* all, also those whose connection has gone */
	uint64_t login_timeout_ms, idle_ms, frame_timeout_ms, handshake_ms;
	unsigned connections_max;
	uint64_t last_session;
	bool stopping, closing;
};

extern const struct stream_events binary_session_events;

/* The owner of a connection just accepted; NULL: out of memory or stopping. */
void *binary_session_open(struct binary_listener *, struct stream *);
/* A request of one of its sessions has come home; takes ownership. */
void binary_session_reply(struct request *);
/* Takes no new frame; closes as soon as nothing is under way. */
void binary_session_wind_up(struct list *link);
/* The files of TLS were read again: it ends if its certificate is not believed any more. */
void binary_session_renewed(struct list *link);
/* Frees the listener when it is closing and its last session has gone. */
void binary_listener_release(struct binary_listener *);

#endif
