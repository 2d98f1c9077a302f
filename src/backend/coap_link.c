#include "backend/coap_link.h"

#include "backend/coap_channel.h"

#include "loop/loop.h"
#include "net/resolve.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	READ_ROUNDS =
	        32, /* datagrams a turn: a device that floods does not keep the loop from others */
	DATAGRAM_MAX_BYTES = 65536,
	HOST_PORT_BYTES = 300
};

struct coap_link {
	struct loop *loop;
	struct coap_link_target target;
	const struct coap_link_events *events;
	void *owner;
	struct resolution *resolution;
	int fd;
	struct watch *watch;
	struct coap_session *session; /* NULL: plain */
	struct coap_channel *channel; /* NULL: datagrams */
	struct timer handshake;
	struct task begin; /* open, when the address was known at once */
	struct task fail;  /* end, when sending showed that nobody is there */
	struct sockaddr_storage address;
	unsigned naddresses;
	bool open, dead, heard;
	bool busy;   /* a callback is under way */
	bool closed; /* to be freed when it returns */
};

static void end(struct coap_link *link, enum coap_link_end end, const char *why)
{
	if (link->dead)
		return;
	link->dead = true;
	link->open = false;
	timer_stop(&link->handshake);
	link->events->ended(link->owner, end, why);
}

/* What a device or its network did comes through here: callbacks may close the link. */
static void leave(struct coap_link *link)
{
	link->busy = false;
	if (link->closed)
		free(link);
}

static void during(struct coap_link *link, void (*step)(struct coap_link *))
{
	link->busy = true;
	step(link);
	leave(link);
}

/* ---- The secure session */

static void after_shake(struct coap_link *link, enum coap_session_step step, const char *why)
{
	switch (step) {
	case COAP_SESSION_OPEN:
		timer_stop(&link->handshake);
		link->open = true;
		link->events->opened(link->owner);
		break;
	case COAP_SESSION_WAIT:
	case COAP_SESSION_DATA: {
		uint64_t wait_ms = coap_session_wait_ms(link->session);
		if (wait_ms)
			timer_set(&link->handshake, loop_now_ms(link->loop) + wait_ms);
		break;
	}
	case COAP_SESSION_UNREACHABLE:
		end(link, COAP_LINK_UNREACHABLE, NULL);
		break;
	case COAP_SESSION_REFUSED:
	case COAP_SESSION_ENDED:
		end(link, COAP_LINK_REFUSED, why);
		break;
	}
}

static void shake(struct coap_link *link)
{
	const char *why = NULL;
	enum coap_session_step step = coap_session_shake(link->session, false, &why);
	after_shake(link, step, why);
}

static void shake_again(struct coap_link *link)
{
	const char *why = NULL;
	enum coap_session_step step = coap_session_shake(link->session, true, &why);
	after_shake(link, step, why);
}

static void handshake_late(struct timer *timer)
{
	during(LIST_OWNER(timer, struct coap_link, handshake), shake_again);
}

/* ---- Reading */

static bool read_secure(struct coap_link *link, char *buffer, size_t *n)
{
	switch (coap_session_read(link->session, buffer, DATAGRAM_MAX_BYTES, n)) {
	case COAP_SESSION_DATA:
		return true;
	case COAP_SESSION_UNREACHABLE:
		end(link, COAP_LINK_UNREACHABLE, NULL);
		return false;
	case COAP_SESSION_ENDED:
	case COAP_SESSION_REFUSED:
		end(link, COAP_LINK_ENDED, NULL);
		return false;
	case COAP_SESSION_OPEN:
	case COAP_SESSION_WAIT:
		return false;
	}
	return false;
}

static bool read_plain(struct coap_link *link, char *buffer, size_t *n)
{
	ssize_t got = recv(link->fd, buffer, DATAGRAM_MAX_BYTES, MSG_DONTWAIT);
	if (got >= 0) {
		*n = (size_t)got;
		return true;
	}
	if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		end(link, COAP_LINK_UNREACHABLE, NULL);
	return false;
}

static void read_all(struct coap_link *link)
{
	char buffer[DATAGRAM_MAX_BYTES];
	for (unsigned i = 0; i < READ_ROUNDS && link->open && !link->closed; i++) {
		size_t n = 0;
		bool got = link->session ? read_secure(link, buffer, &n)
		                         : read_plain(link, buffer, &n);
		if (!got)
			return;
		link->heard = true;
		link->events->received(link->owner, (slice){ buffer, n });
	}
}

static void ready(void *arg, unsigned events)
{
	(void)events;
	struct coap_link *link = arg;
	if (link->dead)
		return;
	if (link->open) {
		during(link, read_all);
	} else if (link->session) {
		char first;
		if (recv(link->fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
			link->heard = true;
		during(link, shake);
	}
}

/* ---- A connection */

static void channel_opened(void *owner)
{
	struct coap_link *link = owner;
	link->open = link->heard = true;
	link->busy = true;
	link->events->opened(link->owner);
	leave(link);
}

static void channel_received(void *owner, const struct wire_message *message, size_t n)
{
	struct coap_link *link = owner;
	link->busy = true;
	link->events->message(link->owner, message, n);
	leave(link);
}

static void channel_ended(void *owner, enum coap_channel_end how, const char *why)
{
	struct coap_link *link = owner;
	enum coap_link_end ended = COAP_LINK_ENDED;
	switch (how) {
	case COAP_CHANNEL_UNREACHABLE:
		ended = COAP_LINK_UNREACHABLE;
		break;
	case COAP_CHANNEL_REFUSED:
		ended = COAP_LINK_REFUSED;
		break;
	case COAP_CHANNEL_GARBAGE:
		ended = COAP_LINK_GARBAGE;
		break;
	case COAP_CHANNEL_ENDED:
		break;
	}
	link->busy = true;
	end(link, ended, why);
	leave(link);
}

static bool take_channel(struct coap_link *link)
{
	static const struct coap_channel_events events = { channel_opened, channel_received,
		channel_ended };
	const struct sockaddr *address = (const struct sockaddr *)&link->address;
	const struct coap_security *security = link->target.security;
	const char *name = security ? coap_security_name(security, link->target.host) : NULL;
	link->channel = coap_channel_open(link->loop, address,
	        security ? coap_security_tls(security) : NULL, name, &events, link);
	return link->channel != NULL;
}

/* ---- Opening */

static bool take_socket(struct coap_link *link)
{
	const struct sockaddr *address = (const struct sockaddr *)&link->address;
	socklen_t size = address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
	                                                : sizeof(struct sockaddr_in);
	link->fd = socket(address->sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (link->fd < 0 || connect(link->fd, address, size) != 0)
		return false;
	link->watch = watch_create(link->loop, link->fd, WATCH_READABLE, ready, link);
	if (!link->watch)
		return false;
	if (!link->target.security)
		return true;
	link->session = coap_session_open(link->target.security, link->fd, link->target.host);
	return link->session != NULL;
}

static void begin(struct coap_link *link)
{
	if (link->target.connection) {
		if (!take_channel(link))
			end(link, COAP_LINK_NO_ADDRESS, NULL);
	} else if (!take_socket(link)) {
		end(link,
		        link->fd < 0 || link->watch ? COAP_LINK_NO_ADDRESS : COAP_LINK_UNREACHABLE,
		        NULL);
	} else if (link->session) {
		shake(link);
	} else {
		link->open = true;
		link->events->opened(link->owner);
	}
}

static void begin_soon(struct task *task)
{
	during(LIST_OWNER(task, struct coap_link, begin), begin);
}

static void unreachable(struct coap_link *link)
{
	end(link, COAP_LINK_UNREACHABLE, NULL);
}

static void fail_soon(struct task *task)
{
	during(LIST_OWNER(task, struct coap_link, fail), unreachable);
}

static void fail_to_resolve(struct coap_link *link)
{
	end(link, COAP_LINK_NO_ADDRESS, NULL);
}

static void resolved(
        void *arg, const struct sockaddr_storage *addresses, unsigned n, const char *error)
{
	(void)error;
	struct coap_link *link = arg;
	link->resolution = NULL;
	link->naddresses = n;
	if (n)
		link->address = addresses[link->target.choice % n];
	during(link, n ? begin : fail_to_resolve);
}

struct coap_link *coap_link_open(struct loop *loop, const struct coap_link_target *target,
        const struct coap_link_events *events, void *owner)
{
	struct coap_link *link = calloc(1, sizeof *link);
	if (!link)
		return NULL;
	link->loop = loop;
	link->target = *target;
	link->events = events;
	link->owner = owner;
	link->fd = -1;
	timer_init(&link->handshake, loop, handshake_late);
	task_init(&link->begin, begin_soon);
	task_init(&link->fail, fail_soon);
	char text[HOST_PORT_BYTES];
	bool six = strchr(target->host, ':') != NULL;
	int n = snprintf(text, sizeof text, six ? "[%s]:%u" : "%s:%u", target->host, target->port);
	if (n > 0 && (size_t)n < sizeof text &&
	        net_parse_address((slice){ text, (size_t)n }, &link->address)) {
		link->naddresses = 1;
		loop_defer(loop, &link->begin);
		return link;
	}
	link->resolution = resolve_start(loop, target->host, target->port, resolved, link);
	if (link->resolution)
		return link;
	free(link);
	return NULL;
}

void coap_link_close(struct coap_link *link)
{
	if (!link)
		return;
	resolve_cancel(link->resolution);
	task_cancel(&link->begin);
	task_cancel(&link->fail);
	timer_stop(&link->handshake);
	coap_session_close(link->session);
	coap_channel_close(link->channel);
	watch_destroy(link->watch);
	if (link->fd >= 0)
		(void)close(link->fd);
	link->session = NULL;
	link->channel = NULL;
	link->dead = link->closed = true;
	link->open = false;
	if (!link->busy)
		free(link);
}

/* An error of the network that an earlier datagram met shows at the next one. */
static bool is_unreachable(int errno_value)
{
	return errno_value == ECONNREFUSED || errno_value == EHOSTUNREACH ||
	       errno_value == ENETUNREACH || errno_value == EHOSTDOWN || errno_value == ENETDOWN;
}

void coap_link_send(struct coap_link *link, slice message)
{
	if (!link->open)
		return;
	if (link->channel) {
		coap_channel_send(link->channel, message);
		return;
	}
	errno = 0;
	bool sent = link->session ? coap_session_write(link->session, message)
	                          : send(link->fd, message.p, message.n,
	                                    MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
	if (!sent && is_unreachable(errno))
		loop_defer(link->loop, &link->fail);
}

unsigned coap_link_addresses(const struct coap_link *link)
{
	return link->naddresses;
}

bool coap_link_heard(const struct coap_link *link)
{
	return link->heard;
}
