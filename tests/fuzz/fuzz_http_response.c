/* Answers of HTTP backends. The first byte chooses how the bytes are cut and whether HEAD was asked; whole or in
 * pieces, the same must be read. */
#include "net/http_response.h"

#include <stdlib.h>

/* assert() is off in optimised builds. */
static void check(bool holds)
{
	if (!holds)
		abort();
}

static enum http_response_verdict read_all(
        struct http_response *response, struct arena *arena, slice bytes, size_t step, bool head)
{
	http_response_init(response, arena, 4096, head);
	enum http_response_verdict verdict = HTTP_RESPONSE_MORE;
	while (bytes.n && verdict == HTTP_RESPONSE_MORE) {
		size_t used, n = bytes.n < step ? bytes.n : step;
		verdict = http_response_read(response, (slice){ bytes.p, n }, &used);
		check(used <= n);
		bytes = slice_from(bytes, n);
	}
	return verdict == HTTP_RESPONSE_MORE ? http_response_end(response) : verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	if (!n)
		return 0;
	size_t step = 1 + bytes[0] % 16;
	bool head = bytes[0] >= 128;
	slice input = { (const char *)bytes + 1, n - 1 };
	struct arena arenas[2];
	struct http_response whole, cut;
	arena_init(&arenas[0], 1 << 18);
	arena_init(&arenas[1], 1 << 18);
	enum http_response_verdict a = read_all(&whole, &arenas[0], input, n, head);
	enum http_response_verdict b = read_all(&cut, &arenas[1], input, step, head);
	check((a == HTTP_RESPONSE_DONE) == (b == HTTP_RESPONSE_DONE));
	if (a == HTTP_RESPONSE_DONE) {
		check(whole.code == cut.code && whole.nfields == cut.nfields);
		check(slice_equal(whole.body, cut.body));
		for (unsigned i = 0; i < whole.nfields; i++)
			check(slice_equal(whole.fields[i].value, cut.fields[i].value));
	}
	arena_finish(&arenas[0]);
	arena_finish(&arenas[1]);
	return 0;
}
