/* coap_end: how a call to a CoAP device ended, and what its caller is told. Pure. */
#ifndef BACKEND_COAP_END_H
#define BACKEND_COAP_END_H

#include "api/message.h"

enum coap_end {
	COAP_END_ANSWER,      /* transfer.answer and the body are set */
	COAP_END_RESET,       /* the device rejected the message */
	COAP_END_MALFORMED,   /* what came is no answer: `why` */
	COAP_END_TOO_LARGE,   /* the answer is over its limit */
	COAP_END_NO_ROOM,     /* the request has no room in a message */
	COAP_END_NO_ADDRESS,  /* the device's name has none */
	COAP_END_UNREACHABLE, /* the network says that nobody is there */
	COAP_END_SILENT,      /* nothing came back, not even an acknowledgement */
	COAP_END_REFUSED,     /* no secure session: `why` */
	COAP_END_NO_SESSION,  /* none within the time, though the device is there: another key? */
	COAP_END_BROKEN,      /* acknowledged, and then the device or its session went away */
	COAP_END_DEADLINE,    /* acknowledged, and not answered in time */
	COAP_END_QUEUED,      /* its time was over before its turn came */
	COAP_END_BUSY,        /* too many wait already */
	COAP_END_ABORTED
};

/* How a call that ended so is told; *why is a constant text for the caller. Not for COAP_END_ANSWER. */
enum status coap_end_status(enum coap_end, const char **why);

#endif
