/* sysfs: what the kernel says in files of one value, below a root. Bounded; whoever calls these waits for the kernel only. */
#ifndef BOARD_SYSFS_H
#define BOARD_SYSFS_H

#include "base/arena.h"

enum { SYSFS_MAX_BYTES = 4096 };

/* The bytes of a file, in the arena. p NULL: it is not there, cannot be read, or is longer. */
slice sysfs_read(struct arena *, slice root, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* The same without the white space and NULs around it; p NULL as well where nothing is left. */
slice sysfs_word(struct arena *, slice root, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* Where a link leads, as it stands there. p NULL: there is none. */
slice sysfs_link(struct arena *, slice root, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* Is something there? A link that leads nowhere is not. */
bool sysfs_has(slice root, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The names in a folder, without those that begin with a dot, in the order of their bytes; 1024 at most. Returns how many. */
unsigned sysfs_list(struct arena *, slice root, const char *folder, slice **names);
/* Has the path a part of this name? */
bool sysfs_path_has(slice path, slice part);
/* Digits only. false: none, or other things. */
bool sysfs_number(slice text, uint64_t *number);

#endif
