/* A rule that allows and one that denies read a path differently, each on the safe side. To be allowed, a path must be
 * just what the rule says, segment by segment, as paths are normalised (base/uri.h). To be denied it is enough that a
 * service behind might take it for what the rule says: services differ in whether they decode before they split, and in
 * what "//" and a "/" at the end are to them. Letters are told apart in both, as everywhere in paths. */
#include "core/role.h"

#include "base/uri.h"

#include "core/router.h"
#include "core/self.h"

enum { SEGMENT_MAX_BYTES = 16384 };

/* The two parts of a rule; nothing else is asked of the path here. */
bool role_rule_read(slice text, struct role_rule *rule)
{
	slice rest = slice_trim(text);
	slice words = slice_cut(&rest, ' ');
	*rule = (struct role_rule){ .pattern = slice_trim(rest), .text = text };
	if (!words.n || !rule->pattern.n || slice_find(rule->pattern, ' ') < rule->pattern.n)
		return false;
	while (words.p) {
		slice word = slice_cut(&words, ',');
		enum method method;
		if (slice_is(word, "*"))
			rule->methods = ~0u;
		else if (method_parse(word, &method))
			rule->methods |= 1u << method;
		else
			return false;
	}
	if (role_rule_has(rule, METHOD_GET))
		rule->methods |= 1u << METHOD_HEAD | 1u << METHOD_SUBSCRIBE;
	return true;
}

bool role_rule_parse(slice text, struct role_rule *rule, const char **why)
{
	*why = "say METHOD /path, such as \"POST /ships/sensors/{self}\" or \"* /ships/*\"";
	return role_rule_read(text, rule) && router_pattern_valid(rule->pattern, why);
}

static bool is_variable(slice wanted)
{
	return wanted.n && wanted.p[0] == '{';
}

/* Takes a literal off the path, with the slash behind it. */
static bool take_literal(slice *path, slice wanted)
{
	if (!slice_starts(*path, wanted))
		return false;
	bool last = path->n == wanted.n;
	if (!last && path->p[wanted.n] != '/')
		return false;
	*path = last ? (slice){ NULL, 0 }
	             : (slice){ path->p + wanted.n + 1, path->n - wanted.n - 1 };
	return true;
}

static bool take_variable(slice *path, slice wanted, const struct identity *who)
{
	slice segment = slice_cut(path, '/');
	return slice_is(wanted, "{self}") ? self_is_segment(who, segment) : segment.n > 0;
}

static bool path_matches(slice pattern, slice path, const struct identity *who)
{
	pattern = slice_from(pattern, 1);
	path = slice_from(path, 1);
	while (pattern.p && path.p) {
		slice wanted = slice_cut(&pattern, '/');
		if (slice_is(wanted, "*"))
			return path.n > 0;
		if (is_variable(wanted) ? !take_variable(&path, wanted, who)
		                        : !take_literal(&path, wanted))
			return false;
	}
	return !pattern.p && !path.p;
}

bool role_rule_matches(const struct role_rule *rule, slice path, const struct identity *who)
{
	return path_matches(rule->pattern, path, who);
}

const struct role_rule *role_allowing(
        const struct role *role, enum method method, slice path, const struct identity *who)
{
	for (unsigned i = 0; i < role->nallow; i++) {
		const struct role_rule *rule = &role->allow[i];
		if (role_rule_has(rule, method) && path_matches(rule->pattern, path, who))
			return rule;
	}
	return NULL;
}

slice role_rule_self(const struct role_rule *rule, slice path)
{
	slice pattern = slice_from(rule->pattern, 1);
	path = slice_from(path, 1);
	while (pattern.p && path.p) {
		slice wanted = slice_cut(&pattern, '/'), segment = slice_cut(&path, '/');
		if (slice_is(wanted, "{self}"))
			return segment;
	}
	return (slice){ NULL, 0 };
}

/* ---- As loosely as some service might read it */

/* How many bytes a separator takes here; 0: none. */
static size_t separator_at(slice path, bool encoded_too)
{
	static const char *const encoded[] = { "%2F", "%2f", "%5C", "%5c" };
	if (path.n && (path.p[0] == '/' || (encoded_too && path.p[0] == '\\')))
		return 1;
	for (unsigned i = 0; encoded_too && i < sizeof encoded / sizeof *encoded; i++) {
		if (slice_starts(path, slice_of(encoded[i])))
			return 3;
	}
	return 0;
}

/* The next segment that is not empty; { NULL, 0 }: there is none. */
static slice next_segment(slice *path, bool encoded_too)
{
	size_t skip;
	do {
		skip = separator_at(*path, encoded_too);
		*path = slice_from(*path, skip);
	} while (skip);
	if (!path->n)
		return (slice){ NULL, 0 };
	size_t n = 0;
	while (n < path->n && !separator_at(slice_from(*path, n), encoded_too))
		n++;
	slice segment = { path->p, n };
	*path = slice_from(*path, n);
	return segment;
}

static bool same_decoded(slice a, slice b)
{
	if (slice_equal(a, b))
		return true;
	if (slice_find(a, '%') == a.n && slice_find(b, '%') == b.n)
		return false;
	struct arena arena;
	arena_init(&arena, (size_t)2 * SEGMENT_MAX_BYTES);
	slice x = uri_decode(&arena, a), y = uri_decode(&arena, b);
	/* What cannot be decoded is nobody's to let through. */
	bool same = !x.p || !y.p || slice_equal(x, y);
	arena_finish(&arena);
	return same;
}

static bool path_resembles(slice pattern, slice path, const struct identity *who, bool encoded_too)
{
	for (;;) {
		slice wanted = next_segment(&pattern, encoded_too);
		slice segment = next_segment(&path, encoded_too);
		if (slice_is(wanted, "*"))
			return segment.p != NULL;
		if (!wanted.p || !segment.p)
			return !wanted.p && !segment.p;
		if (slice_is(wanted, "{self}")) {
			if (!self_is_segment(who, segment))
				return false;
		} else if (!is_variable(wanted) && !same_decoded(wanted, segment)) {
			return false;
		}
	}
}

/* Also what is taken at its word: a * that stands for empty segments only is one. */
static bool is_denied(const struct role_rule *rule, slice path, const struct identity *who)
{
	return path_matches(rule->pattern, path, who) ||
	       path_resembles(rule->pattern, path, who, false) ||
	       path_resembles(rule->pattern, path, who, true);
}

const struct role_rule *role_denying(
        const struct role *role, enum method method, slice path, const struct identity *who)
{
	for (unsigned i = 0; i < role->ndeny; i++) {
		const struct role_rule *rule = &role->deny[i];
		if (role_rule_has(rule, method) && is_denied(rule, path, who))
			return rule;
	}
	return NULL;
}
