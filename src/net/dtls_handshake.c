/* DTLS handshakes: strangers, cookies, steps, what is to be repeated. */
#include <limits.h>
#include <stdlib.h>

#include "net/dtls_internal.h"

enum { HANDSHAKES_MAX = 128, STALLED_MS = 1000 };

static void make_room_for_session(struct dtls *dtls)
{
	while (dtls->nestablished >= dtls->limits.sessions_max && !list_empty(&dtls->established))
		dtls_close_session(LIST_OWNER(dtls->established.next, struct dtls_session, link),
		        DTLS_END_ROOM);
}

static void establish(struct dtls_session *session)
{
	struct dtls *dtls = session->dtls;
	make_room_for_session(dtls);
	dtls_make_room_for_context(dtls);
	session->established = true;
	crowd_leave(&dtls->beginners, &session->place);
	dtls->nestablished++;
	dtls_heard_from(session);
	session->busy = true;
	session->owner = dtls->events->opened(dtls->arg, session);
	session->busy = false;
	if (!session->owner || session->ending)
		dtls_close_session(session, DTLS_END_SHUTDOWN);
	else
		dtls_pump(session); /* what came in the datagram of its last message */
}

void dtls_fail(struct dtls_session *session, int error)
{
	tls_say_why(&session->context->ssl, error);
	dtls_refuse(session->dtls, &session->peer, tls_failure(session->dtls->tls, error));
	dtls_discard(session);
}

static int handshake(struct dtls_context *context, struct tls_peer **kept)
{
	struct tls_peer shown = { 0 };
	if (*kept)
		shown = **kept;
	int result = tls_handshake(context->dtls->tls, &context->ssl, &shown);
	if (*kept || (!shown.n && !shown.proof.authority))
		return result;
	*kept = malloc(sizeof shown);
	if (!*kept)
		return MBEDTLS_ERR_SSL_ALLOC_FAILED;
	**kept = shown;
	return result;
}

void dtls_step(struct dtls_session *session)
{
	int result = handshake(session->context, &session->shown);
	if (!result) {
		establish(session);
	} else if (result == MBEDTLS_ERR_SSL_WANT_READ) {
		session->heard_ms = loop_now_ms(session->dtls->loop);
		list_remove(&session->link);
		list_append(&session->dtls->handshaking, &session->link);
	} else {
		dtls_fail(session, result);
	}
}

void dtls_retransmit(struct timer *timer)
{
	struct dtls_context *context = LIST_OWNER(timer, struct dtls_context, timer);
	struct dtls_session *session = context->session;
	if (!session)
		return;
	if (session->established) {
		dtls_pump(session);
		return;
	}
	/* Not dtls_step(): that the clock has moved is no sign of the peer. */
	int result = handshake(context, &session->shown);
	if (!result)
		establish(session);
	else if (result != MBEDTLS_ERR_SSL_WANT_READ)
		dtls_fail(session, result);
}

/* The doorkeeper's context becomes the peer's. false: out of memory. */
static bool promote(struct dtls *dtls, const struct datagram_peer *peer, struct tls_peer *shown)
{
	struct dtls_context *next = dtls_get_context(dtls);
	struct dtls_session *session = calloc(1, sizeof *session), *added = NULL;
	if (!next || !session)
		goto fail;
	session->dtls = dtls;
	session->peer = *peer;
	slice key = datagram_peer_key(&session->peer);
	if (!crowd_join(&dtls->beginners, &session->place, &peer->address.any))
		goto fail;
	HASH_ADD_KEYPTR(hh, dtls->sessions, key.p, (unsigned)key.n, session);
	HASH_FIND(hh, dtls->sessions, key.p, (unsigned)key.n, added);
	if (!added)
		goto fail;
	session->shown = shown;
	session->context = dtls->doorkeeper;
	session->context->session = session;
	session->context->peer = &session->peer;
	session->begun_ms = session->heard_ms = loop_now_ms(dtls->loop);
	list_init(&session->active);
	list_append(&dtls->handshaking, &session->link);
	dtls->doorkeeper = next;
	dtls_sweep_soon(dtls);
	return true;
fail:
	if (session)
		crowd_leave(&dtls->beginners, &session->place);
	free(session);
	dtls_put_context(dtls, next, true);
	return false;
}

/* How many handshakes its address has under way. */
static unsigned share_of(struct dtls *dtls, const struct datagram_peer *peer)
{
	struct crowd_member probe = { .address = NULL };
	if (!crowd_join(&dtls->beginners, &probe, &peer->address.any))
		return UINT_MAX;
	unsigned share = crowd_share(&probe) - 1;
	crowd_leave(&dtls->beginners, &probe);
	return share;
}

/* Of the address that has most under way, the one that was silent longest. NULL: none has more than the peer's would have. */
static struct dtls_session *greediest(struct dtls *dtls, const struct datagram_peer *peer)
{
	unsigned most = crowd_most(&dtls->beginners), share = share_of(dtls, peer);
	LIST_EACH (&dtls->handshaking, at, following) {
		struct dtls_session *session = LIST_OWNER(at, struct dtls_session, link);
		if (share < most && share + 1 < most && crowd_share(&session->place) == most)
			return session;
	}
	return NULL;
}

/* One who keeps us waiting makes room; or one of many of an address, for one of few. */
bool dtls_room_for_handshake(struct dtls *dtls, const struct datagram_peer *peer)
{
	if (dtls->beginners.members < HANDSHAKES_MAX)
		return true;
	struct dtls_session *oldest = LIST_OWNER(dtls->handshaking.next, struct dtls_session, link);
	if (loop_now_ms(dtls->loop) - oldest->heard_ms < STALLED_MS)
		oldest = greediest(dtls, peer);
	if (oldest)
		dtls_fail(oldest, MBEDTLS_ERR_SSL_TIMEOUT);
	return oldest != NULL;
}

void dtls_meet_stranger(struct dtls *dtls, const struct datagram_peer *peer, slice bytes)
{
	struct tls_peer *shown = NULL;
	struct dtls_context *doorkeeper = dtls->doorkeeper;
	int result = MBEDTLS_ERR_SSL_ALLOC_FAILED;
	dtls_give(doorkeeper, bytes);
	if (dtls_meet(doorkeeper, peer))
		result = handshake(doorkeeper, &shown);
	doorkeeper->input = NULL;
	if (result == MBEDTLS_ERR_SSL_WANT_READ && dtls_get_timer(doorkeeper) >= 0 &&
	        promote(dtls, peer, shown))
		return;
	free(shown);
	if (result != MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED &&
	        result != MBEDTLS_ERR_SSL_WANT_READ) {
		dtls_refuse(dtls, peer, tls_failure(dtls->tls, result));
	}
	dtls->doorkeeper = NULL;
	dtls_put_context(dtls, doorkeeper, false);
	dtls->doorkeeper = dtls_get_context(dtls);
}
