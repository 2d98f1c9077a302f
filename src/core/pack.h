/* pack: `call.encode`, the bytes that a device wants, written by a description from what the call says. Core thread. */
#ifndef CORE_PACK_H
#define CORE_PACK_H

#include "api/config.h"
#include "api/request.h"
#include "api/stage.h"

struct payload;

struct packing {
	struct payload *payload;
	slice file; /* as the configuration names it, for refusals */
	slice type; /* the structure of the description; empty: the whole */
};

/* From `call:`, in the arena; blocks. NULL: the error is set, with its place. */
const struct packing *packing_load(struct arena *, const struct config *call, struct error *);
void packing_close(const struct packing *); /* NULL is fine */

/* request->call.value becomes call.body; `media` is what it is called. REPLY: refused. */
enum verdict pack(const struct packing *, struct request *, slice media);

#endif
