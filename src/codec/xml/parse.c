/* xml_parse: bytes to a tree, by expat.
 *
 * MEMORY. Expat gets its memory from a scratch arena that dies with the parse, so it is bounded, costs no
 * malloc, and XML_ParserFree() has nothing to do. Its allocator functions have no argument of their own, hence
 * the one thread-local pointer below, set for the time of a parse. The tree is built in the caller's arena,
 * where text is collected in one growing buffer per nesting level (in the scratch arena) and copied once, when
 * its element ends: no element pays for the pieces in which expat hands text over.
 *
 * NAMESPACES are expat's work, but for what it lets pass: a colon in the target of a processing instruction.
 * The separator between URI and local name is U+0001, which no document can hold. The prefix in an xsi:type
 * is content, which expat does not resolve, so the declarations in force are kept here too, each reduced to the
 * one thing asked: is it a vocabulary whose types we know.
 *
 * COST. Expat copies the namespace of each element and attribute, and hashes the latter's; without the bound on
 * its length a body of 1 MiB could make it copy tens of gigabytes. All other limits bound memory. (Expat
 * remembers each different name: some 200 bytes. A body of thousands of them is what uses the scratch arena up.)
 *
 * After XML_StopParser() expat may still make calls that it owed (the end of an empty element), so each handler
 * first looks whether the document is refused already. */
#include "codec/xml/xml.h"

#include <expat.h>
#include <limits.h>
#include <stdalign.h>

#include "base/random.h"

#define SEPARATOR '\x01'
#define XSI       "http://www.w3.org/2001/XMLSchema-instance"

enum { SCRATCH_BYTES = 128 * 1024, SCRATCH_PER_BYTE = 8, URIS_KEPT = 8 };

/* A namespace that is in force, as far as xsi:type goes. */
struct binding {
	const char *
	        prefix; /* expat's, which keeps it as long as the parser; NULL: the default namespace */
	bool typed;     /* XML Schema or a SOAP encoding */
};

/* An element that is not closed yet. */
struct level {
	struct xml_element *element;
	struct xml_element *last_child;
	struct text text;
};

struct parser {
	XML_Parser expat;
	struct arena scratch;
	struct arena *arena; /* NULL: only check */
	const char *refused; /* why we stopped it, or NULL */
	slice body;
	struct xml_element *root;
	unsigned depth, deepest, elements, nbindings, nuris;
	struct level levels[XML_DEPTH_MAX];
	struct binding bindings[XML_NAMESPACES_MAX];
	slice uris[URIS_KEPT]; /* already copied to the arena */
};

/* Rule broken: a variable at file scope. See the essay. */
static _Thread_local struct arena *memory;

/* What stands before each block that expat holds. */
struct block {
	alignas(max_align_t) size_t n;
};

static void *take_back(void *bytes, size_t n)
{
	struct block *old = bytes ? (struct block *)bytes - 1 : NULL;
	if (n > SIZE_MAX / 4)
		return NULL;
	if (old && n <= old->n)
		return bytes;
	struct block *block =
	        arena_grow(memory, old, old ? sizeof *old + old->n : 0, sizeof *block + n);
	if (!block)
		return NULL;
	block->n = n;
	return block + 1;
}

static void *take(size_t n)
{
	return take_back(NULL, n);
}

static void leave_be(void *bytes)
{
	(void)bytes;
}

static const XML_Memory_Handling_Suite allocator = { take, take_back, leave_be };

static void refuse(struct parser *parser, const char *why)
{
	if (parser->refused)
		return;
	parser->refused = why;
	(void)XML_StopParser(parser->expat, XML_FALSE);
}

static void over_budget(struct parser *parser)
{
	refuse(parser, "needs more memory than a message may take");
}

static void on_doctype(
        void *arg, const char *name, const char *system, const char *public, int has_subset)
{
	(void)name;
	(void)system;
	(void)public;
	(void)has_subset;
	refuse(arg, "a DOCTYPE is not taken");
}

static void on_declaration(void *arg, const char *version, const char *encoding, int standalone)
{
	struct parser *parser = arg;
	(void)standalone;
	if (version && strcmp(version, "1.0") != 0)
		refuse(parser, "only XML 1.0 is taken");
	else if (encoding && slice_starts(parser->body, SLICE("\xef\xbb\xbf")) &&
	         !slice_equal_nocase(slice_of(encoding), SLICE("UTF-8")))
		refuse(parser, "the byte order mark says UTF-8, the declaration does not");
}

static void on_instruction(void *arg, const char *target, const char *content)
{
	(void)content;
	if (strchr(target, ':'))
		refuse(arg, "a colon in the target of a processing instruction");
}

static bool is_vocabulary_of_types(slice uri)
{
	return slice_is(uri, "http://www.w3.org/2001/XMLSchema") ||
	       slice_is(uri, XML_SOAP_11_ENCODING) || slice_is(uri, XML_SOAP_12_ENCODING);
}

static void on_namespace(void *arg, const char *prefix, const char *uri)
{
	struct parser *parser = arg;
	slice namespace = slice_of(uri);
	if (parser->refused)
		return;
	if (namespace.n > XML_NAMESPACE_BYTES_MAX) {
		refuse(parser, "a namespace is too long");
	} else if (parser->nbindings == XML_NAMESPACES_MAX) {
		refuse(parser, "too many namespaces");
	} else {
		parser->bindings[parser->nbindings++] =
		        (struct binding){ prefix, is_vocabulary_of_types(namespace) };
	}
}

static void on_namespace_end(void *arg, const char *prefix)
{
	struct parser *parser = arg;
	(void)prefix;
	if (!parser->refused)
		parser->nbindings--;
}

/* Does this prefix (empty: none) stand for a vocabulary whose types we know? */
static bool is_typed(const struct parser *parser, slice prefix)
{
	for (unsigned i = parser->nbindings; i > 0; i--) {
		const struct binding *binding = &parser->bindings[i - 1];
		if (slice_equal(slice_of(binding->prefix), prefix))
			return binding->typed;
	}
	return false;
}

static enum xml_type type_of(const struct parser *parser, slice qname)
{
	static const struct {
		const char *name;
		enum xml_type type;
	} types[] = { { "int", XML_TYPE_INTEGER }, { "long", XML_TYPE_INTEGER },
		{ "double", XML_TYPE_NUMBER }, { "decimal", XML_TYPE_NUMBER },
		{ "float", XML_TYPE_NUMBER }, { "boolean", XML_TYPE_BOOLEAN },
		{ "base64Binary", XML_TYPE_BASE64 }, { "base64", XML_TYPE_BASE64 },
		{ "hexBinary", XML_TYPE_HEX }, { "integer", XML_TYPE_INTEGER },
		{ "short", XML_TYPE_INTEGER }, { "byte", XML_TYPE_INTEGER },
		{ "unsignedLong", XML_TYPE_INTEGER }, { "unsignedInt", XML_TYPE_INTEGER },
		{ "unsignedShort", XML_TYPE_INTEGER }, { "unsignedByte", XML_TYPE_INTEGER },
		{ "nonNegativeInteger", XML_TYPE_INTEGER }, { "positiveInteger", XML_TYPE_INTEGER },
		{ "nonPositiveInteger", XML_TYPE_INTEGER }, { "negativeInteger", XML_TYPE_INTEGER },
		{ "Array", XML_TYPE_LIST }, { "anyType", XML_TYPE_NONE },
		{ "anySimpleType", XML_TYPE_NONE }, { "Struct", XML_TYPE_NONE } };
	slice name = slice_trim(qname), prefix = { NULL, 0 };
	if (slice_find(name, ':') < name.n)
		prefix = slice_cut(&name, ':');
	if (!is_typed(parser, prefix))
		return XML_TYPE_NONE;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (slice_is(name, types[i].name))
			return types[i].type;
	}
	return XML_TYPE_TEXT;
}

/* Cuts what expat gives as a name. */
static void split_name(const char *raw, slice *namespace, slice *name)
{
	*name = slice_of(raw);
	*namespace = (slice){ NULL, 0 };
	const char *separator = memchr(raw, SEPARATOR, name->n);
	if (separator) {
		*namespace = (slice){ raw, (size_t)(separator - raw) };
		*name = slice_from(*name, namespace->n + 1);
	}
}

/* A copy in the arena; the first few different ones are copied once. */
static bool keep_namespace(struct parser *parser, slice *namespace)
{
	if (!namespace->n)
		return true;
	for (unsigned i = 0; i < parser->nuris; i++) {
		if (slice_equal(parser->uris[i], *namespace)) {
			*namespace = parser->uris[i];
			return true;
		}
	}
	*namespace = arena_copy_slice(parser->arena, *namespace);
	if (namespace->p && parser->nuris < URIS_KEPT)
		parser->uris[parser->nuris++] = *namespace;
	return namespace->p;
}

/* xsi:type and xsi:nil are facts about the element; the rest of that vocabulary is about schemas. */
static void note_instance_attribute(
        struct parser *parser, struct xml_element *element, slice name, slice value)
{
	value = slice_trim(value);
	if (slice_is(name, "nil"))
		element->nil = slice_is(value, "true") || slice_is(value, "1");
	else if (slice_is(name, "type"))
		element->type = type_of(parser, value);
}

/* The marks of an array that SOAP-encodes its type apart from xsi:type. */
static bool marks_array(slice namespace, slice name)
{
	if (slice_is(namespace, XML_SOAP_11_ENCODING))
		return slice_is(name, "arrayType");
	return slice_is(namespace, XML_SOAP_12_ENCODING) &&
	       (slice_is(name, "itemType") || slice_is(name, "arraySize"));
}

static bool add_attributes(
        struct parser *parser, struct xml_element *element, const char **attributes)
{
	struct xml_attribute **end = &element->attributes;
	for (; *attributes; attributes += 2) {
		slice namespace, name, value = slice_of(attributes[1]);
		split_name(attributes[0], &namespace, &name);
		if (slice_is(namespace, XSI)) {
			note_instance_attribute(parser, element, name, value);
			continue;
		}
		if (marks_array(namespace, name))
			element->type = XML_TYPE_LIST;
		struct xml_attribute *attribute = ARENA_NEW(parser->arena, struct xml_attribute);
		if (!attribute || !keep_namespace(parser, &namespace))
			return false;
		attribute->namespace = namespace;
		attribute->name = arena_copy_slice(parser->arena, name);
		attribute->value = arena_copy_slice(parser->arena, value);
		if (!attribute->name.p || !attribute->value.p)
			return false;
		*end = attribute;
		end = &attribute->next;
	}
	return true;
}

/* Makes the element and hangs it below the one that is open. */
static struct xml_element *add_element(struct parser *parser, slice namespace, slice name)
{
	struct xml_element *element = ARENA_NEW(parser->arena, struct xml_element);
	if (!element || !keep_namespace(parser, &namespace))
		return NULL;
	element->namespace = namespace;
	element->name = arena_copy_slice(parser->arena, name);
	if (!element->name.p)
		return NULL;
	if (!parser->depth) {
		parser->root = element;
		return element;
	}
	struct level *parent = &parser->levels[parser->depth - 1];
	if (parent->last_child)
		parent->last_child->next = element;
	else
		parent->element->children = element;
	parent->last_child = element;
	parent->element->nchildren++;
	return element;
}

static void enter_level(struct parser *parser, struct xml_element *element)
{
	struct level *level = &parser->levels[parser->depth];
	if (parser->depth == parser->deepest) {
		text_init(&level->text, &parser->scratch, 0);
		parser->deepest++;
	}
	level->text.n = 0;
	level->element = element;
	level->last_child = NULL;
	parser->depth++;
}

static void on_start(void *arg, const char *raw, const char **attributes)
{
	struct parser *parser = arg;
	slice namespace, name;
	if (parser->refused)
		return;
	if (parser->depth == XML_DEPTH_MAX) {
		refuse(parser, "nested too deep");
	} else if (++parser->elements > XML_ELEMENTS_MAX) {
		refuse(parser, "too many elements");
	} else if (XML_GetSpecifiedAttributeCount(parser->expat) > 2 * XML_ATTRIBUTES_MAX) {
		refuse(parser, "too many attributes");
	} else if (!parser->arena) {
		parser->depth++;
	} else {
		split_name(raw, &namespace, &name);
		struct xml_element *element = add_element(parser, namespace, name);
		if (element && add_attributes(parser, element, attributes))
			enter_level(parser, element);
		else
			over_budget(parser);
	}
}

static void on_text(void *arg, const char *bytes, int n)
{
	struct parser *parser = arg;
	if (parser->refused)
		return;
	struct text *text = &parser->levels[parser->depth - 1].text;
	text_bytes(text, bytes, (size_t)n);
	if (text->failed)
		over_budget(parser);
}

static void on_end(void *arg, const char *raw)
{
	struct parser *parser = arg;
	(void)raw;
	if (parser->refused)
		return;
	parser->depth--;
	if (!parser->arena)
		return;
	struct level *level = &parser->levels[parser->depth];
	slice text = { level->text.p, level->text.n };
	if (level->element->children)
		text = slice_trim(text);
	level->element->text = text.n ? arena_copy_slice(parser->arena, text) : SLICE("");
	if (!level->element->text.p)
		over_budget(parser);
}

static bool has_byte_order_mark(slice body)
{
	return slice_starts(body, SLICE("\xef\xbb\xbf")) || slice_starts(body, SLICE("\xff\xfe")) ||
	       slice_starts(body, SLICE("\xfe\xff"));
}

static bool explain(const struct parser *parser, struct error *error)
{
	enum XML_Error code = XML_GetErrorCode(parser->expat);
	const char *why = parser->refused;
	if (!why)
		why = code == XML_ERROR_NO_MEMORY ? "needs more memory than a message may take"
		                                  : XML_ErrorString(code);
	return error_set(error, "XML, line %lu, column %lu: %s",
	        (unsigned long)XML_GetCurrentLineNumber(parser->expat),
	        (unsigned long)XML_GetCurrentColumnNumber(parser->expat) + 1, why);
}

static bool open_parser(struct parser *parser, slice charset)
{
	static const XML_Char separator[] = { SEPARATOR, '\0' };
	slice encoding = { NULL, 0 };
	if (charset.n && !has_byte_order_mark(parser->body)) {
		encoding = arena_copy_slice(&parser->scratch, charset);
		if (!encoding.p)
			return false;
	}
	parser->expat = XML_ParserCreate_MM(encoding.p, &allocator, separator);
	if (!parser->expat)
		return false;
	/* One salt a process, which no peer knows; never 0, for which expat would draw one itself. */
	(void)XML_SetHashSalt(parser->expat, (unsigned long)random_keyed_hash(XSI, sizeof XSI) | 1);
	XML_SetUserData(parser->expat, parser);
	XML_SetXmlDeclHandler(parser->expat, on_declaration);
	XML_SetStartDoctypeDeclHandler(parser->expat, on_doctype);
	XML_SetProcessingInstructionHandler(parser->expat, on_instruction);
	XML_SetNamespaceDeclHandler(parser->expat, on_namespace, on_namespace_end);
	XML_SetElementHandler(parser->expat, on_start, on_end);
	if (parser->arena)
		XML_SetCharacterDataHandler(parser->expat, on_text);
	return true;
}

/* Sets only what is read before it is written: the levels are 4 KiB. */
static void parser_init(struct parser *parser, struct arena *arena, slice body)
{
	parser->arena = arena;
	parser->refused = NULL;
	parser->body = body;
	parser->root = NULL;
	parser->depth = parser->deepest = parser->elements = 0;
	parser->nbindings = parser->nuris = 0;
	arena_init(&parser->scratch, SCRATCH_BYTES + SCRATCH_PER_BYTE * body.n);
}

static bool run(
        struct parser *parser, struct arena *arena, slice body, slice charset, struct error *error)
{
	if (body.n > INT_MAX / (2 * SCRATCH_PER_BYTE))
		return error_set(error, "XML: too long");
	parser_init(parser, arena, body);
	memory = &parser->scratch;
	bool good = open_parser(parser, charset);
	if (!good)
		(void)error_set(error, "XML: no memory for a parser");
	else if (XML_Parse(parser->expat, body.p ? body.p : "", (int)body.n, 1) != XML_STATUS_OK)
		good = explain(parser, error);
	memory = NULL;
	arena_finish(&parser->scratch);
	return good;
}

struct xml_element *xml_parse(struct arena *arena, slice body, slice charset, struct error *error)
{
	struct parser parser;
	return run(&parser, arena, body, charset, error) ? parser.root : NULL;
}

bool xml_check(slice body, slice charset, struct error *error)
{
	struct parser parser;
	return run(&parser, NULL, body, charset, error);
}

const struct xml_element *xml_child_get(
        const struct xml_element *element, const char *namespace, const char *name)
{
	const struct xml_element *at = element->children;
	while (at && !(slice_is(at->name, name) && slice_is(at->namespace, namespace)))
		at = at->next;
	return at;
}

slice xml_attribute_get(const struct xml_element *element, const char *namespace, const char *name)
{
	const struct xml_attribute *at = element->attributes;
	while (at && !(slice_is(at->name, name) && slice_is(at->namespace, namespace)))
		at = at->next;
	return at ? at->value : (slice){ NULL, 0 };
}
