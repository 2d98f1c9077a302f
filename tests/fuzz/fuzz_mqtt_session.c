/* The MQTT listener against a scripted core, driven by the input: clients that send whatever bytes, come, go and wait; a
 * core that answers as it likes; values, commands and restarts between them. Nothing is lost, left over or read out of
 * bounds; mqtt_world.h asserts that each request comes home and that all memory is given back.
 *
 * Each step is one byte that says what happens and one that says how much of it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What mqtt_world.h wants of cmocka, without a test to fail. */
#define assert_true(truth)             ((truth) ? (void)0 : abort())
#define assert_false(truth)            assert_true(!(truth))
#define assert_non_null(pointer)       assert_true((pointer) != NULL)
#define assert_null(pointer)           assert_true((pointer) == NULL)
#define assert_ptr_equal(a, b)         assert_true((const void *)(a) == (const void *)(b))
#define assert_int_equal(a, b)         assert_true((a) == (b))
#define assert_slice_equal(a, b, f, l) assert_true(slice_equal((a), (b)))
#define print_error(...)               ((void)0)
#define fail_msg(...)                  ((void)snprintf(NULL, 0, __VA_ARGS__), abort())

#include "base/arena.h"

static inline slice from_hex(struct arena *arena, const char *text)
{
	(void)arena;
	(void)text;
	return (slice){ NULL, 0 };
}

#include "../unit/mqtt_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { CLIENTS = 3, FOLLOWED_MAX = 64, COMMANDS_MAX = 32 };

static struct stream *clients[CLIENTS];
static struct subscription *followed[FOLLOWED_MAX];
static uint64_t version;

static struct order {
	struct command command;
	struct message message;
	struct arena arena;
	bool used, done;
} orders[COMMANDS_MAX];

static void ended(struct command *command, enum status status)
{
	struct order *order = LIST_OWNER(command, struct order, command);
	assert_true(!order->done && status != STATUS_NONE);
	order->done = true;
}

static void drop(struct stream **stream)
{
	if (!*stream)
		return;
	if (!(*stream)->closed)
		world_end(*stream, STREAM_END_PEER);
	world_drop(*stream);
	*stream = NULL;
}

static void send_bytes(struct stream **stream, slice bytes)
{
	if (!*stream)
		*stream = world_connect();
	if ((*stream)->closed || (*stream)->closing)
		drop(stream);
	else if ((*stream)->in_n + bytes.n < sizeof(*stream)->in / 2)
		world_send(*stream, bytes);
	if (*stream)
		(*stream)->out_n = (*stream)->out_read = 0;
}

/* The oldest request comes home; one that asks to follow may get what it asks for. */
static void answer(unsigned how)
{
	static const struct identity engine = { .id = SLICE_INIT("a") };
	if (!world_waiting())
		return;
	struct request *request = world_next();
	enum status status = how & 0x80 ? STATUS_OK : (enum status)(1 + how % (STATUS_COUNT - 1));
	request->who = how & 0x40 ? &engine : NULL;
	unsigned slot = 0;
	while (slot < FOLLOWED_MAX && followed[slot])
		slot++;
	if (request->in.method == METHOD_SUBSCRIBE && status == STATUS_OK && slot < FOLLOWED_MAX &&
	        request->status == STATUS_NONE)
		(void)world_follow();
	else
		world_answer(status);
}

static void push(unsigned which, slice body)
{
	struct subscription *subscription = followed[which % FOLLOWED_MAX];
	if (!subscription)
		return;
	struct update update = { .path = which & 0x80 ? SLICE("/s/a") : SLICE("/s/%2B%20x"),
		.media = SLICE("a/b"),
		.body = body,
		.version = ++version,
		.present = which & 0x40 };
	adapter_mqtt.push(&world.listener->base, subscription, &update);
}

static void command(unsigned how)
{
	unsigned slot = 0;
	while (slot < COMMANDS_MAX && orders[slot].used)
		slot++;
	if (slot == COMMANDS_MAX)
		return;
	struct order *order = &orders[slot];
	*order = (struct order){ .used = true,
		.message = { .method = METHOD_PUT, .path = SLICE("/s/a"), .body = SLICE("x") } };
	arena_init(&order->arena, 1 << 14);
	order->command = (struct command){ .device = SLICE("a"),
		.unproven_too = how & 1,
		.wants_reply = how & 2,
		.message = &order->message,
		.deadline_ms = world.now_ms + 1000,
		.arena = &order->arena,
		.done = ended };
	adapter_mqtt.command(&world.listener->base, &order->command);
}

static void forget_done(bool all)
{
	for (unsigned i = 0; i < COMMANDS_MAX; i++) {
		assert_true(!all || !orders[i].used || orders[i].done);
		if (!orders[i].used || !orders[i].done)
			continue;
		arena_finish(&orders[i].arena);
		orders[i].used = false;
	}
}

/* The listener stops in order, everything comes home, and what is left is given back. */
static void end(void)
{
	world_stop();
	while (world_waiting())
		world_answer(STATUS_OK);
	for (unsigned i = 0; i < CLIENTS; i++)
		drop(&clients[i]);
	while (world_waiting())
		world_answer(STATUS_OK);
	forget_done(true);
	world_close();
	memset(followed, 0, sizeof followed);
}

static void step(uint8_t what, uint8_t how, slice *rest)
{
	slice part = { rest->p, how < rest->n ? how : rest->n };
	unsigned who = what % CLIENTS;
	switch (what >> 4 & 7) {
	case 0:
	case 1:
	case 2:
		send_bytes(&clients[who], part);
		*rest = slice_from(*rest, part.n);
		break;
	case 3:
		answer(how);
		break;
	case 4:
		push(how, part);
		break;
	case 5:
		command(how);
		break;
	case 6:
		if (how & 1)
			drop(&clients[who]);
		else
			world_wait((uint64_t)how * 100);
		break;
	default:
		if (how & 1 || !world.has_store)
			break;
		end();
		world_open_again(NULL);
		world.commands_may_come = true;
		break;
	}
	forget_done(false);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	world_open(NULL);
	world.has_store = true;
	world.commands_may_come = true;
	world.followed = followed;
	world.nfollowed_max = FOLLOWED_MAX;
	version = 0;
	slice rest = { (const char *)bytes, n };
	/* The world remembers so many requests. */
	while (rest.n > 2 && world.nsubmitted < WORLD_REQUESTS / 2) {
		uint8_t what = (uint8_t)rest.p[0], how = (uint8_t)rest.p[1];
		rest = slice_from(rest, 2);
		step(what, how, &rest);
	}
	end();
	memset(&world, 0, sizeof world);
	return 0;
}
