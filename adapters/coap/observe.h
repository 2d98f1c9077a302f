/* observe: who hears of a resource's new values (RFC 7641). Core thread. */
#ifndef COAP_OBSERVE_H
#define COAP_OBSERVE_H

#include "adapters/coap/coap.h"
#include "adapters/coap/separate.h"

/* NULL: out of memory. */
struct observers *observers_create(struct coap_listener *);
/* NULL is fine. */
void observers_destroy(struct observers *);

/* A place for who asks to observe; NULL: all are taken, so the answer will be a plain one. */
struct observer *observers_begin(struct observers *, const struct coap_exchange *);
/* The request has come home: the observer hears from now on, or exchange->observer is NULL. */
void observers_answered(struct observers *, struct coap_exchange *, const struct request *);
/* The value of the Observe option of the next message to it. */
uint32_t observer_sequence(struct observer *);
/* How long the value that it was sent may be taken for the present one. */
uint32_t observer_max_age_s(const struct observer *);
/* What it may be sent before it acknowledged anything; SIZE_MAX: its address is proven. */
void observer_allow(struct observer *, size_t bytes);
/* It hears no more. NULL is fine. */
void observers_end(struct observers *, struct observer *);

/* A GET that says so (Observe 1). */
void observers_forget(struct observers *, const struct coap_exchange *);
/* The peer knows nothing of the notification with this message id. */
void observers_rejected(struct observers *, const struct coap_caller *, uint16_t id);
/* How a confirmable notification went: for separates_create(). */
void observers_confirmed(struct coap_listener *, struct observer *, enum separate_end);
/* What the core pushes. */
void observers_push(struct adapter *, struct subscription *, const struct update *);
void observers_session_gone(struct observers *, struct coap_session *);
/* The session's unsent bytes have left: those who missed a value get it. */
void observers_catch_up(struct observers *, struct coap_session *);
/* Tells all that there will be no more. */
void observers_stop(struct observers *);

#endif
