/* What is kept of a client while it is away, and for how long: sessions, wills, names. */
#include "support.h"

#include "mqtt_world.h"

static const char keep_me[] = "10 | " MQTT5 "00 003c 05 11 0000003c 0001 61"; /* for a minute */

/* Is a session present? (the byte of CONNACK) */
static bool comes_back(struct stream **stream, const char *connect)
{
	*stream = world_connect();
	send_packets(*stream, connect);
	world_answer_at(world_waiting() - 1, STATUS_OK);
	slice sent = world_sent(*stream);
	assert_true(sent.n > 3);
	assert_int_equal((uint8_t)sent.p[0], 0x20);
	assert_int_equal(sent.p[3], 0);
	return sent.p[2];
}

static void test_until_it_expires(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream;
	assert_false(comes_back(&stream, keep_me));
	leave(stream);
	world_wait(59 * 1000);
	assert_true(comes_back(&stream, keep_me));
	leave(stream);
	world_wait(61 * 1000);
	assert_null(world.listener->clients);
	assert_false(comes_back(&stream, keep_me));
	/* DISCONNECT may change how long. */
	send_packets(stream, "e0 | 00 05 11 0000000a");
	world_turn(stream);
	world_drop(stream);
	world_wait(9 * 1000);
	assert_true(comes_back(&stream, keep_me));
	send_packets(stream, "e0 | 00 05 11 00000000");
	world_turn(stream);
	world_drop(stream);
	assert_null(world.listener->clients);
	world_close();
}

static void test_no_longer_than_is_granted(void **state)
{
	(void)state;
	static const char *const settings[] = { "session_expiry_max", "10s", NULL };
	world_open(settings);
	struct stream *stream = world_connect();
	send_packets(stream, keep_me);
	world_answer(STATUS_OK);
	EXPECT(stream, "20 | 00 00 12 11 0000000a 21 0014 27 00030000 22 000a 2a 00");
	leave(stream);
	world_wait(11 * 1000);
	assert_false(comes_back(&stream, keep_me));
	leave(stream);
	world_close();
}

static void test_none_are_kept_where_none_are_wanted(void **state)
{
	(void)state;
	static const char *const settings[] = { "sessions", "0", NULL };
	world_open(settings);
	struct stream *stream = world_connect();
	send_packets(stream, keep_me);
	world_answer(STATUS_OK);
	EXPECT(stream, "20 | 00 00 12 11 00000000 21 0014 27 00030000 22 000a 2a 00");
	leave(stream);
	assert_null(world.listener->clients);
	world_close();
}

static void test_the_longest_gone_gives_way(void **state)
{
	(void)state;
	static const char *const settings[] = { "sessions", "2", NULL };
	static const char *const connects[] = { "10 | " MQTT4 "00 003c 0001 61",
		"10 | " MQTT4 "00 003c 0001 62", "10 | " MQTT4 "00 003c 0001 63" };
	world_open(settings);
	struct stream *stream;
	for (unsigned i = 0; i < 3; i++) {
		assert_false(comes_back(&stream, connects[i]));
		leave(stream);
	}
	assert_int_equal(world.listener->naway, 2);
	assert_true(comes_back(&stream, connects[1]));
	leave(stream);
	assert_true(comes_back(&stream, connects[2]));
	leave(stream);
	assert_false(comes_back(&stream, connects[0]));
	leave(stream);
	world_close();
}

static struct identity someone(const char *id)
{
	return (struct identity){ .id = slice_of(id) };
}

static uint8_t connack_as(
        struct stream **stream, const char *connect, const struct identity *identity)
{
	*stream = world_connect();
	send_packets(*stream, connect);
	world_next()->who = identity;
	world_answer(STATUS_OK);
	slice sent = world_sent(*stream);
	assert_true(sent.n >= 4);
	return (uint8_t)sent.p[3];
}

static bool is_kept(const char *id)
{
	const struct mqtt_client *client;
	HASH_FIND(hh, world.listener->clients, id, (unsigned)strlen(id), client);
	return client && !client->session;
}

/* One identity under many client identifiers pushes out its own, and nobody else's. */
static void test_of_one_identity_its_own_longest_gone_gives_way(void **state)
{
	(void)state;
	static const char *const settings[] = { "sessions_per_client", "2", NULL };
	const struct identity seven = someone("engine-7"), eight = someone("engine-8");
	world_open(settings);
	struct stream *stream;
	assert_int_equal(connack_as(&stream, "10 | " MQTT4 "00 003c 0001 61", &eight), 0);
	leave(stream);
	for (unsigned i = 0; i < 4; i++) {
		static const char *const connects[] = { "10 | " MQTT4 "00 003c 0001 62",
			"10 | " MQTT4 "00 003c 0001 63", "10 | " MQTT4 "00 003c 0001 64",
			"10 | " MQTT4 "00 003c 0001 65" };
		assert_int_equal(connack_as(&stream, connects[i], &seven), 0);
		leave(stream);
		assert_int_equal(world.listener->naway, i < 2 ? 2 + i : 3);
	}
	assert_true(is_kept("a") && is_kept("d") && is_kept("e"));
	/* One that was back is the last that has gone; one that is connected counts for nothing. */
	assert_int_equal(connack_as(&stream, "10 | " MQTT4 "00 003c 0001 64", &seven), 0);
	leave(stream);
	assert_int_equal(connack_as(&stream, "10 | " MQTT4 "00 003c 0001 66", &seven), 0);
	assert_true(is_kept("e") && is_kept("d"));
	leave(stream);
	assert_true(is_kept("a") && is_kept("d") && is_kept("f"));
	assert_int_equal(world.listener->naway, 3);
	/* Whom nobody recognised is no identity: only `sessions` bounds them. */
	for (unsigned i = 0; i < 3; i++) {
		static const char *const connects[] = { "10 | " MQTT4 "00 003c 0001 67",
			"10 | " MQTT4 "00 003c 0001 68", "10 | " MQTT4 "00 003c 0001 69" };
		assert_false(comes_back(&stream, connects[i]));
		leave(stream);
	}
	assert_int_equal(world.listener->naway, 6);
	world_close();
}

static void test_a_kept_session_is_its_caller_s(void **state)
{
	(void)state;
	const struct identity seven = someone("engine-7"), eight = someone("engine-8");
	world_open(NULL);
	struct stream *stream;
	assert_int_equal(connack_as(&stream, keep_me, &seven), 0);
	leave(stream);
	assert_int_equal(connack_as(&stream, keep_me, &eight), 0x85);
	world_answer(STATUS_CONFLICT);
	leave(stream);
	/* Nor may one that forgets it begin with a clean start. */
	assert_int_equal(connack_as(&stream, "10 | " MQTT5 "02 003c 00 0001 61", NULL), 0x85);
	world_answer(STATUS_CONFLICT);
	leave(stream);
	assert_int_equal(connack_as(&stream, keep_me, &seven), 0);
	leave(stream);
	world_close();
}

/* A stranger that sits on a device's name has to go when the device comes. */
static void test_a_name_goes_to_who_proves_it(void **state)
{
	(void)state;
	const struct identity seven = someone("engine-7");
	world_open(NULL);
	struct stream *squatter, *device;
	assert_int_equal(connack_as(&squatter, keep_me, NULL), 0);
	assert_int_equal(connack_as(&device, keep_me, &seven), 0);
	assert_int_equal((uint8_t)world_sent(squatter).p[2], 0x8e);
	world_turn(squatter);
	world_drop(squatter);
	leave(device);
	/* Of what the stranger left nothing is there. */
	assert_true(comes_back(&squatter, "10 | " MQTT5 "00 003c 05 11 0000003c 0001 62") == 0);
	leave(squatter);
	device = world_connect();
	send_packets(device, "10 | " MQTT5 "00 003c 05 11 0000003c 0001 62");
	world_next()->who = &seven;
	world_answer(STATUS_OK);
	assert_int_equal(world_sent(device).p[2], 0);
	leave(device);
	world_close();
}

static void test_two_of_one_name(void **state)
{
	(void)state;
	static const char *const settings[] = { "take_overs", "2", NULL };
	static const char connect[] = "10 | " MQTT5 "02 003c 00 0001 61";
	world_open(settings);
	struct stream *streams[4];
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(connack_as(&streams[i], connect, NULL), 0);
	assert_int_equal(connack_as(&streams[3], connect, NULL), 0x9f);
	world_answer(STATUS_TOO_MANY);
	assert_false(streams[2]->closing);
	leave(streams[3]);
	/* Later it may. */
	world_wait(11 * 1000);
	assert_int_equal(connack_as(&streams[3], connect, NULL), 0);
	for (unsigned i = 0; i < 4; i++) {
		world_turn(streams[i]);
		leave(streams[i]);
	}
	world_close();
}

static void test_the_will_waits_for_its_delay(void **state)
{
	(void)state;
	/* A minute's session, a will that waits for five seconds. */
	static const char connect[] =
	        "10 | " MQTT5 "04 003c 05 11 0000003c 0001 61 05 18 00000005 0001 77 0001 6d";
	static const char anew[] =
	        "10 | " MQTT5 "06 003c 05 11 0000003c 0001 61 05 18 00000005 0001 77 0001 6d";
	world_open(NULL);
	struct stream *stream;
	(void)comes_back(&stream, connect);
	leave(stream);
	assert_int_equal(world_waiting(), 0);
	/* Back in time: there is none. */
	world_wait(4000);
	assert_true(comes_back(&stream, connect));
	world_wait(60 * 1000);
	assert_int_equal(world_waiting(), 0);
	/* Not back in time. */
	leave(stream);
	world_wait(6000);
	assert_int_equal(world_waiting(), 1);
	assert_slice(world_next()->in.body, "m");
	assert_slice(world_next()->session, "a");
	world_answer(STATUS_OK);
	/* The session ends before: so does the delay. */
	(void)comes_back(&stream, connect);
	send_packets(stream, "e0 | 04 05 11 00000001");
	world_turn(stream);
	world_drop(stream);
	world_wait(2000);
	assert_int_equal(world_waiting(), 1);
	world_answer(STATUS_OK);
	/* A clean start ends it as well; what is published then comes after the will. */
	(void)comes_back(&stream, connect);
	leave(stream);
	assert_false(comes_back(&stream, anew));
	send_packets(stream, "30 | " T "00 31");
	assert_int_equal(world_waiting(), 1);
	assert_slice(world_next()->in.body, "m");
	world_answer(STATUS_OK);
	assert_slice(world_next()->in.body, "1");
	world_answer(STATUS_OK);
	send_packets(stream, "e0 00");
	world_drop(stream);
	/* At the gateway's end it is gone. */
	(void)comes_back(&stream, connect);
	leave(stream);
	world_stop();
	assert_int_equal(world_waiting(), 0);
	world_close();
}

static void test_a_doorstep_is_small(void **state)
{
	(void)state;
	static const char *const settings[] = { "connecting_max", "2", NULL };
	world_open(settings);
	struct stream *one = world_connect(), *two = world_connect(), three = { 0 };
	assert_null(world.accept.accepted(world.accept.arg, &three));
	assert_int_equal(world.listener->base.counters.at[COUNTER_REFUSED], 1);
	/* Let in, or gone, it makes room. */
	send_packets(one, "10 | " MQTT4 "02 003c 0001 61");
	world_answer(STATUS_OK);
	struct stream *four = world_connect();
	leave(two);
	struct stream *five = world_connect();
	assert_null(world.accept.accepted(world.accept.arg, &three));
	leave(one);
	leave(four);
	leave(five);
	assert_null(world.listener->addresses);
	world_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_until_it_expires),
		cmocka_unit_test(test_no_longer_than_is_granted),
		cmocka_unit_test(test_none_are_kept_where_none_are_wanted),
		cmocka_unit_test(test_the_longest_gone_gives_way),
		cmocka_unit_test(test_of_one_identity_its_own_longest_gone_gives_way),
		cmocka_unit_test(test_a_kept_session_is_its_caller_s),
		cmocka_unit_test(test_a_name_goes_to_who_proves_it),
		cmocka_unit_test(test_two_of_one_name),
		cmocka_unit_test(test_the_will_waits_for_its_delay),
		cmocka_unit_test(test_a_doorstep_is_small),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
