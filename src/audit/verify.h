/* Is the log whole? Line by line, and over all files of a folder, also while the gateway writes there. */
#ifndef AUDIT_VERIFY_H
#define AUDIT_VERIFY_H

#include "audit/files.h"

enum { VERIFY_WHY_BYTES = 256 };

struct verifier {
	struct chain chain; /* the last line that was right */
	uint64_t first;     /* the first one that there is; 0: none yet */
	char base[CHAIN_DIGITS + 1];
	uint64_t
	        named; /* the first line of the present file, as its name says it; 0: it has none */
	bool removal_said; /* a line says that retention removed what was before `first` */
	uint64_t wanted;   /* a line of which somebody noted the chain hash; 0: none */
	char wanted_head[CHAIN_DIGITS + 1];
	bool wanted_found;
	uint64_t tail_bytes; /* of a line that is not whole, at the very end */
	/* Where the first mistake is. */
	char file[FILE_NAME_BYTES];
	uint64_t number; /* of the line in the file; 0: the file as a whole */
	char why[VERIFY_WHY_BYTES];
};

void verifier_init(struct verifier *);
/* The next line, without its newline; `first`: of a file. false: `why` says what is wrong. */
bool verifier_line(struct verifier *, slice text, bool first);
/* After the last line: is there what should be there? */
bool verifier_end(struct verifier *);

enum verify_result { VERIFY_WHOLE, VERIFY_BROKEN, VERIFY_FAILED };

/* All files. `progress` (or NULL) is told now and then how many bytes were read since it was last. Blocks.
 * VERIFY_FAILED: `why` says what could not be read. */
enum verify_result verify_folder(
        int folder_fd, struct verifier *, void (*progress)(void *arg, uint64_t bytes), void *arg);

#endif
