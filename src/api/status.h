/* What a message asks for, and how it ended: the words that all protocols are translated into. */
#ifndef API_STATUS_H
#define API_STATUS_H

#include "base/slice.h"

enum method {
	METHOD_GET,
	METHOD_POST,
	METHOD_PUT,
	METHOD_PATCH,
	METHOD_DELETE,
	METHOD_HEAD,
	METHOD_OPTIONS,
	METHOD_SUBSCRIBE,
	METHOD_CONNECT, /* a session opens: the caller is authenticated, nothing is delivered */
	METHOD_COUNT
};

/* How a request ended. Adapters say it in their protocol's words, by one switch without default. */
enum status {
	STATUS_NONE, /* not decided yet */
	STATUS_OK,
	STATUS_CREATED,
	STATUS_CHANGED,
	STATUS_DELETED,
	STATUS_ACCEPTED, /* taken, effect unknown: it is on disk for later, or a device has it and will not say */
	STATUS_NOT_MODIFIED,
	STATUS_MALFORMED,
	STATUS_UNAUTHENTICATED,
	STATUS_FORBIDDEN,
	STATUS_NOT_FOUND,
	STATUS_METHOD_NOT_ALLOWED,
	STATUS_NOT_ACCEPTABLE,
	STATUS_CONFLICT,
	STATUS_TOO_LARGE,
	STATUS_UNSUPPORTED_MEDIA,
	STATUS_INVALID, /* well-formed, but not what the endpoint or the backend takes */
	STATUS_TOO_MANY,
	STATUS_INTERNAL,
	STATUS_BAD_BACKEND, /* the backend refused the connection, reset it or answered garbage */
	STATUS_UNAVAILABLE,
	STATUS_TIMEOUT, /* the backend did not answer in time */
	STATUS_STORE_FULL,
	STATUS_CANCELLED,
	STATUS_COUNT
};

/* "GET"; for logs, and for protocols that use HTTP's words. */
const char *method_name(enum method);
/* By its upper-case name; false: unknown. */
bool method_parse(slice, enum method *);
/* "not-found": for logs and counters. */
const char *status_name(enum status);
/* STATUS_OK to STATUS_NOT_MODIFIED. */
bool status_is_success(enum status);
/* It may be otherwise in a moment, and says nothing of the caller: too many, not there, too slow, broken. */
bool status_is_passing(enum status);
#endif
