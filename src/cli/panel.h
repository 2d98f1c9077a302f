/* panel: what the box itself shows and does of the gateway: the board's lights, and its hardware watchdog. Core thread.
 *
 * The board is that of the configuration in force; without one, or where it has none of these, all of this does nothing. */
#ifndef CLI_PANEL_H
#define CLI_PANEL_H

#include "board/lights.h"
#include "board/watchdog.h"
#include "cli/cli.h"

struct panel {
	struct cli_gateway *gateway;
	struct lights *lights;
	struct watchdog *watchdog; /* NULL: none is fed */
	unsigned faults;           /* said last */
	char device[BOARD_PATH_BYTES];
};

/* The gateway is borrowed. */
void panel_init(struct panel *, struct cli_gateway *);
/* After core_load(): the lights are the gateway's, and out. */
void panel_take_lights(struct panel *);
/* The gateway could not start: that is what the lights say from now on. */
void panel_failed(struct panel *);
/* The gateway is ready, or has read its configuration again. */
void panel_follow(struct panel *);
/* Without being fed for so long the hardware resets the box; 0: it does not. */
uint64_t panel_watchdog_ms(const struct panel *);
/* The gateway lives. */
void panel_feed(struct panel *);
/* The end is an orderly one: the watchdog stops. The lights stay as they are. */
void panel_close(struct panel *);

#endif
