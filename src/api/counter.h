/* Counters of what happened at the edges, one row a listener and one a backend. The core adds the replies by
 * status (struct adapter in api/adapter.h); what never became a request is counted by whoever saw it. Core thread. */
#ifndef API_COUNTER_H
#define API_COUNTER_H

#include <stdint.h>

enum counter {
	COUNTER_CONNECTIONS, /* accepted, or opened towards a target */
	COUNTER_REFUSED,     /* connections turned away: at the limit, or a failed handshake */
	COUNTER_MESSAGES,    /* requests submitted, or attempts made */
	COUNTER_MALFORMED,   /* bytes that are no message of the protocol */
	COUNTER_INCOMPLETE,  /* messages of several parts that never became whole */
	COUNTER_EXPIRED,     /* a deadline passed: handshake, header, login, answer */
	COUNTER_FAILED,      /* ended by an error of the transport */
	COUNTER_UNASKED, /* replies that nobody waits for, or not any more: late, second and forged ones */
	COUNTER_SKIPPED, /* times that a device was not polled, since the request before was not over */
	COUNTER_DROPPED, /* datagrams that came faster than they could be handed on, or are too long to leave */
	COUNTER_LAGGED, /* times that a follower could not take a value, and was left behind */
	COUNTER_BYTES_IN,
	COUNTER_BYTES_OUT,
	COUNTER_COUNT
};

struct counters {
	uint64_t at[COUNTER_COUNT];
};

/* "malformed" */
const char *counter_name(enum counter);

#endif
