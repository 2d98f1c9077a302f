/* A session that a stream carries: TCP, TLS, a socket of this machine, a serial line. */
#include "adapters/binary/session.h"

static void write_bytes(void *wire, slice bytes)
{
	stream_write(wire, bytes);
}

static void pause_reading(void *wire)
{
	stream_pause(wire);
}

static void resume_reading(void *wire)
{
	stream_resume(wire);
}

static void offer_again(void *wire)
{
	stream_pause(wire);
	stream_resume(wire);
}

static void forget_unread(void *wire)
{
	stream_forget(wire, "the frame was not whole in time");
}

static void close_stream(void *wire)
{
	stream_close(wire);
}

static void abort_stream(void *wire)
{
	stream_abort(wire);
}

static const char *doubts(const void *wire)
{
	return stream_peer_doubts(wire);
}

static const struct wire_ops ops = {
	.write = write_bytes,
	.pause = pause_reading,
	.resume = resume_reading,
	.offer = offer_again,
	.forget = forget_unread,
	.close = close_stream,
	.abort = abort_stream,
	.doubts = doubts,
};

void *binary_connection_open(struct binary_listener *listener, struct stream *stream)
{
	struct tls_shown shown = { .memory = NULL };
	/* Who is called by us has shown the certificate of a server, which says nothing of whom the gateway has as a client. */
	if (!listener->dial && !tls_shown_copy(stream, &shown)) {
		listener->base.counters.at[COUNTER_REFUSED]++;
		return NULL;
	}
	return session_open(listener, &ops, stream, stream_peer(stream), &shown);
}

static size_t received(void *owner, struct stream *stream, slice bytes)
{
	(void)stream;
	return session_received(owner, bytes);
}

static void broken(void *owner, struct stream *stream, slice unread, const char *why)
{
	(void)stream;
	session_broken(owner, unread, why);
}

static void closed(void *owner, struct stream *stream, enum stream_end end, int errno_value)
{
	session_closed(owner, end, errno_value, stream_end_text(stream, end, errno_value));
}

const struct stream_events binary_connection_events = {
	.received = received,
	.broken = broken,
	.closed = closed,
};
