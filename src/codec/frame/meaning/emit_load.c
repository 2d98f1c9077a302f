/* Messages, loaded: a description's `emit` to a tree.
 *
 * What stands there is the message in its own shape: a map gives a map, a list a list, a plain scalar is an expression.
 * Keys that begin with "$" say what has no shape of its own; a name of the sender's that begins so is refused, so that
 * a slip of the pen never becomes a member of messages. Rejected: plain words such as `each` and `value` for them,
 * which are names that messages have. */
#include "codec/frame/meaning/emit.h"

enum { NODES_MAX = 10000 };

static bool compile_into(struct loader *, const struct node *, struct emit *);

static const struct emit *compile_new(struct loader *loader, const struct node *node)
{
	struct emit *made = ARENA_NEW(loader->arena, struct emit);
	if (!made) {
		(void)node_error(node, loader->error, "out of memory");
		return NULL;
	}
	return compile_into(loader, node, made) ? made : NULL;
}

static bool is_operator(const struct node *node)
{
	return node->key.n && node->key.p[0] == '$';
}

/* ---- literals ---- */

static bool is_plain(const struct node *node, const char *word)
{
	return !node->quoted && slice_is(node->text, word);
}

static struct value *scalar_literal(struct loader *loader, const struct node *node)
{
	struct decimal decimal;
	double number;
	if (is_plain(node, "null") || is_plain(node, "~") || (!node->quoted && !node->text.n))
		return value_null(loader->arena);
	if (is_plain(node, "true") || is_plain(node, "false"))
		return value_bool(loader->arena, slice_is(node->text, "true"));
	if (!node->quoted && number_parse(node->text, &number) &&
	        decimal_parse(&decimal, node->text))
		return decimal_value(loader->arena, &decimal);
	slice text = arena_copy_slice(loader->arena, node->text);
	return text.p ? value_text(loader->arena, text) : NULL;
}

static struct value *compile_literal(struct loader *loader, const struct node *node)
{
	if (node->kind == NODE_SCALAR)
		return scalar_literal(loader, node);
	bool list = node->kind == NODE_LIST;
	struct value *made = list ? value_list(loader->arena) : value_map(loader->arena);
	NODE_EACH (node, at) {
		struct value *member = compile_literal(loader, at);
		slice key = list ? (slice){ NULL, 0 } : arena_copy_slice(loader->arena, at->key);
		if (!made || !member ||
		        !(list ? value_append(made, member) : value_set_new(made, key, member)))
			return NULL;
	}
	return made;
}

/* ---- operators ---- */

/* What each may have beside it; all may have $if and $else. */
static const struct {
	const char *key;
	enum emit_kind kind;
	const char *beside[4];
} operators[] = {
	{ "$each", EMIT_EACH, { "$name", "$value", NULL } },
	{ "$merge", EMIT_MERGE, { "$gather", NULL } },
	{ "$literal", EMIT_LITERAL, { NULL } },
	{ "$hex", EMIT_HEX, { NULL } },
	{ "$senml", EMIT_SENML, { "$base", "$time", NULL } },
	{ "$value", EMIT_GROUP, { "$scale", "$offset", "$round", "$unit" } },
};
enum { OPERATORS = sizeof operators / sizeof *operators };

static bool is_among(slice key, const char *const words[4])
{
	for (unsigned i = 0; i < 4 && words[i]; i++) {
		if (slice_is(key, words[i]))
			return true;
	}
	return false;
}

/* Which one the map is about; OPERATORS: none, it is a map with a condition. */
static unsigned find_operator(const struct node *map)
{
	unsigned i = 0;
	while (i < OPERATORS && !node_get(map, operators[i].key))
		i++;
	return i;
}

static bool check_beside(struct loader *loader, const struct node *map, unsigned number)
{
	static const char *const none[4] = { NULL };
	const char *const *beside = number < OPERATORS ? operators[number].beside : none;
	const char *key = number < OPERATORS ? operators[number].key : "";
	NODE_EACH (map, at) {
		if (slice_is(at->key, key) || slice_is(at->key, "$if") ||
		        slice_is(at->key, "$else") || is_among(at->key, beside))
			continue;
		if (number < OPERATORS)
			return node_key_error(at, loader->error, "\"%.*s\" does not go with %s",
			        SLICE_ARG(at->key), key);
		if (is_operator(at))
			return node_key_error(at, loader->error,
			        "\"%.*s\" is not known here; one of $each, $merge, $literal, $hex, "
			        "$senml and $value, with $if and $else, is",
			        SLICE_ARG(at->key));
	}
	return true;
}

static bool compile_members(struct loader *loader, const struct node *node, struct emit *into)
{
	const struct emit **last = &into->first;
	NODE_EACH (node, at) {
		if (node->kind == NODE_MAP && is_operator(at))
			continue;
		struct emit *member = ARENA_NEW(loader->arena, struct emit);
		if (!member)
			return node_error(at, loader->error, "out of memory");
		if (node->kind == NODE_MAP)
			member->key = loader_intern(loader, at->key, false);
		if (!compile_into(loader, at, member))
			return false;
		*last = member;
		last = &member->next;
	}
	return true;
}

/* A list of names. */
static bool compile_gather(struct loader *loader, const struct node *node, struct emit *into)
{
	if (!node)
		return true;
	slice *names = node->kind == NODE_LIST
	                       ? arena_alloc(loader->arena, node->count * sizeof *names)
	                       : NULL;
	if (!names)
		return node_error(node, loader->error, "$gather is a list of names");
	NODE_EACH (node, at) {
		if (at->kind != NODE_SCALAR || !at->text.n)
			return node_error(at, loader->error, "a name is expected here");
		names[into->ngather++] = loader_intern(loader, at->text, false);
	}
	into->gather = names;
	return true;
}

static bool compile_merge(struct loader *loader, const struct node *map, struct emit *into)
{
	const struct node *node = node_get(map, "$merge");
	if (!compile_gather(loader, node_get(map, "$gather"), into))
		return false;
	if (node->kind == NODE_LIST)
		return compile_members(loader, node, into);
	into->first = compile_new(loader, node);
	return into->first != NULL;
}

static bool compile_each(struct loader *loader, const struct node *map, struct emit *into)
{
	const struct node *value = node_get(map, "$value");
	into->expression = expression_of(loader, node_get(map, "$each"));
	if (!into->expression || !expression_optional(loader, map, "$name", &into->name))
		return false;
	into->first = value ? compile_new(loader, value) : NULL;
	return !value || into->first;
}

static bool compile_senml(struct loader *loader, const struct node *map, struct emit *into)
{
	const struct node *node = node_get(map, "$senml");
	loader->makes_senml = true;
	if (!expression_optional(loader, map, "$base", &into->base) ||
	        !expression_optional(loader, map, "$time", &into->time))
		return false;
	if (node->kind == NODE_MAP)
		return compile_members(loader, node, into);
	into->expression = expression_of(loader, node);
	return into->expression != NULL;
}

static bool check_unit(struct loader *loader, const struct scaling *scaling)
{
	if (!scaling || !scaling->unit.n || scaling_is_senml_unit(scaling->unit))
		return true;
	loader->error->line = scaling->line;
	loader->error->column = scaling->column;
	return error_set(loader->error,
	        "\"%.*s\" is no unit of SenML's, and this description makes SenML",
	        SLICE_ARG(scaling->unit));
}

static bool compile_operator(
        struct loader *loader, const struct node *map, unsigned number, struct emit *into)
{
	const struct node *node = node_get(map, operators[number].key);
	into->kind = operators[number].kind;
	switch (into->kind) {
	case EMIT_EACH:
		return compile_each(loader, map, into);
	case EMIT_MERGE:
		return compile_merge(loader, map, into);
	case EMIT_SENML:
		return compile_senml(loader, map, into);
	case EMIT_LITERAL:
		into->literal = compile_literal(loader, node);
		return into->literal || node_error(node, loader->error, "out of memory");
	case EMIT_HEX:
		into->first = compile_new(loader, node);
		return into->first != NULL;
	case EMIT_GROUP:
		into->first = compile_new(loader, node);
		return into->first &&
		       scaling_compile(loader, map, &scaling_emit_keys, &into->scaling) &&
		       check_unit(loader, into->scaling);
	case EMIT_EXPRESSION:
	case EMIT_MAP:
	case EMIT_LIST:
		break;
	}
	return false;
}

static bool compile_map(struct loader *loader, const struct node *map, struct emit *into)
{
	const struct node *otherwise = node_get(map, "$else");
	unsigned number = find_operator(map);
	if (!check_beside(loader, map, number) ||
	        !condition_optional(loader, map, "$if", &into->when))
		return false;
	if (otherwise && !into->when)
		return node_key_error(otherwise, loader->error, "$else goes with $if");
	if (otherwise) {
		into->otherwise = compile_new(loader, otherwise);
		if (!into->otherwise)
			return false;
	}
	if (number < OPERATORS)
		return compile_operator(loader, map, number, into);
	into->kind = EMIT_MAP;
	return compile_members(loader, map, into);
}

static bool compile_into(struct loader *loader, const struct node *node, struct emit *into)
{
	if (++loader->nemits > NODES_MAX)
		return node_error(
		        node, loader->error, "a message of more than %d parts", NODES_MAX);
	if (node->kind == NODE_MAP)
		return compile_map(loader, node, into);
	if (node->kind == NODE_LIST) {
		into->kind = EMIT_LIST;
		return compile_members(loader, node, into);
	}
	into->kind = EMIT_EXPRESSION;
	into->expression = expression_of(loader, node);
	return into->expression != NULL;
}

const struct emit *emit_compile(struct loader *loader, const struct node *node)
{
	return compile_new(loader, node);
}

/* ---- members and types ---- */

/* A misspelt key would be passed over as another tool's. */
static bool check_own_keys(
        struct loader *loader, const struct node *map, const char *const *known, const char *what)
{
	NODE_EACH (map, at) {
		bool found = !slice_starts(at->key, SLICE("-fairlead-"));
		for (unsigned i = 0; known[i] && !found; i++)
			found = slice_is(at->key, known[i]);
		if (!found)
			return node_key_error(at, loader->error, "\"%.*s\" is not known for %s",
			        SLICE_ARG(at->key), what);
	}
	return true;
}

static bool check_scaled(struct loader *loader, const struct node *node, const struct field *field)
{
	enum base base = field->use.base;
	bool number = field->value || field->switch_on || base == BASE_UNSIGNED ||
	              base == BASE_SIGNED || base == BASE_FLOAT || base == BASE_BITS;
	if (!scaling_changes(field->scaling) || (number && !field->enumeration))
		return true;
	return node_error(node, loader->error,
	        "only a number has a scale, an offset or a rounding in messages");
}

bool emit_compile_field(struct loader *loader, const struct node *node, struct field *field)
{
	static const char *const known[] = { "-fairlead-omit", "-fairlead-optional",
		"-fairlead-name", "-fairlead-write", "-fairlead-scale", "-fairlead-offset",
		"-fairlead-round", "-fairlead-unit", NULL };
	const struct node *name = node_get(node, "-fairlead-name");
	if (!check_own_keys(loader, node, known, "a member") ||
	        !scaling_compile(loader, node, &scaling_field_keys, &field->scaling) ||
	        !check_scaled(loader, node, field))
		return false;
	if (!name)
		return true;
	if (name->kind != NODE_SCALAR || !name->text.n)
		return node_error(name, loader->error, "a name in messages is a text");
	field->label = loader_intern(loader, name->text, false);
	return field->label.p || node_error(name, loader->error, "out of memory");
}

bool emit_compile_type(struct loader *loader, struct type *type, const struct node *node)
{
	static const char *const known[] = { "-fairlead-emit", "-fairlead-optional", NULL };
	const struct node *emit = node_get(node, "-fairlead-emit");
	if (!check_own_keys(loader, node, known, "a type"))
		return false;
	for (unsigned i = 0; i < type->nmembers; i++)
		type->labelled |= type->members[i].field.label.n > 0;
	type->emit = emit ? emit_compile(loader, emit) : NULL;
	return !emit || type->emit;
}

/* ---- units ---- */

bool emit_check_units(struct loader *loader, const struct type *type)
{
	if (!loader->makes_senml)
		return true;
	for (unsigned i = 0; i < type->nmembers; i++) {
		if (!check_unit(loader, type->members[i].field.scaling))
			return false;
	}
	for (const struct type *at = type->inner; at; at = at->next) {
		if (!emit_check_units(loader, at))
			return false;
	}
	return true;
}
