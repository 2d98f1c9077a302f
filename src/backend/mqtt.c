/* mqtt: calls a device that is connected to one of our MQTT listeners, or that hears a broker which one has joined.
 *
 * The call's path is the topic, its body the payload (device_call.c).
 *
 * WHO THE DEVICE IS: a session takes commands for the identity that it has proved (known_by: identity). known_by:
 * client-id also believes the MQTT client id of a session that has proved none: whoever can connect can then take the
 * commands of any device by calling itself so, and answer them. */
#include "backend/device_call.h"

static struct backend *open_mqtt(struct loop *loop, const struct config *config,
        struct target *targets, unsigned ntargets, struct error *error)
{
	struct backend *backend = device_backend_open(loop, config, targets, ntargets, error);
	struct device_backend *device = (struct device_backend *)backend;
	if (device)
		device->unproven_too = slice_is(config_text(config, "known_by"), "client-id");
	return backend;
}

static const char *const names[] = { "identity", "client-id", NULL };

static const struct setting settings[] = {
	BACKEND_DEVICE_SETTINGS,
	DEVICE_BACKEND_SETTINGS(
	        "the listener that its devices are connected to, or the joined broker",
	        "none: answered once the device has acknowledged the command"),
	{ .key = "known_by",
	        .type = SETTING_TEXT,
	        .fallback = "identity",
	        .choices = names,
	        .help = "client-id: a session that proves no identity is believed its client id" },
	{ .key = NULL },
};

const struct backend_ops backend_mqtt = {
	.name = "mqtt",
	.settings = settings,
	.takes = BACKEND_TAKES_BYTES,
	.calls_devices = true,
	.open = open_mqtt,
	.bind = device_backend_bind,
	.send = device_backend_send,
	.abort = device_backend_abort,
	.close = device_backend_close,
};
