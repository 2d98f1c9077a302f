/* Whom a server believes: authorities (client_ca) and what they have revoked (crl), and what is remembered of a peer who has
 * shown a certificate so that it can be judged again: when the files change, and when a ticket brings it back.
 *
 * One piece for both TLS libraries. Mbed TLS and OpenSSL each verify a chain's signatures and dates; whether a certificate is
 * revoked, and what a client's must be, is decided here, so that it is the same over every protocol.
 *
 * A LIST (RFC 5280 section 5) must be signed by one of the authorities; that is verified once, when the file is read, and not with
 * each handshake. An authority may have several lists, or none: then nothing that it signed is known to be revoked.
 *
 * A LIST THAT IS OUT OF DATE is still held against everybody: what is on it stays revoked. Those that are not on it are
 * believed on, and the log says so, once an hour, as long as they come: a ship that has no link does not lose its devices
 * because of a date. With `strict` they are refused.
 *
 * Core thread. */
#ifndef NET_TLS_TRUST_H
#define NET_TLS_TRUST_H

#include "net/tls.h"

#include <stdint.h>

struct tls_trust;

enum {
	TLS_PROOF_MAX = 4, /* certificates between a peer and an authority, its own counted */
	TLS_WHY_BYTES = 200
};

/* A verified chain, as much of it as is needed to judge it again. Zeroed: no certificate was shown. */
struct tls_proof {
	uint64_t authority;
	unsigned n;
	struct {
		uint64_t issuer, certificate;
	} at[TLS_PROOF_MAX]; /* the peer's own last */
};

/* Reads the files (`lists` NULL: none). NULL: fault says why. */
struct tls_trust *tls_trust_open(
        const char *authorities, const char *lists, bool strict, struct tls_fault *);
struct tls_trust *tls_trust_join(struct tls_trust *);
void tls_trust_leave(struct tls_trust *); /* NULL is fine */

/* A chain whose signatures and dates were verified, as DER, the peer's own certificate first and the authority last. false:
 * it is not believed, and `why` says so with the subject's name. */
bool tls_trust_read(const struct tls_trust *, const slice *chain, unsigned n, struct tls_proof *,
        char why[TLS_WHY_BYTES]);
/* The certificate of a session that a ticket brings back, alone: believed as long as its date, one authority of its issuer's name
 * and the lists allow it. false: shake hands in full. */
bool tls_trust_read_alone(const struct tls_trust *, slice certificate, struct tls_proof *);
/* Why one that was believed is not any more; NULL: it is, also when no certificate was shown. Static. */
const char *tls_trust_doubts(struct tls_trust *, const struct tls_proof *);
/* Do both believe the same? Else no ticket of the one counts for the other. NULL: nobody is asked for a certificate. */
bool tls_trust_same(const struct tls_trust *, const struct tls_trust *);

#endif
