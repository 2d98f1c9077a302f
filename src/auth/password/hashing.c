/* Why a thread of its own and not one of libuv's: those look up names, and a few hundred devices that come back at once
 * would keep every look-up waiting for as long as it takes to verify all their passwords. It is one, and yields to
 * the core thread (its nice value is a little higher): on a box with one processor the gateway goes on meanwhile. A little only,
 * since it yields to all other programs with it: at 10 and beside a few busy ones a login took minutes. How many may
 * wait is bounded, so that whoever is taken is answered in time; the rest is told to come again. */
#include "auth/password/hashing.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "loop/mailbox.h"

enum { JOBS_MAX = 64, NICER = 3 };

struct hashing {
	pthread_t thread;
	bool runs;
	unsigned njobs;
	struct mailbox *orders, *results;
	struct list stop; /* the last letter */
};

static void *serve(void *arg)
{
	struct hashing *hashing = arg;
	struct list letters;
	bool stopped = false;
	list_init(&letters);
	id_t self = (id_t)syscall(SYS_gettid);
	(void)setpriority(PRIO_PROCESS, self, getpriority(PRIO_PROCESS, self) + NICER);
	while (!stopped) {
		(void)mailbox_wait(hashing->orders, &letters, MAILBOX_WAIT_FOREVER);
		LIST_EACH (&letters, at, following) {
			list_remove(at);
			stopped = at == &hashing->stop;
			if (stopped)
				continue;
			struct hashing_job *job = LIST_OWNER(at, struct hashing_job, link);
			job->right = password_verify(
			        &job->hash, (slice){ job->password, job->n }, &job->failed);
			mailbox_post(hashing->results, at);
		}
	}
	arena_cache_drop();
	return NULL;
}

static void deliver(void *arg, struct list *letters)
{
	struct hashing *hashing = arg;
	LIST_EACH (letters, at, following) {
		struct hashing_job *job = LIST_OWNER(at, struct hashing_job, link);
		list_remove(at);
		hashing->njobs--;
		explicit_bzero(job->password, sizeof job->password);
		job->done(job);
	}
}

struct hashing *hashing_create(struct loop *loop)
{
	struct hashing *hashing = calloc(1, sizeof *hashing);
	if (!hashing)
		return NULL;
	list_init(&hashing->stop);
	hashing->orders = mailbox_create(NULL, NULL, NULL);
	hashing->results = mailbox_create(loop, deliver, hashing);
	if (hashing->orders && hashing->results)
		return hashing;
	hashing_destroy(hashing);
	return NULL;
}

static bool start_thread(struct hashing *hashing)
{
	sigset_t all, before;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int code = pthread_create(&hashing->thread, NULL, serve, hashing);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (code != 0)
		log_error("auth", "no thread for verifying passwords: %s", strerror(code));
	hashing->runs = code == 0;
	return hashing->runs;
}

void hashing_destroy(struct hashing *hashing)
{
	if (!hashing)
		return;
	if (hashing->runs) {
		mailbox_post(hashing->orders, &hashing->stop);
		(void)pthread_join(hashing->thread, NULL);
	}
	mailbox_destroy(hashing->orders, NULL);
	mailbox_destroy(hashing->results, NULL);
	free(hashing);
}

bool hashing_start(struct hashing *hashing, struct hashing_job *job, bool can_wait)
{
	unsigned most = can_wait ? JOBS_MAX / 2 : JOBS_MAX;
	if (hashing->njobs >= most || !(hashing->runs || start_thread(hashing)))
		return false;
	hashing->njobs++;
	list_init(&job->link);
	mailbox_post(hashing->orders, &job->link);
	return true;
}
