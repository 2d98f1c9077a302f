/* The world of the DTLS tests: a server on a socket in a loop, and clients by Mbed TLS on sockets of their own. */
#ifndef UNIT_DTLS_WORLD_H
#define UNIT_DTLS_WORLD_H

#include "support.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/log.h"
#include "loop/loop.h"
#include "net/dtls_internal.h"
#include "pki.h"

enum { CLIENTS_MAX = 600 };

struct client {
	int fd;
	mbedtls_ssl_context ssl;
	uint64_t middle_ms, end_ms;
	bool open, failed, deaf;
	unsigned dropped; /* datagrams to lose before the next one is sent */
	unsigned sent, received;
	size_t bytes_out, bytes_in;
	char got[256];
	size_t got_n;
	bool ended;
	unsigned char last[2048]; /* what it sent last */
	size_t last_n;
};

struct owner {
	struct dtls_session *session;
	unsigned messages;
	char certificate[2048], identity[64];
	size_t certificate_n, identity_n;
	bool ended;
	enum dtls_end end;
};

static struct loop *loop;
static struct datagram_socket *sock;
static struct dtls *dtls;
static struct tls *server_tls, *client_tls;
static struct sockaddr_in where;
static struct client *clients;
static struct owner owners[CLIENTS_MAX];
static unsigned nowners, refused;
static bool end_when_heard;
static struct timer tick;
static uint64_t give_up_at_ms;
static bool (*over)(void);

/* ---- The server */

static void *opened(void *arg, struct dtls_session *session)
{
	(void)arg;
	assert_true(nowners < CLIENTS_MAX);
	struct owner *owner = &owners[nowners++];
	owner->session = session;
	slice der = dtls_peer_certificate(session), identity = dtls_psk_identity(session);
	memcpy(owner->certificate, der.p ? der.p : "", owner->certificate_n = der.n);
	memcpy(owner->identity, identity.p ? identity.p : "", owner->identity_n = identity.n);
	return owner;
}

static void heard(void *arg, struct dtls_session *session, slice plaintext)
{
	struct owner *owner = arg;
	assert_ptr_equal(owner->session, session);
	owner->messages++;
	assert_true(dtls_send(session, plaintext));
	if (end_when_heard) {
		dtls_end(session);
		owner->session = NULL;
	}
}

static void closed(void *arg, struct dtls_session *session, enum dtls_end end)
{
	struct owner *owner = arg;
	assert_ptr_equal(owner->session, session);
	owner->session = NULL;
	owner->ended = true;
	owner->end = end;
}

static void turned_away(void *arg, const char *peer, const char *why)
{
	(void)arg;
	(void)peer;
	(void)why;
	refused++;
}

static const struct dtls_events events = { opened, heard, closed, turned_away };

static void arrived(void *arg, const struct datagram_peer *peer, slice bytes, bool cut)
{
	(void)arg;
	assert_false(cut);
	dtls_feed(dtls, peer, bytes);
}

static const struct datagram_events socket_events = { .received = arrived };

static bool psk_of(void *arg, slice identity, slice *key)
{
	(void)arg;
	*key = SLICE("0123456789abcdef");
	return slice_is(identity, "engine-7");
}

static void serve_with(enum tls_ask ask, bool psk, const struct dtls_limits *limits)
{
	const struct tls_options options = { .transport = TLS_DATAGRAM,
		.certificate = pki_path("server.crt"),
		.key = pki_path("server.key"),
		.authorities = pki_path("ca.crt"),
		.ask = ask,
		.lists = pki_path("ca.crl"),
		.psk = psk ? psk_of : NULL };
	static const struct dtls_limits wide = { 10000, 600000, 60000 };
	struct tls_fault fault;
	char text[128];
	server_tls = tls_server_open(&options, &fault);
	assert_non_null(server_tls);
	sock = datagram_open(
	        loop, SLICE("127.0.0.1:0"), 4096, &socket_events, NULL, text, sizeof text);
	assert_non_null(sock);
	dtls = dtls_open(loop, sock, server_tls, limits ? limits : &wide, &events, NULL);
	assert_non_null(dtls);
	where = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)datagram_port(sock)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/* ---- Clients */

static int client_send(void *arg, const unsigned char *bytes, size_t n)
{
	struct client *client = arg;
	client->sent++;
	client->bytes_out += n;
	memcpy(client->last, bytes, n);
	client->last_n = n;
	if (client->dropped) {
		client->dropped--;
		return (int)n;
	}
	return send(client->fd, bytes, n, 0) == (ssize_t)n ? (int)n : -1;
}

static int client_receive(void *arg, unsigned char *bytes, size_t n)
{
	struct client *client = arg;
	ssize_t got = client->deaf ? -1 : recv(client->fd, bytes, n, MSG_DONTWAIT);
	if (got < 0)
		return MBEDTLS_ERR_SSL_WANT_READ;
	client->received++;
	client->bytes_in += (size_t)got;
	return (int)got;
}

static void client_set_timer(void *arg, uint32_t middle_ms, uint32_t end_ms)
{
	struct client *client = arg;
	client->middle_ms = loop_now_ms(loop) + middle_ms;
	client->end_ms = end_ms ? loop_now_ms(loop) + end_ms : 0;
}

static int client_get_timer(void *arg)
{
	const struct client *client = arg;
	if (!client->end_ms)
		return -1;
	if (loop_now_ms(loop) >= client->end_ms)
		return 2;
	return loop_now_ms(loop) >= client->middle_ms ? 1 : 0;
}

static void start_client(struct client *client)
{
	mbedtls_ssl_init(&client->ssl);
	assert_int_equal(mbedtls_ssl_setup(&client->ssl, &client_tls->now->config), 0);
	assert_int_equal(mbedtls_ssl_set_hostname(&client->ssl, "localhost"), 0);
	mbedtls_ssl_set_bio(&client->ssl, client, client_send, client_receive, NULL);
	mbedtls_ssl_set_timer_cb(&client->ssl, client, client_set_timer, client_get_timer);
	mbedtls_ssl_set_mtu(&client->ssl, 1232);
	client->open = client->failed = client->ended = false;
}

static struct client *call(unsigned i)
{
	struct client *client = &clients[i];
	client->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_true(client->fd >= 0);
	assert_int_equal(connect(client->fd, (struct sockaddr *)&where, sizeof where), 0);
	start_client(client);
	return client;
}

static void client_options(const struct tls_options *options)
{
	struct tls_fault fault;
	client_tls = tls_client_open(options, &fault);
	assert_non_null(client_tls);
	mbedtls_ssl_conf_handshake_timeout(&client_tls->now->config, 100, 6400);
}

static struct client *call_as(const char *certificate, const char *key)
{
	client_options(&(struct tls_options){ .transport = TLS_DATAGRAM,
	        .authorities = pki_path("ca.crt"),
	        .certificate = certificate ? pki_path(certificate) : NULL,
	        .key = key ? pki_path(key) : NULL });
	return call(0);
}

static void know_key(slice identity, slice key)
{
	client_options(&(struct tls_options){
	        .transport = TLS_DATAGRAM, .psk_identity = identity, .psk_key = key });
}

static struct client *call_with_key(const char *identity, const char *key)
{
	know_key(slice_of(identity), slice_of(key));
	return call(0);
}

static void turn_client(struct client *client)
{
	if (!client->open) {
		int result = mbedtls_ssl_handshake(&client->ssl);
		client->open = result == 0;
		client->failed = result && result != MBEDTLS_ERR_SSL_WANT_READ;
		return;
	}
	for (;;) {
		unsigned char bytes[512];
		int n = mbedtls_ssl_read(&client->ssl, bytes, sizeof bytes);
		if (n == MBEDTLS_ERR_SSL_WANT_READ)
			return;
		if (n <= 0) {
			client->ended = true;
			return;
		}
		if (client->got_n + (size_t)n <= sizeof client->got)
			memcpy(client->got + client->got_n, bytes, (size_t)n);
		client->got_n += (size_t)n;
	}
}

static void look(struct timer *timer)
{
	for (unsigned i = 0; i < CLIENTS_MAX; i++) {
		if (clients[i].fd >= 0 && !clients[i].failed && !clients[i].ended)
			turn_client(&clients[i]);
	}
	if (loop_now_ms(loop) > give_up_at_ms || over())
		loop_stop(loop);
	else
		timer_set(timer, loop_now_ms(loop) + 1);
}

static void run_until(bool (*condition)(void))
{
	over = condition;
	give_up_at_ms = loop_now_ms(loop) + 100000;
	timer_set(&tick, loop_now_ms(loop) + 1);
	loop_run(loop);
	assert_true(condition());
}

static void say(struct client *client, slice text)
{
	int n = mbedtls_ssl_write(&client->ssl, (const unsigned char *)text.p, text.n);
	assert_int_equal(n, text.n);
}

/* How many make a crowd: more than there are contexts for. */
static unsigned crowd(void)
{
	unsigned n = is_emulated() ? CLIENTS_MAX / 2 : CLIENTS_MAX;
	assert_true(n > DTLS_ACTIVE_MAX && n <= CLIENTS_MAX);
	return n;
}

static int setup(void **state)
{
	(void)state;
	clients = calloc(CLIENTS_MAX, sizeof *clients);
	assert_non_null(clients);
	memset(owners, 0, sizeof owners);
	for (unsigned i = 0; i < CLIENTS_MAX; i++)
		clients[i].fd = -1;
	nowners = refused = 0;
	end_when_heard = false;
	loop = loop_create();
	assert_non_null(loop);
	timer_init(&tick, loop, look);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dtls_close(dtls);
	for (unsigned i = 0; i < nowners; i++)
		assert_null(owners[i].session);
	for (unsigned i = 0; i < CLIENTS_MAX; i++) {
		if (clients[i].fd < 0)
			continue;
		mbedtls_ssl_free(&clients[i].ssl);
		(void)close(clients[i].fd);
	}
	tls_close(client_tls);
	tls_close(server_tls);
	client_tls = NULL;
	datagram_close(sock);
	timer_stop(&tick);
	loop_destroy(loop);
	free(clients);
	return 0;
}

#endif
