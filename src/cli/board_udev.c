/* Rules are printed for what the board has by its file, not for what is there now: a port that is switched on later, or plugged
 * in, gets its name then. Of several alternatives that are there at a time the first gets it, by the link's priority.
 *
 * udev gives a group to a device's node, but not to files in /sys: for the lights it runs a program. */
#include "cli/board.h"

#include <stdio.h>

#define GROUP "fairlead"

static void print_port(const struct board_serial *serial, unsigned i)
{
	slice device = serial->devices.at[i];
	unsigned priority = serial->devices.n - i;
	const char *by = "KERNELS";
	if (slice_starts(device, SLICE("/dev/"))) {
		device = slice_from(device, 5);
		/* A node of its own, or a link that a rule before this one has made. */
		by = slice_starts(device, SLICE("tty")) ? "KERNEL" : "SYMLINK";
	}
	(void)printf("SUBSYSTEM==\"tty\", %s==\"%.*s\", SYMLINK+=\"fairlead/%.*s\", "
	             "OPTIONS+=\"link_priority=%u\"\n",
	        by, SLICE_ARG(device), SLICE_ARG(serial->name), priority);
}

static void print_led(slice led)
{
	(void)printf("SUBSYSTEM==\"leds\", ACTION==\"add|change\", KERNEL==\"%.*s\", "
	             "RUN+=\"/bin/chgrp " GROUP " /sys%%p/brightness /sys%%p/trigger\", "
	             "RUN+=\"/bin/chmod g+w /sys%%p/brightness /sys%%p/trigger\"\n",
	        SLICE_ARG(led));
}

void cli_board_udev(const struct board *board)
{
	(void)printf("# %.*s, by: fairlead board --udev --name %.*s\n"
	             "# /etc/udev/rules.d/99-fairlead.rules, so that it comes after those of the "
	             "system.\n",
	        SLICE_ARG(board->title), SLICE_ARG(board->name));
	for (unsigned i = 0; i < board->nserial; i++) {
		for (unsigned k = 0; k < board->serial[i].devices.n; k++)
			print_port(&board->serial[i], k);
	}
	for (unsigned i = 0; i < BOARD_ROLES; i++) {
		for (unsigned k = 0; k < board->lights[i].leds.n; k++)
			print_led(board->lights[i].leds.at[k]);
	}
	for (unsigned k = 0; k < board->watchdog.devices.n; k++)
		(void)printf("KERNEL==\"%.*s\", GROUP=\"" GROUP "\", MODE=\"0660\"\n",
		        SLICE_ARG(slice_from(board->watchdog.devices.at[k], 5)));
}
