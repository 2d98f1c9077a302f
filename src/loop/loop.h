/* The one event loop: libwebsockets outside, libuv inside.
 *
 * lws owns poll(); the backend descriptor of a uv loop is adopted into it as a raw file, and each turn runs
 *     uv_run(NOWAIT)  ->  timers  ->  deferred tasks  ->  before-sleep hooks  ->  lws_service (sleeps)
 * so a uv callback, an lws callback and a deferred task all run on the one core thread, and whatever a turn
 * produced is written once, before the loop sleeps.
 *
 * Everything here: core thread only, save loop_wake(). */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include "base/list.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct lws_context;
struct uv_loop_s;

/* NULL: out of memory or descriptors. */
struct loop *loop_create(void);
/* All timers, watches, streams and vhosts must be closed (closing handles are waited for). NULL is fine. */
void loop_destroy(struct loop *);

/* Runs until loop_stop(). */
void loop_run(struct loop *);
void loop_stop(struct loop *);
/* Any thread, and signal handlers: ends the present sleep. */
void loop_wake(struct loop *);

/* Milliseconds, monotonic; read once a turn. All deadlines are on this clock. */
uint64_t loop_now_ms(const struct loop *);

/* For src/net and for adapters that use libuv or lws themselves. */
struct uv_loop_s *loop_uv(struct loop *);
struct lws_context *loop_lws(struct loop *);

/* The sockets that the loop's listeners share (net/listening.h). The loop only remembers it; NULL: none. */
struct listening;
void loop_set_listening(struct loop *, struct listening *);
struct listening *loop_listening(const struct loop *);

/* A task runs once, later in this turn, after the callback that deferred it has returned. Deferring one that
 * is already due does nothing. The memory is the caller's: task_cancel() before freeing it. */
struct task {
	struct list link;
	void (*run)(struct task *);
};
void task_init(struct task *, void (*run)(struct task *));
void loop_defer(struct loop *, struct task *);
void task_cancel(struct task *);

/* A hook runs once each turn, right before the loop sleeps: to write what the turn collected. */
struct hook {
	struct list link;
	void (*run)(struct hook *);
};
void loop_before_sleep(struct loop *, struct hook *);
void hook_remove(struct hook *);

/* A timer fires once, at `at_ms` on loop_now_ms(). Setting it again moves it. The memory is the caller's:
 * timer_stop() before freeing it. Timers cost O(log n); thousands are fine. */
struct timer {
	struct loop *loop;
	uint64_t at_ms; /* 0: not set */
	unsigned slot;  /* the loop's */
	void (*fire)(struct timer *);
};
void timer_init(struct timer *, struct loop *, void (*fire)(struct timer *));
void timer_set(struct timer *, uint64_t at_ms);
void timer_stop(struct timer *);

/* Watches a descriptor that is nobody's stream: a UDP socket, a listening one. */
struct watch;
enum { WATCH_READABLE = 1, WATCH_WRITABLE = 2 };
struct watch *watch_create(struct loop *, int fd, unsigned events,
        void (*ready)(void *arg, unsigned events), void *arg);
void watch_destroy(struct watch *); /* the descriptor stays open; NULL is fine */

/* A signal as an ordinary event. false: could not be watched. Stays until loop_destroy(). */
bool loop_on_signal(struct loop *, int number, void (*received)(void *arg, int number), void *arg);

#endif
