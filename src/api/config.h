/* The configuration as a plug sees it: its own part of the tree, read by key.
 *
 * The tree was checked against the plug's settings table before open() is called, so the getters cannot
 * fail: each returns what the file says, or the table's fallback, or zero. The tree is borrowed for the time
 * of open() (and bind()); what outlives the call is copied. Core thread. */
#ifndef API_CONFIG_H
#define API_CONFIG_H

#include "api/plugin.h"
#include "base/arena.h"
#include "base/slice.h"

struct board;

enum config_kind { CONFIG_NULL, CONFIG_SCALAR, CONFIG_LIST, CONFIG_MAP };

/* One node of the file. Members of a list or map are a chain. Every scalar is kept as its text (environment
 * and file references unresolved); its type is its setting's. */
struct config {
	enum config_kind kind;
	slice text;                    /* CONFIG_SCALAR; NUL-terminated */
	bool quoted;                   /* in the file: so that "~" and "true" in quotes stay text */
	slice key;                     /* in a map; NUL-terminated */
	unsigned line, column;         /* of the value, from 1 */
	unsigned key_line, key_column; /* of the key */
	unsigned count;
	const struct config *parent;
	struct config *first, *next;
	/* CONFIG_MAP: the tables it was checked against, what all of its kind have and its own; or NULL. */
	const struct setting *common, *own;
	const struct config_file *file;
};

/* Where relative paths start, and the file's name for messages. */
struct config_file {
	slice path;
	slice folder;
	const struct board
	        *board; /* in force with it; the core's (api/serial_port.h); NULL: none */
};

/* The member of this name as it stands in the file, or NULL (also for config NULL). */
const struct config *config_get(const struct config *, const char *key);

/* Typed getters: the file's value, else the fallback in the node's settings table, else zero/empty. Texts
 * point into the tree. */
slice config_text(const struct config *, const char *key);
uint64_t config_number(const struct config *, const char *key);
/* Bytes of memory: what this machine cannot address is SIZE_MAX. */
size_t config_size(const struct config *, const char *key);
uint64_t config_duration_ms(const struct config *, const char *key);
bool config_switch(const struct config *, const char *key);
/* The path with the configuration file's folder before it when it is relative; NUL-terminated, in `arena`.
 * { NULL, 0 }: not set, or over budget. */
slice config_file_path(struct arena *, const struct config *, const char *key);
/* The same for a path that stands in some text of the file's ("file:PATH"). */
slice config_path(struct arena *, const struct config *, slice path);
/* The secret itself, in `arena`; the caller wipes it when it has no more use for it. false: the variable or
 * the file is not there; `error` says so without showing anything. Not set: true and { NULL, 0 }. */
bool config_secret(
        struct arena *, const struct config *, const char *key, slice *secret, struct error *);

/* The same for one scalar node, for plugs that read a SETTING_TREE themselves. false: not of that form. */
bool config_parse_number(slice text, uint64_t *);
bool config_parse_size(slice text, uint64_t *bytes);
bool config_parse_duration(slice text, uint64_t *ms);
bool config_parse_switch(slice text, bool *);

/* The entry for `key` in a table (NULL: none), or NULL. */
const struct setting *setting_find(const struct setting *table, slice key);
/* Deep equality of two parts of trees: kinds, keys in order, texts. */
bool config_equal(const struct config *, const struct config *);

/* error_set() with the node's place. Always false. */
bool config_error(const struct config *, struct error *, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* Over the members of a list or map (config may be NULL). */
#define CONFIG_EACH(tree, at)                                                                      \
	for (const struct config *at = (tree) ? (tree)->first : NULL; at; at = at->next)

#endif
