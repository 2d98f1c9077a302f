/* The registry's life: keys, what is on disk, what has expired; and looking into it. */
#include "core/internal.h"

#include "base/clock.h"
#include "base/log.h"

enum {
	SWEEP_MS = 60000,
	SWEEP_MAX = 1024, /* at a time; where more have expired, the rest follows soon */
	SWEEP_ON_MS = 1000,
	RECORD_MAX_BYTES = 1 << 20,
	NS_PER_MS = 1000000
};

static void sweep(struct timer *timer);

bool registry_set_keys(struct registry *registry,
        const unsigned char digest_key[KEYED_DIGEST_KEY_BYTES],
        const unsigned char seal_key[SEAL_KEY_BYTES])
{
	struct keyed_digests *digests = keyed_digests_create(digest_key);
	if (!digests)
		return false;
	keyed_digests_destroy(registry->digests);
	registry->digests = digests;
	memcpy(registry->seal_key, seal_key, SEAL_KEY_BYTES);
	return true;
}

bool registry_init(struct registry *registry, struct core *core, struct loop *loop)
{
	unsigned char keys[KEYED_DIGEST_KEY_BYTES + SEAL_KEY_BYTES];
	random_bytes(keys, sizeof keys);
	*registry = (struct registry){ .core = core, .roster = roster_create() };
	registry_changes_init(registry, loop);
	timer_init(&registry->sweep, loop, sweep);
	bool made = registry->roster &&
	            registry_set_keys(registry, keys, keys + KEYED_DIGEST_KEY_BYTES);
	explicit_bzero(keys, sizeof keys);
	return made;
}

void registry_finish(struct registry *registry)
{
	if (registry->sweeps)
		clients_abandon(&registry->sweeping);
	registry_changes_finish(registry);
	timer_stop(&registry->sweep);
	roster_destroy(registry->roster);
	keyed_digests_destroy(registry->digests);
	explicit_bzero(registry->seal_key, sizeof registry->seal_key);
}

uint64_t registry_now_ns(struct registry *registry)
{
	uint64_t now_ns = clock_wall_ns();
	registry->last_ns = now_ns > registry->last_ns ? now_ns : registry->last_ns + 1;
	return registry->last_ns;
}

/* ---- What is on disk */

struct restoring {
	struct registry *registry;
	unsigned wrong; /* records that make no sense: they stay on disk */
	bool out_of_memory;
};

static bool wrong(struct restoring *restoring, const char *what, slice name, const char *why)
{
	if (!restoring->wrong++)
		log_error("clients", "%s %.*s on disk is left out: %s", what, SLICE_ARG(name), why);
	return true;
}

static bool restore_client(void *arg, const struct store_record *record)
{
	struct restoring *restoring = arg;
	struct registry *registry = restoring->registry;
	struct arena arena;
	struct client client;
	const char *why;
	arena_init(&arena, RECORD_MAX_BYTES);
	if (!registry_read_client(&arena, record, &client, &why))
		(void)wrong(restoring, "client", record->key, why);
	else
		restoring->out_of_memory = !roster_put(registry->roster, &client);
	if (record->time_ns > registry->last_ns)
		registry->last_ns = record->time_ns;
	arena_finish(&arena);
	return !restoring->out_of_memory;
}

static bool restore_key(void *arg, const struct store_record *record)
{
	struct restoring *restoring = arg;
	struct registry *registry = restoring->registry;
	struct arena arena;
	struct client_key key;
	const char *why;
	arena_init(&arena, RECORD_MAX_BYTES);
	if (!registry_read_key(&arena, registry->seal_key, record, &key, &why)) {
		(void)wrong(restoring, "key", record->key, why);
	} else {
		enum roster_answer answer = roster_put_key_of(registry->roster, &key);
		restoring->out_of_memory = answer == ROSTER_NO_MEMORY;
		if (answer == ROSTER_TAKEN)
			(void)wrong(restoring, "key", record->key, "there is another like it");
		explicit_bzero((char *)(uintptr_t)key.secret.p, key.secret.n);
	}
	arena_finish(&arena);
	return !restoring->out_of_memory;
}

bool registry_restore(struct registry *registry, struct error *error)
{
	struct store *store = registry->core->store;
	struct restoring restoring = { .registry = registry };
	if (!store_each(store, STORE_CLIENTS, restore_client, &restoring, error))
		return false;
	if (!restoring.out_of_memory &&
	        !store_each(store, STORE_KEYS, restore_key, &restoring, error))
		return false;
	if (restoring.out_of_memory)
		return error_set(error, "no memory for the clients on disk");
	if (restoring.wrong > 1)
		log_error("clients", "%u records of clients and keys on disk are left out",
		        restoring.wrong);
	timer_set(&registry->sweep, loop_now_ms(registry->core->loop) + SWEEP_MS);
	return true;
}

void registry_compare(struct registry *registry)
{
	const struct roster *listed = directory_listed(registry->core->current->directory);
	const struct client *client = NULL;
	while ((client = roster_next(registry->roster, client)) != NULL) {
		if (roster_find(listed, client->id))
			log_warning("clients",
			        "client=%.*s is in the configuration file now: the one that was "
			        "added at run time, and its keys, are out of force; remove it",
			        SLICE_ARG(client->id));
	}
}

/* ---- What has expired */

static void swept(struct clients_change *change)
{
	struct registry *registry = LIST_OWNER(change, struct registry, sweeping);
	/* What the disk does not take may not take the rest of it either. */
	bool more = registry->sweeps_on && change->outcome.status == STATUS_OK;
	registry->sweeps = false;
	timer_set(&registry->sweep,
	        loop_now_ms(registry->core->loop) + (more ? SWEEP_ON_MS : SWEEP_MS));
}

static void sweep(struct timer *timer)
{
	struct registry *registry = LIST_OWNER(timer, struct registry, sweep);
	struct clients_change *change = &registry->sweeping;
	uint64_t now_ms = clock_wall_ns() / NS_PER_MS;
	const struct client_key *key = roster_next_key(registry->roster, NULL);
	unsigned n = 0;
	clients_begin(registry->core, change);
	change->done = swept;
	change->who = SLICE("gateway");
	while (key && n < SWEEP_MAX) {
		const struct client_key *next = roster_next_key(registry->roster, key);
		bool over = key->expires_ms && key->expires_ms <= now_ms;
		if (over && !registry_drop_key(change, key, "key.expire"))
			break;
		n += over;
		key = next;
	}
	registry->sweeps = true;
	registry->sweeps_on = n == SWEEP_MAX;
	clients_commit(change);
}

/* ---- Looking */

const struct directory *clients_directory(const struct core *core)
{
	return core->current->directory;
}

const struct client *clients_find(const struct core *core, slice id, bool *of_file)
{
	const struct client *listed = roster_find(directory_listed(clients_directory(core)), id);
	if (of_file)
		*of_file = listed != NULL;
	return listed ? listed : roster_find(core->registry.roster, id);
}

unsigned clients_room(const struct core *core)
{
	unsigned there = roster_count(core->registry.roster), max = core->current->clients_max;
	return there < max ? max - there : 0;
}

unsigned clients_key_room(const struct core *core)
{
	unsigned there = roster_count_keys(core->registry.roster), max = core->current->keys_max;
	return there < max ? max - there : 0;
}

static int order(slice a, slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int way = n ? memcmp(a.p, b.p, n) : 0;
	return way ? way : (a.n > b.n) - (a.n < b.n);
}

/* A page is the least `max` of those that come after a name: each is put in its place among those found so far. Makes room
 * for one of this name and gives its place; `max`: there is none. */
static unsigned place(void *page, unsigned *n, unsigned max, slice name,
        slice (*name_at)(const void *page, unsigned i))
{
	unsigned from = 0, to = *n;
	while (from < to) {
		unsigned middle = from + (to - from) / 2;
		if (order(name_at(page, middle), name) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	if (from == max)
		return max;
	char *at = (char *)page + from * sizeof(void *);
	unsigned moved = (*n < max ? *n : max - 1) - from;
	memmove(at + sizeof(void *), at, moved * sizeof(void *));
	*n += *n < max;
	return from;
}

static slice client_at(const void *page, unsigned i)
{
	const struct client *const *clients = page;
	return clients[i]->id;
}

static slice key_at(const void *page, unsigned i)
{
	const struct client_key *const *keys = page;
	return keys[i]->handle;
}

static bool passes(const struct client *client, const struct clients_filter *filter)
{
	unsigned i = 0;
	while (i < client->nroles && !slice_equal(client->roles[i], filter->role))
		i++;
	return slice_starts(client->id, filter->prefix) &&
	       (!filter->role.n || i < client->nroles) && !(filter->enabled && client->disabled) &&
	       !(filter->disabled && !client->disabled);
}

unsigned clients_page(const struct core *core, slice after, const struct clients_filter *filter,
        const struct client **page, unsigned max)
{
	const struct roster *listed = directory_listed(clients_directory(core));
	const struct roster *rosters[] = { listed, core->registry.roster };
	unsigned n = 0;
	for (unsigned i = 0; i < 2; i++) {
		const struct client *at = NULL;
		while ((at = roster_next(rosters[i], at)) != NULL) {
			bool wanted = order(at->id, after) > 0 && passes(at, filter) &&
			              !(i && roster_find(listed, at->id));
			unsigned to = wanted ? place(page, &n, max, at->id, client_at) : max;
			if (to < max)
				page[to] = at;
		}
	}
	return n;
}

unsigned clients_key_page(const struct core *core, slice client, slice after,
        const struct client_key **page, unsigned max)
{
	const struct roster *roster = core->registry.roster;
	const struct client_key *at =
	        client.p ? roster_key_any_of(roster, client, NULL) : roster_next_key(roster, NULL);
	unsigned n = 0;
	while (at) {
		bool wanted = order(at->handle, after) > 0;
		unsigned to = wanted ? place(page, &n, max, at->handle, key_at) : max;
		if (to < max)
			page[to] = at;
		at = client.p ? roster_key_any_of(roster, client, at) : roster_next_key(roster, at);
	}
	return n;
}

const struct client_key *clients_key_named(const struct core *core, slice handle)
{
	return handle.n ? roster_key_named(core->registry.roster, handle) : NULL;
}

struct clients_count clients_count(const struct core *core)
{
	return (struct clients_count){ .listed = roster_count(
		                               directory_listed(clients_directory(core))),
		.clients = roster_count(core->registry.roster),
		.keys = roster_count_keys(core->registry.roster) };
}
