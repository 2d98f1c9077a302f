/* Events of which a peer can cause any number: how many lines become of them. */
#include "support.h"

#include <stdio.h>

#include "audit/flood.h"
#include "audit/seen.h"

enum { SECOND = 1000, MINUTE = 60000, FLOOD_MAX = 512 };
#define SOME_TIME 1764057600123456789

static struct note seen_notes[2000];
static char seen_peers[2000][FLOOD_PEER_BYTES], seen_who[2000][64];
static unsigned nseen;
static struct flood *flood;
static struct flood_time now;

static void keep_note(void *arg, const struct note *note)
{
	(void)arg;
	assert_true(nseen < 2000);
	(void)snprintf(seen_peers[nseen], FLOOD_PEER_BYTES, "%.*s", SLICE_ARG(note->event.peer));
	(void)snprintf(seen_who[nseen], 64, "%.*s", SLICE_ARG(note->event.who));
	seen_notes[nseen++] = *note;
}

static int setup_flood(void **state)
{
	(void)state;
	now = (struct flood_time){ 5 * MINUTE, SOME_TIME, MINUTE };
	nseen = 0;
	flood = flood_create(FLOOD_MAX, keep_note, NULL);
	return flood ? 0 : -1;
}

static int teardown_flood(void **state)
{
	(void)state;
	flood_destroy(flood);
	return 0;
}

static void pass(uint64_t ms)
{
	now.now_ms += ms;
	now.wall_ns += ms * 1000000;
}

static void refuse(const char *peer, const char *who, const char *listener)
{
	const struct audit_event event = { .kind = AUDIT_REFUSAL,
		.action = "refused",
		.who = slice_of(who),
		.peer = slice_of(peer),
		.protocol = "http",
		.listener = listener,
		.status = STATUS_UNAUTHENTICATED };
	flood_take(flood, &event, now);
}

static void a_flood_is_two_lines_a_window(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		char peer[64];
		(void)snprintf(peer, sizeof peer, "10.0.0.9:%u", 1024 + i);
		refuse(peer, i == 999 ? "captain" : "engine-7", "web");
		pass(10);
	}
	assert_int_equal(nseen, 1);
	assert_int_equal(seen_notes[0].count, 0);
	assert_string_equal(seen_peers[0], "10.0.0.9:1024");
	assert_int_equal(flood_pass(flood, now), 6 * MINUTE);
	pass(50 * SECOND);
	(void)flood_pass(flood, now);
	assert_int_equal(nseen, 2);
	assert_int_equal(seen_notes[1].count, 999);
	assert_int_equal(seen_notes[1].since_ns, SOME_TIME + 10000000);
	assert_string_equal(seen_peers[1], "10.0.0.9");
	assert_string_equal(seen_who[1], "captain");
	/* It goes on: one line a window. Then it is quiet, and forgotten. */
	refuse("10.0.0.9:1", "captain", "web");
	pass(MINUTE);
	(void)flood_pass(flood, now);
	assert_int_equal(nseen, 3);
	assert_int_equal(seen_notes[2].count, 1);
	pass(MINUTE);
	assert_int_equal(flood_pass(flood, now), 0);
	assert_int_equal(flood_count(flood), 0);
	refuse("10.0.0.9:2", "captain", "web");
	assert_int_equal(nseen, 4);
	assert_int_equal(seen_notes[3].count, 0);
}

static void addresses_and_listeners_are_told_apart(void **state)
{
	(void)state;
	refuse("10.0.0.9:1", "", "web");
	refuse("10.0.0.8:1", "", "web");
	refuse("10.0.0.9:1", "", "field");
	assert_int_equal(nseen, 3);
	/* An IPv6 network is one peer: who has one address of it has all. */
	refuse("[2001:db8:1:2::7]:1", "", "web");
	refuse("[2001:db8:1:2:ffff::8]:2", "", "web");
	assert_int_equal(nseen, 4);
	refuse("[2001:db8:1:3::8]:2", "", "web");
	assert_int_equal(nseen, 5);
	refuse("[::ffff:10.0.0.9]:5", "", "web");
	assert_int_equal(nseen, 5);
	flood_flush(flood, now.wall_ns);
	assert_int_equal(nseen, 7);
	assert_string_equal(seen_peers[5], "10.0.0.9");
	assert_string_equal(seen_peers[6], "2001:db8:1:2::/64");
	/* And once only. */
	flood_flush(flood, now.wall_ns);
	assert_int_equal(nseen, 7);
}

static void who_was_recognised_is_told_apart(void **state)
{
	(void)state;
	static const char *const who[] = { "engine-7", "engine-8", "engine-7" };
	for (unsigned i = 0; i < 3; i++) {
		const struct audit_event event = { .kind = AUDIT_REFUSAL,
			.action = "refused",
			.who = slice_of(who[i]),
			.peer = SLICE("10.0.0.9:1"),
			.status = STATUS_FORBIDDEN };
		flood_take(flood, &event, now);
	}
	assert_int_equal(nseen, 2);
	flood_flush(flood, now.wall_ns);
	assert_int_equal(nseen, 3);
	assert_string_equal(seen_who[2], "engine-7");
}

static void more_peers_than_are_told_apart_are_counted(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FLOOD_MAX + 300; i++) {
		char peer[64];
		(void)snprintf(peer, sizeof peer, "10.0.%u.%u:80", i / 256, i % 256);
		refuse(peer, "", "web");
	}
	assert_int_equal(nseen, FLOOD_MAX);
	assert_int_equal(flood_count(flood), FLOOD_MAX);
	pass(MINUTE);
	(void)flood_pass(flood, now);
	assert_int_equal(nseen, FLOOD_MAX + 1);
	assert_int_equal(seen_notes[FLOOD_MAX].count, 300);
	assert_string_equal(seen_peers[FLOOD_MAX], "");
	assert_int_equal(flood_count(flood), 0);
}

static void who_was_there_lately_is_no_news(void **state)
{
	(void)state;
	struct seen *seen = seen_create();
	slice client = SLICE("engine-7");
	uint64_t at = 1000;
	assert_non_null(seen);
	assert_int_equal(seen_look(seen, client, "http", "10.0.0.5", at, MINUTE), SEEN_NOT);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(
		        seen_look(seen, client, "http", "10.0.0.5", at += MINUTE - 1, MINUTE),
		        SEEN_LATELY);
	assert_int_equal(seen_look(seen, client, "coap", "10.0.0.5", at, MINUTE), SEEN_NOT);
	assert_int_equal(seen_look(seen, client, "http", "10.0.0.6", at, MINUTE), SEEN_NOT);
	assert_int_equal(
	        seen_look(seen, SLICE("engine-8"), "http", "10.0.0.5", at, MINUTE), SEEN_NOT);
	assert_int_equal(
	        seen_look(seen, client, "http", "10.0.0.5", at + MINUTE, MINUTE), SEEN_NOT);
	seen_destroy(seen);
}

static void more_callers_than_there_is_room_for_are_known_as_such(void **state)
{
	(void)state;
	struct seen *seen = seen_create();
	unsigned crowded = 0;
	assert_non_null(seen);
	for (unsigned i = 0; i < 4 * SEEN_MAX; i++) {
		char client[32];
		int n = snprintf(client, sizeof client, "device-%u", i);
		enum seen_answer answer =
		        seen_look(seen, (slice){ client, (size_t)n }, "http", "", 1000, MINUTE);
		assert_int_not_equal(answer, SEEN_LATELY);
		crowded += answer == SEEN_CROWDED;
	}
	/* At most as many have a line of their own as there are places. */
	assert_in_range(crowded, 3 * SEEN_MAX, 4 * SEEN_MAX);
	seen_destroy(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_FLOOD(test) cmocka_unit_test_setup_teardown(test, setup_flood, teardown_flood)
		WITH_FLOOD(a_flood_is_two_lines_a_window),
		WITH_FLOOD(addresses_and_listeners_are_told_apart),
		WITH_FLOOD(who_was_recognised_is_told_apart),
		WITH_FLOOD(more_peers_than_are_told_apart_are_counted),
		cmocka_unit_test(who_was_there_lately_is_no_news),
		cmocka_unit_test(more_callers_than_there_is_room_for_are_known_as_such),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
