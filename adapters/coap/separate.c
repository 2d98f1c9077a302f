/* A message id picks its place in the table: place = id % SEPARATE_MAX, so an acknowledgement finds its message
 * with one look. Ids cannot be foreseen: an acknowledgement with the right one then tells that its sender has got the
 * message, which is what an observer without Echo is believed by (observe.c). */
#include "adapters/coap/separate.h"

#include "base/random.h"

#include <stdlib.h>

enum {
	SEPARATE_MAX = 4096, /* under way at once; a power of two */
	ACK_TIMEOUT_MS = 2000,
	ACK_RANDOM_MS = 1000 /* ACK_TIMEOUT * (ACK_RANDOM_FACTOR - 1) */
};

struct separate {
	struct separates *owner;
	struct coap_caller peer;
	struct observer *observer; /* NULL: an answer */
	uint16_t id;
	unsigned sent, sent_max; /* times */
	uint64_t wait_ms;
	struct timer again;
	size_t n;
	char bytes[];
};

struct separates {
	struct coap_listener *listener;
	void (*ended)(struct coap_listener *, struct observer *, enum separate_end);
	uint64_t drawn; /* ids; begins anywhere */
	unsigned count;
	struct separate *at[SEPARATE_MAX];
};

struct separates *separates_create(struct coap_listener *listener,
        void (*ended)(struct coap_listener *, struct observer *, enum separate_end))
{
	struct separates *table = calloc(1, sizeof *table);
	if (!table)
		return NULL;
	table->listener = listener;
	table->ended = ended;
	table->drawn = random_u64();
	return table;
}

static void drop(struct separate *separate)
{
	timer_stop(&separate->again);
	separate->owner->at[separate->id % SEPARATE_MAX] = NULL;
	separate->owner->count--;
	free(separate);
}

static void end(struct separate *separate, enum separate_end how)
{
	struct separates *table = separate->owner;
	struct observer *observer = separate->observer;
	drop(separate);
	if (observer)
		table->ended(table->listener, observer, how);
}

void separates_destroy(struct separates *table)
{
	for (unsigned i = 0; table && i < SEPARATE_MAX; i++) {
		if (table->at[i])
			drop(table->at[i]);
	}
	free(table);
}

unsigned separates_room(const struct separates *table)
{
	return SEPARATE_MAX - table->count;
}

uint16_t separates_next_id(struct separates *table, bool *room)
{
	table->drawn++;
	uint16_t id = (uint16_t)random_keyed_hash(&table->drawn, sizeof table->drawn);
	/* The places after it, and in each only one of the ids that belong there. */
	for (unsigned tries = 0; tries < SEPARATE_MAX; tries++, id++) {
		*room = !table->at[id % SEPARATE_MAX];
		if (*room)
			break;
	}
	return id;
}

static void transmit(struct timer *timer)
{
	struct separate *separate = LIST_OWNER(timer, struct separate, again);
	if (separate->sent == separate->sent_max) {
		end(separate, SEPARATE_UNANSWERED);
		return;
	}
	struct coap_listener *listener = separate->owner->listener;
	coap_caller_send(listener, &separate->peer, (slice){ separate->bytes, separate->n });
	separate->sent++;
	timer_set(&separate->again, loop_now_ms(listener->loop) + separate->wait_ms);
	separate->wait_ms *= 2;
}

void separates_send(struct separates *table, const struct coap_caller *peer, uint16_t id,
        slice message, unsigned times_max, struct observer *observer)
{
	struct separate *separate = malloc(sizeof *separate + message.n);
	if (!separate) {
		coap_caller_send(table->listener, peer, message); /* once is better than never */
		if (observer)
			table->ended(table->listener, observer, SEPARATE_UNANSWERED);
		return;
	}
	*separate = (struct separate){
		.owner = table,
		.peer = *peer,
		.observer = observer,
		.id = id,
		.sent_max = times_max,
		.wait_ms = ACK_TIMEOUT_MS + random_u64() % ACK_RANDOM_MS,
		.n = message.n,
	};
	memcpy(separate->bytes, message.p, message.n);
	timer_init(&separate->again, table->listener->loop, transmit);
	table->at[id % SEPARATE_MAX] = separate;
	table->count++;
	transmit(&separate->again);
}

static struct separate *find(struct separates *table, uint16_t id)
{
	struct separate *separate = table->at[id % SEPARATE_MAX];
	return separate && separate->id == id ? separate : NULL;
}

void separates_ended(
        struct separates *table, const struct coap_caller *peer, uint16_t id, bool reset)
{
	struct separate *separate = find(table, id);
	if (separate && slice_equal(coap_caller_key(&separate->peer), coap_caller_key(peer)))
		end(separate, reset ? SEPARATE_RESET : SEPARATE_ACKNOWLEDGED);
}

void separates_forget(struct separates *table, uint16_t id)
{
	struct separate *separate = find(table, id);
	if (separate)
		drop(separate);
}

void separates_session_gone(struct separates *table, const struct coap_session *session)
{
	for (unsigned i = 0; i < SEPARATE_MAX; i++) {
		if (table->at[i] && table->at[i]->peer.session == session)
			drop(table->at[i]);
	}
}
