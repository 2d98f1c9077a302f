/* letter: a request as it waits in a mailbox: what its backend is to be called with, who asked, and by which endpoint.
 * Pure.
 *
 * It is written as a map in CBOR, so that a record of the store can be read with any tool that knows CBOR; the body
 * stands beside it. */
#ifndef CORE_LETTER_H
#define CORE_LETTER_H

#include "api/request.h"

struct letter {
	slice endpoint;
	slice client;  /* id of who asked; empty: nobody in particular */
	bool unlisted; /* no client of the directory: known by what somebody else says of it */
	slice id;      /* the first request's, as the log has it */
	slice resource;
	struct message call; /* without media and body, which the record has */
	struct variable variables[VARIABLE_MAX];
	unsigned nvariables;
};

/* Of a request that mediate has made the call of. A caller's command without an "idempotency-key" gets the request's id
 * as one: by that a device knows a command that comes again. { NULL, 0 }: over budget. */
slice letter_write(struct arena *, const struct request *);
/* In the arena, or in `head`. false: it is no letter, or over budget. */
bool letter_read(struct arena *, slice head, struct letter *);

#endif
