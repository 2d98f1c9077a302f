/* The way to a stream that this side opens: a connection by TCP, with TLS over it or without, or to a socket of this machine. */
#include <stdio.h>

#include "net/stream_internal.h"

static void connect_done(uv_connect_t *request, int status)
{
	struct stream *stream = LIST_OWNER(request, struct stream, connect);
	stream->connecting = false;
	if (stream->finished)
		return;
	if (status < 0) {
		stream_finish(stream, STREAM_END_ERROR, -status);
		return;
	}
	stream_begin(stream);
}

/* Nothing is under way yet. NULL: out of memory or descriptors. */
static struct stream *prepare(struct loop *loop, enum stream_kind kind,
        const struct stream_events *events, const struct stream_limits *limits, void *owner)
{
	struct net *net = net_join(loop);
	struct stream *stream = net ? stream_new(net, kind, events, limits) : NULL;
	if (net)
		net_leave(net);
	if (!stream)
		return NULL;
	stream->owner = owner;
	stream->connecting = true;
	return stream;
}

/* It never was anybody's. */
static struct stream *give_up(struct stream *stream)
{
	stream->owner = NULL;
	stream_abort(stream);
	return NULL;
}

static struct stream *connect_stream(struct loop *loop, const struct sockaddr *address,
        struct tls *tls, const char *name, const struct stream_events *events,
        const struct stream_limits *limits, void *owner)
{
	struct stream *stream = prepare(loop, STREAM_TCP, events, limits, owner);
	if (!stream)
		return NULL;
	if (tls && !stream_add_layer(stream, tls_stream_create(tls, name)))
		return give_up(stream);
	net_address_text(address, stream->peer, sizeof stream->peer);
	int error = uv_tcp_connect(&stream->connect, &stream->handle.tcp, address, connect_done);
	if (error)
		stream_finish_uv(stream, error);
	return stream;
}

struct stream *stream_connect(struct loop *loop, const struct sockaddr *address,
        const struct stream_events *events, const struct stream_limits *limits, void *owner)
{
	return connect_stream(loop, address, NULL, NULL, events, limits, owner);
}

struct stream *stream_connect_tls(struct loop *loop, const struct sockaddr *address,
        struct tls *tls, const char *name, const struct stream_events *events,
        const struct stream_limits *limits, void *owner)
{
	return connect_stream(loop, address, tls, name, events, limits, owner);
}

struct stream *stream_connect_local(struct loop *loop, const char *path,
        const struct stream_events *events, const struct stream_limits *limits, void *owner)
{
	struct stream *stream = prepare(loop, STREAM_LOCAL, events, limits, owner);
	if (!stream)
		return NULL;
	(void)snprintf(stream->peer, sizeof stream->peer, "%s", path);
	uv_pipe_connect(&stream->connect, &stream->handle.pipe, path, connect_done);
	return stream;
}
