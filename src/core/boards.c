/* With `auto` every file is read: the one that is broken may be the one that fits, and a mistake in it would turn the box into a
 * generic one without a word. Only the one that is chosen stays in memory. */
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

enum { BOARDS_MAX = 256, BOARD_MAX_BYTES = 32 * 1024 * 1024 };

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

/* The board of this file, whole, in mistakes->arena. NULL: something is wrong. */
static struct board *read_one(
        const struct boards_entry *entry, const struct machine *machine, struct mistakes *mistakes)
{
	struct config *tree = config_file_read(entry->path.p, mistakes);
	if (!tree || !boards_check(tree, mistakes))
		return NULL;
	struct board *board = ARENA_NEW(mistakes->arena, struct board);
	slice name = arena_copy_slice(mistakes->arena, entry->name);
	struct error error = { .line = 0 };
	if (!board || !name.p)
		return NULL;
	if (!board_take(mistakes->arena, name, tree, machine, board, &error)) {
		mistake_add_error(mistakes, tree, &error);
		return NULL;
	}
	board->fit = board_fits(mistakes->arena, tree, machine, &board->matched);
	return board;
}

struct choice {
	const struct boards_entry *entry;
	unsigned fit;
};

/* Reads the file for its mistakes and for how well it fits, and forgets the rest. `generic` fits less than any that fits. */
static void consider(const struct boards_entry *entry, const struct machine *machine,
        struct choice *choice, struct mistakes *mistakes)
{
	struct arena arena;
	arena_init(&arena, BOARD_MAX_BYTES);
	struct mistakes *own = ARENA_NEW(&arena, struct mistakes);
	if (own) {
		own->arena = &arena;
		const struct board *board = read_one(entry, machine, own);
		bool generic = slice_is(entry->name, "generic");
		if (board && (board->fit > choice->fit || (generic && !choice->entry)))
			*choice = (struct choice){ entry, board->fit };
		mistakes_take(mistakes, own);
	}
	arena_finish(&arena);
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

static const struct boards_entry *named(const struct known *known, slice name)
{
	for (unsigned i = 0; i < known->n; i++) {
		if (slice_equal(known->entries[i].name, name))
			return &known->entries[i];
	}
	return NULL;
}

static const struct board *choose(const struct boards_where *where, const struct known *known,
        slice wanted, const struct config *said, struct mistakes *mistakes)
{
	struct choice choice = { .fit = 0 };
	unsigned before = mistakes->count;
	bool any = slice_is(wanted, "auto");
	struct machine *machine = ARENA_NEW(mistakes->arena, struct machine);
	struct mistakes *own = ARENA_NEW(mistakes->arena, struct mistakes);
	if (!machine || !own)
		return NULL;
	machine_read(mistakes->arena, where->root, machine);
	for (unsigned i = 0; any && i < known->n; i++)
		consider(&known->entries[i], machine, &choice, mistakes);
	if (mistakes->count > before)
		return NULL;
	if (!any)
		choice.entry = named(known, wanted);
	if (!choice.entry) {
		if (!any)
			refuse_name(where, known, said, mistakes);
		return NULL;
	}
	own->arena = mistakes->arena;
	struct board *board = read_one(choice.entry, machine, own);
	mistakes_take(mistakes, own);
	if (board)
		board_look(mistakes->arena, board);
	return board;
}

const struct board *boards_find(const struct boards_where *where, slice wanted,
        const struct config *said, struct mistakes *mistakes)
{
	struct arena arena;
	struct known known;
	if (slice_is(wanted, "none"))
		return NULL;
	arena_init(&arena, BOARD_MAX_BYTES);
	known.n = boards_list(&arena, where, &known.entries);
	const struct board *board = choose(where, &known, wanted, said, mistakes);
	arena_finish(&arena);
	return board;
}
