/* DTLS between a server and clients that lose, repeat, forge and restart. */
#include "dtls_world.h"

/* ---- Conditions */

static bool both_open(void)
{
	return clients[0].open && nowners == 1;
}

static bool is_refused(void)
{
	return refused == 1;
}

static bool failed_and_refused(void)
{
	return clients[0].failed && refused == 1;
}

static bool echo_came(void)
{
	return clients[0].got_n >= 5;
}

static bool client_ended(void)
{
	return clients[0].ended;
}

static bool is_frozen(void)
{
	return owners[0].session && !owners[0].session->context;
}

static bool open_again(void)
{
	return clients[0].open && nowners == 2;
}

static bool owner_ended(void)
{
	return owners[0].ended;
}

/* ---- Tests */

static void text_comes_back(void)
{
	clients[0].got_n = 0;
	say(&clients[0], SLICE("hello"));
	run_until(echo_came);
	assert_slice(((slice){ clients[0].got, clients[0].got_n }), "hello");
}

static void a_client_is_known_by_its_key(void **state)
{
	(void)state;
	serve_with(TLS_ASK_NONE, true, NULL);
	call_with_key("engine-7", "0123456789abcdef");
	run_until(both_open);
	assert_slice(((slice){ owners[0].identity, owners[0].identity_n }), "engine-7");
	assert_int_equal(owners[0].certificate_n, 0);
	text_comes_back();
	assert_int_equal(refused, 0);
}

static void wrong_key(const char *identity)
{
	serve_with(TLS_ASK_NONE, true, NULL);
	call_with_key(identity, "0123456789abcdeX");
	run_until(failed_and_refused);
	assert_int_equal(nowners, 0);
}

static void a_wrong_key_opens_nothing(void **state)
{
	(void)state;
	wrong_key("engine-7");
}

static void neither_does_an_unknown_identity(void **state)
{
	(void)state;
	wrong_key("nobody");
}

static void a_client_is_known_by_its_certificate(void **state)
{
	(void)state;
	serve_with(TLS_ASK_REQUIRED, false, NULL);
	call_as("engine-7.crt", "engine-7.key");
	run_until(both_open);
	assert_true(owners[0].certificate_n > 0);
	text_comes_back();
	run_until(is_frozen);
	text_comes_back();
}

static void one_who_is_revoked_is_doubted_also_when_frozen(void **state)
{
	(void)state;
	struct tls_fault fault;
	pki_signed("lost", "ca");
	serve_with(TLS_ASK_REQUIRED, false, NULL);
	call_as("lost.crt", "lost.key");
	run_until(both_open);
	text_comes_back();
	run_until(is_frozen);
	assert_null(dtls_peer_doubts(owners[0].session));
	pki_list("ca", "lost");
	assert_true(tls_renew(server_tls, &fault));
	dtls_renewed(dtls);
	assert_string_equal(dtls_peer_doubts(owners[0].session), "its certificate is revoked");
	/* Until its owner ends it, it goes on, in a context of the new files. */
	text_comes_back();
	dtls_end(owners[0].session);
	owners[0].session = NULL;
	run_until(client_ended);
}

static void a_required_certificate_is_required(void **state)
{
	(void)state;
	serve_with(TLS_ASK_REQUIRED, false, NULL);
	call_as(NULL, NULL);
	run_until(failed_and_refused);
}

static void a_certificate_of_a_stranger_is_refused(void **state)
{
	(void)state;
	serve_with(TLS_ASK_OPTIONAL, false, NULL);
	call_as("impostor.crt", "impostor.key");
	run_until(failed_and_refused);
}

static void only_this_suite_will_do(int suite, const char *name)
{
	static int only[2];
	only[0] = suite;
	mbedtls_ssl_conf_ciphersuites(&client_tls->now->config, only);
	run_until(both_open);
	assert_string_equal(mbedtls_ssl_get_ciphersuite(&clients[0].ssl), name);
	text_comes_back();
}

static void devices_speak_ccm_8_with_keys(void **state)
{
	(void)state;
	serve_with(TLS_ASK_NONE, true, NULL);
	call_with_key("engine-7", "0123456789abcdef");
	only_this_suite_will_do(MBEDTLS_TLS_PSK_WITH_AES_128_CCM_8, "TLS-PSK-WITH-AES-128-CCM-8");
}

static void devices_speak_ccm_8_with_certificates(void **state)
{
	(void)state;
	serve_with(TLS_ASK_NONE, false, NULL);
	call_as(NULL, NULL);
	only_this_suite_will_do(
	        MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, "TLS-ECDHE-ECDSA-WITH-AES-128-CCM-8");
}

static bool hello_verified(void)
{
	return clients[0].received >= 1;
}

static void nothing_is_kept_before_the_cookie(void **state)
{
	(void)state;
	serve_with(TLS_ASK_NONE, true, NULL);
	struct client *client = call_with_key("engine-7", "0123456789abcdef");
	turn_client(client);
	assert_true(client->sent >= 1);
	size_t asked = client->bytes_out;
	run_until(hello_verified);
	assert_true(client->bytes_in <= 3 * asked);
	run_until(both_open);
	/* A ClientHello with a cookie that is not ours makes no session either. */
	struct client *forger = call(1);
	turn_client(forger);
	forger->deaf = true;
	unsigned char hello[512];
	memcpy(hello, forger->last, forger->last_n);
	size_t n = forger->last_n, cookie_at = 13 + 12 + 2 + 32 + 1 + hello[13 + 12 + 2 + 32];
	assert_int_equal(hello[cookie_at], 0);
	memmove(hello + cookie_at + 1 + 32, hello + cookie_at + 1, n - cookie_at - 1);
	memset(hello + cookie_at + 1, 7, 32);
	hello[cookie_at] = 32;
	n += 32;
	hello[12] = (unsigned char)(n - 13);
	hello[11] = (unsigned char)((n - 13) >> 8);
	hello[16] = hello[24] = (unsigned char)(n - 25);
	hello[15] = hello[23] = (unsigned char)((n - 25) >> 8);
	assert_int_equal(send(forger->fd, hello, n, 0), (ssize_t)n);
	text_comes_back();
	assert_int_equal(dtls->beginners.members, 0);
}

static bool s_client_has_its_echo(void)
{
	char text[8192];
	FILE *file = fopen(pki_path("out"), "rb");
	size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;
	if (file)
		(void)fclose(file);
	text[n] = '\0';
	return strstr(text, "hello from openssl") != NULL;
}

static void openssl_is_served(const char *how)
{
	char command[512];
	int input[2];
	client_options(&(struct tls_options){ .transport = TLS_DATAGRAM });
	(void)snprintf(command, sizeof command,
	        "cd %s && exec openssl s_client -dtls1_2 -quiet -connect 127.0.0.1:%u %s >out "
	        "2>err",
	        pki_folder, datagram_port(sock), how);
	(void)unlink(pki_path("out"));
	assert_int_equal(pipe(input), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (!child) {
		(void)dup2(input[0], 0);
		(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(write(input[1], "hello from openssl\n", 19), 19);
	run_until(s_client_has_its_echo);
	(void)kill(child, SIGTERM);
	(void)waitpid(child, NULL, 0);
	(void)close(input[0]);
	(void)close(input[1]);
}

static void openssl_is_served_with_a_key(void **state)
{
	(void)state;
	serve_with(TLS_ASK_NONE, true, NULL);
	openssl_is_served("-psk_identity engine-7 -psk 30313233343536373839616263646566");
	assert_slice(((slice){ owners[0].identity, owners[0].identity_n }), "engine-7");
}

static void openssl_is_served_with_a_certificate(void **state)
{
	(void)state;
	serve_with(TLS_ASK_REQUIRED, false, NULL);
	openssl_is_served(
	        "-CAfile ca.crt -verify_return_error -cert engine-7.crt -key engine-7.key");
	assert_true(owners[0].certificate_n > 0);
}

static void lost_datagrams_are_repeated(void **state)
{
	(void)state;
	serve_with(TLS_ASK_NONE, true, NULL);
	call_with_key("engine-7", "0123456789abcdef")->dropped = 3;
	run_until(both_open);
	text_comes_back();
}

static void the_servers_flight_is_repeated(void **state)
{
	(void)state;
	serve_with(TLS_ASK_NONE, true, NULL);
	struct client *client = call_with_key("engine-7", "0123456789abcdef");
	turn_client(client);
	run_until(hello_verified);
	client->deaf = true;
	give_up_at_ms = 0;
	over = is_refused;
	timer_set(&tick, loop_now_ms(loop) + 50);
	loop_run(loop);
	unsigned char lost[2048];
	while (recv(client->fd, lost, sizeof lost, MSG_DONTWAIT) > 0)
		;
	client->deaf = false;
	run_until(both_open);
	text_comes_back();
}

static void a_replayed_datagram_is_not_heard_twice(void **state)
{
	(void)state;
	serve_with(TLS_ASK_NONE, true, NULL);
	struct client *client = call_with_key("engine-7", "0123456789abcdef");
	run_until(both_open);
	text_comes_back();
	unsigned char replay[2048];
	size_t n = client->last_n;
	memcpy(replay, client->last, n);
	assert_int_equal(send(client->fd, replay, n, 0), (ssize_t)n);
	text_comes_back();
	assert_int_equal(owners[0].messages, 2);
	/* Nor after it was frozen. */
	memcpy(replay, client->last, n);
	run_until(is_frozen);
	assert_int_equal(send(client->fd, replay, n, 0), (ssize_t)n);
	text_comes_back();
	assert_int_equal(owners[0].messages, 3);
	/* One that is forged changes nothing. */
	replay[n - 1] ^= 1;
	replay[10]++;
	assert_int_equal(send(client->fd, replay, n, 0), (ssize_t)n);
	text_comes_back();
	assert_int_equal(owners[0].messages, 4);
	assert_false(owners[0].ended);
}

static void restart(struct client *client)
{
	mbedtls_ssl_free(&client->ssl);
	start_client(client);
	run_until(open_again);
	assert_true(owners[0].ended);
	assert_int_equal(owners[0].end, DTLS_END_PEER);
	text_comes_back();
	assert_int_equal(owners[1].messages, 1);
	assert_int_equal(dtls_sessions(dtls), 1);
}

static void a_client_may_begin_anew_from_its_port(void **state)
{
	(void)state;
	serve_with(TLS_ASK_NONE, true, NULL);
	struct client *client = call_with_key("engine-7", "0123456789abcdef");
	run_until(both_open);
	text_comes_back();
	restart(client);
	assert_slice(((slice){ owners[1].identity, owners[1].identity_n }), "engine-7");
}

static void also_when_its_session_is_frozen(void **state)
{
	(void)state;
	serve_with(TLS_ASK_NONE, true, NULL);
	struct client *client = call_with_key("engine-7", "0123456789abcdef");
	run_until(both_open);
	text_comes_back();
	run_until(is_frozen);
	restart(client);
	assert_slice(((slice){ owners[1].identity, owners[1].identity_n }), "engine-7");
}

static void sessions_and_strangers_go_on_with_new_files(void **state)
{
	(void)state;
	struct tls_fault fault;
	serve_with(TLS_ASK_REQUIRED, false, NULL);
	call_as("engine-7.crt", "engine-7.key");
	run_until(both_open);
	text_comes_back();
	pki_run("cp server.crt old.crt && cp server.key old.key");
	pki_signed("server", "ca");
	assert_true(tls_renew(server_tls, &fault));
	dtls_renewed(dtls);
	assert_null(dtls_peer_doubts(owners[0].session));
	text_comes_back();
	restart(&clients[0]);
	assert_true(owners[1].certificate_n > 0);
}

static void a_first_hello_alone_ends_no_session(void **state)
{
	(void)state;
	serve_with(TLS_ASK_NONE, true, NULL);
	struct client *client = call_with_key("engine-7", "0123456789abcdef");
	turn_client(client);
	unsigned char hello[2048];
	size_t n = client->last_n;
	memcpy(hello, client->last, n);
	run_until(both_open);
	text_comes_back();
	assert_int_equal(send(client->fd, hello, n, 0), (ssize_t)n);
	text_comes_back();
	assert_false(owners[0].ended);
}

static void goodbye_ends_it(void **state)
{
	(void)state;
	serve_with(TLS_ASK_NONE, true, NULL);
	struct client *client = call_with_key("engine-7", "0123456789abcdef");
	run_until(both_open);
	text_comes_back();
	assert_int_equal(mbedtls_ssl_close_notify(&client->ssl), 0);
	run_until(owner_ended);
	assert_int_equal(owners[0].end, DTLS_END_PEER);
	assert_int_equal(dtls_sessions(dtls), 0);
}

static void the_owner_may_end_it(void **state)
{
	(void)state;
	serve_with(TLS_ASK_NONE, true, NULL);
	call_with_key("engine-7", "0123456789abcdef");
	run_until(both_open);
	end_when_heard = true;
	text_comes_back();
	run_until(client_ended);
	assert_int_equal(dtls_sessions(dtls), 0);
}

static void silence_ends_it(void **state)
{
	(void)state;
	static const struct dtls_limits limits = { 10, 100, 60000 };
	serve_with(TLS_ASK_NONE, true, &limits);
	call_with_key("engine-7", "0123456789abcdef");
	run_until(both_open);
	run_until(client_ended);
	assert_int_equal(owners[0].end, DTLS_END_IDLE);
}

static bool three_open(void)
{
	return clients[0].open && clients[1].open && clients[2].open && nowners == 3;
}

static void the_longest_silent_makes_room(void **state)
{
	(void)state;
	static const struct dtls_limits limits = { 2, 600000, 60000 };
	serve_with(TLS_ASK_NONE, true, &limits);
	call_with_key("engine-7", "0123456789abcdef");
	run_until(both_open);
	call(1);
	call(2);
	run_until(three_open);
	run_until(client_ended);
	assert_int_equal(owners[0].end, DTLS_END_ROOM);
	assert_int_equal(dtls_sessions(dtls), 2);
}

static void a_handshake_has_a_deadline(void **state)
{
	(void)state;
	static const struct dtls_limits limits = { 10, 600000, 50 };
	serve_with(TLS_ASK_NONE, true, &limits);
	struct client *client = call_with_key("engine-7", "0123456789abcdef");
	turn_client(client);
	run_until(hello_verified);
	client->deaf = true; /* it goes on to send its hello with the cookie */
	run_until(is_refused);
	assert_int_equal(dtls->beginners.members, 0);
}

static void send_garbage(void)
{
	static const slice garbage[] = {
		SLICE_INIT(""),
		SLICE_INIT("\x16"),
		SLICE_INIT("\x40\x01\x00\x01"),
		/* a ClientHello of nothing; a record of the next epoch; one longer than the datagram */
		SLICE_INIT("\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x04\x01\0\0\0"),
		SLICE_INIT("\x17\xfe\xfd\0\1\0\0\0\0\0\0\0\x04zzzz"),
		SLICE_INIT("\x16\xfe\xfd\0\0\0\0\0\0\0\0\xff\xff\x01"),
		/* the first behind the second */
		SLICE_INIT("\x17\xfe\xfd\0\1\0\0\0\0\1\0\0\x04zzzz"
		           "\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x04\x01\0\0\0"),
	};
	for (unsigned i = 0; i < sizeof garbage / sizeof *garbage; i++)
		(void)send(clients[0].fd, garbage[i].p, garbage[i].n, 0);
}

static void garbage_is_nothing(void **state)
{
	(void)state;
	serve_with(TLS_ASK_NONE, true, NULL);
	call_with_key("engine-7", "0123456789abcdef");
	send_garbage();
	run_until(both_open);
	text_comes_back();
	send_garbage();
	text_comes_back();
	assert_int_equal(owners[0].messages, 2);
}

static bool all_open(void)
{
	unsigned n = 0;
	for (unsigned i = 0; i < crowd(); i++)
		n += clients[i].open;
	return n == crowd() && nowners == crowd();
}

static bool all_heard(void)
{
	for (unsigned i = 0; i < crowd(); i++) {
		if (clients[i].got_n < 5)
			return false;
	}
	return true;
}

static void all_speak(void)
{
	for (unsigned i = 0; i < crowd(); i++) {
		clients[i].got_n = 0;
		say(&clients[i], SLICE("hello"));
	}
	run_until(all_heard);
}

/* More than there are contexts for: each speaks through one in turn. */
static void many_sessions_share_few_contexts(void **state)
{
	(void)state;
	serve_with(TLS_ASK_NONE, true, NULL);
	know_key(SLICE("engine-7"), SLICE("0123456789abcdef"));
	for (unsigned i = 0; i < crowd(); i++) {
		call(i);
		if (i % 100 == 99) {
			/* Some at a time, as their contexts hold until they have spoken. */
			for (;;) {
				unsigned n = 0;
				for (unsigned k = 0; k <= i; k++)
					n += clients[k].open;
				if (n == i + 1)
					break;
				give_up_at_ms = 0;
				over = is_refused;
				timer_set(&tick, loop_now_ms(loop) + 1);
				loop_run(loop);
			}
			for (unsigned k = i - 99; k <= i; k++)
				say(&clients[k], SLICE("hello"));
		}
	}
	run_until(all_open);
	run_until(all_heard);
	all_speak();
	all_speak();
	assert_true(dtls->nactive <= DTLS_ACTIVE_MAX);
	assert_int_equal(dtls_sessions(dtls), crowd());
	for (unsigned i = 0; i < crowd(); i++) {
		assert_false(owners[i].ended);
		assert_int_equal(owners[i].messages, 3);
	}
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	const struct CMUnitTest tests[] = {
		CASE(a_client_is_known_by_its_key),
		CASE(a_wrong_key_opens_nothing),
		CASE(neither_does_an_unknown_identity),
		CASE(a_client_is_known_by_its_certificate),
		CASE(one_who_is_revoked_is_doubted_also_when_frozen),
		CASE(sessions_and_strangers_go_on_with_new_files),
		CASE(a_required_certificate_is_required),
		CASE(a_certificate_of_a_stranger_is_refused),
		CASE(devices_speak_ccm_8_with_keys),
		CASE(devices_speak_ccm_8_with_certificates),
		CASE(nothing_is_kept_before_the_cookie),
		CASE(openssl_is_served_with_a_key),
		CASE(openssl_is_served_with_a_certificate),
		CASE(lost_datagrams_are_repeated),
		CASE(the_servers_flight_is_repeated),
		CASE(a_replayed_datagram_is_not_heard_twice),
		CASE(a_client_may_begin_anew_from_its_port),
		CASE(also_when_its_session_is_frozen),
		CASE(a_first_hello_alone_ends_no_session),
		CASE(goodbye_ends_it),
		CASE(the_owner_may_end_it),
		CASE(silence_ends_it),
		CASE(the_longest_silent_makes_room),
		CASE(a_handshake_has_a_deadline),
		CASE(garbage_is_nothing),
		CASE(many_sessions_share_few_contexts),
	};
	return cmocka_run_group_tests(tests, pki_make, pki_remove);
}
