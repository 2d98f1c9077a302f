/* Services of the gateway's own: what admin listeners and the socket in the state folder lead to.
 *
 * Each such listener has endpoints of its own, that come with a backend which the file does not name: so the way of a
 * request is the same as any other's, with the listener's `auth` and `roles` in place of an endpoint's. Who comes by
 * the socket in the state folder was let in by the system: it is root, or who runs the gateway. */
#include "base/text.h"

#include "core/configuration_loading.h"
#include "core/router.h"

enum { SERVICE_TIMEOUT_MS = 60000 };

const struct listener_setup *configuration_listener_at(
        const struct configuration *configuration, unsigned i)
{
	if (i < configuration->nlisteners)
		return &configuration->listeners[i];
	bool control = i == configuration->nlisteners && configuration->control.ops;
	return control ? &configuration->control : NULL;
}

static const struct backend_ops *find_ops(const struct plugs *plugs, const char *name)
{
	for (unsigned i = 0; plugs->backends[i]; i++) {
		if (plugs->backends[i]->endpoints && strcmp(plugs->backends[i]->name, name) == 0)
			return plugs->backends[i];
	}
	return NULL;
}

static bool open_backend(
        struct loading *loading, struct service *service, const struct backend_ops *ops)
{
	static const struct config nothing = { .kind = CONFIG_MAP };
	struct error error = { 0 };
	struct backend *backend =
	        ops->open(loading->configuration->loop, &nothing, NULL, 0, &error);
	if (!backend)
		return mistake_add_error(loading->mistakes, loading->node, &error);
	backend->ops = ops;
	backend->label = ops->name;
	backend->timeout_ms = SERVICE_TIMEOUT_MS;
	service->backend = (struct backend_setup){ .name = ops->name, .backend = backend };
	return true;
}

static const slice *texts_of(struct arena *arena, const char *const *texts, unsigned *n)
{
	*n = 0;
	while (texts && texts[*n])
		++*n;
	slice *list = arena_alloc(arena, *n * sizeof *list);
	for (unsigned i = 0; list && i < *n; i++)
		list[i] = slice_of(texts[i]);
	return list;
}

/* A body that does not say what it is is refused: a form of some web page cannot say that it is JSON. */
static bool add_endpoint(struct loading *loading, struct service *service,
        const struct backend_endpoint *from, const struct endpoint_setup *common)
{
	struct configuration *configuration = loading->configuration;
	const struct endpoint *other;
	*loading->setup = *common;
	loading->setup->endpoint = (struct endpoint){ .name = slice_of(from->name),
		.path = slice_of(from->path),
		.methods = from->methods,
		.resource_type = slice_of(from->name),
		.media = SLICE("application/octet-stream"),
		.body_max_bytes = configuration->limits.body_max_bytes };
	loading->setup->to = &service->backend;
	loading->setup->accepts =
	        texts_of(&configuration->arena, from->accepts, &loading->setup->naccepts);
	return loading->setup->accepts &&
	       router_add(service->router, &loading->setup->endpoint, &other);
}

static bool add_endpoints(struct loading *loading, struct service *service,
        const struct backend_ops *ops, const struct endpoint_setup *common)
{
	struct arena *arena = &loading->configuration->arena;
	unsigned n = 0;
	while (ops->endpoints[n].name)
		n++;
	service->endpoints = arena_alloc(arena, n * sizeof *service->endpoints);
	service->router = router_create(arena);
	if (!service->endpoints || !service->router)
		return false;
	for (unsigned i = 0; i < n; i++) {
		loading->setup = &service->endpoints[i];
		if (!add_endpoint(loading, service, &ops->endpoints[i], common))
			return false;
	}
	return true;
}

/* Who may come: as the listener's settings say. */
static void load_callers(struct loading *loading)
{
	const struct config *auth = config_get(loading->node, "auth");
	const struct config *roles = config_get(loading->node, "roles");
	endpoint_load_auth(loading);
	endpoint_load_roles(loading);
	if (loading->setup->anonymous)
		mistake_add(
		        loading->mistakes, auth, "whoever comes here says who it is: no [none]");
	if (!roles->count)
		mistake_add(loading->mistakes, roles, "say the roles that may come here");
}

static void load_service(struct configuration *configuration, struct listener_setup *listener,
        struct mistakes *mistakes)
{
	const struct backend_ops *ops = find_ops(configuration->plugs, listener->ops->serves);
	struct service *service = ARENA_NEW(&configuration->arena, struct service);
	struct endpoint_setup common = { .anonymous = listener->ops->built_in };
	struct loading loading = { configuration, &common, listener->node, mistakes };
	if (!ops || !service) {
		mistake_add(mistakes, listener->node, ops ? "out of memory" : "not in this build");
		return;
	}
	service->next = configuration->services;
	configuration->services = service;
	listener->service = service;
	if (!listener->ops->built_in)
		load_callers(&loading);
	if (open_backend(&loading, service, ops) && !add_endpoints(&loading, service, ops, &common))
		mistake_add(mistakes, listener->node, "out of memory");
}

/* As if the file had it: a map with the one key `bind`. */
static struct config *control_node(struct configuration *configuration)
{
	struct arena *arena = &configuration->arena;
	struct config *node = ARENA_NEW(arena, struct config),
	              *bind = ARENA_NEW(arena, struct config);
	slice path = arena_printf(arena, "%s/control.sock", configuration->state);
	if (!node || !bind || !path.p)
		return NULL;
	*bind = (struct config){
		.kind = CONFIG_SCALAR, .key = SLICE("bind"), .text = path, .parent = node
	};
	*node = (struct config){ .kind = CONFIG_MAP, .count = 1, .first = bind };
	return node;
}

static void load_control(struct configuration *configuration, struct mistakes *mistakes)
{
	const struct adapter_ops *ops = NULL;
	for (unsigned i = 0; configuration->plugs->adapters[i] && !ops; i++) {
		if (configuration->plugs->adapters[i]->built_in)
			ops = configuration->plugs->adapters[i];
	}
	if (!ops || !configuration->state)
		return;
	const struct listener_setup *taken =
	        configuration_listener(configuration, slice_of(ops->name));
	if (taken)
		mistake_add(mistakes, config_get(taken->node, "name"),
		        "this name is taken: the socket in the state folder is called so");
	struct config *node = control_node(configuration);
	if (!node) {
		mistake_add_at(mistakes, 0, 0, "out of memory");
		return;
	}
	node->own = ops->settings;
	configuration->control =
	        (struct listener_setup){ .name = ops->name, .ops = ops, .node = node };
	load_service(configuration, &configuration->control, mistakes);
}

void configuration_load_services(struct configuration *configuration, struct mistakes *mistakes)
{
	for (unsigned i = 0; i < configuration->nlisteners; i++) {
		if (configuration->listeners[i].ops->serves)
			load_service(configuration, &configuration->listeners[i], mistakes);
	}
	load_control(configuration, mistakes);
}
