/* heap: memory that is free but still the process's, given back to the machine. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stddef.h>

/* After something that took much memory for a short time, as loading a configuration does: what it left free, the
 * arenas' cached chunks of this thread among it, goes back. Takes up to some milliseconds. */
void heap_settle(void);
/* Pages of this block that hold nothing but zeros go back to the machine, and are zeros still: for tables that a
 * library has filled with them and mostly never uses. The block may be any memory of malloc(). */
void heap_drop_zeros(void *block, size_t n);

#endif
