/* The part of net/tls_trust.h that speaks Mbed TLS's language: for net/tls.c. */
#ifndef NET_TLS_TRUST_INTERNAL_H
#define NET_TLS_TRUST_INTERNAL_H

#include "net/tls_trust.h"

#include <mbedtls/x509_crt.h>

mbedtls_x509_crt *tls_trust_authorities(struct tls_trust *);
/* As tls_trust_read(), one certificate at a time, from the authority down: `issuer` NULL begins a proof. `flags`: what Mbed TLS
 * has found. `is_peers`: it is the last one. */
bool tls_trust_add(const struct tls_trust *, struct tls_proof *, const mbedtls_x509_crt *issuer,
        const mbedtls_x509_crt *, uint32_t flags, bool is_peers, char why[TLS_WHY_BYTES]);
bool tls_trust_take_alone(const struct tls_trust *, const mbedtls_x509_crt *, struct tls_proof *);

#endif
