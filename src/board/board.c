#include "board/board.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "board/sysfs.h"

const char *board_role_name(enum board_role role)
{
	static const char *const names[BOARD_ROLES] = { "running", "link", "fault" };
	return names[role];
}

const struct board_serial *board_serial_find(const struct board *board, slice name)
{
	for (unsigned i = 0; board && i < board->nserial; i++) {
		if (slice_equal(board->serial[i].name, name))
			return &board->serial[i];
	}
	return NULL;
}

bool board_path(const struct board *board, const char *path, char below[BOARD_PATH_BYTES])
{
	int n = snprintf(below, BOARD_PATH_BYTES, "%.*s%s", SLICE_ARG(board->root), path);
	return n > 0 && n < BOARD_PATH_BYTES;
}

/* Which tty hangs on this? A port's folder in /sys stands below what it hangs on, as deep as the kernel's version likes. */
static slice tty_below(struct arena *arena, slice root, slice parent)
{
	slice *names;
	unsigned n = sysfs_list(arena, root, "/sys/class/tty", &names);
	for (unsigned i = 0; i < n; i++) {
		slice link = sysfs_link(arena, root, "/sys/class/tty/%s", names[i].p);
		if (sysfs_path_has(link, parent))
			return names[i];
	}
	return (slice){ NULL, 0 };
}

/* The kernel makes some nodes for ports that the machine does not have: their type is 0. */
static bool has_hardware(const struct board *board, const char *below)
{
	char real[PATH_MAX];
	struct arena arena;
	if (!realpath(below, real))
		return false;
	arena_init(&arena, 65536);
	const char *name = strrchr(real, '/');
	slice type = sysfs_word(&arena, board->root, "/sys/class/tty%s/type", name ? name : "/");
	bool unknown = slice_is(type, "0") && name && strncmp(name, "/ttyS", 5) == 0;
	arena_finish(&arena);
	return !unknown;
}

static bool device_there(const struct board *board, slice device, char below[BOARD_PATH_BYTES])
{
	char path[BOARD_PATH_BYTES];
	if (*device.p == '/')
		return board_path(board, device.p, below) && access(below, F_OK) == 0 &&
		       has_hardware(board, below);
	struct arena arena;
	arena_init(&arena, 1 << 20);
	slice name = tty_below(&arena, board->root, device);
	int n = name.p ? snprintf(path, sizeof path, "/dev/%s", name.p) : -1;
	arena_finish(&arena);
	return n > 0 && n < BOARD_PATH_BYTES && board_path(board, path, below) &&
	       access(below, F_OK) == 0;
}

bool board_device(
        const struct board *board, const struct board_names *devices, char below[BOARD_PATH_BYTES])
{
	for (unsigned i = 0; i < devices->n; i++) {
		if (device_there(board, devices->at[i], below))
			return true;
	}
	below[0] = '\0';
	if (devices->n && *devices->at[0].p == '/')
		(void)board_path(board, devices->at[0].p, below);
	else if (devices->n)
		(void)snprintf(below, BOARD_PATH_BYTES, "%s", devices->at[0].p);
	return false;
}

bool board_led(const struct board *board, enum board_role role, char below[BOARD_PATH_BYTES])
{
	const struct board_names *leds = &board->lights[role].leds;
	for (unsigned i = 0; i < leds->n; i++) {
		int n = snprintf(below, BOARD_PATH_BYTES, "%.*s/sys/class/leds/%s",
		        SLICE_ARG(board->root), leds->at[i].p);
		if (n > 0 && n < BOARD_PATH_BYTES && access(below, F_OK) == 0)
			return true;
	}
	return false;
}
