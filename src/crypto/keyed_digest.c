#include "crypto/keyed_digest.h"

#include <stdlib.h>

#include "base/table.h"

/* Tokens are short, signed ones not very long; what is longer is hashed each time. */
enum { REMEMBERED_MAX = 4096, SECRET_MAX_BYTES = 1024 };

struct remembered {
	UT_hash_handle hh; /* the table keeps them in the order in which they came */
	struct digest digest;
	size_t n;
	char secret[];
};

struct keyed_digests {
	unsigned char key[KEYED_DIGEST_KEY_BYTES];
	struct remembered *table;
};

struct keyed_digests *keyed_digests_create(const unsigned char key[KEYED_DIGEST_KEY_BYTES])
{
	struct keyed_digests *digests = calloc(1, sizeof *digests);
	if (digests)
		memcpy(digests->key, key, sizeof digests->key);
	return digests;
}

static void forget(struct keyed_digests *digests, struct remembered *one)
{
	HASH_DEL(digests->table, one);
	explicit_bzero(one, sizeof *one + one->n);
	free(one);
}

void keyed_digests_destroy(struct keyed_digests *digests)
{
	if (!digests)
		return;
	while (digests->table)
		forget(digests, digests->table);
	explicit_bzero(digests, sizeof *digests);
	free(digests);
}

static struct remembered *find(const struct keyed_digests *digests, slice secret)
{
	struct remembered *one;
	HASH_FIND(hh, digests->table, secret.p, secret.n, one);
	return one;
}

struct digest keyed_digest(const struct keyed_digests *digests, slice secret)
{
	const struct remembered *one = secret.n <= SECRET_MAX_BYTES ? find(digests, secret) : NULL;
	if (one)
		return one->digest;
	return digest_hmac_sha256(
	        (slice){ (const char *)digests->key, sizeof digests->key }, secret);
}

void keyed_digest_remember(struct keyed_digests *digests, slice secret, const struct digest *digest)
{
	if (!secret.n || secret.n > SECRET_MAX_BYTES || find(digests, secret))
		return;
	struct remembered *one = calloc(1, sizeof *one + secret.n);
	if (!one)
		return;
	if (HASH_COUNT(digests->table) >= REMEMBERED_MAX)
		forget(digests, digests->table);
	one->digest = *digest;
	one->n = secret.n;
	memcpy(one->secret, secret.p, secret.n);
	HASH_ADD_KEYPTR(hh, digests->table, one->secret, one->n, one);
	if (find(digests, secret) != one) {
		explicit_bzero(one, sizeof *one + one->n);
		free(one);
	}
}
