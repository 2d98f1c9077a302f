#include "support.h"

#include <stdio.h>

#include "core/roster.h"

static const slice roles[] = { SLICE_INIT("sensor"), SLICE_INIT("admin") };

static struct client client_named(const char *id)
{
	return (struct client){
		.id = slice_of(id), .roles = roles, .nroles = 2, .plan = SLICE("p")
	};
}

static struct client_key token_of(const char *id, const char *handle, const char *secret)
{
	return (struct client_key){ .client = slice_of(id),
		.handle = slice_of(handle),
		.kind = KEY_TOKEN,
		.secret = slice_of(secret),
		.scopes = roles,
		.nscopes = 1,
		.scoped = true };
}

static void a_client_is_copied_and_replaced(void **state)
{
	(void)state;
	struct roster *roster = roster_create();
	char id[] = "engine-7";
	struct client client = client_named(id);
	assert_non_null(roster_put(roster, &client));
	memset(id, 'x', sizeof id);
	const struct client *found = roster_find(roster, SLICE("engine-7"));
	assert_slice(found->id, "engine-7");
	assert_int_equal(found->nroles, 2);
	assert_slice(found->roles[1], "admin");
	assert_slice(found->plan, "p");
	struct client_key key = token_of("engine-7", "t-1", "digest");
	assert_int_equal(roster_put_key(roster, &key), ROSTER_OK);
	client = (struct client){ .id = SLICE("engine-7"), .disabled = true };
	assert_non_null(roster_put(roster, &client));
	found = roster_find(roster, SLICE("engine-7"));
	assert_true(found->disabled);
	assert_int_equal(found->nroles, 0);
	assert_int_equal(roster_count(roster), 1);
	/* Its keys are still its own. */
	assert_non_null(roster_find_key(roster, KEY_TOKEN, SLICE("digest")));
	roster_destroy(roster);
}

static void keys_are_found_by_secret_handle_and_client(void **state)
{
	(void)state;
	struct roster *roster = roster_create();
	struct client client = client_named("a");
	assert_non_null(roster_put(roster, &client));
	client = client_named("b");
	assert_non_null(roster_put(roster, &client));
	struct client_key one = token_of("a", "t-1", "one"), two = token_of("a", "t-2", "two");
	struct client_key psk = { .client = SLICE("a"), .kind = KEY_PSK, .secret = SLICE("one") };
	assert_int_equal(roster_put_key(roster, &one), ROSTER_OK);
	assert_int_equal(roster_put_key(roster, &psk), ROSTER_OK);
	assert_int_equal(roster_put_key(roster, &two), ROSTER_OK);
	assert_slice(roster_find_key(roster, KEY_TOKEN, SLICE("two"))->handle, "t-2");
	assert_slice(roster_key_named(roster, SLICE("t-1"))->secret, "one");
	assert_slice(roster_key_named(roster, SLICE("t-1"))->scopes[0], "sensor");
	assert_null(roster_find_key(roster, KEY_API_KEY, SLICE("one")));
	const struct client_key *first = roster_key_of(roster, SLICE("a"), KEY_TOKEN, NULL);
	assert_slice(first->handle, "t-1");
	const struct client_key *second = roster_key_of(roster, SLICE("a"), KEY_TOKEN, first);
	assert_slice(second->handle, "t-2");
	assert_null(roster_key_of(roster, SLICE("a"), KEY_TOKEN, second));
	assert_null(roster_key_of(roster, SLICE("b"), KEY_TOKEN, NULL));
	assert_null(roster_key_of(roster, SLICE("nobody"), KEY_TOKEN, NULL));
	assert_int_equal(roster_count_keys(roster), 3);
	roster_destroy(roster);
}

static void a_secret_or_handle_is_taken_once(void **state)
{
	(void)state;
	struct roster *roster = roster_create();
	struct client client = client_named("a");
	assert_non_null(roster_put(roster, &client));
	struct client_key one = token_of("a", "t-1", "one"), same = token_of("a", "t-2", "one");
	struct client_key handle = token_of("a", "t-1", "other"), lost = token_of("z", "t-3", "x");
	assert_int_equal(roster_put_key(roster, &one), ROSTER_OK);
	assert_int_equal(roster_put_key(roster, &same), ROSTER_TAKEN);
	assert_int_equal(roster_put_key(roster, &handle), ROSTER_TAKEN);
	assert_int_equal(roster_put_key(roster, &lost), ROSTER_NO_CLIENT);
	assert_int_equal(roster_count_keys(roster), 1);
	roster_remove_key(roster, roster_key_named(roster, SLICE("t-1")));
	assert_null(roster_find_key(roster, KEY_TOKEN, SLICE("one")));
	assert_int_equal(roster_put_key(roster, &same), ROSTER_OK);
	roster_destroy(roster);
}

static void a_client_goes_with_its_keys(void **state)
{
	(void)state;
	struct roster *roster = roster_create();
	for (unsigned i = 0; i < 100; i++) {
		char id[8], secret[8];
		(void)snprintf(id, sizeof id, "c-%u", i);
		(void)snprintf(secret, sizeof secret, "s-%u", i);
		struct client client = client_named(id);
		struct client_key key = token_of(id, secret, secret);
		assert_non_null(roster_put(roster, &client));
		assert_int_equal(roster_put_key(roster, &key), ROSTER_OK);
	}
	assert_true(roster_remove(roster, SLICE("c-50")));
	assert_false(roster_remove(roster, SLICE("c-50")));
	assert_null(roster_find_key(roster, KEY_TOKEN, SLICE("s-50")));
	assert_null(roster_key_named(roster, SLICE("s-50")));
	unsigned n = 0;
	for (const struct client *at = roster_next(roster, NULL); at; at = roster_next(roster, at))
		n++;
	assert_int_equal(n, 99);
	assert_int_equal(roster_count_keys(roster), 99);
	roster_destroy(roster);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_is_copied_and_replaced),
		cmocka_unit_test(keys_are_found_by_secret_handle_and_client),
		cmocka_unit_test(a_secret_or_handle_is_taken_once),
		cmocka_unit_test(a_client_goes_with_its_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
