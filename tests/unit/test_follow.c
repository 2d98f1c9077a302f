/* Who may follow values, and what they are told: every rule, through the whole pipeline. */
#include "support.h"

#include "tests/fakes/hand_loop.h"
#include "tests/unit/follow_world.h"

/* ---- Following. */

static void a_get_follows_one_path(void **state)
{
	(void)state;
	assert_null(follow(METHOD_GET, "/sensors/a", "secret-a", "x"));
	assert_int_equal(world.home->status, STATUS_NOT_FOUND);
	ask(METHOD_POST, "/sensors/a", "1", "secret-a");
	struct subscription *subscription = follow(METHOD_GET, "/sensors/a", "secret-p", "x");
	assert_non_null(subscription);
	assert_string_equal(subscription->follower, "x");
	hand_loop_turn();
	assert_int_equal(world.ntold, 0); /* the answer has told it */
	ask(METHOD_POST, "/sensors/b", "0", "secret-b");
	ask(METHOD_POST, "/sensors/a", "2", "secret-a");
	assert_int_equal(world.ntold, 1);
	assert_string_equal(last_told()->path, "/sensors/a");
	assert_string_equal(last_told()->body, "2");
	assert_string_equal(last_told()->follower, "x");
	assert_false(last_told()->present);
	subscription_end(subscription);
	ask(METHOD_POST, "/sensors/a", "3", "secret-a");
	assert_int_equal(world.ntold, 1);
	/* What keeps nothing cannot be followed, and answers all the same. */
	assert_null(follow(METHOD_GET, "/plain", NULL, "x"));
	assert_int_equal(world.home->status, STATUS_OK);
}

static void a_deleted_value_ends_a_get(void **state)
{
	(void)state;
	ask(METHOD_PUT, "/own/a", "1", NULL);
	assert_non_null(follow(METHOD_GET, "/own/a", NULL, "x"));
	assert_non_null(follow(METHOD_SUBSCRIBE, "/own/a", NULL, "y"));
	hand_loop_turn();
	world.ntold = 0;
	ask(METHOD_DELETE, "/own/a", NULL, NULL);
	assert_int_equal(world.ntold, 1);
	assert_int_equal(last_told()->ended, STATUS_NOT_FOUND);
	assert_string_equal(last_told()->follower, "x");
	ask(METHOD_PUT, "/own/a", "2", NULL);
	assert_int_equal(world.ntold, 2);
	assert_string_equal(last_told()->follower, "y");
}

static void from_session(const char *session, const char *to, const char *body)
{
	struct request *request = fresh(METHOD_PUT, to, body, NULL);
	request->session = slice_of(session);
	(void)submit(request);
}

/* One that wants what others bring: not what its own session does, before or after. */
static void a_filter_may_leave_out_its_own(void **state)
{
	(void)state;
	from_session("me", "/own/a", "1");
	from_session("you", "/own/b", "2");
	struct request *request = fresh(METHOD_SUBSCRIBE, "/own/+", NULL, NULL);
	request->session = SLICE("me");
	request->follower = "x";
	request->follow_others = true;
	(void)submit(request);
	assert_non_null(world.home->subscription);
	assert_int_equal(world.ntold, 1);
	assert_string_equal(last_told()->path, "/own/b");
	from_session("me", "/own/b", "3");
	assert_int_equal(world.ntold, 1);
	from_session("you", "/own/a", "4");
	ask(METHOD_PUT, "/own/c", "5", NULL); /* of no session */
	assert_int_equal(world.ntold, 3);
}

static void a_filter_follows_many(void **state)
{
	(void)state;
	ask(METHOD_POST, "/sensors/a", "1", "secret-a");
	ask(METHOD_PUT, "/own/a", "1", NULL);
	struct subscription *subscription = follow(METHOD_SUBSCRIBE, "/sensors/+", "secret-p", "x");
	assert_int_equal(world.home->status, STATUS_OK);
	assert_int_equal(world.home->out.body.n, 0);
	assert_int_equal(world.ntold, 1);
	assert_true(last_told()->present);
	uint64_t version = last_told()->version;
	ask(METHOD_POST, "/sensors/b", "2", "secret-b");
	assert_int_equal(world.ntold, 2);
	assert_string_equal(last_told()->path, "/sensors/b");
	assert_false(last_told()->present);

	/* Again, for one that could not take them. */
	subscription_refresh(subscription, version);
	hand_loop_turn();
	assert_int_equal(world.ntold, 3);
	assert_string_equal(last_told()->path, "/sensors/b");
	subscription_refresh(subscription, 0);
	hand_loop_turn();
	assert_int_equal(world.ntold, 5);
	assert_true(world.told[3].present);
	assert_false(world.told[4].present);
	subscription_end(subscription);

	/* What is known already is not told again. */
	struct request *request = fresh(METHOD_SUBSCRIBE, "/sensors/#", NULL, "secret-p");
	request->follower = "y";
	request->follow_after = version;
	submit(request);
	assert_int_equal(world.ntold, 6);
	assert_string_equal(last_told()->path, "/sensors/b");
	assert_true(last_told()->present);
}

static void each_refusal_of_a_filter_has_its_status(void **state)
{
	(void)state;
	static const struct {
		const char *filter, *token;
		enum status status;
	} cases[] = {
		{ "/sensors/a", "secret-a", STATUS_OK },
		{ "/sensors/+", "secret-a", STATUS_OK },
		{ "/sensors/#", "secret-a", STATUS_OK },
		{ "/#", NULL, STATUS_OK }, /* /own is open to all */
		{ "/sensors/b", "secret-a", STATUS_FORBIDDEN },
		{ "/sensors/b", "wrong", STATUS_UNAUTHENTICATED },
		{ "/sensors/b", NULL, STATUS_UNAUTHENTICATED },
		{ "/heard/x", "secret-p", STATUS_OK },
		{ "/heard/x", "secret-a", STATUS_FORBIDDEN },
		{ "/plain", "secret-p", STATUS_NOT_ACCEPTABLE },
		{ "/plain/#", "secret-p", STATUS_NOT_FOUND },
		{ "/nowhere/#", "secret-p", STATUS_NOT_FOUND },
		{ "/sensors/#/x", "secret-p", STATUS_MALFORMED },
		{ "sensors", "secret-p", STATUS_MALFORMED },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct subscription *subscription =
		        follow(METHOD_SUBSCRIBE, cases[i].filter, cases[i].token, "x");
		if (world.home->status != cases[i].status)
			fail_msg("case %zu: %s: %.*s", i, status_name(world.home->status),
			        SLICE_ARG(world.home->why));
		assert_int_equal(subscription != NULL, cases[i].status == STATUS_OK);
		assert_true(subscription || world.home->why.n);
		subscription_end(subscription);
	}
	/* Only asked. */
	struct request *request = fresh(METHOD_SUBSCRIBE, "/own/#", NULL, NULL);
	request->ask_only = true;
	request->follower = "x";
	assert_int_equal(submit(request), STATUS_OK);
	assert_null(world.home->subscription);
}

static bool was_told(const char *follower, const char *path)
{
	for (unsigned i = 0; i < world.ntold; i++) {
		if (strcmp(world.told[i].follower, follower) == 0 &&
		        strcmp(world.told[i].path, path) == 0)
			return true;
	}
	return false;
}

/* Whatever one asks for, it hears only what it could GET, or may SUBSCRIBE to. */
static void nothing_leaks_through_a_filter(void **state)
{
	(void)state;
	enum { KEYED = 3 };
	static const char *const tokens[] = { "secret-a", "secret-b", "secret-p", NULL };
	static const char *const names[] = { "a", "b", "p", "nobody" };
	static const char *const filters[] = { "/#", "/+/+", "/+/#", "/sensors/#", "/heard/#",
		"/keyed/+", "/own/a" };
	static const char *const paths[] = { "/sensors/a", "/sensors/b", "/heard/a", "/keyed/a",
		"/own/a" };
	/* By row: who hears it. */
	static const char *const hear[] = { "ap", "bp", "p", "p", "abpn" };
	for (size_t f = 0; f < sizeof filters / sizeof *filters; f++) {
		for (size_t i = 0; i < 4; i++)
			(void)follow(METHOD_SUBSCRIBE, filters[f], tokens[i],
			        (void *)(uintptr_t)names[i]);
		ask(METHOD_POST, "/sensors/a", "1", "secret-a");
		ask(METHOD_POST, "/sensors/b", "1", "secret-b");
		ask(METHOD_POST, "/heard/a", "1", NULL);
		ask(METHOD_PUT, "/keyed/a", "1", "secret-p");
		ask(METHOD_PUT, "/own/a", "1", NULL);
		turn();
		for (size_t p = 0; p < 5; p++) {
			for (size_t i = 0; i < 4; i++) {
				bool may = strchr(hear[p], names[i][0]) != NULL;
				/* It takes another way to say who one is than callers are recognised by
				 * for what is wider. */
				if (p == KEYED && strcmp(filters[f], "/keyed/+") != 0)
					may = false;
				if (was_told(names[i], paths[p]) && !may)
					fail_msg("%s heard %s by %s", names[i], paths[p],
					        filters[f]);
				if (f == 0 && may && !was_told(names[i], paths[p]))
					fail_msg("%s did not hear %s", names[i], paths[p]);
			}
		}
		world.ntold = 0;
		(void)world_close(state);
		(void)setup(state);
	}
}

static void a_push_comes_in_a_notation_that_is_taken(void **state)
{
	(void)state;
	struct request *request = fresh(METHOD_SUBSCRIBE, "/own/+", NULL, NULL);
	request->follower = "cbor";
	request->accept = SLICE("application/cbor");
	submit(request);
	request = fresh(METHOD_SUBSCRIBE, "/own/+", NULL, NULL);
	request->follower = "any";
	submit(request);
	ask(METHOD_PUT, "/own/a", "{\"t\":1}", NULL);
	assert_int_equal(world.ntold, 2);
	for (unsigned i = 0; i < 2; i++) {
		bool cbor = strcmp(world.told[i].follower, "cbor") == 0;
		assert_string_equal(
		        world.told[i].media, cbor ? "application/cbor" : "application/json");
		assert_string_equal(world.told[i].body, cbor ? "\xa1\x61t\x01" : "{\"t\":1}");
	}
	/* What has no translation is left out of many, and ends the one. */
	request = fresh(METHOD_GET, "/own/a", NULL, NULL);
	request->follower = "one";
	request->accept = SLICE("application/cbor");
	submit(request);
	assert_non_null(world.home->subscription);
	world.ntold = 0;
	request = fresh(METHOD_PUT, "/own/a", "picture", NULL);
	request->in.media = SLICE("image/png");
	submit(request);
	assert_int_equal(world.ntold, 2);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(world.told[i].ended, strcmp(world.told[i].follower, "one") == 0
		                                              ? STATUS_NOT_ACCEPTABLE
		                                              : STATUS_NONE);
}

/* Many values in one turn: each follower hears the newest of each path. */
static void what_is_replaced_before_it_is_pushed_is_skipped(void **state)
{
	(void)state;
	(void)follow(METHOD_SUBSCRIBE, "/own/+", NULL, "many");
	(void)follow(METHOD_SUBSCRIBE, "/own/a", NULL, "one");
	char body[8];
	for (unsigned i = 0; i < 10; i++) {
		(void)snprintf(body, sizeof body, "%u", i);
		request_submit(fresh(METHOD_PUT, "/own/a", body, NULL));
		hand_loop_turn(); /* so that bodies may be reused */
	}
	assert_int_equal(world.ntold, 20);
	world.ntold = 0;
	for (unsigned i = 0; i < 10; i++)
		request_submit(fresh(METHOD_PUT, "/own/a", "10", NULL));
	hand_loop_turn();
	assert_int_equal(world.ntold, 2);
}

static void end_it(struct subscription *subscription, const struct update *update)
{
	if (!update->ended)
		subscription_end(subscription);
}

static struct subscription *others[3];

static void end_others(struct subscription *subscription, const struct update *update)
{
	(void)update;
	for (unsigned i = 0; i < 3; i++) {
		if (others[i] && others[i] != subscription)
			subscription_end(others[i]);
		others[i] = NULL;
	}
}

static void a_subscription_may_end_inside_a_push(void **state)
{
	(void)state;
	ask(METHOD_PUT, "/own/a", "1", NULL);
	(void)follow(METHOD_GET, "/own/a", NULL, "x");
	(void)follow(METHOD_SUBSCRIBE, "/own/+", NULL, "y");
	(void)follow(METHOD_SUBSCRIBE, "/own/#", NULL, "z");
	turn();
	world.ntold = 0;
	world.when_told = end_it;
	ask(METHOD_PUT, "/own/a", "2", NULL);
	assert_int_equal(world.ntold, 3);
	ask(METHOD_PUT, "/own/a", "3", NULL);
	assert_int_equal(world.ntold, 3);

	world.when_told = NULL;
	others[0] = follow(METHOD_GET, "/own/a", NULL, "x");
	others[1] = follow(METHOD_SUBSCRIBE, "/own/+", NULL, "y");
	others[2] = follow(METHOD_SUBSCRIBE, "/own/#", NULL, "z");
	turn();
	world.ntold = 0;
	world.when_told = end_others;
	ask(METHOD_PUT, "/own/a", "4", NULL);
	assert_int_equal(world.ntold, 1);
}

static void subscriptions_are_bounded(void **state)
{
	(void)state;
	ask(METHOD_PUT, "/own/a", "1", NULL);
	struct subscription *first = follow(METHOD_SUBSCRIBE, "/own/+", NULL, "x");
	for (unsigned i = 1; i < 20; i++)
		assert_non_null(follow(METHOD_SUBSCRIBE, "/own/+", NULL, "x"));
	assert_null(follow(METHOD_SUBSCRIBE, "/own/+", NULL, "x"));
	assert_int_equal(world.home->status, STATUS_TOO_MANY);
	/* A GET is answered all the same. */
	assert_null(follow(METHOD_GET, "/own/a", NULL, "x"));
	assert_int_equal(world.home->status, STATUS_OK);
	subscription_end(first);
	assert_non_null(follow(METHOD_GET, "/own/a", NULL, "x"));
}

/* More than a turn takes: the rest follows in later ones, and no one is left out. */
static void a_flood_is_spread_over_turns(void **state)
{
	(void)state;
	char larger[sizeof configuration + 64], path[16];
	const char *limits = strstr(configuration, "values: 5");
	(void)snprintf(larger, sizeof larger, "%.*svalues: 100%s", (int)(limits - configuration),
	        configuration, limits + 9);
	char *memory = strstr(larger, "values_memory: 8KiB");
	memcpy(memory, "values_memory: 9MiB", 19);
	write_configuration(larger);
	core_reload(world.core);
	for (unsigned i = 0; i < 100; i++) {
		(void)snprintf(path, sizeof path, "/own/%u", i);
		ask(METHOD_PUT, path, "1", NULL);
	}
	for (unsigned i = 0; i < 20; i++) {
		struct request *request = fresh(METHOD_SUBSCRIBE, "/own/+", NULL, NULL);
		request->follower = "x";
		request_submit(request);
	}
	hand_loop_turn();
	assert_in_range(world.ntold, 100, 600);
	turn();
	assert_int_equal(world.ntold, 2000);
}

static void a_listener_that_stops_ends_its_subscriptions(void **state)
{
	(void)state;
	ask(METHOD_PUT, "/own/a", "1", NULL);
	(void)follow(METHOD_GET, "/own/a", NULL, "x");
	(void)follow(METHOD_SUBSCRIBE, "/own/+", NULL, "y");
	turn();
	world.ntold = 0;
	/* One that is still on its way home. */
	world.answer = STATUS_NONE;
	struct request *late = with_field(
	        fresh(METHOD_GET, "/seen", NULL, NULL), "cache-control", SLICE("no-cache"));
	late->follower = "z";
	submit(late);
	core_stop(world.core, 1000);
	assert_int_equal(world.ntold, 2);
	assert_int_equal(world.told[0].ended, STATUS_UNAVAILABLE);
	assert_int_equal(world.told[1].ended, STATUS_UNAVAILABLE);
	world.open->out.body = SLICE("1");
	exchange_done(world.open, STATUS_OK);
	hand_loop_turn();
	assert_int_equal(world.homecomings, 4);
	assert_true(hand_loop_stopped());
}

/* ---- Reloading. */

#define SECOND(text) HEAD_OF_IT text

static void reload(const char *text)
{
	write_configuration(text);
	core_reload(world.core);
}

static void a_reload_looks_at_credentials_again(void **state)
{
	(void)state;
	ask(METHOD_POST, "/sensors/a", "1", "secret-a");
	(void)follow(METHOD_SUBSCRIBE, "/sensors/+", "secret-a", "a");
	(void)follow(METHOD_SUBSCRIBE, "/sensors/+", "secret-p", "p");
	(void)follow(METHOD_GET, "/sensors/a", "secret-a", "one");
	(void)follow(METHOD_SUBSCRIBE, "/own/#", NULL, "nobody");
	turn();
	world.ntold = 0;
	/* The same again: they go on, and what they missed follows. */
	reload(configuration);
	ask(METHOD_POST, "/sensors/a", "2", "secret-a");
	assert_int_equal(world.ntold, 0);
	turn();
	assert_int_equal(world.ntold, 3);
	ask(METHOD_POST, "/sensors/a", "3", "secret-a");
	ask(METHOD_PUT, "/own/a", "3", NULL);
	assert_int_equal(world.ntold, 7);

	/* a has another token, and p may no longer. */
	(void)setenv("TOKEN_A", "secret-new", 1);
	world.ntold = 0;
	reload(SECOND("roles: { sensor: { allow: [\"* /sensors/{self}\"] }, panel: { allow: [\"GET "
	              "/x\"] } }\n" CLIENTS BACKENDS ENDPOINTS));
	ask(METHOD_POST, "/sensors/a", "4", "secret-new");
	turn();
	assert_int_equal(world.ntold, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(world.told[i].ended, strcmp(world.told[i].follower, "p") == 0
		                                              ? STATUS_FORBIDDEN
		                                              : STATUS_UNAUTHENTICATED);
		assert_true(world.told[i].why[0]);
	}
	ask(METHOD_PUT, "/own/a", "5", NULL);
	assert_int_equal(world.ntold, 4);
	assert_string_equal(last_told()->follower, "nobody");
}

static void an_endpoint_that_goes_ends_what_followed_it(void **state)
{
	(void)state;
	ask(METHOD_PUT, "/own/a", "1", NULL);
	(void)follow(METHOD_GET, "/own/a", NULL, "one");
	(void)follow(METHOD_SUBSCRIBE, "/own/+", NULL, "many");
	turn();
	world.ntold = 0;
	reload(SECOND(BACKENDS "endpoints: [{ name: own, path: \"/own/{x}\", methods: [GET, PUT], "
	                       "auth: [none], to: one }]\n"));
	turn();
	assert_int_equal(world.ntold, 2);
	assert_int_equal(world.told[0].ended, STATUS_NOT_FOUND);
	assert_int_equal(world.told[1].ended, STATUS_NOT_FOUND);
	/* And it is not served from memory. */
	assert_int_equal(ask(METHOD_GET, "/own/a", NULL, NULL), STATUS_OK);
	assert_int_equal(world.calls, 1);
}

/* The answer comes under the old configuration; the subscription is looked at under the new one. */
static void one_that_was_on_its_way_is_looked_at_as_well(void **state)
{
	(void)state;
	world.answer = STATUS_NONE;
	struct request *request = with_field(fresh(METHOD_GET, "/sensors/a", NULL, "secret-a"),
	        "cache-control", SLICE("no-cache"));
	request->follower = "x";
	submit(request);
	(void)setenv("TOKEN_A", "secret-new", 1);
	reload(configuration);
	turn();
	world.open->out.body = SLICE("1");
	exchange_done(world.open, STATUS_OK);
	hand_loop_turn();
	assert_non_null(world.home->subscription);
	assert_int_equal(world.ntold, 0);
	turn();
	assert_int_equal(world.ntold, 1);
	assert_int_equal(last_told()->ended, STATUS_UNAUTHENTICATED);
}

/* Whoever is disabled while its request waits for the backend follows nothing afterwards. */
static void a_change_of_clients_meets_one_on_its_way(void **state)
{
	(void)state;
	world.answer = STATUS_NONE;
	struct request *request = with_field(fresh(METHOD_GET, "/sensors/a", NULL, "secret-a"),
	        "cache-control", SLICE("no-cache"));
	request->follower = "x";
	submit(request);
	core_client_changed(world.core, SLICE("a"));
	hand_loop_pass(1000);
	world.open->out.body = SLICE("1");
	exchange_done(world.open, STATUS_OK);
	hand_loop_turn();
	assert_non_null(world.home->subscription);
	world.answer = STATUS_OK;
	ask(METHOD_POST, "/sensors/a", "2", "secret-a");
	assert_int_equal(world.ntold, 0); /* in doubt: it is looked at first */
	turn();
	assert_int_equal(world.ntold, 1);
	assert_int_equal(last_told()->ended, STATUS_NONE);
}

static void one_that_ends_while_it_is_looked_at_is_forgotten(void **state)
{
	(void)state;
	struct subscription *subscription = follow(METHOD_SUBSCRIBE, "/own/+", NULL, "x");
	reload(configuration);
	subscription_end(subscription);
	turn();
	subscription = follow(METHOD_SUBSCRIBE, "/own/+", NULL, "x");
	reload(configuration);
	reload(configuration);
	turn();
	ask(METHOD_PUT, "/own/a", "1", NULL);
	assert_int_equal(world.ntold, 1);
	subscription_end(subscription);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_get_follows_one_path),
		TEST(a_deleted_value_ends_a_get),
		TEST(a_filter_follows_many),
		TEST(a_filter_may_leave_out_its_own),
		TEST(each_refusal_of_a_filter_has_its_status),
		TEST(nothing_leaks_through_a_filter),
		TEST(a_push_comes_in_a_notation_that_is_taken),
		TEST(what_is_replaced_before_it_is_pushed_is_skipped),
		TEST(a_subscription_may_end_inside_a_push),
		TEST(subscriptions_are_bounded),
		TEST(a_flood_is_spread_over_turns),
		TEST(a_listener_that_stops_ends_its_subscriptions),
		TEST(a_reload_looks_at_credentials_again),
		TEST(an_endpoint_that_goes_ends_what_followed_it),
		TEST(one_that_was_on_its_way_is_looked_at_as_well),
		TEST(a_change_of_clients_meets_one_on_its_way),
		TEST(one_that_ends_while_it_is_looked_at_is_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
