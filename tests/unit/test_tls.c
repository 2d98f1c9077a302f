/* TLS between two ends in one loop, over real sockets. */
#include "support.h"

#include <errno.h>
#include <mbedtls/version.h>

#include "base/log.h"
#include "loop/loop.h"
#include "net/stream.h"
#include "net/tls.h"
#include "pki.h"

enum {
	ENDS_MAX = 400,
	BIG_BYTES = 1 << 20,
	AMPLE_MS = 60000 /* for a handshake, on a busy machine that plays another */
};

/* What happened at one end. */
struct end {
	struct stream *stream;
	char *got;
	size_t got_n;
	bool connected, ended, lazy;
	enum stream_end how;
	int errno_value;
	char certificate[2048], identity[64];
	size_t certificate_n, identity_n;
};

static struct loop *loop;
static struct stream_listener *listener;
static struct sockaddr_storage where;
static struct tls *server_tls;
static struct end servers[ENDS_MAX], clients[ENDS_MAX];
static unsigned nservers, refused;
static char refused_why[200];
static struct timer tick;
static uint64_t give_up_at_ms;
static bool (*over)(void);

static size_t received(void *owner, struct stream *stream, slice bytes)
{
	struct end *end = owner;
	size_t n = bytes.n;
	/* Not all at once, and pausing now and then. */
	if (end->lazy) {
		n = n / 2 + 1;
		stream_pause(stream);
		stream_resume(stream);
	}
	end->got = realloc(end->got, end->got_n + n);
	assert_non_null(end->got);
	memcpy(end->got + end->got_n, bytes.p, n);
	end->got_n += n;
	return n;
}

static void ended(void *owner, struct stream *stream, enum stream_end how, int errno_value)
{
	(void)stream;
	struct end *end = owner;
	assert_false(end->ended);
	end->ended = true;
	end->how = how;
	end->errno_value = errno_value;
}

static void connected(void *owner, struct stream *stream)
{
	(void)stream;
	((struct end *)owner)->connected = true;
}

static const struct stream_events events = {
	.connected = connected, .received = received, .closed = ended
};
static const struct stream_limits limits = { BIG_BYTES, 4 * BIG_BYTES };

static void *accepted(void *arg, struct stream *stream)
{
	(void)arg;
	struct end *end = &servers[nservers++];
	end->stream = stream;
	slice der = stream_peer_certificate(stream), identity = stream_psk_identity(stream);
	memcpy(end->certificate, der.p ? der.p : "", end->certificate_n = der.n);
	memcpy(end->identity, identity.p ? identity.p : "", end->identity_n = identity.n);
	return end;
}

static void turned_away(void *arg, const char *peer, const char *why)
{
	(void)arg;
	(void)peer;
	(void)snprintf(refused_why, sizeof refused_why, "%s", why);
	refused++;
}

static void look(struct timer *timer)
{
	bool late = loop_now_ms(loop) > give_up_at_ms;
	if (late || over())
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

static bool psk_of(void *arg, slice identity, slice *key)
{
	(void)arg;
	*key = SLICE("0123456789abcdef");
	return slice_is(identity, "engine-7");
}

static void listen_with(enum tls_ask ask, bool psk, uint64_t handshake_ms)
{
	static const char *protocols[] = { "mqtt", NULL };
	const struct tls_options options = { .certificate = pki_path("server.crt"),
		.key = pki_path("server.key"),
		.authorities = pki_path("ca.crt"),
		.ask = ask,
		.lists = pki_path("ca.crl"),
		.psk = psk ? psk_of : NULL,
		.protocols = protocols };
	struct tls_fault fault;
	server_tls = tls_server_open(&options, &fault);
	assert_non_null(server_tls);
	const struct stream_accept accept = { .accepted = accepted,
		.refused = turned_away,
		.events = &events,
		.limits = limits,
		.connections_max = ENDS_MAX,
		.tls = server_tls,
		.handshake_ms = handshake_ms };
	char text[128];
	listener = stream_listen(loop, SLICE("127.0.0.1:0"), &accept, text, sizeof text);
	assert_non_null(listener);
	char address[32];
	(void)snprintf(address, sizeof address, "127.0.0.1:%u", stream_listener_port(listener));
	assert_true(net_parse_address(slice_of(address), &where));
}

static struct end *call(const struct tls_options *options, const char *name, unsigned i)
{
	struct tls_fault fault;
	struct tls *tls = tls_client_open(options, &fault);
	assert_non_null(tls);
	clients[i].stream = stream_connect_tls(
	        loop, (struct sockaddr *)&where, tls, name, &events, &limits, &clients[i]);
	assert_non_null(clients[i].stream);
	tls_close(tls); /* the stream keeps it */
	return &clients[i];
}

static struct end *call_as(const char *certificate, const char *key, const char *name)
{
	const struct tls_options options = { .authorities = pki_path("ca.crt"),
		.certificate = certificate ? pki_path(certificate) : NULL,
		.key = key ? pki_path(key) : NULL };
	return call(&options, name, 0);
}

static struct end *call_with_key(slice identity, slice key)
{
	const struct tls_options options = { .psk_identity = identity, .psk_key = key };
	return call(&options, "localhost", 0);
}

static int setup(void **state)
{
	(void)state;
	memset(servers, 0, sizeof servers);
	memset(clients, 0, sizeof clients);
	nservers = refused = 0;
	loop = loop_create();
	assert_non_null(loop);
	timer_init(&tick, loop, look);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ENDS_MAX; i++) {
		if (clients[i].stream && !clients[i].ended)
			stream_abort(clients[i].stream);
		if (servers[i].stream && !servers[i].ended)
			stream_abort(servers[i].stream);
	}
	stream_listener_close(listener);
	listener = NULL;
	tls_close(server_tls);
	server_tls = NULL;
	timer_stop(&tick);
	loop_destroy(loop);
	for (unsigned i = 0; i < ENDS_MAX; i++) {
		free(clients[i].got);
		free(servers[i].got);
	}
	return 0;
}

static bool both_open(void)
{
	return clients[0].connected && nservers == 1;
}

static bool client_connected(void)
{
	return clients[0].connected;
}

static bool client_ended(void)
{
	return clients[0].ended;
}

static bool client_ended_and_is_counted(void)
{
	return clients[0].ended && refused == 1;
}

static bool is_counted(void)
{
	return refused == 1;
}

static bool server_ended(void)
{
	return servers[0].ended;
}

static bool both_ended(void)
{
	return clients[0].ended && servers[0].ended;
}

static bool hello_came(void)
{
	return servers[0].got_n == 11 && clients[0].got_n == 7;
}

static void text_passes_both_ways(void **state)
{
	(void)state;
	listen_with(TLS_ASK_NONE, false, AMPLE_MS);
	call_as(NULL, NULL, "localhost");
	stream_write(clients[0].stream, SLICE("hello ")); /* leaves after the handshake */
	run_until(both_open);
	stream_write2(clients[0].stream, SLICE("wor"), SLICE("ld"));
	stream_write(servers[0].stream, SLICE("welcome"));
	run_until(hello_came);
	assert_slice(((slice){ servers[0].got, servers[0].got_n }), "hello world");
	assert_slice(((slice){ clients[0].got, clients[0].got_n }), "welcome");
	assert_int_equal(servers[0].certificate_n, 0);
	assert_int_equal(servers[0].identity_n, 0);
	assert_true(stream_peer_certificate(clients[0].stream).n > 0);
	stream_close(servers[0].stream);
	run_until(both_ended);
	assert_int_equal(clients[0].how, STREAM_END_PEER);
	assert_int_equal(servers[0].how, STREAM_END_OWNER);
	assert_int_equal(refused, 0);
}

static void a_close_sends_all_that_was_written(void **state)
{
	(void)state;
	static char big[BIG_BYTES];
	for (size_t i = 0; i < sizeof big; i++)
		big[i] = (char)(i * 7 >> 3);
	listen_with(TLS_ASK_NONE, false, AMPLE_MS);
	call_as(NULL, NULL, "localhost");
	run_until(both_open);
	servers[0].lazy = true;
	stream_write(clients[0].stream, (slice){ big, sizeof big });
	stream_close(clients[0].stream);
	run_until(server_ended);
	assert_int_equal(servers[0].how, STREAM_END_PEER);
	/* All but what the lazy reader had not asked for yet. */
	assert_true(servers[0].got_n > sizeof big / 2);
	assert_memory_equal(servers[0].got, big, servers[0].got_n);
}

static void a_cut_connection_is_no_goodbye(void **state)
{
	(void)state;
	listen_with(TLS_ASK_NONE, false, AMPLE_MS);
	call_as(NULL, NULL, "localhost");
	run_until(both_open);
	stream_abort(servers[0].stream);
	run_until(client_ended);
	assert_int_equal(clients[0].how, STREAM_END_ERROR);
	assert_int_equal(clients[0].errno_value, ECONNABORTED);
}

static void a_client_is_known_by_its_certificate(void **state)
{
	(void)state;
	listen_with(TLS_ASK_REQUIRED, false, AMPLE_MS);
	call_as("engine-7.crt", "engine-7.key", "localhost");
	run_until(both_open);
	pki_run("openssl x509 -in engine-7.crt -outform DER -out engine-7.der");
	char der[2048];
	FILE *file = fopen(pki_path("engine-7.der"), "rb");
	size_t n = fread(der, 1, sizeof der, file);
	(void)fclose(file);
	assert_int_equal(servers[0].certificate_n, n);
	assert_memory_equal(servers[0].certificate, der, n);
}

static void refuses(const char *certificate, const char *key, enum tls_ask ask)
{
	listen_with(ask, false, AMPLE_MS);
	call_as(certificate, key, "localhost");
	run_until(client_ended_and_is_counted);
	assert_int_equal(clients[0].how, STREAM_END_ERROR);
	assert_int_equal(nservers, 0);
}

static void a_required_certificate_is_required(void **state)
{
	(void)state;
	refuses(NULL, NULL, TLS_ASK_REQUIRED);
}

static void a_certificate_of_a_stranger_is_refused(void **state)
{
	(void)state;
	refuses("impostor.crt", "impostor.key", TLS_ASK_REQUIRED);
}

static void so_it_is_where_none_is_required(void **state)
{
	(void)state;
	refuses("impostor.crt", "impostor.key", TLS_ASK_OPTIONAL);
}

static void no_certificate_will_do_where_none_is_required(void **state)
{
	(void)state;
	listen_with(TLS_ASK_OPTIONAL, false, AMPLE_MS);
	call_as(NULL, NULL, "localhost");
	run_until(both_open);
	assert_int_equal(servers[0].certificate_n, 0);
}

static void a_server_of_another_name_is_not_called(void **state)
{
	(void)state;
	listen_with(TLS_ASK_NONE, false, AMPLE_MS);
	call_as(NULL, NULL, "elsewhere");
	run_until(client_ended_and_is_counted);
	assert_false(clients[0].connected);
	assert_int_equal(clients[0].errno_value, EPROTO);
}

static void a_client_is_known_by_its_key(void **state)
{
	(void)state;
	listen_with(TLS_ASK_NONE, true, AMPLE_MS);
	call_with_key(SLICE("engine-7"), SLICE("0123456789abcdef"));
	run_until(both_open);
	assert_slice(((slice){ servers[0].identity, servers[0].identity_n }), "engine-7");
}

static void a_wrong_key_opens_nothing(void **state)
{
	(void)state;
	listen_with(TLS_ASK_NONE, true, AMPLE_MS);
	call_with_key(SLICE("engine-7"), SLICE("0123456789abcdeF"));
	run_until(client_ended_and_is_counted);
	assert_int_equal(nservers, 0);
}

static void neither_does_an_unknown_identity(void **state)
{
	(void)state;
	listen_with(TLS_ASK_NONE, true, AMPLE_MS);
	call_with_key(SLICE("engine-8"), SLICE("0123456789abcdef"));
	run_until(client_ended_and_is_counted);
	assert_int_equal(nservers, 0);
}

static void certificates_go_beside_keys(void **state)
{
	(void)state;
	listen_with(TLS_ASK_NONE, true, AMPLE_MS);
	call_as(NULL, NULL, "localhost");
	run_until(both_open);
	assert_int_equal(servers[0].identity_n, 0);
}

static void call_plainly(void)
{
	clients[0].stream =
	        stream_connect(loop, (struct sockaddr *)&where, &events, &limits, &clients[0]);
}

static bool came_or_was_refused(void)
{
	return nservers + refused == 1;
}

/* openssl(1) offers TLS 1.3 and nothing else. */
static bool speaks_13(enum tls_ask ask, bool psk)
{
	listen_with(ask, psk, AMPLE_MS);
	pki_run("{ openssl s_client -tls1_3 -connect 127.0.0.1:%u </dev/null >/dev/null & }",
	        stream_listener_port(listener));
	run_until(came_or_was_refused);
	return nservers == 1;
}

static void the_newest_version_is_spoken(void **state)
{
	(void)state;
	assert_int_equal(speaks_13(TLS_ASK_NONE, false), MBEDTLS_VERSION_MAJOR >= 3);
}

static void but_not_where_certificates_come_back_by_ticket(void **state)
{
	(void)state;
	assert_false(speaks_13(TLS_ASK_OPTIONAL, false));
}

static void nor_where_there_are_keys(void **state)
{
	(void)state;
	assert_false(speaks_13(TLS_ASK_NONE, true));
}

static void what_is_no_tls_is_refused(void **state)
{
	(void)state;
	listen_with(TLS_ASK_NONE, false, AMPLE_MS);
	call_plainly();
	stream_write(clients[0].stream, SLICE("\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01x"));
	run_until(client_ended_and_is_counted);
	assert_int_equal(nservers, 0);
}

static void a_handshake_has_a_deadline(void **state)
{
	(void)state;
	listen_with(TLS_ASK_NONE, false, 20);
	call_plainly();
	run_until(client_ended_and_is_counted);
	assert_int_equal(nservers, 0);
}

static void a_client_that_goes_is_counted(void **state)
{
	(void)state;
	listen_with(TLS_ASK_NONE, false, AMPLE_MS);
	call_plainly();
	stream_write(clients[0].stream, SLICE("\x16\x03\x01"));
	run_until(client_connected);
	stream_close(clients[0].stream);
	run_until(is_counted);
}

static bool all_open(void)
{
	unsigned n = 0;
	for (unsigned i = 0; i < 200; i++)
		n += clients[i].connected;
	return n == 200 && nservers == 200;
}

static void many_come_at_once(void **state)
{
	(void)state;
	listen_with(TLS_ASK_NONE, true, AMPLE_MS);
	const struct tls_options options = { .psk_identity = SLICE("engine-7"),
		.psk_key = SLICE("0123456789abcdef") };
	for (unsigned i = 0; i < 200; i++)
		call(&options, "localhost", i);
	run_until(all_open);
	assert_int_equal(refused, 0);
}

static bool any_counted(void)
{
	return refused > 0 && clients[300].connected;
}

static void those_who_keep_us_waiting_make_room(void **state)
{
	(void)state;
	listen_with(TLS_ASK_NONE, true, AMPLE_MS);
	for (unsigned i = 0; i < 200; i++) {
		clients[i].stream = stream_connect(
		        loop, (struct sockaddr *)&where, &events, &limits, &clients[i]);
		stream_write(clients[i].stream, SLICE("\x16\x03\x01\x02"));
	}
	const struct tls_options options = { .psk_identity = SLICE("engine-7"),
		.psk_key = SLICE("0123456789abcdef") };
	call(&options, "localhost", 300);
	run_until(any_counted);
}

static void a_listener_that_closes_ends_handshakes(void **state)
{
	(void)state;
	listen_with(TLS_ASK_NONE, false, AMPLE_MS);
	call_plainly();
	stream_write(clients[0].stream, SLICE("\x16\x03\x01"));
	run_until(client_connected);
	stream_listener_close(listener);
	listener = NULL;
	run_until(client_ended);
	assert_int_equal(refused, 0);
}

static void renew(void)
{
	struct tls_fault fault;
	assert_true(tls_renew(server_tls, &fault));
}

static void one_who_is_revoked_is_doubted(void **state)
{
	(void)state;
	pki_signed("lost", "ca");
	listen_with(TLS_ASK_REQUIRED, false, AMPLE_MS);
	call_as("lost.crt", "lost.key", "localhost");
	run_until(both_open);
	renew();
	assert_null(stream_peer_doubts(servers[0].stream));
	pki_list("ca", "lost");
	assert_null(stream_peer_doubts(servers[0].stream));
	renew();
	assert_string_equal(stream_peer_doubts(servers[0].stream), "its certificate is revoked");
	/* Its connection is the owner's to end. */
	stream_write(clients[0].stream, SLICE("still here"));
	stream_close(clients[0].stream);
	run_until(server_ended);
	assert_slice(((slice){ servers[0].got, servers[0].got_n }), "still here");
}

static void and_comes_in_no_more(void **state)
{
	(void)state;
	pki_signed("lost", "ca");
	pki_list("ca", "lost");
	refuses("lost.crt", "lost.key", TLS_ASK_OPTIONAL);
	assert_non_null(strstr(refused_why, "its certificate is revoked (CN=lost)"));
}

static void files_that_are_wrong_change_nothing(void **state)
{
	(void)state;
	listen_with(TLS_ASK_REQUIRED, false, AMPLE_MS);
	pki_run("cp ca.crl good.crl && cp stranger.crt ca.crl");
	struct tls_fault fault;
	assert_false(tls_renew(server_tls, &fault));
	assert_int_equal(fault.file, TLS_FILE_LISTS);
	pki_run("mv good.crl ca.crl");
	call_as("engine-7.crt", "engine-7.key", "localhost");
	run_until(both_open);
	assert_null(stream_peer_doubts(servers[0].stream));
}

static void faults(const char *certificate, const char *key, enum tls_file file, const char *part)
{
	const struct tls_options options = {
		.certificate = pki_path(certificate), .key = pki_path(key), .authorities = NULL
	};
	struct tls_fault fault;
	assert_null(tls_server_open(&options, &fault));
	assert_int_equal(fault.file, file);
	assert_non_null(strstr(fault.text, part));
}

static void a_file_that_is_wrong_is_named(void **state)
{
	(void)state;
	faults("server.crt", "engine-7.key", TLS_FILE_KEY, "is not the key of the certificate");
	faults("server.key", "server.key", TLS_FILE_CERTIFICATE, "server.key: ");
	faults("server.crt", "server.crt", TLS_FILE_KEY, "server.crt: ");
	faults("none.crt", "server.key", TLS_FILE_CERTIFICATE, "none.crt: ");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	const struct CMUnitTest tests[] = {
		CASE(text_passes_both_ways),
		CASE(a_close_sends_all_that_was_written),
		CASE(a_cut_connection_is_no_goodbye),
		CASE(a_client_is_known_by_its_certificate),
		CASE(a_required_certificate_is_required),
		CASE(a_certificate_of_a_stranger_is_refused),
		CASE(so_it_is_where_none_is_required),
		CASE(no_certificate_will_do_where_none_is_required),
		CASE(a_server_of_another_name_is_not_called),
		CASE(a_client_is_known_by_its_key),
		CASE(a_wrong_key_opens_nothing),
		CASE(neither_does_an_unknown_identity),
		CASE(certificates_go_beside_keys),
		CASE(the_newest_version_is_spoken),
		CASE(but_not_where_certificates_come_back_by_ticket),
		CASE(nor_where_there_are_keys),
		CASE(what_is_no_tls_is_refused),
		CASE(a_handshake_has_a_deadline),
		CASE(a_client_that_goes_is_counted),
		CASE(many_come_at_once),
		CASE(those_who_keep_us_waiting_make_room),
		CASE(a_listener_that_closes_ends_handshakes),
		CASE(a_file_that_is_wrong_is_named),
		CASE(one_who_is_revoked_is_doubted),
		CASE(and_comes_in_no_more),
		CASE(files_that_are_wrong_change_nothing),
	};
	return cmocka_run_group_tests(tests, pki_make, pki_remove);
}
