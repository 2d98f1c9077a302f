#include "pki/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

enum { LOCK_WAIT_MS = 60000, LOCK_LOOK_NS = 20000000 };

#define SUFFIX ".fairlead-new"

bool pki_path(char path[PKI_PATH_BYTES], const char *folder, const char *name, struct error *error)
{
	/* With room for the suffix of a staged file. */
	if ((size_t)snprintf(path, PKI_PATH_BYTES, "%s/%s", folder, name) <
	        PKI_PATH_BYTES - sizeof SUFFIX)
		return true;
	return error_set(error, "the folder's path is too long");
}

bool pki_exists(const char *path)
{
	struct stat about;
	return lstat(path, &about) == 0 || errno != ENOENT;
}

static bool read_all(int fd, char *bytes, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t got = read(fd, bytes + at, n - at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += (size_t)got;
	}
	return true;
}

static bool read_open(struct arena *arena, int fd, const char *path, size_t max, slice *bytes,
        struct error *error)
{
	struct stat about;
	if (fstat(fd, &about) != 0)
		return error_set(error, "%s cannot be read: %s", path, strerror(errno));
	if (!S_ISREG(about.st_mode))
		return error_set(error, "%s is no file", path);
	if (about.st_size < 0 || (uintmax_t)about.st_size > max)
		return error_set(error, "%s is larger than %zu bytes", path, max);
	size_t n = (size_t)about.st_size;
	char *copy = arena_alloc_raw(arena, n + 1);
	if (!copy)
		return error_set(error, "there is no memory for %s", path);
	if (!read_all(fd, copy, n))
		return error_set(error, "%s cannot be read whole", path);
	copy[n] = '\0';
	*bytes = (slice){ copy, n };
	return true;
}

bool pki_read_file(
        struct arena *arena, const char *path, size_t max, slice *bytes, struct error *error)
{
	/* Not blocking: a pipe without a writer would keep us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return error_set(error, "%s cannot be read: %s", path, strerror(errno));
	bool good = read_open(arena, fd, path, max, bytes, error);
	(void)close(fd);
	return good;
}

int pki_lock(const char *folder, struct error *error)
{
	char path[PKI_PATH_BYTES];
	if (!pki_path(path, folder, "lock", error))
		return -1;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		error_set(error, "%s cannot be opened: %s", path, strerror(errno));
		return -1;
	}
	uint64_t end_ms = clock_monotonic_ms() + LOCK_WAIT_MS;
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || clock_monotonic_ms() > end_ms) {
			error_set(error,
			        "%s is locked by another fairlead pki that does not end: %s", path,
			        strerror(errno));
			(void)close(fd);
			return -1;
		}
		(void)nanosleep(&(struct timespec){ .tv_nsec = LOCK_LOOK_NS }, NULL);
	}
	return fd;
}

static void temporary(const struct pki_staged *staged, char path[PKI_PATH_BYTES + sizeof SUFFIX])
{
	(void)snprintf(path, PKI_PATH_BYTES + sizeof SUFFIX, "%s" SUFFIX, staged->path);
}

bool pki_stage(
        struct pki_staged *staged, const char *path, mode_t mode, slice bytes, struct error *error)
{
	char name[PKI_PATH_BYTES + sizeof SUFFIX];
	staged->waiting = false;
	if (strlen(path) >= sizeof staged->path)
		return error_set(error, "the path of a file is too long");
	memcpy(staged->path, path, strlen(path) + 1);
	temporary(staged, name);
	/* Never into what somebody else has put there, a link least of all. */
	(void)unlink(name);
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set(error, "%s cannot be made: %s", path, strerror(errno));
	staged->waiting = true;
	bool good = fchmod(fd, mode) == 0 && file_write_all(fd, bytes) && fsync(fd) == 0;
	int why = errno;
	good &= close(fd) == 0;
	if (good)
		return true;
	pki_drop(staged);
	return error_set(error, "%s cannot be written: %s", path, strerror(why));
}

/* The folder that holds `path`. */
static bool sync_folder(const char *path)
{
	char folder[PKI_PATH_BYTES];
	const char *slash = strrchr(path, '/');
	(void)snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1,
	        slash ? path : ".");
	return file_sync_folder(folder);
}

bool pki_make_folder(const char *path, struct error *error)
{
	struct stat about;
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return error_set(error, "the folder %s cannot be made: %s", path,
		        errno == ENOENT ? "the folder above it is not there" : strerror(errno));
	if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode))
		return error_set(error, "%s is no folder", path);
	return sync_folder(path) ||
	       error_set(error, "the folder above %s cannot be synced: %s", path, strerror(errno));
}

bool pki_commit(struct pki_staged *staged, struct error *error)
{
	char name[PKI_PATH_BYTES + sizeof SUFFIX];
	temporary(staged, name);
	if (rename(name, staged->path) != 0) {
		int why = errno;
		pki_drop(staged);
		return error_set(
		        error, "%s cannot be put in its place: %s", staged->path, strerror(why));
	}
	staged->waiting = false;
	return sync_folder(staged->path) ||
	       error_set(error, "the folder of %s cannot be synced: %s", staged->path,
	               strerror(errno));
}

void pki_drop(struct pki_staged *staged)
{
	char name[PKI_PATH_BYTES + sizeof SUFFIX];
	if (!staged->waiting)
		return;
	temporary(staged, name);
	(void)unlink(name);
	staged->waiting = false;
}

bool pki_write_file(const char *path, mode_t mode, slice bytes, struct error *error)
{
	struct pki_staged staged;
	return pki_stage(&staged, path, mode, bytes, error) && pki_commit(&staged, error);
}
