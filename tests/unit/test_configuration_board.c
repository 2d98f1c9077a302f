/* What a board brings into a configuration, and that whatever the operator's file says wins. */
#include "fake_root.h"

#include <sys/sysmacros.h>

#include "core/config_check.h"
#include "core/config_file.h"
#include "core/configuration_board.h"
#include "core/settings.h"

static struct arena arena;
static struct mistakes mistakes;
static struct board_setup setup;

static int start(void **state)
{
	arena_init(&arena, 16 << 20);
	int made = fake_root_make(state);
	fake_file("/proc/meminfo", "MemTotal: 4194304 kB\n");
	return made;
}

static int end(void **state)
{
	arena_finish(&arena);
	return fake_root_remove(state);
}

/* The file as it is in force, with the boards below the root. */
static const struct config *loaded(const char *text)
{
	char folder[PATH_MAX + 16];
	(void)snprintf(folder, sizeof folder, "%s/boards", fake_root);
	struct boards_where where = { .root = slice_of(fake_root), .folders = slice_of(folder) };
	mistakes = (struct mistakes){ .arena = &arena };
	slice whole = arena_printf(&arena, "%s\nendpoints: []\n", text);
	struct config *root = config_text_read(whole, "/etc/fairlead.yaml", &mistakes);
	if (!root || !config_check(root, NULL, settings_root, &mistakes))
		fail_msg("%.*s", SLICE_ARG(mistakes.at[0].text));
	configuration_take_board(root, &where, (slice){ NULL, 0 }, &setup, &mistakes);
	return root;
}

static const struct config *gateway(const char *text)
{
	return config_get(loaded(text), "gateway");
}

static const struct config *limits(const char *text)
{
	return config_get(gateway(text), "limits");
}

static void the_identity_is_the_name(void **state)
{
	(void)state;
	fake_file("/boards/generic/board.yaml", "title: x\nidentity: [device-tree-serial]\n");
	assert_slice(config_text(gateway(""), "name"), "fairlead");
	fake_property("serial-number", "10000000a1b2c3d4");
	assert_slice(config_text(gateway(""), "name"), "10000000a1b2c3d4");
	assert_slice(config_text(gateway("gateway: {}"), "name"), "10000000a1b2c3d4");
	const struct config *said = gateway("gateway: { name: mv-aurora }");
	assert_slice(config_text(said, "name"), "mv-aurora");
	assert_slice(config_text(gateway("gateway: { board: none }"), "name"), "fairlead");
	assert_null(setup.board);
}

static void what_the_board_says_of_the_gateway(void **state)
{
	(void)state;
	fake_file("/boards/generic/board.yaml",
	        "title: x\ngateway:\n  save_within: 300ms\n  guessing: { delay: 2s, window: 1h }\n"
	        "  limits: { connections: 77, memory: 32MiB }\n");
	const struct config *there = gateway("gateway:\n  guessing: { delay: 5s }\n");
	assert_int_equal(config_duration_ms(there, "save_within"), 300);
	const struct config *guessing = config_get(there, "guessing");
	assert_int_equal(config_duration_ms(guessing, "delay"), 5000);
	assert_int_equal(config_duration_ms(guessing, "window"), 3600000);
	assert_int_equal(config_number(guessing, "attempts"), 5);
	assert_int_equal(config_number(config_get(there, "limits"), "connections"), 77);
	/* Each value knows its file. */
	const struct config *own = config_get(guessing, "delay");
	const struct config *board = config_get(guessing, "window");
	assert_int_equal(own->line, 2);
	assert_slice(own->file->path, "/etc/fairlead.yaml");
	assert_int_equal(board->line, 4);
	assert_non_null(strstr(board->file->path.p, "/boards/generic/board.yaml"));
	/* A second configuration is not the first one's heir. */
	there = gateway("gateway: { limits: { connections: 5 } }");
	assert_int_equal(config_number(config_get(there, "limits"), "connections"), 5);
	there = gateway("");
	assert_int_equal(config_number(config_get(there, "limits"), "connections"), 77);
	assert_int_equal(config_size(config_get(there, "limits"), "memory"), 32 << 20);
	assert_int_equal(mistakes.count, 0);
}

static void limits_fit_the_memory(void **state)
{
	(void)state;
	fake_file("/boards/generic/board.yaml", "title: x\n");
	/* 4 GiB: nothing is less than what is built in. */
	assert_null(config_get(limits(""), "memory"));
	fake_file("/proc/meminfo", "MemTotal: 262144 kB\n");
	const struct config *small = limits("");
	assert_int_equal(config_size(small, "memory"), 16 << 20);
	assert_int_equal(config_size(small, "values_memory"), 4 << 20);
	assert_int_equal(config_number(small, "connections"), 4096);
	small = limits("gateway: { limits: { memory: 64MiB, values_memory: 1MiB } }");
	assert_int_equal(config_size(small, "memory"), 64 << 20);
	assert_int_equal(config_size(small, "values_memory"), 1 << 20);
	assert_int_equal(config_number(small, "connections"), 4096);
	/* A body that the operator wants to take must be taken. */
	assert_int_equal(
	        config_size(limits("gateway: { limits: { body: 10MiB } }"), "memory"), 20 << 20);
	assert_null(config_get(limits("gateway: { limits: { body: 40MiB } }"), "memory"));
	/* So little that nothing would work. */
	fake_file("/proc/meminfo", "MemTotal: 1024 kB\n");
	small = limits("");
	assert_int_equal(config_size(small, "memory"), 4 << 20);
	assert_int_equal(config_size(small, "values_memory"), 1 << 20);
	assert_int_equal(config_number(small, "connections"), 64);
	/* The board knows better. */
	fake_file(
	        "/boards/generic/board.yaml", "title: x\ngateway: { limits: { memory: 8MiB } }\n");
	assert_int_equal(config_size(limits(""), "memory"), 8 << 20);
}

static void the_state_is_on_a_card(void)
{
	struct stat about;
	char path[128];
	assert_int_equal(stat(fake_root, &about), 0);
	(void)snprintf(path, sizeof path, "/sys/dev/block/%u:%u", major(about.st_dev),
	        minor(about.st_dev));
	fake_file("/sys/devices/mmcblk0/device/type", "SD\n");
	fake_link(path, "../../devices/mmcblk0");
}

static void the_policy_for_what_the_state_is_on(void **state)
{
	(void)state;
	char text[PATH_MAX + 200];
	fake_file("/boards/generic/board.yaml",
	        "title: x\ngateway: { save_within: 200ms }\naudit: { keep: 8 }\n"
	        "storage:\n  sd: { gateway: { save_within: 1s }, audit: { file_size: 1MiB } }\n");
	the_state_is_on_a_card();
	(void)snprintf(text, sizeof text, "gateway: { state: %s/state }", fake_root);
	const struct config *root = loaded(text);
	assert_int_equal(setup.storage.kind, STORAGE_SD);
	assert_int_equal(config_duration_ms(config_get(root, "gateway"), "save_within"), 1000);
	const struct config *audit = config_get(root, "audit");
	assert_int_equal(config_size(audit, "file_size"), 1 << 20);
	assert_int_equal(config_number(audit, "keep"), 8);
	/* The operator's own, and an audit log that is off stays as it is. */
	(void)snprintf(text, sizeof text,
	        "gateway: { state: %s/state, save_within: 5ms }\naudit: { off: true }", fake_root);
	root = loaded(text);
	assert_int_equal(config_duration_ms(config_get(root, "gateway"), "save_within"), 5);
	assert_null(config_get(config_get(root, "audit"), "file_size"));
	/* Without a folder there is nothing on a card, and no audit log. */
	root = loaded("");
	assert_int_equal(config_duration_ms(config_get(root, "gateway"), "save_within"), 200);
	assert_null(config_get(root, "audit"));
}

static void what_is_no_map_is_left_alone(void **state)
{
	(void)state;
	static const char *const files[] = { "gateway: 5", "gateway:", "gateway: [a]",
		"gateway: { board: [a] }", "gateway: { limits: 5 }", "audit: 7",
		"gateway: { state: [] }", "gateway: { board: }" };
	fake_file("/boards/generic/board.yaml",
	        "title: x\ngateway: { limits: { memory: 8MiB } }\naudit: { keep: 3 }\n");
	char folder[PATH_MAX + 16];
	(void)snprintf(folder, sizeof folder, "%s/boards", fake_root);
	struct boards_where where = { .root = slice_of(fake_root), .folders = slice_of(folder) };
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		mistakes = (struct mistakes){ .arena = &arena };
		struct config *root = config_text_read(slice_of(files[i]), "f", &mistakes);
		(void)config_check(root, NULL, settings_root, &mistakes);
		assert_true(mistakes.count > 0);
		configuration_take_board(root, &where, (slice){ NULL, 0 }, &setup, &mistakes);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_identity_is_the_name),
		TEST(what_the_board_says_of_the_gateway),
		TEST(limits_fit_the_memory),
		TEST(the_policy_for_what_the_state_is_on),
		TEST(what_is_no_map_is_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
