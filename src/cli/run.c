/* fairlead run: the gateway in the foreground, until SIGTERM or SIGINT. */
#include "cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "loop/loop.h"
#include "store/store.h"

static const char help[] =
        "Usage: fairlead run [-c FILE]\n"
        "\n"
        "Runs the gateway in the foreground with the given configuration (default: "
        "fairlead.yaml).\n"
        "\n"
        "Signals:\n"
        "  SIGHUP           reads the configuration again; a broken one changes nothing\n"
        "  SIGTERM, SIGINT  stops in order: answers what is under way (10 s at most), exits with "
        "0;\n"
        "                   a second one gives up what is still under way\n"
        "  SIGUSR1          writes all counters to the log\n"
        "  SIGUSR2          turns the debug log on and off\n";

enum { GRACE_MS = 10000 };

static void signalled(void *arg, int number)
{
	struct core *core = arg;
	switch (number) {
	case SIGHUP:
		core_reload(core);
		break;
	case SIGUSR1:
		core_log_counters(core);
		break;
	case SIGUSR2:
		log_set_level(log_enabled(LOG_LEVEL_DEBUG) ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG);
		break;
	default:
		core_stop(core, GRACE_MS);
		break;
	}
}

/* Each connection is a descriptor: take what the system grants. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static const int numbers[] = { SIGHUP, SIGTERM, SIGINT, SIGUSR1, SIGUSR2 };
enum { NUMBERS = sizeof numbers / sizeof *numbers };

static bool watch_signals(struct loop *loop, struct core *core)
{
	for (size_t i = 0; i < NUMBERS; i++) {
		if (!loop_on_signal(loop, numbers[i], signalled, core))
			return false;
	}
	return signal(SIGPIPE, SIG_IGN) != SIG_ERR;
}

static void block_signals(void)
{
	sigset_t set;
	(void)sigemptyset(&set);
	for (size_t i = 0; i < NUMBERS; i++)
		(void)sigaddset(&set, numbers[i]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

static bool open_store(
        struct loop *loop, struct core *core, struct store **store, struct error *error)
{
	const char *folder = core_configuration(core)->state;
	if (!folder)
		return true;
	*store = store_open(loop, folder, error);
	return *store && core_use_store(core, *store, error);
}

static int serve(struct loop *loop, struct core *core, struct store **store, const char *path)
{
	struct arena arena;
	arena_init(&arena, 4 << 20);
	struct mistakes mistakes = { .arena = &arena };
	bool loaded = core_load(core, path, &mistakes);
	if (!loaded)
		cli_print_mistakes(&mistakes);
	arena_finish(&arena);
	if (!loaded)
		return CLI_WRONG;
	struct error error = { 0 };
	if (!open_store(loop, core, store, &error)) {
		(void)fprintf(stderr, "fairlead run: %s\n", error.text);
		return CLI_FAILED;
	}
	if (!watch_signals(loop, core) || !core_start(core, &error)) {
		(void)fprintf(stderr, "fairlead run: %s\n",
		        error.text[0] ? error.text : "signals cannot be watched");
		return CLI_FAILED;
	}
	const struct configuration *configuration = core_configuration(core);
	log_info("core", "fairlead %s ready: gateway=%.*s listeners=%u endpoints=%u pid=%d",
	        FAIRLEAD_VERSION, SLICE_ARG(configuration->gateway_name), configuration->nlisteners,
	        configuration->nendpoints, (int)getpid());
	loop_run(loop);
	/* A second SIGTERM has nothing left to hurry, and must not turn an orderly end into a death. */
	block_signals();
	core_log_counters(core);
	log_info("core", "stopped");
	return CLI_OK;
}

int cli_run(int argc, char **argv)
{
	bool helped;
	const char *path = cli_configuration_path(argc, argv, help, &helped);
	if (!path)
		return helped ? CLI_OK : CLI_WRONG;
	raise_descriptor_limit();
	struct loop *loop = loop_create();
	struct core *core = loop ? core_create(loop, cli_plugs()) : NULL;
	struct store *store = NULL;
	int code = CLI_FAILED;
	if (core)
		code = serve(loop, core, &store, path);
	else
		(void)fputs("fairlead run: out of memory or descriptors\n", stderr);
	core_destroy(core);
	store_close(store);
	loop_destroy(loop);
	arena_cache_drop();
	return code;
}
