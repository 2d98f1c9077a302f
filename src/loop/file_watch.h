/* file_watch: a small file that somebody may replace while we run: read again whenever it has changed.
 *
 * It is looked at as loop/look.h says, and looked at and read on libuv's threads, so that no disk holds up the loop. Core thread. */
#ifndef LOOP_FILE_WATCH_H
#define LOOP_FILE_WATCH_H

#include "base/slice.h"

struct loop;
struct file_watch;

/* `read` is called, never from inside these functions, with the content after the start and after each change, and
 * whenever file_watch_look() has asked for it; `error` is errno when it cannot be read (EFBIG: longer than
 * `max_bytes`), else 0. The content is wiped after the call. NULL: out of memory. */
struct file_watch *file_watch_create(struct loop *, const char *path, size_t max_bytes,
        void (*read)(void *arg, int error, slice content), void *arg);
/* Reads it now. */
void file_watch_look(struct file_watch *);
/* `read` will not be called again. May be called from inside it. NULL is fine. */
void file_watch_destroy(struct file_watch *);

#endif
