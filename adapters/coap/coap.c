/* The CoAP listener (RFC 7252) over UDP.
 *
 * WHAT IS LIBCOAP'S AND WHAT IS OURS. Options are decoded and encoded by libcoap, their numbers and the codes are
 * libcoap's; reading, duplicates, acknowledging and blocks are ours. The plan was to let libcoap do all of it.
 * With its public interface (4.3.1 and 4.3.4 alike) that fails in three places:
 *   1. A handler must answer before it returns, or libcoap sends an empty acknowledgement at once. Our answers
 *      come from a backend, so each request would cost two datagrams more and a confirmable message of ours to
 *      keep track of, where one piggy-backed answer does.
 *   2. Each turn of coap_io_process() walks every session and reads one datagram: 10 µs a message with no idle
 *      peer, 130 with 8,000 (measured). Datagrams cannot be handed in: coap_handle_dgram() is not exported.
 *   3. It remembers no message ids, so that a repeated POST is a second effect; and its parser and block-wise code
 *      have published crashes, with no way to look at a datagram first.
 * DTLS and TCP, where libcoap owns the connection, come through its sessions; they join here as one more source of
 * struct wire_message. A plain UDP peer, in contrast, is no object at all: its address is a key in the tables.
 *
 * THE LIFE OF A REQUEST: received() -> wire_parse() -> is it a duplicate? -> blocks -> request_new(),
 * inbound_read(), request_submit() -> coap_reply() -> answer_write() -> the answer leaves with the others of this turn.
 *
 * WHEN IT IS ACKNOWLEDGED. The answer to a confirmable request travels in its acknowledgement if it comes within
 * `ack_delay` (below the 2 s after which a client repeats); later, the acknowledgement goes alone and the answer
 * follows in a message of its own (separate.c).
 *
 * AMPLIFICATION. Anybody can write anybody's address on a UDP datagram. All that a refused message causes to be
 * sent, repetitions included, is at most three times as long as the message, and there is no /.well-known/core for
 * anyone to ask for. Success goes only to callers whom an endpoint's own rules let in; an endpoint open to
 * everybody (`auth: [none]`) that answers with much more than it is sent should not be offered over plain UDP.
 *
 * A malformed datagram is answered as RFC 7252 sections 4.2 and 4.3 say (reset), counted, and logged by way of a
 * refused request, whose log lines the core bounds. */
#include "adapters/coap/answer.h"
#include "adapters/coap/blocks.h"
#include "adapters/coap/duplicates.h"
#include "adapters/coap/inbound.h"
#include "adapters/coap/separate.h"
#include "api/adapter.h"
#include "base/log.h"
#include "codec/coap_wire.h"
#include "loop/loop.h"
#include "net/datagram.h"
#include "net/stream.h"

#include <coap3/coap.h>
#include <stdlib.h>

enum {
	MESSAGE_MAX_BYTES = 2048, /* that we send: one block, header and options */
	AMPLIFICATION_MAX = 3,
	CODE_CONTINUE = WIRE_CODE(2, 31),
	EMPTY_BYTES = 4,           /* an acknowledgement or reset */
	DATAGRAM_MIN_BYTES = 1152, /* RFC 7252 section 4.6 */
	DUPLICATES_MIN = 16,
	DUPLICATES_MAX = 1 << 20,
	ANSWERS_BYTES_EACH = 32, /* heap for large answers to duplicates, per place in the table */
	PEER_TEXT_BYTES = 64,
	RETRY_S = 5
};

struct listener {
	struct adapter adapter;
	struct loop *loop;
	const struct adapter_limits *limits;
	struct arena arena; /* of the texts below */
	slice bind;
	struct inbound_rules rules;
	uint64_t ack_delay_ms;
	size_t datagram_max_bytes, transfers_max_bytes;
	unsigned duplicates_max;
	bool stopping;
	struct datagram_socket *socket;
	struct duplicates *duplicates;
	struct separates *separates;
	struct blocks *blocks;
	struct list unacknowledged; /* exchanges, the first due first */
	struct timer acknowledge;
};

/* One message of a peer, on its way to an answer. For those that become requests it lies in the request's arena
 * as its ticket. */
struct coap_exchange {
	struct list link; /* in listener.unacknowledged */
	struct datagram_peer peer;
	enum wire_type type;
	uint16_t id;
	unsigned char token_bytes;
	char token[WIRE_TOKEN_MAX];
	size_t request_bytes;
	bool acknowledged;
	bool reset;         /* to be rejected and not answered */
	unsigned char code; /* to answer with, whatever the status says; 0: none */
	bool asks;          /* the first of several blocks: would it be let in? */
	bool has_block1, has_block2;
	struct wire_block block1, block2;
	uint64_t transfer;           /* blocks_key() */
	uint64_t due_ms;             /* when to acknowledge */
	struct duplicate *duplicate; /* NULL: not entered */
};

static void send_bytes(void *owner, const struct datagram_peer *peer, slice bytes)
{
	struct listener *listener = owner;
	listener->adapter.counters.at[COUNTER_BYTES_OUT] += bytes.n;
	datagram_send(listener->socket, peer, bytes);
}

/* An acknowledgement or a reset without anything else: returns its bytes. */
static slice send_empty(struct listener *listener, const struct coap_exchange *exchange,
        enum wire_type type, char header[EMPTY_BYTES])
{
	struct wire_writer writer;
	wire_begin(&writer, header, EMPTY_BYTES, type, 0, exchange->id, (slice){ NULL, 0 });
	slice bytes = { header, writer.n };
	send_bytes(listener, &exchange->peer, bytes);
	return bytes;
}

/* Its duplicates get `again` from now on; nothing when that is empty. */
static void close_exchange(struct listener *listener, struct coap_exchange *exchange, slice again)
{
	if (exchange->duplicate)
		duplicates_answer(listener->duplicates, exchange->duplicate, again);
	exchange->duplicate = NULL;
}

static void reject(struct listener *listener, struct coap_exchange *exchange)
{
	char header[EMPTY_BYTES];
	slice bytes = { NULL, 0 };
	if (exchange->type == WIRE_CON || exchange->type == WIRE_NON)
		bytes = send_empty(listener, exchange, WIRE_RST, header);
	close_exchange(listener, exchange, bytes);
}

/* Which part of the answer this message carries; false: all of it. */
static bool choose_block(
        struct listener *listener, struct coap_exchange *exchange, const struct answer *answer)
{
	if (answer->code >> 5 > 2)
		return false;
	if (!exchange->has_block2 && answer->body.n <= WIRE_BLOCK_MAX)
		return false;
	if (!exchange->has_block2)
		exchange->block2 = (struct wire_block){ .size = WIRE_BLOCK_MAX };
	size_t end = ((size_t)exchange->block2.number + 1) * exchange->block2.size;
	exchange->block2.more = end < answer->body.n;
	if (exchange->block2.more && exchange->block2.number == 0)
		blocks_keep(listener->blocks, exchange->transfer,
		        datagram_peer_key(&exchange->peer), answer, loop_now_ms(listener->loop));
	return true;
}

static slice write_answer(struct listener *listener, struct coap_exchange *exchange,
        const struct answer *answer, enum wire_type type, uint16_t id,
        char bytes[MESSAGE_MAX_BYTES])
{
	struct wire_writer writer;
	slice token = { exchange->token, exchange->token_bytes };
	bool in_blocks = choose_block(listener, exchange, answer);
	struct answer_blocks blocks = {
		.block1 = exchange->has_block1 ? &exchange->block1 : NULL,
		.block2 = in_blocks ? &exchange->block2 : NULL,
	};
	wire_begin(&writer, bytes, MESSAGE_MAX_BYTES, type, answer->code, id, token);
	size_t refusal_max_bytes = exchange->request_bytes * AMPLIFICATION_MAX;
	if (type == WIRE_CON) /* after an acknowledgement, and perhaps again and again */
		refusal_max_bytes = (refusal_max_bytes - EMPTY_BYTES) / SEPARATE_TIMES_MAX;
	answer_write(&writer, answer, &blocks, refusal_max_bytes);
	if (writer.failed) /* a Location that has no place in a message */
		wire_begin(&writer, bytes, MESSAGE_MAX_BYTES, type, WIRE_CODE(5, 0), id, token);
	return (slice){ bytes, writer.n };
}

/* A block that starts beyond the end of what there is. */
static bool is_past_end(const struct coap_exchange *exchange, const struct answer *answer)
{
	return answer->code >> 5 == 2 && exchange->has_block2 && exchange->block2.number &&
	       (size_t)exchange->block2.number * exchange->block2.size >= answer->body.n;
}

static void answer_exchange(
        struct listener *listener, struct coap_exchange *exchange, const struct answer *answer)
{
	static const struct answer past_end = { .code = WIRE_CODE(4, 0),
		.format = -1,
		.diagnostic = SLICE_INIT("the body has no such block") };
	char bytes[MESSAGE_MAX_BYTES];
	bool room = false;
	if (is_past_end(exchange, answer))
		answer = &past_end;
	if (exchange->type == WIRE_CON && !exchange->acknowledged) {
		slice message =
		        write_answer(listener, exchange, answer, WIRE_ACK, exchange->id, bytes);
		send_bytes(listener, &exchange->peer, message);
		close_exchange(listener, exchange, message);
		return;
	}
	uint16_t id = separates_next_id(listener->separates, &room);
	enum wire_type type = exchange->type == WIRE_CON && room ? WIRE_CON : WIRE_NON;
	slice message = write_answer(listener, exchange, answer, type, id, bytes);
	if (type == WIRE_CON)
		separates_send(listener->separates, &exchange->peer, id, message);
	else
		send_bytes(listener, &exchange->peer, message);
	/* A repeated request wants to be acknowledged again; the answer repeats itself. */
	struct wire_writer writer;
	wire_begin(&writer, bytes, sizeof bytes, WIRE_ACK, 0, exchange->id, (slice){ NULL, 0 });
	slice again = { bytes, exchange->type == WIRE_CON ? writer.n : 0 };
	close_exchange(listener, exchange, again);
}

/* Without a request: the gateway is at its limit or ends, or the message was only a block. */
static void answer_plainly(struct listener *listener, struct coap_exchange *exchange,
        unsigned char code, slice diagnostic)
{
	struct answer answer = { .code = code, .format = -1, .diagnostic = diagnostic };
	answer.has_max_age = code == WIRE_CODE(5, 3);
	answer.max_age_s = RETRY_S;
	answer_exchange(listener, exchange, &answer);
}

/* The delay of those at the front is over: they are acknowledged without an answer. */
static void acknowledge_due(struct timer *timer)
{
	struct listener *listener = LIST_OWNER(timer, struct listener, acknowledge);
	LIST_EACH (&listener->unacknowledged, at, following) {
		struct coap_exchange *exchange = LIST_OWNER(at, struct coap_exchange, link);
		if (exchange->due_ms > loop_now_ms(listener->loop)) {
			timer_set(timer, exchange->due_ms);
			return;
		}
		char header[EMPTY_BYTES];
		(void)send_empty(listener, exchange, WIRE_ACK, header);
		exchange->acknowledged = true;
		if (exchange->duplicate)
			exchange->duplicate->state = DUPLICATE_ACKNOWLEDGED;
		list_remove(at);
	}
}

/* A request with a copy of the exchange as its ticket; NULL: answered with 5.03 (or not at all). */
static struct request *open_request(struct listener *listener, struct coap_exchange *exchange)
{
	struct request *request = request_new(&listener->adapter);
	struct coap_exchange *ticket =
	        request ? ARENA_NEW(&request->arena, struct coap_exchange) : NULL;
	char *peer = request ? arena_alloc(&request->arena, PEER_TEXT_BYTES) : NULL;
	if (!ticket || !peer) {
		request_free(request);
		if (exchange->reset)
			reject(listener, exchange);
		else
			answer_plainly(listener, exchange, WIRE_CODE(5, 3),
			        SLICE("the gateway is at its memory limit"));
		return NULL;
	}
	net_address_text(&exchange->peer.address.any, peer, PEER_TEXT_BYTES);
	*ticket = *exchange;
	list_init(&ticket->link);
	request->ticket = ticket;
	request->peer = slice_of(peer);
	return request;
}

static void submit(struct listener *listener, struct request *request)
{
	struct coap_exchange *exchange = request->ticket;
	if (exchange->type == WIRE_CON && !exchange->reset) {
		exchange->due_ms = loop_now_ms(listener->loop) + listener->ack_delay_ms;
		list_append(&listener->unacknowledged, &exchange->link);
		if (!listener->acknowledge.at_ms)
			timer_set(&listener->acknowledge, exchange->due_ms);
	}
	listener->adapter.counters.at[COUNTER_MESSAGES]++;
	request_submit(request);
}

/* Counted, logged and answered like any other refusal. `message`: what was asked for, for the log; or NULL. */
static void refuse(struct listener *listener, struct coap_exchange *exchange,
        const struct wire_message *message, enum status status, unsigned char code, const char *why)
{
	static const slice no_body = { NULL, 0 };
	exchange->code = code;
	struct request *request = open_request(listener, exchange);
	if (!request)
		return;
	if (message)
		(void)inbound_read(request, message, no_body, &listener->rules);
	request_refuse(request, status, "%s", why);
	submit(listener, request);
}

static void refuse_malformed(
        struct listener *listener, struct coap_exchange *exchange, const char *why)
{
	listener->adapter.counters.at[COUNTER_MALFORMED]++;
	/* An ACK or RST that cannot be read is nobody's request: it is ignored (RFC 7252 section 4.2). */
	if (exchange->type == WIRE_ACK || exchange->type == WIRE_RST)
		return;
	exchange->reset = true;
	refuse(listener, exchange, NULL, STATUS_MALFORMED, 0, why);
}

/* One block of a body. true: *body is whole, or this is the first and the core is to be asked whether it would let
 * the rest in, before a caller sends it over a link that is paid by the byte; false: answered. */
static bool take_block(struct listener *listener, struct coap_exchange *exchange,
        const struct wire_message *message, slice *body)
{
	size_t body_max_bytes = listener->limits->body_max_bytes;
	const struct wire_option *size = wire_find(message, COAP_OPTION_SIZE1);
	enum blocks_verdict verdict = BLOCKS_TOO_LARGE;
	if (!size || wire_number(size->value) <= body_max_bytes)
		verdict = blocks_take(listener->blocks, exchange->transfer,
		        datagram_peer_key(&exchange->peer), &exchange->block1, message->payload,
		        body_max_bytes, loop_now_ms(listener->loop), body);
	switch (verdict) {
	case BLOCKS_WHOLE:
		return true;
	case BLOCKS_MORE:
		exchange->asks = exchange->block1.number == 0;
		if (!exchange->asks)
			answer_plainly(listener, exchange, CODE_CONTINUE, (slice){ NULL, 0 });
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
static bool take_blocks(struct listener *listener, struct coap_exchange *exchange,
        const struct wire_message *message, slice *body)
{
	const struct wire_option *block1 = wire_find(message, COAP_OPTION_BLOCK1);
	const struct wire_option *block2 = wire_find(message, COAP_OPTION_BLOCK2);
	exchange->transfer = blocks_key(datagram_peer_key(&exchange->peer), message);
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
	const struct answer *kept =
	        blocks_kept(listener->blocks, exchange->transfer, loop_now_ms(listener->loop));
	if (kept) {
		answer_exchange(listener, exchange, kept);
		return false;
	}
	/* A GET can be made again; another method would have its effect again. */
	if (message->code == COAP_REQUEST_CODE_GET)
		return true;
	refuse(listener, exchange, message, STATUS_MALFORMED, WIRE_CODE(4, 8),
	        "the answer that this block is asked of is no longer kept");
	return false;
}

static void take_new(struct listener *listener, struct coap_exchange *exchange,
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
	ticket->code = inbound_read(request, message, body, &listener->rules);
	/* A non-confirmable message with an unknown critical option is rejected (RFC 7252 section 5.4.1). */
	ticket->reset = ticket->code == WIRE_CODE(4, 2) && message->type == WIRE_NON;
	if (request->status == STATUS_NONE && body.n > listener->limits->body_max_bytes)
		request_refuse(request, STATUS_TOO_LARGE, "the body is over the limit");
	submit(listener, request);
}

static void take_again(struct listener *listener, struct coap_exchange *exchange,
        const struct duplicate *duplicate)
{
	char header[EMPTY_BYTES];
	if (exchange->type != WIRE_CON)
		return;
	if (duplicate->state == DUPLICATE_ACKNOWLEDGED)
		(void)send_empty(listener, exchange, WIRE_ACK, header);
	slice answer = duplicate_answer(duplicate);
	if (duplicate->state == DUPLICATE_ANSWERED && answer.n)
		send_bytes(listener, &exchange->peer, answer);
}

static void take_request(struct listener *listener, struct coap_exchange *exchange,
        const struct wire_message *message, bool cut)
{
	uint64_t now_ms = loop_now_ms(listener->loop);
	uint64_t key = duplicates_key(datagram_peer_key(&exchange->peer), exchange->id,
	        (slice){ exchange->token, exchange->token_bytes });
	const struct duplicate *known = duplicates_find(listener->duplicates, key, now_ms);
	if (known) {
		take_again(listener, exchange, known);
		return;
	}
	if (listener->stopping) {
		answer_plainly(
		        listener, exchange, WIRE_CODE(5, 3), SLICE("the gateway is going down"));
		return;
	}
	exchange->duplicate = duplicates_add(listener->duplicates, key, now_ms);
	if (!exchange->duplicate) {
		answer_plainly(listener, exchange, WIRE_CODE(5, 3),
		        SLICE("too many requests are under way"));
		return;
	}
	take_new(listener, exchange, message, cut);
}

static void received(void *owner, const struct datagram_peer *peer, slice bytes, bool cut)
{
	struct listener *listener = owner;
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
	if (verdict == WIRE_MALFORMED) {
		refuse_malformed(listener, &exchange, why);
		return;
	}
	exchange.token_bytes = (unsigned char)message.token.n;
	if (message.token.n)
		memcpy(exchange.token, message.token.p, message.token.n);
	if (message.type == WIRE_ACK || message.type == WIRE_RST)
		separates_ended(listener->separates, peer, message.id);
	else if (wire_is_request(&message))
		take_request(listener, &exchange, &message, cut);
	else if (message.type == WIRE_CON)
		reject(listener, &exchange); /* a ping, or an answer that nobody asked for */
}

static void unsent(void *owner, int errno_value)
{
	struct listener *listener = owner;
	listener->adapter.counters.at[COUNTER_FAILED]++;
	log_debug("coap", "a datagram could not be sent: %s", strerror(errno_value));
}

static void coap_close(struct adapter *adapter)
{
	struct listener *listener = (struct listener *)adapter;
	if (!listener)
		return;
	timer_stop(&listener->acknowledge);
	separates_destroy(listener->separates);
	datagram_close(listener->socket);
	duplicates_destroy(listener->duplicates);
	blocks_destroy(listener->blocks);
	arena_finish(&listener->arena);
	free(listener);
}

static bool check_settings(
        const struct listener *listener, const struct config *config, struct error *error)
{
	struct sockaddr_storage address;
	if (!net_parse_address(listener->bind, &address))
		return config_error(config_get(config, "bind"), error,
		        "bind is an address and a port, as in 0.0.0.0:5683 or [::]:5683");
	if (listener->datagram_max_bytes < DATAGRAM_MIN_BYTES ||
	        listener->datagram_max_bytes > DATAGRAM_MAX_BYTES)
		return config_error(config_get(config, "datagram"), error,
		        "datagram must lie between %d and %d bytes", DATAGRAM_MIN_BYTES,
		        DATAGRAM_MAX_BYTES);
	if (listener->duplicates_max < DUPLICATES_MIN || listener->duplicates_max > DUPLICATES_MAX)
		return config_error(config_get(config, "duplicates"), error,
		        "duplicates must lie between %d and %d", DUPLICATES_MIN, DUPLICATES_MAX);
	return true;
}

static struct adapter *coap_open(struct loop *loop, const struct adapter_limits *limits,
        const struct config *config, struct error *error)
{
	struct listener *listener = calloc(1, sizeof *listener);
	if (!listener) {
		(void)error_set(error, "out of memory");
		return NULL;
	}
	uint64_t duplicates = config_number(config, "duplicates");
	listener->loop = loop;
	listener->limits = limits;
	list_init(&listener->unacknowledged);
	timer_init(&listener->acknowledge, loop, acknowledge_due);
	arena_init(&listener->arena, 64 * 1024);
	listener->bind = arena_copy_slice(&listener->arena, config_text(config, "bind"));
	listener->rules.token_in_query = slice_is(config_text(config, "token_in_query"), "accept");
	listener->ack_delay_ms = config_duration_ms(config, "ack_delay");
	listener->datagram_max_bytes = config_size(config, "datagram");
	listener->transfers_max_bytes = config_size(config, "transfers");
	listener->duplicates_max = duplicates > UINT32_MAX ? UINT32_MAX : (unsigned)duplicates;
	if (check_settings(listener, config, error))
		return &listener->adapter;
	coap_close(&listener->adapter);
	return NULL;
}

static bool coap_start(struct adapter *adapter, struct error *error)
{
	static const struct datagram_events events = { received, unsent };
	struct listener *listener = (struct listener *)adapter;
	char text[160];
	size_t answers_max_bytes = (size_t)listener->duplicates_max * ANSWERS_BYTES_EACH;
	listener->duplicates = duplicates_create(listener->duplicates_max, answers_max_bytes);
	listener->separates = separates_create(listener->loop, send_bytes, listener);
	listener->blocks = blocks_create(listener->transfers_max_bytes);
	if (!listener->duplicates || !listener->separates || !listener->blocks)
		return error_set(error, "out of memory");
	listener->socket = datagram_open(listener->loop, listener->bind,
	        listener->datagram_max_bytes, &events, listener, text, sizeof text);
	if (!listener->socket)
		return error_set(error, "%s", text);
	log_info("coap", "listening listener=%s bind=%.*s", adapter->label,
	        SLICE_ARG(listener->bind));
	return true;
}

static void coap_reply(struct adapter *adapter, struct request *request)
{
	struct listener *listener = (struct listener *)adapter;
	struct coap_exchange *exchange = request->ticket;
	list_remove(&exchange->link);
	if (exchange->reset) {
		reject(listener, exchange);
	} else {
		struct answer answer;
		size_t body_max_bytes = request->endpoint ? request->endpoint->body_max_bytes
		                                          : listener->limits->body_max_bytes;
		answer_from_request(&answer, request, body_max_bytes);
		if (exchange->code)
			answer.code = exchange->code;
		else if (exchange->asks && request->status == STATUS_OK)
			answer.code = CODE_CONTINUE;
		answer_exchange(listener, exchange, &answer);
	}
	request_free(request);
}

static void coap_stop(struct adapter *adapter)
{
	struct listener *listener = (struct listener *)adapter;
	listener->stopping = true;
	datagram_share(listener->socket);
}

static const char *const token_choices[] = { "refuse", "accept", NULL };

static const struct setting settings[] = {
	ADAPTER_BIND_SETTING,
	{ .key = "token_in_query",
	        .type = SETTING_TEXT,
	        .fallback = "refuse",
	        .choices = token_choices,
	        .help = "whether callers may show a token as Uri-Query access_token, in the "
	                "clear" },
	{ .key = "ack_delay",
	        .type = SETTING_DURATION,
	        .fallback = "1s",
	        .help = "how long an answer may take to travel with the acknowledgement" },
	{ .key = "datagram",
	        .type = SETTING_SIZE,
	        .fallback = "2KiB",
	        .help = "the largest datagram taken; larger bodies come in blocks" },
	{ .key = "duplicates",
	        .type = SETTING_NUMBER,
	        .fallback = "32768",
	        .help = "how many messages are remembered, so that a repeated one has no second "
	                "effect" },
	{ .key = "transfers",
	        .type = SETTING_SIZE,
	        .fallback = "4MiB",
	        .help = "the bytes that all bodies in blocks may take together" },
	{ .key = NULL },
};

const struct adapter_ops adapter_coap = {
	.name = "coap",
	.settings = settings,
	.open = coap_open,
	.start = coap_start,
	.reply = coap_reply,
	.stop = coap_stop,
	.close = coap_close,
};
