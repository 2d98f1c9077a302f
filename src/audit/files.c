#include "audit/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { NUMBER_DIGITS = 16, FILES_MAX = 1000000 };

void file_name(uint64_t first, char name[FILE_NAME_BYTES])
{
	(void)snprintf(name, FILE_NAME_BYTES, "audit-%0*llu.jsonl", NUMBER_DIGITS,
	        (unsigned long long)first);
}

/* 0: it is called otherwise. */
static uint64_t number_of(const char *name)
{
	char again[FILE_NAME_BYTES];
	if (strncmp(name, "audit-", 6) != 0)
		return 0;
	uint64_t first = strtoull(name + 6, NULL, 10);
	file_name(first, again);
	return strcmp(name, again) == 0 ? first : 0;
}

static int by_number(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
	return (a > b) - (a < b);
}

static bool add(struct files *files, uint64_t first)
{
	if (files->n == FILES_MAX) {
		errno = EFBIG;
		return false;
	}
	/* Room for a power of two, so that it is full when their number is one. */
	if ((files->n & (files->n - 1)) == 0) {
		size_t room = files->n ? 2 * (size_t)files->n : 1;
		uint64_t *more = realloc(files->first, room * sizeof *more);
		if (!more)
			return false;
		files->first = more;
	}
	files->first[files->n++] = first;
	return true;
}

bool files_list(int folder_fd, struct files *files)
{
	*files = (struct files){ NULL, 0 };
	/* A descriptor of its own: the position in the folder is shared otherwise. */
	int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	if (!folder) {
		if (fd >= 0)
			(void)close(fd);
		return false;
	}
	bool good = true;
	const struct dirent *entry = readdir(folder);
	while (good && entry) {
		uint64_t first = number_of(entry->d_name);
		good = !first || add(files, first);
		entry = readdir(folder);
	}
	int why = errno;
	(void)closedir(folder);
	if (files->n)
		qsort(files->first, files->n, sizeof *files->first, by_number);
	if (!good)
		files_free(files);
	errno = why;
	return good;
}

void files_free(struct files *files)
{
	free(files->first);
	*files = (struct files){ NULL, 0 };
}

uint64_t files_after(int folder_fd, uint64_t number, bool *good)
{
	struct files files;
	uint64_t found = 0;
	*good = files_list(folder_fd, &files);
	for (unsigned i = files.n; *good && i-- > 0 && files.first[i] > number;)
		found = files.first[i];
	files_free(&files);
	return found;
}

int files_open(int folder_fd, uint64_t first, int flags)
{
	char name[FILE_NAME_BYTES];
	file_name(first, name);
	return openat(folder_fd, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

void lines_init(struct lines *lines, int fd, char *buffer)
{
	*lines = (struct lines){ .fd = fd, .buffer = buffer };
}

/* Moves what is left to the front and reads on. Returns what read() does. */
static ssize_t fill(struct lines *lines)
{
	if (lines->at) {
		memmove(lines->buffer, lines->buffer + lines->at, lines->n - lines->at);
		lines->n -= lines->at;
		lines->at = 0;
	}
	ssize_t got;
	do {
		got = read(lines->fd, lines->buffer + lines->n, LINES_BUFFER_BYTES - lines->n);
	} while (got < 0 && errno == EINTR);
	if (got > 0)
		lines->n += (size_t)got;
	return got;
}

enum lines_next lines_next(struct lines *lines, slice *text)
{
	size_t looked = 0;
	for (;;) {
		slice rest = { lines->buffer + lines->at, lines->n - lines->at };
		size_t end = looked + slice_find(slice_from(rest, looked), '\n');
		if (end < rest.n) {
			*text = (slice){ rest.p, end };
			lines->at += end + 1;
			lines->offset = lines->next;
			lines->next += end + 1;
			lines->number++;
			return end < LINE_MAX_BYTES ? LINES_LINE : LINES_LONG;
		}
		looked = rest.n;
		*text = rest;
		if (rest.n >= LINE_MAX_BYTES) {
			lines->number++;
			return LINES_LONG;
		}
		ssize_t got = fill(lines);
		text->p = lines->buffer;
		if (got < 0)
			return LINES_FAILED;
		if (got == 0)
			return rest.n ? LINES_TAIL : LINES_END;
	}
}
