/* What the files of the loop share. */
#ifndef LOOP_INTERNAL_H
#define LOOP_INTERNAL_H

#include <libwebsockets.h>
#include <uv.h>

#include "loop/look.h"
#include "loop/loop.h"

struct looks {
	struct list all, due; /* due: those that are still to run, now */
	struct timer timer;
	int inotify;         /* -1: none */
	struct watch *watch; /* of `inotify`; NULL: the looks run soon anyway */
};

struct loop {
	uv_loop_t uv;
	uv_async_t wake;
	struct lws_context *lws;
	lws_sorted_usec_list_t alarm; /* ends lws's sleep when something of ours is due */
	uint64_t alarm_at_ms;
	bool alarm_set, stopping;
	bool in_lws;  /* inside lws_service() */
	bool hurried; /* and not to sleep there */
	struct list tasks, hooks, signals;
	struct listening *listening; /* net/'s; only remembered */
	struct timer **timers;       /* a binary heap, the earliest first */
	unsigned ntimers, timers_size;
	struct looks looks;
};

/* loop.c: something is due earlier than the loop would wake up. */
void loop_hurry(struct loop *);

/* context.c: lws_create_context(), for less memory. NULL: it cannot be made. */
struct lws_context *context_create(const struct lws_context_creation_info *);

/* timer.c */
int timers_next_ms(const struct loop *); /* -1: none */
void timers_fire(struct loop *);
void timers_finish(struct loop *);

/* look.c */
void looks_init(struct looks *, struct loop *);

/* watch.c */
void signals_close(struct loop *);

#endif
