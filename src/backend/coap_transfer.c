/* WHY OURS: libcoap's block-wise code (4.3.1 and 4.3.4) has published crashes on hostile answers, and holds a body of
 * any length before its user is asked. Here every block is looked at before it counts: its number, its size, the
 * entity tag, the sum.
 *
 * UPWARDS the body goes in order, one block after the answer to the one before. The device may ask for smaller blocks
 * in its first answer. A device that takes each block for itself (2.04 with the block's number, RFC 7959 section
 * 2.3) is sent the rest; one that calls a part a success without a word about blocks has misunderstood, and the call
 * fails rather than leave half a body there as if it were the whole.
 *
 * DOWNWARDS the blocks must follow each other and belong to the same entity tag. A value that changed on the way is
 * fetched from the start, RESTARTS_MAX times, where asking changes nothing. */
#include "backend/coap_transfer.h"

#include <coap3/coap.h>

enum { RESTARTS_MAX = 3, CODE_CONTINUE = WIRE_CODE(2, 31), BODY_FIRST_BYTES = 4096 };

void coap_transfer_begin(struct coap_transfer *transfer, const struct coap_ask *ask,
        struct arena *arena, size_t answer_max_bytes, unsigned block_size)
{
	*transfer = (struct coap_transfer){
		.ask = ask,
		.arena = arena,
		.answer_max_bytes = answer_max_bytes,
		.block_size = block_size,
		.size_matters = block_size < WIRE_BLOCK_MAX,
	};
}

/* ---- What to send */

static slice write_download(
        struct coap_transfer *transfer, uint16_t id, slice token, char *buffer, size_t size)
{
	const struct wire_block block = {
		.number = (uint32_t)(transfer->body_bytes / transfer->block_size),
		.size = transfer->block_size,
	};
	const struct coap_ask_part part = {
		.stream = transfer->stream, .bare = true, .block2 = &block
	};
	return coap_ask_write(transfer->ask, &part, id, token, buffer, size);
}

slice coap_transfer_write(
        struct coap_transfer *transfer, uint16_t id, slice token, char *buffer, size_t size)
{
	if (transfer->downloading)
		return write_download(transfer, id, token, buffer, size);
	slice rest = slice_from(transfer->ask->body, transfer->uploaded);
	const struct wire_block block1 = {
		.number = (uint32_t)(transfer->uploaded / transfer->block_size),
		.more = rest.n > transfer->block_size,
		.size = transfer->block_size,
	};
	const struct wire_block block2 = { .size = transfer->block_size };
	bool in_blocks = block1.more || block1.number;
	transfer->piece = block1.more ? transfer->block_size : rest.n;
	const struct coap_ask_part part = {
		.stream = transfer->stream,
		.observe = transfer->observe,
		.block1 = in_blocks ? &block1 : NULL,
		.block2 = transfer->size_matters && !in_blocks ? &block2 : NULL,
		.has_size1 = in_blocks && !block1.number,
		.echo = { transfer->echo, transfer->echo_bytes },
		.payload = { rest.p, transfer->piece },
	};
	return coap_ask_write(transfer->ask, &part, id, token, buffer, size);
}

/* ---- What came */

static enum coap_transfer_verdict broken(struct coap_transfer *transfer, const char *why)
{
	transfer->why = why;
	return COAP_TRANSFER_BROKEN;
}

static enum coap_transfer_verdict too_large(struct coap_transfer *transfer)
{
	transfer->why = "the device's answer is too large";
	return COAP_TRANSFER_TOO_LARGE;
}

/* The body so far and this part of it. false: no room. */
static bool append(struct coap_transfer *transfer, slice part)
{
	size_t n = transfer->body_bytes, size = transfer->body_size;
	if (part.n > transfer->answer_max_bytes || n > transfer->answer_max_bytes - part.n)
		return false;
	if (n + part.n > size) {
		size = size ? 2 * size : BODY_FIRST_BYTES;
		if (size < n + part.n)
			size = n + part.n;
		char *body = arena_grow(transfer->arena, transfer->body, transfer->body_size, size);
		if (!body)
			return false;
		transfer->body = body;
		transfer->body_size = size;
	}
	if (part.n)
		memcpy(transfer->body + n, part.p, part.n);
	transfer->body_bytes += part.n;
	return true;
}

/* A block of an answer: the next one? */
static enum coap_transfer_verdict take_block(
        struct coap_transfer *transfer, const struct coap_answer *answer, slice part)
{
	const struct wire_block *block = &answer->block2;
	uint64_t from = (uint64_t)block->number * block->size;
	if (from != transfer->body_bytes) {
		(void)broken(transfer, "the device sent another block than it was asked for");
		return from < transfer->body_bytes ? COAP_TRANSFER_OLD : COAP_TRANSFER_BROKEN;
	}
	if (block->more ? part.n != block->size : part.n > block->size)
		return broken(transfer, "the device sent a block of another length than it says");
	if (answer->has_size2 && answer->size2 > transfer->answer_max_bytes)
		return too_large(transfer);
	if (!append(transfer, part))
		return too_large(transfer);
	if (!block->more)
		return COAP_TRANSFER_WHOLE;
	if (block->size < transfer->block_size)
		transfer->block_size = block->size;
	transfer->downloading = true;
	return COAP_TRANSFER_MORE;
}

/* The first message of the answer to the whole request. */
static enum coap_transfer_verdict take_first(
        struct coap_transfer *transfer, const struct coap_answer *answer, slice part)
{
	transfer->answer = *answer;
	transfer->body_bytes = 0;
	if (answer->has_block2)
		return take_block(transfer, answer, part);
	return append(transfer, part) ? COAP_TRANSFER_WHOLE : too_large(transfer);
}

static bool same_tag(const struct coap_answer *a, const struct coap_answer *b)
{
	if (!a->tag_bytes || !b->tag_bytes)
		return true; /* not said: nothing to hold against each other */
	return a->tag_bytes == b->tag_bytes && memcmp(a->tag, b->tag, a->tag_bytes) == 0;
}

static enum coap_transfer_verdict take_further(
        struct coap_transfer *transfer, const struct coap_answer *answer, slice part)
{
	/* Something else than a further block: a refusal in the middle, or all of it at once. */
	if (answer->code != transfer->answer.code || !answer->has_block2)
		return answer->code == CODE_CONTINUE
		               ? broken(transfer, "the device said \"continue\" out of turn")
		               : take_first(transfer, answer, part);
	if (transfer->body_bytes && !same_tag(answer, &transfer->answer)) {
		if (!transfer->ask->safe || transfer->restarts++ == RESTARTS_MAX)
			return broken(transfer, "the value changed while it was read");
		transfer->body_bytes = 0;
		return COAP_TRANSFER_MORE;
	}
	if (!transfer->body_bytes)
		transfer->answer = *answer;
	return take_block(transfer, answer, part);
}

/* One block of the request has been answered, and it was not the last. */
static enum coap_transfer_verdict take_continue(
        struct coap_transfer *transfer, const struct coap_answer *answer)
{
	size_t number = transfer->uploaded / transfer->block_size;
	if (!answer->has_block1 || answer->block1.number != number) {
		(void)broken(transfer, "the device took only a part of the body");
		return answer->has_block1 && answer->block1.number < number ? COAP_TRANSFER_OLD
		                                                            : COAP_TRANSFER_BROKEN;
	}
	transfer->uploaded += transfer->piece;
	if (answer->block1.size < transfer->block_size)
		transfer->block_size = answer->block1.size;
	return COAP_TRANSFER_MORE;
}

/* 4.13 with a smaller block than the first one sent: "in such pieces, please" (RFC 7959 section 2.9.3). */
static bool wants_smaller(const struct coap_transfer *transfer, const struct coap_answer *answer)
{
	return answer->code == COAP_RESPONSE_CODE(413) && answer->has_block1 &&
	       !transfer->uploaded && answer->block1.size < transfer->block_size;
}

enum coap_transfer_verdict coap_transfer_take(
        struct coap_transfer *transfer, const struct wire_message *message)
{
	struct coap_answer answer;
	const char *wrong = coap_answer_read(&answer, transfer->arena, message);
	if (wrong)
		return broken(transfer, wrong);
	if (transfer->downloading)
		return take_further(transfer, &answer, message->payload);
	size_t rest = transfer->ask->body.n - transfer->uploaded;
	if (transfer->piece < rest && answer.code >> 5 == 2)
		return take_continue(transfer, &answer);
	if (answer.code == CODE_CONTINUE && answer.has_block1 && transfer->uploaded &&
	        answer.block1.number < transfer->uploaded / transfer->block_size) {
		transfer->why = "the device said \"continue\" out of turn";
		return COAP_TRANSFER_OLD;
	}
	if (answer.code == CODE_CONTINUE)
		return broken(transfer, "the device said \"continue\" out of turn");
	if (wants_smaller(transfer, &answer)) {
		transfer->block_size = answer.block1.size;
		return COAP_TRANSFER_MORE;
	}
	if (answer.code == COAP_RESPONSE_CODE(401) && answer.echo_bytes && !transfer->echo_bytes) {
		transfer->echo_bytes = answer.echo_bytes;
		memcpy(transfer->echo, answer.echo, answer.echo_bytes);
		return COAP_TRANSFER_MORE;
	}
	return take_first(transfer, &answer, message->payload);
}
