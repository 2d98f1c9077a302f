/* certificate: X.509 certificates and revocation lists of a CA (RFC 5280), by OpenSSL. All are signed with ECDSA and
 * SHA-256. Any thread. */
#ifndef PKI_CERTIFICATE_H
#define PKI_CERTIFICATE_H

#include <openssl/x509.h>

#include "pki/index.h"

/* Who signs. */
struct pki_signer {
	X509 *certificate;
	EVP_PKEY *key;
};

/* A CA that signs itself: pathlen 0, so that nothing it signs is a CA. NULL: error says why. Freed with X509_free(). */
X509 *pki_certificate_authority(slice name, const struct pki_serial *, int64_t from, int64_t until,
        EVP_PKEY *, struct error *);
/* What the entry says, for this public key. A device may be a TLS client, a gateway a server and a client. */
X509 *pki_certificate_sign(const struct pki_signer *, const struct pki_entry *,
        const struct pki_alt_names *, EVP_PKEY *, struct error *);
/* PEM. NULL: error says why. Freed with BIO_free(). */
BIO *pki_certificate_text(X509 *, struct error *);
/* The first certificate in a PEM file; it must be a CA's. */
X509 *pki_certificate_parse_authority(slice text, struct error *);
/* What a certificate says of its validity; false: not a date. */
bool pki_certificate_validity(const X509 *, int64_t *from, int64_t *until);
/* "name" is the common name as it stands there; { NULL, 0 }: none. Borrowed. */
slice pki_certificate_name(const X509 *);

/* The list of all that the index says is revoked, in PEM, with its number. NULL: error says why. */
BIO *pki_crl_text(const struct pki_signer *, const struct pki_index *, int64_t now, int64_t next,
        struct error *);
/* The number and end of a list in PEM. false: it is none that could be read. */
bool pki_crl_parse(slice text, uint64_t *number, int64_t *next);

#endif
