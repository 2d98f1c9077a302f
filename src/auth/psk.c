/* psk: pre-shared keys. The client whose key opened the session is believed: a listener with `psk: true` asks here for
 * the key during the handshake (adapter_psk()), and who got through it has proved to have it. Each request then
 * offers the identity again, which is the client's id, and the mark of the key that it was (its hash under this process's
 * key); so a client whose key is taken away or replaced is refused at once, though its session goes on.
 *
 * A key is the bytes of the secret as they are, or in hexadecimal after "0x", as many devices have it. Keys are
 * wiped when it closes. */
#include "api/authenticator.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/random.h"
#include "base/table.h"

/* What TLS takes here, and what cannot be guessed by trying (RFC 4279 section 7.2). */
enum { KEY_MAX_BYTES = 32, KEY_SAFE_BYTES = 16 };

struct entry {
	const struct identity *who;
	UT_hash_handle hh;
	size_t n;
	char key[KEY_MAX_BYTES];
};

struct psk_authenticator {
	struct authenticator base;
	struct entry *entries;
	struct error *error; /* while opening */
};

static int digit(char c)
{
	c = ascii_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The length of the key, 0 when it is none. */
static size_t read_key(slice secret, char key[KEY_MAX_BYTES])
{
	if (!slice_starts(secret, SLICE("0x"))) {
		size_t n = secret.n <= KEY_MAX_BYTES ? secret.n : 0;
		memcpy(key, secret.p, n);
		return n;
	}
	slice digits = slice_from(secret, 2);
	if (digits.n % 2 || digits.n > 2 * KEY_MAX_BYTES)
		return 0;
	for (size_t i = 0; i < digits.n / 2; i++) {
		int high = digit(digits.p[2 * i]), low = digit(digits.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return 0;
		key[i] = (char)(high << 4 | low);
	}
	return digits.n / 2;
}

static bool remember(struct psk_authenticator *self, const struct identity *who, slice secret,
        const struct config *client)
{
	struct entry *entry = calloc(1, sizeof *entry);
	if (!entry)
		return error_set(self->error, "out of memory");
	entry->who = who;
	entry->n = read_key(secret, entry->key);
	if (!entry->n) {
		explicit_bzero(entry, sizeof *entry);
		free(entry);
		return config_error(config_get(client, "psk"), self->error,
		        "a pre-shared key has 1 to %d bytes; after 0x they are in hexadecimal",
		        KEY_MAX_BYTES);
	}
	if (entry->n < KEY_SAFE_BYTES)
		log_warning("auth",
		        "client=%.*s the pre-shared key has %zu bytes; who overhears a handshake "
		        "can guess it; use %d or more, at random",
		        SLICE_ARG(who->id), entry->n, KEY_SAFE_BYTES);
	HASH_ADD_KEYPTR(hh, self->entries, who->id.p, who->id.n, entry);
	return true;
}

static bool add_client(void *arg, const struct identity *who, const struct config *client)
{
	struct psk_authenticator *self = arg;
	struct arena arena;
	arena_init(&arena, 256 * 1024);
	slice secret;
	bool added = config_secret(&arena, client, "psk", &secret, self->error);
	if (added && secret.p)
		added = remember(self, who, secret, client);
	if (secret.p)
		explicit_bzero((char *)(uintptr_t)secret.p, secret.n);
	arena_finish(&arena);
	return added;
}

static void psk_close(struct authenticator *base)
{
	struct psk_authenticator *self = (struct psk_authenticator *)base;
	if (!self)
		return;
	struct entry *entry, *following;
	HASH_ITER(hh, self->entries, entry, following)
	{
		HASH_DEL(self->entries, entry);
		explicit_bzero(entry->key, sizeof entry->key);
		free(entry);
	}
	free(self);
}

static struct authenticator *psk_open(struct loop *loop, const struct config *config,
        const struct directory *directory, struct error *error)
{
	(void)loop;
	(void)config;
	struct psk_authenticator *self = calloc(1, sizeof *self);
	if (!self) {
		error_set(error, "out of memory");
		return NULL;
	}
	self->error = error;
	bool all = directory_each(directory, add_client, self);
	self->error = NULL;
	if (all)
		return &self->base;
	psk_close(&self->base);
	return NULL;
}

static bool psk_offers(const struct authenticator *base, const struct credential *credential)
{
	(void)base;
	return credential->kind == CREDENTIAL_PSK;
}

static const struct entry *find(const struct authenticator *base, slice identity)
{
	const struct psk_authenticator *self = (const struct psk_authenticator *)base;
	struct entry *entry;
	HASH_FIND(hh, self->entries, identity.p, identity.n, entry);
	return entry;
}

static enum verdict psk_check(
        struct authenticator *base, struct request *request, const struct credential *credential)
{
	const struct entry *entry = find(base, credential->name);
	if (!entry) {
		request_refuse(request, STATUS_UNAUTHENTICATED,
		        "%.*s is no client with a pre-shared key here (any more)",
		        SLICE_ARG(credential->name));
		return REPLY;
	}
	uint64_t mark = random_keyed_hash(entry->key, entry->n);
	if (!slice_equal(credential->secret, (slice){ (const char *)&mark, sizeof mark })) {
		request_refuse(request, STATUS_UNAUTHENTICATED,
		        "%.*s has another pre-shared key by now", SLICE_ARG(credential->name));
		return REPLY;
	}
	request->who = entry->who;
	return NEXT;
}

static bool psk_secret_of(const struct authenticator *base, slice identity, slice *secret)
{
	const struct entry *entry = find(base, identity);
	if (!entry)
		return false;
	*secret = (slice){ entry->key, entry->n };
	return true;
}

static const struct setting settings[] = { { .key = NULL } };

const struct authenticator_ops authenticator_psk = {
	.name = "psk",
	.settings = settings,
	.open = psk_open,
	.offers = psk_offers,
	.check = psk_check,
	.secret_of = psk_secret_of,
	.close = psk_close,
};
