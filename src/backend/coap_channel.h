/* coap_channel: CoAP over a connection to one device (RFC 8323), TCP or TLS: messages out of the stream, signals.
 *
 * Core thread. No callback comes from inside coap_channel_open() or coap_channel_send(); each may close the
 * channel. */
#ifndef BACKEND_COAP_CHANNEL_H
#define BACKEND_COAP_CHANNEL_H

#include "codec/coap_wire.h"
#include "net/stream.h"

struct coap_channel;

enum coap_channel_end {
	COAP_CHANNEL_UNREACHABLE, /* no connection came about */
	COAP_CHANNEL_REFUSED,     /* no secure one */
	COAP_CHANNEL_GARBAGE,     /* what came is no CoAP: *why */
	COAP_CHANNEL_ENDED        /* the device, or the network, ended it */
};

struct coap_channel_events {
	void (*opened)(void *owner); /* messages may be sent */
	/* No signal; `type` is WIRE_NON. Borrowed for the time of the call. `n`: its bytes. */
	void (*received)(void *owner, const struct wire_message *, size_t n);
	/* It is only to be closed. */
	void (*ended)(void *owner, enum coap_channel_end, const char *why);
};

/* `tls`: a client's side, or NULL; `name`: what the device's certificate must be for. NULL: out of memory. */
struct coap_channel *coap_channel_open(struct loop *, const struct sockaddr *, struct tls *tls,
        const char *name, const struct coap_channel_events *, void *owner);
void coap_channel_close(struct coap_channel *); /* NULL is fine */
/* One message as wire_end_stream() gave it. */
void coap_channel_send(struct coap_channel *, slice message);

#endif
