/* What a board has, below a root that the test makes. */
#include "fake_root.h"

#include "board/board.h"

static struct board here(void)
{
	return (struct board){ .root = slice_of(fake_root) };
}

static void is_below(const char *path, const char *expected)
{
	assert_string_equal(path + strlen(fake_root), expected);
}

static void the_first_device_that_is_there(void **state)
{
	(void)state;
	struct board board = here();
	char below[BOARD_PATH_BYTES];
	static const slice names[] = { SLICE_INIT("/dev/serial0"), SLICE_INIT("/dev/ttyAMA0") };
	struct board_names devices = { names, 2 };
	assert_false(board_device(&board, &devices, below));
	is_below(below, "/dev/serial0"); /* what a message can name */
	fake_link("/dev/serial0", "ttyS0");
	assert_false(board_device(&board, &devices, below)); /* a link that leads nowhere */
	fake_file("/dev/ttyAMA0", "");
	assert_true(board_device(&board, &devices, below));
	is_below(below, "/dev/ttyAMA0");
	fake_file("/dev/ttyS0", "");
	assert_true(board_device(&board, &devices, below));
	is_below(below, "/dev/serial0");
	assert_false(board_device(&board, &(struct board_names){ NULL, 0 }, below));
	assert_string_equal(below, "");
}

static void links_in_a_circle_are_not_there(void **state)
{
	(void)state;
	struct board board = here();
	char below[BOARD_PATH_BYTES];
	static const slice names[] = { SLICE_INIT("ACT"), SLICE_INIT("led0") };
	board.lights[BOARD_RUNNING].leds = (struct board_names){ names, 2 };
	fake_link("/sys/class/leds/ACT", "led0");
	fake_link("/sys/class/leds/led0", "ACT");
	assert_false(board_led(&board, BOARD_RUNNING, below));
	assert_false(board_led(&board, BOARD_FAULT, below));
	assert_int_equal(unlink(fake_path("/sys/class/leds/led0")), 0);
	fake_file("/sys/class/leds/led0/brightness", "0");
	assert_true(board_led(&board, BOARD_RUNNING, below));
	is_below(below, "/sys/class/leds/ACT");
}

static void ports_by_name(void **state)
{
	(void)state;
	static const struct board_serial serial[] = { { .name = SLICE_INIT("rs232-1") },
		{ .name = SLICE_INIT("rs485-1"), .rs485 = true } };
	struct board board = { .serial = serial, .nserial = 2 };
	assert_ptr_equal(board_serial_find(&board, SLICE("rs485-1")), &serial[1]);
	assert_null(board_serial_find(&board, SLICE("rs485")));
	assert_null(board_serial_find(NULL, SLICE("rs485-1")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		        the_first_device_that_is_there, fake_root_make, fake_root_remove),
		cmocka_unit_test_setup_teardown(
		        links_in_a_circle_are_not_there, fake_root_make, fake_root_remove),
		cmocka_unit_test(ports_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
