/* Sealed texts, and the files that keys are kept in. */
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/key_file.h"
#include "crypto/seal.h"

static const unsigned char key[SEAL_KEY_BYTES] = "one", other[SEAL_KEY_BYTES] = "two";

static void what_is_sealed_opens_as_it_was(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 1 << 20);
	slice opened;
	slice sealed = seal_close(&arena, key, SLICE("a"), SLICE("a pre-shared key"));
	assert_int_equal(sealed.n, 16 + SEAL_EXTRA_BYTES);
	assert_null(memmem(sealed.p, sealed.n, "pre-shared", 10));
	assert_true(seal_open(&arena, key, SLICE("a"), sealed, &opened));
	assert_slice(opened, "a pre-shared key");
	slice again = seal_close(&arena, key, SLICE("a"), SLICE("a pre-shared key"));
	assert_false(slice_equal(sealed, again));
	slice empty = seal_close(&arena, key, (slice){ NULL, 0 }, (slice){ NULL, 0 });
	assert_true(seal_open(&arena, key, (slice){ NULL, 0 }, empty, &opened));
	assert_int_equal(opened.n, 0);
	arena_finish(&arena);
}

static void nothing_else_opens(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 1 << 20);
	slice opened, sealed = seal_close(&arena, key, SLICE("a"), SLICE("secret"));
	assert_false(seal_open(&arena, other, SLICE("a"), sealed, &opened));
	assert_false(seal_open(&arena, key, SLICE("b"), sealed, &opened));
	char *bytes = (char *)(uintptr_t)sealed.p;
	for (size_t i = 0; i < sealed.n; i++) {
		bytes[i] ^= 1;
		assert_false(seal_open(&arena, key, SLICE("a"), sealed, &opened));
		assert_null(opened.p);
		bytes[i] ^= 1;
		assert_false(seal_open(&arena, key, SLICE("a"), (slice){ sealed.p, i }, &opened));
	}
	assert_true(seal_open(&arena, key, SLICE("a"), sealed, &opened));
	arena_finish(&arena);
}

static char folder[64];

static const char *path_of(const char *name)
{
	static char path[128];
	(void)snprintf(path, sizeof path, "%s/keys/%s", folder, name);
	return path;
}

static void a_key_is_made_once_for_its_owner_alone(void **state)
{
	(void)state;
	unsigned char first[32], second[32];
	bool made;
	char why[KEY_FILE_WHY_BYTES];
	assert_true(key_file_load(folder, "k", first, sizeof first, &made, why));
	assert_true(made);
	assert_true(key_file_load(folder, "k", second, sizeof second, &made, why));
	assert_false(made);
	assert_memory_equal(first, second, sizeof first);
	struct stat about;
	assert_int_equal(stat(path_of("k"), &about), 0);
	assert_int_equal(about.st_mode & 0777, 0600);
	assert_int_equal(stat(path_of(""), &about), 0);
	assert_int_equal(about.st_mode & 0777, 0700);
	/* A start that was cut short before the file had its name leaves nothing that is taken for a key. */
	int fd = open(path_of("l.new"), O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "x", 1), 1);
	(void)close(fd);
	assert_true(key_file_load(folder, "l", second, sizeof second, &made, why));
	assert_true(made);
	assert_int_not_equal(memcmp(first, second, sizeof first), 0);
	assert_int_not_equal(access(path_of("l.new"), F_OK), 0);
}

static void a_damaged_or_open_key_is_no_key(void **state)
{
	(void)state;
	unsigned char bytes[32];
	bool made;
	char why[KEY_FILE_WHY_BYTES];
	assert_true(key_file_load(folder, "m", bytes, sizeof bytes, &made, why));
	assert_int_equal(truncate(path_of("m"), 31), 0);
	assert_false(key_file_load(folder, "m", bytes, sizeof bytes, &made, why));
	assert_non_null(strstr(why, "damaged"));
	assert_true(key_file_load(folder, "n", bytes, sizeof bytes, &made, why));
	assert_int_equal(chmod(path_of("n"), 0644), 0);
	assert_false(key_file_load(folder, "n", bytes, sizeof bytes, &made, why));
	assert_non_null(strstr(why, "chmod 600"));
	assert_int_equal(symlink("n", path_of("o")), 0);
	assert_false(key_file_load(folder, "o", bytes, sizeof bytes, &made, why));
	assert_false(key_file_load("/nowhere", "o", bytes, sizeof bytes, &made, why));
}

static int make_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof folder, "/tmp/test_seal.%ld", (long)getpid());
	return mkdir(folder, 0700);
}

static int remove_folder(void **state)
{
	(void)state;
	char command[128];
	(void)snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sealed_opens_as_it_was),
		cmocka_unit_test(nothing_else_opens),
		cmocka_unit_test(a_key_is_made_once_for_its_owner_alone),
		cmocka_unit_test(a_damaged_or_open_key_is_no_key),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
