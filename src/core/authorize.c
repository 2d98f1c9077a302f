/* authorize: may this caller do this? One of the caller's roles must be among the endpoint's (when it names any)
 * and allow the method on the path. An endpoint that asks nobody who they are and names no role is open. */
#include "core/internal.h"

bool authorize_takes(const struct endpoint_setup *endpoint, const struct role *role)
{
	if (!endpoint->nroles)
		return true;
	for (unsigned i = 0; i < endpoint->nroles; i++) {
		if (endpoint->roles[i] == role)
			return true;
	}
	return false;
}

bool authorize_allows(const struct endpoint_setup *endpoint, const struct identity *who,
        enum method method, slice path)
{
	if (endpoint->anonymous && !endpoint->nroles)
		return true;
	for (unsigned i = 0; i < who->nroles; i++) {
		if (authorize_takes(endpoint, who->roles[i]) &&
		        role_allows(who->roles[i], method, path, who->id))
			return true;
	}
	return false;
}

bool authorize_allows_some(
        const struct endpoint_setup *endpoint, const struct identity *who, slice filter)
{
	if (endpoint->anonymous && !endpoint->nroles)
		return true;
	for (unsigned i = 0; i < who->nroles; i++) {
		if (authorize_takes(endpoint, who->roles[i]) &&
		        role_may_follow(who->roles[i], endpoint->endpoint.path, filter, who->id))
			return true;
	}
	return false;
}

static enum verdict enter(struct core *core, struct request *request)
{
	if (request->in.method == METHOD_SUBSCRIBE)
		return follow_subscribe(core, request);
	postbox_heard(core->postbox, request->who->id);
	if (!request->endpoint && request->in.method != METHOD_CONNECT)
		return discover_answer(core, request);
	if (!request->endpoint) {
		request->status = STATUS_OK; /* the session is open; nothing is delivered */
		return REPLY;
	}
	const struct endpoint_setup *endpoint = endpoint_setup(request->endpoint);
	const struct identity *who = request->who;
	if (authorize_allows(endpoint, who, request->in.method, request->resource))
		return NEXT;
	if (who->id.n)
		request_refuse(request, STATUS_FORBIDDEN, "%.*s may not %s %.*s",
		        SLICE_ARG(who->id), method_name(request->in.method),
		        SLICE_ARG(request->resource));
	else
		request_refuse(request, STATUS_UNAUTHENTICATED,
		        "this endpoint is for callers with a role; say who you are");
	return REPLY;
}

const struct stage stage_authorize = { .name = "authorize", .enter = enter };
