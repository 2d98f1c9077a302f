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

/* A property of the device tree, as the firmware leaves it: with its NULs. */
#define fake_property(name, literal)                                                               \
	fake_bytes("/sys/firmware/devicetree/base/" name, literal, sizeof(literal))

/* A serial port that hangs on `parent` in /sys, as new kernels show it. */
static inline void fake_tty(const char *name, const char *parent)
{
	char link[256], to[512];
	(void)snprintf(link, sizeof link, "/sys/class/tty/%s", name);
	(void)snprintf(to, sizeof to, "../../devices/platform/soc/%s/%s:0/%s:0.0/tty/%s", parent,
	        parent, parent, name);
	fake_link(link, to);
	(void)snprintf(link, sizeof link, "/dev/%s", name);
	fake_file(link, "");
}

/* A network interface at this place of the machine's buses. */
static inline void fake_interface(const char *name, const char *place, const char *mac)
{
	char path[512], to[512];
	static const char *const files[] = { "type", "addr_assign_type", "dev_port" };
	static const char *const texts[] = { "1\n", "0\n", "0\n" };
	for (unsigned i = 0; i < 3; i++) {
		(void)snprintf(
		        path, sizeof path, "/sys/devices/%s/net/%s/%s", place, name, files[i]);
		fake_file(path, texts[i]);
	}
	(void)snprintf(path, sizeof path, "/sys/devices/%s/net/%s/address", place, name);
	(void)snprintf(to, sizeof to, "%s\n", mac);
	fake_file(path, to);
	(void)snprintf(path, sizeof path, "/sys/class/net/%s", name);
	(void)snprintf(to, sizeof to, "../../devices/%s/net/%s", place, name);
	fake_link(path, to);
}

#endif
