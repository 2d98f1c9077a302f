/* One loop of two libraries: libwebsockets outside, libuv inside.
 *
 * libwebsockets owns poll() and cannot be asked politely to give it up (its libuv plug-in costs half as much
 * again a request), so libuv's epoll descriptor is one more file in it: a readable one means "uv_run() has
 * something to do". uv_run() never sleeps; its next timer, and ours, end lws's sleep through a scheduled
 * event. What lws callbacks start in libuv is registered by the uv_run() that follows them, before the next
 * sleep.
 *
 * NOTHING DUE MAY SLEEP. lws runs its own timers before it polls, inside the same call, and what their callbacks
 * defer (a request cancelled because its connection timed out) would wait as long as poll() does. lws doesn't
 * tell whether it is before or after the poll; so the first piece of work that comes up inside lws_service() sets
 * the alarm to "now" (loop_hurry): before the poll that ends the sleep, after it it does no harm. The alarm itself
 * hurries, too, when it rings, for that is before the poll as well.
 *
 * The clock is read once a turn, but afresh for those who ask from inside lws_service(), which may have slept.
 *
 * Rejected: uv outside with lws's event-library plug-in (slower, a package more), two threads (locks). */
#include "loop/loop.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <libwebsockets.h>
#include <uv.h>

#include "base/clock.h"
#include "base/log.h"
#include "loop/internal.h"

/* lws keeps 16 bytes for every descriptor that the process could open (context.c). */
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

/* As many as we may have, up to what we want to pay for. lws sizes its tables by this limit; its own setting for
 * that would make it search them for each event. */
static void limit_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS_MAX ? limit.rlim_max : DESCRIPTORS_MAX;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_warning("loop", "the limit of open files stays as it is");
}

static bool open_lws(struct loop *loop)
{
	lws_set_log_level(LLL_ERR | LLL_WARN, log_lws);
	struct lws_context_creation_info info = { 0 };
	/* lws is no client here: the system's list of authorities would be read for nothing. */
	info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
	               LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
	info.port = CONTEXT_PORT_NO_LISTEN;
	limit_descriptors();
	loop->lws = context_create(&info);
	if (!loop->lws)
		return false;
	info.protocols = protocols;
	info.vhost_name = "fairlead-uv";
	/* Nor does this host speak TLS: with the option it would get a client's SSL_CTX. */
	info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
	struct lws_vhost *vhost = lws_create_vhost(loop->lws, &info);
	/* A duplicate: lws closes what it adopted, and uv closes its own. */
	lws_sock_file_fd_type descriptor = { .filefd = fcntl(uv_backend_fd(&loop->uv),
		                                     F_DUPFD_CLOEXEC, 0) };
	return vhost && descriptor.filefd >= 0 &&
	       lws_adopt_descriptor_vhost(
	               vhost, LWS_ADOPT_RAW_FILE_DESC, descriptor, protocols[0].name, NULL) != NULL;
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
	looks_init(&loop->looks, loop);
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
		run_tasks(loop);
		run_hooks(loop);
	}
	if (loop->lws)
		lws_context_destroy(loop->lws);
	if (uv_loop_close(&loop->uv) != 0)
		log_error("loop", "a handle is still open at the end");
	timers_finish(loop);
	free(loop);
}

static void end_sleep(lws_sorted_usec_list_t *event)
{
	struct loop *loop = LIST_OWNER(event, struct loop, alarm);
	loop->alarm_set = false;
	loop_hurry(loop);
}

static void set_alarm(struct loop *loop, uint64_t at_ms, lws_usec_t wait_us)
{
	lws_sul_schedule(loop->lws, 0, &loop->alarm, end_sleep, wait_us);
	loop->alarm_set = true;
	loop->alarm_at_ms = at_ms;
}

static void clear_alarm(struct loop *loop)
{
	lws_sul_cancel(&loop->alarm);
	loop->alarm_set = false;
}

void loop_hurry(struct loop *loop)
{
	if (!loop->in_lws || loop->hurried)
		return;
	loop->hurried = true;
	set_alarm(loop, 0, 1);
}

static void sleep_and_serve(struct loop *loop)
{
	int ms = sleep_ms(loop);
	uint64_t at_ms = uv_now(&loop->uv) + (uint64_t)(ms > 0 ? ms : 0);
	if (loop->alarm_set && ms < 0)
		clear_alarm(loop);
	/* Mostly the same deadline as in the last turn: then nothing has to be sorted again. lws rounds its sleep
	 * down to milliseconds; the 999 µs keep it from spinning through the last one. */
	if (ms > 0 && (!loop->alarm_set || loop->alarm_at_ms != at_ms))
		set_alarm(loop, at_ms, (lws_usec_t)ms * 1000 + 999);
	loop->in_lws = true;
	(void)lws_service(loop->lws, ms == 0 ? -1 : 0);
	loop->in_lws = false;
	uv_update_time(&loop->uv);
	if (loop->hurried || (loop->alarm_set && loop->alarm_at_ms <= uv_now(&loop->uv)))
		clear_alarm(loop);
	loop->hurried = false;
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
	}
}

void loop_stop(struct loop *loop)
{
	loop->stopping = true;
	loop_hurry(loop);
}

void loop_wake(struct loop *loop)
{
	(void)uv_async_send(&loop->wake);
}

uint64_t loop_now_ms(const struct loop *loop)
{
	return loop->in_lws ? clock_monotonic_ms() : uv_now(&loop->uv);
}

struct uv_loop_s *loop_uv(struct loop *loop)
{
	return &loop->uv;
}

struct lws_context *loop_lws(struct loop *loop)
{
	return loop->lws;
}

void loop_set_listening(struct loop *loop, struct listening *listening)
{
	loop->listening = listening;
}

struct listening *loop_listening(const struct loop *loop)
{
	return loop->listening;
}

void task_init(struct task *task, void (*run)(struct task *))
{
	list_init(&task->link);
	task->run = run;
}

void loop_defer(struct loop *loop, struct task *task)
{
	if (!list_empty(&task->link))
		return;
	list_append(&loop->tasks, &task->link);
	loop_hurry(loop);
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
