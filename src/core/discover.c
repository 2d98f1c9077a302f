/* GET /.well-known/core (RFC 6690, RFC 7252 section 7): links to what this very caller may use, over the protocol by which
 * it asks. The gateway answers it itself, in the place of an endpoint; an endpoint of that path comes first.
 *
 * An endpoint is listed when the way in which the caller was recognised is among its own and the caller may use one of its
 * methods. A link needs a path: variables stand for the caller's own id where a rule says {self}, and for those that it
 * may act for by their names, or for what the rule says literally. What stays open is listed by the values that
 * there are (keep: last), else left out: no request would be in vain, but which ones make sense is not known here.
 *
 * Bounds: LINKS_MAX links, VALUES_MAX values that are looked at. */
#include "core/internal.h"

#include "api/codec.h"

#include "base/media.h"
#include "base/text.h"
#include "base/uri.h"

#include "codec/content_format.h"
#include "core/link.h"
#include "core/router.h"
#include "core/values.h"

enum { LINKS_MAX = 512, VALUES_MAX = 4096 };

static const slice link_format = SLICE_INIT("application/link-format");

struct discovery {
	struct core *core;
	struct request *request;
	struct link *links;
	unsigned n;
};

bool discover_is_path(slice path)
{
	return slice_is(path, "/.well-known/core");
}

static bool serves_protocol(const struct endpoint *endpoint, const char *protocol)
{
	for (unsigned i = 0; endpoint->protocols && endpoint->protocols[i]; i++) {
		if (strcmp(endpoint->protocols[i], protocol) == 0)
			return true;
	}
	return !endpoint->protocols;
}

/* Would it recognise the caller as the one that it is? */
static bool takes_caller(const struct endpoint_setup *setup, const struct request *request)
{
	for (unsigned i = 0; i < setup->nauth; i++) {
		if (setup->auth[i] == request->recognised_by)
			return true;
	}
	return setup->anonymous;
}

static void add_format(struct text *text, slice media)
{
	int number = content_format_number(media);
	if (number < 0)
		return;
	if (text->n)
		text_char(text, ' ');
	text_unsigned(text, (uint64_t)number);
}

/* What it takes and answers in, as far as CoAP has numbers for it. */
static slice formats_of(struct arena *arena, const struct endpoint_setup *setup)
{
	struct text text;
	text_init(&text, arena, 32);
	for (unsigned i = 0; i < setup->naccepts; i++)
		add_format(&text, setup->accepts[i]);
	for (unsigned i = 0; !setup->naccepts && codec_all[i]; i++)
		add_format(&text, slice_of(codec_all[i]->media));
	return text_slice(&text);
}

static bool is_listed(const struct discovery *discovery, slice path)
{
	for (unsigned i = 0; i < discovery->n; i++) {
		if (slice_equal(discovery->links[i].href, path))
			return true;
	}
	return false;
}

static void list(struct discovery *discovery, const struct endpoint_setup *setup, slice path)
{
	const struct endpoint *endpoint = &setup->endpoint;
	if (discovery->n == LINKS_MAX || is_listed(discovery, path))
		return;
	discovery->links[discovery->n++] = (struct link){
		.href = path,
		.resource_types = endpoint->resource_type,
		.formats = formats_of(&discovery->request->arena, setup),
		.observable = endpoint->keep_last,
	};
}

/* Is one of the methods the caller's on this path, all rules considered? */
static bool may_use(const struct discovery *discovery, const struct endpoint_setup *setup,
        unsigned methods, slice path)
{
	for (unsigned method = 0; method < METHOD_COUNT; method++) {
		if ((methods & 1u << method) &&
		        authorize_allows(setup, discovery->request->who, (enum method)method, path))
			return true;
	}
	return false;
}

static void list_by_rule(struct discovery *discovery, const struct endpoint_setup *setup,
        const struct role_rule *rule, slice self)
{
	unsigned methods = rule->methods & setup->endpoint.methods;
	slice path;
	if (methods &&
	        link_path(&discovery->request->arena, setup->endpoint.path, rule->pattern, self,
	                &path) &&
	        may_use(discovery, setup, methods, path))
		list(discovery, setup, path);
}

/* Those that it may act for are listed where they are named. */
static void list_by_rules(
        struct discovery *discovery, const struct endpoint_setup *setup, const struct role *role)
{
	const struct identity *who = discovery->request->who;
	for (unsigned i = 0; i < role->nallow; i++) {
		list_by_rule(discovery, setup, &role->allow[i], who->id);
		for (unsigned k = 0; k < who->nacts_for; k++) {
			slice name = who->acts_for[k];
			if (name.p[name.n - 1] != '*')
				list_by_rule(discovery, setup, &role->allow[i], name);
		}
	}
}

static void list_endpoint(struct discovery *discovery, const struct endpoint_setup *setup)
{
	struct request *request = discovery->request;
	const struct identity *who = request->who;
	slice path;
	if (!serves_protocol(&setup->endpoint, request->protocol) || !takes_caller(setup, request))
		return;
	if (setup->anonymous && !setup->nroles) {
		if (link_path(&request->arena, setup->endpoint.path, setup->endpoint.path,
		            (slice){ NULL, 0 }, &path) &&
		        may_use(discovery, setup, setup->endpoint.methods, path))
			list(discovery, setup, path);
		return;
	}
	for (unsigned i = 0; i < who->nroles; i++) {
		if (authorize_takes(setup, who->roles[i]))
			list_by_rules(discovery, setup, who->roles[i]);
	}
	if (who->own)
		list_by_rules(discovery, setup, who->own);
}

/* Values that this caller might GET: their paths are known whatever the patterns leave open. */
static void list_values(struct discovery *discovery)
{
	struct request *request = discovery->request;
	const struct values *values = discovery->core->values;
	const struct kept_value *value = values_after(values, 0);
	for (unsigned looked = 0; value && looked < VALUES_MAX && discovery->n < LINKS_MAX;
	        looked++) {
		struct route_match match;
		router_find(request->configuration->router, request->protocol, METHOD_GET,
		        value->path, &match);
		const struct endpoint_setup *setup =
		        match.endpoint ? endpoint_setup(match.endpoint) : NULL;
		slice path = { NULL, 0 };
		if (setup && match.endpoint->keep_last && takes_caller(setup, request) &&
		        authorize_allows(setup, request->who, METHOD_GET, value->path))
			path = arena_copy_slice(&request->arena, value->path);
		if (path.p)
			list(discovery, setup, path);
		value = values_after(values, value->version);
	}
}

/* Each part of the query is a filter that a link has to pass. */
static bool is_wanted(struct request *request, const struct link *link)
{
	slice query = request->in.query;
	while (query.n) {
		slice value = slice_cut(&query, '&');
		slice name = slice_cut(&value, '=');
		slice plain = value.n ? uri_decode(&request->arena, value) : value;
		if (name.n && !link_has(link, name, plain))
			return false;
	}
	return true;
}

enum verdict discover_answer(struct core *core, struct request *request)
{
	const struct configuration *configuration = request->configuration;
	struct discovery discovery = { core, request, NULL, 0 };
	struct text text;
	if (!media_quality(request->accept, link_format)) {
		request_refuse(request, STATUS_NOT_ACCEPTABLE, "this is %.*s only",
		        SLICE_ARG(link_format));
		return REPLY;
	}
	discovery.links = arena_alloc(&request->arena, LINKS_MAX * sizeof *discovery.links);
	for (unsigned i = 0; discovery.links && i < configuration->nendpoints; i++)
		list_endpoint(&discovery, &configuration->endpoints[i]);
	if (discovery.links)
		list_values(&discovery);
	text_init(&text, &request->arena, 256);
	for (unsigned i = 0; i < discovery.n; i++) {
		if (is_wanted(request, &discovery.links[i]))
			link_write(&text, &discovery.links[i]);
	}
	request->status = STATUS_OK;
	request->out.media = link_format;
	request->out.body = text.n ? text_slice(&text) : (slice){ NULL, 0 };
	if (!discovery.links || text.failed)
		request_refuse(request, STATUS_TOO_LARGE, "no memory left for this request");
	return REPLY;
}
