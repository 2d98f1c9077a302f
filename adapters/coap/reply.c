/* An answer becomes a message: the whole of it or a block, in what the transport and caution allow.
 *
 * AMPLIFICATION. Anybody can write anybody's address on a UDP datagram. A peer is believed to be at its address when
 * it has a session (DTLS), when the core knows it by a secret, or when it has sent back an Echo option that only the
 * owner of the address can have read (proof.c). All that another one is sent because of a message, repetitions
 * included, is at most three times as long as the message:
 *   - a refusal's text is cut;
 *   - a body leaves in blocks that are small enough. Each client that knows block-wise transfer fetches the rest, each
 *     block with a message of its own, and a request that had an effect does not have it again. The first carries an
 *     Echo option if there is room: a client that knows it proves its address with the next block;
 *   - when that would take more than SMALL_BLOCKS_MAX messages, or there is no room for a block at all, a GET is
 *     answered with 4.01 and Echo, and made again by the client;
 *   - of another method only the code is left. */
#include "adapters/coap/blocks.h"
#include "adapters/coap/coap.h"
#include "adapters/coap/observe.h"
#include "adapters/coap/proof.h"
#include "adapters/coap/separate.h"

#include <coap3/coap.h>
#include <stdlib.h>

enum {
	AMPLIFICATION_MAX = 3,
	CODE_CONTINUE = WIRE_CODE(2, 31),
	SMALL_BLOCKS_MAX = 64,
	BLOCK_MIN = 16,
	ECHO_BLOCK_MIN = 32,      /* smaller ones are worth more than the Echo option beside them */
	REFUSAL_MAX_BYTES = 1152, /* RFC 7252 section 4.6 */
	RETRY_S = 5
};

/* One message that is being made. */
struct draft {
	struct coap_listener *listener;
	struct coap_exchange *exchange;
	const struct answer *answer;
	struct coap_form *form;
	char *buffer;
	size_t size;
	slice echo;
};

static bool is_refusal(const struct answer *answer)
{
	return answer->code >> 5 > 2;
}

bool coap_is_proven(struct coap_listener *listener, const struct coap_exchange *exchange)
{
	return exchange->peer.session || exchange->authenticated ||
	       proofs_has(listener->proofs, coap_caller_key(&exchange->peer),
	               loop_now_ms(listener->loop));
}

/* The message with this part of the body (NULL: all of it); empty: it does not fit. */
static slice write(const struct draft *draft, const struct wire_block *block2)
{
	const struct coap_exchange *exchange = draft->exchange;
	const struct coap_form *form = draft->form;
	struct wire_writer writer;
	slice token = { exchange->token, exchange->token_bytes };
	struct answer_parts parts = {
		.block1 = exchange->has_block1 ? &exchange->block1 : NULL,
		.block2 = block2,
		.has_observe = form->has_observe,
		.observe = form->observe,
		.echo = draft->echo,
	};
	bool reliable = coap_caller_is_reliable(&exchange->peer);
	if (reliable)
		wire_begin_stream(&writer, draft->buffer, draft->size, token);
	else
		wire_begin(&writer, draft->buffer, draft->size, form->type, draft->answer->code,
		        form->id, token);
	size_t refusal_max_bytes = form->allowance;
	if (!reliable && refusal_max_bytes > REFUSAL_MAX_BYTES)
		refusal_max_bytes = REFUSAL_MAX_BYTES;
	answer_write(&writer, draft->answer, &parts, refusal_max_bytes);
	slice message = { draft->buffer, writer.n };
	if (reliable)
		message = wire_end_stream(&writer, draft->answer->code, token);
	const struct coap_session *session = exchange->peer.session;
	if (writer.failed || message.n > form->allowance ||
	        (session && message.n > session->message_max_bytes))
		return (slice){ NULL, 0 };
	return message;
}

/* Asked for in blocks, or too long for a datagram. */
static bool wants_blocks(const struct draft *draft)
{
	const struct coap_exchange *exchange = draft->exchange;
	return !is_refusal(draft->answer) &&
	       (exchange->has_block2 || (!coap_caller_is_reliable(&exchange->peer) &&
	                                        draft->answer->body.n > WIRE_BLOCK_MAX));
}

/* The same place in the body, in blocks of another size. */
static struct wire_block resized(const struct draft *draft, unsigned size)
{
	const struct wire_block *asked = &draft->exchange->block2;
	size_t offset = draft->exchange->has_block2 ? (size_t)asked->number * asked->size : 0;
	struct wire_block block = { .number = (uint32_t)(offset / size), .size = size };
	block.more = offset + size < draft->answer->body.n;
	return block;
}

static void keep_rest(const struct draft *draft, const struct wire_block *block)
{
	struct coap_listener *listener = draft->listener;
	const struct coap_exchange *exchange = draft->exchange;
	if (block->more && block->number == 0)
		blocks_keep(listener->blocks, exchange->transfer, coap_caller_key(&exchange->peer),
		        draft->answer, loop_now_ms(listener->loop));
}

static slice in_blocks(struct draft *draft)
{
	const struct coap_exchange *exchange = draft->exchange;
	unsigned asked = exchange->has_block2 ? exchange->block2.size : WIRE_BLOCK_MAX;
	char echo[PROOF_BYTES];
	bool proven = coap_is_proven(draft->listener, exchange);
	proofs_challenge(
	        coap_caller_key(&exchange->peer), loop_now_ms(draft->listener->loop), echo);
	for (unsigned size = asked; size >= BLOCK_MIN; size /= 2) {
		struct wire_block block = resized(draft, size);
		bool is_get = exchange->method == COAP_REQUEST_CODE_GET;
		if (!proven && is_get && draft->answer->body.n / size > SMALL_BLOCKS_MAX)
			break;
		slice message = { NULL, 0 };
		draft->echo = (slice){ echo, sizeof echo };
		if (!proven && size >= ECHO_BLOCK_MIN && block.number == 0)
			message = write(draft, &block);
		draft->echo = (slice){ NULL, 0 };
		if (!message.p)
			message = write(draft, &block);
		if (message.p) {
			keep_rest(draft, &block);
			return message;
		}
	}
	return (slice){ NULL, 0 };
}

/* Nothing but the code. */
static slice bare(struct draft *draft, unsigned char code)
{
	struct answer answer = { .code = code, .format = -1 };
	draft->answer = &answer;
	draft->echo = (slice){ NULL, 0 };
	return write(draft, NULL);
}

static slice challenge(struct draft *draft)
{
	static const struct answer answer = { .code = WIRE_CODE(4, 1),
		.format = -1,
		.diagnostic = SLICE_INIT("send the Echo option back") };
	char echo[PROOF_BYTES];
	proofs_challenge(
	        coap_caller_key(&draft->exchange->peer), loop_now_ms(draft->listener->loop), echo);
	draft->answer = &answer;
	draft->echo = (slice){ echo, sizeof echo };
	draft->form->has_observe = false;
	draft->form->challenge = true;
	slice message = write(draft, NULL);
	return message.p ? message : bare(draft, answer.code);
}

slice coap_compose(struct coap_listener *listener, struct coap_exchange *exchange,
        const struct answer *answer, struct coap_form *form, char *buffer, char **heap)
{
	struct draft draft = { listener, exchange, answer, form, buffer, COAP_MESSAGE_MAX_BYTES,
		{ NULL, 0 } };
	slice message = { NULL, 0 };
	*heap = NULL;
	if (form->challenge)
		return challenge(&draft);
	if (coap_caller_is_reliable(&exchange->peer) && answer->body.n > WIRE_BLOCK_MAX) {
		draft.size = COAP_MESSAGE_MAX_BYTES + answer->body.n;
		draft.buffer = *heap = malloc(draft.size);
		if (!draft.buffer)
			return message;
	}
	if (!wants_blocks(&draft))
		message = write(&draft, NULL);
	if (!message.p && !is_refusal(answer) && (answer->body.n || exchange->has_block2))
		message = in_blocks(&draft);
	if (message.p)
		return message;
	if (coap_is_proven(listener, exchange)) /* a Location that has no place in a message */
		return bare(&draft, WIRE_CODE(5, 0));
	if (exchange->method == COAP_REQUEST_CODE_GET && !is_refusal(answer))
		return challenge(&draft);
	return bare(&draft, answer->code);
}

/* A block that starts beyond the end of what there is. */
static bool is_past_end(const struct coap_exchange *exchange, const struct answer *answer)
{
	return answer->code >> 5 == 2 && exchange->has_block2 && exchange->block2.number &&
	       (size_t)exchange->block2.number * exchange->block2.size >= answer->body.n;
}

/* How many bytes may still be sent because of this message. */
static size_t allowance(struct coap_listener *listener, const struct coap_exchange *exchange)
{
	if (coap_caller_is_reliable(&exchange->peer))
		return exchange->peer.session->message_max_bytes;
	if (coap_is_proven(listener, exchange))
		return SIZE_MAX;
	return exchange->request_bytes * AMPLIFICATION_MAX -
	       (exchange->acknowledged ? COAP_EMPTY_BYTES : 0);
}

/* RFC 7967 section 2.1: a bit for each class. */
static bool is_unwanted(const struct coap_exchange *exchange, const struct answer *answer)
{
	return answer->code != CODE_CONTINUE &&
	       (exchange->unwanted >> ((answer->code >> 5) - 1) & 1);
}

/* An observer that may be anywhere is only registered when a notification as long as this answer is still allowed;
 * else it has to prove its address first. `spent`: the bytes that the answer takes. */
static slice settle_observer(struct coap_listener *listener, struct coap_exchange *exchange,
        struct coap_form *form, slice message, size_t spent, char *buffer)
{
	char *heap;
	bool begins = form->has_observe && !form->challenge;
	if (begins && (form->allowance == SIZE_MAX || form->allowance >= spent + message.n)) {
		observer_allow(exchange->observer,
		        form->allowance == SIZE_MAX ? SIZE_MAX : form->allowance - spent);
		return message;
	}
	observers_end(listener->observers, exchange->observer);
	exchange->observer = NULL;
	if (!begins)
		return message;
	form->challenge = true;
	return coap_compose(listener, exchange, NULL, form, buffer, &heap);
}

static void acknowledge(struct coap_listener *listener, struct coap_exchange *exchange,
        const struct answer *answer, struct coap_form *form)
{
	char buffer[COAP_MESSAGE_MAX_BYTES], *heap;
	form->type = WIRE_ACK;
	form->id = exchange->id;
	slice message = coap_compose(listener, exchange, answer, form, buffer, &heap);
	if (exchange->observer)
		message = settle_observer(listener, exchange, form, message, message.n, buffer);
	coap_caller_send(listener, &exchange->peer, message);
	coap_close_exchange(listener, exchange, message);
}

/* In a message of its own: the request was not confirmable, or is acknowledged already. */
static void send_separately(struct coap_listener *listener, struct coap_exchange *exchange,
        const struct answer *answer, struct coap_form *form)
{
	char buffer[COAP_MESSAGE_MAX_BYTES], *heap;
	bool room = false;
	size_t allowed = form->allowance, times = SEPARATE_TIMES_MAX;
	form->id = separates_next_id(listener->separates, &room);
	form->type = exchange->type == WIRE_CON && room ? WIRE_CON : WIRE_NON;
	if (form->type == WIRE_CON && is_refusal(answer) && allowed != SIZE_MAX)
		form->allowance /= SEPARATE_TIMES_MAX;
	slice message = coap_compose(listener, exchange, answer, form, buffer, &heap);
	if (form->type == WIRE_NON)
		times = 1;
	if (exchange->observer)
		message = settle_observer(
		        listener, exchange, form, message, message.n * times, buffer);
	if (message.n && allowed / message.n < times)
		times = allowed / message.n;
	if (form->type == WIRE_CON && times)
		separates_send(listener->separates, &exchange->peer, form->id, message,
		        (unsigned)times, NULL);
	else
		coap_caller_send(listener, &exchange->peer, message);
}

/* A repeated request wants to be acknowledged again; a separate answer repeats itself. */
static void close_acknowledged(struct coap_listener *listener, struct coap_exchange *exchange)
{
	char bytes[COAP_EMPTY_BYTES];
	struct wire_writer writer;
	wire_begin(&writer, bytes, sizeof bytes, WIRE_ACK, 0, exchange->id, (slice){ NULL, 0 });
	slice again = { bytes, exchange->type == WIRE_CON ? writer.n : 0 };
	coap_close_exchange(listener, exchange, again);
}

static void send_on_stream(struct coap_listener *listener, struct coap_exchange *exchange,
        const struct answer *answer, struct coap_form *form)
{
	char buffer[COAP_MESSAGE_MAX_BYTES], *heap;
	slice message = coap_compose(listener, exchange, answer, form, buffer, &heap);
	coap_caller_send(listener, &exchange->peer, message);
	free(heap);
}

void coap_answer(
        struct coap_listener *listener, struct coap_exchange *exchange, const struct answer *answer)
{
	static const struct answer past_end = { .code = WIRE_CODE(4, 0),
		.format = -1,
		.diagnostic = SLICE_INIT("the body has no such block") };
	bool reliable = coap_caller_is_reliable(&exchange->peer);
	if (exchange->gone) {
		coap_close_exchange(listener, exchange, (slice){ NULL, 0 });
		return;
	}
	if (is_past_end(exchange, answer))
		answer = &past_end;
	struct coap_form form = { .allowance = allowance(listener, exchange),
		.challenge = exchange->must_prove };
	if (exchange->observer) {
		form.has_observe = true;
		form.observe = observer_sequence(exchange->observer);
	}
	if (is_unwanted(exchange, answer)) {
		if (!reliable && exchange->type == WIRE_CON && !exchange->acknowledged)
			coap_acknowledge(listener, exchange);
		close_acknowledged(listener, exchange);
	} else if (reliable) {
		send_on_stream(listener, exchange, answer, &form);
	} else if (exchange->type == WIRE_CON && !exchange->acknowledged) {
		acknowledge(listener, exchange, answer, &form);
	} else {
		send_separately(listener, exchange, answer, &form);
		close_acknowledged(listener, exchange);
	}
}

void coap_answer_plainly(struct coap_listener *listener, struct coap_exchange *exchange,
        unsigned char code, slice diagnostic)
{
	struct answer answer = { .code = code, .format = -1, .diagnostic = diagnostic };
	answer.has_max_age = code == WIRE_CODE(5, 3);
	answer.max_age_s = RETRY_S;
	coap_answer(listener, exchange, &answer);
}
