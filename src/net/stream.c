/* Streams over libuv.
 *
 * Input goes into one buffer that all streams of the loop share; only what the owner could not use yet is kept
 * in a buffer of the stream's own. Output is collected, and a hook writes it once a turn, before the loop
 * sleeps: a hundred acknowledgements to one peer are one system call. What the socket does not take at once is
 * handed to uv_write().
 *
 * A peer that ends its side ends the stream, and what was not sent yet is not sent any more: who called it (the
 * connection pool) relies on that to tell what can be said again elsewhere.
 *
 * A stream ends once: finish() decides why, uv_close() makes sure that no callback of the owner is on the
 * stack, and its callback tells the owner and frees the memory. After finish() the owner hears nothing but
 * closed().
 *
 * LAYERS (TLS is one) stand between the socket and the owner. What arrives goes up through them, and what comes out
 * at the top is offered to the owner as if it had just been read. What the owner writes in a turn is handed down
 * as one piece when the turn ends, and what comes out at the bottom is the output. A stream with layers is
 * opened when the topmost layer says that it is established; before that nobody owns it, or a client waits to be
 * told that it is connected. */
#include "net/stream.h"

#include <errno.h>
#include <stdlib.h>

#include "net/internal.h"

enum { LINGER_MS = 2000, PEER_BYTES = 64, OUTPUT_MIN_BYTES = 512 };

struct output {
	char *p;
	size_t n, size;
};

struct stream {
	uv_tcp_t tcp;
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
	struct list opening; /* in the listener's list until it is established */
	struct task offer;
	struct timer deadline;
	bool layered, connecting, established, paused, held, closing, shut, finished;
	enum stream_end end;
	int errno_value;
	char peer[PEER_BYTES];
};

struct pending_write {
	uv_write_t request;
	struct stream *stream;
	size_t n;
	char bytes[];
};

static void offer_again(struct task *);
static void begin_closing(struct stream *, enum stream_end, int errno_value);
static void mark_dirty(struct stream *);
static void deadline_passed(struct timer *);

struct stream *stream_new(
        struct net *net, const struct stream_events *events, const struct stream_limits *limits)
{
	struct stream *stream = calloc(1, sizeof *stream);
	if (!stream || uv_tcp_init(loop_uv(net->loop), &stream->tcp) != 0) {
		free(stream);
		return NULL;
	}
	stream->net = net;
	net->users++;
	stream->events = events;
	stream->limits = *limits;
	list_init(&stream->dirty);
	list_init(&stream->opening);
	task_init(&stream->offer, offer_again);
	timer_init(&stream->deadline, net->loop, deadline_passed);
	return stream;
}

uv_stream_t *stream_handle(struct stream *stream)
{
	return (uv_stream_t *)&stream->tcp;
}

static void drop_unread(struct stream *stream)
{
	free(stream->unread);
	stream->net->unread_bytes -= stream->unread_size;
	stream->unread = NULL;
	stream->unread_n = stream->unread_size = 0;
}

static void destroy_layers(struct stream *stream)
{
	while (stream->top) {
		struct layer *layer = stream->top;
		stream->top = layer->below;
		layer->ops->destroy(layer);
	}
	stream->bottom = NULL;
}

static void closed(uv_handle_t *handle)
{
	struct stream *stream = LIST_OWNER(handle, struct stream, tcp);
	destroy_layers(stream);
	if (stream->listener)
		listener_release(stream->listener);
	if (stream->owner)
		stream->events->closed(stream->owner, stream, stream->end, stream->errno_value);
	drop_unread(stream);
	net_leave(stream->net);
	free(stream->unsent.p);
	free(stream->wire.p);
	free(stream);
}

static void leave_opening(struct stream *stream)
{
	if (list_empty(&stream->opening))
		return;
	list_remove(&stream->opening);
	listener_refused(stream->listener);
}

static void finish(struct stream *stream, enum stream_end end, int errno_value)
{
	if (stream->finished)
		return;
	stream->finished = true;
	/* A stream that closes has its end already. */
	if (!stream->closing) {
		stream->end = end;
		stream->errno_value = errno_value;
	}
	leave_opening(stream);
	list_remove(&stream->dirty);
	task_cancel(&stream->offer);
	timer_stop(&stream->deadline);
	/* Its share is free for the others at once: one that went too far must not take another with it. The bytes stay
	 * until closed(), which follows in this turn: the owner may be looking at them. */
	stream->net->unread_bytes -= stream->unread_size;
	stream->unread_size = 0;
	bool cut_off = stream_unsent(stream) != 0;
	if (!cut_off || uv_tcp_close_reset(&stream->tcp, closed) != 0)
		uv_close((uv_handle_t *)&stream->tcp, closed);
}

static void finish_uv(struct stream *stream, int uv_error)
{
	/* Who was called over TLS says when it has said all (RFC 5246 section 7.2.1); who calls us often does not. */
	bool cut_short = stream->bottom && !stream->listener;
	if (uv_error != UV_EOF)
		finish(stream, STREAM_END_ERROR, -uv_error);
	else if (cut_short)
		finish(stream, STREAM_END_ERROR, ECONNABORTED);
	else
		finish(stream, STREAM_END_PEER, 0);
}

static void deadline_passed(struct timer *timer)
{
	struct stream *stream = LIST_OWNER(timer, struct stream, deadline);
	finish(stream, STREAM_END_DEADLINE, 0);
}

/* ---- Input */

static bool enlarge_unread(struct stream *stream, size_t size)
{
	size_t more = size - stream->unread_size;
	if (more > UNREAD_TOTAL_MAX_BYTES - stream->net->unread_bytes)
		return false;
	char *larger = realloc(stream->unread, size);
	if (!larger)
		return false;
	stream->unread = larger;
	stream->unread_size = size;
	stream->net->unread_bytes += more;
	return true;
}

static bool keep_unread(struct stream *stream, slice rest)
{
	if (!rest.n) {
		drop_unread(stream);
		return true;
	}
	bool inside = stream->unread && rest.p >= stream->unread &&
	              rest.p < stream->unread + stream->unread_size;
	if (inside) {
		memmove(stream->unread, rest.p, rest.n);
	} else {
		if (rest.n > stream->unread_size && !enlarge_unread(stream, rest.n))
			return false;
		memcpy(stream->unread, rest.p, rest.n);
	}
	stream->unread_n = rest.n;
	return true;
}

static bool reads(const struct stream *stream)
{
	return !stream->paused && !stream->held;
}

static void offer(struct stream *stream, slice bytes)
{
	size_t used = stream->events->received(stream->owner, stream, bytes);
	if (stream->finished || stream->closing)
		return;
	slice rest = slice_from(bytes, used);
	/* While the owner pauses it may leave all that one read brought. */
	size_t most = stream->limits.unread_max_bytes;
	if (stream->paused)
		most += READ_BUFFER_BYTES;
	if (rest.n > most)
		finish(stream, STREAM_END_FLOOD, 0);
	else if (!keep_unread(stream, rest))
		finish(stream, STREAM_END_FLOOD, 0);
}

static bool append_unread(struct stream *stream, slice bytes)
{
	size_t n = stream->unread_n + bytes.n;
	if (n > stream->unread_size && !enlarge_unread(stream, n + n / 2) &&
	        !enlarge_unread(stream, n))
		return false;
	memcpy(stream->unread + stream->unread_n, bytes.p, bytes.n);
	stream->unread_n = n;
	return true;
}

/* Bytes that have come through all layers. */
static void take(struct stream *stream, slice bytes)
{
	if (!stream->unread_n && !stream->paused)
		offer(stream, bytes);
	else if (!append_unread(stream, bytes) ||
	         stream->unread_n > stream->limits.unread_max_bytes + READ_BUFFER_BYTES)
		finish(stream, STREAM_END_FLOOD, 0);
	else if (!stream->paused)
		offer(stream, (slice){ stream->unread, stream->unread_n });
}

static void lend_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)suggested;
	struct stream *stream = LIST_OWNER(handle, struct stream, tcp);
	bool wanted = reads(stream) || stream->closing;
	*buffer = uv_buf_init(stream->net->buffer, wanted ? READ_BUFFER_BYTES : 0);
}

static void read_done(uv_stream_t *handle, ssize_t n, const uv_buf_t *buffer)
{
	struct stream *stream = LIST_OWNER(handle, struct stream, tcp);
	if (stream->finished || n == 0)
		return;
	if (n == UV_ENOBUFS) { /* paused, and lent none */
		(void)uv_read_stop(handle);
		return;
	}
	if (n < 0) {
		finish_uv(stream, (int)n);
		return;
	}
	/* Lingering: only the end is waited for. */
	if (stream->closing)
		return;
	if (stream->bottom)
		stream->bottom->ops->received(stream->bottom, buffer->base, (size_t)n);
	else
		take(stream, (slice){ buffer->base, (size_t)n });
}

static void offer_again(struct task *task)
{
	struct stream *stream = LIST_OWNER(task, struct stream, offer);
	if (stream->unread_n && !stream->paused && !stream->closing)
		offer(stream, (slice){ stream->unread, stream->unread_n });
	/* Reading already is no mistake here (UV_EALREADY). */
	if (reads(stream) && !stream->finished && !stream->closing)
		(void)uv_read_start((uv_stream_t *)&stream->tcp, lend_buffer, read_done);
}

static void establish(struct stream *stream)
{
	stream->established = true;
	list_remove(&stream->opening);
	if (stream->listener) {
		timer_stop(&stream->deadline);
		listener_established(stream->listener, stream);
	} else if (stream->events->connected) {
		stream->events->connected(stream->owner, stream);
	}
}

static void begin_opening(struct stream *stream)
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

void stream_begin(struct stream *stream)
{
	(void)uv_tcp_nodelay(&stream->tcp, 1);
	struct sockaddr_storage address;
	int n = sizeof address;
	if (uv_tcp_getpeername(&stream->tcp, (struct sockaddr *)&address, &n) == 0)
		net_address_text((struct sockaddr *)&address, stream->peer, sizeof stream->peer);
	int error = stream->paused
	                    ? 0
	                    : uv_read_start((uv_stream_t *)&stream->tcp, lend_buffer, read_done);
	if (error)
		finish_uv(stream, error);
	else if (stream->bottom)
		begin_opening(stream);
	else
		establish(stream);
}

void streams_end_opening(struct stream_listener *listener)
{
	LIST_EACH (&listener->opening, at, following)
		finish(LIST_OWNER(at, struct stream, opening), STREAM_END_OWNER, 0);
}

/* Reading stops when something arrives meanwhile: most pauses are over before, and then cost no system call. */
void stream_pause(struct stream *stream)
{
	stream->paused = true;
	task_cancel(&stream->offer);
}

/* Goes on reading, later in this turn. */
static void read_on(struct stream *stream)
{
	if (reads(stream) && !stream->finished && !stream->closing && !stream->connecting)
		loop_defer(stream->net->loop, &stream->offer);
}

void stream_resume(struct stream *stream)
{
	if (!stream->paused)
		return;
	stream->paused = false;
	read_on(stream);
}

/* ---- Output */

static void shutdown_done(uv_shutdown_t *request, int status)
{
	/* The peer's end of file, or the deadline, ends it. */
	(void)request;
	(void)status;
}

/* All is written: says so to the peer and waits a little for its own end, so that a reset does not overtake
 * the last bytes. */
static void linger(struct stream *stream)
{
	if (stream->shut || stream->finished)
		return;
	stream->shut = true;
	int error = uv_shutdown(&stream->shutdown, (uv_stream_t *)&stream->tcp, shutdown_done);
	if (!error)
		error = uv_read_start((uv_stream_t *)&stream->tcp, lend_buffer, read_done);
	if (error && error != UV_EALREADY)
		finish(stream, STREAM_END_OWNER, 0);
}

/* What was written leaves first; the rest is done when the turn ends. */
static void begin_closing(struct stream *stream, enum stream_end end, int errno_value)
{
	stream->closing = true;
	stream->end = end;
	stream->errno_value = errno_value;
	task_cancel(&stream->offer);
	timer_set(&stream->deadline, loop_now_ms(stream->net->loop) + LINGER_MS);
	if (stream->layered)
		mark_dirty(stream);
	else if (!stream_unsent(stream))
		linger(stream);
}

static void written(uv_write_t *request, int status)
{
	struct pending_write *write = LIST_OWNER(request, struct pending_write, request);
	struct stream *stream = write->stream;
	stream->queued_n -= write->n;
	free(write);
	if (stream->finished)
		return;
	if (status < 0)
		finish_uv(stream, status);
	else if (stream_unsent(stream))
		return;
	else if (stream->closing)
		linger(stream);
	else if (stream->events->drained)
		stream->events->drained(stream->owner, stream);
}

static void queue_write(struct stream *stream, slice bytes)
{
	struct pending_write *write = malloc(sizeof *write + bytes.n);
	if (!write) {
		finish(stream, STREAM_END_ERROR, UV_ENOMEM);
		return;
	}
	write->stream = stream;
	write->n = bytes.n;
	memcpy(write->bytes, bytes.p, bytes.n);
	uv_buf_t buffer = uv_buf_init(write->bytes, (unsigned)bytes.n);
	stream->queued_n += bytes.n;
	int error = uv_write(&write->request, (uv_stream_t *)&stream->tcp, &buffer, 1, written);
	if (!error)
		return;
	stream->queued_n -= bytes.n;
	free(write);
	finish_uv(stream, error);
}

static void forget(struct output *output)
{
	free(output->p);
	*output = (struct output){ NULL, 0, 0 };
}

/* What the owner has written goes down through the layers, and after it their last words. */
static void hand_down(struct stream *stream)
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

static void flush(struct stream *stream)
{
	if (stream->bottom)
		hand_down(stream);
	if (stream->closing)
		destroy_layers(stream);
	struct output *output = stream->layered ? &stream->wire : &stream->unsent;
	slice bytes = { output->p, output->n };
	if (bytes.n && !stream->queued_n) {
		uv_buf_t buffer = uv_buf_init(output->p, (unsigned)bytes.n);
		int n = uv_try_write((uv_stream_t *)&stream->tcp, &buffer, 1);
		if (n < 0 && n != UV_EAGAIN) {
			finish_uv(stream, n);
			return;
		}
		bytes = slice_from(bytes, n < 0 ? 0 : (size_t)n);
	}
	if (bytes.n)
		queue_write(stream, bytes);
	forget(output);
	if (stream->closing && !stream->queued_n)
		linger(stream);
}

void stream_flush_all(struct hook *hook)
{
	struct net *net = LIST_OWNER(hook, struct net, flush);
	if (tls_streams_run(net))
		loop_defer(net->loop, &net->go_on);
	LIST_EACH (&net->dirty, at, following) {
		struct stream *stream = LIST_OWNER(at, struct stream, dirty);
		if (stream->connecting)
			continue;
		list_remove(at);
		flush(stream);
	}
}

static bool reserve(struct output *output, size_t n)
{
	if (output->size - output->n >= n)
		return true;
	size_t size = output->size ? output->size : OUTPUT_MIN_BYTES;
	while (size - output->n < n)
		size *= 2;
	char *larger = realloc(output->p, size);
	if (!larger)
		return false;
	output->p = larger;
	output->size = size;
	return true;
}

static void append(struct output *output, slice bytes)
{
	memcpy(output->p + output->n, bytes.p ? bytes.p : "", bytes.n);
	output->n += bytes.n;
}

static void mark_dirty(struct stream *stream)
{
	if (list_empty(&stream->dirty))
		list_append(&stream->net->dirty, &stream->dirty);
}

void stream_write2(struct stream *stream, slice first, slice second)
{
	size_t n = first.n + second.n;
	if (stream->finished || stream->closing || !n)
		return;
	if (stream_unsent(stream) + n > stream->limits.unsent_max_bytes) {
		finish(stream, STREAM_END_FLOOD, 0);
		return;
	}
	if (!reserve(&stream->unsent, n)) {
		finish(stream, STREAM_END_ERROR, UV_ENOMEM);
		return;
	}
	append(&stream->unsent, first);
	append(&stream->unsent, second);
	mark_dirty(stream);
}

void stream_write(struct stream *stream, slice bytes)
{
	stream_write2(stream, bytes, (slice){ NULL, 0 });
}

size_t stream_unsent(const struct stream *stream)
{
	return stream->unsent.n + stream->wire.n + stream->queued_n;
}

/* ---- Layers */

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
		take(layer->stream, (slice){ bytes, n });
}

void layer_down(struct layer *layer, slice bytes)
{
	struct stream *stream = layer->stream;
	if (layer->below) {
		layer->below->ops->send(layer->below, bytes);
	} else if (stream->finished) {
		return;
	} else if (!reserve(&stream->wire, bytes.n)) {
		finish(stream, STREAM_END_ERROR, UV_ENOMEM);
	} else {
		append(&stream->wire, bytes);
		mark_dirty(stream);
	}
}

void layer_established(struct layer *layer)
{
	if (!layer->above && layer_lives(layer))
		establish(layer->stream);
}

void layer_end(struct layer *layer, enum stream_end end, int errno_value)
{
	struct stream *stream = layer->stream;
	if (!layer_lives(layer))
		return;
	leave_opening(stream);
	begin_closing(stream, end, errno_value);
}

void layer_hold(struct layer *layer, bool held)
{
	layer->stream->held = held;
	if (!held)
		read_on(layer->stream);
}

/* ---- Ends */

void stream_close(struct stream *stream)
{
	if (stream->finished || stream->closing)
		return;
	if (stream->connecting || !stream->established)
		finish(stream, STREAM_END_OWNER, 0);
	else
		begin_closing(stream, STREAM_END_OWNER, 0);
}

void stream_abort(struct stream *stream)
{
	finish(stream, STREAM_END_OWNER, 0);
}

void stream_set_deadline(struct stream *stream, uint64_t at_ms)
{
	if (stream->finished || stream->closing)
		return;
	if (at_ms)
		timer_set(&stream->deadline, at_ms);
	else
		timer_stop(&stream->deadline);
}

/* ---- The rest */

static void connect_done(uv_connect_t *request, int status)
{
	struct stream *stream = LIST_OWNER(request, struct stream, connect);
	stream->connecting = false;
	if (stream->finished)
		return;
	if (status < 0) {
		finish(stream, STREAM_END_ERROR, -status);
		return;
	}
	stream_begin(stream);
}

static struct stream *connect_stream(struct loop *loop, const struct sockaddr *address,
        struct tls *tls, const char *name, const struct stream_events *events,
        const struct stream_limits *limits, void *owner)
{
	struct net *net = net_join(loop);
	struct stream *stream = net ? stream_new(net, events, limits) : NULL;
	if (net)
		net_leave(net);
	if (!stream)
		return NULL;
	if (tls && !stream_add_layer(stream, tls_stream_create(tls, name))) {
		stream_abort(stream);
		return NULL;
	}
	stream->owner = owner;
	stream->connecting = true;
	net_address_text(address, stream->peer, sizeof stream->peer);
	int error = uv_tcp_connect(&stream->connect, &stream->tcp, address, connect_done);
	if (error)
		finish_uv(stream, error);
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

void stream_accepted(struct stream *stream, struct stream_listener *listener)
{
	stream->listener = listener;
	listener->open++;
}

void stream_set_owner(struct stream *stream, void *owner)
{
	stream->owner = owner;
}

const char *stream_peer(const struct stream *stream)
{
	return stream->peer;
}

slice stream_peer_certificate(const struct stream *stream)
{
	return tls_stream_certificate(stream->bottom);
}

slice stream_psk_identity(const struct stream *stream)
{
	return tls_stream_psk_identity(stream->bottom);
}

slice stream_psk_mark(const struct stream *stream)
{
	return tls_stream_psk_mark(stream->bottom);
}
