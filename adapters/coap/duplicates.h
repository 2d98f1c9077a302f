/* duplicates: which messages were taken already, and what was answered (RFC 7252 section 4.5).
 *
 * A message that a peer sends again must not take effect again: while the first is being worked on the copy
 * is ignored or acknowledged, afterwards it gets the same answer. Core thread. */
#ifndef COAP_DUPLICATES_H
#define COAP_DUPLICATES_H

#include "base/list.h"
#include "base/slice.h"

struct duplicates;

enum duplicate_state {
	DUPLICATE_PENDING,      /* being worked on */
	DUPLICATE_ACKNOWLEDGED, /* the same, and the peer knows */
	DUPLICATE_ANSWERED
};

enum { DUPLICATE_SMALL_BYTES = 40 };

/* Belongs to the table. Read-only but for `state`. */
struct duplicate {
	struct list link;       /* among the answered, oldest first; or among the free */
	struct duplicate *next; /* in the bucket */
	uint64_t key;
	uint32_t born_s;
	uint32_t answer_bytes;
	enum duplicate_state state;
	char *large; /* the answer, when it is longer than `small` */
	char small[DUPLICATE_SMALL_BYTES];
};

/* At most count_max messages and answers_max_bytes of their answers beyond the small ones; the oldest
 * answered ones give way. NULL: out of memory. */
struct duplicates *duplicates_create(unsigned count_max, size_t answers_max_bytes);
void duplicates_destroy(struct duplicates *); /* NULL is fine */

/* One message of one peer. The token counts too: a peer that restarts within the time may use an id again. */
uint64_t duplicates_key(slice peer, uint16_t id, slice token);
/* What is known of it; NULL: new. */
struct duplicate *duplicates_find(struct duplicates *, uint64_t key, uint64_t now_ms);
/* Enters a new one as pending; it stays until it is answered or forgotten. NULL: all places are taken by
 * messages that are still worked on. */
struct duplicate *duplicates_add(struct duplicates *, uint64_t key, uint64_t now_ms);
/* Keeps a copy of the answer. From now on the entry may give way to a newer one. */
void duplicates_answer(struct duplicates *, struct duplicate *, slice answer);
slice duplicate_answer(const struct duplicate *);

#endif
