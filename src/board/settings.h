/* What a board.yaml says of the board itself. What it says of the configuration is the core's to check. */
#ifndef BOARD_SETTINGS_H
#define BOARD_SETTINGS_H

#include "api/plugin.h"

extern const struct setting settings_board[];

#endif
