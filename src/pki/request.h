/* request: a certificate request (PKCS#10, RFC 2986) that somebody sends us, PEM or DER. What is taken from it is its
 * public key, after its signature has shown that the sender has the private one, and, if asked, its alternative names.
 * Everything else in it is what somebody wishes to be, and is not looked at. Pure; any thread. */
#ifndef PKI_REQUEST_H
#define PKI_REQUEST_H

#include <openssl/evp.h>

#include "base/arena.h"
#include "pki/names.h"

enum { PKI_REQUEST_MAX_BYTES = 64 * 1024 };

/* The public key, which the caller frees with EVP_PKEY_free(). P-256, P-384 and RSA of 2048 to 4096 bits are taken: what
 * the gateway's listeners believe. `names`: gets the alternative names, checked as those of the command line are, their
 * texts in the arena; a request with a name of another kind is refused. NULL: they are not looked at.
 * NULL is returned with an error. */
EVP_PKEY *pki_request_read(
        slice bytes, enum pki_profile, struct arena *, struct pki_alt_names *names, struct error *);

#endif
