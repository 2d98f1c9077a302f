#include "core/settings.h"

#include <stddef.h>

const struct setting settings_root[] = {
	{ .key = "gateway",
	        .type = SETTING_TREE,
	        .inner = settings_gateway,
	        .help = "the gateway itself" },
	{ .key = "listeners", .type = SETTING_TREE, .help = "list: the ways in" },
	{ .key = "auth", .type = SETTING_TREE, .help = "map: named ways to authenticate" },
	{ .key = "roles", .type = SETTING_TREE, .help = "map: what callers may do" },
	{ .key = "clients", .type = SETTING_TREE, .help = "list: the callers known here" },
	{ .key = "backends", .type = SETTING_TREE, .help = "map: the services behind" },
	{ .key = "endpoints",
	        .type = SETTING_TREE,
	        .required = true,
	        .help = "list: the paths served" },
	{ .key = NULL },
};

static const struct setting settings_limits[] = {
	{ .key = "body",
	        .type = SETTING_SIZE,
	        .fallback = "1MiB",
	        .help = "the largest body taken" },
	{ .key = "connections",
	        .type = SETTING_NUMBER,
	        .fallback = "20000",
	        .help = "connections on each listener" },
	{ .key = "memory",
	        .type = SETTING_SIZE,
	        .fallback = "64MiB",
	        .help = "what all requests under way may hold" },
	{ .key = "values",
	        .type = SETTING_NUMBER,
	        .fallback = "10000",
	        .help = "last values kept; the one not touched for longest gives way" },
	{ .key = "values_memory",
	        .type = SETTING_SIZE,
	        .fallback = "16MiB",
	        .help = "what all last values may hold" },
	{ .key = "subscriptions",
	        .type = SETTING_NUMBER,
	        .fallback = "20000",
	        .help = "how many may follow values at a time" },
	{ .key = NULL },
};

const struct setting settings_gateway[] = {
	{ .key = "name",
	        .type = SETTING_TEXT,
	        .fallback = "fairlead",
	        .help = "this box, in logs" },
	{ .key = "state",
	        .type = SETTING_TEXT,
	        .help = "the folder of what outlives the process; made at the first start" },
	{ .key = "save_within",
	        .type = SETTING_DURATION,
	        .fallback = "100ms",
	        .help = "how long a value that nobody waits for may be in memory only" },
	{ .key = "limits",
	        .type = SETTING_TREE,
	        .inner = settings_limits,
	        .help = "limits of the whole gateway" },
	{ .key = NULL },
};

const struct setting settings_listener[] = {
	{ .key = "name",
	        .type = SETTING_TEXT,
	        .required = true,
	        .help = "its name in logs and counters" },
	{ .key = "protocol", .type = SETTING_TEXT, .required = true, .help = "what it speaks" },
	{ .key = NULL },
};

const struct setting settings_auth[] = {
	{ .key = "method",
	        .type = SETTING_TEXT,
	        .required = true,
	        .help = "how callers prove who they are" },
	{ .key = NULL },
};

const struct setting settings_role[] = {
	{ .key = "allow",
	        .type = SETTING_TEXTS,
	        .required = true,
	        .help = "list of METHOD /path; {self} is the caller's own id" },
	{ .key = NULL },
};

const struct setting settings_client[] = {
	{ .key = "id", .type = SETTING_TEXT, .required = true, .help = "who it is" },
	{ .key = "roles", .type = SETTING_TEXTS, .help = "what it may do" },
	{ .key = "plan", .type = SETTING_TEXT, .help = "the name of its plan" },
	{ .key = "disabled", .type = SETTING_SWITCH, .help = "it is let in no more" },
	{ .key = "token",
	        .type = SETTING_SECRET,
	        .help = "its opaque token: env:NAME or file:PATH" },
	{ .key = "psk",
	        .type = SETTING_SECRET,
	        .help = "its pre-shared key, as text or 0x and hexadecimal: env:NAME or "
	                "file:PATH" },
	{ .key = NULL },
};

static const struct setting settings_target[] = {
	{ .key = "url",
	        .type = SETTING_TEXT,
	        .required = true,
	        .help = "such as http://10.0.0.5:9000" },
	{ .key = "weight",
	        .type = SETTING_NUMBER,
	        .fallback = "1",
	        .help = "its share among the targets" },
	{ .key = NULL },
};

const struct setting settings_backend[] = {
	{ .key = "protocol", .type = SETTING_TEXT, .required = true, .help = "what it speaks" },
	{ .key = "targets",
	        .type = SETTING_TREES,
	        .inner = settings_target,
	        .help = "list of url and weight" },
	{ .key = "timeout",
	        .type = SETTING_DURATION,
	        .fallback = "3s",
	        .help = "how long an answer may take" },
	{ .key = "retries",
	        .type = SETTING_NUMBER,
	        .fallback = "1",
	        .help = "further attempts while nothing was sent" },
	{ .key = NULL },
};

static const char *const delivery[] = { "now", NULL };

static const char *const keeping[] = { "last", NULL };

static const struct setting settings_call[] = {
	{ .key = "method", .type = SETTING_TEXT, .help = "default: the request's" },
	{ .key = "path", .type = SETTING_TEXT, .help = "template; default: the request's path" },
	{ .key = "as", .type = SETTING_TEXT, .help = "media type; default: as it came" },
	{ .key = "rpc", .type = SETTING_TEXT, .help = "package.Service/Method" },
	{ .key = "message", .type = SETTING_TEXT, .help = "protobuf message that is sent" },
	{ .key = "reply", .type = SETTING_TEXT, .help = "protobuf message that is answered" },
	{ .key = NULL },
};

const struct setting settings_endpoint[] = {
	{ .key = "name",
	        .type = SETTING_TEXT,
	        .required = true,
	        .help = "its name in logs and counters" },
	{ .key = "path",
	        .type = SETTING_TEXT,
	        .required = true,
	        .help = "such as /ships/sensors/{device}" },
	{ .key = "methods",
	        .type = SETTING_TEXTS,
	        .required = true,
	        .help = "such as [GET, POST]" },
	{ .key = "protocols", .type = SETTING_TEXTS, .help = "default: all" },
	{ .key = "auth",
	        .type = SETTING_TEXTS,
	        .required = true,
	        .help = "ways to authenticate, or [none] when everybody may call" },
	{ .key = "roles",
	        .type = SETTING_TEXTS,
	        .help = "the roles that may call; default: any that allows it" },
	{ .key = "deliver",
	        .type = SETTING_TEXT,
	        .fallback = "now",
	        .choices = delivery,
	        .help = "answered when the backend has answered" },
	{ .key = "to",
	        .type = SETTING_TEXT,
	        .help = "the backend; may be left out with keep: last" },
	{ .key = "keep",
	        .type = SETTING_TEXT,
	        .choices = keeping,
	        .help = "the last value answers GET and can be followed" },
	{ .key = "observe",
	        .type = SETTING_SWITCH,
	        .help = "the backend follows call.path at the device; with keep: last" },
	{ .key = "call",
	        .type = SETTING_TREE,
	        .inner = settings_call,
	        .help = "how the backend is called" },
	{ .key = "resource_type",
	        .type = SETTING_TEXT,
	        .help = "what /.well-known/core says it is (rt); default: its name" },
	{ .key = "operation",
	        .type = SETTING_TEXT,
	        .help = "the operation that stands for this path (SOAP)" },
	{ .key = "media",
	        .type = SETTING_TEXT,
	        .fallback = "application/json",
	        .help = "what a body is when the message does not say" },
	{ .key = "accept",
	        .type = SETTING_TEXTS,
	        .help = "media types taken; default: those that can be translated" },
	{ .key = "body",
	        .type = SETTING_SIZE,
	        .help = "the largest body taken; default: the gateway's" },
	{ .key = NULL },
};
