/* SHA-256 and HMAC-SHA-256, by OpenSSL. Pure; any thread. */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include "base/slice.h"

enum { DIGEST_BYTES = 32 };

struct digest {
	unsigned char bytes[DIGEST_BYTES];
};

/* FIPS 180-4. Aborts when the library has no memory left for it. */
struct digest digest_sha256(slice);
/* RFC 2104. The key may be of any length. */
struct digest digest_hmac_sha256(slice key, slice);

static inline slice digest_slice(const struct digest *digest)
{
	return (slice){ (const char *)digest->bytes, DIGEST_BYTES };
}

/* As 64 small hexadecimal digits, with a NUL. */
enum { DIGEST_HEX_BYTES = 2 * DIGEST_BYTES + 1 };
void digest_hex(const struct digest *, char text[DIGEST_HEX_BYTES]);

/* From such digits, in either case, with colons between the bytes or without, as openssl(1) shows fingerprints. */
bool digest_parse(slice text, struct digest *);

/* In constant time. */
static inline bool digest_equal(const struct digest *a, const struct digest *b)
{
	return slice_equal_secret(digest_slice(a), digest_slice(b));
}

#endif
