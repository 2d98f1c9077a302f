#include "core/role.h"

#include "core/pattern.h"
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
		rule->methods |= 1u << METHOD_HEAD | 1u << METHOD_SUBSCRIBE;
	return router_pattern_valid(rule->pattern, why);
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

bool role_may_follow(const struct role *role, slice endpoint, slice filter, slice self)
{
	for (unsigned i = 0; i < role->nrules; i++) {
		const struct role_rule *rule = &role->rules[i];
		const struct pattern patterns[3] = { { PATTERN_ROLE, rule->pattern, self },
			{ PATTERN_ENDPOINT, endpoint, { NULL, 0 } },
			{ PATTERN_FILTER, filter, { NULL, 0 } } };
		if (rule->methods & 1u << METHOD_SUBSCRIBE && patterns_overlap(patterns, 3))
			return true;
	}
	return false;
}
