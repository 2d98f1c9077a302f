/* fairlead check: everything that `run` would do up to the first socket, and all mistakes at once. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "loop/loop.h"

static const char help[] =
        "Usage: fairlead check [-c FILE]\n"
        "       fairlead check --schema\n"
        "\n"
        "Reads the configuration (default: fairlead.yaml), opens every schema, descriptor set and\n"
        "certificate that it names, and says all mistakes as file:line:column: key: what is "
        "wrong.\n"
        "With --schema, writes the JSON Schema of the configuration, for editors.\n"
        "Exit code: 0 valid, 2 not.\n";

int cli_check(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--schema") == 0)
		return cli_print_schema();
	bool helped;
	const char *path = cli_configuration_path(argc, argv, help, &helped);
	if (!path)
		return helped ? CLI_OK : CLI_WRONG;
	log_set_level(LOG_LEVEL_ERROR);
	struct arena arena;
	arena_init(&arena, 4 << 20);
	struct mistakes mistakes = { .arena = &arena };
	struct loop *loop = loop_create();
	struct core *core = loop ? core_create(loop, cli_plugs()) : NULL;
	int code = CLI_FAILED;
	if (!core) {
		(void)fputs("fairlead check: out of memory\n", stderr);
	} else if (core_load(core, path, &mistakes)) {
		const struct configuration *configuration = core_configuration(core);
		(void)printf("%s: valid: %u listeners, %u backends, %u endpoints\n", path,
		        configuration->nlisteners, configuration->nbackends,
		        configuration->nendpoints);
		code = CLI_OK;
	} else {
		cli_print_mistakes(&mistakes);
		code = CLI_WRONG;
	}
	core_destroy(core);
	loop_destroy(loop);
	arena_finish(&arena);
	return code;
}
