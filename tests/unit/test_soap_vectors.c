/* The SOAP dialect against request and response envelopes of real services: each is understood, and the only ones
 * refused are those that are no envelopes of SOAP. */
#include "support.h"

#include <stdio.h>

#include "adapters/common/dialect.h"

extern const struct http_dialect dialect_soap;

struct tally {
	unsigned understood, refused;
};

/* Why this one is refused rightly; NULL: it has to be understood. Requests have one excuse, a sample with the
 * prefix "xmlns" on an element, which Namespaces in XML (section 3) forbids. Among the responses, which no client
 * will ever send, there are Faults, MIME packages and documents that are not well-formed. */
static const char *excuse_for(const char *name, slice body, slice why)
{
	if (memmem(body.p, body.n, "<xmlns:", 7))
		return "an element's prefix is xmlns";
	if (strcmp(name, "request.xml") == 0)
		return NULL;
	if (slice_is(why, "<Fault> is no operation"))
		return "a Fault is an answer, not a call";
	return slice_starts(why, SLICE("XML, line ")) ? "not well-formed" : NULL;
}

static void try_envelope(const char *path, const char *name, void *arg)
{
	struct tally *tally = arg;
	struct request request = { .id = 1 };
	struct http_response response = { 0, { NULL, 0 }, { NULL, 0 } };
	if (strcmp(name, "request.xml") != 0 && strcmp(name, "response.xml") != 0)
		return;
	arena_init(&request.arena, 4 << 20);
	request.in.method = METHOD_POST;
	request.in.media = SLICE("text/xml");
	request.in.body = read_whole_file(&request.arena, path);
	slice body = request.in.body;
	if (!body.n) {
		arena_finish(&request.arena);
		return; /* a service that answers with nothing */
	}
	bool claimed = dialect_soap.claims(&request);
	dialect_soap.enter(&request);
	bool understood = request.status == STATUS_NONE;
	if (understood) {
		assert_true(claimed && request.in.operation.n);
		assert_non_null(request.in.value);
		request.out.value = request.in.value;
		request.status = STATUS_OK;
	} else {
		const char *excuse = excuse_for(name, body, request.why);
		if (!excuse)
			fail_msg("%s: %.*s", path, SLICE_ARG(request.why));
		(void)printf("%s: refused rightly: %s\n", path, excuse);
	}
	dialect_soap.leave(&request, &response);
	assert_int_equal(response.code, understood ? 200 : 500);
	tally->understood += understood;
	tally->refused += !understood;
	arena_finish(&request.arena);
}

static void real_envelopes_are_understood(void **state)
{
	(void)state;
	struct tally tally = { 0, 0 };
	assert_true(each_file(vectors_path("node-soap"), try_envelope, &tally));
	(void)printf("%u envelopes understood, %u refused\n", tally.understood, tally.refused);
	assert_true(tally.understood > tally.refused);
}

int main(void)
{
	if (!vectors_path("node-soap"))
		return vectors_absent("node-soap");
	const struct CMUnitTest tests[] = { cmocka_unit_test(real_envelopes_are_understood) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
