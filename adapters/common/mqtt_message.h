/* mqtt_message: what an MQTT message means inside, and how its answer is worded; for the listener and for joined brokers
 * alike.
 *
 * The topic is the path, user properties are fields; `method` among them says what a publication asks for, which is
 * POST without it. Pure: all slices are the request's (or outlive it) already. What is wrong with a message refuses its
 * request, which is submitted all the same. */
#ifndef COMMON_MQTT_MESSAGE_H
#define COMMON_MQTT_MESSAGE_H

#include "api/command.h"
#include "api/request.h"

enum { MQTT_FIELDS_MAX = 32 }; /* user properties of one PUBLISH */

/* `text`: the payload is said to be UTF-8. */
void mqtt_message_take(struct request *, slice topic, slice payload, slice content_type, bool text);
/* The `n` user properties, which next() gives one by one until it returns false. */
void mqtt_message_take_properties(
        struct request *, unsigned n, bool (*next)(void *at, slice *name, slice *value), void *at);

/* A device's reply to a command, copied to the command's memory: its user properties are fields, but for `status`. How
 * the command has ended by it. */
enum status mqtt_message_take_reply(struct command *, slice payload, slice content_type, unsigned n,
        bool (*next)(void *at, slice *name, slice *value), void *at);

/* What of the caller's fields goes to the device as user properties, in the command's memory, with room for one more behind
 * them: what its resource is asked under, the name of the command, and what callers and devices agree on themselves
 * (x-…). NULL: no memory for them, and *n is 0. */
struct field *mqtt_message_device_fields(const struct command *, unsigned *n);

/* "why (request 0123456789abcdef)", for a person, in the request's arena. */
slice mqtt_message_why(struct request *);

#endif
