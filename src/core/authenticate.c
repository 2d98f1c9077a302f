/* authenticate: who is calling. The endpoint's ways are tried in the order of its list; the first that is
 * offered a credential decides. A session that opens (METHOD_CONNECT) has no endpoint yet: every way of the
 * configuration may recognise it, and one that offers nothing to recognise stays anonymous until it asks for
 * something. A subscription (METHOD_SUBSCRIBE) has many endpoints: the ways of those may recognise it. */
#include "core/internal.h"

#include "base/text.h"

static enum verdict check(
        struct request *request, struct authenticator *authenticator, bool *applies)
{
	for (const struct credential *at = request->credentials; at; at = at->next) {
		if (!authenticator->ops->offers(authenticator, at))
			continue;
		*applies = true;
		request->recognised_by = authenticator;
		enum verdict verdict = authenticator->ops->check(authenticator, request, at);
		if (verdict == REPLY && request->status == STATUS_NONE)
			request_refuse(request, STATUS_UNAUTHENTICATED,
			        "the credential is not accepted (%s)", authenticator->label);
		return verdict;
	}
	*applies = false;
	return NEXT;
}

static void refuse_without_credential(
        struct request *request, const struct endpoint_setup *endpoint)
{
	struct text ways;
	text_init(&ways, &request->arena, 64);
	for (unsigned i = 0; i < endpoint->nauth; i++) {
		if (i)
			text_literal(&ways, ", ");
		text_slice_add(&ways, slice_of(endpoint->auth[i]->label));
	}
	request_refuse(request, STATUS_UNAUTHENTICATED,
	        "this endpoint asks who is calling; it takes: %.*s", SLICE_ARG(text_slice(&ways)));
}

static enum verdict open_session(struct request *request)
{
	const struct configuration *configuration = request->configuration;
	request->who = identity_anonymous();
	for (unsigned i = 0; i < configuration->nauthenticators; i++) {
		struct authenticator *authenticator =
		        configuration->authenticators[i].authenticator;
		bool applies;
		if (request->in.method == METHOD_SUBSCRIBE &&
		        !follow_concerns(request, authenticator))
			continue;
		enum verdict verdict = check(request, authenticator, &applies);
		if (applies)
			return verdict;
	}
	return NEXT;
}

static enum verdict enter(struct core *core, struct request *request)
{
	(void)core;
	if (!request->endpoint)
		return open_session(request);
	const struct endpoint_setup *endpoint = endpoint_setup(request->endpoint);
	for (unsigned i = 0; i < endpoint->nauth; i++) {
		bool applies;
		enum verdict verdict = check(request, endpoint->auth[i], &applies);
		if (applies)
			return verdict;
	}
	if (endpoint->anonymous) {
		request->who = identity_anonymous();
		return NEXT;
	}
	refuse_without_credential(request, endpoint);
	return REPLY;
}

bool adapter_psk(struct adapter *adapter, slice identity, slice *key)
{
	const struct configuration *configuration = adapter->core->current;
	for (unsigned i = 0; i < configuration->nauthenticators; i++) {
		const struct authenticator *at = configuration->authenticators[i].authenticator;
		if (at->ops->secret_of && at->ops->secret_of(at, identity, key))
			return true;
	}
	return false;
}

static void cancel(struct core *core, struct request *request)
{
	/* An authenticator that waits has a deadline of its own; there is nothing to hurry. */
	(void)core;
	(void)request;
}

void auth_done(struct request *request, enum verdict verdict)
{
	if (verdict == REPLY && request->status == STATUS_NONE)
		request_refuse(request, STATUS_UNAUTHENTICATED,
		        "the credential is not accepted (%s)", request->recognised_by->label);
	pipeline_resume(request, verdict);
}

const struct stage stage_authenticate = {
	.name = "authenticate", .enter = enter, .cancel = cancel
};
