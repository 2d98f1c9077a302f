/* Loading clients and the named ways to authenticate. */
#include "core/config_check.h"
#include "core/configuration.h"
#include "core/directory.h"
#include "core/settings.h"

const struct config *configuration_named_map(
        const struct configuration *configuration, const char *key, struct mistakes *mistakes)
{
	const struct config *map = config_get(configuration->root, key);
	if (map && map->kind != CONFIG_MAP) {
		mistake_add(mistakes, map, "must be a map of names");
		return NULL;
	}
	return map;
}

static const struct authenticator_ops *find_method(const struct plugs *plugs, slice name)
{
	for (unsigned i = 0; plugs->authenticators[i]; i++) {
		if (slice_is(name, plugs->authenticators[i]->name))
			return plugs->authenticators[i];
	}
	return NULL;
}

static const char *authenticator_name(const void *arg, unsigned i)
{
	const struct plugs *plugs = arg;
	return plugs->authenticators[i] ? plugs->authenticators[i]->name : NULL;
}

static void load_authenticator(
        struct configuration *configuration, struct config *node, struct mistakes *mistakes)
{
	struct authenticator_setup *setup =
	        &configuration->authenticators[configuration->nauthenticators++];
	setup->name = node->key.p;
	if (slice_is(node->key, "none")) {
		mistake_add_key(
		        mistakes, node, "this name is taken: it means that nobody is asked");
		return;
	}
	const struct config *method = config_get(node, "method");
	if (!method || method->kind != CONFIG_SCALAR) {
		config_check(node, settings_auth, NULL, mistakes);
		return;
	}
	const struct authenticator_ops *ops = find_method(configuration->plugs, method->text);
	if (!ops) {
		mistake_add_choice(mistakes, method, "no way to authenticate is called",
		        authenticator_name, configuration->plugs);
		return;
	}
	if (!config_check(node, settings_auth, ops->settings, mistakes))
		return;
	struct error error = { 0 };
	setup->authenticator =
	        ops->open(configuration->loop, node, configuration->directory, &error);
	if (!setup->authenticator) {
		mistake_add_error(mistakes, node, &error);
		return;
	}
	setup->authenticator->ops = ops;
	setup->authenticator->label = setup->name;
}

void configuration_load_identities(struct configuration *configuration, struct mistakes *mistakes)
{
	configuration_load_roles(configuration, mistakes);
	configuration->directory = directory_create(configuration, mistakes);
	const struct config *auth = configuration_named_map(configuration, "auth", mistakes);
	if (!auth || !configuration->directory)
		return;
	configuration->authenticators = arena_alloc(
	        &configuration->arena, auth->count * sizeof *configuration->authenticators);
	for (struct config *node = auth->first; node && configuration->authenticators;
	        node = node->next)
		load_authenticator(configuration, node, mistakes);
}
