/* Looks: when they run, and what hints they are given. On the real loop and the real file system. */
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "loop/file_watch.h"
#include "loop/look.h"
#include "loop/loop.h"

static struct loop *loop;
static char folder[64];

static unsigned runs;
static struct look first, second;

static int setup(void **state)
{
	(void)state;
	list_init(&first.link);
	list_init(&second.link);
	(void)snprintf(folder, sizeof folder, "/tmp/fairlead-look-XXXXXX");
	loop = mkdtemp(folder) ? loop_create() : NULL;
	return loop ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	char command[128];
	/* Also after a failure, so that it is said. */
	look_stop(loop, &first);
	look_stop(loop, &second);
	loop_destroy(loop);
	(void)snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static const char *in_folder(const char *name)
{
	static char path[PATH_MAX];
	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_true(file_write_all(fd, slice_of(text)));
	(void)close(fd);
}

/* Whether this process has an inotify descriptor that watches the folder (NULL: any at all). */
static bool is_watched(const char *path)
{
	struct stat about = { .st_ino = 0 };
	char name[300], line[512], wanted[64];
	bool found = false;
	if (path)
		assert_int_equal(stat(path, &about), 0);
	(void)snprintf(wanted, sizeof wanted, " ino:%llx ", (unsigned long long)about.st_ino);
	DIR *infos = opendir("/proc/self/fdinfo");
	assert_non_null(infos);
	for (struct dirent *at = readdir(infos); at; at = readdir(infos)) {
		(void)snprintf(name, sizeof name, "/proc/self/fdinfo/%s", at->d_name);
		FILE *info = fopen(name, "re");
		while (info && fgets(line, sizeof line, info)) {
			bool inotify = strncmp(line, "inotify ", 8) == 0;
			found |= inotify && (!path || strstr(line, wanted));
		}
		if (info)
			(void)fclose(info);
	}
	(void)closedir(infos);
	return found;
}

static void count_and_stop(struct look *look)
{
	runs++;
	look_stop(loop, look);
	loop_stop(loop);
}

static void what_stirs_in_a_folder_is_a_hint(void **state)
{
	(void)state;
	runs = 0;
	look_init(&first, count_and_stop);
	look_start(loop, &first);
	look_start(loop, &first);
	look_hint(loop, in_folder("file"));
	assert_true(is_watched(folder));
	write_file("file", "one");
	write_file("file", "two");
	loop_run(loop);
	assert_int_equal(runs, 1);
	/* Nobody looks any more. */
	assert_false(is_watched(NULL));
	look_stop(loop, &first);
}

static void links_on_the_way_are_watched_where_they_lie(void **state)
{
	(void)state;
	char real[128], library[128], link[128];
	(void)snprintf(real, sizeof real, "%s", in_folder("real"));
	(void)snprintf(library, sizeof library, "%s", in_folder("library"));
	(void)snprintf(link, sizeof link, "%s", in_folder("link"));
	assert_int_equal(mkdir(real, 0700), 0);
	assert_int_equal(mkdir(library, 0700), 0);
	write_file("library/file.2", "x");
	assert_int_equal(symlink("real", link), 0);
	assert_int_equal(symlink("../library/file.2", in_folder("real/file")), 0);
	runs = 0;
	look_init(&first, count_and_stop);
	look_start(loop, &first);
	look_hint(loop, in_folder("link/file"));
	assert_true(is_watched(folder));
	assert_true(is_watched(real));
	assert_true(is_watched(library));
	/* As a whole folder of files is replaced at once. */
	assert_int_equal(symlink("library", in_folder("link.new")), 0);
	char swapped[128];
	(void)snprintf(swapped, sizeof swapped, "%s", in_folder("link.new"));
	assert_int_equal(rename(swapped, link), 0);
	loop_run(loop);
	assert_int_equal(runs, 1);
	look_hint(loop, "");
	look_hint(loop, in_folder("no/such/folder/file"));
	look_hint(loop, in_folder("file"));
	assert_false(is_watched(NULL));
}

static void stop_the_other(struct look *look)
{
	runs++;
	look_stop(loop, look == &first ? &second : &first);
	look_stop(loop, look);
	loop_stop(loop);
}

static void a_look_may_stop_any(void **state)
{
	(void)state;
	runs = 0;
	look_init(&first, stop_the_other);
	look_init(&second, stop_the_other);
	look_start(loop, &first);
	look_start(loop, &second);
	look_soon(loop);
	loop_run(loop);
	assert_int_equal(runs, 1);
}

/* ---- a file that somebody replaces */

static char last[64];
static int last_error;
static unsigned reads;

static void was_read(void *arg, int error, slice content)
{
	(void)arg;
	(void)snprintf(last, sizeof last, "%.*s", SLICE_ARG(content));
	last_error = error;
	reads++;
	loop_stop(loop);
}

static void a_watched_file_is_read_at_the_start_and_after_each_change(void **state)
{
	(void)state;
	char path[PATH_MAX], other[PATH_MAX];
	(void)snprintf(path, sizeof path, "%s", in_folder("keys"));
	(void)snprintf(other, sizeof other, "%s", in_folder("keys.new"));
	write_file("keys", "one");
	reads = 0;
	struct file_watch *watch = file_watch_create(loop, path, 32, was_read, NULL);
	assert_non_null(watch);
	loop_run(loop);
	assert_string_equal(last, "one");
	for (unsigned i = 0; i < 8; i++) {
		char text[32];
		(void)snprintf(text, sizeof text, "number %u", i);
		if (i % 2) {
			write_file("keys.new", text);
			assert_int_equal(rename(other, path), 0);
		} else {
			write_file("keys", text);
		}
		while (strcmp(last, text) != 0)
			loop_run(loop);
		assert_int_equal(last_error, 0);
	}
	assert_int_equal(unlink(path), 0);
	while (last_error != ENOENT)
		loop_run(loop);
	write_file("keys", "more than there may be, 32 bytes and a few");
	while (last_error != EFBIG)
		loop_run(loop);
	assert_string_equal(last, "");
	file_watch_destroy(watch);
	/* While a thread has it. */
	watch = file_watch_create(loop, path, 32, was_read, NULL);
	assert_non_null(watch);
	file_watch_destroy(watch);
	file_watch_destroy(NULL);
}

int main(void)
{
#define LOOK_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		LOOK_TEST(what_stirs_in_a_folder_is_a_hint),
		LOOK_TEST(links_on_the_way_are_watched_where_they_lie),
		LOOK_TEST(a_look_may_stop_any),
		LOOK_TEST(a_watched_file_is_read_at_the_start_and_after_each_change),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
