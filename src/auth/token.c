/* token: opaque tokens. The client whose `token:` in the configuration equals the one presented is believed.
 *
 * A token comes as a bearer token, as the password of HTTP Basic, MQTT or WS-Security, or in the login frame of
 * a binary protocol. A user name that comes with it must be the client's id, or empty: a token that was issued to
 * one device does not open a session in another's name.
 *
 * The table is keyed by the token itself under a hash with a random key, so the time of a look-up tells nothing
 * about the tokens in it; what is found is compared in constant time. Tokens are wiped when it closes. */
#include "auth/secrets.h"

static bool take(struct secrets *secrets, const struct identity *who, slice token,
        const struct config *client, struct error *error)
{
	const struct secret *other = secrets_find(secrets, token);
	if (other)
		return config_error(client, error, "%.*s and %.*s have the same token",
		        SLICE_ARG(other->who->id), SLICE_ARG(who->id));
	return secrets_add(secrets, who, token, SECRETS_BY_SECRET, error);
}

static struct authenticator *token_open(struct loop *loop, const struct config *config,
        const struct directory *directory, struct error *error)
{
	(void)loop;
	(void)config;
	return secrets_open(directory, "token", take, error);
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
	const struct secret *token = secrets_find(secrets_of(base), credential->secret);
	if (!token || !slice_equal_secret(credential->secret, (slice){ token->bytes, token->n })) {
		request_refuse(request, STATUS_UNAUTHENTICATED, "this token is not known here");
		return REPLY;
	}
	if (credential->name.n && !slice_equal(credential->name, token->who->id)) {
		request_refuse(request, STATUS_UNAUTHENTICATED,
		        "this token does not belong to %.*s", SLICE_ARG(credential->name));
		return REPLY;
	}
	request->who = token->who;
	return NEXT;
}

static const struct setting settings[] = { { .key = NULL } };

const struct authenticator_ops authenticator_token = {
	.name = "token",
	.settings = settings,
	.open = token_open,
	.offers = token_offers,
	.check = token_check,
	.close = secrets_close,
};
