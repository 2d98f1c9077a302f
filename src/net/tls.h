/* TLS and DTLS by Mbed TLS: what one side brings to a handshake and asks of the other. A stream
 * (net/stream.h) or a DTLS endpoint (net/dtls.h) is given it; nobody else needs to know that there is TLS.
 *
 * Version 1.2 on both generations of the library, 2.28 and 3.6; on the latter 1.3 as well, on streams, where neither a
 * client's certificate nor a pre-shared key is asked for (tls.c says why). Forward secret suites with authenticated encryption
 * only; where there are pre-shared keys, also the plain PSK suites that small devices have (RFC 7925 section
 * 4.2), before all others, since who offers them has no certificate to show.
 *
 * Core thread. */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/slice.h"

#include <stdbool.h>

struct tls;

/* PEM: whom the system trusts (Debian's ca-certificates). */
#define TLS_SYSTEM_AUTHORITIES "/etc/ssl/certs/ca-certificates.crt"

enum tls_transport { TLS_STREAM, TLS_DATAGRAM };

/* What a server asks of its clients. A certificate that is shown must be good in any case. */
enum tls_ask { TLS_ASK_NONE, TLS_ASK_OPTIONAL, TLS_ASK_REQUIRED };

/* A certificate for who calls the server by one of these names; "*.example.org" stands for any one label before that. */
struct tls_named {
	const slice *names;
	unsigned nnames;
	const char *certificate, *key; /* PEM files */
};
/* NULL: none has the name. An exact one goes before a "*". */
const struct tls_named *tls_named_find(const struct tls_named *, unsigned n, slice name);

struct tls_options {
	enum tls_transport transport;
	/* PEM files: the chain of the own certificate and its key; the authorities whose certificates are believed.
	 * NULL: none. */
	const char *certificate, *key, *authorities;
	/* Some of the authorities may be of a kind that Mbed TLS does not know: for a file that others keep. */
	bool skip_unreadable_authorities;

	/* Of a server. */
	enum tls_ask ask;
	/* Beside the certificate above, which is for all other names, and for who says none. */
	const struct tls_named *named;
	unsigned nnamed;
	/* The authorities' revocation lists, PEM (net/tls_trust.h); NULL: none. */
	const char *lists;
	bool strict_lists; /* one that is out of date: its authority's certificates are refused */
	/* The key of an identity, borrowed until psk() is called again; false: it has none. NULL: no pre-shared
	 * keys. */
	bool (*psk)(void *arg, slice identity, slice *key);
	void *arg;

	/* Of a client: its own identity and key; p == NULL: none. Copied. */
	slice psk_identity, psk_key;

	/* Application protocols, the preferred one first (RFC 7301); NULL-terminated, static. NULL: none is asked
	 * for. */
	const char **protocols;
};

enum tls_file {
	TLS_FILE_NONE,
	TLS_FILE_CERTIFICATE,
	TLS_FILE_KEY,
	TLS_FILE_AUTHORITIES,
	TLS_FILE_LISTS
};

struct tls_fault {
	enum tls_file file; /* which one is to blame */
	char text[160];
};

enum {
	TLS_IDENTITY_MAX_BYTES = 128, /* RFC 4279 section 5.3 asks for no more */
	TLS_KEY_MAX_BYTES = 32        /* what Mbed TLS takes (MBEDTLS_PSK_MAX_LEN) */
};

/* Reads the files: blocks, for open() only. NULL: fault says why. */
struct tls *tls_server_open(const struct tls_options *, struct tls_fault *);
/* A client asks for a good certificate of the name it calls, or proves itself by its pre-shared key. */
struct tls *tls_client_open(const struct tls_options *, struct tls_fault *);
/* The files of a server's side again: handshakes that begin from now on use what they hold now, and everybody who has shown a
 * certificate is judged by it (stream_peer_doubts(), dtls_peer_doubts()). Connections stay as they are; tickets stay good when
 * the same authorities are believed and the same certificates are revoked. Blocks. false: fault says why, and nothing has
 * changed. */
bool tls_renew(struct tls *, struct tls_fault *);
/* psk() will not be called any more. The rest is freed when its last connection is gone. NULL is fine. */
void tls_close(struct tls *);

#endif
