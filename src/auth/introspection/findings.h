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

struct remembered {
	const struct finding *finding; /* belongs to the memory, until its next change */
	uint64_t fresh_until_ms;       /* as it was put, on the clock of whoever did */
};

/* A copy, in place of what was there. Does nothing when there is no memory for it. `review_at_ms`: when findings_due()
 * gives it; never before that of the last one that was put. */
void findings_put(struct findings *, const struct digest *, const struct finding *,
        uint64_t fresh_until_ms, uint64_t review_at_ms);
void findings_remove(struct findings *, const struct digest *);
/* false: nothing is known of it. It may not be fresh any more. */
bool findings_get(struct findings *, const struct digest *, struct remembered *);
/* One whose time for a review has come, each once after it was put; the least recent first. NULL: none; then *next_ms is
 * when there will be one (0: not known). */
const struct finding *findings_due(struct findings *, uint64_t now_ms, uint64_t *next_ms);
unsigned findings_count(const struct findings *);

#endif
