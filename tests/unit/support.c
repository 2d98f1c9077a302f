#include "support.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/text.h"

void assert_slice_equal(slice actual, slice expected, const char *file, int line)
{
	if (slice_equal(actual, expected))
		return;
	print_error("%s:%d: \"%.*s\" is not \"%.*s\"\n", file, line, SLICE_ARG(actual),
	        SLICE_ARG(expected));
	_fail(file, line);
}

bool is_emulated(void)
{
	return getenv("FAIRLEAD_EMULATED") != NULL;
}

const char *vectors_path(const char *name)
{
	static char path[1024];
	const char *folder = getenv("FAIRLEAD_VECTORS");
	(void)snprintf(path, sizeof path, "%s/%s", folder ? folder : "../shared/vectors", name);
	struct stat about;
	return stat(path, &about) == 0 ? path : NULL;
}

int vectors_absent(const char *name)
{
	(void)printf(
	        "skipped: the vectors' folder has no %s (FAIRLEAD_VECTORS names another)\n", name);
	return getenv("CI") ? 1 : 77;
}

slice read_whole_file(struct arena *arena, const char *path)
{
	FILE *file = fopen(path, "rb");
	struct stat about;
	if (!file || fstat(fileno(file), &about) != 0)
		fail_msg("%s: cannot be read", path);
	char *bytes = arena_alloc_raw(arena, (size_t)about.st_size + 1);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, (size_t)about.st_size, file), about.st_size);
	bytes[about.st_size] = '\0';
	(void)fclose(file);
	return (slice){ bytes, (size_t)about.st_size };
}

/* Rule broken: file-scope variables; nftw() passes no argument on. */
static char **found;
static unsigned nfound;

static int collect(const char *path, const struct stat *about, int kind, struct FTW *where)
{
	(void)about;
	(void)where;
	if (kind != FTW_F)
		return 0;
	found = realloc(found, (nfound + 1) * sizeof *found);
	found[nfound++] = strdup(path);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

unsigned each_file(
        const char *folder, void (*each)(const char *path, const char *name, void *arg), void *arg)
{
	found = NULL;
	nfound = 0;
	if (nftw(folder, collect, 16, FTW_PHYS) != 0)
		fail_msg("%s: cannot be listed", folder);
	char **paths = found;
	unsigned n = nfound;
	if (n)
		qsort(paths, n, sizeof *paths, by_name);
	for (unsigned i = 0; i < n; i++) {
		each(paths[i], strrchr(paths[i], '/') + 1, arg);
		free(paths[i]);
	}
	free(paths);
	return n;
}

size_t arena_chunk_room(void)
{
	for (size_t n = 4096;; n -= 16) {
		struct arena small;
		arena_init(&small, 4096);
		bool fits = arena_alloc(&small, n) != NULL;
		arena_finish(&small);
		if (fits)
			return n;
	}
}

void arena_starve(struct arena *memory, size_t n)
{
	memory->budget_bytes = memory->used_bytes;
	while (arena_alloc(memory, 16))
		;
	memory->budget_bytes += 4096;
	assert_non_null(arena_alloc(memory, arena_chunk_room() - n));
	memory->budget_bytes = memory->used_bytes;
}

slice from_hex(struct arena *arena, const char *hex)
{
	char *bytes = arena_alloc_raw(arena, strlen(hex) / 2 + 1);
	assert_non_null(bytes);
	size_t n = 0;
	int high = -1;
	for (; *hex; hex++) {
		const char *digits = "0123456789abcdef0123456789ABCDEF";
		const char *at = strchr(digits, *hex);
		if (!at)
			continue;
		int digit = (int)(at - digits) % 16;
		if (high < 0) {
			high = digit;
		} else {
			bytes[n++] = (char)(high << 4 | digit);
			high = -1;
		}
	}
	return (slice){ bytes, n };
}

static void show(struct text *to, const struct value *value);

static void show_members(struct text *to, const struct value *value)
{
	bool map = value->kind == VALUE_MAP;
	text_char(to, map ? '{' : '[');
	for (const struct value *at = value->as.members.first; at; at = at->next) {
		if (at != value->as.members.first)
			text_char(to, ',');
		if (map)
			text_printf(to, "\"%.*s\":", SLICE_ARG(at->key));
		show(to, at);
	}
	text_char(to, map ? '}' : ']');
}

static void show(struct text *to, const struct value *value)
{
	switch (value->kind) {
	case VALUE_NULL:
	case VALUE_BOOL:
	case VALUE_INT:
		text_slice_add(to, value_to_text(to->arena, value));
		break;
	case VALUE_UINT:
		text_printf(to, "%lluu", (unsigned long long)value->as.natural);
		break;
	case VALUE_DOUBLE:
		text_slice_add(to, value_to_text(to->arena, value));
		text_char(to, 'd');
		break;
	case VALUE_TEXT:
		text_printf(to, "\"%.*s\"", SLICE_ARG(value->as.text));
		break;
	case VALUE_BYTES:
		text_literal(to, "h'");
		for (size_t i = 0; i < value->as.text.n; i++)
			text_printf(to, "%02x", (unsigned char)value->as.text.p[i]);
		text_char(to, '\'');
		break;
	case VALUE_LIST:
	case VALUE_MAP:
		show_members(to, value);
		break;
	}
}

slice value_show(struct arena *arena, const struct value *value)
{
	struct text to;
	text_init(&to, arena, 256);
	show(&to, value);
	return text_slice(&to);
}
