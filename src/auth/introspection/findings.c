#include "auth/introspection/findings.h"

#include <stdlib.h>

#include "base/list.h"
#include "base/table.h"

struct entry {
	struct digest digest;
	struct finding *finding;
	uint64_t fresh_until_ms, review_at_ms;
	struct list link, review;
	UT_hash_handle hh;
};

struct findings {
	struct entry *table;
	struct list used;    /* the least recently used first */
	struct list reviews; /* in the order of their times */
	unsigned n, max;
};

struct findings *findings_create(unsigned entries_max)
{
	struct findings *findings = calloc(1, sizeof *findings);
	if (!findings)
		return NULL;
	findings->max = entries_max;
	list_init(&findings->used);
	list_init(&findings->reviews);
	return findings;
}

static void forget(struct findings *findings, struct entry *entry)
{
	HASH_DEL(findings->table, entry);
	list_remove(&entry->link);
	list_remove(&entry->review);
	findings->n--;
	free(entry->finding);
	free(entry);
}

void findings_destroy(struct findings *findings)
{
	if (!findings)
		return;
	while (!list_empty(&findings->used))
		forget(findings, LIST_OWNER(findings->used.next, struct entry, link));
	free(findings);
}

static struct entry *find(const struct findings *findings, const struct digest *digest)
{
	struct entry *entry;
	HASH_FIND(hh, findings->table, digest->bytes, sizeof digest->bytes, entry);
	return entry;
}

void findings_remove(struct findings *findings, const struct digest *digest)
{
	struct entry *entry = find(findings, digest);
	if (entry)
		forget(findings, entry);
}

void findings_put(struct findings *findings, const struct digest *digest,
        const struct finding *finding, uint64_t fresh_until_ms, uint64_t review_at_ms)
{
	findings_remove(findings, digest);
	if (!findings->max)
		return;
	if (findings->n == findings->max)
		forget(findings, LIST_OWNER(findings->used.next, struct entry, link));
	struct entry *entry = calloc(1, sizeof *entry);
	struct finding *copy = entry ? finding_duplicate(finding) : NULL;
	if (!copy) {
		free(entry);
		return;
	}
	entry->digest = *digest;
	entry->finding = copy;
	entry->fresh_until_ms = fresh_until_ms;
	entry->review_at_ms = review_at_ms;
	list_append(&findings->used, &entry->link);
	list_append(&findings->reviews, &entry->review);
	findings->n++;
	HASH_ADD(hh, findings->table, digest, sizeof entry->digest, entry);
	if (find(findings, digest))
		return;
	/* No memory for the table: it was left out. */
	list_remove(&entry->link);
	list_remove(&entry->review);
	findings->n--;
	free(entry->finding);
	free(entry);
}

bool findings_get(
        struct findings *findings, const struct digest *digest, struct remembered *remembered)
{
	struct entry *entry = find(findings, digest);
	if (!entry)
		return false;
	list_remove(&entry->link);
	list_append(&findings->used, &entry->link);
	*remembered = (struct remembered){ entry->finding, entry->fresh_until_ms };
	return true;
}

const struct finding *findings_due(struct findings *findings, uint64_t now_ms, uint64_t *next_ms)
{
	*next_ms = 0;
	if (list_empty(&findings->reviews))
		return NULL;
	struct entry *entry = LIST_OWNER(findings->reviews.next, struct entry, review);
	if (entry->review_at_ms > now_ms) {
		*next_ms = entry->review_at_ms;
		return NULL;
	}
	list_remove(&entry->review);
	return entry->finding;
}

unsigned findings_count(const struct findings *findings)
{
	return findings->n;
}
