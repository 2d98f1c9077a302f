/* fairlead audit tail: the last lines, as a person reads them.
 *
 * From the newest file back it is counted how many lines pass the filter, until there are enough; then they are shown from
 * there on. So a long log costs no more than what is shown, unless the filter lets little pass. What the log cannot
 * vouch for is not hidden: a line that makes no sense is shown as one, and `verify` tells about the chain. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/files.h"
#include "base/utf8.h"

enum { LINES_SHOWN = 10, LOOK_EACH_US = 200000, ARGUMENT_MAX = 1024 };

struct tail {
	const char *file, *folder, *kind, *who;
	uint64_t wanted;
	bool json, follows;
	/* As it stands in a line. */
	char who_escaped[LINE_ESCAPED_MAX(ARGUMENT_MAX)];
	slice who_wanted;
	int folder_fd;
	char *buffer;
};

static bool parse_count(const char *text, uint64_t *count)
{
	char *end;
	errno = 0;
	*count = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && !*end && !errno;
}

static bool is_kind(const char *name)
{
	for (int kind = 0; kind < AUDIT_KINDS; kind++) {
		if (strcmp(name, line_kind_name((enum audit_kind)kind)) == 0)
			return true;
	}
	return false;
}

static const char **text_option(struct tail *tail, const char *name)
{
	if (strcmp(name, "-c") == 0 || strcmp(name, "--config") == 0)
		return &tail->file;
	if (strcmp(name, "--dir") == 0)
		return &tail->folder;
	if (strcmp(name, "--kind") == 0)
		return &tail->kind;
	return strcmp(name, "--who") == 0 ? &tail->who : NULL;
}

static bool parse_options(int argc, char **argv, struct tail *tail)
{
	for (int i = 1; i < argc; i++) {
		bool more = i + 1 < argc;
		const char **text = text_option(tail, argv[i]);
		if (strcmp(argv[i], "-f") == 0)
			tail->follows = true;
		else if (strcmp(argv[i], "--json") == 0)
			tail->json = true;
		else if (text && more)
			*text = argv[++i];
		else if (strcmp(argv[i], "-n") != 0 || !more ||
		         !parse_count(argv[++i], &tail->wanted))
			return false;
	}
	return (!tail->file || !tail->folder) && (!tail->kind || is_kind(tail->kind)) &&
	       (!tail->who || strlen(tail->who) < ARGUMENT_MAX);
}

/* ---- One line. */

static bool passes(const struct tail *tail, slice text, struct line *line, bool *makes_sense)
{
	const char *why;
	*makes_sense = line_read(text, line, &why);
	if (!*makes_sense)
		return !tail->kind && !tail->who;
	return (!tail->kind || slice_is(line->text[LINE_KIND], tail->kind)) &&
	       (!tail->who || slice_equal(line->text[LINE_WHO], tail->who_wanted));
}

/* How many bytes the character has, which is well-formed. */
static size_t character_bytes(unsigned char lead)
{
	return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* A file of the log may have been written by anybody: nothing in it steers the terminal. */
static void print_safely(slice text)
{
	bool utf8 = utf8_valid(text);
	size_t n;
	for (size_t i = 0; i < text.n; i += n) {
		unsigned char c = (unsigned char)text.p[i];
		n = utf8 ? character_bytes(c) : 1;
		slice character = { text.p + i, n };
		if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8) || line_misleads(character))
			(void)putchar('?');
		else
			(void)fwrite(character.p, 1, n, stdout);
	}
}

static void print_member(const struct line *line, const char *label, enum line_text member)
{
	slice text = line->text[member];
	if (!text.n)
		return;
	(void)printf(" %s=", label);
	print_safely(text);
}

static void print_line(const struct line *line)
{
	print_safely(line->text[LINE_TIME]);
	(void)printf(" %llu ", (unsigned long long)line->seq);
	print_safely(line->text[LINE_KIND]);
	(void)putchar(' ');
	print_safely(line->text[LINE_ACTION]);
	print_member(line, "who", LINE_WHO);
	print_member(line, "object", LINE_OBJECT);
	print_member(line, "peer", LINE_PEER);
	print_member(line, "protocol", LINE_PROTOCOL);
	print_member(line, "listener", LINE_LISTENER);
	print_member(line, "request", LINE_REQUEST);
	print_member(line, "status", LINE_STATUS);
	if (line->count)
		(void)printf(" count=%llu", (unsigned long long)line->count);
	print_member(line, "since", LINE_SINCE);
	if (line->to)
		(void)printf(" to=%llu", (unsigned long long)line->to);
	if (line->text[LINE_DETAIL].n) {
		(void)fputs(" (", stdout);
		print_safely(line->text[LINE_DETAIL]);
		(void)putchar(')');
	}
	(void)putchar('\n');
}

static void show(const struct tail *tail, slice text, const struct line *line, bool makes_sense)
{
	if (tail->json) {
		print_safely(text);
		(void)putchar('\n');
	} else if (makes_sense) {
		print_line(line);
	} else {
		(void)fputs("no line of an audit log: ", stdout);
		print_safely(text.n > ARGUMENT_MAX ? (slice){ text.p, ARGUMENT_MAX } : text);
		(void)putchar('\n');
	}
}

/* ---- Files. */

/* The lines that there are now; shows those that pass after the first `skipped` of them. Returns how many passed. */
static uint64_t go_through(struct tail *tail, struct lines *lines, uint64_t skipped)
{
	uint64_t passed = 0;
	for (;;) {
		slice text;
		struct line line;
		bool makes_sense;
		uint64_t before = lines->next;
		enum lines_next next = lines_next(lines, &text);
		if (next != LINES_LINE && lines->next == before)
			return passed;
		if (passes(tail, text, &line, &makes_sense) && passed++ >= skipped)
			show(tail, text, &line, makes_sense);
	}
}

static bool open_lines(struct tail *tail, uint64_t file, struct lines *lines)
{
	lines_init(lines, files_open(tail->folder_fd, file, O_RDONLY), tail->buffer);
	return lines->fd >= 0;
}

/* The file to begin with, and how many lines of it are too many; 0: there is none. */
static uint64_t find_start(struct tail *tail, uint64_t *skipped)
{
	struct files files;
	uint64_t found = 0, passed = 0;
	if (!files_list(tail->folder_fd, &files))
		return 0;
	for (unsigned i = files.n; i-- > 0 && (!found || passed < tail->wanted);) {
		struct lines lines;
		if (!open_lines(tail, files.first[i], &lines))
			continue;
		passed += go_through(tail, &lines, UINT64_MAX);
		(void)close(lines.fd);
		found = files.first[i];
	}
	files_free(&files);
	*skipped = passed > tail->wanted ? passed - tail->wanted : 0;
	return found;
}

/* Until there is a file behind this one; 0: there is none, and nobody waits for it. */
static uint64_t wait_for_next(struct tail *tail, struct lines *lines, uint64_t file)
{
	for (;;) {
		bool good;
		uint64_t next = files_after(tail->folder_fd, file, &good);
		/* What came before the next file did. */
		(void)go_through(tail, lines, 0);
		if (fflush(stdout) != 0 || next || !tail->follows)
			return next;
		(void)usleep(LOOK_EACH_US);
	}
}

static int print_tail(struct tail *tail)
{
	uint64_t skipped, file = find_start(tail, &skipped);
	if (!file) {
		(void)fputs("fairlead audit: there is no log in this folder\n", stderr);
		return CLI_FAILED;
	}
	while (file) {
		struct lines lines;
		if (!open_lines(tail, file, &lines)) {
			(void)fprintf(stderr, "fairlead audit: %s\n", strerror(errno));
			return CLI_FAILED;
		}
		uint64_t passed = go_through(tail, &lines, skipped);
		skipped -= passed < skipped ? passed : skipped;
		file = wait_for_next(tail, &lines, file);
		(void)close(lines.fd);
	}
	return ferror(stdout) ? CLI_FAILED : CLI_OK;
}

int cli_audit_tail(int argc, char **argv)
{
	struct tail tail = { .wanted = LINES_SHOWN };
	if (!parse_options(argc, argv, &tail))
		return CLI_WRONG;
	if (tail.who)
		tail.who_wanted = (slice){ tail.who_escaped,
			line_escape(tail.who_escaped, slice_of(tail.who), WHO_MAX) };
	tail.folder_fd = cli_audit_folder(tail.file, tail.folder);
	if (tail.folder_fd < 0)
		return CLI_FAILED;
	tail.buffer = malloc(LINES_BUFFER_BYTES);
	int code = CLI_FAILED;
	if (tail.buffer)
		code = print_tail(&tail);
	else
		(void)fputs("fairlead audit: out of memory\n", stderr);
	free(tail.buffer);
	(void)close(tail.folder_fd);
	return code;
}
