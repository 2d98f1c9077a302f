/* renewal: files that change while their listener runs, as certificates, keys and revocation lists do. The listener
 * keeps its socket and its connections and reads them again (adapter_ops.renew), on a reload and without one: their dates are
 * looked at when something stirs in their folders, so that a certificate that is put on a list is out within a second, and every
 * few seconds in any case (loop/look.h).
 *
 * Why not inotify alone: a file is replaced by renaming as often as by writing, perhaps behind a symbolic link or on a file
 * system that tells nobody; some calls of stat() for files that are in the kernel's memory cost microseconds. The files are
 * read on the core thread, as at a reload; they are few and short.
 *
 * A change is believed when it was seen twice alike: tools write a certificate and its key one after the other. Files that cannot
 * be used are said so once, and those in force stay until there are others. */
#include "core/internal.h"

#include "api/audit.h"
#include "base/log.h"

static const struct config *live_part(const struct core *core, const struct listener *listener)
{
	slice name = slice_of(listener->name);
	const struct listener_setup *setup = configuration_listener(core->current, name);
	const char *key = listener->adapter->ops->live_files;
	return setup && key ? config_get(setup->node, key) : NULL;
}

static bool concerns(const struct core *core, const struct listener *listener)
{
	return listener->started && !listener->stopped && !listener->outdated &&
	       live_part(core, listener);
}

static void hint(void *arg, const char *path)
{
	const struct core *core = arg;
	look_hint(core->loop, path);
}

static void renew(struct core *core, struct listener *listener, uint64_t stamp)
{
	struct error why = { 0 };
	listener->live = listener->seen = stamp;
	bool renewed = listener->adapter->ops->renew(listener->adapter, &why);
	const struct audit_event event = { .kind = AUDIT_KEY,
		.action = renewed ? "listener.renew" : "listener.renew.failed",
		.protocol = listener->adapter->ops->name,
		.listener = listener->name,
		.status = renewed ? STATUS_OK : STATUS_INVALID,
		.detail = slice_of(why.text) };
	audit_note(core, &event);
	if (renewed)
		log_info("core", "listener %s: its files have changed, and are in force",
		        listener->name);
	else
		log_error("core",
		        "listener %s: its files have changed and cannot be used: %s; what was read "
		        "before stays in force",
		        listener->name, why.text);
}

void renewal_now(struct core *core)
{
	bool any = false;
	LIST_EACH (&core->listeners, at, following) {
		struct listener *listener = LIST_OWNER(at, struct listener, link);
		if (!concerns(core, listener))
			continue;
		any = true;
		look_start(core->loop, &core->renewal);
		configuration_files_each(live_part(core, listener), NULL, hint, core);
		uint64_t stamp = configuration_files_stamp(live_part(core, listener), NULL);
		if (stamp != listener->live)
			renew(core, listener, stamp);
	}
	if (!any)
		look_stop(core->loop, &core->renewal);
}

static void look(struct look *renewal)
{
	struct core *core = LIST_OWNER(renewal, struct core, renewal);
	if (core->stopping)
		return;
	LIST_EACH (&core->listeners, at, following) {
		struct listener *listener = LIST_OWNER(at, struct listener, link);
		if (!concerns(core, listener))
			continue;
		/* First: what changes after it was looked at is a hint again. */
		configuration_files_each(live_part(core, listener), NULL, hint, core);
		uint64_t stamp = configuration_files_stamp(live_part(core, listener), NULL);
		bool settled = stamp == listener->seen;
		listener->seen = stamp;
		if (settled && stamp != listener->live)
			renew(core, listener, stamp);
		if (!settled)
			look_soon(core->loop);
	}
}

void renewal_init(struct core *core)
{
	look_init(&core->renewal, look);
}
