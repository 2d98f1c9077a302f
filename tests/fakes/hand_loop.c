#include "hand_loop.h"

#include <assert.h>

enum { TIMERS_MAX = 64 };

struct loop {
	uint64_t now_ms;
	struct list tasks;
	struct timer *timers[TIMERS_MAX];
	unsigned ntimers;
	bool stopped;
};

static struct loop the_loop;

struct loop *hand_loop(void)
{
	return &the_loop;
}

void hand_loop_reset(void)
{
	the_loop = (struct loop){ .now_ms = 1000000 };
	list_init(&the_loop.tasks);
}

void hand_loop_turn(void)
{
	while (!list_empty(&the_loop.tasks)) {
		struct task *task = LIST_OWNER(the_loop.tasks.next, struct task, link);
		list_remove(&task->link);
		task->run(task);
	}
}

void hand_loop_pass(uint64_t ms)
{
	the_loop.now_ms += ms;
	unsigned i = 0;
	while (i < the_loop.ntimers) {
		struct timer *timer = the_loop.timers[i++];
		if (timer->at_ms > the_loop.now_ms)
			continue;
		timer_stop(timer);
		timer->fire(timer);
		i = 0; /* it may have set and stopped others */
	}
	hand_loop_turn();
}

bool hand_loop_stopped(void)
{
	return the_loop.stopped;
}

uint64_t loop_now_ms(const struct loop *loop)
{
	return loop->now_ms;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

void task_init(struct task *task, void (*run)(struct task *))
{
	list_init(&task->link);
	task->run = run;
}

void loop_defer(struct loop *loop, struct task *task)
{
	if (list_empty(&task->link))
		list_append(&loop->tasks, &task->link);
}

void task_cancel(struct task *task)
{
	list_remove(&task->link);
}

void timer_init(struct timer *timer, struct loop *loop, void (*fire)(struct timer *))
{
	*timer = (struct timer){ .loop = loop, .fire = fire };
}

void timer_set(struct timer *timer, uint64_t at_ms)
{
	struct loop *loop = timer->loop;
	if (!timer->at_ms) {
		assert(loop->ntimers < TIMERS_MAX);
		loop->timers[loop->ntimers++] = timer;
	}
	timer->at_ms = at_ms;
}

void timer_stop(struct timer *timer)
{
	struct loop *loop = timer->loop;
	unsigned i = 0;
	while (i < loop->ntimers && loop->timers[i] != timer)
		i++;
	if (i < loop->ntimers)
		loop->timers[i] = loop->timers[--loop->ntimers];
	timer->at_ms = 0;
}

/* Nobody replaces files behind the back of a test that turns the loop by hand. */

void look_init(struct look *look, void (*run)(struct look *))
{
	list_init(&look->link);
	look->run = run;
}

void look_start(struct loop *loop, struct look *look)
{
	(void)loop;
	(void)look;
}

void look_stop(struct loop *loop, struct look *look)
{
	(void)loop;
	list_remove(&look->link);
}

void look_hint(struct loop *loop, const char *path)
{
	(void)loop;
	(void)path;
}

void look_soon(struct loop *loop)
{
	(void)loop;
}
