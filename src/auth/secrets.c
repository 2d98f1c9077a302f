#include "auth/secrets.h"

#include <stdlib.h>

enum { SECRET_MAX_BYTES = 256 * 1024 };

struct loading {
	struct secrets *secrets;
	const char *key;
	secrets_take *take;
	struct error *error;
};

static void discard(struct secret *secret)
{
	explicit_bzero(secret->bytes, secret->n);
	free(secret);
}

static bool load_client(void *arg, const struct identity *who, const struct config *client)
{
	const struct loading *loading = arg;
	struct arena arena;
	arena_init(&arena, SECRET_MAX_BYTES);
	slice secret;
	bool taken = config_secret(&arena, client, loading->key, &secret, loading->error);
	if (taken && secret.p)
		taken = loading->take(loading->secrets, who, secret, client, loading->error);
	if (secret.p)
		explicit_bzero((char *)(uintptr_t)secret.p, secret.n);
	arena_finish(&arena);
	return taken;
}

struct authenticator *secrets_open(
        const struct directory *directory, const char *key, secrets_take *take, struct error *error)
{
	struct secrets *secrets = calloc(1, sizeof *secrets);
	if (!secrets) {
		error_set(error, "out of memory");
		return NULL;
	}
	struct loading loading = { secrets, key, take, error };
	if (directory_each(directory, load_client, &loading))
		return &secrets->base;
	secrets_close(&secrets->base);
	return NULL;
}

void secrets_close(struct authenticator *base)
{
	struct secrets *secrets = (struct secrets *)base;
	if (!secrets)
		return;
	struct secret *secret, *following;
	HASH_ITER(hh, secrets->table, secret, following)
	{
		HASH_DEL(secrets->table, secret);
		discard(secret);
	}
	free(secrets);
}

const struct secret *secrets_find(const struct secrets *secrets, slice id_or_secret)
{
	struct secret *secret;
	HASH_FIND(hh, secrets->table, id_or_secret.p, id_or_secret.n, secret);
	return secret;
}

bool secrets_add(struct secrets *secrets, const struct identity *who, slice bytes,
        enum secrets_by by, struct error *error)
{
	struct secret *secret = calloc(1, sizeof *secret + bytes.n);
	if (!secret)
		return error_set(error, "out of memory");
	secret->who = who;
	secret->n = bytes.n;
	memcpy(secret->bytes, bytes.p, bytes.n);
	slice key = by == SECRETS_BY_ID ? who->id : (slice){ secret->bytes, secret->n };
	HASH_ADD_KEYPTR(hh, secrets->table, key.p, key.n, secret);
	if (secrets_find(secrets, key) == secret)
		return true;
	discard(secret);
	return error_set(error, "out of memory");
}
