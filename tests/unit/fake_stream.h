/* What is alike in the streams that tests stand in for. Whoever includes it has defined struct stream before, with at least
 * `paused`, `closing`, `by_rule`, `deadline_ms`, `certificate` and `psk_identity`, and writes and listens by its own means. */
#ifndef FAKE_STREAM_H
#define FAKE_STREAM_H

#include "net/stream.h"

void stream_pause(struct stream *stream)
{
	stream->paused = true;
}

void stream_resume(struct stream *stream)
{
	stream->paused = false;
}

void stream_set_deadline(struct stream *stream, uint64_t at_ms)
{
	stream->deadline_ms = at_ms;
}

void stream_close(struct stream *stream)
{
	stream->closing = true;
}

void stream_close_by_rule(struct stream *stream)
{
	stream->by_rule = true;
	stream->closing = true;
}

const char *stream_peer(const struct stream *stream)
{
	(void)stream;
	return "192.0.2.7:41000";
}

slice stream_peer_certificate(const struct stream *stream)
{
	return stream->certificate;
}

const char *stream_peer_doubts(const struct stream *stream)
{
	(void)stream;
	return NULL;
}

slice stream_psk_identity(const struct stream *stream)
{
	return stream->psk_identity;
}

slice stream_psk_mark(const struct stream *stream)
{
	return stream->psk_identity.n ? SLICE("its mark") : (slice){ NULL, 0 };
}

#endif
