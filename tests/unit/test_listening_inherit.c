/* Sockets that a process is born with, and all that a manager may hand over and should not have. */
#include "support.h"

#include "tests/unit/listening_world.h"

static void put_fd(int at, int fd)
{
	assert_true(fd >= 0);
	if (fd == at)
		return;
	assert_int_equal(dup2(fd, at), at);
	(void)close(fd);
}

static int bound(const struct listening_place *place, bool listens)
{
	int low = socket(place->address.ss_family,
	        place->kind == LISTENING_UDP ? SOCK_DGRAM : SOCK_STREAM, 0);
	int fd = fcntl(low, F_DUPFD, HIGH_FD + 10);
	(void)close(low);
	assert_int_equal(bind(fd, (const struct sockaddr *)&place->address,
	                         place->address.ss_family == AF_INET ? sizeof(struct sockaddr_in)
	                                                             : sizeof(struct sockaddr_in6)),
	        0);
	if (listens)
		assert_int_equal(listen(fd, 5), 0);
	return fd;
}

static void hand_over(const char *pid, const char *count, const char *names)
{
	char own[16];
	(void)snprintf(own, sizeof own, "%d", (int)getpid());
	(void)setenv("LISTEN_PID", pid ? pid : own, 1);
	(void)setenv("LISTEN_FDS", count, 1);
	if (names)
		(void)setenv("LISTEN_FDNAMES", names, 1);
	listening_inherit(set);
	assert_null(getenv("LISTEN_PID"));
	assert_null(getenv("LISTEN_FDS"));
	assert_null(getenv("LISTEN_FDNAMES"));
}

static void what_is_handed_over_is_used(void **state)
{
	(void)state;
	struct listening_place tcp = free_place(LISTENING_TCP, "127.0.0.1");
	struct listening_place udp = free_place(LISTENING_UDP, "127.0.0.1");
	struct listening_place unwanted = free_place(LISTENING_TCP, "127.0.0.1");
	int a = bound(&tcp, true), b = bound(&udp, false), c = bound(&unwanted, true);
	put_fd(3, a);
	put_fd(4, b);
	put_fd(5, c);
	hand_over(NULL, "3", "web.socket:fairlead/udp/x:third");
	int client = connected(&tcp);
	assert_true(client >= 0);
	begin();
	struct listening_use one, two;
	opens(&tcp, &one);
	opens(&udp, &two);
	int fd = accept(one.fd, NULL, NULL);
	assert_true(fd >= 0);
	(void)close(fd);
	(void)close(client);
	assert_true(fcntl(one.fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(one.fd, F_GETFD) & FD_CLOEXEC);
	listening_settle(set, &keeper);
	assert_true(said("no listener of the configuration wants"));
	assert_int_equal(connected(&unwanted), -1);
	assert_int_equal(nkept, 0); /* the manager has them */
	listening_stop(set);
	assert_int_equal(listening_future(&one), LISTENING_KEPT);
	assert_int_equal(listening_future(&two), LISTENING_KEPT);
	ended(&one);
	ended(&two);
}

/* A .socket unit's is the unit's; one that was stored by us is forgotten when its listener goes. */
static void only_our_own_are_removed_from_the_store(void **state)
{
	(void)state;
	struct listening_place tcp = free_place(LISTENING_TCP, "127.0.0.1");
	struct listening_place other = free_place(LISTENING_TCP, "127.0.0.1");
	int a = bound(&tcp, true), b = bound(&other, true);
	put_fd(3, a);
	put_fd(4, b);
	hand_over(NULL, "2", "fairlead/tcp/x:fairlead.socket");
	begin();
	struct listening_use one, two;
	opens(&tcp, &one);
	opens(&other, &two);
	listening_settle(set, &keeper);
	ended(&one);
	listening_settle(set, &keeper);
	assert_int_equal(ndropped, 1);
	assert_false(said("no listener of the configuration wants"));
	ended(&two);
	listening_settle(set, &keeper);
	assert_int_equal(ndropped, 1);
	assert_true(said("no listener of the configuration wants"));
}

static void one_of_our_own_that_is_dead_is_forgotten(void **state)
{
	(void)state;
	struct listening_place dead = free_place(LISTENING_TCP, "127.0.0.1");
	struct listening_place good = free_place(LISTENING_TCP, "127.0.0.1");
	struct listening_place foreign = free_place(LISTENING_TCP, "127.0.0.1");
	char names[200], own[80], text[64];
	net_address_text((struct sockaddr *)&good.address, text, sizeof text);
	(void)snprintf(own, sizeof own, "fairlead/tcp/127.0.0.1_%s", strrchr(text, ':') + 1);
	(void)snprintf(names, sizeof names, "fairlead/tcp/dead:%s:%s:web.socket", own, own);
	int a = bound(&dead, false), b = bound(&good, true), c = bound(&foreign, false);
	put_fd(3, a);
	put_fd(4, b);
	assert_int_equal(dup2(4, 5), 5);
	put_fd(6, c);
	hand_over(NULL, "4", names);
	begin();
	/* As where the start fails; the second one of a name takes the first along, which is given anew. */
	listening_forget(set, &keeper);
	assert_int_equal(ndropped, 2);
	assert_string_equal(dropped[0], "fairlead/tcp/dead");
	assert_string_equal(dropped[1], own);
	assert_int_equal(nkept, 1);
	assert_string_equal(kept[0], own);
	struct listening_use use;
	opens(&good, &use);
	listening_settle(set, &keeper);
	assert_int_equal(ndropped, 2);
	assert_int_equal(nkept, 1);
	ended(&use);
}

static void a_path_that_leads_elsewhere_is_made_anew(void **state)
{
	(void)state;
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	(void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 5), 0);
	put_fd(3, fd);
	(void)unlink(path);
	hand_over(NULL, "1", "fairlead/unix/x");
	begin();
	struct listening_place place = place_of(LISTENING_LOCAL, path);
	struct listening_use use;
	opens(&place, &use);
	int client = connected(&place);
	assert_true(client >= 0);
	assert_true(said("made anew"));
	listening_settle(set, &keeper);
	assert_int_equal(ndropped, 1);
	assert_int_equal(nkept, 1);
	assert_string_equal(dropped[0], kept[0]);
	(void)close(client);
	ended(&use);
}

static void wrong_numbers_are_said(void **state)
{
	(void)state;
	static const char *const counts[] = { "", "-1", "1025", "3x", "0x3", "99999999999999999999",
		" 1" };
	for (unsigned i = 0; i < sizeof counts / sizeof *counts; i++)
		hand_over(NULL, counts[i], NULL);
	assert_true(said("it is not a number up to 1024"));
	hand_over("", "1", NULL);
	hand_over("me", "1", NULL);
	assert_true(said("LISTEN_PID is not a process's number"));
	hand_over("1", "1", NULL);
	assert_true(said("for process 1, which is another one"));
	assert_false(said("is not used"));
	begin();
}

static void wrong_descriptors_are_said(void **state)
{
	(void)state;
	int pair[2];
	struct listening_place silent = free_place(LISTENING_TCP, "127.0.0.1");
	struct listening_place twice = free_place(LISTENING_TCP, "127.0.0.1");
	struct listening_place both = free_place(LISTENING_UDP, "[::]");
	int a = bound(&silent, false), b = bound(&twice, true), c = bound(&both, false);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	int connection = fcntl(pair[0], F_DUPFD, HIGH_FD + 20);
	(void)close(pair[0]);
	(void)close(pair[1]);
	put_fd(3, open("/dev/null", O_RDONLY));
	(void)close(4);
	put_fd(5, a);
	put_fd(6, connection);
	put_fd(7, b);
	assert_int_equal(dup2(7, 8), 8);
	put_fd(9, c);
	put_fd(10, socket(AF_INET, SOCK_DGRAM, 0));
	put_fd(11, socket(AF_UNIX, SOCK_DGRAM, 0));
	hand_over(NULL, "9", "one:two\nforged:three");
	assert_true(said("descriptor 3 (one) is not used: it is no socket"));
	assert_true(said("descriptor 4 (two?forged) is not used: it is not open"));
	assert_true(said("descriptor 5 (three) is not used: it does not listen"));
	assert_true(said("descriptor 6 (unnamed) is not used: it is a connection"));
	assert_false(said("descriptor 7 "));
	assert_true(said("descriptor 8 (unnamed) is not used: another one is bound"));
	assert_true(said("descriptor 9 (unnamed) is not used: it takes IPv4 as well"));
	assert_true(said("descriptor 10 (unnamed) is not used: it is not bound to a port"));
	assert_true(said("descriptor 11 (unnamed) is not used: it is neither TCP nor UDP"));
	for (int fd = 3; fd < 12; fd++)
		assert_int_equal(fcntl(fd, F_GETFD) >= 0, fd == 7);
	begin();
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(what_is_handed_over_is_used),
		CASE(only_our_own_are_removed_from_the_store),
		CASE(one_of_our_own_that_is_dead_is_forgotten),
		CASE(a_path_that_leads_elsewhere_is_made_anew),
		CASE(wrong_numbers_are_said),
		CASE(wrong_descriptors_are_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
