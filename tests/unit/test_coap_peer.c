/* The message layer towards a CoAP device, with a clock moved by hand and a link that is a function here. */
#include "support.h"

#include "backend/coap_peer.h"
#include "tests/fakes/hand_loop.h"

#include <stdlib.h>

enum { SENT_MAX = 64, CALLS_MAX = 16, ACK_MS = 2000, TIMEOUT_MS = 100000, IDLE_MS = 60000 };

/* ---- The link: stands in for coap_link.c */

struct coap_link {
	const struct coap_link_events *events;
	void *owner;
	bool open;
};

static struct world {
	struct coap_peer *peer;
	struct counters counters;
	struct coap_link_target target;
	struct coap_peer_settings settings;
	struct coap_link *link; /* the present one */
	unsigned opened, closed, naddresses;
	bool heard, stays_closed;
	char sent[SENT_MAX][COAP_MESSAGE_MAX];
	size_t sent_bytes[SENT_MAX];
	unsigned nsent; /* all; the last SENT_MAX are kept */
	struct call {
		struct coap_call call;
		struct coap_ask ask;
		struct arena arena;
		enum coap_end end;
		unsigned ndone;
	} calls[CALLS_MAX];
	unsigned ncalls, order[CALLS_MAX], ndone;
} world;

struct coap_link *coap_link_open(struct loop *loop, const struct coap_link_target *target,
        const struct coap_link_events *events, void *owner)
{
	(void)loop;
	(void)target;
	assert_null(world.link);
	world.link = calloc(1, sizeof *world.link);
	assert_non_null(world.link);
	world.link->events = events;
	world.link->owner = owner;
	world.opened++;
	return world.link;
}

void coap_link_close(struct coap_link *link)
{
	if (!link)
		return;
	assert_ptr_equal(link, world.link);
	world.link = NULL;
	world.closed++;
	free(link);
}

void coap_link_send(struct coap_link *link, slice message)
{
	assert_true(link->open);
	assert_true(message.n <= COAP_MESSAGE_MAX);
	memcpy(world.sent[world.nsent % SENT_MAX], message.p, message.n);
	world.sent_bytes[world.nsent++ % SENT_MAX] = message.n;
}

unsigned coap_link_addresses(const struct coap_link *link)
{
	(void)link;
	return world.naddresses;
}

bool coap_link_heard(const struct coap_link *link)
{
	(void)link;
	return world.heard;
}

/* Lets the link that was asked for open. */
static void turn(void)
{
	hand_loop_turn();
	if (world.link && !world.link->open && !world.stays_closed) {
		world.link->open = true;
		world.link->events->opened(world.link->owner);
		hand_loop_turn();
	}
}

static void link_ends(enum coap_link_end how)
{
	world.link->open = false;
	world.link->events->ended(world.link->owner, how, NULL);
	turn();
}

/* In small steps, so that what a timer sets may fire, too. */
static void pass(uint64_t ms)
{
	while (ms) {
		uint64_t step_ms = ms < 100 ? ms : 100;
		hand_loop_pass(step_ms);
		turn();
		ms -= step_ms;
	}
}

/* ---- The caller */

static void call_done(struct coap_call *call, enum coap_end end)
{
	struct call *own = call->owner;
	own->end = end;
	own->ndone++;
	assert_int_equal(own->ndone, 1);
	world.order[world.ndone++ % CALLS_MAX] = (unsigned)(own - world.calls);
}

static struct call *make(enum method method, slice body)
{
	struct call *own = &world.calls[world.ncalls++];
	const struct message message = {
		.method = method, .path = SLICE("/v"), .body = body, .media = SLICE("text/plain")
	};
	const struct coap_ask_form form = { .media = { NULL, 0 } };
	const char *why;
	assert_true(world.ncalls <= CALLS_MAX);
	arena_init(&own->arena, 1 << 20);
	assert_int_equal(
	        coap_ask_make(&own->ask, &own->arena, &message, (slice){ NULL, 0 }, &form, &why),
	        STATUS_NONE);
	own->call = (struct coap_call){ .ask = &own->ask,
		.arena = &own->arena,
		.deadline_ms = loop_now_ms(hand_loop()) + TIMEOUT_MS,
		.done = call_done,
		.owner = own };
	return own;
}

static struct call *send_call(enum method method)
{
	struct call *own = make(method, (slice){ NULL, 0 });
	coap_peer_send(world.peer, &own->call);
	turn();
	return own;
}

static void open_peer(void)
{
	world.peer = coap_peer_open(hand_loop(), &world.target, &world.settings, &world.counters);
	assert_non_null(world.peer);
}

static int setup(void **state)
{
	(void)state;
	hand_loop_reset();
	world = (struct world){ .settings = { .in_flight = 1,
		                        .queue_max = 8,
		                        .block_size = 64,
		                        .answer_max_bytes = 4096,
		                        .ack_timeout_ms = ACK_MS,
		                        .idle_ms = IDLE_MS } };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < world.ncalls; i++) {
		if (!world.calls[i].ndone)
			coap_call_abort(&world.calls[i].call);
		arena_finish(&world.calls[i].arena);
	}
	coap_peer_close(world.peer);
	assert_null(world.link);
	return 0;
}

/* ---- The device */

/* The message that was sent last but `back`. */
static struct wire_message sent(unsigned back)
{
	struct wire_message message;
	const char *why;
	assert_true(world.nsent > back && back < SENT_MAX);
	unsigned at = (world.nsent - 1 - back) % SENT_MAX;
	slice bytes = { world.sent[at], world.sent_bytes[at] };
	assert_int_equal(wire_parse(bytes, &message, &why), WIRE_OK);
	return message;
}

static void says(enum wire_type type, unsigned char code, uint16_t id, slice token, int observe,
        slice payload)
{
	char bytes[256];
	struct wire_writer writer;
	wire_begin(&writer, bytes, sizeof bytes, type, code, id, token);
	if (observe >= 0)
		wire_option_number(&writer, 6, (uint32_t)observe);
	wire_payload(&writer, payload);
	world.link->events->received(world.link->owner, (slice){ bytes, writer.n });
	turn();
}

static void answers(const struct wire_message *request)
{
	says(WIRE_ACK, WIRE_CODE(2, 5), request->id, request->token, -1, SLICE("x"));
}

static void acknowledges(const struct wire_message *request)
{
	says(WIRE_ACK, 0, request->id, (slice){ NULL, 0 }, -1, (slice){ NULL, 0 });
}

/* ---- Repetition and time */

static void a_message_is_repeated_with_growing_waits(void **state)
{
	(void)state;
	open_peer();
	struct call *call = send_call(METHOD_GET);
	assert_int_equal(world.nsent, 1);
	/* Twice the wait before, which was 1 to 1.5 times ACK_MS by chance. */
	pass(ACK_MS - 100);
	assert_int_equal(world.nsent, 1);
	pass(ACK_MS / 2 + 200);
	assert_int_equal(world.nsent, 2);
	pass(ACK_MS - 200);
	assert_int_equal(world.nsent, 2);
	pass(2 * ACK_MS + 500); /* at the latest: 9 s after the first */
	assert_int_equal(world.nsent, 3);
	pass(TIMEOUT_MS);
	assert_int_equal(call->end, COAP_END_SILENT);
	assert_true(call->call.sent);
	assert_int_equal(world.nsent, 5);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(sent(i).id, sent(4).id);
	assert_int_equal(world.closed, 1);
}

static void a_deadline_rules_over_repetition(void **state)
{
	(void)state;
	open_peer();
	struct call *call = make(METHOD_POST, SLICE("on"));
	call->call.deadline_ms = loop_now_ms(hand_loop()) + 500;
	coap_peer_send(world.peer, &call->call);
	turn();
	pass(499);
	assert_int_equal(call->ndone, 0);
	pass(1);
	assert_int_equal(call->end, COAP_END_SILENT);
	assert_int_equal(world.nsent, 1);
}

static void an_acknowledged_message_is_not_repeated(void **state)
{
	(void)state;
	open_peer();
	struct call *call = send_call(METHOD_GET);
	struct wire_message request = sent(0);
	acknowledges(&request);
	pass(TIMEOUT_MS - 1);
	assert_int_equal(world.nsent, 1);
	assert_int_equal(call->ndone, 0);
	pass(1);
	assert_int_equal(call->end, COAP_END_DEADLINE);
	assert_int_equal(world.closed, 0);
}

static void a_separate_answer_is_taken_once_and_acknowledged_always(void **state)
{
	(void)state;
	open_peer();
	struct call *call = send_call(METHOD_GET);
	struct wire_message request = sent(0);
	acknowledges(&request);
	char token[COAP_TOKEN_BYTES];
	memcpy(token, request.token.p, sizeof token);
	for (unsigned i = 0; i < 3; i++) {
		says(WIRE_CON, WIRE_CODE(2, 5), 77, (slice){ token, sizeof token }, -1, SLICE("x"));
		assert_int_equal(call->end, COAP_END_ANSWER);
		assert_int_equal(sent(0).type, WIRE_ACK);
		assert_int_equal(sent(0).id, 77);
	}
	assert_int_equal(world.nsent, 4);
	assert_int_equal(world.counters.at[COUNTER_UNASKED], 0);
	/* Another message of the same words is nobody's. */
	says(WIRE_CON, WIRE_CODE(2, 5), 78, (slice){ token, sizeof token }, -1, SLICE("x"));
	assert_int_equal(sent(0).type, WIRE_RST);
	assert_int_equal(world.counters.at[COUNTER_UNASKED], 1);
}

static void what_is_not_an_answer_changes_nothing(void **state)
{
	(void)state;
	open_peer();
	struct call *call = send_call(METHOD_GET);
	struct wire_message request = sent(0);
	uint16_t id = request.id;
	slice token = request.token, none = { NULL, 0 };
	says(WIRE_ACK, WIRE_CODE(2, 5), (uint16_t)(id + 1), token, -1, SLICE("forged"));
	says(WIRE_ACK, WIRE_CODE(2, 5), id, SLICE("else"), -1, SLICE("forged"));
	says(WIRE_NON, WIRE_CODE(2, 5), 9, SLICE("else"), -1, SLICE("forged"));
	says(WIRE_RST, 0, (uint16_t)(id + 1), none, -1, none);
	says(WIRE_CON, 0, 10, none, -1, none);
	assert_int_equal(sent(0).type, WIRE_RST); /* a ping */
	says(WIRE_CON, WIRE_CODE(0, 1), 11, none, -1, none);
	assert_int_equal(sent(0).type, WIRE_RST);
	says(WIRE_NON, WIRE_CODE(0, 1), 12, none, -1, none);
	world.link->events->received(world.link->owner, SLICE(""));
	world.link->events->received(world.link->owner, SLICE("\xff"));
	assert_int_equal(call->ndone, 0);
	assert_int_equal(world.counters.at[COUNTER_UNASKED], 4);
	assert_int_equal(world.counters.at[COUNTER_MALFORMED], 2);
	answers(&request);
	assert_int_equal(call->end, COAP_END_ANSWER);
}

/* ---- Turns */

static void calls_take_turns(void **state)
{
	(void)state;
	world.settings.queue_max = 2;
	open_peer();
	struct call *calls[4];
	for (unsigned i = 0; i < 4; i++)
		calls[i] = send_call(METHOD_GET);
	assert_int_equal(calls[3]->end, COAP_END_BUSY);
	assert_false(calls[3]->call.sent);
	assert_int_equal(world.nsent, 1);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(world.nsent, i + 1);
		struct wire_message request = sent(0);
		answers(&request);
		assert_int_equal(calls[i]->ndone, 1);
	}
	assert_int_equal(world.opened, 1);
}

static void uploads_do_not_overlap(void **state)
{
	(void)state;
	static char body[100];
	world.settings.in_flight = 3;
	open_peer();
	struct call *first = make(METHOD_PUT, (slice){ body, sizeof body });
	struct call *second = make(METHOD_PUT, (slice){ body, sizeof body });
	coap_peer_send(world.peer, &first->call);
	coap_peer_send(world.peer, &second->call);
	turn();
	assert_int_equal(world.nsent, 1);
	coap_call_abort(&first->call);
	turn();
	assert_int_equal(world.nsent, 2);
	assert_int_equal(first->end, COAP_END_ABORTED);
}

static void time_may_pass_before_the_turn_comes(void **state)
{
	(void)state;
	open_peer();
	struct call *first = send_call(METHOD_GET);
	struct wire_message request = sent(0);
	acknowledges(&request);
	pass(10);
	struct call *second = make(METHOD_GET, (slice){ NULL, 0 });
	second->call.deadline_ms = loop_now_ms(hand_loop()) + 1000;
	coap_peer_send(world.peer, &second->call);
	pass(1000);
	assert_int_equal(second->end, COAP_END_QUEUED);
	assert_false(second->call.sent);
	assert_int_equal(first->ndone, 0);
}

/* ---- Links */

static void an_unused_link_is_closed(void **state)
{
	(void)state;
	open_peer();
	(void)send_call(METHOD_GET);
	struct wire_message request = sent(0);
	answers(&request);
	pass(IDLE_MS - 1);
	assert_int_equal(world.closed, 0);
	pass(1);
	assert_int_equal(world.closed, 1);
	(void)send_call(METHOD_GET);
	assert_int_equal(world.opened, 2);
}

static void what_the_network_refuses_at_once_was_not_sent(void **state)
{
	(void)state;
	open_peer();
	struct call *once = send_call(METHOD_POST);
	link_ends(COAP_LINK_UNREACHABLE);
	assert_int_equal(once->end, COAP_END_UNREACHABLE);
	assert_false(once->call.sent);

	struct call *twice = send_call(METHOD_POST);
	pass(ACK_MS * 3 / 2 + 1);
	assert_int_equal(world.nsent, 3);
	link_ends(COAP_LINK_UNREACHABLE);
	assert_int_equal(twice->end, COAP_END_UNREACHABLE);
	assert_true(twice->call.sent);

	struct call *taken = send_call(METHOD_POST);
	struct wire_message request = sent(0);
	acknowledges(&request);
	link_ends(COAP_LINK_UNREACHABLE);
	assert_int_equal(taken->end, COAP_END_BROKEN);
}

static void all_addresses_of_a_name_are_tried(void **state)
{
	(void)state;
	world.naddresses = 3;
	open_peer();
	struct call *call = send_call(METHOD_POST);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(call->ndone, 0);
		assert_int_equal(world.opened, i + 1);
		assert_int_equal(world.nsent, i + 1);
		link_ends(COAP_LINK_UNREACHABLE);
	}
	assert_int_equal(call->end, COAP_END_UNREACHABLE);
	assert_false(call->call.sent);

	world.stays_closed = true;
	call = send_call(METHOD_POST);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(call->ndone, 0);
		link_ends(COAP_LINK_UNREACHABLE);
	}
	assert_int_equal(call->end, COAP_END_UNREACHABLE);
}

static void a_link_that_does_not_open_ends_those_that_wait(void **state)
{
	(void)state;
	static const struct {
		enum coap_link_end how;
		enum coap_end end;
	} cases[] = {
		{ COAP_LINK_NO_ADDRESS, COAP_END_NO_ADDRESS },
		{ COAP_LINK_UNREACHABLE, COAP_END_UNREACHABLE },
		{ COAP_LINK_REFUSED, COAP_END_REFUSED },
	};
	world.stays_closed = true;
	open_peer();
	for (unsigned i = 0; i < 3; i++) {
		struct call *first = send_call(METHOD_POST), *second = send_call(METHOD_GET);
		link_ends(cases[i].how);
		assert_int_equal(first->end, cases[i].end);
		assert_int_equal(second->end, cases[i].end);
		assert_false(first->call.sent);
	}
	for (unsigned heard = 0; heard < 2; heard++) {
		world.heard = heard;
		struct call *call = send_call(METHOD_POST);
		pass(TIMEOUT_MS);
		assert_int_equal(call->end, heard ? COAP_END_NO_SESSION : COAP_END_SILENT);
		assert_null(world.link);
	}
	assert_int_equal(world.nsent, 0);
}

/* A device that used to answer over a secure session, and is silent now, has lost its keys. */
static void a_session_that_went_silent_is_made_anew(void **state)
{
	(void)state;
	struct coap_security *some = (struct coap_security *)&world;
	world.target.security = some;
	open_peer();
	(void)send_call(METHOD_GET);
	struct wire_message request = sent(0);
	answers(&request);

	struct call *get = send_call(METHOD_GET);
	uint16_t id = sent(0).id;
	pass(ACK_MS * 3 / 2 + 1);
	assert_int_equal(sent(0).id, id);
	assert_int_equal(world.opened, 1);
	pass(ACK_MS * 3 + 1);
	assert_int_equal(world.opened, 2);
	request = sent(0);
	answers(&request);
	assert_int_equal(get->end, COAP_END_ANSWER);

	struct call *post = send_call(METHOD_POST);
	unsigned before = world.nsent;
	pass(TIMEOUT_MS);
	assert_int_equal(post->end, COAP_END_SILENT);
	assert_int_equal(world.nsent, before + 4);
	assert_int_equal(world.opened, 2);
	assert_int_equal(world.closed, 2);
}

static void a_session_that_the_device_ends_repeats_what_may_be(void **state)
{
	(void)state;
	open_peer();
	struct call *post = send_call(METHOD_POST);
	link_ends(COAP_LINK_ENDED);
	assert_int_equal(post->end, COAP_END_BROKEN);
	struct call *get = send_call(METHOD_GET);
	link_ends(COAP_LINK_ENDED);
	assert_int_equal(get->ndone, 0);
	assert_int_equal(world.opened, 3);
	link_ends(COAP_LINK_ENDED);
	assert_int_equal(get->end, COAP_END_BROKEN);
}

static void message_ids_do_not_come_again_too_soon(void **state)
{
	(void)state;
	open_peer();
	struct call *own = make(METHOD_GET, (slice){ NULL, 0 });
	for (unsigned i = 0; i < 60001; i++) {
		own->ndone = 0;
		coap_peer_send(world.peer, &own->call);
		turn();
		struct wire_message request = sent(0);
		answers(&request);
		assert_int_equal(own->ndone, 1);
		arena_finish(&own->arena);
		if (i == 29999)
			assert_int_equal(world.opened, 1);
		if (i == 30000)
			assert_int_equal(world.opened, 2);
	}
	assert_int_equal(world.opened, 3);
}

/* ---- Observing */

static unsigned nheard, nlost;

static void notified(struct coap_observation *observation, const struct wire_message *message)
{
	(void)observation;
	(void)message;
	nheard++;
}

static void lost(struct coap_observation *observation)
{
	(void)observation;
	nlost++;
}

static void an_observation_lives_as_long_as_its_link(void **state)
{
	(void)state;
	struct coap_observation observation = { .heard = notified, .lost = lost };
	coap_observation_init(&observation);
	nheard = nlost = 0;
	open_peer();
	struct call *call = make(METHOD_GET, (slice){ NULL, 0 });
	call->call.observation = &observation;
	coap_peer_send(world.peer, &call->call);
	turn();
	struct wire_message request = sent(0);
	char bytes[COAP_TOKEN_BYTES];
	memcpy(bytes, request.token.p, sizeof bytes);
	const slice token = { bytes, sizeof bytes };
	assert_int_equal(request.options[0].number, 6);
	says(WIRE_ACK, WIRE_CODE(2, 5), request.id, token, 1, SLICE("x"));
	assert_int_equal(call->end, COAP_END_ANSWER);
	pass(IDLE_MS * 10);
	assert_int_equal(world.closed, 0);
	says(WIRE_NON, WIRE_CODE(2, 5), 5, token, 2, SLICE("y"));
	says(WIRE_CON, WIRE_CODE(2, 5), 6, token, 3, SLICE("z"));
	says(WIRE_CON, WIRE_CODE(2, 5), 6, token, 3, SLICE("z"));
	assert_int_equal(nheard, 2);
	assert_int_equal(sent(0).type, WIRE_ACK);

	struct call *again = make(METHOD_GET, (slice){ NULL, 0 });
	again->call.observation = &observation;
	coap_peer_send(world.peer, &again->call);
	turn();
	assert_slice_equal(sent(0).token, token, __FILE__, __LINE__);
	link_ends(COAP_LINK_UNREACHABLE);
	assert_int_equal(nlost, 1);
	assert_int_equal(again->end, COAP_END_UNREACHABLE);
	coap_observation_end(&observation);
}

/* ---- Anything */

/* Wherever an answer's memory ends, there is one outcome. */
static void any_budget_gives_one_outcome(void **state)
{
	(void)state;
	char payload[200];
	memset(payload, 'p', sizeof payload);
	open_peer();
	struct call *own = make(METHOD_GET, (slice){ NULL, 0 });
	struct arena small;
	unsigned outcomes[2] = { 0, 0 };
	for (size_t budget = 0; budget < 8192; budget += 64) {
		arena_init(&small, budget);
		own->call.arena = &small;
		own->ndone = 0;
		coap_peer_send(world.peer, &own->call);
		turn();
		struct wire_message request = sent(0);
		says(WIRE_ACK, WIRE_CODE(2, 5), request.id, request.token, -1,
		        (slice){ payload, sizeof payload });
		assert_int_equal(own->ndone, 1);
		assert_true(own->end == COAP_END_ANSWER || own->end == COAP_END_TOO_LARGE);
		outcomes[own->end == COAP_END_ANSWER]++;
		arena_finish(&small);
	}
	assert_true(outcomes[0] && outcomes[1]);
}

/* The same each time (xorshift). */
static uint64_t chance(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void storm_once(unsigned n)
{
	char junk[64];
	size_t size = chance() % sizeof junk;
	for (size_t i = 0; i < sizeof junk; i++)
		junk[i] = (char)(chance() & 0xff);
	if (world.link && world.link->open && n % 3) {
		struct wire_message last = world.nsent ? sent(0) : (struct wire_message){ 0 };
		junk[0] = (char)(0x44 | (chance() & 3) << 4);
		if (n % 2) {
			junk[2] = (char)(last.id >> 8);
			junk[3] = (char)(last.id & 0xff);
		}
		if (n % 5 && last.token.n == 4)
			memcpy(junk + 4, last.token.p, 4);
		world.link->events->received(world.link->owner, (slice){ junk, size });
		turn();
	} else if (world.link && n % 17 == 0) {
		link_ends((enum coap_link_end)(chance() % 5));
	} else {
		pass(chance() % 3000);
	}
}

static void whatever_comes_each_call_ends_once(void **state)
{
	(void)state;
	static char body[300];
	world.settings.in_flight = 3;
	open_peer();
	for (unsigned i = 0; i < CALLS_MAX; i++)
		(void)make(i % 2 ? METHOD_PUT : METHOD_GET,
		        (slice){ i % 2 ? body : NULL, i % 2 ? sizeof body : 0 });
	for (unsigned n = 0; n < 100000; n++) {
		struct call *call = &world.calls[chance() % CALLS_MAX];
		bool idle = call->ndone || !call->call.peer;
		if (n % 7 == 0 && idle) {
			call->ndone = 0;
			call->call.deadline_ms = loop_now_ms(hand_loop()) + chance() % 20000;
			coap_peer_send(world.peer, &call->call);
			turn();
		} else if (n % 211 == 0 && !idle) {
			coap_call_abort(&call->call);
		} else {
			storm_once(n);
		}
	}
	pass(20000);
	pass(20000);
	for (unsigned i = 0; i < CALLS_MAX; i++)
		assert_int_equal(world.calls[i].ndone, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_message_is_repeated_with_growing_waits),
		TEST(a_deadline_rules_over_repetition),
		TEST(an_acknowledged_message_is_not_repeated),
		TEST(a_separate_answer_is_taken_once_and_acknowledged_always),
		TEST(what_is_not_an_answer_changes_nothing),
		TEST(calls_take_turns),
		TEST(uploads_do_not_overlap),
		TEST(time_may_pass_before_the_turn_comes),
		TEST(an_unused_link_is_closed),
		TEST(what_the_network_refuses_at_once_was_not_sent),
		TEST(all_addresses_of_a_name_are_tried),
		TEST(a_link_that_does_not_open_ends_those_that_wait),
		TEST(a_session_that_went_silent_is_made_anew),
		TEST(a_session_that_the_device_ends_repeats_what_may_be),
		TEST(message_ids_do_not_come_again_too_soon),
		TEST(an_observation_lives_as_long_as_its_link),
		TEST(any_budget_gives_one_outcome),
		TEST(whatever_comes_each_call_ends_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
