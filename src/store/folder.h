/* The state folder: one process at a time. */
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

#include "api/plugin.h"

/* Makes it with mode 0700 when it is not there, and takes its lock. A descriptor that holds the lock until it is
 * closed (also by a crash); -1: error says why. */
int folder_claim(const char *path, struct error *);

#endif
