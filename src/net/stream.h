/* A connected byte stream (TCP, with TLS and WebSocket over it), as listeners and backends use it: it reads into one shared buffer, keeps only
 * what its owner could not use yet, collects what is written and sends it once a turn, and has one deadline. An
 * idle stream holds no buffer.
 *
 * Core thread. No callback comes from inside stream_write(), stream_close() or stream_connect(). */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct loop;
struct stream;
struct tls;
struct websocket_accept;

enum stream_end {
	STREAM_END_PEER, /* the peer closed in order */
	/* Reset, unreachable, refused: see errno_value. EPROTO: a handshake, a record of TLS or a frame of WebSocket is not as it must be;
	 * ECONNABORTED: a server that was called over TLS ended without saying so. */
	STREAM_END_ERROR,
	STREAM_END_DEADLINE, /* the deadline passed */
	/* More unread input or unsent output than its limits allow, or than all streams together may hold. */
	STREAM_END_FLOOD,
	STREAM_END_OWNER /* stream_close() */
};

struct stream_events {
	/* A stream made by stream_connect…() is connected, and the handshake is over. NULL for accepted ones. */
	void (*connected)(void *owner, struct stream *);
	/* Bytes have arrived; all that are unread so far. Returns how many were used; the rest comes again
	 * together with what follows it. */
	size_t (*received)(void *owner, struct stream *, slice bytes);
	/* What is unread, these bytes, does not go on where they end: a serial line has garbled what follows (`why`, static), or
	 * stream_forget() was called. They are not offered again. May be NULL. */
	void (*broken)(void *owner, struct stream *, slice unread, const char *why);
	/* The output that could not be sent at once has left (for back-pressure). May be NULL. */
	void (*drained)(void *owner, struct stream *);
	/* The last callback, exactly once, whoever ended it; the stream is gone afterwards. `errno_value`: with
	 * STREAM_END_ERROR, else 0. */
	void (*closed)(void *owner, struct stream *, enum stream_end, int errno_value);
};

struct stream_limits {
	size_t unread_max_bytes; /* what `received` may leave unused */
	size_t unsent_max_bytes; /* what may wait to be sent */
};

/* Starts to connect. NULL: out of memory or descriptors. Failure comes through closed(). */
struct stream *stream_connect(struct loop *, const struct sockaddr *, const struct stream_events *,
        const struct stream_limits *, void *owner);

/* The same over TLS, with a client's side of it. `name`: of the server, which its certificate must have. What is
 * written before connected() leaves after the handshake. */
struct stream *stream_connect_tls(struct loop *, const struct sockaddr *, struct tls *,
        const char *name, const struct stream_events *, const struct stream_limits *, void *owner);

/* To a socket of this machine, a file. `path`: at most STREAM_PATH_MAX_BYTES. */
enum { STREAM_PATH_MAX_BYTES = 107 };
struct stream *stream_connect_local(struct loop *, const char *path, const struct stream_events *,
        const struct stream_limits *, void *owner);

/* Over the descriptor of a serial port (net/serial.h), which then belongs to the stream, also on failure; `name`: of the port. */
struct stream *stream_open_serial(struct loop *, int fd, const char *name,
        const struct stream_events *, const struct stream_limits *, void *owner);

void stream_set_owner(struct stream *, void *owner);
/* Whoever takes a stream over has events and limits of its own; within connected(), before anything was received. `events` is
 * borrowed, `limits` copied. */
void stream_set_events(struct stream *, const struct stream_events *, const struct stream_limits *);
/* Copies the bytes to the output; they leave before the loop sleeps. */
void stream_write(struct stream *, slice bytes);
/* The same for bytes in two parts (head and body). */
void stream_write2(struct stream *, slice first, slice second);
/* Is it not on its way out? Neither side has ended it yet, as far as is known. */
bool stream_is_open(const struct stream *);
/* Bytes waiting to be sent. */
size_t stream_unsent(const struct stream *);
/* Stops and starts reading: back-pressure. Unread bytes are offered again after stream_resume(). */
void stream_pause(struct stream *);
void stream_resume(struct stream *);
/* What is unread will never be of use: broken() gets it, and it is gone. The one function that calls back itself. */
void stream_forget(struct stream *, const char *why);
/* When to end it by itself (loop_now_ms() clock); 0: never. */
void stream_set_deadline(struct stream *, uint64_t at_ms);
/* Sends what was written, then closes; a peer that does not read it is cut off after some seconds. */
void stream_close(struct stream *);
/* The same, for who is not let in (any more): a WebSocket says so (1008); TCP and TLS have no word for it. */
void stream_close_by_rule(struct stream *);
/* At once (RST when something is unsent). */
void stream_abort(struct stream *);
/* "10.0.0.5:41234" or "[::1]:41234"; of a serial port and a socket of this machine its path, or the process that has connected to it,
 * "pid-4711/uid-0". Belongs to the stream. */
const char *stream_peer(const struct stream *);
/* The peer's certificate as DER, verified; and the identity of the pre-shared key that the peer has proved to
 * have, and the key's mark (CREDENTIAL_PSK). { NULL, 0 }: none, also without TLS. All belong to the stream, until
 * stream_close(). */
slice stream_peer_certificate(const struct stream *);
/* Why the certificate that the peer has shown is not believed any more, since the files were read again (tls_renew()); NULL:
 * it is, or none was shown. Static. */
const char *stream_peer_doubts(const struct stream *);
slice stream_psk_identity(const struct stream *);
slice stream_psk_mark(const struct stream *);
/* In closed(), when the TLS handshake has failed: of what, said of the peer ("its certificate has expired"); else NULL.
 * Static. */
const char *stream_failure(const struct stream *);

/* Listening. */
struct stream_listener;
struct stream_accept {
	/* A connection has arrived and its handshake is over; returns its owner, or NULL to turn it away. `events`
	 * and `limits` below then apply to it. */
	void *(*accepted)(void *arg, struct stream *);
	/* A connection was turned away: over `connections_max`, or its handshake failed; `why` is for a person. May be
	 * NULL. */
	void (*refused)(void *arg, const char *peer, const char *why);
	const struct stream_events *events;
	struct stream_limits limits;
	unsigned connections_max; /* those in their handshakes count */
	void *arg;
	/* A server's side, kept by the listener and its streams; NULL: plain TCP. */
	struct tls *tls;
	/* WebSocket above that, which must outlive the streams; NULL: bytes as they come. */
	const struct websocket_accept *websocket;
	uint64_t handshake_ms; /* how long all handshakes together may take */
};
/* `address`: "0.0.0.0:1883", "[::]:1883", "127.0.0.1:0". NULL: error_text says why ("address in use" …). */
struct stream_listener *stream_listen(struct loop *, slice address, const struct stream_accept *,
        char *error_text, size_t error_size);
/* The same at a socket of this machine, which is made with this mode (0660) and goes with the listener. One that is there already, and
 * that nobody listens at, is replaced. `accept`: no TLS. */
struct stream_listener *stream_listen_local(struct loop *, const char *path, unsigned mode,
        const struct stream_accept *, char *error_text, size_t error_size);
/* The port it got, when the address said 0. */
unsigned stream_listener_port(const struct stream_listener *);
/* No new connections; those there are stay, but for those in their handshakes. */
void stream_listener_close(struct stream_listener *); /* NULL is fine */

/* "HOST:PORT" with a numeric host. false: not of that form. */
bool net_parse_address(slice text, struct sockaddr_storage *);
/* The other way round. */
void net_address_text(const struct sockaddr *, char *text, size_t size);
/* Why an address cannot be listened at, by errno, and what to do about it. */
const char *net_bind_refusal(int errno_value);

#endif
