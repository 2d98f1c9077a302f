/* The files of an audit log: what they are called, which there are, and their lines one after the other. */
#ifndef AUDIT_FILES_H
#define AUDIT_FILES_H

#include "audit/line.h"

/* "audit-0000000000000042.jsonl": the number of its first line. */
enum { FILE_NAME_BYTES = 40 };
void file_name(uint64_t first, char name[FILE_NAME_BYTES]);

/* By number, ascending. */
struct files {
	uint64_t *first;
	unsigned n;
};

/* false: errno. What is called otherwise is not looked at. */
bool files_list(int folder_fd, struct files *);
void files_free(struct files *);
/* The one with the next higher number; 0: there is none, or *good is false: errno. */
uint64_t files_after(int folder_fd, uint64_t number, bool *good);
/* As open() does; never follows a link. A new one is its owner's only. */
int files_open(int folder_fd, uint64_t first, int flags);

/* The lines of one file. */
struct lines {
	int fd;
	char *buffer; /* LINES_BUFFER_BYTES; the owner's */
	size_t at, n;
	uint64_t offset; /* in the file, of the line that was taken last */
	uint64_t next;   /* and of the one after it */
	uint64_t number; /* of the line that was taken last, from 1 */
};

enum { LINES_BUFFER_BYTES = 4 * LINE_MAX_BYTES };

enum lines_next {
	LINES_LINE,
	LINES_END,
	LINES_TAIL,  /* what comes last has no newline: it is being written, or was cut off */
	LINES_LONG,  /* longer than any line */
	LINES_FAILED /* errno */
};

void lines_init(struct lines *, int fd, char *buffer);
/* The text is in the buffer, until the next call; without its newline. After LINES_END and LINES_TAIL it may be asked
 * again: the file may have grown. */
enum lines_next lines_next(struct lines *, slice *text);

#endif
