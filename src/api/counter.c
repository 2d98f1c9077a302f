#include "api/counter.h"

static const char *const names[COUNTER_COUNT] = {
	[COUNTER_CONNECTIONS] = "connections",
	[COUNTER_REFUSED] = "refused",
	[COUNTER_MESSAGES] = "messages",
	[COUNTER_MALFORMED] = "malformed",
	[COUNTER_INCOMPLETE] = "incomplete",
	[COUNTER_EXPIRED] = "expired",
	[COUNTER_FAILED] = "failed",
	[COUNTER_UNASKED] = "unasked",
	[COUNTER_SKIPPED] = "skipped",
	[COUNTER_DROPPED] = "dropped",
	[COUNTER_LAGGED] = "lagged",
	[COUNTER_BYTES_IN] = "bytes_in",
	[COUNTER_BYTES_OUT] = "bytes_out",
};

const char *counter_name(enum counter counter)
{
	return (unsigned)counter < COUNTER_COUNT ? names[counter] : "?";
}
