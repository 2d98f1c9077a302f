/* The parts of the expression language's parser. Inside codec/frame/load only; expression.c says how it works.
 *
 *     expression.c   operators, and the whole
 *     operand.c      literals, names, lists, format texts
 *     postfix.c      members, methods, items and casts */
#ifndef FRAME_EXPRESSION_H
#define FRAME_EXPRESSION_H

#include "codec/frame/load/token.h"

enum { ARGUMENT_MAX = 64 };

/* Each that gives an expression gives NULL after a failure, which is noted in the parser. */

struct expression *expression_make(struct parser *, enum operation);
/* A whole expression, from the present token on. */
struct expression *expression_parse(struct parser *);
struct expression *operand_parse(struct parser *);
/* An operand and what follows it. */
struct expression *postfix_parse(struct parser *);

/* "a, b, c" up to `close`, which is read too. false: after a failure. */
bool operand_items(struct parser *, const char *close, struct expression *into);
/* "<a::b" of a cast and the like; *at: where its name stands. false: after a failure. */
bool operand_type(struct parser *, slice *path, size_t *at);

/* Is it, or a part of it, what the backend answered? */
static inline bool expression_is_of_reply(const struct expression *first)
{
	return first->op == OP_REPLY || first->of_reply;
}

#endif
