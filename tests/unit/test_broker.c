/* A joined broker without one: the way back to it, the order of messages, commands and their replies. */
#include "support.h"

#include "tests/fakes/hand_loop.h"

#include "adapters/common/device_status.h"
#include "adapters/common/mqtt_message.h"
#include "adapters/common/mqtt_topic.h"

#include "broker_world.h"

/* ---- Who published. */

static void a_segment_names_the_publisher(void **state)
{
	(void)state;
	static const struct {
		const char *topic, *name;
		unsigned segment;
	} rows[] = {
		{ "ships/engine-7/sensors", "engine-7", 2 },
		{ "ships/engine-7", "engine-7", 2 },
		{ "engine-7", "engine-7", 1 },
		{ "/a.b:c@d_E9/x", "a.b:c@d_E9", 2 },
		{ "ships", NULL, 2 },
		{ "ships/", NULL, 2 },
		{ "ships//sensors", NULL, 2 },
		{ "ships/engine 7", NULL, 2 },
		{ "ships/engine%2F7", NULL, 2 },
		{ "ships/\xc3\xa4", NULL, 2 },
		{ "ships/..;x", NULL, 2 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct publisher publisher = { .segment = rows[i].segment };
		struct paho_message message = { .topic = slice_of(rows[i].topic) };
		slice name;
		const char *why = publisher_find(&publisher, &message, &name);
		assert_int_equal(why == NULL, rows[i].name != NULL);
		assert_true(slice_equal(name, slice_of(rows[i].name)));
	}
	char longest[260] = "ships/";
	memset(longest + 6, 'a', 253);
	struct publisher second = { .segment = 2 };
	slice name;
	struct paho_message message = { .topic = { longest, 6 + 253 } };
	assert_null(publisher_find(&second, &message, &name));
	char longer[6 + 256];
	memcpy(longer, "ships/", 6);
	memset(longer + 6, 'a', 256);
	message.topic = (slice){ longer, sizeof longer };
	assert_non_null(publisher_find(&second, &message, &name));
	message.topic.n--;
	assert_null(publisher_find(&second, &message, &name));
	struct paho_message nul = { .topic = { "ships/a\0b", 9 } };
	assert_non_null(publisher_find(&second, &nul, &name));
}

static void a_property_names_the_publisher_once(void **state)
{
	(void)state;
	struct publisher publisher = { .property = SLICE("client") };
	struct field fields[] = { { SLICE("Client"), SLICE("no") },
		{ SLICE("client"), SLICE("engine-7") }, { SLICE("client"), SLICE("engine-7") } };
	struct paho_message message = { .topic = SLICE("t"), .properties = fields };
	slice name;
	message.nproperties = 1;
	assert_non_null(publisher_find(&publisher, &message, &name));
	message.nproperties = 2;
	assert_null(publisher_find(&publisher, &message, &name));
	assert_slice(name, "engine-7");
	message.nproperties = 3;
	assert_non_null(publisher_find(&publisher, &message, &name));
	assert_null(name.p);
}

static void answers_go_below_the_publisher_s_own_reply_topic_only(void **state)
{
	(void)state;
	slice nobody = { NULL, 0 }, engine = SLICE("engine-7");
	assert_true(publisher_may_hear(engine, SLICE("reply/engine-7")));
	assert_true(publisher_may_hear(engine, SLICE("reply/engine-7/x/y")));
	assert_true(publisher_may_hear(nobody, SLICE("reply/any/x")));
	static const char *const not_for_it[] = { "reply/engine-8/x", "reply", "reply/", "reply//x",
		"replies/engine-7", "ships/engine-7", "reply/engine-7/+", "reply/engine-7/#",
		"reply/engine-77", "" };
	for (size_t i = 0; i < sizeof not_for_it / sizeof *not_for_it; i++)
		assert_false(publisher_may_hear(engine, slice_of(not_for_it[i])));
	assert_false(publisher_may_hear(nobody, SLICE("reply/fairlead/mv-aurora/engine-7")));
	assert_false(publisher_may_hear(SLICE("fairlead"), SLICE("reply/fairlead/x")));
}

static void paths_are_topics(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 1 << 16);
	assert_slice(mqtt_topic_of_path(&arena, SLICE("/valve/valve%203")), "valve/valve 3");
	static const char *const none[] = { "/", "/valve/%2B", "/a/%23", "" };
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_null(mqtt_topic_of_path(&arena, slice_of(none[i])).p);
	char longest[MQTT_TOPIC_MAX_BYTES + 2] = "/";
	memset(longest + 1, 'a', sizeof longest - 1);
	slice path = { longest, sizeof longest };
	assert_null(mqtt_topic_of_path(&arena, path).p);
	path.n--;
	assert_int_equal(mqtt_topic_of_path(&arena, path).n, MQTT_TOPIC_MAX_BYTES);
	arena_finish(&arena);
}

static void a_reply_may_say_how_it_went(void **state)
{
	(void)state;
	assert_int_equal(device_status(SLICE("not-found")), STATUS_NOT_FOUND);
	assert_int_equal(device_status(SLICE("changed")), STATUS_CHANGED);
	assert_int_equal(device_status(SLICE("404")), STATUS_NOT_FOUND);
	assert_int_equal(device_status(SLICE("299")), STATUS_OK);
	assert_int_equal(device_status(SLICE("splendid")), STATUS_BAD_BACKEND);
}

/* ---- The way back. */

static unsigned count(enum world_order_kind kind)
{
	unsigned n = 0;
	for (unsigned i = 0; i < world.norders; i++)
		n += world.orders[i].kind == kind;
	return n;
}

/* No attempt before three quarters of the time have passed, and one when five quarters have. */
static void expect_attempt_after(uint64_t ms)
{
	unsigned before = count(WORLD_CONNECT);
	hand_loop_pass(ms - ms / 4 - 1);
	assert_int_equal(count(WORLD_CONNECT), before);
	hand_loop_pass(ms / 2 + 1);
	assert_int_equal(count(WORLD_CONNECT), before + 1);
}

static void it_waits_longer_and_longer(void **state)
{
	(void)state;
	world_open("");
	static const uint64_t waits_ms[] = { 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000 };
	for (size_t i = 0; i < sizeof waits_ms / sizeof *waits_ms; i++) {
		say_failed(PAHO_CODE_FAILED, "nobody there");
		expect_attempt_after(waits_ms[i]);
	}
	/* A connection that does not last is no reason to come back at once. */
	say_joined();
	say_lost();
	expect_attempt_after(60000);
	say_joined();
	hand_loop_pass(10000);
	say_lost();
	expect_attempt_after(1000);
	world_close();
}

static void all_servers_are_tried_before_it_waits(void **state)
{
	(void)state;
	world_open(", failover: [\"mqtt://127.0.0.2\", \"mqtt://127.0.0.3\"]");
	for (unsigned i = 1; i < 6; i++) {
		say_failed(PAHO_CODE_FAILED, "nobody there");
		if (i % 3 == 0)
			expect_attempt_after(i == 3 ? 1000 : 2000);
		hand_loop_pass(0);
		assert_int_equal(last(WORLD_CONNECT)->server, i % 3);
	}
	say_joined();
	assert_slice(world.broker->settings.servers[2], "127.0.0.3:1883");
	say_lost();
	hand_loop_pass(0);
	assert_int_equal(last(WORLD_CONNECT)->server, 0);
	world_close();
}

static void an_old_broker_is_joined_with_version_3(void **state)
{
	(void)state;
	world_open("");
	assert_true(last(WORLD_CONNECT)->version_5);
	say_failed(1, "unacceptable protocol version");
	assert_false(last(WORLD_CONNECT)->version_5);
	say_failed(PAHO_CODE_FAILED, "it broke");
	expect_attempt_after(1000);
	assert_true(last(WORLD_CONNECT)->version_5);
	say_failed(0x84, "unsupported");
	assert_false(last(WORLD_CONNECT)->version_5);
	say_joined();
	world_close();

	world_open(", version: 5");
	say_failed(1, "unacceptable protocol version");
	assert_int_equal(count(WORLD_CONNECT), 1);
	world_close();

	world_open(", version: 3.1.1");
	assert_false(last(WORLD_CONNECT)->version_5);
	say_failed(1, "unacceptable protocol version");
	assert_int_equal(count(WORLD_CONNECT), 1);
	world_close();
}

static void a_kept_session_is_not_subscribed_to_with_qos_2_in_version_3(void **state)
{
	(void)state;
	static const struct {
		const char *settings;
		unsigned qos;
	} rows[] = {
		{ ", qos: 2", 2 },
		{ ", qos: 2, version: 3.1.1", 2 },
		{ ", qos: 2, session: 1h, client_id: a", 2 },
		{ ", qos: 2, session: 1h, client_id: a, version: 3.1.1", 1 },
		{ ", qos: 0, session: 1h, client_id: a, version: 3.1.1", 0 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		world_open(rows[i].settings);
		say_joined();
		assert_int_equal(last(WORLD_SUBSCRIBE)->qos, rows[i].qos);
		world_close();
	}
}

static void what_is_said_of_an_old_connection_is_not_heard(void **state)
{
	(void)state;
	world_open("");
	say_joined();
	say_lost();
	expect_attempt_after(1000);
	say((struct paho_event){ .kind = PAHO_LOST, .connection = 1 });
	say((struct paho_event){ .kind = PAHO_FAILED, .connection = 1 });
	say((struct paho_event){ .kind = PAHO_CONNECTED, .connection = 1 });
	say((struct paho_event){ .kind = PAHO_SUBSCRIBED, .connection = 1 });
	assert_int_equal(world.broker->state, BROKER_JOINING);
	say_joined();
	say((struct paho_event){ .kind = PAHO_SUBSCRIBED, .refused = 0 });
	assert_int_equal(world.broker->base.counters.at[COUNTER_CONNECTIONS], 2);
	world_close();
}

static void without_memory_it_tries_again_later(void **state)
{
	(void)state;
	world_open("");
	say_failed(PAHO_CODE_FAILED, "nobody there");
	world.no_memory = true;
	hand_loop_pass(1250);
	assert_int_equal(world.broker->state, BROKER_AWAY);
	world.no_memory = false;
	hand_loop_pass(60000);
	say_joined();
	world_close();
}

/* ---- Messages. */

static void one_publisher_s_messages_go_one_at_a_time(void **state)
{
	(void)state;
	world_open(", publisher: { topic_segment: 2 }, in_flight: 2");
	say_joined();
	say_reading("ships/engine-7/sensors", "1");
	say_reading("ships/engine-7/sensors", "2");
	say_reading("ships/engine-8/sensors", "3");
	say_reading("ships/engine-8/sensors", "4");
	assert_int_equal(world.nexchanges, 2);
	assert_slice(body_of(0), "1");
	assert_slice(body_of(1), "3");
	assert_slice(world.exchanges[0]->request->who->id, "engine-7");
	assert_slice(world.exchanges[0]->request->peer, "127.0.0.1:1883");
	answer(1, STATUS_OK);
	assert_slice(body_of(2), "4");
	answer(2, STATUS_INVALID); /* refused: the next one is not held up by it */
	assert_int_equal(world.nexchanges, 3);
	answer(0, STATUS_OK);
	assert_slice(body_of(3), "2");
	answer(3, STATUS_OK);
	assert_null(world.broker->lanes);
	assert_int_equal(world.nmessages, 0);
	world_close();
}

static void without_a_publisher_topics_keep_their_order(void **state)
{
	(void)state;
	world_open("");
	say_joined();
	say_reading("open/a", "1");
	say_reading("open/a", "2");
	say_reading("open/b", "3");
	assert_int_equal(world.nexchanges, 2);
	answer(0, STATUS_OK);
	assert_slice(body_of(2), "2");
	world_close();
}

static void what_is_refused_is_counted_and_holds_nobody_up(void **state)
{
	(void)state;
	world_open(", publisher: { topic_segment: 2 }");
	say_joined();
	const uint64_t *replies = world.broker->base.replies;
	say_reading("ships", "x");
	say_reading("ships/engine 7/sensors", "x");
	say_reading("ships/engine-9/sensors", "x");
	assert_int_equal(replies[STATUS_UNAUTHENTICATED], 3);
	say_reading("nowhere/engine-7", "x");
	assert_int_equal(replies[STATUS_NOT_FOUND], 1);
	say_message((struct paho_message){ .topic = SLICE("ships/engine-7/sensors"),
	        .payload = SLICE("x"),
	        .too_many = true });
	assert_int_equal(replies[STATUS_TOO_MANY], 1);
	assert_int_equal(world.nexchanges, 0);
	assert_int_equal(world.nmessages, 0);
	say_reading("ships/engine-7/sensors", "1");
	assert_int_equal(world.nexchanges, 1);
	world_close();
}

static void what_was_taken_over_is_worked_off_after_a_stop(void **state)
{
	(void)state;
	world_open("");
	say_joined();
	say_reading("open/a", "1");
	say_reading("open/a", "2");
	core_stop(world.core, 1000);
	hand_loop_turn();
	(void)last(WORLD_END);
	say((struct paho_event){ .kind = PAHO_ENDED });
	answer(0, STATUS_OK);
	assert_false(hand_loop_stopped());
	assert_slice(body_of(1), "2");
	answer(1, STATUS_OK);
	assert_true(hand_loop_stopped());
	assert_int_equal(world.nmessages, 0);
	core_destroy(world.core);
	arena_finish(&world.arena);
	(void)unlink(world.path);
}

static void what_the_grace_does_not_suffice_for_is_let_go(void **state)
{
	(void)state;
	world_open("");
	say_joined();
	for (unsigned i = 0; i < 3; i++)
		say_reading("open/a", "1");
	core_stop(world.core, 1000);
	hand_loop_pass(
	        1000); /* the first is cancelled, the others are given up, nobody waits for Paho */
	assert_true(hand_loop_stopped());
	assert_int_equal(world.nmessages, 0);
	core_destroy(world.core);
	arena_finish(&world.arena);
	(void)unlink(world.path);
}

static void the_answer_goes_to_the_response_topic(void **state)
{
	(void)state;
	world_open("");
	say_joined();
	say_message((struct paho_message){ .topic = SLICE("open/a"),
	        .payload = SLICE("1"),
	        .qos = 2,
	        .response_topic = SLICE("reply/x"),
	        .correlation = SLICE("c") });
	answer(0, STATUS_CREATED);
	const struct world_order *reply = last(WORLD_PUBLISH);
	assert_slice(reply->topic, "reply/x");
	assert_slice(reply->correlation, "c");
	assert_slice(reply->status, "created");
	assert_int_equal(reply->qos, 1);
	say_published(reply->ticket, 0, true);
	say_message((struct paho_message){
	        .topic = SLICE("open/a"), .response_topic = SLICE("command/valve-3") });
	answer(1, STATUS_OK);
	say_message((struct paho_message){ .topic = SLICE("open/a") });
	answer(2, STATUS_OK);
	assert_int_equal(count(WORLD_PUBLISH), 1);
	/* To nobody, when the broker is gone meanwhile. */
	say_message((struct paho_message){
	        .topic = SLICE("open/a"), .response_topic = SLICE("reply/x") });
	say_lost();
	answer(3, STATUS_OK);
	assert_int_equal(count(WORLD_PUBLISH), 1);
	world_close();
}

/* ---- Commands. */

/* One command; how it ended is noted. */
struct order {
	struct command command;
	struct message message;
	enum status status; /* STATUS_NONE: it is under way */
	unsigned ends;
};

static struct order orders[4];

static void ended(struct command *command, enum status status)
{
	struct order *order = LIST_OWNER(command, struct order, command);
	order->status = status;
	order->ends++;
	assert_int_equal(order->ends, 1);
}

static struct order *command(unsigned i, const char *path, bool wants_reply)
{
	struct order *order = &orders[i];
	*order = (struct order){ .message = { .method = METHOD_PUT,
		                         .path = slice_of(path),
		                         .media = SLICE("application/json"),
		                         .body = SLICE("{}") } };
	order->command = (struct command){ .device = SLICE("valve-3"),
		.message = &order->message,
		.wants_reply = wants_reply,
		.deadline_ms = loop_now_ms(hand_loop()) + 1000,
		.expires_in_s = 1,
		.arena = &world.arena,
		.done = ended };
	adapter_mqtt_broker.command(&world.broker->base, &order->command);
	return order;
}

static void reply(const struct world_order *to, slice correlation, const char *payload)
{
	say_message((struct paho_message){ .topic = to->response_topic,
	        .correlation = correlation,
	        .content_type = SLICE("text/plain"),
	        .payload = slice_of(payload) });
}

static uint64_t unasked(void)
{
	return world.broker->base.counters.at[COUNTER_UNASKED];
}

static void a_reply_is_known_by_its_correlation(void **state)
{
	(void)state;
	world_open(", client_id: mv-aurora");
	say_joined();
	struct order *first = command(0, "/command/valve-3", true);
	struct world_order published = *last(WORLD_PUBLISH);
	assert_slice(world.orders[world.norders - 2].topic, "reply/fairlead/mv-aurora/+");
	assert_slice(published.topic, "command/valve-3");
	assert_slice(published.response_topic, "reply/fairlead/mv-aurora/valve-3");
	assert_int_equal(published.correlation.n, 16);
	assert_int_equal(published.expiry_s, 1);
	assert_int_equal(published.qos, 1);
	struct order *second = command(1, "/command/valve-3", true);
	struct world_order again = *last(WORLD_PUBLISH);
	assert_int_equal(count(WORLD_SUBSCRIBE), 2); /* the filters, and the replies once */
	assert_false(slice_equal(published.correlation, again.correlation));

	reply(&again, SLICE("0123456789abcdef"), "forged");
	reply(&again, (slice){ NULL, 0 }, "forged");
	assert_int_equal(unasked(), 2);
	reply(&again, again.correlation, "second");
	assert_int_equal(second->status, STATUS_OK);
	assert_slice(second->command.reply.body, "second");
	assert_slice(second->command.reply.media, "text/plain");
	assert_int_equal(first->status, STATUS_NONE);
	say_published(
	        published.ticket, 0, true); /* acknowledged, which is not all that is wanted */
	assert_int_equal(first->status, STATUS_NONE);
	reply(&again, again.correlation, "second again");
	assert_int_equal(unasked(), 3);
	reply(&published, published.correlation, "first");
	assert_int_equal(first->status, STATUS_OK);
	world_close();
}

static void a_reply_on_another_device_s_topic_is_none(void **state)
{
	(void)state;
	world_open(", client_id: mv-aurora");
	say_joined();
	struct order *order = command(0, "/command/valve-3", true);
	struct world_order published = *last(WORLD_PUBLISH);
	published.response_topic = SLICE("reply/fairlead/mv-aurora/valve-4");
	reply(&published, published.correlation, "not mine");
	assert_int_equal(order->status, STATUS_NONE);
	assert_int_equal(unasked(), 1);
	world_close();
	assert_int_equal(order->status, STATUS_UNAVAILABLE);
	assert_true(order->command.sent && !order->command.away);
}

static void silence_is_a_timeout(void **state)
{
	(void)state;
	world_open("");
	say_joined();
	struct order *asked = command(0, "/command/valve-3", true);
	struct world_order published = *last(WORLD_PUBLISH);
	struct order *told = command(1, "/command/valve-3", false);
	hand_loop_pass(999);
	assert_int_equal(asked->status, STATUS_NONE);
	hand_loop_pass(1);
	assert_int_equal(asked->status, STATUS_TIMEOUT);
	assert_int_equal(told->status, STATUS_TIMEOUT);
	assert_true(asked->command.sent && !asked->command.away);
	reply(&published, published.correlation, "late");
	assert_int_equal(unasked(), 1);
	assert_int_equal(world.broker->base.counters.at[COUNTER_EXPIRED], 2);
	world_close();
}

static void without_a_reply_the_broker_s_word_is_enough(void **state)
{
	(void)state;
	world_open(", command_qos: 0");
	say_joined();
	struct order *told = command(0, "/command/valve-3", false);
	assert_int_equal(last(WORLD_PUBLISH)->qos, 0);
	assert_null(last(WORLD_PUBLISH)->response_topic.p);
	say_published(last(WORLD_PUBLISH)->ticket, 0, true);
	assert_int_equal(told->status, STATUS_OK);
	assert_true(told->command.sent && !told->command.acknowledged);
	/* What the broker refuses, and what did not get to it. */
	told = command(1, "/command/valve-3", false);
	say_published(last(WORLD_PUBLISH)->ticket, 0x87, true);
	assert_int_equal(told->status, STATUS_BAD_BACKEND);
	told = command(2, "/command/valve-3", false);
	say_published(last(WORLD_PUBLISH)->ticket, PAHO_CODE_FAILED, false);
	assert_int_equal(told->status, STATUS_UNAVAILABLE);
	assert_true(told->command.away && !told->command.sent);
	world_close();
}

static void only_while_the_broker_is_away_the_device_is(void **state)
{
	(void)state;
	world_open("");
	struct order *early = command(0, "/command/valve-3", true);
	assert_int_equal(early->status, STATUS_UNAVAILABLE);
	assert_true(early->command.away && !early->command.sent);
	say_joined();
	struct order *order = command(1, "/command/valve-3", true);
	say_lost();
	assert_int_equal(order->status, STATUS_UNAVAILABLE);
	assert_true(order->command.sent && !order->command.away);
	expect_attempt_after(1000);
	say_joined();
	/* A new connection hears no replies yet. */
	unsigned before = count(WORLD_SUBSCRIBE);
	(void)command(2, "/command/valve-3", true);
	assert_int_equal(count(WORLD_SUBSCRIBE), before + 1);
	world_close();
}

static void what_makes_no_topic_is_refused(void **state)
{
	(void)state;
	world_open("");
	say_joined();
	static const char *const paths[] = { "/", "/$SYS/x", "/a/%23" };
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		assert_int_equal(command(0, paths[i], true)->status, STATUS_INVALID);
	assert_int_equal(count(WORLD_PUBLISH), 0);
	world.no_memory = true;
	assert_int_equal(command(0, "/command/valve-3", true)->status, STATUS_TOO_LARGE);
	world_close();
}

static void an_abort_ends_it_once(void **state)
{
	(void)state;
	world_open("");
	say_joined();
	struct order *order = command(0, "/command/valve-3", true);
	struct world_order published = *last(WORLD_PUBLISH);
	adapter_mqtt_broker.command_abort(&world.broker->base, &order->command);
	assert_int_equal(order->status, STATUS_CANCELLED);
	reply(&published, published.correlation, "late");
	say_published(published.ticket, 0, true);
	world_close();
}

static void a_reply_topic_that_the_broker_refuses_ends_the_command(void **state)
{
	(void)state;
	world_open("");
	say_joined();
	struct order *order = command(0, "/command/valve-3", true);
	uint64_t ticket = world.orders[world.norders - 2].ticket;
	say((struct paho_event){ .kind = PAHO_SUBSCRIBED, .ticket = ticket, .refused = 1 });
	assert_int_equal(order->status, STATUS_BAD_BACKEND);
	/* The next one asks again. */
	(void)command(1, "/command/valve-3", true);
	assert_int_equal(world.orders[world.norders - 2].kind, WORLD_SUBSCRIBE);
	world_close();
}

static void version_3_has_one_command_a_topic_at_a_time(void **state)
{
	(void)state;
	world_open(", version: 3.1.1");
	say_joined();
	struct order *first = command(0, "/command/a", true);
	assert_slice(last(WORLD_PUBLISH)->topic, "command/a");
	assert_slice(world.orders[world.norders - 2].topic, "reply/command/a");
	struct order *second = command(1, "/command/a", true);
	struct order *third = command(2, "/command/a", true);
	assert_int_equal(count(WORLD_PUBLISH), 1);
	struct order *other = command(3, "/command/b", true);
	assert_int_equal(count(WORLD_PUBLISH), 2);
	say_reading("reply/command/a", "1");
	assert_int_equal(first->status, STATUS_OK);
	assert_slice(first->command.reply.body, "1");
	assert_int_equal(second->status, STATUS_NONE);
	assert_int_equal(count(WORLD_PUBLISH), 3);
	/* One in line that is given up has sent nothing. */
	adapter_mqtt_broker.command_abort(&world.broker->base, &third->command);
	assert_int_equal(third->status, STATUS_CANCELLED);
	assert_int_equal(count(WORLD_PUBLISH), 3);
	say_reading("reply/command/a", "2");
	assert_int_equal(second->status, STATUS_OK);
	assert_slice(last(WORLD_UNSUBSCRIBE)->topic, "reply/command/a");
	say_reading("reply/command/b", "3");
	assert_int_equal(other->status, STATUS_OK);
	say_reading("reply/command/b", "4");
	assert_int_equal(unasked(), 1);
	world_close();
}

static void in_line_when_the_broker_goes_it_may_be_sent_again(void **state)
{
	(void)state;
	world_open(", version: 3.1.1");
	say_joined();
	struct order *first = command(0, "/command/a", true),
	             *second = command(1, "/command/a", true);
	say_lost();
	assert_int_equal(first->status, STATUS_UNAVAILABLE);
	assert_true(first->command.sent && !first->command.away);
	assert_int_equal(second->status, STATUS_UNAVAILABLE);
	assert_true(!second->command.sent && second->command.away);
	assert_int_equal(count(WORLD_PUBLISH), 1);
	world_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_segment_names_the_publisher),
		cmocka_unit_test(a_property_names_the_publisher_once),
		cmocka_unit_test(answers_go_below_the_publisher_s_own_reply_topic_only),
		cmocka_unit_test(paths_are_topics),
		cmocka_unit_test(a_reply_may_say_how_it_went),
		cmocka_unit_test(it_waits_longer_and_longer),
		cmocka_unit_test(all_servers_are_tried_before_it_waits),
		cmocka_unit_test(an_old_broker_is_joined_with_version_3),
		cmocka_unit_test(a_kept_session_is_not_subscribed_to_with_qos_2_in_version_3),
		cmocka_unit_test(what_is_said_of_an_old_connection_is_not_heard),
		cmocka_unit_test(without_memory_it_tries_again_later),
		cmocka_unit_test(one_publisher_s_messages_go_one_at_a_time),
		cmocka_unit_test(without_a_publisher_topics_keep_their_order),
		cmocka_unit_test(what_is_refused_is_counted_and_holds_nobody_up),
		cmocka_unit_test(what_was_taken_over_is_worked_off_after_a_stop),
		cmocka_unit_test(what_the_grace_does_not_suffice_for_is_let_go),
		cmocka_unit_test(the_answer_goes_to_the_response_topic),
		cmocka_unit_test(a_reply_is_known_by_its_correlation),
		cmocka_unit_test(a_reply_on_another_device_s_topic_is_none),
		cmocka_unit_test(silence_is_a_timeout),
		cmocka_unit_test(without_a_reply_the_broker_s_word_is_enough),
		cmocka_unit_test(only_while_the_broker_is_away_the_device_is),
		cmocka_unit_test(what_makes_no_topic_is_refused),
		cmocka_unit_test(an_abort_ends_it_once),
		cmocka_unit_test(a_reply_topic_that_the_broker_refuses_ends_the_command),
		cmocka_unit_test(version_3_has_one_command_a_topic_at_a_time),
		cmocka_unit_test(in_line_when_the_broker_goes_it_may_be_sent_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
