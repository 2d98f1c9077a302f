/* The MQTT listener against a scripted core: what becomes a request, and when what is answered. */
#include "support.h"

#include "mqtt_world.h"

static void test_publish_is_a_request(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = connect_5();
	/* QoS 1, id 7; content type, user properties Trace, "no token", method. */
	send_packets(stream, "32 | " T "0007 2f 03 0005 61 2f 62 2b 63"
	                     "26 0005 5472616365 0001 31 26 0008 6e6f20746f6b656e 0001 32"
	                     "26 0006 6d6574686f64 0003 505554 68690a");
	const struct request *request = world_next();
	assert_int_equal(request->in.method, METHOD_PUT);
	assert_slice(request->in.path, "/s/a");
	assert_slice(request->in.media, "a/b+c");
	assert_slice(request->in.body, "hi\n");
	assert_slice(request->session, "id");
	assert_int_equal(request->in.nfields, 1);
	assert_slice(request->in.fields[0].name, "trace");
	assert_slice(request->in.fields[0].value, "1");
	EXPECT(stream, ""); /* not before the answer */
	world_answer(STATUS_ACCEPTED);
	EXPECT(stream, "40 | 0007");
	/* QoS 0 has no answer. */
	send_packets(stream, "30 | " T "00 31");
	assert_int_equal(world_next()->in.method, METHOD_POST);
	world_answer(STATUS_BAD_BACKEND);
	EXPECT(stream, "");
	leave(stream);
	world_close();
}

static void test_refusals_have_reasons(void **state)
{
	(void)state;
	static const struct {
		enum status status;
		uint8_t reason;
	} rows[] = {
		{ STATUS_CREATED, 0 },
		{ STATUS_UNAUTHENTICATED, 0x87 },
		{ STATUS_FORBIDDEN, 0x87 },
		{ STATUS_NOT_FOUND, 0x90 },
		{ STATUS_METHOD_NOT_ALLOWED, 0x90 },
		{ STATUS_MALFORMED, 0x99 },
		{ STATUS_INVALID, 0x99 },
		{ STATUS_TOO_MANY, 0x97 },
		{ STATUS_STORE_FULL, 0x97 },
		{ STATUS_CONFLICT, 0x83 },
		{ STATUS_BAD_BACKEND, 0x80 },
		{ STATUS_TIMEOUT, 0x80 },
		{ STATUS_CANCELLED, 0x80 },
	};
	world_open(NULL);
	struct stream *stream = connect_5();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		send_packets(stream, "32 | " T "0001 00 78");
		uint64_t id = world_next()->id;
		world_answer(rows[i].status);
		slice sent = world_sent(stream);
		if (!rows[i].reason) {
			assert_slice_equal(
			        sent, (slice){ "\x40\x02\0\x01", 4 }, __FILE__, __LINE__);
			continue;
		}
		char why[128];
		int n = snprintf(why, sizeof why, "%s (request %016llx)",
		        status_name(rows[i].status), (unsigned long long)id);
		assert_int_equal(sent.n, 9 + n);
		assert_int_equal((uint8_t)sent.p[4], rows[i].reason);
		assert_memory_equal(sent.p + 9, why, (size_t)n);
	}
	leave(stream);
	world_close();
}

/* Request Problem Information 0: a reason code, and no string. */
static void test_reason_strings_can_be_declined(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = world_connect();
	send_packets(stream, "10 | " MQTT5 "02 003c 02 17 00 0001 61");
	world_answer(STATUS_OK);
	(void)world_sent(stream);
	send_packets(stream, "32 | " T "0001 00 78");
	world_answer(STATUS_FORBIDDEN);
	EXPECT(stream, "40 | 0001 87");
	leave(stream);
	world_close();
}

/* One at a time, in the order they came. */
static void test_publications_keep_their_order(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = connect_4("02 003c 0001 61");
	send_packets(stream, "32 | " T "0001 31; 30 | " T "32; 32 | " T "0003 33");
	assert_int_equal(world_waiting(), 1);
	assert_slice(world_next()->in.body, "1");
	world_answer(STATUS_OK);
	EXPECT(stream, "40 | 0001");
	assert_int_equal(world_waiting(), 1);
	assert_slice(world_next()->in.body, "2");
	world_answer(STATUS_OK);
	assert_slice(world_next()->in.body, "3");
	world_answer(STATUS_OK);
	EXPECT(stream, "40 | 0003");
	leave(stream);
	world_close();
}

/* Several at a time: acknowledged in order [MQTT-4.6.0-2] though answered out of it. */
static void test_acknowledgements_keep_their_order(void **state)
{
	(void)state;
	static const char *const settings[] = { "in_flight", "3", NULL };
	world_open(settings);
	struct stream *stream = connect_4("02 003c 0001 61");
	send_packets(stream,
	        "32 | " T "0001 31; 32 | " T "0002 32; 32 | " T "0003 33; 32 | " T "0004 34");
	assert_int_equal(world_waiting(), 3);
	world_answer_at(2, STATUS_OK);
	EXPECT(stream, "");
	world_answer_at(1, STATUS_OK);
	EXPECT(stream, "");
	assert_int_equal(world_waiting(), 2); /* the first and the fourth */
	world_answer_at(0, STATUS_OK);
	EXPECT(stream, "40 | 0001; 40 | 0002; 40 | 0003");
	world_answer(STATUS_OK);
	EXPECT(stream, "40 | 0004");
	leave(stream);
	world_close();
}

/* 3.1.1 has no negative acknowledgement: none is sent, the connection ends, what follows is not delivered ahead
 * of the one that comes again. */
static void test_puback_is_withheld(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = connect_4("02 003c 0001 61");
	send_packets(stream, "32 | " T "0001 31; 32 | " T "0002 32; 30 | " T "33");
	world_answer(STATUS_BAD_BACKEND);
	EXPECT(stream, "");
	assert_true(stream->closed);
	assert_int_equal(world_waiting(), 1);
	assert_slice(world_next()->in.body, "3"); /* QoS 0 does not come again */
	world_answer(STATUS_OK);
	world_drop(stream);
	world_close();
}

static void test_receive_maximum(void **state)
{
	(void)state;
	static const char *const settings[] = { "receive_maximum", "2", NULL };
	world_open(settings);
	/* MQTT 5 was told, but some clients do not look: who sends more is made to wait. */
	struct stream *stream = world_connect();
	send_packets(stream, "10 | " MQTT5 "02 003c 00 0001 61");
	world_answer(STATUS_OK);
	(void)world_sent(stream);
	send_packets(stream, "32 | " T "0001 00 31; 32 | " T "0002 00 32");
	EXPECT(stream, "");
	send_packets(stream, "32 | " T "0003 00 33");
	assert_true(stream->paused);
	EXPECT(stream, "");
	world_answer(STATUS_OK);
	assert_false(stream->paused);
	EXPECT(stream, "40 | 0001");
	world_answer(STATUS_OK);
	world_turn(stream);
	world_answer(STATUS_OK);
	EXPECT(stream, "40 | 0002; 40 | 0003");
	leave(stream);
	/* 3.1.1 was not told. */
	stream = connect_4("02 003c 0001 62");
	send_packets(stream, "32 | " T "0001 31; 32 | " T "0002 32; 32 | " T "0003 33; c0 00");
	assert_true(stream->paused);
	assert_int_equal(stream->deadline_ms, 0);
	EXPECT(stream, "");
	world_answer(STATUS_OK);
	assert_false(stream->paused);
	EXPECT(stream, "40 | 0001; d0 00");
	world_answer(STATUS_OK);
	world_answer(STATUS_OK);
	EXPECT(stream, "40 | 0002; 40 | 0003");
	leave(stream);
	world_close();
}

static void test_duplicates_are_submitted_once(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = connect_4("02 003c 0001 61");
	send_packets(stream, "32 | " T "0001 31; 3a | " T "0001 31");
	world_answer(STATUS_OK);
	assert_int_equal(world_waiting(), 0);
	EXPECT(stream, "40 | 0001");
	/* Acknowledged, the identifier is free again. */
	send_packets(stream, "32 | " T "0001 32");
	assert_int_equal(world_waiting(), 1);
	/* Another message under an identifier in use. */
	send_packets(stream, "32 | " T "0001 33");
	assert_true(stream->closed);
	while (world_waiting())
		world_answer(STATUS_OK);
	world_drop(stream);
	world_close();
}

static void test_topic_aliases(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = connect_5();
	send_packets(stream, "30 | " T "03 23 000a 31; 30 | 0000 03 23 000a 32");
	assert_slice(world_next()->in.path, "/s/a");
	world_answer(STATUS_OK);
	assert_slice(world_next()->in.path, "/s/a");
	assert_slice(world_next()->in.body, "2");
	world_answer(STATUS_OK);
	/* Said anew; then one above the maximum. */
	send_packets(stream, "30 | 0001 62 03 23 000a 33; 30 | 0000 03 23 000a 34");
	world_answer(STATUS_OK);
	assert_slice(world_next()->in.path, "/b");
	world_answer(STATUS_OK);
	send_packets(stream, "30 | " T "03 23 000b 35");
	assert_int_equal((uint8_t)world_sent(stream).p[2], 0x94);
	world_answer(STATUS_OK); /* the report */
	leave(stream);
	stream = connect_5();
	send_packets(stream, "30 | 0000 03 23 0001 31"); /* of this connection, nothing was said */
	assert_int_equal((uint8_t)world_sent(stream).p[2], 0x82);
	world_answer(STATUS_OK);
	leave(stream);
	world_close();
}

/* What ends an MQTT 5 connection, and with which reason; nothing of it is delivered. */
static void test_faults_end_the_connection(void **state)
{
	(void)state;
	static const struct {
		const char *packet;
		uint8_t reason;
	} rows[] = {
		{ "30 | 0001 23 00 78", 0x81 },
		{ "32 | " T "0000 00 78", 0x82 },
		{ "10 | " MQTT5 "02 003c 00 0001 61", 0x82 },
		{ "f0 | 18 00", 0x82 },
		{ "20 | 00 00 00", 0x81 },
		{ "82 | 0001 00 0001 70 03", 0x81 },
		{ "30 81 80 0c", 0x95 }, /* one byte above what it may announce */
		{ "e0 | 00 05 11 00000001", 0x82 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		world_open(NULL);
		struct stream *stream = connect_5();
		send_packets(stream, rows[i].packet);
		slice sent = world_sent(stream);
		if (sent.n < 3 || (uint8_t)sent.p[0] != 0xe0 ||
		        (uint8_t)sent.p[2] != rows[i].reason)
			fail_msg("%s", rows[i].packet);
		assert_true(stream->closed);
		assert_int_equal(world_waiting(), 1);
		assert_int_equal(world_next()->status, STATUS_MALFORMED);
		assert_true(world_next()->why.n > 0);
		assert_int_equal(world.listener->base.counters.at[COUNTER_MALFORMED], 1);
		world_answer(STATUS_OK);
		leave(stream);
		world_close();
	}
}

static void test_the_adapter_refuses_by_itself(void **state)
{
	(void)state;
	static const struct {
		const char *publish;
		enum status status;
	} rows[] = {
		{ "32 | " T "0001 02 01 01 ff", STATUS_MALFORMED },    /* said to be UTF-8 */
		{ "32 | 0004 612f2e2e 0001 00 78", STATUS_NOT_FOUND }, /* a/.. */
		{ "32 | " T "0001 12 26 0006 6d6574686f64 0007 434f4e4e454354 78",
		        STATUS_METHOD_NOT_ALLOWED },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		world_open(NULL);
		struct stream *stream = connect_5();
		send_packets(stream, rows[i].publish);
		assert_int_equal(world_next()->status, rows[i].status);
		world_answer(STATUS_OK);
		slice sent = world_sent(stream);
		assert_int_equal((uint8_t)sent.p[0], 0x40);
		assert_true((uint8_t)sent.p[4] >= 0x80);
		assert_false(stream->closed);
		leave(stream);
		world_close();
	}
}

static void test_what_was_received_is_delivered(void **state)
{
	(void)state;
	world_open(NULL);
	/* What is to be acknowledged is, though the good-bye came right behind it. */
	struct stream *stream = connect_4("02 003c 0001 61");
	send_packets(stream, "32 | " T "0001 31; e0 00");
	assert_false(stream->closing);
	world_answer(STATUS_OK);
	EXPECT(stream, "40 | 0001");
	assert_true(stream->closed);
	world_drop(stream);
	stream = connect_4("02 003c 0001 61");
	send_packets(stream, "30 | " T "31; 30 | " T "32; e0 00");
	assert_true(stream->closed);
	world_drop(stream);
	assert_slice(world_next()->in.body, "1");
	world_answer(STATUS_OK);
	assert_slice(world_next()->in.body, "2");
	world_answer(STATUS_OK);
	world_close();
}

/* A device that says good-bye after each reading and comes back: its readings keep their order. */
static void test_order_across_connections(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *first = connect_4("02 003c 0001 61");
	send_packets(first, "30 | " T "31; 30 | " T "32; e0 00");
	world_drop(first);
	/* In the line behind it, and a third that comes and goes without a word. */
	struct stream *second = connect_after(1, "02 003c 0001 61");
	send_packets(second, "30 | " T "33; e0 00");
	world_drop(second);
	struct stream *third = connect_after(1, "02 003c 0001 61");
	send_packets(third, "e0 00");
	world_drop(third);
	struct stream *fourth = connect_after(1, "02 003c 0001 61");
	send_packets(fourth, "32 | " T "0001 34");
	/* Another client does not wait. */
	struct stream *other = connect_after(1, "02 003c 0001 62");
	send_packets(other, "30 | " T "39");
	assert_int_equal(world_waiting(), 2);
	world_answer_at(1, STATUS_OK);
	static const char *const bodies[] = { "1", "2", "3", "4" };
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(world_waiting(), 1);
		assert_slice(world_next()->in.body, bodies[i]);
		EXPECT(fourth, "");
		world_answer(STATUS_OK);
	}
	EXPECT(fourth, "40 | 0001");
	leave(fourth);
	leave(other);
	world_close();
}

/* The same when a connection that is taken over still waits for the one before it, and is slow to go. */
static void test_order_across_a_take_over(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *first = connect_4("02 003c 0001 61");
	send_packets(first, "30 | " T "31; 30 | " T "32; e0 00");
	world_drop(first);
	struct stream *second = connect_after(1, "02 003c 0001 61");
	struct stream *third = connect_after(1, "02 003c 0001 61");
	assert_true(second->closing && !second->closed);
	struct stream *fourth = connect_after(1, "02 003c 0001 61");
	send_packets(fourth, "32 | " T "0001 33");
	assert_int_equal(world_waiting(), 1);
	world_turn(third);
	static const char *const bodies[] = { "1", "2", "3" };
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(world_waiting(), 1);
		assert_slice(world_next()->in.body, bodies[i]);
		world_answer(STATUS_OK);
	}
	EXPECT(fourth, "40 | 0001");
	world_turn(second);
	world_drop(second);
	world_drop(third);
	leave(fourth);
	world_close();
}

static void test_the_will(void **state)
{
	(void)state;
	static const char with_will[] = "06 003c 0001 61 0001 77 0004 676f6e65";
	world_open(NULL);
	/* Lost: the will is published, as the last of all. */
	struct stream *stream = connect_4(with_will);
	send_packets(stream, "30 | " T "31");
	world_end(stream, STREAM_END_DEADLINE);
	world_drop(stream);
	assert_int_equal(world.listener->base.counters.at[COUNTER_EXPIRED], 1);
	world_answer(STATUS_OK);
	assert_slice(world_next()->in.path, "/w");
	assert_slice(world_next()->in.body, "gone");
	assert_slice(world_next()->session, "a");
	world_answer(STATUS_OK);
	/* Said good-bye: it is not. */
	stream = connect_4(with_will);
	send_packets(stream, "e0 00");
	world_drop(stream);
	assert_int_equal(world_waiting(), 0);
	/* Good-bye with the will (MQTT 5, 0x04): it is. */
	stream = world_connect();
	send_packets(stream, "10 | " MQTT5 "06 003c 00 0001 61 00 0001 77 0004 676f6e65");
	world_answer(STATUS_OK);
	send_packets(stream, "e0 | 04");
	world_drop(stream);
	assert_slice(world_next()->in.body, "gone");
	world_answer(STATUS_OK);
	/* Never let in: there is no will. */
	stream = world_connect();
	send_packets(stream, "10 | " MQTT4 "06 003c 0001 61 0001 77 0004 676f6e65");
	world_answer(STATUS_FORBIDDEN);
	world_turn(stream);
	world_drop(stream);
	assert_int_equal(world_waiting(), 0);
	world_close();
}

static void test_subscriptions(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = connect_4("02 003c 0001 61");
	/* reply/#, $SYS/a, $share/g/reply/x: the first alone, with QoS 0. */
	send_packets(stream, "82 | 0001 0007 7265706c792f23 01 0006 245359532f61 00"
	                     "0010 2473686172652f672f7265706c792f78 00");
	EXPECT(stream, "90 | 0001 00 80 80");
	send_packets(stream, "a2 | 0002 0007 7265706c792f23 " T);
	EXPECT(stream, "b0 | 0002");
	leave(stream);
	stream = world_connect();
	send_packets(stream, "10 | " MQTT5 "02 003c 02 17 00 0001 61");
	world_answer(STATUS_OK);
	(void)world_sent(stream);
	send_packets(stream, "82 | 0001 00 0007 7265706c792f23 01 0006 245359532f61 00"
	                     "0010 2473686172652f672f7265706c792f78 00");
	EXPECT(stream, "90 | 0001 00 00 87 9e");
	send_packets(stream, "a2 | 0002 00 0007 7265706c792f23 " T);
	EXPECT(stream, "b0 | 0002 00 00 11");
	leave(stream);
	world_close();
}

static void reply_with(const char *media, const char *body, enum status status)
{
	struct request *request = world_next();
	request->out.media = slice_of(media);
	request->out.body = slice_of(body);
	world_answer(status);
}

static void test_replies(void **state)
{
	(void)state;
	world_open(NULL);
	/* MQTT 5: on the response topic, with the correlation data and the subscription's number. */
	struct stream *stream = connect_5();
	send_packets(stream, "82 | 0001 02 0b 05 0007 7265706c792f2b 00");
	EXPECT(stream, "90 | 0001 00 00");
	send_packets(stream, "32 | " T "0002 0f 08 " REPLY "09 0002 0102 78");
	reply_with("a/b", "yes", STATUS_OK);
	EXPECT(stream, "40 | 0002; 30 | " REPLY "1a 03 0003 612f62 09 0002 0102 0b 05 "
	               "26 0006 737461747573 0002 6f6b 796573");
	/* Not subscribed to, nothing is published. */
	send_packets(stream, "32 | " T "0003 06 08 0003 612f62 78");
	reply_with("a/b", "yes", STATUS_OK);
	EXPECT(stream, "40 | 0003");
	leave(stream);
	/* 3.1.1: on reply/ and the topic. */
	stream = connect_4("02 003c 0001 62");
	send_packets(stream, "82 | 0001 0009 7265706c792f732f61 00");
	EXPECT(stream, "90 | 0001 00");
	send_packets(stream, "30 | " T "78");
	reply_with("a/b", "yes", STATUS_OK);
	EXPECT(stream, "30 | 0009 7265706c792f732f61 796573");
	leave(stream);
	world_close();
}

static void test_memory_limit(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *stream = connect_5();
	/* Nothing under way: refused, truthfully. */
	world.refuse_requests = 1;
	send_packets(stream, "32 | " T "0001 00 78");
	slice sent = world_sent(stream);
	assert_int_equal((uint8_t)sent.p[4], 0x97);
	/* Something under way: the next one waits for it. */
	send_packets(stream, "32 | " T "0002 00 31");
	world.refuse_requests = 1;
	send_packets(stream, "32 | " T "0003 00 32");
	assert_true(stream->paused);
	world_answer(STATUS_OK);
	EXPECT(stream, "40 | 0002");
	world_answer(STATUS_OK);
	EXPECT(stream, "40 | 0003");
	leave(stream);
	world_close();
}

static void test_stop_answers_what_is_under_way(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *idle = connect_5();
	struct stream *busy = connect_4("02 003c 0001 62");
	struct stream *silent = world_connect();
	send_packets(busy, "32 | " T "0001 31; 32 | " T "0002 32");
	world_stop();
	assert_false(world.listening);
	slice sent = world_sent(idle);
	assert_int_equal((uint8_t)sent.p[0], 0xe0);
	assert_int_equal((uint8_t)sent.p[2], 0x8b);
	world_turn(idle);
	world_turn(silent);
	assert_true(idle->closed && silent->closed);
	assert_false(busy->closing);
	world_answer(STATUS_OK);
	EXPECT(busy, "40 | 0001"); /* the second was never submitted */
	assert_int_equal(world_waiting(), 0);
	assert_true(busy->closed);
	world_drop(idle);
	world_drop(busy);
	world_drop(silent);
	world_close();
}

/* However the bytes are cut into segments, they mean the same. (What answers at once, PINGRESP and UNSUBACK, does not
 * wait for what is under way, so it stands here where nothing is.) */
static void test_segments_do_not_matter(void **state)
{
	(void)state;
	static const char *const sessions[] = {
		"10 | " MQTT4 "06 003c 0001 61 0001 77 0001 6d; 82 | 0002 0007 7265706c792f23 00;"
		"c0 00; 32 | " T "0001 31; 30 | " T "32; 32 | " T "0003 33",
		"10 | " MQTT4 "02 003c 0001 61; 30 | " T "31; 30 | " T "32; e0 00; 30 | " T "33",
		"10 | " MQTT5 "02 003c 00 0001 61; 34 | " T "0001 00 31; 62 | 0001; 82 | 0002 00 " T
		"02; a2 | 0004 00 " T "; 32 | " T "0003 00 32; 32 | " T "0005 00 32; e0 00",
		"10 | " MQTT5 "02 003c 00 0000; c0 00; 30 | " T "03 23 0001 31;"
		"32 | 0000 0001 03 23 0001 32; 30 | " T "00 34",
		"10 | " MQTT4 "02 003c 0001 61; c0 01 00; c0 00",
	};
	static const char *const found[] = { "POST /s/a", "POST /s/a", "SUBSCRIBE /s/a",
		"POST /s/a", "POST / malformed" };
	for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++) {
		struct arena arena;
		arena_init(&arena, 1 << 20);
		slice log = world_replay_all(&arena, packets(&arena, sessions[i]));
		assert_non_null(memmem(log.p, log.n, found[i], strlen(found[i])));
		arena_finish(&arena);
	}
}

/* Sessions with a few bytes changed: whatever they become, nothing is lost, left over or read out of bounds. */
static void test_mutations_do_no_harm(void **state)
{
	(void)state;
	static const char *const sessions[] = {
		"10 | " MQTT4 "c6 003c 0001 61 0001 77 0001 6d 0001 75 0001 70;"
		"82 | 0002 0007 7265706c792f23 00; 32 | " T
		"0001 31; c0 00; a2 | 0003 0001 70; e0 00",
		"10 | " MQTT5 "06 003c 05 11 00000009 0001 61 05 18 00000001 0001 77 0001 6d;"
		"82 | 0001 02 0b 05 0007 7265706c792f2b 00; 30 | " T "03 23 0001 31;"
		"32 | " T "0002 0f 08 " REPLY "09 0002 0102 78; 62 | 0001 92; e0 | 04",
	};
	unsigned seed = 7;
	for (unsigned round = 0; round < 1000; round++) {
		struct arena arena;
		arena_init(&arena, 4 << 20);
		slice bytes = packets(&arena, sessions[round % 2]);
		for (unsigned changes = 1 + round % 3; changes > 0; changes--) {
			size_t at = (size_t)rand_r(&seed) % bytes.n;
			((char *)(uintptr_t)bytes.p)[at] = (char)rand_r(&seed);
		}
		(void)world_replay(&arena, bytes, 64, seed);
		arena_finish(&arena);
	}
}

/* At the stop, one that waits for its predecessor has nothing under way: it ends, and takes nothing more. */
static void test_stop_with_a_line(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *first = connect_4("02 003c 0001 61");
	send_packets(first, "30 | " T "31; 30 | " T "32; e0 00");
	world_drop(first);
	struct stream *second = connect_after(1, "02 003c 0001 61");
	send_packets(second, "30 | " T "33");
	world_stop();
	world_turn(second);
	assert_true(second->closed);
	world_drop(second);
	world_answer(STATUS_OK);
	assert_int_equal(world_waiting(), 0);
	world_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_publish_is_a_request),
		cmocka_unit_test(test_refusals_have_reasons),
		cmocka_unit_test(test_reason_strings_can_be_declined),
		cmocka_unit_test(test_publications_keep_their_order),
		cmocka_unit_test(test_acknowledgements_keep_their_order),
		cmocka_unit_test(test_puback_is_withheld),
		cmocka_unit_test(test_receive_maximum),
		cmocka_unit_test(test_duplicates_are_submitted_once),
		cmocka_unit_test(test_topic_aliases),
		cmocka_unit_test(test_faults_end_the_connection),
		cmocka_unit_test(test_the_adapter_refuses_by_itself),
		cmocka_unit_test(test_what_was_received_is_delivered),
		cmocka_unit_test(test_order_across_connections),
		cmocka_unit_test(test_order_across_a_take_over),
		cmocka_unit_test(test_the_will),
		cmocka_unit_test(test_subscriptions),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_memory_limit),
		cmocka_unit_test(test_stop_answers_what_is_under_way),
		cmocka_unit_test(test_stop_with_a_line),
		cmocka_unit_test(test_segments_do_not_matter),
		cmocka_unit_test(test_mutations_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
