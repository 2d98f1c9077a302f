/* Any text as a description: it loads, or is refused with a place; what loads decodes any bytes within its bounds. */
#include "codec/frame/frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const char input[] = "\0\0\0\004$GPGGA,12,ab*00\r\n\377\376\001\002\003";
	struct error error = { .text = "" };
	struct frame_schema *schema = frame_schema_load((slice){ (const char *)bytes, n }, &error);
	if (!schema) {
		if (!error.text[0] || !error.line)
			abort();
		return 0;
	}
	struct arena arena;
	bool good;
	arena_init(&arena, 1 << 20);
	(void)frame_decode_text(schema, &arena, (slice){ input, sizeof input - 1 }, &good);
	arena_finish(&arena);
	frame_schema_free(schema);
	return 0;
}
