/* What the files of net/ share. */
#ifndef NET_INTERNAL_H
#define NET_INTERNAL_H

#include <uv.h>

#include "loop/loop.h"
#include "net/crowd.h"
#include "net/listening.h"
#include "net/stream.h"

/* What all streams of a loop may hold of messages that are not whole: thousands of peers that each send half of
 * a large one must not take the machine's memory. Who goes beyond it is cut off. */
enum {
	READ_BUFFER_BYTES = 64 * 1024,
	UNREAD_TOTAL_MAX_BYTES = 32 * 1024 * 1024,
	PLAIN_BUFFER_BYTES = 16 * 1024 /* a record of TLS */
};

/* One a loop: lives as long as one of its streams or listeners does. */
struct net {
	struct loop *loop;
	struct hook flush;
	struct list dirty; /* streams with output that was collected in this turn */
	unsigned users;
	size_t unread_bytes; /* in the buffers of all streams */
	/* Streams in their TLS handshakes: those that have not begun; those that have and sent something; those
	 * whose peer is waited for, the longest first. See tls_stream.c. */
	struct crowd beginners, handshakes;
	struct list stalled;
	unsigned handshakes_in_flight;
	struct task go_on;  /* keeps the loop from sleeping while some of them can be worked on */
	struct timer stale; /* the one that is waited for longest may have to make room */
	char buffer[READ_BUFFER_BYTES];
	char plain[PLAIN_BUFFER_BYTES]; /* where they are decrypted */
};

/* NULL: out of memory. Each successful call is undone by net_leave(). */
struct net *net_join(struct loop *);
void net_leave(struct net *);

/* What a stream is carried by. libuv reads and writes any descriptor as a "pipe". */
enum stream_kind { STREAM_TCP, STREAM_LOCAL, STREAM_SERIAL };

union net_handle {
	uv_handle_t any;
	uv_stream_t stream;
	uv_tcp_t tcp;
	uv_pipe_t pipe; /* all but TCP */
};

/* 0, or libuv's error. */
int net_handle_init(struct net *, enum stream_kind, union net_handle *);

struct layer;

struct stream_listener {
	union net_handle handle;
	enum stream_kind kind;
	struct listening_use use;
	struct net *net;
	struct stream_accept accept;
	unsigned open;        /* connections accepted here that are not gone yet */
	struct list opening;  /* of these, those whose layers are not established */
	struct crowd openers; /* the same, by address */
	bool listens, closing, closed;
};

/* A layer between the socket and the stream's owner, as TLS is one (stream_layers.c): bytes come up through it and go down, and
 * until all are established (their handshakes are over) the owner knows nothing of the stream. */
struct layer_ops {
	/* The connection is there; may be NULL. */
	void (*start)(struct layer *);
	/* Bytes from below; all are taken. They may be changed where they are. */
	void (*received)(struct layer *, char *bytes, size_t n);
	/* The owner does not pause any more; what was kept back may be handed up. May be NULL. */
	void (*go_on)(struct layer *);
	/* Bytes from above, not before the layer is established. */
	void (*send)(struct layer *, slice bytes);
	/* Nothing will follow: the last words to the peer, if the layer is established. */
	void (*close)(struct layer *);
	void (*destroy)(struct layer *);
};

struct layer {
	const struct layer_ops *ops;
	struct stream *stream;
	struct layer *above, *below; /* NULL: the owner, the socket */
};

/* For layers. */
struct net *layer_net(const struct layer *);
/* Where the peer is; false: it is gone. */
bool layer_address(const struct layer *, struct sockaddr_storage *);
void layer_up(struct layer *, char *bytes, size_t n);
void layer_down(struct layer *, slice bytes);
void layer_established(struct layer *);
/* Sends what was handed down and then ends the stream, for this reason. The layer lives until later. `why`: for a person, where
 * the stream was not established yet. */
void layer_end(struct layer *, enum stream_end, int errno_value, const char *why);
/* In close(): the peer is not let in (any more). */
bool layer_ends_by_rule(const struct layer *);
/* What it will end of, for who asks stream_failure(). Static. */
void layer_say_failure(struct layer *, const char *text);
/* Is there still somebody above to hand bytes to? */
bool layer_lives(const struct layer *);
/* The peer's time for its handshakes begins anew; or, while it waits for us, stands still. Of a listener's streams only. */
void layer_clock(struct layer *, bool runs);
/* Does the owner pause? */
bool layer_pauses(const struct layer *);
/* What the owner has not used yet does not go on with what follows (stream_forget()). */
void layer_broken(struct layer *, const char *why);
/* Stops and starts reading, whatever the owner does. */
void layer_hold(struct layer *, bool);

/* tls.c: who uses it keeps it. */
struct tls *tls_join(struct tls *);
void tls_leave(struct tls *);
/* tls_stream.c. NULL: out of memory. `name`: of the server that is called; NULL: the server's side. */
struct layer *tls_stream_create(struct tls *, const char *name);
/* All { NULL, 0 } also of a layer that is not TLS, and of NULL. */
slice tls_stream_certificate(const struct layer *);
slice tls_stream_psk_identity(const struct layer *);
slice tls_stream_psk_mark(const struct layer *);
const char *tls_stream_doubts(const struct layer *);
/* serial_layer.c. NULL: out of memory. */
struct layer *serial_layer_create(void);
/* websocket.c. NULL: out of memory. */
struct layer *websocket_layer_create(const struct websocket_accept *);
/* Works on handshakes for a while. True: there is more to do that need not wait for a peer. */
bool tls_streams_run(struct net *);

/* A stream that is not connected yet; NULL: out of memory. */
struct stream *stream_new(
        struct net *, enum stream_kind, const struct stream_events *, const struct stream_limits *);
uv_stream_t *stream_handle(struct stream *);
/* Over the descriptor, which it has from now on; false: it has not. */
bool stream_open(struct stream *, int fd);
/* Goes on with handshakes, and writes what the streams of a loop have collected: struct net's hook. */
void stream_flush_all(struct hook *);
/* It was accepted by the listener: from now on counted there. */
void stream_accepted(struct stream *, struct stream_listener *);
/* Puts the layer (NULL: out of memory) above those that there are, which it then belongs to. */
bool stream_add_layer(struct stream *, struct layer *);
/* Starts to read; ends it when that fails. A stream without layers is established at once. */
void stream_begin(struct stream *);
/* Those that are not established end. */
void streams_end_opening(struct stream_listener *);
/* A connection of the listener is gone. */
void listener_release(struct stream_listener *);
/* The stream is established: finds it an owner. */
void listener_established(struct stream_listener *, struct stream *);
/* It ended before it was. */
void listener_refused(struct stream_listener *, const char *peer, const char *why);

#endif
