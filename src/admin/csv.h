/* Tables in CSV (RFC 4180): fields between commas, in quotes where they have any of comma, quote or end of line. Lines
 * end with LF or CRLF; an empty one is none. Pure. */
#ifndef ADMIN_CSV_H
#define ADMIN_CSV_H

#include "base/arena.h"

enum { CSV_FIELDS_MAX = 32 };

struct csv {
	slice rest;
	unsigned line; /* of the row that was read last, from 1 */
	unsigned next; /* of what comes next */
	slice fields[CSV_FIELDS_MAX];
	unsigned n;
};

enum csv_answer {
	CSV_ROW,
	CSV_END,
	CSV_WRONG, /* the line is wrong, *why says what; what follows it can be read */
	CSV_NO_MEMORY
};

/* A byte order mark in front is skipped. */
void csv_init(struct csv *, slice text);
/* The next row; fields point into the text, those with quotes in them into the arena. */
enum csv_answer csv_next(struct csv *, struct arena *, const char **why);

#endif
