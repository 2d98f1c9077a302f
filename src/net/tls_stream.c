/* TLS as a layer of a stream.
 *
 * Mbed TLS reads from what the stream was given last and writes into what the stream sends next, so it never waits
 * inside a call.
 *
 * HANDSHAKES ARE RATIONED, for one costs as much as hundreds of messages, and a link that comes back brings all
 * devices at once. What a peer sends during its handshake is put aside, and reading stops; once a turn some are
 * worked on, until TURN_US have passed, one of each address after the other: who floods us waits behind itself. No more than IN_FLIGHT_MAX have memory for it (some 40 KB each); the
 * rest wait in the kernel's buffers. A peer that has one and leaves us waiting gives way to those that wait,
 * after STALLED_MS, so that a few hundred silent connections do not keep everyone else out. Those that we call
 * ourselves need no place; whoever calls bounds their number.
 *
 * MEMORY. Two buffers for the largest record, 16 KB each, belong to each of Mbed TLS's contexts, and most connections are
 * silent most of the time, or say little. So the pages of the buffers that lie behind the first KEPT_BYTES go back to
 * the machine after the handshake and after large records; that leaves 17 of 37 KB. What they hold is not needed
 * any more when no record is half read or half sent. (3.6 and 2.28 could be built with buffers that grow and shrink;
 * Debian's are not.) */
#include "net/tls_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum {
	IN_FLIGHT_MAX = 128,
	TURN_US = 4000,
	STALLED_MS = 1000,
	RECORD_MAX_BYTES = 16384,
	KEPT_BYTES = 2048
};

enum phase {
	PHASE_NEW,     /* nothing has come, or it waits for its turn to begin */
	PHASE_BEGUN,   /* Mbed TLS's context is there */
	PHASE_THROUGH, /* the handshake is over */
	PHASE_FAILED
};

struct tls_stream {
	struct layer layer;
	struct tls *tls;
	struct tls_material *material; /* from its beginning on */
	enum phase phase;
	mbedtls_ssl_context context;
	struct crowd
	        *crowd; /* `beginners` or `handshakes` of struct net; NULL: it waits for no turn */
	struct crowd_member place;
	struct list link; /* in `stalled` of struct net */
	uint64_t stalled_since_ms;
	char *pending; /* what came and waits for the handshake's turn */
	size_t pending_n;
	const char *input; /* what Mbed TLS reads now */
	size_t input_n;
	bool spread; /* large records have touched more of the buffers than is kept */
	struct tls_peer peer;
	char name[]; /* of the server that is called; or empty */
};

static struct net *net_of(const struct tls_stream *self)
{
	return layer_net(&self->layer);
}

static int take_input(void *arg, unsigned char *bytes, size_t n)
{
	struct tls_stream *self = arg;
	if (!self->input_n)
		return MBEDTLS_ERR_SSL_WANT_READ;
	if (n > self->input_n)
		n = self->input_n;
	memcpy(bytes, self->input, n);
	self->input += n;
	self->input_n -= n;
	return (int)n;
}

static int put_output(void *arg, const unsigned char *bytes, size_t n)
{
	struct tls_stream *self = arg;
	layer_down(&self->layer, (slice){ (const char *)bytes, n });
	return (int)n;
}

static void forget_pending(struct tls_stream *self)
{
	free(self->pending);
	self->pending = NULL;
	self->pending_n = 0;
	self->input = NULL;
	self->input_n = 0;
}

static void leave_line(struct tls_stream *self)
{
	if (self->crowd)
		crowd_leave(self->crowd, &self->place);
	self->crowd = NULL;
}

static bool wait_in(struct tls_stream *self, struct crowd *crowd)
{
	struct sockaddr_storage address = { 0 };
	leave_line(self);
	/* A peer that has gone has no address any more; what it said last, an alert maybe, is still to be read. */
	(void)layer_address(&self->layer, &address);
	if (!crowd_join(crowd, &self->place, (struct sockaddr *)&address))
		return false;
	self->crowd = crowd;
	crowd_wait(crowd, &self->place);
	return true;
}

/* Its place among those in flight is free. */
static void step_down(struct tls_stream *self, enum phase phase)
{
	if (self->phase == PHASE_BEGUN && !self->tls->is_client)
		net_of(self)->handshakes_in_flight--;
	self->phase = phase;
	list_remove(&self->link);
	leave_line(self);
}

static void fail(struct tls_stream *self, int error)
{
	bool is_open = self->phase == PHASE_THROUGH;
	char text[100];
	const char *why =
	        is_open ? tls_error_text(error, text, sizeof text) : tls_failure(self->tls, error);
	log_debug("tls", "%s peer=%s: %s", is_open ? "connection ended" : "handshake failed",
	        stream_peer(self->layer.stream), why);
	if (self->phase == PHASE_BEGUN) {
		layer_say_failure(&self->layer, tls_failure_text(self->tls, error));
		tls_say_why(&self->context, error);
	}
	step_down(self, PHASE_FAILED);
	layer_end(&self->layer, STREAM_END_ERROR, EPROTO, why);
}

/* A buffer that is larger than a record; whole pages only. That it does not work harms nobody. */
static void give_pages_back(unsigned char *buffer)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)buffer;
	uintptr_t start = (at + KEPT_BYTES + page - 1) / page * page;
	uintptr_t end = (at + RECORD_MAX_BYTES) / page * page;
	if (start < end)
		(void)madvise((void *)start, end - start, MADV_DONTNEED);
}

static void draw_together(struct tls_stream *self)
{
	mbedtls_ssl_context *context = &self->context;
	if (!self->spread || self->phase != PHASE_THROUGH || mbedtls_ssl_check_pending(context) ||
	        context->MBEDTLS_PRIVATE(in_left) || context->MBEDTLS_PRIVATE(out_left))
		return;
	give_pages_back(context->MBEDTLS_PRIVATE(in_buf));
	give_pages_back(context->MBEDTLS_PRIVATE(out_buf));
	self->spread = false;
}

/* Hands up all that can be decrypted. */
static void pump(struct tls_stream *self)
{
	char *plain = net_of(self)->plain;
	while (self->phase == PHASE_THROUGH && layer_lives(&self->layer)) {
		int n = mbedtls_ssl_read(
		        &self->context, (unsigned char *)plain, PLAIN_BUFFER_BYTES);
		self->spread = self->spread || n > KEPT_BYTES;
		if (n > 0) {
			layer_up(&self->layer, plain, (size_t)n);
		} else if (tls_is_news(n)) {
			continue;
		} else if (n == MBEDTLS_ERR_SSL_WANT_READ) {
			draw_together(self);
			return;
		} else if (n == 0 || n == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
			layer_end(&self->layer, STREAM_END_PEER, 0, "it has said goodbye");
			return;
		} else {
			fail(self, n);
			return;
		}
	}
}

/* ---- The handshake */

static void put_aside(struct tls_stream *self, const char *bytes, size_t n)
{
	struct net *net = net_of(self);
	layer_hold(&self->layer, true);
	self->pending = malloc(n);
	if (!self->pending) {
		fail(self, MBEDTLS_ERR_SSL_ALLOC_FAILED);
		return;
	}
	memcpy(self->pending, bytes, n);
	self->pending_n = n;
	list_remove(&self->link);
	bool begins = self->phase == PHASE_NEW && !self->tls->is_client;
	if (begins)
		layer_clock(&self->layer, false);
	if (!wait_in(self, begins ? &net->beginners : &net->handshakes))
		fail(self, MBEDTLS_ERR_SSL_ALLOC_FAILED);
}

static int begin(struct tls_stream *self)
{
	self->phase = PHASE_BEGUN;
	if (!self->tls->is_client) {
		net_of(self)->handshakes_in_flight++;
		layer_clock(&self->layer, true);
	}
	self->material = tls_material_join(self->tls->now);
	int error = mbedtls_ssl_setup(&self->context, &self->material->config);
	if (!error && self->tls->is_client)
		error = mbedtls_ssl_set_hostname(&self->context, self->name);
	mbedtls_ssl_set_bio(&self->context, self, put_output, take_input, NULL);
	return error;
}

static void established(struct tls_stream *self)
{
	step_down(self, PHASE_THROUGH);
	self->spread = true;
	layer_established(&self->layer);
	/* What came along with the last message of the handshake. */
	pump(self);
	forget_pending(self);
	layer_hold(&self->layer, false);
}

static void work_on(struct tls_stream *self)
{
	leave_line(self);
	int result = self->phase == PHASE_NEW ? begin(self) : 0;
	self->input = self->pending;
	self->input_n = self->pending_n;
	if (!result)
		result = tls_handshake(self->tls, &self->context, &self->peer);
	if (!result) {
		established(self);
		return;
	}
	forget_pending(self);
	if (result != MBEDTLS_ERR_SSL_WANT_READ) {
		fail(self, result);
		return;
	}
	list_remove(&self->link);
	if (!self->tls->is_client) {
		list_append(&net_of(self)->stalled, &self->link);
		self->stalled_since_ms = loop_now_ms(net_of(self)->loop);
	}
	layer_hold(&self->layer, false);
}

/* Those that leave us waiting make room for one that waits. */
static void make_room(struct net *net)
{
	if (list_empty(&net->stalled))
		return;
	struct tls_stream *oldest = LIST_OWNER(net->stalled.next, struct tls_stream, link);
	uint64_t stale_ms = oldest->stalled_since_ms + STALLED_MS;
	if (loop_now_ms(net->loop) < stale_ms) {
		timer_set(&net->stale, stale_ms);
		return;
	}
	step_down(oldest, PHASE_FAILED);
	layer_end(&oldest->layer, STREAM_END_DEADLINE, 0,
	        "it kept the others waiting in its handshake");
}

static struct tls_stream *next_in_turn(struct net *net)
{
	struct crowd_member *next = crowd_next(&net->handshakes);
	if (!next && net->beginners.waiting && net->handshakes_in_flight >= IN_FLIGHT_MAX)
		make_room(net);
	if (!next && net->handshakes_in_flight < IN_FLIGHT_MAX)
		next = crowd_next(&net->beginners);
	return next ? LIST_OWNER(next, struct tls_stream, place) : NULL;
}

bool tls_streams_run(struct net *net)
{
	bool any = net->handshakes.waiting || net->beginners.waiting;
	uint64_t end_us = any ? clock_monotonic_us() + TURN_US : 0;
	while (any) {
		struct tls_stream *next = next_in_turn(net);
		if (!next)
			return false;
		work_on(next);
		if (clock_monotonic_us() >= end_us)
			break;
	}
	return net->handshakes.waiting ||
	       (net->beginners.waiting && net->handshakes_in_flight < IN_FLIGHT_MAX);
}

/* ---- The layer */

static struct tls_stream *of(struct layer *layer)
{
	return LIST_OWNER(layer, struct tls_stream, layer);
}

static void start(struct layer *layer)
{
	struct tls_stream *self = of(layer);
	if (self->tls->is_client && !wait_in(self, &net_of(self)->handshakes))
		fail(self, MBEDTLS_ERR_SSL_ALLOC_FAILED);
}

static void received(struct layer *layer, char *bytes, size_t n)
{
	struct tls_stream *self = of(layer);
	if (self->phase == PHASE_FAILED)
		return;
	if (self->phase != PHASE_THROUGH) {
		put_aside(self, bytes, n);
		return;
	}
	self->input = bytes;
	self->input_n = n;
	pump(self);
	self->input = NULL;
	self->input_n = 0;
}

static void send_down(struct layer *layer, slice bytes)
{
	struct tls_stream *self = of(layer);
	while (bytes.n && self->phase == PHASE_THROUGH) {
		size_t most = bytes.n < RECORD_MAX_BYTES ? bytes.n : RECORD_MAX_BYTES;
		int n = mbedtls_ssl_write(&self->context, (const unsigned char *)bytes.p, most);
		if (n <= 0) {
			fail(self, n);
			return;
		}
		bytes = slice_from(bytes, (size_t)n);
		self->spread = self->spread || n > KEPT_BYTES;
	}
	draw_together(self);
}

static void say_goodbye(struct layer *layer)
{
	struct tls_stream *self = of(layer);
	if (self->phase == PHASE_THROUGH)
		(void)mbedtls_ssl_close_notify(&self->context);
}

static void destroy(struct layer *layer)
{
	struct tls_stream *self = of(layer);
	step_down(self, PHASE_FAILED);
	forget_pending(self);
	mbedtls_ssl_free(&self->context);
	tls_material_leave(self->material);
	tls_leave(self->tls);
	free(self);
}

static const struct layer_ops ops = {
	.start = start,
	.received = received,
	.send = send_down,
	.close = say_goodbye,
	.destroy = destroy,
};

struct layer *tls_stream_create(struct tls *tls, const char *name)
{
	size_t n = name ? strlen(name) : 0;
	struct tls_stream *self = calloc(1, sizeof *self + n + 1);
	if (!self)
		return NULL;
	self->layer.ops = &ops;
	self->tls = tls_join(tls);
	memcpy(self->name, name ? name : "", n);
	list_init(&self->link);
	mbedtls_ssl_init(&self->context);
	return &self->layer;
}

/* The layer of a stream that is TLS and whose handshake is over. */
static const struct tls_stream *through(const struct layer *layer)
{
	if (!layer || layer->ops != &ops)
		return NULL;
	const struct tls_stream *self =
	        (const void *)((const char *)layer - offsetof(struct tls_stream, layer));
	return self->phase == PHASE_THROUGH ? self : NULL;
}

slice tls_stream_certificate(const struct layer *layer)
{
	const struct tls_stream *self = through(layer);
	return self ? tls_peer_certificate(&self->context) : (slice){ NULL, 0 };
}

slice tls_stream_psk_identity(const struct layer *layer)
{
	const struct tls_stream *self = through(layer);
	if (!self || !self->peer.n)
		return (slice){ NULL, 0 };
	return (slice){ self->peer.bytes, self->peer.n };
}

slice tls_stream_psk_mark(const struct layer *layer)
{
	const struct tls_stream *self = through(layer);
	if (!self || !self->peer.n)
		return (slice){ NULL, 0 };
	return (slice){ (const char *)&self->peer.mark, sizeof self->peer.mark };
}

const char *tls_stream_doubts(const struct layer *layer)
{
	const struct tls_stream *self = through(layer);
	return self ? tls_doubts(self->tls, &self->peer) : NULL;
}
