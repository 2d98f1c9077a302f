/* line: where a line leads says who is there. For devices that can prove nothing, at a place that nobody else can take: the address
 * that the gateway calls, the port of a serial line, a socket of this machine.
 *
 * The file says who that is, once for each listener (`device`), and such a listener brings it along with each message; what
 * arrives over the line can say nothing of it. So this is as good as the way there is: whoever can plug another device in, or
 * answers in its place, is it. */
#include "api/authenticator.h"

#include <stdlib.h>

static void line_close(struct authenticator *base)
{
	free(base);
}

static struct authenticator *line_open(struct loop *loop, const struct config *config,
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

static bool line_offers(const struct authenticator *base, const struct credential *credential)
{
	(void)base;
	return credential->kind == CREDENTIAL_LINE;
}

static enum verdict line_check(
        struct authenticator *base, struct request *request, const struct credential *credential)
{
	(void)base;
	const struct grant grant = { .client = credential->name };
	return auth_grant(request, &grant);
}

static const struct setting settings[] = { { .key = NULL } };

const struct authenticator_ops authenticator_line = {
	.name = "line",
	.settings = settings,
	.only = CREDENTIAL_LINE,
	.open = line_open,
	.offers = line_offers,
	.check = line_check,
	.close = line_close,
};
