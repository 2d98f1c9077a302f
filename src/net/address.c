/* Addresses as text, both ways, and why one cannot be listened at. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include "net/stream.h"

bool net_parse_address(slice text, struct sockaddr_storage *address)
{
	char host[INET6_ADDRSTRLEN + 1];
	size_t colon = text.n;
	while (colon && text.p[colon - 1] != ':')
		colon--;
	if (colon < 2 || colon == text.n)
		return false;
	slice name = { text.p, colon - 1 };
	bool six = name.p[0] == '[';
	if (six) {
		if (name.n < 3 || name.p[name.n - 1] != ']')
			return false;
		name = (slice){ name.p + 1, name.n - 2 };
	}
	unsigned port = 0;
	for (size_t i = colon; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		port = port * 10 + (unsigned)(text.p[i] - '0');
		if (port > 65535)
			return false;
	}
	if (name.n >= sizeof host)
		return false;
	memcpy(host, name.p, name.n);
	host[name.n] = '\0';
	memset(address, 0, sizeof *address);
	void *at = address;
	if (six) {
		struct sockaddr_in6 *in6 = at;
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		return inet_pton(AF_INET6, host, &in6->sin6_addr) == 1;
	}
	struct sockaddr_in *in = at;
	in->sin_family = AF_INET;
	in->sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, host, &in->sin_addr) == 1;
}

void net_address_text(const struct sockaddr *address, char *text, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "?";
	const void *at = address;
	if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = at;
		const unsigned char *bytes = in6->sin6_addr.s6_addr;
		/* An IPv4 peer of a socket that listens to both: by the name that it has elsewhere. */
		bool mapped = IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr);
		if (mapped)
			(void)inet_ntop(AF_INET, bytes + 12, host, sizeof host);
		else
			(void)inet_ntop(AF_INET6, bytes, host, sizeof host);
		(void)snprintf(
		        text, size, mapped ? "%s:%u" : "[%s]:%u", host, ntohs(in6->sin6_port));
	} else {
		const struct sockaddr_in *in = at;
		(void)inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
		(void)snprintf(text, size, "%s:%u", host, ntohs(in->sin_port));
	}
}

const char *net_bind_refusal(int errno_value)
{
	switch (errno_value) {
	case EADDRINUSE:
		return "address already in use: another program listens there";
	case EADDRNOTAVAIL:
		return "this machine has no such address";
	case EACCES:
		return "not permitted: a port below 1024 needs root or CAP_NET_BIND_SERVICE";
	default:
		return strerror(errno_value);
	}
}
