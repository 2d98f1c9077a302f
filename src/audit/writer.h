/* The writer: puts lines into files, so that after any crash the chain goes on. One thread at a time. */
#ifndef AUDIT_WRITER_H
#define AUDIT_WRITER_H

#include "api/plugin.h"
#include "audit/files.h"
#include "base/list.h"

struct writer;

struct writer_limits {
	uint64_t file_bytes; /* 64 KiB at least */
	unsigned keep;       /* files; 1 at least */
};

/* An event on its way to the disk. The texts are the owner's, for as long as it is on a list. */
struct entry {
	struct list link;
	struct note note;
};

/* Makes the folder when it is not there, for its owner only, and looks through the newest file. Blocks. NULL: error says
 * why. */
struct writer *writer_open(const char *folder, const struct writer_limits *, struct error *);
/* What was not written is not: NULL is fine. */
void writer_close(struct writer *);
void writer_limit(struct writer *, const struct writer_limits *);

/* Writes the first of what is on the list, as much as goes into one batch, and moves what is on disk to the end of `done`.
 * Blocks. false: the disk takes nothing, or not all that it should; what is still on `entries` can be tried again.
 * writer_why() says why not. */
bool writer_write(struct writer *, struct list *entries, struct list *done);
const char *writer_why(const struct writer *);
/* The last line that is on disk. */
const struct chain *writer_chain(const struct writer *);

#endif
