/* Every file is read, also where one would do: the one that is broken may be the one that fits, and a mistake in it would turn
 * the box into a generic one without a word. */
#include "core/boards.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "board/settings.h"
#include "board/storage.h"
#include "board/sysfs.h"
#include "core/config_check.h"
#include "core/config_file.h"
#include "core/settings.h"

#define INSTALLED "/usr/share/fairlead/board"

enum { BOARDS_MAX = 256 };

static const struct setting settings_policy[] = {
	{ .key = "gateway", .type = SETTING_TREE, .inner = settings_gateway },
	{ .key = "audit", .type = SETTING_TREE, .inner = settings_audit },
	{ .key = NULL },
};

/* In the order of enum storage_kind. */
static const struct setting settings_storage[] = {
	{ .key = "unknown", .type = SETTING_TREE, .inner = settings_policy },
	{ .key = "sd", .type = SETTING_TREE, .inner = settings_policy },
	{ .key = "emmc", .type = SETTING_TREE, .inner = settings_policy },
	{ .key = "usb", .type = SETTING_TREE, .inner = settings_policy },
	{ .key = "flash", .type = SETTING_TREE, .inner = settings_policy },
	{ .key = "disk", .type = SETTING_TREE, .inner = settings_policy },
	{ .key = "memory", .type = SETTING_TREE, .inner = settings_policy },
	{ .key = "overlay", .type = SETTING_TREE, .inner = settings_policy },
	{ .key = NULL },
};

static const struct setting settings_defaults[] = {
	{ .key = "gateway", .type = SETTING_TREE, .inner = settings_gateway },
	{ .key = "audit", .type = SETTING_TREE, .inner = settings_audit },
	{ .key = "storage", .type = SETTING_TREE, .inner = settings_storage },
	{ .key = NULL },
};

/* PREFIX/bin/fairlead has its boards in PREFIX/share: so a package, `cmake --install` and a tree for an image need not be told
 * apart when this is compiled. */
static slice beside_program(struct arena *arena)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path);
	slice program = { path, n > 0 ? (size_t)n : 0 };
	for (unsigned i = 0; i < 2; i++) {
		while (program.n && program.p[program.n - 1] != '/')
			program.n--;
		while (program.n && program.p[program.n - 1] == '/')
			program.n--;
	}
	if (!program.n)
		return SLICE(INSTALLED);
	return arena_printf(arena, "%.*s/share/fairlead/board", SLICE_ARG(program));
}

void boards_where(struct arena *arena, struct boards_where *where)
{
	const char *folders = getenv("FAIRLEAD_BOARDS"), *root = getenv("FAIRLEAD_BOARD_ROOT");
	where->folders =
	        folders ? arena_copy_slice(arena, slice_of(folders)) : beside_program(arena);
	where->root = root ? arena_copy_slice(arena, slice_of(root)) : (slice){ NULL, 0 };
}

static int by_name(const void *a, const void *b)
{
	return strcmp(
	        ((const struct boards_entry *)a)->name.p, ((const struct boards_entry *)b)->name.p);
}

static bool is_listed(const struct boards_entry *entries, unsigned n, slice name)
{
	for (unsigned i = 0; i < n; i++) {
		if (slice_equal(entries[i].name, name))
			return true;
	}
	return false;
}

unsigned boards_list(
        struct arena *arena, const struct boards_where *where, const struct boards_entry **list)
{
	struct boards_entry *entries = arena_alloc(arena, BOARDS_MAX * sizeof *entries);
	slice folders = where->folders;
	unsigned n = 0;
	*list = entries;
	while (entries && folders.n) {
		slice *names;
		slice folder = slice_cut(&folders, ':');
		slice path = arena_copy_slice(arena, folder);
		unsigned found = path.n ? sysfs_list(arena, (slice){ NULL, 0 }, path.p, &names) : 0;
		for (unsigned i = 0; i < found && n < BOARDS_MAX; i++) {
			slice file = arena_printf(arena, "%.*s/%.*s/board.yaml", SLICE_ARG(folder),
			        SLICE_ARG(names[i]));
			if (file.p && access(file.p, F_OK) == 0 && !is_listed(entries, n, names[i]))
				entries[n++] = (struct boards_entry){ names[i], file };
		}
	}
	if (n)
		qsort(entries, n, sizeof *entries, by_name);
	return n;
}

/* What a box is called and where it keeps things is not a matter of what it is made of. */
static void refuse_own(const struct config *gateway, struct mistakes *mistakes)
{
	static const char *const keys[] = { "name", "state", "board" };
	for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++) {
		const struct config *said = config_get(gateway, keys[i]);
		if (said)
			mistake_add_key(
			        mistakes, said, "only the gateway's own configuration says this");
	}
}

bool boards_check(struct config *tree, struct mistakes *mistakes)
{
	if (!config_check(tree, settings_board, settings_defaults, mistakes))
		return false;
	refuse_own(config_get(tree, "gateway"), mistakes);
	CONFIG_EACH (config_get(tree, "storage"), policy)
		refuse_own(config_get(policy, "gateway"), mistakes);
	return !mistakes->count;
}

struct choice {
	const struct board *board;
	unsigned fit;
};

/* `generic` fits less than any that fits. */
static bool is_better(const struct board *board, unsigned fit, const struct choice *choice)
{
	return fit > choice->fit || (!choice->board && slice_is(board->name, "generic"));
}

static void read_and_choose(const struct boards_entry *entry, slice wanted,
        const struct machine *machine, struct choice *choice, struct mistakes *mistakes)
{
	struct mistakes *own = ARENA_NEW(mistakes->arena, struct mistakes);
	bool named = slice_equal(entry->name, wanted);
	if (!own || (!named && !slice_is(wanted, "auto")))
		return;
	own->arena = mistakes->arena;
	struct config *tree = config_file_read(entry->path.p, own);
	bool right = tree && boards_check(tree, own);
	struct board *board = right ? ARENA_NEW(mistakes->arena, struct board) : NULL;
	struct error error;
	/* Also of those that will not do, so that a file is right or wrong and not both by turns. */
	if (board && !board_take(mistakes->arena, entry->name, tree, machine, board, &error))
		mistake_add_error(own, tree, &error);
	mistakes_take(mistakes, own);
	if (!board || own->count)
		return;
	unsigned fit = board_fits(mistakes->arena, tree, machine, &board->matched);
	if (named || is_better(board, fit, choice))
		*choice = (struct choice){ board, fit };
}

struct known {
	const struct boards_entry *entries;
	unsigned n;
};

static const char *name_at(const void *arg, unsigned i)
{
	const struct known *known = arg;
	return i < known->n ? known->entries[i].name.p : NULL;
}

static void refuse_name(const struct boards_where *where, const struct known *known,
        const struct config *said, struct mistakes *mistakes)
{
	if (known->n)
		mistake_add_choice(mistakes, said, "there is no board", name_at, known);
	else
		mistake_add(mistakes, said, "there is no board \"%s\": there are none in %.*s",
		        said->text.p,
		        SLICE_ARG(where->folders.n ? where->folders : SLICE("FAIRLEAD_BOARDS")));
}

const struct board *boards_find(const struct boards_where *where, slice wanted,
        const struct config *said, struct mistakes *mistakes)
{
	struct known known;
	struct machine *machine = ARENA_NEW(mistakes->arena, struct machine);
	struct choice choice = { .fit = 0 };
	unsigned before = mistakes->count;
	if (slice_is(wanted, "none") || !machine)
		return NULL;
	known.n = boards_list(mistakes->arena, where, &known.entries);
	machine_read(mistakes->arena, where->root, machine);
	for (unsigned i = 0; i < known.n; i++)
		read_and_choose(&known.entries[i], wanted, machine, &choice, mistakes);
	if (mistakes->count > before)
		return NULL;
	if (!choice.board && !slice_is(wanted, "auto"))
		refuse_name(where, &known, said, mistakes);
	return choice.board;
}
