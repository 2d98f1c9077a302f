/* condition: how the gateway is, in as few words as lights have, for whoever shows it to people: the board's LEDs.
 *
 * The core knows nothing of lights; it tells when one of these has changed. Core thread. */
#ifndef CORE_CONDITION_H
#define CORE_CONDITION_H

#include <stdbool.h>
#include <stddef.h>

struct core;

/* What a person has to see to. Bits. */
enum fault {
	FAULT_LISTENER = 1 << 0,      /* one does not listen, or its port is not there */
	FAULT_CONFIGURATION = 1 << 1, /* the last reload was refused */
	FAULT_STATE = 1 << 2,         /* what is to be kept cannot be written */
	FAULT_AUDIT = 1 << 3,         /* nor what was done */
	FAULT_WATCHDOG = 1 << 4,      /* the hardware watchdog is wanted and cannot be had */
};

struct condition {
	bool running; /* ready, and not stopping */
	/* Whoever the gateway calls by itself (services behind, brokers that it has joined) could be reached when they were
	 * called last, or were not called yet. Of several targets of a backend one is enough. Devices do not count: one that is away is no
	 * matter of the box's. */
	bool linked;
	unsigned faults; /* enum fault */
};

/* Tells the condition at the end of each turn in which it has changed, and of this one; never from inside a call to the core. One at a
 * time; NULL: nobody any more. */
void core_watch_condition(
        struct core *, void (*changed)(void *arg, const struct condition *), void *arg);
/* Something that the layer above knows to be wrong, or not any more. */
void core_set_fault(struct core *, enum fault, bool wrong);

/* For people: "a listener is down; the last configuration was refused". */
enum { CONDITION_TEXT_BYTES = 256 };
void condition_faults_text(unsigned faults, char text[CONDITION_TEXT_BYTES]);

#endif
