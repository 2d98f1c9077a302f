/* signature: the algorithms that JWS offers (RFC 7518 section 3, RFC 8037), over keys.
 *
 * An algorithm says what kind of key it takes, and a key what kind it is; nothing signs or checks unless both agree.
 * So a public RSA key is never taken for a shared secret, whatever a token's header says. Any thread; one at a time
 * for each key. */
#ifndef CRYPTO_SIGNATURE_H
#define CRYPTO_SIGNATURE_H

#include "crypto/key.h"

enum algorithm {
	ALGORITHM_HS256,
	ALGORITHM_HS384,
	ALGORITHM_HS512,
	ALGORITHM_RS256,
	ALGORITHM_RS384,
	ALGORITHM_RS512,
	ALGORITHM_PS256,
	ALGORITHM_PS384,
	ALGORITHM_PS512,
	ALGORITHM_ES256,
	ALGORITHM_ES384,
	ALGORITHM_ES512,
	ALGORITHM_EDDSA
};
#define ALGORITHMS (ALGORITHM_EDDSA + 1)
enum { SIGNATURE_MAX_BYTES = KEY_RSA_MAX_BITS / 8 };

/* "HS256": as in the registry of RFC 7518 section 7.1; letters are not folded. */
const char *algorithm_name(enum algorithm);
/* false: none of ours. */
bool algorithm_find(slice name, enum algorithm *);
/* The kind of key that it takes, and as many bits as it asks for. */
bool algorithm_fits(enum algorithm, const struct key *);

/* Is this the signature of the message? Of exactly the length that the algorithm gives; secrets are compared in
 * constant time. false as well: the key does not fit. */
bool signature_verify(struct key *, enum algorithm, slice message, slice signature);
/* The signature (RFC 7515 form: R and S one after the other for curves) into `signature` of SIGNATURE_MAX_BYTES.
 * Returns its length; 0: the key does not fit or cannot sign. */
size_t signature_make(struct key *, enum algorithm, slice message, unsigned char *signature);

#endif
