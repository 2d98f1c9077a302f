/* login: who a device says that it is, is believed. For devices that can prove nothing and come from anywhere: trackers that say
 * their IMEI, over a mobile network, in a login frame or in each frame.
 *
 * This is no proof: whoever knows the name is it. It is as good as the secrecy of the names and the network that the operator has
 * with the provider, so it is a way of its own, which an endpoint must name. A frame that brings a secret is not for it: that
 * is held against the client's tokens, and a wrong one is not forgiven here. */
#include "api/authenticator.h"

#include <stdlib.h>

static void login_close(struct authenticator *base)
{
	free(base);
}

static struct authenticator *login_open(struct loop *loop, const struct config *config,
        const struct directory *directory, struct error *error)
{
	(void)loop;
	(void)config;
	(void)directory;
	struct authenticator *self = calloc(1, sizeof *self);
	if (!self)
		error_set(error, "out of memory");
	return self;
}

static bool login_offers(const struct authenticator *base, const struct credential *credential)
{
	(void)base;
	return credential->kind == CREDENTIAL_LOGIN && !credential->secret.n;
}

static enum verdict login_check(
        struct authenticator *base, struct request *request, const struct credential *credential)
{
	(void)base;
	const struct grant grant = { .client = credential->name };
	return auth_grant(request, &grant);
}

static const struct setting settings[] = { { .key = NULL } };

const struct authenticator_ops authenticator_login = {
	.name = "login",
	.settings = settings,
	.open = login_open,
	.offers = login_offers,
	.check = login_check,
	.close = login_close,
};
