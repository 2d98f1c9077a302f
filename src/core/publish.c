/* publish: a value becomes the last one of its path: in memory, on disk, and told to those who follow it. */
#include "core/internal.h"

#include <inttypes.h>

#include "api/store.h"

#include "base/clock.h"
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
	char head[PUBLISH_HEAD_BYTES];
	const struct store_record record = publish_record(value, head);
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

void publish_save_again(struct core *core, slice path)
{
	const struct kept_value *present = values_find(core->values, path);
	if (present)
		save(core, present);
}

/* The version's bytes, the first one first. A person reads the time; it may have been a clock's that was wrong. */
struct store_record publish_record(const struct kept_value *value, char head[PUBLISH_HEAD_BYTES])
{
	for (unsigned i = 0; i < PUBLISH_HEAD_BYTES; i++)
		head[i] = (char)(value->version >> (56 - 8 * i) & 0xff);
	return (struct store_record){ .key = value->path,
		.owner = value->client,
		.time_ns = value->received_ns,
		.media = value->media,
		.head = { head, PUBLISH_HEAD_BYTES },
		.body = value->body };
}

/* A row that a person has written has no version. */
static uint64_t version_of(const struct store_record *record)
{
	uint64_t version = 0;
	if (record->head.n != PUBLISH_HEAD_BYTES)
		return record->time_ns;
	for (unsigned i = 0; i < PUBLISH_HEAD_BYTES; i++)
		version = version << 8 | (unsigned char)record->head.p[i];
	return version;
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
	if (!value->received_ns)
		value->received_ns = clock_wall_ns();
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

struct restoring {
	struct core *core;
	bool all;
};

static bool restore(void *arg, const struct store_record *record)
{
	struct restoring *restoring = arg;
	const struct kept_value value = { .path = record->key,
		.media = record->media,
		.client = record->owner,
		.body = record->body,
		.version = version_of(record),
		.received_ns = record->time_ns };
	restoring->all = values_restore(restoring->core->values, &value);
	return restoring->all;
}

bool publish_restore(struct core *core, struct error *error)
{
	struct restoring restoring = { core, true };
	if (!store_each(core->store, STORE_LAST_VALUES, restore, &restoring, error))
		return false;
	if (!restoring.all)
		return error_set(error, "out of memory for the last values");
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
