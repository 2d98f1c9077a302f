/* place: where a stream leads, as it stands in the configuration.
 *
 *     tcp://HOST:PORT    tls://HOST:PORT    udp://HOST:PORT    dtls://HOST:PORT
 *     unix:///PATH?mode=660
 *     serial:///PATH?baud=9600&bits=8&parity=none&stop=1&rs485=off
 *     serial://NAME?baud=9600&…    a port of the board's
 *
 * Pure. */
#ifndef NET_PLACE_H
#define NET_PLACE_H

#include "base/slice.h"
#include "net/serial.h"

enum place_kind { PLACE_TCP, PLACE_TLS, PLACE_UDP, PLACE_DTLS, PLACE_LOCAL, PLACE_SERIAL };

enum {
	PLACE_HOST_BYTES = 256,
	PLACE_ADDRESS_BYTES = PLACE_HOST_BYTES + 8,
	PLACE_PATH_BYTES = 128,
	PLACE_NAME_BYTES = 64,
	PLACE_WHY_BYTES = 200
};

struct place {
	enum place_kind kind;
	char host[PLACE_HOST_BYTES]; /* of the first four; without brackets */
	unsigned port;
	char address[PLACE_ADDRESS_BYTES]; /* the same as it stands in the text: "[::1]:502" */
	char path[PLACE_PATH_BYTES];       /* of the last two; empty: a serial port has a name */
	char name[PLACE_NAME_BYTES];       /* which only the board knows; empty: it has a path */
	unsigned mode;                     /* of a socket that is made; 0: none is named */
	struct serial_settings serial;
	unsigned said; /* parameters that stand in the text; place.c's */
};

/* Without a scheme it is TCP's. false: `why` says what is wrong, and what would be right. */
bool place_parse(slice text, struct place *, char why[PLACE_WHY_BYTES]);

/* Of a serial port with a name: what the board says of it holds, but for what stands in the text. false: the two do not go
 * together; `why`. */
bool place_take_port(
        struct place *, const struct serial_settings *board, char why[PLACE_WHY_BYTES]);

#endif
