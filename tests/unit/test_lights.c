/* The board's lights, in a folder that looks like /sys. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "board/lights.h"

static char root[64];

static void put(const char *name, const char *file, const char *text)
{
	char path[256];
	(void)snprintf(path, sizeof path, "%s/sys/class/leds/%s", root, name);
	(void)mkdir(path, 0755);
	(void)snprintf(path, sizeof path, "%s/sys/class/leds/%s/%s", root, name, file);
	FILE *out = fopen(path, "wb");
	assert_non_null(out);
	(void)fputs(text, out);
	(void)fclose(out);
}

/* What was written, without what a shorter one has left behind it: a file of /sys has no length. */
static const char *get(const char *name, const char *file)
{
	static char text[64];
	char path[256];
	(void)snprintf(path, sizeof path, "%s/sys/class/leds/%s/%s", root, name, file);
	FILE *in = fopen(path, "rb");
	assert_non_null(in);
	size_t n = fread(text, 1, sizeof text - 1, in);
	(void)fclose(in);
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void led(const char *name, const char *trigger, const char *maximum, const char *now)
{
	put(name, "trigger", trigger);
	put(name, "max_brightness", maximum);
	put(name, "brightness", now);
}

static int setup(void **state)
{
	static const char *const folders[] = { "sys", "sys/class", "sys/class/leds" };
	(void)state;
	char path[128];
	log_set_level(LOG_LEVEL_ERROR);
	(void)snprintf(root, sizeof root, "/tmp/fairlead-lights-XXXXXX");
	assert_non_null(mkdtemp(root));
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", root, folders[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	char command[96];
	(void)snprintf(command, sizeof command, "rm -rf %s", root);
	return system(command); /* NOLINT: a path of our own */
}

static const slice act[] = { SLICE_INIT("ACT"), SLICE_INIT("led0") };
static const slice power[] = { SLICE_INIT("PWR"), SLICE_INIT("led1") };
static const slice bar[] = { SLICE_INIT("bar:red:fault") };

static struct board board_of(void)
{
	struct board board = { .root = slice_of(root) };
	board.lights[BOARD_RUNNING].leds = (struct board_names){ act, 2 };
	board.lights[BOARD_LINK] = (struct board_light){ .leds = { power, 2 }, .inverted = true };
	board.lights[BOARD_FAULT].leds = (struct board_names){ bar, 1 };
	return board;
}

static void all_are_taken_and_out_at_first(void **state)
{
	(void)state;
	led("led0", "none rc-feedback [mmc0] timer\n", "1\n", "1\n");
	led("PWR", "[none] default-on\n", "255\n", "255\n");
	led("bar:red:fault", "[heartbeat] none\n", "nonsense\n", "7\n");
	struct board board = board_of();
	struct lights *lights = lights_open(&board);
	assert_non_null(lights);
	assert_string_equal(get("led0", "trigger"), "none");
	assert_string_equal(get("PWR", "trigger"), "[none] default-on"); /* nothing to do */
	assert_string_equal(get("bar:red:fault", "trigger"), "none");
	assert_string_equal(get("led0", "brightness"), "0");
	assert_string_equal(get("PWR", "brightness"), "255"); /* inverted */
	assert_string_equal(get("bar:red:fault", "brightness"), "0");

	lights_set(lights, BOARD_RUNNING, true);
	lights_set(lights, BOARD_LINK, true);
	lights_set(lights, BOARD_FAULT, true);
	assert_string_equal(get("led0", "brightness"), "1");
	assert_string_equal(get("PWR", "brightness"), "0");
	assert_string_equal(get("bar:red:fault", "brightness"), "255");

	/* What is as it was is not written. */
	put("led0", "brightness", "untouched\n");
	lights_set(lights, BOARD_RUNNING, true);
	assert_string_equal(get("led0", "brightness"), "untouched");
	lights_set(lights, BOARD_RUNNING, false);
	assert_string_equal(get("led0", "brightness"), "0");
	lights_close(lights);
	assert_string_equal(get("PWR", "brightness"), "0");
}

static void one_that_is_missing_leaves_the_others(void **state)
{
	(void)state;
	led("ACT", "[none]\n", "1\n", "0\n");
	struct board board = board_of();
	struct lights *lights = lights_open(&board);
	assert_non_null(lights);
	for (unsigned role = 0; role < BOARD_ROLES; role++)
		lights_set(lights, role, true);
	assert_string_equal(get("ACT", "brightness"), "1");
	lights_close(lights);
}

static void what_cannot_be_written_harms_nobody(void **state)
{
	(void)state;
	char path[128];
	/* A folder, and a link that leads to itself, where files should be. */
	led("ACT", "[none]\n", "1\n", "0\n");
	(void)snprintf(path, sizeof path, "%s/sys/class/leds/ACT/brightness", root);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	led("PWR", "[timer] none\n", "1\n", "0\n");
	(void)snprintf(path, sizeof path, "%s/sys/class/leds/PWR/trigger", root);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("trigger", path), 0);
	led("bar:red:fault", "[none]\n", "1\n", "0\n");
	(void)snprintf(path, sizeof path, "%s/sys/class/leds/bar:red:fault/brightness", root);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/full", path), 0);
	struct board board = board_of();
	struct lights *lights = lights_open(&board);
	for (unsigned role = 0; role < BOARD_ROLES; role++)
		lights_set(lights, role, true);
	lights_close(lights);
}

static void there_may_be_none_at_all(void **state)
{
	(void)state;
	struct board board = { .root = slice_of(root) };
	assert_null(lights_open(&board));
	assert_null(lights_open(NULL));
	lights_set(NULL, BOARD_FAULT, true);
	lights_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_are_taken_and_out_at_first, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        one_that_is_missing_leaves_the_others, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        what_cannot_be_written_harms_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(there_may_be_none_at_all, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
