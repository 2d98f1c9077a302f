/* The configuration's reader: libyaml's events, one tree.
 *
 * JSON is read by the same parser: YAML's flow style covers it, and libyaml tells line and column of each
 * node, which cJSON does not. Types are not guessed: every scalar stays text until its setting says what it
 * is, so a version "1.10" or a country "no" cannot change its meaning. Aliases are refused: a configuration
 * says what it says where it stands. */
#include "core/config_file.h"

#include <errno.h>
#include <yaml.h>

#include "base/file.h"

enum { DEPTH_MAX = 32, FILE_MAX_BYTES = 16 * 1024 * 1024 };

struct reader {
	yaml_parser_t yaml;
	struct mistakes *mistakes;
	const struct config_file *file;
	struct config *open[DEPTH_MAX]; /* lists and maps that are not closed yet */
	struct config *last[DEPTH_MAX]; /* the last member of each */
	unsigned depth;
	struct config *root;
	slice key; /* of the member to come */
	unsigned key_line, key_column;
};

static bool fail(struct reader *reader, yaml_mark_t mark, const char *what)
{
	return mistake_add_at(
	        reader->mistakes, (unsigned)mark.line + 1, (unsigned)mark.column + 1, "%s", what);
}

static void join_parent(struct reader *reader, struct config *node)
{
	struct config *parent = reader->open[reader->depth - 1];
	node->parent = parent;
	if (parent->kind == CONFIG_MAP) {
		node->key = reader->key;
		node->key_line = reader->key_line;
		node->key_column = reader->key_column;
		reader->key = (slice){ NULL, 0 };
	}
	if (parent->count++)
		reader->last[reader->depth - 1]->next = node;
	else
		parent->first = node;
	reader->last[reader->depth - 1] = node;
}

static struct config *node_add(struct reader *reader, enum config_kind kind, yaml_mark_t mark)
{
	struct config *node = ARENA_NEW(reader->mistakes->arena, struct config);
	if (!node) {
		fail(reader, mark, "the configuration is too large");
		return NULL;
	}
	node->kind = kind;
	node->file = reader->file;
	node->line = (unsigned)mark.line + 1;
	node->column = (unsigned)mark.column + 1;
	if (reader->depth) {
		join_parent(reader, node);
	} else if (reader->root) {
		fail(reader, mark, "a second document; a configuration is one");
		return NULL;
	} else {
		reader->root = node;
	}
	return node;
}

static bool key_is_due(const struct reader *reader)
{
	return reader->depth && reader->open[reader->depth - 1]->kind == CONFIG_MAP &&
	       !reader->key.p;
}

/* A scalar that stands where a map's key is due. */
static void take_key(struct reader *reader, slice text, yaml_mark_t mark)
{
	if (config_get(reader->open[reader->depth - 1], text.p)) {
		/* Read on, so that the mistakes after it are found too. */
		mistake_add_at(reader->mistakes, (unsigned)mark.line + 1, (unsigned)mark.column + 1,
		        "the key %s stands here twice", text.p);
	}
	reader->key = text;
	reader->key_line = (unsigned)mark.line + 1;
	reader->key_column = (unsigned)mark.column + 1;
}

static bool take_scalar(struct reader *reader, const yaml_event_t *event)
{
	slice text = arena_copy(
	        reader->mistakes->arena, event->data.scalar.value, event->data.scalar.length);
	if (!text.p)
		return fail(reader, event->start_mark, "the configuration is too large");
	if (strlen(text.p) != text.n)
		return fail(reader, event->start_mark, "a NUL character");
	if (key_is_due(reader)) {
		take_key(reader, text, event->start_mark);
		return true;
	}
	bool quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	bool null = !quoted && (!text.n || slice_is(text, "~") || slice_is(text, "null"));
	struct config *node =
	        node_add(reader, null ? CONFIG_NULL : CONFIG_SCALAR, event->start_mark);
	if (!node)
		return false;
	node->text = text;
	node->quoted = quoted;
	return true;
}

static bool take_opening(struct reader *reader, enum config_kind kind, yaml_mark_t mark)
{
	if (key_is_due(reader))
		return fail(reader, mark, "a key must be a plain word");
	if (reader->depth == DEPTH_MAX)
		return fail(reader, mark, "nested too deeply");
	struct config *node = node_add(reader, kind, mark);
	if (!node)
		return false;
	reader->open[reader->depth++] = node;
	return true;
}

static bool take_event(struct reader *reader, const yaml_event_t *event)
{
	if (event->type == YAML_SCALAR_EVENT)
		return take_scalar(reader, event);
	if (event->type == YAML_MAPPING_START_EVENT)
		return take_opening(reader, CONFIG_MAP, event->start_mark);
	if (event->type == YAML_SEQUENCE_START_EVENT)
		return take_opening(reader, CONFIG_LIST, event->start_mark);
	if (event->type == YAML_MAPPING_END_EVENT || event->type == YAML_SEQUENCE_END_EVENT)
		reader->depth--;
	if (event->type == YAML_ALIAS_EVENT)
		return fail(
		        reader, event->start_mark, "aliases (*name) are not taken; write it out");
	return true;
}

static bool read_events(struct reader *reader)
{
	for (bool more = true; more;) {
		yaml_event_t event;
		if (!yaml_parser_parse(&reader->yaml, &event)) {
			const yaml_parser_t *yaml = &reader->yaml;
			bool unreadable = yaml->error == YAML_READER_ERROR;
			return fail(reader, unreadable ? yaml->mark : yaml->problem_mark,
			        yaml->problem ? yaml->problem : "not YAML");
		}
		more = event.type != YAML_STREAM_END_EVENT;
		bool taken = take_event(reader, &event);
		yaml_event_delete(&event);
		if (!taken)
			return false;
	}
	return true;
}

static const struct config_file *describe_file(struct arena *arena, const char *path)
{
	struct config_file *file = ARENA_NEW(arena, struct config_file);
	if (!file)
		return NULL;
	file->path = arena_copy_slice(arena, slice_of(path));
	const char *slash = strrchr(path, '/');
	if (slash)
		file->folder = slash == path ? SLICE("/")
		                             : arena_copy(arena, path, (size_t)(slash - path));
	return file;
}

struct config *config_text_read(slice text, const char *path, struct mistakes *mistakes)
{
	struct reader reader = { .mistakes = mistakes };
	struct digest digest = digest_sha256(text);
	digest_hex(&digest, mistakes->digest);
	mistakes->path = arena_copy_slice(mistakes->arena, slice_of(path));
	reader.file = describe_file(mistakes->arena, path);
	if (!reader.file || !yaml_parser_initialize(&reader.yaml)) {
		mistake_add_at(mistakes, 0, 0, "out of memory");
		return NULL;
	}
	yaml_parser_set_input_string(&reader.yaml, (const unsigned char *)text.p, text.n);
	bool whole = read_events(&reader);
	yaml_parser_delete(&reader.yaml);
	if (!whole)
		return NULL;
	if (!reader.root || reader.root->kind != CONFIG_MAP) {
		mistake_add_at(mistakes, 1, 1, "must be a map of keys and values");
		return NULL;
	}
	return reader.root;
}

void config_file_use_board(struct config *root, const struct board *board)
{
	struct config_file *file = (struct config_file *)root->file; /* describe_file() made it */
	file->board = board;
}

struct config *config_file_read(const char *path, struct mistakes *mistakes)
{
	mistakes->path = arena_copy_slice(mistakes->arena, slice_of(path));
	slice text;
	int code = file_read(mistakes->arena, path, FILE_MAX_BYTES, &text);
	if (code) {
		mistake_add_at(mistakes, 0, 0, "cannot be read: %s", strerror(code));
		return NULL;
	}
	return config_text_read(text, path, mistakes);
}
