/* The way to a stream that this side opens: a connection by TCP, with TLS over it or without, to a socket of this
 * machine, or a serial port. */
#include <stdio.h>
#include <unistd.h>

#include "net/serial.h"
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

/* ---- Serial ports */

/* No callback comes from inside stream_open_serial(). */
static void port_is_open(struct task *task)
{
	struct stream *stream = LIST_OWNER(task, struct stream, offer);
	task_init(&stream->offer, stream_offer_again);
	stream->connecting = false;
	stream_begin(stream);
}

struct stream *stream_open_serial(struct loop *loop, int fd, const char *name,
        const struct stream_events *events, const struct stream_limits *limits, void *owner)
{
	struct stream *stream = prepare(loop, STREAM_SERIAL, events, limits, owner);
	if (!stream || uv_pipe_open(&stream->handle.pipe, fd) != 0) {
		serial_release(fd);
		(void)close(fd);
		return stream ? give_up(stream) : NULL;
	}
	if (!stream_add_layer(stream, serial_layer_create()))
		return give_up(stream);
	(void)snprintf(stream->peer, sizeof stream->peer, "%s", name);
	task_init(&stream->offer, port_is_open);
	loop_defer(loop, &stream->offer);
	return stream;
}

static int descriptor(const struct stream *stream)
{
	int fd = -1;
	return uv_fileno(&stream->handle.any, &fd) == 0 ? fd : -1;
}

unsigned stream_serial_unsent_ms(const struct stream *stream)
{
	return serial_unsent_ms(descriptor(stream));
}

void stream_serial_release(const struct stream *stream)
{
	serial_release(descriptor(stream));
}
