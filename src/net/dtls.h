/* A DTLS 1.2 server on a datagram socket (RFC 6347): sessions with many peers, their handshakes, what they send and get.
 *
 * How a listener uses it: open a datagram socket and this over it; in the socket's `received` give each datagram to
 * dtls_feed(); what comes out is events. `opened` is asked for an owner of the session, whose `received` then gets
 * each plaintext, one a datagram of the application; dtls_send() answers. The certificate and the identity of the
 * pre-shared key are there in `opened`: copy what each request is to present.
 *
 *     static void arrived(void *owner, const struct datagram_peer *peer, slice bytes, bool cut)
 *     {
 *             struct listener *listener = owner;
 *             if (!cut)
 *                     dtls_feed(listener->dtls, peer, bytes);
 *     }
 *
 * A peer is its address and port. One that begins anew from the same port (it has restarted) ends its old session
 * once it has shown that it is there (section 4.2.8): closed(), and later opened() for the new one.
 *
 * BOUNDS. Nothing is kept for a peer, and no more is sent than it sent, before it has returned a cookie (section
 * 4.2.1). Handshakes in flight are bounded, and worked on for a few milliseconds a turn. Sessions are bounded: a new
 * one ends the one that was silent longest. A session that is silent for some seconds is frozen to a few hundred
 * bytes; see dtls.c.
 *
 * Core thread. */
#ifndef NET_DTLS_H
#define NET_DTLS_H

#include "net/datagram.h"
#include "net/tls.h"

struct dtls;
struct dtls_session;

enum dtls_end {
	DTLS_END_PEER,    /* it said goodbye, or began anew */
	DTLS_END_IDLE,    /* silent for too long */
	DTLS_END_ROOM,    /* it was silent longest, and its place was needed */
	DTLS_END_ERROR,   /* something that only a peer gone mad sends; out of memory */
	DTLS_END_SHUTDOWN /* dtls_close() */
};

struct dtls_events {
	/* A handshake is over. Returns the session's owner, or NULL to end it. */
	void *(*opened)(void *arg, struct dtls_session *);
	/* What the peer has sent; borrowed for the time of the call. May call dtls_send() and dtls_end(). */
	void (*received)(void *owner, struct dtls_session *, slice plaintext);
	/* The last callback for a session that dtls_end() did not end; it is gone afterwards. May come from inside
	 * dtls_feed() and dtls_close(), never from inside dtls_send(). */
	void (*closed)(void *owner, struct dtls_session *, enum dtls_end);
	/* A handshake failed, or there was no room for one; `why` is for a person. May be NULL. */
	void (*refused)(void *arg, const char *peer, const char *why);
};

struct dtls_limits {
	unsigned sessions_max;
	uint64_t idle_ms;      /* how long a session may be silent */
	uint64_t handshake_ms; /* how long a handshake may take */
};

/* The largest plaintext that fits into a datagram of the smallest path of IPv6. */
enum { DTLS_SEND_MAX_BYTES = 1152 };

/* `tls`: a server's side with TLS_DATAGRAM, which it keeps. The socket must outlive it. NULL: out of memory. */
struct dtls *dtls_open(struct loop *, struct datagram_socket *, struct tls *,
        const struct dtls_limits *, const struct dtls_events *, void *arg);
/* Says goodbye to every peer; closed() comes for each session. NULL is fine. */
void dtls_close(struct dtls *);

/* A datagram that came from this peer. */
void dtls_feed(struct dtls *, const struct datagram_peer *, slice bytes);
/* One datagram with this plaintext. false: it is too large, or could not be made. */
bool dtls_send(struct dtls_session *, slice plaintext);
/* Says goodbye; the session is gone, without closed(). Inside `received` it is gone when that returns. */
void dtls_end(struct dtls_session *);

/* After tls_renew(): strangers meet the new files from now on; sessions go on. */
void dtls_renewed(struct dtls *);
/* Why the certificate that the peer has shown is not believed any more, since then; NULL: it is, or none was shown. Static. */
const char *dtls_peer_doubts(const struct dtls_session *);

unsigned dtls_sessions(const struct dtls *);
const struct datagram_peer *dtls_peer(const struct dtls_session *);
/* In `opened` only: the peer's verified certificate as DER; the identity whose key it has, and the key's mark
 * (CREDENTIAL_PSK). { NULL, 0 }: none. */
slice dtls_peer_certificate(const struct dtls_session *);
slice dtls_psk_identity(const struct dtls_session *);
slice dtls_psk_mark(const struct dtls_session *);

#endif
