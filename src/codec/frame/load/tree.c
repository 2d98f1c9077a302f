#include "codec/frame/load/tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <yaml.h>

enum { DEPTH_MAX = 32, NODE_MAX = 50000 };

struct builder {
	struct arena *arena;
	struct error *error;
	struct node *stack[DEPTH_MAX];
	unsigned depth, nodes;
	slice key; /* read, and waiting for its value */
	bool has_key;
	unsigned key_line, key_column;
	struct node *root;
};

__attribute__((format(printf, 4, 0))) static bool fail(
        struct error *error, unsigned line, unsigned column, const char *format, va_list arguments)
{
	(void)vsnprintf(error->text, sizeof error->text, format, arguments);
	error->line = line;
	error->column = column;
	return false;
}

bool node_error(const struct node *node, struct error *error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	(void)fail(error, node->line, node->column, format, arguments);
	va_end(arguments);
	return false;
}

bool node_key_error(const struct node *node, struct error *error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	(void)fail(error, node->key_line ? node->key_line : node->line,
	        node->key_line ? node->key_column : node->column, format, arguments);
	va_end(arguments);
	return false;
}

const struct node *node_get(const struct node *map, const char *key)
{
	if (!map || map->kind != NODE_MAP)
		return NULL;
	NODE_EACH (map, at) {
		if (slice_is(at->key, key))
			return at;
	}
	return NULL;
}

static bool refuse(struct builder *builder, const yaml_mark_t *mark, const char *what)
{
	builder->error->line = (unsigned)mark->line + 1;
	builder->error->column = (unsigned)mark->column + 1;
	return error_set(builder->error, "%s", what);
}

/* Hangs a new node below the one that is open. */
static struct node *add(struct builder *builder, enum node_kind kind, const yaml_mark_t *mark)
{
	if (++builder->nodes > NODE_MAX) {
		(void)refuse(builder, mark, "the file has more parts than any description needs");
		return NULL;
	}
	struct node *node = ARENA_NEW(builder->arena, struct node);
	if (!node) {
		(void)refuse(builder, mark, "the file is too large");
		return NULL;
	}
	node->kind = kind;
	node->line = (unsigned)mark->line + 1;
	node->column = (unsigned)mark->column + 1;
	struct node *parent = builder->depth ? builder->stack[builder->depth - 1] : NULL;
	if (!parent) {
		builder->root = node;
		return node;
	}
	if (parent->kind == NODE_MAP) {
		node->key = builder->key;
		node->key_line = builder->key_line;
		node->key_column = builder->key_column;
		builder->has_key = false;
	}
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	parent->count++;
	return node;
}

static bool take_key(struct builder *builder, const yaml_event_t *event)
{
	slice key = { (const char *)event->data.scalar.value, event->data.scalar.length };
	struct node *map = builder->stack[builder->depth - 1];
	NODE_EACH (map, at) {
		if (!slice_equal(at->key, key))
			continue;
		(void)refuse(builder, &event->start_mark, "");
		return error_set(builder->error,
		        "\"%.*s\" stands twice in one map (first in line %u)", SLICE_ARG(key),
		        at->key_line);
	}
	builder->key = arena_copy_slice(builder->arena, key);
	builder->has_key = true;
	builder->key_line = (unsigned)event->start_mark.line + 1;
	builder->key_column = (unsigned)event->start_mark.column + 1;
	return builder->key.p || refuse(builder, &event->start_mark, "the file is too large");
}

static bool take_scalar(struct builder *builder, const yaml_event_t *event)
{
	if (event->data.scalar.anchor)
		return refuse(builder, &event->start_mark, "YAML anchors are not supported");
	if (event->data.scalar.tag)
		return refuse(builder, &event->start_mark, "YAML tags are not supported");
	bool in_map = builder->depth && builder->stack[builder->depth - 1]->kind == NODE_MAP;
	if (in_map && !builder->has_key)
		return take_key(builder, event);
	struct node *node = add(builder, NODE_SCALAR, &event->start_mark);
	if (!node)
		return false;
	node->text =
	        arena_copy(builder->arena, event->data.scalar.value, event->data.scalar.length);
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return node->text.p || refuse(builder, &event->start_mark, "the file is too large");
}

static bool open_node(struct builder *builder, enum node_kind kind, const yaml_event_t *event)
{
	const yaml_char_t *anchor = kind == NODE_MAP ? event->data.mapping_start.anchor
	                                             : event->data.sequence_start.anchor;
	if (anchor)
		return refuse(builder, &event->start_mark, "YAML anchors are not supported");
	if (builder->depth && builder->stack[builder->depth - 1]->kind == NODE_MAP &&
	        !builder->has_key)
		return refuse(builder, &event->start_mark, "a key must be plain text");
	if (builder->depth == DEPTH_MAX)
		return refuse(builder, &event->start_mark, "nested too deeply");
	struct node *node = add(builder, kind, &event->start_mark);
	if (!node)
		return false;
	builder->stack[builder->depth++] = node;
	return true;
}

static bool take(struct builder *builder, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (builder->root)
			return refuse(builder, &event->start_mark, "a second YAML document");
		return true;
	case YAML_ALIAS_EVENT:
		return refuse(builder, &event->start_mark, "YAML aliases are not supported");
	case YAML_SCALAR_EVENT:
		return take_scalar(builder, event);
	case YAML_SEQUENCE_START_EVENT:
		return open_node(builder, NODE_LIST, event);
	case YAML_MAPPING_START_EVENT:
		return open_node(builder, NODE_MAP, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		builder->depth--;
		return true;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return true;
	}
	return true;
}

static bool build(struct builder *builder, yaml_parser_t *parser)
{
	for (;;) {
		yaml_event_t event;
		if (!yaml_parser_parse(parser, &event)) {
			builder->error->line = (unsigned)parser->problem_mark.line + 1;
			builder->error->column = (unsigned)parser->problem_mark.column + 1;
			return error_set(builder->error, "not YAML: %s",
			        parser->problem ? parser->problem : "unreadable");
		}
		bool over = event.type == YAML_STREAM_END_EVENT;
		bool good = take(builder, &event);
		yaml_event_delete(&event);
		if (!good)
			return false;
		if (over)
			return true;
	}
}

struct node *tree_parse(struct arena *arena, slice text, struct error *error)
{
	struct builder builder = { .arena = arena, .error = error };
	yaml_parser_t parser;
	error->line = error->column = 1;
	if (!yaml_parser_initialize(&parser)) {
		(void)error_set(error, "out of memory");
		return NULL;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text.p, text.n);
	bool good = build(&builder, &parser);
	yaml_parser_delete(&parser);
	if (good && !builder.root)
		good = error_set(error, "the file is empty");
	return good ? builder.root : NULL;
}
