/* unpack: `request.decode`, what a body of a device's own bytes means by a description, before anything else is done with
 * it. Core thread. */
#ifndef CORE_UNPACK_H
#define CORE_UNPACK_H

#include "api/config.h"
#include "api/request.h"
#include "api/stage.h"

#include "core/compose.h"

struct payload;

struct unpacking {
	struct payload *payload;
	slice file;    /* as the configuration names it, for refusals */
	bool inside;   /* the bytes stand in a body that has a notation: at `at` */
	bool hex;      /* as hexadecimal digits; else base64 */
	slice at;      /* JSON pointers */
	bool replaces; /* `into` is given: what they mean is put there, and the rest stays */
	slice into;
	const struct composition *with; /* or NULL */
};

/* A description of bodies, by the end of its file's name; blocks. NULL: error->text says what is wrong and where. */
struct payload *unpacking_open(const char *path, struct error *);

/* In the arena; blocks. Calls `variable` for every path variable that is named. NULL: the error is set, with its place. */
const struct unpacking *unpacking_load(struct arena *, const struct config *,
        void (*variable)(void *arg, slice name), void *arg, struct error *);
void unpacking_close(const struct unpacking *); /* NULL is fine */

/* request->content becomes what the body means, request->unpacked true. REPLY: refused. */
enum verdict unpack(const struct unpacking *, struct request *, slice media);

#endif
