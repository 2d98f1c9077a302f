/* What the commands of `fairlead frame` share. Each has its file. */
#ifndef CLI_FRAME_H
#define CLI_FRAME_H

#include "cli/cli.h"

/* argv[0] is the command's own name. */
int cli_frame_decode(int argc, char **argv);
int cli_frame_encode(int argc, char **argv);

/* The argument itself, or standard input where it is "-" or NULL; in the arena. false: said on stderr. */
bool cli_frame_input(struct arena *, const char *argument, slice *text);

#endif
