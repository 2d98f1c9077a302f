/* CoAP over TCP (RFC 8323): the framing, signals, and a connection's life. */
#include "support.h"

#include "coap_world.h"

enum {
	GET = WIRE_CODE(0, 1),
	POST = WIRE_CODE(0, 2),
	CSM = WIRE_CODE(7, 1),
	PING = WIRE_CODE(7, 2),
	PONG = WIRE_CODE(7, 3),
	RELEASE = WIRE_CODE(7, 4),
	ABORT = WIRE_CODE(7, 5),
	MAX_MESSAGE_SIZE = 2,
	BLOCK_WISE = 4,
	URI_PATH = 11,
	BLOCK2 = 23,
	HEAD_BYTES = 4096 /* that a message may have beside its body */
};

static char buffer[1 << 17];
static struct wire_writer writer;
static struct stream stream;

static void begin(void)
{
	wire_begin_stream(&writer, buffer, sizeof buffer, SLICE("tok"));
}

static slice end(unsigned char code)
{
	slice message = wire_end_stream(&writer, code, SLICE("tok"));
	assert_non_null(message.p);
	return message;
}

static void send_simple(unsigned char code)
{
	begin();
	arrives_on(&stream, end(code), SIZE_MAX);
}

static void ask_for(const char *path)
{
	begin();
	wire_option(&writer, URI_PATH, slice_of(path));
	arrives_on(&stream, end(GET), SIZE_MAX);
}

static struct wire_message expect(unsigned char code)
{
	struct wire_message message;
	if (!said(&stream, &message))
		fail_msg("nothing was said");
	assert_int_equal(message.code, code);
	return message;
}

static void expect_nothing(void)
{
	assert_int_equal(stream.nread, stream.nout);
}

static int open_it(void **state)
{
	static const char *const settings[] = { "bind", "tcp://127.0.0.1:5683", NULL };
	(void)state;
	open_listener(settings);
	memset(&stream, 0, sizeof stream);
	assert_non_null(connects(&stream));
	struct wire_message csm = expect(CSM);
	assert_int_equal(
	        wire_number(wire_find(&csm, MAX_MESSAGE_SIZE)->value), WORLD_BODY_MAX + HEAD_BYTES);
	assert_non_null(wire_find(&csm, BLOCK_WISE));
	return 0;
}

static int close_it(void **state)
{
	(void)state;
	if (stream.owner)
		is_gone(&stream, STREAM_END_PEER);
	close_listener();
	return 0;
}

static void greet(uint32_t max_message_size)
{
	begin();
	wire_option_number(&writer, MAX_MESSAGE_SIZE, max_message_size);
	arrives_on(&stream, end(CSM), SIZE_MAX);
	expect_nothing();
}

static void lengths_are_written_and_read(void **state)
{
	(void)state;
	static const size_t lengths[] = { 0, 1, 11, 12, 13, 14, 267, 268, 269, 270, 65803, 65804,
		65805, 65806, 100000 };
	static char body[100000];
	for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct wire_message message;
		const char *why;
		size_t used;
		begin();
		wire_payload(&writer, (slice){ body, lengths[i] });
		slice bytes = end(POST);
		for (size_t n = 0; n < bytes.n; n += n < 16 ? 1 : 4096)
			assert_int_equal(wire_parse_stream((slice){ bytes.p, n }, sizeof buffer,
			                         &message, &used, &why),
			        WIRE_PART);
		assert_int_equal(wire_parse_stream(bytes, bytes.n, &message, &used, &why), WIRE_OK);
		assert_int_equal(used, bytes.n);
		assert_int_equal(message.payload.n, lengths[i]);
		assert_slice(message.token, "tok");
		assert_int_equal(wire_parse_stream(
		                         (slice){ bytes.p, 6 }, bytes.n - 1, &message, &used, &why),
		        WIRE_TOO_LARGE);
	}
}

static void what_is_wrong_is_seen(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t n;
		enum wire_verdict verdict;
	} cases[] = {
		{ "", 0, WIRE_PART },
		{ "\x00", 1, WIRE_PART },
		{ "\x00\x00", 2, WIRE_OK }, /* empty: keeps the connection alive */
		{ "\x01\x01", 2, WIRE_PART },
		{ "\x09\x01", 2, WIRE_MALFORMED }, /* token length */
		{ "\x0f", 1, WIRE_MALFORMED },
		{ "\x10\x01\xff", 3, WIRE_MALFORMED }, /* marker without payload */
		{ "\x10\x01\xf0", 3, WIRE_MALFORMED }, /* delta 15 */
		{ "\x10\x01\x01", 3, WIRE_MALFORMED }, /* an option longer than the message */
		{ "\x00\x20", 2, WIRE_MALFORMED },     /* class 1 */
		{ "\x00\xc0", 2, WIRE_MALFORMED },     /* class 6 */
		{ "\x00\xe2", 2, WIRE_OK },
		{ "\x10\x00\x00", 3, WIRE_MALFORMED }, /* an empty one that is not */
		{ "\xf0\xff\xff\xff\xff\x01", 6, WIRE_TOO_LARGE },
		{ "\xe0\xff", 2, WIRE_PART },
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct wire_message message;
		const char *why = NULL;
		size_t used;
		enum wire_verdict verdict = wire_parse_stream(
		        (slice){ cases[i].bytes, cases[i].n }, 1000, &message, &used, &why);
		if (verdict != cases[i].verdict || (verdict == WIRE_MALFORMED) != (why != NULL))
			fail_msg("case %u: %d", i, (int)verdict);
	}
}

static void a_request_is_answered(void **state)
{
	(void)state;
	greet(1 << 20);
	begin();
	wire_option(&writer, URI_PATH, SLICE("x"));
	wire_payload(&writer, SLICE("{\"value\":1}"));
	arrives_on(&stream, end(POST), SIZE_MAX);
	struct request *request = taken();
	assert_slice(request->in.path, "/x");
	assert_slice(request->in.body, "{\"value\":1}");
	assert_slice(request->peer, "192.0.2.7:41000");
	pass_ms(5000);
	expect_nothing(); /* nothing is acknowledged here */
	reply_with(request, STATUS_OK, "application/json", SLICE("{}"));
	struct wire_message answer = expect(WIRE_CODE(2, 4));
	assert_slice(answer.token, "tok");
	assert_slice(answer.payload, "{}");
	assert_int_equal(world.nsent, 0);
}

static void however_the_bytes_arrive(void **state)
{
	(void)state;
	static const size_t pieces[] = { 1, 2, 3, 7, 50, SIZE_MAX };
	char all[2048];
	size_t n = 0;
	for (unsigned i = 0; i < 12; i++) {
		char body[40];
		memset(body, 'a' + (int)i, sizeof body);
		begin();
		if (i)
			wire_option(&writer, URI_PATH, SLICE("however"));
		wire_payload(&writer, (slice){ body, i * 3 });
		slice message = end(i ? POST : CSM);
		memcpy(all + n, message.p, message.n);
		n += message.n;
	}
	for (unsigned p = 0; p < sizeof pieces / sizeof *pieces; p++) {
		if (p) {
			is_gone(&stream, STREAM_END_PEER);
			memset(&stream, 0, sizeof stream);
			assert_non_null(connects(&stream));
			(void)expect(CSM);
		}
		arrives_on(&stream, (slice){ all, n }, pieces[p]);
		for (unsigned i = 1; i < 12; i++) {
			struct request *request = taken();
			assert_non_null(request);
			assert_int_equal(request->in.body.n, i * 3);
			reply_with(request, STATUS_OK, NULL, (slice){ NULL, 0 });
			(void)expect(WIRE_CODE(2, 4));
		}
		assert_null(taken());
		assert_int_equal(stream.nin, 0);
	}
}

static void answers_fit_what_the_peer_takes(void **state)
{
	(void)state;
	static char body[WORLD_BODY_MAX];
	greet(1 << 20);
	ask_for("large");
	reply_with(taken(), STATUS_OK, "text/plain", (slice){ body, sizeof body });
	assert_int_equal(expect(WIRE_CODE(2, 5)).payload.n, sizeof body);
	/* A peer that takes no more than it must gets blocks. */
	greet(0);
	ask_for("large");
	reply_with(taken(), STATUS_OK, "text/plain", (slice){ body, sizeof body });
	struct wire_message answer = expect(WIRE_CODE(2, 5));
	assert_int_equal(answer.payload.n, 1024);
	assert_int_equal(wire_number(wire_find(&answer, BLOCK2)->value), 8 + 6);
	begin();
	struct wire_block block = { .number = 7, .size = 1024 };
	wire_option(&writer, URI_PATH, SLICE("large"));
	wire_option_block(&writer, BLOCK2, &block);
	arrives_on(&stream, end(GET), SIZE_MAX);
	assert_null(taken());
	assert_int_equal(expect(WIRE_CODE(2, 5)).payload.n, WORLD_BODY_MAX - 7 * 1024);
}

static void a_body_over_the_limit_is_refused(void **state)
{
	(void)state;
	static char body[WORLD_BODY_MAX + HEAD_BYTES];
	greet(0);
	begin();
	wire_payload(&writer, (slice){ body, WORLD_BODY_MAX + 1 });
	arrives_on(&stream, end(POST), SIZE_MAX);
	struct request *request = taken();
	assert_int_equal(request->status, STATUS_TOO_LARGE);
	reply_with(request, STATUS_OK, NULL, (slice){ NULL, 0 });
	(void)expect(WIRE_CODE(4, 13));
	assert_false(stream.closing);
	/* A message over what we said we take is the end. */
	begin();
	wire_payload(&writer, (slice){ body, sizeof body });
	arrives_on(&stream, end(POST), 100);
	request = taken();
	assert_int_equal(request->status, STATUS_MALFORMED);
	reply_with(request, STATUS_OK, NULL, (slice){ NULL, 0 });
	(void)expect(ABORT);
	assert_true(stream.closing);
}

static void signals_have_their_answers(void **state)
{
	(void)state;
	greet(0);
	send_simple(PING);
	assert_slice(expect(PONG).token, "tok");
	send_simple(PONG);
	send_simple(WIRE_CODE(7, 9)); /* of which nothing is known */
	arrives_on(&stream, SLICE("\x00\x00"), 1);
	send_simple(WIRE_CODE(2, 5)); /* an answer that nobody asked for */
	expect_nothing();
	assert_null(taken());
	begin();
	wire_option(&writer, 3, SLICE("x"));
	arrives_on(&stream, end(PING), SIZE_MAX);
	(void)expect(ABORT);
	assert_true(stream.closing);
}

static void an_unknown_critical_option_of_a_csm_is_named(void **state)
{
	(void)state;
	begin();
	wire_option(&writer, 7, SLICE("x"));
	arrives_on(&stream, end(CSM), SIZE_MAX);
	struct wire_message abort = expect(ABORT);
	assert_int_equal(wire_number(wire_find(&abort, 2)->value), 7);
	assert_true(stream.closing);
}

static void the_first_message_is_a_csm(void **state)
{
	(void)state;
	ask_for("x");
	(void)expect(ABORT);
	assert_true(stream.closing);
	assert_null(taken());
}

static void garbage_is_refused_and_aborted(void **state)
{
	(void)state;
	greet(0);
	arrives_on(&stream, SLICE("\x10\x01\xff rest"), SIZE_MAX);
	struct request *request = taken();
	assert_int_equal(request->status, STATUS_MALFORMED);
	assert_int_equal(world.adapter->counters.at[COUNTER_MALFORMED], 1);
	assert_false(stream.closing);
	reply_with(request, STATUS_OK, NULL, (slice){ NULL, 0 });
	(void)expect(ABORT);
	assert_true(stream.closing);
}

static void release_lets_answers_out(void **state)
{
	(void)state;
	greet(0);
	ask_for("x");
	send_simple(RELEASE);
	assert_false(stream.closing);
	reply_with(taken(), STATUS_OK, NULL, (slice){ NULL, 0 });
	(void)expect(WIRE_CODE(2, 5));
	assert_true(stream.closing);
}

static void what_was_asked_for_outlives_the_connection(void **state)
{
	(void)state;
	greet(0);
	ask_for("x");
	is_gone(&stream, STREAM_END_PEER);
	stream.owner = NULL;
	reply_with(taken(), STATUS_OK, NULL, (slice){ NULL, 0 });
	expect_nothing();
}

static void a_busy_connection_is_not_read(void **state)
{
	(void)state;
	greet(0);
	for (unsigned i = 0; i < 17; i++)
		ask_for("x");
	assert_int_equal(world.nsubmitted, 16);
	assert_true(stream.paused);
	reply_with(taken(), STATUS_OK, NULL, (slice){ NULL, 0 });
	assert_false(stream.paused);
	/* And not while it does not read. */
	stream.unsent = 65537;
	reply_with(taken(), STATUS_OK, NULL, (slice){ NULL, 0 });
	assert_true(stream.paused);
	stream.unsent = 0;
	world.accept.events->drained(stream.owner, &stream);
	assert_false(stream.paused);
}

static void a_silent_connection_is_asked_and_closed(void **state)
{
	(void)state;
	assert_true(stream.deadline_ms); /* for the CSM */
	greet(0);
	assert_int_equal(stream.deadline_ms, 0);
	pass_ms(599000);
	expect_nothing();
	pass_ms(1000);
	(void)expect(PING);
	send_simple(PONG);
	pass_ms(600000);
	(void)expect(PING);
	assert_false(stream.closing);
	pass_ms(30000);
	assert_true(stream.closing);
	assert_int_equal(world.adapter->counters.at[COUNTER_EXPIRED], 1);
}

static void a_message_has_to_come_whole(void **state)
{
	(void)state;
	greet(0);
	arrives_on(&stream, SLICE("\x50\x01"), 1);
	uint64_t deadline_ms = stream.deadline_ms;
	assert_true(deadline_ms);
	pass_ms(1000);
	arrives_on(&stream, SLICE("\xb1"), 1); /* more of the same does not move it */
	assert_int_equal(stream.deadline_ms, deadline_ms);
	arrives_on(&stream, SLICE("x\xff{}"), SIZE_MAX);
	assert_int_equal(stream.deadline_ms, 0);
	assert_non_null(taken());
	reply_with(world.submitted[0], STATUS_OK, NULL, (slice){ NULL, 0 });
}

static void stopping_says_so(void **state)
{
	(void)state;
	greet(0);
	ask_for("x");
	adapter_coap.stop(world.adapter);
	(void)expect(RELEASE);
	assert_int_equal(world.adapter->answering, 1);
	reply_with(taken(), STATUS_OK, NULL, (slice){ NULL, 0 });
	(void)expect(WIRE_CODE(2, 5));
	/* What was on its way is answered as well. */
	assert_false(stream.closing);
	ask_for("x");
	struct request *crossed = taken();
	pass_ms(1000);
	assert_int_equal(world.adapter->answering, 0);
	assert_false(stream.closing);
	ask_for("x");
	assert_null(taken());
	reply_with(crossed, STATUS_OK, NULL, (slice){ NULL, 0 });
	(void)expect(WIRE_CODE(2, 5));
	assert_true(stream.closing);
	static struct stream late;
	assert_null(connects(&late));
}

static void a_listener_without_connections_waits_for_nobody(void **state)
{
	(void)state;
	greet(0);
	is_gone(&stream, STREAM_END_PEER);
	stream.owner = NULL;
	adapter_coap.stop(world.adapter);
	assert_int_equal(world.adapter->answering, 0);
}

static void the_last_that_goes_ends_the_wait(void **state)
{
	(void)state;
	greet(0);
	adapter_coap.stop(world.adapter);
	(void)expect(RELEASE);
	assert_int_equal(world.adapter->answering, 1);
	is_gone(&stream, STREAM_END_PEER);
	stream.owner = NULL;
	assert_int_equal(world.adapter->answering, 0);
}

static void what_tls_has_proved_comes_along(void **state)
{
	(void)state;
	static struct stream proved;
	memset(&proved, 0, sizeof proved);
	proved.certificate = SLICE("der");
	proved.psk_identity = SLICE("engine-7");
	assert_non_null(connects(&proved));
	begin();
	arrives_on(&proved, end(CSM), SIZE_MAX);
	begin();
	arrives_on(&proved, end(GET), SIZE_MAX);
	struct request *request = taken();
	bool certificate = false, identity = false;
	for (const struct credential *at = request->credentials; at; at = at->next) {
		certificate |= at->kind == CREDENTIAL_CERTIFICATE && slice_is(at->secret, "der");
		identity |= at->kind == CREDENTIAL_PSK && slice_is(at->name, "engine-7") &&
		            slice_is(at->secret, "its mark");
	}
	assert_true(certificate && identity);
	is_gone(&proved, STREAM_END_PEER);
	reply_with(request, STATUS_OK, NULL, (slice){ NULL, 0 });
}

#define CONNECTION_TEST(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_are_written_and_read),
		cmocka_unit_test(what_is_wrong_is_seen),
		CONNECTION_TEST(a_request_is_answered),
		CONNECTION_TEST(however_the_bytes_arrive),
		CONNECTION_TEST(answers_fit_what_the_peer_takes),
		CONNECTION_TEST(a_body_over_the_limit_is_refused),
		CONNECTION_TEST(signals_have_their_answers),
		CONNECTION_TEST(an_unknown_critical_option_of_a_csm_is_named),
		CONNECTION_TEST(the_first_message_is_a_csm),
		CONNECTION_TEST(garbage_is_refused_and_aborted),
		CONNECTION_TEST(release_lets_answers_out),
		CONNECTION_TEST(a_listener_without_connections_waits_for_nobody),
		CONNECTION_TEST(the_last_that_goes_ends_the_wait),
		CONNECTION_TEST(what_was_asked_for_outlives_the_connection),
		CONNECTION_TEST(a_busy_connection_is_not_read),
		CONNECTION_TEST(a_silent_connection_is_asked_and_closed),
		CONNECTION_TEST(a_message_has_to_come_whole),
		CONNECTION_TEST(stopping_says_so),
		CONNECTION_TEST(what_tls_has_proved_comes_along),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
