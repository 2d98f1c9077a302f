#include "support.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/loop.h"
#include "net/datagram.h"

enum { DATAGRAM_BYTES = 64, PEERS = 40 };

static struct loop *loop;
static struct datagram_socket *socket_under_test;
static unsigned nreceived, ncut, wanted;
static size_t nbytes;
static char error_text[160];

static void echo(void *owner, const struct datagram_peer *peer, slice bytes, bool cut)
{
	(void)owner;
	nreceived++;
	ncut += cut;
	nbytes += bytes.n;
	datagram_send(socket_under_test, peer, bytes);
	if (nreceived == wanted)
		loop_stop(loop);
}

static const struct datagram_events events = { echo, NULL };

static struct datagram_socket *listen_on(const char *address)
{
	return datagram_open(loop, slice_of(address), DATAGRAM_BYTES, &events, NULL, error_text,
	        sizeof error_text);
}

static int setup(void **state)
{
	(void)state;
	nreceived = ncut = wanted = 0;
	nbytes = 0;
	loop = loop_create();
	return loop ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	datagram_close(socket_under_test);
	socket_under_test = NULL;
	loop_destroy(loop);
	return 0;
}

static int peer_to(const char *host, unsigned port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct timeval patience = { .tv_sec = 20 };
	assert_int_equal(inet_pton(AF_INET, host, &to.sin_addr), 1);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

/* Each peer has its own answer back, more of them than one batch holds. */
static void answers_go_where_they_belong(void **state)
{
	(void)state;
	socket_under_test = listen_on("127.0.0.1:0");
	if (!socket_under_test)
		fail_msg("%s", error_text);
	unsigned port = datagram_port(socket_under_test);
	int peers[PEERS];
	for (unsigned i = 0; i < PEERS; i++) {
		char text[16];
		peers[i] = peer_to("127.0.0.1", port);
		int n = snprintf(text, sizeof text, "peer %u", i);
		assert_int_equal(send(peers[i], text, (size_t)n, 0), n);
	}
	wanted = PEERS;
	loop_run(loop);
	for (unsigned i = 0; i < PEERS; i++) {
		char text[16], expected[16];
		(void)snprintf(expected, sizeof expected, "peer %u", i);
		ssize_t n = recv(peers[i], text, sizeof text, 0);
		assert_true(n > 0);
		assert_slice(((slice){ text, (size_t)n }), expected);
		(void)close(peers[i]);
	}
}

/* A socket on every address answers from the one that was written to: a connected peer hears nothing else. */
static void the_answer_comes_from_the_address_written_to(void **state)
{
	(void)state;
	socket_under_test = listen_on("0.0.0.0:0");
	assert_non_null(socket_under_test);
	int peer = peer_to("127.3.2.1", datagram_port(socket_under_test));
	char text[8];
	assert_int_equal(send(peer, "hello", 5, 0), 5);
	wanted = 1;
	loop_run(loop);
	assert_int_equal(recv(peer, text, sizeof text, 0), 5);
	(void)close(peer);
}

/* What was said to everybody is not for us: neither broadcast nor multicast. */
static void broadcasts_are_not_heard(void **state)
{
	(void)state;
	socket_under_test = listen_on("0.0.0.0:0");
	assert_non_null(socket_under_test);
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)datagram_port(socket_under_test)) };
	int peer = peer_to("127.0.0.1", datagram_port(socket_under_test)), on = 1;
	int everybody = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setsockopt(everybody, SOL_SOCKET, SO_BROADCAST, &on, sizeof on), 0);
	assert_int_equal(inet_pton(AF_INET, "127.255.255.255", &to.sin_addr), 1);
	assert_int_equal(
	        sendto(everybody, "all", 3, 0, (const struct sockaddr *)&to, sizeof to), 3);
	assert_int_equal(send(peer, "you", 3, 0), 3);
	wanted = 1;
	loop_run(loop);
	char text[8];
	assert_int_equal(recv(peer, text, sizeof text, 0), 3);
	assert_int_equal(nbytes, 3);
	assert_int_equal(recv(everybody, text, sizeof text, MSG_DONTWAIT), -1);
	(void)close(peer);
	(void)close(everybody);
}

static void the_longest_is_whole_and_one_byte_more_is_cut(void **state)
{
	(void)state;
	char bytes[DATAGRAM_BYTES + 1] = { 0 };
	socket_under_test = listen_on("127.0.0.1:0");
	assert_non_null(socket_under_test);
	int peer = peer_to("127.0.0.1", datagram_port(socket_under_test));
	assert_int_equal(send(peer, bytes, DATAGRAM_BYTES, 0), DATAGRAM_BYTES);
	wanted = 1;
	loop_run(loop);
	assert_int_equal(ncut, 0);
	assert_int_equal(nbytes, DATAGRAM_BYTES);
	assert_int_equal(send(peer, bytes, DATAGRAM_BYTES + 1, 0), DATAGRAM_BYTES + 1);
	wanted = 2;
	loop_run(loop);
	assert_int_equal(ncut, 1);
	(void)close(peer);
}

/* An address belongs to one socket, until that gives it up for its successor. */
static void an_address_is_shared_only_on_purpose(void **state)
{
	(void)state;
	char address[32];
	struct datagram_socket *old = listen_on("127.0.0.1:0");
	assert_non_null(old);
	(void)snprintf(address, sizeof address, "127.0.0.1:%u", datagram_port(old));
	assert_null(listen_on(address));
	assert_non_null(strstr(error_text, address));
	datagram_leave(old);
	socket_under_test = listen_on(address);
	assert_non_null(socket_under_test);
	assert_null(listen_on(address));
	datagram_close(old);
}

static void wrong_addresses_are_named(void **state)
{
	(void)state;
	assert_null(listen_on("nowhere"));
	assert_non_null(strstr(error_text, "nowhere"));
	assert_null(listen_on("192.0.2.1:0"));
	assert_non_null(strstr(error_text, "192.0.2.1:0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers_go_where_they_belong, setup, teardown),
		cmocka_unit_test_setup_teardown(broadcasts_are_not_heard, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        the_answer_comes_from_the_address_written_to, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        the_longest_is_whole_and_one_byte_more_is_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        an_address_is_shared_only_on_purpose, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_addresses_are_named, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
