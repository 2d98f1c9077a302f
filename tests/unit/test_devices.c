/* Calling devices: from a request to a command and back, what a configuration of it may get wrong, and which
 * subscriptions a device may make. */
#include "support.h"

#include "device_world.h"
#include "tests/fakes/hand_store.h"
#include "tests/fakes/hand_loop.h"

#define LISTENERS "listeners: [{ name: devices, protocol: line, bind: x }]\n"
#define VALVES    "valves: { protocol: mqtt, listener: devices }"

static const char configuration[] = LISTENERS
        "backends:\n"
        "  valves: { protocol: mqtt, listener: devices, timeout: 5s }\n"
        "  lamps: { protocol: mqtt, listener: devices, device: \"lamp-{number}\", reply: none,\n"
        "    known_by: client-id }\n"
        "  pairs: { protocol: mqtt, listener: devices, device: \"{deck}-{side}\" }\n"
        "  screen: { protocol: console }\n"
        "endpoints:\n"
        "  - { name: valves, path: \"/valves/{device}\", methods: [GET, PUT], auth: [none],\n"
        "      to: valves, call: { path: \"/valve/{device}\", as: application/cbor } }\n"
        "  - { name: lamps, path: \"/lamps/{number}/*\", methods: [PUT], auth: [none], to: lamps,\n"
        "      call: { path: \"/lamp/{number}/{*}\" } }\n"
        "  - { name: pairs, path: \"/pairs/{deck}/{side}\", methods: [PUT], auth: [none], to: "
        "pairs }\n"
        "  - { name: screen, path: \"/screen\", methods: [PUT], auth: [none], to: screen }\n";

static int setup(void **state)
{
	(void)state;
	world_open(configuration, hand_store());
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_close();
	return 0;
}

static void a_put_becomes_a_command_and_its_reply_the_answer(void **state)
{
	(void)state;
	uint64_t before = loop_now_ms(hand_loop());
	(void)world_call(NULL, METHOD_PUT, "/valves/valve%203", "{\"open\":true}");
	assert_int_equal(world.homecomings, 0);
	struct command *command = world.commands[0];
	assert_slice(command->device, "valve 3");
	assert_false(command->unproven_too);
	assert_true(command->wants_reply);
	assert_int_equal(command->message->method, METHOD_PUT);
	assert_slice(command->message->path, "/valve/valve%203");
	assert_slice(command->message->media, "application/cbor");
	assert_slice(command->message->body, "\xa1\x64open\xf5");
	assert_true(command->deadline_ms == before + 5000);
	assert_true(command->expires_in_s == 5);
	command->reply.body = SLICE("\xa1\x64open\xf5");
	world_command_done(0, STATUS_CHANGED);
	assert_int_equal(world.homecomings, 0);
	hand_loop_turn();
	assert_int_equal(world.homecomings, 1);
	assert_int_equal(world.home->status, STATUS_CHANGED);
	assert_slice(world.home->out.body, "{\"open\":true}");
}

static void without_a_reply_it_is_accepted(void **state)
{
	(void)state;
	(void)world_call(NULL, METHOD_PUT, "/lamps/7/left/red", "{}");
	assert_slice(world.commands[0]->device, "lamp-7");
	assert_slice(world.commands[0]->message->path, "/lamp/7/left/red");
	assert_true(world.commands[0]->unproven_too);
	assert_false(world.commands[0]->wants_reply);
	world_command_done(0, STATUS_OK);
	hand_loop_turn();
	assert_int_equal(world.home->status, STATUS_ACCEPTED);
}

static void a_name_may_have_several_parts(void **state)
{
	(void)state;
	(void)world_call(NULL, METHOD_PUT, "/pairs/3/port", "{}");
	assert_slice(world.commands[0]->device, "3-port");
	world_command_done(0, STATUS_NOT_FOUND);
	hand_loop_turn();
	assert_int_equal(world.home->status, STATUS_NOT_FOUND);
}

static void an_absent_device_is_said_to_be_absent_once(void **state)
{
	(void)state;
	world.absent = true;
	(void)world_call(NULL, METHOD_GET, "/valves/valve-3", NULL);
	assert_int_equal(world.home->status, STATUS_UNAVAILABLE);
	assert_slice(world.home->why, "valve-3 is not connected");
	/* Asking again at once would find nothing else. */
	const struct configuration *now = core_configuration(world.core);
	assert_int_equal(now->backends[0].backend->counters.at[COUNTER_MESSAGES], 1);
}

static void a_caller_that_left_ends_its_command(void **state)
{
	(void)state;
	uint64_t id = world_call(NULL, METHOD_GET, "/valves/valve-3", NULL);
	request_cancel(world.line, id);
	hand_loop_turn();
	assert_null(world.commands[0]);
	assert_int_equal(world.home->status, STATUS_CANCELLED);
}

static void a_listener_that_goes_ends_its_commands(void **state)
{
	(void)state;
	(void)world_call(NULL, METHOD_GET, "/valves/valve-3", NULL);
	core_stop(world.core, 1000);
	assert_null(world.commands[0]);
	hand_loop_turn();
	assert_true(hand_loop_stopped());
}

static void only_what_may_come_is_subscribed_to(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *device;
		bool may;
	} cases[] = {
		{ "/valve/valve-3", "valve-3", true },
		{ "/valve/+", "valve-3", true },
		{ "/valve/#", "valve-3", true },
		{ "/#", "valve-3", true },
		{ "/+/valve-3", "valve-3", true },
		{ "/valve/valve-3/#", "valve-3", true },
		{ "/valve/valve-4", "valve-3", false },
		{ "/valve", "valve-3", false },
		{ "/valve/valve-3/+", "valve-3", false },
		{ "/valves/+", "valve-3", false },
		{ "/valve/a%20b", "a b", true },
		{ "/valve/a", "", false },
		{ "/lamp/7/left", "lamp-7", true },
		{ "/lamp/8/left", "lamp-7", false },
		{ "/lamp/7/+/+", "lamp-7", true },
		{ "/lamp/7", "lamp-7", false },
		{ "/lamp/7/left", "lump-7", false },
		{ "/pairs/3/port", "3-port", true },
		{ "/pairs/4/port", "3-port", true }, /* of two variables neither is known */
		{ "/pairs/4", "3-port", false },
		{ "/screen", "valve-3", false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (command_may_come(world.line, slice_of(cases[i].pattern),
		            slice_of(cases[i].device)) != cases[i].may)
			fail_msg("case %zu: %s by %s", i, cases[i].pattern, cases[i].device);
	}
}

static void what_a_configuration_gets_wrong(void **state)
{
	(void)state;
	static const struct {
		const char *text, *part;
		unsigned line;
	} cases[] = {
		{ LISTENERS "backends: { b: { protocol: mqtt, listener: other } }\n"
		            "endpoints: []\n",
		        "backends.b.listener: no listener of this name", 2 },
		{ "listeners: [{ name: m, protocol: mute, bind: x }]\n"
		  "backends: { b: { protocol: mqtt, listener: m } }\nendpoints: []\n",
		        "no device can be called over m", 2 },
		{ LISTENERS
		        "backends: { b: { protocol: mqtt, listener: devices, device: \"a%20\" } }\n"
		        "endpoints: []\n",
		        "plain name", 2 },
		{ LISTENERS "backends: { " VALVES "}\n"
		            "endpoints: [{ name: e, path: /x, methods: [PUT], auth: [none], to: "
		            "valves }]\n",
		        "which device?", 3 },
		{ LISTENERS
		        "backends: { b: { protocol: mqtt, listener: devices, device: \"{ship}\" } "
		        "}\n"
		        "endpoints: [{ name: e, path: /x, methods: [PUT], auth: [none], to: b }]\n",
		        "names its devices by {ship}", 3 },
		{ LISTENERS
		        "backends: { b: { protocol: mqtt, listener: devices, reply: none } }\n"
		        "endpoints: [{ name: e, path: \"/{device}\", methods: [GET], auth: [none],"
		        " to: b }]\n",
		        "a GET waits for a reply", 3 },
		{ LISTENERS "backends: { b: { protocol: mqtt, listener: devices, "
		            "targets: [{ url: x }] } }\nendpoints: []\n",
		        "it has no targets", 2 },
		{ LISTENERS "backends: { b: { protocol: console, device: x } }\nendpoints: []\n",
		        "unknown key", 2 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_write(cases[i].text);
		struct arena arena;
		arena_init(&arena, 1 << 20);
		struct mistakes mistakes = { .arena = &arena };
		struct core *core = core_create(hand_loop(), &world_plugs);
		if (core_load(core, world.path, &mistakes))
			fail_msg("case %zu is taken", i);
		assert_int_equal(mistakes.count, 1);
		slice said = mistakes.at[0].text;
		if (!memmem(said.p, said.n, cases[i].part, strlen(cases[i].part)) ||
		        mistakes.at[0].line != cases[i].line)
			fail_msg("case %zu: %u: %.*s", i, mistakes.at[0].line, SLICE_ARG(said));
		core_destroy(core);
		arena_finish(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		        a_put_becomes_a_command_and_its_reply_the_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(without_a_reply_it_is_accepted, setup, teardown),
		cmocka_unit_test_setup_teardown(a_name_may_have_several_parts, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        an_absent_device_is_said_to_be_absent_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        a_caller_that_left_ends_its_command, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        a_listener_that_goes_ends_its_commands, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        only_what_may_come_is_subscribed_to, setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_configuration_gets_wrong, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
