#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

enum { PATH_BYTES = 4096, PID_BYTES = 24 };

static bool make(const char *path, struct error *error)
{
	struct stat about;
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return error_set(error, "the state folder %s cannot be made: %s", path,
		        errno == ENOENT ? "the folder above it is not there" : file_why(errno));
	if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode))
		return error_set(error, "%s is no folder", path);
	if ((about.st_mode & (S_IWGRP | S_IWOTH)) || (about.st_uid && about.st_uid != geteuid()))
		log_warning("store",
		        "others may change what is in the state folder %s; it should be this "
		        "user's "
		        "alone (chmod 700)",
		        path);
	return true;
}

/* Who has it, for the message; the lock itself is what counts. */
static void read_owner(int fd, char pid[PID_BYTES])
{
	ssize_t n = pread(fd, pid, PID_BYTES - 1, 0);
	pid[n > 0 ? n : 0] = '\0';
	pid[strcspn(pid, "\n")] = '\0';
}

static void write_owner(int fd)
{
	char pid[PID_BYTES];
	int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)n, 0) != n)
		return; /* it only helps a person */
}

int folder_claim(const char *path, struct error *error)
{
	char file[PATH_BYTES];
	if (!make(path, error))
		return -1;
	if ((size_t)snprintf(file, sizeof file, "%s/lock", path) >= sizeof file) {
		error_set(error, "the state folder's path is too long");
		return -1;
	}
	int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		error_set(error, "the state folder %s cannot be used: %s", path, file_why(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		write_owner(fd);
		return fd;
	}
	char pid[PID_BYTES];
	read_owner(fd, pid);
	error_set(error, "the state folder %s is in use by another gateway%s%s", path,
	        *pid ? ", process " : "", pid);
	(void)close(fd);
	return -1;
}
