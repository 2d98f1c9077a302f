#include "core/config_check.h"

#include "base/text.h"

#include <errno.h>
#include <unistd.h>

static const struct setting *find(const struct config *map, slice key)
{
	const struct setting *setting = setting_find(map->own, key);
	return setting ? setting : setting_find(map->common, key);
}

/* How many single-letter changes apart, at most 3 (Levenshtein, two rows). */
static unsigned distance(slice a, slice b)
{
	enum { LONGEST = 32 };
	unsigned row[LONGEST + 1];
	if (a.n > LONGEST || b.n > LONGEST)
		return 3;
	for (unsigned j = 0; j <= b.n; j++)
		row[j] = j;
	for (unsigned i = 1; i <= a.n; i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= b.n; j++) {
			unsigned change = diagonal + (a.p[i - 1] != b.p[j - 1]);
			diagonal = row[j];
			unsigned insert = row[j - 1] + 1, remove = row[j] + 1;
			row[j] = change < insert ? change : insert;
			if (remove < row[j])
				row[j] = remove;
		}
	}
	return row[b.n];
}

static void put_keys(struct text *to, const struct setting *table)
{
	for (; table && table->key; table++) {
		if (to->n)
			text_literal(to, ", ");
		text_slice_add(to, slice_of(table->key));
	}
}

static bool refuse_unknown(const struct config *member, struct mistakes *mistakes)
{
	const struct setting *tables[2] = { member->parent->common, member->parent->own };
	for (unsigned i = 0; i < 2; i++) {
		for (const struct setting *s = tables[i]; s && s->key; s++) {
			if (distance(member->key, slice_of(s->key)) <= 2 && member->key.n > 2)
				return mistake_add_key(
				        mistakes, member, "unknown key; did you mean %s?", s->key);
		}
	}
	struct text known;
	text_init(&known, mistakes->arena, 64);
	put_keys(&known, tables[0]);
	put_keys(&known, tables[1]);
	return mistake_add_key(mistakes, member, "unknown key; what can stand here is %.*s",
	        SLICE_ARG(text_slice(&known)));
}

static bool check_choice(
        const struct config *node, const struct setting *setting, struct mistakes *mistakes)
{
	struct text choices;
	text_init(&choices, mistakes->arena, 64);
	for (const char *const *choice = setting->choices; *choice; choice++) {
		if (slice_is(node->text, *choice))
			return true;
		if (choices.n)
			text_literal(&choices, ", ");
		text_slice_add(&choices, slice_of(*choice));
	}
	return mistake_add(mistakes, node, "\"%s\" is not one of: %.*s", node->text.p,
	        SLICE_ARG(text_slice(&choices)));
}

static bool check_file(const struct config *node, struct mistakes *mistakes)
{
	slice path = config_file_path(mistakes->arena, node->parent, node->key.p);
	if (path.p && access(path.p, R_OK) == 0)
		return true;
	return mistake_add(mistakes, node, "%s cannot be read: %s", path.p ? path.p : node->text.p,
	        strerror(errno));
}

static bool check_secret(const struct config *node, struct mistakes *mistakes)
{
	/* Looked at here and forgotten: that it is there is all that matters now. */
	struct arena arena;
	arena_init(&arena, 256 * 1024);
	struct error error;
	slice secret;
	bool there = config_secret(&arena, node->parent, node->key.p, &secret, &error);
	if (secret.p)
		explicit_bzero((char *)(uintptr_t)secret.p, secret.n);
	arena_finish(&arena);
	return there || mistake_add(mistakes, node, "%s", error.text);
}

static bool check_scalar(
        const struct config *node, const struct setting *setting, struct mistakes *mistakes)
{
	uint64_t number;
	bool on;
	switch (setting->type) {
	case SETTING_TEXT:
		return setting->choices ? check_choice(node, setting, mistakes) : true;
	case SETTING_NUMBER:
		return config_parse_number(node->text, &number) ||
		       mistake_add(mistakes, node, "\"%s\" is no whole number", node->text.p);
	case SETTING_SIZE:
		return config_parse_size(node->text, &number) ||
		       mistake_add(mistakes, node, "\"%s\" is no size; say 64KiB or 1MiB",
		               node->text.p);
	case SETTING_DURATION:
		return config_parse_duration(node->text, &number) ||
		       mistake_add(mistakes, node, "\"%s\" is no duration; say 250ms, 3s or 5m",
		               node->text.p);
	case SETTING_SWITCH:
		return config_parse_switch(node->text, &on) ||
		       mistake_add(
		               mistakes, node, "\"%s\" is neither true nor false", node->text.p);
	case SETTING_FILE:
		return check_file(node, mistakes);
	case SETTING_SECRET:
		return check_secret(node, mistakes);
	case SETTING_LISTENER: /* held against the listeners once they are known */
	case SETTING_TEXTS:
	case SETTING_TEXT_OR_TEXTS:
	case SETTING_TREE:
	case SETTING_TREES:
	case SETTING_RULES:
		break;
	}
	return true;
}

static bool check_texts(const struct config *node, struct mistakes *mistakes)
{
	if (node->kind != CONFIG_LIST)
		return mistake_add(mistakes, node, "must be a list, such as [a, b]");
	bool right = true;
	CONFIG_EACH (node, item) {
		if (item->kind != CONFIG_SCALAR)
			right = mistake_add(mistakes, item, "must be a word");
	}
	return right;
}

static bool check_trees(
        struct config *node, const struct setting *setting, struct mistakes *mistakes)
{
	if (node->kind != CONFIG_LIST)
		return mistake_add(mistakes, node, "must be a list, such as [{ key: value }]");
	bool right = true;
	for (struct config *item = node->first; item; item = item->next)
		right = config_check(item, NULL, setting->inner, mistakes) && right;
	return right;
}

static bool check_rule(
        struct config *node, const struct setting *setting, struct mistakes *mistakes)
{
	if (node->kind == CONFIG_MAP)
		return config_check(node, NULL, setting->inner, mistakes);
	if (node->kind == CONFIG_SCALAR)
		return check_choice(node, setting, mistakes);
	return mistake_add(mistakes, node, "must be a word or a map");
}

static bool check_rules(
        struct config *node, const struct setting *setting, struct mistakes *mistakes)
{
	if (node->kind != CONFIG_LIST)
		return check_rule(node, setting, mistakes);
	if (!node->count)
		return mistake_add(mistakes, node, "an empty list");
	bool right = true;
	for (struct config *item = node->first; item; item = item->next)
		right = check_rule(item, setting, mistakes) && right;
	return right;
}

static bool check_member(
        struct config *node, const struct setting *setting, struct mistakes *mistakes)
{
	if (node->kind == CONFIG_NULL)
		return mistake_add_key(mistakes, node, "has no value");
	bool texts = setting->type == SETTING_TEXT_OR_TEXTS && node->kind != CONFIG_SCALAR;
	if (setting->type == SETTING_TEXTS || texts)
		return check_texts(node, mistakes);
	if (setting->type == SETTING_TREE)
		return !setting->inner || config_check(node, NULL, setting->inner, mistakes);
	if (setting->type == SETTING_TREES)
		return check_trees(node, setting, mistakes);
	if (setting->type == SETTING_RULES)
		return check_rules(node, setting, mistakes);
	if (node->kind != CONFIG_SCALAR)
		return mistake_add(mistakes, node, "must be a single value");
	return check_scalar(node, setting, mistakes);
}

static bool check_required(
        const struct config *map, const struct setting *table, struct mistakes *mistakes)
{
	bool right = true;
	for (; table && table->key; table++) {
		if (table->required && !config_get(map, table->key))
			right = mistake_add(mistakes, map, "the key %s is missing: %s", table->key,
			        table->help);
	}
	return right;
}

bool config_check(struct config *map, const struct setting *common, const struct setting *own,
        struct mistakes *mistakes)
{
	if (map->kind != CONFIG_MAP)
		return mistake_add(mistakes, map, "must be a map, such as { key: value }");
	map->common = common;
	map->own = own;
	bool right = true;
	for (struct config *member = map->first; member; member = member->next) {
		const struct setting *setting = find(map, member->key);
		if (setting)
			right = check_member(member, setting, mistakes) && right;
		else
			right = refuse_unknown(member, mistakes);
	}
	right = check_required(map, common, mistakes) && right;
	return check_required(map, own, mistakes) && right;
}
