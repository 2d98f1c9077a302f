/* Asked of the kernel by binding a socket that nothing is sent to: what can be bound to is more than what interfaces have (all of
 * 127.0.0.0/8, or anything where the system is set to allow it), and that is what counts. */
#include "base/own_address.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HOST_BYTES = 128 };

static bool can_bind(const struct addrinfo *address)
{
	int fd = socket(address->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool bound = fd >= 0 && bind(fd, address->ai_addr, address->ai_addrlen) == 0;
	if (fd >= 0)
		(void)close(fd);
	return bound;
}

bool own_address_is(slice host)
{
	char text[HOST_BYTES];
	struct addrinfo wanted = { .ai_flags = AI_NUMERICHOST | AI_PASSIVE,
		.ai_socktype = SOCK_DGRAM };
	struct addrinfo *address = NULL;
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = (slice){ host.p + 1, host.n - 2 };
	if (!host.n || host.n >= sizeof text)
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	if (getaddrinfo(text, NULL, &wanted, &address) != 0)
		return false;
	bool own = can_bind(address);
	freeaddrinfo(address);
	return own;
}
