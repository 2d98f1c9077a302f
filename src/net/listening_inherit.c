/* What a process is born with: systemd's protocol of handing over sockets (sd_listen_fds(3)), which other supervisors speak as
 * well. The descriptors 3, 4, … are sockets; LISTEN_FDS says how many, LISTEN_PID for which process (the variables are
 * inherited by whomever that starts), LISTEN_FDNAMES what the manager calls them.
 *
 * NOTHING HERE IS BELIEVED: a number may be none, a descriptor may be closed, a file, a socket that is connected (Accept=yes) or does not
 * listen. Each such thing is a line in the log and no more; the gateway then listens by itself. */
#include "net/listening_internal.h"

#include "base/log.h"
#include "base/slice.h"
#include "net/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_FD = 3, INHERITED_MAX = 1024 };

/* Decimal digits and nothing else, up to `most`. */
static bool parse_number(const char *text, unsigned long most, unsigned long *number)
{
	char *end;
	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoul(text, &end, 10);
	return errno == 0 && *end == '\0' && *number <= most;
}

static int option_of(int fd, int level, int option)
{
	int value = -1;
	socklen_t n = sizeof value;
	return getsockopt(fd, level, option, &value, &n) == 0 ? value : -1;
}

/* A stream's: NULL if it listens. */
static const char *why_not_stream(int fd)
{
	struct sockaddr_storage peer;
	socklen_t n = sizeof peer;
	if (option_of(fd, SOL_SOCKET, SO_ACCEPTCONN) == 1)
		return NULL;
	if (getpeername(fd, (struct sockaddr *)&peer, &n) == 0)
		return "it is a connection (a unit with Accept=yes?); sockets that listen are "
		       "wanted";
	return "it does not listen";
}

static const char *why_not_datagrams(int fd, const struct sockaddr_storage *address)
{
	struct sockaddr_storage peer;
	socklen_t n = sizeof peer;
	const void *at = address;
	if (getpeername(fd, (struct sockaddr *)&peer, &n) == 0)
		return "it is connected to one peer";
	/* The port is in the same place of both. */
	if (((const struct sockaddr_in *)at)->sin_port == 0)
		return "it is not bound to a port";
	if (address->ss_family == AF_INET6 && option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY) != 1)
		return "it takes IPv4 as well (its unit lacks BindIPv6Only=ipv6-only)";
	return NULL;
}

/* Where it is bound; `path` gets what belongs to a socket of this machine. NULL, or why it is of no use. */
static const char *examine(int fd, struct listening_place *place, char path[])
{
	struct stat about;
	socklen_t n = sizeof place->address;
	*place = (struct listening_place){ .kind = LISTENING_TCP };
	if (fstat(fd, &about) != 0)
		return "it is not open";
	if (!S_ISSOCK(about.st_mode))
		return "it is no socket";
	if (getsockname(fd, (struct sockaddr *)&place->address, &n) != 0)
		return strerror(errno);
	int family = place->address.ss_family, type = option_of(fd, SOL_SOCKET, SO_TYPE);
	if (type == SOCK_DGRAM && (family == AF_INET || family == AF_INET6)) {
		place->kind = LISTENING_UDP;
		return why_not_datagrams(fd, &place->address);
	}
	if (type != SOCK_STREAM || (family != AF_INET && family != AF_INET6 && family != AF_UNIX))
		return "it is neither TCP nor UDP nor a stream of this machine";
	const char *why = why_not_stream(fd);
	if (why || family != AF_UNIX)
		return why;
	const void *at = &place->address;
	size_t room = n > offsetof(struct sockaddr_un, sun_path)
	                      ? n - offsetof(struct sockaddr_un, sun_path)
	                      : 0;
	memcpy(path, ((const struct sockaddr_un *)at)->sun_path, room);
	path[room] = '\0';
	place->kind = LISTENING_LOCAL;
	return *path == '/' ? NULL : "it has no path";
}

/* NULL, or why not. */
static const char *adopt(struct listening *set, int fd, bool ours)
{
	struct listening_place place;
	char path[sizeof(struct sockaddr_un) + 1];
	const char *why = examine(fd, &place, path);
	if (why)
		return why;
	char *real = place.kind == LISTENING_LOCAL ? listening_real_path(path) : NULL;
	/* Where its folder is gone it still has to have a name, by which the manager is told to forget it. */
	place.path = real ? real : place.kind == LISTENING_LOCAL ? path : NULL;
	struct held_socket *held = NULL;
	if (listening_find(set, &place))
		why = "another one is bound to the same address";
	else if (!listening_prepare(fd, &place))
		why = strerror(errno);
	else
		held = listening_add(set, &place, fd);
	free(real);
	if (!held)
		return why ? why : "out of memory";
	held->inherited = true;
	held->stored = ours;
	if (ours)
		listening_note_file(held);
	return NULL;
}

/* The next name of the list, which ends with NULL. */
static slice next_name(const char **names)
{
	if (!*names)
		return (slice){ NULL, 0 };
	const char *end = strchr(*names, ':');
	slice name = { *names, end ? (size_t)(end - *names) : strlen(*names) };
	*names = end ? end + 1 : NULL;
	return name;
}

/* One of our own: without a word the manager would hand it over at each start. Where there is no memory for it, it does. */
static void note_useless(struct listening *set, slice name)
{
	struct useless_name *useless =
	        name.n < LISTENING_NAME_BYTES ? calloc(1, sizeof *useless) : NULL;
	if (!useless)
		return;
	memcpy(useless->name, name.p, name.n);
	list_init(&useless->link);
	list_append(&set->useless, &useless->link);
}

static void adopt_all(struct listening *set, unsigned long count, const char *names)
{
	for (int fd = FIRST_FD; fd < FIRST_FD + (int)count; fd++) {
		slice name = next_name(&names);
		bool ours = slice_starts(name, SLICE(LISTENING_NAME_PREFIX));
		const char *why = adopt(set, fd, ours);
		if (!why)
			continue;
		log_warning("net", "LISTEN_FDS: descriptor %d (%.*s) is not used: %s", fd,
		        name.n ? (int)name.n : 7, name.n ? name.p : "unnamed", why);
		(void)close(fd);
		if (ours)
			note_useless(set, name);
	}
}

void listening_inherit(struct listening *set)
{
	const char *count_text = getenv("LISTEN_FDS"), *pid_text = getenv("LISTEN_PID");
	unsigned long count, pid, most;
	set->keeper_says = parse_number(getenv("FDSTORE"), UINT32_MAX, &most) && most;
	if (!count_text && !pid_text)
		return;
	if (!parse_number(pid_text, INT32_MAX, &pid))
		log_warning(
		        "net", "LISTEN_FDS is not looked at: LISTEN_PID is not a process's number");
	else if (pid != (unsigned long)getpid())
		log_info("net",
		        "LISTEN_FDS is not looked at: its sockets are for process %lu, which is "
		        "another one",
		        pid);
	else if (!parse_number(count_text, INHERITED_MAX, &count))
		log_warning("net", "LISTEN_FDS is not looked at: it is not a number up to %d",
		        INHERITED_MAX);
	else
		adopt_all(set, count, getenv("LISTEN_FDNAMES"));
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDNAMES");
}
