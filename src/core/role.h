/* Roles: which methods on which paths a caller may use. */
#ifndef CORE_ROLE_H
#define CORE_ROLE_H

#include "api/message.h"
#include "base/arena.h"
#include "base/table.h"

struct role_rule {
	unsigned methods; /* 1u << METHOD_… */
	slice pattern; /* literal segments, {self}, {name} for any one, * at the end for the rest */
};

struct role {
	slice name;
	struct role_rule *rules;
	unsigned nrules;
	UT_hash_handle hh; /* in the configuration's table, by name */
};

/* "POST /ships/sensors/{self}", "* /ships/x"; false: *why says what is wrong. */
bool role_rule_parse(slice text, struct role_rule *, const char **why);
/* May a caller of this role, whose id is `self`, use the method on the (percent-encoded) path? {self} stands
 * for the caller's own id, percent-encoded or not, and for no other. */
bool role_allows(const struct role *, enum method, slice path, slice self);
/* Is there a path below the endpoint's pattern, and in what the filter of a subscription asks for, that such a caller
 * may subscribe to? Who may GET may subscribe. */
bool role_may_follow(const struct role *, slice endpoint, slice filter, slice self);

#endif
