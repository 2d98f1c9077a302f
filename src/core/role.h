/* Roles: which methods on which paths a caller may use, and which it may not in any case. Pure. */
#ifndef CORE_ROLE_H
#define CORE_ROLE_H

#include "api/identity.h"
#include "api/message.h"
#include "base/table.h"

struct role_rule {
	unsigned methods; /* 1u << METHOD_… */
	slice pattern; /* literal segments, {self}, {name} for any one, * at the end for the rest */
	slice text;    /* as it was written */
	slice of;      /* the role that says it; empty: the client itself */
};

/* Const once its configuration is loaded. The rules are its own first, then those that it inherits. */
struct role {
	slice name;
	const struct role_rule *allow, *deny;
	unsigned nallow, ndeny;
	const struct role *const *with; /* itself, and every role that it inherits */
	unsigned nwith;
	const slice *scopes; /* each of them is enough for it */
	unsigned nscopes;
	UT_hash_handle hh; /* in the configuration's table, by name */
};

/* "POST /ships/sensors/{self}", "* /ships/x"; false: *why says what is wrong. Borrows the text. */
bool role_rule_parse(slice text, struct role_rule *, const char **why);
/* The same for a text that has passed before; false: it cannot have. */
bool role_rule_read(slice text, struct role_rule *);

/* The first rule by which a caller may use the method on the (percent-encoded) path; NULL: none. {self} stands for the
 * caller's own id and those that it acts for, percent-encoded or not, and for no other. */
const struct role_rule *role_allowing(
        const struct role *, enum method, slice path, const struct identity *);
/* The first rule that forbids it; NULL: none. A path is held against it as loosely as some service behind might read it:
 * escapes are decoded, an encoded slash or backslash separates too, empty segments are skipped. */
const struct role_rule *role_denying(
        const struct role *, enum method, slice path, const struct identity *);
/* Is the path what the rule says, whatever the method? */
bool role_rule_matches(const struct role_rule *, slice path, const struct identity *);
/* The segment of a path that {self} stands for in a rule that allows it; or { NULL, 0 }. */
slice role_rule_self(const struct role_rule *, slice path);

/* Is the rule about this method? HEAD and SUBSCRIBE come with GET. */
static inline bool role_rule_has(const struct role_rule *rule, enum method method)
{
	return rule->methods & 1u << method;
}

#endif
