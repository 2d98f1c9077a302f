/* What datagrams need that streams do not (RFC 7252 section 4): acknowledgements, resets, duplicates.
 *
 * WHEN A REQUEST IS ACKNOWLEDGED. The answer to a confirmable request travels in its acknowledgement if it comes
 * within `ack_delay` (below the 2 s after which a client repeats); later, the acknowledgement goes alone and the
 * answer follows in a message of its own (separate.c).
 *
 * A malformed datagram is answered as RFC 7252 sections 4.2 and 4.3 say (reset), counted, and logged by way of a
 * refused request, whose log lines the core bounds. */
#include "adapters/coap/coap.h"
#include "adapters/coap/duplicates.h"
#include "adapters/coap/observe.h"
#include "adapters/coap/proof.h"
#include "adapters/coap/separate.h"

#include <coap3/coap.h>

/* An acknowledgement or a reset without anything else: returns its bytes. */
static slice send_empty(struct coap_listener *listener, const struct coap_exchange *exchange,
        enum wire_type type, char header[COAP_EMPTY_BYTES])
{
	struct wire_writer writer;
	wire_begin(&writer, header, COAP_EMPTY_BYTES, type, 0, exchange->id, (slice){ NULL, 0 });
	slice bytes = { header, writer.n };
	coap_caller_send(listener, &exchange->peer, bytes);
	return bytes;
}

void coap_close_exchange(
        struct coap_listener *listener, struct coap_exchange *exchange, slice again)
{
	if (exchange->duplicate)
		duplicates_answer(listener->duplicates, exchange->duplicate, again);
	exchange->duplicate = NULL;
}

void coap_reject(struct coap_listener *listener, struct coap_exchange *exchange)
{
	char header[COAP_EMPTY_BYTES];
	slice bytes = { NULL, 0 };
	if (coap_caller_is_reliable(&exchange->peer)) {
		exchange->peer.session->reject(exchange->peer.session);
		return;
	}
	if (!exchange->gone && (exchange->type == WIRE_CON || exchange->type == WIRE_NON))
		bytes = send_empty(listener, exchange, WIRE_RST, header);
	coap_close_exchange(listener, exchange, bytes);
}

void coap_acknowledge(struct coap_listener *listener, struct coap_exchange *exchange)
{
	char header[COAP_EMPTY_BYTES];
	(void)send_empty(listener, exchange, WIRE_ACK, header);
	exchange->acknowledged = true;
	if (exchange->duplicate)
		exchange->duplicate->state = DUPLICATE_ACKNOWLEDGED;
}

void coap_acknowledge_later(struct coap_listener *listener, struct coap_exchange *exchange)
{
	exchange->due_ms = loop_now_ms(listener->loop) + listener->ack_delay_ms;
	list_append(&listener->unacknowledged, &exchange->link);
	if (!listener->acknowledge.at_ms)
		timer_set(&listener->acknowledge, exchange->due_ms);
}

/* The delay of those at the front is over: they are acknowledged without an answer. */
void coap_acknowledge_due(struct timer *timer)
{
	struct coap_listener *listener = LIST_OWNER(timer, struct coap_listener, acknowledge);
	LIST_EACH (&listener->unacknowledged, at, following) {
		struct coap_exchange *exchange = LIST_OWNER(at, struct coap_exchange, link);
		if (exchange->due_ms > loop_now_ms(listener->loop)) {
			timer_set(timer, exchange->due_ms);
			return;
		}
		list_remove(at);
		coap_acknowledge(listener, exchange);
	}
}

static void take_again(struct coap_listener *listener, struct coap_exchange *exchange,
        const struct duplicate *duplicate)
{
	char header[COAP_EMPTY_BYTES];
	if (exchange->type != WIRE_CON)
		return;
	if (duplicate->state == DUPLICATE_ACKNOWLEDGED)
		(void)send_empty(listener, exchange, WIRE_ACK, header);
	slice answer = duplicate_answer(duplicate);
	if (duplicate->state == DUPLICATE_ANSWERED && answer.n)
		coap_caller_send(listener, &exchange->peer, answer);
}

static void take_request(struct coap_listener *listener, struct coap_exchange *exchange,
        const struct wire_message *message, bool cut)
{
	uint64_t now_ms = loop_now_ms(listener->loop);
	slice peer = coap_caller_key(&exchange->peer);
	uint64_t key = duplicates_key(
	        peer, exchange->id, (slice){ exchange->token, exchange->token_bytes });
	const struct duplicate *known = duplicates_find(listener->duplicates, key, now_ms);
	if (known) {
		take_again(listener, exchange, known);
		return;
	}
	if (listener->stopping) {
		coap_answer_plainly(
		        listener, exchange, WIRE_CODE(5, 3), SLICE("the gateway is going down"));
		return;
	}
	const struct wire_option *echo = wire_find(message, COAP_OPTION_ECHO);
	if (echo && !exchange->peer.session)
		proofs_take(listener->proofs, peer, echo->value, now_ms);
	exchange->duplicate = duplicates_add(listener->duplicates, key, now_ms);
	if (!exchange->duplicate) {
		coap_answer_plainly(listener, exchange, WIRE_CODE(5, 3),
		        SLICE("too many requests are under way"));
		return;
	}
	coap_take(listener, exchange, message, cut);
}

/* An ACK or RST: about an answer of ours, or about a notification that nobody wants. */
static void take_reaction(struct coap_listener *listener, const struct coap_caller *peer,
        const struct wire_message *message)
{
	bool reset = message->type == WIRE_RST;
	separates_ended(listener->separates, peer, message->id, reset);
	if (reset)
		observers_rejected(listener->observers, peer, message->id);
}

void coap_datagram_received(
        struct coap_listener *listener, const struct coap_caller *peer, slice bytes, bool cut)
{
	struct wire_message message;
	const char *why = NULL;
	listener->adapter.counters.at[COUNTER_BYTES_IN] += bytes.n;
	enum wire_verdict verdict = wire_parse(bytes, &message, &why);
	if (verdict == WIRE_NOT_COAP) {
		listener->adapter.counters.at[COUNTER_MALFORMED]++;
		return;
	}
	struct coap_exchange exchange = {
		.peer = *peer,
		.type = message.type,
		.id = message.id,
		.request_bytes = bytes.n,
	};
	/* An ACK or RST that cannot be read is nobody's request: it is ignored (RFC 7252 section 4.2). */
	if (verdict == WIRE_MALFORMED && (message.type == WIRE_ACK || message.type == WIRE_RST))
		listener->adapter.counters.at[COUNTER_MALFORMED]++;
	else if (verdict == WIRE_MALFORMED)
		coap_refuse_malformed(listener, &exchange, why);
	else if (message.type == WIRE_ACK || message.type == WIRE_RST)
		take_reaction(listener, peer, &message);
	else if (wire_is_request(&message)) {
		coap_exchange_begin(&exchange, &message);
		take_request(listener, &exchange, &message, cut);
	} else if (message.type == WIRE_CON)
		coap_reject(listener, &exchange); /* a ping, or an answer that nobody asked for */
}
