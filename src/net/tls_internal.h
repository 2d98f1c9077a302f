/* What net/tls*.c and net/dtls*.c share. Only these include Mbed TLS in src/net, besides websocket.c (SHA-1). */
#ifndef NET_TLS_INTERNAL_H
#define NET_TLS_INTERNAL_H

#include "base/arena.h"
#include "net/internal.h"
#include "net/tls_trust.h"

#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cookie.h>
#include <mbedtls/ssl_ticket.h>

#ifndef MBEDTLS_PRIVATE /* in 2.28 nothing is */
#define MBEDTLS_PRIVATE(member) member
#endif

/* What a handshake has shown of the peer. */
struct tls_peer {
	struct tls_proof proof; /* of a client's certificate */
	size_t n;
	uint64_t mark;                      /* of the key: its hash under this process's key */
	char bytes[TLS_IDENTITY_MAX_BYTES]; /* whose key it was opened with; n == 0: none */
};

/* A certificate with its chain, and its key. */
struct tls_own {
	mbedtls_x509_crt certificate;
	mbedtls_pk_context key;
};

/* What the files hold. Each connection keeps what it began with; the newest is what is believed. */
struct tls_material {
	const struct tls_options *options; /* its side's */
	mbedtls_ssl_config config;
	struct tls_own own, *named;   /* those of options.named, in its order */
	mbedtls_x509_crt authorities; /* a client's */
	struct tls_trust *trust;      /* a server's; NULL: it asks for no certificate */
	unsigned users;
};

struct tls {
	struct tls_options options;
	struct arena texts; /* the options' paths and names */
	struct tls_material *now;
	mbedtls_ssl_ticket_context tickets;
	mbedtls_ssl_cookie_ctx cookies;
	bool (*psk)(void *arg, slice identity, slice *key);
	/* Of the handshake that is being worked on right now: Mbed TLS's callbacks do not know it in 2.28. */
	struct tls_peer *peer;
	const mbedtls_x509_crt *issuer;
	/* And what is wrong with the peer's certificate there; or NULL. */
	const char *complaint;
	char why[TLS_WHY_BYTES]; /* the last one failed because of this; or empty */
	bool is_client;
	unsigned users; /* its owner, and each connection */
};

/* Who uses it keeps it: a connection both its side and its material. */
struct tls_material *tls_material_join(struct tls_material *);
void tls_material_leave(struct tls_material *);
/* A step of a handshake, with `peer` for what it shows. */
int tls_handshake(struct tls *, mbedtls_ssl_context *, struct tls_peer *);
/* Why it failed, for a person; belongs to the side, until the next. */
const char *tls_failure(struct tls *, int error);
/* Why a certificate that was believed is not any more, or NULL. Static. */
const char *tls_doubts(const struct tls *, const struct tls_peer *);
/* The peer's certificate as DER, which the context owns; or { NULL, 0 }. */
slice tls_peer_certificate(const mbedtls_ssl_context *);
/* Something that mbedtls_ssl_read() tells on the way, and no error. */
bool tls_is_news(int result);
/* Tells the peer that the handshake has failed, where Mbed TLS does not by itself. */
void tls_say_why(mbedtls_ssl_context *, int error);
/* What a handshake has failed of that was just worked on: static, for a person. */
const char *tls_failure_text(struct tls *, int error);
/* What an error of Mbed TLS's means, for the log. */
const char *tls_error_text(int error, char *text, size_t size);
int tls_random(void *unused, unsigned char *bytes, size_t n);

#endif
