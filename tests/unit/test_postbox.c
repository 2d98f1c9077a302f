/* Commands for a device that is away: taken once they are on disk, kept in order and in bounds, delivered when it
 * returns, also by another process. */
#include "support.h"

#include "device_world.h"
#include "tests/fakes/hand_store.h"
#include "tests/fakes/hand_loop.h"

#include "api/codec.h"

static const char configuration[] =
        "gateway: { state: state }\n"
        "listeners: [{ name: devices, protocol: line, bind: x }]\n"
        "auth: { token: { method: token } }\n"
        "roles: { admin: { allow: [\"* /valves/*\", \"* /lamps/*\", \"* /kept/*\"] } }\n"
        "clients: [{ id: captain, roles: [admin], token: env:TOKEN_CAPTAIN },\n"
        "  { id: valve-3, roles: [admin], token: env:TOKEN_VALVE }]\n"
        "backends:\n"
        "  valves: { protocol: mqtt, listener: devices, timeout: 5s,\n"
        "    mailbox: { messages: 3, expire: 1h, memory: 16KiB } }\n"
        "  lamps: { protocol: mqtt, listener: devices }\n"
        "endpoints:\n"
        "  - { name: valves, path: \"/valves/{device}\", methods: [GET, PUT, POST], auth: "
        "[token],\n"
        "      to: valves, call: { path: \"/valve/{device}\", as: application/cbor } }\n"
        "  - { name: kept, path: \"/kept/{device}\", methods: [GET, PUT], auth: [token],\n"
        "      keep: last, to: valves }\n"
        "  - { name: lamps, path: \"/lamps/{device}\", methods: [PUT], auth: [token], to: lamps }\n"
        "  - { name: other, path: \"/other/{device}\", methods: [GET], auth: [none], to: lamps }\n";

static int setup(void **state)
{
	(void)state;
	(void)setenv("TOKEN_CAPTAIN", "secret-c", 1);
	(void)setenv("TOKEN_VALVE", "secret-v", 1);
	hand_store_reset();
	world_open(configuration, hand_store());
	world.absent = true;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_close();
	hand_store_reset();
	return 0;
}

/* Until nothing moves any more, with a disk that does so. */
static void settle_as(enum status status)
{
	do
		hand_loop_turn();
	while (hand_store_commit(status));
	hand_loop_turn();
}

static void settle(void)
{
	settle_as(STATUS_OK);
}

static void put_valve(const char *body)
{
	(void)world_call("secret-c", METHOD_PUT, "/valves/valve-3", body);
}

static void put_and_accept(const char *body)
{
	unsigned before = world.homecomings;
	put_valve(body);
	settle();
	assert_int_equal(world.homecomings, before + 1);
	assert_int_equal(world.home->status, STATUS_ACCEPTED);
}

static unsigned waiting(void)
{
	return hand_store_count(STORE_MAILBOX);
}

static void assert_body(const struct command *command, const char *json)
{
	struct error error;
	const struct codec *cbor = codec_for(SLICE("application/cbor"));
	const struct value *value = cbor->decode(&world.arena, command->message->body, &error);
	assert_non_null(value);
	slice text = codec_for(SLICE("application/json"))->encode(&world.arena, value, &error);
	assert_slice(text, json);
}

/* The device is there again. */
static void come_back(void)
{
	world.absent = false;
	command_device_returned(world.line, SLICE("valve-3"));
	hand_loop_turn();
}

static void answered_only_when_it_is_on_disk(void **state)
{
	(void)state;
	put_valve("{\"open\":1}");
	assert_int_equal(world.homecomings, 0);
	assert_int_equal(hand_store_commit(STATUS_OK), 1);
	assert_int_equal(world.homecomings, 0);
	hand_loop_turn();
	assert_int_equal(world.homecomings, 1);
	assert_int_equal(world.home->status, STATUS_ACCEPTED);
	assert_null(world.home->why.p);
	const struct store_record *record =
	        hand_store_find(STORE_MAILBOX, SLICE("valves/valve-3/0000000000000001"));
	assert_non_null(record);
	assert_slice(record->owner, "valve-3");
	assert_slice(record->media, "application/cbor");
	assert_slice(record->body, "\xa1\x64open\x01");
	assert_true(record->expires_ns - record->time_ns == UINT64_C(3600000000000));
}

static void a_disk_that_fails_is_said_so(void **state)
{
	(void)state;
	static const enum status ends[] = { STATUS_STORE_FULL, STATUS_INTERNAL };
	for (unsigned i = 0; i < 2; i++) {
		put_valve("{}");
		settle_as(ends[i]);
		assert_int_equal(world.home->status, ends[i]);
		assert_true(world.home->why.n > 0);
	}
	hand_store_refuse(true);
	put_valve("{}");
	settle();
	assert_int_equal(world.home->status, STATUS_UNAVAILABLE);
	/* Nothing of it is delivered later. */
	hand_store_refuse(false);
	come_back();
	assert_int_equal(world.ncommands, 0);
	assert_int_equal(waiting(), 0);
}

static void what_has_no_effect_and_who_has_no_mailbox_waits_not(void **state)
{
	(void)state;
	(void)world_call("secret-c", METHOD_GET, "/valves/valve-3", NULL);
	assert_int_equal(world.home->status, STATUS_UNAVAILABLE);
	assert_slice(world.home->why, "valve-3 is not connected");
	(void)world_call("secret-c", METHOD_PUT, "/lamps/lamp-1", "{}");
	assert_int_equal(world.home->status, STATUS_UNAVAILABLE);
	assert_int_equal(hand_store_commit(STATUS_OK), 0);
}

static void delivered_in_order_one_at_a_time(void **state)
{
	(void)state;
	put_and_accept("{\"n\":1}");
	put_and_accept("{\"n\":2}");
	come_back();
	assert_int_equal(world.ncommands, 1);
	/* It is there: but what waits goes first. */
	put_and_accept("{\"n\":3}");
	assert_int_equal(world.ncommands, 1);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(world.ncommands, i + 1);
		struct command *command = world.commands[i];
		assert_slice(command->device, "valve-3");
		assert_slice(command->message->path, "/valve/valve-3");
		assert_int_equal(command->message->method, METHOD_PUT);
		char json[16];
		(void)snprintf(json, sizeof json, "{\"n\":%u}", i + 1);
		assert_body(command, json);
		assert_int_equal(message_field(command->message, "idempotency-key").n, 16);
		world_command_done(i, STATUS_CHANGED);
		hand_loop_turn();
		/* The next one not before the disk has forgotten this one. */
		assert_int_equal(world.ncommands, i + 1);
		settle();
	}
	assert_int_equal(world.ncommands, 3);
	assert_int_equal(waiting(), 0);
	/* And then directly. */
	put_valve("{\"n\":4}");
	assert_int_equal(world.ncommands, 4);
	world_command_done(3, STATUS_CHANGED);
	hand_loop_turn();
	assert_int_equal(world.home->status, STATUS_CHANGED);
}

static void a_device_that_returns_while_it_is_written(void **state)
{
	(void)state;
	put_valve("{}");
	come_back();
	assert_int_equal(world.ncommands, 0);
	settle();
	assert_int_equal(world.home->status, STATUS_ACCEPTED);
	assert_int_equal(world.ncommands, 1);
}

static void full_is_said_and_bounded(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		put_and_accept("{}");
	put_valve("{}");
	assert_int_equal(world.home->status, STATUS_STORE_FULL);
	assert_slice(world.home->why,
	        "valve-3 is not there, and 3 commands wait for it: no room for more");
	/* And all devices together by their memory. */
	unsigned taken = 0;
	for (unsigned i = 0; i < 200; i++) {
		char path[32];
		(void)snprintf(path, sizeof path, "/valves/v%u", i);
		(void)world_call("secret-c", METHOD_PUT, path, "{}");
		settle();
		taken += world.home->status == STATUS_ACCEPTED;
	}
	assert_in_range(taken, 10, 60);
	assert_int_equal(world.home->status, STATUS_STORE_FULL);
	assert_int_equal(waiting(), taken + 3);
}

static void what_expires_goes(void **state)
{
	(void)state;
	log_set_level((enum log_level) - 1);
	put_and_accept("{\"n\":1}");
	hand_loop_pass(1800 * 1000);
	put_and_accept("{\"n\":2}");
	hand_loop_pass(1801 * 1000);
	settle();
	assert_int_equal(waiting(), 1);
	come_back();
	assert_body(world.commands[0], "{\"n\":2}");
	world_command_done(0, STATUS_OK);
	settle();
	hand_loop_pass(1800 * 1000);
	assert_int_equal(world.ncommands, 1);
	assert_int_equal(waiting(), 0);
}

static void a_refusal_is_final_and_a_silence_is_not(void **state)
{
	(void)state;
	log_set_level((enum log_level) - 1);
	put_and_accept("{\"n\":1}");
	put_and_accept("{\"n\":2}");
	put_and_accept("{\"n\":3}");
	come_back();
	world_command_done(0, STATUS_INVALID);
	settle();
	assert_int_equal(waiting(), 2);
	assert_body(world.commands[1], "{\"n\":2}");
	slice key = message_field(world.commands[1]->message, "idempotency-key");
	char first[17] = "";
	memcpy(first, key.p, 16);
	/* Nothing came back, not even an acknowledgement: the same again, after a while. */
	world_command_done(1, STATUS_TIMEOUT);
	settle();
	assert_int_equal(world.ncommands, 2);
	hand_loop_pass(4999);
	assert_int_equal(world.ncommands, 2);
	hand_loop_pass(1);
	assert_int_equal(world.ncommands, 3);
	assert_body(world.commands[2], "{\"n\":2}");
	assert_slice(message_field(world.commands[2]->message, "idempotency-key"), first);
	/* It has it, and said nothing: done. */
	world.commands[2]->acknowledged = true;
	world_command_done(2, STATUS_TIMEOUT);
	settle();
	assert_int_equal(waiting(), 1);
	assert_body(world.commands[3], "{\"n\":3}");
	world_command_done(3, STATUS_OK);
	settle();
	assert_int_equal(waiting(), 0);
}

static void tried_now_and_then_and_when_it_is_heard_from(void **state)
{
	(void)state;
	put_and_accept("{}");
	const struct counters *counters = &world.core->current->backends[0].backend->counters;
	uint64_t tries = counters->at[COUNTER_MESSAGES];
	hand_loop_pass(5000);
	assert_true(counters->at[COUNTER_MESSAGES] == tries + 1);
	hand_loop_pass(5000);
	assert_true(counters->at[COUNTER_MESSAGES] == tries + 2);
	hand_loop_pass(9000);
	assert_true(counters->at[COUNTER_MESSAGES] == tries + 2);
	/* Any request that it makes tells that it is there; a flood of them does not make a flood of tries. */
	for (unsigned i = 0; i < 5; i++)
		(void)world_call("secret-v", METHOD_GET, "/nowhere", NULL);
	assert_true(counters->at[COUNTER_MESSAGES] == tries + 2);
	for (unsigned i = 0; i < 5; i++)
		(void)world_call("secret-v", METHOD_PUT, "/lamps/l", "{}");
	assert_true(counters->at[COUNTER_MESSAGES] == tries + 3);
	/* Never less often than every five minutes. */
	for (unsigned i = 0; i < 20; i++)
		hand_loop_pass(300000 / 2);
	assert_true(counters->at[COUNTER_MESSAGES] > tries + 8);
	assert_int_equal(waiting(), 1);
}

/* A new process with the same disk. */
static void restart(const char *with)
{
	hand_store_crash();
	world_close();
	world_open(with, hand_store());
	world.absent = true;
}

static void a_restart_delivers_what_was_taken(void **state)
{
	(void)state;
	put_and_accept("{\"n\":1}");
	put_and_accept("{\"n\":2}");
	restart(configuration);
	come_back();
	assert_body(world.commands[0], "{\"n\":1}");
	world_command_done(0, STATUS_OK);
	hand_loop_turn();
	/* Delivered, but the disk does not know: it comes again, and nothing before it. */
	restart(configuration);
	come_back();
	assert_body(world.commands[0], "{\"n\":1}");
	world_command_done(0, STATUS_OK);
	settle();
	restart(configuration);
	come_back();
	assert_body(world.commands[0], "{\"n\":2}");
	/* New ones get numbers behind the old ones'. */
	put_and_accept("{\"n\":3}");
	assert_non_null(hand_store_find(STORE_MAILBOX, SLICE("valves/valve-3/0000000000000003")));
	world_command_done(0, STATUS_OK);
	settle();
	world_command_done(1, STATUS_OK);
	settle();
	assert_int_equal(waiting(), 0);
}

static void what_nobody_wants_any_more_is_dropped(void **state)
{
	(void)state;
	static const struct {
		const char *find, *put;
	} changes[] = {
		{ "name: valves, path", "name: valvex, path" },
		{ "      to: valves", "      to: lamps " },
		{ "id: captain", "id: colonel" },
		{ "mailbox: { messages: 3, expire: 1h, memory: 16KiB }",
		        "retries: 1                                         " },
	};
	log_set_level((enum log_level) - 1);
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		put_and_accept("{}");
		char text[sizeof configuration];
		memcpy(text, configuration, sizeof text);
		memcpy(strstr(text, changes[i].find), changes[i].put, strlen(changes[i].put));
		world_write(text);
		core_reload(world.core);
		hand_loop_turn();
		come_back();
		settle();
		assert_int_equal(world.ncommands, 0);
		assert_int_equal(waiting(), 0);
		world_write(configuration);
		core_reload(world.core);
		hand_loop_turn();
		world.absent = true;
	}
}

static void a_removal_that_is_not_taken_is_tried_again(void **state)
{
	(void)state;
	put_and_accept("{}");
	put_and_accept("{}");
	come_back();
	hand_store_refuse(true);
	world_command_done(0, STATUS_OK);
	settle();
	assert_int_equal(world.ncommands, 1);
	hand_store_refuse(false);
	hand_loop_pass(1000);
	settle();
	assert_int_equal(world.ncommands, 2);
	/* The disk fails: it goes on all the same, and the store is left to try again. */
	log_set_level((enum log_level) - 1);
	world_command_done(1, STATUS_OK);
	hand_loop_turn();
	assert_int_equal(hand_store_commit(STATUS_INTERNAL), 1);
	settle();
	assert_int_equal(waiting(), 0);
}

static void what_is_no_command_stays_on_disk(void **state)
{
	(void)state;
	static const char *const keys[] = { "valves", "valves/valve-3/12",
		"valves//0000000000000001", "valves/valve-3/000000000000000G",
		"valves/valve-3/0000000000000001" };
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const struct store_record record = {
			.key = slice_of(keys[i]), .expires_ns = UINT64_MAX, .head = SLICE("\xa0")
		};
		assert_true(store_put(hand_store(), STORE_MAILBOX, &record, NULL));
	}
	(void)hand_store_commit(STATUS_OK);
	log_set_level((enum log_level) - 1);
	world_close();
	log_set_level((enum log_level) - 1);
	world_open(configuration, hand_store());
	come_back();
	assert_int_equal(world.ncommands, 0);
	assert_int_equal(waiting(), 5);
}

static void without_a_state_folder_it_is_a_mistake(void **state)
{
	(void)state;
	static const struct {
		const char *gateway, *mailbox, *part;
	} cases[] = {
		{ "{}", "{}", "gateway.state does not say where" },
		{ "{ state: x }", "{ messages: 0 }", "messages is from 1" },
		{ "{ state: x }", "{ messages: 10001 }", "messages is from 1" },
		{ "{ state: x }", "{ expire: 0s }", "expire is above 0" },
		{ "{ state: x }", "{ memory: 0 }", "memory is above 0" },
		{ "{ state: x }", "{ letters: 0 }", "unknown key" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[512];
		(void)snprintf(text, sizeof text,
		        "gateway: %s\nlisteners: [{ name: d, protocol: line, bind: x }]\n"
		        "backends: { b: { protocol: mqtt, listener: d, mailbox: %s } }\n"
		        "endpoints: []\n",
		        cases[i].gateway, cases[i].mailbox);
		world_write(text);
		struct arena arena;
		arena_init(&arena, 1 << 20);
		struct mistakes mistakes = { .arena = &arena };
		struct core *core = core_create(hand_loop(), &world_plugs);
		assert_false(core_load(core, world.path, &mistakes));
		assert_int_equal(mistakes.count, 1);
		slice said = mistakes.at[0].text;
		if (!memmem(said.p, said.n, cases[i].part, strlen(cases[i].part)))
			fail_msg("case %zu: %.*s", i, SLICE_ARG(said));
		core_destroy(core);
		arena_finish(&arena);
	}
}

static void delivered_it_is_the_last_value(void **state)
{
	(void)state;
	(void)world_call("secret-c", METHOD_PUT, "/kept/valve-3", "{\"n\":1}");
	settle();
	assert_int_equal(world.home->status, STATUS_ACCEPTED);
	(void)world_call("secret-c", METHOD_GET, "/kept/valve-3", NULL);
	assert_int_equal(world.home->status, STATUS_NOT_FOUND);
	come_back();
	world_command_done(0, STATUS_CHANGED);
	settle();
	(void)world_call("secret-c", METHOD_GET, "/kept/valve-3", NULL);
	assert_int_equal(world.home->status, STATUS_OK);
	assert_slice(world.home->out.body, "{\"n\":1}");
}

static void wherever_memory_ends_a_taken_command_is_on_disk(void **state)
{
	(void)state;
	unsigned taken = 0, refused = 0;
	for (world.memory = 16; world.memory < arena_chunk_room(); world.memory += 16) {
		/* Another device each time: none is full. */
		char path[32];
		(void)snprintf(path, sizeof path, "/valves/v%zu", world.memory);
		unsigned before = waiting();
		(void)world_call("secret-c", METHOD_PUT, path, "{\"open\":[1,2]}");
		settle();
		bool accepted = world.home->status == STATUS_ACCEPTED;
		assert_int_equal(waiting(), before + accepted);
		taken += accepted;
		refused += !accepted;
	}
	world.memory = 0;
	assert_true(taken > 10 && refused > 10);
}

static void stopping_keeps_what_waits(void **state)
{
	(void)state;
	put_and_accept("{\"n\":1}");
	come_back();
	core_stop(world.core, 10000);
	hand_loop_turn();
	settle();
	assert_true(hand_loop_stopped());
	assert_int_equal(waiting(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answered_only_when_it_is_on_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(a_disk_that_fails_is_said_so, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        what_has_no_effect_and_who_has_no_mailbox_waits_not, setup, teardown),
		cmocka_unit_test_setup_teardown(delivered_in_order_one_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        a_device_that_returns_while_it_is_written, setup, teardown),
		cmocka_unit_test_setup_teardown(full_is_said_and_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(what_expires_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        a_refusal_is_final_and_a_silence_is_not, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        tried_now_and_then_and_when_it_is_heard_from, setup, teardown),
		cmocka_unit_test_setup_teardown(a_restart_delivers_what_was_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        what_nobody_wants_any_more_is_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        a_removal_that_is_not_taken_is_tried_again, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_command_stays_on_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        without_a_state_folder_it_is_a_mistake, setup, teardown),
		cmocka_unit_test_setup_teardown(delivered_it_is_the_last_value, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        wherever_memory_ends_a_taken_command_is_on_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(stopping_keeps_what_waits, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
