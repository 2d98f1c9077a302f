/* A CALL waits for its turn, then goes through its messages one by one: each is sent, repeated with growing waits
 * until the device acknowledges it, and answered in the acknowledgement or in a message of the device's own. Every
 * message has an id, and every call a random token, of its own, so that an answer belongs to one call or to none.
 *
 * ONE AT A TIME is what RFC 7252 section 4.7 allows towards a device that nothing is known of; `in_flight` allows
 * more. Bodies that go up in blocks never overlap, as a device could not tell their blocks apart.
 *
 * THE LINK (a local port, a secure session) is opened by the first call and closed when it was idle. It is given up, and a
 * new one is opened by the next call, when the network or the device says that it is over; when a call ended
 * without anything heard; and, under DTLS, when a device that used to answer is silent after a repetition: it has
 * probably restarted and lost its keys. A call that may be repeated then goes out again on the new link; one that may not
 * (POST, PATCH) does not, for the device could have taken it and only its answer be lost.
 *
 * MESSAGE IDS must not come again within EXCHANGE_LIFETIME. A peer that has used IDS_MAX of them in that time continues
 * on a new link, whose port makes it another endpoint. */
#include "backend/coap_peer.h"

#include "base/random.h"

#include <stdlib.h>

enum {
	TRANSMISSIONS_MAX = 5, /* 1 + MAX_RETRANSMIT */
	STALE_TRANSMISSIONS = 2,
	IDS_MAX = 30000,
	EXCHANGE_LIFETIME_MS = 247000,
	EMPTY_BYTES = 4,
	REMEMBERED = 16
};

struct coap_peer {
	struct loop *loop;
	struct coap_link_target target;
	struct coap_peer_settings settings;
	struct counters *counters;
	struct coap_link *link;
	bool open;       /* the link may be used */
	bool proven;     /* the device has answered on it */
	uint64_t nheard; /* datagrams from the device, over all links */
	struct list waiting, active;
	struct list observations;
	unsigned nwaiting, nactive;
	struct task pump;
	struct timer idle;
	uint16_t last_id;
	unsigned ids_used;
	uint64_t ids_since_ms;
	uint16_t acknowledged[REMEMBERED]; /* the device's own messages: they may come again */
	unsigned nacknowledged;
};

static void open_link(struct coap_peer *);

static void count(struct coap_peer *peer, enum counter counter, uint64_t n)
{
	peer->counters->at[counter] += n;
}

static void finish(struct coap_call *call, enum coap_end end)
{
	struct coap_peer *peer = call->peer;
	timer_stop(&call->deadline);
	timer_stop(&call->again);
	list_remove(&call->link);
	if (call->active)
		peer->nactive--;
	else
		peer->nwaiting--;
	if (!peer->nactive && !peer->nwaiting && list_empty(&peer->observations))
		timer_set(&peer->idle, loop_now_ms(peer->loop) + peer->settings.idle_ms);
	loop_defer(peer->loop, &peer->pump);
	call->done(call, end);
}

/* ---- Sending */

static void send_bytes(struct coap_peer *peer, slice bytes)
{
	count(peer, COUNTER_BYTES_OUT, bytes.n);
	coap_link_send(peer->link, bytes);
}

/* An acknowledgement or a reset: connections have neither. */
static void send_empty(struct coap_peer *peer, enum wire_type type, uint16_t id)
{
	if (peer->target.connection)
		return;
	char bytes[EMPTY_BYTES];
	struct wire_writer writer;
	wire_begin(&writer, bytes, sizeof bytes, type, 0, id, (slice){ NULL, 0 });
	send_bytes(peer, (slice){ bytes, writer.n });
}

static void transmit(struct coap_call *call)
{
	struct coap_peer *peer = call->peer;
	call->sent = true;
	call->times++;
	if (!peer->target.connection)
		timer_set(&call->again, loop_now_ms(peer->loop) + call->wait_ms);
	call->wait_ms *= 2;
	send_bytes(peer, call->message);
}

static struct coap_call *find_token(struct coap_peer *peer, slice token)
{
	LIST_EACH (&peer->active, at, following) {
		struct coap_call *call = LIST_OWNER(at, struct coap_call, link);
		if (slice_equal(token, (slice){ call->token, sizeof call->token }))
			return call;
	}
	return NULL;
}

static struct coap_observation *find_observation(struct coap_peer *peer, slice token)
{
	LIST_EACH (&peer->observations, at, following) {
		struct coap_observation *observation =
		        LIST_OWNER(at, struct coap_observation, link);
		if (slice_equal(token, (slice){ observation->token, COAP_TOKEN_BYTES }))
			return observation;
	}
	return NULL;
}

static void draw_token(struct coap_call *call)
{
	char bytes[COAP_TOKEN_BYTES];
	const slice token = { bytes, sizeof bytes };
	do
		random_bytes(bytes, sizeof bytes);
	while (find_token(call->peer, token) || find_observation(call->peer, token));
	memcpy(call->token, bytes, sizeof bytes);
}

/* What is heard from now on goes by the token of this message; by the same as before where the device may still know it,
 * so that it does not observe twice (RFC 7641 section 3.3.1). */
static void begin_observation(struct coap_call *call)
{
	struct coap_observation *observation = call->observation;
	observation->in_order = call->peer->target.connection;
	if (!list_empty(&observation->link)) {
		memcpy(call->token, observation->token, sizeof call->token);
		return;
	}
	list_append(&call->peer->observations, &observation->link);
	memcpy(observation->token, call->token, sizeof observation->token);
}

static uint16_t next_id(struct coap_peer *peer)
{
	if (peer->target.connection)
		return 0;
	uint64_t now_ms = loop_now_ms(peer->loop);
	if (now_ms - peer->ids_since_ms >= EXCHANGE_LIFETIME_MS) {
		peer->ids_since_ms = now_ms;
		peer->ids_used = 0;
	}
	peer->ids_used++;
	return ++peer->last_id;
}

/* One for the whole call: RFC 7959 leaves it open, but there are devices (node-coap) that know blocks of one body by their
 * token. The further blocks of a registration have another than what is observed goes by (section 3.4 there). */
static void choose_token(struct coap_call *call)
{
	bool further = call->transfer.downloading;
	if (!call->has_token || (call->observation && further))
		draw_token(call);
	call->has_token = true;
	if (call->observation && !further)
		begin_observation(call);
}

/* The next message of the call. */
static void begin_message(struct coap_call *call)
{
	struct coap_peer *peer = call->peer;
	choose_token(call);
	call->id = next_id(peer);
	call->message = coap_transfer_write(&call->transfer, call->id,
	        (slice){ call->token, sizeof call->token }, call->bytes, sizeof call->bytes);
	if (!call->message.n || peer->ids_used > 2 * IDS_MAX) {
		finish(call, COAP_END_NO_ROOM);
		return;
	}
	uint64_t timeout_ms = peer->settings.ack_timeout_ms;
	call->acknowledged = false;
	call->times = 0;
	call->nheard = peer->nheard;
	call->wait_ms =
	        timeout_ms + random_u64() % (timeout_ms / 2 + 1); /* ACK_RANDOM_FACTOR 1.5 */
	transmit(call);
}

/* ---- Turns */

static bool is_upload(const struct coap_call *call)
{
	return call->ask->body.n > call->peer->settings.block_size;
}

static bool has_upload(struct coap_peer *peer)
{
	LIST_EACH (&peer->active, at, following) {
		if (is_upload(LIST_OWNER(at, struct coap_call, link)))
			return true;
	}
	return false;
}

static void close_link(struct coap_peer *peer)
{
	LIST_EACH (&peer->observations, at, following) {
		list_remove(at);
		struct coap_observation *observation =
		        LIST_OWNER(at, struct coap_observation, link);
		observation->lost(observation);
	}
	coap_link_close(peer->link);
	peer->link = NULL;
	peer->open = peer->proven = false;
	peer->ids_used = 0;
	peer->nacknowledged = 0;
}

static void give_turn(struct coap_peer *peer, struct coap_call *call)
{
	list_remove(&call->link);
	list_append(&peer->active, &call->link);
	peer->nwaiting--;
	peer->nactive++;
	call->active = true;
	call->has_token = false;
	coap_transfer_begin(&call->transfer, call->ask, call->arena,
	        peer->settings.answer_max_bytes, peer->settings.block_size);
	call->transfer.observe = call->observation != NULL;
	call->transfer.stream = peer->target.connection;
	begin_message(call);
}

static void pump(struct coap_peer *peer)
{
	while (!list_empty(&peer->waiting) && peer->nactive < peer->settings.in_flight) {
		struct coap_call *call = LIST_OWNER(peer->waiting.next, struct coap_call, link);
		if (peer->open && peer->ids_used >= IDS_MAX) {
			if (peer->nactive)
				return;
			close_link(peer);
		}
		if (!peer->link)
			open_link(peer);
		if (!peer->open || (is_upload(call) && has_upload(peer)))
			return;
		give_turn(peer, call);
	}
}

static void pump_soon(struct task *task)
{
	pump(LIST_OWNER(task, struct coap_peer, pump));
}

/* ---- The link's end */

/* Back to those that wait, before `first`, to go out once more. */
static void take_turn_back(struct coap_peer *peer, struct coap_call *call, struct list *first)
{
	timer_stop(&call->again);
	list_remove(&call->link);
	list_append(first, &call->link);
	peer->nactive--;
	peer->nwaiting++;
	call->active = false;
}

/* Ends those that have their turn, or lets them go again where that is right. */
static void end_active(struct coap_peer *peer, enum coap_end end, const char *why, bool may_repeat)
{
	struct list *first = peer->waiting.next;
	LIST_EACH (&peer->active, at, following) {
		struct coap_call *call = LIST_OWNER(at, struct coap_call, link);
		call->why = why;
		if (call->acknowledged) {
			finish(call, COAP_END_BROKEN);
		} else if (may_repeat && call->ask->repeatable && !call->again_on_new_link) {
			call->again_on_new_link = true;
			take_turn_back(peer, call, first);
		} else {
			finish(call, end);
		}
	}
}

static void end_waiting(struct coap_peer *peer, enum coap_end end, const char *why)
{
	LIST_EACH (&peer->waiting, at, following) {
		struct coap_call *call = LIST_OWNER(at, struct coap_call, link);
		call->why = why;
		finish(call, end);
	}
}

/* Nothing but what the network refused has left: it had no effect. */
static bool is_untouched(const struct coap_call *call)
{
	return call->times == 1 && !call->acknowledged && !call->transfer.uploaded &&
	       !call->transfer.downloading && !call->again_on_new_link;
}

/* Nobody is at this address of the name. The others of `naddresses` are tried by those that may have had no effect. */
static void end_unreachable(struct coap_peer *peer, bool was_open, unsigned naddresses)
{
	LIST_EACH (&peer->waiting, at, following) {
		struct coap_call *call = LIST_OWNER(at, struct coap_call, link);
		/* What ends an open link says nothing about the calls that have not been made yet. */
		if (!was_open && ++call->refusals >= naddresses)
			finish(call, COAP_END_UNREACHABLE);
	}
	struct list *first = peer->waiting.next;
	LIST_EACH (&peer->active, at, following) {
		struct coap_call *call = LIST_OWNER(at, struct coap_call, link);
		if (!is_untouched(call))
			continue;
		call->sent = false;
		if (++call->refusals < naddresses)
			take_turn_back(peer, call, first);
	}
	end_active(peer, COAP_END_UNREACHABLE, NULL, false);
}

static void link_opened(void *owner)
{
	struct coap_peer *peer = owner;
	peer->open = true;
	count(peer, COUNTER_CONNECTIONS, 1);
	pump(peer);
}

static void link_ended(void *owner, enum coap_link_end how, const char *why)
{
	struct coap_peer *peer = owner;
	bool was_open = peer->open;
	unsigned naddresses = coap_link_addresses(peer->link);
	enum coap_end end = COAP_END_BROKEN;
	close_link(peer);
	peer->target.choice++;
	switch (how) {
	case COAP_LINK_NO_ADDRESS:
		end = COAP_END_NO_ADDRESS;
		break;
	case COAP_LINK_UNREACHABLE:
		end_unreachable(peer, was_open, naddresses);
		loop_defer(peer->loop, &peer->pump);
		return;
	case COAP_LINK_REFUSED:
		end = COAP_END_REFUSED;
		count(peer, COUNTER_REFUSED, 1);
		break;
	case COAP_LINK_GARBAGE:
		end = COAP_END_MALFORMED;
		count(peer, COUNTER_MALFORMED, 1);
		break;
	case COAP_LINK_ENDED:
		break;
	}
	end_active(peer, end, why, how == COAP_LINK_ENDED);
	if (!was_open)
		end_waiting(peer, end, why);
	loop_defer(peer->loop, &peer->pump);
}

/* A call was in vain. When nothing has been heard since its message went out first, and nobody still waits for what
 * the device has promised by an acknowledgement, the next call begins on a new link. */
static void give_link_up(struct coap_peer *peer, uint64_t nheard)
{
	if (!peer->link || peer->nheard != nheard)
		return;
	if (peer->target.connection && peer->nactive)
		return; /* others still hope */
	LIST_EACH (&peer->active, at, following) {
		if (LIST_OWNER(at, struct coap_call, link)->acknowledged)
			return;
	}
	close_link(peer);
	peer->target.choice++;
	end_active(peer, COAP_END_SILENT, NULL, true);
	loop_defer(peer->loop, &peer->pump);
}

static void end_silent(struct coap_call *call)
{
	struct coap_peer *peer = call->peer;
	uint64_t nheard = call->nheard;
	finish(call, COAP_END_SILENT);
	give_link_up(peer, nheard);
}

/* ---- Time */

static bool is_stale(const struct coap_call *call)
{
	const struct coap_peer *peer = call->peer;
	return peer->target.security && peer->proven && call->times >= STALE_TRANSMISSIONS &&
	       call->ask->repeatable && !call->again_on_new_link && peer->nheard == call->nheard;
}

static void again_due(struct timer *timer)
{
	struct coap_call *call = LIST_OWNER(timer, struct coap_call, again);
	if (is_stale(call))
		give_link_up(call->peer, call->nheard);
	else if (call->times < TRANSMISSIONS_MAX)
		transmit(call);
	else
		end_silent(call);
}

static void deadline_passed(struct timer *timer)
{
	struct coap_call *call = LIST_OWNER(timer, struct coap_call, deadline);
	struct coap_peer *peer = call->peer;
	if (call->active && peer->target.connection) {
		/* Nobody can say whether it arrived; the connection may be dead. */
		uint64_t nheard = call->nheard;
		finish(call, COAP_END_DEADLINE);
		give_link_up(peer, nheard);
	} else if (call->active && call->acknowledged) {
		finish(call, COAP_END_DEADLINE);
	} else if (call->active) {
		end_silent(call);
	} else if (peer->link && !peer->open) {
		bool heard = coap_link_heard(peer->link);
		finish(call, heard ? COAP_END_NO_SESSION : COAP_END_SILENT);
		if (!peer->nwaiting)
			close_link(peer); /* its own repetitions come ever more seldom */
	} else {
		finish(call, COAP_END_QUEUED);
	}
}

static void idle_long(struct timer *timer)
{
	struct coap_peer *peer = LIST_OWNER(timer, struct coap_peer, idle);
	if (!peer->nactive && !peer->nwaiting && list_empty(&peer->observations))
		close_link(peer);
}

/* ---- What comes */

static struct coap_call *find_id(struct coap_peer *peer, uint16_t id)
{
	LIST_EACH (&peer->active, at, following) {
		struct coap_call *call = LIST_OWNER(at, struct coap_call, link);
		if (call->id == id && !call->acknowledged)
			return call;
	}
	return NULL;
}

static bool was_acknowledged(const struct coap_peer *peer, uint16_t id)
{
	for (unsigned i = 0; i < peer->nacknowledged && i < REMEMBERED; i++) {
		if (peer->acknowledged[i] == id)
			return true;
	}
	return false;
}

static void acknowledge(struct coap_peer *peer, uint16_t id)
{
	if (!was_acknowledged(peer, id))
		peer->acknowledged[peer->nacknowledged++ % REMEMBERED] = id;
	send_empty(peer, WIRE_ACK, id);
}

static void take_answer(struct coap_call *call, const struct wire_message *message)
{
	switch (coap_transfer_take(&call->transfer, message)) {
	case COAP_TRANSFER_MORE:
		begin_message(call);
		break;
	case COAP_TRANSFER_WHOLE:
		call->acknowledged = true;
		finish(call, COAP_END_ANSWER);
		break;
	case COAP_TRANSFER_OLD:
		/* The network brought an earlier answer twice; an acknowledgement is of this very message. */
		if (message->type != WIRE_ACK)
			break;
		/* fall through */
	case COAP_TRANSFER_BROKEN:
		call->acknowledged = true;
		call->why = call->transfer.why;
		finish(call, COAP_END_MALFORMED);
		break;
	case COAP_TRANSFER_TOO_LARGE:
		call->acknowledged = true;
		finish(call, COAP_END_TOO_LARGE);
		break;
	}
}

static void take_ack(struct coap_peer *peer, const struct wire_message *message)
{
	struct coap_call *call = find_id(peer, message->id);
	if (!call)
		return; /* a repetition of one that was taken before */
	if (!message->code) {
		call->acknowledged = true;
		timer_stop(&call->again);
	} else if (slice_equal(message->token, (slice){ call->token, sizeof call->token })) {
		take_answer(call, message);
	} else {
		count(peer, COUNTER_UNASKED, 1); /* another's answer: it is not believed */
	}
}

/* Nobody waits for it: a second answer, what was observed once; a ping, a request. An answer is rejected even when it is
 * not confirmable, so that a device forgets who observes it no more. */
static void take_unasked(struct coap_peer *peer, const struct wire_message *message, bool is_answer)
{
	if (message->code)
		count(peer, COUNTER_UNASKED, 1);
	if (message->type == WIRE_CON || is_answer)
		send_empty(peer, WIRE_RST, message->id);
}

/* An answer that is no acknowledgement, or what is none at all. */
static void take_message(struct coap_peer *peer, const struct wire_message *message)
{
	bool is_answer = message->code >> 5 >= 2;
	if (is_answer && message->type == WIRE_CON && was_acknowledged(peer, message->id)) {
		acknowledge(peer, message->id);
		return;
	}
	struct coap_call *call = is_answer ? find_token(peer, message->token) : NULL;
	struct coap_observation *observation =
	        is_answer && !call ? find_observation(peer, message->token) : NULL;
	if (!call && !observation) {
		take_unasked(peer, message, is_answer);
		return;
	}
	if (message->type == WIRE_CON)
		acknowledge(peer, message->id);
	if (call)
		take_answer(call, message);
	else
		observation->heard(observation, message);
}

static void take_malformed(
        struct coap_peer *peer, const struct wire_message *message, const char *why)
{
	count(peer, COUNTER_MALFORMED, 1);
	if (message->type == WIRE_CON)
		send_empty(peer, WIRE_RST, message->id);
	struct coap_call *call = message->type == WIRE_ACK ? find_id(peer, message->id) : NULL;
	if (call) {
		call->why = why;
		finish(call, COAP_END_MALFORMED);
	}
}

static void link_received(void *owner, slice datagram)
{
	struct coap_peer *peer = owner;
	struct wire_message message;
	const char *why = NULL;
	count(peer, COUNTER_BYTES_IN, datagram.n);
	enum wire_verdict verdict = wire_parse(datagram, &message, &why);
	if (verdict == WIRE_NOT_COAP) {
		count(peer, COUNTER_MALFORMED, 1);
		return;
	}
	peer->nheard++;
	peer->proven = true;
	if (verdict == WIRE_MALFORMED) {
		take_malformed(peer, &message, why);
	} else if (message.type == WIRE_ACK) {
		take_ack(peer, &message);
	} else if (message.type == WIRE_RST) {
		struct coap_call *call = find_id(peer, message.id);
		if (call)
			finish(call, COAP_END_RESET);
	} else {
		take_message(peer, &message);
	}
}

static void link_message(void *owner, const struct wire_message *message, size_t n)
{
	struct coap_peer *peer = owner;
	count(peer, COUNTER_BYTES_IN, n);
	peer->nheard++;
	peer->proven = true;
	take_message(peer, message);
}

/* ---- From outside */

void coap_observation_init(struct coap_observation *observation)
{
	list_init(&observation->link);
}

void coap_observation_end(struct coap_observation *observation)
{
	list_remove(&observation->link);
}

static void open_link(struct coap_peer *peer)
{
	static const struct coap_link_events events = { link_opened, link_received, link_message,
		link_ended };
	timer_stop(&peer->idle);
	peer->ids_since_ms = loop_now_ms(peer->loop);
	peer->last_id = (uint16_t)random_u64();
	peer->link = coap_link_open(peer->loop, &peer->target, &events, peer);
	if (!peer->link)
		end_waiting(peer, COAP_END_NO_ADDRESS, NULL);
}

void coap_peer_send(struct coap_peer *peer, struct coap_call *call)
{
	call->peer = peer;
	call->why = NULL;
	call->sent = call->active = call->acknowledged = call->again_on_new_link = false;
	call->times = call->refusals = 0;
	list_init(&call->link);
	timer_init(&call->deadline, peer->loop, deadline_passed);
	timer_init(&call->again, peer->loop, again_due);
	count(peer, COUNTER_MESSAGES, 1);
	unsigned room = peer->settings.queue_max + peer->settings.in_flight;
	if (peer->nwaiting + peer->nactive >= room) {
		call->done(call, COAP_END_BUSY);
		return;
	}
	timer_stop(&peer->idle);
	timer_set(&call->deadline, call->deadline_ms);
	list_append(&peer->waiting, &call->link);
	peer->nwaiting++;
	loop_defer(peer->loop, &peer->pump);
}

void coap_call_abort(struct coap_call *call)
{
	finish(call, COAP_END_ABORTED);
}

struct coap_peer *coap_peer_open(struct loop *loop, const struct coap_link_target *target,
        const struct coap_peer_settings *settings, struct counters *counters)
{
	struct coap_peer *peer = calloc(1, sizeof *peer);
	if (!peer)
		return NULL;
	peer->loop = loop;
	peer->target = *target;
	peer->settings = *settings;
	peer->counters = counters;
	list_init(&peer->waiting);
	list_init(&peer->active);
	list_init(&peer->observations);
	task_init(&peer->pump, pump_soon);
	timer_init(&peer->idle, loop, idle_long);
	return peer;
}

void coap_peer_close(struct coap_peer *peer)
{
	if (!peer)
		return;
	task_cancel(&peer->pump);
	timer_stop(&peer->idle);
	coap_link_close(peer->link);
	free(peer);
}
