/* coap_link: messages to and from one device, in datagrams (UDP, DTLS) or over a connection (TCP, TLS). Its local port is
 * its own, so that what a device meant for an earlier link does not come here.
 *
 * Core thread. No callback comes from inside coap_link_open() or coap_link_send(); each may close the link. */
#ifndef BACKEND_COAP_LINK_H
#define BACKEND_COAP_LINK_H

#include "backend/coap_dtls.h"
#include "codec/coap_wire.h"

struct loop;
struct coap_link;

enum coap_link_end {
	COAP_LINK_NO_ADDRESS,  /* the name has none, or no socket could be had */
	COAP_LINK_UNREACHABLE, /* the network says that nobody is there */
	COAP_LINK_REFUSED,     /* no secure session */
	COAP_LINK_GARBAGE,     /* over a connection came what is no CoAP: *why */
	COAP_LINK_ENDED        /* the device ended the session */
};

struct coap_link_events {
	void (*opened)(void *owner); /* messages may be sent */
	void (*received)(void *owner, slice datagram);
	/* Over a connection; `type` is WIRE_NON. `n`: its bytes. */
	void (*message)(void *owner, const struct wire_message *, size_t n);
	/* It is dead and only to be closed. */
	void (*ended)(void *owner, enum coap_link_end, const char *why);
};

struct coap_link_target {
	const char *host; /* a name, or an address without brackets */
	unsigned port;
	bool connection;                      /* TCP instead of UDP */
	const struct coap_security *security; /* NULL: plain */
	unsigned choice; /* which of several addresses of a name: counted round */
};

/* NULL: out of memory. The target's texts live as long as the link. */
struct coap_link *coap_link_open(struct loop *, const struct coap_link_target *,
        const struct coap_link_events *, void *owner);
void coap_link_close(struct coap_link *); /* NULL is fine */
/* Once it is opened. A datagram that cannot be sent is lost, as datagrams are. */
void coap_link_send(struct coap_link *, slice message);
/* How many addresses the name has; 0: not known yet. */
unsigned coap_link_addresses(const struct coap_link *);
/* Whether the device has sent anything at all. */
bool coap_link_heard(const struct coap_link *);

#endif
