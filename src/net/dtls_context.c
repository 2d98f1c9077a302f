/* The contexts of Mbed TLS's that DTLS sessions speak through, and sessions without one. */
#include <stdlib.h>

#include "net/dtls_internal.h"

enum {
	SPARE_MAX = 16,  /* contexts of nobody, for the next */
	MTU_BYTES = 1232 /* IPv6's smallest, without its and UDP's headers */
};

/* ---- Contexts */

static int take_input(void *arg, unsigned char *bytes, size_t n)
{
	struct dtls_context *context = arg;
	if (!context->input)
		return MBEDTLS_ERR_SSL_WANT_READ;
	if (n > context->input_n)
		n = context->input_n;
	memcpy(bytes, context->input, n);
	context->input = NULL;
	return (int)n;
}

static int put_output(void *arg, const unsigned char *bytes, size_t n)
{
	struct dtls_context *context = arg;
	datagram_send(context->dtls->socket, context->peer, (slice){ (const char *)bytes, n });
	return (int)n;
}

static void set_timer(void *arg, uint32_t middle_ms, uint32_t end_ms)
{
	struct dtls_context *context = arg;
	if (!end_ms) {
		timer_stop(&context->timer);
		context->end_ms = 0;
		return;
	}
	uint64_t now_ms = loop_now_ms(context->dtls->loop);
	context->middle_ms = now_ms + middle_ms;
	context->end_ms = now_ms + end_ms;
	timer_set(&context->timer, context->end_ms);
}

int dtls_get_timer(void *arg)
{
	const struct dtls_context *context = arg;
	uint64_t now_ms = loop_now_ms(context->dtls->loop);
	if (!context->end_ms)
		return -1;
	if (now_ms >= context->end_ms)
		return 2;
	return now_ms >= context->middle_ms ? 1 : 0;
}

void dtls_free_context(struct dtls_context *context)
{
	if (!context)
		return;
	timer_stop(&context->timer);
	mbedtls_ssl_free(&context->ssl);
	tls_material_leave(context->material);
	free(context);
}

static struct dtls_context *new_context(struct dtls *dtls)
{
	struct dtls_context *context = calloc(1, sizeof *context);
	if (!context)
		return NULL;
	context->dtls = dtls;
	context->material = tls_material_join(dtls->tls->now);
	list_init(&context->link);
	timer_init(&context->timer, dtls->loop, dtls_retransmit);
	mbedtls_ssl_init(&context->ssl);
	if (mbedtls_ssl_setup(&context->ssl, &context->material->config) != 0) {
		dtls_free_context(context);
		return NULL;
	}
	mbedtls_ssl_set_bio(&context->ssl, context, put_output, take_input, NULL);
	mbedtls_ssl_set_timer_cb(&context->ssl, context, set_timer, dtls_get_timer);
	mbedtls_ssl_set_mtu(&context->ssl, MTU_BYTES);
	return context;
}

/* One that is nobody's. NULL: out of memory. */
struct dtls_context *dtls_get_context(struct dtls *dtls)
{
	if (list_empty(&dtls->spare))
		return new_context(dtls);
	struct dtls_context *context = LIST_OWNER(dtls->spare.next, struct dtls_context, link);
	list_remove(&context->link);
	dtls->nspare--;
	return context;
}

/* Gives it back; `clean`: as it was set up. */
void dtls_put_context(struct dtls *dtls, struct dtls_context *context, bool clean)
{
	if (!context)
		return;
	timer_stop(&context->timer);
	context->end_ms = 0;
	context->input = NULL;
	context->session = NULL;
	context->peer = NULL;
	if (dtls->nspare >= SPARE_MAX || context->material != dtls->tls->now ||
	        (!clean && mbedtls_ssl_session_reset(&context->ssl) != 0)) {
		dtls_free_context(context);
		return;
	}
	list_append(&dtls->spare, &context->link);
	dtls->nspare++;
}

/* Whose cookie it is: also for one who begins anew. */
bool dtls_meet(struct dtls_context *context, const struct datagram_peer *peer)
{
	slice key = datagram_peer_key(peer);
	context->peer = peer;
	return mbedtls_ssl_set_client_transport_id(
	               &context->ssl, (const unsigned char *)key.p, key.n) == 0;
}

void dtls_renewed(struct dtls *dtls)
{
	LIST_EACH (&dtls->spare, at, following) {
		list_remove(at);
		dtls_free_context(LIST_OWNER(at, struct dtls_context, link));
	}
	dtls->nspare = 0;
	dtls_free_context(dtls->doorkeeper);
	dtls->doorkeeper = dtls_get_context(dtls);
	/* They thaw in contexts of the new files, so that one who begins anew meets those. */
	LIST_EACH (&dtls->active, at, following)
		(void)dtls_freeze(LIST_OWNER(at, struct dtls_session, active));
}

/* ---- Freezing and thawing */

void dtls_leave_active(struct dtls_session *session)
{
	if (list_empty(&session->active))
		return;
	list_remove(&session->active);
	session->dtls->nactive--;
}

void dtls_join_active(struct dtls_session *session)
{
	dtls_leave_active(session);
	list_append(&session->dtls->active, &session->active);
	session->dtls->nactive++;
	dtls_sweep_soon(session->dtls);
}

/* false: it cannot be (yet). */
bool dtls_freeze(struct dtls_session *session)
{
	mbedtls_ssl_context *ssl = &session->context->ssl;
	size_t n = 0;
	if (session->busy ||
	        mbedtls_ssl_context_save(ssl, NULL, 0, &n) != MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL)
		return false;
	session->frozen = malloc(n);
	if (!session->frozen || mbedtls_ssl_context_save(ssl, session->frozen, n, &n) != 0) {
		free(session->frozen);
		session->frozen = NULL;
		return false;
	}
	session->frozen_n = n;
	dtls_put_context(session->dtls, session->context, true);
	session->context = NULL;
	dtls_leave_active(session);
	return true;
}

void dtls_forget_frozen(struct dtls_session *session)
{
	if (session->frozen)
		explicit_bzero(session->frozen, session->frozen_n);
	free(session->frozen);
	session->frozen = NULL;
}

/* Those that were silent longest make room for one more context. */
void dtls_make_room_for_context(struct dtls *dtls)
{
	enum { TRIES = 8 };
	unsigned tries = 0;
	LIST_EACH (&dtls->active, at, following) {
		if (dtls->nactive < DTLS_ACTIVE_MAX || tries++ == TRIES)
			return;
		(void)dtls_freeze(LIST_OWNER(at, struct dtls_session, active));
	}
}

bool dtls_thaw(struct dtls_session *session)
{
	struct dtls *dtls = session->dtls;
	if (session->context)
		return true;
	dtls_make_room_for_context(dtls);
	struct dtls_context *context = session->frozen ? dtls_get_context(dtls) : NULL;
	if (!context)
		return false;
	if (mbedtls_ssl_context_load(&context->ssl, session->frozen, session->frozen_n) != 0 ||
	        !dtls_meet(context, &session->peer)) {
		dtls_put_context(dtls, context, false);
		return false;
	}
	dtls_forget_frozen(session);
	context->session = session;
	session->context = context;
	dtls_join_active(session);
	return true;
}
