/* Loading roles. Each is read by itself first; then what it inherits is added to it, so that nothing has to be looked
 * for when somebody calls: a role knows every rule that holds for who has it, and every role that comes with it. */
#include "core/config_check.h"
#include "core/configuration.h"
#include "core/settings.h"

/* As deep as one role may inherit another: resolving them is recursive. */
enum { DEPTH_MAX = 16 };

struct rules {
	struct role_rule *at;
	unsigned n;
};

/* What stands in the file under one role. */
struct own {
	const struct config *node;
	struct rules allow, deny;
	unsigned steps; /* of inheritance below it */
	enum { UNRESOLVED, UNDER_WAY, RESOLVED } state;
};

struct loading {
	struct configuration *configuration;
	struct mistakes *mistakes;
	struct own *own; /* of each role, by its place */
};

const struct role *configuration_role(const struct configuration *configuration, slice name)
{
	struct role *role;
	HASH_FIND(hh, configuration->roles_by_name, name.p, name.n, role);
	return role;
}

static struct rules load_rules(const struct loading *loading, const struct role *role,
        const struct config *node, const char *key)
{
	const struct config *list = config_get(node, key);
	struct rules rules = { NULL, 0 };
	if (list)
		rules.at =
		        arena_alloc(&loading->configuration->arena, list->count * sizeof *rules.at);
	CONFIG_EACH (list, text) {
		const char *why;
		struct role_rule *rule = rules.at ? &rules.at[rules.n] : NULL;
		if (!rule || !role_rule_parse(text->text, rule, &why)) {
			mistake_add(loading->mistakes, text, "%s", rule ? why : "out of memory");
			continue;
		}
		rule->of = role->name;
		rules.n++;
	}
	return rules;
}

static void load_scopes(const struct loading *loading, struct role *role, const struct config *node)
{
	const struct config *list = config_get(node, "scopes");
	role->scopes = &role->name;
	role->nscopes = 1;
	if (!list)
		return;
	slice *scopes = arena_alloc(&loading->configuration->arena, list->count * sizeof *scopes);
	role->scopes = scopes;
	role->nscopes = 0;
	CONFIG_EACH (list, text) {
		if (!text->text.n || slice_find(text->text, ' ') < text->text.n)
			mistake_add(loading->mistakes, text, "a scope is one word");
		else if (scopes)
			scopes[role->nscopes++] = text->text;
	}
}

static void load_role(struct loading *loading, struct config *node)
{
	struct configuration *configuration = loading->configuration;
	/* Its name is known even when its rules are wrong, so that who names it is not blamed as well. */
	struct own *own = &loading->own[configuration->nroles];
	struct role *role = &configuration->roles[configuration->nroles++];
	role->name = node->key;
	HASH_ADD_KEYPTR(hh, configuration->roles_by_name, role->name.p, role->name.n, role);
	if (!config_check(node, NULL, settings_role, loading->mistakes))
		return;
	own->node = node;
	own->allow = load_rules(loading, role, node, "allow");
	own->deny = load_rules(loading, role, node, "deny");
	load_scopes(loading, role, node);
	if (!config_get(node, "allow") && !config_get(node, "deny") &&
	        !config_get(node, "inherits"))
		mistake_add(loading->mistakes, node,
		        "a role that says nothing; say allow, a list of METHOD /path");
}

/* ---- Inheritance */

static unsigned place(const struct loading *loading, const struct role *role)
{
	return (unsigned)(role - loading->configuration->roles);
}

static bool is_with(const struct role *const *with, unsigned n, const struct role *role)
{
	for (unsigned i = 0; i < n; i++) {
		if (with[i] == role)
			return true;
	}
	return false;
}

/* The rules of the role itself, then those of the others. */
static struct rules join(const struct loading *loading, const struct role *role, bool deny)
{
	struct rules all = { NULL, 0 };
	unsigned n = 0;
	for (unsigned i = 0; i < role->nwith; i++) {
		const struct own *own = &loading->own[place(loading, role->with[i])];
		n += deny ? own->deny.n : own->allow.n;
	}
	all.at = arena_alloc(&loading->configuration->arena, n * sizeof *all.at);
	for (unsigned i = 0; i < role->nwith && all.at; i++) {
		const struct own *own = &loading->own[place(loading, role->with[i])];
		const struct rules *rules = deny ? &own->deny : &own->allow;
		for (unsigned k = 0; k < rules->n; k++)
			all.at[all.n++] = rules->at[k];
	}
	return all;
}

static void resolve(struct loading *, struct role *, unsigned depth);

/* What one word of `inherits` brings. */
static void inherit(struct loading *loading, struct own *heir, const struct config *name,
        const struct role **with, unsigned *n, unsigned depth)
{
	const struct role *found = configuration_role(loading->configuration, name->text);
	if (!found) {
		mistake_add(loading->mistakes, name, "no role of this name under roles:");
		return;
	}
	struct role *role = &loading->configuration->roles[place(loading, found)];
	if (loading->own[place(loading, role)].state == UNDER_WAY) {
		mistake_add(loading->mistakes, name,
		        "a circle: %s inherits this role, by itself or by way of others",
		        name->text.p);
		return;
	}
	if (depth < DEPTH_MAX)
		resolve(loading, role, depth + 1);
	struct own *inherited = &loading->own[place(loading, role)];
	if (depth == DEPTH_MAX || inherited->steps == DEPTH_MAX) {
		mistake_add(loading->mistakes, name, "roles inherit roles in more than %d steps",
		        (int)DEPTH_MAX);
		return;
	}
	if (heir->steps <= inherited->steps)
		heir->steps = inherited->steps + 1;
	for (unsigned i = 0; i < role->nwith; i++) {
		if (!is_with(with, *n, role->with[i]))
			with[(*n)++] = role->with[i];
	}
}

static void resolve(struct loading *loading, struct role *role, unsigned depth)
{
	struct configuration *configuration = loading->configuration;
	struct own *own = &loading->own[place(loading, role)];
	if (own->state == RESOLVED)
		return;
	own->state = UNDER_WAY;
	const struct config *names = own->node ? config_get(own->node, "inherits") : NULL;
	const struct role **with = arena_alloc(
	        &configuration->arena, (names ? configuration->nroles : 1) * sizeof(struct role *));
	if (!with) {
		mistake_add(loading->mistakes, configuration->root, "out of memory");
		own->state = RESOLVED;
		return;
	}
	unsigned n = 0;
	with[n++] = role;
	CONFIG_EACH (names, name)
		inherit(loading, own, name, with, &n, depth);
	role->with = with;
	role->nwith = n;
	struct rules allow = join(loading, role, false), deny = join(loading, role, true);
	role->allow = allow.at;
	role->nallow = allow.n;
	role->deny = deny.at;
	role->ndeny = deny.n;
	own->state = RESOLVED;
}

void configuration_load_roles(struct configuration *configuration, struct mistakes *mistakes)
{
	const struct config *roles = configuration_named_map(configuration, "roles", mistakes);
	if (!roles)
		return;
	struct loading loading = { configuration, mistakes,
		arena_alloc(&configuration->arena, roles->count * sizeof(struct own)) };
	configuration->roles =
	        arena_alloc(&configuration->arena, roles->count * sizeof *configuration->roles);
	if (!configuration->roles || !loading.own) {
		mistake_add(mistakes, roles, "out of memory");
		return;
	}
	for (struct config *node = roles->first; node; node = node->next)
		load_role(&loading, node);
	for (unsigned i = 0; i < configuration->nroles; i++)
		resolve(&loading, &configuration->roles[i], 0);
}
