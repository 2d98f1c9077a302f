/* fairlead check: everything that `run` would do up to the first socket, and all mistakes at once; with --as, what one client
 * may do under that configuration. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "loop/loop.h"

static const char help[] =
        "Usage: fairlead check [-c FILE]\n"
        "       fairlead check [-c FILE] --as CLIENT METHOD PATH [--via PROTOCOL] [--scope S]… "
        "[--json]\n"
        "       fairlead check --schema\n"
        "\n"
        "Reads the configuration (default: fairlead.yaml), opens every schema, descriptor set and\n"
        "certificate that it names, and says all mistakes as file:line:column: key: what is "
        "wrong.\n"
        "With --as, says whether this client may use the method on the path, and each rule that "
        "speaks\n"
        "for or against it. CLIENT is one of the file's; - is a caller who shows nothing. With "
        "METHOD\n"
        "SUBSCRIBE the path is a filter (+, #).\n"
        "  --via PROTOCOL  how it comes (default: http)\n"
        "  --scope S       with a token that has this scope only; may be said several times\n"
        "  --json          as JSON\n"
        "With --schema, writes the JSON Schema of the configuration, for editors.\n"
        "Exit code: 0 valid (--as: allowed), 1 refused, 2 mistakes.\n";

static int check(struct core *core, const char *path, const struct question *question)
{
	struct arena arena;
	arena_init(&arena, 4 << 20);
	struct mistakes mistakes = { .arena = &arena };
	int code = CLI_OK;
	if (!core_load(core, path, &mistakes)) {
		cli_print_mistakes(&mistakes);
		code = CLI_WRONG;
	} else if (question->client) {
		code = cli_explain(core, question);
	} else {
		const struct configuration *configuration = core_configuration(core);
		(void)printf("%s: valid: %u listeners, %u backends, %u endpoints\n", path,
		        configuration->nlisteners, configuration->nbackends,
		        configuration->nendpoints);
	}
	arena_finish(&arena);
	return code;
}

static bool take_scope(struct question *question, const char *scope)
{
	question->scoped = true;
	if (question->nscopes == sizeof question->scopes / sizeof *question->scopes)
		return false;
	question->scopes[question->nscopes++] = scope;
	return true;
}

/* Takes what belongs to --as out of the arguments. false: something is missing. */
static bool take_question(int *argc, char **argv, struct question *question)
{
	int kept = 1;
	bool more = false; /* said, and of --as only */
	for (int i = 1; i < *argc; i++) {
		int left = *argc - i - 1;
		if (strcmp(argv[i], "--as") == 0 && left >= 3) {
			question->client = argv[i + 1];
			question->method = argv[i + 2];
			question->path = argv[i + 3];
			i += 3;
		} else if (strcmp(argv[i], "--via") == 0 && left) {
			question->protocol = argv[++i];
			more = true;
		} else if (strcmp(argv[i], "--scope") == 0 && left) {
			if (!take_scope(question, argv[++i]))
				return false;
			more = true;
		} else if (strcmp(argv[i], "--json") == 0) {
			question->json = more = true;
		} else {
			argv[kept++] = argv[i];
		}
	}
	*argc = kept;
	return question->client || !more;
}

int cli_check(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--schema") == 0)
		return cli_print_schema();
	struct question question = { .client = NULL };
	/* A service manager asks before a reload. */
	log_find_journal();
	if (!take_question(&argc, argv, &question)) {
		log_say(LOG_LEVEL_ERROR, "fairlead check: these go with --as CLIENT METHOD PATH");
		(void)fputs(help, stderr);
		return CLI_WRONG;
	}
	bool helped;
	const char *path = cli_configuration_path(argc, argv, help, &helped);
	if (!path)
		return helped ? CLI_OK : CLI_WRONG;
	log_set_level(LOG_LEVEL_ERROR);
	struct loop *loop = loop_create();
	struct core *core = loop ? core_create(loop, cli_plugs()) : NULL;
	int code = CLI_FAILED;
	if (core)
		code = check(core, path, &question);
	else
		log_say(LOG_LEVEL_ERROR, "fairlead check: out of memory");
	core_destroy(core);
	loop_destroy(loop);
	return code;
}
