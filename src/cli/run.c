/* fairlead run: the gateway in the foreground, until SIGTERM or SIGINT. */
#include "cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "audit/audit.h"
#include "cli/supervision.h"
#include "loop/loop.h"

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
        "  SIGUSR2          turns the debug log on and off\n"
        "\n"
        "With NOTIFY_SOCKET set, a service manager (systemd) is told that the gateway is ready, "
        "reloads\n"
        "and stops, and that it lives (WATCHDOG_USEC), and is given the sockets that listen to "
        "keep;\n"
        "those that it hands over (LISTEN_FDS) are listened at.\n";

enum { GRACE_MS = 10000, DESCRIPTORS_FEW = 1024 };

static void log_counters(const struct cli_gateway *gateway)
{
	core_log_counters(gateway->core);
	audit_log_counters(gateway->audit);
}

static void signalled(void *arg, int number)
{
	struct supervision *supervision = arg;
	switch (number) {
	case SIGHUP:
		supervision_reload(supervision);
		break;
	case SIGUSR1:
		log_counters(supervision->gateway);
		break;
	case SIGUSR2:
		log_set_level(log_enabled(LOG_LEVEL_DEBUG) ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG);
		break;
	default:
		supervision_stop(supervision, GRACE_MS);
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

static bool watch_signals(struct supervision *supervision)
{
	for (size_t i = 0; i < NUMBERS; i++) {
		if (!loop_on_signal(supervision->gateway->loop, numbers[i], signalled, supervision))
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

/* Listeners, files and backends have theirs as well; where they are so few that clients will be turned away, somebody may
 * want to know before that happens. */
static void say_descriptors(const struct configuration *configuration)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS_FEW &&
	        limit.rlim_cur < configuration->limits.connections_max)
		log_warning("core",
		        "only %llu files may be open, and each connection is one "
		        "(limits.connections "
		        "allows %u): raise the limit (ulimit -n, LimitNOFILE=)",
		        (unsigned long long)limit.rlim_cur, configuration->limits.connections_max);
}

/* Tokens, and certificates more so, depend on it. */
static void say_clock(void)
{
	char now[CLOCK_TEXT_BYTES];
	if (!clock_is_lost())
		return;
	clock_text(clock_wall_ns(), now);
	log_warning("core",
	        "the system's clock is behind the day on which this program was built: until it is "
	        "set, time goes on from there, %s",
	        now);
}

static int serve(struct cli_gateway *gateway, struct supervision *supervision, const char *path)
{
	struct arena arena;
	arena_init(&arena, 4 << 20);
	struct mistakes mistakes = { .arena = &arena };
	bool loaded = core_load(gateway->core, path, &mistakes);
	if (!loaded)
		cli_print_mistakes(&mistakes);
	arena_finish(&arena);
	if (!loaded)
		return CLI_WRONG;
	if (core_configuration(gateway->core)->core_dumps)
		cli_allow_core_dumps(true);
	supervision_loaded(supervision);
	struct error error = { 0 };
	if (!cli_gateway_open_state(gateway, &error)) {
		log_say(LOG_LEVEL_ERROR, "fairlead run: %s", error.text);
		supervision_failed(supervision);
		return CLI_FAILED;
	}
	if (!watch_signals(supervision) || !core_start(gateway->core, &error)) {
		log_say(LOG_LEVEL_ERROR, "fairlead run: %s",
		        error.text[0] ? error.text : "signals cannot be watched");
		supervision_failed(supervision);
		return CLI_FAILED;
	}
	say_clock();
	const struct configuration *configuration = core_configuration(gateway->core);
	say_descriptors(configuration);
	log_info("core", "fairlead %s ready: gateway=%.*s listeners=%u endpoints=%u pid=%d",
	        FAIRLEAD_VERSION, SLICE_ARG(configuration->gateway_name), configuration->nlisteners,
	        configuration->nendpoints, (int)getpid());
	supervision_ready(supervision);
	loop_run(gateway->loop);
	supervision_ending(supervision);
	/* A second SIGTERM has nothing left to hurry, and must not turn an orderly end into a death. */
	block_signals();
	log_counters(gateway);
	log_info("core", "stopped");
	return CLI_OK;
}

int cli_run(int argc, char **argv)
{
	bool helped;
	log_find_journal();
	const char *path = cli_configuration_path(argc, argv, help, &helped);
	if (!path)
		return helped ? CLI_OK : CLI_WRONG;
	/* Before anything else opens a descriptor. */
	struct listening *sockets = listening_create();
	if (sockets)
		listening_inherit(sockets);
	raise_descriptor_limit();
	struct cli_gateway gateway;
	int code = CLI_FAILED;
	if (cli_gateway_init(&gateway) && sockets) {
		struct supervision supervision;
		listening_serve(sockets, gateway.loop);
		supervision_init(&supervision, &gateway, sockets);
		code = serve(&gateway, &supervision, path);
		supervision_finish(&supervision);
	} else {
		log_say(LOG_LEVEL_ERROR,
		        "fairlead run: out of memory, or too few files may be open (ulimit -n, "
		        "LimitNOFILE=)");
	}
	cli_gateway_finish(&gateway);
	listening_destroy(sockets);
	return code;
}
