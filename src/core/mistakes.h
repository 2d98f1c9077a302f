/* The mistakes found in a configuration: all of them, in the order of the file. */
#ifndef CORE_MISTAKES_H
#define CORE_MISTAKES_H

#include "api/config.h"

#include "crypto/digest.h"

enum { MISTAKES_MAX = 100 };

struct mistake {
	unsigned line, column;
	slice text; /* key path and what is wrong, and what would be right */
	slice path; /* of another file than all the others; p NULL: the same */
};

struct mistakes {
	struct arena *arena;
	slice path;                    /* the file's name, as every line shows it */
	char digest[DIGEST_HEX_BYTES]; /* SHA-256 of what was read; empty: nothing was */
	unsigned count;                /* may exceed MISTAKES_MAX: the rest is only counted */
	struct mistake at[MISTAKES_MAX];
};

/* At the node's value, headed by its key path ("endpoints[2].auth"). Always false. */
bool mistake_add(struct mistakes *, const struct config *, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* At the node's key. */
bool mistake_add_key(struct mistakes *, const struct config *, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* "no listener speaks "htp"; there are coap, http, mqtt": `name` gives the name of the i-th, NULL after the last. */
bool mistake_add_choice(struct mistakes *, const struct config *, const char *what,
        const char *(*name)(const void *arg, unsigned i), const void *arg);
/* What a plug's open() said; at its place, or the node's when it gave none. */
bool mistake_add_error(struct mistakes *, const struct config *, const struct error *);
/* Without a node: reading the file itself failed. */
bool mistake_add_at(struct mistakes *, unsigned line, unsigned column, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
/* Copies what was found in another file. */
void mistakes_take(struct mistakes *, const struct mistakes *other);
/* The file that one of them is in. */
slice mistake_path(const struct mistakes *, const struct mistake *);
/* Puts them in the order of the file; those in others come first. */
void mistakes_sort(struct mistakes *);
/* How many stand in `at`. */
unsigned mistakes_kept(const struct mistakes *);

#endif
