/* Server-sent events: which requests ask for them, and how they are written. */
#include "support.h"

#include "adapters/http/events.h"

enum { ARENA_BYTES = 1 << 20 };
#include "arena_fixture.h"

static void a_stream_is_asked_for_by_its_name(void **state)
{
	(void)state;
	static const struct {
		enum method method;
		const char *path, *accept, *last;
		bool asks;
		uint64_t after;
		enum status status;
	} cases[] = {
		{ METHOD_GET, "/a", "text/event-stream", NULL, true, 0, STATUS_NONE },
		{ METHOD_GET, "/a", "Text/Event-Stream; q=0.5", NULL, true, 0, STATUS_NONE },
		{ METHOD_GET, "/a", "application/json, text/event-stream", NULL, true, 0,
		        STATUS_NONE },
		{ METHOD_GET, "/a", "text/event-stream", "00000000000000ff", true, 255,
		        STATUS_NONE },
		{ METHOD_GET, "/a", "text/event-stream", "FFFFFFFFFFFFFFFF", true, UINT64_MAX,
		        STATUS_NONE },
		{ METHOD_GET, "/a", "text/event-stream", "7", true, 0, STATUS_NONE },
		{ METHOD_GET, "/a", "text/event-stream", "00000000000000f ", true, 0, STATUS_NONE },
		{ METHOD_GET, "/a", "text/event-stream;q=0", NULL, false, 0, STATUS_NONE },
		{ METHOD_GET, "/a", "text/*", NULL, false, 0, STATUS_NONE },
		{ METHOD_GET, "/a", "*/*", NULL, false, 0, STATUS_NONE },
		{ METHOD_GET, "/a", "", NULL, false, 0, STATUS_NONE },
		{ METHOD_POST, "/a", "text/event-stream", NULL, false, 0, STATUS_NONE },
		{ METHOD_HEAD, "/a", "text/event-stream", NULL, false, 0, STATUS_NONE },
		{ METHOD_GET, "/a/+", "text/event-stream", NULL, false, 0, STATUS_NOT_ACCEPTABLE },
		{ METHOD_GET, "/a+b", "text/event-stream", NULL, true, 0, STATUS_NONE },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct request request = { .accept = slice_of(cases[i].accept) };
		const struct field last = { SLICE("last-event-id"), slice_of(cases[i].last) };
		arena_init(&request.arena, 65536);
		request.in.method = cases[i].method;
		request.in.path = slice_of(cases[i].path);
		request.in.fields = &last;
		request.in.nfields = cases[i].last ? 1 : 0;
		if (http_events_ask(&request, &arena) != cases[i].asks)
			fail_msg("case %zu", i);
		assert_true(request.follow_after == cases[i].after);
		assert_int_equal(request.status, cases[i].status);
		assert_ptr_equal(request.follower, cases[i].asks ? &arena : NULL);
		assert_int_equal(
		        request.in.method, cases[i].asks ? METHOD_SUBSCRIBE : cases[i].method);
		arena_finish(&request.arena);
	}
}

static slice write_value(const char *body, unsigned minor)
{
	struct text text;
	const struct update update = { .version = 0x18a4f1c0de9a6b15, .body = slice_of(body) };
	text_init(&text, &arena, 16);
	http_events_value(&text, &update, minor);
	return text_slice(&text);
}

static void each_line_is_a_line_of_data(void **state)
{
	(void)state;
	assert_slice(write_value("[1]", 0), "id: 18a4f1c0de9a6b15\ndata: [1]\n\n");
	assert_slice(write_value("", 0), "id: 18a4f1c0de9a6b15\ndata: \n\n");
	assert_slice(write_value("a\nb\r\nc\rd", 0),
	        "id: 18a4f1c0de9a6b15\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
	/* An event cannot be ended, or a field begun, by what a device sends. */
	assert_slice(write_value("a\n\nid: 7\n", 0),
	        "id: 18a4f1c0de9a6b15\ndata: a\ndata: \ndata: id: 7\ndata: \n\n");
	assert_slice(write_value("\r", 0), "id: 18a4f1c0de9a6b15\ndata: \ndata: \n\n");
}

static void in_http_1_1_it_is_a_chunk(void **state)
{
	(void)state;
	assert_slice(write_value("[1]", 1), "00000020\r\nid: 18a4f1c0de9a6b15\ndata: [1]\n\n\r\n");
	assert_slice(http_events_heartbeat(1), "3\r\n:\n\n\r\n");
	assert_slice(http_events_heartbeat(0), ":\n\n");
	assert_slice(http_events_end(1), "0\r\n\r\n");
	assert_int_equal(http_events_end(0).n, 0);
}

static void without_memory_there_is_no_event(void **state)
{
	(void)state;
	arena.budget_bytes = arena.used_bytes;
	assert_null(write_value("[1]", 1).p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_stream_is_asked_for_by_its_name),
		TEST(each_line_is_a_line_of_data),
		TEST(in_http_1_1_it_is_a_chunk),
		TEST(without_memory_there_is_no_event),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
