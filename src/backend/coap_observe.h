/* coap_observe: keeps hearing of one resource of a device (RFC 7641), through restarts, losses and silences.
 *
 * Core thread. */
#ifndef BACKEND_COAP_OBSERVE_H
#define BACKEND_COAP_OBSERVE_H

#include "backend/coap_peer.h"

struct coap_observer;

struct coap_observer_target {
	struct coap_peer *peer;
	struct coap_ask_form form; /* its texts live as long as the observer */
	slice path;                /* the same */
	uint64_t timeout_ms;       /* of a registration */
	size_t answer_max_bytes;
};

/* A value; or, once when it begins, why none comes any more (message NULL). The message is borrowed. */
typedef void coap_observer_heard(void *owner, enum status, const struct message *);

/* NULL: out of memory, or the path cannot be said in CoAP: *why. */
struct coap_observer *coap_observer_open(struct loop *, const struct coap_observer_target *,
        coap_observer_heard *, void *owner, const char **why);
void coap_observer_start(struct coap_observer *);
void coap_observer_close(struct coap_observer *); /* NULL is fine */

/* Is what came second the newer one (section 3.4)? Sequence numbers of 24 bits, times in milliseconds. Pure. */
bool coap_observe_is_newer(uint32_t first, uint64_t first_ms, uint32_t second, uint64_t second_ms);

#endif
