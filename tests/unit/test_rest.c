/* The rest backend against a server that answers in all the ways. */
#include "support.h"

#include "rest_world.h"

static void answer(struct stream *stream, const char *text)
{
	stream_write(stream, slice_of(text));
}

/* One call, whole; `status` and body are checked. */
static struct world_call *one_call(enum method method, const char *body, enum status status)
{
	struct world_call *call = world_call(method, "/readings", body);
	world_send(call);
	if (!call->done)
		world_run(1);
	if (call->status != status)
		fail_msg("%s (%.*s) instead of %s", status_name(call->status),
		        SLICE_ARG(call->exchange.why), status_name(status));
	return call;
}

static void say_ok(struct world *w, struct stream *stream)
{
	(void)w;
	answer(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nETag: \"7\"\r\nEmpty:\r\n"
	               "Set-Cookie: a=b\r\nContent-Length: 5\r\n\r\nhello");
}

static void plain(void **state)
{
	(void)state;
	world_open(say_ok);
	struct world_call *call = one_call(METHOD_POST, "{\"a\":1}", STATUS_OK);
	assert_slice(call->exchange.out.body, "hello");
	assert_slice(call->exchange.out.media, "text/plain");
	assert_slice(message_field(&call->exchange.out, "etag"), "\"7\"");
	assert_null(message_field(&call->exchange.out, "set-cookie").p);
	assert_true(call->exchange.sent);
	assert_non_null(strstr(world.seen, "POST /base/readings HTTP/1.1\r\n"));
	assert_non_null(strstr(world.seen, "Content-Type: application/json\r\n"));
	assert_non_null(strstr(world.seen, "Content-Length: 7\r\n"));
	assert_non_null(strstr(world.seen, "\r\n\r\n{\"a\":1}"));
	world_free(call);
	/* The second one on the same connection. */
	world_free(one_call(METHOD_GET, NULL, STATUS_OK));
	assert_int_equal(world.accepted, 1);
	assert_int_equal(world.requests, 2);
	assert_int_equal(world_counter(COUNTER_MESSAGES), 2);
	assert_int_equal(world_counter(COUNTER_CONNECTIONS), 1);
}

static void say_chunked(struct world *w, struct stream *stream)
{
	(void)w;
	answer(stream,
	        "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"
	        "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nLocation: /r/1\r\n\r\n"
	        "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nContent-Type: late\r\n\r\n");
}

static void chunked(void **state)
{
	(void)state;
	world_open(say_chunked);
	for (unsigned i = 0; i < 3; i++) {
		struct world_call *call = one_call(METHOD_POST, "x", STATUS_CREATED);
		assert_slice(call->exchange.out.body, "abcdefg");
		assert_slice(message_field(&call->exchange.out, "location"), "/r/1");
		assert_null(message_field(&call->exchange.out, "link").p);
		assert_int_equal(call->exchange.out.media.n, 0);
		world_free(call);
	}
	assert_int_equal(world.accepted, 1);
}

static void say_slowly(struct world *w, struct stream *stream)
{
	w->later_stream = stream;
	w->later_text = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	                "Transfer-Encoding: chunked\r\n\r\n5\r\nbytes\r\n0\r\n\r\n";
	w->later_at = 0;
	timer_set(&w->later, loop_now_ms(w->loop));
}

static void byte_by_byte(void **state)
{
	(void)state;
	world_open(say_slowly);
	struct world_call *call = one_call(METHOD_GET, NULL, STATUS_OK);
	assert_slice(call->exchange.out.body, "bytes");
	assert_slice(call->exchange.out.media, "text/plain");
	world_free(call);
}

static void say_until_close(struct world *w, struct stream *stream)
{
	(void)w;
	answer(stream, "HTTP/1.0 200 OK\r\n\r\nall that comes");
	stream_close(stream);
}

static void close_delimited(void **state)
{
	(void)state;
	world_open(say_until_close);
	for (unsigned i = 0; i < 2; i++) {
		struct world_call *call = one_call(METHOD_POST, "x", STATUS_OK);
		assert_slice(call->exchange.out.body, "all that comes");
		world_free(call);
	}
	assert_int_equal(world.accepted, 2);
}

static void say_no_body(struct world *w, struct stream *stream)
{
	(void)w;
	if (strncmp(w->seen, "HEAD", 4) == 0)
		answer(stream, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
	else if (strncmp(w->seen, "GET", 3) == 0)
		answer(stream, "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n");
	else
		answer(stream, "HTTP/1.1 204 No Content\r\n\r\n");
}

static void without_body(void **state)
{
	(void)state;
	world_open(say_no_body);
	world_free(one_call(METHOD_HEAD, NULL, STATUS_OK));
	world_free(one_call(METHOD_GET, NULL, STATUS_NOT_MODIFIED));
	world_free(one_call(METHOD_DELETE, NULL, STATUS_DELETED));
	world_free(one_call(METHOD_PUT, "x", STATUS_CHANGED));
	assert_int_equal(world.accepted, 1);
}

static void say_garbage(struct world *w, struct stream *stream)
{
	(void)w;
	answer(stream, "SSH-2.0-OpenSSH_9.2p1 Debian\r\n");
}

static void garbage(void **state)
{
	(void)state;
	world_open(say_garbage);
	struct world_call *call = one_call(METHOD_GET, NULL, STATUS_BAD_BACKEND);
	assert_true(call->exchange.why.n > 0);
	world_free(call);
	assert_int_equal(world_counter(COUNTER_MALFORMED), 1);
}

static void say_half(struct world *w, struct stream *stream)
{
	(void)w;
	answer(stream, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
	stream_close(stream);
}

static void truncated(void **state)
{
	(void)state;
	world_open(say_half);
	world_free(one_call(METHOD_GET, NULL, STATUS_BAD_BACKEND));
	assert_int_equal(world.requests, 1);
	assert_int_equal(world_counter(COUNTER_FAILED), 1);
}

static void say_reset(struct world *w, struct stream *stream)
{
	(void)w;
	answer(stream, "never leaves");
	stream_abort(stream);
}

static void reset(void **state)
{
	(void)state;
	world_open(say_reset);
	struct world_call *call = one_call(METHOD_GET, NULL, STATUS_BAD_BACKEND);
	assert_true(call->exchange.sent);
	world_free(call);
	assert_int_equal(world.requests, 1);
}

static void say_nothing(struct world *w, struct stream *stream)
{
	(void)w;
	(void)stream;
}

static void silent(void **state)
{
	(void)state;
	world_open(say_nothing);
	struct world_call *call = world_call(METHOD_GET, "/x", NULL);
	call->exchange.deadline_ms = loop_now_ms(world.loop) + 50;
	world_send(call);
	world_run(1);
	assert_int_equal(call->status, STATUS_TIMEOUT);
	assert_int_equal(world_counter(COUNTER_EXPIRED), 1);
	world_free(call);
}

static void say_much(struct world *w, struct stream *stream)
{
	(void)w;
	answer(stream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	               "8\r\n12345678\r\n9\r\n123456789\r\n0\r\n\r\n");
}

static void too_large(void **state)
{
	(void)state;
	world_set("answer", "16");
	world_open(say_much);
	world_free(one_call(METHOD_GET, NULL, STATUS_BAD_BACKEND));
}

static void say_just_enough(struct world *w, struct stream *stream)
{
	(void)w;
	answer(stream, "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n0123456789abcdef");
}

static void just_not_too_large(void **state)
{
	(void)state;
	world_set("answer", "16");
	world_open(say_just_enough);
	struct world_call *call = one_call(METHOD_GET, NULL, STATUS_OK);
	assert_int_equal(call->exchange.out.body.n, 16);
	world_free(call);
}

static void say_ok_once(struct world *w, struct stream *stream)
{
	if (w->requests % 2)
		say_ok(w, stream);
	else
		stream_abort(stream);
}

/* The second request on each connection meets its end. */
static void stale_is_repeated_when_it_may(void **state)
{
	(void)state;
	world_open(say_ok_once);
	world_free(one_call(METHOD_GET, NULL, STATUS_OK));
	world_free(one_call(METHOD_GET, NULL, STATUS_OK));
	assert_int_equal(world.accepted, 2);
	assert_int_equal(world.requests, 3);
}

static void stale_is_not_repeated_when_it_may_not(void **state)
{
	(void)state;
	world_open(say_ok_once);
	world_free(one_call(METHOD_POST, "x", STATUS_OK));
	struct world_call *call = one_call(METHOD_POST, "x", STATUS_BAD_BACKEND);
	assert_true(call->exchange.sent);
	world_free(call);
	assert_int_equal(world.requests, 2);
}

static void say_ok_and_close(struct world *w, struct stream *stream)
{
	say_ok(w, stream);
	stream_close(stream);
}

/* An idle connection that the server closed is noticed, also before a POST. */
static void closed_while_idle(void **state)
{
	(void)state;
	world_open(say_ok_and_close);
	for (unsigned i = 1; i <= 3; i++) {
		world_free(one_call(METHOD_POST, "x", STATUS_OK));
		/* Another backend's worth of turns: until the server's end has arrived. */
		struct world_call *other = world_call(METHOD_GET, "/x", NULL);
		world_send(other);
		world_run(1);
		assert_int_equal(other->status, STATUS_OK);
		world_free(other);
	}
	assert_int_equal(world.accepted, world.requests);
}

static void refused(void **state)
{
	(void)state;
	stream_listener_close(world.listener);
	world.listener = NULL;
	world_open(say_ok);
	struct world_call *call = one_call(METHOD_POST, "x", STATUS_BAD_BACKEND);
	assert_false(call->exchange.sent);
	assert_slice(call->exchange.why, "the backend refused the connection");
	world_free(call);
}

static void by_name(void **state)
{
	(void)state;
	(void)snprintf(world.url, sizeof world.url, "http://localhost:%u",
	        stream_listener_port(world.listener));
	world_open(say_ok);
	world_free(one_call(METHOD_POST, "x", STATUS_OK));
	assert_non_null(strstr(world.seen, "POST /readings HTTP/1.1\r\nHost: localhost:"));
}

static void queue_is_bounded(void **state)
{
	(void)state;
	world_set("connections", "2");
	world_set("waiting", "3");
	world_open(say_ok);
	struct world_call *calls[6];
	for (unsigned i = 0; i < 6; i++) {
		calls[i] = world_call(METHOD_POST, "/x", "x");
		world_send(calls[i]);
	}
	assert_true(calls[5]->done);
	assert_int_equal(calls[5]->status, STATUS_UNAVAILABLE);
	world_run(5);
	for (unsigned i = 0; i < 6; i++) {
		if (i < 5)
			assert_int_equal(calls[i]->status, STATUS_OK);
		world_free(calls[i]);
	}
	assert_int_equal(world.accepted, 2);
}

static void aborted(void **state)
{
	(void)state;
	world_set("connections", "1");
	world_open(say_nothing);
	struct world_call *busy = world_call(METHOD_GET, "/x", NULL);
	struct world_call *waiting = world_call(METHOD_GET, "/x", NULL);
	world_send(busy);
	world_send(waiting);
	backend_rest.abort(world.backend, &waiting->exchange);
	assert_int_equal(waiting->status, STATUS_CANCELLED);
	backend_rest.abort(world.backend, &busy->exchange);
	assert_int_equal(busy->status, STATUS_CANCELLED);
	/* Once is enough. */
	backend_rest.abort(world.backend, &busy->exchange);
	world_free(busy);
	world_free(waiting);
}

static void say_later(struct world *w, struct stream *stream)
{
	(void)w;
	answer(stream, "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\n"
	               "Content-Type: application/problem+json\r\nContent-Length: 2\r\n\r\n{}");
}

static void retry_after(void **state)
{
	(void)state;
	world_open(say_later);
	struct world_call *call = one_call(METHOD_POST, "x", STATUS_UNAVAILABLE);
	assert_int_equal(call->exchange.retry_after_ms, 7000);
	assert_slice(call->exchange.out.body, "{}");
	world_free(call);
}

static void large_both_ways(void **state)
{
	(void)state;
	enum { BIG = 200000 };
	char *body = malloc(BIG + 1);
	assert_non_null(body);
	memset(body, 'x', BIG);
	body[BIG] = '\0';
	world_open(say_ok);
	world_free(one_call(METHOD_PUT, body, STATUS_OK));
	assert_true(world.seen_n > BIG);
	free(body);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(plain),
		CASE(chunked),
		CASE(byte_by_byte),
		CASE(close_delimited),
		CASE(without_body),
		CASE(garbage),
		CASE(truncated),
		CASE(reset),
		CASE(silent),
		CASE(too_large),
		CASE(just_not_too_large),
		CASE(stale_is_repeated_when_it_may),
		CASE(stale_is_not_repeated_when_it_may_not),
		CASE(closed_while_idle),
		CASE(refused),
		CASE(by_name),
		CASE(queue_is_bounded),
		CASE(aborted),
		CASE(retry_after),
		CASE(large_both_ways),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
