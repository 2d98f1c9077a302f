/* pack: `call.encode`, the bytes that a device wants, written by a description from what the call says. Core thread. */
#ifndef CORE_PACK_H
#define CORE_PACK_H

#include "api/config.h"
#include "api/request.h"
#include "api/stage.h"

struct payload;

struct packing {
	struct payload *payload;
	slice file;  /* as the configuration names it, for refusals */
	slice type;  /* the structure of the description; empty: the whole */
	bool inside; /* only what stands at `at` is written as bytes, whose text takes its place */
	bool hex;    /* as hexadecimal digits; else base64 */
	slice at;    /* a JSON pointer */
};

/* From `call:`, in the arena; blocks. NULL: the error is set, with its place. */
const struct packing *packing_load(struct arena *, const struct config *call, struct error *);
void packing_close(const struct packing *); /* NULL is fine */

/* request->call.value becomes call.body, of which `media` is the name; or, with `inside`, it remains a value, with the text of
 * the bytes in it. REPLY: refused. */
enum verdict pack(const struct packing *, struct request *, slice media);

#endif
