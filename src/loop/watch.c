/* Watched descriptors of other libraries, and signals. */
#include <stdlib.h>

#include "loop/internal.h"

struct watch {
	uv_poll_t poll;
	void (*ready)(void *arg, unsigned events);
	void *arg;
};

static void poll_ready(uv_poll_t *poll, int status, int events)
{
	struct watch *watch = LIST_OWNER(poll, struct watch, poll);
	/* An error shows as readable: the owner's read will say which. */
	unsigned what = status < 0 ? (unsigned)WATCH_READABLE : 0;
	if (events & (UV_READABLE | UV_DISCONNECT))
		what |= WATCH_READABLE;
	if (events & UV_WRITABLE)
		what |= WATCH_WRITABLE;
	watch->ready(watch->arg, what);
}

struct watch *watch_create(struct loop *loop, int fd, unsigned events,
        void (*ready)(void *arg, unsigned events), void *arg)
{
	struct watch *watch = calloc(1, sizeof *watch);
	if (!watch)
		return NULL;
	watch->ready = ready;
	watch->arg = arg;
	int wanted = (events & WATCH_READABLE ? UV_READABLE : 0) |
	             (events & WATCH_WRITABLE ? UV_WRITABLE : 0);
	if (uv_poll_init(&loop->uv, &watch->poll, fd) != 0) {
		free(watch);
		return NULL;
	}
	if (uv_poll_start(&watch->poll, wanted, poll_ready) == 0) {
		loop_hurry(loop);
		return watch;
	}
	watch_destroy(watch);
	return NULL;
}

static void free_watch(uv_handle_t *handle)
{
	free(LIST_OWNER(handle, struct watch, poll));
}

void watch_destroy(struct watch *watch)
{
	if (watch)
		uv_close((uv_handle_t *)&watch->poll, free_watch);
}

struct signal_watch {
	uv_signal_t signal;
	struct list link;
	void (*received)(void *arg, int number);
	void *arg;
};

static void signal_received(uv_signal_t *signal, int number)
{
	struct signal_watch *watch = LIST_OWNER(signal, struct signal_watch, signal);
	watch->received(watch->arg, number);
}

bool loop_on_signal(
        struct loop *loop, int number, void (*received)(void *arg, int number), void *arg)
{
	struct signal_watch *watch = calloc(1, sizeof *watch);
	if (!watch)
		return false;
	watch->received = received;
	watch->arg = arg;
	if (uv_signal_init(&loop->uv, &watch->signal) != 0) {
		free(watch);
		return false;
	}
	list_append(&loop->signals, &watch->link);
	return uv_signal_start(&watch->signal, signal_received, number) == 0;
}

static void free_signal(uv_handle_t *handle)
{
	free(LIST_OWNER(handle, struct signal_watch, signal));
}

void signals_close(struct loop *loop)
{
	LIST_EACH (&loop->signals, at, following) {
		struct signal_watch *watch = LIST_OWNER(at, struct signal_watch, link);
		list_remove(at);
		uv_close((uv_handle_t *)&watch->signal, free_signal);
	}
}
