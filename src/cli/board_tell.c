#include "cli/board.h"

#include <stdio.h>

#include "core/settings.h"

/* Where a setting's value is from: who says it, and the place. */
struct origin {
	const char *who;
	slice at;
};

static void set(struct arena *arena, struct value *map, const char *key, slice text)
{
	(void)value_set_new(
	        map, slice_of(key), text.n ? value_text(arena, text) : value_null(arena));
}

static void set_switch(struct arena *arena, struct value *map, const char *key, bool on)
{
	(void)value_set_new(map, slice_of(key), value_bool(arena, on));
}

static void set_number(struct arena *arena, struct value *map, const char *key, uint64_t number)
{
	(void)value_set_new(map, slice_of(key), value_uint(arena, number));
}

/* The alternatives, for what none of is there. */
static slice join(struct arena *arena, const struct board_names *names)
{
	slice all = { NULL, 0 };
	for (unsigned i = 0; i < names->n; i++)
		all = i ? arena_printf(arena, "%.*s, %.*s", SLICE_ARG(all), SLICE_ARG(names->at[i]))
		        : names->at[i];
	return all;
}

static void set_device(struct arena *arena, struct value *map, const struct board *board,
        const struct board_names *devices)
{
	char below[BOARD_PATH_BYTES];
	bool there = board_device(board, devices, below);
	slice path = there ? arena_copy_slice(arena, slice_from(slice_of(below), board->root.n))
	                   : join(arena, devices);
	set(arena, map, "device", path);
	set_switch(arena, map, "there", there);
}

static struct value *tell_serial(struct arena *arena, const struct board *board)
{
	struct value *list = value_list(arena);
	for (unsigned i = 0; i < board->nserial; i++) {
		const struct board_serial *serial = &board->serial[i];
		struct value *one = value_map(arena);
		if (!one)
			continue;
		set(arena, one, "name", serial->name);
		set_device(arena, one, board, &serial->devices);
		set(arena, one, "note", serial->note);
		set_switch(arena, one, "rs485", serial->rs485);
		if (serial->rs485) {
			set(arena, one, "rts", serial->rts_low ? SLICE("low") : SLICE("high"));
			set_number(arena, one, "rts_before_ms", serial->rts_before_ms);
			set_number(arena, one, "rts_after_ms", serial->rts_after_ms);
		}
		(void)value_append(list, one);
	}
	return list;
}

static struct value *tell_leds(struct arena *arena, const struct board *board)
{
	struct value *list = value_list(arena);
	for (unsigned i = 0; i < BOARD_ROLES; i++) {
		char below[BOARD_PATH_BYTES];
		enum board_role role = (enum board_role)i;
		struct value *one = board->lights[i].leds.n ? value_map(arena) : NULL;
		if (!one)
			continue;
		bool there = board_led(board, role, below);
		const char *name = strrchr(below, '/');
		set(arena, one, "role", slice_of(board_role_name(role)));
		set(arena, one, "led",
		        there && name ? arena_copy_slice(arena, slice_of(name + 1))
		                      : join(arena, &board->lights[i].leds));
		set_switch(arena, one, "there", there);
		set_switch(arena, one, "inverted", board->lights[i].inverted);
		(void)value_append(list, one);
	}
	return list;
}

static struct value *tell_watchdog(struct arena *arena, const struct board *board)
{
	struct value *one = board->watchdog.devices.n ? value_map(arena) : NULL;
	if (!one)
		return value_null(arena);
	set_device(arena, one, board, &board->watchdog.devices);
	set_number(arena, one, "timeout_ms", board->watchdog.timeout_ms);
	return one;
}

static struct value *tell_state(struct arena *arena, const struct board_setup *setup)
{
	struct value *one = setup->state.p ? value_map(arena) : NULL;
	if (!one)
		return value_null(arena);
	set(arena, one, "folder", setup->state);
	set(arena, one, "kind", slice_of(storage_kind_name(setup->storage.kind)));
	set(arena, one, "device", setup->storage.device);
	set(arena, one, "file_system", setup->storage.file_system);
	return one;
}

static void tell_board(struct arena *arena, struct value *answer, const struct board_setup *setup)
{
	const struct board *board = setup->board;
	struct value *one = value_map(arena);
	if (!one)
		return;
	set(arena, one, "name", board->name);
	set(arena, one, "title", board->title);
	set(arena, one, "file", board->tree->file->path);
	set(arena, one, "matched", board->matched);
	(void)value_set_new(answer, SLICE("board"), one);
	set(arena, answer, "model", board->model);
	set(arena, answer, "identity", board->identity);
	set(arena, answer, "identity_way", board->identity_way);
	set_number(arena, answer, "memory_bytes", board->memory_bytes);
	(void)value_set_new(answer, SLICE("state"), tell_state(arena, setup));
	(void)value_set_new(answer, SLICE("serial"), tell_serial(arena, board));
	(void)value_set_new(answer, SLICE("leds"), tell_leds(arena, board));
	(void)value_set_new(answer, SLICE("watchdog"), tell_watchdog(arena, board));
}

static struct origin find_origin(
        struct arena *arena, const struct config *root, const struct config *node)
{
	if (!node)
		return (struct origin){ "built in", { NULL, 0 } };
	const char *who = configuration_is_own(root, node) ? "configuration"
	                  : node->line                     ? "board"
	                                                   : "machine";
	slice path = node->file->path;
	return (struct origin){ who,
		node->line ? arena_printf(arena, "%.*s:%u", SLICE_ARG(path), node->line) : path };
}

static void tell_setting(struct arena *arena, struct value *list, const struct config *root,
        const struct config *map, const struct setting *setting, slice key)
{
	const struct config *node = config_get(map, setting->key);
	slice value = node ? node->text : slice_of(setting->fallback);
	struct value *one = value.n && setting->type != SETTING_SECRET ? value_map(arena) : NULL;
	if (!one)
		return;
	struct origin origin = find_origin(arena, root, node);
	set(arena, one, "key", key);
	set(arena, one, "value", value);
	set(arena, one, "from", slice_of(origin.who));
	set(arena, one, "at", origin.at);
	(void)value_append(list, one);
}

/* Deep, in the order of the tables. */
static void tell_settings(struct arena *arena, struct value *list, const struct config *root,
        const struct config *map, const struct setting *table, slice path)
{
	for (const struct setting *at = table; at->key; at++) {
		slice key = arena_printf(arena, "%.*s.%s", SLICE_ARG(path), at->key);
		if (at->type == SETTING_TREE && at->inner)
			tell_settings(arena, list, root, config_get(map, at->key), at->inner, key);
		else
			tell_setting(arena, list, root, map, at, key);
	}
}

struct value *cli_board_tell(
        struct arena *arena, const struct config *root, const struct board_setup *setup)
{
	struct value *answer = value_map(arena), *list = value_list(arena);
	if (!answer || !list)
		return NULL;
	if (setup->board)
		tell_board(arena, answer, setup);
	else
		(void)value_set_new(answer, SLICE("board"), value_null(arena));
	tell_settings(
	        arena, list, root, config_get(root, "gateway"), settings_gateway, SLICE("gateway"));
	if (setup->state.p)
		tell_settings(arena, list, root, config_get(root, "audit"), settings_audit,
		        SLICE("audit"));
	(void)value_set_new(answer, SLICE("settings"), list);
	return answer;
}
