#include "core/role.h"

#include "base/uri.h"

#include "core/router.h"

bool role_rule_parse(slice text, struct role_rule *rule, const char **why)
{
	slice rest = slice_trim(text);
	slice words = slice_cut(&rest, ' ');
	rule->pattern = slice_trim(rest);
	*why = "say METHOD /path, such as \"POST /ships/sensors/{self}\" or \"* /ships/*\"";
	if (!words.n || !rule->pattern.n || slice_find(rule->pattern, ' ') < rule->pattern.n)
		return false;
	rule->methods = 0;
	while (words.n) {
		slice word = slice_cut(&words, ',');
		enum method method;
		if (slice_is(word, "*"))
			rule->methods = ~0u;
		else if (method_parse(word, &method))
			rule->methods |= 1u << method;
		else
			return false;
	}
	if (rule->methods & 1u << METHOD_GET)
		rule->methods |= 1u << METHOD_HEAD;
	return router_pattern_valid(rule->pattern, why);
}

/* Compares a percent-encoded segment with plain text. */
static bool segment_is(slice segment, slice plain)
{
	if (slice_equal(segment, plain))
		return true;
	if (slice_find(segment, '%') == segment.n)
		return false;
	struct arena arena;
	arena_init(&arena, 16384);
	slice decoded = uri_decode(&arena, segment);
	bool same = decoded.p && slice_equal(decoded, plain);
	arena_finish(&arena);
	return same;
}

static bool path_matches(slice pattern, slice path, slice self)
{
	pattern = slice_from(pattern, 1);
	path = slice_from(path, 1);
	while (pattern.p && path.p) {
		slice wanted = slice_cut(&pattern, '/');
		if (slice_is(wanted, "*"))
			return path.n > 0;
		slice segment = slice_cut(&path, '/');
		if (slice_is(wanted, "{self}")) {
			if (!self.n || !segment_is(segment, self))
				return false;
		} else if (wanted.n && wanted.p[0] == '{') {
			if (!segment.n)
				return false;
		} else if (!slice_equal(wanted, segment)) {
			return false;
		}
	}
	return !pattern.p && !path.p;
}

bool role_allows(const struct role *role, enum method method, slice path, slice self)
{
	for (unsigned i = 0; i < role->nrules; i++) {
		const struct role_rule *rule = &role->rules[i];
		if ((rule->methods & 1u << method) && path_matches(rule->pattern, path, self))
			return true;
	}
	return false;
}
