/* coap_ask: a call in CoAP's words (RFC 7252 sections 5.8 and 5.10): method, path, query, media types and conditions
 * as code and options. Pure. */
#ifndef BACKEND_COAP_ASK_H
#define BACKEND_COAP_ASK_H

#include "api/backend.h"
#include "codec/coap_wire.h"

/* Made once for all the messages that a call takes. Slices point into the request's arena. */
struct coap_ask {
	unsigned char code;
	bool safe;       /* GET: asks for something and changes nothing */
	bool repeatable; /* twice does what once does */
	unsigned noptions;
	struct wire_option options[WIRE_OPTIONS_MAX]; /* ascending; without those of blocks */
	slice body;
};

/* What of a call is not the request's own. */
struct coap_ask_form {
	slice host;   /* of the target, for Uri-Host; empty when it is an address */
	slice prefix; /* the target's path, percent-encoded, without a "/" at its end; or empty */
	slice media;  /* the notation that the endpoint's `call.as` names; or empty */
};

/* STATUS_NONE: made. Otherwise how the call ends without a word to the device, *why says why (a constant text). */
enum status coap_ask_make(struct coap_ask *, struct arena *, const struct message *call,
        slice accept, const struct coap_ask_form *, const char **why);
/* The same for what is followed unasked: GET of this path. */
enum status coap_ask_make_get(struct coap_ask *, struct arena *, slice path,
        const struct coap_ask_form *, const char **why);

/* One message of a call. */
struct coap_ask_part {
	bool stream;  /* for a connection: without type and id */
	bool observe; /* Observe: 0, "tell me of changes" */
	bool bare; /* a further block of an answer is asked for: no conditions, no media of a body */
	const struct wire_block *block2; /* or NULL */
	const struct wire_block *block1; /* or NULL */
	bool has_size1;
	slice echo; /* what the device wants to see again (RFC 9175); or empty */
	slice payload;
};

/* A confirmable message. { NULL, 0 }: it has no room in `buffer`; otherwise it lies there, not always from the beginning. */
slice coap_ask_write(const struct coap_ask *, const struct coap_ask_part *, uint16_t id,
        slice token, char *buffer, size_t size);

#endif
