#include "board/sysfs.h"

#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

enum { NAMES_MAX = 1024 };

__attribute__((format(printf, 3, 0))) static bool compose(
        char path[PATH_MAX], slice root, const char *format, va_list arguments)
{
	int before = snprintf(path, PATH_MAX, "%.*s", SLICE_ARG(root));
	if (before < 0 || before >= PATH_MAX)
		return false;
	size_t room = PATH_MAX - (size_t)before;
	int n = vsnprintf(path + before, room, format, arguments);
	return n >= 0 && (size_t)n < room;
}

static slice read_path(struct arena *arena, const char *path)
{
	slice bytes;
	(void)file_read(arena, path, SYSFS_MAX_BYTES, &bytes);
	return bytes;
}

slice sysfs_read(struct arena *arena, slice root, const char *format, ...)
{
	char path[PATH_MAX];
	va_list arguments;
	va_start(arguments, format);
	bool whole = compose(path, root, format, arguments);
	va_end(arguments);
	return whole ? read_path(arena, path) : (slice){ NULL, 0 };
}

/* A property of the device tree ends with a NUL, a value of sysfs with an end of line. */
static slice trim(slice text)
{
	while (text.n && (unsigned char)text.p[text.n - 1] <= ' ')
		text.n--;
	while (text.n && (unsigned char)*text.p <= ' ')
		text = slice_from(text, 1);
	return text.n ? text : (slice){ NULL, 0 };
}

slice sysfs_word(struct arena *arena, slice root, const char *format, ...)
{
	char path[PATH_MAX];
	va_list arguments;
	va_start(arguments, format);
	bool whole = compose(path, root, format, arguments);
	va_end(arguments);
	return whole ? trim(read_path(arena, path)) : (slice){ NULL, 0 };
}

slice sysfs_link(struct arena *arena, slice root, const char *format, ...)
{
	char path[PATH_MAX], to[PATH_MAX];
	va_list arguments;
	va_start(arguments, format);
	bool whole = compose(path, root, format, arguments);
	va_end(arguments);
	ssize_t n = whole ? readlink(path, to, sizeof to) : -1;
	return n > 0 ? arena_copy(arena, to, (size_t)n) : (slice){ NULL, 0 };
}

bool sysfs_has(slice root, const char *format, ...)
{
	char path[PATH_MAX];
	va_list arguments;
	va_start(arguments, format);
	bool whole = compose(path, root, format, arguments);
	va_end(arguments);
	return whole && access(path, F_OK) == 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(((const slice *)a)->p, ((const slice *)b)->p);
}

/* How many there are, or NAMES_MAX; from the beginning again. */
static unsigned count(DIR *open)
{
	unsigned n = 0;
	while (n < NAMES_MAX && readdir(open))
		n++;
	rewinddir(open);
	return n;
}

unsigned sysfs_list(struct arena *arena, slice root, const char *folder, slice **names)
{
	char path[PATH_MAX];
	unsigned n = 0;
	*names = NULL;
	int length = snprintf(path, sizeof path, "%.*s%s", SLICE_ARG(root), folder);
	DIR *open = length > 0 && length < PATH_MAX ? opendir(path) : NULL;
	if (!open)
		return 0;
	unsigned room = count(open);
	*names = arena_alloc(arena, room * sizeof **names);
	const struct dirent *entry = *names ? readdir(open) : NULL;
	for (; entry && n < room; entry = readdir(open)) {
		slice name = slice_of(entry->d_name);
		if (*name.p != '.')
			(*names)[n] = arena_copy_slice(arena, name);
		if (*name.p != '.' && (*names)[n].p)
			n++;
	}
	(void)closedir(open);
	if (n)
		qsort(*names, n, sizeof **names, by_bytes);
	return n;
}

bool sysfs_path_has(slice path, slice part)
{
	while (path.n) {
		if (slice_equal(slice_cut(&path, '/'), part))
			return true;
	}
	return false;
}

bool sysfs_number(slice text, uint64_t *number)
{
	*number = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9' || *number > (UINT64_MAX - 9) / 10)
			return false;
		*number = *number * 10 + (uint64_t)(text.p[i] - '0');
	}
	return text.n > 0;
}
