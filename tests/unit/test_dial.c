/* What is said of a stream that cannot be had, and how often: a serial port with a name, whose place is told by hand. */
#include "support.h"

#include <stdio.h>

#include "loop/loop.h"
#include "net/dial.h"

enum { REASONS_MAX = 16 };

static struct loop *loop;
static const char *const *reasons; /* one an attempt; NULL: the loop stops */
static unsigned attempts, failures, ntold;
static char told[REASONS_MAX][64];

static bool find_port(void *arg, char *path, size_t size)
{
	(void)arg;
	const char *reason = reasons[attempts];
	attempts += reason != NULL;
	if (!reason || !reasons[attempts])
		loop_stop(loop);
	(void)snprintf(path, size, "%s", reason ? reason : "the end");
	return false;
}

static void *up(void *arg, struct stream *stream)
{
	(void)arg;
	(void)stream;
	fail_msg("nothing is there");
	return NULL;
}

static void down(void *arg, const char *why)
{
	(void)arg;
	assert_true(ntold < REASONS_MAX);
	(void)snprintf(told[ntold++], sizeof told[0], "%s", why);
}

static void failed(void *arg)
{
	(void)arg;
	failures++;
}

static void run(const char *const *script)
{
	const struct dial_settings settings = {
		.place = { .kind = PLACE_SERIAL, .name = "port" },
		.find_port = find_port,
		.retry_ms = 1,
		.retry_max_ms = 2,
		.up = up,
		.down = down,
		.failed = failed,
	};
	reasons = script;
	attempts = failures = ntold = 0;
	loop = loop_create();
	assert_non_null(loop);
	struct dial *dial = dial_open(loop, &settings);
	assert_non_null(dial);
	assert_int_equal(attempts, 0); /* not from inside */
	loop_run(loop);
	dial_close(dial);
	loop_destroy(loop);
	assert_int_equal(failures, attempts);
}

static void a_reason_is_said_once(void **state)
{
	(void)state;
	static const char *const script[] = { "gone", "gone", "gone", "gone", NULL };
	run(script);
	assert_int_equal(attempts, 4);
	assert_int_equal(ntold, 1);
	assert_string_equal(told[0], "gone");
}

static void another_one_is_said_when_it_lasts(void **state)
{
	(void)state;
	static const char *const script[] = { "gone", "gone", "not permitted", "gone",
		"not permitted", "taken", "taken", "taken", "gone", "gone", NULL };
	run(script);
	assert_int_equal(ntold, 3);
	assert_string_equal(told[0], "gone");
	assert_string_equal(told[1], "taken");
	assert_string_equal(told[2], "gone");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reason_is_said_once),
		cmocka_unit_test(another_one_is_said_when_it_lasts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
