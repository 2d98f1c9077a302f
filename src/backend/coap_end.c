#include "backend/coap_end.h"

enum status coap_end_status(enum coap_end end, const char **why)
{
	static const struct {
		enum status status;
		const char *why;
	} ends[] = {
		[COAP_END_ANSWER] = { STATUS_INTERNAL, NULL },
		[COAP_END_RESET] = { STATUS_BAD_BACKEND, "the device rejected the message" },
		[COAP_END_MALFORMED] = { STATUS_BAD_BACKEND, "the device's answer cannot be used" },
		[COAP_END_TOO_LARGE] = { STATUS_BAD_BACKEND, "the device's answer is too large" },
		[COAP_END_NO_ROOM] = { STATUS_TOO_LARGE,
		        "the request has no room in CoAP messages" },
		[COAP_END_NO_ADDRESS] = { STATUS_UNAVAILABLE, "the device's address is not known" },
		[COAP_END_UNREACHABLE] = { STATUS_UNAVAILABLE, "the device cannot be reached" },
		[COAP_END_SILENT] = { STATUS_TIMEOUT, "the device gives no sign of life" },
		[COAP_END_REFUSED] = { STATUS_BAD_BACKEND, "the device refused a secure session" },
		[COAP_END_NO_SESSION] = { STATUS_TIMEOUT,
		        "no secure session with the device came about in time" },
		[COAP_END_BROKEN] = { STATUS_BAD_BACKEND,
		        "the device went away before it answered" },
		[COAP_END_DEADLINE] = { STATUS_TIMEOUT, "the device did not answer in time" },
		[COAP_END_QUEUED] = { STATUS_TIMEOUT, "the device was busy with earlier requests" },
		[COAP_END_BUSY] = { STATUS_UNAVAILABLE, "too many requests wait for the device" },
		[COAP_END_ABORTED] = { STATUS_CANCELLED, "given up" },
	};
	*why = ends[end].why;
	return ends[end].status;
}
