/* Any text as a description: it loads, or is refused with a place; what loads decodes any bytes within its bounds. Behind a
 * byte 0xFF, which no description has, stands the text of whatever it imports. */
#include "codec/frame/frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static bool read_other(
        void *arg, const char *path, struct arena *arena, slice *text, struct error *error)
{
	const slice *other = arg;
	if (strstr(path, ".."))
		abort();
	*text = arena_copy_slice(arena, *other);
	return text->p || error_set(error, "there is none");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const char input[] = "\0\0\0\004$GPGGA,12,ab*00\r\n\377\376\001\002\003";
	struct error error = { .text = "" };
	slice text = { (const char *)bytes, n };
	text.n = slice_find(text, '\xff');
	slice other = slice_from((slice){ (const char *)bytes, n }, text.n + 1);
	struct frame_schema *schema = frame_schema_load_files(
	        "a.ksy", text, &(struct frame_files){ read_other, &other }, &error);
	if (!schema) {
		if (!error.text[0] || !error.line)
			abort();
		return 0;
	}
	struct arena arena;
	bool good;
	arena_init(&arena, 1 << 20);
	(void)frame_decode_text(schema, &arena, (slice){ input, sizeof input - 1 }, &good);
	struct frame_fault fault;
	struct frame *frame =
	        frame_decode(schema, &arena, (slice){ input, sizeof input - 1 }, NULL, &fault);
	if (frame)
		(void)frame_payload(frame);
	arena_finish(&arena);
	frame_schema_free(schema);
	return 0;
}
