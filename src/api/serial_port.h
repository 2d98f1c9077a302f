/* serial_port: a serial port by the name that the board has for it, for whoever opens one. What that comes to is known to the core
 * alone, which has the board in force. Core thread. */
#ifndef API_SERIAL_PORT_H
#define API_SERIAL_PORT_H

#include "api/adapter.h"

/* As the board is wired; struct serial_settings of net/serial.h has the same. */
struct serial_port {
	bool rs485, rts_low;
	unsigned rts_before_ms, rts_after_ms;
};

/* While a configuration is loaded. false: the board has no such port, or there is no board; error lists those that there are, with the place of `at`. */
bool config_serial_port(const struct config *at, slice name, struct serial_port *, struct error *);

/* Where it is now, of the board in force: the first of its devices that is there, else the first of all. Looks into /dev and /sys: each time that the port is opened.
 * false: there is no such port (any more); `path` says so, for a person. */
bool adapter_serial_device(const struct adapter *, slice name, char *path, size_t size);

#endif
