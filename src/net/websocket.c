/* WebSocket as a layer of a stream: above TCP or TLS, below an owner that reads and writes bytes as ever.
 *
 * Why our own and not libwebsockets, which the HTTP listener uses: its WebSocket role owns the socket, its timers and its
 * buffers, and brings a second TLS stack; streams have all of that already, with the limits that everything
 * else here relies on. What is left, a handshake and frames, is some hundred lines that are fuzzed. Extensions
 * (permessage-deflate) are not agreed to: a few compressed bytes that become megabytes are nothing for a gateway.
 *
 * What the owner writes in a turn leaves as one binary frame. A Ping is answered as long as the peer also reads. A
 * Close of the peer's is answered with its own code; ours says 1000 when the owner closes (1008: because of who the peer is), or what the peer did wrong,
 * and its answer is not waited for longer than a stream lingers in any case. */
#include "net/websocket.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "net/internal.h"

enum { HEAD_FIRST_BYTES = 1024, PONGS_UNSENT_MAX_BYTES = 64 * 1024 };

enum phase { PHASE_HEAD, PHASE_OPEN, PHASE_ENDED };

struct websocket_layer {
	struct layer layer;
	const struct websocket_accept *accept;
	enum phase phase;
	char *head; /* of a handshake that is not whole */
	size_t head_n, head_size;
	struct websocket_reader reader;
};

static struct websocket_layer *of(struct layer *layer)
{
	return LIST_OWNER(layer, struct websocket_layer, layer);
}

/* One frame; below TLS it is one record. */
static void send_frame(struct websocket_layer *self, enum websocket_opcode opcode, slice payload)
{
	char *frame = malloc(WEBSOCKET_FRAME_HEAD_MAX_BYTES + payload.n);
	if (!frame) {
		self->phase = PHASE_ENDED;
		layer_end(&self->layer, STREAM_END_ERROR, ENOMEM, "out of memory");
		return;
	}
	size_t n = websocket_frame_head(opcode, payload.n, frame);
	memcpy(frame + n, payload.p ? payload.p : "", payload.n);
	layer_down(&self->layer, (slice){ frame, n + payload.n });
	free(frame);
}

static void send_close(struct websocket_layer *self, unsigned code)
{
	const char bytes[] = { (char)(code >> 8), (char)code };
	send_frame(self, WEBSOCKET_OPCODE_CLOSE, (slice){ bytes, code ? sizeof bytes : 0 });
}

static void end(struct websocket_layer *self, unsigned code, enum stream_end how, int errno_value)
{
	send_close(self, code);
	self->phase = PHASE_ENDED;
	layer_end(&self->layer, how, errno_value, "its frames are not as they must be");
}

static void take_piece(struct websocket_layer *self, const struct websocket_piece *piece)
{
	switch (piece->kind) {
	case WEBSOCKET_MORE:
		break;
	case WEBSOCKET_DATA:
		layer_up(&self->layer, piece->bytes, piece->n);
		break;
	case WEBSOCKET_PING:
		if (stream_unsent(self->layer.stream) > PONGS_UNSENT_MAX_BYTES)
			layer_end(&self->layer, STREAM_END_FLOOD, 0, "it reads no answers");
		else
			send_frame(self, WEBSOCKET_OPCODE_PONG, (slice){ piece->bytes, piece->n });
		break;
	case WEBSOCKET_CLOSE:
		end(self, piece->code, STREAM_END_PEER, 0);
		break;
	case WEBSOCKET_FAULT:
		log_debug("websocket", "closed peer=%s code=%u: %s",
		        stream_peer(self->layer.stream), piece->code, piece->why);
		end(self, piece->code, STREAM_END_ERROR, EPROTO);
		break;
	}
}

static void take_frames(struct websocket_layer *self, char *bytes, size_t n)
{
	struct websocket_piece piece;
	do {
		size_t used = websocket_read(&self->reader, bytes, n, &piece);
		bytes += used;
		n -= used;
		take_piece(self, &piece);
	} while (piece.kind != WEBSOCKET_MORE && self->phase == PHASE_OPEN &&
	         layer_lives(&self->layer));
}

/* ---- The handshake */

static void refuse(struct websocket_layer *self)
{
	self->phase = PHASE_ENDED;
	log_debug("websocket", "handshake refused peer=%s", stream_peer(self->layer.stream));
	layer_end(&self->layer, STREAM_END_ERROR, EPROTO,
	        "its WebSocket handshake is not as it must be");
}

static bool keep(struct websocket_layer *self, const char *bytes, size_t n)
{
	size_t size = self->head_size ? self->head_size : HEAD_FIRST_BYTES;
	while (size < self->head_n + n)
		size *= 2;
	char *larger = size == self->head_size ? self->head : realloc(self->head, size);
	if (!larger)
		return false;
	memcpy(larger + self->head_n, bytes, n);
	self->head = larger;
	self->head_size = size;
	self->head_n += n;
	return true;
}

static void forget_head(struct websocket_layer *self)
{
	free(self->head);
	self->head = NULL;
	self->head_n = self->head_size = 0;
}

/* Its first `n` bytes of those that were kept are a head; or they will never be one. */
static void answer_head(struct websocket_layer *self, size_t n)
{
	char answer[WEBSOCKET_ANSWER_MAX_BYTES];
	size_t answer_n;
	bool accepted = websocket_answer(self->accept, (slice){ self->head, n }, answer, &answer_n);
	layer_down(&self->layer, (slice){ answer, answer_n });
	if (!accepted) {
		refuse(self);
		return;
	}
	self->phase = PHASE_OPEN;
	layer_established(&self->layer);
}

static void take_head(struct websocket_layer *self, char *bytes, size_t n)
{
	/* No more is kept than a head may have; what follows it waits in `bytes`. */
	size_t before = self->head_n, room = WEBSOCKET_HEAD_MAX_BYTES - before;
	if (!keep(self, bytes, n < room ? n : room)) {
		refuse(self);
		return;
	}
	size_t end = websocket_head_end((slice){ self->head, self->head_n });
	if (!end)
		return;
	answer_head(self, end == SIZE_MAX ? 0 : end);
	forget_head(self);
	if (self->phase == PHASE_OPEN && layer_lives(&self->layer))
		take_frames(self, bytes + (end - before), n - (end - before));
}

/* ---- The layer */

static void received(struct layer *layer, char *bytes, size_t n)
{
	struct websocket_layer *self = of(layer);
	if (self->phase == PHASE_HEAD)
		take_head(self, bytes, n);
	else if (self->phase == PHASE_OPEN)
		take_frames(self, bytes, n);
}

static void send_down(struct layer *layer, slice bytes)
{
	struct websocket_layer *self = of(layer);
	if (self->phase == PHASE_OPEN)
		send_frame(self, WEBSOCKET_OPCODE_BINARY, bytes);
}

static void say_goodbye(struct layer *layer)
{
	struct websocket_layer *self = of(layer);
	if (self->phase != PHASE_OPEN)
		return;
	send_close(self, layer_ends_by_rule(layer) ? WEBSOCKET_CODE_POLICY : WEBSOCKET_CODE_NORMAL);
	self->phase = PHASE_ENDED;
}

static void destroy(struct layer *layer)
{
	struct websocket_layer *self = of(layer);
	forget_head(self);
	free(self);
}

static const struct layer_ops ops = {
	.received = received,
	.send = send_down,
	.close = say_goodbye,
	.destroy = destroy,
};

struct layer *websocket_layer_create(const struct websocket_accept *accept)
{
	struct websocket_layer *self = calloc(1, sizeof *self);
	if (!self)
		return NULL;
	self->layer.ops = &ops;
	self->accept = accept;
	return &self->layer;
}
