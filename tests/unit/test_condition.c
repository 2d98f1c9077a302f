/* When the core tells how it is, and what, with a listener and a backend that are played by hand. */
#include "support.h"

#include <unistd.h>

#include "base/log.h"
#include "tests/fakes/hand_loop.h"
#include "tests/unit/loopback.h"

static struct adapter *loopback;
static bool starts;

static bool start(struct adapter *adapter, struct error *error)
{
	if (!starts)
		return error_set(error, "the address is taken");
	loopback = adapter;
	return true;
}

static void reply(struct adapter *adapter, struct request *request)
{
	(void)adapter;
	request_free(request);
}

static void close_loopback(struct adapter *adapter)
{
	free(adapter);
}

static const struct adapter_ops loopback_ops = { .name = "loopback",
	.settings = loopback_settings,
	.open = loopback_open,
	.start = start,
	.reply = reply,
	.stop = loopback_stop,
	.close = close_loopback };

static struct {
	const char *away; /* the target of this address cannot be reached; "*": none can */
	enum reach reach; /* otherwise */
	enum status status;
} script;

static void send_scripted(struct backend *backend, struct exchange *exchange)
{
	(void)backend;
	bool away = script.away &&
	            (*script.away == '*' || slice_is(exchange->target->url, script.away));
	exchange->reach = away ? REACH_NONE : script.reach;
	exchange_done(exchange, away ? STATUS_BAD_BACKEND : script.status);
}

static void abort_scripted(struct backend *backend, struct exchange *exchange)
{
	(void)backend;
	(void)exchange;
}

static const struct backend_ops scripted_ops = { .name = "scripted",
	.takes = BACKEND_TAKES_BYTES,
	.needs_targets = true,
	.open = loopback_backend_open,
	.send = send_scripted,
	.abort = abort_scripted,
	.close = loopback_backend_close };

static const struct adapter_ops *const adapters[] = { &loopback_ops, NULL };
static const struct authenticator_ops *const authenticators[] = { NULL };
static const struct backend_ops *const backends[] = { &scripted_ops, NULL };
static const char *const dialects[] = { NULL };
static const struct plugs plugs = { adapters, authenticators, backends, dialects };

#define HEAD                                                                                       \
	"endpoints: [{ name: open, path: /open, methods: [POST], auth: [none], to: one }]\n"       \
	"listeners:\n  - { name: in, protocol: loopback, bind: here }\n"
#define ONE HEAD "backends: { one: { protocol: scripted, targets: [{ url: a }] } }\n"
#define TWO                                                                                        \
	HEAD "backends: { one: { protocol: scripted, retries: 0, targets: [{ url: a }, { url: b "  \
	     "}] } }\n"

static struct core *core;
static struct arena arena;
static char path[64];
static struct condition told;
static unsigned times;

static void changed(void *arg, const struct condition *condition)
{
	assert_ptr_equal(arg, &told);
	told = *condition;
	times++;
}

static int setup(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	hand_loop_reset();
	memset(&script, 0, sizeof script);
	script.reach = REACH_ANSWERED;
	script.status = STATUS_OK;
	starts = true;
	times = 0;
	memset(&told, 0, sizeof told);
	(void)snprintf(path, sizeof path, "/tmp/fairlead-condition-%d.yaml", (int)getpid());
	arena_init(&arena, 1 << 20);
	return 0;
}

static void run(const char *configuration)
{
	write_file(path, configuration);
	core = core_running(&plugs, path, &arena, NULL);
	core_watch_condition(core, changed, &told);
	assert_int_equal(times, 0);
	hand_loop_turn();
	assert_int_equal(times, 1);
	assert_true(told.running && told.linked && !told.faults);
}

static int teardown(void **state)
{
	(void)state;
	core_destroy(core);
	core = NULL;
	arena_finish(&arena);
	(void)unlink(path);
	return 0;
}

static void post(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		request_submit(request_with(loopback, METHOD_POST, "/open", "{}", NULL));
	hand_loop_turn();
}

static void a_service_that_cannot_be_reached_is_told_once(void **state)
{
	(void)state;
	run(ONE);
	post(3);
	assert_int_equal(times, 1);
	script.away = "*";
	post(100);
	assert_int_equal(times, 2);
	assert_true(told.running && !told.linked && !told.faults);
	/* Nothing was tried: nothing is known. */
	script.away = NULL;
	script.reach = REACH_NOT_TOLD;
	script.status = STATUS_UNAVAILABLE;
	post(1);
	assert_int_equal(times, 2);
	/* It answers, if only that it is ill. */
	script.reach = REACH_ANSWERED;
	post(1);
	assert_int_equal(times, 3);
	assert_true(told.linked);
}

static void of_several_targets_one_is_enough(void **state)
{
	(void)state;
	run(TWO);
	script.away = "a";
	post(10);
	assert_int_equal(times, 1);
	script.away = "*";
	post(10);
	assert_int_equal(times, 2);
	assert_false(told.linked);
	script.away = "b";
	post(10);
	assert_int_equal(times, 3);
	assert_true(told.linked);
}

static void a_reload_forgets_no_target_that_stays(void **state)
{
	(void)state;
	run(ONE);
	script.away = "*";
	post(1);
	assert_false(told.linked);
	assert_true(core_reload(core));
	hand_loop_turn();
	assert_int_equal(times, 2);
	/* Another address may be there. */
	write_file(path, HEAD "backends: { one: { protocol: scripted, targets: [{ url: c }] } }\n");
	assert_true(core_reload(core));
	hand_loop_turn();
	assert_int_equal(times, 3);
	assert_true(told.linked);
}

static void a_configuration_that_is_refused_is_a_fault_until_one_is_taken(void **state)
{
	(void)state;
	run(ONE);
	write_file(path, "nonsense: true\n");
	assert_false(core_reload(core));
	assert_int_equal(times, 1); /* not from inside */
	hand_loop_turn();
	assert_int_equal(told.faults, FAULT_CONFIGURATION);
	assert_true(told.running && told.linked);
	write_file(path, ONE);
	assert_true(core_reload(core));
	hand_loop_turn();
	assert_int_equal(told.faults, 0);
}

static void a_listener_that_is_down_is_a_fault(void **state)
{
	(void)state;
	run(ONE);
	adapter_set_state(loopback, ADAPTER_DOWN);
	hand_loop_turn();
	assert_int_equal(told.faults, FAULT_LISTENER);
	adapter_set_state(loopback, ADAPTER_WELL);
	hand_loop_turn();
	assert_int_equal(told.faults, 0);
	/* A broker that is away is no fault. */
	adapter_set_state(loopback, ADAPTER_CUT_OFF);
	hand_loop_turn();
	assert_true(!told.faults && !told.linked);
	adapter_set_state(loopback, ADAPTER_WELL);
	hand_loop_turn();
	assert_true(told.linked);
	/* One that a reload cannot start, while the old one goes on. */
	starts = false;
	write_file(path,
	        "listeners:\n  - { name: in, protocol: loopback, bind: elsewhere }\n"
	        "endpoints: [{ name: open, path: /open, methods: [POST], auth: [none], to: one }]\n"
	        "backends: { one: { protocol: scripted, targets: [{ url: a }] } }\n");
	assert_true(core_reload(core));
	hand_loop_turn();
	assert_int_equal(told.faults, FAULT_LISTENER);
	starts = true;
	assert_true(core_reload(core));
	hand_loop_turn();
	assert_int_equal(told.faults, 0);
}

static void what_is_said_is_added(void **state)
{
	(void)state;
	char text[CONDITION_TEXT_BYTES];
	run(ONE);
	core_set_fault(core, FAULT_WATCHDOG, true);
	core_set_fault(core, FAULT_STATE, true);
	hand_loop_turn();
	assert_int_equal(times, 2);
	condition_faults_text(told.faults, text);
	assert_string_equal(text, "the state cannot be written; there is no hardware watchdog");
	core_set_fault(core, FAULT_STATE, false);
	core_set_fault(core, FAULT_STATE, false);
	hand_loop_turn();
	assert_int_equal(times, 3);
	assert_int_equal(told.faults, FAULT_WATCHDOG);
	condition_faults_text(~0u, text);
	assert_non_null(strstr(text, "watchdog"));
}

static void nothing_is_left_on_when_it_stops(void **state)
{
	(void)state;
	run(ONE);
	core_set_fault(core, FAULT_WATCHDOG, true);
	hand_loop_turn();
	core_stop(core, 1000);
	hand_loop_turn();
	assert_true(!told.running && !told.linked && !told.faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		        a_service_that_cannot_be_reached_is_told_once, setup, teardown),
		cmocka_unit_test_setup_teardown(of_several_targets_one_is_enough, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        a_reload_forgets_no_target_that_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        a_configuration_that_is_refused_is_a_fault_until_one_is_taken, setup,
		        teardown),
		cmocka_unit_test_setup_teardown(
		        a_listener_that_is_down_is_a_fault, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_said_is_added, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_left_on_when_it_stops, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
