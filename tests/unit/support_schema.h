/* What the tests of the shipped descriptions share: frames, and what the gateway makes of them.
 *
 * An input is hexadecimal digits; or, where it begins with "$" or "!", an NMEA sentence that is given its checksum and
 * line end; or the text behind "text:". Single quotes in what is expected stand for double ones. Several messages
 * stand one after the other; a login frame shows as login(DEVICE), a heartbeat as heartbeat, and what is refused by the
 * reason. */
#ifndef UNIT_SUPPORT_SCHEMA_H
#define UNIT_SUPPORT_SCHEMA_H

#include "support.h"

#include "codec/frame/frame.h"

struct example {
	const char *schema; /* "teltonika" */
	const char *key;    /* of the message, or NULL: the whole message */
	const char *input, *expected;
};

/* schemas/frames/NAME.ksy; fails the test when it does not load. */
struct frame_schema *schema_shipped(const char *name);
/* Fails the test when an example gives something else, after all were tried. */
void schema_check(const struct example *, size_t n);
#define SCHEMA_CHECK(examples) schema_check((examples), sizeof(examples) / sizeof *(examples))

#endif
