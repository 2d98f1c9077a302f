/* How clients and keys stand on disk: a map in CBOR, which any tool for it reads, and of a key the secret beside it,
 * sealed. What is a token's or an API key's secret here is a keyed hash already; sealed it cannot be moved to another
 * client's record, or to one that never expires, by who may write to the disk but has not the key. */
#include "core/registry.h"

#include "api/codec.h"

#include "codec/value.h"
#include "core/directory.h"

enum { NS_PER_MS = 1000000, ITEM_BYTES = 9, MEMBERS_BYTES = 160 };

static const struct codec *notation(void)
{
	return codec_for(SLICE("application/cbor"));
}

static struct value *texts_value(struct arena *arena, const slice *texts, unsigned n)
{
	struct value *list = value_list(arena);
	for (unsigned i = 0; list && i < n; i++) {
		if (!value_append(list, value_text(arena, texts[i])))
			return NULL;
	}
	return list;
}

static bool put_texts(
        struct arena *arena, struct value *map, slice key, const slice *texts, unsigned n)
{
	return !n || value_set_new(map, key, texts_value(arena, texts, n));
}

/* None where there is no list. false: it is no list of texts, or over budget. */
static bool read_texts(
        struct arena *arena, const struct value *list, const slice **texts, unsigned *n)
{
	*n = 0;
	*texts = NULL;
	if (!list)
		return true;
	if (list->kind != VALUE_LIST)
		return false;
	slice *to = arena_alloc(arena, list->count * sizeof *to);
	if (!to)
		return false;
	for (const struct value *at = list->as.members.first; at; at = at->next) {
		if (at->kind != VALUE_TEXT)
			return false;
		to[(*n)++] = at->as.text;
	}
	*texts = to;
	return true;
}

static bool encode(struct arena *arena, const struct value *map, struct store_record *record)
{
	struct error error;
	record->media = SLICE("application/cbor");
	record->body = notation()->encode(arena, map, &error);
	return record->body.p != NULL;
}

static const struct value *decode(struct arena *arena, const struct store_record *record)
{
	struct error error;
	const struct value *map = notation()->decode(arena, record->body, &error);
	return map && map->kind == VALUE_MAP ? map : NULL;
}

static bool is_true(const struct value *value)
{
	return value && value->kind == VALUE_BOOL && value->as.boolean;
}

static slice bytes_of(const struct value *value)
{
	bool right = value && (value->kind == VALUE_BYTES || value->kind == VALUE_TEXT);
	return right ? value->as.text : (slice){ NULL, 0 };
}

/* ---- Clients */

bool registry_client_record(
        struct arena *arena, const struct client *client, struct store_record *record)
{
	*record = (struct store_record){
		.key = client->id, .owner = client->plan, .time_ns = client->changed_ns
	};
	struct value *map = value_map(arena);
	return map && put_texts(arena, map, SLICE("roles"), client->roles, client->nroles) &&
	       put_texts(arena, map, SLICE("allow"), client->allow, client->nallow) &&
	       put_texts(arena, map, SLICE("deny"), client->deny, client->ndeny) &&
	       put_texts(arena, map, SLICE("acts_for"), client->acts_for, client->nacts_for) &&
	       value_set_new(map, SLICE("disabled"), value_bool(arena, client->disabled)) &&
	       encode(arena, map, record);
}

/* Rules that make no sense must not be left out alone: one of them may forbid something. */
static bool rules_hold(const struct client *client, const char **why)
{
	slice which;
	return client_rules_valid(client, &which, why);
}

bool registry_read_client(struct arena *arena, const struct store_record *record,
        struct client *client, const char **why)
{
	const struct value *map = decode(arena, record);
	*client = (struct client){ .id = record->key,
		.plan = record->owner,
		.changed_ns = record->time_ns,
		.disabled = is_true(value_get(map, SLICE("disabled"))) };
	*why = "its id is none";
	if (!registry_id_valid(record->key))
		return false;
	*why = "it cannot be read";
	return map &&
	       read_texts(arena, value_get(map, SLICE("roles")), &client->roles, &client->nroles) &&
	       read_texts(arena, value_get(map, SLICE("allow")), &client->allow, &client->nallow) &&
	       read_texts(arena, value_get(map, SLICE("deny")), &client->deny, &client->ndeny) &&
	       read_texts(arena, value_get(map, SLICE("acts_for")), &client->acts_for,
	               &client->nacts_for) &&
	       rules_hold(client, why);
}

static size_t texts_bytes(const slice *texts, unsigned n)
{
	size_t bytes = 0;
	for (unsigned i = 0; i < n; i++)
		bytes += texts[i].n + ITEM_BYTES;
	return bytes;
}

size_t registry_client_bytes(const struct client *client)
{
	return 2 * client->id.n + client->plan.n + texts_bytes(client->roles, client->nroles) +
	       texts_bytes(client->allow, client->nallow) +
	       texts_bytes(client->deny, client->ndeny) +
	       texts_bytes(client->acts_for, client->nacts_for) + MEMBERS_BYTES;
}

/* ---- Keys */

/* What the seal holds together: whose it is, what for, how long, under which conditions. */
static slice seal_context(struct arena *arena, const struct store_record *record)
{
	slice head = arena_printf(arena, "%zu %zu %llu ", record->key.n, record->owner.n,
	        (unsigned long long)record->expires_ns);
	size_t n = head.n + record->key.n + record->owner.n + record->body.n;
	char *text = head.p ? arena_alloc_raw(arena, n + 1) : NULL, *at = text;
	const slice parts[] = { head, record->key, record->owner, record->body };
	for (unsigned i = 0; text && i < sizeof parts / sizeof *parts; i++) {
		if (parts[i].n)
			memcpy(at, parts[i].p, parts[i].n);
		at += parts[i].n;
	}
	return (slice){ text, text ? n : 0 };
}

bool registry_key_record(struct arena *arena, const unsigned char seal_key[SEAL_KEY_BYTES],
        const struct client_key *key, struct store_record *record)
{
	*record = (struct store_record){ .key = key->handle,
		.owner = key->client,
		.time_ns = key->made_ms * NS_PER_MS,
		.expires_ns = key->expires_ms * NS_PER_MS };
	slice kind = slice_of(clients_kind_name(key->kind));
	struct value *map = value_map(arena);
	bool whole = map && value_set_new(map, SLICE("kind"), value_text(arena, kind)) &&
	             value_set_new(map, SLICE("bound_to"), value_bytes(arena, key->bound_to)) &&
	             value_set_new(map, SLICE("family"), value_text(arena, key->family)) &&
	             value_set_new(map, SLICE("spent"), value_bool(arena, key->spent)) &&
	             (!key->scoped || value_set_new(map, SLICE("scopes"),
	                                      texts_value(arena, key->scopes, key->nscopes)));
	if (!whole || !encode(arena, map, record))
		return false;
	slice context = seal_context(arena, record);
	record->head = context.p ? seal_close(arena, seal_key, context, key->secret) : context;
	return record->head.p != NULL;
}

bool registry_read_key(struct arena *arena, const unsigned char seal_key[SEAL_KEY_BYTES],
        const struct store_record *record, struct client_key *key, const char **why)
{
	const struct value *map = decode(arena, record), *scopes = value_get(map, SLICE("scopes"));
	*key = (struct client_key){ .client = record->owner,
		.handle = record->key,
		.made_ms = record->time_ns / NS_PER_MS,
		.expires_ms = record->expires_ns / NS_PER_MS,
		.bound_to = bytes_of(value_get(map, SLICE("bound_to"))),
		.family = bytes_of(value_get(map, SLICE("family"))),
		.spent = is_true(value_get(map, SLICE("spent"))),
		.scoped = scopes != NULL };
	*why = "it cannot be read";
	if (!map || !key->handle.n || !key->client.n ||
	        !clients_kind_parse(bytes_of(value_get(map, SLICE("kind"))), &key->kind) ||
	        (scopes && !read_texts(arena, scopes, &key->scopes, &key->nscopes)))
		return false;
	slice context = seal_context(arena, record);
	*why = "it was changed, or the key that it is sealed with is another";
	return context.p && seal_open(arena, seal_key, context, record->head, &key->secret);
}

size_t registry_key_bytes(const struct client_key *key)
{
	return 2 * key->handle.n + key->client.n + key->secret.n + SEAL_EXTRA_BYTES +
	       key->bound_to.n + key->family.n + texts_bytes(key->scopes, key->nscopes) +
	       MEMBERS_BYTES;
}
