#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "adapters/common/dialect.h"
#include "base/log.h"
#include "core/config_file.h"

enum { DIALECTS_MAX = 8 };

const struct plugs *cli_plugs(void)
{
	static const char *dialects[DIALECTS_MAX + 1];
	for (unsigned i = 0; i < DIALECTS_MAX && dialect_all[i]; i++)
		dialects[i] = dialect_all[i]->name;
	static const struct plugs plugs = { adapter_all, authenticator_all, backend_all, dialects };
	return &plugs;
}

/* The limit alone would do for files, but the system ignores it where a program takes the dumps (systemd-coredump); not
 * being dumpable it heeds in any case. Only the soft limit changes, so that it can come back. */
void cli_allow_core_dumps(bool allowed)
{
	static rlim_t before;
	struct rlimit limit;
	if (getrlimit(RLIMIT_CORE, &limit) == 0) {
		if (!allowed)
			before = limit.rlim_cur;
		limit.rlim_cur = allowed ? before : 0;
		(void)setrlimit(RLIMIT_CORE, &limit);
	}
	(void)prctl(PR_SET_DUMPABLE, allowed ? 1UL : 0UL, 0UL, 0UL, 0UL);
}

const char *cli_configuration_path(int argc, char **argv, const char *help, bool *helped)
{
	const char *path = NULL;
	*helped = false;
	for (int i = 1; i < argc; i++) {
		bool takes_file = strcmp(argv[i], "-c") == 0 || strcmp(argv[i], "--config") == 0;
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			(void)fputs(help, stdout);
			*helped = true;
			return NULL;
		}
		if (!takes_file || i + 1 == argc) {
			log_say(LOG_LEVEL_ERROR, "fairlead %s: %s %s", argv[0],
			        takes_file ? "a file must follow" : "unknown argument", argv[i]);
			(void)fputs(help, stderr);
			return NULL;
		}
		path = argv[++i];
	}
	if (!path && access(CLI_DEFAULT_FILE, F_OK) != 0) {
		log_say(LOG_LEVEL_ERROR, "fairlead %s: there is no %s in this folder; say -c FILE",
		        argv[0], CLI_DEFAULT_FILE);
		return NULL;
	}
	return path ? path : CLI_DEFAULT_FILE;
}

slice cli_state_folder(const char *command, const char *path, struct arena *arena)
{
	struct mistakes mistakes = { .arena = arena };
	if (!path && access(CLI_DEFAULT_FILE, F_OK) != 0) {
		(void)fprintf(stderr, "fairlead %s: there is no %s in this folder; say -c FILE\n",
		        command, CLI_DEFAULT_FILE);
		return (slice){ NULL, 0 };
	}
	const struct config *root = config_file_read(path ? path : CLI_DEFAULT_FILE, &mistakes);
	if (!root) {
		cli_print_mistakes(&mistakes);
		return (slice){ NULL, 0 };
	}
	slice folder = config_file_path(arena, config_get(root, "gateway"), "state");
	if (!folder.p)
		(void)fprintf(stderr, "fairlead %s: %s has no gateway.state\n", command,
		        path ? path : CLI_DEFAULT_FILE);
	return folder;
}

void cli_print_mistakes(const struct mistakes *mistakes)
{
	for (unsigned i = 0; i < mistakes_kept(mistakes); i++) {
		const struct mistake *mistake = &mistakes->at[i];
		slice file = mistake_path(mistakes, mistake);
		if (mistake->line)
			log_say(LOG_LEVEL_ERROR, "%.*s:%u:%u: %.*s", SLICE_ARG(file), mistake->line,
			        mistake->column, SLICE_ARG(mistake->text));
		else
			log_say(LOG_LEVEL_ERROR, "%.*s: %.*s", SLICE_ARG(file),
			        SLICE_ARG(mistake->text));
	}
	if (mistakes->count > MISTAKES_MAX)
		log_say(LOG_LEVEL_ERROR, "… and %u more", mistakes->count - MISTAKES_MAX);
}
