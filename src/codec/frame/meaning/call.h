/* Requests to the device (docs/reference/frame-calls.md): `call:`, loaded, and the messages that a listener makes of what
 * it polls. Inside codec/frame only; what the listener sees of it is in frame.h.
 *
 *     call_load.c   `call:` and the polls, loaded
 *     call.c        requests written, and what a frame is to a request */
#ifndef FRAME_CALL_H
#define FRAME_CALL_H

#include "codec/frame/meaning/emit.h"
#include "codec/frame/meaning/extension.h"

/* A member of the request that the description fills in. */
struct call_member {
	slice name;
	const struct expression *expression;
};

struct frame_call {
	const struct type *type; /* of the requests */
	slice type_name;         /* as it stands in the description */
	struct call_member *set;
	unsigned nset;
	const struct expression *expected; /* over the request's own members; NULL: always */
	bool answers;                      /* there is `answer:` */
	/* Over the members of a received frame, and _request. NULL: any frame; the oldest request. */
	const struct expression *when, *match;
	const struct expression *error, *status, *text; /* NULL: none, none said */
	const struct emit *emit;                        /* NULL: the whole frame */
	struct frame_call_limits limits;
};

struct frame_poll {
	struct path_part *path;
	unsigned npath;
	const struct emit *emit; /* NULL: what the description's answer is */
};

/* `call:`; `node` may be NULL. false: the error is set. */
bool call_compile(struct loader *, const struct node *, struct extension *);

#endif
