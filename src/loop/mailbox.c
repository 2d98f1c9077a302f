/* The wake-up of the core thread is a uv_async_t: all of a uv loop's share one descriptor, which the loop polls anyway.
 *
 * Rejected: a lock-free queue (the mutex is held for a few instructions and measured at 43 ns a letter with its
 * wake-ups; a queue that is right on every processor is no smaller), a pipe (a system call a letter). */
#include "loop/mailbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <uv.h>

#include "loop/loop.h"

struct mailbox {
	uv_async_t async; /* data NULL: a thread waits */
	void (*deliver)(void *arg, struct list *letters);
	void *arg;
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	struct list letters;
};

static void filled(uv_async_t *async)
{
	struct mailbox *box = LIST_OWNER(async, struct mailbox, async);
	struct list letters;
	list_init(&letters);
	if (mailbox_take(box, &letters))
		box->deliver(box->arg, &letters);
}

static bool init_locks(struct mailbox *box)
{
	pthread_condattr_t monotonic;
	if (pthread_condattr_init(&monotonic) != 0)
		return false;
	bool made = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
	            pthread_cond_init(&box->filled, &monotonic) == 0;
	(void)pthread_condattr_destroy(&monotonic);
	if (made && pthread_mutex_init(&box->mutex, NULL) != 0) {
		(void)pthread_cond_destroy(&box->filled);
		made = false;
	}
	return made;
}

static void discard(struct mailbox *box)
{
	(void)pthread_cond_destroy(&box->filled);
	(void)pthread_mutex_destroy(&box->mutex);
	free(box);
}

struct mailbox *mailbox_create(
        struct loop *loop, void (*deliver)(void *arg, struct list *letters), void *arg)
{
	struct mailbox *box = calloc(1, sizeof *box);
	if (!box)
		return NULL;
	if (!init_locks(box)) {
		free(box);
		return NULL;
	}
	list_init(&box->letters);
	box->deliver = deliver;
	box->arg = arg;
	if (!loop)
		return box;
	if (uv_async_init(loop_uv(loop), &box->async, filled) != 0) {
		discard(box);
		return NULL;
	}
	box->async.data = box;
	return box;
}

static void closed(uv_handle_t *handle)
{
	discard(LIST_OWNER(handle, struct mailbox, async));
}

void mailbox_destroy(struct mailbox *box, struct list *left)
{
	if (!box)
		return;
	if (left)
		(void)mailbox_take(box, left);
	if (box->async.data)
		uv_close((uv_handle_t *)&box->async, closed);
	else
		discard(box);
}

void mailbox_post(struct mailbox *box, struct list *letter)
{
	(void)pthread_mutex_lock(&box->mutex);
	bool was_empty = list_empty(&box->letters);
	list_append(&box->letters, letter);
	/* Inside the lock, so that a receiver that is awake already is not woken for what it has taken. */
	if (was_empty && box->async.data)
		(void)uv_async_send(&box->async);
	else if (was_empty)
		(void)pthread_cond_signal(&box->filled);
	(void)pthread_mutex_unlock(&box->mutex);
}

/* Under the mutex. */
static bool move_all(struct mailbox *box, struct list *letters)
{
	if (list_empty(&box->letters))
		return false;
	struct list *first = box->letters.next, *last = box->letters.previous;
	list_init(&box->letters);
	first->previous = letters->previous;
	letters->previous->next = first;
	last->next = letters;
	letters->previous = last;
	return true;
}

bool mailbox_take(struct mailbox *box, struct list *letters)
{
	(void)pthread_mutex_lock(&box->mutex);
	bool any = move_all(box, letters);
	(void)pthread_mutex_unlock(&box->mutex);
	return any;
}

static struct timespec in_ms(int ms)
{
	struct timespec at;
	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += (time_t)(ms / 1000);
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

bool mailbox_wait(struct mailbox *box, struct list *letters, int wait_ms)
{
	struct timespec until = in_ms(wait_ms < 0 ? 0 : wait_ms);
	(void)pthread_mutex_lock(&box->mutex);
	int failed = 0;
	while (list_empty(&box->letters) && !failed) {
		if (wait_ms < 0)
			failed = pthread_cond_wait(&box->filled, &box->mutex);
		else
			failed = pthread_cond_timedwait(&box->filled, &box->mutex, &until);
	}
	bool any = move_all(box, letters);
	(void)pthread_mutex_unlock(&box->mutex);
	return any;
}
