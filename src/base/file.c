#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROOM_BYTES = 16 << 10 };

/* What is read, in memory of its own: an arena has room for what is there, but not for what might be. */
struct content {
	char *bytes;
	size_t n, room;
};

static void wipe(struct content *content)
{
	if (content->bytes)
		explicit_bzero(content->bytes, content->n);
	free(content->bytes);
	content->bytes = NULL;
}

/* By hand: realloc() would leave a copy behind. */
static bool grow(struct content *content, size_t room)
{
	char *more = malloc(room);
	if (!more)
		return false;
	if (content->n)
		memcpy(more, content->bytes, content->n);
	wipe(content);
	content->bytes = more;
	content->room = room;
	return true;
}

/* What the file says of its length is a hint: pipes and files of /proc say 0, and any may grow meanwhile. */
static size_t first_room(int fd, size_t max_bytes)
{
	struct stat about;
	size_t room = ROOM_BYTES;
	if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0 &&
	        (uintmax_t)about.st_size <= max_bytes)
		room = (size_t)about.st_size + 1;
	return room <= max_bytes ? room : max_bytes + 1;
}

static int read_all(int fd, struct content *content, size_t max_bytes)
{
	if (!grow(content, first_room(fd, max_bytes)))
		return ENOMEM;
	while (content->n <= max_bytes) {
		if (content->n == content->room &&
		        !grow(content,
		                content->room > max_bytes / 2 ? max_bytes + 1 : content->room * 2))
			return ENOMEM;
		ssize_t got = read(fd, content->bytes + content->n, content->room - content->n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		if (got == 0)
			return 0;
		content->n += (size_t)got;
	}
	return EFBIG;
}

int file_read(struct arena *arena, const char *path, size_t max_bytes, slice *bytes)
{
	*bytes = (slice){ NULL, 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	struct content content = { NULL, 0, 0 };
	int code = read_all(fd, &content, max_bytes);
	(void)close(fd);
	if (!code) {
		*bytes = arena_copy(arena, content.bytes, content.n);
		code = bytes->p ? 0 : ENOMEM;
	}
	wipe(&content);
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
