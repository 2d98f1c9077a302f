/* Last values: what is kept, what answers, what is on disk when. Through the whole pipeline. */
#include "support.h"

#include "tests/fakes/hand_loop.h"
#include "tests/unit/follow_world.h"

/* ---- Keeping. */

static void what_a_backend_has_taken_answers_get(void **state)
{
	(void)state;
	assert_int_equal(ask(METHOD_GET, "/sensors/a", NULL, "secret-a"), STATUS_NOT_FOUND);
	assert_slice(world.home->why, "no value was received yet");
	assert_int_equal(ask(METHOD_POST, "/sensors/a", "{\"t\":1}", "secret-a"), STATUS_OK);
	assert_int_equal(world.calls, 1);
	assert_int_equal(ask(METHOD_GET, "/sensors/a", NULL, "secret-p"), STATUS_OK);
	assert_int_equal(world.calls, 1);
	assert_slice(world.home->out.body, "{\"t\":1}");
	assert_slice(world.home->out.media, "application/json");
	assert_int_equal(message_field(&world.home->out, "etag").n, 18);
	assert_int_equal(message_field(&world.home->out, "last-modified").n, 29);
	assert_int_equal(message_field(&world.home->out, "received-at").n, 30);

	/* In the caller's notation; and the very same when nothing has to change. */
	struct request *request = fresh(METHOD_GET, "/sensors/a", NULL, "secret-a");
	request->accept = SLICE("application/cbor");
	assert_int_equal(submit(request), STATUS_OK);
	assert_slice(world.home->out.body, "\xa1\x61t\x01");
}

static void what_a_backend_refused_is_not_kept(void **state)
{
	(void)state;
	ask(METHOD_POST, "/sensors/a", "1", "secret-a");
	world.answer = STATUS_UNAVAILABLE;
	assert_int_equal(ask(METHOD_POST, "/sensors/a", "2", "secret-a"), STATUS_UNAVAILABLE);
	ask(METHOD_GET, "/sensors/a", NULL, "secret-a");
	assert_slice(world.home->out.body, "1");
	world.answer = STATUS_DELETED;
	assert_int_equal(ask(METHOD_DELETE, "/sensors/a", NULL, "secret-a"), STATUS_DELETED);
	assert_int_equal(ask(METHOD_GET, "/sensors/a", NULL, "secret-a"), STATUS_NOT_FOUND);
}

/* A command that waits for its device is not what the device is set to. */
static void what_waits_for_a_device_is_no_value(void **state)
{
	(void)state;
	world.answer = STATUS_ACCEPTED;
	assert_int_equal(ask(METHOD_PUT, "/valve", "1", NULL), STATUS_ACCEPTED);
	assert_int_equal(ask(METHOD_GET, "/valve", NULL, NULL), STATUS_NOT_FOUND);
	world.answer = STATUS_CHANGED;
	assert_int_equal(ask(METHOD_PUT, "/valve", "1", NULL), STATUS_CHANGED);
	assert_int_equal(ask(METHOD_GET, "/valve", NULL, NULL), STATUS_OK);
}

static void no_cache_asks_the_backend(void **state)
{
	(void)state;
	world.answer_media = SLICE("application/json");
	world.answer_body = SLICE("[42]");
	struct request *request = with_field(fresh(METHOD_GET, "/sensors/a", NULL, "secret-a"),
	        "cache-control", SLICE("max-age=0, No-Cache"));
	assert_int_equal(submit(request), STATUS_OK);
	assert_slice(world.home->out.body, "[42]");
	assert_int_equal(world.calls, 1);
	assert_int_equal(ask(METHOD_GET, "/sensors/a", NULL, "secret-a"), STATUS_OK);
	assert_slice(world.home->out.body, "[42]");
	assert_int_equal(world.calls, 1);
	/* Where there is none, there is nobody to ask. */
	assert_int_equal(ask(METHOD_PUT, "/own/a", "1", NULL), STATUS_CREATED);
	request = with_field(
	        fresh(METHOD_GET, "/own/a", NULL, NULL), "cache-control", SLICE("no-cache"));
	assert_int_equal(submit(request), STATUS_OK);
}

static void without_a_backend_the_gateway_is_the_service(void **state)
{
	(void)state;
	assert_int_equal(ask(METHOD_PUT, "/own/a", "1", NULL), STATUS_CREATED);
	assert_int_equal(ask(METHOD_PUT, "/own/a", "2", NULL), STATUS_CHANGED);
	assert_int_equal(ask(METHOD_PUT, "/own/a", "{", NULL), STATUS_MALFORMED);
	assert_int_equal(ask(METHOD_PUT, "/own/a", NULL, NULL), STATUS_INVALID);
	assert_int_equal(ask(METHOD_POST, "/own/a", "1", NULL), STATUS_METHOD_NOT_ALLOWED);
	assert_int_equal(ask(METHOD_GET, "/own/a", NULL, NULL), STATUS_OK);
	assert_slice(world.home->out.body, "2");
	assert_int_equal(ask(METHOD_DELETE, "/own/a", NULL, NULL), STATUS_DELETED);
	assert_int_equal(ask(METHOD_DELETE, "/own/a", NULL, NULL), STATUS_NOT_FOUND);
	assert_int_equal(world.calls, 0);

	/* What a binary frame or an envelope means is kept as JSON. */
	struct request *request = fresh(METHOD_PUT, "/own/a", NULL, NULL);
	struct value *value = value_map(&request->arena);
	assert_true(value_set(value, SLICE("n"), value_int(&request->arena, 1764057600123456789)));
	request->in.value = value;
	assert_int_equal(submit(request), STATUS_CREATED);
	assert_int_equal(ask(METHOD_GET, "/own/a", NULL, NULL), STATUS_OK);
	assert_slice(world.home->out.body, "{\"n\":1764057600123456789}");
}

static enum status conditional(enum method method, const char *name, slice value)
{
	struct request *request = fresh(method, "/own/a", method == METHOD_PUT ? "2" : NULL, NULL);
	return submit(with_field(request, name, value));
}

static void preconditions_are_respected(void **state)
{
	(void)state;
	slice any = SLICE("*"), other = SLICE("\"0000000000000001\"");
	assert_int_equal(conditional(METHOD_PUT, "if-match", any), STATUS_CONFLICT);
	assert_int_equal(conditional(METHOD_PUT, "if-none-match", any), STATUS_CREATED);
	assert_int_equal(conditional(METHOD_PUT, "if-none-match", any), STATUS_CONFLICT);
	ask(METHOD_GET, "/own/a", NULL, NULL);
	char text[80];
	(void)snprintf(text, sizeof text, "\"x\" , W/%.*s",
	        SLICE_ARG(message_field(&world.home->out, "etag")));
	slice mine = slice_of(text);
	assert_int_equal(conditional(METHOD_GET, "if-none-match", mine), STATUS_NOT_MODIFIED);
	assert_int_equal(world.home->out.body.n, 0);
	assert_int_equal(message_field(&world.home->out, "etag").n, 18);
	assert_int_equal(conditional(METHOD_GET, "if-none-match", other), STATUS_OK);
	assert_int_equal(conditional(METHOD_PUT, "if-match", other), STATUS_CONFLICT);
	assert_int_equal(conditional(METHOD_PUT, "if-match", mine), STATUS_CHANGED);
	assert_int_equal(conditional(METHOD_DELETE, "if-match", mine), STATUS_CONFLICT);
	assert_int_equal(conditional(METHOD_DELETE, "if-match", any), STATUS_DELETED);
}

static void values_are_bounded(void **state)
{
	(void)state;
	char path[16], body[1024];
	for (unsigned i = 0; i < 20; i++) {
		(void)snprintf(path, sizeof path, "/own/%u", i);
		ask(METHOD_PUT, path, "1", NULL);
		assert_int_equal(ask(METHOD_GET, "/own/0", NULL, NULL), STATUS_OK);
	}
	/* The one that is asked for stays, and the latest four. */
	assert_int_equal(ask(METHOD_GET, "/own/15", NULL, NULL), STATUS_NOT_FOUND);
	assert_int_equal(ask(METHOD_GET, "/own/16", NULL, NULL), STATUS_OK);

	memset(body, ' ', sizeof body);
	body[0] = '1';
	body[sizeof body - 1] = '\0';
	for (unsigned i = 0; i < 20; i++) {
		(void)snprintf(path, sizeof path, "/own/%u", i);
		assert_true(status_is_success(ask(METHOD_PUT, path, body, NULL)));
	}
	assert_int_equal(ask(METHOD_GET, "/own/19", NULL, NULL), STATUS_OK);
}

static void what_a_backend_hears_is_kept(void **state)
{
	(void)state;
	const struct configuration *before = core_configuration(world.core);
	const struct endpoint *endpoint = NULL;
	for (unsigned i = 0; i < before->nendpoints; i++) {
		if (before->endpoints[i].endpoint.observe)
			endpoint = &before->endpoints[i].endpoint;
	}
	assert_non_null(endpoint);
	struct backend *backend = before->backends[0].backend;
	struct message heard = { .media = SLICE("application/json"), .body = SLICE("7") };
	backend_observed(backend, endpoint, STATUS_OK, &heard);
	assert_non_null(follow(METHOD_GET, "/seen", NULL, "x"));
	assert_slice(world.home->out.body, "7");
	heard.body = SLICE("8");
	backend_observed(backend, endpoint, STATUS_OK, &heard);
	hand_loop_turn();
	assert_string_equal(last_told()->body, "8");
	backend_observed(backend, endpoint, STATUS_UNAVAILABLE, NULL);
	assert_int_equal(ask(METHOD_GET, "/seen", NULL, NULL), STATUS_OK);

	/* A request keeps the old configuration in being; its backends are not listened to any more. */
	world.answer = STATUS_NONE;
	(void)ask(METHOD_GET, "/plain", NULL, NULL);
	core_reload(world.core);
	heard.body = SLICE("9");
	backend_observed(backend, endpoint, STATUS_OK, &heard);
	exchange_done(world.open, STATUS_OK);
	hand_loop_turn();
	(void)ask(METHOD_GET, "/seen", NULL, NULL);
	assert_slice(world.home->out.body, "8");
}

/* ---- On disk. */

static int setup_with_store(void **state)
{
	(void)setup(state);
	core_destroy(world.core);
	hand_loop_reset();
	world_start(hand_store());
	return 0;
}

static void restart(void)
{
	core_destroy(world.core);
	hand_loop_reset();
	world_start(hand_store());
}

static void an_acknowledged_value_is_on_disk(void **state)
{
	(void)state;
	assert_int_equal(ask(METHOD_PUT, "/own/a", "1", NULL), STATUS_NONE);
	assert_int_equal(ask(METHOD_GET, "/own/a", NULL, NULL), STATUS_NOT_FOUND);
	assert_int_equal(hand_store_commit(STATUS_OK), 1);
	assert_int_equal(world.homecomings, 1); /* of the GET: the rest is deferred */
	hand_loop_turn();
	assert_int_equal(world.homecomings, 2);
	assert_int_equal(world.home->status, STATUS_CREATED);
	assert_int_equal(ask(METHOD_GET, "/own/a", NULL, NULL), STATUS_OK);
	char etag[32];
	(void)snprintf(
	        etag, sizeof etag, "%.*s", SLICE_ARG(message_field(&world.home->out, "etag")));

	/* Also after a restart, under the same version. */
	restart();
	assert_int_equal(ask(METHOD_GET, "/own/a", NULL, NULL), STATUS_OK);
	assert_slice(message_field(&world.home->out, "etag"), etag);
	assert_slice(world.home->out.body, "1");
	assert_slice(world.home->out.media, "application/json");

	(void)ask(METHOD_DELETE, "/own/a", NULL, NULL);
	assert_int_equal(ask(METHOD_GET, "/own/a", NULL, NULL), STATUS_OK);
	hand_store_commit(STATUS_OK);
	hand_loop_turn();
	assert_int_equal(world.home->status, STATUS_DELETED);
	assert_int_equal(ask(METHOD_GET, "/own/a", NULL, NULL), STATUS_NOT_FOUND);
	assert_null(hand_store_find(STORE_LAST_VALUES, SLICE("/own/a")));
}

static void what_the_disk_refuses_has_not_happened(void **state)
{
	(void)state;
	static const enum status failures[] = { STATUS_STORE_FULL, STATUS_INTERNAL };
	for (unsigned i = 0; i < 2; i++) {
		(void)ask(METHOD_PUT, "/own/a", "1", NULL);
		hand_store_commit(failures[i]);
		hand_loop_turn();
		assert_int_equal(world.home->status, failures[i]);
		assert_true(world.home->why.n);
		assert_int_equal(ask(METHOD_GET, "/own/a", NULL, NULL), STATUS_NOT_FOUND);
	}
	hand_store_refuse(true);
	assert_int_equal(ask(METHOD_PUT, "/own/a", "1", NULL), STATUS_UNAVAILABLE);
	assert_int_equal(world.home->retry_after_ms, 1000);
	/* What a backend has taken is the last value all the same. */
	assert_int_equal(ask(METHOD_POST, "/sensors/a", "1", "secret-a"), STATUS_OK);
	assert_int_equal(ask(METHOD_GET, "/sensors/a", NULL, "secret-a"), STATUS_OK);
}

static void what_a_backend_has_taken_is_saved_later(void **state)
{
	(void)state;
	assert_int_equal(ask(METHOD_POST, "/sensors/a", "1", "secret-a"), STATUS_OK);
	assert_int_equal(hand_store_commit(STATUS_OK), 1);
	const struct store_record *record = hand_store_find(STORE_LAST_VALUES, SLICE("/sensors/a"));
	assert_slice(record->owner, "a");
	assert_slice(record->media, "application/json");
	world.answer = STATUS_DELETED;
	ask(METHOD_DELETE, "/sensors/a", NULL, "secret-a");
	hand_store_commit(STATUS_OK);
	assert_null(hand_store_find(STORE_LAST_VALUES, SLICE("/sensors/a")));
}

static void what_gives_way_leaves_the_disk_as_well(void **state)
{
	(void)state;
	char path[16];
	for (unsigned i = 0; i < 10; i++) {
		(void)snprintf(path, sizeof path, "/own/%u", i);
		(void)ask(METHOD_PUT, path, "1", NULL);
		hand_store_commit(STATUS_OK);
		hand_loop_turn();
	}
	hand_store_commit(STATUS_OK);
	restart();
	for (unsigned i = 0; i < 10; i++) {
		(void)snprintf(path, sizeof path, "/own/%u", i);
		assert_int_equal(
		        ask(METHOD_GET, path, NULL, NULL), i < 5 ? STATUS_NOT_FOUND : STATUS_OK);
	}
}

/* A value of /seen. */
static void observe_once(const struct message *heard)
{
	const struct configuration *now = core_configuration(world.core);
	for (unsigned i = 0; i < now->nendpoints; i++) {
		if (now->endpoints[i].endpoint.observe)
			backend_observed(now->backends[0].backend, &now->endpoints[i].endpoint,
			        STATUS_OK, heard);
	}
}

/* One that waits for the disk is published after one that does not; a follower hears both. */
static void a_follower_misses_nothing_that_was_slow(void **state)
{
	(void)state;
	(void)follow(METHOD_SUBSCRIBE, "/#", NULL, "x");
	struct message heard = { .body = SLICE("1") };
	observe_once(&heard);
	hand_loop_turn();
	assert_int_equal(world.ntold, 1);
	hand_store_commit(STATUS_OK);
	(void)ask(METHOD_PUT, "/own/a", "2", NULL);
	uint64_t before = last_told()->version;
	observe_once(&heard);
	hand_loop_turn();
	hand_store_commit(STATUS_OK);
	hand_loop_turn();
	assert_int_equal(world.ntold, 3);
	assert_string_equal(world.told[1].path, "/seen");
	assert_string_equal(world.told[2].path, "/own/a");
	assert_true(world.told[1].version > before);
	assert_true(world.told[2].version > world.told[1].version);
	/* And the disk has the version that was told. */
	hand_store_commit(STATUS_OK);
	uint64_t version = world.told[2].version;
	restart();
	(void)ask(METHOD_GET, "/own/a", NULL, NULL);
	char etag[24];
	(void)snprintf(etag, sizeof etag, "\"%016llx\"", (unsigned long long)version);
	assert_slice(message_field(&world.home->out, "etag"), etag);
}

/* The clock was ahead when a value was kept: versions still grow, and the time is what the clock says. */
static void a_clock_that_is_set_back_is_believed(void **state)
{
	(void)state;
	const char head[8] = { 0x7f, 0, 0, 0, 0, 0, 0, 1 };
	const struct store_record future = { .key = SLICE("/own/a"),
		.time_ns = INT64_MAX / 2,
		.media = SLICE("application/json"),
		.head = { head, sizeof head },
		.body = SLICE("1") };
	assert_true(store_put(hand_store(), STORE_LAST_VALUES, &future, NULL));
	hand_store_commit(STATUS_OK);
	restart();
	assert_int_equal(ask(METHOD_GET, "/own/a", NULL, NULL), STATUS_OK);
	assert_slice(message_field(&world.home->out, "etag"), "\"7f00000000000001\"");
	(void)ask(METHOD_PUT, "/own/a", "2", NULL);
	hand_store_commit(STATUS_OK);
	hand_loop_turn();
	assert_int_equal(ask(METHOD_GET, "/own/a", NULL, NULL), STATUS_OK);
	assert_slice(message_field(&world.home->out, "etag"), "\"7f00000000000002\"");
	assert_true(hand_store_find(STORE_LAST_VALUES, SLICE("/own/a"))->time_ns < INT64_MAX / 2);
}

/* What waited to be written was replaced by what the disk did not take: it is written again. */
static void a_failed_change_leaves_the_disk_as_memory_is(void **state)
{
	(void)state;
	(void)ask(METHOD_PUT, "/own/a", "1", NULL);
	hand_store_commit(STATUS_OK);
	hand_loop_turn();
	(void)ask(METHOD_PUT, "/own/a", "2", NULL);
	hand_store_commit(STATUS_STORE_FULL);
	hand_loop_turn();
	assert_int_equal(hand_store_commit(STATUS_OK), 1);
	assert_slice(hand_store_find(STORE_LAST_VALUES, SLICE("/own/a"))->body, "1");
}

static void wherever_memory_ends_there_is_an_answer(void **state)
{
	(void)state;
	unsigned succeeded = 0, refused = 0;
	for (unsigned i = 0; i < 3; i++) {
		static const enum method methods[] = { METHOD_PUT, METHOD_GET, METHOD_DELETE };
		for (size_t n = 0; n < 2048; n += 16) {
			(void)ask(METHOD_PUT, "/own/a", "{\"a\":1}", NULL);
			hand_store_commit(STATUS_OK);
			hand_loop_turn();
			unsigned before = world.homecomings;
			struct request *request = fresh(methods[i], "/own/a",
			        methods[i] == METHOD_PUT ? "{\"a\":2}" : NULL, NULL);
			request->accept = SLICE("application/cbor");
			request->follower = "x";
			arena_starve(&request->arena, n);
			(void)submit(request);
			unsigned changes = hand_store_commit(STATUS_OK);
			hand_loop_turn();
			assert_int_equal(world.homecomings, before + 1);
			assert_int_not_equal(world.home->status, STATUS_NONE);
			bool done = status_is_success(world.home->status);
			if (methods[i] != METHOD_GET)
				assert_int_equal(changes, done);
			succeeded += done;
			refused += !done;
			subscription_end(world.home->subscription);
			world.home->subscription = NULL;
		}
	}
	assert_true(succeeded > 50 && refused > 10);
}

static void of_two_at_a_time_one_wins(void **state)
{
	(void)state;
	struct request *first =
	        with_field(fresh(METHOD_PUT, "/own/a", "1", NULL), "if-none-match", SLICE("*"));
	struct request *second =
	        with_field(fresh(METHOD_PUT, "/own/a", "2", NULL), "if-none-match", SLICE("*"));
	assert_int_equal(submit(first), STATUS_NONE);
	assert_int_equal(submit(second), STATUS_CONFLICT);
	hand_store_commit(STATUS_OK);
	hand_loop_turn();
	assert_int_equal(world.home->status, STATUS_CREATED);
	/* Without a condition the later one stands. */
	(void)ask(METHOD_PUT, "/own/a", "3", NULL);
	(void)ask(METHOD_PUT, "/own/a", "4", NULL);
	hand_store_commit(STATUS_OK);
	hand_loop_turn();
	ask(METHOD_GET, "/own/a", NULL, NULL);
	assert_slice(world.home->out.body, "4");
}

static void a_state_folder_stays_where_it_is(void **state)
{
	(void)state;
	char moved[sizeof configuration];
	memcpy(moved, configuration, sizeof moved);
	memcpy(strstr(moved, "nowhere"), "another", 7);
	const struct configuration *before = core_configuration(world.core);
	write_configuration(moved);
	core_reload(world.core);
	assert_ptr_equal(core_configuration(world.core), before);
}

/* ---- Settings. */

static void mistakes_are_said(void **state)
{
	(void)state;
	static const struct {
		const char *endpoint, *says;
	} cases[] = {
		{ "methods: [GET], auth: [none]", "the key to is missing" },
		{ "methods: [GET, PATCH], auth: [none], keep: last, to: one", "PATCH" },
		{ "methods: [GET, OPTIONS], auth: [none], keep: last", "without a backend" },
		{ "methods: [GET], auth: [none], keep: last, call: { path: /x }", "to call" },
		{ "methods: [GET], auth: [none], keep: all", "not one of: last" },
		{ "methods: [GET], auth: [none], observe: true, to: one", "keep: last" },
		{ "methods: [GET], auth: [none], observe: true, keep: last, to: valve",
		        "can observe" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[1024];
		(void)snprintf(text, sizeof text, "%s%sendpoints: [{ name: x, path: /x, %s }]\n",
		        HEAD_OF_IT, BACKENDS, cases[i].endpoint);
		write_configuration(text);
		struct mistakes mistakes = { .arena = &world.arena };
		assert_null(configuration_load(hand_loop(), &plugs, world.path, &mistakes));
		if (mistakes.count != 1 || !strstr(mistakes.at[0].text.p, cases[i].says))
			fail_msg("case %zu: %u: %s", i, mistakes.count, mistakes.at[0].text.p);
	}
	write_configuration("listeners: [{ name: l, protocol: loopback, bind: x }]\nendpoints: [{ "
	                    "name: x, path: /x, methods: [GET], auth: [none], keep: last }]\n");
	struct mistakes mistakes = { .arena = &world.arena };
	assert_null(configuration_load(hand_loop(), &plugs, world.path, &mistakes));
	assert_non_null(strstr(mistakes.at[0].text.p, "gateway.state"));
}

#define STORED(name) cmocka_unit_test_setup_teardown(name, setup_with_store, world_close)
#define TEST(name)   cmocka_unit_test_setup_teardown(name, setup, world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_backend_has_taken_answers_get),
		TEST(what_a_backend_refused_is_not_kept),
		TEST(what_waits_for_a_device_is_no_value),
		TEST(no_cache_asks_the_backend),
		TEST(without_a_backend_the_gateway_is_the_service),
		TEST(preconditions_are_respected),
		TEST(values_are_bounded),
		TEST(what_a_backend_hears_is_kept),
		STORED(an_acknowledged_value_is_on_disk),
		STORED(what_the_disk_refuses_has_not_happened),
		STORED(what_a_backend_has_taken_is_saved_later),
		STORED(what_gives_way_leaves_the_disk_as_well),
		STORED(a_follower_misses_nothing_that_was_slow),
		STORED(a_clock_that_is_set_back_is_believed),
		STORED(a_failed_change_leaves_the_disk_as_memory_is),
		STORED(wherever_memory_ends_there_is_an_answer),
		STORED(of_two_at_a_time_one_wins),
		STORED(a_state_folder_stays_where_it_is),
		TEST(mistakes_are_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
