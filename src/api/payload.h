/* payload: a description of bodies, read from a file of the user's, by which bytes become a value. Pure once it is open:
 * no I/O, any thread.
 *
 * Each file in src/codec/ that ends in a `const struct payload_ops payload_NAME` is in the table payload_all[],
 * which the build makes from the folder. */
#ifndef API_PAYLOAD_H
#define API_PAYLOAD_H

#include "api/plugin.h"
#include "base/arena.h"
#include "base/slice.h"

struct value;
struct payload_ops;

/* An open description; its own struct begins with this one. */
struct payload {
	const struct payload_ops *ops;
};

struct payload_ops {
	const char *name;   /* "frame" */
	const char *suffix; /* of its files: ".ksy" */
	/* Reads the file and what it names: blocks, at start and on reload. NULL: error->text says in which file, line and
	 * column what is wrong. */
	struct payload *(*open)(const char *path, struct error *);
	void (*close)(struct payload *);
	/* Does it want to be told something of this name? */
	bool (*has_parameter)(const struct payload *, slice name);
	/* What the body means. `given`: a map of what it is told, or NULL. Texts of the value may point into `body` and
	 * `given`, which live as long as the arena. NULL: malformed or over budget; error->text says what, and at which byte in
	 * which field. */
	struct value *(*decode)(const struct payload *, struct arena *, slice body,
	        const struct value *given, struct error *);
	/* Has it a structure of this name? The empty name is the whole. */
	bool (*has_type)(const struct payload *, slice name);
	/* The bytes of that structure, from a map of its members. { NULL, 0 }: something is missing or does not fit;
	 * error->text says which member. */
	slice (*encode)(const struct payload *, struct arena *, slice type, const struct value *,
	        struct error *);
};

/* NULL-terminated; made by the build. */
extern const struct payload_ops *const payload_all[];

#endif
