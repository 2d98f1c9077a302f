/* Whatever may have changed the condition says so (condition_look()); at the end of the turn it is put together anew and told if
 * it is another one. So a link that is lost by a hundred requests at once is told once, and nothing has to be asked at intervals.
 *
 * WHETHER A TARGET CAN BE REACHED is seen by the attempts that are made anyhow: one that brought an answer, whatever it was, has reached
 * it. A target that is not called any more stays what it was; that is what its backend is worth to the next who calls. After
 * a reload targets of the same address are what they were. */
#include "core/internal.h"

#include <stdio.h>

void condition_look(struct core *core)
{
	if (core->condition.changed)
		loop_defer(core->loop, &core->condition.look);
}

static bool listener_is_down(struct core *core, const char *name)
{
	const struct listener *listener = listeners_find(core, name);
	return !listener || !listener->started || listener->outdated ||
	       listener->adapter->state == ADAPTER_DOWN;
}

static bool any_is_down(struct core *core)
{
	const struct listener_setup *setup;
	for (unsigned i = 0; (setup = configuration_listener_at(core->current, i)) != NULL; i++) {
		if (listener_is_down(core, setup->name))
			return true;
	}
	return false;
}

static bool any_is_cut_off(const struct core *core)
{
	LIST_EACH (&core->listeners, at, following) {
		const struct listener *listener = LIST_OWNER(at, struct listener, link);
		if (!listener->stopped && listener->adapter->state == ADAPTER_CUT_OFF)
			return true;
	}
	return false;
}

static bool is_reachable(const struct backend *backend)
{
	for (unsigned i = 0; i < backend->ntargets; i++) {
		if (!backend->targets[i].unreachable)
			return true;
	}
	return backend->ntargets == 0;
}

static bool all_are_reachable(const struct configuration *configuration)
{
	for (unsigned i = 0; i < configuration->nbackends; i++) {
		if (!is_reachable(configuration->backends[i].backend))
			return false;
	}
	return true;
}

static struct condition condition_now(struct core *core)
{
	if (!core->started || core->stopping)
		return (struct condition){ 0 };
	unsigned faults = core->condition.raised;
	if (any_is_down(core))
		faults |= FAULT_LISTENER;
	return (struct condition){ .running = true,
		.linked = !any_is_cut_off(core) && all_are_reachable(core->current),
		.faults = faults };
}

static void look(struct task *task)
{
	struct core *core = LIST_OWNER(task, struct core, condition.look);
	struct condition now = condition_now(core), *last = &core->condition.last;
	bool same = now.running == last->running && now.linked == last->linked &&
	            now.faults == last->faults;
	if (same && core->condition.told)
		return;
	*last = now;
	core->condition.told = true;
	core->condition.changed(core->condition.arg, last);
}

void condition_init(struct core *core)
{
	task_init(&core->condition.look, look);
}

void condition_finish(struct core *core)
{
	task_cancel(&core->condition.look);
}

void core_watch_condition(
        struct core *core, void (*changed)(void *arg, const struct condition *), void *arg)
{
	core->condition.changed = changed;
	core->condition.arg = arg;
	core->condition.told = false;
	if (changed)
		condition_look(core);
	else
		task_cancel(&core->condition.look);
}

void core_set_fault(struct core *core, enum fault fault, bool wrong)
{
	unsigned others = core->condition.raised & ~(unsigned)fault;
	core->condition.raised = wrong ? others | fault : others;
	condition_look(core);
}

void condition_attempt(struct core *core, const struct exchange *exchange)
{
	struct target *target = exchange->target;
	bool unreachable = exchange->reach == REACH_NONE;
	if (!target || exchange->reach == REACH_NOT_TOLD || target->unreachable == unreachable)
		return;
	target->unreachable = unreachable;
	condition_look(core);
}

static void take_over(struct backend *backend, const struct backend *before)
{
	for (unsigned i = 0; i < backend->ntargets; i++) {
		for (unsigned k = 0; k < before->ntargets; k++) {
			if (slice_equal(backend->targets[i].url, before->targets[k].url))
				backend->targets[i].unreachable = before->targets[k].unreachable;
		}
	}
}

void condition_take_over(struct core *core, const struct configuration *before)
{
	const struct configuration *current = core->current;
	for (unsigned i = 0; i < current->nbackends; i++) {
		const struct backend_setup *same =
		        configuration_backend(before, slice_of(current->backends[i].name));
		if (same)
			take_over(current->backends[i].backend, same->backend);
	}
}

void adapter_set_state(struct adapter *adapter, enum adapter_state state)
{
	adapter->state = state;
	condition_look(adapter->core);
}

void condition_faults_text(unsigned faults, char text[CONDITION_TEXT_BYTES])
{
	static const struct {
		enum fault fault;
		const char *text;
	} known[] = { { FAULT_LISTENER, "a listener is down" },
		{ FAULT_CONFIGURATION, "the last configuration was refused" },
		{ FAULT_STATE, "the state cannot be written" },
		{ FAULT_AUDIT, "the audit log cannot be written" },
		{ FAULT_WATCHDOG, "there is no hardware watchdog" } };
	size_t n = 0;
	text[0] = '\0';
	for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
		if (!(faults & known[i].fault))
			continue;
		int more = snprintf(
		        text + n, CONDITION_TEXT_BYTES - n, "%s%s", n ? "; " : "", known[i].text);
		n += more > 0 && (size_t)more < CONDITION_TEXT_BYTES - n ? (size_t)more : 0;
	}
}
