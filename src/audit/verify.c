/* What a chain can show: every line that was changed, left out, put in or moved, and files that are missing in the
 * middle or at the beginning. What was removed by retention is told from what was removed by somebody by a line that
 * the writer leaves behind (log.removed), which names the last line that is gone and its hash.
 *
 * What it cannot show: that lines at the very end are missing. For that, somebody notes a head elsewhere. */
#include "audit/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PROGRESS_BYTES = 8 << 20, STARTS_MAX = 10 };

void verifier_init(struct verifier *verifier)
{
	*verifier = (struct verifier){ .first = 0 };
	chain_init(&verifier->chain);
}

static bool wrong(struct verifier *verifier, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
static bool wrong(struct verifier *verifier, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(verifier->why, sizeof verifier->why, format, arguments);
	va_end(arguments);
	return false;
}

static void copy_hash(char to[CHAIN_DIGITS + 1], slice from)
{
	memcpy(to, from.p, CHAIN_DIGITS);
	to[CHAIN_DIGITS] = '\0';
}

/* A file may be the first one that there is: the chain begins with what it says to build on. */
static bool begin_file(struct verifier *verifier, const struct line *line)
{
	slice previous = line->text[LINE_PREVIOUS];
	struct chain nothing;
	chain_init(&nothing);
	if (previous.n != CHAIN_DIGITS)
		return wrong(verifier, "the first line of a file must say what it builds on");
	if (verifier->first)
		return slice_is(previous, verifier->chain.head) ||
		       wrong(verifier,
		               "it does not build on line %llu, the last of the file before",
		               (unsigned long long)verifier->chain.seq);
	if (line->seq == 1 && !slice_is(previous, nothing.head))
		return wrong(verifier, "the first line of all builds on another");
	if (verifier->named && line->seq != verifier->named)
		return wrong(verifier, "the file's name says that it begins with line %llu",
		        (unsigned long long)verifier->named);
	verifier->first = line->seq;
	verifier->chain.seq = line->seq - 1;
	copy_hash(verifier->chain.head, previous);
	copy_hash(verifier->base, previous);
	if (verifier->wanted == verifier->chain.seq && verifier->wanted)
		verifier->wanted_found = slice_is(previous, verifier->wanted_head);
	return true;
}

static void heed(struct verifier *verifier, const struct line *line)
{
	if (slice_is(line->text[LINE_ACTION], "log.removed") &&
	        slice_is(line->text[LINE_KIND], "log") && line->to == verifier->first - 1 &&
	        slice_is(line->text[LINE_HEAD], verifier->base))
		verifier->removal_said = true;
}

bool verifier_line(struct verifier *verifier, slice text, bool first)
{
	struct line line;
	const char *why;
	if (!line_read(text, &line, &why))
		return wrong(verifier, "%s", why);
	if (first && !begin_file(verifier, &line))
		return false;
	if (line.seq != verifier->chain.seq + 1)
		return wrong(verifier, "line %llu stands where line %llu should be: %s",
		        (unsigned long long)line.seq, (unsigned long long)verifier->chain.seq + 1,
		        line.seq > verifier->chain.seq ? "something was taken out"
		                                       : "something was put in or moved");
	if (!line_fits(&line, &verifier->chain))
		return wrong(verifier,
		        "line %llu was changed, or the one before it replaced: its chain hash does "
		        "not fit",
		        (unsigned long long)line.seq);
	if (line.seq == verifier->wanted && !slice_is(line.chain, verifier->wanted_head))
		return wrong(verifier, "line %llu is not the one whose chain hash was noted",
		        (unsigned long long)line.seq);
	verifier->wanted_found |= line.seq == verifier->wanted;
	heed(verifier, &line);
	return true;
}

bool verifier_end(struct verifier *verifier)
{
	verifier->number = 0;
	verifier->file[0] = '\0';
	unsigned long long first = verifier->first, last = verifier->chain.seq,
	                   wanted = verifier->wanted;
	if (first > 1 && !verifier->removal_said)
		return wrong(verifier,
		        "lines 1 to %llu are missing, and no line says that retention removed them",
		        first - 1);
	if (!wanted || verifier->wanted_found)
		return true;
	if (wanted > last)
		return wrong(verifier,
		        "the log ends with line %llu, but line %llu was noted: lines at the end "
		        "are "
		        "missing",
		        last, wanted);
	if (wanted == first - 1)
		return wrong(verifier, "line %llu, on which the log builds, is not the one noted",
		        wanted);
	return wrong(verifier,
	        "line %llu, whose hash was noted, was removed by retention: nothing can be said "
	        "about it",
	        wanted);
}

/* ---- A folder. */

struct walk {
	struct verifier *verifier;
	int folder_fd;
	struct lines lines;
	void (*progress)(void *arg, uint64_t bytes);
	void *arg;
	uint64_t said; /* of this file, in bytes */
};

static void tell(struct walk *walk, bool always)
{
	uint64_t bytes = walk->lines.next - walk->said;
	if (!walk->progress || (!always && bytes < PROGRESS_BYTES))
		return;
	walk->progress(walk->arg, bytes);
	walk->said = walk->lines.next;
}

/* To where the file ends now. */
static enum verify_result read_on(struct walk *walk)
{
	struct verifier *verifier = walk->verifier;
	for (;;) {
		slice text;
		enum lines_next next = lines_next(&walk->lines, &text);
		verifier->number = walk->lines.number;
		verifier->tail_bytes = next == LINES_TAIL ? text.n : 0;
		tell(walk, false);
		switch (next) {
		case LINES_LINE:
			if (!verifier_line(verifier, text, walk->lines.number == 1))
				return VERIFY_BROKEN;
			break;
		case LINES_LONG:
			wrong(verifier, "this is no line of an audit log: it is too long");
			return VERIFY_BROKEN;
		case LINES_FAILED:
			wrong(verifier, "it cannot be read: %s", strerror(errno));
			return VERIFY_FAILED;
		case LINES_TAIL:
		case LINES_END:
			return VERIFY_WHOLE;
		}
	}
}

static bool name_fits(struct verifier *verifier, uint64_t first)
{
	file_name(first, verifier->file);
	verifier->number = 0;
	verifier->named = first;
	if (!verifier->first || first == verifier->chain.seq + 1)
		return true;
	if (first > verifier->chain.seq + 1)
		return wrong(verifier, "lines %llu to %llu are missing",
		        (unsigned long long)verifier->chain.seq + 1, (unsigned long long)first - 1);
	return wrong(verifier, "it begins before the file before it ends, with line %llu",
	        (unsigned long long)verifier->chain.seq);
}

/* One file, and what the next is; *first 0: it was the last. */
static enum verify_result read_file(struct walk *walk, uint64_t *first)
{
	struct verifier *verifier = walk->verifier;
	if (!name_fits(verifier, *first))
		return VERIFY_BROKEN;
	walk->said = 0;
	walk->lines.number = walk->lines.next = walk->lines.at = walk->lines.n = 0;
	enum verify_result result = read_on(walk);
	bool good;
	uint64_t next = result == VERIFY_WHOLE ? files_after(walk->folder_fd, *first, &good) : 0;
	/* There is a next one: so no more is coming, and what came meanwhile is there. */
	if (next)
		result = read_on(walk);
	tell(walk, true);
	if (result == VERIFY_WHOLE && next && verifier->tail_bytes) {
		wrong(verifier, "the file ends within a line");
		result = VERIFY_BROKEN;
	}
	*first = next;
	return result;
}

static enum verify_result read_all(struct walk *walk)
{
	struct verifier *verifier = walk->verifier;
	bool good;
	uint64_t first = files_after(walk->folder_fd, 0, &good);
	while (first) {
		walk->lines.fd = files_open(walk->folder_fd, first, O_RDONLY);
		if (walk->lines.fd < 0) {
			int why = errno;
			file_name(first, verifier->file);
			wrong(verifier, "it cannot be read: %s", strerror(why));
			errno = why;
			return VERIFY_FAILED;
		}
		enum verify_result result = read_file(walk, &first);
		(void)close(walk->lines.fd);
		errno = 0;
		if (result != VERIFY_WHOLE)
			return result;
	}
	return verifier_end(verifier) ? VERIFY_WHOLE : VERIFY_BROKEN;
}

enum verify_result verify_folder(int folder_fd, struct verifier *verifier,
        void (*progress)(void *arg, uint64_t bytes), void *arg)
{
	struct walk walk = {
		.verifier = verifier, .folder_fd = folder_fd, .progress = progress, .arg = arg
	};
	const struct verifier asked = *verifier;
	enum verify_result result = VERIFY_FAILED;
	char *buffer = malloc(LINES_BUFFER_BYTES);
	if (!buffer) {
		wrong(verifier, "out of memory");
		return VERIFY_FAILED;
	}
	/* A file may go, by retention, while those before it are read. */
	for (unsigned i = 0; i < STARTS_MAX; i++) {
		*verifier = asked;
		lines_init(&walk.lines, -1, buffer);
		result = read_all(&walk);
		if (result != VERIFY_FAILED || errno != ENOENT)
			break;
	}
	free(buffer);
	return result;
}
