/* Sockets that outlive their listeners: which one a place finds, what becomes of those that nobody wants, and all that a manager
 * may hand over and should not have. */
#include "support.h"

#include "loop/loop.h"
#include "net/listening.h"
#include "net/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { HIGH_FD = 100, NAMES = 8 };

static struct loop *loop;
static struct listening *set;
static char folder[] = "/tmp/fairlead-listening-XXXXXX";
static char path[sizeof folder + 16];
static int log_file, log_before;

/* The keeper: what it was given, by name, and what it was told to forget. */
static char kept[NAMES][256], dropped[NAMES][256];
static unsigned nkept, ndropped;
static bool deaf;

static bool keep(void *arg, int fd, const char *name)
{
	(void)arg;
	assert_true(fcntl(fd, F_GETFD) >= 0);
	if (deaf)
		return false;
	(void)snprintf(kept[nkept++], sizeof *kept, "%s", name);
	return true;
}

static void drop(void *arg, const char *name)
{
	(void)arg;
	(void)snprintf(dropped[ndropped++], sizeof *dropped, "%s", name);
}

static const struct listening_keeper keeper = { NULL, keep, drop };

static void clear_environment(void)
{
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDNAMES");
	(void)unsetenv("FDSTORE");
}

static int setup(void **state)
{
	(void)state;
	clear_environment();
	nkept = ndropped = 0;
	deaf = false;
	memset(folder + sizeof folder - 7, 'X', 6);
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/s.sock", folder);
	char log_path[] = "/tmp/fairlead-listening-log-XXXXXX";
	int made = mkstemp(log_path);
	log_file = fcntl(made, F_DUPFD_CLOEXEC, HIGH_FD);
	(void)close(made);
	(void)unlink(log_path);
	log_before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, HIGH_FD);
	(void)dup2(log_file, STDERR_FILENO);
	set = listening_create();
	assert_non_null(set);
	return 0;
}

/* Descriptors from 3 on are what the process is born with, so the loop comes after them. */
static void begin(void)
{
	loop = loop_create();
	assert_non_null(loop);
	listening_serve(set, loop);
}

static int teardown(void **state)
{
	(void)state;
	loop_destroy(loop);
	loop = NULL;
	listening_destroy(set);
	(void)dup2(log_before, STDERR_FILENO);
	(void)close(log_before);
	(void)close(log_file);
	(void)unlink(path);
	(void)rmdir(folder);
	return 0;
}

static bool said(const char *part)
{
	static char text[65536];
	ssize_t n = pread(log_file, text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	return strstr(text, part) != NULL;
}

static struct listening_place place_of(enum listening_kind kind, const char *address)
{
	struct listening_place place = { .kind = kind };
	if (kind == LISTENING_LOCAL) {
		place.path = address;
		place.mode = 0600;
	} else {
		assert_true(net_parse_address(slice_of(address), &place.address));
	}
	return place;
}

static void opens(const struct listening_place *place, struct listening_use *use)
{
	use->taken = NULL;
	assert_int_equal(listening_open(loop, place, use), 0);
	assert_true(use->fd >= 0);
}

static void ended(struct listening_use *use)
{
	int fd = use->fd;
	listening_end(use);
	assert_int_equal(close(fd), 0);
}

/* "127.0.0.1:PORT" of the socket. */
static const char *address_of(int fd)
{
	static char text[64];
	struct sockaddr_storage at;
	socklen_t n = sizeof at;
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	net_address_text((struct sockaddr *)&at, text, sizeof text);
	return text;
}

/* A free port: found by binding, and given back. */
static struct listening_place free_place(enum listening_kind kind, const char *host)
{
	char text[64];
	(void)snprintf(text, sizeof text, "%s:0", host);
	struct listening_place any = place_of(kind, text);
	int fd = socket(any.address.ss_family, kind == LISTENING_UDP ? SOCK_DGRAM : SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&any.address,
	                         any.address.ss_family == AF_INET ? sizeof(struct sockaddr_in)
	                                                          : sizeof(struct sockaddr_in6)),
	        0);
	struct listening_place place = place_of(kind, address_of(fd));
	(void)close(fd);
	return place;
}

static int connected(const struct listening_place *place)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	bool is_local = place->kind == LISTENING_LOCAL;
	int fd = socket(
	        is_local ? AF_UNIX : place->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (is_local)
		(void)snprintf(local.sun_path, sizeof local.sun_path, "%s", place->path);
	const struct sockaddr *to =
	        is_local ? (struct sockaddr *)&local : (const struct sockaddr *)&place->address;
	socklen_t n = is_local                   ? sizeof local
	              : to->sa_family == AF_INET ? sizeof(struct sockaddr_in)
	                                         : sizeof(struct sockaddr_in6);
	if (connect(fd, to, n) == 0)
		return fd;
	int why = errno;
	(void)close(fd);
	errno = why;
	return -1;
}

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

/* ---- What a process is born with. */

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
		CASE(what_is_handed_over_is_used),
		CASE(only_our_own_are_removed_from_the_store),
		CASE(a_path_that_leads_elsewhere_is_made_anew),
		CASE(wrong_numbers_are_said),
		CASE(wrong_descriptors_are_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
