/* command: a message for a device that is connected to one of our listeners (or that hears a joined broker).
 *
 * A backend makes it and hands it to the listener's adapter (adapter_ops.command); the adapter says once how it ended,
 * by done(), which may come from inside command(): what done() starts is deferred. All memory is the exchange's;
 * it is the adapter's to look at until done(). Core thread. */
#ifndef API_COMMAND_H
#define API_COMMAND_H

#include "api/message.h"
#include "base/arena.h"
#include "base/list.h"

struct adapter;

struct command {
	slice device; /* the identity of the device that it is for; a session of any other never gets it */
	/* Also known by the name that it only claims (an MQTT client id), where the session proved no identity. */
	bool unproven_too;
	const struct message *message; /* method, path ("/valve/valve-3"), fields, media, body */
	bool wants_reply;              /* else it is done when the device has acknowledged it */
	uint64_t deadline_ms;          /* on loop_now_ms(): done() with STATUS_TIMEOUT */
	uint64_t expires_in_s; /* for protocols that can say it to the device; 0: not said */
	struct arena *arena;   /* for `reply` and `why` */
	void (*done)(struct command *, enum status);
	void *owner; /* the backend's own */

	/* The adapter's to fill in before done(). */
	struct message reply;
	slice why;
	bool sent; /* bytes have left */
	bool acknowledged; /* the device's own protocol said that it has them, whatever became of the reply */
	bool away; /* with STATUS_UNAVAILABLE: the device is not there, nothing was sent */

	struct list link; /* the adapter's own */
	void *state;      /* the adapter's own */
};

/* An adapter tells that this device can take commands (again), or (empty) that any of its devices can: what waits for it
 * is delivered, later and never from inside the call. */
void command_device_returned(struct adapter *, slice device);
/* May a command for this device ever come by this listener to a path that `pattern` takes? The pattern is a path with
 * "+" for any one segment and "#" at the end for all below, as METHOD_SUBSCRIBE's. So that a subscription to what can
 * never come is refused. It may say yes too often, never no. */
bool command_may_come(const struct adapter *, slice pattern, slice device);

#endif
