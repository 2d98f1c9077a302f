/* change: clients that are not what they were: changed, disabled, a key of theirs revoked. Requests find out by
 * themselves; who was recognised for longer than a request (an MQTT session, a follower) is looked at again.
 *
 * Changes are gathered for GATHER_MS, so that an import does not have everybody looked at a thousand times; more than a
 * few in that time, and everybody is. */
#include "core/internal.h"

#include <stdlib.h>

enum { GATHER_MS = 100 };

static void forget(struct changes *changes)
{
	while (changes->n)
		free(changes->ids[--changes->n]);
	changes->all = false;
}

static void review(struct core *core, slice who)
{
	follow_review(core, who);
	listeners_review(core, who);
}

static void look(struct timer *timer)
{
	struct changes *changes = LIST_OWNER(timer, struct changes, later);
	struct core *core = LIST_OWNER(changes, struct core, changes);
	if (changes->all)
		review(core, (slice){ NULL, 0 });
	for (unsigned i = 0; i < changes->n && !changes->all; i++)
		review(core, slice_of(changes->ids[i]));
	forget(changes);
}

void changes_init(struct core *core)
{
	timer_init(&core->changes.later, core->loop, look);
}

void changes_finish(struct core *core)
{
	timer_stop(&core->changes.later);
	forget(&core->changes);
}

static bool noted(const struct changes *changes, slice client)
{
	for (unsigned i = 0; i < changes->n; i++) {
		if (slice_is(client, changes->ids[i]))
			return true;
	}
	return false;
}

void core_client_changed(struct core *core, slice client)
{
	struct changes *changes = &core->changes;
	changes->count++;
	if (!changes->later.at_ms)
		timer_set(&changes->later, loop_now_ms(core->loop) + GATHER_MS);
	if (changes->all || (client.p && noted(changes, client)))
		return;
	char *copy = client.p && changes->n < CHANGES_MAX ? strndup(client.p, client.n) : NULL;
	if (copy)
		changes->ids[changes->n++] = copy;
	else
		changes->all = true;
}
