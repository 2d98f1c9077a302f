#include "tests/fakes/hand_store.h"

#include <stdlib.h>

enum { ROWS_MAX = 4096 };

struct row {
	enum store_table table;
	bool removes;
	struct store_record record;
	struct store_receipt *receipt;
	char *content;
};

struct store {
	struct row disk[ROWS_MAX], pending[ROWS_MAX];
	unsigned ndisk, npending;
	bool refuses;
};

static struct store the_store;

struct store *hand_store(void)
{
	return &the_store;
}

void hand_store_crash(void)
{
	for (unsigned i = 0; i < the_store.npending; i++)
		free(the_store.pending[i].content);
	the_store.npending = 0;
}

void hand_store_reset(void)
{
	hand_store_crash();
	for (unsigned i = 0; i < the_store.ndisk; i++)
		free(the_store.disk[i].content);
	the_store.ndisk = 0;
	the_store.refuses = false;
}

void hand_store_refuse(bool refuses)
{
	the_store.refuses = refuses;
}

static slice move_in(char **at, slice from)
{
	slice to = { *at, from.n };
	if (from.n)
		memcpy(*at, from.p, from.n);
	*at += from.n;
	return to;
}

static bool take(struct store *store, enum store_table table, const struct store_record *record,
        bool removes, struct store_receipt *receipt)
{
	if (store->refuses || store->npending == ROWS_MAX)
		return false;
	char *content = malloc(record->key.n + record->owner.n + record->media.n + record->head.n +
	                       record->body.n + 1);
	char *at = content;
	if (!content)
		return false;
	const struct store_record copy = { .key = move_in(&at, record->key),
		.owner = move_in(&at, record->owner),
		.time_ns = record->time_ns,
		.expires_ns = record->expires_ns,
		.media = move_in(&at, record->media),
		.head = move_in(&at, record->head),
		.body = move_in(&at, record->body) };
	store->pending[store->npending++] = (struct row){ table, removes, copy, receipt, content };
	return true;
}

bool store_has_room(const struct store *store, unsigned records, size_t bytes)
{
	(void)bytes;
	return !store->refuses && records <= ROWS_MAX - store->npending;
}

bool store_put(struct store *store, enum store_table table, const struct store_record *record,
        struct store_receipt *receipt)
{
	return take(store, table, record, false, receipt);
}

bool store_remove(
        struct store *store, enum store_table table, slice key, struct store_receipt *receipt)
{
	const struct store_record record = { .key = key };
	return take(store, table, &record, true, receipt);
}

static struct row *find(enum store_table table, slice key)
{
	for (unsigned i = 0; i < the_store.ndisk; i++) {
		struct row *row = &the_store.disk[i];
		if (row->table == table && slice_equal(row->record.key, key))
			return row;
	}
	return NULL;
}

const struct store_record *hand_store_find(enum store_table table, slice key)
{
	const struct row *row = find(table, key);
	return row ? &row->record : NULL;
}

static void write_row(struct row *row)
{
	struct row *old = find(row->table, row->record.key);
	if (old) {
		free(old->content);
		*old = the_store.disk[--the_store.ndisk];
	}
	if (row->removes || the_store.ndisk == ROWS_MAX)
		free(row->content);
	else
		the_store.disk[the_store.ndisk++] = *row;
}

unsigned hand_store_commit(enum status status)
{
	unsigned n = the_store.npending;
	for (unsigned i = 0; i < n; i++) {
		struct row row = the_store.pending[i];
		if (status == STATUS_OK)
			write_row(&row);
		else
			free(row.content);
		if (row.receipt) {
			row.receipt->status = status;
			row.receipt->done(row.receipt);
		}
	}
	/* done() may have handed in more. */
	the_store.npending -= n;
	for (unsigned i = 0; i < the_store.npending; i++)
		the_store.pending[i] = the_store.pending[n + i];
	return n;
}

unsigned hand_store_count(enum store_table table)
{
	unsigned n = 0;
	for (unsigned i = 0; i < the_store.ndisk; i++)
		n += the_store.disk[i].table == table;
	return n;
}

static int by_key(const void *left, const void *right)
{
	slice a = ((const struct row *)left)->record.key,
	      b = ((const struct row *)right)->record.key;
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;
	return order ? order : (a.n > b.n) - (a.n < b.n);
}

bool store_each(struct store *store, enum store_table table,
        bool (*each)(void *arg, const struct store_record *), void *arg, struct error *error)
{
	(void)error;
	qsort(store->disk, store->ndisk, sizeof *store->disk, by_key);
	for (unsigned i = 0; i < store->ndisk; i++) {
		if (store->disk[i].table == table && !each(arg, &store->disk[i].record))
			break;
	}
	return true;
}

void store_set_delay(struct store *store, enum store_table table, uint64_t ms)
{
	(void)store;
	(void)table;
	(void)ms;
}

struct store_count store_count(const struct store *store)
{
	return (struct store_count){ .pending = store->npending };
}
