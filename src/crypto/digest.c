#include "crypto/digest.h"

#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "base/hex.h"

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
	hex_encode(digest_slice(digest), text);
	text[DIGEST_HEX_BYTES - 1] = '\0';
}

bool digest_parse(slice text, struct digest *digest)
{
	bool colons = text.n == 3 * DIGEST_BYTES - 1;
	size_t step = colons ? 3 : 2;
	if (!colons && text.n != 2 * DIGEST_BYTES)
		return false;
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		char byte;
		if ((colons && i && text.p[step * i - 1] != ':') ||
		        !hex_decode((slice){ text.p + step * i, 2 }, &byte))
			return false;
		digest->bytes[i] = (unsigned char)byte;
	}
	return true;
}
