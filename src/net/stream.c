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
 * A stream ends once: stream_finish() decides why, uv_close() makes sure that no callback of the owner is on the
 * stack, and its callback tells the owner and frees the memory. After stream_finish() the owner hears nothing but
 * closed().
 *
 * Between the socket and the owner there may be layers, as TLS is one: stream_layers.c. Where there are any, bytes
 * take the way through them, and what they make of the output is on the `wire`. */
#include "net/stream_internal.h"

#include <errno.h>
#include <stdlib.h>

#include "net/local.h"

enum { LINGER_MS = 2000, OUTPUT_MIN_BYTES = 512 };

struct pending_write {
	uv_write_t request;
	struct stream *stream;
	size_t n;
	char bytes[];
};

static void mark_dirty(struct stream *);
static void deadline_passed(struct timer *);

struct stream *stream_new(struct net *net, enum stream_kind kind,
        const struct stream_events *events, const struct stream_limits *limits)
{
	struct stream *stream = calloc(1, sizeof *stream);
	if (!stream || net_handle_init(net, kind, &stream->handle) != 0) {
		free(stream);
		return NULL;
	}
	stream->kind = kind;
	stream->net = net;
	net->users++;
	stream->events = events;
	stream->limits = *limits;
	list_init(&stream->dirty);
	list_init(&stream->opening);
	task_init(&stream->offer, stream_offer_again);
	timer_init(&stream->deadline, net->loop, deadline_passed);
	return stream;
}

uv_stream_t *stream_handle(struct stream *stream)
{
	return &stream->handle.stream;
}

bool stream_open(struct stream *stream, int fd)
{
	return (stream->kind == STREAM_TCP ? uv_tcp_open(&stream->handle.tcp, fd)
	                                   : uv_pipe_open(&stream->handle.pipe, fd)) == 0;
}

static void drop_unread(struct stream *stream)
{
	free(stream->unread);
	stream->net->unread_bytes -= stream->unread_size;
	stream->unread = NULL;
	stream->unread_n = stream->unread_size = 0;
}

static void closed(uv_handle_t *handle)
{
	struct stream *stream = LIST_OWNER(handle, struct stream, handle);
	stream_layers_destroy(stream);
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

static const char *meaning(enum stream_end end, int errno_value)
{
	switch (end) {
	case STREAM_END_PEER:
		return "it went away before the handshake was over";
	case STREAM_END_ERROR:
		return strerror(errno_value);
	case STREAM_END_DEADLINE:
		return "the handshake took too long";
	case STREAM_END_FLOOD:
		return "it sent more than may wait";
	case STREAM_END_OWNER:
		return "the listener is closing";
	}
	return "";
}

void stream_finish(struct stream *stream, enum stream_end end, int errno_value)
{
	if (stream->finished)
		return;
	stream->finished = true;
	/* A stream that closes has its end already. */
	if (!stream->closing) {
		stream->end = end;
		stream->errno_value = errno_value;
	}
	stream_layers_leave_opening(stream, meaning(end, errno_value));
	list_remove(&stream->dirty);
	task_cancel(&stream->offer);
	timer_stop(&stream->deadline);
	/* Its share is free for the others at once: one that went too far must not take another with it. The bytes stay
	 * until closed(), which follows in this turn: the owner may be looking at them. */
	stream->net->unread_bytes -= stream->unread_size;
	stream->unread_size = 0;
	bool cut_off = stream_unsent(stream) != 0;
	if (stream->kind == STREAM_SERIAL)
		stream_serial_release(stream);
	bool reset = cut_off && stream->kind == STREAM_TCP;
	if (!reset || uv_tcp_close_reset(&stream->handle.tcp, closed) != 0)
		uv_close(&stream->handle.any, closed);
}

void stream_finish_uv(struct stream *stream, int uv_error)
{
	/* Who was called over TLS says when it has said all (RFC 5246 section 7.2.1); who calls us often does not. */
	bool cut_short = stream->bottom && !stream->listener && stream->kind == STREAM_TCP;
	if (stream->kind == STREAM_SERIAL && (uv_error == UV_EOF || uv_error == UV_EIO))
		stream->failure = "the port is gone, or was hung up";
	if (uv_error != UV_EOF)
		stream_finish(stream, STREAM_END_ERROR, -uv_error);
	else if (cut_short)
		stream_finish(stream, STREAM_END_ERROR, ECONNABORTED);
	else
		stream_finish(stream, STREAM_END_PEER, 0);
}

static void deadline_passed(struct timer *timer)
{
	struct stream *stream = LIST_OWNER(timer, struct stream, deadline);
	stream_finish(stream, STREAM_END_DEADLINE, 0);
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
		stream_finish(stream, STREAM_END_FLOOD, 0);
	else if (!keep_unread(stream, rest))
		stream_finish(stream, STREAM_END_FLOOD, 0);
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

void stream_take(struct stream *stream, slice bytes)
{
	if (!stream->unread_n && !stream->paused)
		offer(stream, bytes);
	else if (!append_unread(stream, bytes) ||
	         stream->unread_n > stream->limits.unread_max_bytes + READ_BUFFER_BYTES)
		stream_finish(stream, STREAM_END_FLOOD, 0);
	else if (!stream->paused)
		offer(stream, (slice){ stream->unread, stream->unread_n });
}

void stream_forget(struct stream *stream, const char *why)
{
	slice unread = { stream->unread, stream->unread_n };
	if (stream->finished || stream->closing)
		return;
	if (stream->events->broken)
		stream->events->broken(stream->owner, stream, unread, why);
	if (!stream->finished)
		drop_unread(stream);
}

static void lend_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)suggested;
	struct stream *stream = LIST_OWNER(handle, struct stream, handle);
	bool wanted = reads(stream) || stream->closing;
	*buffer = uv_buf_init(stream->net->buffer, wanted ? READ_BUFFER_BYTES : 0);
}

static void read_done(uv_stream_t *handle, ssize_t n, const uv_buf_t *buffer)
{
	struct stream *stream = LIST_OWNER(handle, struct stream, handle);
	if (stream->finished || n == 0)
		return;
	if (n == UV_ENOBUFS) { /* paused, and lent none */
		(void)uv_read_stop(handle);
		return;
	}
	if (n < 0) {
		stream_finish_uv(stream, (int)n);
		return;
	}
	/* Lingering: only the end is waited for. */
	if (stream->closing)
		return;
	if (stream->bottom)
		stream->bottom->ops->received(stream->bottom, buffer->base, (size_t)n);
	else
		stream_take(stream, (slice){ buffer->base, (size_t)n });
}

void stream_offer_again(struct task *task)
{
	struct stream *stream = LIST_OWNER(task, struct stream, offer);
	if (stream->unread_n && !stream->paused && !stream->closing)
		offer(stream, (slice){ stream->unread, stream->unread_n });
	struct layer *bottom = stream->bottom;
	if (bottom && bottom->ops->go_on && !stream->paused && layer_lives(bottom))
		bottom->ops->go_on(bottom);
	/* Reading already is no mistake here (UV_EALREADY). */
	if (reads(stream) && !stream->finished && !stream->closing)
		(void)uv_read_start(&stream->handle.stream, lend_buffer, read_done);
}

void stream_establish(struct stream *stream)
{
	stream->established = true;
	if (stream->listener)
		crowd_leave(&stream->listener->openers, &stream->opener);
	list_remove(&stream->opening);
	if (stream->listener) {
		timer_stop(&stream->deadline);
		listener_established(stream->listener, stream);
	} else if (stream->events->connected) {
		stream->events->connected(stream->owner, stream);
	}
}

bool stream_address(const struct stream *stream, struct sockaddr_storage *address)
{
	int n = sizeof *address;
	return stream->kind == STREAM_TCP &&
	       uv_tcp_getpeername(&stream->handle.tcp, (struct sockaddr *)address, &n) == 0;
}

/* Who has connected to a socket of this machine. */
static void name_process(struct stream *stream)
{
	int fd = -1;
	(void)uv_fileno(&stream->handle.any, &fd);
	(void)local_peer_trusted(fd, stream->peer, sizeof stream->peer);
}

void stream_begin(struct stream *stream)
{
	struct sockaddr_storage address;
	if (stream->kind == STREAM_TCP)
		(void)uv_tcp_nodelay(&stream->handle.tcp, 1);
	if (stream_address(stream, &address))
		net_address_text((struct sockaddr *)&address, stream->peer, sizeof stream->peer);
	else if (stream->kind == STREAM_LOCAL && stream->listener)
		name_process(stream);
	int error =
	        stream->paused ? 0 : uv_read_start(&stream->handle.stream, lend_buffer, read_done);
	if (error)
		stream_finish_uv(stream, error);
	else if (stream->bottom)
		stream_layers_start(stream);
	else
		stream_establish(stream);
}

/* Reading stops when something arrives meanwhile: most pauses are over before, and then cost no system call. */
void stream_pause(struct stream *stream)
{
	stream->paused = true;
	task_cancel(&stream->offer);
}

void stream_read_on(struct stream *stream)
{
	if (reads(stream) && !stream->finished && !stream->closing && !stream->connecting)
		loop_defer(stream->net->loop, &stream->offer);
}

void stream_resume(struct stream *stream)
{
	if (!stream->paused)
		return;
	stream->paused = false;
	stream_read_on(stream);
}

/* ---- Output */

static void shutdown_done(uv_shutdown_t *request, int status)
{
	/* The peer's end of file, or the deadline, ends it. */
	(void)request;
	(void)status;
}

/* A port has no other end that could say that it has read all. */
static void linger_on_line(struct stream *stream)
{
	unsigned ms = stream_serial_unsent_ms(stream);
	if (ms)
		timer_set(&stream->deadline,
		        loop_now_ms(stream->net->loop) + (ms < LINGER_MS ? ms : LINGER_MS));
	else
		stream_finish(stream, STREAM_END_OWNER, 0);
}

/* All is written: says so to the peer and waits a little for its own end, so that a reset does not overtake
 * the last bytes. */
static void linger(struct stream *stream)
{
	if (stream->shut || stream->finished)
		return;
	stream->shut = true;
	if (stream->kind == STREAM_SERIAL) {
		linger_on_line(stream);
		return;
	}
	int error = uv_shutdown(&stream->shutdown, &stream->handle.stream, shutdown_done);
	if (!error)
		error = uv_read_start(&stream->handle.stream, lend_buffer, read_done);
	if (error && error != UV_EALREADY)
		stream_finish(stream, STREAM_END_OWNER, 0);
}

void stream_begin_closing(struct stream *stream, enum stream_end end, int errno_value)
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
		stream_finish_uv(stream, status);
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
		stream_finish(stream, STREAM_END_ERROR, UV_ENOMEM);
		return;
	}
	write->stream = stream;
	write->n = bytes.n;
	memcpy(write->bytes, bytes.p, bytes.n);
	uv_buf_t buffer = uv_buf_init(write->bytes, (unsigned)bytes.n);
	stream->queued_n += bytes.n;
	int error = uv_write(&write->request, &stream->handle.stream, &buffer, 1, written);
	if (!error)
		return;
	stream->queued_n -= bytes.n;
	free(write);
	stream_finish_uv(stream, error);
}

static void forget(struct output *output)
{
	free(output->p);
	*output = (struct output){ NULL, 0, 0 };
}

static void flush(struct stream *stream)
{
	if (stream->bottom)
		stream_layers_hand_down(stream);
	if (stream->closing)
		stream_layers_destroy(stream);
	struct output *output = stream->layered ? &stream->wire : &stream->unsent;
	slice bytes = { output->p, output->n };
	if (bytes.n && !stream->queued_n) {
		uv_buf_t buffer = uv_buf_init(output->p, (unsigned)bytes.n);
		int n = uv_try_write(&stream->handle.stream, &buffer, 1);
		if (n < 0 && n != UV_EAGAIN) {
			stream_finish_uv(stream, n);
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
		stream_finish(stream, STREAM_END_FLOOD, 0);
		return;
	}
	if (!reserve(&stream->unsent, n)) {
		stream_finish(stream, STREAM_END_ERROR, UV_ENOMEM);
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

bool stream_is_open(const struct stream *stream)
{
	return !stream->closing && !stream->finished;
}

size_t stream_unsent(const struct stream *stream)
{
	return stream->unsent.n + stream->wire.n + stream->queued_n;
}

void stream_put_on_wire(struct stream *stream, slice bytes)
{
	if (stream->finished)
		return;
	if (!reserve(&stream->wire, bytes.n)) {
		stream_finish(stream, STREAM_END_ERROR, UV_ENOMEM);
		return;
	}
	append(&stream->wire, bytes);
	mark_dirty(stream);
}

/* ---- Ends */

void stream_close(struct stream *stream)
{
	if (stream->finished || stream->closing)
		return;
	if (stream->connecting || !stream->established)
		stream_finish(stream, STREAM_END_OWNER, 0);
	else
		stream_begin_closing(stream, STREAM_END_OWNER, 0);
}

void stream_close_by_rule(struct stream *stream)
{
	stream->by_rule = true;
	stream_close(stream);
}

bool layer_ends_by_rule(const struct layer *layer)
{
	return layer->stream->by_rule;
}

void stream_abort(struct stream *stream)
{
	stream_finish(stream, STREAM_END_OWNER, 0);
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

void stream_accepted(struct stream *stream, struct stream_listener *listener)
{
	stream->listener = listener;
	listener->open++;
}

void stream_set_owner(struct stream *stream, void *owner)
{
	stream->owner = owner;
}

void stream_set_events(struct stream *stream, const struct stream_events *events,
        const struct stream_limits *limits)
{
	stream->events = events;
	stream->limits = *limits;
}

const char *stream_peer(const struct stream *stream)
{
	return stream->peer;
}
