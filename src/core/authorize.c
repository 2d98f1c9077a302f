/* authorize: may this caller do this?
 *
 * A rule that denies comes first: one in any of the caller's roles, or of the client's own, is the end of it. Then one of
 * the caller's roles, which must be among the endpoint's when it names any, has to allow the method on the path; or the
 * client's own rules do, where the endpoint names no roles or the client has one of them. An endpoint that asks nobody who
 * they are and names no role is open. docs/reference/authorization.md is the whole of it, with examples. */
#include "core/internal.h"

#include "base/uri.h"
#include "core/pattern.h"

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

/* Do the client's own rules count here? */
static bool takes_own(const struct endpoint_setup *endpoint, const struct identity *who)
{
	if (!who->own)
		return false;
	for (unsigned i = 0; i < who->nroles; i++) {
		if (authorize_takes(endpoint, who->roles[i]))
			return true;
	}
	return !endpoint->nroles;
}

static bool is_open(const struct endpoint_setup *endpoint)
{
	return endpoint->anonymous && !endpoint->nroles;
}

static const struct role_rule *denying(const struct identity *who, enum method method, slice path)
{
	const struct role_rule *rule = NULL;
	for (unsigned i = 0; i < who->ndenying && !rule; i++)
		rule = role_denying(who->denying[i], method, path, who);
	if (!rule && who->own)
		rule = role_denying(who->own, method, path, who);
	return rule;
}

static const struct role_rule *allowing(const struct endpoint_setup *endpoint,
        const struct identity *who, enum method method, slice path)
{
	const struct role_rule *rule = NULL;
	for (unsigned i = 0; i < who->nroles && !rule; i++) {
		if (authorize_takes(endpoint, who->roles[i]))
			rule = role_allowing(who->roles[i], method, path, who);
	}
	if (!rule && takes_own(endpoint, who))
		rule = role_allowing(who->own, method, path, who);
	return rule;
}

bool authorize_decide(const struct endpoint_setup *endpoint, const struct identity *who,
        enum method method, slice path, struct decision *decision)
{
	*decision = (struct decision){ .rule = denying(who, method, path),
		.status = who->id.n ? STATUS_FORBIDDEN : STATUS_UNAUTHENTICATED };
	decision->denied = decision->rule != NULL;
	if (decision->denied)
		return false;
	if (!is_open(endpoint)) {
		decision->rule = allowing(endpoint, who, method, path);
		if (!decision->rule)
			return false;
	}
	decision->of_another =
	        endpoint->subject && !role_rule_matches(endpoint->subject, path, who);
	if (decision->of_another)
		return false;
	decision->status = STATUS_OK;
	return true;
}

bool authorize_allows(const struct endpoint_setup *endpoint, const struct identity *who,
        enum method method, slice path)
{
	struct decision decision;
	return authorize_decide(endpoint, who, method, path, &decision);
}

/* ---- Subscriptions: is there a path, among those that the patterns have in common, that is not denied? It is enough to
 * know of denials that leave nothing; each value is looked at again before it is told. */

enum { PATTERNS_MAX = 3 };

struct wanted {
	const struct identity *who;
	struct pattern patterns[PATTERNS_MAX];
	unsigned n;
};

static bool denies_all(const struct role *role, const struct wanted *wanted)
{
	for (unsigned i = 0; i < role->ndeny; i++) {
		const struct pattern cover = { PATTERN_ROLE, role->deny[i].pattern, wanted->who };
		if (role_rule_has(&role->deny[i], METHOD_SUBSCRIBE) &&
		        pattern_covers(&cover, wanted->patterns, wanted->n))
			return true;
	}
	return false;
}

static bool leaves_some(const struct wanted *wanted)
{
	const struct identity *who = wanted->who;
	if (!patterns_overlap(wanted->patterns, wanted->n))
		return false;
	for (unsigned i = 0; i < who->ndenying; i++) {
		if (denies_all(who->denying[i], wanted))
			return false;
	}
	return !who->own || !denies_all(who->own, wanted);
}

static bool allows_some(const struct role *role, struct wanted *wanted)
{
	for (unsigned i = 0; i < role->nallow; i++) {
		wanted->patterns[wanted->n++] =
		        (struct pattern){ PATTERN_ROLE, role->allow[i].pattern, wanted->who };
		bool some = role_rule_has(&role->allow[i], METHOD_SUBSCRIBE) && leaves_some(wanted);
		wanted->n--;
		if (some)
			return true;
	}
	return false;
}

static struct pattern pattern_of(const struct endpoint_setup *endpoint, const struct identity *who)
{
	if (endpoint->subject)
		return (struct pattern){ PATTERN_ROLE, endpoint->subject->pattern, who };
	return (struct pattern){ PATTERN_ENDPOINT, endpoint->endpoint.path, NULL };
}

bool authorize_allows_some(
        const struct endpoint_setup *endpoint, const struct identity *who, slice filter)
{
	struct wanted wanted = { who,
		{ pattern_of(endpoint, who), { PATTERN_FILTER, filter, NULL } }, 2 };
	if (is_open(endpoint))
		return leaves_some(&wanted);
	for (unsigned i = 0; i < who->nroles; i++) {
		if (authorize_takes(endpoint, who->roles[i]) && allows_some(who->roles[i], &wanted))
			return true;
	}
	return takes_own(endpoint, who) && allows_some(who->own, &wanted);
}

/* ---- The stage */

/* Whom the path says, where that is not the caller itself. */
static bool set_on_behalf_of(struct request *request, const struct decision *decision)
{
	const struct identity *who = request->who;
	const struct role_rule *rule = endpoint_setup(request->endpoint)->subject;
	if (!who->nacts_for)
		return true;
	if (!rule)
		rule = decision->rule;
	slice segment = rule ? role_rule_self(rule, request->resource) : (slice){ NULL, 0 };
	slice plain = segment.n ? uri_decode(&request->arena, segment) : who->id;
	if (!slice_equal(plain, who->id))
		request->on_behalf_of = plain;
	return plain.p != NULL;
}

static void refuse(struct request *request, const struct decision *decision)
{
	const struct identity *who = request->who;
	if (!who->id.n)
		request_refuse(request, decision->status,
		        "this endpoint is for callers with a role; say who you are");
	else if (decision->of_another)
		request_refuse(request, decision->status, "%.*s may not speak for another, at %.*s",
		        SLICE_ARG(who->id), SLICE_ARG(request->resource));
	else
		request_refuse(request, decision->status, "%.*s may not %s %.*s",
		        SLICE_ARG(who->id), method_name(request->in.method),
		        SLICE_ARG(request->resource));
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
	struct decision decision;
	if (!authorize_decide(endpoint_setup(request->endpoint), request->who, request->in.method,
	            request->resource, &decision)) {
		refuse(request, &decision);
		return REPLY;
	}
	if (set_on_behalf_of(request, &decision))
		return NEXT;
	request_refuse(request, STATUS_TOO_LARGE, "no memory left for this request");
	return REPLY;
}

const struct stage stage_authorize = { .name = "authorize", .enter = enter };
