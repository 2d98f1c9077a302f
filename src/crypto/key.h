/* key: what signatures are made and checked with: a shared secret, an RSA key, a point on an elliptic curve; by
 * OpenSSL (3.0 and later, no deprecated function).
 *
 * However a key comes (PEM, the members of a JWK, made here) it passes the same checks in key_create(), so a weak or
 * a malformed one exists nowhere behind it: RSA of 2048 to 8192 bits with a small odd exponent (RFC 7518 section 3.3),
 * a secret at least as long as the shortest digest (section 3.2; signature.h holds it against the digest in use), a
 * point that is on its curve, a private half that belongs to its public one.
 *
 * Any thread; one at a time for each key, which keeps the library's contexts to use them again. */
#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H

#include "base/arena.h"

enum key_type {
	KEY_TYPE_SECRET,
	KEY_TYPE_RSA,
	KEY_TYPE_P256,
	KEY_TYPE_P384,
	KEY_TYPE_P521,
	KEY_TYPE_ED25519
};

enum {
	KEY_SECRET_MIN_BYTES = 32,
	KEY_SECRET_MAX_BYTES = 4096,
	KEY_RSA_MIN_BITS = 2048,
	KEY_RSA_MAX_BITS = 8192
};

struct key;

/* A key as numbers: big-endian, of a curve as long as the curve's field, of RSA without leading zeros. */
struct key_parts {
	enum key_type type;
	slice secret; /* KEY_TYPE_SECRET */
	slice n, e;   /* KEY_TYPE_RSA */
	slice x, y;   /* the point; Ed25519 has x alone */
	slice d;      /* the private half; empty: a public key */
	/* KEY_TYPE_RSA, with d: the primes and what computes faster with them; all of them or none. */
	slice p, q, dp, dq, qi;
};

/* Copies. NULL: *why is one line for a person (static), without anything of the key. */
struct key *key_create(const struct key_parts *, const char **why);
/* From a PEM text: a public key (SubjectPublicKeyInfo, PKCS#1) or the one of a certificate. A private key is refused:
 * it has no business where signatures are only checked. NULL: *why. */
struct key *key_of_public_pem(slice pem, const char **why);
/* From a PEM text: an unencrypted private key (PKCS#8, PKCS#1, SEC 1). NULL: *why. */
struct key *key_of_private_pem(slice pem, const char **why);
/* A new one. `bits` is for KEY_TYPE_RSA and KEY_TYPE_SECRET, 0: 3072 and 256. RSA takes the better part of a second. NULL: *why. */
struct key *key_generate(enum key_type, unsigned bits, const char **why);
/* Wipes what is secret. NULL is fine. */
void key_destroy(struct key *);

enum key_type key_type_of(const struct key *);
/* Can it sign? */
bool key_is_private(const struct key *);
unsigned key_bits(const struct key *);
/* The parts, in the arena; without the private half unless it is asked for (a secret is all private half: then it
 * gives false). The caller wipes what it does not want to stay. false: over budget, or no such half. */
bool key_export(const struct key *, struct arena *, bool with_private, struct key_parts *);

/* The bytes of a coordinate, and of half a signature: 32, 48, 66; 0: no curve. */
unsigned key_field_bytes(enum key_type);

#endif
