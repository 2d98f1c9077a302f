/* What the files of net/ share. */
#ifndef NET_INTERNAL_H
#define NET_INTERNAL_H

#include <uv.h>

#include "loop/loop.h"
#include "net/stream.h"

/* What all streams of a loop may hold of messages that are not whole: thousands of peers that each send half of
 * a large one must not take the machine's memory. Who goes beyond it is cut off. */
enum { READ_BUFFER_BYTES = 64 * 1024, UNREAD_TOTAL_MAX_BYTES = 32 * 1024 * 1024 };

/* One a loop: lives as long as one of its streams or listeners does. */
struct net {
	struct loop *loop;
	struct hook flush;
	struct list dirty; /* streams with output that was collected in this turn */
	unsigned users;
	size_t unread_bytes; /* in the buffers of all streams */
	char buffer[READ_BUFFER_BYTES];
};

/* NULL: out of memory. Each successful call is undone by net_leave(). */
struct net *net_join(struct loop *);
void net_leave(struct net *);

struct stream_listener {
	uv_tcp_t tcp;
	struct net *net;
	struct stream_accept accept;
	unsigned open; /* connections accepted here that are not gone yet */
	bool closed;
};

/* A stream that is not connected yet; NULL: out of memory. */
struct stream *stream_new(struct net *, const struct stream_events *, const struct stream_limits *);
uv_stream_t *stream_handle(struct stream *);
/* Writes what the streams of a loop have collected: struct net's hook. */
void stream_flush_all(struct hook *);
/* It was accepted by the listener: from now on counted there. */
void stream_accepted(struct stream *, struct stream_listener *);
/* Starts to read; ends it when that fails. */
void stream_begin(struct stream *);
/* A connection of the listener is gone. */
void listener_release(struct stream_listener *);

#endif
