#include "board/settings.h"

#include <stddef.h>

static const struct setting settings_dmi[] = {
	{ .key = "vendor", .type = SETTING_TEXT, .help = "of sys_vendor; * stands for anything" },
	{ .key = "product", .type = SETTING_TEXT, .help = "of product_name" },
	{ .key = "cpu",
	        .type = SETTING_TEXT,
	        .help = "x86, aarch64: what cpu/modalias in /sys/devices/system begins with" },
	{ .key = NULL },
};

static const struct setting settings_match[] = {
	{ .key = "compatible",
	        .type = SETTING_TEXTS,
	        .help = "one of them is in the device tree's list" },
	{ .key = "dmi",
	        .type = SETTING_TREES,
	        .inner = settings_dmi,
	        .help = "list of vendor and product, as DMI has them, and cpu" },
	{ .key = NULL },
};

static const char *const levels[] = { "high", "low", NULL };

static const struct setting settings_serial[] = {
	{ .key = "name",
	        .type = SETTING_TEXT,
	        .required = true,
	        .help = "such as rs485-1: small letters, digits and -" },
	{ .key = "note", .type = SETTING_TEXT, .help = "where it is, for people" },
	{ .key = "device",
	        .type = SETTING_TEXT_OR_TEXTS,
	        .required = true,
	        .help = "a path in /dev, or the name of what it hangs on in /sys, such as "
	                "fe201400.serial; the first that is there" },
	{ .key = "rs485",
	        .type = SETTING_SWITCH,
	        .help = "the driver switches the line's direction" },
	{ .key = "rts",
	        .type = SETTING_TEXT,
	        .choices = levels,
	        .fallback = "high",
	        .help = "RTS while something is sent" },
	{ .key = "rts_before",
	        .type = SETTING_DURATION,
	        .fallback = "0ms",
	        .help = "RTS is set so long before" },
	{ .key = "rts_after",
	        .type = SETTING_DURATION,
	        .fallback = "0ms",
	        .help = "and so long after" },
	{ .key = NULL },
};

static const struct setting settings_light[] = {
	{ .key = "led",
	        .type = SETTING_TEXT_OR_TEXTS,
	        .required = true,
	        .help = "its name in /sys/class/leds; the first that is there" },
	{ .key = "inverted", .type = SETTING_SWITCH, .help = "it is on at brightness 0" },
	{ .key = NULL },
};

static const struct setting settings_leds[] = {
	{ .key = "running",
	        .type = SETTING_TREE,
	        .inner = settings_light,
	        .help = "on while the gateway serves" },
	{ .key = "link",
	        .type = SETTING_TREE,
	        .inner = settings_light,
	        .help = "on while the services behind can be reached" },
	{ .key = "fault",
	        .type = SETTING_TREE,
	        .inner = settings_light,
	        .help = "on while something needs a person" },
	{ .key = NULL },
};

static const struct setting settings_watchdog[] = {
	{ .key = "device",
	        .type = SETTING_TEXT_OR_TEXTS,
	        .required = true,
	        .help = "such as /dev/watchdog0; the first that is there" },
	{ .key = "timeout",
	        .type = SETTING_DURATION,
	        .required = true,
	        .help = "what it is set to; the hardware must be able to do that" },
	{ .key = NULL },
};

const struct setting settings_board[] = {
	{ .key = "title", .type = SETTING_TEXT, .required = true, .help = "its name, for people" },
	{ .key = "match",
	        .type = SETTING_TREE,
	        .inner = settings_match,
	        .help = "by what it is recognised; without it, only by its name" },
	{ .key = "identity",
	        .type = SETTING_TEXTS,
	        .help = "ways to tell this one box from others, in the order in which they are "
	                "tried" },
	{ .key = "serial",
	        .type = SETTING_TREES,
	        .inner = settings_serial,
	        .help = "list of the serial ports" },
	{ .key = "leds", .type = SETTING_TREE, .inner = settings_leds, .help = "the lights" },
	{ .key = "watchdog",
	        .type = SETTING_TREE,
	        .inner = settings_watchdog,
	        .help = "the hardware's watchdog" },
	{ .key = NULL },
};
