/* One loop of two libraries: libwebsockets outside, libuv inside.
 *
 * libwebsockets owns poll() and cannot be asked politely to give it up (its libuv plug-in costs half as much
 * again a request), so libuv's epoll descriptor is one more file in it: a readable one means "uv_run() has
 * something to do". uv_run() never sleeps; its next timer, and ours, end lws's sleep through a scheduled
 * event. What lws callbacks start in libuv is registered by the uv_run() that follows them, before the next
 * sleep.
 *
 * Rejected: uv outside with lws's event-library plug-in (slower, a package more), two threads (locks). */
#include "loop/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <libwebsockets.h>
#include <uv.h>

#include "base/log.h"
#include "loop/internal.h"

enum { DESCRIPTORS_MAX = 65536 };

static int uv_is_ready(
        struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
	/* uv_run() follows every lws_service(): being woken is all that is wanted. */
	(void)wsi;
	(void)reason;
	(void)user;
	(void)in;
	(void)length;
	return 0;
}

static const struct lws_protocols protocols[] = {
	{ .name = "fairlead-uv", .callback = uv_is_ready },
	{ .name = NULL },
};

static void log_lws(int level, const char *line)
{
	size_t n = strcspn(line, "\n");
	log_write(
	        level & LLL_ERR ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG, "lws", "%.*s", (int)n, line);
}

/* lws makes its tables for as many descriptors as it may see. */
static unsigned descriptors_wanted(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > DESCRIPTORS_MAX)
		return DESCRIPTORS_MAX;
	return (unsigned)limit.rlim_cur;
}

static bool open_lws(struct loop *loop)
{
	lws_set_log_level(LLL_ERR | LLL_WARN, log_lws);
	struct lws_context_creation_info info = { 0 };
	info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
	info.port = CONTEXT_PORT_NO_LISTEN;
	info.fd_limit_per_thread = descriptors_wanted();
	loop->lws = lws_create_context(&info);
	if (!loop->lws)
		return false;
	info.protocols = protocols;
	info.vhost_name = "fairlead-uv";
	struct lws_vhost *vhost = lws_create_vhost(loop->lws, &info);
	lws_sock_file_fd_type descriptor = { .filefd = uv_backend_fd(&loop->uv) };
	return vhost && lws_adopt_descriptor_vhost(vhost, LWS_ADOPT_RAW_FILE_DESC, descriptor,
	                        protocols[0].name, NULL) != NULL;
}

static void woken(uv_async_t *async)
{
	(void)async;
}

struct loop *loop_create(void)
{
	struct loop *loop = calloc(1, sizeof *loop);
	if (!loop)
		return NULL;
	list_init(&loop->tasks);
	list_init(&loop->hooks);
	list_init(&loop->signals);
	if (uv_loop_init(&loop->uv) != 0) {
		free(loop);
		return NULL;
	}
	if (uv_async_init(&loop->uv, &loop->wake, woken) != 0 || !open_lws(loop)) {
		loop_destroy(loop);
		return NULL;
	}
	uv_update_time(&loop->uv);
	return loop;
}

/* Milliseconds until something of ours is due; -1: nothing is. */
static int sleep_ms(struct loop *loop)
{
	if (loop->stopping || !list_empty(&loop->tasks))
		return 0;
	int uv_ms = uv_backend_timeout(&loop->uv);
	int timer_ms = timers_next_ms(loop);
	if (uv_ms < 0 || (timer_ms >= 0 && timer_ms < uv_ms))
		return timer_ms;
	return uv_ms;
}

void loop_destroy(struct loop *loop)
{
	if (!loop)
		return;
	loop->stopping = false;
	signals_close(loop);
	if (loop->wake.type == UV_ASYNC)
		uv_close((uv_handle_t *)&loop->wake, NULL);
	/* Only handles that are closing keep it running now, and streams that linger until their timer ends them. */
	struct pollfd events = { .fd = uv_backend_fd(&loop->uv), .events = POLLIN };
	while (uv_run(&loop->uv, UV_RUN_NOWAIT)) {
		(void)poll(&events, 1, sleep_ms(loop));
		timers_fire(loop);
	}
	if (loop->lws)
		lws_context_destroy(loop->lws);
	if (uv_loop_close(&loop->uv) != 0)
		log_error("loop", "a handle is still open at the end");
	timers_finish(loop);
	free(loop);
}

static void run_tasks(struct loop *loop)
{
	while (!list_empty(&loop->tasks)) {
		struct task *task = LIST_OWNER(loop->tasks.next, struct task, link);
		list_remove(&task->link);
		task->run(task);
	}
}

static void run_hooks(struct loop *loop)
{
	LIST_EACH (&loop->hooks, at, following) {
		struct hook *hook = LIST_OWNER(at, struct hook, link);
		hook->run(hook);
	}
}

static void end_sleep(lws_sorted_usec_list_t *event)
{
	struct loop *loop = LIST_OWNER(event, struct loop, alarm);
	loop->alarm_set = false;
}

static void sleep_and_serve(struct loop *loop)
{
	int ms = sleep_ms(loop);
	if (ms == 0) {
		(void)lws_service(loop->lws, -1);
		return;
	}
	uint64_t at_ms = ms < 0 ? 0 : uv_now(&loop->uv) + (uint64_t)ms;
	if (ms < 0 && loop->alarm_set)
		lws_sul_cancel(&loop->alarm);
	/* Mostly the same deadline as in the last turn: then nothing has to be sorted again. */
	if (ms > 0 && (!loop->alarm_set || loop->alarm_at_ms != at_ms))
		lws_sul_schedule(loop->lws, 0, &loop->alarm, end_sleep, (lws_usec_t)ms * 1000);
	loop->alarm_set = ms > 0;
	loop->alarm_at_ms = at_ms;
	(void)lws_service(loop->lws, 0);
}

void loop_run(struct loop *loop)
{
	loop->stopping = false;
	for (;;) {
		(void)uv_run(&loop->uv, UV_RUN_NOWAIT);
		timers_fire(loop);
		run_tasks(loop);
		run_hooks(loop);
		if (loop->stopping && list_empty(&loop->tasks))
			break;
		sleep_and_serve(loop);
		uv_update_time(&loop->uv);
	}
}

void loop_stop(struct loop *loop)
{
	loop->stopping = true;
}

void loop_wake(struct loop *loop)
{
	(void)uv_async_send(&loop->wake);
}

uint64_t loop_now_ms(const struct loop *loop)
{
	return uv_now(&loop->uv);
}

struct uv_loop_s *loop_uv(struct loop *loop)
{
	return &loop->uv;
}

struct lws_context *loop_lws(struct loop *loop)
{
	return loop->lws;
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

void loop_before_sleep(struct loop *loop, struct hook *hook)
{
	list_append(&loop->hooks, &hook->link);
}

void hook_remove(struct hook *hook)
{
	list_remove(&hook->link);
}
