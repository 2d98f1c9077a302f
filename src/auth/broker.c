/* broker: believes a joined broker about who published.
 *
 * What a message of such a listener names as its publisher (its setting `publisher`) is as good as the broker's access
 * control: with a segment of the topic and a rule that ties it to the user, nobody publishes as somebody else
 * (board/mosquitto/). So only the listeners that are named here are believed, and of those only names of clients. */
#include "api/adapter.h"
#include "api/authenticator.h"

#include <stdlib.h>

struct broker_authenticator {
	struct authenticator base;
	slice *listeners; /* each its own memory */
	unsigned nlisteners;
};

static void broker_close(struct authenticator *base)
{
	struct broker_authenticator *self = (struct broker_authenticator *)base;
	if (!self)
		return;
	for (unsigned i = 0; i < self->nlisteners; i++)
		free((void *)(uintptr_t)self->listeners[i].p);
	free(self->listeners);
	free(self);
}

static const struct config *root_of(const struct config *node)
{
	while (node->parent)
		node = node->parent;
	return node;
}

/* The listener is there, and says who publishes. */
static bool check_listener(const struct config *named, struct error *error)
{
	CONFIG_EACH (config_get(root_of(named), "listeners"), listener) {
		const struct config *name = config_get(listener, "name");
		if (!name || !slice_equal(name->text, named->text))
			continue;
		if (!config_get(listener, "broker"))
			return config_error(named, error, "%s joins no broker", named->text.p);
		if (!config_get(listener, "publisher"))
			return config_error(named, error,
			        "%s has no `publisher`: nothing says who published", named->text.p);
		return true;
	}
	return config_error(named, error, "no listener of this name under listeners:");
}

static bool add_listener(
        struct broker_authenticator *self, const struct config *named, struct error *error)
{
	if (!check_listener(named, error))
		return false;
	char *copy = strndup(named->text.p, named->text.n);
	if (!copy)
		return error_set(error, "out of memory");
	self->listeners[self->nlisteners++] = (slice){ copy, named->text.n };
	return true;
}

static bool read_listeners(
        struct broker_authenticator *self, const struct config *list, struct error *error)
{
	if (!list || !list->count)
		return config_error(list, error, "which listeners are believed?");
	self->listeners = calloc(list->count, sizeof *self->listeners);
	if (!self->listeners)
		return error_set(error, "out of memory");
	CONFIG_EACH (list, named) {
		if (!add_listener(self, named, error))
			return false;
	}
	return true;
}

static struct authenticator *broker_open(struct loop *loop, const struct config *config,
        const struct directory *directory, struct error *error)
{
	(void)loop;
	(void)directory;
	struct broker_authenticator *self = calloc(1, sizeof *self);
	if (!self) {
		error_set(error, "out of memory");
		return NULL;
	}
	if (read_listeners(self, config_get(config, "listeners"), error))
		return &self->base;
	broker_close(&self->base);
	return NULL;
}

static bool broker_offers(const struct authenticator *base, const struct credential *credential)
{
	(void)base;
	return credential->kind == CREDENTIAL_BROKER;
}

static bool believed(const struct broker_authenticator *self, const char *listener)
{
	for (unsigned i = 0; i < self->nlisteners; i++) {
		if (slice_is(self->listeners[i], listener))
			return true;
	}
	return false;
}

static enum verdict broker_check(
        struct authenticator *base, struct request *request, const struct credential *credential)
{
	struct broker_authenticator *self = (struct broker_authenticator *)base;
	if (!believed(self, request->adapter->label)) {
		request_refuse(request, STATUS_UNAUTHENTICATED,
		        "%s is not believed about who published (%s)", request->adapter->label,
		        base->label);
		return REPLY;
	}
	const struct grant grant = { .client = credential->name };
	return auth_grant(request, &grant);
}

static const struct setting settings[] = {
	{ .key = "listeners",
	        .type = SETTING_TEXTS,
	        .required = true,
	        .help = "the joined brokers whose access control ties a publisher to its name" },
	{ .key = NULL },
};

const struct authenticator_ops authenticator_broker = {
	.name = "broker",
	.settings = settings,
	.only = CREDENTIAL_BROKER,
	.open = broker_open,
	.offers = broker_offers,
	.check = broker_check,
	.close = broker_close,
};
