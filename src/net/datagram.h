/* A UDP socket as listeners use it: reads and writes in batches (recvmmsg, sendmmsg), so that under load one
 * system call carries many datagrams, and answers from the address that was written to.
 *
 * Core thread. */
#ifndef NET_DATAGRAM_H
#define NET_DATAGRAM_H

#include "base/slice.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct loop;
struct datagram_socket;

/* Who sent a datagram, and to which of our addresses. Zeroed where nothing is said, so that the bytes of
 * `address` may be compared and hashed. */
struct datagram_peer {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address;
	union {
		struct in_addr v4;
		struct in6_addr v6;
	} local;
	unsigned interface; /* of a link-local peer, else 0 */
};

/* The bytes of the peer's address: for tables. */
slice datagram_peer_key(const struct datagram_peer *);

struct datagram_events {
	/* One datagram that was sent to us alone; borrowed for the time of the call. `cut`: it was longer than
	 * `datagram_max_bytes` and its end is lost. May call datagram_send(), not datagram_close(). */
	void (*received)(void *owner, const struct datagram_peer *, slice bytes, bool cut);
	/* One that was to be sent and could not be. May be NULL. */
	void (*unsent)(void *owner, int errno_value);
};

/* `address`: "0.0.0.0:5683", "[::]:5683", "127.0.0.1:0". NULL: error_text says why. */
struct datagram_socket *datagram_open(struct loop *, slice address, size_t datagram_max_bytes,
        const struct datagram_events *, void *owner, char *error_text, size_t error_size);
/* For a listener that goes and only has answers left to send: the address is free for a successor, which gets what arrives, and
 * what has arrived and was not read yet. What nobody else will read is received within the call; whatever comes then is read on,
 * unless the service manager keeps the socket for the next process. */
void datagram_leave(struct datagram_socket *);
/* Sends what waits, and closes. NULL is fine. */
void datagram_close(struct datagram_socket *);
/* The port it got, when the address said 0. */
unsigned datagram_port(const struct datagram_socket *);

enum { DATAGRAM_MAX_BYTES = 65507 };
/* A copy of these bytes, at most DATAGRAM_MAX_BYTES. It leaves before the loop sleeps. */
void datagram_send(struct datagram_socket *, const struct datagram_peer *, slice bytes);

#endif
