/* Rules of roles: what they allow, and what they deny, whatever the spelling. */
#include "support.h"

#include "core/role.h"
#include "core/self.h"

static const slice subs[] = { SLICE_INIT("pump-1"), SLICE_INIT("valve-*") };
static const struct identity engine = { .id = SLICE_INIT("engine 7") };
static const struct identity master = {
	.id = SLICE_INIT("engine 7"), .acts_for = subs, .nacts_for = 2
};
static const struct identity nobody = { .id = SLICE_INIT("") };

/* A role of one rule, that allows and denies the same. */
static struct role role_of(const char *text, struct role_rule *rule)
{
	const char *why = "";
	if (!role_rule_parse(slice_of(text), rule, &why))
		fail_msg("%s: %s", text, why);
	return (struct role){ .allow = rule, .nallow = 1, .deny = rule, .ndeny = 1 };
}

static void what_a_rule_allows_and_denies(void **state)
{
	(void)state;
	static const struct {
		const char *rule;
		enum method method;
		const char *path;
		const struct identity *who;
		bool allows, denies;
	} cases[] = {
		{ "POST /a/b", METHOD_POST, "/a/b", &engine, true, true },
		{ "POST /a/b", METHOD_GET, "/a/b", &engine, false, false },
		{ "POST,PUT /a/b", METHOD_PUT, "/a/b", &engine, true, true },
		{ "* /a/b", METHOD_DELETE, "/a/b", &engine, true, true },
		/* HEAD and SUBSCRIBE come with GET, not the other way. */
		{ "GET /a/b", METHOD_HEAD, "/a/b", &engine, true, true },
		{ "GET /a/b", METHOD_SUBSCRIBE, "/a/b", &engine, true, true },
		{ "HEAD /a/b", METHOD_GET, "/a/b", &engine, false, false },
		{ "SUBSCRIBE /a/b", METHOD_GET, "/a/b", &engine, false, false },
		/* Whole segments, and as many. */
		{ "GET /a/b", METHOD_GET, "/a/bc", &engine, false, false },
		{ "GET /a/b", METHOD_GET, "/a", &engine, false, false },
		{ "GET /a/b", METHOD_GET, "/a/b/c", &engine, false, false },
		{ "GET /a", METHOD_GET, "/", &engine, false, false },
		{ "GET /", METHOD_GET, "/", &engine, true, true },
		{ "GET /", METHOD_GET, "/a", &engine, false, false },
		{ "GET /a/*", METHOD_GET, "/a/b/c", &engine, true, true },
		{ "GET /a/*", METHOD_GET, "/a", &engine, false, false },
		{ "GET /*", METHOD_GET, "/a", &engine, true, true },
		{ "GET /*", METHOD_GET, "/", &engine, false, false },
		{ "GET /a/{x}/c", METHOD_GET, "/a/b/c", &engine, true, true },
		{ "GET /a/{x}/c", METHOD_GET, "/a/b/d", &engine, false, false },
		/* Letters are told apart. */
		{ "GET /a/b", METHOD_GET, "/A/b", &engine, false, false },
		{ "GET /a/b", METHOD_GET, "/a/B", &engine, false, false },
		/* Empty segments, a slash at the end: not allowed, denied all the same. */
		{ "GET /a/b", METHOD_GET, "/a/b/", &engine, false, true },
		{ "GET /a/b", METHOD_GET, "/a//b", &engine, false, true },
		{ "GET /a/b", METHOD_GET, "//a/b", &engine, false, true },
		{ "GET /a/{x}", METHOD_GET, "/a/", &engine, false, false },
		{ "GET /a/{x}", METHOD_GET, "/a//", &engine, false, false },
		{ "GET /a/*", METHOD_GET, "/a/", &engine, false, false },
		{ "GET /a/*", METHOD_GET, "/a//b", &engine, true, true },
		{ "GET /a/*", METHOD_GET, "/a//", &engine, true, true },
		{ "GET /", METHOD_GET, "//", &engine, false, true },
		/* Escapes: of what is no letter, and of separators. */
		{ "GET /a/b;c", METHOD_GET, "/a/b%3Bc", &engine, false, true },
		{ "GET /a/b/c", METHOD_GET, "/a/b%2Fc", &engine, false, true },
		{ "GET /a/b/c", METHOD_GET, "/a%5Cb/c", &engine, false, true },
		{ "GET /a/b/c", METHOD_GET, "/a%2Fb%2Fc%2F", &engine, false, true },
		{ "GET /a/b%2Fc", METHOD_GET, "/a/b%2Fc", &engine, true, true },
		{ "GET /a/*", METHOD_GET, "/a%2Fb", &engine, false, true },
		{ "GET /a/{x}", METHOD_GET, "/a%2Fb", &engine, false, true },
		{ "GET /a/b", METHOD_GET, "/a/%2562", &engine, false, false },
		/* Oneself, in any spelling, and nobody else. */
		{ "GET /a/{self}", METHOD_GET, "/a/engine%207", &engine, true, true },
		{ "GET /a/{self}", METHOD_GET, "/a/%65ngine%207", &engine, true, true },
		{ "GET /a/{self}", METHOD_GET, "/a/engine%208", &engine, false, false },
		{ "GET /a/{self}", METHOD_GET, "/a/Engine%207", &engine, false, false },
		{ "GET /a/{self}", METHOD_GET, "/a/engine%207/b", &engine, false, false },
		{ "GET /a/{self}", METHOD_GET, "/a/engine%25207", &engine, false, false },
		{ "GET /a/{self}", METHOD_GET, "/a/", &nobody, false, false },
		{ "GET /a/{self}", METHOD_GET, "/a/x", &nobody, false, false },
		{ "GET /a/{self}", METHOD_GET, "/a/engine%207/", &engine, false, true },
		/* And those that it may act for. */
		{ "GET /a/{self}", METHOD_GET, "/a/engine%207", &master, true, true },
		{ "GET /a/{self}", METHOD_GET, "/a/pump-1", &master, true, true },
		{ "GET /a/{self}", METHOD_GET, "/a/pump-1", &engine, false, false },
		{ "GET /a/{self}", METHOD_GET, "/a/pump-12", &master, false, false },
		{ "GET /a/{self}", METHOD_GET, "/a/valve-12", &master, true, true },
		{ "GET /a/{self}", METHOD_GET, "/a/valve%2D12", &master, true, true },
		{ "GET /a/{self}", METHOD_GET, "/a/valve-", &master, false, false },
		{ "GET /a/{self}", METHOD_GET, "/a/valve-%2F", &master, true, true },
		{ "GET /a/{self}", METHOD_GET, "/a/valve", &master, false, false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct role_rule rule;
		const struct role role = role_of(cases[i].rule, &rule);
		slice path = slice_of(cases[i].path);
		bool allows = role_allowing(&role, cases[i].method, path, cases[i].who) != NULL;
		bool denies = role_denying(&role, cases[i].method, path, cases[i].who) != NULL;
		if (allows != cases[i].allows || denies != cases[i].denies)
			fail_msg("%s, %s %s: allows %d, denies %d", cases[i].rule,
			        method_name(cases[i].method), cases[i].path, allows, denies);
	}
}

/* An id that looks as if it were encoded is that text, and not what it would decode to. */
static void an_id_is_plain_text(void **state)
{
	(void)state;
	const struct identity who = { .id = SLICE("a%20b") };
	assert_false(self_is_segment(&who, SLICE("a%20b")));
	assert_true(self_is_segment(&who, SLICE("a%2520b")));
	assert_true(self_is(&who, SLICE("a%20b")));
}

static void wrong_rules_say_why(void **state)
{
	(void)state;
	static const char *const wrong[] = { "", "POST", "/a", "POST a", "FETCHED /a", "POST /a /b",
		"POST, /a", ",POST /a", "post /a", "POST /a/", "POST /a//b", "POST /a/..",
		"POST /a/{self}/{self}", "POST /*/a", "POST /a%2f" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct role_rule rule;
		const char *why = NULL;
		if (role_rule_parse(slice_of(wrong[i]), &rule, &why))
			fail_msg("%s", wrong[i]);
		assert_non_null(why);
	}
}

static void names_to_act_for(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		bool valid;
	} cases[] = {
		{ "pump-1", true },
		{ "pump-*", true },
		{ "p*", true },
		{ "a b/c", true },
		{ "", false },
		{ "*", false },
		{ "*-pump", false },
		{ "a*b", false },
		{ "a**", false },
		{ "..", false },
		{ "a\n", false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *why = NULL;
		if (self_name_valid(slice_of(cases[i].name), &why) != cases[i].valid)
			fail_msg("%s: %s", cases[i].name, why);
	}
}

static void the_segment_of_self(void **state)
{
	(void)state;
	struct role_rule rule;
	(void)role_of("GET /a/{self}/*", &rule);
	assert_slice(role_rule_self(&rule, SLICE("/a/pump-1/x/y")), "pump-1");
	(void)role_of("GET /a/*", &rule);
	assert_null(role_rule_self(&rule, SLICE("/a/pump-1/x/y")).p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_rule_allows_and_denies),
		cmocka_unit_test(an_id_is_plain_text),
		cmocka_unit_test(wrong_rules_say_why),
		cmocka_unit_test(names_to_act_for),
		cmocka_unit_test(the_segment_of_self),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
