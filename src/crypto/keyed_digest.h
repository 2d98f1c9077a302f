/* Keyed digests of secrets that callers present over and over: HMAC-SHA-256 under one key.
 *
 * What is stored of a token is its digest, so who reads the store cannot use it. Making one costs about as much as
 * the rest of recognising a caller, so those that were of use are remembered by the secret: the look-up compares it
 * in full. One thread. */
#ifndef CRYPTO_KEYED_DIGEST_H
#define CRYPTO_KEYED_DIGEST_H

#include "crypto/digest.h"

enum { KEYED_DIGEST_KEY_BYTES = 32 };

struct keyed_digests;

/* Copies the key. NULL: out of memory. */
struct keyed_digests *keyed_digests_create(const unsigned char key[KEYED_DIGEST_KEY_BYTES]);
/* Wipes what it remembers. NULL is fine. */
void keyed_digests_destroy(struct keyed_digests *);

struct digest keyed_digest(const struct keyed_digests *, slice secret);
/* It was of use and will come again. Does nothing when there is no memory for it. */
void keyed_digest_remember(struct keyed_digests *, slice secret, const struct digest *);

#endif
