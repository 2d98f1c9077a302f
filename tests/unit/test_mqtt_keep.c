/* Sessions that outlive the gateway's process: what is written, when, and what is made of a record that is damaged. */
#include "support.h"

#include "mqtt_world.h"

#include "base/clock.h"

#define KEPT_4 "00 003c 0001 61"                /* a client of 3.1.1 that is kept */
#define KEPT_5 "00 003c 05 11 0000003c 0001 61" /* of MQTT 5, for a minute */
#define S_ANY  "0003 732f2b "                   /* the filter s/+ */

static const struct identity engine = { .id = SLICE_INIT("engine-7") };

static void open_with_store(void)
{
	world_open(NULL);
	world.has_store = true;
}

/* The process ends in order, and another begins. */
static void restart(void)
{
	world_stop();
	world_close();
	world_open_again(NULL);
}

static struct stream *come(const char *connect, bool present)
{
	struct stream *stream = world_connect();
	send_packets(stream, connect);
	world_next()->who = &engine;
	world_answer(STATUS_OK);
	slice sent = { stream->out + stream->out_read, stream->out_n - stream->out_read };
	assert_true(sent.n >= 4);
	assert_int_equal(sent.p[2], present);
	assert_int_equal(sent.p[3], 0);
	stream->out_read += 2 + (size_t)sent.p[1];
	return stream;
}

static void gone(struct stream *stream)
{
	world_end(stream, STREAM_END_PEER);
	world_drop(stream);
}

static const char connect_kept_4[] = "10 | " MQTT4 KEPT_4;
static const char connect_kept_5[] = "10 | " MQTT5 KEPT_5;

static void test_a_session_survives(void **state)
{
	(void)state;
	open_with_store();
	struct stream *stream = come(connect_kept_5, false);
	send_packets(stream, "82 | 0001 02 0b 07 " S_ANY "01 " T "02 0007 7265706c792f23 00");
	struct subscription *once = world_follow(), *twice = world_follow();
	(void)world_sent(stream);
	world_push(once, "/s/b", "1", 10, false);
	world_push(twice, "/s/a", "2", 20, false);
	world_push(twice, "/s/a", "3", 21, false);
	(void)world_sent(stream);
	/* Received here and not released; received there and not completed. */
	send_packets(stream, "34 | " T "0009 00 78; 50 | 0002");
	world_answer(STATUS_OK);
	(void)world_sent(stream);
	gone(stream);
	restart();
	stream = come(connect_kept_5, true);
	EXPECT(stream, "3a | 0003 732f62 0001 08 03 0003 612f62 0b 07 31; 62 | 0002;"
	               "3c | " T "0003 08 03 0003 612f62 0b 07 33");
	assert_slice(world_next()->in.path, "/s/+");
	assert_int_equal(world_next()->follow_after, 10);
	once = world_follow();
	assert_int_equal(world_next()->follow_after, 21);
	(void)world_follow();
	world_push(once, "/s/b", "4", 30, true);
	EXPECT(stream, "32 | 0003 732f62 0004 08 03 0003 612f62 0b 07 34");
	send_packets(stream, "3c | " T "0009 00 78");
	EXPECT(stream, "50 | 0009");
	/* The reply filter is there as well. */
	send_packets(stream, "32 | " T "000a 0d 08 000a 7265706c792f616263 64 78");
	assert_int_equal(world_waiting(), 1);
	world_answer(STATUS_OK);
	assert_int_equal(world_sent(stream).p[0], 0x40);
	gone(stream);
	world_close();
}

/* The release may be what a crash kept from the disk: only what is marked as a duplicate is one then. */
static void test_after_a_restart_an_unmarked_message_is_a_new_one(void **state)
{
	(void)state;
	open_with_store();
	struct stream *stream = come(connect_kept_5, false);
	send_packets(stream, "34 | " T "0009 00 78; 34 | " T "000a 00 78");
	world_answer(STATUS_OK);
	world_answer(STATUS_OK);
	(void)world_sent(stream);
	gone(stream);
	restart();
	stream = come(connect_kept_5, true);
	send_packets(stream, "3c | " T "0009 00 78");
	EXPECT(stream, "50 | 0009");
	assert_int_equal(world_waiting(), 0);
	send_packets(stream, "34 | " T "000a 00 78");
	assert_int_equal(world_waiting(), 1);
	world_answer(STATUS_OK);
	EXPECT(stream, "50 | 000a");
	gone(stream);
	world_close();
}

static void test_while_it_was_away(void **state)
{
	(void)state;
	open_with_store();
	gone(come(connect_kept_5, false));
	world_wait(1);
	assert_string_equal(world.records[0].key, "mqtt/a");
	assert_string_equal(world.records[0].owner, "engine-7");
	uint64_t left_ns = world.records[0].expires_ns - world.records[0].time_ns;
	assert_in_range(left_ns / 1000000, 59900, 60000);
	/* It expires by the wall clock, whoever is running then. */
	restart();
	assert_non_null(world.listener->clients);
	world_stop();
	world_close();
	world.records[0].expires_ns = clock_wall_ns() - 1;
	world_open_again(NULL);
	assert_null(world.listener->clients);
	assert_string_equal(world.records[0].key, "");
	world_close();
}

/* A process that dies has written what was there a moment ago; who was connected then is away now. */
static void test_after_a_crash(void **state)
{
	(void)state;
	open_with_store();
	struct stream *stream = come(connect_kept_4, false);
	send_packets(stream, "82 | 0001 " T "01");
	(void)world_follow();
	world_wait(1);
	assert_int_equal(world.records[0].expires_ns, 0);
	static struct world_record kept;
	kept = world.records[0];
	gone(stream);
	world_stop();
	world_close();
	world.records[0] = kept;
	world_open_again(NULL);
	assert_int_equal(world.listener->naway, 1);
	stream = come(connect_kept_4, true);
	assert_slice(world_next()->in.path, "/s/a");
	(void)world_follow();
	gone(stream);
	world_close();
}

static void test_only_what_is_kept_is_written(void **state)
{
	(void)state;
	open_with_store();
	/* A clean session; one whom nobody recognised and who showed a password. */
	struct stream *clean = come("10 | " MQTT4 "02 003c 0001 62", false);
	struct stream *secret = world_connect();
	send_packets(secret, "10 | " MQTT4 "c0 003c 0001 63 0001 75 0002 7077");
	world_answer(STATUS_OK);
	world_wait(1);
	assert_int_equal(world.nput, 0);
	gone(clean);
	gone(secret);
	world_wait(1);
	assert_int_equal(world.nput, 0);
	/* A session that ends is in the store no more. */
	struct stream *stream = come(connect_kept_4, false);
	world_wait(1);
	assert_int_equal(world.nput, 1);
	gone(stream);
	world_wait(1);
	assert_int_equal(world.nput, 2);
	gone(come("10 | " MQTT4 "02 003c 0001 61", false));
	assert_string_equal(world.records[0].key, "");
	/* Several changes of one turn are one record. */
	stream = come(connect_kept_4, false);
	send_packets(stream, "82 | 0001 0009 7265706c792f732f61 00; 34 | " T "0001 31");
	world_answer(STATUS_OK);
	world_wait(1);
	assert_int_equal(world.nput, 3);
	gone(stream);
	world_close();
	/* Nobody in particular, without a secret: by its name alone, as while it is there. */
	open_with_store();
	stream = world_connect();
	send_packets(stream, connect_kept_4);
	world_answer(STATUS_OK);
	gone(stream);
	restart();
	stream = world_connect();
	send_packets(stream, connect_kept_4);
	world_answer(STATUS_OK);
	(void)world_sent(stream);
	assert_int_equal(stream->out[2], 1);
	gone(stream);
	/* Not for whom is asked for more. */
	stream = come(connect_kept_4, false);
	gone(stream);
	world_close();
}

static void test_a_store_that_takes_nothing(void **state)
{
	(void)state;
	open_with_store();
	world.store_is_full = true;
	struct stream *stream = come(connect_kept_4, false);
	world_wait(1);
	assert_int_equal(world.nput, 0);
	world.store_is_full = false;
	world_wait(1001);
	assert_int_equal(world.nput, 1);
	gone(stream);
	world_close();
}

static void test_no_more_than_may_be_kept(void **state)
{
	(void)state;
	open_with_store();
	static const char *const connects[] = { "10 | " MQTT4 "00 003c 0001 63",
		"10 | " MQTT4 "00 003c 0001 61", "10 | " MQTT4 "00 003c 0001 62" };
	for (unsigned i = 0; i < 3; i++) {
		gone(come(connects[i], false));
		world_wait(1);
	}
	world_stop();
	world_close();
	/* As in the store: by key. The first that went gives way. */
	for (unsigned i = 0; i < 3; i++)
		world.records[i].time_ns = world.records[i].key[5] == 'c' ? 1 : 2;
	static const char *const settings[] = { "sessions", "2", NULL };
	world_open_again(settings);
	assert_int_equal(world.listener->naway, 2);
	gone(come(connects[1], true));
	gone(come(connects[0], false));
	world_close();
}

/* Packets beyond what a record holds are left out, and their values come anew. */
static void test_a_record_is_bounded(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = come(connect_kept_4, false);
	send_packets(stream, "82 | 0001 " S_ANY "01");
	struct subscription *values = world_follow();
	static char body[30001];
	memset(body, 'x', sizeof body - 1);
	for (unsigned i = 0; i < 4; i++) {
		world_push(values, "/s/a", body, 10 + i, false);
		(void)world_sent(stream);
	}
	struct mqtt_client *client = world.listener->clients;
	assert_int_equal(client->in_flight, 4);
	char *memory;
	slice record = mqtt_record_write(client, &memory);
	assert_true(record.n > 60000 && record.n < 66000);
	gone(stream);
	struct mqtt_listener *listener = world.listener;
	struct mqtt_client *read = mqtt_record_read(listener, SLICE("b"), SLICE("x"), record);
	assert_non_null(read);
	assert_int_equal(read->held_bytes, 2 * (30000 + 1 + 3 + 2 + 3 + 2));
	assert_int_equal(
	        LIST_OWNER(read->subscriptions.next, struct mqtt_subscription, link)->heard, 11);
	mqtt_client_forget(read);
	free(memory);
	world_close();
}

/* Whatever a record holds: it is read or it is not, nothing else. */
static void test_damaged_records(void **state)
{
	(void)state;
	open_with_store();
	struct stream *stream = come(connect_kept_5, false);
	send_packets(stream, "82 | 0001 02 0b 07 " S_ANY "01 " T "02");
	struct subscription *once = world_follow(), *twice = world_follow();
	world_push(once, "/s/b", "1", 10, false);
	world_push(twice, "/s/a", "2", 20, false);
	send_packets(stream, "34 | " T "0009 00 78");
	world_answer(STATUS_OK);
	gone(stream);
	world_wait(1);
	static struct world_record good;
	good = world.records[0];
	world_stop();
	world_close();
	unsigned seed = 3, readable = 0;
	for (size_t round = 0; round < good.head_n + 2000; round++) {
		world.records[0] = good;
		struct world_record *bad = &world.records[0];
		if (round < good.head_n)
			bad->head_n = round; /* cut off */
		for (unsigned i = 0; round >= good.head_n && i < 1 + round % 3; i++)
			bad->head[(size_t)rand_r(&seed) % good.head_n] = (char)rand_r(&seed);
		world_open_again(NULL);
		readable += world.listener->clients != NULL;
		if (!world.listener->clients)
			assert_string_equal(world.records[0].key, "");
		assert_true(round >= good.head_n || !world.listener->clients);
		world_close();
	}
	assert_true(readable > 0);
	/* A name that no client could have. */
	world.records[0] = good;
	(void)snprintf(world.records[0].key, sizeof world.records[0].key, "mqtt/a\x01");
	world_open_again(NULL);
	assert_null(world.listener->clients);
	world_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_session_survives),
		cmocka_unit_test(test_after_a_restart_an_unmarked_message_is_a_new_one),
		cmocka_unit_test(test_while_it_was_away),
		cmocka_unit_test(test_after_a_crash),
		cmocka_unit_test(test_only_what_is_kept_is_written),
		cmocka_unit_test(test_a_store_that_takes_nothing),
		cmocka_unit_test(test_no_more_than_may_be_kept),
		cmocka_unit_test(test_a_record_is_bounded),
		cmocka_unit_test(test_damaged_records),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
