/* The CoAP listener as a whole, against a scripted core and a hand-moved clock. */
#include "support.h"

#include "coap_world.h"

enum {
	GET = WIRE_CODE(0, 1),
	POST = WIRE_CODE(0, 2),
	PUT = WIRE_CODE(0, 3),
	IF_MATCH = 1,
	URI_HOST = 3,
	ETAG = 4,
	LOCATION_PATH = 8,
	OSCORE = 9,
	URI_PATH = 11,
	FORMAT = 12,
	MAX_AGE = 14,
	URI_QUERY = 15,
	ACCEPT = 17,
	LOCATION_QUERY = 20,
	BLOCK2 = 23,
	BLOCK1 = 27,
	SIZE2 = 28,
	PROXY_URI = 35,
	SIZE1 = 60,
	ECHO = 252
};

static char buffer[4096];
static struct wire_writer writer;

static void begin(enum wire_type type, unsigned char code, uint16_t id)
{
	wire_begin(&writer, buffer, sizeof buffer, type, code, id, SLICE("tok"));
}

static void send_from(unsigned port)
{
	assert_false(writer.failed);
	arrives_from(port, (slice){ buffer, writer.n });
}

static void send_simple(enum wire_type type, unsigned char code, uint16_t id, const char *path)
{
	begin(type, code, id);
	wire_option(&writer, URI_PATH, slice_of(path));
	send_from(4000);
}

/* The next datagram is an answer with this code. */
static struct wire_message expect(enum wire_type type, unsigned char code)
{
	struct wire_message message;
	if (!answered(&message))
		fail_msg("nothing was sent");
	assert_int_equal(message.code, code);
	assert_int_equal(message.type, type);
	if (code)
		assert_slice(message.token, "tok");
	return message;
}

static void expect_nothing(void)
{
	assert_int_equal(world.nread, world.nsent);
}

static int open_default(void **state)
{
	(void)state;
	open_listener(NULL);
	return 0;
}

static int close_it(void **state)
{
	(void)state;
	close_listener();
	return 0;
}

/* The peer at this port sends back the Echo option that it was challenged with. */
static void prove_address(unsigned port)
{
	char body[9000] = { 0 };
	begin(WIRE_CON, GET, 60000);
	send_from(port);
	reply_with(taken(), STATUS_OK, "text/plain", (slice){ body, sizeof body });
	struct wire_message answer = expect(WIRE_ACK, WIRE_CODE(4, 1));
	slice echo = wire_find(&answer, ECHO)->value;
	begin(WIRE_CON, GET, 60001);
	wire_option(&writer, ECHO, echo);
	send_from(port);
	reply_with(taken(), STATUS_OK, NULL, (slice){ NULL, 0 });
	(void)expect(WIRE_ACK, WIRE_CODE(2, 5));
}

static void a_reading_is_submitted_and_answered(void **state)
{
	(void)state;
	begin(WIRE_CON, POST, 77);
	wire_option(&writer, IF_MATCH, SLICE("\x01\xab"));
	wire_option(&writer, URI_HOST, SLICE("box"));
	wire_option(&writer, URI_PATH, SLICE("ships"));
	wire_option(&writer, URI_PATH, SLICE("a/b c"));
	wire_option(&writer, FORMAT, SLICE("\x32"));
	wire_option(&writer, URI_QUERY, SLICE("unit=K&C+"));
	wire_option(&writer, URI_QUERY, SLICE("x"));
	wire_option(&writer, ACCEPT, SLICE("\x3c"));
	wire_payload(&writer, SLICE("{\"value\":1}"));
	send_from(4000);
	struct request *request = taken();
	assert_non_null(request);
	assert_int_equal(request->status, STATUS_NONE);
	assert_int_equal(request->in.method, METHOD_POST);
	assert_slice(request->in.path, "/ships/a%2Fb%20c");
	assert_slice(request->in.query, "unit=K%26C%2B&x");
	assert_slice(request->in.media, "application/json");
	assert_slice(request->in.body, "{\"value\":1}");
	assert_slice(request->accept, "application/cbor");
	assert_slice(request->peer, "127.0.0.1:4000");
	assert_slice(message_field(&request->in, "if-match"), "\"01ab\"");
	assert_null(request->credentials);
	expect_nothing();
	reply_with(request, STATUS_OK, "application/json; charset=utf-8", SLICE("{}"));
	struct wire_message answer = expect(WIRE_ACK, WIRE_CODE(2, 4));
	assert_int_equal(answer.id, 77);
	assert_slice(answer.payload, "{}");
	assert_int_equal(wire_number(wire_find(&answer, FORMAT)->value), 50);
	pass_ms(10000);
	expect_nothing();
}

static void a_bare_get_is_the_root(void **state)
{
	(void)state;
	begin(WIRE_CON, GET, 1);
	wire_option(&writer, ETAG, SLICE("\x10"));
	wire_option(&writer, ETAG, SLICE("\x20\x30"));
	send_from(4000);
	struct request *request = taken();
	assert_slice(request->in.path, "/");
	assert_slice(message_field(&request->in, "if-none-match"), "\"10\", \"2030\"");
	static const struct field fields[] = { { SLICE_INIT("etag"), SLICE_INIT("\"2030\"") } };
	request->out.fields = fields;
	request->out.nfields = 1;
	reply_with(request, STATUS_NOT_MODIFIED, NULL, SLICE("not to be sent"));
	struct wire_message answer = expect(WIRE_ACK, WIRE_CODE(2, 3));
	assert_true(slice_equal(wire_find(&answer, ETAG)->value, SLICE("\x20\x30")));
	assert_int_equal(answer.payload.n, 0);
}

static void created_says_where(void **state)
{
	(void)state;
	send_simple(WIRE_CON, POST, 1, "x");
	struct request *request = taken();
	static const struct field fields[] = {
		{ SLICE_INIT("location"), SLICE_INIT("/_queue/a%2Fb?q=1&r") },
	};
	request->out.fields = fields;
	request->out.nfields = 1;
	reply_with(request, STATUS_CREATED, NULL, (slice){ NULL, 0 });
	struct wire_message answer = expect(WIRE_ACK, WIRE_CODE(2, 1));
	assert_int_equal(answer.noptions, 4);
	assert_slice(answer.options[0].value, "_queue");
	assert_slice(answer.options[1].value, "a/b");
	assert_int_equal(answer.options[1].number, LOCATION_PATH);
	assert_slice(answer.options[2].value, "q=1");
	assert_int_equal(answer.options[3].number, LOCATION_QUERY);
}

static void a_repeated_message_has_one_effect(void **state)
{
	(void)state;
	send_simple(WIRE_CON, POST, 5, "x");
	send_simple(WIRE_CON, POST, 5, "x"); /* while it is under way */
	struct request *request = taken();
	assert_null(taken());
	expect_nothing();
	reply_with(request, STATUS_CHANGED, NULL, (slice){ NULL, 0 });
	(void)expect(WIRE_ACK, WIRE_CODE(2, 4));
	send_simple(WIRE_CON, POST, 5, "x"); /* the answer was lost */
	assert_int_equal(expect(WIRE_ACK, WIRE_CODE(2, 4)).id, 5);
	assert_null(taken());
	/* Another peer's is another message; so is the same peer's after its lifetime. */
	begin(WIRE_CON, POST, 5);
	send_from(4001);
	assert_non_null(taken());
	pass_ms(250000);
	world.nread = world.nsent;
	send_simple(WIRE_CON, POST, 5, "x");
	assert_non_null(taken());
	for (unsigned i = 0; i < world.nsubmitted; i++)
		if (i)
			reply_with(world.submitted[i], STATUS_OK, NULL, (slice){ NULL, 0 });
}

static void a_slow_answer_comes_separately(void **state)
{
	(void)state;
	prove_address(4000);
	send_simple(WIRE_CON, POST, 9, "x");
	struct request *request = taken();
	pass_ms(900);
	expect_nothing();
	pass_ms(200);
	assert_int_equal(expect(WIRE_ACK, 0).id, 9);
	send_simple(WIRE_CON, POST, 9, "x");
	assert_int_equal(expect(WIRE_ACK, 0).id, 9);
	assert_null(taken());
	reply_with(request, STATUS_OK, "application/json", SLICE("{}"));
	struct wire_message answer = expect(WIRE_CON, WIRE_CODE(2, 4));
	assert_slice(answer.payload, "{}");
	uint16_t id = answer.id;
	/* A repeated request is acknowledged; the answer repeats by itself until the peer has it. */
	send_simple(WIRE_CON, POST, 9, "x");
	assert_int_equal(expect(WIRE_ACK, 0).id, 9);
	pass_ms(3100);
	assert_int_equal(expect(WIRE_CON, WIRE_CODE(2, 4)).id, id);
	expect_nothing();
	wire_begin(&writer, buffer, sizeof buffer, WIRE_ACK, 0, id, (slice){ NULL, 0 });
	send_from(4001); /* not the peer's: ignored */
	pass_ms(6000);
	assert_int_equal(expect(WIRE_CON, WIRE_CODE(2, 4)).id, id);
	wire_begin(&writer, buffer, sizeof buffer, WIRE_ACK, 0, id, (slice){ NULL, 0 });
	send_from(4000);
	pass_ms(100000);
	expect_nothing();
}

static void a_silent_peer_is_given_up(void **state)
{
	(void)state;
	prove_address(4000);
	send_simple(WIRE_CON, POST, 9, "x");
	pass_ms(1100);
	(void)expect(WIRE_ACK, 0);
	reply_with(taken(), STATUS_OK, NULL, (slice){ NULL, 0 });
	pass_ms(200000);
	for (unsigned i = 0; i < 5; i++) /* once, and MAX_RETRANSMIT times again */
		(void)expect(WIRE_CON, WIRE_CODE(2, 4));
	expect_nothing();
}

static void a_late_refusal_does_not_amplify(void **state)
{
	(void)state;
	send_simple(WIRE_CON, POST, 9, "a-path-of-a-usual-length-for-a-sensor");
	size_t asked = writer.n, sent = 0;
	pass_ms(1100);
	struct request *request = taken();
	request_refuse(request, STATUS_TIMEOUT, "the backend did not answer within its time");
	reply_with(request, STATUS_TIMEOUT, NULL, (slice){ NULL, 0 });
	pass_ms(200000);
	assert_int_equal(world.nsent, 6);
	for (unsigned i = 0; i < world.nsent; i++)
		sent += world.sent[i].n;
	assert_true(sent <= 3 * asked);
}

static void non_confirmable_gets_non_confirmable(void **state)
{
	(void)state;
	send_simple(WIRE_NON, POST, 3, "x");
	send_simple(WIRE_NON, POST, 3, "x");
	struct request *request = taken();
	pass_ms(5000);
	expect_nothing();
	reply_with(request, STATUS_OK, NULL, (slice){ NULL, 0 });
	(void)expect(WIRE_NON, WIRE_CODE(2, 4));
	send_simple(WIRE_NON, POST, 3, "x");
	expect_nothing();
	assert_null(taken());
}

static void refusals_by_their_code(void **state)
{
	(void)state;
	static const struct {
		unsigned char code;
		unsigned option;
		const char *value;
		unsigned char expected;
	} cases[] = {
		{ GET, OSCORE, "x", WIRE_CODE(4, 2) },
		{ GET, 2049, "x", WIRE_CODE(4, 2) }, /* unknown, critical */
		{ GET, 2050, "x", 0 },               /* unknown, elective */
		{ GET, PROXY_URI, "coap://x", WIRE_CODE(5, 5) },
		{ GET, 39, "coap", WIRE_CODE(5, 5) },
		{ GET, 19, "x", WIRE_CODE(4, 2) },               /* Q-Block1 */
		{ GET, IF_MATCH, "123456789", WIRE_CODE(4, 2) }, /* too long */
		{ GET, ETAG, "123456789", 0 },                   /* the same, elective */
		{ GET, URI_PATH, "..", WIRE_CODE(4, 0) },
		{ GET, URI_PATH, "\xff", WIRE_CODE(4, 0) },
		{ GET, URI_PATH, "a\x01", WIRE_CODE(4, 0) },
		{ GET, URI_QUERY, "\xff", WIRE_CODE(4, 0) },
		{ GET, FORMAT, "\xfe\xfe", WIRE_CODE(4, 15) },
		{ GET, ACCEPT, "\xfe\xfe", WIRE_CODE(4, 6) },
		{ GET, BLOCK2, "\x07", WIRE_CODE(4, 0) },
		{ PUT, BLOCK1, "\x07", WIRE_CODE(4, 0) },
		{ PUT, BLOCK1, "\x12", WIRE_CODE(4, 8) }, /* the second block first */
		{ PUT, SIZE1, "\xff\xff\xff", 0 },        /* a hint without blocks */
		{ WIRE_CODE(0, 5), URI_PATH, "x", WIRE_CODE(4, 5) },
		{ WIRE_CODE(0, 7), URI_PATH, "x", WIRE_CODE(4, 5) },
		{ WIRE_CODE(0, 31), URI_PATH, "x", WIRE_CODE(4, 5) },
		{ GET, URI_QUERY, "access_token=secret", WIRE_CODE(4, 1) },
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		begin(WIRE_CON, cases[i].code, (uint16_t)(100 + i));
		wire_option(&writer, cases[i].option, slice_of(cases[i].value));
		send_from(4000);
		struct request *request = taken();
		if (!request || (request->status == STATUS_NONE) != !cases[i].expected)
			fail_msg("case %u", i);
		size_t asked = writer.n;
		reply_with(request, STATUS_OK, NULL, (slice){ NULL, 0 });
		unsigned char code = cases[i].expected ? cases[i].expected : WIRE_CODE(2, 5);
		(void)expect(WIRE_ACK,
		        cases[i].code == PUT && !cases[i].expected ? WIRE_CODE(2, 4) : code);
		if (cases[i].expected && world.sent[world.nsent - 1].n > 3 * asked)
			fail_msg("case %u: more than three times what was sent", i);
	}
}

static void a_twice_given_single_option_is_refused(void **state)
{
	(void)state;
	begin(WIRE_CON, GET, 1);
	wire_option(&writer, ACCEPT, SLICE("\x32"));
	wire_option(&writer, ACCEPT, SLICE("\x32"));
	send_from(4000);
	reply_with(taken(), STATUS_OK, NULL, (slice){ NULL, 0 });
	(void)expect(WIRE_ACK, WIRE_CODE(4, 2));
	/* In a non-confirmable message it is rejected. */
	begin(WIRE_NON, GET, 2);
	wire_option(&writer, OSCORE, SLICE(""));
	send_from(4000);
	reply_with(taken(), STATUS_OK, NULL, (slice){ NULL, 0 });
	assert_int_equal(expect(WIRE_RST, 0).id, 2);
}

static void malformed_messages_are_rejected(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t n;
		bool reset, request;
	} cases[] = {
		{ "\x40\x01\x00\x01\xff", 5, true, true },
		{ "\x50\x01\x00\x02\xff", 5, true, true },
		{ "\x60\x45\x00\x03\xff", 5, false, false }, /* ACK */
		{ "\x70\x00\x00\x04\xff", 5, false, false }, /* RST */
		{ "\x40\x00\x00\x05", 4, true, false },      /* ping */
		{ "\x50\x00\x00\x06", 4, false, false },     /* empty NON */
		{ "\x40\x45\x00\x07", 4, true, false },      /* an answer nobody asked for */
		{ "\x50\x45\x00\x08", 4, false, false },
		{ "\x40\xe1\x00\x09", 4, true, true },
		{ "\x00\x01\x00\x0a", 4, false, false },
		{ "\x40", 1, false, false },
		{ "", 0, false, false },
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		arrives_from(4000, (slice){ cases[i].bytes, cases[i].n });
		struct request *request = taken();
		assert_true(cases[i].request == (request != NULL));
		if (request) {
			assert_int_equal(request->status, STATUS_MALFORMED);
			assert_true(request->why.n > 0);
			reply_with(request, STATUS_OK, NULL, (slice){ NULL, 0 });
		}
		if (cases[i].reset)
			assert_int_equal(expect(WIRE_RST, 0).id, cases[i].bytes[3]);
		expect_nothing();
	}
	assert_int_equal(world.adapter->counters.at[COUNTER_MALFORMED], 8);
}

static void refusals_name_reason_and_request(void **state)
{
	(void)state;
	char id[REQUEST_ID_BYTES];
	begin(WIRE_CON, GET, 1);
	wire_option(&writer, URI_PATH, SLICE("a-path-of-forty-characters-or-thereabouts"));
	send_from(4000);
	struct request *request = taken();
	request_id_text(request->id, id);
	request_refuse(request, STATUS_FORBIDDEN, "role sensor may not do this");
	reply_with(request, STATUS_FORBIDDEN, NULL, (slice){ NULL, 0 });
	struct wire_message answer = expect(WIRE_ACK, WIRE_CODE(4, 3));
	char wanted[64];
	(void)snprintf(wanted, sizeof wanted, "role sensor may not do this [%s]", id);
	assert_slice(answer.payload, wanted);

	/* A short question gets a short reason, cut between characters. */
	begin(WIRE_CON, GET, 2);
	send_from(4000);
	request = taken();
	request_refuse(request, STATUS_FORBIDDEN, "%s",
	        "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9");
	reply_with(request, STATUS_FORBIDDEN, NULL, SLICE("a page that is far too long for it"));
	answer = expect(WIRE_ACK, WIRE_CODE(4, 3));
	assert_int_equal(answer.payload.n, 12);
	assert_true(world.sent[world.nsent - 1].n <= 3 * 7);

	begin(WIRE_CON, GET, 3);
	wire_option(&writer, URI_PATH, SLICE("busy-busy-busy"));
	send_from(4000);
	request = taken();
	request->retry_after_ms = 1500;
	reply_with(request, STATUS_TOO_MANY, NULL, (slice){ NULL, 0 });
	answer = expect(WIRE_ACK, WIRE_CODE(4, 29));
	assert_int_equal(wire_number(wire_find(&answer, MAX_AGE)->value), 2);
}

static void a_failed_condition_has_its_own_code(void **state)
{
	(void)state;
	begin(WIRE_CON, PUT, 1);
	wire_option(&writer, IF_MATCH, SLICE("\x01"));
	send_from(4000);
	reply_with(taken(), STATUS_CONFLICT, NULL, (slice){ NULL, 0 });
	(void)expect(WIRE_ACK, WIRE_CODE(4, 12));
	send_simple(WIRE_CON, PUT, 2, "x");
	reply_with(taken(), STATUS_CONFLICT, NULL, (slice){ NULL, 0 });
	(void)expect(WIRE_ACK, WIRE_CODE(4, 9));
}

static void a_token_is_taken_where_the_listener_says_so(void **state)
{
	(void)state;
	static const char *const settings[] = { "token_in_query", "accept", NULL };
	open_listener(settings);
	begin(WIRE_CON, GET, 1);
	wire_option(&writer, URI_QUERY, SLICE("a=1"));
	wire_option(&writer, URI_QUERY, SLICE("access_token=s=cret"));
	wire_option(&writer, URI_QUERY, SLICE("b"));
	send_from(4000);
	struct request *request = taken();
	assert_slice(request->in.query, "a=1&b");
	assert_int_equal(request->credentials->kind, CREDENTIAL_BEARER);
	assert_slice(request->credentials->secret, "s=cret");
	assert_null(request->credentials->next);
	reply_with(request, STATUS_OK, NULL, (slice){ NULL, 0 });
	close_listener();
}

static void send_block1(unsigned char code, uint16_t id, uint32_t number, bool more, slice payload)
{
	struct wire_block block = { .number = number, .more = more, .size = 64 };
	begin(WIRE_CON, code, id);
	wire_option(&writer, URI_PATH, SLICE("x"));
	wire_option_block(&writer, BLOCK1, &block);
	wire_payload(&writer, payload);
	send_from(4000);
}

static void a_body_arrives_in_blocks(void **state)
{
	(void)state;
	char body[150];
	memset(body, 'b', sizeof body);
	send_block1(PUT, 1, 0, true, (slice){ body, 64 });
	struct request *asking = taken();
	assert_true(asking->ask_only);
	reply_with(asking, STATUS_OK, NULL, (slice){ NULL, 0 });
	struct wire_message answer = expect(WIRE_ACK, WIRE_CODE(2, 31));
	assert_int_equal(wire_number(wire_find(&answer, BLOCK1)->value), 8 + 2);
	send_block1(PUT, 2, 1, true, (slice){ body, 64 });
	send_block1(PUT, 2, 1, true, (slice){ body, 64 }); /* repeated */
	(void)expect(WIRE_ACK, WIRE_CODE(2, 31));
	(void)expect(WIRE_ACK, WIRE_CODE(2, 31));
	assert_null(taken());
	send_block1(PUT, 3, 2, false, (slice){ body, 22 });
	struct request *request = taken();
	assert_false(request->ask_only);
	assert_true(slice_equal(request->in.body, (slice){ body, 150 }));
	reply_with(request, STATUS_OK, NULL, (slice){ NULL, 0 });
	answer = expect(WIRE_ACK, WIRE_CODE(2, 4));
	assert_int_equal(wire_number(wire_find(&answer, BLOCK1)->value), 2 << 4 | 2);
	assert_null(taken());
}

static void a_body_that_is_not_welcome_is_refused_at_its_first_block(void **state)
{
	(void)state;
	char body[64] = { 0 };
	send_block1(PUT, 1, 0, true, (slice){ body, 64 });
	reply_with(taken(), STATUS_FORBIDDEN, NULL, (slice){ NULL, 0 });
	(void)expect(WIRE_ACK, WIRE_CODE(4, 3));
}

static void a_body_over_the_limit_is_refused(void **state)
{
	(void)state;
	struct wire_block block = { .number = 0, .more = true, .size = 16 };
	begin(WIRE_CON, PUT, 1);
	wire_option_block(&writer, BLOCK1, &block);
	wire_option_number(&writer, SIZE1, WORLD_BODY_MAX + 1);
	wire_payload(&writer, SLICE("0123456789abcdef"));
	send_from(4000);
	struct request *request = taken();
	assert_int_equal(request->status, STATUS_TOO_LARGE);
	reply_with(request, STATUS_OK, NULL, (slice){ NULL, 0 });
	struct wire_message answer = expect(WIRE_ACK, WIRE_CODE(4, 13));
	assert_int_equal(wire_number(wire_find(&answer, SIZE1)->value), WORLD_BODY_MAX);

	/* At the limit, and one byte past it. */
	char body[1024];
	memset(body, 'b', sizeof body);
	block.size = 1024;
	for (uint32_t number = 0; number < WORLD_BODY_MAX / 1024; number++) {
		block.number = number;
		block.more = true;
		begin(WIRE_CON, PUT, (uint16_t)(10 + number));
		wire_option_block(&writer, BLOCK1, &block);
		wire_payload(&writer, (slice){ body, sizeof body });
		send_from(4000);
		if (!number)
			reply_with(taken(), STATUS_OK, NULL, (slice){ NULL, 0 });
		(void)expect(WIRE_ACK, WIRE_CODE(2, 31));
	}
	block = (struct wire_block){ .number = WORLD_BODY_MAX / 1024, .size = 1024 };
	begin(WIRE_CON, PUT, 50);
	wire_option_block(&writer, BLOCK1, &block);
	wire_payload(&writer, SLICE("x"));
	send_from(4000);
	reply_with(taken(), STATUS_OK, NULL, (slice){ NULL, 0 });
	(void)expect(WIRE_ACK, WIRE_CODE(4, 13));
}

static void send_block2(uint16_t id, uint32_t number, unsigned size)
{
	struct wire_block block = { .number = number, .size = size };
	begin(WIRE_CON, GET, id);
	wire_option(&writer, URI_PATH, SLICE("large"));
	wire_option_block(&writer, BLOCK2, &block);
	send_from(4000);
}

static void a_large_answer_leaves_in_blocks(void **state)
{
	(void)state;
	prove_address(4000);
	char body[2100];
	for (size_t i = 0; i < sizeof body; i++)
		body[i] = (char)('a' + i % 26);
	send_simple(WIRE_CON, GET, 1, "large");
	reply_with(taken(), STATUS_OK, "text/plain", (slice){ body, sizeof body });
	struct wire_message answer = expect(WIRE_ACK, WIRE_CODE(2, 5));
	assert_int_equal(answer.payload.n, 1024);
	assert_int_equal(wire_number(wire_find(&answer, BLOCK2)->value), 8 + 6);
	assert_int_equal(wire_number(wire_find(&answer, SIZE2)->value), 2100);
	send_block2(2, 2, 1024);
	assert_null(taken()); /* from what was kept */
	answer = expect(WIRE_ACK, WIRE_CODE(2, 5));
	assert_true(slice_equal(answer.payload, (slice){ body + 2048, 52 }));
	assert_int_equal(wire_number(wire_find(&answer, BLOCK2)->value), 2 << 4 | 6);
	/* A smaller size half way. */
	send_block2(3, 32, 64);
	answer = expect(WIRE_ACK, WIRE_CODE(2, 5));
	assert_true(slice_equal(answer.payload, (slice){ body + 2048, 52 }));
	/* Past the end. */
	send_block2(4, 33, 64);
	(void)expect(WIRE_ACK, WIRE_CODE(4, 0));
	/* No longer kept: asked for again. */
	pass_ms(61000);
	send_block2(5, 1, 1024);
	reply_with(taken(), STATUS_OK, "text/plain", (slice){ body, sizeof body });
	answer = expect(WIRE_ACK, WIRE_CODE(2, 5));
	assert_true(slice_equal(answer.payload, (slice){ body + 1024, 1024 }));
}

static void without_memory_it_is_5_03(void **state)
{
	(void)state;
	world.refuse_requests = 2;
	send_simple(WIRE_CON, GET, 1, "a-path-long-enough");
	struct wire_message answer = expect(WIRE_ACK, WIRE_CODE(5, 3));
	assert_non_null(wire_find(&answer, MAX_AGE));
	arrives_from(4000, SLICE("\x40\x01\x00\x02\xff"));
	(void)expect(WIRE_RST, 0);
	assert_null(taken());
}

static void requests_under_way_are_bounded(void **state)
{
	(void)state;
	static const char *const settings[] = { "duplicates", "16", NULL };
	open_listener(settings);
	for (uint16_t id = 0; id < 17; id++)
		send_simple(WIRE_CON, GET, id, "x");
	assert_int_equal(world.nsubmitted, 16);
	(void)expect(WIRE_ACK, WIRE_CODE(5, 3));
	close_listener();
}

static void after_stop_nothing_new_is_taken(void **state)
{
	(void)state;
	send_simple(WIRE_CON, GET, 1, "x");
	adapter_coap.stop(world.adapter);
	send_simple(WIRE_CON, GET, 2, "x");
	assert_int_equal(expect(WIRE_ACK, WIRE_CODE(5, 3)).id, 2);
	reply_with(taken(), STATUS_OK, NULL, (slice){ NULL, 0 });
	assert_int_equal(expect(WIRE_ACK, WIRE_CODE(2, 5)).id, 1);
	assert_null(taken());
}

static void settings_are_checked(void **state)
{
	(void)state;
	static const struct {
		const char *key, *value;
	} cases[] = { { "datagram", "100" }, { "datagram", "65508" }, { "duplicates", "15" },
		{ "duplicates", "1048577" } };
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct error error = { 0 };
		struct config map = { .kind = CONFIG_MAP, .own = adapter_coap.settings };
		struct config node = { .kind = CONFIG_SCALAR,
			.key = slice_of(cases[i].key),
			.text = slice_of(cases[i].value),
			.line = 7,
			.parent = &map };
		struct config bind = { .kind = CONFIG_SCALAR,
			.key = SLICE("bind"),
			.text = SLICE("127.0.0.1:5683"),
			.next = &node };
		map.first = &bind;
		assert_null(adapter_coap.open(NULL, &world.limits, &map, &error));
		assert_int_equal(error.line, 7);
	}
	struct error error = { 0 };
	struct config map = { .kind = CONFIG_MAP, .own = adapter_coap.settings };
	struct config bind = {
		.kind = CONFIG_SCALAR, .key = SLICE("bind"), .text = SLICE("192.0.2.1:1")
	};
	map.first = &bind;
	struct adapter *adapter = adapter_coap.open(NULL, &world.limits, &map, &error);
	assert_false(adapter_coap.start(adapter, &error));
	assert_string_equal(error.text, "192.0.2.1:1: address in use");
	adapter_coap.close(adapter);
}

#define LISTENER_TEST(f) cmocka_unit_test_setup_teardown(f, open_default, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LISTENER_TEST(a_reading_is_submitted_and_answered),
		LISTENER_TEST(a_bare_get_is_the_root),
		LISTENER_TEST(created_says_where),
		LISTENER_TEST(a_repeated_message_has_one_effect),
		LISTENER_TEST(a_slow_answer_comes_separately),
		LISTENER_TEST(a_silent_peer_is_given_up),
		LISTENER_TEST(a_late_refusal_does_not_amplify),
		LISTENER_TEST(non_confirmable_gets_non_confirmable),
		LISTENER_TEST(refusals_by_their_code),
		LISTENER_TEST(a_twice_given_single_option_is_refused),
		LISTENER_TEST(malformed_messages_are_rejected),
		LISTENER_TEST(refusals_name_reason_and_request),
		LISTENER_TEST(a_failed_condition_has_its_own_code),
		cmocka_unit_test(a_token_is_taken_where_the_listener_says_so),
		LISTENER_TEST(a_body_arrives_in_blocks),
		LISTENER_TEST(a_body_that_is_not_welcome_is_refused_at_its_first_block),
		LISTENER_TEST(a_body_over_the_limit_is_refused),
		LISTENER_TEST(a_large_answer_leaves_in_blocks),
		LISTENER_TEST(without_memory_it_is_5_03),
		cmocka_unit_test(requests_under_way_are_bounded),
		LISTENER_TEST(after_stop_nothing_new_is_taken),
		cmocka_unit_test(settings_are_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
