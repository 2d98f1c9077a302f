/* What a client may do beside its roles, and whom it may act for. */
#include "core/directory.h"

#include "core/role.h"
#include "core/self.h"

static bool rule_valid(slice text, const char **why)
{
	struct role_rule rule;
	return role_rule_parse(text, &rule, why);
}

typedef bool valid_text(slice text, const char **why);

static bool all_valid(
        const slice *texts, unsigned n, valid_text *valid, slice *which, const char **why)
{
	for (unsigned i = 0; i < n; i++) {
		*which = texts[i];
		if (!valid(texts[i], why))
			return false;
	}
	return true;
}

bool client_rules_valid(const struct client *client, slice *which, const char **why)
{
	*which = client->id;
	*why = "more than 64 rules of its own; give it a role";
	if (client->nallow > CLIENT_RULES_MAX || client->ndeny > CLIENT_RULES_MAX)
		return false;
	*why = "more than 256 names to act for; say how they begin, and a *";
	if (client->nacts_for > CLIENT_ACTS_FOR_MAX)
		return false;
	return all_valid(client->allow, client->nallow, rule_valid, which, why) &&
	       all_valid(client->deny, client->ndeny, rule_valid, which, why) &&
	       all_valid(client->acts_for, client->nacts_for, self_name_valid, which, why);
}

struct loading {
	struct arena *arena;
	const struct config *node;
	struct mistakes *mistakes;
};

/* In the arena; the bytes are the tree's. */
static const slice *load(const struct loading *loading, const char *key, unsigned most,
        valid_text *valid, unsigned *n)
{
	const struct config *list = config_get(loading->node, key);
	*n = 0;
	slice *texts = list ? arena_alloc(loading->arena, list->count * sizeof *texts) : NULL;
	if (list && list->count > most)
		mistake_add(loading->mistakes, list, "more than %u", most);
	CONFIG_EACH (list, text) {
		const char *why;
		if (!texts || !valid(text->text, &why))
			mistake_add(loading->mistakes, text, "%s", texts ? why : "out of memory");
		else
			texts[(*n)++] = text->text;
	}
	return texts;
}

void client_rules_load(struct arena *arena, const struct config *node, struct client *client,
        struct mistakes *mistakes)
{
	const struct loading loading = { arena, node, mistakes };
	client->allow = load(&loading, "allow", CLIENT_RULES_MAX, rule_valid, &client->nallow);
	client->deny = load(&loading, "deny", CLIENT_RULES_MAX, rule_valid, &client->ndeny);
	client->acts_for = load(
	        &loading, "acts_for", CLIENT_ACTS_FOR_MAX, self_name_valid, &client->nacts_for);
}
