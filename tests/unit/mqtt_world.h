/* A world for the MQTT listener: streams without sockets, a core that answers when it is told to, a clock that the
 * test moves. It defines the functions of net/stream.h, loop/loop.h and api/request.h that the listener calls, so
 * a test program that includes it gets these instead of the real ones. Include once, after support.h. */
#ifndef UNIT_MQTT_WORLD_H
#define UNIT_MQTT_WORLD_H

#include "adapters/mqtt/mqtt.h"
#include "api/identity.h"
#include "api/store.h"
#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

extern const struct adapter_ops adapter_mqtt;

enum { WORLD_OUT_BYTES = 1 << 20, WORLD_REQUESTS = 4096 };

struct stream {
	void *owner;
	char in[WORLD_OUT_BYTES];
	char out[WORLD_OUT_BYTES];
	size_t in_n, out_n, out_read;
	bool paused, closing, closed, by_rule;
	uint64_t deadline_ms;
	slice certificate, psk_identity;
};

enum { WORLD_TIMERS = 64, WORLD_RETURNED = 64, WORLD_RECORDS = 16 };

/* What the store has on its disk. */
struct world_record {
	char key[160], owner[64];
	uint64_t time_ns, expires_ns;
	size_t head_n;
	char head[4096];
};

/* Rule broken: one world a program, as its functions have no other place to find it. */
static struct {
	uint64_t now_ms;
	struct stream_accept accept;
	bool listening;
	struct mqtt_listener *listener;
	struct request *submitted[WORLD_REQUESTS];
	unsigned nsubmitted, ntaken, nalive;
	unsigned refuse_requests; /* the next so many request_new() give NULL */
	struct timer *timers[WORLD_TIMERS];
	bool commands_may_come;
	char returned[WORLD_RETURNED];  /* the device that can take commands again */
	unsigned nfollowed, nended;     /* subscriptions of the core */
	struct subscription **followed; /* where the test has them: NULL once they have ended */
	unsigned nfollowed_max;
	struct subscription *refreshed;
	uint64_t refreshed_after;
	bool has_store, store_is_full;
	unsigned nput;
	struct world_record records[WORLD_RECORDS]; /* those with a key */
	uint64_t next_id;
} world;

/* The loop and the streams. */
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
	timer->at_ms = 0;
	for (unsigned i = 0; i < WORLD_TIMERS; i++)
		world.timers[i] = world.timers[i] == timer ? NULL : world.timers[i];
}

void timer_set(struct timer *timer, uint64_t at_ms)
{
	timer_stop(timer);
	timer->at_ms = at_ms;
	unsigned i = 0;
	while (i < WORLD_TIMERS && world.timers[i])
		i++;
	assert_true(i < WORLD_TIMERS);
	world.timers[i] = timer;
}

/* The clock goes on, and what is due fires. */
static inline void world_wait(uint64_t ms)
{
	world.now_ms += ms;
	for (unsigned i = 0; i < WORLD_TIMERS; i++) {
		struct timer *timer = world.timers[i];
		if (!timer || timer->at_ms > world.now_ms)
			continue;
		timer_stop(timer);
		timer->fire(timer);
	}
}

struct stream_listener *stream_listen(struct loop *loop, slice address,
        const struct stream_accept *accept, char *error_text, size_t error_size)
{
	(void)loop;
	(void)address;
	(void)error_text;
	(void)error_size;
	world.accept = *accept;
	world.listening = true;
	return (struct stream_listener *)&world;
}

unsigned stream_listener_port(const struct stream_listener *listener)
{
	(void)listener;
	return 1883;
}

void stream_listener_close(struct stream_listener *listener)
{
	(void)listener;
	world.listening = false;
}

void stream_write2(struct stream *stream, slice first, slice second)
{
	assert_false(stream->closing);
	assert_true(stream->out_n + first.n + second.n <= sizeof stream->out);
	memcpy(stream->out + stream->out_n, first.p, first.n);
	if (second.n)
		memcpy(stream->out + stream->out_n + first.n, second.p, second.n);
	stream->out_n += first.n + second.n;
}

size_t stream_unsent(const struct stream *stream)
{
	return stream->out_n - stream->out_read;
}

#include "fake_stream.h"

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

bool adapter_psk(struct adapter *adapter, slice identity, slice *key)
{
	(void)adapter;
	(void)identity;
	(void)key;
	return false;
}

struct request *request_new(struct adapter *adapter)
{
	if (world.refuse_requests) {
		world.refuse_requests--;
		return NULL;
	}
	struct request *request = calloc(1, sizeof *request);
	assert_non_null(request);
	arena_init(&request->arena, 4 << 20);
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

void request_free(struct request *request)
{
	if (!request)
		return;
	world.nalive--;
	arena_finish(&request->arena);
	free(request);
}

/* Values and commands. */
void subscription_end(struct subscription *subscription)
{
	if (!subscription)
		return;
	world.nended++;
	for (unsigned i = 0; i < world.nfollowed_max; i++) {
		if (world.followed[i] == subscription)
			world.followed[i] = NULL;
	}
	free(subscription);
}

void subscription_refresh(struct subscription *subscription, uint64_t after)
{
	world.refreshed = subscription;
	world.refreshed_after = after;
}

void command_device_returned(struct adapter *adapter, slice device)
{
	(void)adapter;
	(void)snprintf(world.returned, sizeof world.returned, "%.*s", SLICE_ARG(device));
}

bool command_may_come(const struct adapter *adapter, slice pattern, slice device)
{
	(void)adapter;
	(void)pattern;
	(void)device;
	return world.commands_may_come;
}

/* The store. */
struct store *adapter_store(const struct adapter *adapter)
{
	(void)adapter;
	return world.has_store ? (struct store *)&world : NULL;
}

static inline struct world_record *world_record(slice key)
{
	for (unsigned i = 0; i < WORLD_RECORDS; i++) {
		if (slice_equal(slice_of(world.records[i].key), key))
			return &world.records[i];
	}
	return NULL;
}

bool store_put(struct store *store, enum store_table table, const struct store_record *record,
        struct store_receipt *receipt)
{
	assert_ptr_equal(store, &world);
	assert_int_equal(table, STORE_MQTT_SESSIONS);
	assert_null(receipt);
	if (world.store_is_full)
		return false;
	struct world_record *to = world_record(record->key);
	if (!to)
		to = world_record(SLICE(""));
	assert_non_null(to);
	assert_true(record->head.n <= sizeof to->head && record->key.n < sizeof to->key);
	memset(to, 0, sizeof *to);
	memcpy(to->key, record->key.p, record->key.n);
	memcpy(to->owner, record->owner.p, record->owner.n);
	memcpy(to->head, record->head.p, record->head.n);
	to->head_n = record->head.n;
	to->time_ns = record->time_ns;
	to->expires_ns = record->expires_ns;
	world.nput++;
	return true;
}

bool store_remove(
        struct store *store, enum store_table table, slice key, struct store_receipt *receipt)
{
	(void)store;
	(void)table;
	(void)receipt;
	struct world_record *record = world_record(key);
	if (record)
		memset(record, 0, sizeof *record);
	return true;
}

bool store_each(struct store *store, enum store_table table,
        bool (*each)(void *arg, const struct store_record *), void *arg, struct error *error)
{
	(void)store;
	(void)table;
	(void)error;
	for (unsigned i = 0; i < WORLD_RECORDS; i++) {
		/* Bytes of their own, so that a sanitizer sees what is read behind them. */
		struct world_record *at = &world.records[i];
		char *head = malloc(at->head_n + 1);
		assert_non_null(head);
		memcpy(head, at->head, at->head_n);
		char *exact = realloc(head, at->head_n ? at->head_n : 1);
		struct store_record record = { .key = slice_of(at->key),
			.owner = slice_of(at->owner),
			.time_ns = at->time_ns,
			.expires_ns = at->expires_ns,
			.head = { exact, at->head_n } };
		bool more = !*at->key || each(arg, &record);
		free(exact);
		if (!more)
			break;
	}
	return true;
}

/* What the test does. `more` holds "key", "value" pairs and a NULL. The store's records stay. */
static inline void world_open_again(const char *const *more)
{
	struct config map = { .kind = CONFIG_MAP, .own = adapter_mqtt.settings };
	struct config members[8] = {
		{ .key = SLICE("bind"), .text = SLICE("127.0.0.1:0"), .kind = CONFIG_SCALAR }
	};
	map.first = &members[0];
	for (unsigned i = 0; more && more[i]; i += 2) {
		struct config *member = &members[1 + i / 2];
		*member = (struct config){ .kind = CONFIG_SCALAR,
			.key = slice_of(more[i]),
			.text = slice_of(more[i + 1]) };
		member[-1].next = member;
	}
	static const struct adapter_limits limits = { .body_max_bytes = 64 * 1024,
		.connections_max = 100 };
	world.now_ms = 1000;
	log_set_level(LOG_LEVEL_ERROR);
	struct error error;
	struct adapter *adapter = adapter_mqtt.open(NULL, &limits, &map, &error);
	assert_non_null(adapter);
	adapter->ops = &adapter_mqtt;
	adapter->label = "mqtt";
	world.listener = (struct mqtt_listener *)adapter;
	assert_true(adapter->ops->start(adapter, &error));
}

static inline void world_open(const char *const *more)
{
	memset(&world, 0, sizeof world);
	world_open_again(more);
}

static inline void world_stop(void)
{
	world.listener->base.ops->stop(&world.listener->base);
}

/* Every closed() has been called, so this leaves nothing behind. */
static inline void world_close(void)
{
	world.listener->base.ops->close(&world.listener->base);
	assert_int_equal(world.nalive, 0);
	assert_int_equal(world.nfollowed, world.nended);
}

/* What the loop would do now: offer unread bytes, end what was closed. */
static inline void world_turn(struct stream *stream)
{
	bool offered = false;
	while (!stream->closed && !stream->closing && !stream->paused && stream->in_n && !offered) {
		slice bytes = { malloc(stream->in_n), stream->in_n };
		memcpy((void *)(uintptr_t)bytes.p, stream->in, stream->in_n);
		size_t used = world.accept.events->received(stream->owner, stream, bytes);
		free((void *)(uintptr_t)bytes.p);
		assert_true(used <= stream->in_n);
		memmove(stream->in, stream->in + used, stream->in_n - used);
		stream->in_n -= used;
		offered = !used;
	}
	if (stream->closing && !stream->closed) {
		stream->closed = true;
		world.accept.events->closed(stream->owner, stream, STREAM_END_OWNER, 0);
	}
}

/* Over TLS: the client has proved so much. */
static inline struct stream *world_connect_proved(slice certificate, slice psk_identity)
{
	struct stream *stream = calloc(1, sizeof *stream);
	assert_non_null(stream);
	stream->certificate = certificate;
	stream->psk_identity = psk_identity;
	stream->owner = world.accept.accepted(world.accept.arg, stream);
	assert_non_null(stream->owner);
	return stream;
}

static inline struct stream *world_connect(void)
{
	return world_connect_proved((slice){ NULL, 0 }, (slice){ NULL, 0 });
}

static inline void world_send(struct stream *stream, slice bytes)
{
	assert_true(stream->in_n + bytes.n <= sizeof stream->in);
	if (bytes.n)
		memcpy(stream->in + stream->in_n, bytes.p, bytes.n);
	stream->in_n += bytes.n;
	world_turn(stream);
}

/* The peer, the network or the clock ends the connection. */
static inline void world_end(struct stream *stream, enum stream_end end)
{
	assert_false(stream->closed);
	stream->closed = true;
	world.accept.events->closed(stream->owner, stream, end, 0);
}

/* How many requests are with the core and not answered. */
static inline unsigned world_waiting(void)
{
	return world.nsubmitted - world.ntaken;
}

/* The oldest of them; it stays the core's. */
static inline struct request *world_next(void)
{
	assert_true(world_waiting() > 0);
	return world.submitted[world.ntaken];
}

/* Answers request number `index` of those that wait. One that was refused before it came keeps its status. */
static inline void world_answer_at(unsigned index, enum status status)
{
	assert_true(index < world_waiting());
	struct request **slot = &world.submitted[world.ntaken + index];
	struct request *request = *slot;
	memmove(&world.submitted[world.ntaken + 1], &world.submitted[world.ntaken],
	        index * sizeof *slot);
	world.ntaken++;
	if (request->status == STATUS_NONE)
		request->status = status;
	world.listener->base.ops->reply(&world.listener->base, request);
}

static inline void world_answer(enum status status)
{
	world_answer_at(0, status);
}

/* Grants the subscription that the oldest request asks for. */
static inline struct subscription *world_follow(void)
{
	struct request *request = world_next();
	assert_int_equal(request->in.method, METHOD_SUBSCRIBE);
	assert_non_null(request->follower);
	struct subscription *subscription = calloc(1, sizeof *subscription);
	assert_non_null(subscription);
	*subscription = (struct subscription){ &world.listener->base, request->follower };
	request->subscription = subscription;
	world.nfollowed++;
	unsigned i = 0;
	while (i < world.nfollowed_max && world.followed[i])
		i++;
	if (i < world.nfollowed_max)
		world.followed[i] = subscription;
	world_answer(STATUS_OK);
	return subscription;
}

static inline void world_push(struct subscription *subscription, const char *path, const char *body,
        uint64_t version, bool present)
{
	struct update update = { .path = slice_of(path),
		.media = SLICE("a/b"),
		.body = slice_of(body),
		.version = version,
		.present = present };
	adapter_mqtt.push(&world.listener->base, subscription, &update);
}

/* The stream's memory; its end must have been told. */
static inline void world_drop(struct stream *stream)
{
	assert_true(stream->closed);
	free(stream);
}

/* What was sent to the client since the last time. */
static inline slice world_sent(struct stream *stream)
{
	slice sent = { stream->out + stream->out_read, stream->out_n - stream->out_read };
	stream->out_read = stream->out_n;
	return sent;
}

/* Bytes of "10 | 0004 … 32 | …": each "|" stands for the length of what follows it, up to the next ";". */
static inline slice packets(struct arena *arena, const char *text)
{
	char *bytes = arena_alloc(arena, strlen(text) + 16);
	size_t n = 0;
	char part[1024];
	while (*text) {
		size_t end = strcspn(text, ";");
		assert_true(end < sizeof part);
		memcpy(part, text, end);
		part[end] = '\0';
		text += end + (text[end] == ';');
		char *bar = strchr(part, '|');
		if (bar)
			*bar = '\0';
		slice head = from_hex(arena, part);
		memcpy(bytes + n, head.p, head.n);
		n += head.n;
		if (!bar)
			continue;
		slice body = from_hex(arena, bar + 1);
		if (body.n > 127)
			bytes[n++] = (char)(body.n | 0x80);
		bytes[n++] = (char)(body.n > 127 ? body.n >> 7 : body.n);
		memcpy(bytes + n, body.p, body.n);
		n += body.n;
	}
	return (slice){ bytes, n };
}

static inline void send_packets(struct stream *stream, const char *text)
{
	struct arena arena;
	arena_init(&arena, 1 << 16);
	world_send(stream, packets(&arena, text));
	arena_finish(&arena);
}

static inline void expect_at(struct stream *stream, const char *text, int line)
{
	struct arena arena;
	arena_init(&arena, 1 << 16);
	world_turn(stream);
	slice wanted = packets(&arena, text), sent = world_sent(stream);
	if (!slice_equal(wanted, sent)) {
		for (size_t i = 0; i < sent.n; i++)
			print_error("%02x ", (uint8_t)sent.p[i]);
		fail_msg("line %d: sent the above, not %s", line, text);
	}
	arena_finish(&arena);
}

#define EXPECT(stream, text) expect_at((stream), (text), __LINE__)

#define MQTT4 "0004 4d515454 04 "
#define MQTT5 "0004 4d515454 05 "
#define T     "0003 732f61 "         /* the topic s/a */
#define REPLY "0007 7265706c792f78 " /* reply/x */

/* A client of 3.1.1, let in while `waiting` other requests wait. */
static inline struct stream *connect_after(unsigned waiting, const char *flags_and_payload)
{
	char text[512];
	(void)snprintf(text, sizeof text, "10 | " MQTT4 "%s", flags_and_payload);
	struct stream *stream = world_connect();
	send_packets(stream, text);
	assert_int_equal(world_waiting(), waiting + 1);
	assert_int_equal(world.submitted[world.ntaken + waiting]->in.method, METHOD_CONNECT);
	world_answer_at(waiting, STATUS_OK);
	EXPECT(stream, "20 | 00 00");
	return stream;
}

static inline struct stream *connect_4(const char *flags_and_payload)
{
	return connect_after(0, flags_and_payload);
}

static inline struct stream *connect_5(void)
{
	struct stream *stream = world_connect();
	send_packets(stream, "10 | " MQTT5 "02 003c 00 0002 6964");
	world_answer(STATUS_OK);
	EXPECT(stream, "20 | 00 00 0d 21 0014 27 00030000 22 000a 2a 00");
	return stream;
}

static inline void leave(struct stream *stream)
{
	if (!stream->closed)
		world_end(stream, STREAM_END_PEER);
	world_drop(stream);
}

/* What one client's bytes lead to, as text: each request, each byte sent, and whether the connection was ended. They
 * arrive in pieces of 1 to `piece_max` bytes, and every request is answered with OK at once. */
static inline slice world_replay(struct arena *arena, slice bytes, size_t piece_max, unsigned seed)
{
	struct text log;
	text_init(&log, arena, 4096);
	world_open(NULL);
	struct stream *stream = world_connect();
	while (bytes.n && !stream->closed) {
		size_t n = piece_max == 1 ? 1 : 1 + (size_t)rand_r(&seed) % piece_max;
		n = n < bytes.n ? n : bytes.n;
		world_send(stream, (slice){ bytes.p, n });
		bytes = (slice){ bytes.p + n, bytes.n - n };
		while (world_waiting()) {
			const struct request *request = world_next();
			text_printf(&log, "%s %.*s %s\n", method_name(request->in.method),
			        SLICE_ARG(request->in.path), status_name(request->status));
			text_slice_add(&log, request->in.body);
			world_answer(STATUS_OK);
			world_turn(stream);
		}
	}
	text_printf(&log, "\n%s after\n", stream->closed ? "closed" : "open");
	slice sent = world_sent(stream);
	/* An assigned client identifier is random. */
	for (size_t i = 0; i + 29 <= sent.n; i++) {
		if (memcmp(sent.p + i, "auto-", 5) == 0)
			memset((char *)(uintptr_t)sent.p + i, 'x', 29);
	}
	text_slice_add(&log, sent);
	if (!stream->closed)
		world_end(stream, STREAM_END_PEER);
	while (world_waiting())
		world_answer(STATUS_OK);
	world_drop(stream);
	world_close();
	slice result = text_slice(&log);
	assert_non_null(result.p);
	return result;
}

/* The same in one piece, byte by byte, and in random pieces: all lead to the same. Returns it. */
static inline slice world_replay_all(struct arena *arena, slice bytes)
{
	slice whole = world_replay(arena, bytes, WORLD_OUT_BYTES / 2, 0);
	assert_slice_equal(world_replay(arena, bytes, 1, 0), whole, __FILE__, __LINE__);
	for (unsigned seed = 1; seed <= 8; seed++)
		assert_slice_equal(world_replay(arena, bytes, (size_t)4 << seed, seed), whole,
		        __FILE__, __LINE__);
	return whole;
}

#endif
