/* CoAP over DTLS: each session of net/dtls.h is a peer; what its datagrams say is read as any datagram's is.
 *
 * A session proves its peer's address, and mostly who the peer is. What the handshake showed is copied, for requests
 * come at any time later. A session that ends takes its observers and what waits to be acknowledged with it; what was
 * asked for goes on. */
#include "adapters/coap/coap.h"

#include "net/dtls.h"
#include "net/stream.h"

#include <stdlib.h>

enum { PEER_TEXT_BYTES = 64 };

struct secure_peer {
	struct coap_session session;
	struct coap_listener *listener;
	struct dtls_session *dtls;
	struct credential credential;
	char peer[PEER_TEXT_BYTES];
	char proof[]; /* the credential's bytes */
};

static void send_bytes(struct coap_session *session, slice bytes)
{
	struct secure_peer *peer = LIST_OWNER(session, struct secure_peer, session);
	if (!dtls_send(peer->dtls, bytes))
		peer->listener->adapter.counters.at[COUNTER_FAILED]++;
}

static void *opened(void *arg, struct dtls_session *dtls)
{
	struct coap_listener *listener = arg;
	slice certificate = dtls_peer_certificate(dtls);
	slice identity = dtls_psk_identity(dtls), mark = dtls_psk_mark(dtls);
	slice proof = certificate.n ? certificate : identity;
	struct secure_peer *peer = calloc(1, sizeof *peer + proof.n + mark.n);
	if (!peer || listener->stopping) {
		free(peer);
		listener->adapter.counters.at[COUNTER_REFUSED]++;
		return NULL;
	}
	peer->listener = listener;
	peer->dtls = dtls;
	if (proof.n)
		memcpy(peer->proof, proof.p, proof.n);
	if (mark.n)
		memcpy(peer->proof + proof.n, mark.p, mark.n);
	slice kept = { peer->proof, proof.n };
	if (certificate.n)
		peer->credential =
		        (struct credential){ .kind = CREDENTIAL_CERTIFICATE, .secret = kept };
	else if (identity.n)
		peer->credential = (struct credential){ .kind = CREDENTIAL_PSK,
			.name = kept,
			.secret = { peer->proof + proof.n, mark.n } };
	net_address_text(&dtls_peer(dtls)->address.any, peer->peer, sizeof peer->peer);
	peer->session = (struct coap_session){
		.secret = true,
		.message_max_bytes = DTLS_SEND_MAX_BYTES,
		.credentials = proof.n ? &peer->credential : NULL,
		.peer = peer->peer,
		.send = send_bytes,
	};
	coap_session_add(listener, &peer->session);
	listener->adapter.counters.at[COUNTER_CONNECTIONS]++;
	return peer;
}

static void received(void *owner, struct dtls_session *dtls, slice plaintext)
{
	struct secure_peer *peer = owner;
	struct coap_caller caller = { .address = *dtls_peer(dtls), .session = &peer->session };
	coap_datagram_received(peer->listener, &caller, plaintext, false);
}

static void closed(void *owner, struct dtls_session *dtls, enum dtls_end how)
{
	struct secure_peer *peer = owner;
	uint64_t *counters = peer->listener->adapter.counters.at;
	(void)dtls;
	switch (how) {
	case DTLS_END_IDLE:
		counters[COUNTER_EXPIRED]++;
		break;
	case DTLS_END_ERROR:
		counters[COUNTER_FAILED]++;
		break;
	case DTLS_END_PEER:
	case DTLS_END_ROOM:
	case DTLS_END_SHUTDOWN:
		break;
	}
	coap_session_remove(peer->listener, &peer->session);
	free(peer);
}

void coap_dtls_renewed(struct coap_listener *listener)
{
	dtls_renewed(listener->dtls);
	LIST_EACH (&listener->sessions, at, following) {
		struct secure_peer *peer = LIST_OWNER(at, struct secure_peer, session.link);
		const char *why = dtls_peer_doubts(peer->dtls);
		if (!why)
			continue;
		adapter_disconnected(&listener->adapter, peer->peer, why);
		dtls_end(peer->dtls);
		coap_session_remove(listener, &peer->session);
		free(peer);
	}
}

static void refused(void *arg, const char *peer, const char *why)
{
	struct coap_listener *listener = arg;
	adapter_refused(&listener->adapter, peer, why);
}

bool coap_dtls_open(struct coap_listener *listener, struct error *error)
{
	static const struct dtls_events events = { opened, received, closed, refused };
	const struct dtls_limits limits = {
		.sessions_max = listener->limits->connections_max,
		.idle_ms = listener->session_idle_ms,
		.handshake_ms = listener->handshake_ms,
	};
	listener->dtls = dtls_open(
	        listener->loop, listener->datagrams, listener->tls, &limits, &events, listener);
	return listener->dtls || error_set(error, "out of memory");
}
