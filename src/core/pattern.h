/* Patterns of paths, held against each other: endpoints' ("/a/{x}", "/a/" "*"), roles' (also {self}) and filters of
 * subscriptions ("+" for any one segment, "#" at the end for the path before it and all below). Pure. */
#ifndef CORE_PATTERN_H
#define CORE_PATTERN_H

#include "api/identity.h"

enum pattern_kind { PATTERN_ENDPOINT, PATTERN_ROLE, PATTERN_FILTER };

struct pattern {
	enum pattern_kind kind;
	slice text;
	const struct identity *who; /* PATTERN_ROLE: whom {self} stands for */
};

/* "#" only as the last segment, and both only as whole segments. false: *why says what is wrong. */
bool filter_valid(slice filter, const char **why);
/* Without "+" and "#": it is one path. */
bool filter_is_path(slice filter);
bool filter_matches(slice filter, slice path);
/* Is there a path that all of them match? At most 4. */
bool patterns_overlap(const struct pattern *, unsigned n);
/* Does `cover` match each path that all of them match? false: not, or it is not known; true for sure. */
bool pattern_covers(const struct pattern *cover, const struct pattern *, unsigned n);

#endif
