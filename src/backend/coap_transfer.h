/* coap_transfer: one call as a sequence of messages: bodies in blocks, both ways (RFC 7959). Pure.
 *
 * coap_transfer_write() gives the message to send next; each answer to it goes to coap_transfer_take(), which says
 * whether another follows. A whole call without blocks is one of each. */
#ifndef BACKEND_COAP_TRANSFER_H
#define BACKEND_COAP_TRANSFER_H

#include "backend/coap_answer.h"
#include "backend/coap_ask.h"

struct coap_transfer {
	const struct coap_ask *ask;
	struct arena *arena;
	size_t answer_max_bytes;
	bool stream;         /* over a connection */
	bool observe;        /* ask for notifications, too */
	unsigned block_size; /* of what is sent and asked for: 16 … 1024, a power of two */
	bool size_matters;   /* smaller than the largest: the device is told from the beginning */

	size_t uploaded; /* bytes of the body that the device has */
	size_t piece;    /* bytes in the block on its way */
	bool downloading;
	char *body; /* of the answer, in the arena */
	size_t body_bytes, body_size;
	unsigned restarts;
	struct coap_answer answer; /* what the first message of the answer said */
	char echo[COAP_ECHO_MAX];
	unsigned echo_bytes;
	const char *why; /* with OLD, BROKEN and TOO_LARGE: a constant text */
};

enum coap_transfer_verdict {
	COAP_TRANSFER_MORE,  /* write the next message */
	COAP_TRANSFER_WHOLE, /* answer and body are there */
	COAP_TRANSFER_OLD, /* an answer to an earlier block, once more: `why` if it is no repetition */
	COAP_TRANSFER_BROKEN,   /* the device does not keep to the protocol */
	COAP_TRANSFER_TOO_LARGE /* over the limit, or over the arena's budget */
};

void coap_transfer_begin(struct coap_transfer *, const struct coap_ask *, struct arena *,
        size_t answer_max_bytes, unsigned block_size);
slice coap_transfer_write(
        struct coap_transfer *, uint16_t id, slice token, char *buffer, size_t size);
enum coap_transfer_verdict coap_transfer_take(struct coap_transfer *, const struct wire_message *);

#endif
