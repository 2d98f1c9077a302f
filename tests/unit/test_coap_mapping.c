/* How CoAP and the core's words map onto each other (RFC 7252, RFC 8075 sections 6 and 7), as tables. */
#include "support.h"

#include "adapters/coap/answer.h"
#include "adapters/coap/inbound.h"
#include "codec/coap_code.h"
#include "codec/content_format.h"

static void content_formats_both_ways(void **state)
{
	(void)state;
	static const struct {
		int number;
		const char *media;
	} cases[] = {
		{ 0, "text/plain;charset=utf-8" },
		{ 16, "application/cose;cose-type=\"cose-encrypt0\"" },
		{ 40, "application/link-format" },
		{ 41, "application/xml" },
		{ 42, "application/octet-stream" },
		{ 47, "application/exi" },
		{ 50, "application/json" },
		{ 60, "application/cbor" },
		{ 61, "application/cwt" },
		{ 63, "application/cbor-seq" },
		{ 110, "application/senml+json" },
		{ 111, "application/sensml+json" },
		{ 112, "application/senml+cbor" },
		{ 113, "application/sensml+cbor" },
		{ 140, "application/yang-data+cbor;id=sid" },
		{ 257, "application/concise-problem-details+cbor" },
		{ 281, "application/pkcs7-mime;smime-type=certs-only" },
		{ 287, "application/pkix-cert" },
		{ 290, "application/aif+cbor" },
		{ 310, "application/senml+xml" },
		{ 311, "application/sensml+xml" },
		{ 340, "application/yang-data+cbor" },
		{ 341, "application/yang-data+cbor;id=name" },
		{ 432, "application/td+json" },
		{ 433, "application/tm+json" },
		{ 11542, "application/vnd.oma.lwm2m+tlv" },
		{ 11544, "application/vnd.oma.lwm2m+cbor" },
		{ 30000, "image/svg+xml" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_slice(content_format_media((uint32_t)cases[i].number), cases[i].media);
		assert_int_equal(content_format_number(slice_of(cases[i].media)), cases[i].number);
	}
	/* Content codings, one protocol's own machinery, unassigned, reserved. */
	static const uint32_t unknown[] = { 11050, 11060, 62, 271, 10001, 1, 65000, 65535, 65586 };
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
		assert_null(content_format_media(unknown[i]).p);
}

static void media_types_as_they_are_written(void **state)
{
	(void)state;
	static const struct {
		const char *media;
		int number;
	} cases[] = {
		{ "Application/JSON; charset=utf-8", 50 },
		{ "application/json;charset=utf-8;profile=x", 50 },
		{ " application/cbor ", 60 },
		{ "text/plain", 0 },
		{ "text/plain; charset=UTF-8", 0 },
		{ "text/plain; charset=\"utf-8\"", 0 },
		{ "TEXT/PLAIN;format=flowed;Charset=us-ascii", 0 },
		{ "text/plain;charset=latin1", -1 },
		{ "application/cose; cose-type=\"cose-mac0\"", 17 },
		{ "application/cose", -1 },
		{ "application/yang-data+cbor; id=sid", 140 },
		{ "application/yang-data+cbor; id=unheard-of", 340 },
		{ "application/unheard-of", -1 },
		{ "", -1 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(content_format_number(slice_of(cases[i].media)), cases[i].number);
}

static void each_status_has_its_code(void **state)
{
	(void)state;
	static const struct {
		enum status status;
		enum method method;
		int class, detail;
	} cases[] = {
		{ STATUS_OK, METHOD_GET, 2, 5 },
		{ STATUS_OK, METHOD_POST, 2, 4 },
		{ STATUS_OK, METHOD_PUT, 2, 4 },
		{ STATUS_OK, METHOD_PATCH, 2, 4 },
		{ STATUS_OK, METHOD_DELETE, 2, 2 },
		{ STATUS_CREATED, METHOD_POST, 2, 1 },
		{ STATUS_CHANGED, METHOD_PUT, 2, 4 },
		{ STATUS_DELETED, METHOD_DELETE, 2, 2 },
		{ STATUS_ACCEPTED, METHOD_POST, 2, 4 },
		{ STATUS_NOT_MODIFIED, METHOD_GET, 2, 3 },
		{ STATUS_MALFORMED, METHOD_GET, 4, 0 },
		{ STATUS_UNAUTHENTICATED, METHOD_GET, 4, 1 },
		{ STATUS_FORBIDDEN, METHOD_GET, 4, 3 },
		{ STATUS_NOT_FOUND, METHOD_GET, 4, 4 },
		{ STATUS_METHOD_NOT_ALLOWED, METHOD_GET, 4, 5 },
		{ STATUS_NOT_ACCEPTABLE, METHOD_GET, 4, 6 },
		{ STATUS_CONFLICT, METHOD_PUT, 4, 9 },
		{ STATUS_TOO_LARGE, METHOD_POST, 4, 13 },
		{ STATUS_UNSUPPORTED_MEDIA, METHOD_POST, 4, 15 },
		{ STATUS_INVALID, METHOD_POST, 4, 22 },
		{ STATUS_TOO_MANY, METHOD_POST, 4, 29 },
		{ STATUS_INTERNAL, METHOD_POST, 5, 0 },
		{ STATUS_BAD_BACKEND, METHOD_POST, 5, 2 },
		{ STATUS_UNAVAILABLE, METHOD_POST, 5, 3 },
		{ STATUS_STORE_FULL, METHOD_POST, 5, 3 },
		{ STATUS_CANCELLED, METHOD_POST, 5, 3 },
		{ STATUS_TIMEOUT, METHOD_POST, 5, 4 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(answer_code(cases[i].status, cases[i].method),
		        WIRE_CODE(cases[i].class, cases[i].detail));
}

static void an_answer_has_the_format_that_also_holds(void **state)
{
	(void)state;
	static const struct {
		const char *media;
		int number;
	} cases[] = {
		{ "application/problem+json", 50 },
		{ "application/vnd.fleet.v1+JSON; charset=utf-8", 50 },
		{ "application/senml+json", 110 },
		{ "application/vnd.x+cbor", 60 },
		{ "application/atom+xml", 41 },
		{ "text/xml", 41 },
		{ "text/csv", 0 },
		{ "text/html; charset=utf-8", 0 },
		{ "text/html; charset=iso-8859-1", -1 },
		{ "text/plain; charset=latin1", -1 },
		{ "image/png", 23 },
		{ "image/webp", -1 },
		{ "application/zip", -1 },
		{ "+json", -1 },
		{ "", -1 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(content_format_loose(slice_of(cases[i].media)), cases[i].number);
}

/* One field of a backend's answer, and what it becomes. */
static struct answer answer_with(enum status status, enum method method, const char *in_field,
        const char *out_name, const char *out_value)
{
	const struct field in = { slice_of(in_field), SLICE("\"01\"") };
	const struct field out = { slice_of(out_name), slice_of(out_value) };
	const struct request request = {
		.status = status,
		.in = { .method = method, .fields = &in, .nfields = in_field != NULL },
		.out = { .fields = &out,
		        .nfields = out_name != NULL,
		        .media = SLICE_INIT("application/json"),
		        .body = SLICE_INIT("{}") },
	};
	struct answer answer;
	answer_from_request(&answer, &request, 4096);
	return answer;
}

static void cache_control_is_max_age(void **state)
{
	(void)state;
	enum { NONE = -1 };
	static const struct {
		enum status status;
		const char *control;
		int64_t max_age;
	} cases[] = {
		{ STATUS_OK, NULL, NONE },
		{ STATUS_OK, "max-age=30", 30 },
		{ STATUS_OK, "public, Max-Age = 30 , must-revalidate", 30 },
		{ STATUS_OK, "max-age=0", 0 },
		{ STATUS_OK, "max-age=10, max-age=20", 10 },
		{ STATUS_OK, "max-age=99999999999", UINT32_MAX },
		{ STATUS_OK, "max-age=", NONE },
		{ STATUS_OK, "max-age=-1", NONE },
		{ STATUS_OK, "max-age=soon", NONE },
		{ STATUS_OK, "s-maxage=7", NONE },
		{ STATUS_OK, "private", NONE },
		{ STATUS_OK, "no-store", 0 },
		{ STATUS_OK, "max-age=30, no-cache", 0 },
		{ STATUS_OK, ",,", NONE },
		{ STATUS_NOT_MODIFIED, "max-age=30", 30 },
		{ STATUS_NOT_FOUND, "max-age=30", NONE },
		{ STATUS_UNAVAILABLE, "max-age=30", 1 },
		{ STATUS_TOO_MANY, NULL, 1 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct answer answer = answer_with(cases[i].status, METHOD_GET, NULL,
		        cases[i].control ? "cache-control" : NULL, cases[i].control);
		assert_int_equal(
		        answer.has_max_age ? (int64_t)answer.max_age_s : NONE, cases[i].max_age);
	}
	/* What changed something is not to be kept. */
	assert_false(answer_with(STATUS_OK, METHOD_POST, NULL, "cache-control", "max-age=9")
	                     .has_max_age);
	const struct field fields[] = { { SLICE_INIT("cache-control"), SLICE_INIT("max-age=30") },
		{ SLICE_INIT("age"), SLICE_INIT("12") } };
	struct request request = { .status = STATUS_OK, .out = { .fields = fields, .nfields = 2 } };
	struct answer answer;
	answer_from_request(&answer, &request, 0);
	assert_int_equal(answer.max_age_s, 18);
	request.retry_after_ms = 1001;
	request.status = STATUS_TOO_MANY;
	answer_from_request(&answer, &request, 0);
	assert_int_equal(answer.max_age_s, 2);
}

static void fields_become_options(void **state)
{
	(void)state;
	struct answer answer;
	/* Entity tags of at most eight bytes, in hexadecimal. */
	static const struct {
		const char *etag, *bytes;
	} tags[] = {
		{ "\"0a1b\"", "\x0a\x1b" },
		{ "\"0102030405060708\"", "\x01\x02\x03\x04\x05\x06\x07\x08" },
		{ "\"010203040506070809\"", "" },
		{ "\"0A1B\"", "" },
		{ "\"xyz!\"", "" },
		{ "\"abc\"", "" },
		{ "W/\"0a1b\"", "" },
		{ "0a1b", "" },
		{ "\"\"", "" },
	};
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
		answer = answer_with(STATUS_OK, METHOD_GET, NULL, "etag", tags[i].etag);
		const slice tag = { answer.tag, answer.tag_bytes };
		assert_slice(tag, tags[i].bytes);
	}
	/* A condition that does not hold; a conflict without one. */
	assert_int_equal(answer_with(STATUS_CONFLICT, METHOD_PUT, "if-match", NULL, NULL).code,
	        WIRE_CODE(4, 12));
	assert_int_equal(answer_with(STATUS_CONFLICT, METHOD_PUT, "if-none-match", NULL, NULL).code,
	        WIRE_CODE(4, 12));
	assert_int_equal(
	        answer_with(STATUS_CONFLICT, METHOD_PUT, "etag", NULL, NULL).code, WIRE_CODE(4, 9));
	/* 2.03 has no payload; 4.13 says what would be taken. */
	answer = answer_with(STATUS_NOT_MODIFIED, METHOD_GET, NULL, NULL, NULL);
	assert_int_equal(answer.body.n, 0);
	assert_int_equal(answer.format, -1);
	answer = answer_with(STATUS_TOO_LARGE, METHOD_POST, NULL, NULL, NULL);
	assert_true(answer.has_size1);
	assert_int_equal(answer.size1, 4096);
	/* Where something new is, on this gateway. */
	assert_slice(answer_with(STATUS_CREATED, METHOD_POST, NULL, "location", "/a/b?c").location,
	        "/a/b?c");
	assert_null(answer_with(STATUS_CREATED, METHOD_POST, NULL, "location", "http://b/a")
	                    .location.p);
	assert_null(answer_with(STATUS_OK, METHOD_POST, NULL, "location", "/a").location.p);
	assert_int_equal(answer_with(STATUS_OK, METHOD_GET, NULL, NULL, NULL).format, 50);
}

static void conditions_become_fields(void **state)
{
	(void)state;
	enum { IF_MATCH = 1, ETAG = 4, IF_NONE_MATCH = 5 };
	static const struct {
		unsigned numbers[3];
		const char *values[3];
		const char *if_match, *if_none_match; /* NULL: none */
	} cases[] = {
		{ { 0 }, { NULL }, NULL, NULL },
		{ { IF_MATCH }, { "\x0a\x1b" }, "\"0a1b\"", NULL },
		{ { IF_MATCH, IF_MATCH }, { "\x01", "\x02" }, "\"01\", \"02\"", NULL },
		{ { IF_MATCH }, { "" }, "*", NULL },
		{ { IF_MATCH, IF_MATCH }, { "\x01", "" }, "*", NULL },
		{ { IF_MATCH, IF_MATCH, IF_MATCH }, { "", "\x01", "\x02" }, "*", NULL },
		{ { ETAG }, { "\x01" }, NULL, "\"01\"" },
		{ { ETAG, ETAG }, { "\x01", "\x02" }, NULL, "\"01\", \"02\"" },
		{ { IF_NONE_MATCH }, { "" }, NULL, "*" },
		{ { ETAG, IF_NONE_MATCH }, { "\x01", "" }, NULL, "*" },
		{ { IF_MATCH, ETAG }, { "\x01", "\x02" }, "\"01\"", "\"02\"" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct wire_message message = { .code = 3 };
		for (unsigned n = 0; n < 3 && cases[i].values[n]; n++)
			message.options[message.noptions++] =
			        (struct wire_option){ .number = cases[i].numbers[n],
				        .value = slice_of(cases[i].values[n]) };
		struct request request = { .status = STATUS_NONE };
		const struct inbound_rules rules = { .token_in_query = false };
		arena_init(&request.arena, 1 << 16);
		assert_int_equal(inbound_read(&request, &message, (slice){ NULL, 0 }, &rules), 0);
		slice match = message_field(&request.in, "if-match");
		slice none_match = message_field(&request.in, "if-none-match");
		assert_slice(match, cases[i].if_match ? cases[i].if_match : "");
		assert_slice(none_match, cases[i].if_none_match ? cases[i].if_none_match : "");
		arena_finish(&request.arena);
	}
}

static void each_method_has_its_code(void **state)
{
	(void)state;
	static const unsigned char codes[METHOD_COUNT] = {
		[METHOD_GET] = COAP_CODE(0, 1),
		[METHOD_HEAD] = COAP_CODE(0, 1),
		[METHOD_POST] = COAP_CODE(0, 2),
		[METHOD_PUT] = COAP_CODE(0, 3),
		[METHOD_DELETE] = COAP_CODE(0, 4),
		[METHOD_PATCH] = COAP_CODE(0, 6),
	};
	for (unsigned method = 0; method < METHOD_COUNT; method++)
		assert_int_equal(coap_code_method((enum method)method), codes[method]);
}

static void each_code_of_a_device_has_its_status(void **state)
{
	(void)state;
	static const struct {
		unsigned code;
		enum method method;
		enum status status;
	} cases[] = {
		{ COAP_CODE(2, 0), METHOD_GET, STATUS_OK },
		{ COAP_CODE(2, 1), METHOD_POST, STATUS_CREATED },
		{ COAP_CODE(2, 1), METHOD_PUT, STATUS_CREATED },
		{ COAP_CODE(2, 2), METHOD_DELETE, STATUS_DELETED },
		{ COAP_CODE(2, 2), METHOD_POST, STATUS_DELETED },
		{ COAP_CODE(2, 3), METHOD_GET, STATUS_NOT_MODIFIED },
		{ COAP_CODE(2, 4), METHOD_PUT, STATUS_CHANGED },
		{ COAP_CODE(2, 4), METHOD_POST, STATUS_CHANGED },
		{ COAP_CODE(2, 4), METHOD_PATCH, STATUS_CHANGED },
		{ COAP_CODE(2, 4), METHOD_DELETE, STATUS_DELETED },
		{ COAP_CODE(2, 5), METHOD_GET, STATUS_OK },
		{ COAP_CODE(2, 5), METHOD_POST, STATUS_OK },
		{ COAP_CODE(2, 30), METHOD_GET, STATUS_OK },
		{ COAP_CODE(2, 31), METHOD_PUT, STATUS_BAD_BACKEND },
		{ COAP_CODE(4, 0), METHOD_GET, STATUS_INVALID },
		{ COAP_CODE(4, 1), METHOD_GET, STATUS_BAD_BACKEND },
		{ COAP_CODE(4, 2), METHOD_GET, STATUS_BAD_BACKEND },
		{ COAP_CODE(4, 3), METHOD_GET, STATUS_FORBIDDEN },
		{ COAP_CODE(4, 4), METHOD_GET, STATUS_NOT_FOUND },
		{ COAP_CODE(4, 5), METHOD_GET, STATUS_METHOD_NOT_ALLOWED },
		{ COAP_CODE(4, 6), METHOD_GET, STATUS_NOT_ACCEPTABLE },
		{ COAP_CODE(4, 8), METHOD_PUT, STATUS_BAD_BACKEND },
		{ COAP_CODE(4, 9), METHOD_PUT, STATUS_CONFLICT },
		{ COAP_CODE(4, 12), METHOD_PUT, STATUS_CONFLICT },
		{ COAP_CODE(4, 13), METHOD_PUT, STATUS_TOO_LARGE },
		{ COAP_CODE(4, 15), METHOD_PUT, STATUS_UNSUPPORTED_MEDIA },
		{ COAP_CODE(4, 22), METHOD_PUT, STATUS_INVALID },
		{ COAP_CODE(4, 29), METHOD_PUT, STATUS_TOO_MANY },
		{ COAP_CODE(4, 31), METHOD_PUT, STATUS_INVALID },
		{ COAP_CODE(5, 0), METHOD_GET, STATUS_UNAVAILABLE },
		{ COAP_CODE(5, 1), METHOD_GET, STATUS_UNAVAILABLE },
		{ COAP_CODE(5, 2), METHOD_GET, STATUS_BAD_BACKEND },
		{ COAP_CODE(5, 3), METHOD_GET, STATUS_UNAVAILABLE },
		{ COAP_CODE(5, 4), METHOD_GET, STATUS_TIMEOUT },
		{ COAP_CODE(5, 5), METHOD_GET, STATUS_BAD_BACKEND },
		{ COAP_CODE(5, 8), METHOD_GET, STATUS_UNAVAILABLE },
		/* No response at all. */
		{ 0, METHOD_GET, STATUS_BAD_BACKEND },
		{ COAP_CODE(0, 1), METHOD_GET, STATUS_BAD_BACKEND },
		{ COAP_CODE(1, 0), METHOD_GET, STATUS_BAD_BACKEND },
		{ COAP_CODE(3, 1), METHOD_GET, STATUS_BAD_BACKEND },
		{ COAP_CODE(7, 1), METHOD_GET, STATUS_BAD_BACKEND },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(coap_code_status(cases[i].code, cases[i].method), cases[i].status);
}

/* Through two gateways in a row a refusal says the same to the caller. */
static void a_refusal_survives_both_mappings(void **state)
{
	(void)state;
	static const enum status same[] = { STATUS_FORBIDDEN, STATUS_NOT_FOUND,
		STATUS_METHOD_NOT_ALLOWED, STATUS_NOT_ACCEPTABLE, STATUS_CONFLICT, STATUS_TOO_LARGE,
		STATUS_UNSUPPORTED_MEDIA, STATUS_INVALID, STATUS_TOO_MANY, STATUS_BAD_BACKEND,
		STATUS_UNAVAILABLE, STATUS_TIMEOUT };
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		assert_int_equal(
		        coap_code_status(answer_code(same[i], METHOD_PUT), METHOD_PUT), same[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_formats_both_ways),
		cmocka_unit_test(media_types_as_they_are_written),
		cmocka_unit_test(each_status_has_its_code),
		cmocka_unit_test(an_answer_has_the_format_that_also_holds),
		cmocka_unit_test(cache_control_is_max_age),
		cmocka_unit_test(fields_become_options),
		cmocka_unit_test(conditions_become_fields),
		cmocka_unit_test(each_method_has_its_code),
		cmocka_unit_test(each_code_of_a_device_has_its_status),
		cmocka_unit_test(a_refusal_survives_both_mappings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
