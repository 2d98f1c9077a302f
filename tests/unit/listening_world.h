/* What the tests of sockets that outlive their listeners share: a set, a keeper that is played by hand, places, and what the log has said.
 * Include after support.h. */
#ifndef UNIT_LISTENING_WORLD_H
#define UNIT_LISTENING_WORLD_H

#include "loop/loop.h"
#include "net/listening.h"
#include "net/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { HIGH_FD = 100, NAMES = 8 };

static struct loop *loop;
static struct listening *set;
static char folder[] = "/tmp/fairlead-listening-XXXXXX";
static char path[sizeof folder + 16];
static int log_file, log_before;

/* The keeper: what it was given, by name, and what it was told to forget. */
static char kept[NAMES][256], dropped[NAMES][256];
static unsigned nkept, ndropped;
static bool deaf;

static inline bool keep(void *arg, int fd, const char *name)
{
	(void)arg;
	assert_true(fcntl(fd, F_GETFD) >= 0);
	if (deaf)
		return false;
	(void)snprintf(kept[nkept++], sizeof *kept, "%s", name);
	return true;
}

static inline void drop(void *arg, const char *name)
{
	(void)arg;
	(void)snprintf(dropped[ndropped++], sizeof *dropped, "%s", name);
}

static const struct listening_keeper keeper = { NULL, keep, drop };

static inline void clear_environment(void)
{
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDNAMES");
	(void)unsetenv("FDSTORE");
}

static inline int setup(void **state)
{
	(void)state;
	clear_environment();
	nkept = ndropped = 0;
	deaf = false;
	memset(folder + sizeof folder - 7, 'X', 6);
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/s.sock", folder);
	char log_path[] = "/tmp/fairlead-listening-log-XXXXXX";
	int made = mkstemp(log_path);
	log_file = fcntl(made, F_DUPFD_CLOEXEC, HIGH_FD);
	(void)close(made);
	(void)unlink(log_path);
	log_before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, HIGH_FD);
	(void)dup2(log_file, STDERR_FILENO);
	set = listening_create();
	assert_non_null(set);
	return 0;
}

/* Descriptors from 3 on are what the process is born with, so the loop comes after them. */
static inline void begin(void)
{
	loop = loop_create();
	assert_non_null(loop);
	listening_serve(set, loop);
}

static inline int teardown(void **state)
{
	(void)state;
	loop_destroy(loop);
	loop = NULL;
	listening_destroy(set);
	(void)dup2(log_before, STDERR_FILENO);
	(void)close(log_before);
	(void)close(log_file);
	(void)unlink(path);
	(void)rmdir(folder);
	return 0;
}

static inline bool said(const char *part)
{
	static char text[65536];
	ssize_t n = pread(log_file, text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	return strstr(text, part) != NULL;
}

static inline struct listening_place place_of(enum listening_kind kind, const char *address)
{
	struct listening_place place = { .kind = kind };
	if (kind == LISTENING_LOCAL) {
		place.path = address;
		place.mode = 0600;
	} else {
		assert_true(net_parse_address(slice_of(address), &place.address));
	}
	return place;
}

static inline void opens(const struct listening_place *place, struct listening_use *use)
{
	use->taken = NULL;
	assert_int_equal(listening_open(loop, place, use), 0);
	assert_true(use->fd >= 0);
}

static inline void ended(struct listening_use *use)
{
	int fd = use->fd;
	listening_end(use);
	assert_int_equal(close(fd), 0);
}

/* "127.0.0.1:PORT" of the socket. */
static inline const char *address_of(int fd)
{
	static char text[64];
	struct sockaddr_storage at;
	socklen_t n = sizeof at;
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	net_address_text((struct sockaddr *)&at, text, sizeof text);
	return text;
}

/* A free port: found by binding, and given back. */
static inline struct listening_place free_place(enum listening_kind kind, const char *host)
{
	char text[64];
	(void)snprintf(text, sizeof text, "%s:0", host);
	struct listening_place any = place_of(kind, text);
	int fd = socket(any.address.ss_family, kind == LISTENING_UDP ? SOCK_DGRAM : SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&any.address,
	                         any.address.ss_family == AF_INET ? sizeof(struct sockaddr_in)
	                                                          : sizeof(struct sockaddr_in6)),
	        0);
	struct listening_place place = place_of(kind, address_of(fd));
	(void)close(fd);
	return place;
}

static inline int connected(const struct listening_place *place)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	bool is_local = place->kind == LISTENING_LOCAL;
	int fd = socket(
	        is_local ? AF_UNIX : place->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (is_local)
		(void)snprintf(local.sun_path, sizeof local.sun_path, "%s", place->path);
	const struct sockaddr *to =
	        is_local ? (struct sockaddr *)&local : (const struct sockaddr *)&place->address;
	socklen_t n = is_local                   ? sizeof local
	              : to->sa_family == AF_INET ? sizeof(struct sockaddr_in)
	                                         : sizeof(struct sockaddr_in6);
	if (connect(fd, to, n) == 0)
		return fd;
	int why = errno;
	(void)close(fd);
	errno = why;
	return -1;
}

#endif
