/* What stands between operators: literals, lists, names of every kind, format texts. */
#include "codec/frame/load/expression.h"

#include "codec/frame/load/size.h"

bool operand_items(struct parser *parser, const char *close, struct expression *into)
{
	const struct expression *items[ARGUMENT_MAX];
	unsigned n = 0;
	while (!parser_at_sign(parser, close)) {
		if (n == ARGUMENT_MAX) {
			parser_fail(parser, "too many items", (slice){ NULL, 0 });
			return false;
		}
		items[n] = expression_parse(parser);
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
	struct expression *array = expression_make(parser, OP_ARRAY);
	if (!array || !operand_items(parser, "]", array))
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

bool operand_type(struct parser *parser, slice *path, size_t *at)
{
	slice last;
	if (!parser_expect_sign(parser, "<"))
		return false;
	*at = parser->token.at;
	if (parser->token.kind != TOKEN_NAME) {
		parser_fail(parser, "a type expected, not", parser->token.text);
		return false;
	}
	*path = parse_path(parser, &last);
	path->n = (size_t)(last.p + last.n - path->p);
	return true;
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
		struct expression *expression = expression_make(parser, OP_ENUM);
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
	struct expression *variable = expression_make(parser, OP_SESSION);
	if (variable)
		variable->member = (unsigned)number;
	return variable;
}

/* What is known in replies only. */
static struct expression *parse_answer(struct parser *parser, slice name)
{
	if (slice_is(name, "_reply")) {
		parser->loader->saw_reply = true;
		return expression_make(parser, OP_REPLY);
	}
	if (slice_is(name, "_status"))
		return expression_make(parser, OP_STATUS);
	return slice_is(name, "_taken") ? expression_make(parser, OP_TAKEN) : NULL;
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
		struct expression *special = expression_make(parser, specials[i].op);
		if (special && special->op == OP_SELF)
			special->of_reply = parser->loader->it_is_of_reply;
		return special;
	}
	if (slice_is(name, "true") || slice_is(name, "false")) {
		struct expression *boolean = expression_make(parser, OP_BOOLEAN);
		if (boolean)
			boolean->integer = slice_is(name, "true");
		return boolean;
	}
	if (slice_is(name, "_sizeof")) {
		struct expression *size = expression_make(parser, OP_SIZEOF);
		if (size)
			size->type = parser->loader->self;
		return size && size_ask(parser, size) ? size : NULL;
	}
	if (parser->loader->in_extension && parser->loader->has_login && slice_is(name, "device"))
		return expression_make(parser, OP_DEVICE);
	struct expression *answer = parser->loader->in_reply ? parse_answer(parser, name) : NULL;
	if (answer || parser->failed)
		return answer;
	if (parser->loader->has_variables && slice_is(name, "session"))
		return parse_session(parser);
	if (parser->loader->has_assembled && slice_is(name, "assembled"))
		return expression_make(parser, OP_ASSEMBLED);
	if (parser->loader->has_request && slice_is(name, "_request"))
		return expression_make(parser, OP_REQUEST);
	if (parser->loader->has_transaction && slice_is(name, "_transaction"))
		return expression_make(parser, OP_TRANSACTION);
	return NULL;
}

/* sizeof<type> or bitsizeof<type>. */
static struct expression *parse_sizeof(struct parser *parser, bool in_bits)
{
	struct expression *size = expression_make(parser, OP_SIZEOF);
	struct type_use use = { .base = BASE_NONE };
	slice path;
	size_t at;
	parser_advance(parser);
	if (!size || !operand_type(parser, &path, &at))
		return NULL;
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
	struct expression *own = expression_make(parser, OP_OWN);
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
	struct expression *literal = expression_make(parser, OP_TEXT);
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
	struct expression *part = expression_parse(&inner);
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
	struct expression *join = expression_make(parser, OP_JOIN);
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
	struct expression *literal = expression_make(parser, ops[parser->token.kind]);
	if (!literal)
		return NULL;
	literal->integer = parser->token.integer;
	literal->natural = parser->token.natural;
	literal->real = parser->token.real;
	literal->text = parser->token.text;
	parser_advance(parser);
	return literal;
}

struct expression *operand_parse(struct parser *parser)
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
		struct expression *inner = expression_parse(parser);
		return inner && parser_expect_sign(parser, ")") ? inner : NULL;
	}
	if (parser_skip_sign(parser, "["))
		return parse_array(parser);
	return parser_fail(parser, "a value expected, not", parser->token.text);
}
