/* registry: the clients that were added at run time, and their keys. The core's; outlives configurations. Core
 * thread. */
#ifndef CORE_REGISTRY_H
#define CORE_REGISTRY_H

#include "core/roster.h"
#include "crypto/keyed_digest.h"

struct registry {
	struct roster *roster;
	struct keyed_digests *digests; /* what tokens and API keys are found by */
};

/* false: out of memory. */
bool registry_init(struct registry *);
/* Also after registry_init() has failed. */
void registry_finish(struct registry *);

#endif
