/* boards: which board this machine is, of those that there is a file for: FOLDER/NAME/board.yaml. At loading, and for commands. */
#ifndef CORE_BOARDS_H
#define CORE_BOARDS_H

#include "board/board.h"
#include "core/mistakes.h"

struct boards_where {
	slice root; /* what stands for the machine; empty: it does itself */
	slice folders; /* of the boards, with ":" between; the first that has a name has it; empty: there are none */
};

/* What the environment says: FAIRLEAD_BOARDS, or share/fairlead/board where this program is in bin; FAIRLEAD_BOARD_ROOT. In the
 * arena. */
void boards_where(struct arena *, struct boards_where *);

struct boards_entry {
	slice name, path;
};
/* Those that there are, by name. Returns how many. */
unsigned boards_list(struct arena *, const struct boards_where *, const struct boards_entry **);

/* Holds a board's file, as it was read, against what can be said of a board. True: nothing was wrong. */
bool boards_check(struct config *tree, struct mistakes *);
/* The board of this name; or, for "auto", the one that fits best, else the one called generic; NULL for "none", where no boards
 * are installed, and where something was wrong, which is in `mistakes` then. `said`: where the name stands, for messages.
 * Lives in mistakes->arena, as does what it points into. */
const struct board *boards_find(
        const struct boards_where *, slice wanted, const struct config *said, struct mistakes *);

#endif
