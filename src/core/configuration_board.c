#include "core/configuration_board.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/settings.h"

#define MIB (UINT64_C(1) << 20)

/* Where a value is from that stands in no file. */
static const struct config_file from_memory = { .path = SLICE_INIT("the memory there is") };
static const struct config_file from_identity = { .path = SLICE_INIT("the identity") };

bool configuration_is_own(const struct config *root, const struct config *node)
{
	return node && node->file == root->file;
}

static struct config *member(struct config *map, slice key)
{
	struct config *at = map->first;
	while (at && !slice_equal(at->key, key))
		at = at->next;
	return at;
}

static void append(struct config *map, struct config *node)
{
	struct config **end = &map->first;
	while (*end)
		end = &(*end)->next;
	*end = node;
	node->parent = map;
	map->count++;
}

/* Whole and deep: it gets neighbours of its own. NULL: out of memory. */
static struct config *copy(struct arena *arena, const struct config *from)
{
	struct config *node = ARENA_NEW(arena, struct config);
	if (!node)
		return NULL;
	*node = *from;
	node->first = node->next = NULL;
	node->count = 0;
	CONFIG_EACH (from, at) {
		struct config *inner = copy(arena, at);
		if (inner)
			append(node, inner);
	}
	return node;
}

/* What `into` does not have. */
static void graft(struct arena *arena, struct config *into, const struct config *from)
{
	CONFIG_EACH (from, at) {
		struct config *there = member(into, at->key);
		if (there && there->kind == CONFIG_MAP && at->kind == CONFIG_MAP) {
			graft(arena, there, at);
		} else if (!there) {
			struct config *added = copy(arena, at);
			if (added)
				append(into, added);
		}
	}
}

/* A map that is in the tree afterwards, for what is put into it. NULL: the file has something else there. */
static struct config *map_in(
        struct arena *arena, struct config *in, const char *key, const struct setting *own)
{
	struct config *map = member(in, slice_of(key));
	if (map)
		return map->kind == CONFIG_MAP && map->own ? map : NULL;
	map = ARENA_NEW(arena, struct config);
	if (!map)
		return NULL;
	*map = (struct config){ .kind = CONFIG_MAP,
		.key = slice_of(key),
		.line = in->line,
		.column = in->column,
		.key_line = in->line,
		.key_column = in->column,
		.own = own,
		.file = in->file };
	append(in, map);
	return map;
}

/* Where the file says nothing. */
static void put(struct arena *arena, struct config *map, const char *key, slice text,
        const struct config_file *from)
{
	struct config *node = ARENA_NEW(arena, struct config);
	if (!map || !node || !text.p || member(map, slice_of(key)))
		return;
	*node = (struct config){
		.kind = CONFIG_SCALAR, .text = text, .key = slice_of(key), .file = from
	};
	append(map, node);
}

/* A limit that is less than the built-in one. */
static void put_less(struct arena *arena, struct config *limits, const char *key, uint64_t value,
        uint64_t built_in)
{
	bool size = setting_find(limits->own, slice_of(key))->type == SETTING_SIZE;
	if (value < built_in)
		put(arena, limits, key,
		        size ? arena_printf(arena, "%" PRIu64 "MiB", value / MIB)
		             : arena_printf(arena, "%" PRIu64, value),
		        &from_memory);
}

static uint64_t at_least(uint64_t value, uint64_t least)
{
	return value < least ? least : value;
}

/* A sixteenth for requests, a sixty-fourth for values, a connection for each 64 KiB (one with TLS takes about that much with
 * what is under way on it). So from 1 GiB on the built-in limits of memory hold, from 1.25 GiB on all of them. What the
 * operator says of bodies must still fit. */
static void fit_memory(struct arena *arena, struct config *limits, uint64_t bytes)
{
	struct config built_in = { .kind = CONFIG_MAP, .own = limits->own };
	uint64_t body = config_size(limits, "body");
	uint64_t requests = at_least(bytes / 16 / MIB * MIB, (2 * body + MIB - 1) / MIB * MIB);
	put_less(arena, limits, "memory", at_least(requests, 4 * MIB),
	        config_size(&built_in, "memory"));
	put_less(arena, limits, "values_memory", at_least(bytes / 64 / MIB * MIB, MIB),
	        config_size(&built_in, "values_memory"));
	put_less(arena, limits, "connections", at_least(bytes / 65536, 64),
	        config_number(&built_in, "connections"));
}

static void put_limits(struct arena *arena, struct config *gateway, uint64_t bytes)
{
	const struct setting *own = setting_find(gateway->own, SLICE("limits"));
	struct config *limits = map_in(arena, gateway, "limits", own->inner);
	if (limits && bytes)
		fit_memory(arena, limits, bytes);
}

static void put_audit(struct arena *arena, struct config *root, const struct config *policy)
{
	const struct config *said = config_get(policy, "audit");
	struct config *audit = said ? map_in(arena, root, "audit", settings_audit) : NULL;
	if (audit && !config_switch(audit, "off"))
		graft(arena, audit, said);
}

static void put_defaults(struct arena *arena, struct config *root, struct config *gateway,
        const struct board_setup *setup)
{
	const struct config *tree = setup->board->tree;
	const struct config *policy =
	        config_get(config_get(tree, "storage"), storage_kind_name(setup->storage.kind));
	if (setup->state.p) {
		graft(arena, gateway, config_get(policy, "gateway"));
		put_audit(arena, root, policy);
		put_audit(arena, root, tree);
	}
	graft(arena, gateway, config_get(tree, "gateway"));
	put_limits(arena, gateway, setup->board->memory_bytes);
	put(arena, gateway, "name", setup->board->identity, &from_identity);
}

void configuration_take_board(struct config *root, const struct boards_where *where, slice wanted,
        struct board_setup *setup, struct mistakes *mistakes)
{
	struct arena *arena = mistakes->arena;
	*setup = (struct board_setup){ .board = NULL };
	struct config *gateway = map_in(arena, root, "gateway", settings_gateway);
	const struct config *said = config_get(gateway, "board");
	if (!gateway || (said && said->kind != CONFIG_SCALAR))
		return;
	struct config spoken = { .kind = CONFIG_SCALAR, .text = wanted, .file = root->file };
	setup->board = boards_find(where, wanted.p ? wanted : config_text(gateway, "board"),
	        wanted.p ? &spoken : said, mistakes);
	const struct config *state = config_get(gateway, "state");
	if (state && state->kind == CONFIG_SCALAR && state->text.n)
		setup->state = config_file_path(arena, gateway, "state");
	if (!setup->board)
		return;
	if (setup->state.p)
		storage_find(arena, where->root, setup->state.p, &setup->storage);
	put_defaults(arena, root, gateway, setup);
}
