/* What the loading of endpoints and of services share. */
#ifndef CORE_CONFIGURATION_LOADING_H
#define CORE_CONFIGURATION_LOADING_H

#include "core/configuration.h"

struct loading {
	struct configuration *configuration;
	struct endpoint_setup *setup;
	const struct config *node;
	struct mistakes *mistakes;
};

/* `auth:` and `roles:` of the node. */
void endpoint_load_auth(struct loading *);
void endpoint_load_roles(struct loading *);

#endif
