/* check() and decode() agree, and what was decoded is the same after encoding and decoding again. */
#include "api/codec.h"
#include "codec/value.h"

#include <stdlib.h>

extern const struct codec codec_json;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena arena;
	arena_init(&arena, (size_t)1 << 28);
	struct error error;
	slice body = { (const char *)bytes, n };
	bool good = codec_json.check(body, &error);
	struct value *value = codec_json.decode(&arena, body, &error);
	if (good != (value != NULL))
		abort();
	if (value) {
		slice text = codec_json.encode(&arena, value, &error);
		struct value *again = text.p ? codec_json.decode(&arena, text, &error) : NULL;
		if (!again || !value_equal(value, again))
			abort();
	}
	arena_finish(&arena);
	return 0;
}
