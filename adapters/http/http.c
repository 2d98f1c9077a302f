/* The HTTP/1.1 listener.
 *
 * WHO DOES WHAT
 *   here            the listening socket, the listener's settings, libwebsockets' callback
 *   connection.c    a connection's states, deadlines and limits; reading, writing
 *   incoming.c      a message's bytes become a request: by parser.c (RFC 9112, strictly) and request.c (what a
 *                   head means)
 *   events.c        values that are followed, as a stream of events
 *   response.c      an answered request becomes a head and a body
 *   tls.c           certificates
 *   admin.c         the listeners of the administration, which share all of this
 *   common/dialect.h  protocols that ride on HTTP (SOAP): asked about each message before it is submitted
 *
 * libwebsockets drives the sockets: TLS handshakes, poll, partial writes, time to close. It does not read HTTP
 * here: its HTTP/1 role (4.1, and 4.3 alike) pays no regard to a request's Transfer-Encoding, so that the chunks
 * are parsed as further requests; before 4.3 it cannot list the fields it does not know; and it accepts much that
 * RFC 9112 forbids. A gateway cannot stand behind that. So each accepted socket is adopted in the raw role and
 * connection.c reads the bytes itself, which is also cheaper: no header table a connection, one write an answer.
 *
 * The listening socket is our own as well (net/listening.h). It can be left alone, which is what stop() needs: connections that
 * wait for an answer stay, and whoever comes next listens at the address.
 *
 * TO ATTACH MORE. HTTP/2: offer "h2" in the ALPN list of the vhost and adopt such sockets with LWS_ADOPT_HTTP, so
 * that libwebsockets' own h2 role frames the streams, where lengths leave no room for two readings; each then fills
 * a request by request.c from its pseudo-headers and is answered through response.c. WebSocket: a GET with
 * "Upgrade: websocket" ends a message like any other; its connection leaves this state machine by
 * lws_adopt_socket_readbuf() with the head's bytes in a vhost of the ws role, or becomes a dialect that keeps the
 * connection. Neither changes the parser. */
#include "adapters/http/http.h"
#include "base/file.h"
#include "base/log.h"
#include "net/local.h"
#include "net/stream.h"

#include <errno.h>
#include <libwebsockets.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	ACCEPT_BURST = 64,     /* connections taken in one turn, so that the others have theirs */
	ACCEPT_AGAIN_MS = 100, /* after the process ran out of descriptors */
	PRIVATE_MODE = 0600,
	TEXTS_BUDGET = 16384,
	PEER_BYTES = 56,
	WRITE_MAX_BYTES = 131072 /* one lws_write() */
};

static const struct setting settings[] = {
	ADAPTER_BIND_SETTING,
	{ .key = "tls",
	        .type = SETTING_TREE,
	        .inner = tls_settings,
	        .help = "HTTPS: the certificate, and who may come with one" },
	HTTP_DEADLINE_SETTINGS,
	{ .key = "heartbeat",
	        .type = SETTING_DURATION,
	        .fallback = "15s",
	        .help = "how long a stream of events may be silent" },
	{ .key = NULL },
};

/* What libwebsockets tells about a connection. Non-zero: close it. */
static int on_event(
        struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
	struct http_connection *connection;
	/* There are a hundred reasons; these concern raw sockets and the vhost's TLS. */
	if (reason == LWS_CALLBACK_RAW_RX) {
		connection = lws_get_opaque_user_data(wsi);
		return http_connection_received(connection, (slice){ in, n }) ? 0 : -1;
	}
	if (reason == LWS_CALLBACK_RAW_WRITEABLE) {
		connection = lws_get_opaque_user_data(wsi);
		return http_connection_writable(connection) ? 0 : -1;
	}
	if (reason == LWS_CALLBACK_RAW_CLOSE) {
		connection = lws_get_opaque_user_data(wsi);
		if (connection)
			http_connection_closed(connection);
		return 0;
	}
	if (reason == LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS) {
		const struct http *http = lws_vhost_user(in);
		return http_tls_apply(http->tls, user, http_connection_established) ? 0 : -1;
	}
	return 0;
}

static const struct lws_protocols protocols[] = {
	{ .name = HTTP_PROTOCOL, .callback = on_event, .tx_packet_size = WRITE_MAX_BYTES },
	{ .name = NULL },
};

static struct http *create(struct loop *loop, const struct adapter_limits *limits,
        const struct config *config, struct error *error)
{
	struct http *http = calloc(1, sizeof *http);
	if (!http) {
		(void)error_set(error, "out of memory");
		return NULL;
	}
	http->loop = loop;
	http->limits = limits;
	http->fd = -1;
	list_init(&http->connections);
	http_connections_init(http);
	arena_init(&http->texts, TEXTS_BUDGET);
	http->bind = arena_copy_slice(&http->texts, config_text(config, "bind"));
	http->handshake_ms = config_duration_ms(config, "handshake");
	http->head_ms = config_duration_ms(config, "head");
	http->body_ms = config_duration_ms(config, "body");
	http->idle_ms = config_duration_ms(config, "idle");
	http->drain_ms = config_duration_ms(config, "drain");
	http->heartbeat_ms = config_duration_ms(config, "heartbeat");
	if (!http->heartbeat_ms)
		http->heartbeat_ms = 1;
	http->body_rate = config_size(config, "body_rate");
	if (!http->body_rate)
		http->body_rate = 1;
	return http;
}

static bool prepare(struct http *http, const struct config *config, struct error *error)
{
	struct sockaddr_storage address;
	const struct config *tls = config_get(config, "tls");
	if (!net_parse_address(http->bind, &address))
		return config_error(config_get(config, "bind"), error,
		        "bind is an address and a port, as in 0.0.0.0:8080 or [::]:8080");
	if (tls)
		http->tls = http_tls_open(tls, error);
	return !tls || http->tls;
}

struct adapter *http_open(struct loop *loop, const struct adapter_limits *limits,
        const struct config *config, struct error *error)
{
	struct http *http = create(loop, limits, config, error);
	if (http && prepare(http, config, error))
		return &http->adapter;
	if (http)
		arena_finish(&http->texts);
	free(http);
	return NULL;
}

struct adapter *http_open_local(struct loop *loop, const struct adapter_limits *limits,
        const struct config *config, struct error *error)
{
	struct http *http = create(loop, limits, config, error);
	if (!http)
		return NULL;
	http->local = true;
	return &http->adapter;
}

/* Whom the kernel says to be at the other end of a socket of this machine; everybody else's address. */
static bool welcome(struct http *http, int fd, const struct sockaddr *peer, char *text, size_t size)
{
	if (!http->local) {
		net_address_text(peer, text, size);
		return true;
	}
	if (local_peer_trusted(fd, text, size))
		return true;
	adapter_refused(&http->adapter, text, "neither root nor the gateway's own user");
	return false;
}

/* Takes the connections that wait, so many at most. */
static void accept_waiting(struct http *http, unsigned most)
{
	for (unsigned i = 0; i < most && http->fd >= 0; i++) {
		struct sockaddr_storage peer;
		socklen_t n = sizeof peer;
		int fd = accept4(
		        http->fd, (struct sockaddr *)&peer, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
		char text[PEER_BYTES];
		if (fd >= 0 && !welcome(http, fd, (struct sockaddr *)&peer, text, sizeof text)) {
			(void)close(fd);
		} else if (fd >= 0) {
			http_connection_open(http, fd, (struct sockaddr *)&peer, text);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		           errno == ENOMEM) {
			/* The socket stays readable: watching on would be a busy loop. */
			if (!http->starved)
				log_warning("http", "listener=%s no connection can be taken: %s",
				        http->adapter.label, file_why(errno));
			http->starved = true;
			watch_destroy(http->watch);
			http->watch = NULL;
			timer_set(&http->accept_again, loop_now_ms(http->loop) + ACCEPT_AGAIN_MS);
			return;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			/* All that waited were taken. */
			if (http->starved)
				log_info("http", "listener=%s connections are taken again",
				        http->adapter.label);
			http->starved = false;
			return;
		}
	}
}

static void on_listener_ready(void *arg, unsigned events)
{
	(void)events;
	accept_waiting(arg, ACCEPT_BURST);
}

static void on_drained(struct timer *timer)
{
	http_connections_drained(LIST_OWNER(timer, struct http, drain));
}

static void watch_listener(struct http *http)
{
	http->watch = watch_create(http->loop, http->fd, WATCH_READABLE, on_listener_ready, http);
	if (!http->watch)
		timer_set(&http->accept_again, loop_now_ms(http->loop) + ACCEPT_AGAIN_MS);
}

static void on_accept_again(struct timer *timer)
{
	watch_listener(LIST_OWNER(timer, struct http, accept_again));
}

/* 0, or errno's value. */
static int listen_on(struct http *http)
{
	struct listening_place place = { .kind = LISTENING_TCP };
	if (http->local)
		place = (struct listening_place){ .kind = LISTENING_LOCAL,
			.path = http->bind.p,
			.mode = PRIVATE_MODE,
			.passing = true };
	else if (!net_parse_address(http->bind, &place.address))
		return EINVAL;
	int error = listening_open(http->loop, &place, &http->use);
	if (!error)
		http->fd = http->use.fd;
	return error;
}

static void close_listener(struct http *http)
{
	if (http->fd < 0)
		return;
	timer_stop(&http->accept_again);
	watch_destroy(http->watch);
	http->watch = NULL;
	listening_end(&http->use);
	(void)close(http->fd);
	http->fd = -1;
}

bool http_start(struct adapter *adapter, struct error *error)
{
	struct http *http = (struct http *)adapter;
	timer_init(&http->accept_again, http->loop, on_accept_again);
	timer_init(&http->drain, http->loop, on_drained);
	int why = listen_on(http);
	if (why)
		return error_set(error, "%.*s: %s", SLICE_ARG(http->bind), net_bind_refusal(why));
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.protocols = protocols,
		.vhost_name = HTTP_PROTOCOL,
		.user = http,
		.alpn = "http/1.1",
	};
	if (http->tls)
		info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
		               LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX |
		               LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
	http->vhost = lws_create_vhost(loop_lws(http->loop), &info);
	if (!http->vhost) {
		close_listener(http);
		return error_set(error, "%.*s: libwebsockets makes no virtual host of it%s",
		        SLICE_ARG(http->bind), http->tls ? "; are the TLS files still there?" : "");
	}
	watch_listener(http);
	log_info("http", "listening listener=%s bind=%.*s", adapter->label, SLICE_ARG(http->bind));
	return true;
}

void http_reply(struct adapter *adapter, struct request *request)
{
	(void)adapter;
	http_connection_reply(request->ticket, request);
}

static void http_push(
        struct adapter *adapter, struct subscription *subscription, const struct update *update)
{
	(void)adapter;
	http_connection_push(subscription->follower, update);
}

bool http_renew(struct adapter *adapter, struct error *error)
{
	struct http *http = (struct http *)adapter;
	if (!http_tls_renew(http->tls, error))
		return false;
	http_connections_renewed(http);
	return true;
}

void http_stop(struct adapter *adapter)
{
	struct http *http = (struct http *)adapter;
	enum listening_future future = listening_future(&http->use);
	if (future == LISTENING_LOST || future == LISTENING_STORED)
		accept_waiting(http, LISTENING_BACKLOG);
	http->stopping = true;
	close_listener(http);
	http->adapter.draining = true;
	timer_set(&http->drain, loop_now_ms(http->loop) + http->drain_ms);
	http_connections_stop(http);
}

void http_close(struct adapter *adapter)
{
	struct http *http = (struct http *)adapter;
	if (!http)
		return;
	close_listener(http);
	timer_stop(&http->drain);
	http_connections_kill(http);
	http_openings_finish(&http->openings);
	if (http->vhost)
		lws_vhost_destroy(http->vhost);
	http_tls_close(http->tls);
	arena_finish(&http->texts);
	free(http);
}

const struct adapter_ops adapter_http = {
	.name = "http",
	.settings = settings,
	.live_files = "tls",
	.open = http_open,
	.start = http_start,
	.reply = http_reply,
	.words = http_response_words,
	.push = http_push,
	.renew = http_renew,
	.stop = http_stop,
	.close = http_close,
};
