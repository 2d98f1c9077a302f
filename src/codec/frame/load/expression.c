/* The expression language: text to tree, with every name resolved.
 *
 * A recursive descent parser over Kaitai Struct's grammar, loosest binding first:
 *     ?:   or   and   not   < <= > >= == !=   |   ^   &   << >>   + -   * / %   unary - + ~   postfix . [] ()
 * (comparisons bind looser than bit operations, as in Python, not as in C). A bare name must be a member of the type
 * that the expression stands in; a name after "." must be a member of some type or a method, and whether this very
 * object has it is known when it runs. Rejected: static types for every expression. They would catch a little more at
 * load time, but a switched type has none, and a value that knows its kind is checked on use anyway. */
#include "codec/frame/load/expression.h"

#include "codec/frame/load/tree.h"

enum { NEST_MAX = 48 };

struct expression *expression_make(struct parser *parser, enum operation op)
{
	struct expression *expression = ARENA_NEW(parser->loader->arena, struct expression);
	if (!expression)
		return parser_fail(parser, "out of memory", (slice){ NULL, 0 });
	expression->op = op;
	return expression;
}

/* ---- operators ---- */

static struct expression *parse_unary(struct parser *parser)
{
	enum operation op;
	if (parser_at_sign(parser, "-"))
		op = OP_NEGATE;
	else if (parser_at_sign(parser, "~"))
		op = OP_INVERT;
	else if (parser_at_sign(parser, "+"))
		op = OP_ADD;
	else
		return postfix_parse(parser);
	if (parser->depth >= NEST_MAX)
		return parser_fail(parser, "nested too deeply", (slice){ NULL, 0 });
	parser->depth++;
	parser_advance(parser);
	struct expression *operand = parse_unary(parser);
	parser->depth--;
	if (op == OP_ADD || !operand)
		return operand;
	if (op == OP_NEGATE && operand->op == OP_INTEGER && operand->integer >= 0) {
		operand->integer = -operand->integer;
		return operand;
	}
	if (op == OP_NEGATE && operand->natural && operand->integer == INT64_MIN) {
		operand->natural = false;
		return operand;
	}
	struct expression *unary = expression_make(parser, op);
	if (unary)
		unary->first = operand;
	return unary;
}

struct level_sign {
	unsigned level;
	const char *sign;
	enum operation op;
};

enum {
	LEVEL_COMPARE,
	LEVEL_OR,
	LEVEL_XOR,
	LEVEL_AND,
	LEVEL_SHIFT,
	LEVEL_SUM,
	LEVEL_PRODUCT,
	LEVEL_END
};

static const struct level_sign binary_signs[] = {
	{ LEVEL_COMPARE, "==", OP_EQUAL },
	{ LEVEL_COMPARE, "!=", OP_DIFFERENT },
	{ LEVEL_COMPARE, "<=", OP_LESS_EQUAL },
	{ LEVEL_COMPARE, ">=", OP_GREATER_EQUAL },
	{ LEVEL_COMPARE, "<", OP_LESS },
	{ LEVEL_COMPARE, ">", OP_GREATER },
	{ LEVEL_OR, "|", OP_BIT_OR },
	{ LEVEL_XOR, "^", OP_BIT_XOR },
	{ LEVEL_AND, "&", OP_BIT_AND },
	{ LEVEL_SHIFT, "<<", OP_SHIFT_LEFT },
	{ LEVEL_SHIFT, ">>", OP_SHIFT_RIGHT },
	{ LEVEL_SUM, "+", OP_ADD },
	{ LEVEL_SUM, "-", OP_SUBTRACT },
	{ LEVEL_PRODUCT, "*", OP_MULTIPLY },
	{ LEVEL_PRODUCT, "/", OP_DIVIDE },
	{ LEVEL_PRODUCT, "%", OP_MODULO },
};

static const struct level_sign *at_binary(const struct parser *parser, unsigned level)
{
	for (size_t i = 0; i < sizeof binary_signs / sizeof *binary_signs; i++) {
		if (binary_signs[i].level == level && parser_at_sign(parser, binary_signs[i].sign))
			return &binary_signs[i];
	}
	return NULL;
}

static struct expression *join(
        struct parser *parser, enum operation op, struct expression *a, struct expression *b)
{
	struct expression *both = b ? expression_make(parser, op) : NULL;
	if (both) {
		both->first = a;
		both->second = b;
	}
	return both;
}

static struct expression *parse_binary(struct parser *parser, unsigned level)
{
	if (level == LEVEL_END)
		return parse_unary(parser);
	struct expression *left = parse_binary(parser, level + 1);
	const struct level_sign *sign = left ? at_binary(parser, level) : NULL;
	for (unsigned n = 0; left && sign; n++) {
		if (n == ARGUMENT_MAX)
			return parser_fail(parser, "too long a chain", (slice){ NULL, 0 });
		parser_advance(parser);
		left = join(parser, sign->op, left, parse_binary(parser, level + 1));
		sign = left ? at_binary(parser, level) : NULL;
	}
	return left;
}

static struct expression *parse_not(struct parser *parser)
{
	if (!parser_at_word(parser, "not"))
		return parse_binary(parser, LEVEL_COMPARE);
	if (parser->depth >= NEST_MAX)
		return parser_fail(parser, "nested too deeply", (slice){ NULL, 0 });
	parser->depth++;
	parser_advance(parser);
	struct expression *operand = parse_not(parser);
	parser->depth--;
	struct expression *unary = operand ? expression_make(parser, OP_NOT) : NULL;
	if (unary)
		unary->first = operand;
	return unary;
}

static struct expression *parse_logic(struct parser *parser, const char *word)
{
	bool both = slice_is(slice_of(word), "and");
	struct expression *left = both ? parse_not(parser) : parse_logic(parser, "and");
	for (unsigned n = 0; left && parser_at_word(parser, word); n++) {
		if (n == ARGUMENT_MAX)
			return parser_fail(parser, "too long a chain", (slice){ NULL, 0 });
		parser_advance(parser);
		struct expression *right = both ? parse_not(parser) : parse_logic(parser, "and");
		left = join(parser, both ? OP_AND : OP_OR, left, right);
	}
	return left;
}

struct expression *expression_parse(struct parser *parser)
{
	if (parser->depth >= NEST_MAX)
		return parser_fail(parser, "nested too deeply", (slice){ NULL, 0 });
	parser->depth++;
	struct expression *condition = parse_logic(parser, "or");
	if (condition && parser_skip_sign(parser, "?")) {
		struct expression *choice = expression_make(parser, OP_CHOOSE);
		if (choice) {
			choice->first = condition;
			choice->second = expression_parse(parser);
			if (choice->second && parser_expect_sign(parser, ":"))
				choice->third = expression_parse(parser);
		}
		condition = choice && choice->third ? choice : NULL;
	}
	parser->depth--;
	return parser->failed ? NULL : condition;
}

const struct expression *expression_compile(
        struct loader *loader, slice text, unsigned line, unsigned column)
{
	struct parser parser = { .loader = loader,
		.text = text,
		.line = line,
		.column = column,
		.source = loader->source };
	parser_advance(&parser);
	struct expression *expression = expression_parse(&parser);
	if (expression && parser.token.kind != TOKEN_END)
		expression = parser_fail(&parser, "unexpected", parser.token.text);
	return parser.failed ? NULL : expression;
}

const struct expression *expression_of(struct loader *loader, const struct node *node)
{
	if (node->kind != NODE_SCALAR) {
		(void)node_error(node, loader->error, "an expression is expected here");
		return NULL;
	}
	return expression_compile(
	        loader, node->text, node->line, node->column + (node->quoted ? 1 : 0));
}

bool expression_optional(struct loader *loader, const struct node *map, const char *key,
        const struct expression **into)
{
	const struct node *node = node_get(map, key);
	if (!node)
		return true;
	*into = expression_of(loader, node);
	return *into != NULL;
}

/* Is this member a number, a text or bytes, and nothing else? Bits are not: one of them is true or false. */
static bool is_plain(const struct type *type, unsigned number)
{
	const struct member *member = &type->members[number];
	const struct field *field = &member->field;
	enum base base = field->use.base;
	return member->kind == MEMBER_FIELD && field->repeat == REPEAT_NONE && !field->switch_on &&
	       (base == BASE_UNSIGNED || base == BASE_SIGNED || base == BASE_FLOAT ||
	               base == BASE_TEXT || base == BASE_BYTES);
}

/* Whatever is in the frame, it is neither true nor false. */
static bool is_no_condition(const struct loader *loader, const struct expression *expression)
{
	switch ((int)expression->op) {
	case OP_OWN:
		return is_plain(loader->self, expression->member);
	case OP_NOT:
		return is_no_condition(loader, expression->first);
	case OP_AND:
	case OP_OR:
		return is_no_condition(loader, expression->first) ||
		       is_no_condition(loader, expression->second);
	case OP_CHOOSE:
		return is_no_condition(loader, expression->second) ||
		       is_no_condition(loader, expression->third);
	case OP_INTEGER:
	case OP_REAL:
	case OP_TEXT:
	case OP_BYTES:
	case OP_ENUM:
	case OP_ARRAY:
	case OP_INDEX:
	case OP_SIZEOF:
	case OP_JOIN:
	case OP_NEGATE:
	case OP_INVERT:
		return true;
	default:
		return expression->op >= OP_BIT_OR && expression->op <= OP_MODULO;
	}
}

const struct expression *condition_of(struct loader *loader, const struct node *node)
{
	const struct expression *expression = expression_of(loader, node);
	if (!expression || !is_no_condition(loader, expression))
		return expression;
	(void)node_error(node, loader->error, "true or false is needed here, as in x != 0");
	return NULL;
}

bool condition_optional(struct loader *loader, const struct node *map, const char *key,
        const struct expression **into)
{
	const struct node *node = node_get(map, key);
	if (!node)
		return true;
	*into = condition_of(loader, node);
	return *into != NULL;
}
