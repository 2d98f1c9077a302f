/* JSON pointers (RFC 6901) over a value, for what the configuration names in bodies. Core thread. */
#ifndef CORE_POINTER_H
#define CORE_POINTER_H

#include "base/arena.h"
#include "codec/value.h"

/* Begins with "/" or is empty, and has no "~" but in "~0" and "~1". */
bool pointer_valid(slice pointer);
/* What it points to; NULL: nothing, or over budget. An empty pointer is the whole. */
const struct value *pointer_get(struct arena *, const struct value *, slice pointer);
/* The value with `member` in the place that the pointer names, which is made where it is not there: all names of a pointer but the
 * numbers of lists that are there are members of maps. What is on the way is copied, the rest shared. NULL: something on
 * the way is no map or list, or over budget. */
struct value *pointer_put(
        struct arena *, const struct value *, slice pointer, const struct value *member);

#endif
