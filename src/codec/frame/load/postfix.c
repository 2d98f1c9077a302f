/* What follows an operand: members and methods, items, casts. */
#include "codec/frame/load/expression.h"

#include "codec/frame/load/size.h"

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
	struct expression *cast = expression_make(parser, OP_CAST);
	slice path;
	size_t at;
	if (!cast || !operand_type(parser, &path, &at))
		return NULL;
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
	struct expression *member = expression_make(parser, OP_MEMBER);
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
	member->of_reply = expression_is_of_reply(first);
	if (!member->method && !member->of_reply && !loader_is_member_name(parser->loader, name))
		return parser_fail_at(
		        parser, at, "no type has a member, and there is no method", name);
	member->first = first;
	member->text = loader_intern(parser->loader, name, false);
	if (parser_skip_sign(parser, "(") && !operand_items(parser, ")", member))
		return NULL;
	if (member->nitems < least || member->nitems > most)
		return parser_fail_at(parser, at, "a wrong number of arguments for", name);
	return take_encoding_argument(parser, member) && size_ask(parser, member) ? member : NULL;
}

struct expression *postfix_parse(struct parser *parser)
{
	struct expression *value = operand_parse(parser);
	for (unsigned n = 0; value; n++) {
		if (n == ARGUMENT_MAX)
			return parser_fail(parser, "too long a chain", (slice){ NULL, 0 });
		if (parser_skip_sign(parser, ".")) {
			value = parse_member(parser, value);
		} else if (parser_skip_sign(parser, "[")) {
			struct expression *item = expression_make(parser, OP_ITEM);
			if (!item)
				return NULL;
			item->first = value;
			item->of_reply = expression_is_of_reply(value);
			item->second = expression_parse(parser);
			if (!item->second || !parser_expect_sign(parser, "]"))
				return NULL;
			value = item;
		} else {
			break;
		}
	}
	return value;
}
