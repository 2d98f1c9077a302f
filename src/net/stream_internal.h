/* What the files of a stream share: stream.c (the socket, input and output), stream_connect.c (the way to a socket) and
 * stream_layers.c (what stands between the socket and the owner). */
#ifndef NET_STREAM_INTERNAL_H
#define NET_STREAM_INTERNAL_H

#include "net/internal.h"

enum { PEER_BYTES = 128 };

struct output {
	char *p;
	size_t n, size;
};

struct stream {
	union net_handle handle;
	enum stream_kind kind;
	uv_connect_t connect;
	uv_shutdown_t shutdown;
	struct net *net;
	struct stream_listener *listener;
	const struct stream_events *events;
	struct stream_limits limits;
	void *owner;
	struct layer *bottom, *top; /* NULL: none */
	char *unread;
	size_t unread_n, unread_size;
	struct output unsent; /* what the owner has written in this turn */
	struct output wire;   /* with layers: what they have made of it and said themselves */
	size_t queued_n;      /* handed to uv_write() */
	struct list dirty;
	struct list opening;        /* in the listener's list until it is established */
	struct crowd_member opener; /* and in its crowd */
	struct task offer;
	struct timer deadline;
	bool layered, connecting, established, paused, held, closing, shut, finished;
	bool by_rule; /* its owner closes it because of who the peer is */
	enum stream_end end;
	int errno_value;
	const char *failure; /* static, or NULL */
	char peer[PEER_BYTES];
};

/* ---- stream.c */

/* Bytes for the owner: they have come through all layers. */
void stream_take(struct stream *, slice bytes);
/* Nothing stands between the stream and its owner any more, who is told. */
void stream_establish(struct stream *);
/* The task `offer`: what is unread comes again, and reading goes on. */
void stream_offer_again(struct task *);
/* Goes on reading, later in this turn, if nobody pauses it. */
void stream_read_on(struct stream *);
/* Bytes that have come out at the bottom of the layers. */
void stream_put_on_wire(struct stream *, slice bytes);
/* What was written leaves first; the rest is done when the turn ends. */
void stream_begin_closing(struct stream *, enum stream_end, int errno_value);
/* Ends it now, for this reason; again: nothing. */
void stream_finish(struct stream *, enum stream_end, int errno_value);
/* The same for what libuv says: an error of its own, or the end of the input. */
void stream_finish_uv(struct stream *, int uv_error);
/* Where the peer is; false: it is gone, or is none of the network. */
bool stream_address(const struct stream *, struct sockaddr_storage *);

/* ---- stream_connect.c */

/* Of a serial port: how long it may take until all that was written has left. */
unsigned stream_serial_unsent_ms(const struct stream *);
/* It is about to be closed. */
void stream_serial_release(const struct stream *);

/* ---- stream_layers.c */

/* The socket is connected: the layers begin, and a listener's stream has its deadline for them. */
void stream_layers_start(struct stream *);
/* What the owner has written goes down through the layers, and, when the stream closes, after it their last words. */
void stream_layers_hand_down(struct stream *);
/* It will not be established any more, if it is not yet, because of `why`. */
void stream_layers_leave_opening(struct stream *, const char *why);
void stream_layers_destroy(struct stream *);

#endif
