/* What the board brings into a configuration: defaults. What the operator's file says wins, always.
 *
 * They are put into the tree itself, as if the file said them, each with the place that it is from; so everything that reads
 * the configuration finds them, and a mistake that comes of one is said where it stands. Of two, the first of these holds:
 *
 *     the storage policy   board.yaml, storage.KIND, for the kind of device that gateway.state is on
 *     the board            board.yaml, gateway and audit
 *     the memory there is  limits.memory, values_memory and connections, where it is too little for the built-in ones
 *     the identity         gateway.name
 */
#ifndef CORE_CONFIGURATION_BOARD_H
#define CORE_CONFIGURATION_BOARD_H

#include "board/storage.h"
#include "core/boards.h"

struct board_setup {
	const struct board *board; /* NULL: none is in force */
	slice state;               /* the folder; p NULL: there is none */
	struct storage storage;    /* of that, and with a board only */
};

/* Finds the board that the file names (`wanted`, where p is not NULL, in its place) and puts what it brings into the tree, which
 * was held against settings_root. All that is made lives in mistakes->arena. */
void configuration_take_board(struct config *root, const struct boards_where *, slice wanted,
        struct board_setup *, struct mistakes *);
/* Is it in the operator's file? */
bool configuration_is_own(const struct config *root, const struct config *node);

#endif
