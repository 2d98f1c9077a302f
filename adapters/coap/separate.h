/* separate: confirmable messages of our own, repeated until the peer acknowledges them (RFC 7252 sections 4.2 and
 * 5.2.2): answers that came too late for the acknowledgement, and notifications. Core thread. */
#ifndef COAP_SEPARATE_H
#define COAP_SEPARATE_H

#include "adapters/coap/coap.h"

struct separates;

/* How often one message is sent at most: once, and MAX_RETRANSMIT times again (RFC 7252 section 4.8). */
enum { SEPARATE_TIMES_MAX = 5 };

enum separate_end { SEPARATE_ACKNOWLEDGED, SEPARATE_RESET, SEPARATE_UNANSWERED };

/* `ended` is told how a message with an observer went. NULL: out of memory. */
struct separates *separates_create(struct coap_listener *,
        void (*ended)(struct coap_listener *, struct observer *, enum separate_end));
/* Gives up what was not acknowledged. NULL is fine. */
void separates_destroy(struct separates *);

/* How many more may be under way. */
unsigned separates_room(const struct separates *);
/* A message id that none of those under way has, and that cannot be foreseen. `*room`: a confirmable message may be
 * sent with it; false: too many are under way, send a non-confirmable one. */
uint16_t separates_next_id(struct separates *, bool *room);
/* Sends the message (a copy is kept) now, and again when it has to be, at most `times_max` times in all. `id` is the
 * last next_id() with room. `observer`: who is to be told of its end; or NULL. */
void separates_send(struct separates *, const struct coap_caller *, uint16_t id, slice message,
        unsigned times_max, struct observer *observer);
/* An ACK or RST with this id has come. Unknown ones are ignored. */
void separates_ended(struct separates *, const struct coap_caller *, uint16_t id, bool reset);
/* Gives up the message with this id without telling its observer. */
void separates_forget(struct separates *, uint16_t id);
/* Gives up all that were for this session. */
void separates_session_gone(struct separates *, const struct coap_session *);

#endif
