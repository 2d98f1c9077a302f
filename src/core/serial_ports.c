/* Serial ports that the configuration calls by the board's names (api/serial_port.h).
 *
 * How a port is wired is asked once, when its listener is opened; where it is, each time that it is opened, since of several
 * devices another may be there by then. The listener outlives the configuration that it was opened with, so the board is not
 * kept: it is the one in force. */
#include "api/serial_port.h"

#include <stdio.h>

#include "base/text.h"
#include "board/board.h"
#include "core/internal.h"

enum { NAMES_BYTES = 160 };

/* "uart1, rs485-1"; as many as there is room for. */
static void list_ports(const struct board *board, char names[NAMES_BYTES])
{
	size_t n = 0;
	names[0] = '\0';
	for (unsigned i = 0; i < board->nserial; i++) {
		int more = snprintf(names + n, NAMES_BYTES - n, "%s%.*s", n ? ", " : "",
		        SLICE_ARG(board->serial[i].name));
		if (more < 0 || (size_t)more >= NAMES_BYTES - n)
			break;
		n += (size_t)more;
	}
	names[n] = '\0';
}

bool config_serial_port(
        const struct config *at, slice name, struct serial_port *port, struct error *error)
{
	const struct board *board = at->file ? at->file->board : NULL;
	const struct board_serial *found = board_serial_find(board, name);
	char names[NAMES_BYTES];
	if (found) {
		*port = (struct serial_port){ .rs485 = found->rs485,
			.rts_low = found->rts_low,
			.rts_before_ms = found->rts_before_ms,
			.rts_after_ms = found->rts_after_ms };
		return true;
	}
	if (!board)
		return config_error(at, error,
		        "serial://%.*s is a board's name for a port, and no board is in force "
		        "(gateway.board); say its path, as in serial:///dev/ttyS1",
		        SLICE_ARG(name));
	list_ports(board, names);
	return config_error(at, error, "the board %.*s has no serial port %.*s; it has %s",
	        SLICE_ARG(board->name), SLICE_ARG(name), *names ? names : "none");
}

bool adapter_serial_device(const struct adapter *adapter, slice name, char *path, size_t size)
{
	const struct board *board = adapter->core->current->board;
	const struct board_serial *port = board_serial_find(board, name);
	char below[BOARD_PATH_BYTES];
	if (port)
		(void)board_device(board, &port->devices, below);
	(void)snprintf(path, size, "%s", port ? below : "the board has no port of this name");
	return port != NULL;
}
