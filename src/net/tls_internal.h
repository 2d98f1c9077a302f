/* What net/tls.c, net/tls_stream.c and net/dtls.c share. Only these include Mbed TLS in src/net, besides
 * websocket.c (SHA-1). */
#ifndef NET_TLS_INTERNAL_H
#define NET_TLS_INTERNAL_H

#include "net/internal.h"
#include "net/tls.h"

#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cookie.h>
#include <mbedtls/ssl_ticket.h>

#ifndef MBEDTLS_PRIVATE /* in 2.28 nothing is */
#define MBEDTLS_PRIVATE(member) member
#endif

/* Whose key a handshake was opened with. */
struct tls_identity {
	size_t n;
	uint64_t mark; /* of the key: its hash under this process's key */
	char bytes[TLS_IDENTITY_MAX_BYTES];
};

struct tls {
	mbedtls_ssl_config config;
	mbedtls_x509_crt certificate, authorities;
	mbedtls_pk_context key;
	mbedtls_ssl_ticket_context tickets;
	mbedtls_ssl_cookie_ctx cookies;
	bool (*psk)(void *arg, slice identity, slice *key);
	void *arg;
	/* Of the handshake that is being worked on right now: Mbed TLS's callbacks do not know it in 2.28. */
	struct tls_identity *identity;
	/* And what is wrong with the peer's certificate there; or NULL. */
	const char *complaint;
	bool is_client;
	unsigned users; /* its owner, and each connection */
};

/* A step of a handshake, with `identity` for what the PSK callback finds. */
int tls_handshake(struct tls *, mbedtls_ssl_context *, struct tls_identity *identity);
/* The peer's certificate as DER, which the context owns; or { NULL, 0 }. */
slice tls_peer_certificate(const mbedtls_ssl_context *);
/* Tells the peer that the handshake has failed, where Mbed TLS does not by itself. */
void tls_say_why(mbedtls_ssl_context *, int error);
/* What a handshake has failed of that was just worked on: static, for a person. */
const char *tls_failure_text(struct tls *, int error);
/* What an error of Mbed TLS's means, for the log. */
const char *tls_error_text(int error, char *text, size_t size);
int tls_random(void *unused, unsigned char *bytes, size_t n);

#endif
