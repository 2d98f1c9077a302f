/* A YAML text as a tree of nodes that remember where they stood. At load time only.
 *
 * libyaml's events, without what a description needs not: anchors, aliases and tags are refused by name, and so are
 * duplicate keys, more than one document, and more nodes or nesting than any description has. */
#ifndef FRAME_TREE_H
#define FRAME_TREE_H

#include "api/plugin.h"
#include "base/arena.h"

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
	enum node_kind kind;
	slice text;  /* NODE_SCALAR */
	bool quoted; /* it stood in quotes or in a block: never a number, never null */
	unsigned line, column;
	slice key; /* in a map; { NULL, 0 } in a list */
	unsigned key_line, key_column;
	unsigned count;
	struct node *first, *last, *next;
};

/* The tree, in the arena; NULL: error says where and what is wrong. */
struct node *tree_parse(struct arena *, slice text, struct error *);

/* The member of this name, or NULL (also for a node that is NULL or no map). */
const struct node *node_get(const struct node *, const char *key);
/* error_set() with the node's place. Always false. */
bool node_error(const struct node *, struct error *, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* The same at the place of its key. */
bool node_key_error(const struct node *, struct error *, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#define NODE_EACH(parent, at)                                                                      \
	for (const struct node *at = (parent) ? (parent)->first : NULL; at; at = at->next)

#endif
