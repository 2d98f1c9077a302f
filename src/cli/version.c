#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

int cli_version(int argc, char **argv)
{
	static const char help[] =
	        "Usage: fairlead version\n\nThe version, and the listeners, backends and ways to "
	        "authenticate of this build.\n";
	if (argc > 1) {
		bool wanted = strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0;
		(void)fputs(help, wanted ? stdout : stderr);
		return wanted ? CLI_OK : CLI_WRONG;
	}
	(void)printf("fairlead %s\n", FAIRLEAD_VERSION);
	const struct plugs *plugs = cli_plugs();
	(void)fputs("listeners:", stdout);
	const char *protocol;
	for (unsigned i = 0; (protocol = configuration_protocol(plugs, i)); i++)
		(void)printf(" %s", protocol);
	for (unsigned i = 0; plugs->dialects[i]; i++)
		(void)printf(" %s", plugs->dialects[i]);
	(void)fputs("\nbackends:", stdout);
	for (unsigned i = 0; plugs->backends[i]; i++) {
		if (!plugs->backends[i]->endpoints)
			(void)printf(" %s", plugs->backends[i]->name);
	}
	(void)fputs("\nauth: none", stdout);
	for (unsigned i = 0; plugs->authenticators[i]; i++)
		(void)printf(" %s", plugs->authenticators[i]->name);
	(void)putchar('\n');
	return CLI_OK;
}
