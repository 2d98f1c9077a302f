/* A connection's life. With TLS it may have to wait for its turn to shake hands (opening.h) in front of that.
 *
 *     OPENING ──> IDLE ──> READING ──> WAITING ──> WRITING ──> IDLE …
 *    (handshake)   │          │                     │ │ └────> LINGERING ──> CLOSING
 *                  └──────────┴─ deadline, flood, stop ──────────┘
 *                                           STREAMING ┘
 *
 * INVARIANTS
 * 1. One message at a time: from request_submit() until its answer has left, nothing is read. What had come
 *    with the message's last bytes waits in `backlog`. So answers keep the order of the requests, and a peer
 *    that pipelines is slowed down by TCP instead of filling our memory.
 * 2. libwebsockets frees a `struct lws` when its close callback returns; `wsi` is NULL from then on and is looked
 *    at before each use. The connection itself lives until its request is home.
 * 3. An idle connection holds no buffer: a message's bytes live in its request's arena, and the request is made
 *    when the first byte comes.
 * 4. Refused messages go through the core like all others, so that they are counted, logged and get an id; but
 *    the connection ends with their answer.
 *
 * As nothing is read while a request is under way, a peer that closes only its sending side still gets its
 * answer; one that is gone altogether is noticed by its reset, and its request is cancelled.
 *
 * A STREAM of events (events.h) is an answer that has no end of its own: between events the connection is STREAMING, with
 * nothing unsent, and listens only in order to see its client go. While an event is leaving, no other is made: the
 * subscription is asked again when it has left, and gives the newest value then. So a client that reads slowly skips
 * values, one that reads nothing is cut off like any other, and each holds one event's bytes at most, which count as a
 * request's. The connection ends with its stream.
 *
 * A LISTENER THAT STOPS announces it with each answer ("Connection: close"). The request of a client that has not heard of it may
 * be on its way over a connection that is idle here: so these are left as they are for `drain_ms`, and closed then. Whoever asks
 * within that time is answered; who asks later has been told before that nobody listens.
 *
 * The end is polite (LINGERING): what was said has left, our side is shut, and what the peer still sends is
 * thrown away for a while. Closing with unread bytes would make the kernel send a reset, which can
 * overtake the answer.
 *
 * One timer a connection, set lazily: it is moved only to an earlier time, and looks at `deadline_ms` when it
 * fires. So a busy connection sets no timer at all. */
#include "adapters/http/connection_internal.h"

#include "adapters/http/events.h"
#include "adapters/http/incoming.h"
#include "base/clock.h"
#include "net/stream.h"

#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	LINGER_MS = 3000,
	LINGER_AT_STOP_MS = 1000, /* the gateway's end waits for it */
	STREAM_RETRY_MS = 1000,   /* when there was no memory for an event */
	PIECE_BYTES = 16384,      /* of a large answer, a write */
	HEAD_BUDGET = 128 << 10   /* for an answer's head and problem+json */
};

void http_connection_set_deadline(struct http_connection *connection, uint64_t after_ms)
{
	struct timer *timer = &connection->timer;
	connection->deadline_ms = loop_now_ms(connection->http->loop) + after_ms;
	if (!timer->at_ms || timer->at_ms > connection->deadline_ms)
		timer_set(timer, connection->deadline_ms);
}

/* One thing less that the listener's end has to wait for. */
static void count_down(struct http *http, bool *counted)
{
	if (!*counted)
		return;
	*counted = false;
	if (!--http->adapter.answering && http->stopping)
		adapter_at_rest(&http->adapter);
}

static void answer_is_over(struct http_connection *connection)
{
	count_down(connection->http, &connection->answering);
}

/* When both libwebsockets and the core are done with it. */
void http_connection_destroy_when_unused(struct http_connection *connection)
{
	if (connection->wsi || connection->adopting || connection->waiting_for)
		return;
	http_opening_over(&connection->http->openings, &connection->opening);
	if (connection->fd >= 0)
		(void)close(connection->fd);
	answer_is_over(connection);
	count_down(connection->http, &connection->draining);
	request_free(connection->request);
	arena_finish(&connection->backlog_arena);
	timer_stop(&connection->timer);
	list_remove(&connection->link);
	connection->http->nconnections--;
	free(connection);
}

/* From inside libwebsockets' callbacks too: the close callback comes later. */
void http_connection_close_soon(struct http_connection *connection)
{
	connection->state = CLOSING;
	lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

void http_connection_linger(struct http_connection *connection)
{
	struct lws *wsi = connection->wsi;
	connection->state = LINGERING;
	arena_finish(&connection->backlog_arena);
	connection->backlog = (slice){ NULL, 0 };
	if (lws_get_ssl(wsi))
		http_tls_goodbye(lws_get_ssl(wsi));
	(void)shutdown(lws_get_socket_fd(wsi), SHUT_WR);
	(void)lws_rx_flow_control(wsi, 1);
	http_connection_set_deadline(
	        connection, connection->http->stopping ? LINGER_AT_STOP_MS : LINGER_MS);
}

/* false: the connection is broken. */
static bool write_bytes(struct http_connection *connection, slice bytes)
{
	http_connection_count(connection, COUNTER_BYTES_OUT, bytes.n);
	/* libwebsockets' signature is not const, but a raw write leaves the bytes alone. */
	unsigned char *p = (unsigned char *)(uintptr_t)bytes.p;
	if (lws_write(connection->wsi, p, bytes.n, LWS_WRITE_RAW) >= 0)
		return true;
	http_connection_count(connection, COUNTER_FAILED, 1);
	http_connection_close_soon(connection);
	return false;
}

static void read_on(struct http_connection *connection);

/* Between events. */
static void stream_on(struct http_connection *connection)
{
	connection->state = STREAMING;
	http_connection_set_deadline(connection, connection->http->heartbeat_ms);
	if (!connection->behind)
		return;
	connection->behind = false;
	subscription_refresh(connection->subscription, connection->told);
}

/* The answer has been handed over whole; goes on when it has left. */
static void written(struct http_connection *connection)
{
	request_free(connection->request);
	connection->request = NULL;
	connection->incoming = NULL;
	if (connection->streaming && !connection->subscription && !connection->ending) {
		connection->ending = true;
		slice end = http_events_end(connection->minor);
		if (end.n && !write_bytes(connection, end))
			return;
	}
	if (lws_partial_buffered(connection->wsi))
		return; /* http_connection_writable() comes back here */
	answer_is_over(connection);
	if (connection->subscription) {
		stream_on(connection);
		return;
	}
	if (connection->last || connection->http->drained) {
		http_connection_linger(connection);
		return;
	}
	connection->state = IDLE;
	http_connection_set_deadline(connection, connection->http->idle_ms);
	read_on(connection);
}

/* Writes what there is of the answer's body, as far as the socket takes it. */
static void write_on(struct http_connection *connection)
{
	while (connection->unsent.n && !lws_partial_buffered(connection->wsi)) {
		slice piece = connection->unsent;
		if (piece.n > PIECE_BYTES)
			piece.n = PIECE_BYTES;
		connection->unsent = slice_from(connection->unsent, piece.n);
		if (!write_bytes(connection, piece))
			return;
	}
	if (connection->unsent.n)
		lws_callback_on_writable(connection->wsi);
	else
		written(connection);
}

/* For those who get no request: the same words, and the end. */
void http_connection_turn_away(struct http_connection *connection)
{
	http_connection_count(connection, COUNTER_REFUSED, 1);
	connection->last = true;
	connection->state = WRITING;
	http_connection_set_deadline(connection, LINGER_MS);
	if (write_bytes(connection, http_response_unavailable()))
		written(connection);
}

static const char *date_now(struct http *http)
{
	uint64_t now_ns = clock_wall_ns();
	if (http->date_s != now_ns / 1000000000) {
		http->date_s = now_ns / 1000000000;
		http_date(now_ns, http->date);
	}
	return http->date;
}

static void write_answer(struct http_connection *connection, struct request *request)
{
	const struct http_incoming *incoming = connection->incoming;
	struct http_answer answer = {
		.code = incoming->code,
		.dialect = incoming->dialect,
		.minor = incoming->head.minor,
		.close = connection->last,
		.date = date_now(connection->http),
	};
	struct arena arena;
	arena_init(&arena, HEAD_BUDGET);
	struct text head;
	text_init(&head, &arena, 512);
	http_response_write(request, &answer, &head);
	/* Head and body leave in one write: another would cost as much as all the rest. */
	slice piece = answer.body;
	if (piece.n > PIECE_BYTES)
		piece.n = PIECE_BYTES;
	text_slice_add(&head, piece);
	slice bytes = text_slice(&head);
	connection->request = request;
	connection->unsent = slice_from(answer.body, piece.n);
	if (!bytes.p)
		http_connection_close_soon(connection);
	else if (write_bytes(connection, bytes))
		write_on(connection);
	arena_finish(&arena);
}

static void begin_writing(struct http_connection *connection)
{
	connection->state = WRITING;
	connection->answering = true;
	connection->http->adapter.answering++;
	http_connection_set_deadline(connection, connection->http->body_ms);
}

/* The request is granted: from now on the answer is what is pushed. */
static void write_stream_head(struct http_connection *connection, struct request *request)
{
	connection->streaming = true;
	connection->last = true;
	connection->minor = connection->incoming->head.minor;
	connection->subscription = request->subscription;
	connection->told = request->follow_after;
	connection->request = request;
	/* What else was sent has no meaning: the connection ends with the stream. */
	arena_finish(&connection->backlog_arena);
	connection->backlog = (slice){ NULL, 0 };
	struct text head;
	text_init(&head, &request->arena, 512);
	http_events_head(&head, request, date_now(connection->http), connection->minor);
	slice bytes = text_slice(&head);
	(void)lws_rx_flow_control(connection->wsi, 1);
	if (!bytes.p)
		http_connection_close_soon(connection);
	else if (write_bytes(connection, bytes))
		write_on(connection);
}

void http_connection_end_stream(struct http_connection *connection)
{
	connection->subscription = NULL;
	if (connection->state != STREAMING)
		return; /* written() sees it */
	begin_writing(connection);
	written(connection);
}

void http_connection_push(struct http_connection *connection, const struct update *update)
{
	if (update->ended) {
		http_connection_end_stream(connection);
		return;
	}
	if (connection->state != STREAMING) {
		connection->behind = true;
		return;
	}
	/* Its memory is a request's, so that all events under way are bounded together with them. */
	struct request *carrier = request_new(&connection->http->adapter);
	struct text event = { 0 };
	if (carrier) {
		text_init(&event, &carrier->arena, update->body.n + 128);
		http_events_value(&event, update, connection->minor);
	}
	slice bytes = carrier ? text_slice(&event) : (slice){ NULL, 0 };
	if (!bytes.p) {
		request_free(carrier);
		connection->behind = true;
		http_connection_set_deadline(connection, STREAM_RETRY_MS);
		return;
	}
	connection->told = update->version;
	connection->request = carrier;
	connection->unsent = bytes;
	begin_writing(connection);
	write_on(connection);
}

void http_connection_reply(struct http_connection *connection, struct request *request)
{
	connection->waiting_for = 0;
	bool is_gone = !connection->wsi || connection->state == CLOSING;
	if (is_gone || (connection->unbelieved && request->subscription)) {
		subscription_end(request->subscription);
		request_free(request);
		if (is_gone)
			http_connection_destroy_when_unused(connection);
		else
			http_connection_close_soon(connection);
		return;
	}
	/* What has come behind it is answered as well, as far as it is whole. */
	const struct http *http = connection->http;
	connection->last |= http->drained || (http->stopping && !connection->backlog.n);
	begin_writing(connection);
	if (request->subscription)
		write_stream_head(connection, request);
	else
		write_answer(connection, request);
}

/* The message is complete, or refused. */
static void submit(struct http_connection *connection)
{
	struct request *request = connection->request;
	connection->request = NULL;
	connection->waiting_for = request->id;
	connection->state = WAITING;
	connection->deadline_ms = 0;
	http_connection_count(connection, COUNTER_MESSAGES, 1);
	(void)lws_rx_flow_control(connection->wsi, 0);
	request_submit(request);
}

/* The request says already why. */
static void submit_refused(struct http_connection *connection)
{
	if (connection->request->status == STATUS_MALFORMED)
		http_connection_count(connection, COUNTER_MALFORMED, 1);
	connection->last = true;
	submit(connection);
}

/* The first byte of a message: there is a request from now on. false: there is none to have. */
static bool begin(struct http_connection *connection)
{
	struct http *http = connection->http;
	struct request *request = http->drained ? NULL : request_new(&http->adapter);
	struct http_incoming *incoming = request ? http_incoming_new(request, http->plain) : NULL;
	if (!incoming) {
		request_free(request);
		http_connection_turn_away(connection);
		return false;
	}
	request->ticket = connection;
	request->peer = arena_copy_slice(&request->arena, slice_of(connection->peer));
	connection->request = request;
	connection->incoming = incoming;
	connection->state = READING;
	http_connection_set_deadline(connection, http->head_ms);
	return true;
}

/* A body may pause for body_ms, and must come at body_rate all in all. */
static void set_body_deadline(struct http_connection *connection)
{
	const struct http *http = connection->http;
	struct http_incoming *incoming = connection->incoming;
	uint64_t now = loop_now_ms(http->loop);
	if (!incoming->body_since_ms)
		incoming->body_since_ms = now;
	uint64_t end = incoming->body_since_ms + http->body_ms +
	               (uint64_t)incoming->body_bytes.n * 1000 / http->body_rate;
	uint64_t left = end > now ? end - now : 0;
	http_connection_set_deadline(connection, left < http->body_ms ? left : http->body_ms);
}

/* RFC 9112, 2.2: empty lines between messages are no beginning. */
static slice skip_empty_lines(slice bytes)
{
	while (slice_starts(bytes, SLICE("\r\n")))
		bytes = slice_from(bytes, 2);
	return bytes;
}

/* Reads on in the message under way. */
static void read_message(struct http_connection *connection, slice *bytes)
{
	const struct http *http = connection->http;
	struct http_incoming *incoming = connection->incoming;
	bool head_done = incoming->head_done;
	switch (http_incoming_take(incoming, connection->request, bytes,
	        http->limits->body_max_bytes, lws_get_ssl(connection->wsi))) {
	case HTTP_WHOLE:
		connection->last = !incoming->head.keep_alive;
		if (!http->plain && !incoming->dialect &&
		        connection->request->status == STATUS_NONE)
			(void)http_events_ask(connection->request, connection);
		submit(connection);
		return;
	case HTTP_REFUSED:
		submit_refused(connection);
		return;
	case HTTP_INCOMPLETE:
		break;
	}
	if (incoming->head_done)
		set_body_deadline(connection);
	if (incoming->head_done && !head_done && http_incoming_waits(incoming))
		(void)write_bytes(connection, SLICE("HTTP/1.1 100 Continue\r\n\r\n"));
}

/* Reads messages until one is whole; returns what follows it. */
static slice consume(struct http_connection *connection, slice bytes)
{
	for (;;) {
		if (connection->state == IDLE) {
			bytes = skip_empty_lines(bytes);
			if (bytes.n && !begin(connection))
				return bytes;
		}
		if (connection->state != READING || !bytes.n)
			return bytes;
		read_message(connection, &bytes);
	}
}

/* After an answer: first what is there already, then what the socket has. */
static void read_on(struct http_connection *connection)
{
	slice rest = consume(connection, connection->backlog);
	if (connection->state != WAITING && connection->state != WRITING)
		rest = (slice){ NULL, 0 };
	connection->backlog = rest;
	if (!rest.n)
		arena_finish(&connection->backlog_arena);
	if (connection->state == IDLE || connection->state == READING)
		(void)lws_rx_flow_control(connection->wsi, 1);
}

/* Keeps what belongs to later messages. false: too much of it. */
static bool hold(struct http_connection *connection, slice rest)
{
	/* Mostly there is none yet; and what there is need not be the beginning of its block any more. */
	slice held = connection->backlog;
	char *bytes = arena_alloc_raw(&connection->backlog_arena, held.n + rest.n);
	if (!bytes)
		return false;
	if (held.n)
		memcpy(bytes, held.p, held.n);
	memcpy(bytes + held.n, rest.p, rest.n);
	connection->backlog = (slice){ bytes, held.n + rest.n };
	return true;
}

/* The handshake is over. false: its certificate is believed no more. */
static bool begin_session(struct http_connection *connection)
{
	struct http *http = connection->http;
	lws_set_timeout(connection->wsi, NO_PENDING_TIMEOUT, 0);
	connection->state = IDLE;
	if (!http->tls ||
	        http_tls_prove(http->tls, lws_get_ssl(connection->wsi), &connection->proof))
		return true;
	adapter_refused(
	        &http->adapter, connection->peer, "its certificate is not believed any more");
	return false;
}

bool http_connection_received(struct http_connection *connection, slice bytes)
{
	http_connection_count(connection, COUNTER_BYTES_IN, bytes.n);
	if (connection->state == OPENING && !begin_session(connection))
		return false;
	if (connection->state == LINGERING || connection->streaming)
		return true;
	if (connection->state == CLOSING)
		return false;
	slice rest = consume(connection, bytes);
	bool later = connection->state == WAITING || connection->state == WRITING;
	return !rest.n || !later || connection->last || hold(connection, rest);
}

bool http_connection_writable(struct http_connection *connection)
{
	if (connection->state != WRITING)
		return connection->state != CLOSING;
	http_connection_set_deadline(connection, connection->http->body_ms);
	write_on(connection);
	return true;
}

bool http_connection_is_handshaking(const struct http_connection *connection)
{
	return connection->state == OPENING && connection->http->tls &&
	       !http_tls_established(lws_get_ssl(connection->wsi));
}

void http_connection_closed(struct http_connection *connection)
{
	if (connection->adopting)
		return; /* http_connection_open() sees it */
	struct http *http = connection->http;
	http_opening_over(&http->openings, &connection->opening);
	if (http_connection_is_handshaking(connection))
		adapter_refused(&http->adapter, connection->peer, http_tls_failure(http->tls));
	connection->wsi = NULL;
	subscription_end(connection->subscription);
	connection->subscription = NULL;
	if (connection->waiting_for)
		request_cancel(&http->adapter, connection->waiting_for);
	http_connection_destroy_when_unused(connection);
}

/* The deadline has passed. */
static void expire(struct http_connection *connection)
{
	const struct http *http = connection->http;
	switch (connection->state) {
	case OPENING:
		if (!http_connection_is_handshaking(connection) && http->tls &&
		        http->head_ms > http->handshake_ms) {
			connection->state = IDLE;
			lws_set_timeout(connection->wsi, NO_PENDING_TIMEOUT, 0);
			http_connection_set_deadline(
			        connection, http->head_ms - http->handshake_ms);
			return;
		}
		http_connection_count(connection, COUNTER_EXPIRED, 1);
		http_connection_close_soon(connection);
		return;
	case READING:
		http_connection_count(connection, COUNTER_EXPIRED, 1);
		connection->incoming->code = 408;
		request_refuse(connection->request, STATUS_TIMEOUT, "the %s did not arrive in time",
		        connection->incoming->head_done ? "body" : "header");
		submit_refused(connection);
		return;
	case WRITING:
		http_connection_count(connection, COUNTER_EXPIRED, 1);
		http_connection_close_soon(connection);
		return;
	case STREAMING:
		if (connection->behind) {
			stream_on(connection);
			return;
		}
		begin_writing(connection);
		if (write_bytes(connection, http_events_heartbeat(connection->minor)))
			written(connection);
		return;
	case IDLE:
		http_connection_linger(connection);
		return;
	case LINGERING:
		http_connection_close_soon(connection);
		return;
	case WAITING:
	case CLOSING:
		return;
	}
}

void http_connection_fire(struct timer *timer)
{
	struct http_connection *connection = LIST_OWNER(timer, struct http_connection, timer);
	if (!connection->deadline_ms || !connection->wsi)
		return;
	if (connection->deadline_ms > loop_now_ms(connection->http->loop))
		timer_set(timer, connection->deadline_ms);
	else
		expire(connection);
}
