/* token: opaque tokens. The client whose `token:` in the configuration equals the one presented is believed.
 *
 * A token comes as a bearer token, as the password of HTTP Basic, MQTT or WS-Security, or in the login frame of
 * a binary protocol. A user name that comes with it must be the client's id, or empty: a token that was issued to
 * one device does not open a session in another's name.
 *
 * The table is keyed by the token itself under a hash with a random key, so the time of a look-up tells nothing
 * about the tokens in it; what is found is compared in constant time. Tokens are wiped when it closes. */
#include "api/authenticator.h"

#include <stdlib.h>

#include "base/table.h"

struct entry {
	const struct identity *who;
	size_t n;
	UT_hash_handle hh;
	char token[];
};

struct token_authenticator {
	struct authenticator base;
	struct entry *entries;
	struct error *error; /* while opening */
};

static void discard(struct entry *entry)
{
	explicit_bzero(entry->token, entry->n);
	free(entry);
}

static bool remember(struct token_authenticator *self, const struct identity *who, slice token,
        const struct config *client)
{
	struct entry *entry;
	HASH_FIND(hh, self->entries, token.p, token.n, entry);
	if (entry)
		return config_error(client, self->error, "%.*s and %.*s have the same token",
		        SLICE_ARG(entry->who->id), SLICE_ARG(who->id));
	entry = calloc(1, sizeof *entry + token.n);
	if (!entry)
		return error_set(self->error, "out of memory");
	entry->who = who;
	entry->n = token.n;
	memcpy(entry->token, token.p, token.n);
	HASH_ADD_KEYPTR(hh, self->entries, entry->token, entry->n, entry);
	return true;
}

static bool add_client(void *arg, const struct identity *who, const struct config *client)
{
	struct token_authenticator *self = arg;
	struct arena arena;
	arena_init(&arena, 256 * 1024);
	slice token;
	bool added = config_secret(&arena, client, "token", &token, self->error);
	if (added && token.p)
		added = remember(self, who, token, client);
	if (token.p)
		explicit_bzero((char *)(uintptr_t)token.p, token.n);
	arena_finish(&arena);
	return added;
}

static void token_close(struct authenticator *base)
{
	struct token_authenticator *self = (struct token_authenticator *)base;
	if (!self)
		return;
	struct entry *entry, *following;
	HASH_ITER(hh, self->entries, entry, following)
	{
		HASH_DEL(self->entries, entry);
		discard(entry);
	}
	free(self);
}

static struct authenticator *token_open(struct loop *loop, const struct config *config,
        const struct directory *directory, struct error *error)
{
	(void)loop;
	(void)config;
	struct token_authenticator *self = calloc(1, sizeof *self);
	if (!self) {
		error_set(error, "out of memory");
		return NULL;
	}
	self->error = error;
	bool all = directory_each(directory, add_client, self);
	self->error = NULL;
	if (all)
		return &self->base;
	token_close(&self->base);
	return NULL;
}

static bool token_offers(const struct authenticator *base, const struct credential *credential)
{
	(void)base;
	switch (credential->kind) {
	case CREDENTIAL_BEARER:
	case CREDENTIAL_BASIC:
	case CREDENTIAL_USERNAME_TOKEN:
	case CREDENTIAL_LOGIN:
		return credential->secret.n > 0;
	case CREDENTIAL_NONE:
	case CREDENTIAL_API_KEY:
	case CREDENTIAL_CERTIFICATE:
	case CREDENTIAL_PSK:
	case CREDENTIAL_ADDRESS:
	case CREDENTIAL_BROKER:
		break;
	}
	return false;
}

static enum verdict token_check(
        struct authenticator *base, struct request *request, const struct credential *credential)
{
	const struct token_authenticator *self = (const struct token_authenticator *)base;
	slice secret = credential->secret;
	struct entry *entry;
	HASH_FIND(hh, self->entries, secret.p, secret.n, entry);
	if (!entry || !slice_equal_secret(secret, (slice){ entry->token, entry->n })) {
		request_refuse(request, STATUS_UNAUTHENTICATED, "this token is not known here");
		return REPLY;
	}
	if (credential->name.n && !slice_equal(credential->name, entry->who->id)) {
		request_refuse(request, STATUS_UNAUTHENTICATED,
		        "this token does not belong to %.*s", SLICE_ARG(credential->name));
		return REPLY;
	}
	request->who = entry->who;
	return NEXT;
}

static const struct setting settings[] = { { .key = NULL } };

const struct authenticator_ops authenticator_token = {
	.name = "token",
	.settings = settings,
	.open = token_open,
	.offers = token_offers,
	.check = token_check,
	.close = token_close,
};
