/* The pure parts of the CoAP listener: the wire form, duplicates, blocks. */
#include "support.h"

#include "adapters/coap/blocks.h"
#include "adapters/coap/duplicates.h"
#include "codec/coap_wire.h"

#include <stdio.h>
#include <stdlib.h>

static void each_datagram_gets_its_verdict(void **state)
{
	(void)state;
	static const struct {
		const char *hex;
		enum wire_verdict verdict;
	} cases[] = {
		{ "", WIRE_NOT_COAP },
		{ "400100", WIRE_NOT_COAP },
		{ "00010001", WIRE_NOT_COAP },           /* version 0 */
		{ "80010001", WIRE_NOT_COAP },           /* version 2 */
		{ "40010001", WIRE_OK },                 /* CON GET, no token */
		{ "480100010102030405060708", WIRE_OK }, /* the longest token */
		{ "4901000101020304050607080a", WIRE_MALFORMED },
		{ "4f010001", WIRE_MALFORMED },
		{ "44010001010203", WIRE_MALFORMED }, /* ends inside the token */
		{ "40000001", WIRE_OK },              /* ping */
		{ "4100000155", WIRE_MALFORMED },     /* empty with a token */
		{ "40000001ff41", WIRE_MALFORMED },   /* empty with a payload */
		{ "60000001", WIRE_OK },              /* ACK */
		{ "40200001", WIRE_MALFORMED },       /* class 1 */
		{ "40c00001", WIRE_MALFORMED },       /* class 6 */
		{ "40e10001", WIRE_MALFORMED },       /* class 7 is for TCP */
		{ "60450001", WIRE_OK },              /* 2.05 */
		{ "40010001b161", WIRE_OK },          /* Uri-Path "a" */
		{ "40010001b2", WIRE_MALFORMED },     /* its value is missing */
		{ "40010001b261", WIRE_MALFORMED },
		{ "40010001bf", WIRE_MALFORMED },   /* length 15 */
		{ "40010001f161", WIRE_MALFORMED }, /* delta 15 */
		{ "40010001d0", WIRE_MALFORMED },   /* extended delta is missing */
		{ "40010001e000", WIRE_MALFORMED },
		{ "40010001e0fef2", WIRE_OK },        /* option 65535 */
		{ "40010001e0fef3", WIRE_MALFORMED }, /* 65536: wraps */
		{ "40010001e0ffff", WIRE_MALFORMED },
		{ "40010001e0fef210", WIRE_MALFORMED }, /* 65535 and one more */
		{ "40010001bd", WIRE_MALFORMED },
		{ "40010001be00", WIRE_MALFORMED },
		{ "40010001be0000", WIRE_MALFORMED }, /* 269 bytes that are not there */
		{ "40010001ff", WIRE_MALFORMED },     /* marker without payload */
		{ "40010001ff41", WIRE_OK },
		{ "40010001b161ff", WIRE_MALFORMED },
	};
	struct arena arena;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct wire_message message;
		const char *why = NULL;
		enum wire_verdict verdict =
		        wire_parse(from_hex(&arena, cases[i].hex), &message, &why);
		if (verdict != cases[i].verdict)
			fail_msg("%s: %d", cases[i].hex, (int)verdict);
		assert_int_equal(verdict == WIRE_MALFORMED, why != NULL);
	}
	arena_finish(&arena);
}

static void options_survive_the_round_trip(void **state)
{
	(void)state;
	char buffer[2048], value[300];
	memset(value, 'v', sizeof value);
	struct wire_writer writer;
	wire_begin(&writer, buffer, sizeof buffer, WIRE_NON, WIRE_CODE(0, 2), 0xbeef, SLICE("tok"));
	wire_option(&writer, 1, SLICE(""));
	wire_option(&writer, 11, (slice){ value, 12 });
	wire_option(&writer, 11, (slice){ value, 13 });
	wire_option_number(&writer, 12, 0);
	wire_option_number(&writer, 14, 0x1ff);
	wire_option(&writer, 300, (slice){ value, 269 });
	wire_option(&writer, 65535, (slice){ value, 300 });
	wire_payload(&writer, SLICE("body"));
	assert_false(writer.failed);

	struct wire_message message;
	const char *why;
	assert_int_equal(wire_parse((slice){ buffer, writer.n }, &message, &why), WIRE_OK);
	assert_int_equal(message.type, WIRE_NON);
	assert_int_equal(message.id, 0xbeef);
	assert_slice(message.token, "tok");
	assert_slice(message.payload, "body");
	static const struct {
		unsigned number;
		size_t n;
	} expected[] = { { 1, 0 }, { 11, 12 }, { 11, 13 }, { 12, 0 }, { 14, 2 }, { 300, 269 },
		{ 65535, 300 } };
	assert_int_equal(message.noptions, 7);
	for (unsigned i = 0; i < 7; i++) {
		assert_int_equal(message.options[i].number, expected[i].number);
		assert_int_equal(message.options[i].value.n, expected[i].n);
	}
	assert_int_equal(wire_number(message.options[4].value), 0x1ff);
	assert_null(wire_find(&message, 2));
}

static void a_full_buffer_fails_and_stays_within(void **state)
{
	(void)state;
	for (size_t size = 0; size < 24; size++) {
		char *buffer = malloc(size ? size : 1);
		struct wire_writer writer;
		wire_begin(&writer, buffer, size, WIRE_ACK, WIRE_CODE(2, 5), 1, SLICE("12345678"));
		wire_option(&writer, 8, SLICE("abc"));
		wire_payload(&writer, SLICE("payload"));
		assert_true(writer.failed); /* 24 bytes would do */
		assert_true(writer.n <= size);
		free(buffer);
	}
}

static void too_many_options_are_malformed(void **state)
{
	(void)state;
	char buffer[512];
	struct wire_message message;
	const char *why;
	struct wire_writer writer;
	wire_begin(
	        &writer, buffer, sizeof buffer, WIRE_CON, WIRE_CODE(0, 1), 1, (slice){ NULL, 0 });
	for (unsigned i = 0; i < WIRE_OPTIONS_MAX; i++)
		wire_option(&writer, 11, SLICE("a"));
	assert_int_equal(wire_parse((slice){ buffer, writer.n }, &message, &why), WIRE_OK);
	wire_option(&writer, 11, SLICE("a"));
	assert_int_equal(wire_parse((slice){ buffer, writer.n }, &message, &why), WIRE_MALFORMED);
}

static void block_options(void **state)
{
	(void)state;
	struct wire_block block;
	assert_true(wire_block_parse(SLICE(""), &block));
	assert_int_equal(block.size, 16);
	assert_true(wire_block_parse(SLICE("\x2e"), &block));
	assert_int_equal(block.number, 2);
	assert_true(block.more);
	assert_int_equal(block.size, 1024);
	assert_false(wire_block_parse(SLICE("\x07"), &block));
	assert_false(wire_block_parse(SLICE("\x00\x00\x00\x06"), &block));
	assert_true(wire_block_parse(SLICE("\xff\xff\xf0"), &block));
	assert_int_equal(block.number, 0xfffff);
}

static void an_answer_is_kept_and_given_again(void **state)
{
	(void)state;
	struct duplicates *table = duplicates_create(16, 4096);
	char large[1000];
	memset(large, 'l', sizeof large);
	uint64_t a = duplicates_key(SLICE("peer"), 1, SLICE("t"));
	assert_true(a != duplicates_key(SLICE("peer"), 2, SLICE("t")));
	assert_true(a != duplicates_key(SLICE("peer"), 1, SLICE("u")));
	assert_true(a != duplicates_key(SLICE("pees"), 1, SLICE("t")));
	assert_null(duplicates_find(table, a, 0));
	struct duplicate *entry = duplicates_add(table, a, 0);
	assert_ptr_equal(duplicates_find(table, a, 0), entry);
	assert_int_equal(entry->state, DUPLICATE_PENDING);
	duplicates_answer(table, entry, (slice){ large, 40 });
	assert_int_equal(duplicate_answer(duplicates_find(table, a, 0)).n, 40);
	uint64_t b = duplicates_key(SLICE("peer"), 2, SLICE("t"));
	duplicates_answer(table, duplicates_add(table, b, 0), (slice){ large, 41 });
	slice again = duplicate_answer(duplicates_find(table, b, 0));
	assert_true(slice_equal(again, (slice){ large, 41 }));
	uint64_t c = duplicates_key(SLICE("peer"), 3, SLICE("t"));
	duplicates_answer(table, duplicates_add(table, c, 0), (slice){ NULL, 0 });
	assert_int_equal(duplicate_answer(duplicates_find(table, c, 0)).n, 0);
	assert_non_null(duplicates_find(table, b, 247000));
	assert_null(duplicates_find(table, b, 248000));
	duplicates_destroy(table);
}

static void the_oldest_answered_gives_way(void **state)
{
	(void)state;
	struct duplicates *table = duplicates_create(16, 4096);
	for (uint64_t key = 0; key < 16; key++)
		assert_non_null(duplicates_add(table, key, 0));
	assert_null(duplicates_add(table, 16, 0)); /* all are worked on */
	duplicates_answer(table, duplicates_find(table, 5, 0), SLICE("x"));
	duplicates_answer(table, duplicates_find(table, 3, 0), SLICE("y"));
	assert_non_null(duplicates_add(table, 16, 0));
	assert_null(duplicates_find(table, 5, 0));
	assert_non_null(duplicates_find(table, 3, 0));
	duplicates_destroy(table);
}

static void large_answers_have_a_budget(void **state)
{
	(void)state;
	struct duplicates *table = duplicates_create(16, 4096);
	char large[3000];
	memset(large, 'l', sizeof large);
	duplicates_answer(table, duplicates_add(table, 1, 0), (slice){ large, 3000 });
	duplicates_answer(table, duplicates_add(table, 2, 0), (slice){ large, 3000 });
	assert_null(duplicates_find(table, 1, 0));
	assert_int_equal(duplicate_answer(duplicates_find(table, 2, 0)).n, 3000);
	char *huge = calloc(1, 5000);
	duplicates_answer(table, duplicates_add(table, 3, 0), (slice){ huge, 5000 });
	free(huge);
	assert_int_equal(duplicate_answer(duplicates_find(table, 3, 0)).n, 0);
	duplicates_destroy(table);
}

static void blocks_are_collected_in_order(void **state)
{
	(void)state;
	struct blocks *blocks = blocks_create(1 << 16, &(struct counters){ 0 });
	slice body = { NULL, 0 }, peer = SLICE("peer");
	struct wire_block block = { .number = 0, .more = true, .size = 16 };
	slice full = SLICE("0123456789abcdef");
	assert_int_equal(blocks_take(blocks, 7, peer, &block, full, 100, 0, &body), BLOCKS_MORE);
	block.number = 2;
	assert_int_equal(blocks_take(blocks, 7, peer, &block, full, 100, 0, &body), BLOCKS_GAP);
	block.number = 1;
	assert_int_equal(
	        blocks_take(blocks, 7, peer, &block, SLICE("short"), 100, 0, &body), BLOCKS_WRONG);
	assert_int_equal(blocks_take(blocks, 7, peer, &block, full, 100, 0, &body), BLOCKS_MORE);
	block = (struct wire_block){ .number = 2, .size = 16 };
	assert_int_equal(
	        blocks_take(blocks, 7, peer, &block, SLICE("end"), 100, 0, &body), BLOCKS_WHOLE);
	assert_slice(body, "0123456789abcdef0123456789abcdefend");
	/* It is over: the last block alone is one without its beginning. */
	assert_int_equal(
	        blocks_take(blocks, 7, peer, &block, SLICE("end"), 100, 0, &body), BLOCKS_GAP);
	blocks_destroy(blocks);
}

static void bodies_in_blocks_are_bounded(void **state)
{
	(void)state;
	struct counters counters = { 0 };
	struct blocks *blocks = blocks_create(64 * 1024, &counters);
	slice body, full = SLICE("0123456789abcdef");
	struct wire_block first = { .number = 0, .more = true, .size = 16 };
	struct wire_block second = { .number = 1, .more = true, .size = 16 };
	slice peer = SLICE("peer");
	assert_int_equal(blocks_take(blocks, 1, peer, &first, full, 31, 0, &body), BLOCKS_MORE);
	assert_int_equal(
	        blocks_take(blocks, 1, peer, &second, full, 31, 0, &body), BLOCKS_TOO_LARGE);
	/* The fifth of one peer pushes out its first. */
	for (uint64_t key = 1; key <= 5; key++)
		assert_int_equal(
		        blocks_take(blocks, key, peer, &first, full, 99, 0, &body), BLOCKS_MORE);
	assert_int_equal(blocks_take(blocks, 1, peer, &second, full, 99, 0, &body), BLOCKS_GAP);
	assert_int_equal(counters.at[COUNTER_REFUSED], 1);
	assert_int_equal(blocks_take(blocks, 2, peer, &second, full, 99, 0, &body), BLOCKS_MORE);
	/* One that is never finished ends after a minute. */
	second.number = 2;
	assert_int_equal(blocks_take(blocks, 2, peer, &second, full, 99, 60001, &body), BLOCKS_GAP);
	assert_int_equal(counters.at[COUNTER_EXPIRED], 4);
	/* Many peers: what they hold together stays within the budget (4 KiB at the least each). */
	for (uint64_t key = 100; key < 400; key++) {
		slice other = { (const char *)&key, sizeof key };
		assert_int_equal(blocks_take(blocks, key, other, &first, full, 99, 70000, &body),
		        BLOCKS_MORE);
	}
	second.number = 1;
	assert_int_equal(
	        blocks_take(blocks, 380, SLICE("x"), &second, full, 99, 70000, &body), BLOCKS_GAP);
	assert_int_equal(
	        blocks_take(blocks, 399, SLICE("x"), &second, full, 99, 70000, &body), BLOCKS_MORE);
	assert_int_equal(counters.at[COUNTER_REFUSED], 1 + 300 - 16);
	assert_int_equal(counters.at[COUNTER_EXPIRED], 4);
	blocks_destroy(blocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_datagram_gets_its_verdict),
		cmocka_unit_test(options_survive_the_round_trip),
		cmocka_unit_test(a_full_buffer_fails_and_stays_within),
		cmocka_unit_test(too_many_options_are_malformed),
		cmocka_unit_test(block_options),
		cmocka_unit_test(an_answer_is_kept_and_given_again),
		cmocka_unit_test(the_oldest_answered_gives_way),
		cmocka_unit_test(large_answers_have_a_budget),
		cmocka_unit_test(blocks_are_collected_in_order),
		cmocka_unit_test(bodies_in_blocks_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
