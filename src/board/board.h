/* board: which box this is and what it has: who it is, its serial ports, its lights, its watchdog, its memory.
 *
 * A board is data: board/NAME/board.yaml says by what it is recognised and what is on it, and board.c fills that in with what
 * the machine has, as the device tree, DMI and sysfs tell it. Everything is read below a `root`, which is empty for the machine
 * itself and a folder with sys/, proc/ and dev/ for a test. Nothing here opens a device or changes anything.
 *
 * The file is read by the layer above, which has the reader (core/boards.h); the board in force is
 * core_configuration()->board, NULL where there is none, and lives as long as that configuration.
 *
 * Any thread; reads small files, so at loading and for commands only. */
#ifndef BOARD_BOARD_H
#define BOARD_BOARD_H

#include "api/config.h"
#include "board/machine.h"

enum { BOARD_PATH_BYTES = 512 };

/* Alternatives, in the order in which they are tried: kernels and revisions name the same thing differently. Texts are
 * NUL-terminated. */
struct board_names {
	const slice *at;
	unsigned n;
};

struct board_serial {
	slice name; /* "rs485-1": serial://rs485-1, and /dev/fairlead/rs485-1 where udev has the rules */
	slice note; /* where it is, for people; may be empty */
	/* One at least: paths, and names of what a port hangs on in /sys ("fe201400.serial"), for which numbers of ports differ by
	 * kernel and by what else is switched on. */
	struct board_names devices;
	/* As struct serial_settings of net/serial.h has them: the driver switches the direction. */
	bool rs485;
	bool rts_low; /* RTS is low while something is sent, and not high */
	unsigned rts_before_ms, rts_after_ms;
};

enum board_role { BOARD_RUNNING, BOARD_LINK, BOARD_FAULT, BOARD_ROLES };

struct board_light {
	struct board_names leds; /* names in /sys/class/leds; none: the board has no such light */
	bool inverted;           /* it is on at brightness 0 */
};

struct board_watchdog {
	struct board_names devices; /* paths; none: the board has none */
	uint64_t timeout_ms;        /* what it is set to: no more than the hardware can do */
};

struct board {
	slice root; /* before each path; empty: this machine */
	slice name; /* the folder's: "raspberry-pi-4" */
	slice title;
	unsigned fit;  /* board_fits() */
	slice matched; /* by what it was recognised, for people; empty: its name was said, or it is the one for all others */
	slice model;   /* as the machine calls itself; empty: it does not say */
	slice identity;     /* this one box; empty: nothing that is real */
	slice identity_way; /* by what: "device-tree-serial"; empty: none */
	const struct board_serial *serial;
	unsigned nserial;
	struct board_light lights[BOARD_ROLES];
	struct board_watchdog watchdog;
	uint64_t
	        memory_bytes; /* what the machine has, or what the control group leaves of it; 0: not known */
	const struct config
	        *tree; /* the file; its `gateway` and `audit` are defaults of the configuration's */
};

/* How well the board of this file, which was checked against settings_board, fits the machine; 0: it does not. `by`: what fits
 * best, in the arena. */
unsigned board_fits(struct arena *, const struct config *tree, const struct machine *, slice *by);
/* Fills in what the file says, and the machine's model. The tree and the machine are borrowed for as long as the board lives. false:
 * error says what is wrong in the file, and where. */
bool board_take(struct arena *, slice name, const struct config *tree, const struct machine *,
        struct board *, struct error *);
/* Fills in what only the one that is chosen is asked for: its identity and its memory. */
void board_look(struct arena *, struct board *);

/* "running", "link", "fault". */
const char *board_role_name(enum board_role);
/* The port of this name, or NULL. */
const struct board_serial *board_serial_find(const struct board *, slice name);
/* The path of a device, or of a file in /sys, below the root. false: too long. */
bool board_path(const struct board *, const char *path, char below[BOARD_PATH_BYTES]);
/* The first of the devices that is there now, below the root. false: none is; `below` is then the first one's path, or the name
 * of what it would hang on. A node of /dev/ttyS that no hardware is behind is not there. */
bool board_device(const struct board *, const struct board_names *, char below[BOARD_PATH_BYTES]);
/* The folder of the first LED of this role that is there now: ROOT/sys/class/leds/NAME. false: there is none. */
bool board_led(const struct board *, enum board_role, char below[BOARD_PATH_BYTES]);

#endif
