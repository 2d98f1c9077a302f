/* What the files of DTLS share. See dtls.c for how they work together. */
#ifndef NET_DTLS_INTERNAL_H
#define NET_DTLS_INTERNAL_H

#include "base/table.h"
#include "loop/loop.h"
#include "net/crowd.h"
#include "net/dtls.h"
#include "net/tls_internal.h"

enum {
	DTLS_ACTIVE_MAX =
	        128, /* contexts of established sessions, but for those that cannot be frozen */
	DTLS_RECORD_MAX_BYTES = 16384
};

struct dtls_context {
	mbedtls_ssl_context ssl;
	struct tls_material *material;
	struct dtls *dtls;
	const struct datagram_peer *peer;
	struct dtls_session *session; /* NULL: the doorkeeper's, or nobody's */
	struct list link;             /* in dtls->spare */
	const char *input;            /* the datagram that was not read yet; NULL: none */
	size_t input_n;
	struct timer timer; /* of retransmission */
	uint64_t middle_ms, end_ms;
};

struct dtls_session {
	struct dtls *dtls;
	struct datagram_peer peer;
	void *owner;
	bool established;
	bool busy;                    /* in a callback: it must not be freed */
	bool ending;                  /* and is to be, after it */
	struct dtls_context *context; /* NULL: frozen */
	unsigned char *frozen;
	size_t frozen_n;
	struct tls_peer *shown; /* NULL: neither a certificate nor a key */
	uint64_t heard_ms;      /* established: the last datagram; else: the last step */
	uint64_t begun_ms;
	struct list link; /* in dtls->handshaking or dtls->established, the longest silent first */
	struct crowd_member place; /* in dtls->beginners, while it shakes hands */
	struct list active;        /* in dtls->active, the longest silent first */
	UT_hash_handle hh;
};

struct waiting {
	struct crowd_member place;
	struct datagram_peer peer;
	size_t n;
	char bytes[];
};

struct dtls {
	struct loop *loop;
	struct datagram_socket *socket;
	struct tls *tls;
	struct dtls_limits limits;
	const struct dtls_events *events;
	void *arg;
	struct dtls_context *doorkeeper;
	struct dtls_session *sessions; /* by peer */
	struct list handshaking, established, active, spare;
	struct crowd beginners; /* those of `handshaking`, by address */
	struct crowd queue;     /* datagrams of handshakes */
	unsigned nestablished, nactive, nspare;
	struct timer sweep;
	struct hook turn;
	struct task go_on;
	char plain[DTLS_RECORD_MAX_BYTES];
};

/* dtls_context.c */

/* One that is nobody's. NULL: out of memory. */
struct dtls_context *dtls_get_context(struct dtls *);
/* Gives it back; `clean`: as it was set up. NULL is fine. */
void dtls_put_context(struct dtls *, struct dtls_context *, bool clean);
void dtls_free_context(struct dtls_context *);
/* Whom it speaks to; the peer must outlive that. false: out of memory. */
bool dtls_meet(struct dtls_context *, const struct datagram_peer *);
/* The datagram that is to be read next, borrowed. */
void dtls_give(struct dtls_context *, slice bytes);
/* As Mbed TLS has it: -1 when no timer is set. */
int dtls_get_timer(void *context);
/* Among those whose contexts may be frozen; the last one to be. */
void dtls_join_active(struct dtls_session *);
void dtls_leave_active(struct dtls_session *);
bool dtls_freeze(struct dtls_session *);
/* Has a context afterwards; false: out of memory. */
bool dtls_thaw(struct dtls_session *);
void dtls_forget_frozen(struct dtls_session *);
void dtls_make_room_for_context(struct dtls *);

/* dtls_handshake.c */

/* Goes on with a handshake that was given a datagram, or has just begun. The session may be gone afterwards. */
void dtls_step(struct dtls_session *);
/* Something is to be repeated. */
void dtls_retransmit(struct timer *);
/* Ends a handshake. */
void dtls_fail(struct dtls_session *, int error);
/* For one of this peer. */
bool dtls_room_for_handshake(struct dtls *, const struct datagram_peer *);
/* One who is not known yet, with a ClientHello. */
void dtls_meet_stranger(struct dtls *, const struct datagram_peer *, slice bytes);

/* dtls.c */

/* There is something that takes a while: looks at all of it in SWEEP_MS at the latest. */
void dtls_sweep_soon(struct dtls *);
struct dtls_session *dtls_find(struct dtls *, const struct datagram_peer *);
/* Hands up what is in the datagram that its context was given. May free it. */
void dtls_pump(struct dtls_session *);
/* The peer is there; among all that are established it has been silent for the shortest time. */
void dtls_heard_from(struct dtls_session *);
/* Of an established one that is not in a callback. */
void dtls_close_session(struct dtls_session *, enum dtls_end);
/* Frees it. */
void dtls_discard(struct dtls_session *);
void dtls_refuse(struct dtls *, const struct datagram_peer *, const char *why);

#endif
