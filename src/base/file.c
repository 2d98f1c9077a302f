#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int read_all(int fd, char *bytes, size_t max_bytes, size_t *n)
{
	*n = 0;
	while (*n <= max_bytes) {
		ssize_t got = read(fd, bytes + *n, max_bytes + 1 - *n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		if (got == 0)
			return 0;
		*n += (size_t)got;
	}
	return EFBIG;
}

int file_read(struct arena *arena, const char *path, size_t max_bytes, slice *bytes)
{
	*bytes = (slice){ NULL, 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	/* Not in the arena: a small one has room for what is there, but not for what might be. */
	char *buffer = malloc(max_bytes + 1);
	size_t n = 0;
	int code = buffer ? read_all(fd, buffer, max_bytes, &n) : ENOMEM;
	(void)close(fd);
	if (!code) {
		*bytes = arena_copy(arena, buffer, n);
		code = bytes->p ? 0 : ENOMEM;
	}
	if (buffer)
		explicit_bzero(buffer, n);
	free(buffer);
	return code;
}

bool file_write_all(int fd, slice bytes)
{
	while (bytes.n) {
		ssize_t put = write(fd, bytes.p, bytes.n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		bytes = slice_from(bytes, (size_t)put);
	}
	return true;
}

bool file_sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	/* Some file systems sync a folder by themselves only, and say EINVAL. */
	bool synced = fsync(fd) == 0 || errno == EINVAL;
	int why = errno;
	(void)close(fd);
	errno = why;
	return synced;
}

const char *file_why(int error)
{
	switch (error) {
	case EROFS:
		return "its file system is read-only: mount it so that it can be written, or name "
		       "another folder";
	case ENOSPC:
		return "its file system is full (df) or has no inode left (df -i): free some";
	case EDQUOT:
		return "this user's quota of the file system is used up";
	case EMFILE:
		return "no more files may be open: raise the limit (ulimit -n, LimitNOFILE=)";
	case EACCES:
	case EPERM:
		return "this user may not: see whose it and the folders above it are (ls -ld)";
	default:
		return strerror(error);
	}
}
