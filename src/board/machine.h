/* machine: what this machine says that it is, in the device tree or in DMI.
 *
 * Both are somebody else's texts (the firmware's), so they are bounded, and what is no printable ASCII becomes "?". */
#ifndef BOARD_MACHINE_H
#define BOARD_MACHINE_H

#include "base/arena.h"

struct machine {
	slice root;
	slice model; /* for people: the device tree's model, or DMI's vendor and product; may be empty */
	slice compatible; /* the device tree's list, the most exact first, each text with a NUL behind it; or empty */
	slice vendor, product; /* DMI; or empty */
	slice cpu; /* what its processors are: "x86", "aarch64", as the kernel says it; or empty */
};

/* Reads it; in the arena. `root` must live as long. */
void machine_read(struct arena *, slice root, struct machine *);
/* Takes the first text off a list as the device tree has them. false: there is no more. */
bool machine_next(slice *list, slice *text);
/* A copy of which every byte can be printed. */
slice machine_tidy(struct arena *, slice text);

/* Which of two boards a machine is: by the device tree, the earlier text of its list decides; by DMI, the pattern that says
 * more. A board of the device tree wins over one of DMI. 0: it does not fit. */
unsigned machine_fits_compatible(const struct machine *, slice compatible);
/* Patterns with * for anything; an empty one fits all. `cpu` is exact, and says nothing of which board it is. */
unsigned machine_fits_dmi(const struct machine *, slice vendor, slice product, slice cpu);

#endif
