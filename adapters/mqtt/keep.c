/* Sessions in the store (api/store.h), where the configuration has one: so that a client finds its session also after the
 * gateway has been started anew.
 *
 * WRITTEN when a client is first kept, when its subscriptions or what it has not released change, and when it goes; all
 * changes of a turn at once. How far it has heard and what it has not acknowledged is written with these and at the
 * gateway's stop: after a crash a client may hear again what it had heard, and never misses a value. A QoS 2 message that
 * was delivered in the last moments before a crash (the store's delay) may be delivered again.
 *
 * NOT WRITTEN: sessions of callers whom nobody recognised and who showed a secret; it would have to be kept to know them
 * again. They are kept in memory only. Nor is a will that waits for its delay. */
#include "adapters/mqtt/mqtt.h"

#include "api/store.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>

enum { RETRY_MS = 1000 };
#define NS_PER_MS UINT64_C(1000000)

static bool is_stored(const struct mqtt_client *client)
{
	return client->expiry_s && (*client->identity || !client->has_secret) &&
	       adapter_store(&client->listener->base);
}

/* "listener/client id" */
static slice key_of(struct arena *arena, const struct mqtt_client *client)
{
	return arena_printf(arena, "%s/%.*s", client->listener->base.label, SLICE_ARG(client->id));
}

void mqtt_keep_later(struct mqtt_client *client)
{
	if (!is_stored(client) || !list_empty(&client->unsaved))
		return;
	struct mqtt_listener *listener = client->listener;
	list_append(&listener->unsaved, &client->unsaved);
	if (!listener->save.at_ms)
		timer_set(&listener->save, loop_now_ms(listener->loop));
}

/* false: it has to wait. */
static bool save(struct mqtt_client *client)
{
	struct mqtt_listener *listener = client->listener;
	struct arena arena;
	arena_init(&arena, 4096);
	char *memory;
	uint64_t now_ns = clock_wall_ns(), now_ms = loop_now_ms(listener->loop);
	/* One that is there does not expire; when the gateway stops, it goes now. */
	bool there = client->session && !listener->stopping;
	uint64_t left_ms = client->session               ? client->expiry_s * 1000
	                   : client->expires_ms > now_ms ? client->expires_ms - now_ms
	                                                 : 0;
	struct store_record record = { .key = key_of(&arena, client),
		.owner = slice_of(client->identity),
		.time_ns = now_ns,
		.expires_ns = there ? 0 : now_ns + left_ms * NS_PER_MS,
		.head = mqtt_record_write(client, &memory) };
	bool taken = record.key.p && record.head.p &&
	             store_put(adapter_store(&listener->base), STORE_MQTT_SESSIONS, &record, NULL);
	client->stored = client->stored || taken;
	free(memory);
	arena_finish(&arena);
	return taken;
}

void mqtt_keep_save(struct mqtt_listener *listener)
{
	LIST_EACH (&listener->unsaved, at, following) {
		struct mqtt_client *client = LIST_OWNER(at, struct mqtt_client, unsaved);
		list_remove(at);
		if (is_stored(client) && !save(client)) {
			list_append(&listener->unsaved, at);
			timer_set(&listener->save, loop_now_ms(listener->loop) + RETRY_MS);
			return;
		}
	}
}

void mqtt_keep_all(struct mqtt_listener *listener)
{
	struct mqtt_client *client, *following;
	HASH_ITER(hh, listener->clients, client, following)
	mqtt_keep_later(client);
	mqtt_keep_save(listener);
}

void mqtt_keep_forget(struct mqtt_client *client)
{
	list_remove(&client->unsaved);
	if (!client->stored)
		return;
	client->stored = false;
	struct arena arena;
	arena_init(&arena, 4096);
	slice key = key_of(&arena, client);
	/* If the store takes nothing now, what is there expires all the same. */
	if (key.p)
		(void)store_remove(
		        adapter_store(&client->listener->base), STORE_MQTT_SESSIONS, key, NULL);
	arena_finish(&arena);
}

/* ---- At the start. */

static bool load_one(void *arg, const struct store_record *record)
{
	struct mqtt_listener *listener = arg;
	slice label = slice_of(listener->base.label);
	if (!slice_starts(record->key, label) || record->key.n <= label.n ||
	        record->key.p[label.n] != '/')
		return true; /* another listener's */
	uint64_t now_ns = clock_wall_ns();
	bool expired = record->expires_ns && record->expires_ns <= now_ns;
	struct mqtt_client *client =
	        expired ? NULL
	                : mqtt_record_read(listener, slice_from(record->key, label.n + 1),
	                          record->owner, record->head);
	if (client) {
		client->stored = true;
		/* One that was there when the last process died has gone now. */
		uint64_t left_ms = record->expires_ns ? (record->expires_ns - now_ns) / NS_PER_MS
		                                      : client->expiry_s * 1000;
		client->expires_ms = loop_now_ms(listener->loop) + left_ms;
		client->left_ns = record->time_ns;
		return true;
	}
	if (!expired)
		log_warning("mqtt", "a session that cannot be read is gone listener=%s key=%.*s",
		        listener->base.label, SLICE_ARG(record->key));
	(void)store_remove(adapter_store(&listener->base), STORE_MQTT_SESSIONS, record->key, NULL);
	return true;
}

bool mqtt_keep_load(struct mqtt_listener *listener, struct error *error)
{
	struct store *store = adapter_store(&listener->base);
	if (!store || !listener->sessions_max)
		return true;
	if (!store_each(store, STORE_MQTT_SESSIONS, load_one, listener, error))
		return false;
	mqtt_clients_arrange(listener);
	return true;
}
