/* What lies between HTTP's heads and requests: adapters/http/request.c and response.c. */
#include "support.h"

#include "adapters/http/request.h"
#include "adapters/http/response.h"

#include <stdio.h>

static void begin(struct request *request)
{
	*request = (struct request){ .id = 0xfeed, .peer = SLICE("[::1]:4711") };
	arena_init(&request->arena, 1 << 20);
}

/* Reads a head into the request. */
static bool fill(struct request *request, const char *text, slice certificate, unsigned *code)
{
	static struct http_head head;
	begin(request);
	http_head_init(&head);
	slice bytes = arena_copy_slice(&request->arena, slice_of(text));
	size_t n = 0;
	assert_int_equal(http_head_parse(&head, bytes, &n), HTTP_DONE);
	*code = 0;
	return http_request_fill(request, &head, (char *)(uintptr_t)bytes.p, certificate, code);
}

static const struct credential *credential(const struct request *request, enum credential_kind kind)
{
	const struct credential *at = request->credentials;
	while (at && at->kind != kind)
		at = at->next;
	return at;
}

static void heads_become_requests(void **state)
{
	(void)state;
	struct request request;
	unsigned code;
	assert_true(fill(&request,
	        "PUT /a/%7eb?x=%31&y HTTP/1.1\r\nHost: box:80\r\nContent-Type: Application/JSON ; "
	        "charset=utf-8\r\n"
	        "ACCEPT: text/plain\r\nAccept: */*;q=0.1\r\nX-Thing: 1\r\nX-Thing: 2\r\n\r\n",
	        (slice){ NULL, 0 }, &code));
	assert_int_equal(request.in.method, METHOD_PUT);
	assert_slice(request.in.path, "/a/~b");
	assert_slice(request.in.query, "x=%31&y");
	assert_slice(request.in.media, "application/json ; charset=utf-8");
	assert_slice(request.accept, "text/plain, */*;q=0.1");
	assert_slice(message_field(&request.in, "host"), "box:80");
	assert_slice(
	        message_field(&request.in, "content-type"), "Application/JSON ; charset=utf-8");
	assert_slice(message_field(&request.in, "x-thing"), "1");
	assert_int_equal(request.in.nfields, 6);
	assert_slice(credential(&request, CREDENTIAL_ADDRESS)->name, "::1");
	arena_finish(&request.arena);
}

static void what_concerns_the_connection_stays_here(void **state)
{
	(void)state;
	struct request request;
	unsigned code;
	assert_true(fill(&request,
	        "POST http://box/a HTTP/1.1\r\nHost: box\r\nConnection: close, X-Mine\r\nX-Mine: "
	        "1\r\nTE: trailers\r\n"
	        "Keep-Alive: 5\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\nContent-Length: "
	        "2\r\nX-Other: 2\r\n\r\n",
	        (slice){ NULL, 0 }, &code));
	assert_slice(request.in.path, "/a");
	assert_int_equal(request.in.nfields, 2);
	assert_slice(request.in.fields[1].name, "x-other");
	arena_finish(&request.arena);
	assert_true(fill(&request, "GET https://box HTTP/1.1\r\nHost: box\r\n\r\n",
	        (slice){ NULL, 0 }, &code));
	assert_slice(request.in.path, "/");
	arena_finish(&request.arena);
}

static void secrets_become_credentials_and_nothing_else(void **state)
{
	(void)state;
	struct request request;
	unsigned code;
	assert_true(fill(&request,
	        "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: bearer  t0ken\r\nX-API-Key: "
	        "k3y\r\n\r\n",
	        SLICE("der"), &code));
	assert_slice(credential(&request, CREDENTIAL_BEARER)->secret, "t0ken");
	assert_slice(credential(&request, CREDENTIAL_API_KEY)->secret, "k3y");
	assert_slice(credential(&request, CREDENTIAL_CERTIFICATE)->secret, "der");
	assert_int_equal(request.in.nfields, 1);
	arena_finish(&request.arena);
	assert_true(fill(&request,
	        "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic dXNlcjpwYTpzcw==\r\n\r\n",
	        (slice){ NULL, 0 }, &code));
	assert_slice(credential(&request, CREDENTIAL_BASIC)->name, "user");
	assert_slice(credential(&request, CREDENTIAL_BASIC)->secret, "pa:ss");
	assert_null(credential(&request, CREDENTIAL_CERTIFICATE));
	arena_finish(&request.arena);
}

static void heads_are_refused_with_a_reason(void **state)
{
	(void)state;
#define FIELDS(fields) "GET / HTTP/1.1\r\nHost: h\r\n" fields "\r\n"
	static const struct {
		const char *head;
		enum status status;
		unsigned code;
	} cases[] = {
		{ "GET / HTTP/1.1\r\n\r\n", STATUS_MALFORMED, 0 },
		{ FIELDS("Host: h\r\n"), STATUS_MALFORMED, 0 },
		{ FIELDS("Content-Type: a/b\r\nContent-Type: a/b\r\n"), STATUS_MALFORMED, 0 },
		{ FIELDS("Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"),
		        STATUS_MALFORMED, 0 },
		{ FIELDS("Authorization: Basic %%%\r\n"), STATUS_MALFORMED, 0 },
		{ FIELDS("Authorization: Basic dXNlcg==\r\n"), STATUS_MALFORMED, 0 },
		{ "GET * HTTP/1.1\r\nHost: h\r\n\r\n", STATUS_MALFORMED, 0 },
		{ "GET a HTTP/1.1\r\nHost: h\r\n\r\n", STATUS_MALFORMED, 0 },
		{ "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", STATUS_MALFORMED, 0 },
		{ "GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n", STATUS_MALFORMED, 0 },
		{ "GET http://u:p@h/ HTTP/1.1\r\nHost: h\r\n\r\n", STATUS_MALFORMED, 0 },
		{ "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", STATUS_MALFORMED, 0 },
		{ "GET /a/../b HTTP/1.1\r\nHost: h\r\n\r\n", STATUS_MALFORMED, 0 },
		{ "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", STATUS_METHOD_NOT_ALLOWED, 501 },
		{ "SUBSCRIBE / HTTP/1.1\r\nHost: h\r\n\r\n", STATUS_METHOD_NOT_ALLOWED, 501 },
		{ "get / HTTP/1.1\r\nHost: h\r\n\r\n", STATUS_METHOD_NOT_ALLOWED, 501 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct request request;
		unsigned code;
		assert_false(fill(&request, cases[i].head, (slice){ NULL, 0 }, &code));
		assert_int_equal(request.status, cases[i].status);
		assert_int_equal(code, cases[i].code);
		assert_true(request.why.n > 0);
		arena_finish(&request.arena);
	}
}

/* The whole answer as text. */
static slice respond(struct request *request, struct http_answer *answer)
{
	struct text head;
	text_init(&head, &request->arena, 64);
	answer->date = "now";
	if (!answer->minor && !answer->close)
		answer->minor = 1;
	http_response_write(request, answer, &head);
	text_slice_add(&head, answer->body);
	return text_slice(&head);
}

static void assert_response(
        struct request *request, struct http_answer answer, const char *expected)
{
	slice got = respond(request, &answer);
	assert_slice(got, expected);
	arena_finish(&request->arena);
}

#define ID "Date: now\r\nX-Request-Id: 000000000000feed\r\n"

static void answers_become_responses(void **state)
{
	(void)state;
	struct request request;
	begin(&request);
	request.status = STATUS_OK;
	request.out.media = SLICE("application/json");
	request.out.body = SLICE("{}");
	assert_response(&request, (struct http_answer){ 0 },
	        "HTTP/1.1 200 OK\r\n" ID
	        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
	begin(&request);
	request.status = STATUS_CHANGED;
	assert_response(&request, (struct http_answer){ .close = true },
	        "HTTP/1.1 204 No Content\r\n" ID "Connection: close\r\n\r\n");
	begin(&request);
	request.status = STATUS_OK;
	request.in.method = METHOD_HEAD;
	request.out.media = SLICE("a/b");
	request.out.body = SLICE("12345");
	assert_response(&request, (struct http_answer){ 0 },
	        "HTTP/1.1 200 OK\r\n" ID "Content-Type: a/b\r\nContent-Length: 5\r\n\r\n");
	begin(&request);
	request.status = STATUS_NOT_MODIFIED;
	assert_response(
	        &request, (struct http_answer){ 0 }, "HTTP/1.1 304 Not Modified\r\n" ID "\r\n");
	begin(&request);
	request.status = STATUS_NOT_FOUND;
	request.out.media = SLICE("text/plain");
	request.out.body = SLICE("the backend's own");
	assert_response(&request, (struct http_answer){ 0 },
	        "HTTP/1.1 404 Not Found\r\n" ID
	        "Content-Type: text/plain\r\nContent-Length: 17\r\n\r\nthe backend's own");
}

static void a_backend_cannot_write_the_header(void **state)
{
	(void)state;
	struct request request;
	begin(&request);
	static const struct field fields[] = {
		{ SLICE_INIT("etag"), SLICE_INIT("\"7\"") },
		{ SLICE_INIT("location"), SLICE_INIT("/a\r\nSet-Cookie: b") },
		{ SLICE_INIT("set-cookie"), SLICE_INIT("c") },
		{ SLICE_INIT("content-length"), SLICE_INIT("99") },
	};
	request.status = STATUS_CREATED;
	request.out.fields = fields;
	request.out.nfields = 4;
	request.out.media = SLICE("a/b\r\nX: y");
	request.out.body = SLICE("1");
	assert_response(&request, (struct http_answer){ 0 },
	        "HTTP/1.1 201 Created\r\n" ID "Content-Length: 1\r\netag: \"7\"\r\n\r\n1");
}

static void refusals_say_why(void **state)
{
	(void)state;
	struct request request;
	begin(&request);
	request_refuse(&request, STATUS_TOO_MANY, "a \"quoted\"\n\xff reason");
	request.retry_after_ms = 1001;
	assert_response(&request, (struct http_answer){ .close = true },
	        "HTTP/1.1 429 Too Many Requests\r\n" ID
	        "Content-Type: application/problem+json\r\nContent-Length: 133\r\nRetry-After: "
	        "2\r\n"
	        "Connection: close\r\n\r\n"
	        "{\"type\":\"about:blank\",\"title\":\"Too Many Requests\",\"status\":429,"
	        "\"detail\":\"a \\\"quoted\\\"\\u000a? "
	        "reason\",\"requestId\":\"000000000000feed\"}\n");
	begin(&request);
	request.status = STATUS_METHOD_NOT_ALLOWED;
	request.methods_allowed = 1u << METHOD_GET | 1u << METHOD_SUBSCRIBE;
	request.in.method = METHOD_OPTIONS;
	assert_response(&request, (struct http_answer){ 0 },
	        "HTTP/1.1 204 No Content\r\n" ID "Allow: GET, OPTIONS\r\n\r\n");
}

static void the_length_of_an_unseen_body_is_not_said(void **state)
{
	(void)state;
	struct request request;
	begin(&request);
	request.status = STATUS_OK;
	request.in.method = METHOD_HEAD;
	assert_response(&request, (struct http_answer){ 0 }, "HTTP/1.1 200 OK\r\n" ID "\r\n");
}

static unsigned code_for(enum status status, enum method method, const char *field)
{
	struct request request;
	begin(&request);
	struct field fields[] = { { slice_of(field), SLICE("x") } };
	request.status = status;
	request.in.method = method;
	request.in.fields = fields;
	request.in.nfields = field ? 1 : 0;
	struct http_answer answer = { 0 };
	slice text = respond(&request, &answer);
	unsigned code = 0;
	assert_int_equal(sscanf(text.p, "HTTP/1.1 %u", &code), 1);
	arena_finish(&request.arena);
	return code;
}

static void each_status_has_its_code(void **state)
{
	(void)state;
	static const unsigned codes[STATUS_COUNT] = {
		[STATUS_NONE] = 500,
		[STATUS_OK] = 204,
		[STATUS_CREATED] = 201,
		[STATUS_CHANGED] = 204,
		[STATUS_DELETED] = 204,
		[STATUS_ACCEPTED] = 202,
		[STATUS_NOT_MODIFIED] = 304,
		[STATUS_MALFORMED] = 400,
		[STATUS_UNAUTHENTICATED] = 401,
		[STATUS_FORBIDDEN] = 403,
		[STATUS_NOT_FOUND] = 404,
		[STATUS_METHOD_NOT_ALLOWED] = 405,
		[STATUS_NOT_ACCEPTABLE] = 406,
		[STATUS_CONFLICT] = 409,
		[STATUS_TOO_LARGE] = 413,
		[STATUS_UNSUPPORTED_MEDIA] = 415,
		[STATUS_INVALID] = 422,
		[STATUS_TOO_MANY] = 429,
		[STATUS_INTERNAL] = 500,
		[STATUS_BAD_BACKEND] = 502,
		[STATUS_UNAVAILABLE] = 503,
		[STATUS_TIMEOUT] = 504,
		[STATUS_STORE_FULL] = 507,
		[STATUS_CANCELLED] = 503,
	};
	for (unsigned i = 0; i < STATUS_COUNT; i++)
		assert_int_equal(code_for((enum status)i, METHOD_POST, NULL), codes[i]);
	assert_int_equal(code_for(STATUS_OK, METHOD_HEAD, NULL), 200);
	assert_int_equal(code_for(STATUS_CONFLICT, METHOD_PUT, "if-match"), 412);
}

static void the_ready_made_answer_has_the_right_length(void **state)
{
	(void)state;
	slice answer = http_response_unavailable();
	const char *body = strstr(answer.p, "\r\n\r\n") + 4;
	char field[40];
	(void)snprintf(field, sizeof field, "Content-Length: %zu\r\n", strlen(body));
	assert_non_null(strstr(answer.p, field));
	char date[HTTP_DATE_BYTES];
	http_date(UINT64_C(784111777) * 1000000000, date);
	assert_string_equal(date, "Sun, 06 Nov 1994 08:49:37 GMT");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_become_requests),
		cmocka_unit_test(what_concerns_the_connection_stays_here),
		cmocka_unit_test(secrets_become_credentials_and_nothing_else),
		cmocka_unit_test(heads_are_refused_with_a_reason),
		cmocka_unit_test(answers_become_responses),
		cmocka_unit_test(a_backend_cannot_write_the_header),
		cmocka_unit_test(refusals_say_why),
		cmocka_unit_test(the_length_of_an_unseen_body_is_not_said),
		cmocka_unit_test(each_status_has_its_code),
		cmocka_unit_test(the_ready_made_answer_has_the_right_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
