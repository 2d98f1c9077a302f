/* A short list of transfers, the one touched last at its end; a look-up walks it, which only messages with a
 * Block option pay.
 *
 * Bounds: TRANSFERS_MAX in all, TRANSFERS_PER_PEER for one peer, bytes_max of bodies, IDLE_MS without a block.
 * Memory is taken as blocks arrive and not as Size1 promises. Whoever comes when all is taken pushes out what
 * was idle for longest: an attacker with many addresses can disturb others' block-wise transfers that way (they
 * get 4.08 and start again), but neither fill the memory nor disturb a message that fits into one datagram.
 *
 * Blocks must come in order (RFC 7959 section 2.5 lets a server ask for that, with 4.08). Writing anywhere would
 * need bookkeeping of holes, and constrained clients send in order anyway.
 *
 * libcoap can do this too, but only for messages that it received by itself, and its versions in Debian 12 and 13
 * have null dereferences there (its issue 1642). (Rule broken: malloc while running; a transfer outlives its
 * requests.) */
#include "adapters/coap/blocks.h"

#include "base/list.h"
#include "base/random.h"

#include <coap3/coap.h>
#include <stdlib.h>

enum { TRANSFERS_MAX = 256, TRANSFERS_PER_PEER = 4, IDLE_MS = 60000 };

struct transfer {
	struct list link;
	uint64_t key, peer;
	uint64_t touched_ms;
	bool leaves;
	char *bytes;
	size_t n, size;
	struct answer answer; /* when it leaves; body is `bytes` */
};

struct blocks {
	struct list transfers;
	unsigned count;
	size_t bytes, bytes_max;
	struct counters *counters;
	struct transfer *finished; /* its body was handed out; ends with the next call */
};

struct blocks *blocks_create(size_t bytes_max, struct counters *counters)
{
	struct blocks *blocks = calloc(1, sizeof *blocks);
	if (!blocks)
		return NULL;
	list_init(&blocks->transfers);
	blocks->bytes_max = bytes_max;
	blocks->counters = counters;
	return blocks;
}

static void end(struct blocks *blocks, struct transfer *transfer)
{
	list_remove(&transfer->link);
	blocks->count--;
	blocks->bytes -= transfer->size;
	if (blocks->finished == transfer)
		blocks->finished = NULL;
	free(transfer->bytes);
	free(transfer);
}

/* Of an answer that leaves nothing is lost: whoever wants the rest asks again. */
static void give_up(struct blocks *blocks, struct transfer *transfer, enum counter as)
{
	if (!transfer->leaves)
		blocks->counters->at[as]++;
	end(blocks, transfer);
}

void blocks_destroy(struct blocks *blocks)
{
	if (!blocks)
		return;
	LIST_EACH (&blocks->transfers, at, following)
		end(blocks, LIST_OWNER(at, struct transfer, link));
	free(blocks);
}

uint64_t blocks_key(slice peer, const struct wire_message *message)
{
	/* The hash of hashes: options can be long, and the order of an option's bytes matters only inside it. */
	uint64_t parts[WIRE_OPTIONS_MAX * 2 + 2];
	size_t n = 0;
	parts[n++] = random_keyed_hash(peer.p, peer.n);
	parts[n++] = message->code;
	for (unsigned i = 0; i < message->noptions; i++) {
		const struct wire_option *option = &message->options[i];
		bool is_no_cache_key = (option->number & 0x1e) == 0x1c; /* RFC 7252 section 5.4.6 */
		if (is_no_cache_key || option->number == COAP_OPTION_BLOCK1 ||
		        option->number == COAP_OPTION_BLOCK2 ||
		        option->number == COAP_OPTION_OBSERVE)
			continue;
		parts[n++] = option->number;
		parts[n++] = random_keyed_hash(option->value.p, option->value.n);
	}
	return random_keyed_hash(parts, n * sizeof *parts);
}

/* Ends what was idle for too long, and the one whose body the last call handed out. */
static void tidy(struct blocks *blocks, uint64_t now_ms)
{
	if (blocks->finished)
		end(blocks, blocks->finished);
	LIST_EACH (&blocks->transfers, at, following) {
		struct transfer *transfer = LIST_OWNER(at, struct transfer, link);
		if (now_ms - transfer->touched_ms <= IDLE_MS)
			break;
		give_up(blocks, transfer, COUNTER_EXPIRED);
	}
}

static struct transfer *find(struct blocks *blocks, uint64_t key, bool leaves, uint64_t now_ms)
{
	LIST_EACH (&blocks->transfers, at, following) {
		struct transfer *transfer = LIST_OWNER(at, struct transfer, link);
		if (transfer->key != key || transfer->leaves != leaves)
			continue;
		transfer->touched_ms = now_ms;
		list_remove(at);
		list_append(&blocks->transfers, at);
		return transfer;
	}
	return NULL;
}

/* Makes room for one more of this peer's. */
static void limit_count(struct blocks *blocks, uint64_t peer)
{
	struct transfer *oldest = NULL;
	unsigned of_peer = 0;
	LIST_EACH (&blocks->transfers, at, following) {
		struct transfer *transfer = LIST_OWNER(at, struct transfer, link);
		if (transfer->peer != peer)
			continue;
		if (!oldest)
			oldest = transfer;
		of_peer++;
	}
	if (of_peer >= TRANSFERS_PER_PEER)
		give_up(blocks, oldest, COUNTER_REFUSED);
	else if (blocks->count >= TRANSFERS_MAX)
		give_up(blocks, LIST_OWNER(blocks->transfers.next, struct transfer, link),
		        COUNTER_REFUSED);
}

static struct transfer *begin(
        struct blocks *blocks, uint64_t key, slice peer, bool leaves, uint64_t now_ms)
{
	uint64_t peer_hash = random_keyed_hash(peer.p, peer.n);
	limit_count(blocks, peer_hash);
	struct transfer *transfer = calloc(1, sizeof *transfer);
	if (!transfer)
		return NULL;
	transfer->key = key;
	transfer->peer = peer_hash;
	transfer->leaves = leaves;
	transfer->touched_ms = now_ms;
	list_append(&blocks->transfers, &transfer->link);
	blocks->count++;
	return transfer;
}

/* Appends; pushes out others when all bytes are taken. */
static bool add_bytes(struct blocks *blocks, struct transfer *transfer, slice bytes)
{
	size_t needed = transfer->n + bytes.n;
	if (needed > transfer->size) {
		size_t size = transfer->size ? transfer->size * 2 : 4096;
		if (size < needed)
			size = needed;
		size_t more = size - transfer->size;
		LIST_EACH (&blocks->transfers, at, following) {
			struct transfer *other = LIST_OWNER(at, struct transfer, link);
			if (blocks->bytes + more <= blocks->bytes_max)
				break;
			if (other != transfer)
				give_up(blocks, other, COUNTER_REFUSED);
		}
		char *grown = blocks->bytes + more <= blocks->bytes_max
		                      ? realloc(transfer->bytes, size)
		                      : NULL;
		if (!grown)
			return false;
		transfer->bytes = grown;
		transfer->size = size;
		blocks->bytes += more;
	}
	if (bytes.n)
		memcpy(transfer->bytes + transfer->n, bytes.p, bytes.n);
	transfer->n = needed;
	return true;
}

enum blocks_verdict blocks_take(struct blocks *blocks, uint64_t key, slice peer,
        const struct wire_block *block, slice payload, size_t body_max_bytes, uint64_t now_ms,
        slice *body)
{
	tidy(blocks, now_ms);
	size_t offset = (size_t)block->number * block->size;
	if (block->more ? payload.n != block->size : payload.n > block->size)
		return BLOCKS_WRONG;
	struct transfer *transfer = find(blocks, key, false, now_ms);
	if (transfer && offset == 0) { /* from the start again */
		end(blocks, transfer);
		transfer = NULL;
	}
	if (!transfer && offset != 0)
		return BLOCKS_GAP;
	if (!transfer)
		transfer = begin(blocks, key, peer, false, now_ms);
	if (!transfer)
		return BLOCKS_NO_MEMORY;
	if (transfer->n != offset)
		return BLOCKS_GAP;
	if (offset + payload.n > body_max_bytes) {
		end(blocks, transfer);
		return BLOCKS_TOO_LARGE;
	}
	if (!add_bytes(blocks, transfer, payload)) {
		end(blocks, transfer);
		return BLOCKS_NO_MEMORY;
	}
	if (block->more)
		return BLOCKS_MORE;
	blocks->finished = transfer;
	*body = (slice){ transfer->bytes, transfer->n };
	return BLOCKS_WHOLE;
}

void blocks_keep(struct blocks *blocks, uint64_t key, slice peer, const struct answer *answer,
        uint64_t now_ms)
{
	tidy(blocks, now_ms);
	struct transfer *transfer = find(blocks, key, true, now_ms);
	if (transfer)
		end(blocks, transfer);
	transfer = begin(blocks, key, peer, true, now_ms);
	if (!transfer)
		return;
	if (!add_bytes(blocks, transfer, answer->body)) {
		end(blocks, transfer);
		return;
	}
	transfer->answer = *answer;
	transfer->answer.body = (slice){ transfer->bytes, transfer->n };
	/* These belong to the request; the first block has said them. */
	transfer->answer.location = (slice){ NULL, 0 };
	transfer->answer.diagnostic = (slice){ NULL, 0 };
}

const struct answer *blocks_kept(struct blocks *blocks, uint64_t key, uint64_t now_ms)
{
	tidy(blocks, now_ms);
	struct transfer *transfer = find(blocks, key, true, now_ms);
	return transfer ? &transfer->answer : NULL;
}
