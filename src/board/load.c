/* A board out of its file. The file's form was checked by the table (settings.c); here is what a table cannot say. */
#include "board/board.h"

#include "board/identity.h"
#include "board/memory.h"

enum { RTS_DELAY_MAX_MS = 100, WATCHDOG_MIN_MS = 1000, NAME_MAX_BYTES = 32, PART_MAX_BYTES = 64 };

static unsigned fits_best(const struct config *list, const struct machine *machine, slice *by)
{
	unsigned best = 0;
	CONFIG_EACH (list, at) {
		unsigned fit = machine_fits_compatible(machine, at->text);
		if (fit > best) {
			best = fit;
			*by = at->text;
		}
	}
	return best;
}

unsigned board_fits(
        struct arena *arena, const struct config *tree, const struct machine *machine, slice *by)
{
	const struct config *match = config_get(tree, "match");
	slice compatible = { NULL, 0 };
	*by = (slice){ NULL, 0 };
	unsigned best = fits_best(config_get(match, "compatible"), machine, &compatible);
	if (best)
		*by = arena_printf(arena, "compatible %.*s", SLICE_ARG(compatible));
	CONFIG_EACH (config_get(match, "dmi"), at) {
		unsigned fit = machine_fits_dmi(machine, config_text(at, "vendor"),
		        config_text(at, "product"), config_text(at, "cpu"));
		if (fit <= best)
			continue;
		best = fit;
		*by = arena_printf(arena, "DMI vendor \"%.*s\" product \"%.*s\"",
		        SLICE_ARG(machine->vendor), SLICE_ARG(machine->product));
	}
	return best;
}

/* One text or a list of them. `right` says of each whether it is one. */
static bool take_names(struct arena *arena, const struct config *node, struct board_names *names,
        bool (*right)(slice), const char *what, struct error *error)
{
	unsigned n = node->kind == CONFIG_SCALAR ? 1 : node->count;
	slice *at = arena_alloc(arena, n * sizeof *at);
	if (!at)
		return config_error(node, error, "out of memory");
	if (!n)
		return config_error(node, error, "an empty list");
	const struct config *item = node->kind == CONFIG_SCALAR ? node : node->first;
	for (unsigned i = 0; i < n; i++, item = item->next) {
		if (!right(item->text))
			return config_error(item, error, "\"%s\" is no %s", item->text.p, what);
		at[i] = item->text;
	}
	*names = (struct board_names){ at, n };
	return true;
}

/* What device names are made of: nothing that means something in a rule of udev or in a path. */
static bool is_plain(slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = ascii_lower(text.p[i]);
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !strchr("._:+,@-", c))
			return false;
	}
	return text.n > 0 && *text.p != '.';
}

/* One part of a path, and not one that leads elsewhere. */
static bool is_part(slice text)
{
	return is_plain(text) && text.n < PART_MAX_BYTES;
}

static bool is_path(slice text)
{
	slice rest = slice_from(text, 5);
	if (!slice_starts(text, SLICE("/dev/")) || !rest.n || text.n >= BOARD_PATH_BYTES / 2)
		return false;
	while (rest.n) {
		if (!is_plain(slice_cut(&rest, '/')))
			return false;
	}
	return true;
}

static bool is_port(slice text)
{
	return is_path(text) || is_part(text);
}

/* What serial://NAME and a file in /dev/fairlead can be. */
static bool is_name(slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (!(c >= 'a' && c <= 'z') && !(i && ((c >= '0' && c <= '9') || c == '-')))
			return false;
	}
	return text.n > 0 && text.n <= NAME_MAX_BYTES;
}

/* What is printed for people stays on its line. */
static bool check_line(const struct config *map, const char *key, struct error *error)
{
	slice text = config_text(map, key);
	for (size_t i = 0; i < text.n; i++) {
		if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
			return config_error(config_get(map, key), error,
			        "%s has control characters in it", key);
	}
	return true;
}

static bool take_rs485(const struct config *node, struct board_serial *serial, struct error *error)
{
	static const char *const keys[] = { "rts", "rts_before", "rts_after" };
	uint64_t before = config_duration_ms(node, "rts_before");
	uint64_t after = config_duration_ms(node, "rts_after");
	serial->rs485 = config_switch(node, "rs485");
	for (unsigned i = 0; i < sizeof keys / sizeof *keys && !serial->rs485; i++) {
		const struct config *said = config_get(node, keys[i]);
		if (said)
			return config_error(said, error, "%s goes with rs485: true", keys[i]);
	}
	if (before > RTS_DELAY_MAX_MS || after > RTS_DELAY_MAX_MS)
		return config_error(node, error, "RTS is set at most 100ms before and after");
	serial->rts_low = slice_is(config_text(node, "rts"), "low");
	serial->rts_before_ms = (unsigned)before;
	serial->rts_after_ms = (unsigned)after;
	return true;
}

static bool take_serial(struct arena *arena, const struct config *node, struct board *board,
        struct board_serial *serial, struct error *error)
{
	const struct config *name = config_get(node, "name");
	if (!is_name(name->text))
		return config_error(name, error,
		        "\"%s\" is no name of a port: small letters, digits and -, 32 at most",
		        name->text.p);
	if (board_serial_find(board, name->text))
		return config_error(name, error, "a second port of this name");
	serial->name = name->text;
	serial->note = config_text(node, "note");
	return check_line(node, "note", error) &&
	       take_names(arena, config_get(node, "device"), &serial->devices, is_port,
	               "path in /dev, nor a name in /sys", error) &&
	       take_rs485(node, serial, error);
}

static bool take_serials(struct arena *arena, struct board *board, struct error *error)
{
	const struct config *list = config_get(board->tree, "serial");
	struct board_serial *all =
	        arena_alloc(arena, (list ? list->count : 0) * sizeof(struct board_serial));
	if (!all)
		return error_set(error, "out of memory");
	board->serial = all;
	CONFIG_EACH (list, node) {
		if (!take_serial(arena, node, board, &all[board->nserial], error))
			return false;
		board->nserial++;
	}
	return true;
}

static bool take_lights(struct arena *arena, struct board *board, struct error *error)
{
	const struct config *leds = config_get(board->tree, "leds");
	for (unsigned i = 0; i < BOARD_ROLES; i++) {
		const struct config *light = config_get(leds, board_role_name((enum board_role)i));
		if (!light)
			continue;
		board->lights[i].inverted = config_switch(light, "inverted");
		if (!take_names(arena, config_get(light, "led"), &board->lights[i].leds, is_part,
		            "name in /sys/class/leds", error))
			return false;
	}
	return true;
}

static bool take_watchdog(struct arena *arena, struct board *board, struct error *error)
{
	const struct config *watchdog = config_get(board->tree, "watchdog");
	if (!watchdog)
		return true;
	board->watchdog.timeout_ms = config_duration_ms(watchdog, "timeout");
	if (board->watchdog.timeout_ms < WATCHDOG_MIN_MS)
		return config_error(
		        config_get(watchdog, "timeout"), error, "a second is the least");
	return take_names(arena, config_get(watchdog, "device"), &board->watchdog.devices, is_path,
	        "path in /dev", error);
}

static bool is_way(slice name)
{
	for (unsigned i = 0; identity_way(i); i++) {
		if (slice_is(name, identity_way(i)))
			return true;
	}
	return false;
}

static bool check_identity(const struct config *tree, struct error *error)
{
	CONFIG_EACH (config_get(tree, "identity"), way) {
		if (!is_way(way->text))
			return config_error(way, error,
			        "\"%s\" is no way to tell a box; there are device-tree-serial, "
			        "soc-serial, dmi-serial, mac",
			        way->text.p);
	}
	return true;
}

static bool check_match(const struct config *tree, struct error *error)
{
	CONFIG_EACH (config_get(config_get(tree, "match"), "dmi"), at) {
		if (!config_text(at, "vendor").n && !config_text(at, "product").n)
			return config_error(at, error, "say vendor, product or both");
	}
	return true;
}

bool board_take(struct arena *arena, slice name, const struct config *tree,
        const struct machine *machine, struct board *board, struct error *error)
{
	*board = (struct board){ .root = machine->root,
		.name = name,
		.title = config_text(tree, "title"),
		.model = machine->model,
		.tree = tree };
	return check_line(tree, "title", error) && check_match(tree, error) &&
	       check_identity(tree, error) && take_serials(arena, board, error) &&
	       take_lights(arena, board, error) && take_watchdog(arena, board, error);
}

void board_look(struct arena *arena, struct board *board)
{
	board->memory_bytes = memory_find(arena, board->root);
	CONFIG_EACH (config_get(board->tree, "identity"), way) {
		board->identity = identity_find(arena, board->root, way->text);
		if (board->identity.p) {
			board->identity_way = way->text;
			break;
		}
	}
}
