/* Sockets that outlive their listeners: which one a place finds, and what becomes of those that nobody wants. */
#include "support.h"

#include "tests/unit/listening_world.h"

/* Somebody waits in the queue of each place's socket while its listener changes. */
static void a_queue_outlives_its_listener(const struct listening_place *place)
{
	struct listening_use old;
	opens(place, &old);
	int client = connected(place);
	assert_true(client >= 0);
	assert_int_equal(listening_future(&old), LISTENING_CHANGES);
	ended(&old);
	struct listening_use new;
	opens(place, &new);
	int fd = accept(new.fd, NULL, NULL);
	assert_true(fd >= 0);
	assert_int_equal(send(client, "x", 1, 0), 1);
	char byte;
	assert_int_equal(recv(fd, &byte, 1, 0), 1);
	(void)close(fd);
	(void)close(client);
	struct listening_use second;
	assert_int_equal(listening_open(loop, place, &second), EADDRINUSE);
	ended(&new);
	listening_settle(set, NULL);
	assert_int_equal(connected(place), -1);
}

static void what_waits_outlives_the_listener(void **state)
{
	(void)state;
	begin();
	struct listening_place v4 = free_place(LISTENING_TCP, "127.0.0.1");
	struct listening_place v6 = free_place(LISTENING_TCP, "[::1]");
	struct listening_place local = place_of(LISTENING_LOCAL, path);
	a_queue_outlives_its_listener(&v4);
	a_queue_outlives_its_listener(&v6);
	a_queue_outlives_its_listener(&local);
	assert_int_equal(access(path, F_OK), -1); /* its file went with it */
}

static unsigned ntaken;

static void count_taken(struct listening_use *use)
{
	(void)use;
	ntaken++;
}

static void datagrams_wait_for_the_successor(void **state)
{
	(void)state;
	begin();
	struct listening_place place = free_place(LISTENING_UDP, "127.0.0.1");
	struct listening_use old = { .taken = count_taken }, new = { .taken = NULL };
	assert_int_equal(listening_open(loop, &place, &old), 0);
	int client = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(sendto(client, "x", 1, 0, (struct sockaddr *)&place.address,
	                         sizeof(struct sockaddr_in)),
	        1);
	assert_int_equal(listening_open(loop, &place, &new), EADDRINUSE);
	listening_leave(&old);
	ntaken = 0;
	assert_int_equal(listening_open(loop, &place, &new), 0);
	assert_int_equal(ntaken, 1);
	char byte;
	assert_int_equal(recv(new.fd, &byte, 1, 0), 1);
	ended(&old);
	ended(&new);
	(void)close(client);
}

static void places_are_told_apart(void **state)
{
	(void)state;
	begin();
	struct listening_place tcp = free_place(LISTENING_TCP, "127.0.0.1"), udp = tcp, other = tcp;
	void *at = &other.address;
	((struct sockaddr_in *)at)->sin_addr.s_addr = htonl(0x7f000002);
	udp.kind = LISTENING_UDP;
	struct listening_use a, b, c;
	opens(&tcp, &a);
	opens(&udp, &b);
	opens(&other, &c);
	ended(&a);
	ended(&b);
	ended(&c);
	/* Whatever port the system finds is found anew. */
	struct listening_place any = place_of(LISTENING_TCP, "127.0.0.1:0");
	struct listening_use one, two;
	opens(&any, &one);
	opens(&any, &two);
	ended(&one);
	ended(&two);
	listening_settle(set, &keeper);
	assert_int_equal(nkept, 0);
}

static void a_passing_one_goes_with_its_listener(void **state)
{
	(void)state;
	begin();
	struct listening_place place = place_of(LISTENING_LOCAL, path);
	place.passing = true;
	struct listening_use use;
	opens(&place, &use);
	assert_int_equal(listening_future(&use), LISTENING_LOST);
	listening_settle(set, &keeper);
	assert_int_equal(nkept, 0);
	ended(&use);
	assert_int_equal(connected(&place), -1);
	assert_int_equal(access(path, F_OK), -1);
}

static void the_manager_keeps_what_is_new_and_forgets_what_is_gone(void **state)
{
	(void)state;
	begin();
	struct listening_place place = free_place(LISTENING_TCP, "127.0.0.1");
	struct listening_use use;
	opens(&place, &use);
	deaf = true;
	listening_settle(set, &keeper);
	assert_int_equal(nkept, 0);
	deaf = false;
	listening_settle(set, &keeper);
	listening_settle(set, &keeper);
	assert_int_equal(nkept, 1);
	char name[128];
	(void)snprintf(name, sizeof name, "fairlead/tcp/%s", address_of(use.fd));
	*strchr(name, ':') = '_';
	assert_string_equal(kept[0], name);
	ended(&use);
	listening_settle(set, &keeper);
	assert_int_equal(ndropped, 1);
	assert_string_equal(dropped[0], name);
}

static void names_are_fit_for_a_manager(void **state)
{
	(void)state;
	begin();
	char odd[sizeof folder + 16];
	(void)snprintf(odd, sizeof odd, "%s/a:b_c d", folder);
	struct listening_place place = place_of(LISTENING_LOCAL, odd);
	struct listening_use use;
	opens(&place, &use);
	listening_settle(set, &keeper);
	assert_int_equal(nkept, 1);
	assert_null(strpbrk(kept[0], ": "));
	assert_non_null(strstr(kept[0], "/a_3ab_5fc_20d"));
	assert_true(strncmp(kept[0], "fairlead/unix/", 14) == 0);
	ended(&use);
	listening_settle(set, &keeper);
	assert_int_equal(access(odd, F_OK), -1);
}

static void at_the_end_the_future_depends_on_the_manager(void **state)
{
	(void)state;
	begin();
	struct listening_place place = free_place(LISTENING_TCP, "127.0.0.1");
	struct listening_place local = place_of(LISTENING_LOCAL, path);
	struct listening_use stored, also, lost;
	opens(&place, &stored);
	opens(&local, &also);
	listening_settle(set, &keeper);
	place = free_place(LISTENING_TCP, "127.0.0.1");
	opens(&place, &lost);
	listening_stop(set);
	assert_int_equal(listening_future(&stored), LISTENING_STORED);
	assert_int_equal(listening_future(&lost), LISTENING_LOST);
	ended(&stored);
	ended(&lost);
	ended(&also);
	/* Whoever the manager hands the socket to is reached by the file. */
	assert_int_equal(access(path, F_OK), 0);
}

/* systemd 254 and newer says how many it keeps; older ones say nothing. */
static void what_the_manager_says_of_its_store_counts(void **state)
{
	static const struct {
		const char *says;
		enum listening_future future;
	} cases[] = { { "16", LISTENING_KEPT }, { "0", LISTENING_STORED },
		{ "x", LISTENING_STORED } };
	(void)state;
	begin();
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct listening *before = set;
		struct listening_place place = free_place(LISTENING_TCP, "127.0.0.1");
		struct listening_use use;
		set = listening_create();
		listening_destroy(before);
		listening_serve(set, loop);
		(void)setenv("FDSTORE", cases[i].says, 1);
		listening_inherit(set);
		opens(&place, &use);
		listening_settle(set, &keeper);
		listening_stop(set);
		assert_int_equal(listening_future(&use), cases[i].future);
		ended(&use);
	}
}

/* The same port at another host. */
static struct listening_place beside(const struct listening_place *place, const char *host)
{
	char text[64];
	const void *at = &place->address;
	(void)snprintf(text, sizeof text, "%s:%u", host,
	        (unsigned)ntohs(((const struct sockaddr_in *)at)->sin_port));
	return place_of(place->kind, text);
}

/* As a listener of the configuration that goes from one address to the other, while a manager has a duplicate of its socket. */
static void goes_over(enum listening_kind kind, const char *from, const char *to)
{
	struct listening_place old = free_place(kind, from), new = beside(&old, to);
	struct listening_use use;
	nkept = ndropped = 0;
	opens(&old, &use);
	int managers = fcntl(use.fd, F_DUPFD_CLOEXEC, 0);
	listening_settle(set, &keeper);
	assert_int_equal(nkept, 1);
	ended(&use);
	opens(&new, &use);
	listening_settle(set, &keeper);
	assert_int_equal(ndropped, 1);
	assert_string_equal(dropped[0], kept[0]);
	assert_int_equal(nkept, 2);
	(void)close(managers);
	if (kind == LISTENING_TCP) {
		int client = connected(&new);
		assert_true(client >= 0);
		(void)close(client);
	}
	ended(&use);
	listening_settle(set, &keeper);
}

static void an_address_that_grows_or_shrinks_takes_its_port_along(void **state)
{
	(void)state;
	begin();
	for (int kind = LISTENING_TCP; kind <= LISTENING_UDP; kind++) {
		goes_over((enum listening_kind)kind, "127.0.0.1", "0.0.0.0");
		goes_over((enum listening_kind)kind, "0.0.0.0", "127.0.0.1");
		goes_over((enum listening_kind)kind, "[::1]", "[::]");
		goes_over((enum listening_kind)kind, "[::]", "[::1]");
	}
	goes_over(LISTENING_TCP, "127.0.0.1", "[::]");
	goes_over(LISTENING_TCP, "[::]", "127.0.0.1");
	assert_true(said("closed: another listener wants its port"));
}

static void what_is_in_use_gives_no_way(void **state)
{
	(void)state;
	begin();
	struct listening_place place = free_place(LISTENING_TCP, "127.0.0.1");
	struct listening_place wider = beside(&place, "0.0.0.0");
	struct listening_use use, second = { .taken = NULL };
	opens(&place, &use);
	assert_int_equal(listening_open(loop, &wider, &second), EADDRINUSE);
	int client = connected(&place);
	assert_true(client >= 0);
	(void)close(client);
	ended(&use);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(an_address_that_grows_or_shrinks_takes_its_port_along),
		CASE(what_is_in_use_gives_no_way),
		CASE(what_waits_outlives_the_listener),
		CASE(datagrams_wait_for_the_successor),
		CASE(places_are_told_apart),
		CASE(a_passing_one_goes_with_its_listener),
		CASE(the_manager_keeps_what_is_new_and_forgets_what_is_gone),
		CASE(names_are_fit_for_a_manager),
		CASE(at_the_end_the_future_depends_on_the_manager),
		CASE(what_the_manager_says_of_its_store_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
