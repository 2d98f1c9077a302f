/* Observers of last known values.
 *
 * ONE NOTIFICATION AT A TIME. While a confirmable notification waits for its acknowledgement, or a connection for its
 * bytes to leave, newer values are not queued: the observer is marked as behind, and asks the core for the newest one
 * when it can take it. So a slow peer gets the latest state and costs no memory (RFC 7641 section 4.5).
 *
 * CONFIRMABLE OR NOT. A notification goes without confirmation when three seconds have passed since the last
 * (section 4.5.1) and not too many went that way; else the peer has to acknowledge it, which also holds back the next.
 * At least every `observe_interval` each observer is sent a confirmable one, with the value as it is: who does not
 * acknowledge is no longer there.
 *
 * WHO IS THERE AT ALL. An observer whose address is not proven (reply.c) gets confirmable notifications only, and
 * before it has acknowledged the first no more bytes than its request allows. Message ids cannot be foreseen: who
 * acknowledges one has most probably got it, and a guess costs more bytes than it makes us send.
 *
 * NO ROOM. So many confirmable messages may be under way (separate.c), also to peers that never acknowledge. Who has to be
 * sent one while there is no room is behind, and has its turn when there is.
 *
 * BOUNDS: observers_max in all, observers_per_peer for one peer. (Rule broken: malloc while running; an observer
 * outlives its request.) */
#include "adapters/coap/observe.h"

#include "base/random.h"
#include "codec/content_format.h"

#include <coap3/coap.h>
#include <stdlib.h>

enum {
	BUCKETS = 1024,
	UNCONFIRMED_MAX = 20,
	UNCONFIRMED_PAUSE_MS = 3000,
	MAX_AGE_MARGIN_S = 120, /* what a confirmable message and its repetitions may take */
	SEQUENCE_MASK = 0xffffff,
	ROOM_MS = 100, /* how often is looked whether more can wait for an acknowledgement */
	TAG_BYTES = 8
};

struct observer {
	struct list link;  /* in its bucket */
	struct list quiet; /* among those that were confirmed, the longest ago first */
	struct list
	        waiting; /* behind, until one more can wait for its acknowledgement; or in no list */
	uint64_t peer_hash;
	struct coap_listener *listener;
	struct coap_exchange
	        as; /* whom, which token, which blocks: a notification answers it again */
	struct subscription *subscription; /* NULL: the answer to its request is awaited */
	uint64_t version;                  /* of the value that it was sent last */
	size_t allowance;                  /* bytes, until it acknowledged something */
	uint64_t sent_ms, confirmed_ms;
	uint32_t sequence;
	uint16_t id;          /* of the last notification */
	unsigned unconfirmed; /* notifications, one after the other */
	bool outstanding;     /* one is not acknowledged yet */
	bool behind;          /* and there was a newer value meanwhile */
	bool confirm;         /* the next one is to be confirmed */
};

struct observers {
	struct coap_listener *listener;
	unsigned count;
	struct list buckets[BUCKETS];
	struct list quiet;
	struct timer check;
	struct list waiting; /* in the order in which they began to */
	struct timer room;
};

static void check_due(struct timer *);
static void use_room(struct timer *);

struct observers *observers_create(struct coap_listener *listener)
{
	struct observers *observers = calloc(1, sizeof *observers);
	if (!observers)
		return NULL;
	observers->listener = listener;
	for (unsigned i = 0; i < BUCKETS; i++)
		list_init(&observers->buckets[i]);
	list_init(&observers->quiet);
	list_init(&observers->waiting);
	timer_init(&observers->check, listener->loop, check_due);
	timer_init(&observers->room, listener->loop, use_room);
	return observers;
}

void observers_end(struct observers *observers, struct observer *observer)
{
	if (!observer)
		return;
	subscription_end(observer->subscription);
	if (observer->outstanding)
		separates_forget(observer->listener->separates, observer->id);
	list_remove(&observer->link);
	list_remove(&observer->quiet);
	list_remove(&observer->waiting);
	observers->count--;
	free(observer);
}

#define EACH_OBSERVER(observers, i, at)                                                            \
	for (unsigned i = 0; i < BUCKETS; i++)                                                     \
		LIST_EACH (&(observers)->buckets[i], at, following)

void observers_destroy(struct observers *observers)
{
	if (!observers)
		return;
	EACH_OBSERVER(observers, i, at)
	observers_end(observers, LIST_OWNER(at, struct observer, link));
	timer_stop(&observers->check);
	timer_stop(&observers->room);
	free(observers);
}

static uint64_t hash_of(const struct coap_caller *peer)
{
	slice key = coap_caller_key(peer);
	return random_keyed_hash(key.p, key.n);
}

static struct list *bucket_of(struct observers *observers, struct coap_session *session)
{
	struct coap_caller peer = { .session = session };
	return &observers->buckets[hash_of(&peer) % BUCKETS];
}

static bool has_token(const struct observer *observer, const struct coap_exchange *exchange)
{
	return observer->as.token_bytes == exchange->token_bytes &&
	       memcmp(observer->as.token, exchange->token, exchange->token_bytes) == 0;
}

struct observer *observers_begin(struct observers *observers, const struct coap_exchange *exchange)
{
	struct coap_listener *listener = observers->listener;
	uint64_t hash = hash_of(&exchange->peer);
	struct list *bucket = &observers->buckets[hash % BUCKETS];
	unsigned of_peer = 0;
	LIST_EACH (bucket, at, following) {
		const struct observer *other = LIST_OWNER(at, struct observer, link);
		of_peer += other->peer_hash == hash && !has_token(other, exchange);
	}
	struct observer *observer = NULL;
	if (of_peer < listener->observers_per_peer && observers->count < listener->observers_max)
		observer = calloc(1, sizeof *observer);
	if (!observer) {
		listener->adapter.counters.at[COUNTER_REFUSED]++;
		return NULL;
	}
	observer->listener = listener;
	observer->peer_hash = hash;
	observer->as = *exchange;
	list_init(&observer->as.link);
	list_init(&observer->as.at_peer);
	observer->as.duplicate = NULL;
	list_init(&observer->quiet);
	list_init(&observer->waiting);
	list_append(bucket, &observer->link);
	observers->count++;
	return observer;
}

static void confirmed(struct observers *observers, struct observer *observer)
{
	uint64_t now_ms = loop_now_ms(observers->listener->loop);
	observer->confirmed_ms = now_ms;
	observer->unconfirmed = 0;
	list_remove(&observer->quiet);
	list_append(&observers->quiet, &observer->quiet);
	if (!observers->check.at_ms)
		timer_set(&observers->check, now_ms + observers->listener->observe_interval_ms);
}

/* The one that this observer takes the place of: the same token from the same peer. */
static void replace(struct observers *observers, struct observer *observer)
{
	LIST_EACH (&observers->buckets[observer->peer_hash % BUCKETS], at, following) {
		struct observer *old = LIST_OWNER(at, struct observer, link);
		if (old == observer || !old->subscription ||
		        old->peer_hash != observer->peer_hash || !has_token(old, &observer->as))
			continue;
		observer->sequence = old->sequence;
		observers_end(observers, old);
	}
}

void observers_answered(
        struct observers *observers, struct coap_exchange *exchange, const struct request *request)
{
	struct observer *observer = exchange->observer;
	observer->subscription = request->subscription;
	if (!request->subscription || !status_is_success(request->status) || exchange->gone ||
	        exchange->reset || observers->listener->stopping) {
		observers_end(observers, observer);
		exchange->observer = NULL;
		return;
	}
	observer->as.authenticated = coap_is_proven(observers->listener, exchange);
	observer->sent_ms = loop_now_ms(observers->listener->loop);
	observer->allowance = SIZE_MAX;
	replace(observers, observer);
	confirmed(observers, observer);
}

uint32_t observer_sequence(struct observer *observer)
{
	observer->sequence = (observer->sequence + 1) & SEQUENCE_MASK;
	return observer->sequence;
}

uint32_t observer_max_age_s(const struct observer *observer)
{
	return (uint32_t)(observer->listener->observe_interval_ms / 1000) + MAX_AGE_MARGIN_S;
}

void observer_allow(struct observer *observer, size_t bytes)
{
	observer->allowance = bytes;
}

void observers_forget(struct observers *observers, const struct coap_exchange *exchange)
{
	uint64_t hash = hash_of(&exchange->peer);
	LIST_EACH (&observers->buckets[hash % BUCKETS], at, following) {
		struct observer *observer = LIST_OWNER(at, struct observer, link);
		if (observer->subscription && observer->peer_hash == hash &&
		        has_token(observer, exchange))
			observers_end(observers, observer);
	}
}

void observers_rejected(struct observers *observers, const struct coap_caller *peer, uint16_t id)
{
	uint64_t hash = hash_of(peer);
	LIST_EACH (&observers->buckets[hash % BUCKETS], at, following) {
		struct observer *observer = LIST_OWNER(at, struct observer, link);
		if (observer->version && observer->peer_hash == hash && observer->id == id)
			observers_end(observers, observer);
	}
}

static void catch_up(struct observer *observer)
{
	if (!observer->behind || observer->outstanding)
		return;
	observer->behind = false;
	subscription_refresh(observer->subscription, observer->version);
}

void observers_confirmed(
        struct coap_listener *listener, struct observer *observer, enum separate_end how)
{
	observer->outstanding = false;
	if (how != SEPARATE_ACKNOWLEDGED) {
		observers_end(listener->observers, observer);
		return;
	}
	observer->allowance = SIZE_MAX;
	confirmed(listener->observers, observer);
	catch_up(observer);
}

static bool is_proven(const struct observer *observer)
{
	return observer->allowance == SIZE_MAX && coap_is_proven(observer->listener, &observer->as);
}

static bool wants_confirmation(const struct observer *observer)
{
	uint64_t now_ms = loop_now_ms(observer->listener->loop);
	return observer->confirm || !is_proven(observer) ||
	       observer->unconfirmed >= UNCONFIRMED_MAX ||
	       now_ms - observer->sent_ms < UNCONFIRMED_PAUSE_MS;
}

static void send_on_stream(struct observer *observer, const struct answer *answer, bool last)
{
	struct coap_listener *listener = observer->listener;
	char buffer[COAP_MESSAGE_MAX_BYTES], *heap;
	struct coap_form form = { .allowance = observer->as.peer.session->message_max_bytes };
	form.has_observe = !last;
	form.observe = observer_sequence(observer);
	slice message = coap_compose(listener, &observer->as, answer, &form, buffer, &heap);
	coap_caller_send(listener, &observer->as.peer, message);
	free(heap);
	confirmed(listener->observers, observer);
}

/* false: it may not be sent what there is to say. */
static bool send_datagram(struct observer *observer, const struct answer *answer, bool last)
{
	struct coap_listener *listener = observer->listener;
	char buffer[COAP_MESSAGE_MAX_BYTES], *heap;
	bool room = false, confirm = last || wants_confirmation(observer);
	struct coap_form form = { .allowance = observer->allowance, .has_observe = !last };
	form.id = separates_next_id(listener->separates, &room);
	confirm = confirm && room;
	form.type = confirm ? WIRE_CON : WIRE_NON;
	form.observe = observer_sequence(observer);
	slice message = coap_compose(listener, &observer->as, answer, &form, buffer, &heap);
	if (!message.n || form.challenge || (!confirm && !is_proven(observer)))
		return false;
	size_t times = observer->allowance / message.n;
	if (times > SEPARATE_TIMES_MAX)
		times = SEPARATE_TIMES_MAX;
	observer->id = form.id;
	observer->sent_ms = loop_now_ms(listener->loop);
	observer->unconfirmed++;
	if (!confirm) {
		coap_caller_send(listener, &observer->as.peer, message);
		return true;
	}
	if (observer->allowance != SIZE_MAX)
		observer->allowance = 0;
	observer->confirm = false;
	observer->outstanding = !last;
	/* The last thing done: without memory the observer ends in there. */
	separates_send(listener->separates, &observer->as.peer, form.id, message, (unsigned)times,
	        last ? NULL : observer);
	return true;
}

static bool notify(struct observer *observer, const struct answer *answer, bool last)
{
	if (!coap_caller_is_reliable(&observer->as.peer))
		return send_datagram(observer, answer, last);
	send_on_stream(observer, answer, last);
	return true;
}

/* What it follows has ended, or may no longer be seen by it. */
static void say_farewell(struct observer *observer, enum status status, slice why)
{
	struct answer answer = {
		.code = answer_code(status, METHOD_GET), .format = -1, .diagnostic = why
	};
	if (observer->outstanding)
		separates_forget(observer->listener->separates, observer->id);
	observer->outstanding = false;
	(void)notify(observer, &answer, true);
	observers_end(observer->listener->observers, observer);
}

/* Must be acknowledged by this peer, while as many others as there may be have not acknowledged yet. */
static bool must_wait(const struct observer *observer)
{
	return !coap_caller_is_reliable(&observer->as.peer) && !is_proven(observer) &&
	       !separates_room(observer->listener->separates);
}

static void wait_for_room(struct observer *observer)
{
	struct observers *observers = observer->listener->observers;
	observer->behind = true;
	if (!list_empty(&observer->waiting))
		return;
	list_append(&observers->waiting, &observer->waiting);
	if (!observers->room.at_ms)
		timer_set(&observers->room, loop_now_ms(observer->listener->loop) + ROOM_MS);
}

/* Those that have waited for longest are told what is new by now. */
static void use_room(struct timer *timer)
{
	struct observers *observers = LIST_OWNER(timer, struct observers, room);
	unsigned n = separates_room(observers->listener->separates);
	for (; n && !list_empty(&observers->waiting); n--) {
		struct observer *observer =
		        LIST_OWNER(observers->waiting.next, struct observer, waiting);
		list_remove(&observer->waiting);
		catch_up(observer);
	}
	if (!list_empty(&observers->waiting))
		timer_set(timer, loop_now_ms(observers->listener->loop) + ROOM_MS);
}

static void push_value(struct observer *observer, const struct update *update)
{
	const struct coap_session *session = observer->as.peer.session;
	if (observer->outstanding ||
	        (session && session->reliable && session->is_behind(session))) {
		observer->behind = true;
		return;
	}
	if (must_wait(observer)) {
		wait_for_room(observer);
		return;
	}
	struct answer answer = {
		.code = WIRE_CODE(2, 5),
		.tag_bytes = observer->allowance == SIZE_MAX ? TAG_BYTES : 0,
		.format = content_format_number(update->media),
		.has_max_age = true,
		.max_age_s = observer_max_age_s(observer),
		.body = update->body,
	};
	for (unsigned i = 0; i < TAG_BYTES; i++)
		answer.tag[i] = (char)(update->version >> (8 * (TAG_BYTES - 1 - i)) & 0xff);
	observer->version = update->version;
	if (!notify(observer, &answer, false))
		observers_end(observer->listener->observers, observer);
}

void observers_push(
        struct adapter *adapter, struct subscription *subscription, const struct update *update)
{
	struct observer *observer = subscription->follower;
	(void)adapter;
	if (update->ended == STATUS_NONE) {
		push_value(observer, update);
		return;
	}
	observer->subscription = NULL; /* it is the core's no more than ours */
	say_farewell(observer, update->ended, update->why);
}

void observers_session_gone(struct observers *observers, struct coap_session *session)
{
	LIST_EACH (bucket_of(observers, session), at, following) {
		struct observer *observer = LIST_OWNER(at, struct observer, link);
		if (observer->as.peer.session == session && observer->subscription)
			observers_end(observers, observer);
	}
}

void observers_catch_up(struct observers *observers, struct coap_session *session)
{
	LIST_EACH (bucket_of(observers, session), at, following) {
		struct observer *observer = LIST_OWNER(at, struct observer, link);
		if (observer->as.peer.session == session && observer->subscription)
			catch_up(observer);
	}
}

void observers_stop(struct observers *observers)
{
	EACH_OBSERVER(observers, i, at)
	{
		struct observer *observer = LIST_OWNER(at, struct observer, link);
		if (observer->subscription)
			say_farewell(
			        observer, STATUS_UNAVAILABLE, SLICE("the gateway is going down"));
	}
}

/* Those that were not confirmed for long are sent what they have, to be confirmed. */
static void check_due(struct timer *timer)
{
	struct observers *observers = LIST_OWNER(timer, struct observers, check);
	uint64_t now_ms = loop_now_ms(observers->listener->loop);
	uint64_t interval_ms = observers->listener->observe_interval_ms;
	LIST_EACH (&observers->quiet, at, following) {
		struct observer *observer = LIST_OWNER(at, struct observer, quiet);
		if (observer->confirmed_ms + interval_ms > now_ms) {
			timer_set(timer, observer->confirmed_ms + interval_ms);
			return;
		}
		uint64_t before = observer->version ? observer->version - 1 : 0;
		observer->confirm = true;
		confirmed(observers, observer);
		if (!observer->outstanding)
			subscription_refresh(observer->subscription, before);
	}
}
