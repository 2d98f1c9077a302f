/* Whom a token names, and what is remembered of those that were verified. */
#include "support.h"

#include <stdio.h>

#include "auth/jwt/bearer.h"

static const struct jwt_role mapped[] = { { SLICE_INIT("boss"), SLICE_INIT("ship-admin") } };

static bool read(
        const char *text, bool map, struct arena *arena, struct bearer *bearer, struct error *error)
{
	const struct jwt_settings settings = { .id = SLICE("sub"),
		.roles = SLICE("roles"),
		.plan = SLICE("plan"),
		.scopes = SLICE("scope"),
		.role_map = mapped,
		.nrole_map = 1,
		.has_role_map = map };
	const struct value *claims = claims_read(arena, slice_of(text), error);
	assert_non_null(claims);
	return bearer_read(&settings, claims, arena, bearer, error);
}

static void names_are_read(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 65536);
	struct bearer bearer;
	struct error error;
	assert_true(read("{\"sub\":\"engine-7\"}", false, &arena, &bearer, &error));
	assert_slice(bearer.id, "engine-7");
	assert_null(bearer.roles);
	assert_null(bearer.scopes);
	assert_false(bearer.is_bound);
	assert_true(read(
	        "{\"sub\":\"x\",\"roles\":[\"a\",\"boss\"],\"scope\":\" a  b \",\"plan\":\"p\"}",
	        false, &arena, &bearer, &error));
	assert_int_equal(bearer.nroles, 2);
	assert_slice(bearer.roles[1], "boss");
	assert_int_equal(bearer.nscopes, 2);
	assert_slice(bearer.scopes[1], "b");
	assert_slice(bearer.plan, "p");
	assert_true(
	        read("{\"sub\":\"x\",\"roles\":[\"a\",\"boss\"]}", true, &arena, &bearer, &error));
	assert_int_equal(bearer.nroles, 1);
	assert_slice(bearer.roles[0], "ship-admin");
	/* None is something else than nothing said. */
	assert_true(read(
	        "{\"sub\":\"x\",\"roles\":[],\"scope\":\"\"}", false, &arena, &bearer, &error));
	assert_non_null(bearer.roles);
	assert_non_null(bearer.scopes);
	assert_int_equal(bearer.nroles + bearer.nscopes, 0);
	arena_finish(&arena);
}

/* 32 bytes as base64url has them, but for the padding. */
#define PADDED "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void what_is_no_name_is_refused(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"{}", "{\"sub\":\"\"}", "{\"sub\":7}", "{\"sub\":null}", "{\"sub\":\"a\\u0000b\"}",
		"{\"sub\":\"a\\nb\"}", "{\"sub\":\"x\",\"plan\":1}", "{\"sub\":\"x\",\"roles\":{}}",
		"{\"sub\":\"x\",\"roles\":[1]}", "{\"sub\":\"x\",\"roles\":[\"\"]}",
		"{\"sub\":\"x\",\"scope\":true}", "{\"sub\":\"x\",\"cnf\":{}}",
		"{\"sub\":\"x\",\"cnf\":7}", "{\"sub\":\"x\",\"cnf\":{\"x5t#S256\":\"AAAA\"}}",
		"{\"sub\":\"x\",\"cnf\":{\"x5t#S256\":\"" PADDED "\"}}",
		"{\"sub\":\"x\",\"cnf\":{\"jkt\":\"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I\"}}"
	};
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct arena arena;
		arena_init(&arena, 65536);
		struct bearer bearer;
		struct error error;
		if (read(rows[i], false, &arena, &bearer, &error))
			fail_msg("%s is somebody", rows[i]);
		arena_finish(&arena);
	}
}

static void names_have_an_end(void **state)
{
	(void)state;
	for (unsigned n = BEARER_NAMES_MAX; n <= BEARER_NAMES_MAX + 1; n++) {
		struct arena arena;
		arena_init(&arena, 65536);
		char text[2048] = "{\"sub\":\"x\",\"roles\":[";
		size_t at = strlen(text);
		for (unsigned i = 0; i < n; i++)
			at += (size_t)snprintf(
			        text + at, sizeof text - at, "%s\"r%u\"", i ? "," : "", i);
		(void)snprintf(text + at, sizeof text - at, "]}");
		struct bearer bearer;
		struct error error;
		assert_int_equal(read(text, false, &arena, &bearer, &error), n == BEARER_NAMES_MAX);
		arena_finish(&arena);
	}
	for (unsigned n = BEARER_ID_MAX_BYTES; n <= BEARER_ID_MAX_BYTES + 1; n++) {
		struct arena arena;
		arena_init(&arena, 65536);
		char id[BEARER_ID_MAX_BYTES + 2] = { 0 }, text[512];
		memset(id, 'x', n);
		(void)snprintf(text, sizeof text, "{\"sub\":\"%s\"}", id);
		struct bearer bearer;
		struct error error;
		assert_int_equal(
		        read(text, false, &arena, &bearer, &error), n == BEARER_ID_MAX_BYTES);
		arena_finish(&arena);
	}
}

static void what_was_verified_is_found_whole(void **state)
{
	(void)state;
	struct verified *verified = verified_create(8, 65536);
	char token[] = "a.b.c", id[] = "engine-7", role[] = "r1", scope[] = "s1";
	const slice roles[] = { { role, 2 }, { role, 1 } }, scopes[] = { { scope, 2 } };
	const struct bearer bearer = { .id = { id, 8 },
		.plan = SLICE("p"),
		.key = SLICE("kid"),
		.roles = roles,
		.nroles = 2,
		.scopes = scopes,
		.nscopes = 1,
		.times = { 1, 2 } };
	verified_add(verified, slice_of(token), &bearer);
	verified_add(verified, slice_of(token), &bearer);
	assert_int_equal(verified_count(verified), 1);
	/* It has copies of everything. */
	memset(token, 'x', 5);
	memset(id, 'x', 8);
	role[0] = scope[0] = 'x';
	assert_null(verified_find(verified, slice_of(token)));
	assert_null(verified_find(verified, SLICE("a.b.")));
	const struct bearer *found = verified_find(verified, SLICE("a.b.c"));
	assert_non_null(found);
	assert_slice(found->id, "engine-7");
	assert_slice(found->plan, "p");
	assert_slice(found->key, "kid");
	assert_int_equal(found->nroles, 2);
	assert_slice(found->roles[0], "r1");
	assert_slice(found->roles[1], "r");
	assert_slice(found->scopes[0], "s1");
	assert_int_equal(found->times.until_ms, 2);
	verified_clear(verified);
	assert_null(verified_find(verified, SLICE("a.b.c")));
	verified_destroy(verified);
	verified_destroy(NULL);
}

static slice token_of(unsigned i)
{
	static char text[16];
	(void)snprintf(text, sizeof text, "token.%u", i);
	return slice_of(text);
}

static void the_one_not_used_for_longest_gives_way(void **state)
{
	(void)state;
	const struct bearer bearer = { .id = SLICE("x") };
	struct verified *verified = verified_create(3, 65536);
	for (unsigned i = 0; i < 3; i++)
		verified_add(verified, token_of(i), &bearer);
	assert_non_null(verified_find(verified, token_of(0)));
	verified_add(verified, token_of(3), &bearer);
	assert_int_equal(verified_count(verified), 3);
	assert_null(verified_find(verified, token_of(1)));
	assert_non_null(verified_find(verified, token_of(0)));
	assert_non_null(verified_find(verified, token_of(2)));
	verified_destroy(verified);
	/* So many bytes, and no more. */
	verified = verified_create(1000, 2000);
	for (unsigned i = 0; i < 100; i++)
		verified_add(verified, token_of(i), &bearer);
	assert_in_range(verified_count(verified), 2, 20);
	assert_non_null(verified_find(verified, token_of(99)));
	char huge[3000];
	memset(huge, 'x', sizeof huge);
	verified_add(verified, (slice){ huge, sizeof huge }, &bearer);
	assert_null(verified_find(verified, (slice){ huge, sizeof huge }));
	assert_non_null(verified_find(verified, token_of(99)));
	verified_destroy(verified);
	verified = verified_create(0, 2000);
	verified_add(verified, token_of(0), &bearer);
	assert_int_equal(verified_count(verified), 0);
	verified_destroy(verified);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_read),
		cmocka_unit_test(what_is_no_name_is_refused),
		cmocka_unit_test(names_have_an_end),
		cmocka_unit_test(what_was_verified_is_found_whole),
		cmocka_unit_test(the_one_not_used_for_longest_gives_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
