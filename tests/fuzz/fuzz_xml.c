/* codec_xml: what is well-formed decodes, and what was encoded decodes to the same value. */
#include <stdint.h>
#include <stdlib.h>

#include "api/codec.h"
#include "codec/value.h"

extern const struct codec codec_xml;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Lists of one member and empty ones, and texts of white space beside members, have no notation of their own:
 * so a second round is compared with the first, not the first with the document. Names that had to be escaped
 * stay so when they are read, and are left out. */
static slice round_trip(struct arena *arena, slice body)
{
	struct error error;
	const struct value *value = codec_xml.decode(arena, body, &error);
	return value ? codec_xml.encode(arena, value, &error) : (slice){ NULL, 0 };
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena arena;
	struct error error;
	slice body = { (const char *)bytes, n };
	arena_init(&arena, 16 << 20);
	slice first = round_trip(&arena, body);
	if (first.p) {
		if (!codec_xml.check(body, &error) || !codec_xml.check(first, &error))
			abort();
		slice second = round_trip(&arena, first);
		if (second.p && !memmem(first.p, first.n, "_x", 2) &&
		        !slice_equal(round_trip(&arena, second), second))
			abort();
	}
	arena_finish(&arena);
	return 0;
}
