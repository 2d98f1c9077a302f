#include "loop/file_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "loop/loop.h"

enum { LOOK_EVERY_MS = 500 };

struct file_watch {
	uv_fs_poll_t poll;
	uv_work_t work;
	void (*read)(void *arg, int error, slice content);
	void *arg;
	bool reading;     /* a thread has `error`, `content` and `n` */
	bool again;       /* what it reads may be old by now */
	bool destroyed;   /* by the owner */
	bool poll_closed; /* libuv has let go of `poll` */
	int error;
	char *content;
	size_t n, max_bytes;
	char path[];
};

static int read_all(int fd, struct file_watch *watch)
{
	struct stat about;
	if (fstat(fd, &about) != 0)
		return errno;
	if (!S_ISREG(about.st_mode))
		return EINVAL;
	while (watch->n <= watch->max_bytes) {
		ssize_t n = read(fd, watch->content + watch->n, watch->max_bytes + 1 - watch->n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (n == 0)
			return 0;
		watch->n += (size_t)n;
	}
	return EFBIG;
}

/* On a thread of libuv's. */
static void read_file(uv_work_t *work)
{
	struct file_watch *watch = LIST_OWNER(work, struct file_watch, work);
	watch->n = 0;
	watch->error = ENOMEM;
	watch->content = malloc(watch->max_bytes + 1);
	if (!watch->content)
		return;
	int fd = open(watch->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	watch->error = fd < 0 ? errno : read_all(fd, watch);
	if (fd >= 0)
		(void)close(fd);
}

static void free_when_unused(struct file_watch *watch)
{
	if (watch->destroyed && watch->poll_closed && !watch->reading)
		free(watch);
}

static void was_read(uv_work_t *work, int status)
{
	struct file_watch *watch = LIST_OWNER(work, struct file_watch, work);
	slice content = { watch->content, watch->error ? 0 : watch->n };
	if (status == 0 && !watch->destroyed && !watch->again)
		watch->read(watch->arg, watch->error, content);
	if (watch->content)
		explicit_bzero(watch->content, watch->n);
	free(watch->content);
	watch->content = NULL;
	watch->reading = false;
	if (watch->again && !watch->destroyed)
		file_watch_look(watch);
	free_when_unused(watch);
}

void file_watch_look(struct file_watch *watch)
{
	watch->again = watch->reading;
	if (watch->reading)
		return;
	watch->reading = uv_queue_work(watch->poll.loop, &watch->work, read_file, was_read) == 0;
}

static void looked(uv_fs_poll_t *poll, int status, const uv_stat_t *before, const uv_stat_t *now)
{
	(void)status;
	(void)before;
	(void)now;
	file_watch_look(LIST_OWNER(poll, struct file_watch, poll));
}

struct file_watch *file_watch_create(struct loop *loop, const char *path, size_t max_bytes,
        void (*read_function)(void *arg, int error, slice content), void *arg)
{
	size_t n = strlen(path) + 1;
	struct file_watch *watch = calloc(1, sizeof *watch + n);
	if (!watch)
		return NULL;
	memcpy(watch->path, path, n);
	watch->read = read_function;
	watch->arg = arg;
	watch->max_bytes = max_bytes;
	(void)uv_fs_poll_init(loop_uv(loop), &watch->poll);
	if (uv_fs_poll_start(&watch->poll, looked, watch->path, LOOK_EVERY_MS) != 0) {
		file_watch_destroy(watch);
		return NULL;
	}
	/* It may have changed between the owner's own reading and the first look. */
	file_watch_look(watch);
	return watch;
}

static void closed(uv_handle_t *handle)
{
	struct file_watch *watch = LIST_OWNER(handle, struct file_watch, poll);
	watch->poll_closed = true;
	free_when_unused(watch);
}

void file_watch_destroy(struct file_watch *watch)
{
	if (!watch)
		return;
	watch->destroyed = true;
	if (watch->reading)
		(void)uv_cancel((uv_req_t *)&watch->work);
	uv_close((uv_handle_t *)&watch->poll, closed);
}
