#include "board/board.h"

#include <stdio.h>
#include <unistd.h>

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

/* The first name that leads somewhere, behind `folder`. A link that leads nowhere, or in a circle, is not there. */
static bool first_there(const struct board *board, const char *folder,
        const struct board_names *names, char below[BOARD_PATH_BYTES])
{
	char path[BOARD_PATH_BYTES];
	for (unsigned i = 0; i < names->n; i++) {
		int n = snprintf(path, sizeof path, "%s%s", folder, names->at[i].p);
		if (n > 0 && n < BOARD_PATH_BYTES && board_path(board, path, below) &&
		        access(below, F_OK) == 0)
			return true;
	}
	return false;
}

bool board_device(
        const struct board *board, const struct board_names *devices, char below[BOARD_PATH_BYTES])
{
	if (first_there(board, "", devices, below))
		return true;
	below[0] = '\0';
	if (devices->n)
		(void)board_path(board, devices->at[0].p, below);
	return false;
}

bool board_led(const struct board *board, enum board_role role, char below[BOARD_PATH_BYTES])
{
	return first_there(board, "/sys/class/leds/", &board->lights[role].leds, below);
}
