/* Observing (RFC 7641): who hears, how notifications leave, and who hears no more. */
#include "support.h"

#include "api/identity.h"

#include "coap_world.h"

enum {
	GET = WIRE_CODE(0, 1),
	CONTENT = WIRE_CODE(2, 5),
	ETAG = 4,
	OBSERVE = 6,
	URI_PATH = 11,
	FORMAT = 12,
	MAX_AGE = 14,
	URI_QUERY = 15,
	BLOCK2 = 23,
	NONE = 99, /* no Observe option */
	VERSION = 1000
};

static char buffer[4096];
static struct wire_writer writer;
static uint16_t last_id;
static const struct identity engine = { .id = SLICE_INIT("engine-7") };

/* A GET; `proven`: with a token. */
static struct request *ask(unsigned port, const char *token, unsigned observe, bool proven)
{
	wire_begin(&writer, buffer, sizeof buffer, WIRE_CON, GET, ++last_id, slice_of(token));
	if (observe != NONE)
		wire_option_number(&writer, OBSERVE, observe);
	wire_option(&writer, URI_PATH, SLICE("ships"));
	wire_option(&writer, URI_PATH, SLICE("engine-7"));
	if (proven)
		wire_option(&writer, URI_QUERY, SLICE("access_token=secret"));
	arrives_from(port, (slice){ buffer, writer.n });
	struct request *request = taken();
	if (request && proven)
		request->who = &engine;
	return request;
}

static struct wire_message expect(enum wire_type type, unsigned char code)
{
	struct wire_message message;
	if (!answered(&message))
		fail_msg("nothing was sent");
	assert_int_equal(message.code, code);
	assert_int_equal(message.type, type);
	return message;
}

static void expect_nothing(void)
{
	assert_int_equal(world.nread, world.nsent);
}

static uint32_t sequence_of(const struct wire_message *message)
{
	const struct wire_option *option = wire_find(message, OBSERVE);
	assert_non_null(option);
	return wire_number(option->value);
}

static void react(unsigned port, enum wire_type type, uint16_t id)
{
	wire_begin(&writer, buffer, sizeof buffer, type, 0, id, (slice){ NULL, 0 });
	arrives_from(port, (slice){ buffer, writer.n });
}

/* A proven peer that observes. */
static struct subscription *observed(unsigned port, const char *token)
{
	struct subscription *subscription =
	        reply_followed(ask(port, token, 0, true), SLICE("{\"value\":1}"));
	struct wire_message answer = expect(WIRE_ACK, CONTENT);
	(void)sequence_of(&answer);
	return subscription;
}

static int open_with(const char *const *settings)
{
	open_listener(settings);
	last_id = 0;
	return 0;
}

static int open_it(void **state)
{
	static const char *const settings[] = { "token_in_query", "accept", "observers", "4",
		"observers_per_peer", "2", NULL };
	(void)state;
	return open_with(settings);
}

static int close_it(void **state)
{
	(void)state;
	close_listener();
	return 0;
}

static void values_arrive_as_they_come(void **state)
{
	(void)state;
	struct subscription *subscription =
	        reply_followed(ask(4000, "a", 0, true), SLICE("{\"value\":1}"));
	struct wire_message answer = expect(WIRE_ACK, CONTENT);
	uint32_t sequence = sequence_of(&answer);
	assert_int_equal(wire_number(wire_find(&answer, MAX_AGE)->value), 3720);
	pass_ms(5000);
	push_value(subscription, 0x0102030405060708, SLICE("{\"value\":2}"));
	struct wire_message message = expect(WIRE_NON, CONTENT);
	assert_slice(message.token, "a");
	assert_slice(message.payload, "{\"value\":2}");
	assert_int_equal(wire_number(wire_find(&message, FORMAT)->value), 50);
	assert_true(slice_equal(
	        wire_find(&message, ETAG)->value, SLICE("\x01\x02\x03\x04\x05\x06\x07\x08")));
	assert_true(sequence_of(&message) > sequence);
	/* Soon after it: to be confirmed, and nothing more until it is. */
	push_value(subscription, VERSION + 1, SLICE("3"));
	message = expect(WIRE_CON, CONTENT);
	push_value(subscription, VERSION + 2, SLICE("4"));
	push_value(subscription, VERSION + 3, SLICE("5"));
	expect_nothing();
	assert_int_equal(world.nrefreshed, 0);
	react(4000, WIRE_ACK, message.id);
	assert_int_equal(world.nrefreshed, 1);
	assert_int_equal(world.refreshed_after, VERSION + 1);
	push_value(subscription, VERSION + 3, SLICE("5"));
	assert_slice(expect(WIRE_CON, CONTENT).payload, "5");
}

static void not_everything_goes_unconfirmed(void **state)
{
	(void)state;
	struct subscription *subscription = observed(4000, "a");
	unsigned confirmed = 0;
	for (unsigned i = 0; i < 50; i++) {
		struct wire_message message;
		pass_ms(4000);
		push_value(subscription, VERSION + i, SLICE("1"));
		assert_true(answered(&message));
		confirmed += message.type == WIRE_CON;
		if (message.type == WIRE_CON)
			react(4000, WIRE_ACK, message.id);
	}
	assert_int_equal(confirmed, 2);
}

static void who_is_gone_is_found_out(void **state)
{
	(void)state;
	struct subscription *subscription = observed(4000, "a");
	pass_ms(3600000);
	assert_int_equal(world.nrefreshed, 1); /* the core is asked for the value as it is */
	push_value(subscription, VERSION, SLICE("1"));
	(void)expect(WIRE_CON, CONTENT);
	pass_ms(100000);
	assert_int_equal(world.nended, 1);
	for (unsigned i = 0; i < 4; i++)
		(void)expect(WIRE_CON, CONTENT);
	expect_nothing();
}

static void a_reset_ends_it(void **state)
{
	(void)state;
	struct subscription *subscription = observed(4000, "a");
	pass_ms(5000);
	push_value(subscription, VERSION, SLICE("1"));
	struct wire_message message = expect(WIRE_NON, CONTENT);
	react(4001, WIRE_RST, message.id); /* not the observer */
	assert_int_equal(world.nended, 0);
	react(4000, WIRE_RST, message.id);
	assert_int_equal(world.nended, 1);
	subscription = observed(4000, "a");
	push_value(subscription, VERSION, SLICE("1"));
	react(4000, WIRE_RST, expect(WIRE_CON, CONTENT).id);
	assert_int_equal(world.nended, 2);
	expect_nothing();
}

static void a_get_may_end_it_or_renew_it(void **state)
{
	(void)state;
	struct subscription *first = observed(4000, "a");
	push_value(first, VERSION, SLICE("1"));
	struct wire_message message = expect(WIRE_CON, CONTENT);
	uint32_t sequence = sequence_of(&message);
	/* The same token: in its place, and the sequence goes on. */
	reply_followed(ask(4000, "a", 0, true), SLICE("2"));
	assert_int_equal(world.nended, 1);
	message = expect(WIRE_ACK, CONTENT);
	assert_true(sequence_of(&message) > sequence);
	pass_ms(100000); /* what was sent to the old one is not repeated */
	expect_nothing();
	/* Observe 1 with another token ends nothing, with this one it does. */
	reply_with(ask(4000, "b", 1, true), STATUS_OK, NULL, SLICE("3"));
	message = expect(WIRE_ACK, CONTENT);
	assert_null(wire_find(&message, OBSERVE));
	assert_int_equal(world.nended, 1);
	reply_with(ask(4000, "a", 1, true), STATUS_OK, NULL, SLICE("3"));
	(void)expect(WIRE_ACK, CONTENT);
	assert_int_equal(world.nended, 2);
}

static void what_cannot_be_followed_is_answered_once(void **state)
{
	(void)state;
	reply_with(ask(4000, "a", 0, true), STATUS_OK, NULL, SLICE("1"));
	struct wire_message message = expect(WIRE_ACK, CONTENT);
	assert_null(wire_find(&message, OBSERVE));
	reply_with(ask(4000, "a", 0, true), STATUS_FORBIDDEN, NULL, (slice){ NULL, 0 });
	(void)expect(WIRE_ACK, WIRE_CODE(4, 3));
	/* Without the option nobody follows. */
	struct request *request = ask(4000, "a", NONE, true);
	assert_null(request->follower);
	reply_with(request, STATUS_OK, NULL, SLICE("1"));
	(void)expect(WIRE_ACK, CONTENT);
}

static void floods_are_bounded(void **state)
{
	(void)state;
	(void)observed(4000, "a");
	(void)observed(4000, "b");
	struct request *request = ask(4000, "c", 0, true);
	assert_null(request->follower); /* two for one peer */
	reply_with(request, STATUS_OK, NULL, SLICE("1"));
	struct wire_message message = expect(WIRE_ACK, CONTENT);
	assert_null(wire_find(&message, OBSERVE));
	(void)observed(4000, "b"); /* a renewal is none more */
	(void)observed(4001, "a");
	(void)observed(4002, "a");
	request = ask(4003, "a", 0, true);
	assert_null(request->follower); /* four in all */
	reply_with(request, STATUS_OK, NULL, SLICE("1"));
	(void)expect(WIRE_ACK, CONTENT);
	assert_int_equal(world.adapter->counters.at[COUNTER_REFUSED], 2);
}

static void its_end_is_told(void **state)
{
	(void)state;
	struct subscription *subscription = observed(4000, "a");
	struct update update = { .ended = STATUS_FORBIDDEN, .why = SLICE("no longer yours") };
	adapter_coap.push(world.adapter, subscription, &update);
	struct wire_message message = expect(WIRE_CON, WIRE_CODE(4, 3));
	assert_null(wire_find(&message, OBSERVE));
	assert_slice(message.token, "a");
	assert_slice(message.payload, "no longer yours");
	assert_int_equal(world.nended, 0); /* the core ended it */
	react(4000, WIRE_ACK, message.id);
	(void)observed(4000, "b");
	adapter_coap.stop(world.adapter);
	(void)expect(WIRE_CON, WIRE_CODE(5, 3));
	assert_int_equal(world.nended, 1);
}

static void a_large_value_is_fetched_in_blocks(void **state)
{
	(void)state;
	char body[1500];
	memset(body, 'x', sizeof body);
	struct subscription *subscription = observed(4000, "a");
	pass_ms(4000);
	push_value(subscription, VERSION, (slice){ body, sizeof body });
	struct wire_message message = expect(WIRE_NON, CONTENT);
	assert_int_equal(message.payload.n, 1024);
	assert_int_equal(wire_number(wire_find(&message, BLOCK2)->value), 8 + 6);
	(void)sequence_of(&message);
	wire_begin(&writer, buffer, sizeof buffer, WIRE_CON, GET, ++last_id, SLICE("q"));
	wire_option(&writer, URI_PATH, SLICE("ships"));
	wire_option(&writer, URI_PATH, SLICE("engine-7"));
	wire_option(&writer, URI_QUERY, SLICE("access_token=secret"));
	struct wire_block block = { .number = 1, .size = 1024 };
	wire_option_block(&writer, BLOCK2, &block);
	arrives_from(4000, (slice){ buffer, writer.n });
	assert_null(taken());
	message = expect(WIRE_ACK, CONTENT);
	assert_null(wire_find(&message, OBSERVE));
	assert_true(message.payload.n > 0);
}

/* Somebody whose address may be forged: what one datagram causes is at most three times as long. */
static void an_address_that_is_not_proven(void **state)
{
	(void)state;
	struct subscription *subscription = reply_followed(ask(4000, "a", 0, false), SLICE("1"));
	size_t most = 3 * writer.n, sent = 0;
	struct wire_message message = expect(WIRE_ACK, CONTENT);
	(void)sequence_of(&message);
	for (unsigned i = 0; i < 20; i++) {
		pass_ms(20000);
		if (!world.nended)
			push_value(subscription, VERSION + i, SLICE("2"));
	}
	for (unsigned i = 0; i < world.nsent; i++)
		sent += world.sent[i].n;
	assert_true(sent > most / 3 && sent <= most);
	assert_int_equal(world.nended, 1); /* nothing was acknowledged */
	world.nread = world.nsent;

	/* Who acknowledges gets on, confirming each. */
	subscription = reply_followed(ask(4000, "a", 0, false), SLICE("1"));
	(void)expect(WIRE_ACK, CONTENT);
	for (unsigned i = 0; i < 20; i++) {
		pass_ms(20000);
		push_value(subscription, VERSION + i, SLICE("{\"a\":\"rather longer value\"}"));
		react(4000, WIRE_ACK, expect(WIRE_CON, CONTENT).id);
	}
	assert_int_equal(world.nended, 1);
}

static void a_long_value_asks_for_proof_first(void **state)
{
	(void)state;
	char value[60];
	memset(value, 'v', sizeof value);
	(void)reply_followed(ask(4000, "a", 0, false), (slice){ value, sizeof value });
	struct wire_message message = expect(WIRE_ACK, WIRE_CODE(4, 1));
	assert_non_null(wire_find(&message, 252));
	assert_int_equal(world.nended, 1);
}

static void over_a_connection(void **state)
{
	(void)state;
	static const char *const settings[] = { "bind", "tcp://127.0.0.1:5683", NULL };
	static struct stream stream;
	struct wire_message message;
	(void)open_with(settings);
	memset(&stream, 0, sizeof stream);
	assert_non_null(connects(&stream));
	assert_true(said(&stream, &message));
	wire_begin_stream(&writer, buffer, sizeof buffer, (slice){ NULL, 0 });
	arrives_on(&stream, wire_end_stream(&writer, WIRE_CODE(7, 1), (slice){ NULL, 0 }), 1);
	wire_begin_stream(&writer, buffer, sizeof buffer, SLICE("t"));
	wire_option_number(&writer, OBSERVE, 0);
	arrives_on(&stream, wire_end_stream(&writer, GET, SLICE("t")), 1);
	struct subscription *subscription = reply_followed(taken(), SLICE("1"));
	assert_true(said(&stream, &message));
	(void)sequence_of(&message);
	push_value(subscription, VERSION, SLICE("2"));
	assert_true(said(&stream, &message));
	assert_slice(message.payload, "2");
	(void)sequence_of(&message);
	/* Behind: the newest one when what is unsent has left. */
	stream.unsent = 100000;
	push_value(subscription, VERSION + 1, SLICE("3"));
	assert_false(said(&stream, &message));
	stream.unsent = 0;
	world.accept.events->drained(stream.owner, &stream);
	assert_int_equal(world.refreshed_after, VERSION);
	is_gone(&stream, STREAM_END_PEER);
	assert_int_equal(world.nended, 1);
	close_listener();
}

#define LISTENER_TEST(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LISTENER_TEST(values_arrive_as_they_come),
		LISTENER_TEST(not_everything_goes_unconfirmed),
		LISTENER_TEST(who_is_gone_is_found_out),
		LISTENER_TEST(a_reset_ends_it),
		LISTENER_TEST(a_get_may_end_it_or_renew_it),
		LISTENER_TEST(what_cannot_be_followed_is_answered_once),
		LISTENER_TEST(floods_are_bounded),
		LISTENER_TEST(its_end_is_told),
		LISTENER_TEST(a_large_value_is_fetched_in_blocks),
		LISTENER_TEST(an_address_that_is_not_proven),
		LISTENER_TEST(a_long_value_asks_for_proof_first),
		cmocka_unit_test(over_a_connection),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
