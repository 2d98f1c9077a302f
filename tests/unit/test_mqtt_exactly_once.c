/* QoS 2 and retained messages, the receiving side: one effect for each, whatever the client repeats, also where its
 * connection is lost in between. */
#include "support.h"

#include "mqtt_world.h"

#define KEPT_4 "00 003c 0001 61"                /* a client of 3.1.1 that wants its session kept */
#define KEPT_5 "00 003c 05 11 0000003c 0001 61" /* of MQTT 5, for a minute */

static struct stream *kept(unsigned waiting, bool present)
{
	struct stream *stream = world_connect();
	send_packets(stream, "10 | " MQTT4 KEPT_4);
	world_answer_at(waiting, STATUS_OK);
	EXPECT(stream, present ? "20 | 01 00" : "20 | 00 00");
	return stream;
}

static void test_pubrec_leaves_when_it_was_delivered(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = connect_5();
	send_packets(stream, "34 | " T "0001 00 31");
	EXPECT(stream, "");
	world_answer(STATUS_ACCEPTED);
	EXPECT(stream, "50 | 0001");
	/* Again, before it is released: answered, and that is all. */
	send_packets(stream, "3c | " T "0001 00 31; 3c | " T "0001 00 31");
	EXPECT(stream, "50 | 0001; 50 | 0001");
	send_packets(stream, "62 | 0001");
	EXPECT(stream, "70 | 0001");
	assert_int_equal(world_waiting(), 0);
	/* Released, the identifier is for another message. */
	send_packets(stream, "62 | 0001");
	EXPECT(stream, "70 | 0001 92");
	send_packets(stream, "34 | " T "0001 00 31");
	world_answer(STATUS_FORBIDDEN);
	slice sent = world_sent(stream);
	assert_memory_equal(sent.p, "\x50", 1);
	assert_memory_equal(sent.p + 2, "\x00\x01\x87", 3);
	/* Refused, it is free as well. */
	send_packets(stream, "34 | " T "0001 00 31");
	assert_int_equal(world_waiting(), 1);
	world_answer(STATUS_OK);
	EXPECT(stream, "50 | 0001");
	leave(stream);
	world_close();
}

static void test_one_careless_repetition_is_borne(void **state)
{
	(void)state;
	world_open(NULL);
	/* While it is under way, and after that. */
	for (unsigned under_way = 0; under_way < 2; under_way++) {
		struct stream *stream = connect_4("02 003c 0001 61");
		send_packets(stream, "34 | " T "0001 31");
		if (!under_way)
			world_answer(STATUS_OK);
		send_packets(stream, "34 | " T "0001 31");
		assert_false(stream->closing);
		send_packets(stream, "34 | " T "0001 31");
		assert_true(stream->closed);
		while (world_waiting())
			world_answer(STATUS_OK);
		leave(stream);
	}
	world_close();
}

/* PUBREL before PUBREC, as in a recording that is played back: it waits. */
static void test_early_pubrel_waits(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = connect_4("02 003c 0001 61");
	send_packets(stream, "34 | " T "0001 31; 62 | 0001; c0 00");
	EXPECT(stream, "");
	world_answer(STATUS_OK);
	EXPECT(stream, "50 | 0001; 70 | 0001; d0 00");
	leave(stream);
	world_close();
}

static void test_an_identifier_of_another_message(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = kept(0, false);
	send_packets(stream, "34 | " T "0001 31");
	world_answer(STATUS_OK);
	EXPECT(stream, "50 | 0001");
	leave(stream);
	/* It has forgotten what it sent, and begins to count at one again. */
	stream = kept(0, true);
	send_packets(stream, "34 | " T "0001 32");
	assert_slice(world_next()->in.body, "2");
	world_answer(STATUS_OK);
	EXPECT(stream, "50 | 0001");
	send_packets(stream, "32 | " T "0001 33");
	assert_slice(world_next()->in.body, "3");
	world_answer(STATUS_OK);
	EXPECT(stream, "40 | 0001");
	leave(stream);
	world_close();
}

/* The same while its first message is under way: it waits until that is answered. */
static void test_an_identifier_under_way(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = connect_4("02 003c 0001 61");
	send_packets(stream, "34 | " T "0001 31; 34 | " T "0001 32; 34 | " T "0001 31");
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(world_waiting(), 1);
		assert_slice(world_next()->in.body, i == 1 ? "2" : "1");
		world_answer(STATUS_OK);
		EXPECT(stream, "50 | 0001");
	}
	leave(stream);
	world_close();
}

static void test_once_across_connections(void **state)
{
	(void)state;
	world_open(NULL);
	/* Delivered and acknowledged, the acknowledgement lost. */
	struct stream *stream = kept(0, false);
	send_packets(stream, "34 | " T "0001 31");
	world_answer(STATUS_OK);
	leave(stream);
	stream = kept(0, true);
	send_packets(stream, "3c | " T "0001 31");
	EXPECT(stream, "50 | 0001");
	send_packets(stream, "62 | 0001");
	EXPECT(stream, "70 | 0001");
	/* Lost while under way: the second one waits for the first, and is not handed on. */
	send_packets(stream, "34 | " T "0002 32");
	leave(stream);
	stream = kept(1, true);
	send_packets(stream, "3c | " T "0002 32; 34 | " T "0003 33");
	assert_int_equal(world_waiting(), 1);
	world_answer(STATUS_OK);
	EXPECT(stream, "50 | 0002");
	assert_slice(world_next()->in.body, "3");
	world_answer(STATUS_OK);
	EXPECT(stream, "50 | 0003");
	/* Refused while nobody was there: it is tried again. */
	send_packets(stream, "34 | " T "0004 34");
	leave(stream);
	stream = kept(1, true);
	send_packets(stream, "3c | " T "0004 34");
	world_answer(STATUS_UNAVAILABLE);
	assert_slice(world_next()->in.body, "4");
	world_answer(STATUS_OK);
	EXPECT(stream, "50 | 0004");
	leave(stream);
	world_close();
}

/* The same for one that came, sent it again and went while the first was still under way. */
static void test_once_across_a_short_connection(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = kept(0, false);
	send_packets(stream, "34 | " T "0001 31");
	leave(stream);
	stream = kept(1, true);
	send_packets(stream, "3c | " T "0001 31");
	leave(stream);
	stream = kept(1, true);
	send_packets(stream, "3c | " T "0001 31; 32 | " T "0002 32");
	world_answer(STATUS_OK);
	EXPECT(stream, "50 | 0001");
	assert_slice(world_next()->in.body, "2");
	world_answer(STATUS_OK);
	assert_int_equal(world_waiting(), 0);
	EXPECT(stream, "40 | 0002");
	leave(stream);
	world_close();
}

static void test_a_clean_start_forgets(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = kept(0, false);
	send_packets(stream, "34 | " T "0001 31");
	world_answer(STATUS_OK);
	leave(stream);
	stream = connect_4("02 003c 0001 61");
	send_packets(stream, "34 | " T "0001 31");
	assert_int_equal(world_waiting(), 1);
	world_answer(STATUS_OK);
	leave(stream);
	/* And that one was not kept. */
	stream = kept(0, false);
	leave(stream);
	world_close();
}

static void test_refusal_ends_3_1_1(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = connect_4("02 003c 0001 61");
	send_packets(stream, "34 | " T "0001 31");
	world_answer(STATUS_FORBIDDEN);
	EXPECT(stream, "");
	assert_true(stream->closed);
	leave(stream);
	world_close();
}

static void test_identifiers_never_released(void **state)
{
	(void)state;
	static const char *const settings[] = { "unreleased_max", "3", NULL };
	world_open(settings);
	struct stream *stream = connect_5();
	for (unsigned i = 1; i <= 4; i++) {
		char text[64];
		(void)snprintf(text, sizeof text, "34 | " T "%04x 00 31", i);
		send_packets(stream, text);
		world_answer(STATUS_OK);
		if (i <= 3)
			assert_int_equal(world_sent(stream).n, 4);
	}
	slice sent = world_sent(stream);
	assert_int_equal((uint8_t)sent.p[0], 0xe0);
	assert_int_equal((uint8_t)sent.p[2], 0x93);
	assert_int_equal(world.listener->base.counters.at[COUNTER_MALFORMED], 1);
	leave(stream);
	world_close();
}

static void test_retained(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = connect_5();
	send_packets(stream, "31 | " T "00 31; 31 | " T "00; 30 | " T "00");
	assert_int_equal(world_next()->in.method, METHOD_POST);
	world_answer(STATUS_OK);
	assert_int_equal(world_next()->in.method, METHOD_DELETE);
	world_answer(STATUS_OK);
	assert_int_equal(world_next()->in.method, METHOD_POST);
	world_answer(STATUS_OK);
	/* Unless it says what it is. */
	send_packets(stream, "31 | " T "0e 26 0006 6d6574686f64 0003 505554");
	assert_int_equal(world_next()->in.method, METHOD_PUT);
	world_answer(STATUS_OK);
	leave(stream);
	/* A will may be retained, and of any QoS. */
	stream = world_connect();
	send_packets(stream, "10 | " MQTT5 "36 003c 00 0001 62 00 0001 77 0001 6d");
	world_answer(STATUS_OK);
	leave(stream);
	assert_slice(world_next()->in.path, "/w");
	world_answer(STATUS_OK);
	assert_int_equal(world_waiting(), 0);
	world_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pubrec_leaves_when_it_was_delivered),
		cmocka_unit_test(test_one_careless_repetition_is_borne),
		cmocka_unit_test(test_early_pubrel_waits),
		cmocka_unit_test(test_an_identifier_of_another_message),
		cmocka_unit_test(test_an_identifier_under_way),
		cmocka_unit_test(test_once_across_connections),
		cmocka_unit_test(test_once_across_a_short_connection),
		cmocka_unit_test(test_a_clean_start_forgets),
		cmocka_unit_test(test_refusal_ends_3_1_1),
		cmocka_unit_test(test_identifiers_never_released),
		cmocka_unit_test(test_retained),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
