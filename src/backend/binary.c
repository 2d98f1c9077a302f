/* binary: calls a device that speaks its own bytes, over the raw binary listener that it is connected to or that dials it.
 *
 * The call's value (its body, in any notation; mostly made by `call.with`) becomes a frame by the `call:` of the
 * listener's description, and what the device answers a value again (docs/reference/frame-calls.md). Its method and
 * path mean nothing to the device. */
#include "backend/device_call.h"

static const struct setting settings[] = {
	BACKEND_DEVICE_SETTINGS,
	DEVICE_BACKEND_SETTINGS(
	        "the binary listener that its devices are connected to, or that dials them",
	        "none: answered once the frame has left"),
	{ .key = NULL },
};

const struct backend_ops backend_binary = {
	.name = "binary",
	.settings = settings,
	.takes = BACKEND_TAKES_BYTES,
	.calls_devices = true,
	.open = device_backend_open,
	.bind = device_backend_bind,
	.send = device_backend_send,
	.abort = device_backend_abort,
	.close = device_backend_close,
};
