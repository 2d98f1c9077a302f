/* What is kept of a finding is the HMAC of what was compared, under a key that this process has drawn: the name, what it
 * was held against and what was presented. So nothing in memory is a password, and a finding is found no more when one of
 * them changes: whoever gets a new password is not let in by the old one, not even for the time that is remembered.
 *
 * What was right and what was wrong have a table each, so that nobody who guesses pushes out the fleet. When one is full
 * the finding that was of no use for longest gives way. Not so with what may come only once (auth_once()): there nothing
 * is forgotten before its time, and when all places are taken nothing new is let in. */
#include "core/recall.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/table.h"
#include "core/internal.h"
#include "crypto/digest.h"

enum { KEY_BYTES = 32, FINDINGS_MAX = 16384 };

struct finding {
	struct digest digest;
	uint64_t until_ms;
	UT_hash_handle hh; /* the table keeps them in the order in which they were of use */
};

struct recall {
	unsigned char key[KEY_BYTES];
	struct finding *findings[2]; /* wrong, right */
	struct finding *once;
	uint64_t since_ms; /* wall clock */
};

struct recall *recall_create(void)
{
	struct recall *recall = calloc(1, sizeof *recall);
	if (!recall)
		return NULL;
	random_bytes(recall->key, sizeof recall->key);
	recall->since_ms = clock_wall_ns() / 1000000 / 1000 * 1000;
	return recall;
}

static void forget(struct finding **table, struct finding *finding)
{
	HASH_DEL(*table, finding);
	free(finding);
}

void recall_destroy(struct recall *recall)
{
	if (!recall)
		return;
	for (unsigned i = 0; i < 2; i++) {
		while (recall->findings[i])
			forget(&recall->findings[i], recall->findings[i]);
	}
	while (recall->once)
		forget(&recall->once, recall->once);
	explicit_bzero(recall, sizeof *recall);
	free(recall);
}

/* Each part with its length before it, so that no two lists of parts look alike. false: no memory. */
static bool digest_of(const struct recall *recall, struct request *request, const slice *parts,
        unsigned nparts, struct digest *digest)
{
	size_t n = 0;
	for (unsigned i = 0; i < nparts; i++)
		n += sizeof(uint64_t) + parts[i].n;
	char *bytes = arena_alloc_raw(&request->arena, n);
	char *at = bytes;
	for (unsigned i = 0; bytes && i < nparts; i++) {
		uint64_t length = parts[i].n;
		memcpy(at, &length, sizeof length);
		if (parts[i].n)
			memcpy(at + sizeof length, parts[i].p, parts[i].n);
		at += sizeof length + parts[i].n;
	}
	if (!bytes)
		return false;
	*digest = digest_hmac_sha256(
	        (slice){ (const char *)recall->key, sizeof recall->key }, (slice){ bytes, n });
	explicit_bzero(bytes, n);
	return true;
}

static struct finding *find(struct finding *table, const struct digest *digest)
{
	struct finding *finding;
	HASH_FIND(hh, table, digest->bytes, sizeof digest->bytes, finding);
	return finding;
}

static bool add(struct finding **table, struct finding *finding)
{
	HASH_ADD(hh, *table, digest.bytes, sizeof finding->digest.bytes, finding);
	if (find(*table, &finding->digest) == finding)
		return true;
	free(finding);
	return false;
}

enum auth_memory auth_recall(
        struct request *request, const slice *parts, unsigned nparts, uint64_t for_ms)
{
	struct core *core = request->adapter->core;
	uint64_t now_ms = loop_now_ms(core->loop);
	struct digest digest;
	if (!for_ms || !digest_of(core->recall, request, parts, nparts, &digest))
		return AUTH_UNKNOWN;
	for (unsigned right = 0; right < 2; right++) {
		struct finding **table = &core->recall->findings[right];
		struct finding *finding = find(*table, &digest);
		if (!finding)
			continue;
		if (finding->until_ms <= now_ms) {
			forget(table, finding);
			continue;
		}
		HASH_DEL(*table, finding);
		finding->until_ms = now_ms + for_ms;
		(void)add(table, finding);
		core->recalled++;
		return right ? AUTH_RIGHT : AUTH_WRONG;
	}
	return AUTH_UNKNOWN;
}

void auth_remember(
        struct request *request, const slice *parts, unsigned nparts, bool right, uint64_t for_ms)
{
	struct core *core = request->adapter->core;
	struct finding **table = &core->recall->findings[right];
	uint64_t now_ms = loop_now_ms(core->loop);
	struct digest digest;
	core->verified++;
	if (!for_ms || !digest_of(core->recall, request, parts, nparts, &digest))
		return;
	struct finding *finding = find(*table, &digest);
	if (finding) {
		finding->until_ms = now_ms + for_ms;
		return;
	}
	while (*table && ((*table)->until_ms <= now_ms || HASH_COUNT(*table) >= FINDINGS_MAX))
		forget(table, *table);
	finding = calloc(1, sizeof *finding);
	if (!finding)
		return;
	finding->digest = digest;
	finding->until_ms = now_ms + for_ms;
	(void)add(table, finding);
}

enum auth_once auth_once(
        struct request *request, const slice *parts, unsigned nparts, uint64_t for_ms, unsigned max)
{
	struct core *core = request->adapter->core;
	struct finding **table = &core->recall->once;
	uint64_t now_ms = loop_now_ms(core->loop);
	struct digest digest;
	if (!digest_of(core->recall, request, parts, nparts, &digest))
		return AUTH_ONCE_FULL;
	while (*table && (*table)->until_ms <= now_ms)
		forget(table, *table);
	struct finding *finding = find(*table, &digest);
	if (finding && finding->until_ms > now_ms)
		return AUTH_ONCE_AGAIN;
	if (finding)
		forget(table, finding);
	finding = HASH_COUNT(*table) < max ? calloc(1, sizeof *finding) : NULL;
	if (!finding)
		return AUTH_ONCE_FULL;
	finding->digest = digest;
	finding->until_ms = now_ms + for_ms;
	return add(table, finding) ? AUTH_ONCE_FIRST : AUTH_ONCE_FULL;
}

uint64_t auth_once_since_ms(const struct request *request)
{
	return request->adapter->core->recall->since_ms;
}
