/* A folder that stands for the machine: sys/, proc/ and dev/ as a test fills them. Removed at the end. */
#ifndef UNIT_FAKE_ROOT_H
#define UNIT_FAKE_ROOT_H

#include "support.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char fake_root[PATH_MAX];

static inline int fake_root_make(void **state)
{
	(void)state;
	const char *folder = getenv("TMPDIR");
	(void)snprintf(
	        fake_root, sizeof fake_root, "%s/fairlead-board-XXXXXX", folder ? folder : "/tmp");
	return mkdtemp(fake_root) ? 0 : -1;
}

static inline int fake_root_remove_one(
        const char *path, const struct stat *about, int type, struct FTW *at)
{
	(void)about;
	(void)type;
	(void)at;
	return remove(path);
}

static inline int fake_root_remove(void **state)
{
	(void)state;
	return nftw(fake_root, fake_root_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The path below the root, with its folders made; in a static buffer. */
static inline const char *fake_path(const char *path)
{
	static char below[PATH_MAX];
	int n = snprintf(below, sizeof below, "%s%s", fake_root, path);
	assert_true(n > 0 && (size_t)n < sizeof below);
	for (char *at = below + strlen(fake_root) + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		(void)mkdir(below, 0755);
		*at = '/';
	}
	return below;
}

static inline void fake_bytes(const char *path, const void *bytes, size_t n)
{
	FILE *file = fopen(fake_path(path), "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

static inline void fake_file(const char *path, const char *text)
{
	fake_bytes(path, text, strlen(text));
}

static inline void fake_link(const char *path, const char *to)
{
	assert_int_equal(symlink(to, fake_path(path)), 0);
}

#endif
