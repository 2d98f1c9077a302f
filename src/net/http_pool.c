/* The pool of keep-alive connections.
 *
 * A connection is OPENING, BUSY with one call, IDLE, or DROPPED (its stream is on its way out and nobody looks at
 * it any more). Idle ones are taken last in, first out: the spare ones grow old and are closed after `idle`.
 *
 * A call is in one place: waiting in the queue, or on one connection. Its own timer is its deadline wherever it
 * is. end_call() is the only place that ends one; it detaches the call first, so that done() may free it and
 * send the next.
 *
 * THE STALE CONNECTION. A server may close an idle connection at the moment we send on it. That shows as an end
 * before the first byte of an answer, on a connection that had served before. Such a call goes once more, on a
 * fresh connection, when not a byte of it had left or when the method may be repeated; otherwise nobody can know
 * whether it took effect, and it ends BROKEN with `sent`.
 *
 * Names are looked up when a connection is to be opened and the last look is older than RESOLVED_FRESH_MS. When
 * that fails and there was an address before, the old one is used: a resolver ashore is out of reach more often
 * than a server moves. Of several addresses the next is tried when one refuses. */
#include "net/http_pool.h"

#include "net/http_response.h"
#include "base/log.h"
#include "net/resolve.h"
#include "net/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { RESOLVED_FRESH_MS = 30000, HOST_MAX_BYTES = 256, HEAD_MAX_BYTES = 65536 };

struct http_pool {
	struct loop *loop;
	struct http_pool_settings settings;
	struct http_pool_counts counts;
	struct list idle;    /* connections, the last used first */
	struct list waiting; /* calls */
	unsigned nopen;      /* connections that are not dropped */
	unsigned nheld;      /* connections whose memory is not freed */
	unsigned nwaiting;
	char host[HOST_MAX_BYTES];
	unsigned port;
	bool numeric, closed;
	struct resolution *resolution;
	struct sockaddr_storage addresses[RESOLVE_MAX];
	unsigned naddresses, address_at;
	uint64_t resolved_at_ms;
};

struct http_connection {
	struct http_pool *pool;
	struct stream *stream;
	struct http_call *call; /* OPENING and BUSY; else NULL */
	struct list link;       /* IDLE */
	bool connected, dropped, used_before, answering;
	struct http_response response;
};

static void serve_waiting(struct http_pool *pool);
static bool open_connection(struct http_pool *pool, struct http_call *call);

static void count(const struct http_pool *pool, uint64_t *counter, uint64_t n)
{
	if (!pool->closed && counter)
		*counter += n;
}

static void pool_free_if_unused(struct http_pool *pool)
{
	if (pool->closed && !pool->nheld)
		free(pool);
}

/* ---- Connections and calls part */

static void drop(struct http_connection *connection)
{
	if (connection->dropped)
		return;
	connection->dropped = true;
	connection->call = NULL;
	connection->pool->nopen--;
	list_remove(&connection->link);
	stream_abort(connection->stream);
}

static void end_call(struct http_call *call, enum http_end end)
{
	timer_stop(&call->timer);
	if (!list_empty(&call->link)) {
		list_remove(&call->link);
		call->pool->nwaiting--;
	}
	if (call->connection) {
		call->connection->call = NULL;
		call->connection = NULL;
	}
	call->done(call, end);
}

/* Ends the call and its connection, unless that had gone before. */
static void end_with_connection(struct http_call *call, enum http_end end)
{
	struct http_pool *pool = call->pool;
	if (call->connection)
		drop(call->connection);
	end_call(call, end);
	serve_waiting(pool);
}

static void deadline_passed(struct timer *timer)
{
	end_with_connection(LIST_OWNER(timer, struct http_call, timer), HTTP_END_DEADLINE);
}

void http_call_abort(struct http_call *call)
{
	end_with_connection(call, HTTP_END_ABORTED);
}

static void send_call(struct http_connection *connection)
{
	struct http_call *call = connection->call;
	http_response_init(&connection->response, call->arena,
	        connection->pool->settings.answer_max_bytes, call->head_only);
	connection->answering = false;
	stream_set_deadline(connection->stream, 0);
	stream_write2(connection->stream, call->head, call->body);
	call->sent = true;
	count(connection->pool, connection->pool->counts.bytes_out, call->head.n + call->body.n);
}

static void attach(struct http_connection *connection, struct http_call *call)
{
	list_remove(&connection->link);
	connection->call = call;
	call->connection = connection;
}

static void make_idle(struct http_connection *connection)
{
	struct http_pool *pool = connection->pool;
	connection->used_before = true;
	list_append(pool->idle.next, &connection->link);
	stream_set_deadline(connection->stream, loop_now_ms(pool->loop) + pool->settings.idle_ms);
}

/* ---- What the stream tells */

static void answered(struct http_connection *connection, bool reusable)
{
	struct http_pool *pool = connection->pool;
	struct http_call *call = connection->call;
	const struct http_response *response = &connection->response;
	call->code = response->code;
	call->fields = response->fields;
	call->nfields = response->nfields;
	call->answer = response->body;
	call->media = (slice){ NULL, 0 };
	for (unsigned i = 0; i < call->nfields; i++) {
		if (slice_equal(call->fields[i].name, SLICE("content-type")))
			call->media = call->fields[i].value;
	}
	connection->call = NULL;
	call->connection = NULL;
	if (reusable)
		make_idle(connection);
	else
		drop(connection);
	end_call(call, HTTP_END_ANSWER);
	serve_waiting(pool);
}

static void connected(void *owner, struct stream *stream)
{
	struct http_connection *connection = owner;
	(void)stream;
	if (connection->dropped)
		return;
	connection->connected = true;
	send_call(connection);
}

static size_t received(void *owner, struct stream *stream, slice bytes)
{
	struct http_connection *connection = owner;
	(void)stream;
	if (connection->dropped)
		return bytes.n;
	count(connection->pool, connection->pool->counts.bytes_in, bytes.n);
	if (!connection->call) {
		count(connection->pool, connection->pool->counts.malformed, 1);
		drop(connection);
		return bytes.n;
	}
	size_t used;
	connection->answering = true;
	switch (http_response_read(&connection->response, bytes, &used)) {
	case HTTP_RESPONSE_MORE:
		break;
	case HTTP_RESPONSE_DONE:
		answered(connection, connection->response.keep_alive && used == bytes.n);
		break;
	case HTTP_RESPONSE_MALFORMED:
		end_with_connection(connection->call, HTTP_END_MALFORMED);
		break;
	case HTTP_RESPONSE_TOO_LARGE:
		end_with_connection(connection->call, HTTP_END_TOO_LARGE);
		break;
	}
	return bytes.n;
}

static void refused(struct http_pool *pool, struct http_call *call)
{
	call->tried++;
	pool->address_at = pool->naddresses ? (pool->address_at + 1) % pool->naddresses : 0;
	if (call->tried < pool->naddresses && open_connection(pool, call))
		return;
	/* It may have moved. */
	pool->resolved_at_ms = 0;
	end_call(call, call->why ? HTTP_END_UNTRUSTED : HTTP_END_REFUSED);
}

/* The connection is gone, and the call that it had is not answered. */
static void lost(struct http_connection *connection, struct http_call *call, enum stream_end end)
{
	struct http_pool *pool = connection->pool;
	if (connection->answering) {
		enum http_response_verdict verdict = HTTP_RESPONSE_MALFORMED;
		if (end == STREAM_END_PEER)
			verdict = http_response_end(&connection->response);
		if (verdict == HTTP_RESPONSE_DONE) {
			connection->call = call;
			call->connection = connection;
			answered(connection, false);
			return;
		}
		end_call(call, HTTP_END_BROKEN);
		return;
	}
	/* Under TLS it cannot be told from what is unsent, which is longer than what was written. */
	bool nothing_left = !pool->settings.tls &&
	                    stream_unsent(connection->stream) >= call->head.n + call->body.n;
	if (nothing_left)
		call->sent = false;
	if (connection->used_before && !call->repeated && (nothing_left || call->repeatable)) {
		call->repeated = true;
		if (open_connection(pool, call))
			return;
	}
	end_call(call, HTTP_END_BROKEN);
}

/* What a TLS handshake has failed of; NULL: it is over, or has not begun. */
static const char *failure_of(const struct http_connection *connection, struct stream *stream,
        enum stream_end end, int errno_value)
{
	const char *failure = stream_failure(stream);
	if (failure || connection->connected || !connection->pool->settings.tls)
		return failure;
	bool broken_off = end == STREAM_END_PEER || errno_value == ECONNRESET ||
	                  errno_value == ECONNABORTED || errno_value == EPIPE;
	return broken_off ? "it broke the TLS handshake off" : NULL;
}

static const char *ended_by(const char *failure, int errno_value)
{
	if (failure)
		return failure;
	return errno_value ? strerror(errno_value) : "closed";
}

static void closed(void *owner, struct stream *stream, enum stream_end end, int errno_value)
{
	struct http_connection *connection = owner;
	struct http_pool *pool = connection->pool;
	struct http_call *call = connection->call;
	if (!connection->dropped) {
		connection->dropped = true;
		list_remove(&connection->link);
		pool->nopen--;
	}
	if (call) {
		connection->call = NULL;
		call->connection = NULL;
		call->why = failure_of(connection, stream, end, errno_value);
		log_debug("http", "%s:%u: a connection ended: %s", pool->host, pool->port,
		        ended_by(call->why, errno_value));
		if (connection->connected)
			lost(connection, call, end);
		else
			refused(pool, call);
	}
	free(connection);
	pool->nheld--;
	if (!pool->closed)
		serve_waiting(pool);
	pool_free_if_unused(pool);
}

static const struct stream_events events = {
	.connected = connected, .received = received, .closed = closed
};

/* ---- Opening */

static bool open_connection(struct http_pool *pool, struct http_call *call)
{
	struct http_connection *connection = calloc(1, sizeof *connection);
	if (!connection)
		return false;
	connection->pool = pool;
	list_init(&connection->link);
	const struct stream_limits limits = { .unread_max_bytes = 0,
		.unsent_max_bytes = call->head.n + call->body.n + HEAD_MAX_BYTES };
	const struct sockaddr *address =
	        (const struct sockaddr *)&pool->addresses[pool->address_at];
	const char *name = pool->settings.server_name ? pool->settings.server_name : pool->host;
	struct tls *tls = pool->settings.tls;
	connection->stream =
	        tls ? stream_connect_tls(
	                      pool->loop, address, tls, name, &events, &limits, connection)
	            : stream_connect(pool->loop, address, &events, &limits, connection);
	if (!connection->stream) {
		free(connection);
		return false;
	}
	pool->nopen++;
	pool->nheld++;
	count(pool, pool->counts.connections, 1);
	attach(connection, call);
	stream_set_deadline(
	        connection->stream, loop_now_ms(pool->loop) + pool->settings.connect_timeout_ms);
	return true;
}

static void name_resolved(
        void *arg, const struct sockaddr_storage *addresses, unsigned n, const char *error)
{
	struct http_pool *pool = arg;
	pool->resolution = NULL;
	pool->nheld--;
	if (n) {
		memcpy(pool->addresses, addresses, n * sizeof *addresses);
		pool->naddresses = n;
		pool->address_at = 0;
	} else {
		log_warning("http", "%s: %s", pool->host, error);
	}
	if (pool->naddresses) {
		pool->resolved_at_ms = loop_now_ms(pool->loop);
		serve_waiting(pool);
		return;
	}
	while (!list_empty(&pool->waiting)) {
		struct http_call *call = LIST_OWNER(pool->waiting.next, struct http_call, link);
		call->why = error;
		end_call(call, HTTP_END_REFUSED);
	}
}

/* true: there is an address to connect to. */
static bool address_known(struct http_pool *pool)
{
	if (pool->numeric)
		return true;
	if (pool->naddresses && pool->resolved_at_ms &&
	        loop_now_ms(pool->loop) - pool->resolved_at_ms < RESOLVED_FRESH_MS)
		return true;
	if (pool->resolution)
		return false;
	pool->resolution = resolve_start(pool->loop, pool->host, pool->port, name_resolved, pool);
	if (pool->resolution)
		pool->nheld++;
	return false;
}

/* The one that was used last; NULL: none. Those that the server has just ended are not told of until later. */
static struct http_connection *find_idle(struct http_pool *pool)
{
	while (!list_empty(&pool->idle)) {
		struct http_connection *connection =
		        LIST_OWNER(pool->idle.next, struct http_connection, link);
		if (stream_is_open(connection->stream))
			return connection;
		drop(connection);
	}
	return NULL;
}

static void serve_waiting(struct http_pool *pool)
{
	while (!list_empty(&pool->waiting)) {
		struct http_call *call = LIST_OWNER(pool->waiting.next, struct http_call, link);
		struct http_connection *idle = find_idle(pool);
		if (!idle && pool->nopen >= pool->settings.connections_max)
			return;
		if (!idle && !address_known(pool)) {
			if (pool->resolution)
				return;
			end_call(call, HTTP_END_REFUSED);
			continue;
		}
		list_remove(&call->link);
		pool->nwaiting--;
		if (idle) {
			attach(idle, call);
			send_call(call->connection);
		} else if (!open_connection(pool, call)) {
			end_call(call, HTTP_END_REFUSED);
		}
	}
}

void http_pool_send(struct http_pool *pool, struct http_call *call)
{
	call->pool = pool;
	call->connection = NULL;
	call->sent = call->repeated = false;
	call->why = NULL;
	call->tried = 0;
	list_init(&call->link);
	timer_init(&call->timer, pool->loop, deadline_passed);
	count(pool, pool->counts.calls, 1);
	bool room = !list_empty(&pool->idle) ||
	            pool->nopen + pool->nwaiting < pool->settings.connections_max;
	if (!room && pool->nwaiting >= pool->settings.waiting_max) {
		call->done(call, HTTP_END_BUSY);
		return;
	}
	timer_set(&call->timer, call->deadline_ms);
	list_append(&pool->waiting, &call->link);
	pool->nwaiting++;
	serve_waiting(pool);
}

struct http_pool *http_pool_open(struct loop *loop, slice host, unsigned port,
        const struct http_pool_settings *settings, const struct http_pool_counts *counts)
{
	struct http_pool *pool = host.n < HOST_MAX_BYTES ? calloc(1, sizeof *pool) : NULL;
	if (!pool)
		return NULL;
	pool->loop = loop;
	pool->settings = *settings;
	pool->counts = *counts;
	pool->port = port;
	list_init(&pool->idle);
	list_init(&pool->waiting);
	memcpy(pool->host, host.p, host.n);
	char text[HOST_MAX_BYTES + 16];
	bool is_ipv6 = memchr(host.p, ':', host.n) != NULL;
	int n = snprintf(text, sizeof text, is_ipv6 ? "[%s]:%u" : "%s:%u", pool->host, port);
	pool->numeric = n > 0 && net_parse_address((slice){ text, (size_t)n }, pool->addresses);
	pool->naddresses = pool->numeric ? 1 : 0;
	return pool;
}

void http_pool_close(struct http_pool *pool)
{
	if (!pool)
		return;
	pool->closed = true;
	while (!list_empty(&pool->idle))
		drop(LIST_OWNER(pool->idle.next, struct http_connection, link));
	if (pool->resolution) {
		resolve_cancel(pool->resolution);
		pool->nheld--;
	}
	pool_free_if_unused(pool);
}
