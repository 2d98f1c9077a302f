#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/authenticator.h"
#include "base/log.h"
#include "tests/fakes/hand_loop.h"
#include "tests/unit/loopback.h"

static struct adapter *loopback;

static bool loopback_start(struct adapter *adapter, struct error *error)
{
	(void)error;
	loopback = adapter;
	return true;
}

static void loopback_reply(struct adapter *adapter, struct request *request)
{
	(void)adapter;
	request_free(request);
}

static void loopback_close(struct adapter *adapter)
{
	free(adapter);
}

static const struct adapter_ops loopback_ops = { .name = "loopback",
	.settings = loopback_settings,
	.open = loopback_open,
	.start = loopback_start,
	.reply = loopback_reply,
	.stop = loopback_stop,
	.close = loopback_close };

static const struct adapter_ops *const adapters[] = { &loopback_ops, NULL };
static const struct authenticator_ops *const authenticators[] = { NULL };
static const struct backend_ops *const backends[] = { NULL };
static const char *const dialects[] = { NULL };
static const struct plugs plugs = { adapters, authenticators, backends, dialects };

static struct core *core;
static struct arena arena;
static char path[64];
static struct request *request;

static int setup(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	hand_loop_reset();
	(void)snprintf(path, sizeof path, "/tmp/fairlead-recall-%d.yaml", (int)getpid());
	write_file(path,
	        "listeners: [{ name: l, protocol: loopback, bind: x }]\n"
	        "endpoints: [{ name: e, path: /x, methods: [GET], auth: [none], keep: last "
	        "}]\n"
	        "gateway: { state: /tmp }\n");
	arena_init(&arena, 1 << 20);
	core = core_running(&plugs, path, &arena, NULL);
	request = request_new(loopback);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	request_free(request);
	core_destroy(core);
	arena_finish(&arena);
	(void)unlink(path);
	return 0;
}

static enum auth_memory recall(const char *a, const char *b, uint64_t for_ms)
{
	const slice parts[] = { slice_of(a), slice_of(b) };
	return auth_recall(request, parts, 2, for_ms);
}

static void remember(const char *a, const char *b, bool right, uint64_t for_ms)
{
	const slice parts[] = { slice_of(a), slice_of(b) };
	auth_remember(request, parts, 2, right, for_ms);
}

static void what_was_found_out_is_found_again_by_all_its_parts(void **state)
{
	(void)state;
	assert_int_equal(recall("ab", "c", 1000), AUTH_UNKNOWN);
	remember("ab", "c", true, 1000);
	remember("ab", "d", false, 1000);
	assert_int_equal(recall("ab", "c", 1000), AUTH_RIGHT);
	assert_int_equal(recall("ab", "d", 1000), AUTH_WRONG);
	assert_int_equal(recall("a", "bc", 1000), AUTH_UNKNOWN);
	assert_int_equal(recall("abc", "", 1000), AUTH_UNKNOWN);
	const slice one = SLICE("ab");
	assert_int_equal(auth_recall(request, &one, 1, 1000), AUTH_UNKNOWN);
}

static void it_is_forgotten_when_it_was_of_no_use_for_so_long(void **state)
{
	(void)state;
	remember("a", "b", true, 1000);
	for (unsigned i = 0; i < 5; i++) {
		hand_loop_pass(999);
		assert_int_equal(recall("a", "b", 1000), AUTH_RIGHT);
	}
	hand_loop_pass(1000);
	assert_int_equal(recall("a", "b", 1000), AUTH_UNKNOWN);
	remember("a", "b", true, 0);
	assert_int_equal(recall("a", "b", 1000), AUTH_UNKNOWN);
	remember("a", "b", true, 1000);
	assert_int_equal(recall("a", "b", 0), AUTH_UNKNOWN);
}

static void who_guesses_pushes_out_nobody_who_was_right(void **state)
{
	(void)state;
	char guess[16];
	remember("fleet", "right", true, 1000000);
	remember("guesser", "first", false, 1000000);
	for (unsigned i = 0; i < 16384; i++) {
		(void)snprintf(guess, sizeof guess, "%u", i);
		remember("guesser", guess, false, 1000000);
		if (i % 16 == 0) {
			request_free(request);
			request = request_new(loopback);
		}
	}
	assert_int_equal(recall("fleet", "right", 1000000), AUTH_RIGHT);
	assert_int_equal(recall("guesser", "first", 1000000), AUTH_UNKNOWN);
	assert_int_equal(recall("guesser", "0", 1000000), AUTH_WRONG);
}

static enum auth_once once(const char *nonce, uint64_t for_ms, unsigned max)
{
	const slice part = slice_of(nonce);
	return auth_once(request, &part, 1, for_ms, max);
}

static void what_may_come_once_comes_once(void **state)
{
	(void)state;
	assert_int_equal(once("a", 1000, 2), AUTH_ONCE_FIRST);
	assert_int_equal(once("a", 1000, 2), AUTH_ONCE_AGAIN);
	assert_int_equal(once("b", 500, 2), AUTH_ONCE_FIRST);
	/* Full: nothing is forgotten for it, and what was refused is not remembered. */
	assert_int_equal(once("c", 1000, 2), AUTH_ONCE_FULL);
	assert_int_equal(once("a", 1000, 2), AUTH_ONCE_AGAIN);
	assert_int_equal(once("b", 1000, 2), AUTH_ONCE_AGAIN);
	hand_loop_pass(1000);
	assert_int_equal(once("c", 1000, 2), AUTH_ONCE_FIRST);
	assert_int_equal(once("a", 1000, 2), AUTH_ONCE_FIRST);
	assert_int_equal(once("b", 1000, 2), AUTH_ONCE_FULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_found_out_is_found_again_by_all_its_parts),
		TEST(it_is_forgotten_when_it_was_of_no_use_for_so_long),
		TEST(who_guesses_pushes_out_nobody_who_was_right),
		TEST(what_may_come_once_comes_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
