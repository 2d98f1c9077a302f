#include "crypto/seal.h"

#include <stdlib.h>

#include <openssl/evp.h>

#include "base/random.h"

enum { NONCE_BYTES = 12, TAG_BYTES = 16, TEXT_MAX_BYTES = 1 << 20 };

static const unsigned char *bytes_of(slice s)
{
	static const unsigned char nothing = 0;
	return s.n ? (const unsigned char *)s.p : &nothing;
}

slice seal_close(
        struct arena *arena, const unsigned char key[SEAL_KEY_BYTES], slice context, slice plain)
{
	unsigned char *sealed = plain.n <= TEXT_MAX_BYTES
	                                ? arena_alloc_raw(arena, plain.n + SEAL_EXTRA_BYTES)
	                                : NULL;
	if (!sealed)
		return (slice){ NULL, 0 };
	unsigned char *text = sealed + NONCE_BYTES, *tag = text + plain.n;
	random_bytes(sealed, NONCE_BYTES);
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	int n = 0;
	/* With sound arguments only a library without memory fails. */
	if (!cipher || !EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, sealed) ||
	        !EVP_EncryptUpdate(cipher, NULL, &n, bytes_of(context), (int)context.n) ||
	        !EVP_EncryptUpdate(cipher, text, &n, bytes_of(plain), (int)plain.n) ||
	        !EVP_EncryptFinal_ex(cipher, tag, &n) ||
	        !EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, tag))
		abort();
	EVP_CIPHER_CTX_free(cipher);
	return (slice){ (const char *)sealed, plain.n + SEAL_EXTRA_BYTES };
}

bool seal_open(struct arena *arena, const unsigned char key[SEAL_KEY_BYTES], slice context,
        slice sealed, slice *plain)
{
	*plain = (slice){ NULL, 0 };
	if (sealed.n < SEAL_EXTRA_BYTES || sealed.n > TEXT_MAX_BYTES + SEAL_EXTRA_BYTES)
		return false;
	size_t length = sealed.n - SEAL_EXTRA_BYTES;
	const unsigned char *nonce = bytes_of(sealed), *text = nonce + NONCE_BYTES;
	unsigned char tag[TAG_BYTES], *opened = arena_alloc_raw(arena, length + TAG_BYTES);
	if (!opened)
		return false;
	memcpy(tag, text + length, TAG_BYTES);
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	int n = 0;
	bool right = cipher && EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, nonce) &&
	             EVP_DecryptUpdate(cipher, NULL, &n, bytes_of(context), (int)context.n) &&
	             EVP_DecryptUpdate(cipher, opened, &n, text, (int)length) &&
	             EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) &&
	             EVP_DecryptFinal_ex(cipher, opened + length, &n) > 0;
	EVP_CIPHER_CTX_free(cipher);
	if (right)
		*plain = (slice){ (const char *)opened, length };
	else
		explicit_bzero(opened, length);
	return right;
}
