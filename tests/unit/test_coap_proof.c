/* What a UDP peer is sent whose address nobody has proved: never more than three times what it sent; and how it proves
 * its address (RFC 9175). */
#include "support.h"

#include "adapters/coap/proof.h"
#include "api/identity.h"

#include "coap_world.h"

enum {
	GET = WIRE_CODE(0, 1),
	POST = WIRE_CODE(0, 2),
	URI_PATH = 11,
	URI_QUERY = 15,
	BLOCK2 = 23,
	ECHO = 252,
	NO_RESPONSE = 258
};

static char buffer[4096], body[9000];
static struct wire_writer writer;
static uint16_t last_id;

static void begin(enum wire_type type, unsigned char code)
{
	wire_begin(&writer, buffer, sizeof buffer, type, code, ++last_id, SLICE("toke"));
	wire_option(&writer, URI_PATH, SLICE("ships"));
	wire_option(&writer, URI_PATH, SLICE("sensors"));
	wire_option(&writer, URI_PATH, SLICE("engine-7"));
}

static struct request *send_it(void)
{
	assert_false(writer.failed);
	arrives_from(4000, (slice){ buffer, writer.n });
	return taken();
}

/* The next answer, which is not longer than allowed. */
static struct wire_message expect(unsigned char code, size_t most)
{
	struct wire_message message;
	if (!answered(&message))
		fail_msg("nothing was sent");
	assert_int_equal(message.code, code);
	if (world.sent[world.nread - 1].n > most)
		fail_msg("%zu bytes where %zu are allowed", world.sent[world.nread - 1].n, most);
	return message;
}

static int open_it(void **state)
{
	static const char *const settings[] = { "token_in_query", "accept", NULL };
	(void)state;
	for (size_t i = 0; i < sizeof body; i++)
		body[i] = (char)('a' + i % 26);
	open_listener(settings);
	return 0;
}

static int close_it(void **state)
{
	(void)state;
	close_listener();
	return 0;
}

static void a_body_leaves_in_blocks_that_are_small_enough(void **state)
{
	(void)state;
	static const unsigned char codes[] = { GET, POST };
	for (unsigned i = 0; i < 2; i++) {
		char got[190];
		size_t n = 0;
		unsigned asked = 0, size = 0;
		for (bool more = true; more; asked++) {
			begin(WIRE_CON, codes[i]);
			struct wire_block block = { .number = size ? (uint32_t)(n / size) : 0,
				.size = size ? size : 16 };
			if (size)
				wire_option_block(&writer, BLOCK2, &block);
			struct request *request = send_it();
			assert_true((request != NULL) == !asked); /* the effect is had once */
			if (request)
				reply_with(request, STATUS_OK, "application/json",
				        (slice){ body, sizeof got });
			struct wire_message answer = expect(WIRE_CODE(2, i ? 4 : 5), 3 * writer.n);
			assert_true(wire_block_parse(wire_find(&answer, BLOCK2)->value, &block));
			size = block.size;
			more = block.more;
			assert_int_equal(n, (size_t)block.number * block.size);
			memcpy(got + n, answer.payload.p, answer.payload.n);
			n += answer.payload.n;
			if (asked == 0)
				assert_non_null(wire_find(&answer, ECHO));
		}
		assert_int_equal(n, sizeof got);
		assert_memory_equal(got, body, sizeof got);
	}
}

static void a_very_large_one_asks_for_echo_first(void **state)
{
	(void)state;
	begin(WIRE_CON, GET);
	reply_with(send_it(), STATUS_OK, "application/json", (slice){ body, sizeof body });
	struct wire_message answer = expect(WIRE_CODE(4, 1), 3 * writer.n);
	char echo[PROOF_BYTES];
	assert_int_equal(wire_find(&answer, ECHO)->value.n, sizeof echo);
	memcpy(echo, wire_find(&answer, ECHO)->value.p, sizeof echo);

	/* A wrong one, and one that was given to another peer, prove nothing. */
	for (unsigned i = 0; i < 2; i++) {
		char wrong[PROOF_BYTES] = "12345678";
		if (i)
			memcpy(wrong, echo, sizeof wrong);
		begin(WIRE_CON, GET);
		wire_option(&writer, ECHO, (slice){ wrong, sizeof wrong });
		arrives_from(i ? 4001 : 4000, (slice){ buffer, writer.n });
		reply_with(taken(), STATUS_OK, "application/json", (slice){ body, sizeof body });
		(void)expect(WIRE_CODE(4, 1), 3 * writer.n);
	}

	begin(WIRE_CON, GET);
	wire_option(&writer, ECHO, (slice){ echo, sizeof echo });
	reply_with(send_it(), STATUS_OK, "application/json", (slice){ body, sizeof body });
	answer = expect(WIRE_CODE(2, 5), SIZE_MAX);
	assert_int_equal(answer.payload.n, 1024);
	/* For some minutes that is known. */
	pass_ms(299000);
	begin(WIRE_CON, GET);
	reply_with(send_it(), STATUS_OK, "application/json", (slice){ body, 900 });
	assert_int_equal(expect(WIRE_CODE(2, 5), SIZE_MAX).payload.n, 900);
	pass_ms(2000);
	begin(WIRE_CON, GET);
	reply_with(send_it(), STATUS_OK, "application/json", (slice){ body, 900 });
	(void)expect(WIRE_CODE(2, 5), 3 * writer.n);
	/* And the old challenge is worth nothing. */
	begin(WIRE_CON, GET);
	wire_option(&writer, ECHO, (slice){ echo, sizeof echo });
	reply_with(send_it(), STATUS_OK, "application/json", (slice){ body, sizeof body });
	(void)expect(WIRE_CODE(4, 1), 3 * writer.n);
}

static void who_shows_a_secret_is_no_stranger(void **state)
{
	(void)state;
	static const struct identity who = { .id = SLICE_INIT("engine-7") };
	begin(WIRE_CON, GET);
	wire_option(&writer, URI_QUERY, SLICE("access_token=secret"));
	struct request *request = send_it();
	request->who = &who;
	reply_with(request, STATUS_OK, "application/json", (slice){ body, 900 });
	assert_int_equal(expect(WIRE_CODE(2, 5), SIZE_MAX).payload.n, 900);
	/* Known by the address alone. */
	begin(WIRE_CON, GET);
	request = send_it();
	request->who = &who;
	reply_with(request, STATUS_OK, "application/json", (slice){ body, 900 });
	(void)expect(WIRE_CODE(2, 5), 3 * writer.n);
}

static void a_late_answer_is_repeated_as_often_as_is_allowed(void **state)
{
	(void)state;
	static const size_t sizes[] = { 0, 10, 40, 500 };
	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		unsigned before = world.nsent;
		size_t sent = 0;
		begin(WIRE_CON, POST);
		struct request *request = send_it();
		pass_ms(1100);
		reply_with(request, STATUS_OK, "application/json", (slice){ body, sizes[i] });
		pass_ms(200000);
		assert_true(world.nsent - before >= 2);
		for (unsigned at = before; at < world.nsent; at++)
			sent += world.sent[at].n;
		assert_true(sent <= 3 * writer.n);
	}
}

static void the_shortest_question_is_not_amplified_either(void **state)
{
	(void)state;
	wire_begin(&writer, buffer, sizeof buffer, WIRE_NON, GET, ++last_id, (slice){ NULL, 0 });
	reply_with(send_it(), STATUS_OK, "application/json", (slice){ body, 900 });
	(void)expect(WIRE_CODE(4, 1), 12);
	wire_begin(&writer, buffer, sizeof buffer, WIRE_NON, POST, ++last_id, (slice){ NULL, 0 });
	static const struct field fields[] = { { SLICE_INIT("location"),
		SLICE_INIT("/a/rather/long/location") } };
	struct request *request = send_it();
	request->out.fields = fields;
	request->out.nfields = 1;
	reply_with(request, STATUS_CREATED, "application/json", (slice){ body, 900 });
	(void)expect(WIRE_CODE(2, 1), 12);
}

static void an_unwanted_answer_is_not_sent(void **state)
{
	(void)state;
	static const struct {
		enum wire_type type;
		uint32_t unwanted;
		enum status status;
		unsigned char code;
		bool sent;
	} cases[] = {
		{ WIRE_NON, 2, STATUS_OK, WIRE_CODE(2, 4), false },
		{ WIRE_NON, 2, STATUS_FORBIDDEN, WIRE_CODE(4, 3), true },
		{ WIRE_NON, 26, STATUS_FORBIDDEN, WIRE_CODE(4, 3), false },
		{ WIRE_NON, 16, STATUS_TIMEOUT, WIRE_CODE(5, 4), false },
		{ WIRE_NON, 0, STATUS_OK, WIRE_CODE(2, 4), true },
		{ WIRE_CON, 26, STATUS_OK, 0, true }, /* acknowledged */
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		begin(cases[i].type, POST);
		wire_option_number(&writer, NO_RESPONSE, cases[i].unwanted);
		reply_with(send_it(), cases[i].status, NULL, (slice){ NULL, 0 });
		if (cases[i].sent)
			(void)expect(cases[i].code, 3 * writer.n);
		assert_int_equal(world.nread, world.nsent);
		unsigned before = world.nsent;
		assert_null(send_it()); /* the same message again */
		assert_int_equal(world.nsent - before, cases[i].type == WIRE_CON);
		world.nread = world.nsent;
	}
}

#define LISTENER_TEST(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LISTENER_TEST(a_body_leaves_in_blocks_that_are_small_enough),
		LISTENER_TEST(a_very_large_one_asks_for_echo_first),
		LISTENER_TEST(who_shows_a_secret_is_no_stranger),
		LISTENER_TEST(a_late_answer_is_repeated_as_often_as_is_allowed),
		LISTENER_TEST(the_shortest_question_is_not_amplified_either),
		LISTENER_TEST(an_unwanted_answer_is_not_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
