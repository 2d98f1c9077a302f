/* One entry of `seq`, `params` or `instances`: its keys to a struct field. */
#include "codec/frame/run/process.h"

#include "codec/frame/meaning/emit.h"
#include "codec/frame/load/source.h"

static bool out_of_memory(struct loader *loader, const struct node *node)
{
	return node_error(node, loader->error, "out of memory");
}

static bool check_keys(struct loader *loader, const struct node *node, enum member_kind kind)
{
	static const char *const known[] = { "id", "type", "doc", "doc-ref", "enum", "if", "repeat",
		"repeat-expr", "repeat-until", "size", "size-eos", "terminator", "consume",
		"include", "eos-error", "pad-right", "contents", "encoding", "process", "valid",
		"parent" };
	static const char *const instance[] = { "value", "pos", "io" };
	NODE_EACH (node, at) {
		bool found = at->key.n && at->key.p[0] == '-';
		for (size_t i = 0; i < sizeof known / sizeof *known && !found; i++)
			found = slice_is(at->key, known[i]) && (kind != MEMBER_PARAMETER || i < 5);
		for (size_t i = 0; i < 3 && !found && kind == MEMBER_INSTANCE; i++)
			found = slice_is(at->key, instance[i]);
		if (!found)
			return node_key_error(at, loader->error,
			        "the key \"%.*s\" is not supported here", SLICE_ARG(at->key));
	}
	return true;
}

/* ---- types ---- */

/* "name(a, b)": the arguments are compiled as the list that they are. */
static bool compile_arguments(struct loader *loader, const struct node *node, slice inside,
        unsigned line, unsigned column, const struct expression *const **arguments, unsigned *n)
{
	slice list = arena_printf(loader->arena, "[%.*s]", SLICE_ARG(inside));
	if (!list.p)
		return out_of_memory(loader, node);
	const struct expression *array = expression_compile(loader, list, line, column);
	if (!array)
		return false;
	*arguments = array->items;
	*n = array->nitems;
	return true;
}

static bool compile_use(struct loader *loader, const struct node *node, enum encoding encoding,
        struct type_use *use)
{
	slice name = slice_trim(node->text);
	size_t open = slice_find(name, '(');
	slice plain = slice_trim((slice){ name.p, open });
	use->encoding = encoding;
	if (open == name.n && loader_plain_type(loader->self, plain, use)) {
		if (use->zero.n)
			use->zero = (slice){ "\0\0\0\0", encoding_unit(loader->schema, encoding) };
		if (use->base == BASE_TEXT && encoding == ENCODING_NONE)
			return node_error(node, loader->error, "a text needs an encoding");
		return use->endian != ENDIAN_UNKNOWN || use->base == BASE_TEXT ||
		       node_error(node, loader->error,
		               "\"%.*s\" needs \"le\" or \"be\", or an endian in meta",
		               SLICE_ARG(plain));
	}
	use->base = BASE_STRUCT;
	use->type = loader_find_type(loader, plain);
	if (!use->type && loader->source && loader->source->opaque)
		use->type = source_opaque(loader, node, plain);
	if (!use->type && loader->error->text[0])
		return false;
	if (!use->type)
		return node_error(
		        node, loader->error, "the type \"%.*s\" is not known", SLICE_ARG(plain));
	if (open < name.n) {
		if (name.p[name.n - 1] != ')')
			return node_error(node, loader->error, "\")\" is missing");
		slice inside = { name.p + open + 1, name.n - open - 2 };
		if (!compile_arguments(loader, node, inside, node->line,
		            node->column + (unsigned)open + (node->quoted ? 1 : 0), &use->arguments,
		            &use->narguments))
			return false;
	}
	unsigned parameters = 0;
	while (parameters < use->type->nmembers &&
	        use->type->members[parameters].kind == MEMBER_PARAMETER)
		parameters++;
	return parameters == use->narguments ||
	       node_error(node, loader->error, "\"%.*s\" takes %u parameters, not %u",
	               SLICE_ARG(plain), parameters, use->narguments);
}

static bool compile_switch(
        struct loader *loader, const struct node *node, enum encoding encoding, struct field *field)
{
	const struct node *on = node_get(node, "switch-on"), *cases = node_get(node, "cases");
	unsigned own = 0;
	NODE_EACH (node, key)
		own += !slice_starts(key->key, SLICE("-"));
	if (!on || !cases || cases->kind != NODE_MAP || own != 2)
		return node_error(node, loader->error,
		        "a switched type has switch-on and a map of cases, and nothing else");
	field->switch_on = expression_of(loader, on);
	field->cases = arena_alloc(loader->arena, cases->count * sizeof *field->cases);
	if (!field->switch_on)
		return false;
	if (!field->cases)
		return out_of_memory(loader, node);
	NODE_EACH (cases, at) {
		struct type_case *made = &field->cases[field->ncases++];
		if (at->kind != NODE_SCALAR)
			return node_error(at, loader->error, "the name of a type is expected here");
		if (!compile_use(loader, at, encoding, &made->use))
			return false;
		if (slice_is(at->key, "_"))
			continue;
		made->when = expression_compile(loader, at->key, at->key_line, at->key_column);
		if (!made->when)
			return false;
	}
	return true;
}

static bool compile_type(struct loader *loader, const struct node *node, struct field *field)
{
	const struct node *type = node_get(node, "type"), *named = node_get(node, "encoding");
	enum encoding encoding = loader->self->encoding;
	if (named && !loader_encoding(loader, named->text, &encoding))
		return node_error(named, loader->error, "the encoding \"%.*s\" is not supported",
		        SLICE_ARG(named->text));
	if (type && type->kind == NODE_MAP)
		return compile_switch(loader, type, encoding, field);
	if (type && type->kind == NODE_SCALAR && !compile_use(loader, type, encoding, &field->use))
		return false;
	if (!type || type->kind != NODE_SCALAR)
		field->use.base = BASE_BYTES;
	if (named && field->use.base != BASE_TEXT)
		return node_error(named, loader->error, "only str and strz have an encoding");
	return !type || type->kind == NODE_SCALAR ||
	       node_error(type, loader->error, "the name of a type is expected here");
}

/* ---- sizes ---- */

static bool optional_switch(
        struct loader *loader, const struct node *map, const char *key, bool fallback, bool *on)
{
	const struct node *node = node_get(map, key);
	*on = fallback;
	return !node || node_switch(loader, node, on);
}

static bool compile_terminator(struct loader *loader, const struct node *node, struct field *field)
{
	int64_t byte;
	field->has_terminator = true;
	if (node->kind == NODE_LIST) {
		if (!node_bytes(loader, node, &field->terminator))
			return false;
	} else {
		if (!node_integer(loader, node, 0, 255, &byte))
			return false;
		char one = (char)(unsigned char)byte;
		field->terminator = arena_copy(loader->arena, &one, 1);
	}
	return field->terminator.n > 0 ||
	       node_error(node, loader->error, "a terminator has at least one byte");
}

static bool compile_extent(struct loader *loader, const struct node *node, struct field *field)
{
	const struct node *terminator = node_get(node, "terminator");
	const struct node *pad = node_get(node, "pad-right");
	const struct node *contents = node_get(node, "contents");
	bool consume, eos_error;
	int64_t byte;
	field->pad = -1;
	if (!expression_optional(loader, node, "size", &field->size) ||
	        !optional_switch(loader, node, "size-eos", false, &field->to_end) ||
	        !optional_switch(loader, node, "include", false, &field->include) ||
	        !optional_switch(loader, node, "consume", true, &consume) ||
	        !optional_switch(loader, node, "eos-error", true, &eos_error) ||
	        (terminator && !compile_terminator(loader, terminator, field)))
		return false;
	field->keep_terminator = !consume;
	field->lenient_end = !eos_error;
	if (pad) {
		if (!node_integer(loader, pad, 0, 255, &byte))
			return false;
		field->pad = (int)byte;
	}
	if (field->use.zero.n && !field->has_terminator) {
		field->has_terminator = true;
		field->terminator = field->use.zero;
	}
	if (contents) {
		field->has_contents = true;
		if (node_get(node, "type") || !node_bytes(loader, contents, &field->contents))
			return node_get(node, "type")
			               ? node_error(contents, loader->error,
			                         "contents and type exclude each other")
			               : false;
	}
	if (field->size && field->to_end)
		return node_error(node, loader->error, "size and size-eos exclude each other");
	return true;
}

/* Bytes and texts must end somewhere; numbers have no size of their own. */
static bool check_extent(struct loader *loader, const struct node *node, const struct field *field)
{
	bool bounded = field->size || field->to_end || field->has_terminator || field->has_contents;
	enum base base = field->use.base;
	if (field->switch_on) {
		for (unsigned i = 0; i < field->ncases; i++) {
			if (field->cases[i].use.base == BASE_TEXT && !bounded &&
			        !field->cases[i].use.zero.n)
				return node_error(node, loader->error, "a text needs a size");
		}
		return true;
	}
	if ((base == BASE_BYTES || base == BASE_TEXT) && !bounded)
		return node_error(node, loader->error,
		        "bytes and texts need a size, size-eos, terminator or contents");
	bool number = base != BASE_BYTES && base != BASE_TEXT && base != BASE_STRUCT;
	if (number && (bounded || field->process))
		return node_error(node, loader->error, "a number has no size and no process");
	return true;
}

/* "name", or "name(a, b)". */
static bool compile_process(struct loader *loader, const struct node *node, struct field *field)
{
	if (!node)
		return true;
	slice text = slice_trim(node->text);
	size_t open = slice_find(text, '(');
	bool called = open < text.n;
	const struct process_kind *kind = process_find(slice_trim((slice){ text.p, open }));
	if (!kind || (called && text.p[text.n - 1] != ')'))
		return node_error(node, loader->error, "the process \"%.*s\" is not supported",
		        SLICE_ARG(node->text));
	field->process = kind;
	if (called &&
	        !compile_arguments(loader, node, (slice){ text.p + open + 1, text.n - open - 2 },
	                node->line, node->column + (unsigned)open + (node->quoted ? 1 : 0),
	                &field->process_arguments, &field->nprocess_arguments))
		return false;
	unsigned n = field->nprocess_arguments;
	return (n >= kind->least && n <= kind->most) ||
	       node_error(node, loader->error, "\"%s\" takes %u argument%s, not %u", kind->name,
	               kind->most, kind->most == 1 ? "" : "s", n);
}

/* ---- repetition, validation, the rest ---- */

static bool compile_repeat(struct loader *loader, const struct node *node, struct field *field)
{
	const struct node *repeat = node_get(node, "repeat");
	const struct node *times = node_get(node, "repeat-expr");
	const struct node *until = node_get(node, "repeat-until");
	const struct node *by = NULL;
	if (repeat && slice_is(repeat->text, "eos")) {
		field->repeat = REPEAT_TO_END;
	} else if (repeat && slice_is(repeat->text, "expr")) {
		field->repeat = REPEAT_TIMES;
		by = times;
	} else if (repeat && slice_is(repeat->text, "until")) {
		field->repeat = REPEAT_UNTIL;
		by = until;
	} else if (repeat) {
		return node_error(repeat, loader->error, "repeat is eos, expr or until");
	}
	if ((times && times != by) || (until && until != by))
		return node_error(node, loader->error,
		        "repeat-expr goes with repeat: expr, repeat-until with repeat: until");
	if (field->repeat >= REPEAT_TIMES && !by)
		return node_error(repeat, loader->error, "repeat: %.*s needs repeat-%.*s",
		        SLICE_ARG(repeat->text), SLICE_ARG(repeat->text));
	if (by)
		field->repeat_by =
		        by == until ? condition_of(loader, by) : expression_of(loader, by);
	return !by || field->repeat_by;
}

static bool compile_any_of(struct loader *loader, const struct node *list, struct valid *valid)
{
	if (list->kind != NODE_LIST || list->count > VALID_MAX)
		return node_error(list, loader->error, "any-of is a list of at most %d expressions",
		        VALID_MAX);
	valid->any_of = arena_alloc(loader->arena, list->count * sizeof *valid->any_of);
	if (!valid->any_of)
		return false;
	NODE_EACH (list, at) {
		valid->any_of[valid->nany_of] = expression_of(loader, at);
		if (!valid->any_of[valid->nany_of++])
			return false;
	}
	return true;
}

static bool compile_valid(struct loader *loader, const struct node *node, struct field *field)
{
	if (!node)
		return true;
	struct valid *valid = ARENA_NEW(loader->arena, struct valid);
	if (!valid)
		return false;
	field->valid = valid;
	if (node->kind != NODE_MAP) {
		valid->equal = expression_of(loader, node);
		return valid->equal != NULL;
	}
	NODE_EACH (node, at) {
		const struct expression **into = NULL;
		if (slice_is(at->key, "eq"))
			into = &valid->equal;
		else if (slice_is(at->key, "min"))
			into = &valid->min;
		else if (slice_is(at->key, "max"))
			into = &valid->max;
		else if (slice_is(at->key, "expr"))
			into = &valid->holds;
		if (into)
			*into = into == &valid->holds ? condition_of(loader, at)
			                              : expression_of(loader, at);
		if (into && !*into)
			return false;
		if (into)
			continue;
		if (slice_is(at->key, "in-enum")) {
			if (!node_switch(loader, at, &valid->in_enum))
				return false;
		} else if (slice_is(at->key, "any-of")) {
			if (!compile_any_of(loader, at, valid))
				return false;
		} else {
			return node_key_error(at, loader->error, "valid: \"%.*s\" is not supported",
			        SLICE_ARG(at->key));
		}
	}
	return true;
}

static bool compile_enum(struct loader *loader, const struct node *map, struct field *field)
{
	const struct node *node = node_get(map, "enum");
	if (node) {
		field->enumeration = loader_find_enum(loader, slice_trim(node->text));
		if (!field->enumeration)
			return node_error(node, loader->error, "the enum \"%.*s\" is not known",
			        SLICE_ARG(node->text));
	}
	return !field->valid || !field->valid->in_enum || field->enumeration ||
	       node_error(map, loader->error, "valid/in-enum needs an enum");
}

static bool compile_parent(struct loader *loader, const struct node *node, struct field *field)
{
	if (!node)
		return true;
	field->orphan = slice_is(node->text, "false");
	if (field->orphan)
		return true;
	field->parent = expression_of(loader, node);
	return field->parent != NULL;
}

static bool compile_value_instance(
        struct loader *loader, const struct node *node, struct field *field)
{
	static const char *const allowed[] = { "value", "doc", "doc-ref", "enum", "if", "valid",
		"id", "type" };
	NODE_EACH (node, at) {
		bool found = at->key.n && at->key.p[0] == '-';
		for (size_t i = 0; i < sizeof allowed / sizeof *allowed && !found; i++)
			found = slice_is(at->key, allowed[i]);
		if (!found)
			return node_key_error(at, loader->error,
			        "\"%.*s\" does not go with a computed value", SLICE_ARG(at->key));
	}
	const struct node *optional = node_get(node, "-fairlead-optional");
	return (!optional || node_switch(loader, optional, &field->optional)) &&
	       expression_optional(loader, node, "value", &field->value) &&
	       condition_optional(loader, node, "if", &field->condition) &&
	       compile_valid(loader, node_get(node, "valid"), field) &&
	       compile_enum(loader, node, field);
}

/* What decode.c reads the short way. Always true. */
static bool mark_bare(struct field *field)
{
	const struct type_use *use = &field->use;
	bool number =
	        use->base == BASE_UNSIGNED || use->base == BASE_SIGNED || use->base == BASE_FLOAT;
	field->bare = number && (use->endian == ENDIAN_LITTLE || use->endian == ENDIAN_BIG) &&
	              !field->condition && field->repeat == REPEAT_NONE && !field->switch_on &&
	              !field->valid;
	return true;
}

bool field_compile(
        struct loader *loader, const struct node *node, enum member_kind kind, struct field *field)
{
	const struct node *omit = node_get(node, "-fairlead-omit");
	const struct node *optional = node_get(node, "-fairlead-optional");
	field->pad = -1;
	if (node_get(node, "-fairlead-write") && (kind != MEMBER_FIELD || node_get(node, "repeat")))
		return node_key_error(node_get(node, "-fairlead-write"), loader->error,
		        "\"-fairlead-write\" goes with a field of seq that is not repeated");
	if (optional && !node_get(node, "value"))
		return node_key_error(optional, loader->error,
		        "\"-fairlead-optional\" goes with a computed value only");
	if (!check_keys(loader, node, kind) ||
	        (omit && !node_switch(loader, omit, &field->omitted)))
		return false;
	const struct node *type = node_get(node, "type");
	if (kind == MEMBER_PARAMETER) {
		if (type)
			(void)loader_plain_type(loader->self, type->text, &field->use);
		return compile_enum(loader, node, field);
	}
	if (node_get(node, "value"))
		return compile_value_instance(loader, node, field) &&
		       emit_compile_field(loader, node, field);
	return compile_type(loader, node, field) && compile_extent(loader, node, field) &&
	       compile_process(loader, node_get(node, "process"), field) &&
	       check_extent(loader, node, field) && compile_repeat(loader, node, field) &&
	       compile_valid(loader, node_get(node, "valid"), field) &&
	       compile_enum(loader, node, field) &&
	       compile_parent(loader, node_get(node, "parent"), field) &&
	       condition_optional(loader, node, "if", &field->condition) &&
	       expression_optional(loader, node, "-fairlead-write", &field->write) &&
	       expression_optional(loader, node, "pos", &field->pos) &&
	       expression_optional(loader, node, "io", &field->io) &&
	       emit_compile_field(loader, node, field) && mark_bare(field);
}
