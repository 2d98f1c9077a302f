/* A hash table by path; a list in the order of touching, for who gives way; and a journal: an array in the order of
 * versions, searched by halves. A value that is replaced leaves a hole in the journal and goes to its end; holes are
 * closed when they are half of it, so that each value pays for it in constant time. */
#include "core/values.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/table.h"

struct entry {
	struct kept_value value;
	struct list touched;
	size_t place;  /* in the journal */
	size_t size;   /* of `content` */
	char *content; /* media, client, body */
	UT_hash_handle hh;
	char path[];
};

struct line {
	uint64_t version;
	struct entry *entry; /* NULL: a hole */
};

struct values {
	struct entry *by_path;
	struct list touched; /* the one not touched for longest first */
	struct line *journal;
	size_t nlines, nholes, size;
	uint64_t newest, given; /* the newest put, and the last version given away */
	struct values_count count;
};

uint64_t values_sender(const char *listener, slice session)
{
	if (!session.n)
		return 0;
	uint64_t parts[] = { random_keyed_hash(listener, strlen(listener)),
		random_keyed_hash(session.p, session.n) };
	return random_keyed_hash(parts, sizeof parts) | 1;
}

struct values *values_create(void)
{
	struct values *values = calloc(1, sizeof *values);
	if (values)
		list_init(&values->touched);
	return values;
}

static size_t entry_bytes(const struct entry *entry)
{
	return sizeof *entry + entry->value.path.n + entry->size;
}

static void entry_free(struct entry *entry)
{
	free(entry->content);
	free(entry);
}

void values_destroy(struct values *values)
{
	if (!values)
		return;
	HASH_CLEAR(hh, values->by_path);
	LIST_EACH (&values->touched, at, following)
		entry_free(LIST_OWNER(at, struct entry, touched));
	free(values->journal);
	free(values);
}

uint64_t values_new_version(struct values *values)
{
	uint64_t now = clock_wall_ns();
	values->given = now > values->given ? now : values->given + 1;
	return values->given;
}

static struct entry *find(const struct values *values, slice path)
{
	struct entry *entry;
	HASH_FIND(hh, values->by_path, path.p, path.n, entry);
	return entry;
}

static void close_holes(struct values *values)
{
	size_t n = 0;
	for (size_t i = 0; i < values->nlines; i++) {
		if (!values->journal[i].entry)
			continue;
		values->journal[n] = values->journal[i];
		values->journal[n].entry->place = n;
		n++;
	}
	values->nlines = n;
	values->nholes = 0;
}

/* Room for one more line. */
static bool journal_has_room(struct values *values)
{
	enum { FIRST = 64 };
	if (values->nlines < values->size)
		return true;
	if (values->nholes * 2 >= values->nlines && values->nholes) {
		close_holes(values);
		return true;
	}
	size_t size = values->size ? values->size * 2 : FIRST;
	struct line *journal = realloc(values->journal, size * sizeof *journal);
	if (!journal)
		return false;
	values->journal = journal;
	values->size = size;
	return true;
}

static struct entry *create(struct values *values, slice path)
{
	struct entry *entry = calloc(1, sizeof *entry + path.n);
	if (!entry)
		return NULL;
	memcpy(entry->path, path.p, path.n);
	entry->value.path = (slice){ entry->path, path.n };
	HASH_ADD_KEYPTR(hh, values->by_path, entry->path, path.n, entry);
	if (find(values, path) != entry) {
		free(entry);
		return NULL;
	}
	list_init(&entry->touched);
	entry->place = SIZE_MAX;
	return entry;
}

static void discard(struct values *values, struct entry *entry)
{
	if (entry->place != SIZE_MAX) {
		values->journal[entry->place].entry = NULL;
		values->nholes++;
		values->count.values--;
		values->count.bytes -= entry_bytes(entry);
	}
	HASH_DEL(values->by_path, entry);
	list_remove(&entry->touched);
	entry_free(entry);
}

static char *content_of(const struct kept_value *value, size_t *size)
{
	*size = value->media.n + value->client.n + value->body.n;
	char *content = malloc(*size ? *size : 1);
	char *at = content;
	if (content) {
		(void)slice_put(&at, value->media);
		(void)slice_put(&at, value->client);
		(void)slice_put(&at, value->body);
	}
	return content;
}

static void fill(struct entry *entry, const struct kept_value *value, char *content, size_t size)
{
	struct kept_value *kept = &entry->value;
	free(entry->content);
	entry->content = content;
	entry->size = size;
	kept->media = (slice){ content, value->media.n };
	kept->client = (slice){ content + value->media.n, value->client.n };
	kept->body = (slice){ content + value->media.n + value->client.n, value->body.n };
	kept->sender = value->sender;
	kept->version = value->version;
	kept->received_ns = value->received_ns;
}

bool values_put(struct values *values, const struct kept_value *value)
{
	size_t size;
	char *content = content_of(value, &size);
	if (!content || !journal_has_room(values)) {
		free(content);
		return false;
	}
	struct entry *entry = find(values, value->path);
	if (!entry)
		entry = create(values, value->path);
	if (!entry) {
		free(content);
		return false;
	}
	if (entry->place == SIZE_MAX) {
		values->count.values++;
	} else {
		values->journal[entry->place].entry = NULL;
		values->nholes++;
		values->count.bytes -= entry_bytes(entry);
	}
	fill(entry, value, content, size);
	values->count.bytes += entry_bytes(entry);
	entry->place = values->nlines;
	values->journal[values->nlines++] = (struct line){ value->version, entry };
	values->newest = value->version;
	if (values->given < value->version)
		values->given = value->version;
	list_remove(&entry->touched);
	list_append(&values->touched, &entry->touched);
	return true;
}

bool values_restore(struct values *values, const struct kept_value *value)
{
	uint64_t newest = values->newest;
	if (!values_put(values, value))
		return false;
	if (values->newest < newest)
		values->newest = newest;
	return true;
}

static int by_version(const void *a, const void *b)
{
	const struct line *left = a, *right = b;
	return (left->version > right->version) - (left->version < right->version);
}

void values_restored(struct values *values)
{
	close_holes(values);
	if (values->nlines)
		qsort(values->journal, values->nlines, sizeof *values->journal, by_version);
	for (size_t i = 0; i < values->nlines; i++) {
		struct entry *entry = values->journal[i].entry;
		entry->place = i;
		list_remove(&entry->touched);
		list_append(&values->touched, &entry->touched);
	}
}

bool values_remove(struct values *values, slice path)
{
	struct entry *entry = find(values, path);
	if (entry)
		discard(values, entry);
	return entry != NULL;
}

const struct kept_value *values_find(const struct values *values, slice path)
{
	const struct entry *entry = find(values, path);
	return entry ? &entry->value : NULL;
}

void values_touch(struct values *values, slice path)
{
	struct entry *entry = find(values, path);
	if (!entry)
		return;
	list_remove(&entry->touched);
	list_append(&values->touched, &entry->touched);
}

const struct kept_value *values_after(const struct values *values, uint64_t version)
{
	size_t low = 0, high = values->nlines;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (values->journal[middle].version <= version)
			low = middle + 1;
		else
			high = middle;
	}
	while (low < values->nlines && !values->journal[low].entry)
		low++;
	return low < values->nlines ? &values->journal[low].entry->value : NULL;
}

uint64_t values_newest(const struct values *values)
{
	return values->newest;
}

const struct kept_value *values_stalest(const struct values *values)
{
	if (list_empty(&values->touched))
		return NULL;
	return &LIST_OWNER(values->touched.next, struct entry, touched)->value;
}

struct values_count values_count(const struct values *values)
{
	return values->count;
}
