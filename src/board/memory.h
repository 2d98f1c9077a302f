/* memory: how much of it there is for this process: the machine's, or what its control groups leave of that. */
#ifndef BOARD_MEMORY_H
#define BOARD_MEMORY_H

#include "base/arena.h"

/* Bytes; 0: not known. */
uint64_t memory_find(struct arena *, slice root);

/* Parts of it, pure. MemTotal of /proc/meminfo; 0: it is not there. */
uint64_t memory_total(slice meminfo);
/* The path of the control group that /proc/self/cgroup names for this controller, "" for the one hierarchy of version 2. p NULL:
 * none, or one outside what can be seen from here. */
slice memory_group(slice cgroups, const char *controller);

#endif
