/* What providers say of tokens. Nobody is believed whose answer does not begin an object that says active is true, and a
 * copy says what the original says. */
#include "auth/introspection/finding.h"

#include <stdlib.h>

/* assert() is off in optimised builds. */
static void check(bool holds)
{
	if (!holds)
		abort();
}

static void compare(const struct finding *a, const struct finding *b)
{
	check(a->active == b->active && slice_equal(a->id, b->id) && slice_equal(a->why, b->why));
	check(slice_equal(a->plan, b->plan) && slice_equal(a->bound_to, b->bound_to));
	check(a->nroles == b->nroles && a->nscopes == b->nscopes);
	for (unsigned i = 0; i < a->nroles; i++)
		check(slice_equal(a->roles[i], b->roles[i]));
	for (unsigned i = 0; i < a->nscopes; i++)
		check(slice_equal(a->scopes[i], b->scopes[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const slice audiences[] = { SLICE_INIT("fleet") };
	struct finding_rules rules = { .claims = { .may_be_endless = true, .any_audience = true },
		.id = SLICE("sub"),
		.roles = SLICE("realm_access.roles"),
		.scopes = SLICE("scope"),
		.plan = SLICE("/plan") };
	if (!n)
		return 0;
	if (bytes[0] & 1) {
		rules.claims.audiences = audiences;
		rules.claims.naudiences = 1;
	}
	struct arena arena;
	struct finding finding;
	struct error error;
	arena_init(&arena, 1 << 20);
	slice body = { (const char *)bytes + 1, n - 1 };
	if (finding_read(&arena, &rules, SLICE("application/json"), body, 1764057600000, &finding,
	            &error)) {
		check(!finding.active || finding.id.n);
		check(finding.active || (finding.why.n && !finding.id.n));
		check(!finding.active || memmem(body.p, body.n, "true", 4));
		struct finding *copy = finding_duplicate(&finding);
		check(copy != NULL);
		compare(&finding, copy);
		free(copy);
	}
	arena_finish(&arena);
	return 0;
}
