#include "cli/cli.h"

#include <stdio.h>

int cli_version(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		(void)fputs("Usage: fairlead version\n", stderr);
		return CLI_WRONG;
	}
	(void)printf("fairlead %s\n", FAIRLEAD_VERSION);
	const struct plugs *plugs = cli_plugs();
	(void)fputs("listeners:", stdout);
	for (unsigned i = 0; plugs->adapters[i]; i++)
		(void)printf(" %s", plugs->adapters[i]->name);
	for (unsigned i = 0; plugs->dialects[i]; i++)
		(void)printf(" %s", plugs->dialects[i]);
	(void)fputs("\nbackends:", stdout);
	for (unsigned i = 0; plugs->backends[i]; i++)
		(void)printf(" %s", plugs->backends[i]->name);
	(void)fputs("\nauth: none", stdout);
	for (unsigned i = 0; plugs->authenticators[i]; i++)
		(void)printf(" %s", plugs->authenticators[i]->name);
	(void)putchar('\n');
	return CLI_OK;
}
