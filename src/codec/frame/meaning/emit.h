/* The language of messages (docs/reference/payloads.md): a tree of nodes, loaded by emit_load.c, run by emit.c. Inside
 * codec/frame only.
 *
 * A node gives a value, or nothing: then it is left out of the map or list that it stands in. */
#ifndef FRAME_EMIT_H
#define FRAME_EMIT_H

#include "codec/frame/program.h"
#include "codec/frame/meaning/scaling.h"
#include "codec/frame/load/tree.h"

enum emit_kind {
	EMIT_EXPRESSION,
	EMIT_LITERAL,
	EMIT_MAP,
	EMIT_LIST,
	EMIT_MERGE, /* of maps, and lists of maps, one map */
	EMIT_EACH,  /* of each element a member */
	EMIT_SENML, /* of each member a record */
	EMIT_HEX,   /* of bytes their digits */
	EMIT_GROUP  /* the first member alone, with `when`, `otherwise` or `scaling` of its own */
};

struct emit {
	enum emit_kind kind;
	slice key;                            /* in a map */
	const struct expression *when;        /* $if; NULL: always */
	const struct emit *otherwise;         /* $else; NULL: nothing */
	const struct expression *expression;  /* EMIT_EXPRESSION; EMIT_EACH: of what */
	const struct expression *name;        /* EMIT_EACH: gives a map; NULL: a list */
	const struct expression *base, *time; /* EMIT_SENML, or NULL */
	const struct value *literal;
	const struct scaling *scaling; /* or NULL */
	const slice *gather; /* EMIT_MERGE: names of members of which none replaces another */
	unsigned ngather;
	const struct emit *first, *next;
};

/* NULL: the error is set. Expressions see the members of loader->self. */
const struct emit *emit_compile(struct loader *, const struct node *);
/* The type's `-fairlead-emit`, and what its members are in messages. false: the error is set. */
bool emit_compile_type(struct loader *, struct type *, const struct node *);
bool emit_compile_field(struct loader *, const struct node *, struct field *);
/* Once all is loaded, for each source: where a SenML pack is made anywhere, the units of the type and of those in it are
 * SenML's. false: the error is set. */
bool emit_check_units(struct loader *, const struct type *);

enum emit_result { EMITTED, EMIT_NOTHING, EMIT_FAILED };
/* What a cell is in messages. EMIT_FAILED: the fault is set. */
enum emit_result emit_cell(struct frame *, const struct cell *, unsigned depth, struct value **);
/* EMIT_FAILED: the fault is set. */
enum emit_result emit_run(
        struct frame *, const struct scope *, const struct emit *, unsigned depth, struct value **);
/* One message: of the whole frame, or of the element that the scope's `it` is. NULL: the fault is set. */
struct value *emit_message(struct frame *, const struct scope *);

#endif
