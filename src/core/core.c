/* The gateway as a whole: loading, starting, reloading, draining. */
#include "core/core.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "core/internal.h"

static void hurry(struct core *core)
{
	core->overdue = true;
	pipeline_cancel_all(core);
	loop_defer(core->loop, &core->work);
}

static void grace_is_over(struct timer *timer)
{
	struct core *core = LIST_OWNER(timer, struct core, grace);
	log_warning("core", "cancelling %u requests that are still under way", core->nrequests);
	hurry(core);
}

struct core *core_create(struct loop *loop, const struct plugs *plugs)
{
	struct core *core = calloc(1, sizeof *core);
	if (!core)
		return NULL;
	core->loop = loop;
	core->plugs = plugs;
	core->next_id = random_u64() | 1;
	core->values = values_create();
	core->postbox = postbox_create(core);
	core->throttle = throttle_create();
	core->recall = recall_create();
	if (!registry_init(&core->registry, core, loop) || !core->values || !core->postbox ||
	        !core->throttle || !core->recall) {
		registry_finish(&core->registry);
		values_destroy(core->values);
		postbox_destroy(core->postbox);
		throttle_destroy(core->throttle);
		recall_destroy(core->recall);
		free(core);
		return NULL;
	}
	list_init(&core->retired);
	list_init(&core->listeners);
	list_init(&core->savings);
	pipeline_init(core);
	follow_init(core);
	changes_init(core);
	renewal_init(core);
	condition_init(core);
	timer_init(&core->grace, loop, grace_is_over);
	return core;
}

const struct configuration *core_configuration(const struct core *core)
{
	return core->current;
}

static void retire(struct core *core, struct configuration *configuration)
{
	if (configuration)
		list_append(&core->retired, &configuration->link);
}

static void close_all(struct list *listeners)
{
	LIST_EACH (listeners, at, following)
		listener_close(LIST_OWNER(at, struct listener, link));
}

static void move_all(struct list *from, struct list *to)
{
	LIST_EACH (from, at, following) {
		list_remove(at);
		list_append(to, at);
	}
}

static void take_limits(struct core *core)
{
	core->limits = core->current->limits;
	core->memory.budget_bytes = core->current->memory_max_bytes;
	core->follow.max = core->current->subscriptions_max;
	/* What followers are remembered by, such as certificates, is bounded in all. */
	core->follow.max_bytes = core->current->memory_max_bytes / 4;
	publish_make_room(core);
	if (core->store)
		store_set_delay(core->store, STORE_LAST_VALUES, core->current->save_within_ms);
	if (core->audit)
		core->audit->set(core->audit, &core->current->audit);
}

static void take_over(struct authenticator *authenticator, const struct configuration *before)
{
	for (unsigned i = 0; i < before->nauthenticators; i++) {
		const struct authenticator *at = before->authenticators[i].authenticator;
		if (at->ops == authenticator->ops && strcmp(at->label, authenticator->label) == 0)
			authenticator->ops->take_over(authenticator, at);
	}
}

/* The configuration is in force, in place of that `before` (NULL: the first): clients of the registry are known to it,
 * and what its backends do unasked may begin. */
static void put_in_force(struct core *core, const struct configuration *before)
{
	directory_use(core->current->directory, &core->registry);
	registry_compare(&core->registry);
	for (unsigned i = 0; i < core->current->nauthenticators; i++) {
		struct authenticator *at = core->current->authenticators[i].authenticator;
		at->core = core;
		if (before && at->ops->take_over)
			take_over(at, before);
	}
	for (struct service *at = core->current->services; at; at = at->next)
		at->backend.backend->core = core;
	for (unsigned i = 0; i < core->current->nbackends; i++) {
		struct backend *backend = core->current->backends[i].backend;
		backend->core = core;
		if (backend->ops->start && !core->idle)
			backend->ops->start(backend);
	}
}

bool core_load(struct core *core, const char *path, struct mistakes *mistakes)
{
	core->path = strdup(path);
	core->current =
	        core->path ? configuration_load(core->loop, core->plugs, path, mistakes) : NULL;
	if (!core->current)
		return false;
	take_limits(core);
	struct list opened;
	list_init(&opened);
	/* Nothing runs yet, so nothing is unchanged: `current` is set only for the limits. */
	bool all = listeners_open(core, core->current, &opened, mistakes);
	if (all)
		move_all(&opened, &core->listeners);
	else
		close_all(&opened);
	mistakes_sort(mistakes);
	return all;
}

bool core_use_store(struct core *core, struct store *store, struct error *error)
{
	core->store = store;
	store_set_delay(store, STORE_LAST_VALUES, core->current->save_within_ms);
	if (core->idle)
		return registry_restore(&core->registry, error);
	return publish_restore(core, error) && postbox_open(core->postbox, error) &&
	       registry_restore(&core->registry, error);
}

bool core_use_keys(struct core *core, const unsigned char digest_key[CORE_KEY_BYTES],
        const unsigned char seal_key[CORE_KEY_BYTES])
{
	return registry_set_keys(&core->registry, digest_key, seal_key);
}

struct store *adapter_store(const struct adapter *adapter)
{
	return adapter->core->store;
}

void core_be_idle(struct core *core)
{
	core->idle = true;
}

bool core_start(struct core *core, struct error *error)
{
	if (core->idle) {
		put_in_force(core, NULL);
		return true;
	}
	LIST_EACH (&core->listeners, at, following) {
		struct listener *listener = LIST_OWNER(at, struct listener, link);
		struct error why = { 0 };
		if (!listener_start(listener, &why))
			return error_set(error, "listener %s: %s", listener->name, why.text);
	}
	put_in_force(core, NULL);
	audit_start(core);
	renewal_now(core);
	core->started = true;
	condition_look(core);
	return true;
}

static void log_mistakes(const struct mistakes *mistakes)
{
	for (unsigned i = 0; i < mistakes_kept(mistakes); i++)
		log_error("config", "%.*s:%u:%u: %.*s",
		        SLICE_ARG(mistake_path(mistakes, &mistakes->at[i])), mistakes->at[i].line,
		        mistakes->at[i].column, SLICE_ARG(mistakes->at[i].text));
	log_error("config", "%u mistakes; the configuration in force stays", mistakes->count);
}

/* What is kept, and what was acknowledged, stays where it is; and nobody turns the audit log off in passing. */
static bool same_state(const struct configuration *now, const struct configuration *next,
        struct mistakes *mistakes)
{
	const struct config *audit = config_get(next->root, "audit");
	if (now->state && next->state && now->audit.on != next->audit.on)
		return mistake_add(mistakes, audit ? audit : next->root,
		        "the audit log is turned on and off with a restart only");
	if (slice_equal(slice_of(now->state), slice_of(next->state)))
		return true;
	const struct config *gateway = config_get(next->root, "gateway");
	const struct config *state = config_get(gateway, "state");
	return mistake_add(
	        mistakes, state ? state : next->root, "gateway.state changes with a restart only");
}

bool core_reload(struct core *core)
{
	if (core->stopping)
		return false;
	struct arena arena;
	arena_init(&arena, 1 << 20);
	struct mistakes *mistakes = ARENA_NEW(&arena, struct mistakes);
	if (!mistakes)
		return false;
	mistakes->arena = &arena;
	struct list opened;
	list_init(&opened);
	struct configuration *next =
	        configuration_load(core->loop, core->plugs, core->path, mistakes);
	bool good = next && same_state(core->current, next, mistakes) &&
	            listeners_open(core, next, &opened, mistakes);
	if (good) {
		struct configuration *before = core->current;
		retire(core, before);
		core->current = next;
		take_limits(core);
		listeners_replace(core, &opened);
		renewal_now(core);
		put_in_force(core, before);
		condition_take_over(core, before);
		follow_review(core, (slice){ NULL, 0 });
		listeners_review(core, (slice){ NULL, 0 });
		audit_reload(core, mistakes, true);
		log_info("core", "configuration read again: %u listeners, %u endpoints",
		        next->nlisteners, next->nendpoints);
		core_settle(core);
	} else {
		mistakes_sort(mistakes);
		log_mistakes(mistakes);
		audit_reload(core, mistakes, false);
		close_all(&opened);
		configuration_destroy(next);
	}
	core_set_fault(core, FAULT_CONFIGURATION, !good);
	arena_finish(&arena);
	return good;
}

void core_stop(struct core *core, uint64_t grace_ms)
{
	if (core->stopping) {
		hurry(core);
		return;
	}
	core->stopping = true;
	audit_gateway(core, "gateway.stop", STATUS_OK, SLICE(""));
	log_info("core", "stopping: %u requests under way", core->nrequests);
	LIST_EACH (&core->listeners, at, following)
		listener_stop(LIST_OWNER(at, struct listener, link));
	condition_look(core);
	timer_set(&core->grace, loop_now_ms(core->loop) + grace_ms);
	loop_defer(core->loop, &core->work);
}

void core_settle(struct core *core)
{
	listeners_sweep(core);
	LIST_EACH (&core->retired, at, following) {
		struct configuration *old = LIST_OWNER(at, struct configuration, link);
		if (!old->requests) {
			list_remove(&old->link);
			configuration_destroy(old);
		}
	}
	if (core->stopping && !core->nrequests && list_empty(&core->listeners)) {
		look_stop(core->loop, &core->renewal);
		timer_stop(&core->grace);
		loop_stop(core->loop);
	}
}

void core_destroy(struct core *core)
{
	if (!core)
		return;
	timer_stop(&core->grace);
	look_stop(core->loop, &core->renewal);
	LIST_EACH (&core->listeners, at, following) {
		struct listener *listener = LIST_OWNER(at, struct listener, link);
		listener_stop(listener);
		listener_close(listener);
	}
	changes_finish(core);
	follow_finish(core);
	values_destroy(core->values);
	condition_finish(core);
	task_cancel(&core->work);
	LIST_EACH (&core->retired, at, following) {
		list_remove(at);
		configuration_destroy(LIST_OWNER(at, struct configuration, link));
	}
	configuration_destroy(core->current);
	postbox_destroy(core->postbox);
	throttle_destroy(core->throttle);
	recall_destroy(core->recall);
	registry_finish(&core->registry);
	free(core->path);
	free(core);
}

unsigned core_listening(const struct core *core)
{
	unsigned n = 0;
	LIST_EACH (&core->listeners, at, following) {
		const struct listener *listener = LIST_OWNER(at, struct listener, link);
		bool own = listener->adapter->ops->built_in;
		n += listener->started && !listener->stopped && !own;
	}
	return n;
}

unsigned core_under_way(const struct core *core)
{
	return core->nrequests;
}

static void put_counters(struct text *line, const struct counters *counters)
{
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		text_printf(line, " %s=%" PRIu64, counter_name((enum counter)i), counters->at[i]);
}

static void log_store(const struct core *core)
{
	struct store_count count = store_count(core->store);
	log_info("counters",
	        "store pending=%u pending_bytes=%zu written=%" PRIu64 " commits=%" PRIu64
	        " failures=%" PRIu64 " refused=%" PRIu64,
	        count.pending, count.pending_bytes, count.written, count.commits, count.failures,
	        count.refused);
}

static void log_values(const struct core *core)
{
	if (core->store)
		log_store(core);
	struct values_count count = values_count(core->values);
	const struct follow *follow = &core->follow;
	log_info("counters", "values=%u bytes=%zu gave_way=%" PRIu64 " unsaved=%" PRIu64,
	        count.values, count.bytes, core->crowded_out, core->unsaved);
	log_info("counters",
	        "subscriptions=%u bytes=%zu pushed=%" PRIu64 " refused=%" PRIu64 " ended=%" PRIu64,
	        follow->count, follow->bytes, follow->pushed, follow->refused, follow->ended);
}

void core_log_counters(const struct core *core)
{
	struct arena arena;
	arena_init(&arena, 1 << 20);
	LIST_EACH (&core->listeners, at, following) {
		const struct adapter *adapter = LIST_OWNER(at, struct listener, link)->adapter;
		struct text line;
		text_init(&line, &arena, 512);
		put_counters(&line, &adapter->counters);
		for (unsigned i = STATUS_OK; i < STATUS_COUNT; i++) {
			if (adapter->replies[i])
				text_printf(&line, " answered.%s=%" PRIu64,
				        status_name((enum status)i), adapter->replies[i]);
		}
		log_info("counters", "listener=%s protocol=%s inflight=%u%.*s", adapter->label,
		        adapter->ops->name, adapter->inflight, SLICE_ARG(text_slice(&line)));
	}
	log_values(core);
	for (unsigned i = 0; core->current && i < core->current->nbackends; i++) {
		const struct backend *backend = core->current->backends[i].backend;
		struct text line;
		text_init(&line, &arena, 512);
		put_counters(&line, &backend->counters);
		log_info("counters", "backend=%s protocol=%s%.*s", backend->label,
		        backend->ops->name, SLICE_ARG(text_slice(&line)));
	}
	postbox_log_counters(core->postbox);
	log_info("counters",
	        "logins=all throttled=%" PRIu64 " verified=%" PRIu64 " recalled=%" PRIu64,
	        core->throttled, core->verified, core->recalled);
	arena_finish(&arena);
}
