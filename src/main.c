/* fairlead: finds the command and calls it. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static const struct {
	const char *name;
	int (*call)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "run", cli_run, "the gateway, in the foreground" },
	{ "check", cli_check,
	        "holds a configuration against everything that can be wrong with it" },
	{ "frame", cli_frame, "binary frames by their description, read and written" },
	{ "client", cli_client, "clients that are added while the gateway runs" },
	{ "token", cli_token, "tokens and API keys: made, listed, revoked" },
	{ "pki", cli_pki, "a small CA: keys, certificates and revocation lists of devices" },
	{ "audit", cli_audit, "is the audit log whole, and what stands in it" },
	{ "board", cli_board, "which board this is, and what the gateway takes from that" },
	{ "password", cli_password, "a hash to keep in place of a password" },
	{ "version", cli_version, "version, and what this build speaks" },
};

static void usage(FILE *to)
{
	(void)fputs("Usage: fairlead COMMAND [ARGUMENT …]\n\n", to);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		(void)fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].help);
	(void)fputs("\nfairlead COMMAND --help says more.\n", to);
}

/* Started with standard input, output or error closed, no socket may take their numbers: messages would go into it. */
static void keep_standard_descriptors(void)
{
	int fd;
	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		(void)close(fd);
}

int main(int argc, char **argv)
{
	cli_allow_core_dumps(false);
	keep_standard_descriptors();
	if (argc < 2) {
		usage(stderr);
		return CLI_WRONG;
	}
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].call(argc - 1, argv + 1);
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		usage(stdout);
		return CLI_OK;
	}
	if (strcmp(argv[1], "--version") == 0)
		return cli_version(1, argv);
	(void)fprintf(stderr, "fairlead: no command is called %s\n\n", argv[1]);
	usage(stderr);
	return CLI_WRONG;
}
