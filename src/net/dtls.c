/* DTLS sessions by Mbed TLS.
 *
 * MEMORY. A context of Mbed TLS's takes some 40 KB, most of it two buffers for records of 16 KB. A fleet of thousands
 * that speak every half minute would pay that for silence. So contexts are few (ACTIVE_MAX, and those in
 * their handshakes), and a session has one only while it speaks: the one that was silent longest is frozen
 * (mbedtls_ssl_context_save(): keys, epochs, the replay window; a few hundred bytes, and the peer's certificate)
 * when its context is needed or FREEZE_MS after its last datagram, and thawed when the next one comes.
 * docs/performance.md has the cost. What cannot be frozen, because the peer has not yet said anything after its
 * handshake, which may have to be repeated, keeps its context and comes again in a while.
 *
 * STRANGERS are met by one context, the doorkeeper. It answers a ClientHello without a cookie with HelloVerifyRequest
 * and forgets it; one whose cookie is right becomes a session, and there is a new doorkeeper.
 *
 * WHAT COSTS MUCH WAITS. A datagram of a handshake that leads to public-key operations is put into a queue, from which
 * some are taken once a turn until TURN_US have passed, one of each address after the other; the queue is bounded, whoever has most
 * in it gives way, and UDP's peers repeat themselves. What
 * costs little (data, a first ClientHello) is looked at as it comes.
 *
 * Mbed TLS's callbacks write straight to the socket, and read the one datagram that was given to the context. */
#include "net/dtls.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/dtls_internal.h"
#include "net/stream.h"

enum {
	QUEUE_MAX = 256, /* datagrams of handshakes that wait for their turn */
	TURN_US = 4000,
	FREEZE_MS = 3000,
	CONTEXTS_MAX = 2 * DTLS_ACTIVE_MAX,
	SWEEP_MS = 500
};

static const char no_room[] = "too many handshakes are under way";

/* ---- The end of a session */

void dtls_discard(struct dtls_session *session)
{
	struct dtls *dtls = session->dtls;
	list_remove(&session->link);
	if (session->established)
		dtls->nestablished--;
	else
		crowd_leave(&dtls->beginners, &session->place);
	dtls_leave_active(session);
	HASH_DEL(dtls->sessions, session);
	dtls_put_context(dtls, session->context, false);
	dtls_forget_frozen(session);
	free(session->shown);
	free(session);
}

static void tell_closed(struct dtls_session *session, enum dtls_end end)
{
	void *owner = session->owner;
	session->owner = NULL;
	if (owner)
		session->dtls->events->closed(owner, session, end);
}

void dtls_refuse(struct dtls *dtls, const struct datagram_peer *peer, const char *why)
{
	char address[64];
	net_address_text(&peer->address.any, address, sizeof address);
	log_debug("dtls", "handshake failed peer=%s: %s", address, why);
	if (dtls->events->refused)
		dtls->events->refused(dtls->arg, address, why);
}

/* Of an established one, that is not in a callback. */
void dtls_close_session(struct dtls_session *session, enum dtls_end end)
{
	if (end != DTLS_END_ERROR && dtls_thaw(session))
		(void)mbedtls_ssl_close_notify(&session->context->ssl);
	tell_closed(session, end);
	dtls_discard(session);
}

static void log_error_of(const struct datagram_peer *peer, int error)
{
	if (!log_enabled(LOG_LEVEL_DEBUG))
		return;
	char address[64], why[100];
	net_address_text(&peer->address.any, address, sizeof address);
	log_debug("dtls", "session ended peer=%s: %s", address,
	        tls_error_text(error, why, sizeof why));
}

/* ---- What an established peer sends */

/* It has begun anew, and returned a cookie: the context is in the new handshake already. */
static void begin_anew(struct dtls_session *session)
{
	struct dtls *dtls = session->dtls;
	if (!dtls_room_for_handshake(dtls, &session->peer) ||
	        !crowd_join(&dtls->beginners, &session->place, &session->peer.address.any)) {
		dtls_refuse(dtls, &session->peer, no_room);
		dtls_close_session(session, DTLS_END_ROOM);
		return;
	}
	tell_closed(session, DTLS_END_PEER);
	free(session->shown);
	session->shown = NULL;
	session->established = false;
	dtls->nestablished--;
	dtls_leave_active(session);
	list_remove(&session->link);
	list_append(&dtls->handshaking, &session->link);
	session->begun_ms = session->heard_ms = loop_now_ms(dtls->loop);
	dtls_sweep_soon(dtls);
	dtls_step(session);
}

void dtls_heard_from(struct dtls_session *session)
{
	struct dtls *dtls = session->dtls;
	session->heard_ms = loop_now_ms(dtls->loop);
	list_remove(&session->link);
	list_append(&dtls->established, &session->link);
	dtls_join_active(session);
}

/* Hands up what is in the datagram that its context was given. */
void dtls_pump(struct dtls_session *session)
{
	struct dtls *dtls = session->dtls;
	int n;
	do {
		n = mbedtls_ssl_read(
		        &session->context->ssl, (unsigned char *)dtls->plain, sizeof dtls->plain);
		if (n <= 0)
			break;
		dtls_heard_from(session);
		session->busy = true;
		dtls->events->received(session->owner, session, (slice){ dtls->plain, (size_t)n });
		session->busy = false;
	} while (!session->ending);
	if (session->ending) {
		(void)mbedtls_ssl_close_notify(&session->context->ssl);
		dtls_discard(session);
	} else if (n == MBEDTLS_ERR_SSL_CLIENT_RECONNECT) {
		begin_anew(session);
	} else if (n == 0 || n == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
		dtls_close_session(session, DTLS_END_PEER);
	} else if (n != MBEDTLS_ERR_SSL_WANT_READ && n != MBEDTLS_ERR_SSL_TIMEOUT) {
		log_error_of(&session->peer, n);
		dtls_close_session(session, DTLS_END_ERROR);
	}
}

void dtls_give(struct dtls_context *context, slice bytes)
{
	context->input = bytes.p;
	context->input_n = bytes.n;
}

/* ---- Datagrams */

enum {
	RECORD_HEAD_BYTES = 13, /* type, version, epoch, number, length */
	FRAGMENT_AT = 19,     /* a message's type, length, number; then where the fragment begins */
	ID_AT = 59,           /* of a ClientHello: after its version and random */
	HELLO_MIN_BYTES = 61, /* with an empty session id and no cookie */
	TYPE_HANDSHAKE = 22,
	MESSAGE_CLIENT_HELLO = 1
};

/* The record at the front. { NULL, 0 }: none of DTLS that could be meant for us. */
static slice first_record(slice bytes)
{
	const unsigned char *at = (const unsigned char *)bytes.p;
	if (bytes.n <= RECORD_HEAD_BYTES || at[0] < 20 || at[0] > 23 || at[1] != 0xfe ||
	        (at[2] != 0xff && at[2] != 0xfd))
		return (slice){ NULL, 0 };
	size_t n = (size_t)at[11] << 8 | at[12];
	if (n > bytes.n - RECORD_HEAD_BYTES)
		return (slice){ NULL, 0 };
	return (slice){ bytes.p, RECORD_HEAD_BYTES + n };
}

static bool is_client_hello(slice record)
{
	const unsigned char *at = (const unsigned char *)record.p;
	return record.n > RECORD_HEAD_BYTES && at[0] == TYPE_HANDSHAKE && !at[3] && !at[4] &&
	       at[RECORD_HEAD_BYTES] == MESSAGE_CLIENT_HELLO;
}

/* A ClientHello that has its cookie where it must be; *cookie_n: how long that is. */
static bool is_whole_hello(slice record, size_t *cookie_n)
{
	const unsigned char *at = (const unsigned char *)record.p;
	if (!is_client_hello(record) || record.n < HELLO_MIN_BYTES || at[FRAGMENT_AT] ||
	        at[FRAGMENT_AT + 1] || at[FRAGMENT_AT + 2])
		return false;
	size_t id_n = at[ID_AT];
	if (id_n > record.n - HELLO_MIN_BYTES)
		return false;
	*cookie_n = at[ID_AT + 1 + id_n];
	return *cookie_n <= record.n - HELLO_MIN_BYTES - id_n;
}

/* Whether an established session may see the datagram. A ClientHello is not encrypted, so anybody may send one;
 * Mbed TLS looks for its cookie, and one that is malformed would be the last thing that its context reads. */
static bool is_harmless(slice bytes)
{
	while (bytes.n) {
		slice record = first_record(bytes);
		size_t cookie_n;
		if (!record.n || (is_client_hello(record) && !is_whole_hello(record, &cookie_n)))
			return false;
		bytes = slice_from(bytes, record.n);
	}
	return true;
}

struct dtls_session *dtls_find(struct dtls *dtls, const struct datagram_peer *peer)
{
	slice key = datagram_peer_key(peer);
	struct dtls_session *session;
	HASH_FIND(hh, dtls->sessions, key.p, (unsigned)key.n, session);
	return session;
}

static void take(struct dtls *dtls, const struct datagram_peer *peer, slice bytes)
{
	size_t cookie_n = 0;
	struct dtls_session *session = dtls_find(dtls, peer);
	if (!session) {
		/* What belongs to a session that is no more is let go: the peer will find out. */
		if (!dtls->doorkeeper)
			dtls_sweep_soon(dtls);
		if (!dtls->doorkeeper || !is_whole_hello(first_record(bytes), &cookie_n))
			return;
		if (!cookie_n || dtls_room_for_handshake(dtls, peer))
			dtls_meet_stranger(dtls, peer, bytes);
		else
			dtls_refuse(dtls, peer, no_room);
		return;
	}
	if (!dtls_thaw(session)) {
		dtls_close_session(session, DTLS_END_ERROR);
		return;
	}
	dtls_give(session->context, bytes);
	if (session->established)
		dtls_pump(session);
	else
		dtls_step(session);
	/* A timer that was due may have come before the datagram; the session may be gone. */
	session = dtls_find(dtls, peer);
	if (session && session->context)
		session->context->input = NULL;
}

static struct waiting *waiting_of(struct crowd_member *place)
{
	return place ? LIST_OWNER(place, struct waiting, place) : NULL;
}

static void drop(struct dtls *dtls, struct waiting *waiting)
{
	crowd_leave(&dtls->queue, &waiting->place);
	free(waiting);
}

/* The queue is full: who has most in it gives way to one who has less. */
static bool room_in_queue(struct dtls *dtls, const struct waiting *newcomer)
{
	if (dtls->queue.waiting < QUEUE_MAX)
		return true;
	struct waiting *last = waiting_of(crowd_last_of_most(&dtls->queue));
	if (!last || crowd_share(&last->place) <= crowd_share(&newcomer->place))
		return false;
	dtls_refuse(dtls, &last->peer, no_room);
	drop(dtls, last);
	return true;
}

static void put_in_queue(struct dtls *dtls, const struct datagram_peer *peer, slice bytes)
{
	struct waiting *waiting = calloc(1, sizeof *waiting + bytes.n);
	bool joined = waiting && crowd_join(&dtls->queue, &waiting->place, &peer->address.any);
	if (!joined || !room_in_queue(dtls, waiting)) {
		dtls_refuse(dtls, peer, no_room);
		if (joined)
			crowd_leave(&dtls->queue, &waiting->place);
		free(waiting);
		return;
	}
	waiting->peer = *peer;
	waiting->n = bytes.n;
	memcpy(waiting->bytes, bytes.p, bytes.n);
	crowd_wait(&dtls->queue, &waiting->place);
}

void dtls_feed(struct dtls *dtls, const struct datagram_peer *peer, slice bytes)
{
	slice record = first_record(bytes);
	const struct dtls_session *session = dtls_find(dtls, peer);
	bool handshaking = session && !session->established;
	size_t cookie_n = 0;
	if (!record.n || (session && session->established && !is_harmless(bytes)))
		return;
	if (handshaking || (is_whole_hello(record, &cookie_n) && cookie_n))
		put_in_queue(dtls, peer, bytes);
	else
		take(dtls, peer, bytes);
}

/* Of struct hook, once a turn. */
static void work(struct hook *hook)
{
	struct dtls *dtls = LIST_OWNER(hook, struct dtls, turn);
	bool any = dtls->queue.waiting != 0;
	uint64_t end_us = any ? clock_monotonic_us() + TURN_US : 0;
	while (any) {
		struct waiting *next = waiting_of(crowd_next(&dtls->queue));
		if (!next)
			break;
		crowd_leave(&dtls->queue, &next->place);
		take(dtls, &next->peer, (slice){ next->bytes, next->n });
		free(next);
		any = clock_monotonic_us() < end_us;
	}
	if (dtls->queue.waiting)
		loop_defer(dtls->loop, &dtls->go_on);
	/* Those that have said nothing since their handshakes, and cannot be frozen. */
	while (dtls->nactive > CONTEXTS_MAX)
		dtls_close_session(
		        LIST_OWNER(dtls->active.next, struct dtls_session, active), DTLS_END_ROOM);
}

/* That it is due keeps the loop from sleeping. */
static void go_on(struct task *task)
{
	(void)task;
}

/* ---- Time */

static void end_idle(struct dtls *dtls, uint64_t now_ms)
{
	/* Not LIST_EACH: closed() may end others. */
	while (!list_empty(&dtls->established)) {
		struct dtls_session *first =
		        LIST_OWNER(dtls->established.next, struct dtls_session, link);
		if (now_ms - first->heard_ms < dtls->limits.idle_ms)
			return;
		dtls_close_session(first, DTLS_END_IDLE);
	}
}

static void freeze_silent(struct dtls *dtls, uint64_t now_ms)
{
	LIST_EACH (&dtls->active, at, following) {
		struct dtls_session *session = LIST_OWNER(at, struct dtls_session, active);
		if (now_ms - session->heard_ms < FREEZE_MS)
			return;
		(void)dtls_freeze(session);
	}
}

static void end_handshakes(struct dtls *dtls, uint64_t now_ms)
{
	LIST_EACH (&dtls->handshaking, at, following) {
		struct dtls_session *session = LIST_OWNER(at, struct dtls_session, link);
		if (now_ms - session->begun_ms >= dtls->limits.handshake_ms)
			dtls_fail(session, MBEDTLS_ERR_SSL_TIMEOUT);
	}
}

/* When the next one is due, of those that are over after some silence; 0: none. Both lists have the longest silent
 * first; who could not be frozen is tried again when he has spoken. */
static uint64_t next_silence_ms(const struct dtls *dtls, uint64_t now_ms)
{
	uint64_t next_ms = 0;
	if (!list_empty(&dtls->established)) {
		const struct dtls_session *first =
		        LIST_OWNER(dtls->established.next, struct dtls_session, link);
		next_ms = first->heard_ms + dtls->limits.idle_ms;
	}
	LIST_EACH (&dtls->active, at, following) {
		const struct dtls_session *session = LIST_OWNER(at, struct dtls_session, active);
		uint64_t freeze_ms = session->heard_ms + FREEZE_MS;
		if (freeze_ms <= now_ms)
			continue;
		return freeze_ms < next_ms ? freeze_ms : next_ms;
	}
	return next_ms;
}

/* An idle listener has nothing to sweep, and sleeps. */
static void sweep(struct timer *timer)
{
	struct dtls *dtls = LIST_OWNER(timer, struct dtls, sweep);
	uint64_t now_ms = loop_now_ms(dtls->loop);
	end_handshakes(dtls, now_ms);
	end_idle(dtls, now_ms);
	freeze_silent(dtls, now_ms);
	if (!dtls->doorkeeper)
		dtls->doorkeeper = dtls_get_context(dtls);
	uint64_t next_ms = next_silence_ms(dtls, now_ms);
	if (!list_empty(&dtls->handshaking) || !dtls->doorkeeper ||
	        (next_ms && next_ms < now_ms + SWEEP_MS))
		next_ms = now_ms + SWEEP_MS;
	if (next_ms)
		timer_set(timer, next_ms);
}

void dtls_sweep_soon(struct dtls *dtls)
{
	uint64_t at_ms = loop_now_ms(dtls->loop) + SWEEP_MS;
	if (!dtls->sweep.at_ms || dtls->sweep.at_ms > at_ms)
		timer_set(&dtls->sweep, at_ms);
}

/* ---- From outside */

struct dtls *dtls_open(struct loop *loop, struct datagram_socket *socket, struct tls *tls,
        const struct dtls_limits *limits, const struct dtls_events *events, void *arg)
{
	struct dtls *dtls = calloc(1, sizeof *dtls);
	if (!dtls)
		return NULL;
	dtls->loop = loop;
	dtls->socket = socket;
	dtls->tls = tls_join(tls);
	dtls->limits = *limits;
	dtls->events = events;
	dtls->arg = arg;
	list_init(&dtls->handshaking);
	list_init(&dtls->established);
	list_init(&dtls->active);
	list_init(&dtls->spare);
	crowd_init(&dtls->queue);
	crowd_init(&dtls->beginners);
	task_init(&dtls->go_on, go_on);
	dtls->turn.run = work;
	loop_before_sleep(loop, &dtls->turn);
	timer_init(&dtls->sweep, loop, sweep);
	dtls->doorkeeper = dtls_get_context(dtls);
	if (dtls->doorkeeper)
		return dtls;
	dtls_close(dtls);
	return NULL;
}

void dtls_close(struct dtls *dtls)
{
	if (!dtls)
		return;
	while (!list_empty(&dtls->established))
		dtls_close_session(LIST_OWNER(dtls->established.next, struct dtls_session, link),
		        DTLS_END_SHUTDOWN);
	LIST_EACH (&dtls->handshaking, at, following)
		dtls_discard(LIST_OWNER(at, struct dtls_session, link));
	for (struct crowd_member *at = crowd_next(&dtls->queue); at; at = crowd_next(&dtls->queue))
		drop(dtls, waiting_of(at));
	LIST_EACH (&dtls->spare, at, following)
		dtls_free_context(LIST_OWNER(at, struct dtls_context, link));
	dtls_free_context(dtls->doorkeeper);
	timer_stop(&dtls->sweep);
	hook_remove(&dtls->turn);
	task_cancel(&dtls->go_on);
	tls_leave(dtls->tls);
	free(dtls);
}

bool dtls_send(struct dtls_session *session, slice plaintext)
{
	if (plaintext.n > DTLS_SEND_MAX_BYTES || !plaintext.n || session->ending ||
	        !session->established || !dtls_thaw(session))
		return false;
	return mbedtls_ssl_write(&session->context->ssl, (const unsigned char *)plaintext.p,
	               plaintext.n) == (int)plaintext.n;
}

void dtls_end(struct dtls_session *session)
{
	session->owner = NULL;
	if (session->busy)
		session->ending = true;
	else
		dtls_close_session(session, DTLS_END_PEER);
}

unsigned dtls_sessions(const struct dtls *dtls)
{
	return dtls->nestablished;
}

const struct datagram_peer *dtls_peer(const struct dtls_session *session)
{
	return &session->peer;
}

slice dtls_peer_certificate(const struct dtls_session *session)
{
	return session->context ? tls_peer_certificate(&session->context->ssl) : (slice){ NULL, 0 };
}

slice dtls_psk_identity(const struct dtls_session *session)
{
	const struct tls_peer *shown = session->shown;
	return shown && shown->n ? (slice){ shown->bytes, shown->n } : (slice){ NULL, 0 };
}

slice dtls_psk_mark(const struct dtls_session *session)
{
	const struct tls_peer *shown = session->shown;
	return shown && shown->n ? (slice){ (const char *)&shown->mark, sizeof shown->mark }
	                         : (slice){ NULL, 0 };
}

const char *dtls_peer_doubts(const struct dtls_session *session)
{
	return session->shown ? tls_doubts(session->dtls->tls, session->shown) : NULL;
}
