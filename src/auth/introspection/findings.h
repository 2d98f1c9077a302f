/* findings: those that are remembered, by their token's digest; the least recently used goes when there are too many.
 * Core thread. */
#ifndef AUTH_INTROSPECTION_FINDINGS_H
#define AUTH_INTROSPECTION_FINDINGS_H

#include "auth/introspection/finding.h"
#include "crypto/digest.h"

struct findings;

/* NULL: out of memory. */
struct findings *findings_create(unsigned entries_max);
void findings_destroy(struct findings *); /* NULL is fine */

/* Until when (on the clock of whoever asks) it may be used, and kept. */
struct remembered {
	const struct finding *finding; /* belongs to the memory, until its next change */
	uint64_t fresh_until_ms;
};

/* A copy, in place of what was there. Does nothing when there is no memory for it. */
void findings_put(
        struct findings *, const struct digest *, const struct finding *, uint64_t fresh_until_ms);
void findings_remove(struct findings *, const struct digest *);
/* false: nothing is known of it. It may not be fresh any more. */
bool findings_get(struct findings *, const struct digest *, struct remembered *);
unsigned findings_count(const struct findings *);

#endif
