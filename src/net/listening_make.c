/* A socket that listens, where none is held yet, and what a place is called. */
#include "net/listening_internal.h"

#include "net/local.h"
#include "net/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DATAGRAM_BUFFER_BYTES = 1024 * 1024 };

static bool set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

/* Larger buffers take a burst; the kernel grants what its limits allow. Answers leave from the address that was written
 * to, so each datagram's destination is asked for. A second socket may not bind the same address: the kernel asks both,
 * at bind(), whether they are to be reusable, so one that has been bound keeps its address for its own. */
static bool prepare_datagrams(int fd, bool is_v4)
{
	(void)set_option(fd, SOL_SOCKET, SO_RCVBUF, DATAGRAM_BUFFER_BYTES);
	(void)set_option(fd, SOL_SOCKET, SO_SNDBUF, DATAGRAM_BUFFER_BYTES);
	return set_option(fd, is_v4 ? IPPROTO_IP : IPPROTO_IPV6,
	               is_v4 ? IP_PKTINFO : IPV6_RECVPKTINFO, 1) &&
	       set_option(fd, SOL_SOCKET, SO_REUSEADDR, 0);
}

bool listening_prepare(int fd, const struct listening_place *place)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
	        fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return false;
	if (place->kind == LISTENING_UDP)
		return prepare_datagrams(fd, place->address.ss_family == AF_INET);
	return listen(fd, LISTENING_BACKLOG) == 0;
}

static int make_local(const struct listening_place *place)
{
	struct stat about;
	/* A passing one is the gateway's own: the lock of its state folder says already that nobody listens there. */
	if (!place->passing && local_is_listened_at(place->path)) {
		errno = EADDRINUSE;
		return -1;
	}
	int fd = local_listen(place->path, LISTENING_BACKLOG);
	if (fd < 0)
		return -1;
	if (lstat(place->path, &about) == 0 && chmod(place->path, place->mode) == 0)
		return fd;
	int why = errno;
	(void)close(fd);
	errno = why;
	return -1;
}

int listening_make(const struct listening_place *place)
{
	if (place->kind == LISTENING_LOCAL)
		return make_local(place);
	bool is_v4 = place->address.ss_family == AF_INET;
	bool datagrams = place->kind == LISTENING_UDP;
	socklen_t n = is_v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	int type = datagrams ? SOCK_DGRAM : SOCK_STREAM;
	int fd = socket(place->address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* A stream's [::] takes IPv4 as well. With datagrams, which are answered from the address that they were sent to, 0.0.0.0
	 * and [::] are two listeners. Whatever the host's default is. */
	if (set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
	        (is_v4 || set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, datagrams)) &&
	        bind(fd, (const struct sockaddr *)(const void *)&place->address, n) == 0 &&
	        listening_prepare(fd, place))
		return fd;
	int why = errno;
	(void)close(fd);
	errno = why;
	return -1;
}

static bool is_any(const struct sockaddr_storage *address)
{
	const void *at = address;
	if (address->ss_family == AF_INET)
		return ((const struct sockaddr_in *)at)->sin_addr.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)at)->sin6_addr);
}

bool listening_overlap(const struct held_socket *held, const struct listening_place *place)
{
	const void *one = &held->address, *other = &place->address;
	/* The port is in the same place of both families. */
	if (held->kind != place->kind || place->kind == LISTENING_LOCAL ||
	        ((const struct sockaddr_in *)one)->sin_port !=
	                ((const struct sockaddr_in *)other)->sin_port)
		return false;
	bool same_family = held->address.ss_family == place->address.ss_family;
	if (same_family)
		return is_any(&held->address) || is_any(&place->address);
	/* A stream's [::] takes IPv4 as well; its datagrams' does not. */
	const struct sockaddr_storage *v6 =
	        place->address.ss_family == AF_INET6 ? &place->address : &held->address;
	return place->kind == LISTENING_TCP && is_any(v6);
}

char *listening_real_path(const char *path)
{
	char folder[PATH_MAX], real[PATH_MAX];
	const char *name = strrchr(path, '/');
	size_t n = name ? (size_t)(name - path) : 0;
	if (!name || n >= sizeof folder)
		return NULL;
	memcpy(folder, path, n);
	folder[n] = '\0';
	if (!realpath(n ? folder : "/", real))
		return NULL;
	size_t size = strlen(real) + strlen(name) + 1;
	char *whole = malloc(size);
	if (whole)
		(void)snprintf(whole, size, "%s%s", real[1] ? real : "", name);
	return whole;
}

bool listening_file_is_there(const char *path)
{
	struct stat about;
	return lstat(path, &about) == 0 && S_ISSOCK(about.st_mode);
}

static const char *const kinds[] = { "tcp", "udp", "unix" };

void listening_text(const struct held_socket *held, char text[LISTENING_TEXT_BYTES])
{
	char address[INET6_ADDRSTRLEN + 16];
	net_address_text(
	        (const struct sockaddr *)(const void *)&held->address, address, sizeof address);
	(void)snprintf(text, LISTENING_TEXT_BYTES, "%s %s", kinds[held->kind],
	        held->path ? held->path : address);
}

/* A manager's names have no colon and nothing but printable ASCII. '_' and two digits stand for what else there is in a path,
 * so that two paths never have one name. */
bool listening_name(const struct held_socket *held, char name[LISTENING_NAME_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	char text[LISTENING_TEXT_BYTES];
	listening_text(held, text);
	/* It is bound by way of a descriptor (local.c): what it is bound to means nothing to another process. */
	if (held->path && strlen(held->path) > STREAM_PATH_MAX_BYTES)
		return false;
	const char *where = strchr(text, ' ') + 1;
	size_t n = (size_t)snprintf(
	        name, LISTENING_NAME_BYTES, LISTENING_NAME_PREFIX "%s/", kinds[held->kind]);
	for (const char *at = where; *at; at++) {
		unsigned char c = (unsigned char)*at;
		if (n + 4 > LISTENING_NAME_BYTES)
			return false;
		if (c == ':' && !held->path) {
			name[n++] = '_';
		} else if (c > ' ' && c < 127 && c != ':' && c != '_') {
			name[n++] = (char)c;
		} else {
			name[n++] = '_';
			name[n++] = digits[c >> 4];
			name[n++] = digits[c & 15];
		}
	}
	name[n] = '\0';
	return true;
}
