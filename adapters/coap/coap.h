/* What the files of the CoAP listener share: where messages come from, and one message on its way to an answer.
 *
 *     dtls.c         the sessions of DTLS: what they say are datagrams         ┐
 *     datagram.c     UDP and DTLS: acknowledgements, duplicates, resets        │
 *     connection.c   TCP and TLS: framing, signalling                          ├─> exchange.c ─> the core
 *                                                                              │       │
 *     reply.c        which part of the answer goes into one message, and how   <───────┘
 *     observe.c      the answers that come later: notifications
 *
 * Core thread. */
#ifndef COAP_COAP_H
#define COAP_COAP_H

#include "adapters/coap/answer.h"
#include "adapters/coap/inbound.h"
#include "api/adapter.h"
#include "loop/loop.h"
#include "net/datagram.h"

struct blocks;
struct duplicate;
struct duplicates;
struct observer;
struct observers;
struct proofs;
struct separates;
struct dtls;
struct stream_listener;
struct tls;

enum {
	COAP_MESSAGE_MAX_BYTES =
	        2048,        /* that we send in a datagram: one block, header and options */
	COAP_EMPTY_BYTES = 4 /* an acknowledgement or reset */
};

/* A peer that is more than an address: a connection, or a DTLS session. Embedded in what the transport keeps. */
struct coap_session {
	struct list link;         /* in listener.sessions */
	struct list exchanges;    /* of this peer, whose answers are awaited */
	uint64_t id;              /* never used again: what tables know the peer by */
	bool reliable;            /* a stream: no ids, no acknowledgements, no duplicates */
	bool secret;              /* nobody on the way can read it */
	size_t message_max_bytes; /* the largest that it can be sent */
	const struct credential *credentials; /* what the handshake proved; or NULL */
	const char *peer;                     /* address and port */
	void (*send)(struct coap_session *, slice bytes);
	/* Of a stream: nothing it says makes sense; one of its exchanges is over; is much still unsent? */
	void (*reject)(struct coap_session *);
	void (*answered)(struct coap_session *);
	bool (*is_behind)(const struct coap_session *);
};

/* Where a message came from, and where its answer goes. */
struct coap_caller {
	struct datagram_peer address;
	struct coap_session *session; /* NULL: plain UDP, where `address` is all there is */
};

struct coap_listener {
	struct adapter adapter;
	struct loop *loop;
	const struct adapter_limits *limits;
	struct arena arena; /* of the texts below */
	slice address;
	bool is_stream;
	bool token_in_query;
	uint64_t ack_delay_ms, idle_ms, session_idle_ms, observe_interval_ms;
	size_t datagram_max_bytes, transfers_max_bytes;
	unsigned duplicates_max, observers_max, observers_per_peer;
	bool stopping, closing;

	struct datagram_socket *datagrams; /* one of these two */
	struct stream_listener *connections;
	struct timer drain; /* of a stream's listener that stops */
	struct tls *tls;    /* NULL: in the clear */
	struct dtls *dtls;  /* over `datagrams` */
	uint64_t handshake_ms;
	struct list sessions;
	uint64_t last_session;
	struct duplicates *duplicates;
	struct separates *separates;
	struct blocks *blocks;
	struct proofs *proofs;
	struct observers *observers;
	struct list unacknowledged; /* exchanges, the first due first */
	struct timer acknowledge;
};

/* One message of a peer, on its way to an answer. For those that become requests it lies in the request's arena
 * as its ticket. */
struct coap_exchange {
	struct list link;    /* in listener.unacknowledged */
	struct list at_peer; /* in session.exchanges */
	struct coap_caller peer;
	bool gone;           /* the session has ended: nobody waits */
	enum wire_type type; /* of a datagram */
	uint16_t id;
	unsigned char method; /* the request's code */
	unsigned char token_bytes;
	char token[WIRE_TOKEN_MAX];
	size_t request_bytes;
	bool authenticated;               /* the core knows who it is */
	const struct credential *address; /* the request's: where it may be, unproven; or NULL */
	bool must_prove;                  /* that it is there: then it would be let in */
	bool acknowledged;
	bool reset;                /* to be rejected and not answered */
	unsigned char code;        /* to answer with, whatever the status says; 0: none */
	unsigned char unwanted;    /* classes of answers, 1u << class - 1 (RFC 7967) */
	bool asks;                 /* the first of several blocks: would it be let in? */
	bool observes, forgets;    /* RFC 7641: Observe 0 and 1 */
	struct observer *observer; /* what `observes` has asked for */
	bool has_block1, has_block2;
	struct wire_block block1, block2;
	uint64_t transfer;           /* blocks_key() */
	uint64_t due_ms;             /* when to acknowledge */
	struct duplicate *duplicate; /* NULL: not entered */
};

static inline struct coap_listener *coap_listener_of(struct adapter *adapter)
{
	return (struct coap_listener *)adapter;
}

/* coap.c */
/* The bytes that tables know a peer by. */
slice coap_caller_key(const struct coap_caller *);
bool coap_caller_is_reliable(const struct coap_caller *);
void coap_caller_send(struct coap_listener *, const struct coap_caller *, slice bytes);
/* A session begins; the caller has filled in all but link, exchanges and id. */
void coap_session_add(struct coap_listener *, struct coap_session *);
/* It is over: what it asked for goes on, and is answered to nobody. */
void coap_session_remove(struct coap_listener *, struct coap_session *);
/* Frees a listener that is closing when its last session is gone. */
void coap_release(struct coap_listener *);

/* datagram.c */
void coap_datagram_received(
        struct coap_listener *, const struct coap_caller *, slice bytes, bool cut);
void coap_acknowledge(struct coap_listener *, struct coap_exchange *);
void coap_acknowledge_later(struct coap_listener *, struct coap_exchange *);
void coap_acknowledge_due(struct timer *);
/* A reset, where the message can be reset. */
void coap_reject(struct coap_listener *, struct coap_exchange *);
/* Duplicates of the message get `again` from now on; nothing when that is empty. */
void coap_close_exchange(struct coap_listener *, struct coap_exchange *, slice again);

/* dtls.c */
bool coap_dtls_open(struct coap_listener *, struct error *);
/* The files of TLS were read again: sessions and connections whose certificates are not believed any more end. */
void coap_dtls_renewed(struct coap_listener *);

/* connection.c */
bool coap_connections_listen(struct coap_listener *, struct error *);
/* Says Release; each connection ends when its client does, or a second later, and its answers have left. */
void coap_connections_stop(struct coap_listener *);
/* That second is over. */
void coap_connections_drained(struct timer *);
void coap_connections_close(struct coap_listener *);
void coap_connections_renewed(struct coap_listener *);

/* exchange.c */
/* What a request says about its answer: token, Observe, No-Response. */
void coap_exchange_begin(struct coap_exchange *, const struct wire_message *);
/* A new request: it becomes the core's, or is answered. `cut`: its end was lost. */
void coap_take(
        struct coap_listener *, struct coap_exchange *, const struct wire_message *, bool cut);
/* Bytes that are no message, or what may not be said. Counted, logged, and rejected when the core has seen it. */
void coap_refuse_malformed(struct coap_listener *, struct coap_exchange *, const char *why);
void coap_reply(struct adapter *, struct request *);

/* reply.c */
void coap_answer(struct coap_listener *, struct coap_exchange *, const struct answer *);
/* Without a request: the gateway is at its limit or ends, or the message was only a block. */
void coap_answer_plainly(
        struct coap_listener *, struct coap_exchange *, unsigned char code, slice diagnostic);
/* Is it certain that who sent this is at the address that it says? */
bool coap_is_proven(struct coap_listener *, const struct coap_exchange *);

/* How one message is to be. */
struct coap_form {
	enum wire_type type; /* of a datagram */
	uint16_t id;
	size_t allowance; /* bytes; SIZE_MAX: what it takes */
	bool has_observe;
	uint32_t observe;
	bool challenge; /* 4.01 with Echo in place of an answer; also set when that was all that was allowed */
};
/* The answer, or a part of it, within what is allowed. The bytes are in `buffer` (COAP_MESSAGE_MAX_BYTES), or, for a
 * stream, on the heap: *heap is to be freed. */
slice coap_compose(struct coap_listener *, struct coap_exchange *, const struct answer *,
        struct coap_form *, char *buffer, char **heap);

#endif
