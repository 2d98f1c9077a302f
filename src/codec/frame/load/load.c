/* Loading: a .ksy text to a program, in two passes.
 *
 * The first declares all types, enums and members, so that the second can resolve every name wherever it stands. Both
 * know every key that may stand at their level; any other key is refused by its name, save those that begin with "-",
 * which the language leaves to other tools. */
#include "codec/frame/load/size.h"
#include "codec/frame/load/source.h"
#include "codec/frame/meaning/extension.h"

#include "base/text.h"

#include <stdlib.h>

enum { SCHEMA_MAX_BYTES = 64 << 20, TYPE_DEPTH_MAX = 16, MEMBER_MAX = 4096 };

/* ---- plain types and small values ---- */

/* "u4le" behind the letter: width 4, "le". */
static bool split_number(slice digits, unsigned *width, slice *suffix)
{
	size_t n = 0;
	*width = 0;
	while (n < digits.n && n < 3 && digits.p[n] >= '0' && digits.p[n] <= '9')
		*width = *width * 10 + (unsigned)(digits.p[n++] - '0');
	*suffix = slice_from(digits, n);
	return n > 0 && (suffix->n == 0 || slice_is(*suffix, "le") || slice_is(*suffix, "be"));
}

bool loader_plain_type(const struct type *self, slice name, struct type_use *use)
{
	slice suffix;
	if (slice_is(name, "str") || slice_is(name, "strz")) {
		use->base = BASE_TEXT;
		use->zero = name.n == 4 ? (slice){ "\0", 1 } : (slice){ NULL, 0 };
		return true;
	}
	if (name.n < 2 || !strchr("usfb", name.p[0]) ||
	        !split_number(slice_from(name, 1), &use->width, &suffix))
		return false;
	unsigned width = use->width;
	bool bits = name.p[0] == 'b', real = name.p[0] == 'f';
	if (bits ? width < 1 || width > 64
	         : !(width == 4 || width == 8 || (!real && (width == 1 || width == 2))))
		return false;
	if (width == 1 && !bits && suffix.n)
		return false;
	use->base = bits               ? BASE_BITS
	            : real             ? BASE_FLOAT
	            : name.p[0] == 'u' ? BASE_UNSIGNED
	                               : BASE_SIGNED;
	if (suffix.n)
		use->endian = slice_is(suffix, "le") ? ENDIAN_LITTLE : ENDIAN_BIG;
	else if (bits)
		use->endian = self->bit_endian;
	else
		use->endian = width == 1 ? ENDIAN_BIG : self->endian;
	return true;
}

bool node_integer(
        struct loader *loader, const struct node *node, int64_t low, int64_t high, int64_t *number)
{
	const struct expression *expression = expression_of(loader, node);
	if (!expression)
		return false;
	if (expression->op != OP_INTEGER || expression->natural || expression->integer < low ||
	        expression->integer > high)
		return node_error(node, loader->error,
		        "a number from %lld to %lld is expected here", (long long)low,
		        (long long)high);
	*number = expression->integer;
	return true;
}

bool node_switch(struct loader *loader, const struct node *node, bool *on)
{
	*on = slice_is(node->text, "true");
	return *on || slice_is(node->text, "false") ||
	       node_error(node, loader->error, "true or false is expected here");
}

bool node_bytes(struct loader *loader, const struct node *node, slice *bytes)
{
	struct text text;
	text_init(&text, loader->arena, 0);
	if (node->kind == NODE_SCALAR) {
		text_slice_add(&text, node->text);
	} else if (node->kind == NODE_LIST) {
		NODE_EACH (node, at) {
			int64_t byte;
			bool digit = at->text.n && at->text.p[0] >= '0' && at->text.p[0] <= '9';
			if (at->kind == NODE_SCALAR && (at->quoted || !digit)) {
				text_slice_add(&text, at->text);
				continue;
			}
			if (!node_integer(loader, at, 0, 255, &byte))
				return false;
			text_char(&text, (char)(unsigned char)byte);
		}
	} else {
		return node_error(
		        node, loader->error, "a text or a list of bytes is expected here");
	}
	*bytes = text_slice(&text);
	return bytes->p || node_error(node, loader->error, "out of memory");
}

static bool check_keys(
        struct loader *loader, const struct node *map, const char *const *known, const char *where)
{
	NODE_EACH (map, at) {
		bool found = at->key.n && at->key.p[0] == '-';
		for (unsigned i = 0; known[i] && !found; i++)
			found = slice_is(at->key, known[i]);
		if (!found)
			return node_key_error(at, loader->error,
			        "%s: the key \"%.*s\" is not supported", where, SLICE_ARG(at->key));
	}
	return true;
}

static bool is_map(struct loader *loader, const struct node *node, const char *what)
{
	return node->kind == NODE_MAP || node_error(node, loader->error, "%s must be a map", what);
}

/* ---- the first pass: declaring ---- */

static bool declare_enum_value(
        struct loader *loader, const struct node *node, struct enum_value *value)
{
	const struct node *id = node->kind == NODE_MAP ? node_get(node, "id") : node;
	if (!id || id->kind != NODE_SCALAR)
		return node_key_error(node, loader->error, "an enum value needs a name");
	const struct expression *number =
	        expression_compile(loader, node->key, node->key_line, node->key_column);
	if (!number)
		return false;
	if (number->op != OP_INTEGER)
		return node_key_error(node, loader->error, "an enum's key must be a number");
	value->number = number->integer;
	value->natural = number->natural;
	value->name = loader_intern(loader, id->text, false);
	return value->name.p || node_error(node, loader->error, "out of memory");
}

static bool declare_enums(struct loader *loader, struct type *type, const struct node *enums)
{
	if (enums && !is_map(loader, enums, "enums"))
		return false;
	NODE_EACH (enums, at) {
		if (!is_map(loader, at, "an enum"))
			return false;
		struct enumeration *made = ARENA_NEW(loader->arena, struct enumeration);
		if (!made)
			return node_error(at, loader->error, "out of memory");
		made->name = loader_intern(loader, at->key, false);
		made->values = arena_alloc(loader->arena, at->count * sizeof *made->values);
		if (!made->values)
			return node_error(at, loader->error, "out of memory");
		NODE_EACH (at, value) {
			if (!declare_enum_value(loader, value, &made->values[made->nvalues++]))
				return false;
		}
		made->next = type->enumerations;
		type->enumerations = made;
	}
	return true;
}

bool loader_is_name(slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		bool small = c >= 'a' && c <= 'z';
		if (!small && (!i || (c != '_' && (c < '0' || c > '9'))))
			return false;
	}
	return text.n > 0;
}

/* The member's name: its id, its key (instances), or "_unnamed3". */
static bool declare_member(struct loader *loader, struct type *type, const struct node *node,
        enum member_kind kind, unsigned number)
{
	if (!is_map(loader, node, kind == MEMBER_INSTANCE ? "an instance" : "a field"))
		return false;
	struct member *member = &type->members[type->nmembers];
	const struct node *id = node_get(node, "id");
	slice name = kind == MEMBER_INSTANCE ? node->key : id ? id->text : (slice){ NULL, 0 };
	if (!name.n) {
		name = arena_printf(loader->arena, "_unnamed%u", number);
		member->field.anonymous = true;
	} else if (!loader_is_name(name)) {
		return node_error(id ? id : node, loader->error,
		        "a name begins with a small letter, and has small letters, digits and _");
	}
	if (name.n > 64)
		return node_error(node, loader->error, "a name of more than 64 characters");
	member->name = loader_intern(loader, name, true);
	if (!member->name.p)
		return node_error(node, loader->error, "out of memory");
	if (type_member(type, member->name) >= 0)
		return node_error(
		        node, loader->error, "there are two members \"%.*s\"", SLICE_ARG(name));
	member->kind = kind;
	member->field.name = member->name;
	member->field.line = node->line;
	type->names[type->nmembers++] = member->name.p;
	return true;
}

static bool declare_members(struct loader *loader, struct type *type, const struct node *node)
{
	static const char *const groups[] = { "params", "seq", "instances" };
	unsigned n = 0;
	for (unsigned kind = 0; kind < 3; kind++) {
		const struct node *group = node_get(node, groups[kind]);
		enum node_kind wanted = kind == MEMBER_INSTANCE ? NODE_MAP : NODE_LIST;
		if (group && group->kind != wanted)
			return node_error(group, loader->error, "%s must be a %s", groups[kind],
			        wanted == NODE_MAP ? "map" : "list");
		n += group ? group->count : 0;
	}
	if (n > MEMBER_MAX)
		return node_error(node, loader->error, "more than %d members", MEMBER_MAX);
	type->members = arena_alloc(loader->arena, n * sizeof *type->members);
	type->names = arena_alloc(loader->arena, n * sizeof *type->names);
	if (!type->members || !type->names)
		return node_error(node, loader->error, "out of memory");
	for (unsigned kind = 0; kind < 3; kind++) {
		unsigned number = 0;
		NODE_EACH (node_get(node, groups[kind]), at) {
			if (!declare_member(loader, type, at, (enum member_kind)kind, number++))
				return false;
		}
	}
	return true;
}

static bool declare_endian(struct loader *loader, struct type *type, const struct node *endian)
{
	if (endian->kind == NODE_MAP) {
		type->endian = ENDIAN_SWITCHED;
		return true;
	}
	type->endian = slice_is(endian->text, "le") ? ENDIAN_LITTLE : ENDIAN_BIG;
	return type->endian == ENDIAN_LITTLE || slice_is(endian->text, "be") ||
	       node_error(endian, loader->error, "endian is le, be, or a switch-on");
}

static bool declare_meta(struct loader *loader, struct type *type, const struct node *meta)
{
	static const char *const known[] = { "id", "title", "application", "file-extension", "xref",
		"license", "ks-version", "ks-debug", "ks-opaque-types", "encoding", "endian",
		"bit-endian", "tags", "imports", NULL };
	if (!meta)
		return true;
	if (!is_map(loader, meta, "meta") || !check_keys(loader, meta, known, "meta"))
		return false;
	const struct node *endian = node_get(meta, "endian");
	const struct node *bit_endian = node_get(meta, "bit-endian");
	const struct node *encoding = node_get(meta, "encoding");
	const struct node *imports = node_get(meta, "imports");
	if (imports && !(type->outer ? node_error(imports, loader->error,
	                                       "imports stand in the meta of the whole description")
	                             : source_imports(loader, imports)))
		return false;
	if (endian && !declare_endian(loader, type, endian))
		return false;
	if (bit_endian)
		type->bit_endian = slice_is(bit_endian->text, "le") ? ENDIAN_LITTLE : ENDIAN_BIG;
	if (bit_endian && type->bit_endian == ENDIAN_BIG && !slice_is(bit_endian->text, "be"))
		return node_error(bit_endian, loader->error, "bit-endian is le or be");
	if (encoding && !loader_encoding(loader, encoding->text, &type->encoding))
		return node_error(encoding, loader->error, "the encoding \"%.*s\" is not supported",
		        SLICE_ARG(encoding->text));
	return true;
}

static struct type *declare_type(struct loader *loader, const struct node *node, struct type *outer,
        slice name, unsigned depth)
{
	static const char *const known[] = { "meta", "doc", "doc-ref", "params", "seq", "types",
		"instances", "enums", "to-string", NULL };
	struct type *type = ARENA_NEW(loader->arena, struct type);
	if (depth > TYPE_DEPTH_MAX || !type) {
		(void)node_error(node, loader->error, "types are nested too deeply");
		return NULL;
	}
	if (!is_map(loader, node, "a type") || !check_keys(loader, node, known, "a type"))
		return NULL;
	type->name = loader_intern(loader, name, false);
	type->outer = outer;
	type->top = outer ? outer->top : type;
	type->endian = outer ? outer->endian : ENDIAN_UNKNOWN;
	type->bit_endian = outer ? outer->bit_endian : ENDIAN_BIG;
	type->encoding = outer ? outer->encoding : ENCODING_NONE;
	loader->self = type;
	const struct node *types = node_get(node, "types");
	if (!declare_meta(loader, type, node_get(node, "meta")) ||
	        !declare_enums(loader, type, node_get(node, "enums")) ||
	        !declare_members(loader, type, node) || (types && !is_map(loader, types, "types")))
		return NULL;
	struct type **last = &type->inner;
	NODE_EACH (types, at) {
		*last = declare_type(loader, at, type, at->key, depth + 1);
		if (!*last)
			return NULL;
		last = &(*last)->next;
	}
	return type;
}

/* ---- the second pass: compiling ---- */

static bool compile_endian(struct loader *loader, struct type *type, const struct node *endian)
{
	const struct node *on = node_get(endian, "switch-on"), *cases = node_get(endian, "cases");
	if (!on || !cases || !is_map(loader, cases, "cases"))
		return node_error(endian, loader->error, "endian needs switch-on and cases");
	type->endian_on = expression_of(loader, on);
	type->endian_cases = arena_alloc(loader->arena, cases->count * sizeof(struct type_case));
	if (!type->endian_on || !type->endian_cases)
		return false;
	NODE_EACH (cases, at) {
		struct type_case *made = &type->endian_cases[type->nendian_cases++];
		bool little = slice_is(at->text, "le");
		if (!little && !slice_is(at->text, "be"))
			return node_error(at, loader->error, "le or be is expected here");
		made->use.endian = little ? ENDIAN_LITTLE : ENDIAN_BIG;
		if (slice_is(at->key, "_"))
			continue;
		made->when = expression_compile(loader, at->key, at->key_line, at->key_column);
		if (!made->when)
			return false;
	}
	return true;
}

static bool compile_type(struct loader *loader, struct type *type, const struct node *node)
{
	static const char *const groups[] = { "params", "seq", "instances" };
	const struct node *endian = node_get(node_get(node, "meta"), "endian");
	const struct node *optional = node_get(node, "-fairlead-optional");
	bool all_optional = false;
	loader->self = type;
	if ((endian && endian->kind == NODE_MAP && !compile_endian(loader, type, endian)) ||
	        (optional && !node_switch(loader, optional, &all_optional)))
		return false;
	struct member *member = type->members;
	for (unsigned kind = 0; kind < 3; kind++) {
		NODE_EACH (node_get(node, groups[kind]), at) {
			if (!field_compile(loader, at, member->kind, &member->field))
				return false;
			if (all_optional && member->field.value &&
			        !node_get(at, "-fairlead-optional"))
				member->field.optional = true;
			member++;
		}
	}
	if (!emit_compile_type(loader, type, node))
		return false;
	struct type *inner = type->inner;
	NODE_EACH (node_get(node, "types"), at) {
		if (!compile_type(loader, inner, at))
			return false;
		inner = inner->next;
	}
	return true;
}

bool source_declare(struct loader *loader, struct source *source)
{
	const struct node *id = node_get(node_get(source->tree, "meta"), "id");
	const struct node *opaque = node_get(node_get(source->tree, "meta"), "ks-opaque-types");
	slice name = id ? id->text : source_name(source);
	if (opaque && !node_switch(loader, opaque, &source->opaque))
		return false;
	for (const struct source *at = loader->sources; at; at = at->next) {
		if (at->type && slice_equal(at->type->name, name))
			return node_error(id ? id : source->tree, loader->error,
			        "there are two descriptions \"%.*s\"", SLICE_ARG(name));
	}
	source->type = declare_type(loader, source->tree, NULL, name, 0);
	return source->type != NULL;
}

/* Both passes, over the description and what it imports. A type that is opaque to a description may bring one more
 * description along during the second. */
static bool load(struct loader *loader, const char *path, slice text)
{
	struct source *first = source_add(loader, slice_of(path), text);
	for (struct source *at = first; at; at = at->next) {
		if (!source_open(loader, at))
			return false;
	}
	if (!first)
		return false;
	for (struct source *at = first; at; at = at->next) {
		loader->source = at;
		if (!compile_type(loader, at->type, at->tree))
			return false;
	}
	loader->source = first;
	loader->self = loader->schema->root = first->type;
	loader->in_extension = true;
	loader->schema->extension = ARENA_NEW(loader->arena, struct extension);
	if (!loader->schema->extension ||
	        !extension_compile(loader, node_get(first->tree, "-fairlead")) ||
	        !sizes_answer(loader))
		return false;
	for (struct source *at = first; at; at = at->next) {
		loader->source = at;
		if (!emit_check_units(loader, at->type))
			return false;
	}
	return true;
}

struct frame_schema *frame_schema_load_files(
        const char *path, slice text, const struct frame_files *files, struct error *error)
{
	struct frame_schema *schema = calloc(1, sizeof *schema);
	if (!schema) {
		(void)error_set(error, "out of memory");
		return NULL;
	}
	struct arena scratch;
	arena_init(&scratch, SCHEMA_MAX_BYTES);
	arena_init(&schema->arena, SCHEMA_MAX_BYTES);
	struct loader loader = { .schema = schema,
		.arena = &schema->arena,
		.error = error,
		.scratch = &scratch,
		.files = files };
	*error = (struct error){ .text = "" };
	bool good = load(&loader, path, text);
	if (!good && !error->text[0])
		(void)error_set(error, "the description takes too much memory");
	if (!good)
		source_name_mistake(&loader);
	arena_finish(&scratch);
	if (good)
		return schema;
	frame_schema_free(schema);
	return NULL;
}

struct frame_schema *frame_schema_load(slice text, struct error *error)
{
	return frame_schema_load_files("frame.ksy", text, NULL, error);
}

void frame_schema_free(struct frame_schema *schema)
{
	if (!schema)
		return;
	charsets_close(schema);
	arena_finish(&schema->arena);
	free(schema);
}
