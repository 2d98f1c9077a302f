/* look: for whoever must notice that something outside has changed, mostly a file that somebody replaces.
 *
 * All looks of a loop run together: every LOOK_EVERY_MS, and LOOK_SOON_MS after something has stirred in a folder that
 * look_hint() has named (inotify). The hint is what makes it quick and an idle gateway quiet; looking all the same is what makes
 * it sure, since not every file system tells, and a path has many places where it can be bent.
 *
 *     static void look(struct look *look) { … stat(path) …; look_hint(loop, path); }
 *
 * Core thread. */
#ifndef LOOP_LOOK_H
#define LOOP_LOOK_H

#include "base/list.h"

struct loop;

enum { LOOK_EVERY_MS = 5000, LOOK_SOON_MS = 200 };

struct look {
	struct list link;
	void (*run)(struct look *);
};

void look_init(struct look *, void (*run)(struct look *));
/* From now on, until look_stop(), which may be called from inside `run`. Both do no harm when called again. */
void look_start(struct loop *, struct look *);
void look_stop(struct loop *, struct look *);
/* Something that concerns a look may happen where this file lies, or where a symbolic link on its path does. To be said at each look, for folders
 * come and go; it is forgotten when nobody looks any more. Where the system does not tell,
 * or nobody looks, nothing happens. */
void look_hint(struct loop *, const char *path);
/* Once more in LOOK_SOON_MS: something has changed, and may not be at its end. */
void look_soon(struct loop *);

#endif
