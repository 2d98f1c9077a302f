/* What leaves for a client: last values that it follows, with QoS 0, 1 and 2, to clients that are fast, slow, away, or
 * never acknowledge. */
#include "support.h"

#include "mqtt_world.h"

#define S_ANY  "0003 732f2b "                   /* the filter s/+ */
#define KEPT_4 "00 003c 0001 61"                /* a client of 3.1.1 that is kept */
#define KEPT_5 "00 003c 05 11 0000003c 0001 61" /* of MQTT 5, for a minute */

static struct stream *come_4(bool present)
{
	struct stream *stream = world_connect();
	send_packets(stream, "10 | " MQTT4 KEPT_4);
	world_answer_at(world_waiting() - 1, STATUS_OK);
	EXPECT(stream, present ? "20 | 01 00" : "20 | 00 00");
	return stream;
}

static void test_suback_waits_for_the_core(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = connect_4("02 003c 0001 61");
	/* Two filters, one after the other; what follows is not read before. */
	send_packets(stream, "82 | 0001 " S_ANY "01 " T "02; 30 | " T "31");
	assert_int_equal(world_waiting(), 1);
	assert_slice(world_next()->in.path, "/s/+");
	assert_int_equal(world_next()->follow_after, 0);
	(void)world_follow();
	EXPECT(stream, "");
	assert_slice(world_next()->in.path, "/s/a");
	(void)world_follow();
	EXPECT(stream, "90 | 0001 01 02");
	assert_slice(world_next()->in.body, "1");
	world_answer(STATUS_OK);
	send_packets(stream, "a2 | 0002 " T);
	EXPECT(stream, "b0 | 0002");
	assert_int_equal(world.nended, 1);
	leave(stream);
	assert_int_equal(world.nended, 2);
	world_close();
}

/* What is granted and what is not, in both versions' words. */
static void test_refused_filters(void **state)
{
	(void)state;
	static const struct {
		enum status status;
		uint8_t code;
	} rows[] = {
		{ STATUS_NOT_FOUND, 0x87 },
		{ STATUS_FORBIDDEN, 0x87 },
		{ STATUS_UNAUTHENTICATED, 0x87 },
		{ STATUS_MALFORMED, 0x8f },
		{ STATUS_TOO_MANY, 0x97 },
		{ STATUS_UNAVAILABLE, 0x80 },
	};
	world_open(NULL);
	struct stream *stream = connect_5();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		send_packets(stream, "82 | 0001 00 " T "00");
		world_answer(rows[i].status);
		slice sent = world_sent(stream);
		assert_int_equal((uint8_t)sent.p[0], 0x90);
		assert_int_equal((uint8_t)sent.p[sent.n - 1], rows[i].code);
		assert_non_null(memmem(sent.p, sent.n, "not a broker: ", 14));
		assert_non_null(memmem(sent.p, sent.n, "(request ", 9));
	}
	assert_string_equal(world.returned, "");
	/* Nothing is followed, but commands may come. */
	world.commands_may_come = true;
	send_packets(stream, "82 | 0001 00 " T "01");
	world_answer(STATUS_NOT_FOUND);
	EXPECT(stream, "90 | 0001 00 01");
	assert_string_equal(world.returned, "id");
	/* A filter that makes no path. */
	send_packets(stream, "82 | 0001 00 0004 732f2e2e 01");
	slice sent = world_sent(stream);
	assert_int_equal((uint8_t)sent.p[sent.n - 1], 0x8f);
	leave(stream);
	stream = connect_4("02 003c 0001 61");
	world.commands_may_come = false;
	send_packets(stream, "82 | 0001 " T "00");
	world_answer(STATUS_FORBIDDEN);
	EXPECT(stream, "90 | 0001 80");
	leave(stream);
	world_close();
}

static void test_patterns(void **state)
{
	(void)state;
	static const struct {
		const char *filter, *path;
	} rows[] = {
		{ "0001 23", "/#" },
		{ "0002 2f23", "/#" },
		{ "0003 2f2f23", "//#" },
		{ "0001 2b", "/+" },
		{ "0005 612f2b2f23", "/a/+/#" },
		{ "0004 2f612f62", "/a/b" },
		{ "0003 612062", "/a%20b" },
		{ "0002 612f", "/a/" },
	};
	world_open(NULL);
	struct stream *stream = connect_4("02 003c 0001 61");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[64];
		(void)snprintf(text, sizeof text, "82 | 0001 %s 00", rows[i].filter);
		send_packets(stream, text);
		assert_slice(world_next()->in.path, rows[i].path);
		world_answer(STATUS_NOT_FOUND);
	}
	leave(stream);
	world_close();
}

static void test_filters_are_bounded(void **state)
{
	(void)state;
	static const char *const settings[] = { "subscriptions", "2", NULL };
	world_open(settings);
	struct stream *stream = connect_4("02 003c 0001 61");
	send_packets(stream,
	        "82 | 0001 0007 7265706c792f61 00 0007 7265706c792f62 00 0007 7265706c792f63 00");
	EXPECT(stream, "90 | 0001 00 00 80");
	/* One that is there may be said again. */
	send_packets(stream, "82 | 0001 0007 7265706c792f62 00");
	EXPECT(stream, "90 | 0001 00");
	leave(stream);
	world_close();
}

static void test_values_are_published(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = connect_5();
	send_packets(stream, "82 | 0001 02 0b 05 " S_ANY "00");
	struct subscription *values = world_follow();
	EXPECT(stream, "90 | 0001 00 00");
	/* What was there before is retained. */
	world_push(values, "/s/a", "1", 10, true);
	EXPECT(stream, "31 | " T "08 03 0003 612f62 0b 05 31");
	world_push(values, "/s/a", "2", 11, false);
	EXPECT(stream, "30 | " T "08 03 0003 612f62 0b 05 32");
	/* A path that no topic can be made of is left out. */
	world_push(values, "/s/a%2Bb", "3", 12, false);
	EXPECT(stream, "");
	/* A filter with a leading slash hears topics with one; retained as published; QoS 2. */
	send_packets(stream, "82 | 0002 00 0004 2f732f2b 0a");
	values = world_follow();
	EXPECT(stream, "90 | 0002 00 02");
	world_push(values, "/s/b%20c", "4", 13, false);
	EXPECT(stream, "35 | 0006 2f732f622063 0001 06 03 0003 612f62 34");
	leave(stream);
	world_close();
}

static void test_retain_handling(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = connect_5();
	send_packets(stream, "82 | 0001 00 " T "20");
	assert_true(world_next()->follow_after > 0);
	(void)world_follow();
	send_packets(stream, "82 | 0001 00 " S_ANY "10");
	assert_int_equal(world_next()->follow_after, 0);
	struct subscription *values = world_follow();
	world_push(values, "/s/a", "1", 10, true);
	/* The same again: 1 does not want what is there, 0 does. */
	send_packets(stream, "82 | 0001 00 " S_ANY "10");
	assert_int_equal(world_next()->follow_after, 10);
	(void)world_follow();
	assert_int_equal(world.nended, 1);
	send_packets(stream, "82 | 0001 00 " S_ANY "00");
	assert_int_equal(world_next()->follow_after, 0);
	(void)world_follow();
	/* Not granted any more, the older one has ended as well. */
	send_packets(stream, "82 | 0001 00 " S_ANY "00");
	world_answer(STATUS_FORBIDDEN);
	assert_int_equal(world.nended, 3);
	(void)world_sent(stream);
	leave(stream);
	world_close();
}

static void test_qos_1_and_2_to_the_client(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = connect_4("02 003c 0001 61");
	send_packets(stream, "82 | 0001 " S_ANY "01 " T "02");
	struct subscription *once = world_follow(), *twice = world_follow();
	EXPECT(stream, "90 | 0001 01 02");
	world_push(once, "/s/b", "1", 10, false);
	EXPECT(stream, "32 | 0003 732f62 0001 31");
	world_push(twice, "/s/a", "2", 11, false);
	EXPECT(stream, "34 | " T "0002 32");
	send_packets(stream, "40 | 0001; 50 | 0002");
	EXPECT(stream, "62 | 0002");
	/* PUBREC again: PUBREL again. */
	send_packets(stream, "50 | 0002");
	EXPECT(stream, "62 | 0002");
	send_packets(stream, "70 | 0002");
	EXPECT(stream, "");
	assert_int_equal(world.listener->held_bytes, 0);
	/* Of nothing that was sent: ignored, but for PUBREC, which would come for ever. */
	send_packets(stream, "40 | 0007; 70 | 0007; 50 | 0007");
	EXPECT(stream, "62 | 0007");
	leave(stream);
	world_close();
}

/* An acknowledgement that is not the next of its exchange ends the connection, as Mosquitto does. */
static void test_acknowledgements_out_of_turn(void **state)
{
	(void)state;
	static const struct {
		const char *options, *packets;
		bool ends;
	} rows[] = {
		{ "01", "50 | 0001", true },
		{ "01", "70 | 0001", true },
		{ "02", "40 | 0001", true },
		{ "02", "70 | 0001", true },
		{ "02", "50 | 0001; 40 | 0001", true },
		{ "02", "50 | 0001; 50 | 0001", false },
		{ "02", "50 | 0001; 70 | 0001", false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		world_open(NULL);
		struct stream *stream = connect_4("02 003c 0001 61");
		char text[64];
		(void)snprintf(text, sizeof text, "82 | 0001 " T "%s", rows[i].options);
		send_packets(stream, text);
		struct subscription *values = world_follow();
		world_push(values, "/s/a", "1", 10, false);
		send_packets(stream, rows[i].packets);
		assert_int_equal(stream->closed, rows[i].ends);
		while (world_waiting())
			world_answer(STATUS_OK);
		leave(stream);
		world_close();
	}
}

/* A refusal is an acknowledgement as well. */
static void test_refused_by_the_client(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = connect_5();
	send_packets(stream, "82 | 0001 00 " T "02");
	struct subscription *values = world_follow();
	world_push(values, "/s/a", "1", 10, false);
	send_packets(stream, "50 | 0001 97");
	(void)world_sent(stream);
	assert_int_equal(world.listener->held_bytes, 0);
	leave(stream);
	world_close();
}

/* A client that does not acknowledge gets what fits its Receive Maximum, and later what is newest. */
static void test_one_that_never_acknowledges(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = world_connect();
	send_packets(stream, "10 | " MQTT5 "02 003c 03 21 0002 0001 61");
	world_answer(STATUS_OK);
	send_packets(stream, "82 | 0001 00 " S_ANY "01");
	struct subscription *values = world_follow();
	(void)world_sent(stream);
	for (unsigned i = 0; i < 1000; i++) {
		char body[16];
		(void)snprintf(body, sizeof body, "%u", i % 10);
		world_push(values, "/s/a", body, 10 + i, false);
	}
	EXPECT(stream, "32 | " T "0001 06 03 0003 612f62 30; 32 | " T "0002 06 03 0003 612f62 31");
	assert_true(world.listener->held_bytes < 100);
	assert_int_equal(world.listener->base.counters.at[COUNTER_LAGGED], 1);
	assert_null(world.refreshed);
	/* It catches up: all that is newer than the second. */
	send_packets(stream, "40 | 0001");
	assert_ptr_equal(world.refreshed, values);
	assert_int_equal(world.refreshed_after, 11);
	world_push(values, "/s/a", "9", 1009, false);
	EXPECT(stream, "32 | " T "0003 06 03 0003 612f62 39");
	world.refreshed = NULL;
	send_packets(stream, "40 | 0002; 40 | 0003");
	assert_null(world.refreshed);
	leave(stream);
	world_close();
}

/* Nor does one that does not read hold more than its stream may. */
static void test_one_that_reads_slowly(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = connect_4("02 003c 0001 61");
	send_packets(stream, "82 | 0001 " S_ANY "00");
	struct subscription *values = world_follow();
	(void)world_sent(stream);
	char body[10001];
	memset(body, 'x', sizeof body - 1);
	body[sizeof body - 1] = '\0';
	for (unsigned i = 0; i < 100; i++)
		world_push(values, "/s/a", body, 10 + i, false);
	assert_true(stream_unsent(stream) < 80 * 1000);
	size_t sent = world_sent(stream).n / 10000;
	world.accept.events->drained(stream->owner, stream);
	assert_ptr_equal(world.refreshed, values);
	assert_int_equal(world.refreshed_after, 10 + sent - 1);
	leave(stream);
	world_close();
}

static void test_clients_hold_little_together(void **state)
{
	(void)state;
	static const char *const settings[] = { "deliver_memory", "100B", NULL };
	world_open(settings);
	struct stream *one = connect_4("02 003c 0001 61"), *two = connect_4("02 003c 0001 62");
	send_packets(one, "82 | 0001 " T "01");
	struct subscription *first = world_follow();
	send_packets(two, "82 | 0001 " T "01");
	struct subscription *second = world_follow();
	(void)world_sent(one);
	(void)world_sent(two);
	world_push(first, "/s/a",
	        "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
	        10, false);
	assert_true(world_sent(one).n > 0);
	world_push(second, "/s/a", "1234567890123456789012345678901234567890", 11, false);
	EXPECT(two, "");
	/* Nothing of its own tells the second one when there is room. */
	send_packets(one, "40 | 0001");
	world_wait(1000);
	assert_ptr_equal(world.refreshed, second);
	assert_int_equal(world.refreshed_after, 0);
	leave(one);
	leave(two);
	world_close();
}

static void test_too_large_for_the_client(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = world_connect();
	send_packets(stream, "10 | " MQTT5 "02 003c 05 27 00000014 0001 61");
	world_answer(STATUS_OK);
	send_packets(stream, "82 | 0001 00 " T "01");
	struct subscription *values = world_follow();
	(void)world_sent(stream);
	world_push(values, "/s/a", "1234567890", 10, false);
	EXPECT(stream, "");
	assert_int_equal(world.listener->held_bytes, 0);
	world_push(values, "/s/a", "1", 11, false);
	assert_true(world_sent(stream).n > 0);
	leave(stream);
	world_close();
}

/* What was not acknowledged comes again, marked; then what has changed since; then what changes. */
static void test_a_session_is_resumed(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = come_4(false);
	send_packets(stream, "82 | 0001 " S_ANY "01 " T "02 0007 7265706c792f23 00");
	struct subscription *once = world_follow(), *twice = world_follow();
	EXPECT(stream, "90 | 0001 01 02 00");
	world_push(once, "/s/b", "1", 10, false);
	world_push(twice, "/s/a", "2", 11, false);
	world_push(twice, "/s/a", "3", 12, false);
	(void)world_sent(stream);
	send_packets(stream, "50 | 0002");
	leave(stream);
	assert_int_equal(world.nended, 2);
	stream = world_connect();
	send_packets(stream, "10 | " MQTT4 KEPT_4);
	world_answer(STATUS_OK);
	EXPECT(stream, "20 | 01 00; 3a | 0003 732f62 0001 31; 62 | 0002; 3c | " T "0003 33");
	assert_slice(world_next()->in.path, "/s/+");
	assert_int_equal(world_next()->follow_after, 10);
	once = world_follow();
	assert_int_equal(world_next()->follow_after, 12);
	/* A second filter of the same client, meanwhile: it has to wait. */
	send_packets(stream, "82 | 0002 0003 732f63 00");
	EXPECT(stream, "");
	twice = world_follow();
	world_turn(stream);
	assert_slice(world_next()->in.path, "/s/c");
	(void)world_follow();
	EXPECT(stream, "90 | 0002 00");
	/* What it has missed is no retained message. */
	world_push(once, "/s/b", "4", 20, true);
	EXPECT(stream, "32 | 0003 732f62 0004 34");
	send_packets(stream, "40 | 0001; 70 | 0002; 50 | 0003; 70 | 0003; 40 | 0004");
	EXPECT(stream, "62 | 0003");
	assert_int_equal(world.listener->held_bytes, 0);
	leave(stream);
	/* It may hear less now than it could; and another comes while the core is asked, and goes. */
	stream = come_4(true);
	leave(stream);
	world_answer(STATUS_OK);
	stream = come_4(true);
	world_answer(STATUS_FORBIDDEN);
	(void)world_follow();
	(void)world_follow();
	assert_int_equal(world_waiting(), 0);
	assert_int_equal(world.listener->clients->nsubscriptions, 3);
	leave(stream);
	world_close();
}

/* The client is behind when it goes: it hears from there on. */
static void test_one_that_was_behind_is_resumed(void **state)
{
	(void)state;
	static const char *const settings[] = { "deliver_maximum", "1", NULL };
	world_open(settings);
	struct stream *stream = come_4(false);
	send_packets(stream, "82 | 0001 " S_ANY "01");
	struct subscription *values = world_follow();
	world_push(values, "/s/a", "1", 10, false);
	world_push(values, "/s/b", "2", 11, false);
	world_push(values, "/s/c", "3", 12, false);
	(void)world_sent(stream);
	leave(stream);
	stream = world_connect();
	send_packets(stream, "10 | " MQTT4 KEPT_4);
	world_answer(STATUS_OK);
	EXPECT(stream, "20 | 01 00; 3a | " T "0001 31");
	assert_int_equal(world_next()->follow_after, 10);
	(void)world_follow();
	leave(stream);
	/* Speaking MQTT 5 now: the packet of 3.1.1 is composed anew. */
	stream = world_connect();
	send_packets(stream, "10 | " MQTT5 KEPT_5);
	world_answer(STATUS_OK);
	assert_int_equal(world_sent(stream).p[2], 1);
	assert_int_equal(world_next()->follow_after, 9);
	values = world_follow();
	world_push(values, "/s/a", "1", 10, true);
	EXPECT(stream, "32 | " T "0002 06 03 0003 612f62 31");
	leave(stream);
	world_close();
}

static void test_the_core_ends_it(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = connect_4("02 003c 0001 61");
	send_packets(stream, "82 | 0001 " T "00");
	struct subscription *values = world_follow();
	struct update update = { .ended = STATUS_FORBIDDEN };
	adapter_mqtt.push(&world.listener->base, values, &update);
	free(values);
	world.nended++;
	send_packets(stream, "a2 | 0002 " T);
	EXPECT(stream, "90 | 0001 00; b0 | 0002");
	leave(stream);
	world_close();
}

/* No memory for the request: the filter is refused, a session that is resumed ends and may try again. */
static void test_at_the_limit(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = come_4(false);
	world.refuse_requests = 1;
	send_packets(stream, "82 | 0001 " T "00");
	EXPECT(stream, "90 | 0001 80");
	send_packets(stream, "82 | 0001 " T "00");
	(void)world_follow();
	leave(stream);
	stream = world_connect();
	send_packets(stream, "10 | " MQTT4 KEPT_4);
	world.refuse_requests = 1;
	world_answer(STATUS_OK);
	world_turn(stream);
	assert_true(stream->closed);
	leave(stream);
	stream = come_4(true);
	world_answer(STATUS_TOO_MANY);
	world_turn(stream);
	assert_true(stream->closed);
	leave(stream);
	/* It has kept its filter. */
	stream = come_4(true);
	(void)world_follow();
	leave(stream);
	/* Nothing is followed though nobody refused it: it has ended on its way home. */
	stream = connect_4("02 003c 0001 62");
	send_packets(stream, "82 | 0001 " T "00");
	world_answer(STATUS_OK);
	EXPECT(stream, "90 | 0001 80");
	leave(stream);
	world_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suback_waits_for_the_core),
		cmocka_unit_test(test_refused_filters),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_filters_are_bounded),
		cmocka_unit_test(test_values_are_published),
		cmocka_unit_test(test_retain_handling),
		cmocka_unit_test(test_qos_1_and_2_to_the_client),
		cmocka_unit_test(test_acknowledgements_out_of_turn),
		cmocka_unit_test(test_refused_by_the_client),
		cmocka_unit_test(test_one_that_never_acknowledges),
		cmocka_unit_test(test_one_that_reads_slowly),
		cmocka_unit_test(test_clients_hold_little_together),
		cmocka_unit_test(test_too_large_for_the_client),
		cmocka_unit_test(test_a_session_is_resumed),
		cmocka_unit_test(test_one_that_was_behind_is_resumed),
		cmocka_unit_test(test_the_core_ends_it),
		cmocka_unit_test(test_at_the_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
