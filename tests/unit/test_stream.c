/* Streams between two ends in one loop, over real sockets. */
#include "support.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "loop/loop.h"
#include "net/listening.h"
#include "net/stream.h"
#include "net/websocket.h"

static struct loop *loop;
static struct stream_listener *listener;
static struct sockaddr_storage where;

/* What happened at one end. */
struct side {
	struct stream *stream;
	char got[64];
	size_t got_n;
	unsigned ended, connected, drained;
	enum stream_end end;
	size_t take; /* bytes used of each offer; 0: all */
};
static struct side server, client;
static struct timer guard;
static unsigned refused, accepted_count;
static bool accept_none;

static void time_is_up(struct timer *timer)
{
	(void)timer;
	loop_stop(loop);
}

/* Runs until both sides that exist have ended, or the guard says that they never will. */
static void stop_when_over(void)
{
	if ((!client.stream || client.ended) && (!server.stream || server.ended))
		loop_stop(loop);
}

static size_t received(void *owner, struct stream *stream, slice bytes)
{
	struct side *side = owner;
	(void)stream;
	size_t n = side->take && side->take < bytes.n ? side->take : bytes.n;
	if (side->take == 1 && bytes.n < 4)
		return 0;
	if (side->take == 1)
		n = 4;
	if (side->got_n + n <= sizeof side->got)
		memcpy(side->got + side->got_n, bytes.p, n);
	side->got_n += n;
	return n;
}

static void drained(void *owner, struct stream *stream)
{
	(void)stream;
	((struct side *)owner)->drained++;
}

static void ended(void *owner, struct stream *stream, enum stream_end end, int errno_value)
{
	struct side *side = owner;
	(void)stream;
	assert_true((end == STREAM_END_ERROR) == (errno_value != 0));
	side->ended++;
	side->end = end;
	stop_when_over();
}

static void connected(void *owner, struct stream *stream)
{
	(void)stream;
	((struct side *)owner)->connected++;
}

static const struct stream_events events = {
	.connected = connected, .received = received, .drained = drained, .closed = ended
};
static const struct stream_limits limits = { 1024, 25 << 20 };

static void *accepted(void *arg, struct stream *stream)
{
	(void)arg;
	accepted_count++;
	if (accept_none)
		return NULL;
	server.stream = stream;
	return &server;
}

static void turned_away(void *arg, const char *peer, const char *why)
{
	(void)arg;
	(void)peer;
	(void)why;
	refused++;
}

static int setup(void **state)
{
	(void)state;
	memset(&server, 0, sizeof server);
	memset(&client, 0, sizeof client);
	refused = accepted_count = 0;
	accept_none = false;
	loop = loop_create();
	const struct stream_accept accept = { .accepted = accepted,
		.refused = turned_away,
		.events = &events,
		.limits = limits,
		.connections_max = 2 };
	char error[128];
	listener = stream_listen(loop, SLICE("127.0.0.1:0"), &accept, error, sizeof error);
	assert_non_null(listener);
	char address[32];
	(void)snprintf(address, sizeof address, "127.0.0.1:%u", stream_listener_port(listener));
	assert_true(net_parse_address(slice_of(address), &where));
	client.stream = stream_connect(loop, (struct sockaddr *)&where, &events, &limits, &client);
	assert_non_null(client.stream);
	timer_init(&guard, loop, time_is_up);
	timer_set(&guard, loop_now_ms(loop) + 100000);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	timer_stop(&guard);
	stream_listener_close(listener);
	loop_destroy(loop);
	return 0;
}

static void (*step)(void);

static void close_server(void)
{
	if (server.stream && !server.ended)
		stream_close(server.stream);
}

static struct timer pause_timer;

static void next_step(struct timer *timer)
{
	if (client.connected && server.stream)
		step();
	else
		timer_set(timer, loop_now_ms(loop) + 1);
}

static void when_connected(void (*what)(void))
{
	step = what;
	timer_init(&pause_timer, loop, next_step);
	timer_set(&pause_timer, loop_now_ms(loop) + 1);
}

static void bytes_arrive_and_both_ends_are_told(void **state)
{
	(void)state;
	stream_write(client.stream, SLICE("hello "));
	stream_write2(client.stream, SLICE("wor"), SLICE("ld"));
	stream_close(client.stream);
	/* Nothing is written before the connection is there: a close before that gives up. */
	loop_run(loop);
	assert_int_equal(client.end, STREAM_END_OWNER);
	assert_int_equal(client.ended, 1);
}

static void write_from_client(void)
{
	stream_write(client.stream, SLICE("hello "));
	stream_write2(client.stream, SLICE("wor"), SLICE("ld"));
	stream_close(client.stream);
}

static void a_close_sends_the_rest_first(void **state)
{
	(void)state;
	when_connected(write_from_client);
	loop_run(loop);
	assert_int_equal(client.connected, 1);
	assert_slice(((slice){ server.got, server.got_n }), "hello world");
	assert_int_equal(server.end, STREAM_END_PEER);
	assert_int_equal(client.end, STREAM_END_OWNER);
}

static void write_odd(void)
{
	stream_write(client.stream, SLICE("1234567"));
	stream_close(client.stream);
}

static void what_is_not_used_comes_again(void **state)
{
	(void)state;
	server.take = 1; /* four bytes at a time, never fewer */
	when_connected(write_odd);
	loop_run(loop);
	assert_slice(((slice){ server.got, server.got_n }), "1234");
}

static void write_large(void)
{
	static char large[24 << 20]; /* more than the kernel buffers */
	memset(large, 'x', sizeof large);
	stream_pause(server.stream);
	stream_write(client.stream, (slice){ large, sizeof large });
}

static void flood_unsent(void **state)
{
	(void)state;
	when_connected(write_large);
	timer_set(&guard, loop_now_ms(loop) + 300);
	loop_run(loop);
	/* Paused: the kernel's buffers are full, the rest waits here. */
	assert_true(stream_unsent(client.stream) > 0);
	static char more[24 << 20];
	stream_write(client.stream, (slice){ more, sizeof more });
	timer_set(&guard, loop_now_ms(loop) + 5000);
	stream_resume(server.stream);
	loop_run(loop);
	assert_int_equal(client.end, STREAM_END_FLOOD);
	assert_int_equal(client.ended, 1);
	assert_int_equal(server.ended, 1);
}

static void write_unused(void)
{
	static char bytes[3000];
	stream_write(client.stream, (slice){ bytes, sizeof bytes });
}

static size_t use_none(void *owner, struct stream *stream, slice bytes)
{
	(void)owner;
	(void)stream;
	(void)bytes;
	return 0;
}

static void flood_unread(void **state)
{
	(void)state;
	static struct stream_events lazy;
	lazy = events;
	lazy.received = use_none;
	stream_listener_close(listener);
	const struct stream_accept accept = { .accepted = accepted,
		.refused = turned_away,
		.events = &lazy,
		.limits = limits,
		.connections_max = 2 };
	char error[128];
	listener = stream_listen(loop, SLICE("127.0.0.1:0"), &accept, error, sizeof error);
	char address[32];
	(void)snprintf(address, sizeof address, "127.0.0.1:%u", stream_listener_port(listener));
	assert_true(net_parse_address(slice_of(address), &where));
	stream_abort(client.stream);
	loop_run(loop);
	memset(&client, 0, sizeof client);
	memset(&server, 0, sizeof server);
	client.stream = stream_connect(loop, (struct sockaddr *)&where, &events, &limits, &client);
	when_connected(write_unused);
	loop_run(loop);
	assert_int_equal(server.end, STREAM_END_FLOOD);
}

static struct side both[2];
static const struct stream_limits wide = { 24 << 20, 25 << 20 };

static void *accepted_both(void *arg, struct stream *stream)
{
	(void)arg;
	both[accepted_count].stream = stream;
	return &both[accepted_count++];
}

static void stop_at_the_first_end(
        void *owner, struct stream *stream, enum stream_end end, int errno_value)
{
	(void)stream;
	(void)errno_value;
	struct side *side = owner;
	side->ended++;
	side->end = end;
	loop_stop(loop);
}

static void all_streams_together_hold_so_much_unread(void **state)
{
	(void)state;
	static struct stream_events lazy;
	lazy = events;
	lazy.received = use_none;
	lazy.closed = stop_at_the_first_end;
	stream_listener_close(listener);
	memset(both, 0, sizeof both);
	const struct stream_accept accept = { .accepted = accepted_both,
		.refused = turned_away,
		.events = &lazy,
		.limits = wide,
		.connections_max = 2 };
	char error[128];
	listener = stream_listen(loop, SLICE("127.0.0.1:0"), &accept, error, sizeof error);
	char address[32];
	(void)snprintf(address, sizeof address, "127.0.0.1:%u", stream_listener_port(listener));
	assert_true(net_parse_address(slice_of(address), &where));
	stream_abort(client.stream);
	loop_run(loop);
	static struct side senders[2];
	static char half[20 << 20];
	memset(senders, 0, sizeof senders);
	accepted_count = 0;
	for (unsigned i = 0; i < 2; i++) {
		senders[i].stream =
		        stream_connect(loop, (struct sockaddr *)&where, &lazy, &wide, &senders[i]);
		stream_write(senders[i].stream, (slice){ half, sizeof half });
	}
	loop_run(loop);
	/* Each is within its own limit; the one that would go beyond what both may hold is cut off. */
	assert_int_equal(both[0].ended + both[1].ended, 1);
	assert_int_equal(both[both[0].ended ? 0 : 1].end, STREAM_END_FLOOD);
	for (unsigned i = 0; i < 2; i++) {
		if (!both[i].ended)
			stream_abort(both[i].stream);
		if (!senders[i].ended)
			stream_abort(senders[i].stream);
	}
}

static void set_deadline(void)
{
	stream_set_deadline(server.stream, loop_now_ms(loop) + 10);
}

static void a_silent_peer_meets_the_deadline(void **state)
{
	(void)state;
	when_connected(set_deadline);
	loop_run(loop);
	assert_int_equal(server.end, STREAM_END_DEADLINE);
	assert_int_equal(client.end, STREAM_END_PEER);
}

static void more_connections_than_allowed_are_turned_away(void **state)
{
	(void)state;
	static struct side others[4];
	memset(others, 0, sizeof others);
	for (unsigned i = 0; i < 4; i++)
		others[i].stream = stream_connect(
		        loop, (struct sockaddr *)&where, &events, &limits, &others[i]);
	timer_set(&guard, loop_now_ms(loop) + 200);
	loop_run(loop);
	assert_int_equal(refused, 3);
	assert_int_equal(accepted_count, 2);
	for (unsigned i = 0; i < 4; i++) {
		if (!others[i].ended)
			stream_abort(others[i].stream);
	}
	stream_abort(client.stream);
	timer_set(&guard, loop_now_ms(loop) + 200);
	loop_run(loop);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(others[i].ended, 1);
}

static void a_refused_connection_is_an_error(void **state)
{
	(void)state;
	stream_abort(client.stream);
	loop_run(loop);
	stream_listener_close(listener);
	listener = NULL;
	memset(&client, 0, sizeof client);
	memset(&server, 0, sizeof server);
	timer_set(&guard, loop_now_ms(loop) + 50);
	loop_run(loop);
	timer_set(&guard, loop_now_ms(loop) + 5000);
	client.stream = stream_connect(loop, (struct sockaddr *)&where, &events, &limits, &client);
	loop_run(loop);
	assert_int_equal(client.ended, 1);
	assert_int_equal(client.end, STREAM_END_ERROR);
}

static void addresses_are_read_and_written(void **state)
{
	(void)state;
	struct sockaddr_storage address;
	static const char *const right[] = { "0.0.0.0:1883", "[::1]:65535", "127.0.0.1:0" };
	for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
		char text[64];
		assert_true(net_parse_address(slice_of(right[i]), &address));
		net_address_text((struct sockaddr *)&address, text, sizeof text);
		assert_string_equal(text, right[i]);
	}
	char mapped[64];
	assert_true(net_parse_address(SLICE("[::ffff:10.0.0.5]:7"), &address));
	net_address_text((struct sockaddr *)&address, mapped, sizeof mapped);
	assert_string_equal(mapped, "10.0.0.5:7");
	static const char *const wrong[] = { "", ":1", "1.2.3.4", "1.2.3.4:", "1.2.3.4:70000",
		"host:1", "[::1:5", "::1:5x", "1.2.3.4:-1" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(net_parse_address(slice_of(wrong[i]), &address));
	close_server();
}

/* The manager's duplicate. */
static bool keep(void *arg, int fd, const char *name)
{
	(void)name;
	*(int *)arg = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return true;
}

/* "127.0.0.1:PORT", of one that is free. */
static void free_address(char text[32])
{
	struct sockaddr_storage at;
	socklen_t n = sizeof at;
	assert_true(net_parse_address(SLICE("127.0.0.1:0"), &at));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(struct sockaddr_in)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	net_address_text((struct sockaddr *)&at, text, 32);
	(void)close(fd);
}

/* Where a manager was given the socket and does not say that it keeps it (systemd 252), those in the queue are taken at the end;
 * but not those who have to shake hands first, since there is no time for that: the next process may find them. */
static void at_the_end_who_must_shake_hands_is_left_in_the_queue(void **state)
{
	(void)state;
	static const char *const protocols[] = { "mqtt", NULL };
	static const struct websocket_accept websocket = { .path = "/", .protocols = protocols };
	for (int shakes = 0; shakes < 2; shakes++) {
		int kept = -1;
		const struct listening_keeper keeper = { .arg = &kept, .keep = keep };
		const struct stream_accept accept = { .accepted = accepted,
			.refused = turned_away,
			.events = &events,
			.limits = limits,
			.connections_max = 2,
			.websocket = shakes ? &websocket : NULL,
			.handshake_ms = 1000 };
		char address[32], error[128];
		struct sockaddr_storage at;
		struct listening *set = listening_create();
		free_address(address);
		assert_true(net_parse_address(slice_of(address), &at));
		accepted_count = refused = 0;
		accept_none = true;
		loop = loop_create();
		listening_serve(set, loop);
		listener = stream_listen(loop, slice_of(address), &accept, error, sizeof error);
		assert_non_null(listener);
		listening_settle(set, &keeper);
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(
		        connect(fd, (struct sockaddr *)&at, sizeof(struct sockaddr_in)), 0);
		listening_stop(set);
		stream_listener_close(listener);
		loop_destroy(loop);
		listening_destroy(set);
		assert_int_equal(accepted_count, shakes ? 0 : 1);
		assert_int_equal(refused, 0);
		int waiting = accept4(kept, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		assert_int_equal(waiting >= 0, shakes);
		if (waiting >= 0)
			(void)close(waiting);
		(void)close(kept);
		(void)close(fd);
	}
}

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		        bytes_arrive_and_both_ends_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_close_sends_the_rest_first, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_used_comes_again, setup, teardown),
		cmocka_unit_test_setup_teardown(flood_unsent, setup, teardown),
		cmocka_unit_test_setup_teardown(flood_unread, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        all_streams_together_hold_so_much_unread, setup, teardown),
		cmocka_unit_test_setup_teardown(a_silent_peer_meets_the_deadline, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        more_connections_than_allowed_are_turned_away, setup, teardown),
		cmocka_unit_test_setup_teardown(a_refused_connection_is_an_error, setup, teardown),
		cmocka_unit_test(at_the_end_who_must_shake_hands_is_left_in_the_queue),
		cmocka_unit_test(addresses_are_read_and_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
