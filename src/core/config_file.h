/* Reads fairlead.yaml or fairlead.json into one tree with the place of every node. */
#ifndef CORE_CONFIG_FILE_H
#define CORE_CONFIG_FILE_H

#include "core/mistakes.h"

/* The tree, in mistakes->arena; NULL: not readable, with the reason in `mistakes`. The root is a map. */
struct config *config_file_read(const char *path, struct mistakes *);
/* The same from memory; `path` only for messages and relative files. */
struct config *config_text_read(slice text, const char *path, struct mistakes *);
/* What the tree says of ports is about this board (NULL: none), which lives as long as the tree. */
void config_file_use_board(struct config *root, const struct board *);

#endif
