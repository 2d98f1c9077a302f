/* A world for the CoAP listener: datagrams and connections without sockets, a core that answers when it is told to, a
 * clock that the test moves. It defines the functions of net/, loop/loop.h and api/ that the listener calls, so a test
 * program that includes it gets these instead of the real ones. Include once, after support.h. */
#ifndef UNIT_COAP_WORLD_H
#define UNIT_COAP_WORLD_H

#include "api/adapter.h"
#include "base/log.h"
#include "codec/coap_wire.h"
#include "loop/loop.h"
#include "net/datagram.h"
#include "net/dtls.h"
#include "net/stream.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

extern const struct adapter_ops adapter_coap;

enum {
	WORLD_SENT = 4096,
	WORLD_REQUESTS = 4096,
	WORLD_TIMERS = 2048,
	WORLD_BODY_MAX = 8192,
	WORLD_SUBSCRIPTIONS = 64
};

struct sent {
	struct datagram_peer to;
	size_t n;
	char bytes[2048];
};

/* A connection. */
struct stream {
	void *owner;
	char out[1 << 17]; /* what the listener wrote */
	size_t nout, nread;
	char in[1 << 15]; /* what it has not used */
	size_t nin;
	size_t unsent;
	bool paused, closing, by_rule;
	uint64_t deadline_ms;
	slice certificate, psk_identity;
};

/* Rule broken: one world a program, as its functions have no other place to find it. */
static struct {
	uint64_t now_ms, next_id;
	const struct datagram_events *events;
	void *owner;
	struct adapter *adapter;
	struct adapter_limits limits;
	struct sent sent[WORLD_SENT];
	unsigned nsent, nread;
	struct request *submitted[WORLD_REQUESTS];
	unsigned nsubmitted, ntaken;
	int nalive;
	unsigned refuse_requests; /* the next so many request_new() give NULL */
	struct timer *timers[WORLD_TIMERS];
	struct stream_accept accept;
	struct subscription subscriptions[WORLD_SUBSCRIPTIONS];
	unsigned nsubscriptions, nended, nrefreshed;
	uint64_t refreshed_after;
	struct arena arena;
} world;

/* The loop. */
uint64_t loop_now_ms(const struct loop *loop)
{
	(void)loop;
	return world.now_ms;
}

void timer_init(struct timer *timer, struct loop *loop, void (*fire)(struct timer *))
{
	*timer = (struct timer){ .loop = loop, .fire = fire };
}

void timer_stop(struct timer *timer)
{
	for (unsigned i = 0; i < WORLD_TIMERS; i++) {
		if (world.timers[i] == timer)
			world.timers[i] = NULL;
	}
	timer->at_ms = 0;
}

void timer_set(struct timer *timer, uint64_t at_ms)
{
	timer_stop(timer);
	unsigned i = 0;
	while (world.timers[i])
		i++;
	assert_true(i < WORLD_TIMERS);
	world.timers[i] = timer;
	timer->at_ms = at_ms;
}

static struct timer *next_due(void)
{
	struct timer *next = NULL;
	for (unsigned i = 0; i < WORLD_TIMERS; i++) {
		struct timer *timer = world.timers[i];
		if (timer && timer->at_ms <= world.now_ms && (!next || timer->at_ms < next->at_ms))
			next = timer;
	}
	return next;
}

/* Moves the clock and fires what falls due. */
static inline void pass_ms(uint64_t ms)
{
	for (uint64_t end = world.now_ms + ms; world.now_ms < end;) {
		world.now_ms += end - world.now_ms < 100 ? end - world.now_ms : 100;
		for (struct timer *due = next_due(); due; due = next_due()) {
			timer_stop(due);
			due->fire(due);
		}
	}
}

/* The network. */
struct datagram_socket *datagram_open(struct loop *loop, slice address, size_t datagram_max_bytes,
        const struct datagram_events *events, void *owner, char *error_text, size_t error_size)
{
	(void)loop;
	(void)datagram_max_bytes;
	if (slice_is(address, "192.0.2.1:1")) {
		(void)snprintf(error_text, error_size, "192.0.2.1:1: address in use");
		return NULL;
	}
	world.events = events;
	world.owner = owner;
	return (struct datagram_socket *)&world;
}

void datagram_close(struct datagram_socket *socket)
{
	(void)socket;
}

void datagram_leave(struct datagram_socket *socket)
{
	(void)socket;
}

slice datagram_peer_key(const struct datagram_peer *peer)
{
	return (slice){ (const char *)&peer->address.v4, sizeof peer->address.v4 };
}

void datagram_send(struct datagram_socket *socket, const struct datagram_peer *peer, slice bytes)
{
	(void)socket;
	assert_true(world.nsent < WORLD_SENT);
	struct sent *sent = &world.sent[world.nsent++];
	assert_true(bytes.n <= sizeof sent->bytes);
	sent->to = *peer;
	sent->n = bytes.n;
	memcpy(sent->bytes, bytes.p, bytes.n);
}

struct stream_listener *stream_listen(struct loop *loop, slice address,
        const struct stream_accept *accept, char *error_text, size_t error_size)
{
	(void)loop;
	(void)address;
	(void)error_text;
	(void)error_size;
	world.accept = *accept;
	return (struct stream_listener *)&world;
}

void stream_listener_close(struct stream_listener *listener)
{
	(void)listener;
}

void stream_write(struct stream *stream, slice bytes)
{
	assert_false(stream->closing);
	assert_true(stream->nout + bytes.n <= sizeof stream->out);
	memcpy(stream->out + stream->nout, bytes.p, bytes.n);
	stream->nout += bytes.n;
}

size_t stream_unsent(const struct stream *stream)
{
	return stream->unsent;
}

#include "fake_stream.h"

/* DTLS is for the tests with real clients. */
struct dtls *dtls_open(struct loop *loop, struct datagram_socket *socket, struct tls *tls,
        const struct dtls_limits *limits, const struct dtls_events *events, void *arg)
{
	(void)loop;
	(void)socket;
	(void)tls;
	(void)limits;
	(void)events;
	(void)arg;
	return NULL;
}

void dtls_close(struct dtls *dtls)
{
	assert_null(dtls);
}

void dtls_feed(struct dtls *dtls, const struct datagram_peer *peer, slice bytes)
{
	(void)dtls;
	(void)peer;
	(void)bytes;
}

bool dtls_send(struct dtls_session *session, slice plaintext)
{
	(void)session;
	(void)plaintext;
	return false;
}

const struct datagram_peer *dtls_peer(const struct dtls_session *session)
{
	(void)session;
	return NULL;
}

slice dtls_peer_certificate(const struct dtls_session *session)
{
	(void)session;
	return (slice){ NULL, 0 };
}

const char *dtls_peer_doubts(const struct dtls_session *session)
{
	(void)session;
	return NULL;
}

void dtls_end(struct dtls_session *session)
{
	(void)session;
}

void dtls_renewed(struct dtls *dtls)
{
	(void)dtls;
}

slice dtls_psk_identity(const struct dtls_session *session)
{
	(void)session;
	return (slice){ NULL, 0 };
}

slice dtls_psk_mark(const struct dtls_session *session)
{
	(void)session;
	return (slice){ NULL, 0 };
}

/* The core. */
void adapter_disconnected(struct adapter *adapter, const char *peer, const char *why)
{
	(void)adapter;
	(void)peer;
	(void)why;
}

void adapter_refused(struct adapter *adapter, const char *peer, const char *why)
{
	(void)peer;
	(void)why;
	adapter->counters.at[COUNTER_REFUSED]++;
}

void adapter_at_rest(struct adapter *adapter)
{
	assert_int_equal(adapter->answering, 0);
}

bool adapter_psk(struct adapter *adapter, slice identity, slice *key)
{
	(void)adapter;
	(void)identity;
	(void)key;
	return false;
}

bool adapter_carries_secret(const struct adapter *adapter, enum carrier carrier, slice name)
{
	(void)adapter;
	(void)carrier;
	(void)name;
	return false;
}

bool request_takes(const struct request *request, const struct credential *credential)
{
	(void)request;
	(void)credential;
	return false;
}

void subscription_end(struct subscription *subscription)
{
	if (subscription)
		world.nended++;
}

void subscription_refresh(struct subscription *subscription, uint64_t after)
{
	assert_non_null(subscription);
	world.nrefreshed++;
	world.refreshed_after = after;
}

struct request *request_new(struct adapter *adapter)
{
	if (world.refuse_requests) {
		world.refuse_requests--;
		return NULL;
	}
	struct request *request = calloc(1, sizeof *request);
	assert_non_null(request);
	arena_init(&request->arena, 1 << 20);
	request->adapter = adapter;
	request->id = ++world.next_id;
	world.nalive++;
	return request;
}

void request_submit(struct request *request)
{
	assert_true(world.nsubmitted < WORLD_REQUESTS);
	world.submitted[world.nsubmitted++] = request;
}

void request_cancel(struct adapter *adapter, uint64_t id)
{
	(void)adapter;
	(void)id;
}

void request_free(struct request *request)
{
	if (!request)
		return;
	arena_finish(&request->arena);
	free(request);
	world.nalive--;
}

/* The next request that was submitted; NULL: none. */
static inline struct request *taken(void)
{
	return world.ntaken < world.nsubmitted ? world.submitted[world.ntaken++] : NULL;
}

/* Sends it home. */
static inline void reply_with(
        struct request *request, enum status status, const char *media, slice body)
{
	if (request->status == STATUS_NONE)
		request->status = status;
	request->out.media = slice_of(media);
	request->out.body = body;
	request->adapter->ops->reply(request->adapter, request);
}

/* Sends it home as an answer that can be followed; its subscription. */
static inline struct subscription *reply_followed(struct request *request, slice body)
{
	assert_non_null(request->follower);
	assert_true(world.nsubscriptions < WORLD_SUBSCRIPTIONS);
	struct subscription *subscription = &world.subscriptions[world.nsubscriptions++];
	*subscription = (struct subscription){ request->adapter, request->follower };
	request->subscription = subscription;
	reply_with(request, STATUS_OK, "application/json", body);
	return subscription;
}

static inline void push_value(struct subscription *subscription, uint64_t version, slice body)
{
	struct update update = {
		.version = version, .media = SLICE("application/json"), .body = body
	};
	adapter_coap.push(world.adapter, subscription, &update);
}

/* A listener with these settings: "key", "value", … NULL. */
static inline void open_listener(const char *const *settings)
{
	struct config nodes[16] = { { 0 } };
	struct config map = { .kind = CONFIG_MAP, .own = adapter_coap.settings };
	struct error error = { 0 };
	for (unsigned i = 0; settings && settings[2 * i]; i++) {
		nodes[i] = (struct config){ .kind = CONFIG_SCALAR,
			.key = slice_of(settings[2 * i]),
			.text = slice_of(settings[2 * i + 1]),
			.parent = &map,
			.next = map.first };
		map.first = &nodes[i];
	}
	struct config bind = { .kind = CONFIG_SCALAR,
		.key = SLICE("bind"),
		.text = SLICE("127.0.0.1:5683"),
		.parent = &map,
		.next = map.first };
	if (!settings || strcmp(settings[0], "bind") != 0)
		map.first = &bind;
	memset(&world, 0, sizeof world);
	log_set_level(LOG_LEVEL_ERROR);
	world.now_ms = 1000000;
	arena_init(&world.arena, 64 << 20);
	world.limits =
	        (struct adapter_limits){ .body_max_bytes = WORLD_BODY_MAX, .connections_max = 100 };
	world.adapter = adapter_coap.open(NULL, &world.limits, &map, &error);
	if (!world.adapter)
		fail_msg("%s", error.text);
	world.adapter->ops = &adapter_coap;
	world.adapter->label = "coap";
	assert_true(adapter_coap.start(world.adapter, &error));
}

static inline void close_listener(void)
{
	for (struct request *request = taken(); request; request = taken())
		reply_with(request, STATUS_CANCELLED, NULL, (slice){ NULL, 0 });
	adapter_coap.close(world.adapter);
	assert_int_equal(world.nalive, 0);
	arena_finish(&world.arena);
}

/* A connection arrives; NULL: it was turned away. */
static inline struct stream *connects(struct stream *stream)
{
	stream->owner = world.accept.accepted(world.accept.arg, stream);
	return stream->owner ? stream : NULL;
}

/* Bytes arrive on it, in pieces of this size. */
static inline void arrives_on(struct stream *stream, slice bytes, size_t piece)
{
	while (bytes.n && !stream->closing) {
		size_t n = bytes.n < piece ? bytes.n : piece;
		assert_true(stream->nin + n <= sizeof stream->in);
		memcpy(stream->in + stream->nin, bytes.p, n);
		stream->nin += n;
		bytes = slice_from(bytes, n);
		slice all = { stream->in, stream->nin };
		size_t used = stream->paused
		                      ? 0
		                      : world.accept.events->received(stream->owner, stream, all);
		assert_true(used <= stream->nin);
		memmove(stream->in, stream->in + used, stream->nin - used);
		stream->nin -= used;
	}
}

static inline void is_gone(struct stream *stream, enum stream_end end)
{
	world.accept.events->closed(stream->owner, stream, end, 0);
}

/* The next message that was written to it; false: none. */
static inline bool said(struct stream *stream, struct wire_message *message)
{
	const char *why;
	size_t used;
	slice rest = { stream->out + stream->nread, stream->nout - stream->nread };
	if (!rest.n)
		return false;
	assert_int_equal(
	        wire_parse_stream(rest, sizeof stream->out, message, &used, &why), WIRE_OK);
	stream->nread += used;
	return true;
}

/* One datagram from the peer at this port, exactly as long as it says. */
static inline void arrives_from(unsigned port, slice bytes)
{
	struct datagram_peer peer;
	memset(&peer, 0, sizeof peer);
	peer.address.v4.sin_family = AF_INET;
	peer.address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	peer.address.v4.sin_port = htons((uint16_t)port);
	char *copy = malloc(bytes.n ? bytes.n : 1);
	assert_non_null(copy);
	memcpy(copy, bytes.p, bytes.n);
	world.events->received(world.owner, &peer, (slice){ copy, bytes.n }, false);
	free(copy);
}

/* The next datagram that was sent, taken apart; false: none. */
static inline bool answered(struct wire_message *message)
{
	const char *why;
	if (world.nread == world.nsent)
		return false;
	const struct sent *sent = &world.sent[world.nread++];
	assert_int_equal(wire_parse((slice){ sent->bytes, sent->n }, message, &why), WIRE_OK);
	return true;
}

#endif
