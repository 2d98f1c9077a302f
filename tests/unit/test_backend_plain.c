/* console and file: what one line looks like, and what a full disk says. */
#include "support.h"

#include "api/backend.h"
#include "api/identity.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

extern const struct backend_ops backend_console, backend_file;

static enum status last_status;

void exchange_done(struct exchange *exchange, enum status status)
{
	(void)exchange;
	last_status = status;
}

/* One message through a backend. */
static enum status deliver(
        const struct backend_ops *ops, struct backend *backend, slice media, slice body)
{
	static const struct identity who = { .id = SLICE_INIT("engine-7") };
	struct request request = { .id = 0xabc, .who = &who, .protocol = "mqtt" };
	arena_init(&request.arena, 1 << 20);
	request.call.method = METHOD_POST;
	request.call.path = SLICE("/ships/sensors/engine-7");
	request.call.media = media;
	request.call.body = body;
	struct exchange exchange = { .request = &request, .arena = &request.arena };
	last_status = STATUS_NONE;
	ops->send(backend, &exchange);
	arena_finish(&request.arena);
	return last_status;
}

static struct backend *open_file_at(const char *path)
{
	struct config member = {
		.kind = CONFIG_SCALAR, .key = SLICE_INIT("path"), .text = slice_of(path)
	};
	struct config_file file = { .folder = SLICE_INIT("/") };
	struct config config = {
		.kind = CONFIG_MAP, .own = backend_file.settings, .first = &member, .file = &file
	};
	member.parent = &config;
	member.file = &file;
	struct error error = { 0 };
	struct backend *backend = backend_file.open(NULL, &config, NULL, 0, &error);
	if (!backend)
		fail_msg("%s", error.text);
	return backend;
}

static void file_lines(void **state)
{
	(void)state;
	char folder[64], path[80];
	(void)snprintf(folder, sizeof folder, "/tmp/fairlead-test-%d", (int)getpid());
	assert_int_equal(mkdir(folder, 0700), 0);
	(void)snprintf(path, sizeof path, "%s/messages", folder);
	struct backend *file = open_file_at(path);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(deliver(&backend_file, file, SLICE("application/json"),
	                         SLICE("{\"time\": 1764057600123456789, \"value\": 81.40}")),
	        STATUS_OK);
	assert_int_equal(
	        deliver(&backend_file, file, SLICE("text/plain"), SLICE("two\nlines")), STATUS_OK);
	assert_int_equal(
	        deliver(&backend_file, file, (slice){ NULL, 0 }, SLICE("\xff\x01")), STATUS_OK);
	assert_int_equal(
	        deliver(&backend_file, file, (slice){ NULL, 0 }, (slice){ NULL, 0 }), STATUS_OK);
	backend_file.close(file);

	struct arena arena;
	arena_init(&arena, 1 << 20);
	slice all = read_whole_file(&arena, path);
	static const char *const ends[] = {
		",\"id\":\"0000000000000abc\",\"client\":\"engine-7\",\"method\":\"POST\","
		"\"path\":\"/ships/sensors/engine-7\",\"media\":\"application/json\","
		"\"body\":{\"time\":1764057600123456789,\"value\":81.40}}",
		"\"media\":\"text/plain\",\"body\":\"two\\nlines\"}",
		"\"media\":\"\",\"body\":\"/wE=\"}",
		"\"media\":\"\",\"body\":null}",
	};
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		slice line = slice_cut(&all, '\n'), end = slice_of(ends[i]);
		assert_true(slice_starts(line, SLICE("{\"time\":\"20")));
		assert_true(line.n > end.n);
		assert_slice(slice_from(line, line.n - end.n), ends[i]);
	}
	assert_int_equal(all.n, 0);
	arena_finish(&arena);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void file_errors(void **state)
{
	(void)state;
	struct backend *file = open_file_at("/dev/full");
	assert_int_equal(
	        deliver(&backend_file, file, SLICE("text/plain"), SLICE("x")), STATUS_STORE_FULL);
	assert_int_equal(file->counters.at[COUNTER_FAILED], 1);
	backend_file.close(file);
	file = open_file_at("/nowhere/at/all");
	assert_int_equal(
	        deliver(&backend_file, file, SLICE("text/plain"), SLICE("x")), STATUS_UNAVAILABLE);
	backend_file.close(file);
}

/* What the console backend prints, read back from a pipe in the place of standard output. */
static void printed(slice media, slice body, char *line, size_t size)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	(void)fflush(stdout);
	int kept = dup(STDOUT_FILENO);
	assert_true(kept >= 0);
	assert_true(dup2(ends[1], STDOUT_FILENO) >= 0);
	struct error error = { 0 };
	struct backend *console = backend_console.open(NULL, NULL, NULL, 0, &error);
	enum status status = deliver(&backend_console, console, media, body);
	assert_true(dup2(kept, STDOUT_FILENO) >= 0);
	backend_console.close(console);
	ssize_t n = read(ends[0], line, size - 1);
	assert_true(n > 0);
	line[n] = '\0';
	assert_int_equal(status, STATUS_OK);
	(void)close(ends[0]);
	(void)close(ends[1]);
	(void)close(kept);
}

static void console_lines(void **state)
{
	(void)state;
	char line[4096];
	printed(SLICE("application/json"), SLICE("{\"a\":\n1}"), line, sizeof line);
	assert_non_null(strstr(line,
	        "Z mqtt engine-7 POST /ships/sensors/engine-7 application/json {\"a\": 1}\n"));
	printed((slice){ NULL, 0 }, SLICE("\x80\x00\x1b"), line, sizeof line);
	assert_non_null(strstr(line, " - 80001b\n"));
	printed(SLICE("text/plain"), SLICE("a\x1b[2Jb"), line, sizeof line);
	assert_non_null(strstr(line, " text/plain a [2Jb\n"));
	char *big = malloc(8000);
	assert_non_null(big);
	for (unsigned i = 0; i < 8000; i += 2) {
		big[i] = (char)0xc3;
		big[i + 1] = (char)0xa4;
	}
	printed(SLICE("text/plain"), (slice){ big, 8000 }, line, sizeof line);
	assert_non_null(strstr(line, "… (8000 bytes)\n"));
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_lines),
		cmocka_unit_test(file_errors),
		cmocka_unit_test(console_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
