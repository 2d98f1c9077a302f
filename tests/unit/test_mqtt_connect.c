/* The MQTT listener against a scripted core: who gets in, and how long they stay. */
#include "support.h"

#include "mqtt_world.h"

static void test_connect_is_a_request(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = world_connect();
	assert_int_equal(stream->deadline_ms, 1000 + 5000);
	send_packets(stream, "10 | " MQTT4 "c2 000a 0002 6964 0001 75 0002 7077; c0 00");
	const struct request *request = world_next();
	assert_slice(request->in.path, "/");
	assert_slice(request->session, "id");
	assert_slice(request->peer, "192.0.2.7:41000");
	assert_int_equal(request->credentials->kind, CREDENTIAL_BASIC);
	assert_slice(request->credentials->name, "u");
	assert_slice(request->credentials->secret, "pw");
	assert_int_equal(request->credentials->next->kind, CREDENTIAL_ADDRESS);
	assert_slice(request->credentials->next->name, "192.0.2.7");
	EXPECT(stream, ""); /* nothing before the core has decided; the PINGREQ waits too */
	assert_true(stream->paused);
	world_answer(STATUS_OK);
	EXPECT(stream, "20 | 00 00; d0 00");
	assert_int_equal(stream->deadline_ms, 1000 + 15000); /* 1.5 times the keep alive */
	leave(stream);
	world_close();
}

static void test_connect_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *connect;
		enum status status;
		const char *connack;
	} rows[] = {
		{ "10 | " MQTT4 "c2 003c 0001 61 0001 75 0001 70", STATUS_UNAUTHENTICATED,
		        "20 | 00 05" },
		{ "10 | " MQTT4 "02 003c 0001 61", STATUS_UNAUTHENTICATED, "20 | 00 05" },
		{ "10 | " MQTT4 "02 003c 0001 61", STATUS_FORBIDDEN, "20 | 00 05" },
		{ "10 | " MQTT4 "02 003c 0001 61", STATUS_UNAVAILABLE, "20 | 00 03" },
		{ "10 | " MQTT5 "02 003c 05 27 00000008 0001 61", STATUS_UNAUTHENTICATED,
		        "20 | 00 86 00" },
		{ "10 | " MQTT5 "02 003c 05 27 00000008 0001 61", STATUS_TOO_MANY,
		        "20 | 00 9f 00" },
		{ "10 | " MQTT5 "02 003c 05 27 00000008 0001 61", STATUS_FORBIDDEN,
		        "20 | 00 87 00" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		world_open(NULL);
		struct stream *stream = world_connect();
		send_packets(stream, rows[i].connect);
		world_answer(rows[i].status);
		EXPECT(stream, rows[i].connack);
		assert_true(stream->closed);
		leave(stream);
		world_close();
	}
}

/* Refused without asking the core: nothing is submitted but what says why. */
static void test_connect_is_objected_to(void **state)
{
	(void)state;
	static const struct {
		const char *connect, *connack;
	} rows[] = {
		{ "10 | " MQTT4 "00 003c 0000", "20 | 00 02" },
		{ "10 | 0006 4d5149736470 03 02 003c 0001 61", "20 | 00 01" },
		{ "10 | 0004 4d515454 03 02 003c 0001 61", "20 | 00 01" },
		{ "10 | " MQTT4 "01 003c 0001 61", "" },
		{ "10 | 0004 4d515455 04 02 003c 0001 61", "" }, { "30 | " T, "" }, { "c0 00", "" },
		{ "30", "" }, /* its first byte is enough */
		{ "10 ff ff ff 7f", "" },
		{ "10 81 80 04", "" }, /* one byte above what a stranger may send */
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		world_open(NULL);
		struct stream *stream = world_connect();
		send_packets(stream, rows[i].connect);
		EXPECT(stream, rows[i].connack);
		assert_true(stream->closed);
		while (world_waiting()) {
			enum status status = world_next()->status;
			assert_int_equal(status, i ? STATUS_MALFORMED : STATUS_INVALID);
			world_answer(status);
		}
		leave(stream);
		world_close();
	}
}

static void test_connect_is_objected_to_in_mqtt_5(void **state)
{
	(void)state;
	static const struct {
		const char *connect;
		uint8_t reason;
	} rows[] = {
		{ "10 | 0004 4d515454 06 02 003c 00 0001 61", 0x84 },
		{ "10 | " MQTT5 "03 003c 00 0001 61", 0x81 },
		{ "10 | " MQTT5 "02 003c 0a 11 00000001 11 00000001 0001 61", 0x82 },
		{ "10 | " MQTT5 "02 003c 04 15 0001 78 0001 61", 0x8c },
		{ "10 | " MQTT5 "06 003c 00 0001 61 00 0002 2474 0000", 0x90 },
		{ "10 | " MQTT5 "06 003c 00 0001 61 00 0007 7265706c792f78 0000", 0x90 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		world_open(NULL);
		struct stream *stream = world_connect();
		send_packets(stream, rows[i].connect);
		world_turn(stream);
		slice sent = world_sent(stream);
		assert_true(sent.n > 5);
		assert_int_equal((uint8_t)sent.p[0], 0x20);
		assert_int_equal((uint8_t)sent.p[3], rows[i].reason);
		assert_true(stream->closed);
		while (world_waiting())
			world_answer(STATUS_OK);
		leave(stream);
		world_close();
	}
}

static void test_empty_id_is_assigned(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = world_connect();
	send_packets(stream, "10 | " MQTT5 "02 003c 0a 11 00000009 27 00000100 0000");
	assert_int_equal(world_next()->session.n, 29);
	world_answer(STATUS_OK);
	slice sent = world_sent(stream);
	/* What every client gets, and its name. The session expiry that it asked for is granted, so not said. */
	assert_int_equal(sent.n, 5 + 3 + 5 + 3 + 29 + 3 + 2);
	assert_memory_equal(sent.p + 5, "\x21\0\x14", 3);
	assert_memory_equal(sent.p + 5 + 8, "\x12\0\x1d\x61uto-", 8);
	leave(stream);
	world_close();
}

static void test_take_over_by_the_same_caller_only(void **state)
{
	(void)state;
	static const char connect[] = "10 | " MQTT4 "c2 003c 0001 61 0001 75 0002 7077";
	static const char stranger[] = "10 | " MQTT4 "c2 003c 0001 61 0001 76 0002 7077";
	static const char guesser[] = "10 | " MQTT4 "c2 003c 0001 61 0001 75 0002 7078";
	world_open(NULL);
	struct stream *first = world_connect(), *second = world_connect();
	send_packets(first, connect);
	world_answer(STATUS_OK);
	EXPECT(first, "20 | 00 00");
	send_packets(second, connect);
	world_answer(STATUS_OK);
	EXPECT(second, "20 | 00 00");
	world_turn(first);
	assert_true(first->closed);
	leave(first);
	for (unsigned i = 0; i < 2; i++) {
		struct stream *other = world_connect();
		send_packets(other, i ? guesser : stranger);
		world_answer(STATUS_OK);
		EXPECT(other, "20 | 00 02");
		assert_int_equal(world_next()->status, STATUS_CONFLICT);
		world_answer(STATUS_CONFLICT);
		leave(other);
	}
	assert_false(second->closing);
	leave(second);
	world_close();
}

static void test_what_tls_proves_is_presented(void **state)
{
	(void)state;
	static const char connect[] = "10 | " MQTT4 "82 003c 0001 61 0001 75";
	world_open(NULL);
	struct stream *first = world_connect_proved(SLICE("certificate"), SLICE("identity"));
	send_packets(first, connect);
	const struct credential *at = world_next()->credentials;
	assert_int_equal(at->kind, CREDENTIAL_BASIC);
	at = at->next;
	assert_int_equal(at->kind, CREDENTIAL_CERTIFICATE);
	assert_slice(at->secret, "certificate");
	at = at->next;
	assert_int_equal(at->kind, CREDENTIAL_PSK);
	assert_true(slice_is(at->secret, "its mark"));
	assert_slice(at->name, "identity");
	assert_int_equal(at->next->kind, CREDENTIAL_ADDRESS);
	world_answer(STATUS_OK);
	EXPECT(first, "20 | 00 00");
	/* Nobody in particular, but with another proof: not the same caller. */
	struct stream *second = world_connect_proved(SLICE("certificate"), SLICE("other"));
	send_packets(second, connect);
	world_answer(STATUS_OK);
	EXPECT(second, "20 | 00 02");
	assert_int_equal(world_next()->status, STATUS_CONFLICT);
	world_answer(STATUS_CONFLICT);
	leave(second);
	assert_false(first->closing);
	leave(first);
	world_close();
}

static void test_silence_is_bounded(void **state)
{
	(void)state;
	static const char *const settings[] = { "keep_alive_max", "60s", NULL };
	world_open(settings);
	/* No keep alive, or a longer one: MQTT 5 is told ours. */
	struct stream *stream = world_connect();
	send_packets(stream, "10 | " MQTT5 "02 0000 00 0001 61");
	world_answer(STATUS_OK);
	assert_int_equal(stream->deadline_ms, 1000 + 90000);
	slice sent = world_sent(stream);
	assert_memory_equal(sent.p + sent.n - 5, "\x13\x00\x3c\x2a\x00", 5);
	/* Each packet starts it anew; part of one does not. */
	world.now_ms = 2000;
	send_packets(stream, "c0 00");
	EXPECT(stream, "d0 00");
	assert_int_equal(stream->deadline_ms, 2000 + 90000);
	world.now_ms = 3000;
	send_packets(stream, "30");
	assert_int_equal(stream->deadline_ms, 2000 + 90000);
	world_end(stream, STREAM_END_DEADLINE);
	world_drop(stream);
	assert_int_equal(world.listener->base.counters.at[COUNTER_EXPIRED], 1);
	world_close();
}

static void test_small_packets_for_small_clients(void **state)
{
	(void)state;
	world_open(NULL);
	/* Of 20 bytes: CONNACK fits. */
	struct stream *stream = world_connect();
	send_packets(stream, "10 | " MQTT5 "02 003c 05 27 00000014 0001 61");
	world_answer(STATUS_OK);
	EXPECT(stream, "20 | 00 00 0d 21 0014 27 00030000 22 000a 2a 00");
	send_packets(stream, "32 | " T "0001 00 78");
	world_answer(STATUS_FORBIDDEN);
	EXPECT(stream, "40 | 0001 87"); /* the reason string would not fit */
	leave(stream);
	/* Of 16: without what SUBACK would say as well. */
	stream = world_connect();
	send_packets(stream, "10 | " MQTT5 "02 003c 05 27 00000010 0001 61");
	world_answer(STATUS_OK);
	EXPECT(stream, "20 | 00 00 0b 21 0014 27 00030000 22 000a");
	leave(stream);
	stream = world_connect();
	send_packets(stream, "10 | " MQTT5 "02 003c 05 27 00000002 0001 61");
	world_answer(STATUS_OK);
	EXPECT(stream, "");
	assert_true(stream->closed);
	leave(stream);
	world_close();
}

/* The client goes while the core decides about it. */
static void test_gone_before_connack(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = world_connect();
	send_packets(stream, "10 | " MQTT4 "06 003c 0001 61 0001 77 0001 6d");
	world_end(stream, STREAM_END_ERROR);
	world_drop(stream);
	world_answer(STATUS_OK);
	assert_int_equal(world_waiting(), 0);
	world_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connect_is_a_request),
		cmocka_unit_test(test_connect_is_refused),
		cmocka_unit_test(test_connect_is_objected_to),
		cmocka_unit_test(test_connect_is_objected_to_in_mqtt_5),
		cmocka_unit_test(test_empty_id_is_assigned),
		cmocka_unit_test(test_take_over_by_the_same_caller_only),
		cmocka_unit_test(test_what_tls_proves_is_presented),
		cmocka_unit_test(test_silence_is_bounded),
		cmocka_unit_test(test_small_packets_for_small_clients),
		cmocka_unit_test(test_gone_before_connack),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
