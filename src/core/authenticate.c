/* authenticate: who is calling. The endpoint's ways are tried in the order of its list; the first credential that one
 * of them takes decides. Where several ways take that very credential (a password may be a password, a token or an API
 * key) they are asked in turn until one believes it.
 *
 * A session that opens (METHOD_CONNECT) has no endpoint yet: every way of the configuration may recognise it, and one
 * that offers nothing to recognise stays anonymous until it asks for something. A subscription (METHOD_SUBSCRIBE) has
 * many endpoints: the ways of those may recognise it.
 *
 * Here is also the one place where guessing is slowed down (throttle.h), whatever the way. */
#include "core/internal.h"

#include "api/audit.h"
#include "base/text.h"

/* How far it is, for one that waits. */
struct asking {
	unsigned next;                    /* the way that is asked next */
	const struct credential *decides; /* NULL: no way has taken one yet */
	bool counted;                     /* throttle_end() is to follow */
	struct attempt attempt;
};

static unsigned count_ways(const struct request *request)
{
	return request->endpoint ? endpoint_setup(request->endpoint)->nauth
	                         : request->configuration->nauthenticators;
}

static bool may_recognise(const struct request *request, const char *name)
{
	for (unsigned i = 0; i < request->nways; i++) {
		if (slice_is(request->ways[i], name))
			return true;
	}
	return !request->nways;
}

/* NULL: not for what this request asks. */
static struct authenticator *way(const struct request *request, unsigned i)
{
	if (request->endpoint)
		return endpoint_setup(request->endpoint)->auth[i];
	struct authenticator *at = request->configuration->authenticators[i].authenticator;
	if (request->in.method == METHOD_SUBSCRIBE && !follow_concerns(request, at))
		return NULL;
	return may_recognise(request, at->label) ? at : NULL;
}

/* The credential that this way takes; once one decides, that or none. */
static const struct credential *taken(const struct request *request,
        const struct authenticator *authenticator, const struct credential *decides)
{
	const struct credential *at = decides ? decides : request->credentials;
	for (; at; at = decides ? NULL : at->next) {
		if (authenticator->ops->offers(authenticator, at))
			return at;
	}
	return NULL;
}

static void refuse_without_credential(struct request *request)
{
	struct text ways;
	text_init(&ways, &request->arena, 64);
	for (unsigned i = 0; i < count_ways(request); i++) {
		if (i)
			text_literal(&ways, ", ");
		text_slice_add(&ways, slice_of(way(request, i)->label));
	}
	request_refuse(request, STATUS_UNAUTHENTICATED,
	        "this endpoint asks who is calling; it takes: %.*s", SLICE_ARG(text_slice(&ways)));
}

/* No way has taken any of its credentials. */
static enum verdict stay_anonymous(struct request *request)
{
	if (request->endpoint && !endpoint_setup(request->endpoint)->anonymous) {
		refuse_without_credential(request);
		return REPLY;
	}
	request->who = identity_anonymous();
	return NEXT;
}

/* ---- Guessing */

static bool can_be_guessed(const struct credential *credential)
{
	switch (credential->kind) {
	case CREDENTIAL_BEARER:
	case CREDENTIAL_BASIC:
	case CREDENTIAL_API_KEY:
	case CREDENTIAL_USERNAME_TOKEN:
	case CREDENTIAL_PASSWORD_DIGEST:
	case CREDENTIAL_LOGIN:
		return credential->secret.n > 0;
	case CREDENTIAL_NONE:
	case CREDENTIAL_CERTIFICATE:
	case CREDENTIAL_PSK:
	case CREDENTIAL_ADDRESS:
	case CREDENTIAL_LINE:
	case CREDENTIAL_BROKER:
		break;
	}
	return false;
}

/* false: refused, before anybody has looked at it. */
static bool may_try(struct request *request, struct asking *asking)
{
	struct core *core = request->adapter->core;
	const struct credential *credential = asking->decides;
	const slice none = { NULL, 0 };
	uint64_t wait_ms;
	bool news;
	if (!can_be_guessed(credential))
		return true;
	/* The name that an API key has is that of the field that it came in. */
	attempt_init(&asking->attempt, request_peer_address(request), request->peer,
	        credential->kind == CREDENTIAL_API_KEY ? none : credential->name,
	        credential->secret);
	asking->counted = throttle_begin(core->throttle, &request->configuration->guessing,
	        &asking->attempt, loop_now_ms(core->loop), &wait_ms, &news);
	if (asking->counted)
		return true;
	core->throttled++;
	request_refuse(request, STATUS_TOO_MANY,
	        "too many wrong attempts to log in; the next one may come in %u s",
	        (unsigned)((wait_ms + 999) / 1000));
	request->retry_after_ms = wait_ms;
	if (news)
		audit_request(request, AUDIT_REFUSAL, "login.throttled", none);
	return false;
}

static void settle(struct request *request, struct asking *asking, enum verdict verdict)
{
	struct core *core = request->adapter->core;
	enum attempt_end end = ATTEMPT_RIGHT;
	if (verdict == WAIT || !asking->counted)
		return;
	if (verdict == REPLY)
		end = request->status == STATUS_UNAUTHENTICATED ? ATTEMPT_WRONG : ATTEMPT_UNDECIDED;
	asking->counted = false;
	throttle_end(core->throttle, &request->configuration->guessing, &asking->attempt, end,
	        loop_now_ms(core->loop));
}

/* ---- The ways, one after the other */

static enum verdict ask_in_turn(struct request *request, struct asking *asking)
{
	/* What the last one that did not believe it said is said. */
	slice why = request->why;
	while (asking->next < count_ways(request)) {
		struct authenticator *authenticator = way(request, asking->next++);
		const struct credential *credential =
		        authenticator ? taken(request, authenticator, asking->decides) : NULL;
		if (!credential)
			continue;
		bool first = !asking->decides;
		asking->decides = credential;
		request->recognised_by = authenticator;
		if (first && !may_try(request, asking))
			return REPLY;
		request->status = STATUS_NONE;
		request->why = (slice){ NULL, 0 };
		enum verdict verdict =
		        authenticator->ops->check(authenticator, request, credential);
		if (verdict == REPLY && request->status == STATUS_NONE)
			request_refuse(request, STATUS_UNAUTHENTICATED,
			        "the credential is not accepted (%s)", authenticator->label);
		if (verdict != REPLY || request->status != STATUS_UNAUTHENTICATED)
			return verdict;
		why = request->why;
	}
	if (!asking->decides)
		return stay_anonymous(request);
	request->status = STATUS_UNAUTHENTICATED;
	request->why = why;
	return REPLY;
}

static enum verdict ask(struct request *request, struct asking *asking)
{
	enum verdict verdict = ask_in_turn(request, asking);
	settle(request, asking, verdict);
	return verdict;
}

static enum verdict enter(struct core *core, struct request *request)
{
	(void)core;
	struct asking *asking = ARENA_NEW(&request->arena, struct asking);
	if (!asking) {
		request_refuse(request, STATUS_TOO_LARGE, "no memory left for this request");
		return REPLY;
	}
	request->slot[request->at] = asking;
	return ask(request, asking);
}

void auth_done(struct request *request, enum verdict verdict)
{
	struct asking *asking = request->slot[request->at];
	if (verdict == REPLY && request->status == STATUS_NONE)
		request_refuse(request, STATUS_UNAUTHENTICATED,
		        "the credential is not accepted (%s)", request->recognised_by->label);
	if (verdict == REPLY && request->status == STATUS_UNAUTHENTICATED)
		verdict = ask(request, asking);
	settle(request, asking, verdict);
	if (verdict != WAIT)
		pipeline_resume(request, verdict);
}

bool request_takes(const struct request *request, const struct credential *credential)
{
	for (unsigned i = 0; request->configuration && i < count_ways(request); i++) {
		const struct authenticator *authenticator = way(request, i);
		if (authenticator && authenticator->ops->offers(authenticator, credential))
			return true;
	}
	return false;
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

bool adapter_carries_secret(const struct adapter *adapter, enum carrier carrier, slice name)
{
	const struct configuration *configuration = adapter ? adapter->core->current : NULL;
	for (unsigned i = 0; configuration && i < configuration->nauthenticators; i++) {
		const struct authenticator *at = configuration->authenticators[i].authenticator;
		if (at->ops->reads && at->ops->reads(at, carrier, name))
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

const struct stage stage_authenticate = {
	.name = "authenticate", .enter = enter, .cancel = cancel
};
