/* How connections come, and what befalls all of them at once: the handshakes in turn (opening.h), the listener's stop, new
 * files of TLS. */
#include "adapters/http/connection_internal.h"

#include <libwebsockets.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BACKLOG_BUDGET = 256 << 10, OPENING_PART = 4, OPENING_MIN = 256 };

/* libwebsockets takes the socket, and begins with the handshake where there is TLS. */
static void adopt(struct http_connection *connection, int fd)
{
	struct http *http = connection->http;
	lws_adopt_desc_t adoption = {
		.vh = http->vhost,
		.type = LWS_ADOPT_SOCKET | (http->tls ? LWS_ADOPT_ALLOW_SSL : 0),
		.fd = { .sockfd = fd },
		.vh_prot_name = HTTP_PROTOCOL,
		.opaque = connection,
	};
	connection->adopting = true;
	connection->wsi = lws_adopt_descriptor_vhost_via_info(&adoption);
	connection->adopting = false;
	if (!connection->wsi) {
		/* Its handshake may have failed already. */
		adapter_refused(&http->adapter, connection->peer,
		        http->tls ? http_tls_failure(http->tls) : "libwebsockets does not take it");
		http_connection_destroy_when_unused(connection);
		return;
	}
	http_connection_count(connection, COUNTER_CONNECTIONS, 1);
	http_connection_set_deadline(connection, http->tls ? http->handshake_ms : http->head_ms);
	if (!http->tls)
		return;
	http_tls_set_owner(lws_get_ssl(connection->wsi), connection);
	if (http_tls_established(lws_get_ssl(connection->wsi)))
		http_opening_over(&http->openings, &connection->opening);
}

static struct http_connection *connection_of(struct http_opening *opening)
{
	return LIST_OWNER(opening, struct http_connection, opening);
}

static void begin_handshake(struct http_opening *opening)
{
	struct http_connection *connection = connection_of(opening);
	int fd = connection->fd;
	connection->fd = -1;
	adopt(connection, fd);
}

static void evict(struct http_opening *opening)
{
	struct http_connection *connection = connection_of(opening);
	adapter_refused(&connection->http->adapter, connection->peer,
	        "it kept the others waiting in its handshake");
	http_connection_close_soon(connection);
}

void http_connections_init(struct http *http)
{
	http_openings_init(&http->openings, http->loop, begin_handshake, evict);
}

void http_connection_established(void *owner)
{
	struct http_connection *connection = owner;
	if (connection)
		http_opening_over(&connection->http->openings, &connection->opening);
}

static void refuse(struct http *http, int fd, const char *name, const char *why)
{
	adapter_refused(&http->adapter, name, why);
	slice sorry = http_response_unavailable();
	if (!http->tls)
		(void)send(fd, sorry.p, sorry.n, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)close(fd);
}

/* What an address may have in handshakes: a part of all, and so many in any case. */
static unsigned openings_max(const struct http *http)
{
	unsigned part = http->limits->connections_max / OPENING_PART;
	return part > OPENING_MIN ? part : OPENING_MIN;
}

void http_connection_open(struct http *http, int fd, const struct sockaddr *peer, const char *name)
{
	struct http_connection *connection = NULL;
	if (http->nconnections < http->limits->connections_max)
		connection = calloc(1, sizeof *connection);
	if (!connection) {
		refuse(http, fd, name, "there are too many connections");
		return;
	}
	if (http->tls && !http_opening_wait(
	                         &http->openings, &connection->opening, peer, openings_max(http))) {
		refuse(http, fd, name,
		        "too many connections of its address are in their handshakes");
		free(connection);
		return;
	}
	int on = 1;
	if (!http->local)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	connection->http = http;
	connection->state = OPENING;
	connection->fd = http->tls ? fd : -1;
	list_append(&http->connections, &connection->link);
	http->nconnections++;
	arena_init(&connection->backlog_arena, BACKLOG_BUDGET);
	timer_init(&connection->timer, http->loop, http_connection_fire);
	(void)snprintf(connection->peer, sizeof connection->peer, "%s", name);
	if (!http->tls)
		adopt(connection, fd);
}

static void drain(struct http_connection *connection)
{
	if (connection->draining)
		return;
	connection->draining = true;
	connection->http->adapter.answering++;
}

void http_connections_stop(struct http *http)
{
	LIST_EACH (&http->connections, at, following)
		drain(LIST_OWNER(at, struct http_connection, link));
}

static void end(struct http_connection *connection)
{
	if (connection->fd >= 0) {
		http_connection_destroy_when_unused(connection);
		return;
	}
	if (!connection->wsi)
		return;
	if (http_connection_is_handshaking(connection)) {
		http_connection_close_soon(connection);
	} else if (connection->state == OPENING || connection->state == IDLE) {
		http_connection_linger(connection);
	} else if (connection->state == READING) {
		request_free(connection->request);
		connection->request = NULL;
		http_connection_turn_away(connection);
	}
}

void http_connections_drained(struct http *http)
{
	http->drained = true;
	LIST_EACH (&http->connections, at, following)
		end(LIST_OWNER(at, struct http_connection, link));
}

/* Nothing more is read; what is under way is answered. */
static void end_unbelieved(struct http_connection *connection)
{
	connection->last = connection->unbelieved = true;
	arena_finish(&connection->backlog_arena);
	connection->backlog = (slice){ NULL, 0 };
	subscription_end(connection->subscription);
	if (connection->streaming)
		http_connection_end_stream(connection);
	if (connection->state == READING) {
		request_free(connection->request);
		connection->request = NULL;
		connection->incoming = NULL;
	}
	if (connection->state == OPENING)
		http_connection_close_soon(connection);
	else if (connection->state == IDLE || connection->state == READING)
		http_connection_linger(connection);
}

void http_connections_renewed(struct http *http)
{
	LIST_EACH (&http->connections, at, following) {
		struct http_connection *connection = LIST_OWNER(at, struct http_connection, link);
		if (!connection->wsi || http_connection_is_handshaking(connection) ||
		        connection->state == LINGERING || connection->state == CLOSING)
			continue;
		const char *why = http_tls_doubts(http->tls, &connection->proof);
		if (connection->state == OPENING &&
		        !http_tls_prove(
		                http->tls, lws_get_ssl(connection->wsi), &connection->proof))
			why = "its certificate is not believed any more";
		if (!why)
			continue;
		adapter_disconnected(&http->adapter, connection->peer, why);
		end_unbelieved(connection);
	}
}

void http_connections_kill(struct http *http)
{
	LIST_EACH (&http->connections, at, following) {
		struct http_connection *connection = LIST_OWNER(at, struct http_connection, link);
		if (connection->fd >= 0)
			http_connection_destroy_when_unused(connection);
		else
			lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
	}
}
