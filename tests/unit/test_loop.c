#include "support.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <pthread.h>
#include <libwebsockets.h>

#include "base/clock.h"
#include "loop/loop.h"

static struct loop *loop;
static char trace[64];

static void note(char c)
{
	size_t n = strlen(trace);
	trace[n] = c;
	trace[n + 1] = '\0';
}

static int setup(void **state)
{
	(void)state;
	trace[0] = '\0';
	loop = loop_create();
	return loop ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	loop_destroy(loop);
	return 0;
}

static struct task first, second;

static void run_second(struct task *task)
{
	(void)task;
	note('2');
	loop_stop(loop);
}

static void run_first(struct task *task)
{
	(void)task;
	note('1');
	loop_defer(loop, &second);
}

static void run_hook(struct hook *hook)
{
	(void)hook;
	note('h');
}

static void tasks_run_once_then_hooks(void **state)
{
	(void)state;
	struct hook hook = { .run = run_hook };
	loop_before_sleep(loop, &hook);
	task_init(&first, run_first);
	task_init(&second, run_second);
	loop_defer(loop, &first);
	loop_defer(loop, &first);
	loop_run(loop);
	assert_string_equal(trace, "12h");
	hook_remove(&hook);
}

struct numbered {
	struct timer timer;
	char name;
};

static void fire(struct timer *timer)
{
	char name = LIST_OWNER(timer, struct numbered, timer)->name;
	note(name);
	if (name == 'z')
		loop_stop(loop);
}

static void timers_fire_in_order_and_can_be_moved(void **state)
{
	(void)state;
	struct numbered timers[] = { { .name = 'c' }, { .name = 'a' }, { .name = 'b' },
		{ .name = 'x' }, { .name = 'z' } };
	uint64_t now_ms = loop_now_ms(loop);
	static const unsigned after_ms[] = { 30, 10, 500, 5, 60 };
	for (unsigned i = 0; i < 5; i++) {
		timer_init(&timers[i].timer, loop, fire);
		timer_set(&timers[i].timer, now_ms + after_ms[i]);
	}
	timer_set(&timers[2].timer, now_ms + 20);
	timer_stop(&timers[3].timer);
	uint64_t began_ms = clock_monotonic_ms();
	loop_run(loop);
	assert_string_equal(trace, "abcz");
	assert_true(clock_monotonic_ms() - began_ms >= 50);
}

static void a_thousand_timers_keep_their_order(void **state)
{
	(void)state;
	enum { COUNT = 1000 };
	struct timer *timers = calloc(COUNT, sizeof *timers);
	uint64_t now_ms = loop_now_ms(loop);
	for (unsigned i = 0; i < COUNT; i++) {
		timer_init(&timers[i], loop, NULL);
		timer_set(&timers[i], now_ms + 1000 + i * 7919 % COUNT);
	}
	for (unsigned i = 0; i < COUNT; i += 2)
		timer_stop(&timers[i]);
	for (unsigned i = 1; i < COUNT; i += 2)
		timer_stop(&timers[i]);
	struct numbered last = { .name = 'z' };
	timer_init(&last.timer, loop, fire);
	timer_set(&last.timer, now_ms);
	loop_run(loop);
	assert_string_equal(trace, "z");
	free(timers);
}

static int ends[2];

static void readable(void *arg, unsigned events)
{
	(void)arg;
	assert_int_equal(events, WATCH_READABLE);
	char byte;
	assert_int_equal(read(ends[0], &byte, 1), 1);
	note(byte);
	if (byte == 'q')
		loop_stop(loop);
	else
		assert_int_equal(write(ends[1], "q", 1), 1);
}

static void descriptors_are_watched(void **state)
{
	(void)state;
	assert_int_equal(pipe(ends), 0);
	struct watch *watch = watch_create(loop, ends[0], WATCH_READABLE, readable, NULL);
	assert_int_equal(write(ends[1], "p", 1), 1);
	loop_run(loop);
	assert_string_equal(trace, "pq");
	watch_destroy(watch);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void got_signal(void *arg, int number)
{
	(void)arg;
	assert_int_equal(number, SIGUSR1);
	note('s');
	loop_stop(loop);
}

static void signals_are_events(void **state)
{
	(void)state;
	assert_true(loop_on_signal(loop, SIGUSR1, got_signal, NULL));
	(void)raise(SIGUSR1);
	loop_run(loop);
	assert_string_equal(trace, "s");
}

static _Atomic bool may_stop;

static void stop_when_told(struct hook *hook)
{
	(void)hook;
	if (may_stop)
		loop_stop(loop);
}

static void *wake_later(void *arg)
{
	(void)arg;
	(void)usleep(20000);
	may_stop = true;
	loop_wake(loop);
	return NULL;
}

static void another_thread_ends_the_sleep(void **state)
{
	(void)state;
	struct hook hook = { .run = stop_when_told };
	loop_before_sleep(loop, &hook);
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, wake_later, NULL), 0);
	loop_run(loop);
	assert_int_equal(pthread_join(thread, NULL), 0);
	hook_remove(&hook);
}

/* What libwebsockets' own timers start comes up right before it polls. */
static lws_sorted_usec_list_t lws_timer;
static struct task stopping_task;
static uint64_t rang_ms, seen_ms;

static void stop_in_task(struct task *task)
{
	(void)task;
	loop_stop(loop);
}

static void defer_in_lws(lws_sorted_usec_list_t *timer)
{
	(void)timer;
	rang_ms = clock_monotonic_ms();
	seen_ms = loop_now_ms(loop);
	loop_defer(loop, &stopping_task);
}

static void work_from_inside_lws_does_not_sleep(void **state)
{
	(void)state;
	task_init(&stopping_task, stop_in_task);
	lws_sul_schedule(loop_lws(loop), 0, &lws_timer, defer_in_lws, 50 * LWS_US_PER_MS);
	loop_run(loop);
	assert_true(clock_monotonic_ms() - rang_ms < 1000);
	assert_true(seen_ms >= rang_ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tasks_run_once_then_hooks, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        timers_fire_in_order_and_can_be_moved, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        a_thousand_timers_keep_their_order, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        work_from_inside_lws_does_not_sleep, setup, teardown),
		cmocka_unit_test_setup_teardown(descriptors_are_watched, setup, teardown),
		cmocka_unit_test_setup_teardown(signals_are_events, setup, teardown),
		cmocka_unit_test_setup_teardown(another_thread_ends_the_sleep, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
