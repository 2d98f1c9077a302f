/* Holds a map of the configuration against the tables of settings that apply to it. */
#ifndef CORE_CONFIG_CHECK_H
#define CORE_CONFIG_CHECK_H

#include "core/mistakes.h"

/* Unknown keys, missing ones, values of the wrong form: all are added to `mistakes`. Remembers the tables in
 * the node, so that the typed getters know the fallbacks. Either table may be NULL. True: nothing was wrong. */
bool config_check(struct config *, const struct setting *common, const struct setting *own,
        struct mistakes *);

#endif
