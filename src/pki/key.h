/* key: private keys of the CA and of those whose keys are made here, by OpenSSL. P-256, what every device can. Any
 * thread.
 *
 * What is written of a private key stands in a BIO, which wipes its memory when it is freed. */
#ifndef PKI_KEY_H
#define PKI_KEY_H

#include <openssl/bio.h>
#include <openssl/evp.h>

#include "api/plugin.h"
#include "base/slice.h"

enum { PKI_PASSPHRASE_MAX_BYTES = 512, PKI_PASSPHRASE_SOUND_BYTES = 12 };

/* error_set() with OpenSSL's reason, where it gave one; empties its queue. Always false. */
bool pki_openssl_error(struct error *, const char *what);

/* NULL: error says why. The caller frees it with EVP_PKEY_free(). */
EVP_PKEY *pki_key_create(struct error *);
/* PKCS#8 in PEM; with a passphrase encrypted by AES-256 under PBKDF2 (RFC 8018, HMAC-SHA-256, 600,000 rounds), which
 * takes up to a second. NULL: error says why. The caller frees it with BIO_free(). */
BIO *pki_key_text(EVP_PKEY *, slice passphrase, struct error *);
/* Reads that. Without a passphrase where one is needed, and with a wrong one, NULL and an error that says so. */
EVP_PKEY *pki_key_parse(slice text, slice passphrase, struct error *);

/* PKCS#12 (RFC 7292) of a key, its certificate and the CA's: AES-256 under PBKDF2, and an HMAC-SHA-256 over all. NULL:
 * error says why. The caller frees it with BIO_free(). */
BIO *pki_key_bundle(EVP_PKEY *, X509 *certificate, X509 *authority, const char *name,
        slice passphrase, struct error *);

/* What a BIO of memory holds; borrowed. */
slice pki_bio_bytes(BIO *);

#endif
