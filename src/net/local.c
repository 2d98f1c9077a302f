/* The path of a socket has 107 bytes at most, a folder may have more: so it is opened first, and the socket named
 * relative to it, by way of /proc. */
#include "net/local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Its folder's descriptor, and the address by way of it. -1: errno. */
static int open_folder(const char *path, struct sockaddr_un *address)
{
	char folder[4096];
	const char *name = strrchr(path, '/');
	size_t n = name ? (size_t)(name - path) : 0;
	if (!name || n >= sizeof folder || strlen(name + 1) > 64) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(folder, path, n);
	folder[n] = '\0';
	int fd = open(n ? folder : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void)snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%.64s", fd,
	        name + 1);
	return fd;
}

static int fail(int fd)
{
	int why = errno;
	if (fd >= 0)
		(void)close(fd);
	errno = why;
	return -1;
}

/* Nobody else may connect from the first moment on. */
static bool bind_private(int fd, const struct sockaddr_un *address)
{
	mode_t before = umask(0177);
	bool bound = bind(fd, (const struct sockaddr *)(const void *)address, sizeof *address) == 0;
	int why = errno;
	(void)umask(before);
	errno = why;
	return bound;
}

int local_listen(const char *path, int backlog)
{
	struct sockaddr_un address;
	struct stat about;
	if (lstat(path, &about) == 0 && !S_ISSOCK(about.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	if (unlink(path) != 0 && errno != ENOENT)
		return -1;
	/* What it is bound to tells the next process which one it is (listening.h), where that has room. */
	bool fits = strlen(path) < sizeof address.sun_path;
	int folder = open_folder(path, &address);
	if (folder < 0)
		return -1;
	if (fits)
		(void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool listening = fd >= 0 && bind_private(fd, &address) && listen(fd, backlog) == 0;
	(void)fail(folder);
	return listening ? fd : fail(fd);
}

static int connect_to(const char *path, int flags)
{
	struct sockaddr_un address;
	int folder = open_folder(path, &address);
	if (folder < 0)
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	bool connected = fd >= 0 && connect(fd, (const struct sockaddr *)(const void *)&address,
	                                    sizeof address) == 0;
	(void)fail(folder);
	return connected ? fd : fail(fd);
}

int local_connect(const char *path)
{
	return connect_to(path, 0);
}

bool local_is_listened_at(const char *path)
{
	int fd = connect_to(path, SOCK_NONBLOCK);
	if (fd < 0)
		return errno == EAGAIN; /* it has no time right now */
	(void)close(fd);
	return true;
}

bool local_peer_trusted(int fd, char *text, size_t size)
{
	struct ucred peer;
	socklen_t n = sizeof peer;
	bool known = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0;
	if (text && known)
		(void)snprintf(text, size, "pid-%ld/uid-%ld", (long)peer.pid, (long)peer.uid);
	else if (text)
		(void)snprintf(text, size, "unknown");
	return known && (peer.uid == 0 || peer.uid == geteuid());
}
