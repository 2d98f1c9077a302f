/* The audit log's lines, chain and writer: what a chain shows, what a crash leaves, what a full disk costs. */
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/codec.h"
#include "audit/audit.h"
#include "audit/verify.h"
#include "audit/writer.h"
#include "base/log.h"
#include "base/utf8.h"
#include "loop/loop.h"

enum { MINUTE = 60000 };
#define SOME_TIME 1764057600123456789

static struct note note_of(const char *action, const char *detail)
{
	return (struct note){ .time_ns = SOME_TIME,
		.event = { .kind = AUDIT_ADMIN, .action = action, .detail = slice_of(detail) } };
}

/* ---- Lines. */

static const struct value *member(const struct value *map, const char *key)
{
	return value_get(map, slice_of(key));
}

static void a_line_is_json_that_means_the_event(void **state)
{
	(void)state;
	char bytes[LINE_MAX_BYTES];
	struct chain chain;
	struct arena arena;
	struct error error;
	chain_init(&chain);
	arena_init(&arena, 1 << 20);
	const struct note note = { .time_ns = SOME_TIME,
		.count = 3,
		.since_ns = SOME_TIME - 1000000000,
		.event = { .kind = AUDIT_REFUSAL,
		        .action = "refused",
		        .who = SLICE("датчик \"7\" \\ \n\x1b[31m\x7f\xc2\x85\xe2\x80\xae \xff\xc3"),
		        .object = SLICE("/ships/sensors/engine-8"),
		        .peer = SLICE("[fe80::1]:5683"),
		        .protocol = "coap",
		        .listener = "field",
		        .request = 0x1234567890abcdef,
		        .status = STATUS_FORBIDDEN,
		        .detail = SLICE("may not") } };
	size_t n = line_write(bytes, &note, true, &chain);
	assert_int_equal(bytes[n - 1], '\n');
	for (size_t i = 0; i + 1 < n; i++)
		assert_true((unsigned char)bytes[i] >= 0x20);
	const struct value *line =
	        codec_for(SLICE("application/json"))->decode(&arena, (slice){ bytes, n }, &error);
	assert_non_null(line);
	assert_slice(value_to_text(&arena, member(line, "seq")), "1");
	assert_slice(member(line, "time")->as.text, "2025-11-25T08:00:00.123Z");
	assert_slice(member(line, "since")->as.text, "2025-11-25T07:59:59.123Z");
	assert_slice(member(line, "kind")->as.text, "refusal");
	assert_slice(member(line, "action")->as.text, "refused");
	assert_slice(member(line, "who")->as.text,
	        "датчик \"7\" \\ \n\x1b[31m\x7f\xc2\x85\xe2\x80\xae "
	        "\xef\xbf\xbd\xef\xbf\xbd");
	assert_slice(member(line, "object")->as.text, "/ships/sensors/engine-8");
	assert_slice(member(line, "peer")->as.text, "[fe80::1]:5683");
	assert_slice(member(line, "protocol")->as.text, "coap");
	assert_slice(member(line, "listener")->as.text, "field");
	assert_slice(member(line, "request")->as.text, "1234567890abcdef");
	assert_slice(member(line, "status")->as.text, "forbidden");
	assert_slice(member(line, "detail")->as.text, "may not");
	assert_slice(value_to_text(&arena, member(line, "count")), "3");
	assert_slice(member(line, "chain")->as.text, chain.head);
	/* What would mislead whoever reads the file is not there as it is. */
	assert_null(memmem(bytes, n, "\xe2\x80\xae", 3));
	assert_null(memmem(bytes, n, "\xc2\x85", 2));
	arena_finish(&arena);
}

static void the_longest_line_has_room_and_can_be_read(void **state)
{
	(void)state;
	static char long_text[5000];
	char bytes[LINE_MAX_BYTES];
	struct chain chain, before;
	struct line line;
	const char *why;
	chain_init(&chain);
	before = chain;
	memset(long_text, '\x01', sizeof long_text - 1);
	slice text = slice_of(long_text);
	const struct note note = { .time_ns = SOME_TIME,
		.count = UINT64_MAX,
		.to = UINT64_MAX,
		.head = chain.head,
		.event = { AUDIT_REFUSAL, long_text, text, text, text, long_text, long_text,
		        UINT64_MAX, STATUS_METHOD_NOT_ALLOWED, text } };
	size_t n = line_write(bytes, &note, true, &chain);
	assert_true(n < LINE_MAX_BYTES);
	assert_true(line_read((slice){ bytes, n - 1 }, &line, &why));
	assert_true(line_fits(&line, &before));
	assert_int_equal(line.text[LINE_WHO].n, 6 * WHO_MAX + 3);
	assert_int_equal(line.count, UINT64_MAX);
}

static void what_is_cut_off_is_cut_between_characters(void **state)
{
	(void)state;
	char to[LINE_ESCAPED_MAX(8)];
	assert_slice(((slice){ to, line_escape(to, SLICE("abcdefg\xd0\x96"), 8) }), "abcdefg…");
	assert_slice(((slice){ to, line_escape(to, SLICE("abcdef\xd0\x96"), 8) }), "abcdefЖ");
	assert_slice(((slice){ to, line_escape(to, SLICE(""), 8) }), "");
}

/* ---- What a chain shows. */

enum { LOG_BYTES = 8192 };

static size_t make_log(char log[LOG_BYTES], unsigned n, struct chain *chain)
{
	char bytes[LINE_MAX_BYTES];
	size_t total = 0;
	chain_init(chain);
	for (unsigned i = 0; i < n; i++) {
		const struct note note = note_of("client.add", "an event");
		size_t line = line_write(bytes, &note, i == 0, chain);
		memcpy(log + total, bytes, line);
		total += line;
	}
	return total;
}

/* As a file of whole lines, and of nothing else. */
static bool is_whole(struct verifier *verifier, const char *log, size_t n)
{
	slice rest = { log, n };
	bool first = true;
	while (rest.n) {
		size_t end = slice_find(rest, '\n');
		if (end == rest.n || !verifier_line(verifier, (slice){ rest.p, end }, first))
			return false;
		rest = slice_from(rest, end + 1);
		first = false;
	}
	return verifier_end(verifier);
}

static bool log_is_whole(const char *log, size_t n)
{
	struct verifier verifier;
	verifier_init(&verifier);
	return is_whole(&verifier, log, n);
}

static void every_changed_byte_is_seen(void **state)
{
	(void)state;
	char log[LOG_BYTES];
	struct chain chain;
	size_t n = make_log(log, 4, &chain);
	assert_true(log_is_whole(log, n));
	for (size_t i = 0; i < n; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			log[i] = (char)(log[i] ^ 1 << bit);
			if (log_is_whole(log, n))
				fail_msg("bit %u of byte %zu", bit, i);
			log[i] = (char)(log[i] ^ 1 << bit);
		}
	}
}

static size_t line_at(const char *log, unsigned index, size_t *n)
{
	size_t at = 0;
	for (;;) {
		*n = (size_t)(strchr(log + at, '\n') - (log + at)) + 1;
		if (!index--)
			return at;
		at += *n;
	}
}

static void a_line_that_is_missing_moved_or_put_in_is_seen(void **state)
{
	(void)state;
	char log[LOG_BYTES] = "", other[LOG_BYTES];
	struct chain chain;
	size_t n = make_log(log, 5, &chain);
	for (unsigned i = 0; i < 4; i++) {
		size_t length, at = line_at(log, i, &length), next_length, next;
		memcpy(other, log, n);
		memmove(other + at, log + at + length, n - at - length);
		assert_false(log_is_whole(other, n - length));
		next = line_at(log, i + 1, &next_length);
		memcpy(other, log, n);
		memcpy(other + at, log + next, next_length);
		memcpy(other + at + next_length, log + at, length);
		assert_false(log_is_whole(other, n));
		memcpy(other, log, next);
		memcpy(other + next, log + at, n - at);
		assert_false(log_is_whole(other, n + length));
	}
}

static void a_cut_end_is_seen_against_a_head_that_was_noted(void **state)
{
	(void)state;
	char log[LOG_BYTES] = "";
	struct chain chain;
	struct verifier verifier;
	size_t n = make_log(log, 5, &chain), last, at = line_at(log, 4, &last);
	assert_true(log_is_whole(log, at));
	for (unsigned cut = 0; cut < 2; cut++) {
		verifier_init(&verifier);
		verifier.wanted = 5;
		memcpy(verifier.wanted_head, chain.head, sizeof chain.head);
		assert_int_equal(is_whole(&verifier, log, cut ? at : n), !cut);
	}
	assert_non_null(strstr(verifier.why, "missing"));
	/* Of a log that somebody made anew from there on. */
	verifier_init(&verifier);
	verifier.wanted = 3;
	memcpy(verifier.wanted_head, chain.head, sizeof chain.head);
	assert_false(is_whole(&verifier, log, n));
}

/* ---- The writer. */

static char folder[128], above[64];
static struct writer *writer;
static struct writer_limits limits;

static int setup_folder(void **state)
{
	(void)state;
	log_set_level((enum log_level) - 1);
	(void)snprintf(above, sizeof above, "/tmp/fairlead-audit-%s",
	        "XX"
	        "XX"
	        "XX");
	assert_non_null(mkdtemp(above));
	(void)snprintf(folder, sizeof folder, "%s/audit", above);
	limits = (struct writer_limits){ 16 << 20, 16 };
	return 0;
}

static int teardown_folder(void **state)
{
	(void)state;
	char command[128];
	writer_close(writer);
	writer = NULL;
	(void)snprintf(command, sizeof command, "rm -rf %s", above);
	return system(command);
}

static void reopen(void)
{
	struct error error = { 0 };
	writer_close(writer);
	writer = writer_open(folder, &limits, &error);
	if (!writer)
		fail_msg("%s", error.text);
}

static bool write_events(unsigned n, struct list *entries)
{
	struct list done;
	list_init(&done);
	for (unsigned i = 0; i < n; i++) {
		struct entry *entry = calloc(1, sizeof *entry);
		assert_non_null(entry);
		entry->note = note_of("client.add", "an event of some length, as they are");
		list_init(&entry->link);
		list_append(entries, &entry->link);
	}
	bool good;
	do
		good = writer_write(writer, entries, &done);
	while (good && !list_empty(entries));
	LIST_EACH (&done, at, following)
		free(LIST_OWNER(at, struct entry, link));
	return good;
}

static void put_events(unsigned n)
{
	struct list entries;
	list_init(&entries);
	assert_true(write_events(n, &entries));
	assert_true(list_empty(&entries));
}

static const char *path_of(uint64_t first)
{
	static char path[256];
	char name[FILE_NAME_BYTES];
	file_name(first, name);
	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static enum verify_result verify(struct verifier *verifier)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	enum verify_result result = verify_folder(fd, verifier, NULL, NULL);
	(void)close(fd);
	return result;
}

static void assert_whole(uint64_t first, uint64_t last)
{
	struct verifier verifier;
	verifier_init(&verifier);
	if (verify(&verifier) != VERIFY_WHOLE)
		fail_msg("%s:%llu: %s", verifier.file, (unsigned long long)verifier.number,
		        verifier.why);
	assert_int_equal(verifier.first, first);
	assert_int_equal(verifier.chain.seq, last);
}

static void assert_broken(const char *why)
{
	struct verifier verifier;
	verifier_init(&verifier);
	assert_int_equal(verify(&verifier), VERIFY_BROKEN);
	if (!strstr(verifier.why, why))
		fail_msg("\"%s\" is not in \"%s\"", why, verifier.why);
}

static unsigned count_lines(const char *part)
{
	char command[256], answer[32] = "";
	(void)snprintf(command, sizeof command, "cat %s/audit-* | grep -c '%s'", folder, part);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(answer, sizeof answer, pipe));
	(void)pclose(pipe);
	return (unsigned)strtoul(answer, NULL, 10);
}

static void append(const char *path, const char *text)
{
	FILE *file = fopen(path, "ab");
	assert_non_null(file);
	(void)fputs(text, file);
	(void)fclose(file);
}

static void the_chain_goes_on_after_a_restart(void **state)
{
	(void)state;
	struct stat about;
	reopen();
	put_events(3);
	assert_whole(1, 4); /* log.begin is the first */
	reopen();
	put_events(2);
	assert_whole(1, 6);
	assert_int_equal(stat(folder, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0700);
	assert_int_equal(stat(path_of(1), &about), 0);
	assert_int_equal(about.st_mode & 0777, 0600);
}

static void a_torn_line_is_set_aside(void **state)
{
	(void)state;
	static const char *const torn[] = { "{\"seq\":5,\"time\":\"2026-", "{", "garbage\nmore\n" };
	uint64_t last = 4;
	reopen();
	put_events(3);
	for (unsigned i = 0; i < 3; i++) {
		append(path_of(1), torn[i]);
		reopen();
		put_events(1);
		last += 2; /* log.torn, and the event */
		assert_whole(1, last);
		assert_int_equal(count_lines("log.torn"), i + 1);
	}
	struct arena arena;
	char path[256];
	arena_init(&arena, 1 << 20);
	(void)snprintf(path, sizeof path, "%s/torn-0000000000000001.txt", folder);
	assert_slice(read_whole_file(&arena, path), "{\"seq\":5,\"time\":\"2026-{garbage\nmore\n");
	arena_finish(&arena);
}

static void a_file_without_a_whole_line_gives_way(void **state)
{
	(void)state;
	reopen();
	put_events(3);
	append(path_of(5), "");
	append(path_of(6), "{\"seq\":6,");
	reopen();
	put_events(1);
	assert_whole(1, 6);
	assert_int_not_equal(access(path_of(6), F_OK), 0);
}

static void what_somebody_changed_stays_and_the_chain_goes_on_beside_it(void **state)
{
	(void)state;
	reopen();
	put_events(3);
	FILE *file = fopen(path_of(1), "r+b");
	assert_non_null(file);
	(void)fseek(file, 40, SEEK_SET);
	(void)fputc('7', file);
	(void)fclose(file);
	reopen();
	put_events(1);
	assert_broken("was changed");
	assert_int_equal(access(path_of(5), F_OK), 0);
	assert_int_equal(count_lines("log.broken"), 1);
}

static void files_follow_each_other_and_the_oldest_go(void **state)
{
	(void)state;
	limits = (struct writer_limits){ 65536, 3 };
	reopen();
	for (unsigned i = 0; i < 100; i++)
		put_events(20);
	struct files files;
	int fd = open(folder, O_RDONLY | O_DIRECTORY);
	assert_true(files_list(fd, &files));
	assert_int_equal(files.n, 3);
	uint64_t first = files.first[0], second = files.first[1];
	files_free(&files);
	(void)close(fd);
	assert_true(first > 1);
	assert_whole(first, writer_chain(writer)->seq);
	for (uint64_t at = first; at;) {
		struct stat about;
		assert_int_equal(stat(path_of(at), &about), 0);
		assert_true(about.st_size <= 65536);
		at = at == first ? second : 0;
	}
	/* A chain of which somebody takes more, at the beginning or in the middle, is not whole. */
	char kept[256];
	(void)snprintf(kept, sizeof kept, "%s/kept", above);
	assert_int_equal(rename(path_of(second), kept), 0);
	assert_broken("are missing");
	assert_int_equal(rename(kept, path_of(second)), 0);
	assert_int_equal(unlink(path_of(first)), 0);
	assert_broken("no line says that retention removed them");
}

static void fewer_files_are_kept_when_the_configuration_says_so(void **state)
{
	(void)state;
	limits = (struct writer_limits){ 65536, 10 };
	reopen();
	for (unsigned i = 0; i < 60; i++)
		put_events(20);
	limits.keep = 1;
	writer_limit(writer, &limits);
	put_events(1);
	struct files files;
	int fd = open(folder, O_RDONLY | O_DIRECTORY);
	assert_true(files_list(fd, &files));
	assert_int_equal(files.n, 1);
	assert_whole(files.first[0], writer_chain(writer)->seq);
	files_free(&files);
	(void)close(fd);
}

static void a_file_that_somebody_else_touched_is_left(void **state)
{
	(void)state;
	reopen();
	put_events(3);
	assert_int_equal(unlink(path_of(1)), 0);
	put_events(1);
	assert_int_equal(count_lines("log.disturbed"), 1);
	assert_broken("lines 1 to 4 are missing");
	append(path_of(5), "x");
	put_events(1);
	assert_int_equal(count_lines("log.disturbed"), 2);
	assert_int_equal(truncate(path_of(8), 10), 0);
	put_events(1);
	assert_int_equal(count_lines("log.disturbed"), 2); /* that of the cut one is gone with it */
	assert_int_equal(access(path_of(11), F_OK), 0);
}

/* ---- A disk that is full: a limit of this process's files stands in for it; writes are cut short at it. */

static rlim_t room_for(uint64_t first, long bytes)
{
	struct stat about;
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(stat(path_of(first), &about), 0);
	limit.rlim_cur = bytes < 0 ? limit.rlim_max : (rlim_t)(about.st_size + bytes);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	return limit.rlim_cur;
}

static void a_full_disk_breaks_no_chain(void **state)
{
	(void)state;
	struct list entries;
	list_init(&entries);
	(void)signal(SIGXFSZ, SIG_IGN);
	reopen();
	put_events(3);
	(void)room_for(1, 500); /* a line, and part of another */
	assert_false(write_events(5, &entries));
	assert_false(write_events(0, &entries));
	assert_non_null(strstr(writer_why(writer), "too large"));
	(void)room_for(1, -1);
	assert_true(write_events(1, &entries));
	assert_true(list_empty(&entries));
	assert_whole(1, 10);
	/* A crash in that state. */
	(void)room_for(1, 500);
	assert_false(write_events(5, &entries));
	(void)room_for(1, -1);
	LIST_EACH (&entries, at, following)
		free(LIST_OWNER(at, struct entry, link));
	reopen();
	put_events(1);
	assert_whole(1, writer_chain(writer)->seq);
}

/* ---- All of it, with its thread. */

static const struct audit_settings settings = { true, 16 << 20, 16, 60 * MINUTE, MINUTE };

static struct audit *open_log(struct loop *loop)
{
	struct error error = { 0 };
	struct audit *audit = audit_open(loop, folder, &settings, &error);
	if (!audit)
		fail_msg("%s", error.text);
	return audit;
}

static void note_admin(struct audit *audit, const char *detail)
{
	const struct audit_event event = {
		.kind = AUDIT_ADMIN, .action = "client.add", .detail = slice_of(detail)
	};
	audit_sink(audit)->note(audit_sink(audit), &event);
}

static void what_is_noted_is_there_after_closing(void **state)
{
	(void)state;
	struct loop *loop = loop_create();
	struct audit *audit = open_log(loop);
	for (unsigned i = 0; i < 1000; i++)
		note_admin(audit, "each of them, however many");
	for (unsigned i = 0; i < 50; i++) {
		const struct audit_event event = {
			.kind = AUDIT_REFUSAL, .action = "refused", .peer = SLICE("10.0.0.9:1")
		};
		audit_sink(audit)->note(audit_sink(audit), &event);
	}
	audit_close(audit);
	loop_destroy(loop);
	assert_whole(1, 1003);
	assert_int_equal(count_lines("client.add"), 1000);
	assert_int_equal(count_lines("\"count\":49"), 1);
}

static void a_fleet_that_comes_back_is_a_line_each(void **state)
{
	(void)state;
	struct loop *loop = loop_create();
	struct audit *audit = open_log(loop);
	for (unsigned i = 0; i < 3 * 2000; i++) {
		char who[32];
		int n = snprintf(who, sizeof who, "device-%u", i % 2000);
		const struct audit_event event = { .kind = AUDIT_LOGIN,
			.action = "session.open",
			.who = { who, (size_t)n },
			.peer = SLICE("10.0.0.1:1883"),
			.protocol = "mqtt" };
		audit_sink(audit)->note(audit_sink(audit), &event);
	}
	audit_close(audit);
	loop_destroy(loop);
	/* The second time as well, since it may be the last; the third is counted. */
	assert_int_equal(count_lines("session.open"), 3 * 2000);
	assert_int_equal(count_lines("\"count\":1,"), 2000);
}

static struct loop *waiting;
static uint64_t looked_for;

static void look_again(struct timer *timer)
{
	if (count_lines("log.lost") == looked_for)
		loop_stop(waiting);
	else
		timer_set(timer, loop_now_ms(waiting) + 20);
}

static void what_the_disk_has_no_room_for_is_counted(void **state)
{
	(void)state;
	struct timer timer;
	(void)signal(SIGXFSZ, SIG_IGN);
	reopen();
	put_events(1);
	writer_close(writer);
	writer = NULL;
	(void)room_for(1, 300);
	waiting = loop_create();
	struct audit *audit = open_log(waiting);
	for (unsigned i = 0; i < 20000; i++) {
		char who[64];
		int n = snprintf(who, sizeof who, "one of more than there is memory for: %u", i);
		const struct audit_event event = {
			.kind = AUDIT_LOGIN,
			.action = "session.open",
			.who = { who, (size_t)n },
			.detail = SLICE(
			        "and as long as it takes to be more than that where pointers are "
			        "small too, so that it is not the machine which decides"),
		};
		audit_sink(audit)->note(audit_sink(audit), &event);
	}
	/* For what was changed there is room all the same, for thousands at once. */
	for (unsigned i = 0; i < 10000; i++)
		note_admin(audit, "added");
	(void)room_for(1, -1);
	looked_for = 1;
	timer_init(&timer, waiting, look_again);
	timer_set(&timer, loop_now_ms(waiting) + 20);
	loop_run(waiting);
	audit_close(audit);
	loop_destroy(waiting);
	struct verifier verifier;
	verifier_init(&verifier);
	assert_int_equal(verify(&verifier), VERIFY_WHOLE);
	assert_int_equal(count_lines("client.add"), 10001);
	/* Every other one is there, or counted. */
	unsigned there = count_lines("one of more than");
	char counted[64];
	(void)snprintf(counted, sizeof counted, "\"log.lost\",\"count\":%u,", 20000 - there);
	assert_true(there < 20000);
	assert_int_equal(count_lines(counted), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_json_that_means_the_event),
		cmocka_unit_test(the_longest_line_has_room_and_can_be_read),
		cmocka_unit_test(what_is_cut_off_is_cut_between_characters),
		cmocka_unit_test(every_changed_byte_is_seen),
		cmocka_unit_test(a_line_that_is_missing_moved_or_put_in_is_seen),
		cmocka_unit_test(a_cut_end_is_seen_against_a_head_that_was_noted),
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup_folder, teardown_folder)
		IN_FOLDER(the_chain_goes_on_after_a_restart),
		IN_FOLDER(a_torn_line_is_set_aside),
		IN_FOLDER(a_file_without_a_whole_line_gives_way),
		IN_FOLDER(what_somebody_changed_stays_and_the_chain_goes_on_beside_it),
		IN_FOLDER(files_follow_each_other_and_the_oldest_go),
		IN_FOLDER(fewer_files_are_kept_when_the_configuration_says_so),
		IN_FOLDER(a_file_that_somebody_else_touched_is_left),
		IN_FOLDER(a_full_disk_breaks_no_chain),
		IN_FOLDER(what_is_noted_is_there_after_closing),
		IN_FOLDER(a_fleet_that_comes_back_is_a_line_each),
		IN_FOLDER(what_the_disk_has_no_room_for_is_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
