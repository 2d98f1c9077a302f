/* Turns by address. */
#include "support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "net/crowd.h"
#include "net/stream.h"

static struct crowd crowd;
static struct crowd_member members[12];

static void come(unsigned i, const char *address)
{
	struct sockaddr_storage from;
	char text[64];
	(void)snprintf(text, sizeof text, "%s:%u", address, 1000 + i);
	assert_true(net_parse_address(slice_of(text), &from));
	members[i] = (struct crowd_member){ .address = NULL };
	assert_true(crowd_join(&crowd, &members[i], (struct sockaddr *)&from));
	crowd_wait(&crowd, &members[i]);
}

static int begin(void **state)
{
	(void)state;
	crowd_init(&crowd);
	return 0;
}

static int end(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 12; i++)
		crowd_leave(&crowd, &members[i]);
	assert_int_equal(crowd.members, 0);
	assert_null(crowd.addresses);
	return 0;
}

static void next_is(int i)
{
	struct crowd_member *next = crowd_next(&crowd);
	assert_int_equal(next ? next - members : -1, i);
}

static void addresses_take_turns(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++)
		come(i, "192.0.2.1");
	come(6, "192.0.2.2");
	come(7, "192.0.2.3");
	come(8, "192.0.2.2");
	static const int order[] = { 0, 6, 7, 1, 8, 2, 3, 4, 5, -1 };
	for (unsigned i = 0; i < sizeof order / sizeof *order; i++)
		next_is(order[i]);
	assert_int_equal(crowd_share(&members[0]), 6);
	assert_int_equal(crowd_most(&crowd), 6);
}

static void who_comes_later_waits_for_nobody_s_whole_line(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		come(i, "192.0.2.1");
	next_is(0);
	next_is(1);
	come(4, "192.0.2.2");
	next_is(2);
	next_is(4);
	crowd_wait(&crowd, &members[4]);
	next_is(3);
	next_is(4);
	next_is(-1);
}

static void who_leaves_is_not_taken(void **state)
{
	(void)state;
	come(0, "192.0.2.1");
	come(1, "192.0.2.1");
	come(2, "192.0.2.2");
	crowd_leave(&crowd, &members[0]);
	crowd_leave(&crowd, &members[2]);
	crowd_leave(&crowd, &members[2]);
	assert_int_equal(crowd_share(&members[1]), 1);
	assert_true(crowd_waits(&members[1]));
	next_is(1);
	assert_false(crowd_waits(&members[1]));
	next_is(-1);
}

static void a_network_of_ipv6_is_one_address(void **state)
{
	(void)state;
	come(0, "[2001:db8:0:1::1]");
	come(1, "[2001:db8:0:1:ffff::2]");
	come(2, "[2001:db8:0:2::1]");
	come(3, "[::ffff:192.0.2.1]");
	come(4, "192.0.2.1");
	assert_int_equal(crowd_share(&members[0]), 2);
	assert_int_equal(crowd_share(&members[2]), 1);
	assert_int_equal(crowd_share(&members[3]), 2);
}

static void the_last_of_the_most_gives_way(void **state)
{
	(void)state;
	come(0, "192.0.2.2");
	for (unsigned i = 1; i < 5; i++)
		come(i, "192.0.2.1");
	assert_ptr_equal(crowd_last_of_most(&crowd), &members[4]);
	crowd_leave(&crowd, &members[4]);
	assert_ptr_equal(crowd_last_of_most(&crowd), &members[3]);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(addresses_take_turns),
		CASE(who_comes_later_waits_for_nobody_s_whole_line),
		CASE(who_leaves_is_not_taken),
		CASE(a_network_of_ipv6_is_one_address),
		CASE(the_last_of_the_most_gives_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
