/* coap_answer: what a device's answer says beside its body, and what it means to a caller (RFC 7252 sections 5.9 and
 * 5.10, RFC 8075). Pure. */
#ifndef BACKEND_COAP_ANSWER_H
#define BACKEND_COAP_ANSWER_H

#include "api/backend.h"
#include "codec/coap_tag.h"
#include "codec/coap_wire.h"

enum { COAP_ECHO_MAX = 40 };

/* By value, so that it outlives the datagram; `location` is in the arena. */
struct coap_answer {
	unsigned char code;
	int format; /* of the body; -1: not said */
	char tag[COAP_TAG_MAX];
	unsigned tag_bytes;
	bool has_max_age;
	uint32_t max_age_s;
	slice location; /* "/path?query", percent-encoded; or empty */
	bool is_notification;
	uint32_t observe; /* of 24 bits */
	bool has_block2, has_block1;
	struct wire_block block2, block1;
	bool has_size2;
	uint32_t size2;
	char echo[COAP_ECHO_MAX];
	unsigned echo_bytes;
};

/* NULL: read. Otherwise why the message cannot be taken for an answer (a constant text). */
const char *coap_answer_read(struct coap_answer *, struct arena *, const struct wire_message *);

/* What the body is; empty: not said. A format that has no name here keeps its number (RFC 8075 section 6.2). */
slice coap_answer_media(struct arena *, const struct coap_answer *);

/* The whole answer into out, why and retry_after_ms of an exchange. `body` lives as long as the exchange's arena. */
enum status coap_answer_apply(const struct coap_answer *, slice body, struct exchange *);

#endif
