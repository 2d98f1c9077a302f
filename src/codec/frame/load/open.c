/* Descriptions from files: the one place in codec/frame that reads any, while it loads. */
#include "codec/frame/program.h"

#include "base/file.h"
#include "base/random.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { DESCRIPTION_MAX_BYTES = 1 << 20, PATH_MAX_BYTES = 4096 };

/* What is read for one description. */
struct folder {
	slice path; /* with its "/" at the end, or empty */
	uint64_t stamp;
};

static bool read_file(
        struct folder *folder, const char *path, struct arena *arena, slice *text, const char **why)
{
	char whole[PATH_MAX_BYTES];
	int n = snprintf(whole, sizeof whole, "%.*s%s", SLICE_ARG(folder->path), path);
	int code = n < 0 || (size_t)n >= sizeof whole
	                   ? ENAMETOOLONG
	                   : file_read(arena, whole, DESCRIPTION_MAX_BYTES, text);
	*why = code == EFBIG ? "larger than 1 MiB" : strerror(code);
	if (!code)
		folder->stamp = folder->stamp * 31 + random_keyed_hash(text->p, text->n);
	return code == 0;
}

static bool read_import(
        void *arg, const char *path, struct arena *arena, slice *text, struct error *error)
{
	const char *why;
	return read_file(arg, path, arena, text, &why) ||
	       error_set(error, "cannot be read: %s", why);
}

struct frame_schema *frame_schema_open(const char *path, struct error *error)
{
	struct arena arena;
	struct error inside = { .text = "" };
	struct frame_schema *schema = NULL;
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *why;
	struct folder folder = { { path, (size_t)(name - path) }, 0 };
	slice text;
	arena_init(&arena, 4 * DESCRIPTION_MAX_BYTES);
	bool read = read_file(&folder, name, &arena, &text, &why);
	if (!read)
		(void)error_set(error, "%s: cannot be read: %s", path, why);
	else
		schema = frame_schema_load_files(
		        name, text, &(struct frame_files){ read_import, &folder }, &inside);
	if (read && !schema)
		(void)error_set(
		        error, "%s:%u:%u: %s", path, inside.line, inside.column, inside.text);
	if (schema)
		schema->stamp = folder.stamp;
	arena_finish(&arena);
	return schema;
}

uint64_t frame_schema_stamp(const struct frame_schema *schema)
{
	return schema->stamp;
}
