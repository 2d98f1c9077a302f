/* token: opaque tokens. The client whose token it is is believed: one of the configuration (`clients[].token`), or
 * one that was issued at run time.
 *
 * A token comes as a bearer token, as the password of HTTP Basic, MQTT or WS-Security, or in the login frame of
 * a binary protocol. A user name that comes with it must be the client's id, or empty: a token that was issued to
 * one device does not open a session in another's name.
 *
 * Tokens are found by their keyed digests, so the time of a look-up tells nothing about those that are there. */
#include "api/authenticator.h"

#include <stdlib.h>

struct token_authenticator {
	struct authenticator base;
	const struct directory *directory;
};

static void token_close(struct authenticator *base)
{
	free(base);
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
	self->directory = directory;
	return &self->base;
}

static bool token_offers(const struct authenticator *base, const struct credential *credential)
{
	(void)base;
	return credential_may_be_token(credential);
}

static enum verdict token_check(
        struct authenticator *base, struct request *request, const struct credential *credential)
{
	const struct token_authenticator *self = (struct token_authenticator *)base;
	const struct client_key *token =
	        directory_find_key(self->directory, KEY_TOKEN, credential->secret);
	if (!token) {
		request_refuse(request, STATUS_UNAUTHENTICATED, "this token is not known here");
		return REPLY;
	}
	if (credential->name.n && !slice_equal(credential->name, token->client)) {
		request_refuse(
		        request, STATUS_UNAUTHENTICATED, "this token does not belong to that user");
		return REPLY;
	}
	return auth_grant_key(request, token);
}

static const struct setting settings[] = { { .key = NULL } };

const struct authenticator_ops authenticator_token = {
	.name = "token",
	.settings = settings,
	.keys = 1u << KEY_TOKEN,
	.open = token_open,
	.offers = token_offers,
	.check = token_check,
	.close = token_close,
};
