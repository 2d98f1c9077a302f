/* The life of listeners: opened from the configuration, started, stopped, and closed once their requests are
 * home. */
#include "core/internal.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/own_address.h"

struct listener *listeners_find(struct core *core, const char *name)
{
	LIST_EACH (&core->listeners, at, following) {
		struct listener *listener = LIST_OWNER(at, struct listener, link);
		if (!listener->stopped && strcmp(listener->name, name) == 0)
			return listener;
	}
	return NULL;
}

struct adapter *adapter_find(struct core *core, slice name)
{
	LIST_EACH (&core->listeners, at, following) {
		struct listener *listener = LIST_OWNER(at, struct listener, link);
		if (listener->started && !listener->stopped && slice_is(name, listener->name))
			return listener->adapter;
	}
	return NULL;
}

static const struct listener_setup *current_setup(const struct core *core, const char *name)
{
	const struct listener_setup *setup = NULL;
	for (unsigned i = 0; core->current; i++) {
		setup = configuration_listener_at(core->current, i);
		if (!setup || strcmp(setup->name, name) == 0)
			break;
	}
	return setup;
}

/* Does the running listener of this name already do what the new configuration wants? */
static bool unchanged(struct core *core, const struct listener_setup *setup)
{
	const struct listener *running = listeners_find(core, setup->name);
	const struct listener_setup *old = current_setup(core, setup->name);
	return running && !running->outdated && old && old->ops == setup->ops &&
	       running->files == setup->files && config_equal(old->node, setup->node);
}

static void listener_free(struct listener *listener)
{
	free(listener->name);
	free(listener->bind);
	free(listener);
}

static bool open_one(struct core *core, const struct listener_setup *setup, struct list *opened,
        struct mistakes *mistakes)
{
	struct error error = { 0 };
	slice bind = config_text(setup->node, "bind"); /* empty: it does not listen */
	struct listener *listener = calloc(1, sizeof *listener);
	if (!listener)
		return mistake_add(mistakes, setup->node, "out of memory");
	listener->name = strdup(setup->name);
	listener->bind = strndup(bind.p ? bind.p : "", bind.n);
	if (!listener->name || !listener->bind) {
		listener_free(listener);
		return mistake_add(mistakes, setup->node, "out of memory");
	}
	listener->adapter = setup->ops->open(core->loop, &core->limits, setup->node, &error);
	if (!listener->adapter) {
		listener_free(listener);
		return mistake_add_error(mistakes, setup->node, &error);
	}
	listener->files = setup->files;
	listener->live = listener->seen = setup->live;
	listener->adapter->ops = setup->ops;
	listener->adapter->label = listener->name;
	listener->adapter->core = core;
	list_append(opened, &listener->link);
	return true;
}

/* It goes on, but its files have changed: can they be used? */
static bool try_files(
        struct core *core, const struct listener_setup *setup, struct mistakes *mistakes)
{
	struct error error = { 0 };
	if (listeners_find(core, setup->name)->live == setup->live)
		return true;
	struct adapter *adapter = setup->ops->open(core->loop, &core->limits, setup->node, &error);
	if (!adapter)
		return mistake_add_error(mistakes, setup->node, &error);
	setup->ops->close(adapter);
	return true;
}

bool listeners_open(struct core *core, struct configuration *configuration, struct list *opened,
        struct mistakes *mistakes)
{
	bool all = true;
	const struct listener_setup *setup;
	for (unsigned i = 0; (setup = configuration_listener_at(configuration, i)) != NULL; i++) {
		if (unchanged(core, setup))
			all = try_files(core, setup, mistakes) && all;
		else
			all = open_one(core, setup, opened, mistakes) && all;
	}
	return all;
}

bool listener_start(struct listener *listener, struct error *error)
{
	struct adapter *adapter = listener->adapter;
	if (!adapter->ops->start(adapter, error))
		return false;
	listener->started = true;
	return true;
}

void listener_stop(struct listener *listener)
{
	struct adapter *adapter = listener->adapter;
	if (listener->started && !listener->stopped) {
		adapter->stopped = true;
		follow_end_all(adapter->core, adapter);
		adapter->ops->stop(adapter);
	}
	listener->stopped = true;
}

void listener_close(struct listener *listener)
{
	list_remove(&listener->link);
	listener->adapter->ops->close(listener->adapter);
	listener_free(listener);
}

/* Does the configuration in force want this running listener as it is? */
static bool still_wanted(
        const struct core *core, const struct list *opened, const struct listener *listener)
{
	LIST_EACH (opened, at, following) {
		if (strcmp(LIST_OWNER(at, struct listener, link)->name, listener->name) == 0)
			return false;
	}
	return current_setup(core, listener->name) != NULL;
}

/* "tcp://0.0.0.0:5027" and "0.0.0.0:5027" are one place; "udp://0.0.0.0:5027" is another, but who is there goes anyway. So
 * does who is at one of the machine's addresses where the other wants all of them ("0.0.0.0", "[::]"), or the other way round; but for
 * an address that the machine does not have, nobody goes before his time. */
static const char *address_in(const char *bind)
{
	const char *scheme_end = strstr(bind, "://");
	return scheme_end ? scheme_end + 3 : bind;
}

/* "10.0.0.5:80" is "10.0.0.5" and ":80". */
static slice host_in(const char *address, const char **port)
{
	const char *colon = strrchr(address, ':');
	*port = colon ? colon : address + strlen(address);
	return (slice){ address, (size_t)(*port - address) };
}

static bool is_any(slice host)
{
	return host.n && strspn(host.p, "[:0.]") >= host.n;
}

static bool in_the_way(const char *bind, const char *wanted)
{
	const char *port, *wanted_port;
	const char *address = address_in(bind), *wanted_address = address_in(wanted);
	if (strcmp(address, wanted_address) == 0)
		return true;
	slice host = host_in(address, &port), wanted_host = host_in(wanted_address, &wanted_port);
	if (!*port || strcmp(port, wanted_port) != 0)
		return false;
	return is_any(wanted_host) || (is_any(host) && own_address_is(wanted_host));
}

static void make_room(struct core *core, const struct list *opened, const char *bind)
{
	LIST_EACH (&core->listeners, at, following) {
		struct listener *listener = LIST_OWNER(at, struct listener, link);
		if (*bind && in_the_way(listener->bind, bind) &&
		        !still_wanted(core, opened, listener))
			listener_stop(listener);
	}
}

static void start_new(struct core *core, const struct list *opened)
{
	LIST_EACH (opened, at, following) {
		struct listener *listener = LIST_OWNER(at, struct listener, link);
		struct error why = { 0 };
		make_room(core, opened, listener->bind);
		if (listener_start(listener, &why))
			continue;
		struct listener *old = listeners_find(core, listener->name);
		log_error("core", "listener %s: %s; %s; reload to try again", listener->name,
		        why.text, old ? "the old one goes on" : "it is down");
		if (old)
			old->outdated = true;
	}
}

void listeners_replace(struct core *core, struct list *opened)
{
	LIST_EACH (&core->listeners, at, following)
		LIST_OWNER(at, struct listener, link)->outdated = false;
	start_new(core, opened);
	LIST_EACH (&core->listeners, at, following) {
		struct listener *listener = LIST_OWNER(at, struct listener, link);
		if (!listener->outdated && !still_wanted(core, opened, listener))
			listener_stop(listener);
	}
	LIST_EACH (opened, at, following) {
		struct listener *listener = LIST_OWNER(at, struct listener, link);
		if (listener->started) {
			list_remove(at);
			list_append(&core->listeners, at);
		} else {
			listener_close(listener);
		}
	}
}

void listeners_review(struct core *core, slice client)
{
	LIST_EACH (&core->listeners, at, following) {
		const struct listener *listener = LIST_OWNER(at, struct listener, link);
		struct adapter *adapter = listener->adapter;
		if (listener->started && !listener->stopped && adapter->ops->review)
			adapter->ops->review(adapter, client);
	}
}

void adapter_at_rest(struct adapter *adapter)
{
	loop_defer(adapter->core->loop, &adapter->core->work);
}

void listeners_sweep(struct core *core)
{
	LIST_EACH (&core->listeners, at, following) {
		struct listener *listener = LIST_OWNER(at, struct listener, link);
		const struct adapter *adapter = listener->adapter;
		bool answered = !adapter->inflight && (!adapter->answering || core->overdue);
		if (listener->stopped && answered)
			listener_close(listener);
	}
}
