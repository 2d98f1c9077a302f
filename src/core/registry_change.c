/* Changes: steps that take effect in memory at once, are written together, and are undone when the disk does not take
 * them, but for those that take something away.
 *
 * WHATEVER BECOMES OF A CHANGE, the disk comes to have what memory has: after a failure the records of its steps are
 * handed to the store again as they are in memory then, with nobody waiting for them, and the store tries until the disk
 * takes them. An undone step leaves a client alone that a later change has put in place meanwhile: that one is whole,
 * and has an outcome of its own. */
#include "core/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/audit.h"
#include "base/log.h"

enum { RECORD_MAX_BYTES = 1 << 20, REWRITE_MS = 1000 };

bool registry_refuse(struct clients_outcome *outcome, enum status status, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(outcome->why, sizeof outcome->why, format, arguments);
	va_end(arguments);
	outcome->status = status;
	return false;
}

bool registry_is_open(struct clients_change *change)
{
	return change->core->store ||
	       registry_refuse(&change->outcome, STATUS_UNAVAILABLE,
	               "what is added at run time needs a place on disk, and gateway.state does "
	               "not say where");
}

void clients_begin(struct core *core, struct clients_change *change)
{
	*change = (struct clients_change){ .core = core };
	list_init(&change->steps);
	list_init(&change->link);
}

/* ---- Steps */

static void written(struct store_receipt *receipt);

struct registry_step *registry_step(struct clients_change *change, enum store_table table,
        slice client, slice name, const char *action)
{
	struct registry_step *step = calloc(1, sizeof *step + client.n + name.n);
	if (!step) {
		(void)registry_refuse(&change->outcome, STATUS_INTERNAL, "out of memory");
		return NULL;
	}
	char *at = step->text;
	step->client = slice_put(&at, client);
	step->name = slice_put(&at, name);
	step->receipt.done = written;
	step->change = change;
	step->action = action;
	step->table = table;
	list_init(&step->receipt.link);
	list_append(&change->steps, &step->link);
	return step;
}

void registry_step_free(struct registry_step *step)
{
	list_remove(&step->link);
	roster_free_key(step->old_key);
	free(step->old_client);
	free(step);
}

bool registry_drop_key(
        struct clients_change *change, const struct client_key *key, const char *action)
{
	struct registry_step *step =
	        registry_step(change, STORE_KEYS, key->client, key->handle, action);
	if (!step)
		return false;
	step->stays = true;
	step->touches = true;
	step->old_key = key;
	roster_take_key(change->core->registry.roster, key);
	return true;
}

static void undo_client(struct registry *registry, struct registry_step *step)
{
	const struct client *now = roster_find(registry->roster, step->client);
	bool as_left = now ? now->changed_ns == step->changed_ns : !step->changed_ns;
	if (!as_left)
		return;
	if (!step->old_client)
		(void)roster_remove(registry->roster, step->client);
	else if (!roster_put(registry->roster, step->old_client))
		log_error("clients", "client=%.*s out of memory: it is not as it was before",
		        SLICE_ARG(step->client));
}

static void undo_key(struct registry *registry, struct registry_step *step)
{
	const struct client_key *now = roster_key_named(registry->roster, step->name);
	if (now)
		roster_remove_key(registry->roster, now);
	if (step->old_key && roster_give_key(registry->roster, step->old_key) == ROSTER_OK)
		step->old_key = NULL;
}

static void undo(struct clients_change *change, bool all)
{
	struct registry *registry = &change->core->registry;
	for (struct list *at = change->steps.previous; at != &change->steps; at = at->previous) {
		struct registry_step *step = LIST_OWNER(at, struct registry_step, link);
		if (step->stays && !all)
			continue;
		if (step->table == STORE_CLIENTS)
			undo_client(registry, step);
		else
			undo_key(registry, step);
	}
}

/* Each client of the change once, as long as its steps stand together. */
static void tell_clients(const struct clients_change *change)
{
	slice last = { NULL, 0 };
	LIST_EACH (&change->steps, at, following) {
		const struct registry_step *step = LIST_OWNER(at, struct registry_step, link);
		if (!step->touches || slice_equal(step->client, last))
			continue;
		last = step->client;
		core_client_changed(change->core, last);
	}
}

void clients_abandon(struct clients_change *change)
{
	undo(change, true);
	LIST_EACH (&change->steps, at, following)
		registry_step_free(LIST_OWNER(at, struct registry_step, link));
}

/* ---- Writing */

/* As memory has it now: a record, or none. */
static bool write_record(
        struct registry *registry, const struct registry_step *step, struct store_receipt *receipt)
{
	struct store *store = registry->core->store;
	const struct client *client = roster_find(registry->roster, step->name);
	const struct client_key *key = roster_key_named(registry->roster, step->name);
	struct store_record record;
	struct arena arena;
	arena_init(&arena, RECORD_MAX_BYTES);
	bool of_client = step->table == STORE_CLIENTS, taken;
	if (of_client ? !client : !key)
		taken = store_remove(store, step->table, step->name, receipt);
	else
		taken = (of_client ? registry_client_record(&arena, client, &record)
		                   : registry_key_record(
		                             &arena, registry->seal_key, key, &record)) &&
		        store_put(store, step->table, &record, receipt);
	arena_finish(&arena);
	return taken;
}

static size_t step_bytes(const struct registry *registry, const struct registry_step *step)
{
	const struct client *client = roster_find(registry->roster, step->name);
	const struct client_key *key = roster_key_named(registry->roster, step->name);
	if (step->table == STORE_CLIENTS)
		return client ? registry_client_bytes(client) : step->name.n;
	return key ? registry_key_bytes(key) : step->name.n;
}

static bool has_room(struct clients_change *change)
{
	size_t bytes = 0;
	unsigned n = 0;
	LIST_EACH (&change->steps, at, following) {
		bytes += step_bytes(
		        &change->core->registry, LIST_OWNER(at, struct registry_step, link));
		n++;
	}
	return store_has_room(change->core->store, n, bytes) ||
	       registry_refuse(&change->outcome, STATUS_UNAVAILABLE,
	               "too much is waiting to be written to the disk for this as well; try again, "
	               "or with less at a time");
}

/* What the disk is to have again; steps of it whose record the store does not even take stay in `unwritten`. */
static void write_again(struct registry *registry, struct registry_step *step)
{
	list_remove(&step->link);
	step->change = NULL;
	if (write_record(registry, step, NULL)) {
		registry_step_free(step);
		return;
	}
	list_append(&registry->unwritten, &step->link);
	timer_set(&registry->rewrite, loop_now_ms(registry->core->loop) + REWRITE_MS);
}

static void rewrite(struct timer *timer)
{
	struct registry *registry = LIST_OWNER(timer, struct registry, rewrite);
	struct list due;
	list_init(&due);
	LIST_EACH (&registry->unwritten, at, following) {
		list_remove(at);
		list_append(&due, at);
	}
	LIST_EACH (&due, at, following)
		write_again(registry, LIST_OWNER(at, struct registry_step, link));
}

static void note(struct clients_change *change, const struct registry_step *step)
{
	const struct request *by = change->by;
	const struct audit_event event = { .kind = AUDIT_ADMIN,
		.action = step->action,
		.who = by && by->who ? by->who->id : change->who,
		.object = step->name,
		.peer = by ? by->peer : (slice){ NULL, 0 },
		.protocol = by ? by->protocol : NULL,
		.listener = by ? by->adapter->label : NULL,
		.request = by ? by->id : 0,
		.status = change->outcome.status,
		.detail =
		        step->table == STORE_KEYS ? step->client : slice_of(change->outcome.why) };
	audit_note(change->core, &event);
}

static bool any_stays(const struct clients_change *change)
{
	LIST_EACH (&change->steps, at, following) {
		if (LIST_OWNER(at, struct registry_step, link)->stays)
			return true;
	}
	return false;
}

static void fail(struct clients_change *change)
{
	struct clients_outcome *outcome = &change->outcome;
	if (!outcome->why[0])
		(void)registry_refuse(outcome, outcome->status, "%s; %s",
		        outcome->status == STATUS_STORE_FULL ? "the disk is full"
		                                             : "the disk does not take it",
		        any_stays(change)
		                ? "what was taken away is taken away all the same, and the disk "
		                  "is asked again: a restart before it takes it would bring it back"
		                : "nothing has changed");
	log_error("clients", "a change was not written: %s", outcome->why);
	undo(change, false);
	tell_clients(change);
}

static void end(struct clients_change *change)
{
	struct registry *registry = &change->core->registry;
	bool failed = change->outcome.status != STATUS_OK;
	if (failed)
		fail(change);
	LIST_EACH (&change->steps, at, following)
		note(change, LIST_OWNER(at, struct registry_step, link));
	LIST_EACH (&change->steps, at, following) {
		struct registry_step *step = LIST_OWNER(at, struct registry_step, link);
		if (failed && (step->handed || step->stays))
			write_again(registry, step);
		else
			registry_step_free(step);
	}
	change->done(change);
}

static void written(struct store_receipt *receipt)
{
	struct registry_step *step = LIST_OWNER(receipt, struct registry_step, receipt);
	struct clients_change *change = step->change;
	if (receipt->status != STATUS_OK && change->outcome.status == STATUS_OK)
		change->outcome.status = receipt->status;
	if (--change->waiting == 0)
		end(change);
}

static void tell(struct task *task)
{
	struct registry *registry = LIST_OWNER(task, struct registry, tell);
	while (!list_empty(&registry->settled)) {
		struct clients_change *change =
		        LIST_OWNER(registry->settled.next, struct clients_change, link);
		list_remove(&change->link);
		end(change);
	}
}

void clients_commit(struct clients_change *change)
{
	struct registry *registry = &change->core->registry;
	change->outcome = (struct clients_outcome){ .status = STATUS_OK };
	if (!list_empty(&change->steps) && has_room(change)) {
		LIST_EACH (&change->steps, at, following) {
			struct registry_step *step = LIST_OWNER(at, struct registry_step, link);
			step->handed = write_record(registry, step, &step->receipt);
			if (step->handed)
				change->waiting++;
			else
				change->outcome.status = STATUS_INTERNAL;
		}
		tell_clients(change);
	}
	if (change->waiting)
		return;
	list_append(&registry->settled, &change->link);
	loop_defer(change->core->loop, &registry->tell);
}

void registry_changes_init(struct registry *registry, struct loop *loop)
{
	list_init(&registry->settled);
	list_init(&registry->unwritten);
	task_init(&registry->tell, tell);
	timer_init(&registry->rewrite, loop, rewrite);
}

void registry_changes_finish(struct registry *registry)
{
	task_cancel(&registry->tell);
	timer_stop(&registry->rewrite);
	LIST_EACH (&registry->unwritten, at, following)
		registry_step_free(LIST_OWNER(at, struct registry_step, link));
}
