/* Clients and keys as JSON. */
#include "admin/admin.h"

#include "base/clock.h"
#include "base/text.h"

enum { NS_PER_MS = 1000000 };

static bool put_text(struct arena *arena, struct value *map, const char *key, slice text)
{
	slice copied = arena_copy_slice(arena, text);
	return copied.p && value_set_new(map, slice_of(key), value_text(arena, copied));
}

static bool put_texts(
        struct arena *arena, struct value *map, const char *key, const slice *texts, unsigned n)
{
	struct value *list = value_list(arena);
	for (unsigned i = 0; list && i < n; i++) {
		slice copied = arena_copy_slice(arena, texts[i]);
		if (!copied.p || !value_append(list, value_text(arena, copied)))
			return false;
	}
	return value_set_new(map, slice_of(key), list);
}

static bool put_time(struct arena *arena, struct value *map, const char *key, uint64_t ns)
{
	char text[CLOCK_TEXT_BYTES];
	if (!ns)
		return true;
	clock_text(ns, text);
	return put_text(arena, map, key, slice_of(text));
}

static bool put_hex(struct arena *arena, struct value *map, const char *key, slice bytes)
{
	struct text text;
	text_init(&text, arena, 2 * bytes.n + 1);
	text_hex(&text, bytes);
	slice hex = text_slice(&text);
	return hex.p && value_set_new(map, slice_of(key), value_text(arena, hex));
}

struct value *admin_show_client(struct arena *arena, const struct client *client, bool of_file)
{
	struct value *map = value_map(arena);
	bool shown =
	        map && put_text(arena, map, "id", client->id) &&
	        put_texts(arena, map, "roles", client->roles, client->nroles) &&
	        (!client->plan.n || put_text(arena, map, "plan", client->plan)) &&
	        value_set_new(map, SLICE("disabled"), value_bool(arena, client->disabled)) &&
	        (!client->nallow ||
	                put_texts(arena, map, "allow", client->allow, client->nallow)) &&
	        (!client->ndeny || put_texts(arena, map, "deny", client->deny, client->ndeny)) &&
	        (!client->nacts_for ||
	                put_texts(arena, map, "acts_for", client->acts_for, client->nacts_for)) &&
	        put_text(arena, map, "source", of_file ? SLICE("file") : SLICE("runtime")) &&
	        put_time(arena, map, "changed", client->changed_ns);
	return shown ? map : NULL;
}

struct value *admin_show_key(struct arena *arena, const struct client_key *key)
{
	struct value *map = value_map(arena);
	bool shown =
	        map && put_text(arena, map, "handle", key->handle) &&
	        put_text(arena, map, "kind", slice_of(clients_kind_name(key->kind))) &&
	        put_text(arena, map, "client", key->client) &&
	        (!key->scoped || put_texts(arena, map, "scopes", key->scopes, key->nscopes)) &&
	        (!key->bound_to.n || put_hex(arena, map, "bound_to", key->bound_to)) &&
	        (key->kind != KEY_CERTIFICATE || put_hex(arena, map, "fingerprint", key->secret)) &&
	        (!key->family.n || put_text(arena, map, "family", key->family)) &&
	        (!key->spent || value_set_new(map, SLICE("spent"), value_bool(arena, true))) &&
	        put_time(arena, map, "made", key->made_ms * NS_PER_MS) &&
	        put_time(arena, map, "expires", key->expires_ms * NS_PER_MS);
	return shown ? map : NULL;
}

struct value *admin_show_made(struct arena *arena, const struct client_key *key, slice secret)
{
	struct value *map = admin_show_key(arena, key);
	return map && value_set_new(map, SLICE("secret"), value_text(arena, secret)) ? map : NULL;
}

bool admin_show_keys(struct admin_call *call, struct value *client, slice id)
{
	enum { SHOWN_MAX = 100 };
	const struct client_key *page[SHOWN_MAX];
	struct value *list = value_list(call->arena);
	unsigned n = clients_key_page(call->core, id, (slice){ NULL, 0 }, page, SHOWN_MAX);
	for (unsigned i = 0; list && i < n; i++) {
		if (!value_append(list, admin_show_key(call->arena, page[i])))
			return false;
	}
	return value_set_new(client, SLICE("keys"), list);
}
