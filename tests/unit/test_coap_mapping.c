/* How CoAP and the core's words map onto each other (RFC 7252, RFC 8075 sections 6 and 7), as tables. */
#include "support.h"

#include "adapters/coap/answer.h"
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
		cmocka_unit_test(each_method_has_its_code),
		cmocka_unit_test(each_code_of_a_device_has_its_status),
		cmocka_unit_test(a_refusal_survives_both_mappings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
