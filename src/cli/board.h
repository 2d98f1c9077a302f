/* What `fairlead board` is made of. */
#ifndef CLI_BOARD_H
#define CLI_BOARD_H

#include "codec/value.h"
#include "core/configuration_board.h"

/* board_tell.c: what was found, and what is set from it, as one value. NULL: out of memory. */
struct value *cli_board_tell(struct arena *, const struct config *root, const struct board_setup *);
/* board_show.c: the same for people, on stdout. */
void cli_board_show(const struct value *);
/* board_udev.c: rules that give the ports their names, and the group fairlead the lights and the watchdog; on stdout. */
void cli_board_udev(const struct board *);

#endif
