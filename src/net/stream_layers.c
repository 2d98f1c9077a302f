/* The layers of a stream: what stands between its socket and its owner.
 *
 *      owner        plain bytes             stream_write(), events->received()
 *      WebSocket    frames                  websocket.c
 *      TLS          records                 tls_stream.c
 *      socket       what is on the wire     stream.c
 *
 * Any of them may be missing, and none knows which others there are: a layer has the one `above` and the one `below`, and
 * where there is none of these, the owner and the socket. stream_add_layer() puts each on top of those that are there.
 *
 * UP. What was read goes to the bottom layer, which hands on what it makes of it (layer_up()); what comes
 * out at the top is offered to the owner as if it had just been read. Each layer takes all that it is given: only the
 * owner may leave bytes, and they are kept in plain.
 *
 * DOWN. What the owner writes in a turn is handed down as one piece when the turn ends, so that ten small messages are one
 * record. Layers may speak for themselves at any time (a handshake, a pong); what comes out at the bottom is the output
 * of the same turn.
 *
 * OPENING. A stream is opened when its topmost layer says that it is established. Before that nobody owns
 * one that was accepted, and who has called waits to be told that it is connected. A listener counts those that are being opened, and
 * gives them `handshake_ms`, in which the time does not count that a layer has them wait for their turn (layer_clock()); one that ends meanwhile counts as refused, and no owner ever hears of it.
 *
 * CLOSING. Each layer has a last word (close_notify, a close frame), said from the top to the bottom after all that the owner has
 * written; then the layers are gone, before the socket is: what arrives while it lingers is nobody's any more. A layer that finds
 * its peer at fault ends the stream itself (layer_end()), with its last word on the way. Layers are destroyed at the end of a
 * turn or with the stream, never while one of their functions is on the stack. */
#include "net/stream_internal.h"

#include <stdlib.h>

bool stream_add_layer(struct stream *stream, struct layer *layer)
{
	if (!layer)
		return false;
	layer->stream = stream;
	layer->below = stream->top;
	layer->above = NULL;
	if (stream->top)
		stream->top->above = layer;
	else
		stream->bottom = layer;
	stream->top = layer;
	stream->layered = true;
	return true;
}

/* ---- For the stream. */

void stream_layers_start(struct stream *stream)
{
	struct stream_listener *listener = stream->listener;
	if (listener) {
		list_append(&listener->opening, &stream->opening);
		timer_set(&stream->deadline,
		        loop_now_ms(stream->net->loop) + listener->accept.handshake_ms);
	}
	for (struct layer *layer = stream->bottom; layer; layer = layer->above) {
		if (layer->ops->start)
			layer->ops->start(layer);
	}
}

void stream_layers_hand_down(struct stream *stream)
{
	if (stream->established) {
		struct output plain = stream->unsent;
		stream->unsent = (struct output){ NULL, 0, 0 };
		if (plain.n)
			stream->top->ops->send(stream->top, (slice){ plain.p, plain.n });
		free(plain.p);
	}
	for (struct layer *layer = stream->top; layer && stream->closing; layer = layer->below)
		layer->ops->close(layer);
}

void stream_layers_leave_opening(struct stream *stream, const char *why)
{
	if (stream->listener)
		crowd_leave(&stream->listener->openers, &stream->opener);
	if (list_empty(&stream->opening))
		return;
	list_remove(&stream->opening);
	listener_refused(stream->listener, stream->peer, why);
}

void streams_end_opening(struct stream_listener *listener)
{
	LIST_EACH (&listener->opening, at, following)
		stream_finish(LIST_OWNER(at, struct stream, opening), STREAM_END_OWNER, 0);
}

void stream_layers_destroy(struct stream *stream)
{
	while (stream->top) {
		struct layer *layer = stream->top;
		stream->top = layer->below;
		layer->ops->destroy(layer);
	}
	stream->bottom = NULL;
}

/* ---- For layers. */

bool layer_address(const struct layer *layer, struct sockaddr_storage *address)
{
	return stream_address(layer->stream, address);
}

struct net *layer_net(const struct layer *layer)
{
	return layer->stream->net;
}

bool layer_lives(const struct layer *layer)
{
	return !layer->stream->finished && !layer->stream->closing;
}

void layer_up(struct layer *layer, char *bytes, size_t n)
{
	if (!layer_lives(layer))
		return;
	if (layer->above)
		layer->above->ops->received(layer->above, bytes, n);
	else
		stream_take(layer->stream, (slice){ bytes, n });
}

void layer_down(struct layer *layer, slice bytes)
{
	if (layer->below)
		layer->below->ops->send(layer->below, bytes);
	else
		stream_put_on_wire(layer->stream, bytes);
}

void layer_established(struct layer *layer)
{
	if (!layer->above && layer_lives(layer))
		stream_establish(layer->stream);
}

void layer_end(struct layer *layer, enum stream_end end, int errno_value, const char *why)
{
	struct stream *stream = layer->stream;
	if (!layer_lives(layer))
		return;
	stream_layers_leave_opening(stream, why);
	stream_begin_closing(stream, end, errno_value);
}

void layer_say_failure(struct layer *layer, const char *text)
{
	layer->stream->failure = text;
}

void layer_clock(struct layer *layer, bool runs)
{
	struct stream *stream = layer->stream;
	if (list_empty(&stream->opening))
		return;
	if (runs)
		timer_set(&stream->deadline,
		        loop_now_ms(stream->net->loop) + stream->listener->accept.handshake_ms);
	else
		timer_stop(&stream->deadline);
}

bool layer_pauses(const struct layer *layer)
{
	return layer->stream->paused;
}

void layer_broken(struct layer *layer, const char *why)
{
	stream_forget(layer->stream, why);
}

void layer_hold(struct layer *layer, bool held)
{
	layer->stream->held = held;
	if (!held)
		stream_read_on(layer->stream);
}

const char *stream_failure(const struct stream *stream)
{
	return stream->failure;
}

/* ---- Who the peer is, by what TLS has proved. */

slice stream_peer_certificate(const struct stream *stream)
{
	return tls_stream_certificate(stream->bottom);
}

const char *stream_peer_doubts(const struct stream *stream)
{
	return tls_stream_doubts(stream->bottom);
}

slice stream_psk_identity(const struct stream *stream)
{
	return tls_stream_psk_identity(stream->bottom);
}

slice stream_psk_mark(const struct stream *stream)
{
	return tls_stream_psk_mark(stream->bottom);
}
