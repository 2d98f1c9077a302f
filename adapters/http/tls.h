/* A listener's `tls:`, the client's certificate, and a connection's polite end. OpenSSL lives here only. */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include "adapters/common/tls.h"
#include "net/tls_trust.h"

struct http_tls;
struct ssl_st;
struct ssl_ctx_st;

/* Reads the settings and tries the files. NULL: error says which file and why. */
struct http_tls *http_tls_open(const struct config *tls, struct error *);
void http_tls_close(struct http_tls *); /* NULL is fine */
/* Sets up a server's context, which must not outlive it. established() is told the owner of each session whose handshake is
 * over, perhaps more than once, from inside OpenSSL. */
bool http_tls_apply(struct http_tls *, struct ssl_ctx_st *, void (*established)(void *owner));
void http_tls_set_owner(struct ssl_st *, void *owner);
/* Reads the files again: as tls_renew(). */
bool http_tls_renew(struct http_tls *, struct error *);

/* The handshake is over. NULL: there is no session yet. */
bool http_tls_established(const struct ssl_st *);
/* Why the handshake that has just failed did, for a person; until the next fails. */
const char *http_tls_failure(struct http_tls *);
/* What is to be remembered of an established session. false: its certificate is believed no more. */
bool http_tls_prove(struct http_tls *, const struct ssl_st *, struct tls_proof *);
/* As tls_trust_doubts(). */
const char *http_tls_doubts(const struct http_tls *, const struct tls_proof *);
/* The peer's certificate as DER in the arena, when it was verified; else { NULL, 0 }. */
slice http_tls_peer_certificate(const struct ssl_st *, struct arena *);
/* Says goodbye (close_notify). */
void http_tls_goodbye(struct ssl_st *);

#endif
