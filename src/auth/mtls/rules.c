/* The rules are tried in their order, and the first that finds an id decides. What one finds must be one id: two names
 * that lead to two clients, or a name that cannot be read for certain, make the certificate nobody's. It is never the first
 * name that counts, for who signs certificates and who reads them may count differently. */
#include "auth/mtls/rules.h"

#include <stdio.h>

#include "auth/mtls/template.h"

static const struct {
	const char *source;
	enum certificate_name_kind kind;
} sources[] = {
	{ "subject.cn", CERTIFICATE_COMMON_NAME },
	{ "subject.serialNumber", CERTIFICATE_SERIAL_NUMBER }, { "san.dns", CERTIFICATE_DNS },
	{ "san.uri", CERTIFICATE_URI }, { "san.email", CERTIFICATE_EMAIL },
	{ "san.ip", CERTIFICATE_IP },
	{ "subject.ou", CERTIFICATE_UNIT }, /* for roles only: a unit is nobody */
};

const char *const mtls_identity_sources[] = { "subject.cn", "subject.serialNumber", "san.dns",
	"san.uri", "san.email", "san.ip", "fingerprint", NULL };

static const char *const role_sources[] = { "subject.ou", "subject.cn", "subject.serialNumber",
	"san.dns", "san.uri", "san.email", "san.ip", NULL };

const struct setting mtls_identity_settings[] = {
	{ .key = "from",
	        .type = SETTING_TEXT,
	        .required = true,
	        .choices = mtls_identity_sources,
	        .help = "which names of the certificate are looked at" },
	{ .key = "match",
	        .type = SETTING_TEXT,
	        .help = "template of the names that count, such as urn:ship:*:device:{id}; {id} is "
	                "the client's" },
	{ .key = NULL },
};

const struct setting mtls_roles_settings[] = {
	{ .key = "from",
	        .type = SETTING_TEXT,
	        .fallback = "subject.ou",
	        .choices = role_sources,
	        .help = "which names of the certificate are looked at" },
	{ .key = "map",
	        .type = SETTING_TREE,
	        .required = true,
	        .help = "map: the role that each name stands for" },
	{ .key = NULL },
};

/* ---- The configuration */

/* One of the sources: the table of settings has seen to that. */
static const char *find_source(slice text, enum certificate_name_kind *kind)
{
	for (unsigned i = 0; i < sizeof sources / sizeof *sources; i++) {
		if (slice_is(text, sources[i].source)) {
			*kind = sources[i].kind;
			return sources[i].source;
		}
	}
	return NULL;
}

/* As names of this kind are written in a certificate that was read. */
static slice copy_normal(struct arena *arena, enum certificate_name_kind kind, slice text)
{
	slice copy = arena_copy_slice(arena, text);
	if (copy.p)
		certificate_name_normalise(kind, (char *)(uintptr_t)copy.p, copy.n);
	return copy;
}

static bool load_match(struct mtls_rule *rule, struct arena *arena, const struct config *match,
        struct error *error)
{
	const char *why;
	if (rule->fingerprint)
		return config_error(match, error, "a fingerprint has no parts");
	if (!template_valid(match->text, &why))
		return config_error(match, error, "%s", why);
	rule->match = copy_normal(arena, rule->from, match->text);
	return rule->match.p || error_set(error, "out of memory");
}

static bool add_rule(struct mtls_rules *rules, struct arena *arena, const struct config *node,
        struct error *error)
{
	bool map = node && node->kind == CONFIG_MAP;
	if (rules->n == MTLS_RULES_MAX)
		return config_error(node, error, "more than %d rules", MTLS_RULES_MAX);
	struct mtls_rule *rule = &rules->at[rules->n++];
	slice from = map ? config_text(node, "from") : node->text;
	rule->fingerprint = slice_is(from, "fingerprint");
	rule->source = find_source(from, &rule->from);
	const struct config *match = map ? config_get(node, "match") : NULL;
	return !match || load_match(rule, arena, match, error);
}

static const struct config *root_of(const struct config *node)
{
	while (node->parent)
		node = node->parent;
	return node;
}

static bool add_role(struct mtls_rules *rules, struct arena *arena, const struct config *node,
        struct error *error)
{
	if (node->kind != CONFIG_SCALAR)
		return config_error(node, error, "must be the name of a role");
	if (rules->nroles == MTLS_ROLES_MAX)
		return config_error(node, error, "more than %d names", MTLS_ROLES_MAX);
	if (!config_get(config_get(root_of(node), "roles"), node->text.p))
		return config_error(node, error, "no role of this name under roles:");
	struct mtls_role *role = &rules->roles[rules->nroles++];
	role->name = copy_normal(arena, rules->roles_from, node->key);
	role->role = arena_copy_slice(arena, node->text);
	return (role->name.p && role->role.p) || error_set(error, "out of memory");
}

static bool load_roles(struct mtls_rules *rules, struct arena *arena, const struct config *node,
        struct error *error)
{
	const struct config *map = config_get(node, "map");
	rules->has_roles = true;
	(void)find_source(config_text(node, "from"), &rules->roles_from);
	if (map->kind != CONFIG_MAP || !map->count)
		return config_error(
		        map, error, "must be a map of names, such as { sensor: a-role }");
	CONFIG_EACH (map, role) {
		if (!add_role(rules, arena, role, error))
			return false;
	}
	return true;
}

bool mtls_rules_load(struct mtls_rules *rules, struct arena *arena, const struct config *config,
        struct error *error)
{
	const struct config *identity = config_get(config, "identity");
	const struct config *roles = config_get(config, "roles");
	*rules = (struct mtls_rules){ .n = 0 };
	if (!identity) {
		struct mtls_rule *rule = &rules->at[rules->n++];
		rule->source = find_source(config_text(config, "identity"), &rule->from);
	} else if (identity->kind != CONFIG_LIST) {
		if (!add_rule(rules, arena, identity, error))
			return false;
	}
	CONFIG_EACH (identity, node) {
		if (identity->kind == CONFIG_LIST && !add_rule(rules, arena, node, error))
			return false;
	}
	return !roles || load_roles(rules, arena, roles, error);
}

bool mtls_rules_by_fingerprint(const struct mtls_rules *rules)
{
	for (unsigned i = 0; i < rules->n; i++) {
		if (rules->at[i].fingerprint)
			return true;
	}
	return false;
}

/* ---- A certificate */

static void say(struct mtls_reading *reading, const struct mtls_rule *rule, const char *what)
{
	(void)snprintf(
	        reading->why, sizeof reading->why, "the certificate's %s %s", rule->source, what);
}

static const char *fault_of_id(slice id)
{
	if (id.n > MTLS_ID_MAX_BYTES)
		return "is too long";
	if (slice_find(id, '*') < id.n)
		return "has a wildcard in it, and names nobody";
	if (id.p[0] == ' ' || id.p[id.n - 1] == ' ')
		return "begins or ends with a space";
	return NULL;
}

/* The id that this name gives, or why it makes the certificate nobody's. false: it is none of the rule's. */
static bool cut(const struct mtls_rule *rule, const struct certificate_name *name, slice *id,
        const char **fault)
{
	*fault = name->fault;
	if (name->kind != rule->from)
		return false;
	*id = name->text;
	if (*fault)
		return true;
	if (rule->match.n && !template_match(rule->match, name->text, id))
		return false;
	*fault = fault_of_id(*id);
	return true;
}

/* true: it has decided. */
static bool apply(const struct mtls_rule *rule, const struct certificate *certificate,
        struct mtls_reading *reading)
{
	for (unsigned i = 0; i < certificate->nnames; i++) {
		const char *fault;
		slice id;
		if (!cut(rule, &certificate->names[i], &id, &fault))
			continue;
		if (!fault && reading->id.n && !slice_equal(reading->id, id))
			fault = "gives more than one id";
		if (fault) {
			reading->id = (slice){ NULL, 0 };
			say(reading, rule, fault);
			return true;
		}
		reading->id = id;
	}
	return reading->id.n > 0;
}

static void read_roles(const struct mtls_rules *rules, const struct certificate *certificate,
        struct mtls_reading *reading)
{
	for (unsigned i = 0; i < certificate->nnames && rules->has_roles; i++) {
		const struct certificate_name *name = &certificate->names[i];
		for (unsigned j = 0; j < rules->nroles; j++) {
			if (name->kind == rules->roles_from && !name->fault &&
			        slice_equal(name->text, rules->roles[j].name))
				reading->roles |= UINT64_C(1) << j;
		}
	}
}

void mtls_rules_read(const struct mtls_rules *rules, const struct certificate *certificate,
        struct mtls_reading *reading)
{
	*reading = (struct mtls_reading){ .by_fingerprint = false };
	read_roles(rules, certificate, reading);
	for (unsigned i = 0; i < rules->n; i++) {
		const struct mtls_rule *rule = &rules->at[i];
		if (rule->fingerprint)
			reading->by_fingerprint = true;
		else if (apply(rule, certificate, reading))
			return;
	}
	const struct mtls_rule *only = rules->n == 1 ? rules->at : NULL;
	if (only && only->fingerprint)
		(void)snprintf(reading->why, sizeof reading->why,
		        "the certificate is no client's here (any more)");
	else if (only)
		(void)snprintf(reading->why, sizeof reading->why, "the certificate has no %s%s",
		        only->source, only->match.n ? " of the form that is looked for" : "");
	else
		(void)snprintf(reading->why, sizeof reading->why,
		        "the certificate has no name that is looked for here");
}
