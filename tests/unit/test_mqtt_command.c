/* Commands for a device that is connected, and its replies: from a device that answers, twice, late, wrongly or never. */
#include "support.h"

#include "mqtt_world.h"

#include "base/clock.h"

#define VALVES "0007 76616c76652f2b "             /* the filter valve/+ */
#define VALVE  "0007 76616c76652f33 "             /* the topic valve/3 */
#define ANSWER "000d 7265706c792f76616c76652f33 " /* reply/valve/3 */

static const struct identity engine = { .id = SLICE_INIT("engine-7") };

/* One command, and how it ended. */
struct sent {
	struct command command;
	struct message message;
	struct arena arena;
	unsigned done;
	enum status status;
};

static void done(struct command *command, enum status status)
{
	struct sent *sent = LIST_OWNER(command, struct sent, command);
	sent->done++;
	sent->status = status;
}

static void send_command(struct sent *sent, const char *device, bool wants_reply)
{
	*sent = (struct sent){ .message = { .method = METHOD_PUT,
		                       .path = SLICE("/valve/3"),
		                       .media = SLICE("a/b"),
		                       .body = SLICE("open") } };
	arena_init(&sent->arena, 1 << 16);
	sent->command = (struct command){ .device = slice_of(device),
		.message = &sent->message,
		.wants_reply = wants_reply,
		.deadline_ms = world.now_ms + 5000,
		.expires_in_s = 5,
		.arena = &sent->arena,
		.done = done };
	adapter_mqtt.command(&world.listener->base, &sent->command);
}

static void expect(struct sent *sent, enum status status)
{
	assert_int_equal(sent->done, 1);
	assert_int_equal(sent->status, status);
	assert_true(
	        status_is_success(status) || status == STATUS_CANCELLED || sent->command.why.n > 0);
	arena_finish(&sent->arena);
}

/* The device, connected and subscribed to valve/+. */
static struct stream *come(const char *connect, const struct identity *who, const char *subscribe)
{
	struct stream *stream = world_connect();
	world.commands_may_come = true;
	send_packets(stream, connect);
	world_next()->who = who;
	world_answer(STATUS_OK);
	if (subscribe) {
		send_packets(stream, subscribe);
		world_answer(STATUS_NOT_FOUND);
	}
	world_turn(stream);
	(void)world_sent(stream);
	return stream;
}

static const char connect_kept[] = "10 | " MQTT4 "00 003c 0001 61";
static const char connect_311[] = "10 | " MQTT4 "02 003c 0001 61";
static const char connect_50[] = "10 | " MQTT5 "02 003c 00 0001 61";
static const char subscribe_311[] = "82 | 0001 " VALVES "01";
static const char subscribe_50[] = "82 | 0001 00 " VALVES "02";

static void test_a_command_is_acknowledged(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *device = come(connect_311, &engine, subscribe_311);
	assert_string_equal(world.returned, "engine-7");
	struct sent sent;
	send_command(&sent, "engine-7", false);
	EXPECT(device, "32 | " VALVE "0001 6f70656e");
	assert_true(sent.command.sent);
	assert_int_equal(sent.done, 0);
	send_packets(device, "40 | 0001");
	expect(&sent, STATUS_OK);
	assert_true(sent.command.acknowledged);
	leave(device);
	world_close();
}

/* The 8 bytes behind "reply/valve/3" and the property's identifier and length. */
static void correlation(struct stream *device, char hex[17])
{
	slice sent = world_sent(device);
	const char *at = memmem(sent.p, sent.n, "\x09\0\x08", 3);
	assert_non_null(at);
	for (unsigned i = 0; i < 8; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", (uint8_t)at[3 + i]);
}

static void test_mqtt_5_replies_by_correlation(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *device = come(connect_50, &engine, subscribe_50);
	struct sent first, second;
	send_command(&first, "engine-7", true);
	char one[17], two[17], text[256];
	slice packet = { device->out + device->out_read, device->out_n - device->out_read };
	assert_int_equal((uint8_t)packet.p[0], 0x32);
	/* Expiry 5, a/b, the response topic; the method behind the correlation data. */
	assert_non_null(memmem(packet.p, packet.n,
	        "\x02\0\0\0\x05\x03\0\x03"
	        "a/b\x08\0\x0dreply/valve/3\x09\0\x08",
	        30));
	assert_non_null(memmem(packet.p, packet.n,
	        "&\0\x06"
	        "method\0\x03PUTopen",
	        18));
	correlation(device, one);
	send_command(&second, "engine-7", true);
	correlation(device, two);
	assert_string_not_equal(one, two);
	/* The second one first, with a status, a field and a media type. */
	(void)snprintf(text, sizeof text,
	        "32 | " ANSWER "0005 26 03 0003 632f64 09 0008 %s 26 0006 737461747573 0003 343034"
	        "26 0001 58 0001 79 6e6f",
	        two);
	send_packets(device, "40 | 0002");
	assert_int_equal(second.done, 0);
	send_packets(device, text);
	assert_slice(second.command.reply.body, "no");
	assert_slice(second.command.reply.media, "c/d");
	assert_int_equal(second.command.reply.nfields, 1);
	assert_slice(second.command.reply.fields[0].name, "x");
	expect(&second, STATUS_NOT_FOUND);
	EXPECT(device, "40 | 0005");
	assert_int_equal(world_waiting(), 0);
	/* An invented one is nobody's. */
	send_packets(device, "30 | " ANSWER "0b 09 0008 0000000000000000 6e6f");
	assert_int_equal(world.listener->base.counters.at[COUNTER_UNASKED], 1);
	(void)snprintf(text, sizeof text, "34 | " ANSWER "0006 0b 09 0008 %s 796573", one);
	send_packets(device, text);
	assert_slice(first.command.reply.body, "yes");
	expect(&first, STATUS_OK);
	/* A second one is acknowledged and nothing more; also when it is the same message again. */
	text[1] = 'c';
	send_packets(device, text);
	EXPECT(device, "50 | 0006; 50 | 0006");
	send_packets(device, "62 | 0006");
	text[1] = '4';
	send_packets(device, text);
	EXPECT(device, "70 | 0006; 50 | 0006");
	assert_int_equal(world.listener->base.counters.at[COUNTER_UNASKED], 2);
	assert_int_equal(world_waiting(), 0);
	leave(device);
	world_close();
}

/* 3.1.1 has no correlation data: the oldest that waits. */
static void test_3_1_1_replies_in_order(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *device = come(connect_311, &engine, subscribe_311);
	struct sent first, second;
	send_command(&first, "engine-7", true);
	send_command(&second, "engine-7", true);
	EXPECT(device, "32 | " VALVE "0001 6f70656e; 32 | " VALVE "0002 6f70656e");
	/* The reply may come before the acknowledgement. */
	send_packets(device, "30 | " ANSWER "31; 30 | " ANSWER "32; 30 | " ANSWER "33");
	assert_slice(first.command.reply.body, "1");
	expect(&first, STATUS_OK);
	assert_slice(second.command.reply.body, "2");
	expect(&second, STATUS_OK);
	assert_int_equal(world.listener->base.counters.at[COUNTER_UNASKED], 1);
	assert_int_equal(world.listener->clients->in_flight, 2);
	send_packets(device, "40 | 0001; 40 | 0002");
	assert_int_equal(world.listener->clients->in_flight, 0);
	leave(device);
	world_close();
}

/* A reply keeps its place among the acknowledgements. */
static void test_acknowledgements_keep_their_order(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *device = come(connect_311, &engine, subscribe_311);
	struct sent sent;
	send_command(&sent, "engine-7", true);
	(void)world_sent(device);
	send_packets(device, "32 | " T "0007 31; 32 | " ANSWER "0008 6f6b");
	expect(&sent, STATUS_OK);
	EXPECT(device, "");
	world_answer(STATUS_OK);
	EXPECT(device, "40 | 0007; 40 | 0008");
	leave(device);
	world_close();
}

static void test_who_is_away(void **state)
{
	(void)state;
	world_open(NULL);
	struct sent sent;
	send_command(&sent, "engine-7", false);
	assert_true(sent.command.away && !sent.command.sent);
	expect(&sent, STATUS_UNAVAILABLE);
	/* Connected, and subscribed to something else. */
	struct stream *device = come(connect_311, &engine, "82 | 0001 " T "01");
	send_command(&sent, "engine-7", false);
	assert_true(sent.command.away);
	expect(&sent, STATUS_UNAVAILABLE);
	/* Another device's command never gets here. */
	send_packets(device, subscribe_311);
	world_answer(STATUS_NOT_FOUND);
	(void)world_sent(device);
	send_command(&sent, "engine-8", false);
	expect(&sent, STATUS_UNAVAILABLE);
	/* Nor one for the name that it only claims: it proved another. */
	send_command(&sent, "a", false);
	expect(&sent, STATUS_UNAVAILABLE);
	EXPECT(device, "");
	leave(device);
	/* Who proved nothing gets none, unless the command says so. */
	device = come(connect_311, NULL, subscribe_311);
	assert_string_equal(world.returned, "a");
	send_command(&sent, "a", false);
	expect(&sent, STATUS_UNAVAILABLE);
	sent = (struct sent){ .message = { .path = SLICE("/valve/3"), .body = SLICE("x") } };
	arena_init(&sent.arena, 1 << 16);
	sent.command = (struct command){ .device = SLICE("a"),
		.unproven_too = true,
		.message = &sent.message,
		.deadline_ms = world.now_ms + 1000,
		.arena = &sent.arena,
		.done = done };
	adapter_mqtt.command(&world.listener->base, &sent.command);
	EXPECT(device, "32 | " VALVE "0001 78");
	send_packets(device, "40 | 0001");
	expect(&sent, STATUS_OK);
	leave(device);
	world_close();
}

/* Two connections of one device: the one that hears the topic. */
static void test_a_device_with_two_connections(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *one = come("10 | " MQTT4 "02 003c 0001 62", &engine, "82 | 0001 " T "01");
	struct stream *two = come(connect_311, &engine, subscribe_311);
	struct sent sent;
	send_command(&sent, "engine-7", false);
	EXPECT(one, "");
	EXPECT(two, "32 | " VALVE "0001 6f70656e");
	send_packets(two, "40 | 0001");
	expect(&sent, STATUS_OK);
	leave(two);
	send_command(&sent, "engine-7", false);
	expect(&sent, STATUS_UNAVAILABLE);
	assert_non_null(strstr(sent.command.why.p, "has not subscribed"));
	leave(one);
	assert_null(world.listener->devices);
	world_close();
}

static void test_the_connection_is_lost(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *device = come(connect_kept, &engine, subscribe_311);
	struct sent first, second;
	send_command(&first, "engine-7", true);
	send_command(&second, "engine-7", true);
	send_packets(device, "40 | 0001");
	leave(device);
	/* Not acknowledged: nobody knows. */
	assert_true(second.command.away && second.command.sent);
	expect(&second, STATUS_UNAVAILABLE);
	/* Acknowledged: it may still answer, when it is back; the other one is not sent again. */
	assert_int_equal(first.done, 0);
	device = world_connect();
	send_packets(device, connect_kept);
	world_next()->who = &engine;
	world_answer(STATUS_OK);
	world.returned[0] = '\0';
	world_answer(STATUS_NOT_FOUND);
	EXPECT(device, "20 | 01 00");
	assert_string_equal(world.returned, "engine-7");
	send_packets(device, "30 | " ANSWER "6f6b");
	assert_slice(first.command.reply.body, "ok");
	expect(&first, STATUS_OK);
	/* Its session ends: it will not. */
	send_command(&first, "engine-7", true);
	send_packets(device, "40 | 0003");
	leave(device);
	device = come(connect_311, &engine, NULL);
	assert_true(first.command.acknowledged && !first.command.away);
	expect(&first, STATUS_TIMEOUT);
	leave(device);
	world_close();
}

static void test_deadlines(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *device = come(connect_311, &engine, subscribe_311);
	struct sent first, second;
	send_command(&first, "engine-7", true);
	send_command(&second, "engine-7", false);
	send_packets(device, "40 | 0001");
	world_wait(6000);
	assert_true(first.command.acknowledged);
	expect(&first, STATUS_TIMEOUT);
	assert_false(second.command.acknowledged);
	expect(&second, STATUS_TIMEOUT);
	/* Late ones are nobody's. */
	send_packets(device, "30 | " ANSWER "31; 40 | 0002");
	assert_int_equal(world.listener->base.counters.at[COUNTER_UNASKED], 1);
	assert_int_equal(world.listener->held_bytes, 0);
	/* Nobody waits any more. */
	send_command(&first, "engine-7", true);
	adapter_mqtt.command_abort(&world.listener->base, &first.command);
	expect(&first, STATUS_CANCELLED);
	leave(device);
	world_close();
}

static void test_one_that_does_not_acknowledge(void **state)
{
	(void)state;
	static const char *const settings[] = { "deliver_maximum", "2", NULL };
	world_open(settings);
	struct stream *device = come(connect_311, &engine, subscribe_311);
	struct sent sent[18];
	for (unsigned i = 0; i < 18; i++)
		send_command(&sent[i], "engine-7", false);
	/* Two have left, fourteen wait, two are too many. */
	EXPECT(device, "32 | " VALVE "0001 6f70656e; 32 | " VALVE "0002 6f70656e");
	expect(&sent[16], STATUS_TOO_MANY);
	expect(&sent[17], STATUS_TOO_MANY);
	send_packets(device, "40 | 0001");
	EXPECT(device, "32 | " VALVE "0003 6f70656e");
	expect(&sent[0], STATUS_OK);
	/* The gateway stops. */
	assert_false(sent[5].command.sent);
	world_stop();
	for (unsigned i = 1; i < 16; i++)
		expect(&sent[i], STATUS_UNAVAILABLE);
	world_turn(device);
	leave(device);
	world_close();
}

/* Of the caller's fields the device gets what concerns it, and nothing that MQTT does not allow. */
static void test_fields(void **state)
{
	(void)state;
	static const struct field fields[] = {
		{ SLICE_INIT("cookie"), SLICE_INIT("secret") },
		{ SLICE_INIT("user-agent"), SLICE_INIT("curl") },
		{ SLICE_INIT("x-forwarded-for"), SLICE_INIT("192.0.2.1") },
		{ SLICE_INIT("x-bad"), SLICE_INIT("\xff") },
		{ SLICE_INIT("x-tab"), SLICE_INIT("a\tb") },
		{ SLICE_INIT("if-match"), SLICE_INIT("7") },
		{ SLICE_INIT("x-a"), SLICE_INIT("b") },
	};
	world_open(NULL);
	struct stream *device = come(connect_50, &engine, subscribe_50);
	struct sent sent = { .message = { .method = METHOD_PUT,
		                     .path = SLICE("/valve/3"),
		                     .media = SLICE("a/\xff"),
		                     .fields = fields,
		                     .nfields = sizeof fields / sizeof *fields } };
	arena_init(&sent.arena, 1 << 16);
	sent.command = (struct command){ .device = SLICE("engine-7"),
		.message = &sent.message,
		.deadline_ms = world.now_ms + 1000,
		.arena = &sent.arena,
		.done = done };
	adapter_mqtt.command(&world.listener->base, &sent.command);
	EXPECT(device, "32 | " VALVE "0001 25 26 0006 6d6574686f64 0003 505554"
	               "26 0008 69662d6d61746368 0001 37 26 0003 782d61 0001 62");
	send_packets(device, "40 | 0001");
	expect(&sent, STATUS_OK);
	leave(device);
	world_close();
}

static void test_how_the_device_refuses(void **state)
{
	(void)state;
	static const struct {
		const char *ack;
		enum status status;
	} rows[] = {
		{ "40 | 0001 10", STATUS_OK },
		{ "40 | 0001 80", STATUS_BAD_BACKEND },
		{ "40 | 0001 87", STATUS_FORBIDDEN },
		{ "40 | 0001 90", STATUS_NOT_FOUND },
		{ "40 | 0001 97", STATUS_TOO_MANY },
		{ "40 | 0001 99", STATUS_INVALID },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		world_open(NULL);
		struct stream *device = come(connect_50, &engine, subscribe_50);
		struct sent sent;
		send_command(&sent, "engine-7", false);
		send_packets(device, rows[i].ack);
		expect(&sent, rows[i].status);
		leave(device);
		world_close();
	}
}

static void test_qos_0_acknowledges_nothing(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *device = come(connect_311, &engine, "82 | 0001 " VALVES "00");
	struct sent sent;
	send_command(&sent, "engine-7", false);
	expect(&sent, STATUS_OK);
	assert_true(sent.command.sent && !sent.command.acknowledged);
	send_command(&sent, "engine-7", true);
	EXPECT(device, "30 | " VALVE "6f70656e; 30 | " VALVE "6f70656e");
	assert_int_equal(sent.done, 0);
	send_packets(device, "30 | " ANSWER "6f6b");
	expect(&sent, STATUS_OK);
	leave(device);
	world_close();
}

static void test_too_large(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *device =
	        come("10 | " MQTT5 "02 003c 05 27 00000014 0001 61", &engine, subscribe_50);
	struct sent sent;
	send_command(&sent, "engine-7", true);
	assert_false(sent.command.sent);
	expect(&sent, STATUS_TOO_LARGE);
	assert_int_equal(world.listener->held_bytes, 0);
	leave(device);
	world_close();
}

static void review(const char *client)
{
	adapter_mqtt.review(&world.listener->base, slice_of(client));
}

static void answer_review(enum status status, const struct identity *who)
{
	assert_int_equal(world_next()->in.method, METHOD_CONNECT);
	world_next()->who = who;
	world_answer(status);
}

static void test_a_command_waits_while_the_device_is_in_doubt(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *device = come(connect_50, &engine, subscribe_50);
	review("engine-8");
	assert_int_equal(world_waiting(), 0);
	review("engine-7");
	assert_int_equal(world_waiting(), 1);
	struct sent sent;
	send_command(&sent, "engine-7", false);
	EXPECT(device, "");
	assert_false(sent.command.sent);
	answer_review(STATUS_OK, &engine);
	assert_int_equal(device->out[device->out_read], 0x32);
	(void)world_sent(device);
	send_packets(device, "40 | 0001");
	expect(&sent, STATUS_OK);
	leave(device);
	world_close();
}

static void test_a_device_that_is_disabled_is_out(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *device = come(connect_50, &engine, subscribe_50);
	review(NULL);
	struct sent sent;
	send_command(&sent, "engine-7", false);
	answer_review(STATUS_UNAUTHENTICATED, NULL);
	slice said = world_sent(device);
	assert_true(said.n > 3 && (uint8_t)said.p[0] == 0xe0 && (uint8_t)said.p[2] == 0x98);
	assert_true(device->by_rule);
	expect(&sent, STATUS_UNAVAILABLE);
	assert_true(sent.command.away);
	world_turn(device);
	world_drop(device);
	world_close();
}

static void test_what_cannot_be_found_out_now_changes_nothing(void **state)
{
	(void)state;
	world_open(NULL);
	struct stream *device = come(connect_50, &engine, subscribe_50);
	review("engine-7");
	answer_review(STATUS_UNAVAILABLE, NULL);
	EXPECT(device, "");
	assert_int_equal(world_waiting(), 0);
	world_wait(1000);
	assert_int_equal(world_waiting(), 1);
	answer_review(STATUS_OK, &engine);
	assert_false(device->closing);
	leave(device);
	world_close();
}

static void test_a_session_ends_with_its_token(void **state)
{
	(void)state;
	struct identity passing = engine;
	world_open(NULL);
	passing.valid_until_ms = clock_wall_ns() / 1000000 + 60000;
	struct stream *device = come(connect_50, &passing, subscribe_50);
	world_wait(59000);
	assert_int_equal(world_waiting(), 0);
	world_wait(2000);
	assert_int_equal(world_waiting(), 1);
	answer_review(STATUS_UNAUTHENTICATED, NULL);
	slice said = world_sent(device);
	assert_true(said.n > 3 && (uint8_t)said.p[0] == 0xe0 && (uint8_t)said.p[2] == 0xa0);
	world_turn(device);
	world_drop(device);
	world_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_command_is_acknowledged),
		cmocka_unit_test(test_mqtt_5_replies_by_correlation),
		cmocka_unit_test(test_3_1_1_replies_in_order),
		cmocka_unit_test(test_acknowledgements_keep_their_order),
		cmocka_unit_test(test_who_is_away),
		cmocka_unit_test(test_a_device_with_two_connections),
		cmocka_unit_test(test_the_connection_is_lost),
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_one_that_does_not_acknowledge),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_how_the_device_refuses),
		cmocka_unit_test(test_qos_0_acknowledges_nothing),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_a_command_waits_while_the_device_is_in_doubt),
		cmocka_unit_test(test_a_device_that_is_disabled_is_out),
		cmocka_unit_test(test_what_cannot_be_found_out_now_changes_nothing),
		cmocka_unit_test(test_a_session_ends_with_its_token),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
