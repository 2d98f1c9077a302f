/* What every codec of values must hold for any bytes: check() and decode() agree, and what was decoded is the same
 * after encoding and decoding again. */
#ifndef FUZZ_CODEC_AGREES_H
#define FUZZ_CODEC_AGREES_H

#include "api/codec.h"
#include "codec/value.h"

#include <stdlib.h>

static inline void codec_agrees(const struct codec *codec, const uint8_t *bytes, size_t n)
{
	struct arena arena;
	arena_init(&arena, (size_t)1 << 28);
	struct error error;
	slice body = { (const char *)bytes, n };
	bool good = codec->check(body, &error);
	struct value *value = codec->decode(&arena, body, &error);
	if (good != (value != NULL))
		abort();
	if (value) {
		slice text = codec->encode(&arena, value, &error);
		struct value *again = text.p ? codec->decode(&arena, text, &error) : NULL;
		if (!again || !value_equal(value, again))
			abort();
	}
	arena_finish(&arena);
}

#endif
