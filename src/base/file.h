/* Files that are read and written whole. Whoever calls these waits for the disk: for the time of loading, and for
 * commands. Errors are errno's. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/arena.h"

/* Reads to the end, from a pipe as well, into the arena, which has to hold what is there and a NUL that is not counted.
 * Nothing of it stays in any other place. 0; else why not: EFBIG: it has more than max_bytes. */
int file_read(struct arena *, const char *path, size_t max_bytes, slice *bytes);
/* However many calls it takes. false: errno says why. */
bool file_write_all(int fd, slice bytes);
/* What was made, renamed or removed in it is on the disk then. false: errno says why. */
bool file_sync_folder(const char *folder);
/* What errno's value means for a file of the gateway's own, and what a person can do about it: text for an error or the
 * log, never NULL. */
const char *file_why(int error);

#endif
