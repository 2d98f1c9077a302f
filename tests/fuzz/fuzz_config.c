/* A configuration's text: whatever it is, each mistake is said, with a text and within the file, and what passes is
 * equal to itself. Patterns and rules are tried on whatever stands where they could. */
#include <stdint.h>
#include <stdlib.h>

#include "core/config_check.h"
#include "core/config_file.h"
#include "core/pattern.h"
#include "core/role.h"
#include "core/router.h"
#include "core/self.h"
#include "core/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* assert() is off in optimised builds. */
static void check(bool holds)
{
	if (!holds)
		abort();
}

static void try_members(
        struct config *list, const struct setting *common, struct mistakes *mistakes)
{
	for (struct config *node = list ? list->first : NULL; node; node = node->next)
		(void)config_check(node, common, NULL, mistakes);
}

static struct config *section(struct config *root, const char *key)
{
	return (struct config *)(uintptr_t)config_get(root, key);
}

/* What a rule allows, the same rule denies: it reads paths more loosely. */
static void try_rule(const struct role_rule *rule, slice name)
{
	static const char *const paths[] = { "/", "/a/b%2Fc/d", "/a//b/", "/a/b", "/%5C/%2F" };
	const struct identity who = { .id = SLICE("b/c"), .acts_for = &name, .nacts_for = 1 };
	const struct role role = { .allow = rule, .nallow = 1, .deny = rule, .ndeny = 1 };
	const char *why;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		slice path = slice_of(paths[i]);
		bool allowed = role_allowing(&role, METHOD_GET, path, &who) != NULL;
		check(!allowed || role_denying(&role, METHOD_GET, path, &who));
		(void)role_rule_self(rule, path);
	}
	(void)self_name_valid(name, &why);
	const struct pattern cover = { PATTERN_ROLE, rule->pattern, &who };
	check(!pattern_covers(&cover, &cover, 1) || patterns_overlap(&cover, 1));
}

/* As deep as the reader allows. */
static void try_texts(struct arena *arena, const struct config *node)
{
	struct role_rule rule;
	const char *why;
	uint64_t number;
	bool on;
	CONFIG_EACH (node, member)
		try_texts(arena, member);
	if (node->kind != CONFIG_SCALAR)
		return;
	(void)config_parse_size(node->text, &number);
	(void)config_parse_duration(node->text, &number);
	(void)config_parse_switch(node->text, &on);
	if (role_rule_parse(node->text, &rule, &why)) {
		try_rule(&rule, node->key);
	}
	struct router *router = router_create(arena);
	const struct endpoint endpoint = { .path = node->text, .methods = 1u << METHOD_GET };
	const struct endpoint *other;
	struct route_match match;
	if (router && router_pattern_valid(node->text, &why) &&
	        router_add(router, &endpoint, &other)) {
		router_find(router, "http", METHOD_GET, node->text, &match);
		check(!router_add(router, &endpoint, &other) && (other == &endpoint || !other));
	}
	router_destroy(router);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena arena;
	arena_init(&arena, 4 << 20);
	struct mistakes mistakes = { .arena = &arena };
	slice text = { n ? (const char *)bytes : "", n };
	struct config *root = config_text_read(text, "fuzz.yaml", &mistakes);
	check(root || mistakes.count);
	if (root) {
		(void)config_check(root, NULL, settings_root, &mistakes);
		try_members(section(root, "listeners"), settings_listener, &mistakes);
		try_members(section(root, "backends"), settings_backend, &mistakes);
		try_members(section(root, "endpoints"), settings_endpoint, &mistakes);
		check(config_equal(root, root));
		try_texts(&arena, root);
	}
	mistakes_sort(&mistakes);
	for (unsigned i = 0; i < mistakes_kept(&mistakes); i++)
		check(mistakes.at[i].line <= n + 1);
	arena_finish(&arena);
	return 0;
}
