/* A new key is written to a file beside its place, synced, and then linked there: so the place is empty or has a whole
 * key, whenever the power goes, and a key that is there is never overwritten. One that was cut short by somebody else
 * is an error that a person has to look at: drawing a new one would make void all that was kept under the old one. */
#include "crypto/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/random.h"

enum { PATH_BYTES = 4096 };

static bool say(char why[KEY_FILE_WHY_BYTES], const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static bool say(char why[KEY_FILE_WHY_BYTES], const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(why, KEY_FILE_WHY_BYTES, format, arguments);
	va_end(arguments);
	return false;
}

static bool join(
        char path[PATH_BYTES], const char *folder, const char *rest, char why[KEY_FILE_WHY_BYTES])
{
	int n = snprintf(path, PATH_BYTES, "%s/%s", folder, rest);
	return (n > 0 && n < PATH_BYTES) || say(why, "the path of the state folder is too long");
}

static bool read_key(int fd, const char *path, void *key, size_t n, char why[KEY_FILE_WHY_BYTES])
{
	struct stat about;
	if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
		return say(why, "%s is no file", path);
	if (about.st_mode & 077)
		return say(
		        why, "%s can be read by others: chmod 600, and think about who did", path);
	if ((size_t)about.st_size != n || read(fd, key, n) != (ssize_t)n)
		return say(why, "%s is damaged: it has not the %zu bytes of a key; put back a copy",
		        path, n);
	return true;
}

/* The whole file, on disk, under a name that nobody looks at. */
static bool write_draft(const char *draft, const void *key, size_t n)
{
	if (unlink(draft) != 0 && errno != ENOENT)
		return false;
	int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return false;
	bool written = file_write_all(fd, (slice){ key, n }) && fsync(fd) == 0;
	return close(fd) == 0 && written;
}

static bool make_key(
        const char *keys, const char *path, void *key, size_t n, char why[KEY_FILE_WHY_BYTES])
{
	char draft[PATH_BYTES + 8];
	(void)snprintf(draft, sizeof draft, "%s.new", path);
	random_bytes(key, n);
	bool made = write_draft(draft, key, n) && link(draft, path) == 0;
	int error = errno;
	(void)unlink(draft);
	if (!made || !file_sync_folder(keys))
		return say(why, "%s cannot be made: %s", path, file_why(made ? errno : error));
	return true;
}

bool key_file_load(const char *folder, const char *name, void *key, size_t n, bool *made,
        char why[KEY_FILE_WHY_BYTES])
{
	char keys[PATH_BYTES], path[PATH_BYTES];
	*made = false;
	if (!join(keys, folder, "keys", why) || !join(path, keys, name, why))
		return false;
	if (mkdir(keys, 0700) == 0 ? !file_sync_folder(folder) : errno != EEXIST)
		return say(why, "%s cannot be made: %s", keys, file_why(errno));
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno != ENOENT)
		return say(why, "%s cannot be read: %s", path, file_why(errno));
	if (fd < 0) {
		*made = true;
		return make_key(keys, path, key, n, why);
	}
	bool read_whole = read_key(fd, path, key, n, why);
	(void)close(fd);
	return read_whole;
}
