#include "loop/file_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "loop/look.h"
#include "loop/loop.h"

enum { FACTS = 7 };

struct file_watch {
	struct loop *loop;
	struct look look;
	uv_fs_t about;
	uv_work_t work;
	void (*read)(void *arg, int error, slice content);
	void *arg;
	uint64_t facts[FACTS]; /* as it was when it was looked at last */
	bool looking;          /* a thread has `about` */
	bool look_again;       /* what it sees may be old by now */
	bool reading;          /* a thread has `error`, `content` and `n` */
	bool again;            /* what it reads may be old by now */
	bool destroyed;        /* by the owner */
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
	if (watch->destroyed && !watch->looking && !watch->reading)
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
	watch->reading =
	        uv_queue_work(loop_uv(watch->loop), &watch->work, read_file, was_read) == 0;
}

static void look(struct look *self);

/* All that says that it is another file, or written to; what cannot be looked at is a state like any. */
static bool has_changed(struct file_watch *watch)
{
	const uv_stat_t *about = &watch->about.statbuf;
	uint64_t facts[FACTS] = { (uint64_t)watch->about.result };
	if (watch->about.result == 0) {
		facts[1] = about->st_dev;
		facts[2] = about->st_ino;
		facts[3] = about->st_size;
		facts[4] = (uint64_t)about->st_mtim.tv_sec ^ (uint64_t)about->st_mtim.tv_nsec << 32;
		facts[5] = (uint64_t)about->st_ctim.tv_sec ^ (uint64_t)about->st_ctim.tv_nsec << 32;
		facts[6] = about->st_mode;
	}
	bool changed = memcmp(facts, watch->facts, sizeof facts) != 0;
	memcpy(watch->facts, facts, sizeof facts);
	return changed;
}

static void looked(uv_fs_t *about)
{
	struct file_watch *watch = LIST_OWNER(about, struct file_watch, about);
	watch->looking = false;
	if (!watch->destroyed && about->result != UV_ECANCELED && has_changed(watch)) {
		file_watch_look(watch);
		look_soon(watch->loop);
	}
	uv_fs_req_cleanup(about);
	if (!watch->destroyed && watch->look_again)
		look(&watch->look);
	free_when_unused(watch);
}

static void look(struct look *self)
{
	struct file_watch *watch = LIST_OWNER(self, struct file_watch, look);
	watch->look_again = watch->looking;
	if (watch->looking)
		return;
	look_hint(watch->loop, watch->path);
	watch->looking = uv_fs_stat(loop_uv(watch->loop), &watch->about, watch->path, looked) == 0;
}

struct file_watch *file_watch_create(struct loop *loop, const char *path, size_t max_bytes,
        void (*read_function)(void *arg, int error, slice content), void *arg)
{
	size_t n = strlen(path) + 1;
	struct file_watch *watch = calloc(1, sizeof *watch + n);
	if (!watch)
		return NULL;
	memcpy(watch->path, path, n);
	watch->loop = loop;
	watch->read = read_function;
	watch->arg = arg;
	watch->max_bytes = max_bytes;
	watch->facts[0] =
	        1; /* no result of a look: it may have changed between the owner's own reading and the first */
	look_init(&watch->look, look);
	look_start(loop, &watch->look);
	look(&watch->look);
	return watch;
}

void file_watch_destroy(struct file_watch *watch)
{
	if (!watch)
		return;
	watch->destroyed = true;
	look_stop(watch->loop, &watch->look);
	if (watch->reading)
		(void)uv_cancel((uv_req_t *)&watch->work);
	if (watch->looking)
		(void)uv_cancel((uv_req_t *)&watch->about);
	free_when_unused(watch);
}
