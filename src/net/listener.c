/* Listening for streams, and what all streams of a loop share. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "net/listening.h"
#include "net/stream_internal.h"

/* An address may have a part of a listener's connections in their handshakes, and so many in any case. */
enum { OPENING_PART = 4, OPENING_MIN = 256, TAKEN_AT_ONCE_MAX = 1024 };

/* That it is due is enough: the loop does not sleep then, and comes to the hook again. */
static void go_on(struct task *task)
{
	(void)task;
}

/* So is this. */
static void grown_stale(struct timer *timer)
{
	(void)timer;
}

struct net *net_join(struct loop *loop)
{
	uv_loop_t *uv = loop_uv(loop);
	struct net *net = uv->data;
	if (!net) {
		net = malloc(sizeof *net);
		if (!net)
			return NULL;
		net->loop = loop;
		net->users = 0;
		net->unread_bytes = 0;
		net->handshakes_in_flight = 0;
		list_init(&net->dirty);
		crowd_init(&net->beginners);
		crowd_init(&net->handshakes);
		timer_init(&net->stale, loop, grown_stale);
		list_init(&net->stalled);
		task_init(&net->go_on, go_on);
		net->flush.run = stream_flush_all;
		loop_before_sleep(loop, &net->flush);
		uv->data = net;
	}
	net->users++;
	return net;
}

void net_leave(struct net *net)
{
	if (--net->users)
		return;
	hook_remove(&net->flush);
	task_cancel(&net->go_on);
	timer_stop(&net->stale);
	loop_uv(net->loop)->data = NULL;
	free(net);
}

int net_handle_init(struct net *net, enum stream_kind kind, union net_handle *handle)
{
	uv_loop_t *uv = loop_uv(net->loop);
	return kind == STREAM_TCP ? uv_tcp_init(uv, &handle->tcp)
	                          : uv_pipe_init(uv, &handle->pipe, 0);
}

static void listener_free(struct stream_listener *listener)
{
	if (listener->open || !listener->closed)
		return;
	net_leave(listener->net);
	if (listener->accept.tls)
		tls_leave(listener->accept.tls);
	free(listener);
}

void listener_release(struct stream_listener *listener)
{
	listener->open--;
	listener_free(listener);
}

void listener_established(struct stream_listener *listener, struct stream *stream)
{
	void *owner = listener->accept.accepted(listener->accept.arg, stream);
	stream_set_owner(stream, owner);
	if (!owner)
		stream_abort(stream);
}

void listener_refused(struct stream_listener *listener, const char *peer, const char *why)
{
	if (listener->accept.refused && !listener->closing)
		listener->accept.refused(listener->accept.arg, peer, why);
}

static bool add_layers(struct stream_listener *listener, struct stream *stream)
{
	struct tls *tls = listener->accept.tls;
	const struct websocket_accept *websocket = listener->accept.websocket;
	return (!tls || stream_add_layer(stream, tls_stream_create(tls, NULL))) &&
	       (!websocket || stream_add_layer(stream, websocket_layer_create(websocket)));
}

/* Those that say nothing, or not enough, are many soon, and cost nothing to whoever makes them. */
static bool may_open(struct stream_listener *listener, struct stream *stream)
{
	struct sockaddr_storage address;
	unsigned most = listener->accept.connections_max / OPENING_PART;
	if (!stream->layered)
		return true;
	return layer_address(stream->bottom, &address) &&
	       crowd_join(&listener->openers, &stream->opener, (struct sockaddr *)&address) &&
	       crowd_share(&stream->opener) <= (most > OPENING_MIN ? most : OPENING_MIN);
}

/* The connection is the listener's: a stream from now on, or turned away. */
static void welcome(struct stream_listener *listener, struct stream *stream, bool failed)
{
	const struct stream_accept *accept = &listener->accept;
	failed = failed || !add_layers(listener, stream);
	if (!failed && listener->open >= accept->connections_max) {
		failed = true;
		listener_refused(listener, stream_peer(stream), "there are too many connections");
	}
	if (!failed && !may_open(listener, stream)) {
		failed = true;
		crowd_leave(&listener->openers, &stream->opener);
		listener_refused(listener, stream_peer(stream),
		        "too many connections of its address are in their handshakes");
	}
	if (failed) {
		stream_abort(stream);
		return;
	}
	stream_accepted(stream, listener);
	stream_begin(stream);
}

static struct stream *stream_for(struct stream_listener *listener)
{
	return stream_new(
	        listener->net, listener->kind, listener->accept.events, &listener->accept.limits);
}

static void arrived(uv_stream_t *handle, int status)
{
	struct stream_listener *listener = LIST_OWNER(handle, struct stream_listener, handle);
	if (status < 0) {
		log_warning("net", "a connection could not be accepted: %s", uv_strerror(status));
		return;
	}
	struct stream *stream = stream_for(listener);
	if (stream)
		welcome(listener, stream, uv_accept(handle, stream_handle(stream)) != 0);
}

/* The same of one that libuv has not seen. */
static void take(struct stream_listener *listener, int fd)
{
	struct stream *stream = stream_for(listener);
	bool opened = stream && stream_open(stream, fd);
	if (!opened)
		(void)close(fd);
	if (stream)
		welcome(listener, stream, !opened);
}

static void listener_gone(uv_handle_t *handle)
{
	struct stream_listener *listener = LIST_OWNER(handle, struct stream_listener, handle);
	listener->closed = true;
	listener_free(listener);
}

/* Nobody else will: those whose connections have been made are not turned away for having come last. Those who have to shake hands first
 * would be: they stay in the queue, and whoever may have that gets them. */
static void take_waiting(struct stream_listener *listener)
{
	for (unsigned i = 0; i < TAKEN_AT_ONCE_MAX; i++) {
		int fd = accept4(listener->use.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			take(listener, fd);
		else if (errno != ECONNABORTED && errno != EINTR) /* that one went before it came */
			return;
	}
}

void stream_listener_close(struct stream_listener *listener)
{
	if (!listener)
		return;
	enum listening_future future = listening_future(&listener->use);
	bool shakes_hands = listener->accept.tls || listener->accept.websocket;
	if (listener->listens && !shakes_hands &&
	        (future == LISTENING_LOST || future == LISTENING_STORED))
		take_waiting(listener);
	listener->closing = true;
	listening_end(&listener->use);
	streams_end_opening(listener);
	uv_close(&listener->handle.any, listener_gone);
}

/* Nothing is bound yet. NULL: out of memory, and error_text says so. */
static struct stream_listener *prepare(struct loop *loop, enum stream_kind kind,
        const struct stream_accept *accept, char *error_text, size_t error_size)
{
	struct net *net = net_join(loop);
	struct stream_listener *listener = net ? calloc(1, sizeof *listener) : NULL;
	if (!listener || net_handle_init(net, kind, &listener->handle) != 0) {
		(void)snprintf(error_text, error_size, "out of memory");
		free(listener);
		if (net)
			net_leave(net);
		return NULL;
	}
	listener->net = net;
	listener->kind = kind;
	listener->accept = *accept;
	if (accept->tls)
		(void)tls_join(accept->tls);
	list_init(&listener->opening);
	crowd_init(&listener->openers);
	return listener;
}

/* 0, or errno's value. */
static int listen_at(struct stream_listener *listener, const struct listening_place *place)
{
	uv_stream_t *stream = &listener->handle.stream;
	int error = listening_open(listener->net->loop, place, &listener->use);
	if (error)
		return error;
	int fd = listener->use.fd;
	error = listener->kind == STREAM_TCP ? uv_tcp_open(&listener->handle.tcp, fd)
	                                     : uv_pipe_open(&listener->handle.pipe, fd);
	if (error) {
		listening_end(&listener->use);
		(void)close(fd);
		return -error;
	}
	error = uv_listen(stream, LISTENING_BACKLOG, arrived);
	listener->listens = !error;
	return -error;
}

struct stream_listener *stream_listen(struct loop *loop, slice address,
        const struct stream_accept *accept, char *error_text, size_t error_size)
{
	struct listening_place place = { .kind = LISTENING_TCP };
	if (!net_parse_address(address, &place.address)) {
		(void)snprintf(error_text, error_size,
		        "\"%.*s\" is no address; say 0.0.0.0:1883 or [::]:1883",
		        SLICE_ARG(address));
		return NULL;
	}
	struct stream_listener *listener =
	        prepare(loop, STREAM_TCP, accept, error_text, error_size);
	if (!listener)
		return NULL;
	int error = listen_at(listener, &place);
	if (!error)
		return listener;
	(void)snprintf(
	        error_text, error_size, "%.*s: %s", SLICE_ARG(address), net_bind_refusal(error));
	stream_listener_close(listener);
	return NULL;
}

struct stream_listener *stream_listen_local(struct loop *loop, const char *path, unsigned mode,
        const struct stream_accept *accept, char *error_text, size_t error_size)
{
	const struct listening_place place = {
		.kind = LISTENING_LOCAL, .path = path, .mode = mode
	};
	struct stream_listener *listener =
	        prepare(loop, STREAM_LOCAL, accept, error_text, error_size);
	if (!listener)
		return NULL;
	int error = listen_at(listener, &place);
	if (!error)
		return listener;
	const char *why = error == EADDRINUSE ? "another program listens there"
	                  : error == EEXIST   ? "what is there is no socket"
	                                      : strerror(error);
	(void)snprintf(error_text, error_size, "%s: %s", path, why);
	stream_listener_close(listener);
	return NULL;
}

unsigned stream_listener_port(const struct stream_listener *listener)
{
	struct sockaddr_storage address;
	int n = sizeof address;
	if (uv_tcp_getsockname(&listener->handle.tcp, (struct sockaddr *)&address, &n) != 0)
		return 0;
	const void *at = &address;
	return address.ss_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)at)->sin6_port)
	                                     : ntohs(((const struct sockaddr_in *)at)->sin_port);
}
