/* answer: the core's answer in CoAP's words (RFC 7252, and RFC 8075 section 7 for HTTP's codes). Pure. */
#ifndef COAP_ANSWER_H
#define COAP_ANSWER_H

#include "api/request.h"
#include "codec/coap_tag.h"
#include "codec/coap_wire.h"

struct answer {
	unsigned char code;
	char tag[COAP_TAG_MAX]; /* ETag */
	unsigned tag_bytes;
	int format; /* of `body`; -1: not said */
	bool has_max_age, has_size1;
	uint32_t max_age_s, size1;
	slice location; /* "/path?query", percent-encoded; or empty */
	slice body;
	slice diagnostic; /* for a person, when there is no body */
	uint64_t id;      /* of the request, for the diagnostic; 0: none */
};

/* The code for a status; `method` decides what "OK" is. */
unsigned char answer_code(enum status, enum method);
/* The adapter's words(). */
slice answer_words(struct arena *, enum status, enum method);
/* From a request that came home. Slices point into it. `body_max_bytes`: what its endpoint takes. */
void answer_from_request(struct answer *, const struct request *, size_t body_max_bytes);

/* What is added for the one message that it travels in. */
struct answer_parts {
	const struct wire_block *block1; /* NULL: none */
	const struct wire_block *block2; /* NULL: the whole body in this message */
	bool has_observe;
	uint32_t observe; /* RFC 7641 */
	slice echo;       /* RFC 9175; empty: none */
};
/* Adds options and payload after wire_begin(). A refusal, whose payload is for information, is cut so that the
 * whole message has at most `refusal_max_bytes`: a peer whose address is not proven gets no more than three
 * times what it sent. */
void answer_write(struct wire_writer *, const struct answer *, const struct answer_parts *,
        size_t refusal_max_bytes);

#endif
