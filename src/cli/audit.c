/* fairlead audit: is the log whole. What stands in it is shown by audit_tail.c. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/verify.h"

enum { PROGRESS_FROM_BYTES = 64 << 20 };

static const char help[] =
        "Usage: fairlead audit verify [-c FILE | --dir DIR] [--head SEQ:HASH]\n"
        "       fairlead audit tail [-c FILE | --dir DIR] [-f] [-n N] [--json] [--kind KIND] "
        "[--who "
        "WHO]\n"
        "\n"
        "The audit log of the gateway with this configuration (default: fairlead.yaml), or in this "
        "folder.\n"
        "It may be running meanwhile.\n"
        "\n"
        "verify holds every line against the chain of hashes and says the first that does not "
        "fit.\n"
        "  --head SEQ:HASH  and was this its line SEQ? The log of the gateway says such a head "
        "once "
        "an\n"
        "                   hour and when it stops: only against one that was noted elsewhere is "
        "it\n"
        "                   seen that lines are missing at the end\n"
        "Exit code: 0 whole, 1 broken or not readable, 2 wrong usage.\n"
        "\n"
        "tail shows what was written last.\n"
        "  -n N             so many lines (default: 10)\n"
        "  -f               and what comes, until it is interrupted\n"
        "  --json           the lines as they stand in the log\n"
        "  --kind KIND      only of this kind: login, refusal, admin, key, log\n"
        "  --who WHO        only of this client\n";

int cli_audit_folder(const char *file, const char *folder)
{
	char path[PATH_MAX];
	struct arena arena;
	if (!folder) {
		arena_init(&arena, 16 << 20);
		slice state = cli_state_folder("audit", file, &arena);
		bool fits = state.p && (size_t)snprintf(path, sizeof path, "%.*s/audit",
		                               SLICE_ARG(state)) < sizeof path;
		arena_finish(&arena);
		if (!state.p)
			return -1;
		folder = fits ? path : "";
	}
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		(void)fprintf(stderr, "fairlead audit: %s: %s\n", folder, strerror(errno));
	return fd;
}

struct options {
	const char *file, *folder, *head;
};

static bool parse_head(const char *text, struct verifier *verifier)
{
	char *end;
	errno = 0;
	unsigned long long seq = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || errno || !seq || *end != ':' ||
	        strlen(end + 1) != CHAIN_DIGITS ||
	        strspn(end + 1, "0123456789abcdef") != CHAIN_DIGITS)
		return false;
	verifier->wanted = seq;
	memcpy(verifier->wanted_head, end + 1, CHAIN_DIGITS);
	return true;
}

static bool parse_options(int argc, char **argv, struct options *options)
{
	for (int i = 1; i < argc; i++) {
		const char **to = strcmp(argv[i], "-c") == 0 || strcmp(argv[i], "--config") == 0
		                          ? &options->file
		                  : strcmp(argv[i], "--dir") == 0  ? &options->folder
		                  : strcmp(argv[i], "--head") == 0 ? &options->head
		                                                   : NULL;
		if (!to || i + 1 == argc)
			return false;
		*to = argv[++i];
	}
	return !options->file || !options->folder;
}

struct progress {
	uint64_t done, total;
};

static void show_progress(void *arg, uint64_t bytes)
{
	struct progress *progress = arg;
	progress->done += bytes;
	if (progress->total < PROGRESS_FROM_BYTES)
		return;
	(void)fprintf(stderr, "\r%llu of %llu MiB", (unsigned long long)(progress->done >> 20),
	        (unsigned long long)(progress->total >> 20));
	(void)fflush(stderr);
}

/* Shown only where somebody waits for it. */
static uint64_t total_bytes(int folder_fd)
{
	struct files files;
	uint64_t total = 0;
	if (!isatty(STDERR_FILENO) || !files_list(folder_fd, &files))
		return 0;
	for (unsigned i = 0; i < files.n; i++) {
		char name[FILE_NAME_BYTES];
		struct stat about;
		file_name(files.first[i], name);
		if (fstatat(folder_fd, name, &about, 0) == 0)
			total += (uint64_t)about.st_size;
	}
	files_free(&files);
	return total;
}

static void print_whole(const struct verifier *verifier)
{
	(void)printf("whole: lines %llu to %llu, head %llu:%s\n",
	        (unsigned long long)verifier->first, (unsigned long long)verifier->chain.seq,
	        (unsigned long long)verifier->chain.seq, verifier->chain.head);
	if (verifier->first > 1)
		(void)printf("lines 1 to %llu were removed by retention, as the log says\n",
		        (unsigned long long)verifier->first - 1);
	if (verifier->tail_bytes)
		(void)printf("%llu bytes after the last line are no whole line: it is being "
		             "written, or was cut off by a crash and goes at the next start\n",
		        (unsigned long long)verifier->tail_bytes);
}

static void print_broken(const struct verifier *verifier)
{
	if (verifier->number)
		(void)printf("%s:%llu: %s\n", verifier->file, (unsigned long long)verifier->number,
		        verifier->why);
	else
		(void)printf(
		        "%s%s%s\n", verifier->file, verifier->file[0] ? ": " : "", verifier->why);
	if (verifier->first && verifier->chain.seq >= verifier->first)
		(void)printf("whole up to there: lines %llu to %llu\n",
		        (unsigned long long)verifier->first,
		        (unsigned long long)verifier->chain.seq);
}

static int verify(int argc, char **argv)
{
	struct options options = { NULL, NULL, NULL };
	struct verifier verifier;
	verifier_init(&verifier);
	if (!parse_options(argc, argv, &options) ||
	        (options.head && !parse_head(options.head, &verifier))) {
		(void)fputs(help, stderr);
		return CLI_WRONG;
	}
	int fd = cli_audit_folder(options.file, options.folder);
	if (fd < 0)
		return CLI_FAILED;
	struct progress progress = { 0, total_bytes(fd) };
	enum verify_result result = verify_folder(fd, &verifier, show_progress, &progress);
	(void)close(fd);
	if (progress.total >= PROGRESS_FROM_BYTES)
		(void)fputc('\n', stderr);
	switch (result) {
	case VERIFY_WHOLE:
		if (!verifier.first) {
			(void)puts("there is no line in this folder");
			return CLI_FAILED;
		}
		print_whole(&verifier);
		return CLI_OK;
	case VERIFY_BROKEN:
		print_broken(&verifier);
		return CLI_FAILED;
	case VERIFY_FAILED:
		break;
	}
	(void)fprintf(stderr, "fairlead audit: %s: %s\n", verifier.file, verifier.why);
	return CLI_FAILED;
}

int cli_audit(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			(void)fputs(help, stdout);
			return CLI_OK;
		}
	}
	if (argc > 1 && strcmp(argv[1], "verify") == 0)
		return verify(argc - 1, argv + 1);
	int code = argc > 1 && strcmp(argv[1], "tail") == 0 ? cli_audit_tail(argc - 1, argv + 1)
	                                                    : CLI_WRONG;
	if (code == CLI_WRONG)
		(void)fputs(help, stderr);
	return code;
}
