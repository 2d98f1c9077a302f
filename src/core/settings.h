/* The settings that belong to no plug. Each plug has a table of its own. */
#ifndef CORE_SETTINGS_H
#define CORE_SETTINGS_H

#include "api/plugin.h"

extern const struct setting settings_root[];
extern const struct setting settings_gateway[];
extern const struct setting settings_audit[];
extern const struct setting settings_listener[]; /* what all listeners have */
extern const struct setting settings_auth[];     /* what all ways to authenticate have */
extern const struct setting settings_role[];
extern const struct setting settings_client[];
extern const struct setting settings_backend[]; /* what all backends have */
extern const struct setting settings_endpoint[];

#endif
