/* subscribe: who may follow what.
 *
 * A subscription (METHOD_SUBSCRIBE) is granted when there is something that this caller may follow by its filter; what it
 * then hears is decided for each value as for a GET of that path at that moment: the endpoint that the GET would find must
 * keep values and take the way in which the follower was recognised, and a role must allow it. */
#include "core/following.h"

#include "base/text.h"

#include "core/pattern.h"
#include "core/router.h"

static const struct endpoint_setup *endpoint_of(
        const struct configuration *configuration, const char *protocol, slice path)
{
	if (!configuration->router)
		return NULL;
	struct route_match match;
	router_find(configuration->router, protocol, METHOD_GET, path, &match);
	return match.endpoint && match.endpoint->keep_last ? endpoint_setup(match.endpoint) : NULL;
}

static bool endpoint_takes(const struct endpoint_setup *endpoint, const struct authenticator *by)
{
	for (unsigned i = 0; i < endpoint->nauth; i++) {
		if (endpoint->auth[i] == by)
			return true;
	}
	return false;
}

bool following_may_hear(struct core *core, const struct following *following, slice path)
{
	const struct endpoint_setup *endpoint =
	        endpoint_of(core->current, following->protocol, path);
	if (!endpoint)
		return false;
	const struct identity *who = following->who;
	if (!endpoint_takes(endpoint, following->by)) {
		if (!endpoint->anonymous)
			return false;
		who = identity_anonymous();
	}
	return authorize_allows(endpoint, who, following->method, path);
}

bool follow_overlaps(const struct endpoint_setup *setup, const char *protocol, slice filter)
{
	const struct endpoint *endpoint = &setup->endpoint;
	if (!endpoint->keep_last || !(endpoint->methods & 1u << METHOD_GET) ||
	        !endpoint_serves(endpoint, protocol))
		return false;
	const struct pattern patterns[2] = { { PATTERN_ENDPOINT, endpoint->path, NULL },
		{ PATTERN_FILTER, filter, NULL } };
	return patterns_overlap(patterns, 2);
}

static bool overlaps(const struct endpoint_setup *setup, const struct request *request)
{
	return follow_overlaps(setup, request->protocol, request->in.path);
}

bool follow_concerns(const struct request *request, const struct authenticator *authenticator)
{
	const struct configuration *configuration = request->configuration;
	for (unsigned i = 0; i < configuration->nendpoints; i++) {
		const struct endpoint_setup *endpoint = &configuration->endpoints[i];
		if (endpoint_takes(endpoint, authenticator) && overlaps(endpoint, request))
			return true;
	}
	return false;
}

static bool may_follow_some(const struct endpoint_setup *endpoint, const struct request *request)
{
	const struct identity *who = request->who;
	if (!endpoint_takes(endpoint, request->recognised_by)) {
		if (!endpoint->anonymous)
			return false;
		who = identity_anonymous();
	}
	return authorize_allows_some(endpoint, who, request->in.path);
}

/* What there is to follow, for one who asked for something else. */
static slice what_there_is(const struct request *request, struct arena *arena)
{
	enum { SHOWN = 4 };
	struct text text;
	text_init(&text, arena, 128);
	const struct configuration *configuration = request->configuration;
	unsigned n = 0;
	for (unsigned i = 0; i < configuration->nendpoints; i++) {
		const struct endpoint *endpoint = &configuration->endpoints[i].endpoint;
		if (!endpoint->keep_last || !(endpoint->methods & 1u << METHOD_GET) ||
		        !endpoint_serves(endpoint, request->protocol))
			continue;
		if (n == SHOWN) {
			text_literal(&text, ", …");
			break;
		}
		text_printf(&text, "%s%.*s", n++ ? ", " : "", SLICE_ARG(endpoint->path));
	}
	return n ? text_slice(&text) : SLICE("none");
}

/* The endpoint of one path, which keeps no values; NULL: there is none, or the filter takes in many. */
static const struct endpoint *endpoint_without_values(const struct request *request)
{
	struct route_match match = { 0 };
	if (request->configuration->router && filter_is_path(request->in.path))
		router_find(request->configuration->router, request->protocol, METHOD_GET,
		        request->in.path, &match);
	return match.endpoint;
}

static enum verdict refuse(struct request *request, bool some)
{
	slice filter = request->in.path;
	const struct endpoint *other = some ? NULL : endpoint_without_values(request);
	if (other)
		request_refuse(request, STATUS_NOT_ACCEPTABLE,
		        "the endpoint %.*s keeps no values that could be followed",
		        SLICE_ARG(other->name));
	else if (!some)
		request_refuse(request, STATUS_NOT_FOUND,
		        "no endpoint that keeps values is matched by %.*s; those that are "
		        "followed: "
		        "%.*s",
		        SLICE_ARG(filter), SLICE_ARG(what_there_is(request, &request->arena)));
	else if (request->who->id.n)
		request_refuse(request, STATUS_FORBIDDEN, "%.*s may not follow %.*s",
		        SLICE_ARG(request->who->id), SLICE_ARG(filter));
	else
		request_refuse(request, STATUS_UNAUTHENTICATED, "to follow %.*s, say who you are",
		        SLICE_ARG(filter));
	return REPLY;
}

enum verdict follow_subscribe(struct core *core, struct request *request)
{
	const char *why;
	if (!filter_valid(request->in.path, &why)) {
		request_refuse(request, STATUS_MALFORMED, "%s", why);
		return REPLY;
	}
	const struct configuration *configuration = request->configuration;
	bool some = false, granted = false;
	for (unsigned i = 0; i < configuration->nendpoints && !granted; i++) {
		const struct endpoint_setup *endpoint = &configuration->endpoints[i];
		if (!overlaps(endpoint, request))
			continue;
		some = true;
		granted = may_follow_some(endpoint, request);
	}
	if (!granted)
		return refuse(request, some);
	request->status = STATUS_OK;
	if (!request->follower || request->ask_only || !request->adapter->ops->push)
		return REPLY;
	struct following *following = following_create(core, request);
	if (following)
		following->heard = request->follow_after;
	else
		request_refuse(request, STATUS_TOO_MANY,
		        "the gateway has as many subscriptions as it takes");
	return REPLY;
}
