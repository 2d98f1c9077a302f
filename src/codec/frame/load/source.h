/* The description that is being loaded and those that it imports. Inside codec/frame, while loading only. */
#ifndef FRAME_SOURCE_H
#define FRAME_SOURCE_H

#include "codec/frame/program.h"
#include "codec/frame/load/tree.h"

struct source {
	slice path; /* "folder/name.ksy", from the first description's folder */
	slice text;
	const struct node *tree;
	struct type *type;
	bool opaque;              /* ks-opaque-types: what it does not know lies beside it */
	struct source *importer;  /* NULL: the first */
	const struct node *named; /* where the importer names it */
	struct source *next;
};

/* One more. NULL: the error is set. */
struct source *source_add(struct loader *, slice path, slice text);
/* "name" of "folder/name.ksy". */
slice source_name(const struct source *);
/* Reads what `imports:` of the present source lists. */
bool source_imports(struct loader *, const struct node *list);
/* Parses and declares. */
bool source_open(struct loader *, struct source *);
/* Declares the types of a source that was parsed (load.c). */
bool source_declare(struct loader *, struct source *);
/* A type that the present source leaves to others: what NAME.ksy beside it describes. NULL: the error is set. */
const struct type *source_opaque(struct loader *, const struct node *, slice name);
/* Puts the file, line and column of a mistake in an imported description into the error's text, and the place of the
 * import in their stead. */
void source_name_mistake(struct loader *);

#endif
