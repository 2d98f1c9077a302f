/* fairlead frame: binary frames by their description, read and written. */
#include "cli/frame.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MAX_BYTES = 1 << 20 };

static const char help[] = "Usage: fairlead frame decode SCHEMA.ksy [HEX|-] …\n"
                           "       fairlead frame encode SCHEMA.ksy [JSON|-] …\n"
                           "\n"
                           "What the bytes of a frame mean by its description, and the bytes of a "
                           "frame that\n"
                           "means this. fairlead frame decode --help and fairlead frame encode "
                           "--help say more.\n";

bool cli_frame_input(struct arena *arena, const char *argument, slice *text)
{
	*text = slice_of(argument);
	if (argument && strcmp(argument, "-") != 0)
		return true;
	char *buffer = arena_alloc_raw(arena, FILE_MAX_BYTES);
	if (buffer)
		*text = (slice){ buffer, fread(buffer, 1, FILE_MAX_BYTES, stdin) };
	if (buffer && !ferror(stdin) && feof(stdin))
		return true;
	(void)fputs("fairlead frame: standard input cannot be read\n", stderr);
	return false;
}

int cli_frame(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	if (strcmp(word, "decode") == 0)
		return cli_frame_decode(argc - 1, argv + 1);
	if (strcmp(word, "encode") == 0)
		return cli_frame_encode(argc - 1, argv + 1);
	bool asked = strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
	(void)fputs(help, asked ? stdout : stderr);
	return asked ? CLI_OK : CLI_WRONG;
}
