/* Loading backends and their targets. */
#include "core/config_check.h"
#include "core/configuration.h"
#include "core/settings.h"

static const struct backend_ops *find_backend(const struct plugs *plugs, slice name)
{
	for (unsigned i = 0; plugs->backends[i]; i++) {
		if (slice_is(name, plugs->backends[i]->name) && !plugs->backends[i]->endpoints)
			return plugs->backends[i];
	}
	return NULL;
}

static struct target *load_targets(struct configuration *configuration, const struct config *list,
        unsigned *n, struct mistakes *mistakes)
{
	*n = 0;
	if (!list)
		return NULL;
	struct target *targets = arena_alloc(&configuration->arena, list->count * sizeof *targets);
	CONFIG_EACH (list, node) {
		uint64_t weight = config_number(node, "weight");
		if (!weight || weight > 1000)
			mistake_add(mistakes, node, "a weight is a number from 1 to 1000");
		else if (targets)
			targets[(*n)++] = (struct target){ .url = config_text(node, "url"),
				.weight = (unsigned)weight };
	}
	return targets;
}

static void open_backend(struct configuration *configuration, struct backend_setup *setup,
        const struct config *node, const struct backend_ops *ops, struct mistakes *mistakes)
{
	unsigned before = mistakes->count, ntargets;
	struct target *targets =
	        load_targets(configuration, config_get(node, "targets"), &ntargets, mistakes);
	if (mistakes->count > before)
		return;
	if (ops->needs_targets && !ntargets) {
		mistake_add(mistakes, node, "the key targets is missing: list of url and weight");
		return;
	}
	uint64_t timeout_ms = config_duration_ms(node, "timeout");
	uint64_t retries = config_number(node, "retries");
	if (!timeout_ms || retries > 10) {
		mistake_add(mistakes, node, "a timeout is above 0, retries are at most 10");
		return;
	}
	struct error error = { 0 };
	struct backend *backend = ops->open(configuration->loop, node, targets, ntargets, &error);
	if (!backend) {
		mistake_add_error(mistakes, node, &error);
		return;
	}
	backend->ops = ops;
	backend->label = setup->name;
	backend->targets = targets;
	backend->ntargets = ntargets;
	backend->timeout_ms = timeout_ms;
	setup->backend = backend;
	setup->retries = (unsigned)retries;
}

static const char *backend_name(const void *arg, unsigned i)
{
	const struct plugs *plugs = arg;
	for (unsigned at = 0; plugs->backends[at]; at++) {
		if (!plugs->backends[at]->endpoints && i-- == 0)
			return plugs->backends[at]->name;
	}
	return NULL;
}

/* Does the list have it, right or wrong? What is wrong with it was said there. */
static bool listener_is_named(const struct configuration *configuration, slice name)
{
	CONFIG_EACH (config_get(configuration->root, "listeners"), listener) {
		const struct config *member = config_get(listener, "name");
		if (member && slice_equal(member->text, name))
			return true;
	}
	return false;
}

/* The listener that a SETTING_LISTENER names is there and takes commands. */
static void check_listener(struct configuration *configuration, struct backend_setup *setup,
        const struct config *named, struct mistakes *mistakes)
{
	const struct listener_setup *listener = configuration_listener(configuration, named->text);
	setup->listener = named->text;
	if (listener && !listener->ops->command)
		mistake_add(mistakes, named,
		        "no device can be called over %s, a listener of the protocol %s",
		        named->text.p, listener->ops->name);
	else if (!listener && !listener_is_named(configuration, named->text))
		mistake_add(mistakes, named, "no listener of this name under listeners:");
}

enum { MAILBOX_MESSAGES_MAX = 10000 };

static void load_mailbox(struct configuration *configuration, struct backend_setup *setup,
        const struct config *node, struct mistakes *mistakes)
{
	if (node->kind != CONFIG_MAP)
		return; /* that was said */
	uint64_t messages = config_number(node, "messages");
	setup->mailbox = (struct postbox_limits){
		.messages = messages <= MAILBOX_MESSAGES_MAX ? (unsigned)messages : 0,
		.expire_ms = config_duration_ms(node, "expire"),
		.memory_bytes = config_size(node, "memory"),
	};
	if (!setup->mailbox.messages)
		mistake_add(mistakes, node, "messages is from 1 to %d", MAILBOX_MESSAGES_MAX);
	if (!setup->mailbox.expire_ms)
		mistake_add(mistakes, node, "expire is above 0");
	if (!setup->mailbox.memory_bytes)
		mistake_add(mistakes, node, "memory is above 0");
	if (!configuration->state)
		mistake_add(mistakes, node,
		        "what waits is kept on disk, and gateway.state does not say where");
}

/* What all backends that call devices have. */
static void load_device(struct configuration *configuration, struct backend_setup *setup,
        const struct config *node, const struct backend_ops *ops, struct mistakes *mistakes)
{
	for (const struct setting *s = ops->settings; s && s->key; s++) {
		const struct config *member = config_get(node, s->key);
		if (member && s->type == SETTING_LISTENER)
			check_listener(configuration, setup, member, mistakes);
	}
	const struct config *device = config_get(node, "device");
	const struct config *mailbox = config_get(node, "mailbox");
	if (ops->calls_devices && mailbox)
		load_mailbox(configuration, setup, mailbox, mistakes);
	if (!ops->calls_devices || !device)
		return;
	setup->device = device->text;
	if (!device->text.n || slice_find(device->text, '%') < device->text.n)
		mistake_add(mistakes, device,
		        "a device's plain name, such as \"{device}\" or \"valve-{number}\"");
}

static void load_backend(
        struct configuration *configuration, struct config *node, struct mistakes *mistakes)
{
	struct backend_setup *setup = &configuration->backends[configuration->nbackends++];
	setup->name = node->key.p;
	const struct config *protocol = config_get(node, "protocol");
	if (!protocol || protocol->kind != CONFIG_SCALAR) {
		config_check(node, settings_backend, NULL, mistakes);
		return;
	}
	const struct backend_ops *ops = find_backend(configuration->plugs, protocol->text);
	if (!ops) {
		mistake_add_choice(mistakes, protocol, "no backend speaks", backend_name,
		        configuration->plugs);
		return;
	}
	if (!config_check(node, settings_backend, ops->settings, mistakes))
		return;
	load_device(configuration, setup, node, ops, mistakes);
	open_backend(configuration, setup, node, ops, mistakes);
}

const struct backend_setup *configuration_backend(
        const struct configuration *configuration, slice name)
{
	for (unsigned i = 0; i < configuration->nbackends; i++) {
		if (slice_is(name, configuration->backends[i].name))
			return &configuration->backends[i];
	}
	return NULL;
}

void configuration_load_backends(struct configuration *configuration, struct mistakes *mistakes)
{
	const struct config *map = config_get(configuration->root, "backends");
	if (!map)
		return;
	if (map->kind != CONFIG_MAP) {
		mistake_add(mistakes, map, "must be a map of names");
		return;
	}
	configuration->backends =
	        arena_alloc(&configuration->arena, map->count * sizeof *configuration->backends);
	for (struct config *node = map->first; node && configuration->backends; node = node->next)
		load_backend(configuration, node, mistakes);
}
