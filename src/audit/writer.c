/* How a line gets to the disk.
 *
 * Lines are gathered in a batch, written at the end of the newest file by one pwrite and made durable by one fdatasync.
 * Only then does the chain move on: a batch that the disk does not take, or takes in part, leaves the chain where it was,
 * and what is of it in the file is cut off before the next attempt.
 *
 * AFTER A CRASH what follows the last whole line is such a rest: it is set aside (torn-N.txt) and the log says so. Lines
 * that are whole stay, and are what the chain builds on, even where somebody has changed one: nothing that could be
 * evidence is touched, and the next file begins.
 *
 * A FILE OF THE LOG IS OURS ALONE. Before each batch it is looked at: when it was deleted, or is longer or shorter than
 * what was written, somebody else was there. Then a new file is begun, which says so.
 *
 * RETENTION removes the oldest file after a line about it is on disk, with the last line's number and hash: what is
 * gone stays provable. */
#include "audit/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/verify.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

enum { BATCH_BYTES = 8 * LINE_MAX_BYTES, OWN_NOTES_MAX = 4 };

/* What the log has to say about itself, as soon as it can. */
struct own_note {
	const char *action;
	char object[FILE_NAME_BYTES], detail[VERIFY_WHY_BYTES];
};

struct writer {
	int folder_fd, fd; /* fd -1: no file */
	uint64_t first;    /* the file's number */
	uint64_t bytes;    /* how much of it is lines; 0: the first line is to come */
	struct chain chain;
	struct writer_limits limits;
	bool rest;         /* something may stand behind `bytes` */
	bool look_for_old; /* files that are too many */
	bool unsynced;     /* the folder knows of a new file, the disk may not */
	struct own_note own[OWN_NOTES_MAX];
	unsigned nown;
	char why[VERIFY_WHY_BYTES];
	char batch[BATCH_BYTES];
};

static bool fail(struct writer *writer, const char *what)
{
	(void)snprintf(writer->why, sizeof writer->why, "%s: %s", what, strerror(errno));
	return false;
}

static struct own_note *say(struct writer *writer, const char *action)
{
	struct own_note *own = &writer->own[writer->nown];
	if (writer->nown + 1 < OWN_NOTES_MAX)
		writer->nown++;
	*own = (struct own_note){ .action = action };
	return own;
}

/* ---- Files. */

static void close_file(struct writer *writer)
{
	if (writer->fd >= 0)
		(void)close(writer->fd);
	writer->fd = -1;
}

/* Begins the file of the next line. One of this name without a line is what an earlier attempt has left. */
static bool begin_file(struct writer *writer)
{
	uint64_t first = writer->chain.seq + 1;
	int fd = files_open(writer->folder_fd, first, O_RDWR | O_CREAT);
	if (fd < 0)
		return fail(writer, "no new file can be made");
	close_file(writer);
	writer->fd = fd;
	writer->first = first;
	writer->bytes = 0;
	writer->rest = writer->unsynced = writer->look_for_old = true;
	return true;
}

/* Somebody else was at the file? */
static bool disturbed(struct writer *writer)
{
	struct stat about;
	if (fstat(writer->fd, &about) != 0)
		return false;
	bool gone = about.st_nlink == 0;
	if (!gone && (uint64_t)about.st_size == writer->bytes)
		return false;
	struct own_note *own = say(writer, "log.disturbed");
	file_name(writer->first, own->object);
	(void)snprintf(own->detail, sizeof own->detail,
	        gone ? "the file was deleted, with the lines up to %llu"
	             : "the file was changed by somebody else after line %llu",
	        (unsigned long long)writer->chain.seq);
	return true;
}

static bool cut_off_rest(struct writer *writer)
{
	if (writer->fd < 0 || !writer->rest)
		return true;
	if (ftruncate(writer->fd, (off_t)writer->bytes) != 0)
		return fail(writer, "what was written in part cannot be cut off");
	writer->rest = false;
	return true;
}

/* A file with room for a line, and nothing behind what is written. */
static bool make_ready(struct writer *writer)
{
	if (!cut_off_rest(writer))
		return false;
	bool full = writer->bytes && writer->bytes + LINE_MAX_BYTES > writer->limits.file_bytes;
	if (writer->fd >= 0 && !full && writer->bytes && disturbed(writer))
		close_file(writer);
	if (writer->fd >= 0 && !full)
		return true;
	return begin_file(writer) && cut_off_rest(writer);
}

/* ---- Batches. */

struct batch {
	size_t n;
	struct chain chain;
	unsigned nown; /* notes of our own in it */
};

static void put_note(struct writer *writer, struct batch *batch, const struct note *note)
{
	bool first = !writer->bytes && !batch->n;
	batch->n += line_write(writer->batch + batch->n, note, first, &batch->chain);
}

static void put_own(
        struct writer *writer, struct batch *batch, const char *action, slice object, slice detail)
{
	const struct note note = { .time_ns = clock_wall_ns(),
		.event = {
		        .kind = AUDIT_LOG, .action = action, .object = object, .detail = detail } };
	put_note(writer, batch, &note);
}

static bool has_room(const struct writer *writer, const struct batch *batch)
{
	return batch->n + LINE_MAX_BYTES <= BATCH_BYTES &&
	       writer->bytes + batch->n + LINE_MAX_BYTES <= writer->limits.file_bytes;
}

static struct batch begin_batch(struct writer *writer)
{
	struct batch batch = { .n = 0, .chain = writer->chain };
	if (!writer->bytes)
		put_own(writer, &batch, "log.begin", (slice){ NULL, 0 }, (slice){ NULL, 0 });
	while (batch.nown < writer->nown && has_room(writer, &batch)) {
		const struct own_note *own = &writer->own[batch.nown++];
		put_own(writer, &batch, own->action, slice_of(own->object), slice_of(own->detail));
	}
	return batch;
}

static bool write_batch(struct writer *writer, size_t n)
{
	size_t done = 0;
	while (done < n) {
		ssize_t got = pwrite(
		        writer->fd, writer->batch + done, n - done, (off_t)(writer->bytes + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0)
			errno = EIO;
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return fdatasync(writer->fd) == 0;
}

static bool commit(struct writer *writer, const struct batch *batch)
{
	/* EINVAL: a file system whose folders need none. */
	if (writer->unsynced && fsync(writer->folder_fd) != 0 && errno != EINVAL)
		return fail(writer, "the folder cannot be made durable");
	writer->unsynced = false;
	writer->rest = true;
	if (!write_batch(writer, batch->n))
		return fail(writer, "a line cannot be written");
	writer->rest = false;
	writer->bytes += batch->n;
	writer->chain = batch->chain;
	writer->nown -= batch->nown;
	memmove(writer->own, writer->own + batch->nown, writer->nown * sizeof *writer->own);
	return true;
}

/* ---- Retention. */

static void torn_name(uint64_t first, char name[FILE_NAME_BYTES])
{
	(void)snprintf(name, FILE_NAME_BYTES, "torn-%016llu.txt", (unsigned long long)first);
}

/* What the file builds on. false: it does not say so. */
static bool read_begin(const struct writer *writer, uint64_t first, char previous[CHAIN_DIGITS + 1])
{
	struct lines lines;
	struct line line;
	slice text;
	const char *why;
	int fd = files_open(writer->folder_fd, first, O_RDONLY);
	char *buffer = fd >= 0 ? malloc(LINES_BUFFER_BYTES) : NULL;
	bool good = false;
	if (buffer) {
		lines_init(&lines, fd, buffer);
		good = lines_next(&lines, &text) == LINES_LINE && line_read(text, &line, &why) &&
		       line.text[LINE_PREVIOUS].n == CHAIN_DIGITS;
		if (good)
			memcpy(previous, line.text[LINE_PREVIOUS].p, CHAIN_DIGITS);
		previous[CHAIN_DIGITS] = '\0';
	}
	free(buffer);
	if (fd >= 0)
		(void)close(fd);
	return good;
}

static bool remove_file(struct writer *writer, uint64_t first, uint64_t following)
{
	char name[FILE_NAME_BYTES], torn[FILE_NAME_BYTES], previous[CHAIN_DIGITS + 1];
	file_name(first, name);
	bool known = read_begin(writer, following, previous);
	const struct note note = { .time_ns = clock_wall_ns(),
		.event = { .kind = AUDIT_LOG, .action = "log.removed", .object = slice_of(name) },
		.to = following - 1,
		.head = known ? previous : NULL };
	if (!make_ready(writer))
		return false;
	struct batch batch = begin_batch(writer);
	put_note(writer, &batch, &note);
	if (!commit(writer, &batch))
		return false;
	torn_name(first, torn);
	(void)unlinkat(writer->folder_fd, torn, 0);
	if (unlinkat(writer->folder_fd, name, 0) != 0)
		log_warning("audit", "%s cannot be removed: %s", name, strerror(errno));
	return true;
}

static bool remove_old(struct writer *writer)
{
	struct files files;
	if (!files_list(writer->folder_fd, &files))
		return fail(writer, "the folder cannot be read");
	bool good = true;
	uint64_t newest = writer->first;
	for (unsigned i = 0; good && i + writer->limits.keep < files.n; i++)
		good = remove_file(writer, files.first[i], files.first[i + 1]);
	files_free(&files);
	/* A line about one that goes may begin another file. */
	writer->look_for_old = !good || writer->first != newest;
	return good;
}

/* ---- Writing. */

static void give_back(struct list *taken, struct list *entries)
{
	while (!list_empty(taken)) {
		struct list *last = taken->previous;
		list_remove(last);
		list_append(entries->next, last);
	}
}

bool writer_write(struct writer *writer, struct list *entries, struct list *done)
{
	if (list_empty(entries) && !writer->nown)
		return true;
	if (!make_ready(writer))
		return false;
	struct batch batch = begin_batch(writer);
	struct list taken;
	list_init(&taken);
	while (!list_empty(entries) && has_room(writer, &batch)) {
		struct entry *entry = LIST_OWNER(entries->next, struct entry, link);
		put_note(writer, &batch, &entry->note);
		list_remove(&entry->link);
		list_append(&taken, &entry->link);
	}
	bool good = commit(writer, &batch);
	if (!good)
		give_back(&taken, entries);
	LIST_EACH (&taken, at, following) {
		list_remove(at);
		list_append(done, at);
	}
	return good && (!writer->look_for_old || remove_old(writer));
}

const char *writer_why(const struct writer *writer)
{
	return writer->why;
}

const struct chain *writer_chain(const struct writer *writer)
{
	return &writer->chain;
}

void writer_limit(struct writer *writer, const struct writer_limits *limits)
{
	writer->look_for_old |= limits->keep < writer->limits.keep;
	writer->limits = *limits;
}

/* ---- Opening. */

static bool copy_out(struct writer *writer, const char *name, uint64_t from, uint64_t to)
{
	int fd = openat(writer->folder_fd, name,
	        O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool good = fd >= 0;
	for (uint64_t at = from; good && at < to;) {
		size_t n = to - at < BATCH_BYTES ? (size_t)(to - at) : (size_t)BATCH_BYTES;
		ssize_t got = pread(writer->fd, writer->batch, n, (off_t)at);
		good = got > 0 && write(fd, writer->batch, (size_t)got) == got;
		at += good ? (uint64_t)got : 0;
	}
	good = good && fdatasync(fd) == 0;
	if (fd >= 0)
		(void)close(fd);
	return good;
}

/* What follows the last whole line: kept for whoever wants to look, and cut off before the next is written. */
static void set_aside(struct writer *writer, uint64_t to)
{
	char torn[FILE_NAME_BYTES];
	torn_name(writer->first, torn);
	bool kept = copy_out(writer, torn, writer->bytes, to);
	struct own_note *own = say(writer, "log.torn");
	file_name(writer->first, own->object);
	(void)snprintf(own->detail, sizeof own->detail,
	        kept ? "the last %llu bytes were no whole line; they are in %s"
	             : "the last %llu bytes were no whole line; there was no room for %s",
	        (unsigned long long)(to - writer->bytes), torn);
	log_warning("audit", "%s: %s", own->object, own->detail);
	writer->rest = true;
}

/* To the last whole line: the chain goes on there, whatever stands before it. */
static bool find_end(struct writer *writer, char *buffer, struct verifier *verifier)
{
	struct lines lines;
	bool whole = true;
	lines_init(&lines, writer->fd, buffer);
	verifier_init(verifier);
	verifier->named = writer->first;
	for (;;) {
		slice text;
		struct line line;
		const char *why;
		uint64_t before = lines.next;
		enum lines_next next = lines_next(&lines, &text);
		if (next == LINES_FAILED)
			return false;
		if (next != LINES_LINE && lines.next == before)
			return true;
		/* Lines behind one that makes no sense are whole lines all the same. */
		whole = whole && next == LINES_LINE &&
		        verifier_line(verifier, text, lines.number == 1);
		if (next != LINES_LINE || !line_read(text, &line, &why))
			continue;
		writer->bytes = lines.next;
		writer->chain.seq = line.seq;
		memcpy(writer->chain.head, line.chain.p, CHAIN_DIGITS);
	}
}

/* A file that somebody has changed is left as it is, and the next begins. */
static void leave_alone(struct writer *writer, const struct verifier *verifier)
{
	struct own_note *own = say(writer, "log.broken");
	file_name(writer->first, own->object);
	(void)snprintf(own->detail, sizeof own->detail, "%s", verifier->why);
	log_error("audit", "%s: %s", own->object, own->detail);
	if (cut_off_rest(writer))
		close_file(writer);
}

/* Goes on in this file, if there is a whole line in it; otherwise it goes. */
static bool go_on(struct writer *writer, uint64_t first, char *buffer)
{
	struct stat about;
	struct verifier verifier;
	writer->fd = files_open(writer->folder_fd, first, O_RDWR);
	writer->first = first;
	writer->bytes = 0;
	if (writer->fd < 0 || !find_end(writer, buffer, &verifier) ||
	        fstat(writer->fd, &about) != 0)
		return false;
	if ((uint64_t)about.st_size > writer->bytes)
		set_aside(writer, (uint64_t)about.st_size);
	if (!writer->bytes) {
		char name[FILE_NAME_BYTES];
		file_name(first, name);
		(void)unlinkat(writer->folder_fd, name, 0);
		close_file(writer);
	} else if (verifier.chain.seq != writer->chain.seq) {
		leave_alone(writer, &verifier);
	}
	return true;
}

static bool look_through(struct writer *writer, struct error *error)
{
	struct files files = { NULL, 0 };
	char *buffer = malloc(LINES_BUFFER_BYTES);
	bool good = buffer && files_list(writer->folder_fd, &files);
	for (unsigned i = files.n; good && i-- > 0 && !writer->chain.seq;)
		good = go_on(writer, files.first[i], buffer);
	int why = errno;
	free(buffer);
	files_free(&files);
	return good || error_set(error, "the audit log cannot be read: %s", file_why(why));
}

static bool open_folder(struct writer *writer, const char *folder, struct error *error)
{
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return error_set(error, "the folder %s of the audit log cannot be made: %s", folder,
		        file_why(errno));
	writer->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Whoever may read it learns who calls and when. */
	if (writer->folder_fd < 0 || fchmod(writer->folder_fd, 0700) != 0)
		return error_set(error, "the folder %s of the audit log cannot be used: %s", folder,
		        file_why(errno));
	return look_through(writer, error);
}

struct writer *writer_open(
        const char *folder, const struct writer_limits *limits, struct error *error)
{
	struct writer *writer = calloc(1, sizeof *writer);
	if (!writer) {
		error_set(error, "out of memory");
		return NULL;
	}
	writer->folder_fd = writer->fd = -1;
	writer->limits = *limits;
	writer->look_for_old = true;
	chain_init(&writer->chain);
	if (open_folder(writer, folder, error))
		return writer;
	writer_close(writer);
	return NULL;
}

void writer_close(struct writer *writer)
{
	if (!writer)
		return;
	close_file(writer);
	if (writer->folder_fd >= 0)
		(void)close(writer->folder_fd);
	free(writer);
}
