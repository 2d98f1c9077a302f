/* Tokens that were verified. */
#include "auth/jwt/bearer.h"

#include <stdlib.h>

#include "base/list.h"
#include "base/table.h"

struct entry {
	struct list link; /* in the order of use, the latest last */
	UT_hash_handle hh;
	struct bearer bearer;
	slice token;
	size_t bytes;  /* of all this */
	slice names[]; /* and the texts behind them */
};

struct verified {
	struct entry *table;
	struct list used;
	unsigned tokens_max;
	size_t bytes_max, bytes;
};

struct verified *verified_create(unsigned tokens_max, size_t bytes_max)
{
	struct verified *verified = calloc(1, sizeof *verified);
	if (!verified)
		return NULL;
	list_init(&verified->used);
	verified->tokens_max = tokens_max;
	verified->bytes_max = bytes_max;
	return verified;
}

static void discard(struct entry *entry)
{
	explicit_bzero((char *)(uintptr_t)entry->token.p, entry->token.n);
	free(entry);
}

static void forget(struct verified *verified, struct entry *entry)
{
	HASH_DEL(verified->table, entry);
	list_remove(&entry->link);
	verified->bytes -= entry->bytes;
	discard(entry);
}

void verified_clear(struct verified *verified)
{
	LIST_EACH (&verified->used, at, following)
		forget(verified, LIST_OWNER(at, struct entry, link));
}

void verified_destroy(struct verified *verified)
{
	if (!verified)
		return;
	verified_clear(verified);
	free(verified);
}

unsigned verified_count(const struct verified *verified)
{
	return HASH_COUNT(verified->table);
}

const struct bearer *verified_find(struct verified *verified, slice token)
{
	struct entry *entry;
	HASH_FIND(hh, verified->table, token.p, token.n, entry);
	if (!entry)
		return NULL;
	list_remove(&entry->link);
	list_append(&verified->used, &entry->link);
	return &entry->bearer;
}

static void keep_names(slice **place, char **at, const slice **names, unsigned n)
{
	if (*names)
		*names = slice_put_all(place, at, *names, n);
}

/* The token and all that the bearer points to, into the room behind the entry: slices first. */
static void fill(struct entry *entry, slice token, const struct bearer *bearer)
{
	entry->bearer = *bearer;
	slice *place = entry->names;
	char *at = (char *)(entry->names + bearer->nroles + bearer->nscopes);
	entry->token = slice_put(&at, token);
	entry->bearer.id = slice_put(&at, bearer->id);
	entry->bearer.plan = slice_put(&at, bearer->plan);
	entry->bearer.key = slice_put(&at, bearer->key);
	keep_names(&place, &at, &entry->bearer.roles, bearer->nroles);
	keep_names(&place, &at, &entry->bearer.scopes, bearer->nscopes);
}

void verified_add(struct verified *verified, slice token, const struct bearer *bearer)
{
	size_t bytes = sizeof(struct entry) + token.n + bearer->id.n + bearer->plan.n +
	               bearer->key.n + slice_room(bearer->roles, bearer->nroles) +
	               slice_room(bearer->scopes, bearer->nscopes);
	if (!verified->tokens_max || bytes > verified->bytes_max || verified_find(verified, token))
		return;
	while (HASH_COUNT(verified->table) >= verified->tokens_max ||
	        verified->bytes + bytes > verified->bytes_max)
		forget(verified, LIST_OWNER(verified->used.next, struct entry, link));
	struct entry *entry = malloc(bytes);
	if (!entry)
		return;
	fill(entry, token, bearer);
	entry->bytes = bytes;
	list_init(&entry->link);
	HASH_ADD_KEYPTR(hh, verified->table, entry->token.p, entry->token.n, entry);
	if (verified_find(verified, token)) {
		verified->bytes += bytes;
		return;
	}
	/* The table had no memory for it. */
	discard(entry);
}
