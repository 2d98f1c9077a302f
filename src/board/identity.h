/* identity: what tells this one box from all others of its kind.
 *
 * It is the gateway's default name, so IT MUST BE THE SAME EACH TIME, whoever asks. That is why DMI's serial number, which the
 * kernel shows to root only, counts where the file's mode lets others read it and not where this process happens to be root:
 * otherwise `fairlead board` and the service would call the box by two names. Factories leave such fields empty or with what
 * their tool put there ("To be filled by O.E.M."), on whole series alike: that is no identity.
 *
 *     device-tree-serial   /sys/firmware/devicetree/base/serial-number
 *     soc-serial           /sys/devices/soc0/serial_number
 *     dmi-serial           /sys/class/dmi/id/product_serial, where not only root may read it
 *     mac                  of the built-in network interface: the permanent one of the first that is neither USB's nor virtual,
 *                          wired before wireless, in the order of the bus
 */
#ifndef BOARD_IDENTITY_H
#define BOARD_IDENTITY_H

#include "base/arena.h"

enum { IDENTITY_MAX_BYTES = 64 };

/* The i-th way, NULL after the last. */
const char *identity_way(unsigned i);
/* What this way says here, in the arena: letters, digits, ".", "_" and "-" only. p NULL: nothing, or nothing that is real. */
slice identity_find(struct arena *, slice root, slice way);
/* The same of a text that was read: what cannot stand in a name becomes "-". p NULL: no maker gave that to one box. */
slice identity_take(struct arena *, slice text);

#endif
