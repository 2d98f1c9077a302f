/* One call: who asks.
 *
 * Whether a secret, a certificate or an assertion is believed is not decided here: a request of the issuer's own takes the
 * way of a session that opens (METHOD_CONNECT) through the core, restricted to the ways to authenticate that the
 * configuration names for this. So it is counted, throttled, logged and audited like any other. */
#include "issuer/issuer.h"

static void come_home(struct adapter *adapter, struct request *request)
{
	(void)adapter;
	struct issuer_call *call = request->ticket;
	call->asking = 0;
	call->recognised(call, request);
	request_free(request);
}

const struct adapter_ops call_asker_ops = { .name = "issuer", .reply = come_home };

static bool copy(struct request *request, const struct credential *from)
{
	struct credential *to = ARENA_NEW(&request->arena, struct credential);
	if (!to)
		return false;
	to->kind = from->kind;
	to->name = arena_copy_slice(&request->arena, from->name);
	to->secret = arena_copy_slice(&request->arena, from->secret);
	to->next = request->credentials;
	request->credentials = to;
	return to->name.p && to->secret.p;
}

static bool copy_all(struct request *request, const struct credential *from)
{
	/* Each goes before the one that came before: the last first keeps the order. */
	return !from || (copy_all(request, from->next) && copy(request, from));
}

void call_recognise(struct issuer_call *call, const struct names *ways,
        const struct credential *credential,
        void (*then)(struct issuer_call *, const struct request *))
{
	const struct request *caller = call->exchange->request;
	struct request *request = request_new(&call->issuer->asker);
	bool copied = request && (credential ? copy(request, credential)
	                                     : copy_all(request, caller->credentials));
	if (!copied) {
		request_free(request);
		answer_error(call, ISSUER_UNAVAILABLE, "no memory left for this request");
		return;
	}
	request->protocol = caller->protocol;
	request->peer = arena_copy_slice(&request->arena, caller->peer);
	request->in.method = METHOD_CONNECT;
	request->in.path = SLICE("/");
	request->ways = ways->at;
	request->nways = ways->n;
	request->ticket = call;
	call->asking = request->id;
	call->recognised = then;
	request_submit(request);
}

/* RFC 6749 section 2.3: a client proves itself in one way only. */
static bool has_header(const struct request *request)
{
	for (const struct credential *at = request->credentials; at; at = at->next) {
		if (at->kind == CREDENTIAL_BASIC || at->kind == CREDENTIAL_BEARER)
			return true;
	}
	return false;
}

void call_identify(
        struct issuer_call *call, void (*then)(struct issuer_call *, const struct request *))
{
	const struct request *caller = call->exchange->request;
	slice id = parameters_get(&call->parameters, "client_id");
	slice secret = parameters_get(&call->parameters, "client_secret");
	const struct credential in_body = {
		.kind = CREDENTIAL_BASIC, .name = id, .secret = secret
	};
	if (caller->who && caller->who->id.n)
		then(call, caller); /* the endpoint has asked already */
	else if (!call->issuer->clients.n)
		answer_error(call, ISSUER_INVALID_CLIENT,
		        "nothing is configured by which a client "
		        "could prove itself here");
	else if (secret.n && has_header(caller))
		answer_error(call, ISSUER_INVALID_REQUEST, "the client proves itself twice");
	else
		call_recognise(call, &call->issuer->clients, secret.n ? &in_body : NULL, then);
}

static void change_is_written(struct clients_change *change)
{
	struct issuer_call *call = LIST_OWNER(change, struct issuer_call, change);
	call->written(call);
}

void call_begin_change(struct issuer_call *call, slice who, void (*then)(struct issuer_call *))
{
	clients_begin(call->issuer->base.core, &call->change);
	call->change.done = change_is_written;
	call->change.who = who;
	call->written = then;
}
