/* A message id picks its place in the table: place = id % SEPARATE_MAX, so an acknowledgement finds its message
 * with one look, and ids are handed out by walking to the next free place. */
#include "adapters/coap/separate.h"

#include "base/random.h"

#include <stdlib.h>

enum {
	SEPARATE_MAX = 1024, /* under way at once; a power of two */
	ACK_TIMEOUT_MS = 2000,
	ACK_RANDOM_MS = 1000 /* ACK_TIMEOUT * (ACK_RANDOM_FACTOR - 1) */
};

struct separate {
	struct separates *owner;
	struct datagram_peer peer;
	uint16_t id;
	unsigned sent; /* times */
	uint64_t wait_ms;
	struct timer again;
	size_t n;
	char bytes[];
};

struct separates {
	struct loop *loop;
	void (*send)(void *owner, const struct datagram_peer *, slice);
	void *owner;
	uint16_t last_id;
	struct separate *at[SEPARATE_MAX];
};

struct separates *separates_create(struct loop *loop,
        void (*send)(void *owner, const struct datagram_peer *, slice), void *owner)
{
	struct separates *table = calloc(1, sizeof *table);
	if (!table)
		return NULL;
	table->loop = loop;
	table->send = send;
	table->owner = owner;
	table->last_id = (uint16_t)random_u64();
	return table;
}

static void end(struct separate *separate)
{
	timer_stop(&separate->again);
	separate->owner->at[separate->id % SEPARATE_MAX] = NULL;
	free(separate);
}

void separates_destroy(struct separates *table)
{
	for (unsigned i = 0; table && i < SEPARATE_MAX; i++) {
		if (table->at[i])
			end(table->at[i]);
	}
	free(table);
}

uint16_t separates_next_id(struct separates *table, bool *room)
{
	*room = false;
	for (unsigned tries = 0; tries < SEPARATE_MAX && !*room; tries++) {
		table->last_id++;
		*room = !table->at[table->last_id % SEPARATE_MAX];
	}
	return table->last_id;
}

static void transmit(struct timer *timer)
{
	struct separate *separate = LIST_OWNER(timer, struct separate, again);
	if (separate->sent == SEPARATE_TIMES_MAX) {
		end(separate);
		return;
	}
	struct separates *table = separate->owner;
	table->send(table->owner, &separate->peer, (slice){ separate->bytes, separate->n });
	separate->sent++;
	timer_set(&separate->again, loop_now_ms(table->loop) + separate->wait_ms);
	separate->wait_ms *= 2;
}

void separates_send(
        struct separates *table, const struct datagram_peer *peer, uint16_t id, slice message)
{
	struct separate *separate = malloc(sizeof *separate + message.n);
	if (!separate) {
		table->send(table->owner, peer, message); /* once is better than never */
		return;
	}
	*separate = (struct separate){ .owner = table, .peer = *peer, .id = id, .n = message.n };
	separate->wait_ms = ACK_TIMEOUT_MS + random_u64() % ACK_RANDOM_MS;
	memcpy(separate->bytes, message.p, message.n);
	timer_init(&separate->again, table->loop, transmit);
	table->at[id % SEPARATE_MAX] = separate;
	transmit(&separate->again);
}

void separates_ended(struct separates *table, const struct datagram_peer *peer, uint16_t id)
{
	struct separate *separate = table->at[id % SEPARATE_MAX];
	if (separate && separate->id == id &&
	        slice_equal(datagram_peer_key(&separate->peer), datagram_peer_key(peer)))
		end(separate);
}
