/* match: which endpoint a request belongs to, and its path variables.
 *
 * Most messages are found by their path. One that names its operation (SOAP) is first looked for among the
 * endpoints with this `operation` below the path it was sent to; its path variables then come out of the
 * message's own members, so that a partner needs one address for a whole service. */
#include "core/internal.h"

#include "base/uri.h"

#include "codec/value.h"
#include "core/router.h"

struct filling {
	struct request *request;
	struct value *content; /* the members that are left */
	bool wrong;
};

/* A copy of the map without one member; the members themselves are shared. */
static struct value *without(struct arena *arena, const struct value *map, slice key)
{
	struct value *copy = value_map(arena);
	for (const struct value *at = map->as.members.first; copy && at; at = at->next) {
		if (slice_equal(at->key, key))
			continue;
		struct value *member = arena_alloc_raw(arena, sizeof *member);
		if (!member)
			return NULL;
		*member = *at;
		member->next = NULL;
		if (!value_set_new(copy, at->key, member))
			return NULL;
	}
	return copy;
}

static void fill_variable(void *arg, slice name)
{
	struct filling *filling = arg;
	struct request *request = filling->request;
	const struct value *member = value_get(filling->content, name);
	slice plain = member ? value_to_text(&request->arena, member) : (slice){ NULL, 0 };
	struct text segment;
	text_init(&segment, &request->arena, plain.n + 8);
	uri_segment_add(&segment, plain);
	slice encoded = text_slice(&segment);
	struct value *rest = member ? without(&request->arena, filling->content, name) : NULL;
	if (filling->wrong || !plain.n || !uri_segment_allowed(plain) || !encoded.p || !rest) {
		filling->wrong = true;
		request_refuse(request, STATUS_MALFORMED,
		        "the operation needs a text or number named %.*s", SLICE_ARG(name));
		return;
	}
	filling->content = rest;
	request->variables[request->nvariables++] =
	        (struct variable){ name, slice_from(encoded, 1) };
}

static enum verdict match_operation(struct request *request, const struct endpoint *endpoint)
{
	request->endpoint = endpoint;
	struct filling filling = { .request = request };
	/* `in` stays as received; the chain of members is read only until it is copied. */
	filling.content = (struct value *)(uintptr_t)request->in.value;
	router_each_variable(endpoint->path, fill_variable, &filling);
	if (filling.wrong)
		return REPLY;
	request->content = filling.content;
	slice missing;
	request->resource = router_expand(
	        &request->arena, endpoint->path, request->variables, request->nvariables, &missing);
	if (!request->resource.p) {
		request_refuse(request, STATUS_TOO_LARGE, "no memory left for this request");
		return REPLY;
	}
	return NEXT;
}

/* The file's, or where the listener leads. */
static const struct router *router_of(const struct request *request)
{
	const struct configuration *configuration = request->configuration;
	const struct adapter *adapter = request->adapter;
	if (!adapter->ops->serves)
		return configuration->router;
	const struct listener_setup *setup =
	        adapter->ops->built_in
	                ? &configuration->control
	                : configuration_listener(configuration, slice_of(adapter->label));
	/* After a reload that took the listener away nothing is left for it. */
	return setup && setup->service ? setup->service->router : NULL;
}

static void refuse_method(struct request *request, unsigned allowed)
{
	request->methods_allowed = allowed;
	request_refuse(request, STATUS_METHOD_NOT_ALLOWED, "%s is not served at %.*s",
	        method_name(request->in.method), SLICE_ARG(request->in.path));
}

static enum verdict enter(struct core *core, struct request *request)
{
	(void)core;
	const struct message *in = &request->in;
	if (in->method == METHOD_CONNECT || in->method == METHOD_SUBSCRIBE)
		return NEXT;
	const struct router *router = router_of(request);
	if (router && in->operation.n) {
		const struct endpoint *endpoint =
		        router_find_operation(router, request->protocol, in->path, in->operation);
		if (endpoint)
			return match_operation(request, endpoint);
	}
	struct route_match match = { 0 };
	if (router)
		router_find(router, request->protocol, in->method, in->path, &match);
	if (match.endpoint) {
		request->endpoint = match.endpoint;
		request->resource = in->path;
		request->nvariables = match.nvariables;
		memcpy(request->variables, match.variables,
		        match.nvariables * sizeof *match.variables);
		return NEXT;
	}
	bool asks = in->method == METHOD_GET || in->method == METHOD_HEAD;
	bool discovers = !request->adapter->ops->serves && discover_is_path(in->path) &&
	                 !match.methods_allowed;
	if (discovers && asks)
		return NEXT;
	if (discovers)
		refuse_method(request, 1u << METHOD_GET | 1u << METHOD_HEAD);
	else if (match.methods_allowed)
		refuse_method(request, match.methods_allowed);
	else if (in->operation.n)
		request_refuse(request, STATUS_NOT_FOUND,
		        "no endpoint at %.*s serves the operation %.*s", SLICE_ARG(in->path),
		        SLICE_ARG(in->operation));
	else
		request_refuse(
		        request, STATUS_NOT_FOUND, "no endpoint at %.*s", SLICE_ARG(in->path));
	return REPLY;
}

const struct stage stage_match = { .name = "match", .enter = enter };
