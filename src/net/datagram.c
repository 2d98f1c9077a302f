/* One socket, two batches.
 *
 * Reading: each time the socket is readable up to READ_BATCH datagrams are taken with one recvmmsg() into one
 * buffer that all of them share, again while batches come full, but no more than READ_ROUNDS times, so that a
 * flood cannot keep the loop from its other work.
 *
 * Writing: datagrams are collected in one buffer and leave with one sendmmsg() right before the loop sleeps,
 * or when the buffer is full. UDP promises nothing: what the kernel does not take at once (its buffer is
 * full, the peer unreachable) is dropped and told to the owner, and the protocol above repeats it.
 *
 * A socket bound to every address must answer from the one that the peer wrote to, or peers behind a
 * firewall never see the answer: so each datagram's destination is kept (IP_PKTINFO) and given back. What was
 * written to a broadcast or multicast address (every host is in the group of all hosts) is not for us: each who
 * hears it would act on it, and answer.
 *
 * The receive buffer is taken with the socket and not with each peer: peers cost nothing here. */
#include "net/datagram.h"

#include "loop/loop.h"
#include "net/listening.h"
#include "net/stream.h"

#include <errno.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BATCH = 32, READ_ROUNDS = 4, SEND_BATCH = 64, SEND_BYTES = 128 * 1024 };

struct control {
	alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct outgoing {
	struct sockaddr_in6 to;
	struct control control;
	struct iovec part;
};

struct datagram_socket {
	struct listening_use use;
	int fd; /* of the use */
	struct watch *watch;
	struct hook flush;
	const struct datagram_events *events;
	void *owner;
	size_t datagram_max_bytes;
	char *in; /* READ_BATCH datagrams */
	struct mmsghdr in_messages[READ_BATCH];
	struct sockaddr_in6 in_from[READ_BATCH];
	struct control in_control[READ_BATCH];
	struct iovec in_parts[READ_BATCH];
	char *out; /* SEND_BYTES */
	size_t out_used;
	unsigned out_count;
	struct mmsghdr out_messages[SEND_BATCH];
	struct outgoing outgoing[SEND_BATCH];
};

slice datagram_peer_key(const struct datagram_peer *peer)
{
	size_t n = peer->address.any.sa_family == AF_INET ? sizeof peer->address.v4
	                                                  : sizeof peer->address.v6;
	return (slice){ (const char *)&peer->address, n };
}

/* musl's CMSG_NXTHDR mixes signs, and its lengths are socklen_t where glibc has size_t. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"

/* Where it was sent to: from the control message that came with it. false: to others as well as to us. */
static bool read_control(struct msghdr *header, struct datagram_peer *peer)
{
	bool to_us_alone = true;
	for (struct cmsghdr *at = CMSG_FIRSTHDR(header); at; at = CMSG_NXTHDR(header, at)) {
		if (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo about;
			memcpy(&about, CMSG_DATA(at), sizeof about);
			peer->local.v4 = about.ipi_spec_dst;
			/* They differ when the destination is no address of ours. */
			to_us_alone = about.ipi_addr.s_addr == about.ipi_spec_dst.s_addr;
		} else if (at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo about;
			memcpy(&about, CMSG_DATA(at), sizeof about);
			peer->local.v6 = about.ipi6_addr;
			to_us_alone = !IN6_IS_ADDR_MULTICAST(&about.ipi6_addr);
			if (IN6_IS_ADDR_LINKLOCAL(&about.ipi6_addr))
				peer->interface = about.ipi6_ifindex;
		}
	}
	return to_us_alone;
}

#pragma GCC diagnostic pop

static void hand_over(struct datagram_socket *socket, unsigned i)
{
	struct msghdr *header = &socket->in_messages[i].msg_hdr;
	struct datagram_peer peer;
	memset(&peer, 0, sizeof peer);
	if (header->msg_namelen > sizeof peer.address)
		return;
	memcpy(&peer.address, header->msg_name, header->msg_namelen);
	if (!read_control(header, &peer))
		return;
	slice bytes = { socket->in_parts[i].iov_base, socket->in_messages[i].msg_len };
	socket->events->received(socket->owner, &peer, bytes, (header->msg_flags & MSG_TRUNC) != 0);
}

static void read_rounds(struct datagram_socket *socket, unsigned rounds)
{
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned i = 0; i < READ_BATCH; i++) {
			struct msghdr *header = &socket->in_messages[i].msg_hdr;
			header->msg_namelen = sizeof socket->in_from[i];
			header->msg_controllen = sizeof socket->in_control[i];
		}
		int n = recvmmsg(socket->fd, socket->in_messages, READ_BATCH, MSG_DONTWAIT, NULL);
		/* An error here is an ICMP message about an earlier answer, or nothing to read. */
		if (n <= 0)
			return;
		for (unsigned i = 0; i < (unsigned)n; i++)
			hand_over(socket, i);
		if (n < READ_BATCH)
			return;
	}
}

static void readable(void *arg, unsigned events)
{
	(void)events;
	read_rounds(arg, READ_ROUNDS);
}

/* What has come before its listener leaves; more than a full buffer cannot have. */
static void take_waiting(struct datagram_socket *socket)
{
	enum { ROUNDS_MAX = 1024 };
	read_rounds(socket, ROUNDS_MAX);
}

static void flush(struct datagram_socket *socket)
{
	unsigned at = 0;
	while (at < socket->out_count) {
		int n = sendmmsg(socket->fd, socket->out_messages + at, socket->out_count - at,
		        MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0) {
			at += (unsigned)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (socket->events->unsent)
			socket->events->unsent(socket->owner, errno);
		at++; /* this one is lost; the next may go elsewhere */
	}
	socket->out_count = 0;
	socket->out_used = 0;
}

static void flush_before_sleep(struct hook *hook)
{
	flush(LIST_OWNER(hook, struct datagram_socket, flush));
}

/* The local address, as the source of what is sent. */
static void write_control(struct msghdr *header, const struct datagram_peer *peer)
{
	bool is_v4 = peer->address.any.sa_family == AF_INET;
	size_t n = is_v4 ? sizeof(struct in_pktinfo) : sizeof(struct in6_pktinfo);
	header->msg_controllen = (socklen_t)CMSG_SPACE(n);
	struct cmsghdr *control = CMSG_FIRSTHDR(header);
	control->cmsg_level = is_v4 ? IPPROTO_IP : IPPROTO_IPV6;
	control->cmsg_type = is_v4 ? IP_PKTINFO : IPV6_PKTINFO;
	control->cmsg_len = (socklen_t)CMSG_LEN(n);
	if (is_v4) {
		struct in_pktinfo about = { .ipi_spec_dst = peer->local.v4 };
		memcpy(CMSG_DATA(control), &about, n);
	} else {
		struct in6_pktinfo about = { .ipi6_addr = peer->local.v6,
			.ipi6_ifindex = peer->interface };
		memcpy(CMSG_DATA(control), &about, n);
	}
}

void datagram_send(struct datagram_socket *socket, const struct datagram_peer *peer, slice bytes)
{
	if (socket->out_count == SEND_BATCH || SEND_BYTES - socket->out_used < bytes.n)
		flush(socket);
	struct outgoing *outgoing = &socket->outgoing[socket->out_count];
	struct msghdr *header = &socket->out_messages[socket->out_count].msg_hdr;
	slice key = datagram_peer_key(peer);
	memcpy(&outgoing->to, key.p, key.n);
	memcpy(socket->out + socket->out_used, bytes.p, bytes.n);
	outgoing->part = (struct iovec){ socket->out + socket->out_used, bytes.n };
	*header = (struct msghdr){ .msg_name = &outgoing->to,
		.msg_namelen = (socklen_t)key.n,
		.msg_iov = &outgoing->part,
		.msg_iovlen = 1,
		.msg_control = outgoing->control.bytes };
	write_control(header, peer);
	socket->out_used += bytes.n;
	socket->out_count++;
}

static void prepare_batch(struct datagram_socket *socket)
{
	for (unsigned i = 0; i < READ_BATCH; i++) {
		socket->in_parts[i] = (struct iovec){ socket->in + i * socket->datagram_max_bytes,
			socket->datagram_max_bytes };
		socket->in_messages[i].msg_hdr = (struct msghdr){ .msg_name = &socket->in_from[i],
			.msg_iov = &socket->in_parts[i],
			.msg_iovlen = 1,
			.msg_control = socket->in_control[i].bytes };
	}
}

static void stop_reading(struct datagram_socket *socket)
{
	watch_destroy(socket->watch);
	socket->watch = NULL;
}

/* What arrives is the successor's. */
static void taken(struct listening_use *use)
{
	stop_reading(LIST_OWNER(use, struct datagram_socket, use));
}

static void destroy(struct datagram_socket *socket)
{
	if (!socket)
		return;
	free(socket->in);
	free(socket->out);
	free(socket);
}

/* Nothing is bound yet; NULL: out of memory. */
static struct datagram_socket *create(
        size_t datagram_max_bytes, const struct datagram_events *events, void *owner)
{
	struct datagram_socket *socket = calloc(1, sizeof *socket);
	if (!socket)
		return NULL;
	socket->use.taken = taken;
	socket->events = events;
	socket->owner = owner;
	socket->datagram_max_bytes = datagram_max_bytes;
	socket->in = malloc(READ_BATCH * datagram_max_bytes);
	socket->out = malloc(SEND_BYTES);
	socket->flush.run = flush_before_sleep;
	if (socket->in && socket->out)
		return socket;
	destroy(socket);
	return NULL;
}

struct datagram_socket *datagram_open(struct loop *loop, slice address, size_t datagram_max_bytes,
        const struct datagram_events *events, void *owner, char *error_text, size_t error_size)
{
	struct listening_place place = { .kind = LISTENING_UDP };
	if (!net_parse_address(address, &place.address)) {
		(void)snprintf(error_text, error_size,
		        "\"%.*s\" is not of the form HOST:PORT with a numeric host",
		        SLICE_ARG(address));
		return NULL;
	}
	struct datagram_socket *socket = create(datagram_max_bytes, events, owner);
	int error = socket ? listening_open(loop, &place, &socket->use) : ENOMEM;
	if (error) {
		(void)snprintf(error_text, error_size, "%.*s: %s", SLICE_ARG(address),
		        net_bind_refusal(error));
		destroy(socket);
		return NULL;
	}
	socket->fd = socket->use.fd;
	socket->watch = watch_create(loop, socket->fd, WATCH_READABLE, readable, socket);
	if (!socket->watch) {
		(void)snprintf(error_text, error_size, "out of memory");
		listening_end(&socket->use);
		(void)close(socket->fd);
		destroy(socket);
		return NULL;
	}
	loop_before_sleep(loop, &socket->flush);
	prepare_batch(socket);
	return socket;
}

void datagram_leave(struct datagram_socket *socket)
{
	enum listening_future future = listening_future(&socket->use);
	int on = 1;
	if (future != LISTENING_CHANGES && future != LISTENING_KEPT)
		take_waiting(socket);
	listening_leave(&socket->use);
	if (future == LISTENING_KEPT || future == LISTENING_STORED)
		stop_reading(socket);
	else if (future == LISTENING_LOST)
		(void)setsockopt(socket->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

void datagram_close(struct datagram_socket *socket)
{
	if (!socket)
		return;
	flush(socket);
	hook_remove(&socket->flush);
	stop_reading(socket);
	listening_end(&socket->use);
	(void)close(socket->fd);
	destroy(socket);
}

unsigned datagram_port(const struct datagram_socket *socket)
{
	struct sockaddr_storage where = { 0 };
	socklen_t n = sizeof where;
	if (getsockname(socket->fd, (struct sockaddr *)&where, &n) != 0)
		return 0;
	return ntohs(where.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&where)->sin6_port
	                                         : ((struct sockaddr_in *)&where)->sin_port);
}
