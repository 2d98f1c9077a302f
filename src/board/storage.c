/* The device's number leads to its folder in /sys, and that says what it is. What is made of others (LVM, a crypted volume, a
 * RAID) is what the first of those is. File systems without a device of their own (tmpfs, overlay, btrfs, UBIFS) have a number
 * that /sys does not know; of them /proc/self/mountinfo tells. */
#include "board/storage.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "board/sysfs.h"

enum { LAYERS_MAX = 8, MOUNTS_MAX_BYTES = 256 * 1024 };

const char *storage_kind_name(enum storage_kind kind)
{
	static const char *const names[STORAGE_KINDS] = { "unknown", "sd", "emmc", "usb", "flash",
		"disk", "memory", "overlay" };
	return names[kind];
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [OPTIONAL …] - TYPE SOURCE OPTIONS */
static bool take_mount(slice line, const char *number, slice *file_system, slice *source)
{
	for (unsigned i = 0; i < 2; i++)
		(void)slice_cut(&line, ' ');
	if (!slice_is(slice_cut(&line, ' '), number))
		return false;
	while (line.n && !slice_is(slice_cut(&line, ' '), "-"))
		continue;
	slice type = slice_cut(&line, ' ');
	if (!type.n)
		return false;
	*file_system = type;
	*source = slice_cut(&line, ' ');
	return true;
}

bool storage_mount(
        slice mountinfo, unsigned major, unsigned minor, slice *file_system, slice *source)
{
	char number[32];
	bool found = false;
	(void)snprintf(number, sizeof number, "%u:%u", major, minor);
	while (mountinfo.n)
		found = take_mount(slice_cut(&mountinfo, '\n'), number, file_system, source) ||
		        found;
	return found;
}

/* The last part of a path. */
static slice last_part(slice path)
{
	slice part = { NULL, 0 };
	while (path.n)
		part = slice_cut(&path, '/');
	return part;
}

static bool on_usb(slice link)
{
	while (link.n) {
		if (slice_starts(slice_cut(&link, '/'), SLICE("usb")))
			return true;
	}
	return false;
}

/* `at` is the folder in /sys of a whole device or of a partition of one. */
static enum storage_kind kind_of(struct arena *arena, slice root, const char *at, slice link)
{
	slice name = last_part(link);
	if (slice_starts(name, SLICE("zram")) || slice_starts(name, SLICE("ram")))
		return STORAGE_MEMORY;
	const char *up = sysfs_has(root, "%s/partition", at) ? "/.." : "";
	slice type = sysfs_word(arena, root, "%s%s/device/type", at, up);
	if (slice_is(type, "SD"))
		return STORAGE_SD;
	if (slice_is(type, "MMC"))
		return STORAGE_EMMC;
	if (on_usb(link) || slice_is(sysfs_word(arena, root, "%s%s/removable", at, up), "1"))
		return STORAGE_USB;
	slice turns = sysfs_word(arena, root, "%s%s/queue/rotational", at, up);
	if (slice_is(turns, "0"))
		return STORAGE_FLASH;
	return slice_is(turns, "1") ? STORAGE_DISK : STORAGE_UNKNOWN;
}

/* Down through what it is made of. `at` is rewritten. */
static void take_device(struct arena *arena, slice root, char at[PATH_MAX], struct storage *storage)
{
	slice link = sysfs_link(arena, root, "%s", at);
	storage->device = last_part(link);
	for (unsigned i = 0; i < LAYERS_MAX; i++) {
		char slaves[PATH_MAX];
		slice *names;
		int n = snprintf(slaves, sizeof slaves, "%s/slaves", at);
		if (n < 0 || n >= PATH_MAX || !sysfs_list(arena, root, slaves, &names))
			break;
		n = snprintf(at, PATH_MAX, "/sys/class/block/%s", names[0].p);
		if (n < 0 || n >= PATH_MAX)
			break;
		link = sysfs_link(arena, root, "%s", at);
	}
	storage->kind = kind_of(arena, root, at, link);
}

static enum storage_kind kind_of_file_system(slice name)
{
	if (slice_is(name, "tmpfs") || slice_is(name, "ramfs"))
		return STORAGE_MEMORY;
	if (slice_is(name, "overlay") || slice_is(name, "aufs"))
		return STORAGE_OVERLAY;
	if (slice_is(name, "ubifs") || slice_is(name, "jffs2"))
		return STORAGE_FLASH;
	return STORAGE_UNKNOWN;
}

static slice read_mounts(struct arena *arena, slice root)
{
	char path[PATH_MAX];
	slice mounts = { NULL, 0 };
	int n = snprintf(path, sizeof path, "%.*s/proc/self/mountinfo", SLICE_ARG(root));
	if (n > 0 && n < PATH_MAX)
		(void)file_read(arena, path, MOUNTS_MAX_BYTES, &mounts);
	return mounts;
}

/* Of the folder, or of the nearest above it that is there. */
static bool find_number(const char *folder, dev_t *number)
{
	char path[PATH_MAX];
	struct stat about;
	size_t n = strlen(folder);
	if (n >= sizeof path)
		return false;
	memcpy(path, folder, n + 1);
	while (stat(n ? path : ".", &about) != 0) {
		if (!n)
			return false;
		while (n && path[n - 1] == '/')
			n--;
		while (n && path[n - 1] != '/')
			n--;
		path[n] = '\0';
	}
	*number = about.st_dev;
	return true;
}

void storage_find(struct arena *arena, slice root, const char *folder, struct storage *storage)
{
	char at[PATH_MAX];
	dev_t number;
	*storage = (struct storage){ .kind = STORAGE_UNKNOWN };
	if (!find_number(folder, &number))
		return;
	slice source = { NULL, 0 };
	(void)storage_mount(read_mounts(arena, root), major(number), minor(number),
	        &storage->file_system, &source);
	(void)snprintf(at, sizeof at, "/sys/dev/block/%u:%u", major(number), minor(number));
	if (sysfs_has(root, "%s", at)) {
		take_device(arena, root, at, storage);
		return;
	}
	storage->kind = kind_of_file_system(storage->file_system);
	slice name = last_part(source);
	if (storage->kind == STORAGE_UNKNOWN && slice_starts(source, SLICE("/dev/")) &&
	        name.n < 256) {
		(void)snprintf(at, sizeof at, "/sys/class/block/%.*s", SLICE_ARG(name));
		if (sysfs_has(root, "%s", at))
			take_device(arena, root, at, storage);
	}
}
