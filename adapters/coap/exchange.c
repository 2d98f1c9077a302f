/* From a message to a request, and back: the same for every transport. */
#include "adapters/coap/blocks.h"
#include "adapters/coap/coap.h"
#include "adapters/coap/observe.h"
#include "api/identity.h"
#include "net/stream.h"

#include <coap3/coap.h>

enum {
	CODE_CONTINUE = WIRE_CODE(2, 31),
	PEER_TEXT_BYTES = 64,
	OPTION_NO_RESPONSE = 258, /* RFC 7967 */
	OBSERVE_REGISTER = 0,
	OBSERVE_DEREGISTER = 1
};

/* No-Response has a bit for each class of answers: 2 for 2.xx, 8 for 4.xx, 16 for 5.xx. */
static unsigned char unwanted_classes(const struct wire_message *message)
{
	const struct wire_option *option = wire_find(message, OPTION_NO_RESPONSE);
	return option && option->value.n <= 1 ? (unsigned char)wire_number(option->value) : 0;
}

void coap_exchange_begin(struct coap_exchange *exchange, const struct wire_message *message)
{
	exchange->method = message->code;
	exchange->unwanted = unwanted_classes(message);
	exchange->token_bytes = (unsigned char)message->token.n;
	if (message->token.n)
		memcpy(exchange->token, message->token.p, message->token.n);
	const struct wire_option *observe = wire_find(message, COAP_OPTION_OBSERVE);
	if (!observe || observe->value.n > 3 || message->code != COAP_REQUEST_CODE_GET)
		return;
	exchange->observes = wire_number(observe->value) == OBSERVE_REGISTER;
	exchange->forgets = wire_number(observe->value) == OBSERVE_DEREGISTER;
}

/* A request with a copy of the exchange as its ticket; NULL: answered with 5.03 (or not at all). */
static struct request *open_request(struct coap_listener *listener, struct coap_exchange *exchange)
{
	struct request *request = request_new(&listener->adapter);
	struct coap_exchange *ticket =
	        request ? ARENA_NEW(&request->arena, struct coap_exchange) : NULL;
	char *peer = request ? arena_alloc(&request->arena, PEER_TEXT_BYTES) : NULL;
	if (!ticket || !peer) {
		request_free(request);
		if (exchange->reset)
			coap_reject(listener, exchange);
		else
			coap_answer_plainly(listener, exchange, WIRE_CODE(5, 3),
			        SLICE("the gateway is at its memory limit"));
		return NULL;
	}
	struct coap_session *session = exchange->peer.session;
	if (session)
		memcpy(peer, session->peer, strnlen(session->peer, PEER_TEXT_BYTES - 1));
	else
		net_address_text(&exchange->peer.address.address.any, peer, PEER_TEXT_BYTES);
	*ticket = *exchange;
	list_init(&ticket->link);
	list_init(&ticket->at_peer);
	if (session)
		list_append(&session->exchanges, &ticket->at_peer);
	request->ticket = ticket;
	request->peer = slice_of(peer);
	return request;
}

static void submit(struct coap_listener *listener, struct request *request)
{
	struct coap_exchange *exchange = request->ticket;
	bool reliable = coap_caller_is_reliable(&exchange->peer);
	if (!reliable && exchange->type == WIRE_CON && !exchange->reset)
		coap_acknowledge_later(listener, exchange);
	listener->adapter.counters.at[COUNTER_MESSAGES]++;
	request_submit(request);
}

/* The weakest: it counts only when nothing else is there. Of a datagram alone nobody knows where it comes from. */
static void add_address(struct coap_listener *listener, struct request *request)
{
	struct coap_exchange *exchange = request->ticket;
	struct credential *address = ARENA_NEW(&request->arena, struct credential);
	if (!address)
		return;
	address->kind = CREDENTIAL_ADDRESS;
	address->name = request_peer_address(request);
	exchange->address = coap_is_proven(listener, exchange) ? NULL : address;
	if (!exchange->address)
		request->credentials = address;
}

/* What the session's handshake proved; copied, for the session may end before the request. */
static void add_credentials(struct request *request, const struct coap_exchange *exchange)
{
	const struct coap_session *session = exchange->peer.session;
	const struct credential *at = session ? session->credentials : NULL;
	for (; at; at = at->next) {
		struct credential *copy = ARENA_NEW(&request->arena, struct credential);
		if (!copy)
			return;
		*copy = (struct credential){ .kind = at->kind,
			.name = arena_copy_slice(&request->arena, at->name),
			.secret = arena_copy_slice(&request->arena, at->secret),
			.next = request->credentials };
		request->credentials = copy;
	}
}

static unsigned char read_message(struct coap_listener *listener, struct request *request,
        const struct wire_message *message, slice body)
{
	struct coap_exchange *exchange = request->ticket;
	struct coap_session *session = exchange->peer.session;
	struct inbound_rules rules = {
		.token_in_query = listener->token_in_query || (session && session->secret),
	};
	add_address(listener, request);
	unsigned char code = inbound_read(request, message, body, &rules);
	add_credentials(request, exchange);
	return code;
}

/* Counted, logged and answered like any other refusal. `message`: what was asked for, for the log; or NULL. */
static void refuse(struct coap_listener *listener, struct coap_exchange *exchange,
        const struct wire_message *message, enum status status, unsigned char code, const char *why)
{
	static const slice no_body = { NULL, 0 };
	exchange->code = code;
	struct request *request = open_request(listener, exchange);
	if (!request)
		return;
	if (message)
		(void)read_message(listener, request, message, no_body);
	request_refuse(request, status, "%s", why);
	submit(listener, request);
}

void coap_refuse_malformed(
        struct coap_listener *listener, struct coap_exchange *exchange, const char *why)
{
	listener->adapter.counters.at[COUNTER_MALFORMED]++;
	exchange->reset = true;
	refuse(listener, exchange, NULL, STATUS_MALFORMED, 0, why);
}

/* One block of a body. true: *body is whole, or this is the first and the core is to be asked whether it would let
 * the rest in, before a caller sends it over a link that is paid by the byte; false: answered. */
static bool take_block(struct coap_listener *listener, struct coap_exchange *exchange,
        const struct wire_message *message, slice *body)
{
	size_t body_max_bytes = listener->limits->body_max_bytes;
	const struct wire_option *size = wire_find(message, COAP_OPTION_SIZE1);
	enum blocks_verdict verdict = BLOCKS_TOO_LARGE;
	if (!size || wire_number(size->value) <= body_max_bytes)
		verdict = blocks_take(listener->blocks, exchange->transfer,
		        coap_caller_key(&exchange->peer), &exchange->block1, message->payload,
		        body_max_bytes, loop_now_ms(listener->loop), body);
	switch (verdict) {
	case BLOCKS_WHOLE:
		return true;
	case BLOCKS_MORE:
		exchange->asks = exchange->block1.number == 0;
		if (!exchange->asks)
			coap_answer_plainly(listener, exchange, CODE_CONTINUE, (slice){ NULL, 0 });
		return exchange->asks;
	case BLOCKS_GAP:
		refuse(listener, exchange, message, STATUS_MALFORMED, WIRE_CODE(4, 8),
		        "a block is missing");
		return false;
	case BLOCKS_WRONG:
		refuse(listener, exchange, message, STATUS_MALFORMED, 0,
		        "the block has another length");
		return false;
	case BLOCKS_TOO_LARGE:
		refuse(listener, exchange, message, STATUS_TOO_LARGE, 0,
		        "the body is over the limit");
		return false;
	case BLOCKS_NO_MEMORY:
		refuse(listener, exchange, message, STATUS_UNAVAILABLE, 0,
		        "no memory for bodies in blocks");
		return false;
	}
	return false;
}

/* The block options, if there are any. false: answered. */
static bool take_blocks(struct coap_listener *listener, struct coap_exchange *exchange,
        const struct wire_message *message, slice *body)
{
	const struct wire_option *block1 = wire_find(message, COAP_OPTION_BLOCK1);
	const struct wire_option *block2 = wire_find(message, COAP_OPTION_BLOCK2);
	exchange->transfer = blocks_key(coap_caller_key(&exchange->peer), message);
	if ((block1 && !wire_block_parse(block1->value, &exchange->block1)) ||
	        (block2 && !wire_block_parse(block2->value, &exchange->block2))) {
		refuse(listener, exchange, message, STATUS_MALFORMED, 0,
		        "the block size is reserved");
		return false;
	}
	exchange->has_block1 = block1 != NULL;
	exchange->has_block2 = block2 != NULL;
	if (block1 && !take_block(listener, exchange, message, body))
		return false;
	if (!block2 || exchange->block2.number == 0)
		return true;
	exchange->observes = false; /* what it asks for is a part of something that it has */
	const struct answer *kept =
	        blocks_kept(listener->blocks, exchange->transfer, loop_now_ms(listener->loop));
	if (kept) {
		coap_answer(listener, exchange, kept);
		return false;
	}
	/* A GET can be made again; another method would have its effect again. */
	if (message->code == COAP_REQUEST_CODE_GET)
		return true;
	refuse(listener, exchange, message, STATUS_MALFORMED, WIRE_CODE(4, 8),
	        "the answer that this block is asked of is no longer kept");
	return false;
}

void coap_take(struct coap_listener *listener, struct coap_exchange *exchange,
        const struct wire_message *message, bool cut)
{
	slice body = message->payload;
	if (cut) {
		refuse(listener, exchange, message, STATUS_TOO_LARGE, 0,
		        "the datagram is over the limit; larger bodies come in blocks");
		return;
	}
	if (!take_blocks(listener, exchange, message, &body))
		return;
	struct request *request = open_request(listener, exchange);
	if (!request)
		return;
	struct coap_exchange *ticket = request->ticket;
	request->ask_only = exchange->asks;
	ticket->code = read_message(listener, request, message, body);
	/* A non-confirmable message with an unknown critical option is rejected (RFC 7252 section 5.4.1). */
	ticket->reset = ticket->code == WIRE_CODE(4, 2) && message->type == WIRE_NON &&
	                !coap_caller_is_reliable(&exchange->peer);
	if (request->status == STATUS_NONE && body.n > listener->limits->body_max_bytes)
		request_refuse(request, STATUS_TOO_LARGE, "the body is over the limit");
	if (request->status == STATUS_NONE && exchange->forgets)
		observers_forget(listener->observers, ticket);
	if (request->status == STATUS_NONE && exchange->observes) {
		ticket->observer = observers_begin(listener->observers, ticket);
		request->follower = ticket->observer;
	}
	submit(listener, request);
}

/* Somebody who showed a secret is no stranger whose address may be forged. (A caller who is only known by that address
 * showed nothing.) */
static bool is_authenticated(const struct request *request)
{
	return request->who && request->who->id.n && request->credentials;
}

void coap_reply(struct adapter *adapter, struct request *request)
{
	struct coap_listener *listener = coap_listener_of(adapter);
	struct coap_exchange *exchange = request->ticket;
	struct coap_session *session = exchange->peer.session;
	list_remove(&exchange->link);
	list_remove(&exchange->at_peer);
	exchange->authenticated = is_authenticated(request);
	/* Where it seems to be it would be let in: let it show that it is there. */
	exchange->must_prove = request->status == STATUS_UNAUTHENTICATED && exchange->address &&
	                       !request->credentials && request_takes(request, exchange->address);
	if (exchange->observer)
		observers_answered(listener->observers, exchange, request);
	if (exchange->reset) {
		coap_reject(listener, exchange);
	} else {
		struct answer answer;
		size_t body_max_bytes = request->endpoint ? request->endpoint->body_max_bytes
		                                          : listener->limits->body_max_bytes;
		answer_from_request(&answer, request, body_max_bytes);
		if (exchange->observer) {
			answer.has_max_age = true;
			answer.max_age_s = observer_max_age_s(exchange->observer);
			/* Room for the first notification (reply.c). */
			if (!coap_is_proven(listener, exchange))
				answer.tag_bytes = 0;
		}
		if (exchange->code)
			answer.code = exchange->code;
		else if (exchange->asks && request->status == STATUS_OK)
			answer.code = CODE_CONTINUE;
		coap_answer(listener, exchange, &answer);
	}
	request_free(request);
	if (session && session->answered)
		session->answered(session);
}
