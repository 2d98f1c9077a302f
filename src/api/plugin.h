/* What every plug has in common: a name, the settings that it reads, open … close.
 *
 * The settings tables are the one source of the configuration's checks, its defaults and the JSON Schema: a key
 * that stands in no table is a mistake in the file. */
#ifndef API_PLUGIN_H
#define API_PLUGIN_H

#include <stdbool.h>

/* Opening, reloading and parsing only: one line for a person, and where. Zero line: no place known. */
struct error {
	char text[256];
	unsigned line, column;
};

/* Fills error->text; always returns false, so that `return error_set(…)` reads well. */
bool error_set(struct error *, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum setting_type {
	SETTING_TEXT,
	SETTING_NUMBER,   /* a whole number */
	SETTING_SIZE,     /* "64KiB", in bytes */
	SETTING_DURATION, /* "250ms", in milliseconds */
	SETTING_SWITCH,   /* true or false */
	SETTING_FILE,     /* a path, relative to the configuration file; must be readable */
	SETTING_SECRET,   /* "env:NAME" or "file:PATH"; never shown */
	SETTING_TEXTS,    /* a list of texts */
	SETTING_LISTENER, /* the name of a listener that takes commands (adapter_ops.command) */
	SETTING_TREE,     /* a map; with no `inner`, a map or list that the plug checks itself */
	SETTING_TREES,    /* a list of maps */
	SETTING_TEXT_OR_TEXTS, /* one text, or a list of them */
	SETTING_RULES          /* a word of `choices`, a map, or a list of those */
};

struct setting {
	const char *key;
	enum setting_type type;
	const char *fallback; /* as it would stand in the file; NULL: none */
	bool required;
	const char *help; /* one line: the schema shows it */
	/* SETTING_TEXT: the only words allowed, NULL-terminated; or NULL. SETTING_RULES has some. */
	const char *const *choices;
	/* SETTING_TREE: the keys inside, NULL: any. SETTING_TREES, SETTING_RULES: the keys inside each. */
	const struct setting *inner;
};
/* A table of settings ends with an entry whose key is NULL. */

#endif
