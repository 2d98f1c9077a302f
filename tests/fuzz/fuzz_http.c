/* The HTTP/1.1 parser, heads and bodies: whatever comes, reading it byte by byte and in random pieces gives
 * the same messages and the same end as reading it at once. */
#include "../unit/http_transcript.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena arena;
	arena_init(&arena, 4 << 20);
	slice input = { (const char *)bytes, n };
	slice whole = http_transcript(&arena, input, NULL, NULL);
	slice single = http_transcript(&arena, input, http_one_byte, NULL);
	uint32_t seed = (uint32_t)n;
	slice split = http_transcript(&arena, input, http_some_bytes, &seed);
	if (!slice_equal(whole, single) || !slice_equal(whole, split))
		abort();
	arena_finish(&arena);
	return 0;
}
