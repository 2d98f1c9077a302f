#include "core/roster.h"

#include <stdlib.h>

#include "base/table.h"

/* What comes first in each is what the outside sees, so that it can be led back to the whole. */
struct entry {
	struct client client;
	UT_hash_handle hh;
	struct list keys;
	bool absent; /* its keys are here, the client is not */
	slice id;    /* as the table has it: the content may be replaced */
	char *content;
};

struct key {
	struct client_key key;
	UT_hash_handle by_secret, by_handle;
	struct list link;    /* among its client's */
	struct entry *owner; /* NULL: it was taken out */
	size_t bytes;
};

struct roster {
	struct entry *clients;
	struct key *secrets[KEY_KINDS];
	struct key *handles;
	unsigned nclients, nkeys;
};

struct roster *roster_create(void)
{
	return calloc(1, sizeof(struct roster));
}

static struct entry *find(const struct roster *roster, slice id)
{
	struct entry *entry;
	HASH_FIND(hh, roster->clients, id.p, id.n, entry);
	return entry;
}

/* ---- Clients */

static struct entry *add_entry(struct roster *roster, slice id)
{
	struct entry *entry = calloc(1, sizeof *entry + id.n);
	if (!entry)
		return NULL;
	char *at = (char *)(entry + 1);
	entry->id = slice_put(&at, id);
	entry->absent = true;
	list_init(&entry->keys);
	HASH_ADD_KEYPTR(hh, roster->clients, entry->id.p, id.n, entry);
	if (find(roster, id) == entry)
		return entry;
	free(entry);
	return NULL;
}

static unsigned count_texts(const struct client *client)
{
	return client->nroles + client->nallow + client->ndeny + client->nacts_for;
}

/* Never none. */
static size_t content_bytes(const struct client *client)
{
	return slice_room(client->roles, client->nroles) +
	       slice_room(client->allow, client->nallow) + slice_room(client->deny, client->ndeny) +
	       slice_room(client->acts_for, client->nacts_for) + client->plan.n + sizeof(slice);
}

const struct client *roster_put(struct roster *roster, const struct client *client)
{
	char *content = malloc(content_bytes(client));
	struct entry *entry = content ? find(roster, client->id) : NULL;
	if (content && !entry)
		entry = add_entry(roster, client->id);
	if (!entry) {
		free(content);
		return NULL;
	}
	slice *texts = (slice *)(void *)content;
	char *at = (char *)(texts + count_texts(client));
	struct client next = *client;
	next.id = entry->id;
	next.roles = slice_put_all(&texts, &at, client->roles, client->nroles);
	next.allow = slice_put_all(&texts, &at, client->allow, client->nallow);
	next.deny = slice_put_all(&texts, &at, client->deny, client->ndeny);
	next.acts_for = slice_put_all(&texts, &at, client->acts_for, client->nacts_for);
	next.plan = slice_put(&at, client->plan);
	free(entry->content);
	entry->content = content;
	entry->client = next;
	roster->nclients += entry->absent;
	entry->absent = false;
	return &entry->client;
}

static void take_key(struct roster *roster, struct key *key)
{
	if (key->key.kind != KEY_PSK && key->key.kind != KEY_PASSWORD)
		HASH_DELETE(by_secret, roster->secrets[key->key.kind], key);
	if (key->key.handle.n)
		HASH_DELETE(by_handle, roster->handles, key);
	list_remove(&key->link);
	roster->nkeys--;
	key->owner = NULL;
}

static void free_key(struct key *key)
{
	explicit_bzero(key, key->bytes);
	free(key);
}

static void free_entry(struct roster *roster, struct entry *entry)
{
	HASH_DEL(roster->clients, entry);
	free(entry->content);
	free(entry);
}

static void remove_client(struct roster *roster, struct entry *entry)
{
	LIST_EACH (&entry->keys, at, following) {
		struct key *key = LIST_OWNER(at, struct key, link);
		take_key(roster, key);
		free_key(key);
	}
	roster->nclients -= !entry->absent;
	free_entry(roster, entry);
}

bool roster_remove(struct roster *roster, slice id)
{
	struct entry *entry = find(roster, id);
	bool here = entry && !entry->absent;
	if (here)
		remove_client(roster, entry);
	return here;
}

void roster_destroy(struct roster *roster)
{
	if (!roster)
		return;
	while (roster->clients)
		remove_client(roster, roster->clients);
	free(roster);
}

const struct client *roster_find(const struct roster *roster, slice id)
{
	const struct entry *entry = find(roster, id);
	return entry && !entry->absent ? &entry->client : NULL;
}

const struct client *roster_next(const struct roster *roster, const struct client *previous)
{
	const struct entry *entry =
	        previous ? ((const struct entry *)(const void *)previous)->hh.next
	                 : roster->clients;
	while (entry && entry->absent)
		entry = entry->hh.next;
	return entry ? &entry->client : NULL;
}

unsigned roster_count(const struct roster *roster)
{
	return roster->nclients;
}

/* ---- Keys */

static struct key *find_key(const struct roster *roster, enum key_kind kind, slice secret)
{
	struct key *key;
	HASH_FIND(by_secret, roster->secrets[kind], secret.p, secret.n, key);
	return key;
}

static struct key *key_named(const struct roster *roster, slice handle)
{
	struct key *key;
	HASH_FIND(by_handle, roster->handles, handle.p, handle.n, key);
	return key;
}

/* Its client's id is part of it, so that it outlives the client where it was taken out. */
static struct key *copy_key(const struct client_key *from)
{
	size_t bytes = sizeof(struct key) + slice_room(from->scopes, from->nscopes) +
	               from->client.n + from->handle.n + from->secret.n + from->bound_to.n +
	               from->family.n;
	struct key *key = calloc(1, bytes);
	if (!key)
		return NULL;
	slice *scopes = (slice *)(void *)(key + 1);
	char *at = (char *)(scopes + from->nscopes);
	key->bytes = bytes;
	key->key = *from;
	key->key.client = slice_put(&at, from->client);
	key->key.scopes = slice_put_all(&scopes, &at, from->scopes, from->nscopes);
	key->key.handle = slice_put(&at, from->handle);
	key->key.secret = slice_put(&at, from->secret);
	key->key.bound_to = slice_put(&at, from->bound_to);
	key->key.family = slice_put(&at, from->family);
	list_init(&key->link);
	return key;
}

/* Into the tables that it is found by. */
static bool enter_key(struct roster *roster, struct key *key)
{
	struct client_key *shown = &key->key;
	if (shown->kind != KEY_PSK && shown->kind != KEY_PASSWORD) {
		HASH_ADD_KEYPTR(by_secret, roster->secrets[shown->kind], shown->secret.p,
		        shown->secret.n, key);
		if (find_key(roster, shown->kind, shown->secret) != key)
			return false;
	}
	if (!shown->handle.n)
		return true;
	HASH_ADD_KEYPTR(by_handle, roster->handles, shown->handle.p, shown->handle.n, key);
	if (key_named(roster, shown->handle) == key)
		return true;
	if (shown->kind != KEY_PSK && shown->kind != KEY_PASSWORD)
		HASH_DELETE(by_secret, roster->secrets[shown->kind], key);
	return false;
}

/* Its client, or a place for it where that is somebody else's. */
static struct entry *owner_of(struct roster *roster, slice client, bool elsewhere)
{
	struct entry *owner = find(roster, client);
	return owner || !elsewhere ? owner : add_entry(roster, client);
}

/* A place that no key holds any more. */
static void tidy(struct roster *roster, struct entry *owner)
{
	if (owner && owner->absent && list_empty(&owner->keys))
		free_entry(roster, owner);
}

static enum roster_answer enter(struct roster *roster, struct entry *owner, struct key *key)
{
	if (!enter_key(roster, key)) {
		tidy(roster, owner);
		return ROSTER_NO_MEMORY;
	}
	key->owner = owner;
	list_append(&owner->keys, &key->link);
	roster->nkeys++;
	return ROSTER_OK;
}

static enum roster_answer put_key(
        struct roster *roster, const struct client_key *from, bool elsewhere)
{
	if (find_key(roster, from->kind, from->secret) ||
	        (from->handle.n && key_named(roster, from->handle)))
		return ROSTER_TAKEN;
	struct entry *owner = owner_of(roster, from->client, elsewhere);
	if (!owner)
		return elsewhere ? ROSTER_NO_MEMORY : ROSTER_NO_CLIENT;
	struct key *key = copy_key(from);
	enum roster_answer answer = key ? enter(roster, owner, key) : ROSTER_NO_MEMORY;
	if (!key)
		tidy(roster, owner);
	else if (answer != ROSTER_OK)
		free_key(key);
	return answer;
}

enum roster_answer roster_put_key(struct roster *roster, const struct client_key *from)
{
	return put_key(roster, from, false);
}

enum roster_answer roster_put_key_of(struct roster *roster, const struct client_key *from)
{
	return put_key(roster, from, true);
}

static struct key *whole_key(const struct client_key *shown)
{
	return (struct key *)(uintptr_t)shown;
}

void roster_take_key(struct roster *roster, const struct client_key *shown)
{
	struct key *key = whole_key(shown);
	struct entry *owner = key->owner;
	take_key(roster, key);
	tidy(roster, owner);
}

enum roster_answer roster_give_key(struct roster *roster, const struct client_key *shown)
{
	if (find_key(roster, shown->kind, shown->secret) ||
	        (shown->handle.n && key_named(roster, shown->handle)))
		return ROSTER_TAKEN;
	struct entry *owner = owner_of(roster, shown->client, true);
	return owner ? enter(roster, owner, whole_key(shown)) : ROSTER_NO_MEMORY;
}

void roster_free_key(const struct client_key *shown)
{
	if (shown)
		free_key(whole_key(shown));
}

void roster_remove_key(struct roster *roster, const struct client_key *shown)
{
	roster_take_key(roster, shown);
	free_key(whole_key(shown));
}

const struct client_key *roster_find_key(
        const struct roster *roster, enum key_kind kind, slice secret)
{
	const struct key *key = find_key(roster, kind, secret);
	return key ? &key->key : NULL;
}

const struct client_key *roster_key_named(const struct roster *roster, slice handle)
{
	const struct key *key = key_named(roster, handle);
	return key ? &key->key : NULL;
}

const struct client_key *roster_key_any_of(
        const struct roster *roster, slice client, const struct client_key *previous)
{
	const struct entry *owner = previous ? ((const struct key *)(const void *)previous)->owner
	                                     : find(roster, client);
	if (!owner)
		return NULL;
	const struct list *at = previous ? ((const struct key *)(const void *)previous)->link.next
	                                 : owner->keys.next;
	return at == &owner->keys ? NULL : &LIST_OWNER(at, struct key, link)->key;
}

const struct client_key *roster_key_of(const struct roster *roster, slice client,
        enum key_kind kind, const struct client_key *previous)
{
	const struct client_key *key = previous;
	do {
		key = roster_key_any_of(roster, client, key);
	} while (key && key->kind != kind);
	return key;
}

const struct client_key *roster_next_key(
        const struct roster *roster, const struct client_key *previous)
{
	const struct key *key =
	        previous ? ((const struct key *)(const void *)previous)->by_handle.next
	                 : roster->handles;
	return key ? &key->key : NULL;
}

unsigned roster_count_keys(const struct roster *roster)
{
	return roster->nkeys;
}
