/* serial: a port with a line behind it, such as /dev/ttyS1 or a USB adapter, as the descriptor of a stream (stream_open_serial()).
 *
 * Core thread; nothing blocks. */
#ifndef NET_SERIAL_H
#define NET_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum serial_parity { SERIAL_PARITY_NONE, SERIAL_PARITY_EVEN, SERIAL_PARITY_ODD };

struct serial_settings {
	unsigned baud;
	unsigned bits; /* 7 or 8 */
	unsigned stop; /* 1 or 2 */
	enum serial_parity parity;
	/* The driver switches the line's direction: RTS is set while something is sent, and so long before and after. */
	bool rs485;
	bool rs485_off; /* it does not, whatever it was set to before; neither of the two: it stays as it is */
	bool rts_low; /* the other way round: RTS is cleared while something is sent */
	unsigned rts_before_ms, rts_after_ms;
};

enum { SERIAL_BAUD_MIN = 50, SERIAL_BAUD_MAX = 4000000, SERIAL_RTS_DELAY_MAX_MS = 100 };

/* Opens the port for this process alone, and sets it up: raw, so that every byte arrives as it is; bytes with a wrong parity or
 * without a stop bit, and breaks, are marked (SERIAL_MARK). -1: `why` says what is wrong, and what to do about it. */
int serial_open(const char *path, const struct serial_settings *, char *why, size_t why_size);
/* Before it is closed: what was not sent yet is not sent any more, so that close() need not wait for it, and others may open it
 * again. Also of what is no serial port. */
void serial_release(int fd);
/* How long what waits to be sent takes, at this rate. */
unsigned serial_unsent_ms(int fd);

/* How the kernel marks a byte that was garbled: MARK 0 byte, a break MARK 0 0; one that is MARK itself comes as MARK MARK. */
enum { SERIAL_MARK = 0xff };

/* Between two bytes: in none of these; behind a mark; behind MARK 0. */
enum serial_state { SERIAL_PLAIN, SERIAL_MARKED, SERIAL_GARBLED };

/* Takes marks out of the bytes, in place, up to a garbled one or the end. Returns how many of them were used; *n are left, from
 * the first on. Pure. */
size_t serial_unmark(enum serial_state *, char *bytes, size_t size, size_t *n, bool *garbled);

/* serial_rate.c: any rate, also those that have no name in POSIX. 0, or -1: errno. */
int serial_set_rate(int fd, unsigned baud);
unsigned serial_rate(int fd); /* 0: not known */

#endif
