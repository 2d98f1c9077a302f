/* The service manager's end of the line.
 *
 * It is thirty lines of sockets, so libsystemd is not asked for them: that would be one more library to load, with
 * liblzma, libzstd and libgcrypt behind it, on boxes that may have no systemd.
 *
 * Each message is sent to the address, not through a connection: a manager that executes itself again, or a supervisor
 * that is not systemd and makes its socket anew, is found again.
 *
 * THE LOOP DOES NOT HANG ON ITS MANAGER: a queue that is full is waited for a quarter of a second, then the message is
 * dropped and that is said once. What counts comes again (the watchdog), or its lack is seen (a time-out of the start). */
#include "loop/notify.h"

#include <errno.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

enum { PATIENCE_US = 250000, LINES_BYTES = 320 };

struct notify {
	int fd;
	struct sockaddr_un to;
	socklen_t nto;
	uint64_t watchdog_ms;
	bool failing; /* the last message was not taken */
};

static bool take_address(struct notify *notify, const char *path)
{
	size_t n = strlen(path);
	if ((*path != '/' && *path != '@') || n < 2 || n >= sizeof notify->to.sun_path)
		return false;
	notify->to.sun_family = AF_UNIX;
	memcpy(notify->to.sun_path, path, n);
	bool abstract = *path == '@';
	if (abstract)
		notify->to.sun_path[0] = '\0';
	/* A path ends with a NUL; an abstract name with its last byte. */
	notify->nto = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + !abstract);
	return true;
}

/* Decimal digits; 0: it is no such number, or is not said. */
static uint64_t number_in(const char *name)
{
	const char *text = getenv(name);
	if (!text || *text < '0' || *text > '9')
		return 0;
	char *end;
	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' ? number : 0;
}

/* The variables are inherited: a watchdog for another process is none of ours. */
static uint64_t watchdog_ms(void)
{
	if (getenv("WATCHDOG_PID") && number_in("WATCHDOG_PID") != (uint64_t)getpid())
		return 0;
	return number_in("WATCHDOG_USEC") / 1000;
}

static bool open_socket(struct notify *notify)
{
	const struct timeval patience = { 0, PATIENCE_US };
	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return notify->fd >= 0 &&
	       setsockopt(notify->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0;
}

struct notify *notify_open(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	if (!path || !*path)
		return NULL;
	struct notify *notify = calloc(1, sizeof *notify);
	if (!notify)
		return NULL;
	notify->fd = -1;
	if (take_address(notify, path) && open_socket(notify)) {
		notify->watchdog_ms = watchdog_ms();
		return notify;
	}
	log_warning("service",
	        "the service manager is told nothing: NOTIFY_SOCKET is neither a path nor @name");
	notify_close(notify);
	return NULL;
}

void notify_close(struct notify *notify)
{
	if (!notify)
		return;
	if (notify->fd >= 0)
		(void)close(notify->fd);
	free(notify);
}

static bool send_message(struct notify *notify, struct msghdr *message)
{
	ssize_t sent;
	message->msg_name = &notify->to;
	message->msg_namelen = notify->nto;
	do {
		sent = sendmsg(notify->fd, message, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0 && !notify->failing)
		log_warning("service", "the service manager cannot be told: %s", strerror(errno));
	notify->failing = sent < 0;
	return sent >= 0;
}

void notify_say(struct notify *notify, const char *lines)
{
	struct iovec part = { (char *)(uintptr_t)lines, strlen(lines) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	if (notify)
		(void)send_message(notify, &message);
}

/* FDPOLL=0: otherwise systemd throws away a UDP socket that an ICMP message has come to. */
bool notify_store(struct notify *notify, int fd, const char *name)
{
	struct {
		alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(int))];
	} control = { { 0 } };
	char lines[LINES_BYTES];
	int n = snprintf(lines, sizeof lines, "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	if (!notify || n < 0 || (size_t)n >= sizeof lines)
		return false;
	struct iovec part = { lines, (size_t)n };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes };
	struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(rights), &fd, sizeof fd);
	return send_message(notify, &message);
}

void notify_unstore(struct notify *notify, const char *name)
{
	char lines[LINES_BYTES];
	(void)snprintf(lines, sizeof lines, "FDSTOREREMOVE=1\nFDNAME=%s", name);
	notify_say(notify, lines);
}

uint64_t notify_watchdog_ms(const struct notify *notify)
{
	return notify ? notify->watchdog_ms : 0;
}
