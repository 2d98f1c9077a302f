/* fairlead board: which board this is, what it has, and what the gateway takes from that. */
#include "cli/board.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/codec.h"
#include "cli/cli.h"
#include "core/config_check.h"
#include "core/config_file.h"
#include "core/settings.h"

static const char help[] =
        "Usage: fairlead board [-c FILE] [--name NAME] [--root DIR] [--json]\n"
        "       fairlead board --udev [-c FILE] [--name NAME] [--root DIR]\n"
        "       fairlead board --list [--json]\n"
        "\n"
        "Says which board this is and by what it was recognised, what it has (identity, memory,\n"
        "serial ports, lights, watchdog, what the state folder is kept on), and what the "
        "gateway's\n"
        "settings are with that: each value, and whether the configuration says it, the board or\n"
        "the program. Changes nothing.\n"
        "  -c FILE      the configuration (default: fairlead.yaml, where there is one)\n"
        "  --name NAME  as if gateway.board said this\n"
        "  --root DIR   of a machine whose sys/, proc/ and dev/ are there\n"
        "  --json       as JSON\n"
        "  --udev       rules for udev: names for the serial ports in /dev/fairlead, and the\n"
        "               lights and the watchdog for the group fairlead\n"
        "  --list       the boards that there are\n"
        "Exit code: 0, 1 no boards are installed, 2 mistakes.\n";

struct wanted {
	const char *file, *name, *root;
	bool json, udev, list;
};

/* NULL: not an option that takes a text. */
static const char **text_option(struct wanted *wanted, const char *option)
{
	if (strcmp(option, "-c") == 0 || strcmp(option, "--config") == 0)
		return &wanted->file;
	if (strcmp(option, "--name") == 0)
		return &wanted->name;
	return strcmp(option, "--root") == 0 ? &wanted->root : NULL;
}

static bool *switch_option(struct wanted *wanted, const char *option)
{
	if (strcmp(option, "--json") == 0)
		return &wanted->json;
	if (strcmp(option, "--udev") == 0)
		return &wanted->udev;
	return strcmp(option, "--list") == 0 ? &wanted->list : NULL;
}

static bool take_arguments(int argc, char **argv, struct wanted *wanted)
{
	for (int i = 1; i < argc; i++) {
		const char **text = text_option(wanted, argv[i]);
		bool *on = switch_option(wanted, argv[i]);
		if (on)
			*on = true;
		else if (text && i + 1 < argc)
			*text = argv[++i];
		else
			return false;
	}
	return !(wanted->udev && (wanted->json || wanted->list));
}

/* Without a file: one that says nothing. NULL: said on stderr. */
static struct config *read_root(const char *file, struct mistakes *mistakes)
{
	static const struct config_file nothing = { .path = SLICE_INIT("no configuration") };
	if (!file && access(CLI_DEFAULT_FILE, F_OK) == 0)
		file = CLI_DEFAULT_FILE;
	struct config *root =
	        file ? config_file_read(file, mistakes) : ARENA_NEW(mistakes->arena, struct config);
	if (root && !file)
		*root = (struct config){
			.kind = CONFIG_MAP, .own = settings_root, .file = &nothing
		};
	if (root && file)
		(void)config_check(root, NULL, settings_root, mistakes);
	return root;
}

static int print_value(struct arena *arena, const struct value *value)
{
	struct error error;
	slice text = codec_for(SLICE("application/json"))->encode(arena, value, &error);
	if (text.p)
		(void)printf("%.*s\n", SLICE_ARG(text));
	return text.p ? CLI_OK : CLI_FAILED;
}

/* A board of a file that is wrong has no title, and is in the list for its name. */
static slice title_of(struct arena *arena, slice path)
{
	struct mistakes *mistakes = ARENA_NEW(arena, struct mistakes);
	if (!mistakes)
		return (slice){ NULL, 0 };
	mistakes->arena = arena;
	const struct config *tree = config_file_read(path.p, mistakes);
	return config_text(tree, "title");
}

static int list(struct arena *arena, const struct boards_where *where, bool json)
{
	const struct boards_entry *entries;
	unsigned n = boards_list(arena, where, &entries);
	struct value *all = value_list(arena);
	for (unsigned i = 0; i < n; i++) {
		slice title = title_of(arena, entries[i].path);
		struct value *one = json ? value_map(arena) : NULL;
		if (!json)
			(void)printf(
			        "%-16.*s %.*s\n", SLICE_ARG(entries[i].name), SLICE_ARG(title));
		if (!one)
			continue;
		(void)value_set_new(one, SLICE("name"), value_text(arena, entries[i].name));
		(void)value_set_new(one, SLICE("title"), value_text(arena, title));
		(void)value_set_new(one, SLICE("file"), value_text(arena, entries[i].path));
		(void)value_append(all, one);
	}
	if (json)
		return print_value(arena, all);
	if (!n)
		(void)fprintf(
		        stderr, "fairlead board: no boards in %.*s\n", SLICE_ARG(where->folders));
	return n ? CLI_OK : CLI_FAILED;
}

static int tell(struct arena *arena, const struct config *root, const struct board_setup *setup,
        const struct wanted *wanted)
{
	if (wanted->udev) {
		cli_board_udev(setup->board);
		return CLI_OK;
	}
	const struct value *told = cli_board_tell(arena, root, setup);
	if (!told)
		return CLI_FAILED;
	if (wanted->json)
		return print_value(arena, told);
	cli_board_show(told);
	return CLI_OK;
}

static int look(struct arena *arena, const struct boards_where *where, const struct wanted *wanted)
{
	struct mistakes *mistakes = ARENA_NEW(arena, struct mistakes);
	struct board_setup setup = { .board = NULL };
	slice name = slice_of(wanted->name);
	if (!mistakes)
		return CLI_FAILED;
	mistakes->arena = arena;
	struct config *root = read_root(wanted->file, mistakes);
	if (root)
		configuration_take_board(root, where, name, &setup, mistakes);
	if (mistakes->count) {
		mistakes_sort(mistakes);
		cli_print_mistakes(mistakes);
		return CLI_WRONG;
	}
	const struct config *gateway = config_get(root, "gateway");
	bool none = slice_is(name.p ? name : config_text(gateway, "board"), "none");
	if (!setup.board && (wanted->udev || !none)) {
		(void)fprintf(stderr,
		        none ? "fairlead board: gateway.board is none\n"
		             : "fairlead board: no boards in %.*s\n",
		        SLICE_ARG(where->folders));
		return CLI_FAILED;
	}
	return tell(arena, root, &setup, wanted);
}

int cli_board(int argc, char **argv)
{
	struct wanted wanted = { .file = NULL };
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		(void)fputs(help, stdout);
		return CLI_OK;
	}
	if (!take_arguments(argc, argv, &wanted)) {
		(void)fputs(help, stderr);
		return CLI_WRONG;
	}
	struct arena arena;
	struct boards_where where;
	arena_init(&arena, 64 << 20);
	boards_where(&arena, &where);
	if (wanted.root)
		where.root = slice_of(wanted.root);
	int code = wanted.list ? list(&arena, &where, wanted.json) : look(&arena, &where, &wanted);
	arena_finish(&arena);
	return code;
}
