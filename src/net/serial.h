/* serial: a port with a line behind it, such as /dev/ttyS1 or a USB adapter.
 *
 * Core thread; nothing blocks. */
#ifndef NET_SERIAL_H
#define NET_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

enum serial_parity { SERIAL_PARITY_NONE, SERIAL_PARITY_EVEN, SERIAL_PARITY_ODD };

struct serial_settings {
	unsigned baud;
	unsigned bits; /* 7 or 8 */
	unsigned stop; /* 1 or 2 */
	enum serial_parity parity;
	/* The driver switches the line's direction: RTS is set while something is sent, and so long before and after. */
	bool rs485;
	unsigned rts_before_ms, rts_after_ms;
};

enum { SERIAL_BAUD_MIN = 50, SERIAL_BAUD_MAX = 4000000, SERIAL_RTS_DELAY_MAX_MS = 100 };

#endif
