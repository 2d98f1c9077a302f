/* compose: `call.with`, a value for the backend made of what a request brings.
 *
 *     with: { function: 3, address: "{register - 40001}", count: "{?count=1}", value: "{#/value}" }
 *
 * docs/reference/configuration.md says what may stand in it. Core thread. */
#ifndef CORE_COMPOSE_H
#define CORE_COMPOSE_H

#include "api/config.h"
#include "api/request.h"

struct composition;

/* In the arena, and as long as it. Calls `variable` for every path variable that is named. NULL: the error is set, with
 * its place. */
const struct composition *composition_load(struct arena *, const struct config *,
        void (*variable)(void *arg, slice name), void *arg, struct error *);
/* Does it take anything from the body? */
bool composition_reads_body(const struct composition *);
/* The value, in the request's arena; `body` is what the body means, or NULL without one. A member whose placeholder names
 * what the request does not have is left out. NULL: refused. */
const struct value *composition_fill(
        const struct composition *, struct request *, const struct value *body);

#endif
