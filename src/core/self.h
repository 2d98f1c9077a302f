/* self: whom a caller is, as far as {self} and an endpoint's `subject` go: its own id, and those that it may act for. Pure. */
#ifndef CORE_SELF_H
#define CORE_SELF_H

#include "api/identity.h"

/* Is this a name to act for: a client's id, or how ids begin, and a * ? If not, *why says what is wrong. */
bool self_name_valid(slice name, const char **why);
/* Does the name of `acts_for` mean this id? */
bool self_name_means(slice name, slice id);
/* Is `id` the caller, or one that it may act for? Nobody, to a caller without an id. */
bool self_is(const struct identity *, slice id);
/* The same for a segment of a path, percent-encoded in any spelling. */
bool self_is_segment(const struct identity *, slice segment);

#endif
