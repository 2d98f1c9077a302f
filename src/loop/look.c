/* One timer and one inotify descriptor for all looks.
 *
 * WHAT STIRS OFTEN WAKES SELDOM: with the first event the descriptor is let alone until the looks have run, however many
 * more there are in the folder; then the queue is emptied unread, as it says no more than "look". When it overflows,
 * nothing is lost.
 *
 * A watch is never taken back alone: a folder that is of no interest any more gives hints for nothing. With the last look
 * the descriptor is closed, and all watches with it. */
#include "loop/look.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loop/internal.h"

enum {
	EVENTS = IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ATTRIB |
	         IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
	UNREAD_BYTES = 4096
};

static void stirred(void *arg, unsigned events)
{
	struct looks *looks = arg;
	(void)events;
	watch_destroy(looks->watch);
	looks->watch = NULL;
	look_soon(looks->timer.loop);
}

static void listen_to_hints(struct looks *looks)
{
	char unread[UNREAD_BYTES];
	while (looks->inotify >= 0 && read(looks->inotify, unread, sizeof unread) > 0)
		continue;
	if (looks->inotify >= 0 && !looks->watch)
		looks->watch = watch_create(
		        looks->timer.loop, looks->inotify, WATCH_READABLE, stirred, looks);
}

static void run(struct timer *timer)
{
	struct looks *looks = LIST_OWNER(timer, struct looks, timer);
	timer_set(timer, loop_now_ms(timer->loop) + LOOK_EVERY_MS);
	/* Before they look: what happens from here on is a hint for the next time. */
	listen_to_hints(looks);
	/* Not LIST_EACH: each may stop any. */
	while (!list_empty(&looks->all)) {
		struct list *first = looks->all.next;
		list_remove(first);
		list_append(&looks->due, first);
	}
	while (!list_empty(&looks->due)) {
		struct look *look = LIST_OWNER(looks->due.next, struct look, link);
		list_remove(&look->link);
		list_append(&looks->all, &look->link);
		look->run(look);
	}
}

void looks_init(struct looks *looks, struct loop *loop)
{
	list_init(&looks->all);
	list_init(&looks->due);
	looks->inotify = -1;
	looks->watch = NULL;
	timer_init(&looks->timer, loop, run);
}

void look_init(struct look *look, void (*run_function)(struct look *))
{
	list_init(&look->link);
	look->run = run_function;
}

void look_start(struct loop *loop, struct look *look)
{
	struct looks *looks = &loop->looks;
	if (!list_empty(&look->link))
		return;
	list_append(&looks->all, &look->link);
	if (!looks->timer.at_ms)
		timer_set(&looks->timer, loop_now_ms(loop) + LOOK_EVERY_MS);
}

static bool nobody_looks(const struct looks *looks)
{
	return list_empty(&looks->all) && list_empty(&looks->due);
}

void look_stop(struct loop *loop, struct look *look)
{
	struct looks *looks = &loop->looks;
	list_remove(&look->link);
	if (!nobody_looks(looks))
		return;
	timer_stop(&looks->timer);
	watch_destroy(looks->watch);
	looks->watch = NULL;
	if (looks->inotify >= 0)
		(void)close(looks->inotify);
	looks->inotify = -1;
}

/* The folder that has the first `n` bytes of the path. */
static void hint_folder(struct looks *looks, const char *path, size_t n)
{
	char folder[PATH_MAX];
	while (n > 1 && path[n - 1] != '/')
		n--;
	if (n >= sizeof folder)
		return;
	memcpy(folder, path, n);
	folder[n] = '\0';
	(void)inotify_add_watch(
	        looks->inotify, path[0] == '/' || strchr(folder, '/') ? folder : ".", EVENTS);
}

void look_hint(struct loop *loop, const char *path)
{
	struct looks *looks = &loop->looks;
	char part[PATH_MAX], real[PATH_MAX];
	struct stat about;
	size_t n = strlen(path);
	if (!n || n >= sizeof part || nobody_looks(looks))
		return;
	if (looks->inotify < 0)
		looks->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (looks->inotify < 0)
		return;
	hint_folder(looks, path, n);
	for (size_t i = 1; i < n; i++) {
		if (path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (lstat(part, &about) == 0 && S_ISLNK(about.st_mode))
			hint_folder(looks, part, i);
	}
	if (realpath(path, real))
		hint_folder(looks, real, strlen(real));
	if (!looks->watch)
		listen_to_hints(looks);
}

void look_soon(struct loop *loop)
{
	struct timer *timer = &loop->looks.timer;
	uint64_t at_ms = loop_now_ms(loop) + LOOK_SOON_MS;
	if (timer->at_ms > at_ms)
		timer_set(timer, at_ms);
}
