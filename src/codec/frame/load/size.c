/* sizeof<type>, bitsizeof<type> and value._sizeof: numbers that are known before any frame comes.
 *
 * An expression may ask for the size of a type that is not compiled yet. So the question is noted where it stands, and
 * answered when everything is loaded: the expression becomes the integer. A size that differs from frame to frame has
 * no answer, and the description is refused there. What tells the size of a value tells which structure it is as well,
 * so that `a.b.c` need not be looked up by name in each frame. */
#include "codec/frame/load/size.h"

enum { SIZE_DEPTH_MAX = 32, SIZE_STEPS_MAX = 65536 };

struct question {
	struct parser place;
	struct expression *expression;
	const struct type *self; /* that it stands in */
	struct question *next;
};

struct answer {
	unsigned depth, steps;
};

static bool type_bits(struct answer *, const struct type *, uint64_t *bits);
static bool answer_question(struct answer *, const struct type *self, struct expression *);

/* ---- sizes of types and fields ---- */

static bool constant(
        struct answer *answer, const struct type *self, const struct expression *of, uint64_t *n)
{
	if (!of)
		return false;
	/* A size may itself be a sizeof that has no answer yet. */
	if (of->op == OP_SIZEOF && !answer_question(answer, self, (struct expression *)of))
		return false;
	*n = (uint64_t)of->integer;
	return of->op == OP_INTEGER && !of->natural && of->integer >= 0;
}

static bool use_bits(struct answer *answer, const struct type_use *use, uint64_t *bits)
{
	*bits = use->base == BASE_BITS ? use->width : 8 * (uint64_t)use->width;
	if (use->base == BASE_STRUCT)
		return type_bits(answer, use->type, bits);
	return use->base != BASE_NONE && use->base != BASE_BYTES && use->base != BASE_TEXT;
}

/* One item, whether or not it is there. */
static bool item_bits(
        struct answer *answer, const struct type *self, const struct field *field, uint64_t *bits)
{
	uint64_t bytes = field->contents.n;
	if (field->value)
		return false;
	if (field->size && !constant(answer, self, field->size, &bytes))
		return false;
	if (field->size || field->has_contents)
		return !__builtin_mul_overflow(bytes, (uint64_t)8, bits);
	return !field->switch_on && !field->to_end && !field->has_terminator &&
	       use_bits(answer, &field->use, bits);
}

static bool field_bits(
        struct answer *answer, const struct type *self, const struct field *field, uint64_t *bits)
{
	uint64_t times = 1;
	if (field->condition || field->repeat == REPEAT_UNTIL || field->repeat == REPEAT_TO_END ||
	        (field->repeat == REPEAT_TIMES &&
	                !constant(answer, self, field->repeat_by, &times)))
		return false;
	return item_bits(answer, self, field, bits) && !__builtin_mul_overflow(*bits, times, bits);
}

static bool type_bits(struct answer *answer, const struct type *type, uint64_t *bits)
{
	*bits = 0;
	if (answer->depth >= SIZE_DEPTH_MAX)
		return false;
	answer->depth++;
	bool known = true;
	for (unsigned i = 0; i < type->nmembers && known; i++) {
		const struct field *field = &type->members[i].field;
		uint64_t more = 0;
		if (type->members[i].kind != MEMBER_FIELD)
			continue;
		known = ++answer->steps < SIZE_STEPS_MAX && field_bits(answer, type, field, &more);
		if (field->use.base != BASE_BITS)
			*bits = (*bits + 7) & ~(uint64_t)7;
		known = known && !__builtin_add_overflow(*bits, more, bits) &&
		        *bits < UINT64_MAX / 2;
	}
	answer->depth--;
	return known;
}

/* ---- what an expression means, as far as that can be seen without a frame ---- */

struct meaning {
	const struct field *field; /* a member; NULL: a whole structure */
	const struct type *holder; /* that the member is of */
	const struct type *type;   /* the structure that it is, if it is one */
};

static bool mean(
        struct answer *, const struct type *self, const struct expression *, struct meaning *);

static bool mean_member(
        struct answer *answer, const struct type *holder, int number, struct meaning *meaning)
{
	if (number < 0)
		return false;
	const struct field *field = &holder->members[number].field;
	if (field->value)
		return mean(answer, holder, field->value, meaning);
	*meaning = (struct meaning){ .field = field, .holder = holder };
	if (!field->switch_on && field->use.base == BASE_STRUCT)
		meaning->type = field->use.type;
	return true;
}

static bool mean(struct answer *answer, const struct type *self, const struct expression *of,
        struct meaning *meaning)
{
	*meaning = (struct meaning){ .type = NULL };
	if (++answer->steps > SIZE_STEPS_MAX || answer->depth >= SIZE_DEPTH_MAX)
		return false;
	answer->depth++;
	bool known = false;
	if (of->op == OP_OWN) {
		known = mean_member(answer, self, (int)of->member, meaning);
	} else if (of->op == OP_ROOT) {
		meaning->type = self->top;
		known = true;
	} else if (of->op == OP_CAST) {
		meaning->type = of->type;
		known = of->type != NULL;
	} else if (of->op == OP_MEMBER) {
		known = mean(answer, self, of->first, meaning) && meaning->type &&
		        mean_member(answer, meaning->type, type_member(meaning->type, of->text),
		                meaning);
	} else if (of->op == OP_ITEM) {
		known = mean(answer, self, of->first, meaning) && meaning->field &&
		        meaning->field->repeat != REPEAT_NONE;
	}
	answer->depth--;
	return known;
}

static bool value_bits(
        struct answer *answer, const struct type *self, const struct expression *of, uint64_t *bits)
{
	struct meaning meaning;
	if (!mean(answer, self, of, &meaning))
		return false;
	if (!meaning.field)
		return type_bits(answer, meaning.type, bits);
	/* A list as a whole has no size; each of its items may have one. */
	return (meaning.field->repeat == REPEAT_NONE || of->op == OP_ITEM) &&
	       item_bits(answer, meaning.holder, meaning.field, bits);
}

/* ---- questions and answers ---- */

static bool answer_question(
        struct answer *answer, const struct type *self, struct expression *expression)
{
	uint64_t bits = 0;
	if (expression->op != OP_SIZEOF)
		return true;
	if (answer->depth >= SIZE_DEPTH_MAX)
		return false;
	answer->depth++;
	bool known = expression->first ? value_bits(answer, self, expression->first, &bits)
	                               : type_bits(answer, expression->type, &bits);
	answer->depth--;
	if (!known)
		return false;
	expression->op = OP_INTEGER;
	expression->integer = (int64_t)(expression->in_bits ? bits : (bits + 7) / 8);
	return true;
}

/* Which member of which structure an OP_MEMBER most probably is, so that nothing is looked up when it runs. */
static void guess_member(const struct type *self, struct expression *expression)
{
	struct answer answer = { 0, 0 };
	struct meaning meaning;
	if (!mean(&answer, self, expression->first, &meaning) || !meaning.type)
		return;
	int number = type_member(meaning.type, expression->text);
	expression->type = number < 0 ? NULL : meaning.type;
	expression->member = number < 0 ? 0 : (unsigned)number;
}

static bool answer_at(struct parser *place, const struct type *self, struct expression *expression)
{
	struct answer answer = { 0, 0 };
	if (expression->op == OP_MEMBER) {
		guess_member(self, expression);
		return true;
	}
	if (answer_question(&answer, self, expression))
		return true;
	(void)parser_fail(
	        place, "the size is not the same in every frame, or not known", (slice){ NULL, 0 });
	return false;
}

bool size_ask(struct parser *parser, struct expression *expression)
{
	struct loader *loader = parser->loader;
	if (!loader->scratch)
		return answer_at(parser, loader->self, expression);
	struct question *made = ARENA_NEW(loader->scratch, struct question);
	if (!made) {
		(void)parser_fail(parser, "out of memory", (slice){ NULL, 0 });
		return false;
	}
	made->place = *parser;
	made->expression = expression;
	made->self = loader->self;
	made->next = loader->questions;
	loader->questions = made;
	return true;
}

bool sizes_answer(struct loader *loader)
{
	for (struct question *at = loader->questions; at; at = at->next) {
		loader->source = at->place.source;
		if (!answer_at(&at->place, at->self, at->expression))
			return false;
	}
	return true;
}
