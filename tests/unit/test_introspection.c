/* What a provider's answer about a token is taken to mean, and how long it is remembered. */
#include "support.h"

#include "auth/introspection/findings.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

enum { NOW_MS = 1000000, ARENA_BYTES = 1 << 20 };

#define JSON SLICE("application/json")

static const slice ours[] = { SLICE_INIT("fleet"), SLICE_INIT("ships") };

static struct finding_rules plain_rules(void)
{
	return (struct finding_rules){
		.claims = { .any_audience = true, .may_be_endless = true },
		.id = SLICE("sub"),
	};
}

static struct finding_rules all_rules(void)
{
	return (struct finding_rules){
		.claims = { .any_audience = true,
		        .may_be_endless = true,
		        .issuer = SLICE("https://id.example"),
		        .audiences = ours,
		        .naudiences = 2,
		        .skew_ms = 10000 },
		.id = SLICE("client_id"),
		.roles = SLICE("realm_access.roles"),
		.scopes = SLICE("scope"),
		.plan = SLICE("plan"),
	};
}

struct reading {
	const char *body;
	bool read, active;
	const char *why; /* a part of it */
};

static void read_all_of(const struct finding_rules *rules, const struct reading *readings, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct arena arena;
		struct finding finding;
		struct error error = { 0 };
		arena_init(&arena, ARENA_BYTES);
		bool read = finding_read(
		        &arena, rules, JSON, slice_of(readings[i].body), NOW_MS, &finding, &error);
		if (read != readings[i].read || finding.active != readings[i].active)
			fail_msg("%s: read %d, active %d (%s%.*s)", readings[i].body, read,
			        finding.active, error.text, SLICE_ARG(finding.why));
		slice why = read ? finding.why : slice_of(error.text);
		if (readings[i].why &&
		        !memmem(why.p, why.n, readings[i].why, strlen(readings[i].why)))
			fail_msg("%s: \"%.*s\"", readings[i].body, SLICE_ARG(why));
		arena_finish(&arena);
	}
}

static void what_is_an_answer(void **state)
{
	(void)state;
	static const struct reading readings[] = {
		{ "{\"active\":true,\"sub\":\"engine-7\"}", true, true, NULL },
		{ " {\"sub\":\"engine-7\", \"active\" : true, \"more\":{\"a\":[1,null]}} ", true,
		        true, NULL },
		{ "{\"active\":false}", true, false, "this token is not active" },
		{ "{\"active\":false,\"sub\":\"engine-7\"}", true, false, "not active" },
		{ "", false, false, NULL },
		{ "true", false, false, "active" },
		{ "[{\"active\":true}]", false, false, "active" },
		{ "{}", false, false, "active" },
		{ "{\"sub\":\"engine-7\"}", false, false, "active" },
		{ "{\"active\":\"true\",\"sub\":\"engine-7\"}", false, false, "active" },
		{ "{\"active\":\"false\"}", false, false, "active" },
		{ "{\"active\":1,\"sub\":\"engine-7\"}", false, false, "active" },
		{ "{\"active\":null}", false, false, "active" },
		{ "{\"Active\":true,\"sub\":\"engine-7\"}", false, false, "active" },
		{ "{\"active\":false,\"active\":true,\"sub\":\"x\"}", false, false, NULL },
		{ "{\"active\":true,\"sub\":\"x\",\"sub\":\"y\"}", false, false, NULL },
		{ "{\"active\":true,\"sub\":\"x\",\"s\\u0075b\":\"y\"}", false, false, NULL },
		{ "{\"active\":true,\"sub\":\"engine-7\"", false, false, NULL },
		{ "{\"active\":true,\"sub\":\"engine-7\"}}", false, false, NULL },
		{ "{\"active\":true}", true, false, "whose it is (sub)" },
		{ "{\"active\":true,\"sub\":\"\"}", true, false, "whose it is" },
		{ "{\"active\":true,\"sub\":7}", true, false, "whose it is" },
		{ "{\"active\":true,\"sub\":[\"engine-7\"]}", true, false, "whose it is" },
		{ "{\"active\":true,\"sub\":\"x\",\"exp\":1001}", true, true, NULL },
		{ "{\"active\":true,\"sub\":\"x\",\"exp\":1000}", true, false, "expired" },
		{ "{\"active\":true,\"sub\":\"x\",\"exp\":\"1001\"}", true, false, "no date" },
		{ "{\"active\":true,\"sub\":\"x\",\"nbf\":1001}", true, false, "not valid yet" },
		{ "{\"active\":true,\"sub\":\"x\",\"aud\":\"anybody\",\"iss\":\"anybody\"}", true,
		        true, NULL },
		{ "{\"active\":true,\"sub\":\"x\",\"cnf\":{\"x5t#S256\":\"abc\"}}", true, true,
		        NULL },
		{ "{\"active\":true,\"sub\":\"x\",\"cnf\":{\"jkt\":\"abc\"}}", true, false, "cnf" },
		{ "{\"active\":true,\"sub\":\"x\",\"cnf\":{\"x5t#S256\":\"a\",\"jkt\":\"b\"}}",
		        true, false, "cnf" },
		{ "{\"active\":true,\"sub\":\"x\",\"cnf\":{\"x5t#S256\":\"\"}}", true, false,
		        "cnf" },
		{ "{\"active\":true,\"sub\":\"x\",\"cnf\":\"x5t#S256\"}", true, false, "cnf" },
		{ "{\"active\":true,\"sub\":\"x\",\"cnf\":null}", true, false, "cnf" },
	};
	const struct finding_rules rules = plain_rules();
	read_all_of(&rules, readings, sizeof readings / sizeof *readings);
}

static void what_is_asked_of_a_token(void **state)
{
	(void)state;
#define ALL "{\"active\":true,\"client_id\":\"engine-7\",\"iss\":\"https://id.example\""
	static const struct reading readings[] = {
		{ ALL ",\"aud\":\"fleet\"}", true, true, NULL },
		{ ALL ",\"aud\":[\"web\",\"ships\"]}", true, true, NULL },
		{ ALL ",\"aud\":[\"web\"]}", true, false, "another audience" },
		{ ALL ",\"aud\":[]}", true, false, "another audience" },
		{ ALL "}", true, false, "no audience" },
		{ ALL ",\"aud\":7}", true, false, "audience" },
		{ "{\"active\":true,\"client_id\":\"x\",\"iss\":\"https://id.example/"
		  "\",\"aud\":\"fleet\"}",
		        true, false, "issuer" },
		{ "{\"active\":true,\"client_id\":\"x\",\"aud\":\"fleet\"}", true, false,
		        "issuer" },
		{ ALL ",\"aud\":\"fleet\",\"exp\":991}", true, true, NULL },
		{ ALL ",\"aud\":\"fleet\",\"exp\":990}", true, false, "expired" },
		{ ALL ",\"aud\":\"fleet\",\"scope\":\"a b\",\"realm_access\":{\"roles\":[\"r\"]}}",
		        true, true, NULL },
		{ ALL ",\"aud\":\"fleet\",\"scope\":[7]}", false, false, "scope" },
		{ ALL ",\"aud\":\"fleet\",\"scope\":{}}", false, false, "scope" },
		{ ALL ",\"aud\":\"fleet\",\"realm_access\":{\"roles\":7}}", false, false,
		        "realm_access.roles" },
		{ ALL ",\"aud\":\"fleet\",\"plan\":[]}", false, false, "plan" },
		{ ALL ",\"aud\":\"fleet\",\"plan\":null}", true, true, NULL },
	};
	const struct finding_rules rules = all_rules();
	read_all_of(&rules, readings, sizeof readings / sizeof *readings);
}

/* A body with so many names, each so long, as a list of roles. */
static slice many_roles(struct arena *arena, unsigned n, unsigned length)
{
	struct text body;
	text_init(&body, arena, 256);
	text_literal(&body, ALL ",\"aud\":\"fleet\",\"realm_access\":{\"roles\":[");
	for (unsigned i = 0; i < n; i++)
		text_printf(&body, "%s\"%0*u\"", i ? "," : "", (int)length, i);
	text_literal(&body, "]}}");
	return text_slice(&body);
}

static void names_are_bounded(void **state)
{
	(void)state;
	static const struct {
		unsigned n, length;
		bool read;
	} cases[] = { { FINDING_NAMES_MAX, 10, true }, { FINDING_NAMES_MAX + 1, 10, false },
		{ 1, FINDING_TEXT_MAX_BYTES - 8, true }, { 1, FINDING_TEXT_MAX_BYTES - 7, false } };
	const struct finding_rules rules = all_rules();
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena arena;
		arena_init(&arena, ARENA_BYTES);
		slice body = many_roles(&arena, cases[i].n, cases[i].length);
		const struct reading reading = { body.p, cases[i].read, cases[i].read, NULL };
		read_all_of(&rules, &reading, 1);
		arena_finish(&arena);
	}
}

static void another_type_is_no_answer(void **state)
{
	(void)state;
	static const struct {
		const char *media;
		bool read;
	} cases[] = { { "application/json", true }, { "Application/JSON; charset=utf-8", true },
		{ "text/html", false }, { "application/token-introspection+jwt", false },
		{ NULL, false } };
	const struct finding_rules rules = plain_rules();
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena arena;
		struct finding finding;
		struct error error;
		arena_init(&arena, ARENA_BYTES);
		assert_int_equal(finding_read(&arena, &rules, slice_of(cases[i].media),
		                         SLICE("{\"active\":false}"), NOW_MS, &finding, &error),
		        cases[i].read);
		arena_finish(&arena);
	}
}

static void a_copy_is_whole(void **state)
{
	(void)state;
	struct arena arena;
	struct finding finding;
	struct error error;
	const struct finding_rules rules = all_rules();
	arena_init(&arena, ARENA_BYTES);
	assert_true(finding_read(&arena, &rules, JSON,
	        SLICE(ALL ",\"aud\":\"fleet\",\"exp\":2000,\"plan\":\"gold\",\"scope\":\" a  b \","
	                  "\"realm_access\":{\"roles\":[\"r1\",\"r2\",\"\"]},"
	                  "\"cnf\":{\"x5t#S256\":\"abc\"}}"),
	        NOW_MS, &finding, &error));
	struct finding *copy = finding_duplicate(&finding);
	assert_non_null(copy);
	arena_finish(&arena);
	assert_true(copy->active && copy->has_roles && copy->scoped);
	assert_slice(copy->id, "engine-7");
	assert_slice(copy->plan, "gold");
	assert_slice(copy->bound_to, "abc");
	assert_int_equal(copy->times.until_ms, 2010000);
	assert_int_equal(copy->nroles, 3);
	assert_slice(copy->roles[1], "r2");
	assert_int_equal(copy->nscopes, 2);
	assert_slice(copy->scopes[0], "a");
	assert_slice(copy->scopes[1], "b");
	free(copy);
}

/* ---- What is remembered */

static struct digest digest_of(unsigned i)
{
	char text[16];
	(void)snprintf(text, sizeof text, "token %u", i);
	return digest_sha256(slice_of(text));
}

static void put(struct findings *findings, unsigned i, const char *id)
{
	const struct finding finding = { .active = true, .id = slice_of(id) };
	const struct digest digest = digest_of(i);
	findings_put(findings, &digest, &finding, 1000 + i, 2000 + i);
}

static bool knows(struct findings *findings, unsigned i)
{
	struct remembered remembered;
	const struct digest digest = digest_of(i);
	return findings_get(findings, &digest, &remembered) &&
	       remembered.fresh_until_ms == 1000 + i;
}

static void the_least_recently_used_is_forgotten(void **state)
{
	(void)state;
	struct findings *findings = findings_create(3);
	for (unsigned i = 0; i < 3; i++)
		put(findings, i, "a");
	assert_true(knows(findings, 0));
	put(findings, 3, "a");
	assert_int_equal(findings_count(findings), 3);
	assert_true(knows(findings, 0) && knows(findings, 2) && knows(findings, 3));
	assert_false(knows(findings, 1));
	/* In place of what was there, nobody has to go. */
	put(findings, 2, "b");
	assert_int_equal(findings_count(findings), 3);
	struct remembered remembered;
	const struct digest digest = digest_of(2);
	assert_true(findings_get(findings, &digest, &remembered));
	assert_slice(remembered.finding->id, "b");
	findings_remove(findings, &digest);
	findings_remove(findings, &digest);
	assert_false(knows(findings, 2));
	findings_destroy(findings);
	findings_destroy(NULL);
}

static void each_is_due_once(void **state)
{
	(void)state;
	uint64_t next_ms;
	struct findings *findings = findings_create(3);
	assert_null(findings_due(findings, 5000, &next_ms));
	assert_int_equal(next_ms, 0);
	put(findings, 1, "a");
	put(findings, 2, "b");
	put(findings, 3, "c");
	assert_true(knows(findings, 1));
	assert_null(findings_due(findings, 2000, &next_ms));
	assert_int_equal(next_ms, 2001);
	assert_slice(findings_due(findings, 2002, &next_ms)->id, "a");
	assert_slice(findings_due(findings, 2002, &next_ms)->id, "b");
	assert_null(findings_due(findings, 2002, &next_ms));
	assert_int_equal(next_ms, 2003);
	/* Put anew it is due anew, and what is forgotten is not. */
	put(findings, 3, "d");
	put(findings, 4, "e");
	const struct digest digest = digest_of(4);
	findings_remove(findings, &digest);
	assert_slice(findings_due(findings, 5000, &next_ms)->id, "d");
	assert_null(findings_due(findings, 5000, &next_ms));
	assert_int_equal(next_ms, 0);
	assert_true(knows(findings, 1));
	findings_destroy(findings);
}

static void none_at_all_may_be_remembered(void **state)
{
	(void)state;
	struct findings *findings = findings_create(0);
	put(findings, 1, "a");
	assert_false(knows(findings, 1));
	findings_destroy(findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_an_answer),
		cmocka_unit_test(what_is_asked_of_a_token),
		cmocka_unit_test(names_are_bounded),
		cmocka_unit_test(another_type_is_no_answer),
		cmocka_unit_test(a_copy_is_whole),
		cmocka_unit_test(the_least_recently_used_is_forgotten),
		cmocka_unit_test(each_is_due_once),
		cmocka_unit_test(none_at_all_may_be_remembered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
