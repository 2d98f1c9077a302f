/* coap_peer: one device, and the calls that are made to it: in order, few at a time, each message repeated until it is
 * acknowledged (RFC 7252 section 4).
 *
 * Core thread. */
#ifndef BACKEND_COAP_PEER_H
#define BACKEND_COAP_PEER_H

#include "api/counter.h"
#include "backend/coap_end.h"
#include "backend/coap_link.h"
#include "backend/coap_transfer.h"
#include "base/list.h"
#include "loop/loop.h"

struct coap_peer;

struct coap_peer_settings {
	unsigned in_flight;  /* calls under way at once: NSTART */
	unsigned queue_max;  /* calls that wait for their turn */
	unsigned block_size; /* 16 … 1024, a power of two */
	size_t answer_max_bytes;
	uint64_t
	        ack_timeout_ms; /* until the first repetition; each further wait is twice as long */
	uint64_t idle_ms;       /* how long the link outlives its last use */
};

enum { COAP_MESSAGE_MAX = 2048, COAP_TOKEN_BYTES = 4 };

/* What a device tells unasked, under the token of the call that asked for it (RFC 7641). The memory is its owner's. */
struct coap_observation {
	/* A message of the device's with this token that answers no call; acknowledged already. Never from inside a call
	 * of the owner's. */
	void (*heard)(struct coap_observation *, const struct wire_message *);
	/* The link is gone, nothing will be heard: may come from inside any call of this header. Sends nothing. */
	void (*lost)(struct coap_observation *);

	bool in_order; /* it comes over a connection: what is heard later is newer */

	struct list link; /* the peer's own, from here on */
	char token[COAP_TOKEN_BYTES];
};
void coap_observation_init(struct coap_observation *);
/* Nothing is heard any more; the device learns it when it speaks next. */
void coap_observation_end(struct coap_observation *);

/* The memory is the caller's, until done(). */
struct coap_call {
	/* The caller's. */
	const struct coap_ask *ask;
	struct arena *arena;  /* for the answer */
	uint64_t deadline_ms; /* on loop_now_ms() */
	/* To be told of changes, too: begins with the first message. NULL: a plain call. */
	struct coap_observation *observation;
	/* Exactly once; may come from inside coap_peer_send() and coap_call_abort(). */
	void (*done)(struct coap_call *, enum coap_end);
	void *owner;

	/* The outcome. */
	struct coap_transfer transfer;
	const char *why; /* a constant text, or NULL */
	bool sent;       /* it may have reached the device */

	/* The peer's own. */
	struct coap_peer *peer;
	struct list link;
	struct timer deadline, again;
	bool active;       /* has its turn */
	bool acknowledged; /* the message now under way */
	bool has_token;
	bool again_on_new_link;
	unsigned refusals; /* addresses at which nobody is */
	unsigned times;    /* that message was sent */
	uint64_t nheard;   /* what the peer had heard when it was sent first */
	uint64_t wait_ms;
	uint16_t id;
	char token[COAP_TOKEN_BYTES];
	slice message; /* in `bytes` */
	char bytes[COAP_MESSAGE_MAX];
};

/* `counters` live as long as the peer, as do the target's texts. NULL: out of memory. Touches no network. */
struct coap_peer *coap_peer_open(struct loop *, const struct coap_link_target *,
        const struct coap_peer_settings *, struct counters *);
/* No call is under way. NULL is fine. */
void coap_peer_close(struct coap_peer *);

void coap_peer_send(struct coap_peer *, struct coap_call *);
/* Ends it with COAP_END_ABORTED. */
void coap_call_abort(struct coap_call *);

#endif
