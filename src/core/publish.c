/* publish: a value becomes the last one of its path: in memory, on disk, and told to those who follow it. */
#include "core/internal.h"

#include <inttypes.h>

#include "api/store.h"

#include "base/log.h"

enum { LOG_EVERY_MS = 10000 };

/* A listener may be flooded: one line in ten seconds says how many there were. */
static bool may_say(struct core *core, uint64_t *said_ms)
{
	uint64_t now_ms = loop_now_ms(core->loop);
	if (*said_ms && now_ms - *said_ms < LOG_EVERY_MS)
		return false;
	*said_ms = now_ms;
	return true;
}

static void save(struct core *core, const struct kept_value *value)
{
	if (!core->store)
		return;
	const struct store_record record = publish_record(value);
	if (store_put(core->store, STORE_LAST_VALUES, &record, NULL))
		return;
	core->unsaved++;
	if (may_say(core, &core->unsaved_said_ms))
		log_error("keep",
		        "the disk is too slow or fails: %" PRIu64
		        " values since the start are in memory only",
		        core->unsaved);
}

/* false: too much waits for the disk; the one on it stays, and gives way again after the next start. */
static void unsave(struct core *core, slice path)
{
	if (core->store && !store_remove(core->store, STORE_LAST_VALUES, path, NULL))
		core->unsaved++;
}

struct store_record publish_record(const struct kept_value *value)
{
	return (struct store_record){ .key = value->path,
		.owner = value->client,
		.time_ns = value->version,
		.media = value->media,
		.body = value->body };
}

static bool is_crowded(const struct core *core)
{
	struct values_count count = values_count(core->values);
	return count.values > core->current->values_max ||
	       count.bytes > core->current->values_max_bytes;
}

void publish_make_room(struct core *core)
{
	while (is_crowded(core)) {
		const struct kept_value *stalest = values_stalest(core->values);
		unsave(core, stalest->path);
		(void)values_remove(core->values, stalest->path);
		core->crowded_out++;
		if (may_say(core, &core->crowded_said_ms))
			log_warning("keep",
			        "more values than gateway.limits allows (values, values_memory): "
			        "%" PRIu64
			        " of those not touched for longest gave way since the start",
			        core->crowded_out);
	}
}

static bool put(struct core *core, const struct kept_value *value)
{
	if (!values_put(core->values, value)) {
		log_error("keep", "out of memory: the value of %.*s is not kept",
		        SLICE_ARG(value->path));
		return false;
	}
	publish_make_room(core);
	follow_published(core, value->path);
	return true;
}

bool publish(struct core *core, struct kept_value *value)
{
	value->version = values_new_version(core->values);
	if (!put(core, value))
		return false;
	save(core, value);
	return true;
}

/* Followers remember the version that they have heard: one that was given before another, which needed no disk and was
 * published first, would pass them by. It gets a new one, here and on the disk. */
bool publish_saved(struct core *core, struct kept_value *value)
{
	const struct kept_value *present = values_find(core->values, value->path);
	if (present && present->version > value->version)
		return true; /* replaced meanwhile, on the disk as well */
	if (value->version < values_newest(core->values))
		return publish(core, value);
	return put(core, value);
}

void publish_removed(struct core *core, slice path)
{
	unsave(core, path);
	if (values_remove(core->values, path))
		follow_removed(core, path);
}

void publish_remove_saved(struct core *core, slice path, uint64_t version)
{
	const struct kept_value *present = values_find(core->values, path);
	if (!present || present->version > version)
		return;
	(void)values_remove(core->values, path);
	follow_removed(core, path);
}

static bool restore(void *arg, const struct store_record *record)
{
	struct core *core = arg;
	const struct kept_value value = { .path = record->key,
		.media = record->media,
		.client = record->owner,
		.body = record->body,
		.version = record->time_ns };
	return values_restore(core->values, &value);
}

bool publish_restore(struct core *core, struct error *error)
{
	if (!store_each(core->store, STORE_LAST_VALUES, restore, core, error))
		return false;
	values_restored(core->values);
	publish_make_room(core);
	return true;
}

void backend_observed(struct backend *backend, const struct endpoint *endpoint, enum status status,
        const struct message *message)
{
	struct core *core = backend->core;
	const struct configuration *current = core->current;
	const struct endpoint_setup *setup = endpoint_setup(endpoint);
	/* A configuration that has been replaced has nothing to say any more. */
	if (setup < current->endpoints || setup >= current->endpoints + current->nendpoints)
		return;
	if (status != STATUS_OK) {
		log_warning("keep", "backend=%s endpoint=%.*s is not heard of: %s", backend->label,
		        SLICE_ARG(endpoint->name), status_name(status));
		return;
	}
	struct kept_value value = { .path = endpoint->path,
		.media = message->media.n ? message->media : endpoint->media,
		.body = message->body };
	(void)publish(core, &value);
}
