/* psk: pre-shared keys. The client whose key opened the session is believed: a listener with `psk: true` asks here for
 * the key during the handshake (adapter_psk()), and who got through it has proved to have it. Each request then
 * offers the identity again, which is the client's id, and the mark of the key that it was (its hash under this process's
 * key); so a client whose key is taken away or replaced is refused at once, though its session goes on. */
#include "api/authenticator.h"

#include <stdlib.h>

#include "base/random.h"

struct psk_authenticator {
	struct authenticator base;
	const struct directory *directory;
};

static void psk_close(struct authenticator *base)
{
	free(base);
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
	self->directory = directory;
	return &self->base;
}

static bool psk_offers(const struct authenticator *base, const struct credential *credential)
{
	(void)base;
	return credential->kind == CREDENTIAL_PSK;
}

/* The newest of the client's: while it is replaced it may have two, and TLS takes one. NULL: none. */
static const struct client_key *key_of(const struct authenticator *base, slice client)
{
	const struct psk_authenticator *self = (const struct psk_authenticator *)base;
	const struct client_key *newest = NULL, *at = NULL;
	do {
		at = directory_key_of(self->directory, client, KEY_PSK, at);
		newest = at ? at : newest;
	} while (at);
	return newest;
}

static enum verdict psk_check(
        struct authenticator *base, struct request *request, const struct credential *credential)
{
	const struct client_key *key = key_of(base, credential->name);
	if (!key) {
		request_refuse(request, STATUS_UNAUTHENTICATED,
		        "%.*s is no client with a pre-shared key here (any more)",
		        SLICE_ARG(credential->name));
		return REPLY;
	}
	uint64_t mark = random_keyed_hash(key->secret.p, key->secret.n);
	if (!slice_equal(credential->secret, (slice){ (const char *)&mark, sizeof mark })) {
		request_refuse(request, STATUS_UNAUTHENTICATED,
		        "%.*s has another pre-shared key by now", SLICE_ARG(credential->name));
		return REPLY;
	}
	return auth_grant_key(request, key);
}

static bool psk_secret_of(const struct authenticator *base, slice identity, slice *secret)
{
	const struct client_key *key = key_of(base, identity);
	if (key)
		*secret = key->secret;
	return key != NULL;
}

static const struct setting settings[] = { { .key = NULL } };

const struct authenticator_ops authenticator_psk = {
	.name = "psk",
	.settings = settings,
	.keys = 1u << KEY_PSK,
	.only = CREDENTIAL_PSK,
	.open = psk_open,
	.offers = psk_offers,
	.check = psk_check,
	.secret_of = psk_secret_of,
	.close = psk_close,
};
