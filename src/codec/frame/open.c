/* Descriptions from files: the one place in codec/frame that reads any, while it loads. */
#include "codec/frame/program.h"

#include "base/file.h"

#include <errno.h>
#include <string.h>

enum { DESCRIPTION_MAX_BYTES = 1 << 20 };

struct frame_schema *frame_schema_open(const char *path, struct error *error)
{
	struct arena arena;
	struct error inside = { .text = "" };
	struct frame_schema *schema = NULL;
	slice text;
	arena_init(&arena, 4 * DESCRIPTION_MAX_BYTES);
	int code = file_read(&arena, path, DESCRIPTION_MAX_BYTES, &text);
	if (code == EFBIG)
		(void)error_set(error, "%s: larger than 1 MiB", path);
	else if (code)
		(void)error_set(error, "%s: cannot be read: %s", path, strerror(code));
	else
		schema = frame_schema_load(text, &inside);
	if (!code && !schema)
		(void)error_set(
		        error, "%s:%u:%u: %s", path, inside.line, inside.column, inside.text);
	arena_finish(&arena);
	return schema;
}
