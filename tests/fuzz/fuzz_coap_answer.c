/* What a CoAP device answers to one call: messages, each after a byte that says how long it is, four bytes a unit. The
 * first byte of all chooses the body to be sent and the size of blocks. Whatever comes, the call ends, its body is
 * bounded, and each message of ours is a good one. */
#include "backend/coap_transfer.h"

#include <stdlib.h>

enum { ANSWER_MAX = 2048, MESSAGES_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void send_next(struct coap_transfer *transfer)
{
	char buffer[2048];
	struct wire_message message;
	const char *why;
	slice sent = coap_transfer_write(transfer, 1, SLICE("tokn"), buffer, sizeof buffer);
	must(sent.n && wire_parse(sent, &message, &why) == WIRE_OK);
}

static enum coap_transfer_verdict answer(struct coap_transfer *transfer, slice bytes)
{
	struct wire_message message;
	const char *why;
	if (wire_parse(bytes, &message, &why) != WIRE_OK)
		return COAP_TRANSFER_MORE;
	enum coap_transfer_verdict verdict = coap_transfer_take(transfer, &message);
	must(transfer->body_bytes <= ANSWER_MAX);
	must(transfer->uploaded <= transfer->ask->body.n);
	must((verdict == COAP_TRANSFER_BROKEN) <= (transfer->why != NULL));
	return verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const char body[700];
	struct request request = { 0 };
	struct exchange exchange = { .request = &request };
	struct arena arena;
	struct coap_ask ask;
	struct coap_transfer transfer;
	const char *why;
	if (!n)
		return 0;
	arena_init(&arena, 1 << 18);
	exchange.arena = &arena;
	request.call = (struct message){ .path = SLICE("/a/b"),
		.method = bytes[0] & 1 ? METHOD_PUT : METHOD_GET,
		.body = { body, bytes[0] & 1 ? sizeof body >> (bytes[0] >> 1 & 7) : 0 } };
	const struct coap_ask_form form = { .media = SLICE("application/json") };
	must(coap_ask_make(&ask, &arena, &request.call, (slice){ NULL, 0 }, &form, &why) ==
	        STATUS_NONE);
	coap_transfer_begin(&transfer, &ask, &arena, ANSWER_MAX, 16u << (bytes[0] >> 5) % 7);
	slice rest = { (const char *)bytes + 1, n - 1 };
	enum coap_transfer_verdict verdict = COAP_TRANSFER_MORE;
	send_next(&transfer);
	for (unsigned i = 0; i < MESSAGES_MAX && rest.n && verdict == COAP_TRANSFER_MORE; i++) {
		size_t size = 4 * (size_t)(unsigned char)rest.p[0];
		rest = slice_from(rest, 1);
		verdict = answer(&transfer, (slice){ rest.p, size < rest.n ? size : rest.n });
		rest = slice_from(rest, size);
		if (verdict == COAP_TRANSFER_MORE)
			send_next(&transfer);
	}
	if (verdict == COAP_TRANSFER_WHOLE) {
		slice whole = { transfer.body, transfer.body_bytes };
		must(coap_answer_apply(&transfer.answer, whole, &exchange) != STATUS_NONE);
	}
	arena_finish(&arena);
	return 0;
}
