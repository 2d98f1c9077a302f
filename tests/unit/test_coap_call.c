/* The pure parts of the CoAP backend: what a device is asked, blocks both ways, what its answer means. The device is
 * a function here: each message that is written is parsed and answered by hand. */
#include "support.h"

#include "backend/coap_observe.h"
#include "backend/coap_transfer.h"

#include <stdio.h>
#include <stdlib.h>

enum { ANSWER_MAX = 4096 };

static struct world {
	struct arena arena;
	struct request request;
	struct exchange exchange;
	struct coap_ask ask;
	struct coap_transfer transfer;
	char sent[2048], answer[2048];
	struct wire_message message; /* the last one sent */
	char body[5000];
} world;

static int setup(void **state)
{
	(void)state;
	world = (struct world){ 0 };
	arena_init(&world.arena, 1 << 20);
	world.exchange.request = &world.request;
	world.exchange.arena = &world.arena;
	for (size_t i = 0; i < sizeof world.body; i++)
		world.body[i] = (char)('a' + i % 26);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_finish(&world.arena);
	return 0;
}

static enum status ask(enum method method, const char *path, const char *query, slice body,
        const char *media, const char *accept, const char *as, const char **why)
{
	const struct coap_ask_form form = { .media = slice_of(as) };
	struct message *call = &world.request.call;
	call->method = method;
	call->path = slice_of(path);
	call->query = slice_of(query);
	call->body = body;
	call->media = slice_of(media);
	*why = NULL;
	return coap_ask_make(&world.ask, &world.arena, call, slice_of(accept), &form, why);
}

/* "1=0a 11=61 11=" of the request's options. */
static const char *options(void)
{
	static char text[1024];
	int n = 0;
	text[0] = '\0';
	for (unsigned i = 0; i < world.ask.noptions; i++) {
		const struct wire_option *option = &world.ask.options[i];
		n += snprintf(
		        text + n, sizeof text - (size_t)n, "%s%u=", i ? " " : "", option->number);
		for (size_t at = 0; at < option->value.n; at++)
			n += snprintf(text + n, sizeof text - (size_t)n, "%02x",
			        (unsigned char)option->value.p[at]);
	}
	return text;
}

static void calls_become_options(void **state)
{
	(void)state;
	static const struct {
		const char *path, *query, *accept, *as, *options;
	} cases[] = {
		{ "/", NULL, NULL, NULL, "" },
		{ "/a/b", NULL, NULL, NULL, "11=61 11=62" },
		{ "/a%2Fb/", NULL, NULL, NULL, "11=612f62 11=" },
		{ "//a", NULL, NULL, NULL, "11= 11=61" },
		{ "/a", "x=1&y=%26&&z", NULL, NULL, "11=61 15=783d31 15=793d26 15= 15=7a" },
		{ "/a", "q=a+b", NULL, NULL, "11=61 15=713d612b62" },
		{ "/a", NULL, "application/json", NULL, "11=61 17=32" },
		{ "/a", NULL, "*/*", NULL, "11=61" },
		{ "/a", NULL, "application/json, */*;q=0.1", NULL, "11=61 17=32" },
		{ "/a", NULL, "image/x-none", NULL, "11=61" },
		{ "/a", NULL, "application/json;q=0.5, application/cbor", NULL, "11=61 17=3c" },
		{ "/a", NULL, "application/json", "application/cbor", "11=61 17=3c" },
		{ "/a", NULL, "text/plain", NULL, "11=61 17=" },
		{ "/a", NULL, "application/xml", NULL, "11=61 17=29" },
		{ "/a", NULL, "text/html, application/xml;q=0.9, */*;q=0.8", NULL, "11=61" },
	};
	const char *why;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		enum status status = ask(METHOD_GET, cases[i].path, cases[i].query,
		        (slice){ NULL, 0 }, NULL, cases[i].accept, cases[i].as, &why);
		assert_int_equal(status, STATUS_NONE);
		assert_string_equal(options(), cases[i].options);
	}
}

static void what_cannot_be_asked_is_refused(void **state)
{
	(void)state;
	const char *why;
	char longest[300] = "/";
	memset(longest + 1, 'x', 255);
	slice body = SLICE("{}"), none = { NULL, 0 };
	assert_int_equal(ask(METHOD_GET, longest, NULL, none, NULL, NULL, NULL, &why), STATUS_NONE);
	memset(longest + 1, 'x', 256);
	assert_int_equal(
	        ask(METHOD_GET, longest, NULL, none, NULL, NULL, NULL, &why), STATUS_TOO_LARGE);
	assert_non_null(why);
	assert_int_equal(ask(METHOD_OPTIONS, "/", NULL, none, NULL, NULL, NULL, &why),
	        STATUS_METHOD_NOT_ALLOWED);
	assert_int_equal(ask(METHOD_GET, "/", NULL, body, "application/json", NULL, NULL, &why),
	        STATUS_INVALID);
	assert_int_equal(ask(METHOD_PUT, "/", NULL, body, "image/x-none", NULL, NULL, &why),
	        STATUS_UNSUPPORTED_MEDIA);
	char segments[2 * WIRE_OPTIONS_MAX + 8] = "";
	for (unsigned i = 0; i <= WIRE_OPTIONS_MAX; i++) {
		segments[2 * i] = '/';
		segments[2 * i + 1] = 'a';
	}
	assert_int_equal(
	        ask(METHOD_GET, segments, NULL, none, NULL, NULL, NULL, &why), STATUS_TOO_LARGE);
}

static void conditions_are_kept_or_refused(void **state)
{
	(void)state;
	static const struct {
		enum method method;
		const char *name, *value;
		enum status status;
		const char *options;
	} cases[] = {
		{ METHOD_PUT, "if-match", "\"0a1b\"", STATUS_NONE, "1=0a1b" },
		{ METHOD_PUT, "if-match", "*", STATUS_NONE, "1=" },
		{ METHOD_PUT, "if-match", "\"0a\", \"0b\"", STATUS_NONE, "1=0a 1=0b" },
		{ METHOD_PUT, "if-match", "\"0a\",\"other\"", STATUS_NONE, "1=0a" },
		{ METHOD_PUT, "if-match", "W/\"0a\"", STATUS_CONFLICT, NULL },
		{ METHOD_PUT, "if-match", "\"xyz1\"", STATUS_CONFLICT, NULL },
		{ METHOD_PUT, "if-match", "\"010203040506070809\"", STATUS_CONFLICT, NULL },
		{ METHOD_PUT, "if-match", "", STATUS_CONFLICT, NULL },
		{ METHOD_PUT, "if-none-match", "*", STATUS_NONE, "5=" },
		{ METHOD_PUT, "if-none-match", "\"0a\"", STATUS_INVALID, NULL },
		{ METHOD_GET, "if-none-match", "\"0a\", \"other\"", STATUS_NONE, "4=0a" },
		{ METHOD_GET, "if-none-match", "\"other\"", STATUS_NONE, "" },
	};
	const char *why;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct field field = { slice_of(cases[i].name), slice_of(cases[i].value) };
		world.request.call.fields = &field;
		world.request.call.nfields = 1;
		enum status status =
		        ask(cases[i].method, "/", NULL, (slice){ NULL, 0 }, NULL, NULL, NULL, &why);
		world.request.call.nfields = 0;
		if (status != cases[i].status)
			fail_msg("%s: %s: %d", cases[i].name, cases[i].value, (int)status);
		if (cases[i].options)
			assert_string_equal(options(), cases[i].options);
	}
}

/* ---- Transfers */

static void begin(slice body, unsigned block_size)
{
	const char *why;
	enum method method = body.n ? METHOD_PUT : METHOD_GET;
	assert_int_equal(
	        ask(method, "/v", NULL, body, NULL, "text/plain", NULL, &why), STATUS_NONE);
	coap_transfer_begin(&world.transfer, &world.ask, &world.arena, ANSWER_MAX, block_size);
}

/* The next message goes out. */
static void sends(void)
{
	const char *why;
	slice bytes = coap_transfer_write(
	        &world.transfer, 7, SLICE("tokn"), world.sent, sizeof world.sent);
	assert_int_equal(wire_parse(bytes, &world.message, &why), WIRE_OK);
	assert_int_equal(world.message.type, WIRE_CON);
}

/* Its block option; -1: none. */
static int64_t block_sent(unsigned number)
{
	const struct wire_option *option = wire_find(&world.message, number);
	return option ? (int64_t)wire_number(option->value) : -1;
}

struct reply {
	unsigned char code;
	const char *tag;
	int block2, block1; /* option values; -1: none */
	size_t from, n;     /* of the world's body */
};

static enum coap_transfer_verdict answers(struct reply reply)
{
	struct wire_writer writer;
	struct wire_message message;
	const char *why;
	wire_begin(
	        &writer, world.answer, sizeof world.answer, WIRE_ACK, reply.code, 7, SLICE("tokn"));
	if (reply.tag)
		wire_option(&writer, 4, slice_of(reply.tag));
	if (reply.block2 >= 0)
		wire_option_number(&writer, 23, (uint32_t)reply.block2);
	if (reply.block1 >= 0)
		wire_option_number(&writer, 27, (uint32_t)reply.block1);
	wire_payload(&writer, (slice){ world.body + reply.from, reply.n });
	assert_false(writer.failed);
	slice bytes = { world.answer, writer.n };
	assert_int_equal(wire_parse(bytes, &message, &why), WIRE_OK);
	return coap_transfer_take(&world.transfer, &message);
}

#define BLOCK(number, more, exponent) ((int)(number) << 4 | ((more) ? 8 : 0) | (exponent))

static void a_small_call_is_one_message(void **state)
{
	(void)state;
	begin(SLICE("on"), 1024);
	sends();
	assert_slice(world.message.payload, "on");
	assert_int_equal(block_sent(27), -1);
	assert_int_equal(block_sent(23), -1);
	assert_int_equal(answers((struct reply){ WIRE_CODE(2, 4), NULL, -1, -1, 0, 5 }),
	        COAP_TRANSFER_WHOLE);
	assert_int_equal(world.transfer.body_bytes, 5);
}

static void a_body_goes_up_in_blocks(void **state)
{
	(void)state;
	begin((slice){ world.body, 150 }, 64);
	sends();
	assert_int_equal(block_sent(27), BLOCK(0, 1, 2));
	assert_int_equal(block_sent(60), 150);
	assert_int_equal(world.message.payload.n, 64);
	assert_int_equal(
	        answers((struct reply){ WIRE_CODE(2, 31), NULL, -1, BLOCK(0, 1, 2), 0, 0 }),
	        COAP_TRANSFER_MORE);
	sends();
	assert_int_equal(block_sent(27), BLOCK(1, 1, 2));
	assert_int_equal(block_sent(60), -1);
	/* From now on 32 bytes a block, please. */
	assert_int_equal(
	        answers((struct reply){ WIRE_CODE(2, 31), NULL, -1, BLOCK(1, 1, 1), 0, 0 }),
	        COAP_TRANSFER_MORE);
	sends();
	assert_int_equal(block_sent(27), BLOCK(4, 0, 1));
	assert_int_equal(world.message.payload.n, 22);
	assert_memory_equal(world.message.payload.p, world.body + 128, 22);
	assert_int_equal(answers((struct reply){ WIRE_CODE(2, 4), NULL, -1, BLOCK(4, 0, 1), 0, 0 }),
	        COAP_TRANSFER_WHOLE);
}

static void a_part_is_no_success(void **state)
{
	(void)state;
	static const struct reply wrong[] = {
		{ WIRE_CODE(2, 4), NULL, -1, -1, 0, 0 },
		{ WIRE_CODE(2, 31), NULL, -1, -1, 0, 0 },
		{ WIRE_CODE(2, 31), NULL, -1, BLOCK(1, 1, 2), 0, 0 },
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		begin((slice){ world.body, 150 }, 64);
		sends();
		assert_int_equal(answers(wrong[i]), COAP_TRANSFER_BROKEN);
	}
	begin(SLICE("on"), 64);
	sends();
	assert_int_equal(
	        answers((struct reply){ WIRE_CODE(2, 31), NULL, -1, BLOCK(0, 0, 2), 0, 0 }),
	        COAP_TRANSFER_BROKEN);
}

static void a_refusal_ends_an_upload(void **state)
{
	(void)state;
	begin((slice){ world.body, 150 }, 64);
	sends();
	assert_int_equal(
	        answers((struct reply){ WIRE_CODE(4, 13), NULL, -1, BLOCK(0, 1, 0), 0, 0 }),
	        COAP_TRANSFER_MORE);
	sends();
	assert_int_equal(block_sent(27), BLOCK(0, 1, 0));
	assert_int_equal(
	        answers((struct reply){ WIRE_CODE(4, 13), NULL, -1, BLOCK(0, 1, 0), 0, 0 }),
	        COAP_TRANSFER_WHOLE);
	assert_int_equal(world.transfer.answer.code, WIRE_CODE(4, 13));
}

static void an_answer_comes_in_blocks(void **state)
{
	(void)state;
	begin((slice){ NULL, 0 }, 1024);
	sends();
	assert_int_equal(answers((struct reply){ WIRE_CODE(2, 5), "a", BLOCK(0, 1, 2), -1, 0, 64 }),
	        COAP_TRANSFER_MORE);
	sends();
	assert_int_equal(block_sent(23), BLOCK(1, 0, 2));
	assert_int_equal(
	        answers((struct reply){ WIRE_CODE(2, 5), "a", BLOCK(1, 1, 2), -1, 64, 64 }),
	        COAP_TRANSFER_MORE);
	sends();
	assert_int_equal(block_sent(23), BLOCK(2, 0, 2));
	assert_int_equal(
	        answers((struct reply){ WIRE_CODE(2, 5), "a", BLOCK(2, 0, 2), -1, 128, 3 }),
	        COAP_TRANSFER_WHOLE);
	assert_int_equal(world.transfer.body_bytes, 131);
	assert_memory_equal(world.transfer.body, world.body, 131);
}

static void a_change_on_the_way_begins_anew(void **state)
{
	(void)state;
	begin((slice){ NULL, 0 }, 64);
	sends();
	assert_int_equal(block_sent(23), BLOCK(0, 0, 2));
	for (unsigned i = 0; i < 4; i++) {
		char first[] = { (char)('a' + 2 * i), '\0' },
		     second[] = { (char)('b' + 2 * i), '\0' };
		assert_int_equal(answers((struct reply){
		                         WIRE_CODE(2, 5), first, BLOCK(0, 1, 2), -1, 0, 64 }),
		        COAP_TRANSFER_MORE);
		sends();
		enum coap_transfer_verdict verdict = answers(
		        (struct reply){ WIRE_CODE(2, 5), second, BLOCK(1, 1, 2), -1, 64, 64 });
		assert_int_equal(verdict, i < 3 ? COAP_TRANSFER_MORE : COAP_TRANSFER_BROKEN);
		if (i == 3)
			return;
		sends();
		assert_int_equal(block_sent(23), BLOCK(0, 0, 2));
	}
}

static void blocks_that_do_not_follow_are_not_taken(void **state)
{
	(void)state;
	static const struct reply wrong[] = {
		{ WIRE_CODE(2, 5), NULL, BLOCK(1, 1, 2), -1, 0, 64 },
		{ WIRE_CODE(2, 5), NULL, BLOCK(0, 1, 2), -1, 0, 63 },
		{ WIRE_CODE(2, 5), NULL, BLOCK(0, 1, 2), -1, 0, 65 },
		{ WIRE_CODE(2, 5), NULL, BLOCK(0, 0, 2), -1, 0, 65 },
		{ WIRE_CODE(2, 5), NULL, BLOCK(0, 1, 7), -1, 0, 64 },
		{ WIRE_CODE(0, 1), NULL, -1, -1, 0, 0 },
		{ WIRE_CODE(3, 1), NULL, -1, -1, 0, 0 },
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		begin((slice){ NULL, 0 }, 64);
		sends();
		assert_int_equal(answers(wrong[i]), COAP_TRANSFER_BROKEN);
		assert_non_null(world.transfer.why);
	}
}

static void an_answer_is_bounded(void **state)
{
	(void)state;
	for (unsigned past = 0; past < 2; past++) {
		begin((slice){ NULL, 0 }, 1024);
		sends();
		for (unsigned i = 0; i < ANSWER_MAX / 1024; i++) {
			bool last = !past && i == ANSWER_MAX / 1024 - 1;
			assert_int_equal(answers((struct reply){ WIRE_CODE(2, 5), NULL,
			                         BLOCK(i, !last, 6), -1, 0, 1024 }),
			        last ? COAP_TRANSFER_WHOLE : COAP_TRANSFER_MORE);
		}
		if (past)
			assert_int_equal(answers((struct reply){ WIRE_CODE(2, 5), NULL,
			                         BLOCK(ANSWER_MAX / 1024, 0, 6), -1, 0, 1 }),
			        COAP_TRANSFER_TOO_LARGE);
	}
}

/* ---- Meaning */

static void answers_have_a_meaning(void **state)
{
	(void)state;
	struct coap_answer answer = { .code = WIRE_CODE(4, 4), .format = -1 };
	world.request.call.method = METHOD_GET;
	assert_int_equal(coap_answer_apply(&answer, SLICE("no such valve"), &world.exchange),
	        STATUS_NOT_FOUND);
	assert_slice(world.exchange.why, "the device answered 4.04: no such valve");
	assert_int_equal(world.exchange.out.body.n, 0);

	answer = (struct coap_answer){
		.code = WIRE_CODE(5, 3), .format = 50, .has_max_age = true, .max_age_s = 7
	};
	world.exchange.out = (struct message){ 0 };
	assert_int_equal(
	        coap_answer_apply(&answer, SLICE("{}"), &world.exchange), STATUS_UNAVAILABLE);
	assert_slice(world.exchange.why, "the device answered 5.03");
	assert_slice(world.exchange.out.media, "application/json");
	assert_int_equal(world.exchange.retry_after_ms, 7000);

	answer = (struct coap_answer){ .code = WIRE_CODE(2, 5),
		.format = 64999,
		.tag = "\x0a\xff",
		.tag_bytes = 2,
		.has_max_age = true };
	world.exchange.out = (struct message){ 0 };
	assert_int_equal(coap_answer_apply(&answer, SLICE("x"), &world.exchange), STATUS_OK);
	assert_slice(world.exchange.out.media, "application/coap-payload;cf=64999");
	assert_slice(message_field(&world.exchange.out, "etag"), "\"0aff\"");
	assert_slice(message_field(&world.exchange.out, "cache-control"), "max-age=0");
}

static void a_diagnostic_is_for_people_only(void **state)
{
	(void)state;
	static const slice others[] = { SLICE_INIT("a\nb"), SLICE_INIT("\xff"),
		SLICE_INIT("\x1b[2J") };
	const struct coap_answer answer = { .code = WIRE_CODE(4, 0), .format = -1 };
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		world.exchange.out = (struct message){ 0 };
		(void)coap_answer_apply(&answer, others[i], &world.exchange);
		assert_slice(world.exchange.why, "the device answered 4.00");
	}
	char longest[600];
	memset(longest, 'e', sizeof longest);
	(void)coap_answer_apply(&answer, (slice){ longest, sizeof longest }, &world.exchange);
	assert_true(world.exchange.why.n < 240);
}

/* RFC 7641 section 3.4. */
static void the_newer_notification_is_known(void **state)
{
	(void)state;
	static const struct {
		uint32_t first, second;
		uint64_t apart_ms;
		bool newer;
	} cases[] = {
		{ 1, 2, 0, true },
		{ 2, 1, 0, false },
		{ 1, 1, 0, false },
		{ 0, (1 << 23) - 1, 0, true },
		{ 0, 1 << 23, 0, false },
		{ (1 << 23) + 1, 0, 0, true },
		{ 1 << 23, 0, 0, false },
		{ 0xffffff, 0, 0, true },
		{ 0, 0xffffff, 0, false },
		{ 2, 1, 128000, false },
		{ 2, 1, 128001, true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool newer = coap_observe_is_newer(
		        cases[i].first, 1000, cases[i].second, 1000 + cases[i].apart_ms);
		if (newer != cases[i].newer)
			fail_msg("%u %u", (unsigned)cases[i].first, (unsigned)cases[i].second);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(calls_become_options, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_asked_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(conditions_are_kept_or_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_small_call_is_one_message, setup, teardown),
		cmocka_unit_test_setup_teardown(a_body_goes_up_in_blocks, setup, teardown),
		cmocka_unit_test_setup_teardown(a_part_is_no_success, setup, teardown),
		cmocka_unit_test_setup_teardown(a_refusal_ends_an_upload, setup, teardown),
		cmocka_unit_test_setup_teardown(an_answer_comes_in_blocks, setup, teardown),
		cmocka_unit_test_setup_teardown(a_change_on_the_way_begins_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        blocks_that_do_not_follow_are_not_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(an_answer_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(answers_have_a_meaning, setup, teardown),
		cmocka_unit_test_setup_teardown(a_diagnostic_is_for_people_only, setup, teardown),
		cmocka_unit_test(the_newer_notification_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
