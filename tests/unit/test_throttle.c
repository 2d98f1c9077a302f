#include "support.h"

#include <stdio.h>

#include "core/throttle.h"

static const struct throttle_rules rules = { .attempts = 3,
	.from_address = 6,
	.at_client = 8,
	.window_ms = 60 * 1000,
	.delay_ms = 1000,
	.delay_max_ms = 4000 };

static struct throttle *throttle;
static uint64_t now_ms, wait_ms;
static bool news;

static int setup(void **state)
{
	(void)state;
	now_ms = 1000 * 1000;
	throttle = throttle_create();
	return throttle ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	throttle_destroy(throttle);
	return 0;
}

static bool begin(struct attempt *attempt, const char *address, const char *peer, const char *name,
        const char *secret)
{
	wait_ms = 0;
	attempt_init(attempt, slice_of(address), slice_of(peer), slice_of(name), slice_of(secret));
	return throttle_begin(throttle, &rules, attempt, now_ms, &wait_ms, &news);
}

/* false: it was not looked at. */
static bool try_over(const char *address, const char *peer, const char *name, const char *secret,
        enum attempt_end end)
{
	struct attempt attempt;
	if (!begin(&attempt, address, peer, name, secret))
		return false;
	throttle_end(throttle, &rules, &attempt, end, now_ms);
	return true;
}

static bool try(const char *address, const char *name, const char *secret, enum attempt_end end)
{
	return try_over(address, address, name, secret, end);
}

static void wrong_ones_in_a_row_make_it_wait_ever_longer(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_true(try("10.0.0.1", "a", "guess", ATTEMPT_WRONG));
	/* The right one is not looked at either. */
	assert_false(try("10.0.0.1", "a", "secret", ATTEMPT_RIGHT));
	assert_int_equal(wait_ms, 1000);
	now_ms += 999;
	assert_false(try("10.0.0.1", "a", "secret", ATTEMPT_RIGHT));
	assert_int_equal(wait_ms, 1);
	now_ms += 1;
	static const unsigned waits[] = { 2000, 4000, 4000, 4000 };
	for (unsigned i = 0; i < 4; i++) {
		assert_true(try("10.0.0.1", "a", "guess", ATTEMPT_WRONG));
		assert_false(try("10.0.0.1", "a", "guess", ATTEMPT_WRONG));
		assert_int_equal(wait_ms, waits[i]);
		now_ms += waits[i];
	}
	assert_true(try("10.0.0.1", "a", "secret", ATTEMPT_RIGHT));
}

static void others_do_not_wait(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_true(try("10.0.0.1", "a", "guess", ATTEMPT_WRONG));
	assert_false(try("10.0.0.1", "a", "guess", ATTEMPT_WRONG));
	assert_true(try("10.0.0.1", "b", "secret", ATTEMPT_RIGHT));
	assert_true(try("10.0.0.2", "a", "secret", ATTEMPT_RIGHT));
}

static void each_delay_is_news_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_true(try("10.0.0.1", "a", "guess", ATTEMPT_WRONG));
	assert_false(try("10.0.0.1", "a", "guess", ATTEMPT_WRONG));
	assert_true(news);
	assert_false(try("10.0.0.1", "a", "guess", ATTEMPT_WRONG));
	assert_false(news);
	now_ms += 1000;
	assert_true(try("10.0.0.1", "a", "guess", ATTEMPT_WRONG));
	assert_false(try("10.0.0.1", "a", "guess", ATTEMPT_WRONG));
	assert_true(news);
}

static void they_are_forgotten_after_the_window(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 5; round++) {
		for (unsigned i = 0; i < 3; i++)
			assert_true(try("10.0.0.1", "a", "guess", ATTEMPT_WRONG));
		assert_false(try("10.0.0.1", "a", "guess", ATTEMPT_WRONG));
		assert_int_equal(wait_ms, 1000);
		now_ms += rules.window_ms + 1;
	}
}

static void right_ones_between_do_not_undo_wrong_ones(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_true(try_over("10.0.0.1", "10.0.0.1:1", "a", "secret", ATTEMPT_RIGHT));
		assert_true(try_over("10.0.0.1", "10.0.0.1:2", "a", "guess", ATTEMPT_WRONG));
	}
	assert_false(try_over("10.0.0.1", "10.0.0.1:2", "a", "guess", ATTEMPT_WRONG));
	assert_false(try_over("10.0.0.1", "10.0.0.1:3", "a", "secret", ATTEMPT_RIGHT));
	/* The connection over which it was right goes on, with what was right. */
	assert_true(try_over("10.0.0.1", "10.0.0.1:1", "a", "secret", ATTEMPT_RIGHT));
	assert_false(try_over("10.0.0.1", "10.0.0.1:1", "a", "guess", ATTEMPT_WRONG));
	assert_false(try_over("10.0.0.1", "10.0.0.1:1", "b", "x", ATTEMPT_WRONG) &&
	             try_over("10.0.0.1", "10.0.0.1:1", "b", "x", ATTEMPT_WRONG) &&
	             try_over("10.0.0.1", "10.0.0.1:1", "b", "x", ATTEMPT_WRONG) &&
	             try_over("10.0.0.1", "10.0.0.1:1", "b", "x", ATTEMPT_WRONG));
}

static void many_names_from_one_address_make_it_wait(void **state)
{
	(void)state;
	static const char *const names[] = { "a", "b", "c", "d", "e", "f" };
	assert_true(try("10.0.0.1", "known", "secret", ATTEMPT_RIGHT));
	for (unsigned i = 0; i < 6; i++)
		assert_true(try("10.0.0.1", names[i], "guess", ATTEMPT_WRONG));
	assert_false(try("10.0.0.1", "g", "guess", ATTEMPT_WRONG));
	assert_false(try("10.0.0.1", "", "a token", ATTEMPT_WRONG));
	/* Who was right from there lately is let through, and so is everybody else from elsewhere. */
	assert_true(try("10.0.0.1", "known", "secret", ATTEMPT_RIGHT));
	assert_true(try("10.0.0.2", "g", "secret", ATTEMPT_RIGHT));
	now_ms += 1000;
	assert_true(try("10.0.0.1", "g", "secret", ATTEMPT_RIGHT));
}

static void who_repeats_its_one_wrong_secret_makes_no_neighbour_wait(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		(void)try("10.0.0.1", "misled", "an old password", ATTEMPT_WRONG);
		(void)try("10.0.0.1", "", "an old token", ATTEMPT_WRONG);
		now_ms += 500;
	}
	assert_true(try("10.0.0.1", "b", "secret", ATTEMPT_RIGHT));
	assert_true(try("10.0.0.1", "", "token", ATTEMPT_RIGHT));
}

static void one_name_from_many_addresses_waits_but_where_it_was_right(void **state)
{
	(void)state;
	static const char *const addresses[] = { "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4",
		"10.0.0.5", "10.0.0.6", "10.0.0.7", "10.0.0.8" };
	assert_true(try("10.9.9.9", "a", "secret", ATTEMPT_RIGHT));
	for (unsigned i = 0; i < 8; i++)
		assert_true(try(addresses[i], "a", "guess", ATTEMPT_WRONG));
	assert_false(try("10.0.0.9", "a", "guess", ATTEMPT_WRONG));
	assert_true(try("10.0.0.9", "b", "guess", ATTEMPT_WRONG));
	assert_true(try("10.9.9.9", "a", "secret", ATTEMPT_RIGHT));
}

static void for_a_name_from_everywhere_the_delays_are_short(void **state)
{
	(void)state;
	const struct throttle_rules patient = { 3, 6, 8, 3600 * 1000, 1000, 600 * 1000 };
	char address[16];
	uint64_t longest = 0;
	for (unsigned i = 0; i < 100; i++) {
		struct attempt attempt;
		(void)snprintf(address, sizeof address, "10.0.1.%u", i);
		attempt_init(
		        &attempt, slice_of(address), slice_of(address), SLICE("a"), SLICE("guess"));
		wait_ms = 0;
		if (throttle_begin(throttle, &patient, &attempt, now_ms, &wait_ms, &news))
			throttle_end(throttle, &patient, &attempt, ATTEMPT_WRONG, now_ms);
		longest = wait_ms > longest ? wait_ms : longest;
		now_ms += wait_ms;
	}
	assert_int_equal(longest, 10 * 1000);
}

static void attempts_at_the_same_time_are_as_many_as_there_may_be_wrong(void **state)
{
	(void)state;
	struct attempt at[6];
	assert_true(begin(&at[0], "10.0.0.1", "", "a", "1"));
	assert_true(begin(&at[1], "10.0.0.1", "", "a", "2"));
	assert_true(begin(&at[2], "10.0.0.1", "", "a", "3"));
	assert_false(begin(&at[3], "10.0.0.1", "", "a", "4"));
	assert_int_equal(wait_ms, 1000);
	/* The same again is no other guess: a device that sends ten requests at once. */
	assert_true(begin(&at[3], "10.0.0.1", "", "a", "3"));
	for (unsigned i = 0; i < 4; i++)
		throttle_end(throttle, &rules, &at[i], ATTEMPT_UNDECIDED, now_ms);
	assert_true(begin(&at[4], "10.0.0.1", "", "a", "4"));
}

static void an_address_has_a_bound_of_attempts_at_the_same_time(void **state)
{
	(void)state;
	struct attempt attempt;
	char name[8];
	for (unsigned i = 0; i < 64; i++) {
		(void)snprintf(name, sizeof name, "%u", i);
		assert_true(begin(&attempt, "10.0.0.1", "", name, "x"));
	}
	assert_false(begin(&attempt, "10.0.0.1", "", "one more", "x"));
	assert_true(begin(&attempt, "10.0.0.2", "", "one more", "x"));
}

/* Do wrong attempts from one count for the other? */
static bool are_one_place(const char *one, const char *other)
{
	throttle_destroy(throttle);
	throttle = throttle_create();
	static const char *const names[] = { "a", "b", "c", "d", "e", "f" };
	for (unsigned i = 0; i < 6; i++)
		assert_true(try(one, names[i], "guess", ATTEMPT_WRONG));
	return !try(other, "g", "guess", ATTEMPT_WRONG);
}

static void what_is_one_place(void **state)
{
	(void)state;
	assert_true(are_one_place("192.0.2.1", "192.0.2.1"));
	assert_true(are_one_place("192.0.2.1", "::ffff:192.0.2.1"));
	assert_false(are_one_place("192.0.2.1", "192.0.2.2"));
	assert_false(are_one_place("::ffff:192.0.2.1", "::ffff:192.0.2.2"));
	assert_true(are_one_place("2001:db8::1", "2001:db8:0:0:ffff::2"));
	assert_false(are_one_place("2001:db8::1", "2001:db8:0:1::1"));
	assert_true(are_one_place("fe80::1%eth0", "fe80::2%eth0"));
	assert_true(are_one_place("ttyS1", "ttyS1"));
	/* What comes from this machine, a proxy perhaps, is no place of its own. */
	assert_false(are_one_place("127.0.0.1", "127.0.0.1"));
	assert_false(are_one_place("::1", "::1"));
	assert_false(are_one_place("::ffff:127.0.0.1", "::ffff:127.0.0.1"));
	assert_false(are_one_place("", ""));
}

static void on_this_machine_a_name_is_slowed_down_too(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_true(try("127.0.0.1", "a", "guess", ATTEMPT_WRONG));
	assert_false(try("127.0.0.1", "a", "guess", ATTEMPT_WRONG));
	assert_true(try("127.0.0.1", "b", "secret", ATTEMPT_RIGHT));
	assert_true(try("127.0.0.2", "a", "secret", ATTEMPT_RIGHT));
}

static void without_attempts_there_is_no_throttle(void **state)
{
	(void)state;
	const struct throttle_rules none = { .attempts = 0 };
	for (unsigned i = 0; i < 100; i++) {
		struct attempt attempt;
		attempt_init(&attempt, SLICE("10.0.0.1"), SLICE("x"), SLICE("a"), SLICE("guess"));
		assert_true(throttle_begin(throttle, &none, &attempt, now_ms, &wait_ms, &news));
		throttle_end(throttle, &none, &attempt, ATTEMPT_WRONG, now_ms);
	}
}

static void a_flood_of_names_and_addresses_ends_nowhere(void **state)
{
	(void)state;
	char address[32], name[16];
	for (unsigned i = 0; i < 100000; i++) {
		(void)snprintf(address, sizeof address, "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255,
		        i & 255);
		(void)snprintf(name, sizeof name, "n%u", i);
		(void)try(address, name, "guess", ATTEMPT_WRONG);
	}
	for (unsigned i = 0; i < 3; i++)
		assert_true(try("192.0.2.1", "a", "guess", ATTEMPT_WRONG));
	assert_false(try("192.0.2.1", "a", "guess", ATTEMPT_WRONG));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wrong_ones_in_a_row_make_it_wait_ever_longer),
		TEST(others_do_not_wait),
		TEST(each_delay_is_news_once),
		TEST(they_are_forgotten_after_the_window),
		TEST(right_ones_between_do_not_undo_wrong_ones),
		TEST(many_names_from_one_address_make_it_wait),
		TEST(who_repeats_its_one_wrong_secret_makes_no_neighbour_wait),
		TEST(one_name_from_many_addresses_waits_but_where_it_was_right),
		TEST(for_a_name_from_everywhere_the_delays_are_short),
		TEST(attempts_at_the_same_time_are_as_many_as_there_may_be_wrong),
		TEST(an_address_has_a_bound_of_attempts_at_the_same_time),
		TEST(what_is_one_place),
		TEST(on_this_machine_a_name_is_slowed_down_too),
		TEST(without_attempts_there_is_no_throttle),
		TEST(a_flood_of_names_and_addresses_ends_nowhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
