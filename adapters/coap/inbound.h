/* inbound: a CoAP request becomes what the core gets. Pure but for the request's arena. */
#ifndef COAP_INBOUND_H
#define COAP_INBOUND_H

#include "api/request.h"
#include "codec/coap_wire.h"

struct inbound_rules {
	bool token_in_query; /* take `access_token` from Uri-Query, on a transport that anybody can read */
};

/* Fills in method, path, query, fields, media, body (copied), accept and credentials. What is wrong is said
 * with request_refuse(). Returns the code to answer with where the request's status alone would not say it
 * (4.02, 5.05), else 0. `body`: the payload, or what its blocks came to. */
unsigned char inbound_read(
        struct request *, const struct wire_message *, slice body, const struct inbound_rules *);

#endif
