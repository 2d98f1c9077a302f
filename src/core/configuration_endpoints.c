/* Loading endpoints: what each names must exist, what each binds must fit, no two may claim the same. */
#include "base/log.h"
#include "base/text.h"

#include "core/compose.h"
#include "core/config_check.h"
#include "core/configuration_loading.h"
#include "core/pack.h"
#include "core/router.h"
#include "core/settings.h"
#include "core/subject.h"
#include "core/unpack.h"

static bool known_protocol(const struct plugs *plugs, slice name)
{
	for (unsigned i = 0; plugs->adapters[i]; i++) {
		if (slice_is(name, plugs->adapters[i]->name) && !plugs->adapters[i]->serves)
			return true;
	}
	for (unsigned i = 0; plugs->dialects[i]; i++) {
		if (slice_is(name, plugs->dialects[i]))
			return true;
	}
	return false;
}

static void load_protocols(struct loading *loading)
{
	const struct config *list = config_get(loading->node, "protocols");
	if (!list)
		return;
	const char **names =
	        arena_alloc(&loading->configuration->arena, (list->count + 1) * sizeof *names);
	unsigned n = 0;
	CONFIG_EACH (list, name) {
		if (!known_protocol(loading->configuration->plugs, name->text))
			mistake_add(loading->mistakes, name, "no protocol is called \"%s\"",
			        name->text.p);
		else if (names)
			names[n++] = name->text.p;
	}
	loading->setup->endpoint.protocols = names;
	if (!list->count)
		mistake_add(
		        loading->mistakes, list, "an endpoint without a protocol serves nobody");
}

static void load_methods(struct loading *loading)
{
	CONFIG_EACH (config_get(loading->node, "methods"), name) {
		enum method method;
		if (method_parse(name->text, &method) && method <= METHOD_OPTIONS)
			loading->setup->endpoint.methods |= 1u << method;
		else
			mistake_add(loading->mistakes, name,
			        "\"%s\" is none of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS",
			        name->text.p);
	}
	if (!loading->setup->endpoint.methods)
		mistake_add(loading->mistakes, config_get(loading->node, "methods"),
		        "an endpoint without a method serves nobody");
}

void endpoint_load_auth(struct loading *loading)
{
	struct configuration *configuration = loading->configuration;
	const struct config *list = config_get(loading->node, "auth");
	struct authenticator **auth =
	        arena_alloc(&configuration->arena, list->count * sizeof(struct authenticator *));
	CONFIG_EACH (list, name) {
		if (slice_is(name->text, "none")) {
			loading->setup->anonymous = true;
			continue;
		}
		unsigned i = 0;
		while (i < configuration->nauthenticators &&
		        !slice_is(name->text, configuration->authenticators[i].name))
			i++;
		if (i == configuration->nauthenticators)
			mistake_add(loading->mistakes, name,
			        "no way to authenticate of this name under auth:");
		else if (auth)
			auth[loading->setup->nauth++] =
			        configuration->authenticators[i].authenticator;
	}
	loading->setup->auth = auth;
	if (!list->count)
		mistake_add(loading->mistakes, list, "say [none] when everybody may call");
}

static void warn_unreached(const struct loading *loading)
{
	const char *needed = configuration_unreached(loading->configuration, loading->setup);
	if (needed)
		log_warning("core",
		        "endpoint=%.*s nobody can call it: no listener that serves it brings what "
		        "its auth takes; that needs one with %s",
		        SLICE_ARG(loading->setup->endpoint.name), needed);
}

void endpoint_load_roles(struct loading *loading)
{
	const struct config *list = config_get(loading->node, "roles");
	if (!list)
		return;
	const struct role **roles =
	        arena_alloc(&loading->configuration->arena, list->count * sizeof *roles);
	CONFIG_EACH (list, name) {
		const struct role *role = configuration_role(loading->configuration, name->text);
		if (!role)
			mistake_add(loading->mistakes, name, "no role of this name under roles:");
		else if (roles)
			roles[loading->setup->nroles++] = role;
	}
	loading->setup->roles = roles;
	if (loading->setup->anonymous && !loading->setup->nauth && list->count)
		mistake_add(loading->mistakes, list,
		        "with auth: [none] nobody has a role, so nobody could ever call");
}

static bool path_has_variable(const struct loading *loading, slice name)
{
	slice pattern = loading->setup->endpoint.path;
	if (slice_is(name, "*"))
		return pattern.n && pattern.p[pattern.n - 1] == '*';
	while (pattern.p) {
		slice segment = slice_cut(&pattern, '/');
		if (segment.n == name.n + 2 && segment.p[0] == '{' &&
		        slice_starts(slice_from(segment, 1), name))
			return true;
	}
	return false;
}

/* The endpoint's path, with {self} for the variable and nothing said of the others. */
static const struct role_rule *rule_of_subject(const struct loading *loading, slice variable)
{
	struct arena *arena = &loading->configuration->arena;
	struct role_rule *rule = ARENA_NEW(arena, struct role_rule);
	slice rest = slice_from(loading->setup->endpoint.path, 1);
	struct text text;
	text_init(&text, arena, rest.n + 16);
	while (rest.p) {
		slice segment = slice_cut(&rest, '/');
		text_char(&text, '/');
		if (slice_equal(segment, variable))
			text_literal(&text, "{self}");
		else if (segment.n && segment.p[0] == '{')
			text_literal(&text, "{}");
		else
			text_slice_add(&text, segment);
	}
	if (rule)
		*rule = (struct role_rule){ .methods = ~0u, .pattern = text_slice(&text) };
	return rule && rule->pattern.p ? rule : NULL;
}

static void load_subject(struct loading *loading)
{
	const struct config *node = config_get(loading->node, "subject");
	struct endpoint_setup *setup = loading->setup;
	const char *why;
	if (!node)
		return;
	slice subject = node->text;
	const unsigned bringing = 1u << METHOD_POST | 1u << METHOD_PUT | 1u << METHOD_PATCH;
	if (setup->anonymous && !setup->nauth)
		mistake_add(loading->mistakes, node, "with auth: [none] nobody has an id");
	if (subject.n > 2 && subject.p[0] == '{' && subject.p[subject.n - 1] == '}') {
		slice name = { subject.p + 1, subject.n - 2 };
		if (!path_has_variable(loading, name) || slice_is(name, "*"))
			mistake_add(loading->mistakes, node, "the endpoint's path has no {%.*s}",
			        SLICE_ARG(name));
		setup->subject = rule_of_subject(loading, subject);
		if (!setup->subject)
			mistake_add(loading->mistakes, node, "out of memory");
		return;
	}
	if (!subject_pointer_valid(subject, &why))
		mistake_add(loading->mistakes, node, "%s", why);
	else if (!(setup->endpoint.methods & bringing))
		mistake_add(loading->mistakes, node,
		        "only a message that brings something says whom it is about: POST, PUT, "
		        "PATCH");
	setup->subject_pointer = subject;
}

struct variable_check {
	struct loading *loading;
	const struct config *path;
};

static void check_variable(void *arg, slice name)
{
	const struct variable_check *check = arg;
	if (!path_has_variable(check->loading, name))
		mistake_add(check->loading->mistakes, check->path,
		        "the endpoint's path has no {%.*s}", SLICE_ARG(name));
}

static void load_with(struct loading *loading, const struct config *node)
{
	struct error error = { 0 };
	struct variable_check check = { loading, node };
	if (!node)
		return;
	loading->setup->endpoint.call.with = composition_load(
	        &loading->configuration->arena, node, check_variable, &check, &error);
	if (!loading->setup->endpoint.call.with)
		mistake_add_error(loading->mistakes, node, &error);
}

static void load_request(struct loading *loading)
{
	const struct config *node = config_get(loading->node, "request");
	struct variable_check check = { loading, node };
	struct error error = { 0 };
	if (!node || node->kind != CONFIG_MAP)
		return;
	loading->setup->unpacking = unpacking_load(
	        &loading->configuration->arena, node, check_variable, &check, &error);
	if (!loading->setup->unpacking)
		mistake_add_error(loading->mistakes, node, &error);
}

static void load_encode(struct loading *loading, const struct config *call)
{
	static const char *const beside[] = { "type", "at", "encoding" };
	struct error error = { 0 };
	for (unsigned i = 0; i < 3 && !config_get(call, "encode"); i++) {
		const struct config *other = config_get(call, beside[i]);
		if (other)
			mistake_add(loading->mistakes, other, "goes with encode");
	}
	if (!config_get(call, "encode"))
		return;
	loading->setup->endpoint.call.pack =
	        packing_load(&loading->configuration->arena, call, &error);
	if (!loading->setup->endpoint.call.pack)
		mistake_add_error(loading->mistakes, call, &error);
}

/* Some backends make the bytes themselves. */
static void check_encode(struct loading *loading)
{
	const struct backend_setup *to = loading->setup->to;
	const struct packing *packing = loading->setup->endpoint.call.pack;
	if (packing && !packing->inside && to && to->backend &&
	        to->backend->ops->takes == BACKEND_TAKES_VALUE)
		mistake_add(loading->mistakes,
		        config_get(config_get(loading->node, "call"), "encode"),
		        "this backend writes its messages itself");
}

static void load_call(struct loading *loading)
{
	const struct config *node = config_get(loading->node, "call");
	struct call_template *call = &loading->setup->endpoint.call;
	if (!node || node->kind != CONFIG_MAP)
		return;
	slice method = config_text(node, "method");
	call->has_method = method.n > 0;
	if (call->has_method && !method_parse(method, &call->method))
		mistake_add(loading->mistakes, config_get(node, "method"), "\"%s\" is no method",
		        method.p);
	call->path = config_text(node, "path");
	struct variable_check check = { loading, config_get(node, "path") };
	if (call->path.n && call->path.p[0] != '/')
		mistake_add(loading->mistakes, check.path, "a path begins with /");
	for (size_t i = 0; i < call->path.n; i++) {
		if (strchr("?#", call->path.p[i]))
			mistake_add(loading->mistakes, check.path,
			        "a path has no %c; the query is the request's own",
			        call->path.p[i]);
	}
	router_each_variable(call->path, check_variable, &check);
	call->media = config_text(node, "as");
	if (call->media.n && slice_find(call->media, '/') == call->media.n)
		mistake_add(loading->mistakes, config_get(node, "as"),
		        "\"%s\" is no media type; say application/json or another", call->media.p);
	load_with(loading, config_get(node, "with"));
	load_encode(loading, node);
	call->rpc = config_text(node, "rpc");
	call->message = config_text(node, "message");
	call->reply = config_text(node, "reply");
}

static void check_device_variable(void *arg, slice name)
{
	const struct variable_check *check = arg;
	if (!path_has_variable(check->loading, name))
		mistake_add(check->loading->mistakes, check->path,
		        "this backend names its devices by {%.*s}, which the endpoint's path has "
		        "not",
		        SLICE_ARG(name));
}

/* How the endpoint's calls name their device. */
static void load_device(struct loading *loading, const struct config *to)
{
	struct endpoint *endpoint = &loading->setup->endpoint;
	const struct backend_setup *setup = loading->setup->to;
	if (!setup->backend || !setup->backend->ops->calls_devices)
		return;
	if (setup->device.n)
		endpoint->device = setup->device;
	else if (path_has_variable(loading, SLICE("device")))
		endpoint->device = SLICE("{device}");
	struct variable_check check = { loading, to };
	router_each_variable(endpoint->device, check_device_variable, &check);
}

/* What the gateway can do by itself, with nobody behind it. */
static void check_without_backend(struct loading *loading)
{
	const struct config *call = config_get(loading->node, "call");
	const unsigned served = 1u << METHOD_GET | 1u << METHOD_HEAD | 1u << METHOD_POST |
	                        1u << METHOD_PUT | 1u << METHOD_DELETE;
	if (!loading->setup->endpoint.keep_last)
		mistake_add(loading->mistakes, loading->node, "the key to is missing: the backend");
	else if (loading->setup->endpoint.methods & ~served)
		mistake_add(loading->mistakes, config_get(loading->node, "methods"),
		        "without a backend (to), a value that is kept takes GET, HEAD, POST, PUT "
		        "and DELETE");
	if (call)
		mistake_add(loading->mistakes, call, "there is no backend (to) to call");
}

static void load_backend(struct loading *loading)
{
	const struct config *to = config_get(loading->node, "to");
	if (!to) {
		check_without_backend(loading);
		return;
	}
	const struct backend_setup *setup = configuration_backend(loading->configuration, to->text);
	if (!setup) {
		mistake_add(loading->mistakes, to, "no backend of this name under backends:");
		return;
	}
	loading->setup->to = setup;
	struct backend *backend = setup->backend;
	struct error error = { 0 };
	load_device(loading, to);
	if (backend && backend->ops->bind &&
	        !backend->ops->bind(
	                backend, &loading->setup->endpoint, &loading->setup->bound, &error)) {
		const struct config *call = config_get(loading->node, "call");
		mistake_add_error(loading->mistakes, call ? call : to, &error);
	}
}

static void load_keep(struct loading *loading)
{
	struct endpoint *endpoint = &loading->setup->endpoint;
	const struct configuration *configuration = loading->configuration;
	const struct config *keep = config_get(loading->node, "keep");
	endpoint->keep_last = keep != NULL;
	endpoint->observe = config_switch(loading->node, "observe");
	if (keep && endpoint->methods & 1u << METHOD_PATCH)
		mistake_add(loading->mistakes, config_get(loading->node, "methods"),
		        "a PATCH says what changes and not what the value is; give it an endpoint "
		        "of its own, without keep");
	if (keep && !configuration->state)
		mistake_add(loading->mistakes, keep,
		        "values are kept on disk too: say where, in gateway.state");
	if (keep && configuration->values_max_bytes / 2 < endpoint->body_max_bytes)
		mistake_add(loading->mistakes, keep,
		        "gateway.limits.values_memory has no room for two bodies as large as this "
		        "endpoint takes");
}

/* Which device, and what there, is known without a request only when the path has no variables. */
static void check_observe(struct loading *loading)
{
	const struct endpoint_setup *setup = loading->setup;
	const struct config *observe = config_get(loading->node, "observe");
	if (!setup->endpoint.observe)
		return;
	const struct backend *backend = setup->to ? setup->to->backend : NULL;
	if (!setup->endpoint.keep_last)
		mistake_add(
		        loading->mistakes, observe, "what is heard has to be kept: say keep: last");
	if (slice_find(setup->endpoint.path, '{') < setup->endpoint.path.n ||
	        slice_find(setup->endpoint.path, '*') < setup->endpoint.path.n)
		mistake_add(loading->mistakes, observe,
		        "only a path without variables can be observed");
	if (!setup->to || (backend && !backend->ops->start))
		mistake_add(loading->mistakes, observe, "this needs a backend that can observe");
}

static void load_accepts(struct loading *loading)
{
	const struct config *list = config_get(loading->node, "accept");
	if (!list)
		return;
	slice *accepts = arena_alloc(&loading->configuration->arena, list->count * sizeof *accepts);
	CONFIG_EACH (list, media) {
		if (accepts)
			accepts[loading->setup->naccepts++] = media->text;
	}
	loading->setup->accepts = accepts;
}

/* A message that names its operation is a POST, and fills the path's variables with its members. */
static void check_operation(struct loading *loading)
{
	const struct endpoint *endpoint = &loading->setup->endpoint;
	const struct config *operation = config_get(loading->node, "operation");
	if (operation && !(endpoint->methods & 1u << METHOD_POST))
		mistake_add(loading->mistakes, operation,
		        "an operation comes as a POST, which is not among the methods; what the "
		        "backend gets is call.method");
	if (operation && slice_find(endpoint->path, '*') < endpoint->path.n)
		mistake_add(loading->mistakes, operation,
		        "an operation has no members for the * of the path");
}

static void check_name(struct loading *loading)
{
	const struct configuration *configuration = loading->configuration;
	for (unsigned i = 0; i + 1 < configuration->nendpoints; i++) {
		if (slice_equal(configuration->endpoints[i].endpoint.name,
		            loading->setup->endpoint.name))
			mistake_add(loading->mistakes, config_get(loading->node, "name"),
			        "a second endpoint of this name");
	}
}

static void add_route(struct loading *loading)
{
	struct endpoint *endpoint = &loading->setup->endpoint;
	const struct config *path = config_get(loading->node, "path");
	const char *why;
	const struct endpoint *other;
	if (!router_pattern_valid(endpoint->path, &why))
		mistake_add(loading->mistakes, path, "%s", why);
	else if (!router_add(loading->configuration->router, endpoint, &other))
		mistake_add(loading->mistakes, path,
		        "the endpoint %s claims the same path and method",
		        other ? other->name.p : "(out of memory)");
}

static void load_endpoint(struct loading *loading)
{
	struct config *node = (struct config *)(uintptr_t)loading->node;
	if (!config_check(node, NULL, settings_endpoint, loading->mistakes))
		return;
	struct endpoint *endpoint = &loading->setup->endpoint;
	endpoint->name = config_text(node, "name");
	endpoint->path = config_text(node, "path");
	endpoint->resource_type =
	        config_text(node, config_get(node, "resource_type") ? "resource_type" : "name");
	endpoint->operation = config_text(node, "operation");
	endpoint->media = config_text(node, "media");
	endpoint->body_max_bytes = config_get(node, "body")
	                                   ? config_size(node, "body")
	                                   : loading->configuration->limits.body_max_bytes;
	if (endpoint->body_max_bytes > loading->configuration->limits.body_max_bytes)
		mistake_add(loading->mistakes, config_get(node, "body"),
		        "above gateway.limits.body, which every listener keeps to");
	load_protocols(loading);
	load_methods(loading);
	endpoint_load_auth(loading);
	warn_unreached(loading);
	endpoint_load_roles(loading);
	load_subject(loading);
	load_accepts(loading);
	load_keep(loading);
	load_request(loading);
	load_call(loading);
	load_backend(loading);
	check_encode(loading);
	check_observe(loading);
	check_name(loading);
	check_operation(loading);
	add_route(loading);
}

const struct endpoint_setup *configuration_endpoint(
        const struct configuration *configuration, slice name)
{
	for (unsigned i = 0; i < configuration->nendpoints; i++) {
		if (slice_equal(configuration->endpoints[i].endpoint.name, name))
			return &configuration->endpoints[i];
	}
	return NULL;
}

void configuration_load_endpoints(struct configuration *configuration, struct mistakes *mistakes)
{
	const struct config *list = config_get(configuration->root, "endpoints");
	if (!list)
		return;
	if (list->kind != CONFIG_LIST) {
		mistake_add(mistakes, list, "must be a list of endpoints");
		return;
	}
	configuration->router = router_create(&configuration->arena);
	configuration->endpoints =
	        arena_alloc(&configuration->arena, list->count * sizeof *configuration->endpoints);
	if (!configuration->router || !configuration->endpoints) {
		mistake_add(mistakes, list, "too many endpoints for the memory there is");
		return;
	}
	CONFIG_EACH (list, node) {
		struct loading loading = { configuration,
			&configuration->endpoints[configuration->nendpoints++], node, mistakes };
		load_endpoint(&loading);
	}
}
