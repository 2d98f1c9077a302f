/* The functions of every backend that calls a device over one of our listeners: mqtt.c, binary.c. What tells them apart
 * stands in their tables of settings. Core thread. */
#ifndef BACKEND_DEVICE_CALL_H
#define BACKEND_DEVICE_CALL_H

#include "api/backend.h"

struct device_backend {
	struct backend backend;
	struct loop *loop;
	char *listener;
	bool wants_reply;
	bool unproven_too; /* as in struct command; false unless the backend sets it after open */
};

extern const char *const device_backend_replies[];

/* Who knows its devices, and whether they answer: beside BACKEND_DEVICE_SETTINGS in its table of settings. */
#define DEVICE_BACKEND_SETTINGS(LISTENER_HELP, NONE_HELP)                                          \
	{ .key = "listener", .type = SETTING_LISTENER, .required = true, .help = LISTENER_HELP },  \
	{                                                                                          \
		.key = "reply", .type = SETTING_TEXT, .fallback = "expected",                      \
		.choices = device_backend_replies, .help = NONE_HELP                               \
	}

/* As in api/backend.h. */
struct backend *device_backend_open(struct loop *, const struct config *, struct target *targets,
        unsigned ntargets, struct error *);
bool device_backend_bind(
        struct backend *, const struct endpoint *, const void **bound, struct error *);
void device_backend_send(struct backend *, struct exchange *);
void device_backend_abort(struct backend *, struct exchange *);
void device_backend_close(struct backend *);

#endif
