/* A connection's life.
 *
 *     OPENING ──> IDLE ──> READING ──> WAITING ──> WRITING ──> IDLE …
 *    (handshake)   │          │                       └──────> LINGERING ──> CLOSING
 *                  └──────────┴─ deadline, flood, stop ──────────┘
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
 * The end is polite (LINGERING): what was said has left, our side is shut, and what the peer still sends is
 * thrown away for a while. Closing with unread bytes would make the kernel send a reset, which can
 * overtake the answer.
 *
 * One timer a connection, set lazily: it is moved only to an earlier time, and looks at `deadline_ms` when it
 * fires. So a busy connection sets no timer at all. */
#include "adapters/http/connection.h"

#include "adapters/http/request.h"
#include "adapters/http/tls.h"
#include "base/clock.h"
#include "net/stream.h"

#include <libwebsockets.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	LINGER_MS = 3000,
	PIECE_BYTES = 16384,     /* of a large answer, a write */
	HEAD_BUDGET = 128 << 10, /* for an answer's head and problem+json */
	BACKLOG_BUDGET = 256 << 10,
	BODY_FIRST_BYTES = 65536, /* taken at once for a body, whatever length it claims */
	PEER_BYTES = 56
};

enum state { OPENING, IDLE, READING, WAITING, WRITING, LINGERING, CLOSING };

/* A message being read, in its request's arena. */
struct reading {
	struct http_head head;
	struct text head_bytes, body_bytes;
	struct http_body body;
	bool head_done;
	uint64_t body_since_ms;
	unsigned code; /* of a refusal, if it is another than its status has */
	const struct http_dialect *dialect;
};

struct http_connection {
	struct list link;
	struct http *http;
	struct lws *wsi; /* NULL: closed */
	enum state state;
	bool adopting;           /* libwebsockets has not yet said whether it takes the socket */
	bool last;               /* the connection ends with the answer under way */
	struct request *request; /* READING, and WRITING a large answer: ours */
	uint64_t waiting_for;    /* WAITING: the id of the request in the core */
	struct reading *reading;
	slice unsent; /* WRITING: of the answer's body */
	struct arena backlog_arena;
	slice backlog;
	struct timer timer;
	uint64_t deadline_ms; /* 0: none */
	char peer[PEER_BYTES];
};

static void count(struct http_connection *connection, enum counter counter, uint64_t n)
{
	connection->http->adapter.counters.at[counter] += n;
}

static void set_deadline(struct http_connection *connection, uint64_t after_ms)
{
	struct timer *timer = &connection->timer;
	connection->deadline_ms = loop_now_ms(connection->http->loop) + after_ms;
	if (!timer->at_ms || timer->at_ms > connection->deadline_ms)
		timer_set(timer, connection->deadline_ms);
}

/* When both libwebsockets and the core are done with it. */
static void destroy_when_unused(struct http_connection *connection)
{
	if (connection->wsi || connection->adopting || connection->waiting_for)
		return;
	request_free(connection->request);
	arena_finish(&connection->backlog_arena);
	timer_stop(&connection->timer);
	list_remove(&connection->link);
	connection->http->nconnections--;
	free(connection);
}

/* From inside libwebsockets' callbacks too: the close callback comes later. */
static void close_soon(struct http_connection *connection)
{
	connection->state = CLOSING;
	lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

static void linger(struct http_connection *connection)
{
	struct lws *wsi = connection->wsi;
	connection->state = LINGERING;
	arena_finish(&connection->backlog_arena);
	connection->backlog = (slice){ NULL, 0 };
	if (lws_get_ssl(wsi))
		http_tls_goodbye(lws_get_ssl(wsi));
	(void)shutdown(lws_get_socket_fd(wsi), SHUT_WR);
	(void)lws_rx_flow_control(wsi, 1);
	set_deadline(connection, LINGER_MS);
}

/* false: the connection is broken. */
static bool write_bytes(struct http_connection *connection, slice bytes)
{
	count(connection, COUNTER_BYTES_OUT, bytes.n);
	/* libwebsockets' signature is not const, but a raw write leaves the bytes alone. */
	unsigned char *p = (unsigned char *)(uintptr_t)bytes.p;
	if (lws_write(connection->wsi, p, bytes.n, LWS_WRITE_RAW) >= 0)
		return true;
	count(connection, COUNTER_FAILED, 1);
	close_soon(connection);
	return false;
}

static void read_on(struct http_connection *connection);

/* The answer has been handed over whole; goes on when it has left. */
static void written(struct http_connection *connection)
{
	request_free(connection->request);
	connection->request = NULL;
	connection->reading = NULL;
	if (lws_partial_buffered(connection->wsi))
		return; /* http_connection_writable() comes back here */
	if (connection->last || connection->http->stopping) {
		linger(connection);
		return;
	}
	connection->state = IDLE;
	set_deadline(connection, connection->http->idle_ms);
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
static void turn_away(struct http_connection *connection)
{
	count(connection, COUNTER_REFUSED, 1);
	connection->last = true;
	connection->state = WRITING;
	set_deadline(connection, LINGER_MS);
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
	struct reading *reading = connection->reading;
	struct http_answer answer = {
		.code = reading->code,
		.dialect = reading->dialect,
		.minor = reading->head.minor,
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
		close_soon(connection);
	else if (write_bytes(connection, bytes))
		write_on(connection);
	arena_finish(&arena);
}

void http_connection_reply(struct http_connection *connection, struct request *request)
{
	connection->waiting_for = 0;
	if (!connection->wsi || connection->state == CLOSING) {
		request_free(request);
		destroy_when_unused(connection);
		return;
	}
	connection->state = WRITING;
	connection->last |= connection->http->stopping;
	set_deadline(connection, connection->http->body_ms);
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
	count(connection, COUNTER_MESSAGES, 1);
	(void)lws_rx_flow_control(connection->wsi, 0);
	request_submit(request);
}

/* `why` NULL: the request has been refused already, and knows. `code`: the status' own when 0. */
static void refuse(
        struct http_connection *connection, enum status status, unsigned code, const char *why)
{
	if (code)
		connection->reading->code = code;
	if (why)
		request_refuse(connection->request, status, "%s", why);
	if (connection->request->status == STATUS_MALFORMED)
		count(connection, COUNTER_MALFORMED, 1);
	connection->last = true;
	submit(connection);
}

/* The message is whole: what it means is looked for by the dialects first. */
static void submit_whole(struct http_connection *connection)
{
	struct reading *reading = connection->reading;
	struct request *request = connection->request;
	if (reading->body_bytes.n)
		request->in.body = text_slice(&reading->body_bytes);
	connection->last = !reading->head.keep_alive;
	for (unsigned i = 0; dialect_all[i] && !request->status; i++) {
		if (!dialect_all[i]->claims(request))
			continue;
		reading->dialect = dialect_all[i];
		request->protocol = reading->dialect->name;
		reading->dialect->enter(request);
		break;
	}
	submit(connection);
}

/* The first byte of a message: there is a request from now on. false: there is none to have. */
static bool begin(struct http_connection *connection)
{
	struct http *http = connection->http;
	struct request *request = http->stopping ? NULL : request_new(&http->adapter);
	struct reading *reading =
	        request ? arena_alloc_raw(&request->arena, sizeof *reading) : NULL;
	if (!reading) {
		request_free(request);
		turn_away(connection);
		return false;
	}
	http_head_init(&reading->head);
	text_init(&reading->head_bytes, &request->arena, 0);
	reading->head_done = false;
	reading->code = 0;
	reading->dialect = NULL;
	request->ticket = connection;
	request->peer = arena_copy_slice(&request->arena, slice_of(connection->peer));
	connection->request = request;
	connection->reading = reading;
	connection->state = READING;
	set_deadline(connection, http->head_ms);
	return true;
}

/* The head is complete, at `bytes` in the request's arena. */
static void take_head(struct http_connection *connection, char *bytes)
{
	struct reading *reading = connection->reading;
	struct request *request = connection->request;
	const struct http *http = connection->http;
	slice certificate = { NULL, 0 };
	if (http->tls)
		certificate =
		        http_tls_peer_certificate(lws_get_ssl(connection->wsi), &request->arena);
	if (!http_request_fill(request, &reading->head, bytes, certificate, &reading->code)) {
		refuse(connection, STATUS_NONE, 0, NULL);
		return;
	}
	if (reading->head.length > http->limits->body_max_bytes) {
		refuse(connection, STATUS_TOO_LARGE, 0,
		        "the body is larger than the gateway takes");
		return;
	}
	http_body_init(&reading->body, &reading->head);
	size_t expected = reading->head.chunked ? 1024 : (size_t)reading->head.length;
	if (expected > BODY_FIRST_BYTES)
		expected = BODY_FIRST_BYTES;
	text_init(&reading->body_bytes, &request->arena, expected);
	reading->head_done = true;
	reading->body_since_ms = loop_now_ms(http->loop);
}

/* The client sends its body only when it is asked to. */
static void invite_body(struct http_connection *connection)
{
	const struct reading *reading = connection->reading;
	if (reading->head.expects_continue && reading->body.state != HTTP_BODY_DONE)
		(void)write_bytes(connection, SLICE("HTTP/1.1 100 Continue\r\n\r\n"));
}

/* Takes the head from the front of *bytes. */
static void read_head(struct http_connection *connection, slice *bytes)
{
	struct reading *reading = connection->reading;
	struct text *held = &reading->head_bytes;
	size_t before = held->n, n = 0;
	slice all = *bytes;
	if (before) {
		text_slice_add(held, *bytes);
		all = (slice){ held->p, held->n };
	}
	enum http_verdict verdict = http_head_parse(&reading->head, all, &n);
	if (verdict == HTTP_BAD) {
		refuse(connection, STATUS_MALFORMED, reading->head.code, reading->head.why);
		return;
	}
	if (verdict == HTTP_DONE && !before)
		text_bytes(held, bytes->p, n);
	else if (!before)
		text_slice_add(held, *bytes);
	if (held->failed) {
		refuse(connection, STATUS_TOO_LARGE, 431, "the header does not fit into memory");
		return;
	}
	if (verdict != HTTP_DONE) {
		*bytes = (slice){ NULL, 0 };
		return;
	}
	*bytes = slice_from(*bytes, n - before);
	take_head(connection, held->p);
	if (connection->state == READING && !bytes->n)
		invite_body(connection);
}

/* Takes the body, or as much of it as has come, from the front of *bytes. */
static void read_body(struct http_connection *connection, slice *bytes)
{
	struct reading *reading = connection->reading;
	struct text *held = &reading->body_bytes;
	uint64_t max = connection->http->limits->body_max_bytes;
	slice data;
	enum http_verdict verdict = http_body_next(&reading->body, bytes, &data);
	while (verdict == HTTP_DATA && !held->failed && held->n + data.n <= max) {
		/* Who has sent the first part may have room for all that was announced. */
		if (!reading->head.chunked && held->n + data.n > held->size)
			(void)text_reserve(held, (size_t)reading->head.length - held->n);
		text_slice_add(held, data);
		verdict = http_body_next(&reading->body, bytes, &data);
	}
	if (verdict == HTTP_DATA || held->failed)
		refuse(connection, STATUS_TOO_LARGE, 0,
		        "the body is larger than the gateway takes");
	else if (verdict == HTTP_BAD)
		refuse(connection, STATUS_MALFORMED, reading->body.code, reading->body.why);
	else if (verdict == HTTP_DONE)
		submit_whole(connection);
}

/* A body may pause for body_ms, and must come at body_rate all in all. */
static void set_body_deadline(struct http_connection *connection)
{
	const struct http *http = connection->http;
	const struct reading *reading = connection->reading;
	uint64_t now = loop_now_ms(http->loop);
	uint64_t end = reading->body_since_ms + http->body_ms +
	               reading->body_bytes.n * 1000 / http->body_rate;
	uint64_t left = end > now ? end - now : 0;
	set_deadline(connection, left < http->body_ms ? left : http->body_ms);
}

/* RFC 9112, 2.2: empty lines between messages are no beginning. */
static slice skip_empty_lines(slice bytes)
{
	while (slice_starts(bytes, SLICE("\r\n")))
		bytes = slice_from(bytes, 2);
	return bytes;
}

/* Reads messages until one is whole; returns what follows it. */
static slice consume(struct http_connection *connection, slice bytes)
{
	while (connection->state == IDLE || connection->state == READING) {
		if (connection->state == IDLE) {
			bytes = skip_empty_lines(bytes);
			if (!bytes.n || !begin(connection))
				return bytes;
		}
		struct reading *reading = connection->reading;
		if (!reading->head_done)
			read_head(connection, &bytes);
		if (connection->state == READING && reading->head_done)
			read_body(connection, &bytes);
		if (connection->state == READING && !bytes.n) {
			if (reading->head_done)
				set_body_deadline(connection);
			return bytes;
		}
	}
	return bytes;
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
	slice held = connection->backlog;
	char *bytes = arena_grow(
	        &connection->backlog_arena, (void *)(uintptr_t)held.p, held.n, held.n + rest.n);
	if (!bytes)
		return false;
	memcpy(bytes + held.n, rest.p, rest.n);
	connection->backlog = (slice){ bytes, held.n + rest.n };
	return true;
}

bool http_connection_received(struct http_connection *connection, slice bytes)
{
	count(connection, COUNTER_BYTES_IN, bytes.n);
	if (connection->state == OPENING) {
		lws_set_timeout(connection->wsi, NO_PENDING_TIMEOUT, 0);
		connection->state = IDLE;
	}
	if (connection->state == LINGERING)
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
	set_deadline(connection, connection->http->body_ms);
	write_on(connection);
	return true;
}

static bool is_handshaking(const struct http_connection *connection)
{
	return connection->state == OPENING && connection->http->tls &&
	       !http_tls_established(lws_get_ssl(connection->wsi));
}

void http_connection_closed(struct http_connection *connection)
{
	if (connection->adopting)
		return; /* http_connection_open() sees it */
	if (is_handshaking(connection))
		count(connection, COUNTER_REFUSED, 1);
	connection->wsi = NULL;
	if (connection->waiting_for)
		request_cancel(&connection->http->adapter, connection->waiting_for);
	destroy_when_unused(connection);
}

/* The deadline has passed. */
static void expire(struct http_connection *connection)
{
	const struct http *http = connection->http;
	switch (connection->state) {
	case OPENING:
		if (!is_handshaking(connection) && http->tls &&
		        http->head_ms > http->handshake_ms) {
			connection->state = IDLE;
			lws_set_timeout(connection->wsi, NO_PENDING_TIMEOUT, 0);
			set_deadline(connection, http->head_ms - http->handshake_ms);
			return;
		}
		count(connection, COUNTER_EXPIRED, 1);
		close_soon(connection);
		return;
	case READING:
		count(connection, COUNTER_EXPIRED, 1);
		refuse(connection, STATUS_TIMEOUT, 408,
		        connection->reading->head_done ? "the body did not arrive in time"
		                                       : "the header did not arrive in time");
		return;
	case WRITING:
		count(connection, COUNTER_EXPIRED, 1);
		close_soon(connection);
		return;
	case IDLE:
		linger(connection);
		return;
	case LINGERING:
		close_soon(connection);
		return;
	case WAITING:
	case CLOSING:
		return;
	}
}

static void fire(struct timer *timer)
{
	struct http_connection *connection = LIST_OWNER(timer, struct http_connection, timer);
	if (!connection->deadline_ms || !connection->wsi)
		return;
	if (connection->deadline_ms > loop_now_ms(connection->http->loop))
		timer_set(timer, connection->deadline_ms);
	else
		expire(connection);
}

void http_connection_open(struct http *http, int fd, const struct sockaddr *peer)
{
	struct http_connection *connection = NULL;
	if (http->nconnections < http->limits->connections_max)
		connection = calloc(1, sizeof *connection);
	if (!connection) {
		slice sorry = http_response_unavailable();
		http->adapter.counters.at[COUNTER_REFUSED]++;
		if (!http->tls)
			(void)send(fd, sorry.p, sorry.n, MSG_DONTWAIT | MSG_NOSIGNAL);
		(void)close(fd);
		return;
	}
	int on = 1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	connection->http = http;
	connection->state = OPENING;
	connection->adopting = true;
	list_append(&http->connections, &connection->link);
	http->nconnections++;
	arena_init(&connection->backlog_arena, BACKLOG_BUDGET);
	timer_init(&connection->timer, http->loop, fire);
	net_address_text(peer, connection->peer, sizeof connection->peer);
	lws_adopt_desc_t adoption = {
		.vh = http->vhost,
		.type = LWS_ADOPT_SOCKET | (http->tls ? LWS_ADOPT_ALLOW_SSL : 0),
		.fd = { .sockfd = fd },
		.vh_prot_name = HTTP_PROTOCOL,
		.opaque = connection,
	};
	connection->wsi = lws_adopt_descriptor_vhost_via_info(&adoption);
	connection->adopting = false;
	if (!connection->wsi) {
		count(connection, COUNTER_REFUSED, 1);
		destroy_when_unused(connection);
		return;
	}
	count(connection, COUNTER_CONNECTIONS, 1);
	set_deadline(connection, http->tls ? http->handshake_ms : http->head_ms);
}

static void stop(struct http_connection *connection)
{
	if (!connection->wsi)
		return;
	if (connection->state == OPENING) {
		close_soon(connection);
	} else if (connection->state == IDLE) {
		linger(connection);
	} else if (connection->state == READING) {
		request_free(connection->request);
		connection->request = NULL;
		turn_away(connection);
	}
}

void http_connections_stop(struct http *http)
{
	LIST_EACH (&http->connections, at, following)
		stop(LIST_OWNER(at, struct http_connection, link));
}

void http_connections_kill(struct http *http)
{
	LIST_EACH (&http->connections, at, following) {
		struct http_connection *connection = LIST_OWNER(at, struct http_connection, link);
		lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
	}
}
