#include "support.h"

#include "http_transcript.h"

#include <stdlib.h>

/* Reads the bytes in one piece, one by one and in several random splits; all must agree. */
static slice read_bytes(struct arena *arena, slice bytes)
{
	slice whole = http_transcript(arena, bytes, NULL, NULL);
	slice single = http_transcript(arena, bytes, http_one_byte, NULL);
	assert_slice_equal(single, whole, __FILE__, __LINE__);
	for (uint32_t seed = 1; seed <= 8; seed++) {
		uint32_t state = seed;
		slice split = http_transcript(arena, bytes, http_some_bytes, &state);
		assert_slice_equal(split, whole, __FILE__, __LINE__);
	}
	return whole;
}

struct sample {
	const char *bytes, *transcript;
};

static void check(const struct sample *samples, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct arena arena;
		arena_init(&arena, 1 << 20);
		slice got = read_bytes(&arena, slice_of(samples[i].bytes));
		if (!slice_is(got, samples[i].transcript))
			print_error("for: %s\n", samples[i].bytes);
		assert_slice(got, samples[i].transcript);
		arena_finish(&arena);
	}
}

#define CHECK(samples) check((samples), sizeof(samples) / sizeof *(samples))

static void requests_are_read(void **state)
{
	(void)state;
	static const struct sample samples[] = {
		{ "GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a?b <>\n" },
		{ "\r\n\r\nGET / HTTP/1.1\r\n\r\n", "GET / <>\n" },
		{ "GET / HTTP/1.1\r\nA:b\r\nC:\t d e \t\r\nF:\r\n\r\n", "GET / <>\n" },
		{ "POST /r HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n",
		        "POST /r <abc>\nGET / <>\n" },
		{ "POST /r HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "POST /r <>\n" },
		{ "POST /r HTTP/1.1\r\nContent-Length: 4\r\n\r\nabc", "POST /r <abc…" },
		{ "OPTIONS * HTTP/1.1\r\n\r\n", "OPTIONS * <>\n" },
		{ "X-tra http://h:1/p HTTP/1.1\r\n\r\n", "X-tra http://h:1/p <>\n" },
		{ "GET / HTTP/1.1\r\nA: \xe4\xff\r\n\r\n", "GET / <>\n" },
		{ "GET / HTTP/1.1\r\nA", "…" },
		{ "", "" },
	};
	CHECK(samples);
}

static void connections_last_as_long_as_they_should(void **state)
{
	(void)state;
	static const struct sample samples[] = {
		{ "GET / HTTP/1.0\r\n\r\nGET /b HTTP/1.1\r\n\r\n", "GET / <>\n" },
		{ "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n",
		        "GET / <>\nGET /b <>\n" },
		{ "GET / HTTP/1.1\r\nConnection: a , close\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
		        "GET / <>\n" },
		{ "GET / HTTP/1.1\r\nConnection: closed\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
		        "GET / <>\nGET /b <>\n" },
	};
	CHECK(samples);
}

static void chunks_are_joined(void **state)
{
	(void)state;
#define CHUNKED "POST /c HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n"
	static const struct sample samples[] = {
		{ CHUNKED "3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
		        "POST /c <abc0123456789>\nGET / <>\n" },
		{ CHUNKED "0\r\n\r\n", "POST /c <>\n" },
		{ CHUNKED "2;a;b=c;d=\"e\\\"\t;f\";g\r\nhi\r\n000\r\n\r\n", "POST /c <hi>\n" },
		{ CHUNKED "1\r\nx\r\n0\r\nA: b\r\nContent-Length: 9\r\n\r\n", "POST /c <x>\n" },
		{ CHUNKED "1\r\nx\r\n0\r\n", "POST /c <x…" },
		{ CHUNKED "\r\n", "POST /c <>!400" },
		{ CHUNKED "g\r\n", "POST /c <>!400" },
		{ CHUNKED "-1\r\n", "POST /c <>!400" },
		{ CHUNKED "0x1\r\nx\r\n", "POST /c <>!400" },
		{ CHUNKED "1 \r\nx\r\n", "POST /c <>!400" },
		{ CHUNKED "1\nx\r\n", "POST /c <>!400" },
		{ CHUNKED "1\rx\r\n", "POST /c <>!400" },
		{ CHUNKED "1;\r\nx\r\n", "POST /c <>!400" },
		{ CHUNKED "1;=b\r\nx\r\n", "POST /c <>!400" },
		{ CHUNKED "1;a=\r\nx\r\n", "POST /c <>!400" },
		{ CHUNKED "1;a=b=c\r\nx\r\n", "POST /c <>!400" },
		{ CHUNKED "1;a\n\r\nx\r\n", "POST /c <>!400" },
		{ CHUNKED "1;a=\"b\r\nx\r\n", "POST /c <>!400" },
		{ CHUNKED "1;a=\"b\"c\r\nx\r\n", "POST /c <>!400" },
		{ CHUNKED "1\r\nxy\r\n", "POST /c <x>!400" },
		{ CHUNKED "1\r\nx\r0\r\n\r\n", "POST /c <x>!400" },
		{ CHUNKED "ffffffffffffffff1\r\n", "POST /c <>!400" },
		{ CHUNKED "00000000000000001\r\n", "POST /c <>!400" },
		{ CHUNKED "0\r\n A: folded\r\n\r\n", "POST /c <>!400" },
		{ CHUNKED "0\r\nA : b\r\n\r\n", "POST /c <>!400" },
		{ CHUNKED "0\r\nA\r\n\r\n", "POST /c <>!400" },
		{ CHUNKED "0\r\nA: b\n\r\n", "POST /c <>!400" },
	};
	CHECK(samples);
}

static void two_readings_are_refused(void **state)
{
	(void)state;
#define HEAD(fields) "POST / HTTP/1.1\r\n" fields "\r\n\r\n"
	static const struct sample samples[] = {
		{ HEAD("Content-Length: 1\r\nContent-Length: 2"), "!400" },
		{ HEAD("Content-Length: 1\r\ncontent-length: 1"), "!400" },
		{ HEAD("Content-Length: 1, 1"), "!400" },
		{ HEAD("Content-Length: +1"), "!400" },
		{ HEAD("Content-Length: 0x1"), "!400" },
		{ HEAD("Content-Length: 1 1"), "!400" },
		{ HEAD("Content-Length:"), "!400" },
		{ HEAD("Content-Length: 18446744073709551616"), "!400" },
		{ HEAD("Content-Length: 1\r\nTransfer-Encoding: chunked"), "!400" },
		{ HEAD("Transfer-Encoding: chunked\r\nContent-Length: 1"), "!400" },
		{ HEAD("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), "!400" },
		{ HEAD("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"), "!400" },
		{ HEAD("Transfer-Encoding: chunked, identity"), "!400" },
		{ HEAD("Transfer-Encoding: gzip, chunked"), "!501" },
		{ HEAD("Transfer-Encoding: xchunked"), "!400" },
		{ HEAD("Transfer-Encoding: \"chunked\""), "!400" },
		{ HEAD("Transfer-Encoding:"), "!400" },
		{ HEAD("Expect: the unexpected"), "!417" },
		{ HEAD("Transfer-Encoding: \vchunked"), "!400" },
		{ HEAD("Transfer-Encoding : chunked"), "!400" },
		{ HEAD("Transfer-Encoding\t: chunked"), "!400" },
		{ HEAD("X: a\r\n Transfer-Encoding: chunked"), "!400" },
		{ HEAD("X: a\r\n\tb"), "!400" },
		{ HEAD(" X: a"), "!400" },
		{ HEAD("X: a\nTransfer-Encoding: chunked"), "!400" },
		{ HEAD("X: a\rTransfer-Encoding: chunked"), "!400" },
		{ HEAD("X: a\r\rY: b"), "!400" },
		{ HEAD(": a"), "!400" },
		{ HEAD("X"), "!400" },
		{ HEAD("X y: a"), "!400" },
		{ HEAD("X\xe4: a"), "!400" },
		{ HEAD("X: a\x7f"), "!400" },
		{ HEAD("X: a\x01"), "!400" },
		{ "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "!400" },
		{ "POST / HTTP/1.1\r\nContent-Length: 3\r\n\rabc", "!400" },
	};
	CHECK(samples);
}

static void request_lines_have_one_form(void **state)
{
	(void)state;
	static const struct sample samples[] = {
		{ "GET /\r\n\r\n", "!400" },
		{ "GET\r\n\r\n", "!400" },
		{ "GET  / HTTP/1.1\r\n", "!400" },
		{ "GET /  HTTP/1.1\r\n", "!400" },
		{ "GET / HTTP/1.1 \r\n", "!400" },
		{ " GET / HTTP/1.1\r\n", "!400" },
		{ "GET /\tHTTP/1.1\r\n", "!400" },
		{ "GET / a HTTP/1.1\r\n", "!400" },
		{ "GET /\xc3\xa4 HTTP/1.1\r\n", "!400" },
		{ "GET / http/1.1\r\n", "!400" },
		{ "GET / HTTP/1\r\n", "!400" },
		{ "GET / HTTP/1.1x\r\n", "!400" },
		{ "GET / HTTP/11\r\n", "!400" },
		{ "GET / HTTP/1.1\n", "!400" },
		{ "G@T / HTTP/1.1\r\n", "!400" },
		{ "\n", "!400" },
		{ "\x16\x03\x01", "!400" },
		{ "GET / RTSP/1.0\r\n", "!400" },
		{ "GET / HTTP/1.2\r\n", "!505" },
		{ "GET / HTTP/2.0 HTTP/1.1\r\n", "!505" },
		{ "GET / HTTP/0.9\r\n", "!505" },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "!505" },
	};
	CHECK(samples);
}

/* Repeats `piece` until it has n bytes. */
static char *fill(char *to, const char *piece, size_t n)
{
	size_t length = strlen(piece);
	for (size_t i = 0; i < n; i++)
		to[i] = piece[i % length];
	return to + n;
}

static void check_filled(
        const char *before, const char *piece, size_t n, const char *after, const char *transcript)
{
	struct arena arena;
	arena_init(&arena, 16 << 20);
	char *bytes = arena_alloc(&arena, strlen(before) + n + strlen(after) + 1);
	assert_non_null(bytes);
	char *end = fill(bytes, before, strlen(before));
	end = fill(end, piece, n);
	end = fill(end, after, strlen(after));
	slice got = read_bytes(&arena, (slice){ bytes, (size_t)(end - bytes) });
	if (*transcript == '!')
		assert_slice(got, transcript);
	else
		assert_true(
		        slice_starts(got, slice_of(transcript)) && slice_find(got, '!') == got.n);
	arena_finish(&arena);
}

static void limits_are_kept_to_the_byte(void **state)
{
	(void)state;
	const size_t rest = strlen("GET / HTTP/1.1");
	check_filled("GET /", "a", HTTP_LINE_MAX - rest, " HTTP/1.1\r\n\r\n", "GET /a");
	check_filled("GET /", "a", HTTP_LINE_MAX - rest + 1, " HTTP/1.1\r\n\r\n", "!414");
	check_filled("", "a", HTTP_LINE_MAX + 2, "", "!414");

	check_filled("GET / HTTP/1.1\r\n", "A: b\r\n", 6 * HTTP_FIELDS_MAX, "\r\n", "GET / ");
	check_filled("GET / HTTP/1.1\r\n", "A: b\r\n", 6 * (HTTP_FIELDS_MAX + 1), "\r\n", "!431");

	/* "A:" and twice CRLF belong to the block too. */
	check_filled("GET / HTTP/1.1\r\nA:", "b", HTTP_BLOCK_MAX - 6, "\r\n\r\n", "GET / ");
	check_filled("GET / HTTP/1.1\r\nA:", "b", HTTP_BLOCK_MAX - 2, "\r\n\r\n", "!431");

	check_filled("", "\r\n", HTTP_BLANK_MAX, "GET / HTTP/1.1\r\n\r\n", "GET / ");
	check_filled("", "\r\n", HTTP_BLANK_MAX + 2, "GET / HTTP/1.1\r\n\r\n", "!400");
}

static void extras_are_bounded(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 1 << 20);
	struct http_head head;
	http_head_init(&head);
	head.chunked = true;
	struct http_body body;
	http_body_init(&body, &head);
	slice data;
	slice input = SLICE("1;a\r\nx\r\n");
	enum http_verdict verdict = HTTP_DATA;
	unsigned chunks = 0;
	for (; verdict != HTTP_BAD && chunks < HTTP_EXTRAS_MAX; chunks++) {
		input = SLICE("1;a\r\nx\r\n");
		verdict = http_body_next(&body, &input, &data);
		if (verdict == HTTP_DATA)
			verdict = http_body_next(&body, &input, &data);
	}
	assert_int_equal(verdict, HTTP_BAD);
	assert_int_equal(body.code, 431);
	arena_finish(&arena);
}

static void parts_are_where_they_should_be(void **state)
{
	(void)state;
	slice bytes = SLICE("GET /a HTTP/1.1\r\nHost:  h:1 \r\nB:\r\nX-C:\td, e\r\n\r\nbody");
	struct http_head head;
	http_head_init(&head);
	size_t n = 0;
	assert_int_equal(http_head_parse(&head, bytes, &n), HTTP_DONE);
	assert_int_equal(n, bytes.n - 4);
	assert_int_equal(head.nfields, 3);
	assert_int_equal(head.nhosts, 1);
	assert_slice(http_part_slice(bytes.p, head.fields[0].name), "Host");
	assert_slice(http_part_slice(bytes.p, head.fields[0].value), "h:1");
	assert_slice(http_part_slice(bytes.p, head.fields[1].value), "");
	assert_slice(http_part_slice(bytes.p, head.fields[2].name), "X-C");
	assert_slice(http_part_slice(bytes.p, head.fields[2].value), "d, e");
	assert_true(http_list_has(SLICE("a, B ,c"), SLICE("b")));
	assert_false(http_list_has(SLICE("a, B ,c"), SLICE("")));
	assert_false(http_list_has(SLICE(""), SLICE("a")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_read),
		cmocka_unit_test(connections_last_as_long_as_they_should),
		cmocka_unit_test(chunks_are_joined),
		cmocka_unit_test(two_readings_are_refused),
		cmocka_unit_test(request_lines_have_one_form),
		cmocka_unit_test(limits_are_kept_to_the_byte),
		cmocka_unit_test(extras_are_bounded),
		cmocka_unit_test(parts_are_where_they_should_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
