/* Timers: a binary heap by deadline. Each timer knows its place in it (slot, counted from 1; 0: not set), so
 * that moving and stopping one costs O(log n). */
#include <limits.h>
#include <stdlib.h>

#include "base/log.h"
#include "loop/internal.h"

static void put(struct loop *loop, unsigned slot, struct timer *timer)
{
	loop->timers[slot - 1] = timer;
	timer->slot = slot;
}

static void rise(struct loop *loop, unsigned slot)
{
	struct timer *timer = loop->timers[slot - 1];
	while (slot > 1 && loop->timers[slot / 2 - 1]->at_ms > timer->at_ms) {
		put(loop, slot, loop->timers[slot / 2 - 1]);
		slot /= 2;
	}
	put(loop, slot, timer);
}

static void sink(struct loop *loop, unsigned slot)
{
	struct timer *timer = loop->timers[slot - 1];
	for (unsigned child = slot * 2; child <= loop->ntimers; child = slot * 2) {
		if (child < loop->ntimers &&
		        loop->timers[child]->at_ms < loop->timers[child - 1]->at_ms)
			child++;
		if (loop->timers[child - 1]->at_ms >= timer->at_ms)
			break;
		put(loop, slot, loop->timers[child - 1]);
		slot = child;
	}
	put(loop, slot, timer);
}

void timer_init(struct timer *timer, struct loop *loop, void (*fire)(struct timer *))
{
	*timer = (struct timer){ .loop = loop, .fire = fire };
}

static bool grow(struct loop *loop)
{
	unsigned size = loop->timers_size ? loop->timers_size * 2 : 64;
	struct timer **timers = realloc(loop->timers, size * sizeof(struct timer *));
	if (!timers)
		return false;
	loop->timers = timers;
	loop->timers_size = size;
	return true;
}

void timer_set(struct timer *timer, uint64_t at_ms)
{
	struct loop *loop = timer->loop;
	uint64_t before_ms = timer->at_ms;
	timer->at_ms = at_ms;
	if (timer->slot) {
		if (at_ms < before_ms)
			rise(loop, timer->slot);
		else
			sink(loop, timer->slot);
		if (timer->slot == 1)
			loop_hurry(loop);
		return;
	}
	if (loop->ntimers == loop->timers_size && !grow(loop)) {
		/* A deadline that is never kept would be a door left open. */
		log_error("loop", "out of memory for a timer");
		abort();
	}
	put(loop, ++loop->ntimers, timer);
	rise(loop, timer->slot);
	if (timer->slot == 1)
		loop_hurry(loop);
}

void timer_stop(struct timer *timer)
{
	struct loop *loop = timer->loop;
	unsigned slot = timer->slot;
	timer->at_ms = 0;
	timer->slot = 0;
	if (!slot)
		return;
	struct timer *last = loop->timers[--loop->ntimers];
	if (last == timer)
		return;
	put(loop, slot, last);
	rise(loop, slot);
	sink(loop, last->slot);
}

int timers_next_ms(const struct loop *loop)
{
	if (!loop->ntimers)
		return -1;
	uint64_t now_ms = uv_now(&loop->uv), at_ms = loop->timers[0]->at_ms;
	if (at_ms <= now_ms)
		return 0;
	return at_ms - now_ms > INT_MAX / 1000 ? INT_MAX / 1000 : (int)(at_ms - now_ms);
}

void timers_fire(struct loop *loop)
{
	uint64_t now_ms = uv_now(&loop->uv);
	while (loop->ntimers && loop->timers[0]->at_ms <= now_ms) {
		struct timer *timer = loop->timers[0];
		timer_stop(timer);
		timer->fire(timer);
	}
}

void timers_finish(struct loop *loop)
{
	free(loop->timers);
}
