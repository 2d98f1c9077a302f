#include "api/backend.h"

const struct setting backend_mailbox_settings[] = {
	{ .key = "messages",
	        .type = SETTING_NUMBER,
	        .fallback = "16",
	        .help = "the most that wait for one device" },
	{ .key = "expire",
	        .type = SETTING_DURATION,
	        .fallback = "1h",
	        .help = "how long one waits" },
	{ .key = "memory",
	        .type = SETTING_SIZE,
	        .fallback = "4MiB",
	        .help = "what the commands for all devices of this backend may hold together" },
	{ .key = NULL },
};
