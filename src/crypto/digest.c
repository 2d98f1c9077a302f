#include "crypto/digest.h"

#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

struct digest digest_sha256(slice text)
{
	struct digest digest;
	if (!SHA256((const unsigned char *)text.p, text.n, digest.bytes))
		abort();
	return digest;
}

struct digest digest_hmac_sha256(slice key, slice text)
{
	struct digest digest;
	unsigned n = sizeof digest.bytes;
	static const unsigned char nothing = 0;
	const void *key_bytes = key.n ? (const void *)key.p : &nothing;
	if (!HMAC(EVP_sha256(), key_bytes, (int)key.n, (const unsigned char *)text.p, text.n,
	            digest.bytes, &n))
		abort();
	return digest;
}

void digest_hex(const struct digest *digest, char text[DIGEST_HEX_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		text[2 * i] = digits[digest->bytes[i] >> 4];
		text[2 * i + 1] = digits[digest->bytes[i] & 0xf];
	}
	text[DIGEST_HEX_BYTES - 1] = '\0';
}
