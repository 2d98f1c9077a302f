/* In which notation an answer goes out, and when it is refused instead: the way back of the stage `mediate`. */
#include "support.h"

#include "core/internal.h"

static const char json[] = "application/json", cbor[] = "application/cbor",
                  xml[] = "application/xml", text[] = "text/plain",
                  octets[] = "application/octet-stream", senml[] = "application/senml+json",
                  senml_cbor[] = "application/senml+cbor";
static const char utf8_text[] = "text/plain;charset=utf-8";

#define MAP     "{\"a\":1}"
#define READING "[{\"n\":\"a\",\"v\":81.40}]"
/* MAP as CBOR */
#define CBOR_MAP "\xa1\x61\x61\x01"

static const struct {
	enum method method;
	const char *sent;   /* the media type of the request's body; NULL: no body */
	const char *accept; /* NULL: none */
	const char *media, *body;
	const char *out_media; /* NULL: refused */
	slice out_body;        /* or what there is */
} cases[] = {
	/* Nothing in particular is accepted: in what the caller speaks, else as it came. */
	{ METHOD_GET, NULL, NULL, json, MAP, json, SLICE_INIT(MAP) },
	{ METHOD_GET, NULL, NULL, "text/csv", "a,b", "text/csv", SLICE_INIT("a,b") },
	{ METHOD_POST, cbor, NULL, json, MAP, cbor, SLICE_INIT(CBOR_MAP) },
	{ METHOD_POST, json, NULL, json, "{ }", json, SLICE_INIT("{ }") },
	{ METHOD_POST, text, NULL, json, "81.40", utf8_text, SLICE_INIT("81.40") },
	{ METHOD_POST, text, NULL, json, MAP, json, SLICE_INIT(MAP) },
	{ METHOD_POST, octets, NULL, json, "\"AA==\"", json, SLICE_INIT("\"AA==\"") },
	{ METHOD_POST, senml, NULL, json, MAP, json, SLICE_INIT(MAP) },
	{ METHOD_POST, senml_cbor, NULL, json, "{\"n\":\"a\",\"vb\":true}", senml_cbor,
	        SLICE_INIT("\x81\xa2\x00\x61\x61\x04\xf5") },
	{ METHOD_POST, "image/png", NULL, json, MAP, json, SLICE_INIT(MAP) },
	/* What is accepted as it came stays so, spaces and all. */
	{ METHOD_GET, NULL, json, json, "{ }", json, SLICE_INIT("{ }") },
	{ METHOD_GET, NULL, "*/*", json, "{ }", json, SLICE_INIT("{ }") },
	{ METHOD_GET, NULL, "application/*", json, "{ }", json, SLICE_INIT("{ }") },
	{ METHOD_GET, NULL, "*/*", "text/csv", "a,b", "text/csv", SLICE_INIT("a,b") },
	{ METHOD_GET, NULL, "application/cbor, application/json", json, "{ }", json,
	        SLICE_INIT("{ }") },
	{ METHOD_GET, NULL, "application/vnd.x+json", "application/vnd.x+json", "{ }",
	        "application/vnd.x+json", SLICE_INIT("{ }") },
	/* Unless something else is liked better. */
	{ METHOD_GET, NULL, "application/json;q=0.5, application/cbor", json, MAP, cbor,
	        SLICE_INIT(CBOR_MAP) },
	{ METHOD_GET, NULL, "application/cbor, */*;q=0.1", json, MAP, cbor, SLICE_INIT(CBOR_MAP) },
	{ METHOD_GET, NULL, "application/senml+json, */*;q=0.1", json, MAP, json, SLICE_INIT(MAP) },
	{ METHOD_GET, NULL, "application/senml+json, application/cbor;q=0.9, */*;q=0.1", json, MAP,
	        cbor, SLICE_INIT(CBOR_MAP) },
	{ METHOD_GET, NULL, "text/plain, application/json;q=0.9", json, MAP, json,
	        SLICE_INIT(MAP) },
	{ METHOD_GET, NULL, "text/plain, application/json;q=0.9", json, "81.40", utf8_text,
	        SLICE_INIT("81.40") },
	/* A browser names XML before "anything", and gets what there is. */
	{ METHOD_GET, NULL, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", json,
	        MAP, json, SLICE_INIT(MAP) },
	{ METHOD_GET, NULL, "application/xml, application/cbor;q=0.1", json, MAP, cbor,
	        SLICE_INIT(CBOR_MAP) },
	/* Each notation for who takes nothing else. */
	{ METHOD_GET, NULL, json, cbor, CBOR_MAP, json, SLICE_INIT(MAP) },
	{ METHOD_GET, NULL, cbor, json, MAP, cbor, SLICE_INIT(CBOR_MAP) },
	{ METHOD_GET, NULL, xml, json, "7", xml,
	        SLICE_INIT("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<value>7</value>") },
	{ METHOD_GET, NULL, senml, json, READING, senml, SLICE_INIT(READING) },
	{ METHOD_GET, NULL, senml_cbor, json, "[{\"n\":\"a\",\"v\":1.5}]", senml_cbor,
	        SLICE_INIT("\x81\xa2\x00\x61\x61\x02\xf9\x3e\x00") },
	{ METHOD_GET, NULL, json, senml, "[{\"bn\":\"a\",\"v\":81.40}]", json,
	        SLICE_INIT(READING) },
	{ METHOD_GET, NULL, utf8_text, json, "\"warm\"", utf8_text, SLICE_INIT("warm") },
	{ METHOD_GET, NULL, text, json, "true", utf8_text, SLICE_INIT("true") },
	{ METHOD_GET, NULL, json, text, "21.5", json, SLICE_INIT("\"21.5\"") },
	{ METHOD_GET, NULL, json, octets, "\x01\x02", json, SLICE_INIT("\"AQI=\"") },
	{ METHOD_GET, NULL, octets, cbor, "\x42\x01\x02", octets, SLICE_INIT("\x01\x02") },
	{ METHOD_GET, NULL, json, "application/problem+json", MAP, json, SLICE_INIT(MAP) },
	{ METHOD_GET, NULL, "application/cbor;q=0.2, application/json;q=0.3", text, "x", json,
	        SLICE_INIT("\"x\"") },
	{ METHOD_GET, NULL, "application/*", text, "x", json, SLICE_INIT("\"x\"") },
	/* There is nothing: who only asked is told so. */
	{ METHOD_GET, NULL, "image/png", json, MAP, NULL,
	        SLICE_INIT("application/json, application/cbor, application/xml") },
	{ METHOD_GET, NULL, text, json, MAP, NULL,
	        SLICE_INIT("application/json, application/cbor, application/xml") },
	{ METHOD_GET, NULL, senml_cbor, json, MAP, NULL,
	        SLICE_INIT("application/json, application/cbor, application/xml") },
	{ METHOD_GET, NULL, senml, json, "\"x\"", NULL,
	        SLICE_INIT("application/json, application/cbor, text/plain;charset=utf-8, "
	                   "application/xml") },
	{ METHOD_GET, NULL, octets, json, "\"x\"", NULL,
	        SLICE_INIT("application/json, application/cbor, text/plain;charset=utf-8, "
	                   "application/xml") },
	{ METHOD_GET, NULL, json, "text/csv", "a,b", NULL, SLICE_INIT("text/csv") },
	{ METHOD_GET, NULL, json, json, "{", json, SLICE_INIT("{") },
	{ METHOD_GET, NULL, cbor, json, "{", NULL, SLICE_INIT("application/json") },
	{ METHOD_GET, NULL, "application/json;q=0", json, MAP, NULL,
	        SLICE_INIT("application/json, application/cbor, application/xml") },
	{ METHOD_GET, NULL, "text/html", "", "abc", "", SLICE_INIT("abc") },
	/* After a method with an effect it goes out as it came. */
	{ METHOD_POST, json, "image/png", json, MAP, json, SLICE_INIT(MAP) },
	{ METHOD_PUT, json, text, json, MAP, json, SLICE_INIT(MAP) },
	{ METHOD_DELETE, NULL, senml, json, MAP, json, SLICE_INIT(MAP) },
	{ METHOD_PATCH, json, json, "text/csv", "a,b", "text/csv", SLICE_INIT("a,b") },
	/* Without a body there is nothing to choose. */
	{ METHOD_GET, NULL, "image/png", "", "", "", SLICE_INIT("") },
	{ METHOD_HEAD, NULL, json, json, "", json, SLICE_INIT("") },
	{ METHOD_HEAD, NULL, cbor, json, "", json, SLICE_INIT("") },
	{ METHOD_HEAD, NULL, "image/png", json, "", NULL, SLICE_INIT("application/json") },
	{ METHOD_HEAD, NULL, json, "text/csv", "", NULL, SLICE_INIT("text/csv") },
	{ METHOD_HEAD, NULL, json, "", "", "", SLICE_INIT("") },
};

static void the_best_notation_is_chosen(void **state)
{
	(void)state;
	const struct endpoint endpoint = { .media = SLICE_INIT("application/json") };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct request request = { .status = STATUS_OK, .endpoint = &endpoint };
		arena_init(&request.arena, 1 << 20);
		request.in.method = cases[i].method;
		request.in.media = slice_of(cases[i].sent);
		request.in.body = cases[i].sent ? SLICE("x") : (slice){ NULL, 0 };
		request.accept = slice_of(cases[i].accept);
		request.out.media = slice_of(cases[i].media);
		request.out.body = slice_of(cases[i].body);
		stage_mediate.leave(NULL, &request);
		bool refused = request.status == STATUS_NOT_ACCEPTABLE;
		if (refused != !cases[i].out_media)
			fail_msg("case %zu: %s", i, status_name(request.status));
		if (refused) {
			slice why = arena_printf(
			        &request.arena, "there is %.*s", SLICE_ARG(cases[i].out_body));
			assert_slice(request.why, why.p);
			assert_null(request.out.body.p);
			assert_null(request.out.media.p);
		} else {
			assert_int_equal(request.status, STATUS_OK);
			if (!slice_is(request.out.media, cases[i].out_media) ||
			        !slice_equal(request.out.body, cases[i].out_body))
				fail_msg("case %zu: %.*s: %.*s", i, SLICE_ARG(request.out.media),
				        SLICE_ARG(request.out.body));
		}
		arena_finish(&request.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_best_notation_is_chosen) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
