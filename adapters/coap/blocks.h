/* blocks: bodies that travel in several messages (RFC 7959): those that arrive are collected until they are
 * whole, those that leave are kept until they were fetched. Core thread. */
#ifndef COAP_BLOCKS_H
#define COAP_BLOCKS_H

#include "adapters/coap/answer.h"
#include "api/counter.h"
#include "codec/coap_wire.h"

struct blocks;

enum blocks_verdict {
	BLOCKS_MORE,      /* taken; the next one, please */
	BLOCKS_WHOLE,     /* that was the last */
	BLOCKS_GAP,       /* one before it is missing */
	BLOCKS_WRONG,     /* not the last, and shorter or longer than it says */
	BLOCKS_TOO_LARGE, /* over the body's limit */
	BLOCKS_NO_MEMORY
};

/* Holds at most bytes_max in all; what was not touched for longest gives way. A body that gave way before it was whole is
 * counted as refused, one that was not gone on with as expired. NULL: out of memory. */
struct blocks *blocks_create(size_t bytes_max, struct counters *);
void blocks_destroy(struct blocks *); /* NULL is fine */

/* What belongs together: the same peer, method and options, save those that number the blocks. */
uint64_t blocks_key(slice peer, const struct wire_message *);

/* Takes one block of a body that arrives. With BLOCKS_WHOLE *body is the whole, until the next call of any
 * function here. */
enum blocks_verdict blocks_take(struct blocks *, uint64_t key, slice peer,
        const struct wire_block *, slice payload, size_t body_max_bytes, uint64_t now_ms,
        slice *body);

/* Keeps a copy of an answer whose body leaves in blocks. Without memory it is not kept. */
void blocks_keep(struct blocks *, uint64_t key, slice peer, const struct answer *, uint64_t now_ms);
/* The answer kept under this key, until the next call of any function here; or NULL. */
const struct answer *blocks_kept(struct blocks *, uint64_t key, uint64_t now_ms);

#endif
