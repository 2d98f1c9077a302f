/* What stands in a request's head, and what an answer's code means. */
#include "support.h"

#include "api/identity.h"
#include "backend/http_exchange.h"

struct fixture {
	struct request request;
	struct exchange exchange;
	struct identity who;
	struct field fields[9];
	struct http_origin origin;
	struct http_head head;
	struct counters counters;
};

static void begin(struct fixture *fixture)
{
	*fixture = (struct fixture){ .who = { .id = SLICE_INIT("engine-7") } };
	arena_init(&fixture->request.arena, 1 << 20);
	fixture->request.id = 0xabc;
	fixture->request.who = &fixture->who;
	fixture->request.call.fields = fixture->fields;
	fixture->exchange.request = &fixture->request;
	fixture->exchange.arena = &fixture->request.arena;
	struct error error = { 0 };
	assert_true(
	        http_origin_parse(SLICE("http://10.0.0.5:9000/api/"), &fixture->origin, &error));
	fixture->head = (struct http_head){ .method = METHOD_POST,
		.path = SLICE_INIT("/v1/readings/a%20b"),
		.query = SLICE_INIT("x=1"),
		.media = SLICE_INIT("application/json"),
		.body_bytes = 2 };
}

static void add_field(struct fixture *fixture, slice name, slice value)
{
	assert_true(fixture->request.call.nfields < 9);
	fixture->fields[fixture->request.call.nfields++] = (struct field){ name, value };
}

/* The head, NUL-terminated. */
static const char *head_of(struct fixture *fixture)
{
	slice head = http_head_write(
	        &fixture->exchange, &fixture->origin, &fixture->head, &fixture->counters);
	assert_non_null(head.p);
	assert_true(head.n > 4 && memcmp(head.p + head.n - 4, "\r\n\r\n", 4) == 0);
	return head.p;
}

static void end(struct fixture *fixture)
{
	arena_finish(&fixture->request.arena);
}

static void own_fields(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture);
	fixture.head.accept = SLICE("text/plain");
	const char *head = head_of(&fixture);
	assert_ptr_equal(
	        strstr(head, "POST /api/v1/readings/a%20b?x=1 HTTP/1.1\r\nHost: 10.0.0.5:9000\r\n"),
	        head);
	assert_non_null(strstr(head, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(head, "\r\nContent-Length: 2\r\n"));
	assert_non_null(strstr(head, "\r\nAccept: text/plain\r\n"));
	assert_non_null(strstr(head, "\r\nX-Request-Id: 0000000000000abc\r\n"));
	assert_non_null(strstr(head, "\r\nIdempotency-Key: 0000000000000abc\r\n"));
	assert_non_null(strstr(head, "\r\nX-Fairlead-Client: engine-7\r\n"));
	assert_non_null(strstr(head, "\r\ntraceparent: 00-"));
	end(&fixture);
}

static void no_body_no_length(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture);
	fixture.who.id = SLICE("");
	fixture.head.method = METHOD_GET;
	fixture.head.body_bytes = 0;
	const char *head = head_of(&fixture);
	assert_null(strstr(head, "Content-"));
	assert_null(strstr(head, "X-Fairlead-Client"));
	fixture.head.method = METHOD_POST;
	assert_non_null(strstr(head_of(&fixture), "Content-Length: 0\r\n"));
	end(&fixture);
}

static void fields_of_one_hop(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture);
	add_field(&fixture, SLICE("connection"), SLICE("close, x-hop"));
	add_field(&fixture, SLICE("x-hop"), SLICE("hop"));
	add_field(&fixture, SLICE("X-Hop"), SLICE("hop"));
	add_field(&fixture, SLICE("transfer-encoding"), SLICE("chunked"));
	add_field(&fixture, SLICE("Authorization"), SLICE("Bearer secret"));
	add_field(&fixture, SLICE("X-FAIRLEAD-Client"), SLICE("admin"));
	add_field(&fixture, SLICE("X_Fairlead_Client"), SLICE("admin"));
	add_field(&fixture, SLICE("cookie"), SLICE("a=b"));
	add_field(&fixture, SLICE("if-none-match"), SLICE("\"7\""));
	const char *head = head_of(&fixture);
	assert_null(strstr(head, "hop"));
	assert_null(strstr(head, "close"));
	assert_null(strstr(head, "chunked"));
	assert_null(strstr(head, "secret"));
	assert_null(strstr(head, "admin"));
	assert_non_null(strstr(head, "\r\ncookie: a=b\r\n"));
	assert_non_null(strstr(head, "\r\nif-none-match: \"7\"\r\n"));
	assert_int_equal(fixture.counters.at[COUNTER_MALFORMED], 0);
	end(&fixture);
}

static void nothing_is_injected(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture);
	fixture.head.media = SLICE("a/b\r\nEvil: 1");
	fixture.head.path = SLICE("/a b\r\nEvil: 2");
	fixture.head.query = SLICE("q= HTTP/1.1\r\nEvil: 3");
	fixture.who.id = SLICE("x\r\nEvil: 4");
	add_field(&fixture, SLICE("a"), SLICE("b\r\nEvil: 5"));
	add_field(&fixture, SLICE("a\r\nEvil"), SLICE("6"));
	add_field(&fixture, SLICE("a"), SLICE("b\0c"));
	add_field(&fixture, SLICE(""), SLICE("b"));
	add_field(&fixture, SLICE("a b"), SLICE("c"));
	add_field(&fixture, SLICE("idempotency-key"), SLICE("x\nEvil: 7"));
	add_field(&fixture, SLICE("traceparent"), SLICE("00-x\nEvil: 8"));
	const char *head = head_of(&fixture);
	assert_null(strstr(head, "\nEvil"));
	assert_null(strstr(head, "\r\na:"));
	assert_ptr_equal(strstr(head, "POST /api/a%20b%0D%0AEvil:%202?q=%20HTTP/1.1%0D%0A"), head);
	assert_int_equal(fixture.counters.at[COUNTER_MALFORMED], 9);
	end(&fixture);
}

/* A multipart body without its boundary could not be read. */
static void the_media_types_parameters(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture);
	add_field(&fixture, SLICE("content-type"), SLICE("Multipart/Form-Data; boundary=x"));
	assert_non_null(strstr(head_of(&fixture), "\r\nContent-Type: application/json\r\n"));
	fixture.head.media = SLICE("multipart/form-data");
	assert_non_null(
	        strstr(head_of(&fixture), "\r\nContent-Type: Multipart/Form-Data; boundary=x\r\n"));
	end(&fixture);
}

static void the_callers_trace_and_key(void **state)
{
	(void)state;
	static const slice trace =
	        SLICE_INIT("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
	struct fixture fixture;
	begin(&fixture);
	add_field(&fixture, SLICE("traceparent"), trace);
	add_field(&fixture, SLICE("idempotency-key"), SLICE("mine"));
	const char *head = head_of(&fixture);
	assert_non_null(strstr(head, "\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-"
	                             "b7ad6b7169203331-01\r\n"));
	assert_non_null(strstr(head, "\r\nIdempotency-Key: mine\r\n"));
	fixture.fields[0].value = SLICE("00-00000000000000000000000000000000-b7ad6b7169203331-01");
	assert_null(strstr(head_of(&fixture), "00-00000000000000000000000000000000"));
	end(&fixture);
}

static void over_budget(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture);
	fixture.request.arena.budget_bytes = 64;
	assert_null(http_head_write(
	        &fixture.exchange, &fixture.origin, &fixture.head, &fixture.counters)
	                    .p);
	end(&fixture);
}

static void origins(void **state)
{
	(void)state;
	struct http_origin origin;
	struct error error = { 0 };
	assert_true(http_origin_parse(SLICE("http://[::1]:81"), &origin, &error));
	assert_slice(origin.host, "::1");
	assert_slice(origin.authority, "[::1]:81");
	assert_int_equal(origin.port, 81);
	assert_true(http_origin_parse(SLICE("HTTP://host"), &origin, &error));
	assert_int_equal(origin.port, 80);
	assert_int_equal(origin.prefix.n, 0);
	assert_false(origin.secure);
	assert_true(http_origin_parse(SLICE("https://host/a"), &origin, &error));
	assert_true(origin.secure);
	assert_int_equal(origin.port, 443);
	assert_slice(origin.prefix, "/a");
	assert_false(http_origin_parse(SLICE("coap://host"), &origin, &error));
	assert_false(http_origin_parse(SLICE("http://user@host"), &origin, &error));
	assert_false(http_origin_parse(SLICE("http://host/a?b"), &origin, &error));
	assert_false(http_origin_parse(SLICE("host:80"), &origin, &error));
	assert_false(http_origin_parse(SLICE("http://ho st"), &origin, &error));
}

static void statuses(void **state)
{
	(void)state;
	static const struct {
		unsigned code;
		enum method method;
		enum status status;
	} rows[] = {
		{ 200, METHOD_GET, STATUS_OK },
		{ 200, METHOD_POST, STATUS_OK },
		{ 201, METHOD_POST, STATUS_CREATED },
		{ 202, METHOD_POST, STATUS_OK },
		{ 203, METHOD_GET, STATUS_OK },
		{ 204, METHOD_GET, STATUS_OK },
		{ 204, METHOD_POST, STATUS_CHANGED },
		{ 204, METHOD_PUT, STATUS_CHANGED },
		{ 204, METHOD_PATCH, STATUS_CHANGED },
		{ 204, METHOD_DELETE, STATUS_DELETED },
		{ 206, METHOD_GET, STATUS_OK },
		{ 301, METHOD_GET, STATUS_BAD_BACKEND },
		{ 304, METHOD_GET, STATUS_NOT_MODIFIED },
		{ 400, METHOD_POST, STATUS_INVALID },
		{ 401, METHOD_POST, STATUS_BAD_BACKEND },
		{ 403, METHOD_POST, STATUS_FORBIDDEN },
		{ 404, METHOD_GET, STATUS_NOT_FOUND },
		{ 405, METHOD_GET, STATUS_METHOD_NOT_ALLOWED },
		{ 406, METHOD_GET, STATUS_NOT_ACCEPTABLE },
		{ 407, METHOD_GET, STATUS_BAD_BACKEND },
		{ 409, METHOD_PUT, STATUS_CONFLICT },
		{ 410, METHOD_GET, STATUS_NOT_FOUND },
		{ 412, METHOD_PUT, STATUS_CONFLICT },
		{ 413, METHOD_PUT, STATUS_TOO_LARGE },
		{ 415, METHOD_PUT, STATUS_UNSUPPORTED_MEDIA },
		{ 418, METHOD_GET, STATUS_BAD_BACKEND },
		{ 422, METHOD_POST, STATUS_INVALID },
		{ 429, METHOD_POST, STATUS_TOO_MANY },
		{ 500, METHOD_POST, STATUS_UNAVAILABLE },
		{ 502, METHOD_POST, STATUS_UNAVAILABLE },
		{ 503, METHOD_POST, STATUS_UNAVAILABLE },
		{ 504, METHOD_POST, STATUS_TIMEOUT },
		{ 599, METHOD_POST, STATUS_UNAVAILABLE },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum status status = http_status(rows[i].code, rows[i].method);
		if (status != rows[i].status)
			fail_msg("%u to %s: %s", rows[i].code, method_name(rows[i].method),
			        status_name(status));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_fields),
		cmocka_unit_test(no_body_no_length),
		cmocka_unit_test(fields_of_one_hop),
		cmocka_unit_test(nothing_is_injected),
		cmocka_unit_test(the_media_types_parameters),
		cmocka_unit_test(the_callers_trace_and_key),
		cmocka_unit_test(over_budget),
		cmocka_unit_test(origins),
		cmocka_unit_test(statuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
