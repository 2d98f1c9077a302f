/* Endpoints that nobody can call: every way to authenticate that they take asks for something that no listener brings along,
 * such as a client certificate where no listener asks for one.
 *
 * It is a warning, and no mistake that keeps the gateway from starting: such an endpoint lets nobody in, and it may be meant
 * (one file for boxes with different listeners, a listener that is taken out for a while). */
#include "core/configuration.h"

/* What a listener has that brings a credential of this kind; NULL: every listener does, as far as is known here. */
static const char *needed_for(enum credential_kind kind)
{
	if (kind == CREDENTIAL_CERTIFICATE)
		return "tls.client_ca, with client_certificate optional or required";
	if (kind == CREDENTIAL_PSK)
		return "tls.psk";
	if (kind == CREDENTIAL_BROKER)
		return "a broker to join";
	if (kind == CREDENTIAL_LINE)
		return "a device";
	return NULL;
}

static bool brings(const struct config *listener, enum credential_kind kind)
{
	const struct config *tls = config_get(listener, "tls");
	if (kind == CREDENTIAL_CERTIFICATE)
		return config_get(tls, "client_ca") &&
		       !slice_is(config_text(tls, "client_certificate"), "none");
	if (kind == CREDENTIAL_PSK)
		return config_switch(tls, "psk");
	if (kind == CREDENTIAL_LINE)
		return config_get(listener, "device") != NULL;
	return config_get(listener, "broker") != NULL;
}

static bool is_dialect(const struct plugs *plugs, const char *name)
{
	for (unsigned i = 0; plugs->dialects[i]; i++) {
		if (strcmp(plugs->dialects[i], name) == 0)
			return true;
	}
	return false;
}

/* Dialects come in over listeners of other protocols: which, is not known here. */
static bool serves(const struct configuration *configuration, const struct endpoint *endpoint,
        const struct listener_setup *listener)
{
	const char *const *protocols = endpoint->protocols;
	for (unsigned i = 0; protocols && protocols[i]; i++) {
		if (strcmp(protocols[i], listener->ops->name) == 0 ||
		        is_dialect(configuration->plugs, protocols[i]))
			return true;
	}
	return !protocols;
}

static bool reached_by(const struct configuration *configuration, const struct endpoint *endpoint,
        enum credential_kind kind)
{
	for (unsigned i = 0; i < configuration->nlisteners; i++) {
		const struct listener_setup *listener = &configuration->listeners[i];
		if (serves(configuration, endpoint, listener) && brings(listener->node, kind))
			return true;
	}
	return false;
}

const char *configuration_unreached(
        const struct configuration *configuration, const struct endpoint_setup *setup)
{
	const struct config *listeners = config_get(configuration->root, "listeners");
	const char *needed = NULL;
	/* What is wrong with a listener is said already. */
	if (setup->anonymous || !listeners || listeners->count != configuration->nlisteners)
		return NULL;
	for (unsigned i = 0; i < setup->nauth; i++) {
		const struct authenticator *way = setup->auth[i];
		const char *need = way ? needed_for(way->ops->only) : NULL;
		if (!need || reached_by(configuration, &setup->endpoint, way->ops->only))
			return NULL;
		needed = needed ? needed : need;
	}
	return needed;
}
