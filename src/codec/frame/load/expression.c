/* The expression language: text to tree, with every name resolved.
 *
 * A recursive descent parser over Kaitai Struct's grammar, loosest binding first:
 *     ?:   or   and   not   < <= > >= == !=   |   ^   &   << >>   + -   * / %   unary - + ~   postfix . [] ()
 * (comparisons bind looser than bit operations, as in Python, not as in C). A bare name must be a member of the type
 * that the expression stands in; a name after "." must be a member of some type or a method, and whether this very
 * object has it is known when it runs. Rejected: static types for every expression. They would catch a little more at
 * load time, but a switched type has none, and a value that knows its kind is checked on use anyway. */
#include "codec/frame/load/size.h"

#include "codec/frame/load/tree.h"

enum { NEST_MAX = 48, ARGUMENT_MAX = 64 };

static struct expression *parse_choice(struct parser *);

static struct expression *make(struct parser *parser, enum operation op)
{
	struct expression *expression = ARENA_NEW(parser->loader->arena, struct expression);
	if (!expression)
		return parser_fail(parser, "out of memory", (slice){ NULL, 0 });
	expression->op = op;
	return expression;
}

/* ---- operands ---- */

/* "a, b, c" up to `close`, which is read too. */
static bool parse_items(struct parser *parser, const char *close, struct expression *into)
{
	const struct expression *items[ARGUMENT_MAX];
	unsigned n = 0;
	while (!parser_at_sign(parser, close)) {
		if (n == ARGUMENT_MAX) {
			parser_fail(parser, "too many items", (slice){ NULL, 0 });
			return false;
		}
		items[n] = parse_choice(parser);
		if (!items[n++])
			return false;
		if (!parser_skip_sign(parser, ","))
			break;
	}
	if (!parser_expect_sign(parser, close))
		return false;
	const struct expression **copy =
	        arena_alloc(parser->loader->arena, n * sizeof(struct expression *));
	if (!copy) {
		parser_fail(parser, "out of memory", (slice){ NULL, 0 });
		return false;
	}
	memcpy(copy, items, n * sizeof *copy);
	into->items = copy;
	into->nitems = n;
	return true;
}

/* [1, 2, 3] is bytes when all items are written as numbers of a byte, else an array. */
static struct expression *parse_array(struct parser *parser)
{
	struct expression *array = make(parser, OP_ARRAY);
	if (!array || !parse_items(parser, "]", array))
		return NULL;
	for (unsigned i = 0; i < array->nitems; i++) {
		const struct expression *item = array->items[i];
		if (item->op != OP_INTEGER || item->natural || item->integer < 0 ||
		        item->integer > 255)
			return array;
	}
	char *bytes = arena_alloc_raw(parser->loader->arena, array->nitems + 1);
	if (!bytes)
		return parser_fail(parser, "out of memory", (slice){ NULL, 0 });
	for (unsigned i = 0; i < array->nitems; i++)
		bytes[i] = (char)(unsigned char)array->items[i]->integer;
	array->op = OP_BYTES;
	array->text = (slice){ bytes, array->nitems };
	return array;
}

/* Names joined by "::", the first of which is the present token. */
static slice parse_path(struct parser *parser, slice *last)
{
	size_t start = parser->token.at, before_last = start;
	*last = parser->token.text;
	size_t end = parser->at;
	parser_advance(parser);
	while (parser_at_sign(parser, "::")) {
		before_last = end;
		parser_advance(parser);
		if (parser->token.kind != TOKEN_NAME) {
			parser_fail(parser, "a name expected after \"::\"", (slice){ NULL, 0 });
			break;
		}
		*last = parser->token.text;
		end = parser->at;
		parser_advance(parser);
	}
	return (slice){ parser->text.p + start, before_last - start };
}

static struct expression *parse_enum(struct parser *parser)
{
	slice name;
	size_t at = parser->token.at;
	slice path = parse_path(parser, &name);
	if (parser->failed)
		return NULL;
	const struct enumeration *enumeration = loader_find_enum(parser->loader, path);
	if (!enumeration)
		return parser_fail_at(parser, at, "there is no enum", path);
	for (unsigned i = 0; i < enumeration->nvalues; i++) {
		if (!slice_equal(enumeration->values[i].name, name))
			continue;
		struct expression *expression = make(parser, OP_ENUM);
		if (!expression)
			return NULL;
		expression->integer = enumeration->values[i].number;
		expression->natural = enumeration->values[i].natural;
		expression->enumeration = enumeration;
		return expression;
	}
	return parser_fail_at(parser, at, "the enum has no value", name);
}

/* session.name: leaves its last token to be passed over. */
static struct expression *parse_session(struct parser *parser)
{
	parser_advance(parser);
	if (!parser_expect_sign(parser, "."))
		return NULL;
	int number =
	        parser->token.kind == TOKEN_NAME
	                ? extension_variable(parser->loader->schema->extension, parser->token.text)
	                : -1;
	if (number < 0)
		return parser_fail(parser, "there is no session variable", parser->token.text);
	struct expression *variable = make(parser, OP_SESSION);
	if (variable)
		variable->member = (unsigned)number;
	return variable;
}

/* What is known in replies only. */
static struct expression *parse_answer(struct parser *parser, slice name)
{
	if (slice_is(name, "_reply")) {
		parser->loader->saw_reply = true;
		return make(parser, OP_REPLY);
	}
	if (slice_is(name, "_status"))
		return make(parser, OP_STATUS);
	return slice_is(name, "_taken") ? make(parser, OP_TAKEN) : NULL;
}

static bool is_of_reply(const struct expression *first)
{
	return first->op == OP_REPLY || first->of_reply;
}

static struct expression *parse_special(struct parser *parser, slice name)
{
	static const struct {
		const char *name;
		enum operation op;
	} specials[] = { { "_", OP_SELF }, { "_index", OP_INDEX }, { "_root", OP_ROOT },
		{ "_parent", OP_PARENT }, { "_io", OP_IO }, { "_is_le", OP_IS_LE } };
	for (size_t i = 0; i < sizeof specials / sizeof *specials; i++) {
		if (!slice_is(name, specials[i].name))
			continue;
		struct expression *special = make(parser, specials[i].op);
		if (special && special->op == OP_SELF)
			special->of_reply = parser->loader->it_is_of_reply;
		return special;
	}
	if (slice_is(name, "true") || slice_is(name, "false")) {
		struct expression *boolean = make(parser, OP_BOOLEAN);
		if (boolean)
			boolean->integer = slice_is(name, "true");
		return boolean;
	}
	if (slice_is(name, "_sizeof")) {
		struct expression *size = make(parser, OP_SIZEOF);
		if (size)
			size->type = parser->loader->self;
		return size && size_ask(parser, size) ? size : NULL;
	}
	if (parser->loader->in_extension && parser->loader->has_login && slice_is(name, "device"))
		return make(parser, OP_DEVICE);
	struct expression *answer = parser->loader->in_reply ? parse_answer(parser, name) : NULL;
	if (answer || parser->failed)
		return answer;
	if (parser->loader->has_variables && slice_is(name, "session"))
		return parse_session(parser);
	if (parser->loader->has_assembled && slice_is(name, "assembled"))
		return make(parser, OP_ASSEMBLED);
	if (parser->loader->has_request && slice_is(name, "_request"))
		return make(parser, OP_REQUEST);
	if (parser->loader->has_transaction && slice_is(name, "_transaction"))
		return make(parser, OP_TRANSACTION);
	return NULL;
}

/* sizeof<type> or bitsizeof<type>. */
static struct expression *parse_sizeof(struct parser *parser, bool in_bits)
{
	struct expression *size = make(parser, OP_SIZEOF);
	struct type_use use = { .base = BASE_NONE };
	slice last;
	parser_advance(parser);
	if (!size || !parser_expect_sign(parser, "<"))
		return NULL;
	if (parser->token.kind != TOKEN_NAME)
		return parser_fail(parser, "a type expected, not", parser->token.text);
	size_t at = parser->token.at;
	slice path = parse_path(parser, &last);
	path.n = (size_t)(last.p + last.n - path.p);
	size->in_bits = in_bits;
	if (loader_plain_type(parser->loader->self, path, &use) && use.base != BASE_TEXT) {
		unsigned bits = use.base == BASE_BITS ? use.width : 8 * use.width;
		size->op = OP_INTEGER;
		size->integer = in_bits ? bits : (bits + 7) / 8;
	} else {
		size->type = loader_find_type(parser->loader, path);
		if (!size->type)
			return parser_fail_at(parser, at, "there is no type of a fixed size", path);
		if (!size_ask(parser, size))
			return NULL;
	}
	return parser_expect_sign(parser, ">") ? size : NULL;
}

static struct expression *parse_name(struct parser *parser)
{
	struct parser ahead = *parser;
	slice name = parser->token.text;
	parser_advance(&ahead);
	if (parser_at_sign(&ahead, "::"))
		return parse_enum(parser);
	struct expression *special = parse_special(parser, name);
	if (special || parser->failed) {
		parser_advance(parser);
		return special;
	}
	int member = type_member(parser->loader->self, loader_intern(parser->loader, name, false));
	if (member < 0 && parser_at_sign(&ahead, "<") &&
	        (slice_is(name, "sizeof") || slice_is(name, "bitsizeof")))
		return parse_sizeof(parser, slice_is(name, "bitsizeof"));
	if (member < 0)
		return parser_fail(
		        parser, "this type has no member, and there is no special name", name);
	struct expression *own = make(parser, OP_OWN);
	if (own)
		own->member = (unsigned)member;
	parser_advance(parser);
	return own;
}

/* The literal part of a format text: escapes as in "…". */
static struct expression *format_literal(struct parser *parser, size_t from, size_t to)
{
	struct parser inner = *parser;
	struct text text;
	text_init(&text, parser->loader->arena, 0);
	inner.at = from;
	inner.token.at = from;
	while (!inner.failed && inner.at < to) {
		char c = inner.text.p[inner.at++];
		if (c == '\\')
			parser_escape(&inner, &text);
		else
			text_char(&text, c);
	}
	parser->failed = inner.failed;
	struct expression *literal = make(parser, OP_TEXT);
	if (literal)
		literal->text = text_slice(&text);
	return literal;
}

/* One {expression} of a format text; leaves `*at` behind its "}". */
static struct expression *format_expression(struct parser *parser, size_t *at)
{
	struct parser inner = *parser;
	inner.at = *at + 1;
	parser_advance(&inner);
	struct expression *part = parse_choice(&inner);
	if (part && !parser_at_sign(&inner, "}"))
		part = parser_fail(&inner, "\"}\" expected, not", inner.token.text);
	parser->failed = inner.failed;
	*at = inner.token.at + 1;
	return part;
}

static struct expression *parse_format(struct parser *parser)
{
	const struct expression *parts[ARGUMENT_MAX];
	unsigned n = 0;
	size_t at = parser->token.at, end = at + parser->token.text.n;
	while (at < end) {
		if (n == ARGUMENT_MAX)
			return parser_fail(parser, "too many parts", (slice){ NULL, 0 });
		if (parser->text.p[at] == '{') {
			parts[n] = format_expression(parser, &at);
		} else {
			size_t to = at;
			while (to < end && parser->text.p[to] != '{')
				to += parser->text.p[to] == '\\' ? 2 : 1;
			to = to > end ? end : to;
			parts[n] = format_literal(parser, at, to);
			at = to;
		}
		if (!parts[n++] || parser->failed)
			return NULL;
	}
	parser_advance(parser);
	struct expression *join = make(parser, OP_JOIN);
	const struct expression **copy =
	        arena_alloc(parser->loader->arena, n * sizeof(struct expression *));
	if (!join || !copy)
		return parser_fail(parser, "out of memory", (slice){ NULL, 0 });
	memcpy(copy, parts, n * sizeof *copy);
	join->items = copy;
	join->nitems = n;
	return join;
}

static struct expression *parse_literal(struct parser *parser)
{
	static const enum operation ops[] = {
		[TOKEN_INTEGER] = OP_INTEGER, [TOKEN_REAL] = OP_REAL, [TOKEN_TEXT] = OP_TEXT
	};
	struct expression *literal = make(parser, ops[parser->token.kind]);
	if (!literal)
		return NULL;
	literal->integer = parser->token.integer;
	literal->natural = parser->token.natural;
	literal->real = parser->token.real;
	literal->text = parser->token.text;
	parser_advance(parser);
	return literal;
}

static struct expression *parse_operand(struct parser *parser)
{
	switch (parser->token.kind) {
	case TOKEN_INTEGER:
	case TOKEN_REAL:
	case TOKEN_TEXT:
		return parse_literal(parser);
	case TOKEN_FORMAT:
		return parse_format(parser);
	case TOKEN_NAME:
		return parse_name(parser);
	case TOKEN_END:
		return parser_fail(parser, "it ends where a value is expected", (slice){ NULL, 0 });
	case TOKEN_SIGN:
		break;
	}
	if (parser_skip_sign(parser, "(")) {
		struct expression *inner = parse_choice(parser);
		return inner && parser_expect_sign(parser, ")") ? inner : NULL;
	}
	if (parser_skip_sign(parser, "["))
		return parse_array(parser);
	return parser_fail(parser, "a value expected, not", parser->token.text);
}

/* ---- what follows an operand ---- */

static const struct {
	const char *name;
	enum method_name method;
	unsigned least, most; /* arguments */
} methods[] = {
	{ "to_i", CALL_TO_I, 0, 1 },
	{ "to_s", CALL_TO_S, 0, 1 },
	{ "length", CALL_LENGTH, 0, 0 },
	{ "size", CALL_LENGTH, 0, 0 },
	{ "first", CALL_FIRST, 0, 0 },
	{ "last", CALL_LAST, 0, 0 },
	{ "min", CALL_MIN, 0, 0 },
	{ "max", CALL_MAX, 0, 0 },
	{ "reverse", CALL_REVERSE, 0, 0 },
	{ "substring", CALL_SUBSTRING, 2, 2 },
	{ "fairlead_ln", CALL_LN, 0, 0 },
	{ "fairlead_pow", CALL_POW, 1, 1 },
	{ "eof", CALL_EOF, 0, 0 },
	{ "pos", CALL_POS, 0, 0 },
	{ "_io", CALL_IO, 0, 0 },
	{ "_parent", CALL_PARENT, 0, 0 },
	{ "_root", CALL_ROOT, 0, 0 },
};

static struct expression *parse_cast(struct parser *parser, struct expression *first)
{
	struct expression *cast = make(parser, OP_CAST);
	slice last;
	if (!cast || !parser_expect_sign(parser, "<"))
		return NULL;
	if (parser->token.kind != TOKEN_NAME)
		return parser_fail(parser, "a type expected, not", parser->token.text);
	size_t at = parser->token.at;
	slice path = parse_path(parser, &last);
	path.n = (size_t)(last.p + last.n - path.p);
	bool array = false;
	if (parser_skip_sign(parser, "[")) {
		array = true;
		if (!parser_expect_sign(parser, "]"))
			return NULL;
	}
	struct type_use use = { .base = BASE_NONE };
	if (slice_is(path, "bytes") && !array)
		cast->to_bytes = true;
	else if (!loader_plain_type(parser->loader->self, path, &use) &&
	         !slice_is(path, "struct") && !slice_is(path, "io") && !slice_is(path, "any"))
		cast->type = loader_find_type(parser->loader, path);
	if (array)
		cast->type = NULL;
	else if (!cast->to_bytes && !cast->type && use.base == BASE_NONE &&
	         !loader_find_enum(parser->loader, path) && !slice_is(path, "struct") &&
	         !slice_is(path, "io") && !slice_is(path, "any") && !slice_is(path, "bool"))
		return parser_fail_at(parser, at, "there is no type", path);
	cast->first = first;
	return parser_expect_sign(parser, ">") ? cast : NULL;
}

static bool take_encoding_argument(struct parser *parser, struct expression *member)
{
	enum encoding encoding;
	if (member->method != CALL_TO_S || !member->nitems)
		return true;
	const struct expression *name = member->items[0];
	if (name->op == OP_TEXT && loader_encoding(parser->loader, name->text, &encoding)) {
		member->integer = encoding;
		return true;
	}
	parser_fail(parser, "to_s: an encoding that is not supported:",
	        name->op == OP_TEXT ? name->text : SLICE("(computed)"));
	return false;
}

static struct expression *parse_member(struct parser *parser, struct expression *first)
{
	if (parser->token.kind != TOKEN_NAME)
		return parser_fail(parser, "a name expected after \".\"", (slice){ NULL, 0 });
	slice name = parser->token.text;
	size_t at = parser->token.at;
	parser_advance(parser);
	if (slice_is(name, "as") && parser_at_sign(parser, "<"))
		return parse_cast(parser, first);
	struct expression *member = make(parser, OP_MEMBER);
	if (!member)
		return NULL;
	if (slice_is(name, "_sizeof")) {
		member->op = OP_SIZEOF;
		member->first = first;
		return size_ask(parser, member) ? member : NULL;
	}
	unsigned least = 0, most = 0;
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		if (slice_is(name, methods[i].name)) {
			member->method = methods[i].method;
			least = methods[i].least;
			most = methods[i].most;
		}
	}
	member->of_reply = is_of_reply(first);
	if (!member->method && !member->of_reply && !loader_is_member_name(parser->loader, name))
		return parser_fail_at(
		        parser, at, "no type has a member, and there is no method", name);
	member->first = first;
	member->text = loader_intern(parser->loader, name, false);
	if (parser_skip_sign(parser, "(") && !parse_items(parser, ")", member))
		return NULL;
	if (member->nitems < least || member->nitems > most)
		return parser_fail_at(parser, at, "a wrong number of arguments for", name);
	return take_encoding_argument(parser, member) && size_ask(parser, member) ? member : NULL;
}

static struct expression *parse_postfix(struct parser *parser)
{
	struct expression *value = parse_operand(parser);
	for (unsigned n = 0; value; n++) {
		if (n == ARGUMENT_MAX)
			return parser_fail(parser, "too long a chain", (slice){ NULL, 0 });
		if (parser_skip_sign(parser, ".")) {
			value = parse_member(parser, value);
		} else if (parser_skip_sign(parser, "[")) {
			struct expression *item = make(parser, OP_ITEM);
			if (!item)
				return NULL;
			item->first = value;
			item->of_reply = is_of_reply(value);
			item->second = parse_choice(parser);
			if (!item->second || !parser_expect_sign(parser, "]"))
				return NULL;
			value = item;
		} else {
			break;
		}
	}
	return value;
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
		return parse_postfix(parser);
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
	struct expression *unary = make(parser, op);
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
	struct expression *both = b ? make(parser, op) : NULL;
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
	struct expression *unary = operand ? make(parser, OP_NOT) : NULL;
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

static struct expression *parse_choice(struct parser *parser)
{
	if (parser->depth >= NEST_MAX)
		return parser_fail(parser, "nested too deeply", (slice){ NULL, 0 });
	parser->depth++;
	struct expression *condition = parse_logic(parser, "or");
	if (condition && parser_skip_sign(parser, "?")) {
		struct expression *choice = make(parser, OP_CHOOSE);
		if (choice) {
			choice->first = condition;
			choice->second = parse_choice(parser);
			if (choice->second && parser_expect_sign(parser, ":"))
				choice->third = parse_choice(parser);
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
	struct expression *expression = parse_choice(&parser);
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
