/* A listener's `tls:`, the client's certificate, and a connection's polite end. OpenSSL lives here only. */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include "adapters/common/tls.h"

struct http_tls;
struct ssl_st;
struct ssl_ctx_st;

/* Reads the settings and tries the files. NULL: error says which file and why. */
struct http_tls *http_tls_open(const struct config *tls, struct error *);
void http_tls_close(struct http_tls *); /* NULL is fine */
/* Gives a server's context the certificate, the key and the client CA. */
bool http_tls_apply(const struct http_tls *, struct ssl_ctx_st *);

/* The handshake is over. NULL: there is no session yet. */
bool http_tls_established(const struct ssl_st *);
/* The peer's certificate as DER in the arena, when it was verified; else { NULL, 0 }. */
slice http_tls_peer_certificate(const struct ssl_st *, struct arena *);
/* Says goodbye (close_notify). */
void http_tls_goodbye(struct ssl_st *);

#endif
