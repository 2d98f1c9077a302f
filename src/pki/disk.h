/* disk: files that are there whole or not at all, after a power cut as well.
 *
 * A file is staged beside its place (NAME.fairlead-new, made anew with exactly its mode, synced) and committed by a
 * rename, after which its folder is synced. What was staged and never committed is overwritten by the next one. Who writes
 * holds the lock of the CA's folder. */
#ifndef PKI_DISK_H
#define PKI_DISK_H

#include <sys/types.h>

#include "api/plugin.h"
#include "base/arena.h"

enum { PKI_PATH_BYTES = 4096 };

/* "FOLDER/NAME"; false: too long. */
bool pki_path(char path[PKI_PATH_BYTES], const char *folder, const char *name, struct error *);
bool pki_exists(const char *path);

/* The whole file, followed by a NUL that is not counted. More than `max` bytes are refused. */
bool pki_read_file(struct arena *, const char *path, size_t max, slice *, struct error *);

/* Makes the folder, for its owner only, where it is not there. */
bool pki_make_folder(const char *path, struct error *);
/* Waits until no other process has the folder's lock (at most 60 s) and takes it: a descriptor that holds it until
 * it is closed, also by a crash. -1: error says why. */
int pki_lock(const char *folder, struct error *);

struct pki_staged {
	char path[PKI_PATH_BYTES];
	bool waiting; /* staged and not committed */
};

bool pki_stage(struct pki_staged *, const char *path, mode_t mode, slice bytes, struct error *);
/* Puts it at its place. What was staged is dropped when that fails. */
bool pki_commit(struct pki_staged *, struct error *);
/* Removes what was staged, if it still waits. */
void pki_drop(struct pki_staged *);
/* Both at once. */
bool pki_write_file(const char *path, mode_t mode, slice bytes, struct error *);

#endif
