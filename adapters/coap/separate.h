/* separate: answers that came too late for the acknowledgement and travel in confirmable messages of our own,
 * repeated until the peer acknowledges them (RFC 7252 sections 4.2 and 5.2.2). Core thread. */
#ifndef COAP_SEPARATE_H
#define COAP_SEPARATE_H

#include "loop/loop.h"
#include "net/datagram.h"

struct separates;

/* How often one message is sent at most: once, and MAX_RETRANSMIT times again (RFC 7252 section 4.8). */
enum { SEPARATE_TIMES_MAX = 5 };

/* `send` is how a datagram leaves. NULL: out of memory. */
struct separates *separates_create(
        struct loop *, void (*send)(void *owner, const struct datagram_peer *, slice), void *owner);
/* Gives up what was not acknowledged. NULL is fine. */
void separates_destroy(struct separates *);

/* A message id that none of those under way has. `*room`: a confirmable message may be sent with it; false: too
 * many are under way, send a non-confirmable one. */
uint16_t separates_next_id(struct separates *, bool *room);
/* Sends the message (a copy is kept) now, and again when it has to be. `id` is the last next_id() with room. */
void separates_send(struct separates *, const struct datagram_peer *, uint16_t id, slice message);
/* An ACK or RST with this id has come. Unknown ones are ignored. */
void separates_ended(struct separates *, const struct datagram_peer *, uint16_t id);

#endif
