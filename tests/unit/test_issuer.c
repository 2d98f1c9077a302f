#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/jose/jws.h"
#include "base/text.h"
#include "issuer/parameters.h"
#include "issuer/ring.h"

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 4 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

/* ---- Parameters */

#define FORM "application/x-www-form-urlencoded"

static void forms_and_objects_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *media, *body, *name, *value; /* value NULL: not given */
	} cases[] = {
		{ FORM, "grant_type=password&scope=a+b", "scope", "a b" },
		{ FORM "; charset=UTF-8", "a=%41%2b%26%3D", "a", "A+&=" },
		{ FORM, "a=&b=1", "a", NULL },
		{ FORM, "&&b=1&", "b", "1" },
		{ FORM, "a=b=c", "a", "b=c" },
		{ FORM, "a=%C3%A4", "a", "\xc3\xa4" },
		{ "application/json", "{\"a\":\"x\",\"b\":\"y\"}", "b", "y" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct parameters parameters;
		const char *why = "";
		if (!parameters_read(&arena, slice_of(cases[i].media), slice_of(cases[i].body),
		            &parameters, &why))
			fail_msg("case %zu: %s", i, why);
		slice value = parameters_get(&parameters, cases[i].name);
		if (cases[i].value)
			assert_slice(value, cases[i].value);
		else
			assert_null(value.p);
	}
}

static void malformed_ones_are_refused(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ FORM, "a=1&a=2" },
		{ FORM, "a=%4" },
		{ FORM, "a=%" },
		{ FORM, "a=%zz" },
		{ FORM, "a=%00" },
		{ FORM, "a=%0d%0a" },
		{ FORM, "a=%ff" },
		{ FORM, "=x" },
		{ "application/json", "[]" },
		{ "application/json", "{\"a\":1}" },
		{ "application/json", "{" },
		{ "application/json", "{\"a\":\"x\\u0000y\"}" },
		{ "text/html", "a=1" },
		{ "", "a=1" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct parameters parameters;
		const char *why = NULL;
		if (parameters_read(&arena, slice_of(cases[i][0]), slice_of(cases[i][1]),
		            &parameters, &why))
			fail_msg("case %zu", i);
		assert_non_null(why);
	}
	struct text many;
	text_init(&many, &arena, 64);
	for (unsigned i = 0; i <= PARAMETERS_MAX; i++)
		text_printf(&many, "p%u=1&", i);
	struct parameters parameters;
	const char *why;
	assert_false(parameters_read(&arena, SLICE(FORM), text_slice(&many), &parameters, &why));
}

/* ---- The keys that sign */

enum { DAY_MS = 24 * 3600 * 1000 };

static char folder[64];

static struct ring_options options(enum algorithm algorithm)
{
	return (struct ring_options){ .folder = slice_of(folder),
		.algorithm = algorithm,
		.rotate_ms = (uint64_t)30 * DAY_MS,
		.lifetime_ms = 3600 * 1000 };
}

static struct ring *opened(enum algorithm algorithm)
{
	struct ring_options wanted = options(algorithm);
	struct error error = { 0 };
	struct ring *ring = ring_open(&wanted, &error);
	if (!ring)
		fail_msg("%s", error.text);
	return ring;
}

static bool turned(struct ring *ring, uint64_t now_ms)
{
	bool made;
	uint64_t next_ms;
	struct error error = { 0 };
	if (!ring_turn(ring, now_ms, &made, &next_ms, &error))
		fail_msg("%s", error.text);
	assert_true(next_ms > now_ms);
	return made;
}

static unsigned public_count(const struct ring *ring)
{
	const struct value *set = ring_public(&arena, ring);
	for (const struct value *at = value_get(set, SLICE("keys"))->as.members.first; at;
	        at = at->next) {
		assert_null(value_get(at, SLICE("d")));
		assert_non_null(value_get(at, SLICE("kid")));
	}
	return value_get(set, SLICE("keys"))->count;
}

static int ring_setup(void **state)
{
	(void)snprintf(folder, sizeof folder, "/tmp/fairlead-ring-%d", (int)getpid());
	assert_int_equal(mkdir(folder, 0700), 0);
	return setup(state);
}

static int ring_teardown(void **state)
{
	char path[128];
	(void)snprintf(path, sizeof path, "%s/keys/issuer.json", folder);
	(void)unlink(path);
	(void)snprintf(path, sizeof path, "%s/keys", folder);
	(void)rmdir(path);
	(void)rmdir(folder);
	return teardown(state);
}

static void keys_outlive_the_process_and_nobody_else_reads_them(void **state)
{
	(void)state;
	struct ring *ring = opened(ALGORITHM_ES256);
	assert_null(ring_signer(ring, DAY_MS));
	assert_true(turned(ring, DAY_MS));
	slice token =
	        jws_sign(&arena, ring_signer(ring, DAY_MS), ALGORITHM_ES256, "JWT", SLICE("{}"));
	assert_non_null(token.p);
	ring_close(ring);
	char path[128];
	struct stat about;
	(void)snprintf(path, sizeof path, "%s/keys/issuer.json", folder);
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0600);
	ring = opened(ALGORITHM_ES256);
	assert_false(turned(ring, DAY_MS + 1));
	struct jws jws;
	const char *why;
	assert_true(jws_parse(&arena, token, &jws, &why));
	assert_true(jws_verify(&jws, ring_signer(ring, DAY_MS)));
	ring_close(ring);
}

static void a_key_is_public_before_and_after_it_signs(void **state)
{
	(void)state;
	const uint64_t start_ms = (uint64_t)1000 * DAY_MS,
	               due_ms = start_ms + (uint64_t)30 * DAY_MS;
	const uint64_t hour_ms = 3600 * 1000;
	struct ring *ring = opened(ALGORITHM_ES256);
	assert_true(turned(ring, start_ms));
	const struct jwk *first = ring_signer(ring, start_ms);
	assert_false(turned(ring, due_ms - 1));
	assert_true(turned(ring, due_ms));
	assert_int_equal(public_count(ring), 2);
	assert_ptr_equal(ring_signer(ring, due_ms), first);
	assert_ptr_equal(ring_signer(ring, due_ms + hour_ms - 1), first);
	assert_ptr_not_equal(ring_signer(ring, due_ms + hour_ms), first);
	/* What the first has signed last is good for an hour; and clocks differ. */
	assert_false(turned(ring, due_ms + 2 * hour_ms));
	assert_int_equal(public_count(ring), 2);
	assert_false(turned(ring, due_ms + 3 * hour_ms));
	assert_int_equal(public_count(ring), 1);
	ring_close(ring);
}

static void another_algorithm_gets_a_key_of_its_own(void **state)
{
	(void)state;
	struct ring *ring = opened(ALGORITHM_ES256);
	assert_true(turned(ring, DAY_MS));
	ring_close(ring);
	ring = opened(ALGORITHM_EDDSA);
	assert_null(ring_signer(ring, DAY_MS));
	assert_true(turned(ring, DAY_MS));
	assert_int_equal(public_count(ring), 2);
	assert_non_null(
	        jws_sign(&arena, ring_signer(ring, DAY_MS), ALGORITHM_EDDSA, "JWT", SLICE("{}")).p);
	ring_close(ring);
}

static void a_damaged_file_is_not_replaced(void **state)
{
	(void)state;
	char path[128];
	(void)snprintf(path, sizeof path, "%s/keys", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof path, "%s/keys/issuer.json", folder);
	static const char *const texts[] = { "", "{", "{\"keys\":1}",
		"{\"keys\":[{\"kty\":\"EC\"}]}" };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		FILE *file = fopen(path, "wb");
		assert_non_null(file);
		(void)fputs(texts[i], file);
		(void)fclose(file);
		struct ring_options wanted = options(ALGORITHM_ES256);
		struct error error = { 0 };
		assert_null(ring_open(&wanted, &error));
		assert_true(strlen(error.text) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(forms_and_objects_are_read, setup, teardown),
		cmocka_unit_test_setup_teardown(malformed_ones_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(keys_outlive_the_process_and_nobody_else_reads_them,
		        ring_setup, ring_teardown),
		cmocka_unit_test_setup_teardown(
		        a_key_is_public_before_and_after_it_signs, ring_setup, ring_teardown),
		cmocka_unit_test_setup_teardown(
		        another_algorithm_gets_a_key_of_its_own, ring_setup, ring_teardown),
		cmocka_unit_test_setup_teardown(
		        a_damaged_file_is_not_replaced, ring_setup, ring_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
