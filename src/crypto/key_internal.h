/* What key.c and signature.c share. */
#ifndef CRYPTO_KEY_INTERNAL_H
#define CRYPTO_KEY_INTERNAL_H

#include <openssl/evp.h>

#include "crypto/signature.h"

/* Set up once for an algorithm, used many times; each NULL until it is needed. */
struct key_contexts {
	EVP_MAC_CTX *mac;
	EVP_PKEY_CTX *verifying, *signing;
};

struct key {
	enum key_type type;
	bool is_private;
	unsigned bits;
	EVP_PKEY *pkey;        /* of all but secrets */
	unsigned char *secret; /* KEY_TYPE_SECRET: bits / 8 bytes */
	EVP_MD_CTX *digest;    /* of all but secrets */
	struct key_contexts contexts[ALGORITHMS];
};

#endif
