/* A fixed pool of entries, a bucket array, and one list of the answered entries from old to new.
 *
 * The key is a 64-bit keyed hash of peer, message id and token, not these themselves: an entry stays small,
 * and without the key (base/random.h) nobody can make two messages meet. By chance two of 32,768 live
 * entries meet once in 10^10 messages.
 *
 * An entry lives EXCHANGE_LIFETIME, or shorter when more messages come than the pool holds: then the oldest
 * answered one gives way, so under load the table reaches back for as long as it has places. Peers repeat a
 * message for 45 s at most (MAX_TRANSMIT_SPAN), mostly for 3: 32,768 places cover 700 messages a second for the
 * one and 10,000 for the other.
 *
 * Most answers are a code, a token and perhaps an option: they are kept in the entry. Larger ones are taken
 * from the heap under a budget of their own. (Rule broken: malloc while running; what outlives its request can't
 * come from the request's arena.) */
#include "adapters/coap/duplicates.h"

#include "base/random.h"

#include <stdlib.h>

enum { LIFETIME_S = 247 }; /* EXCHANGE_LIFETIME, RFC 7252 section 4.8.2 */

struct duplicates {
	struct duplicate *pool;
	struct duplicate **buckets;
	size_t bucket_mask;
	unsigned count_max, touched; /* entries from `touched` on were never used */
	struct list unused, answered;
	size_t large_bytes, large_max_bytes;
};

struct duplicates *duplicates_create(unsigned count_max, size_t answers_max_bytes)
{
	size_t nbuckets = 16;
	while (nbuckets < count_max)
		nbuckets *= 2;
	struct duplicates *table = calloc(1, sizeof *table);
	if (!table)
		return NULL;
	list_init(&table->unused);
	list_init(&table->answered);
	table->pool = calloc(count_max, sizeof *table->pool);
	table->buckets = calloc(nbuckets, sizeof(struct duplicate *));
	table->bucket_mask = nbuckets - 1;
	table->count_max = count_max;
	table->large_max_bytes = answers_max_bytes;
	if (table->pool && table->buckets)
		return table;
	duplicates_destroy(table);
	return NULL;
}

void duplicates_destroy(struct duplicates *table)
{
	if (!table)
		return;
	for (unsigned i = 0; table->pool && i < table->touched; i++)
		free(table->pool[i].large);
	free(table->pool);
	free(table->buckets);
	free(table);
}

uint64_t duplicates_key(slice peer, uint16_t id, slice token)
{
	char bytes[64] = { (char)(id >> 8), (char)(id & 0xff), (char)token.n };
	size_t n = 3;
	if (token.n)
		memcpy(bytes + n, token.p, token.n);
	n += token.n;
	memcpy(bytes + n, peer.p, peer.n);
	return random_keyed_hash(bytes, n + peer.n);
}

static void drop_large(struct duplicates *table, struct duplicate *entry)
{
	if (entry->large)
		table->large_bytes -= entry->answer_bytes;
	free(entry->large);
	entry->large = NULL;
}

static void forget(struct duplicates *table, struct duplicate *entry)
{
	struct duplicate **at = &table->buckets[entry->key & table->bucket_mask];
	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	drop_large(table, entry);
	list_remove(&entry->link);
	list_append(&table->unused, &entry->link);
}

static struct duplicate *oldest(const struct duplicates *table)
{
	return list_empty(&table->answered)
	               ? NULL
	               : LIST_OWNER(table->answered.next, struct duplicate, link);
}

static bool is_over(const struct duplicate *entry, uint64_t now_ms)
{
	return now_ms / 1000 - entry->born_s > LIFETIME_S;
}

struct duplicate *duplicates_find(struct duplicates *table, uint64_t key, uint64_t now_ms)
{
	struct duplicate *entry = table->buckets[key & table->bucket_mask];
	while (entry && entry->key != key)
		entry = entry->next;
	if (entry && entry->state == DUPLICATE_ANSWERED && is_over(entry, now_ms)) {
		forget(table, entry);
		return NULL;
	}
	return entry;
}

static struct duplicate *take_place(struct duplicates *table)
{
	if (list_empty(&table->unused) && table->touched < table->count_max)
		return &table->pool[table->touched++];
	if (list_empty(&table->unused)) {
		struct duplicate *entry = oldest(table);
		if (!entry)
			return NULL;
		forget(table, entry);
	}
	struct duplicate *entry = LIST_OWNER(table->unused.next, struct duplicate, link);
	list_remove(&entry->link);
	return entry;
}

struct duplicate *duplicates_add(struct duplicates *table, uint64_t key, uint64_t now_ms)
{
	struct duplicate *old = oldest(table);
	if (old && is_over(old, now_ms))
		forget(table, old);
	struct duplicate *entry = take_place(table);
	if (!entry)
		return NULL;
	struct duplicate **bucket = &table->buckets[key & table->bucket_mask];
	*entry = (struct duplicate){
		.next = *bucket,
		.key = key,
		.born_s = (uint32_t)(now_ms / 1000),
		.state = DUPLICATE_PENDING,
	};
	list_init(&entry->link);
	*bucket = entry;
	return entry;
}

void duplicates_answer(struct duplicates *table, struct duplicate *entry, slice answer)
{
	entry->state = DUPLICATE_ANSWERED;
	list_append(&table->answered, &entry->link);
	char *place = entry->small;
	if (answer.n > sizeof entry->small) {
		/* Larger answers push older ones out, never the newest. */
		while (table->large_bytes + answer.n > table->large_max_bytes &&
		        oldest(table) != entry)
			forget(table, oldest(table));
		place = answer.n <= table->large_max_bytes ? malloc(answer.n) : NULL;
		entry->large = place;
		if (!place)
			return; /* a copy of the message is then ignored: no second effect */
		table->large_bytes += answer.n;
	}
	if (answer.n)
		memcpy(place, answer.p, answer.n);
	entry->answer_bytes = (uint32_t)answer.n;
}

slice duplicate_answer(const struct duplicate *entry)
{
	return (slice){ entry->large ? entry->large : entry->small, entry->answer_bytes };
}
