/* Which board it is, by the files that come along, on machines that the test makes; and what is wrong with a file. */
#include "fake_root.h"

#include "core/boards.h"

#define OURS FAIRLEAD_SOURCE "/board"

static struct arena arena;
static struct mistakes mistakes;

static int start(void **state)
{
	arena_init(&arena, 16 << 20);
	mistakes = (struct mistakes){ .arena = &arena };
	return fake_root_make(state);
}

static int end(void **state)
{
	arena_finish(&arena);
	return fake_root_remove(state);
}

static const struct board *find_in(const char *folders, const char *wanted)
{
	struct boards_where where = { .root = slice_of(fake_root), .folders = slice_of(folders) };
	struct config said = { .kind = CONFIG_SCALAR, .text = slice_of(wanted) };
	return boards_find(&where, slice_of(wanted), &said, &mistakes);
}

static const struct board *found(void)
{
	const struct board *board = find_in(OURS, "auto");
	if (mistakes.count)
		fail_msg("%.*s:%u: %.*s", SLICE_ARG(mistake_path(&mistakes, &mistakes.at[0])),
		        mistakes.at[0].line, SLICE_ARG(mistakes.at[0].text));
	assert_non_null(board);
	return board;
}

static void port_is(const struct board *board, const char *name, const char *device)
{
	char below[BOARD_PATH_BYTES];
	const struct board_serial *serial = board_serial_find(board, slice_of(name));
	assert_non_null(serial);
	bool there = board_device(board, &serial->devices, below);
	assert_int_equal(there, device != NULL);
	if (there)
		assert_string_equal(below + strlen(fake_root), device);
}

static void light_is(const struct board *board, enum board_role role, const char *led)
{
	char below[BOARD_PATH_BYTES];
	bool there = board_led(board, role, below);
	assert_int_equal(there, led != NULL);
	if (there)
		assert_string_equal(strrchr(below, '/') + 1, led);
}

static void a_raspberry_pi_4(void **state)
{
	(void)state;
	fake_property("compatible", "raspberrypi,4-model-b\0brcm,bcm2711");
	fake_property("model", "Raspberry Pi 4 Model B Rev 1.4");
	fake_property("serial-number", "10000000a1b2c3d4");
	/* uart2 and uart3 are on; an older kernel counts only those that are. */
	fake_tty("ttyAMA1", "fe201400.serial");
	fake_tty("ttyAMA2", "fe201600.serial");
	fake_tty("ttyS0", "fe215040.serial");
	fake_file("/sys/class/leds/led0/brightness", "0\n");
	fake_file("/sys/class/leds/PWR/brightness", "255\n");
	fake_file("/dev/watchdog", "");
	const struct board *board = found();
	assert_slice(board->name, "raspberry-pi-4");
	assert_slice(board->model, "Raspberry Pi 4 Model B Rev 1.4");
	assert_slice(board->matched, "compatible raspberrypi,4-model-b");
	assert_slice(board->identity, "10000000a1b2c3d4");
	assert_slice(board->identity_way, "device-tree-serial");
	port_is(board, "uart0", "/dev/ttyS0");
	port_is(board, "uart2", "/dev/ttyAMA1");
	port_is(board, "uart3", "/dev/ttyAMA2");
	port_is(board, "uart4", NULL);
	fake_link("/dev/serial0", "ttyAMA1");
	port_is(board, "uart0", "/dev/serial0");
	light_is(board, BOARD_RUNNING, "led0");
	light_is(board, BOARD_FAULT, "PWR");
	light_is(board, BOARD_LINK, NULL);
	char below[BOARD_PATH_BYTES];
	assert_true(board_device(board, &board->watchdog.devices, below));
	assert_string_equal(below + strlen(fake_root), "/dev/watchdog");
	assert_int_equal(board->watchdog.timeout_ms, 15000);
}

static void a_raspberry_pi_5(void **state)
{
	(void)state;
	fake_property("compatible", "raspberrypi,5-model-b\0brcm,bcm2712");
	fake_property("serial-number", "\0\0\0");
	fake_interface(
	        "eth0", "platform/axi/1000120000.pcie/1f00100000.ethernet", "2c:cf:67:01:02:03");
	fake_tty("ttyAMA0", "1f00030000.serial");
	fake_tty("ttyAMA10", "107d001000.serial");
	fake_link("/dev/serial0", "ttyAMA10");
	const struct board *board = found();
	assert_slice(board->name, "raspberry-pi-5");
	assert_slice(board->identity, "2ccf67010203");
	assert_slice(board->identity_way, "mac");
	port_is(board, "uart0", "/dev/ttyAMA0");
	port_is(board, "debug", "/dev/ttyAMA10");
	port_is(board, "uart1", NULL);
}

static void a_beaglebone(void **state)
{
	(void)state;
	fake_property("compatible",
	        "ti,am335x-bone-green\0ti,am335x-bone-black\0ti,am335x-bone\0ti,am33xx");
	fake_property("serial-number", "BBG217030212");
	fake_file("/dev/ttyO4", "");
	fake_file("/sys/class/leds/beaglebone:green:heartbeat/brightness", "0\n");
	fake_file("/sys/class/leds/beaglebone:green:usr3/brightness", "0\n");
	const struct board *board = found();
	assert_slice(board->name, "beaglebone");
	assert_slice(board->identity, "BBG217030212");
	port_is(board, "uart4", "/dev/ttyO4");
	light_is(board, BOARD_RUNNING, "beaglebone:green:heartbeat");
	light_is(board, BOARD_LINK, NULL);
	light_is(board, BOARD_FAULT, "beaglebone:green:usr3");
}

static void an_imx8m_module_of_another_maker(void **state)
{
	(void)state;
	fake_property("compatible",
	        "toradex,verdin-imx8mp-nonwifi-dahlia\0toradex,verdin-imx8mp\0fsl,imx8mp");
	fake_file("/sys/devices/soc0/serial_number", "0D1F3A0B5C6D7E8F\n");
	fake_tty("ttymxc2", "30880000.serial");
	fake_file("/sys/class/leds/yellow:status/brightness", "1\n");
	const struct board *board = found();
	assert_slice(board->name, "imx8m");
	assert_slice(board->matched, "compatible fsl,imx8mp");
	assert_slice(board->identity, "0D1F3A0B5C6D7E8F");
	port_is(board, "uart3", "/dev/ttymxc2");
	light_is(board, BOARD_RUNNING, "yellow:status");
	assert_int_equal(board->watchdog.timeout_ms, 60000);
}

static void an_industrial_pc(void **state)
{
	(void)state;
	fake_file("/sys/class/dmi/id/sys_vendor", "Advantech\n");
	fake_file("/sys/class/dmi/id/product_name", "UNO-2271G\x01\n");
	fake_file("/sys/devices/system/cpu/modalias",
	        "cpu:type:x86,ven0000fam0006mod005C:feature:,0000,0001,0002\n");
	fake_file("/sys/class/dmi/id/product_serial", "KSA1234567\n");
	assert_int_equal(chmod(fake_path("/sys/class/dmi/id/product_serial"), 0400), 0);
	fake_interface("enp2s0", "pci0000:00/0000:00:1c.1/0000:02:00.0", "00:d0:c9:aa:bb:cc");
	fake_file("/dev/ttyS0", "");
	fake_file("/sys/class/tty/ttyS0/type", "4\n");
	fake_file("/dev/ttyS1", "");
	fake_file("/sys/class/tty/ttyS1/type", "0\n");
	const struct board *board = found();
	assert_slice(board->name, "x86");
	assert_slice(board->model, "Advantech UNO-2271G");
	assert_slice(board->identity, "00d0c9aabbcc");
	port_is(board, "com1", "/dev/ttyS0");
	port_is(board, "com2", NULL); /* a node without a UART */
	port_is(board, "com3", NULL);
	assert_int_equal(chmod(fake_path("/sys/class/dmi/id/product_serial"), 0440), 0);
	board = found();
	assert_slice(board->identity, "KSA1234567");
	assert_slice(board->identity_way, "dmi-serial");
}

static void a_server_of_arm_that_has_dmi(void **state)
{
	(void)state;
	static const char *const processors[] = { "cpu:type:aarch64:feature:,0000,0001\n",
		"cpu:type:x86_65,ven0000\n", "cpu:type:\n", "x86\n", "" };
	fake_file("/sys/class/dmi/id/sys_vendor", "Ampere(R)\n");
	fake_file("/sys/class/dmi/id/product_name", "Mt. Snow\n");
	assert_slice(found()->name, "generic"); /* it does not say what it is */
	for (unsigned i = 0; i < sizeof processors / sizeof *processors; i++) {
		fake_file("/sys/devices/system/cpu/modalias", processors[i]);
		const struct board *board = found();
		assert_slice(board->name, "generic");
		assert_slice(board->model, "Ampere(R) Mt. Snow");
	}
	fake_file("/boards/altra/board.yaml",
	        "title: a\nmatch: { dmi: [{ vendor: \"Ampere*\", cpu: aarch64 }] }\n");
	char folders[PATH_MAX * 2];
	(void)snprintf(folders, sizeof folders, "%s/boards:%s", fake_root, OURS);
	assert_slice(find_in(folders, "auto")->name, "generic");
	fake_file("/sys/devices/system/cpu/modalias", processors[0]);
	assert_slice(find_in(folders, "auto")->name, "altra");
}

static void a_machine_that_says_nothing(void **state)
{
	(void)state;
	const struct board *board = found();
	assert_slice(board->name, "generic");
	assert_int_equal(board->matched.n, 0);
	assert_int_equal(board->model.n, 0);
	assert_int_equal(board->identity.n, 0);
	assert_int_equal(board->nserial, 0);
}

static void garbage_in_the_device_tree(void **state)
{
	(void)state;
	fake_bytes("/sys/firmware/devicetree/base/compatible", "\0\0\xff\xfe,\n\0no end", 14);
	fake_property("model", "a\x1b[31mbox\n\xc3\x28");
	fake_file("/sys/firmware/devicetree/base/serial-number/a folder", "");
	const struct board *board = found();
	assert_slice(board->name, "generic");
	assert_slice(board->model, "a?[31mbox?"
	                           "?(");
	assert_int_equal(board->identity.n, 0);
	/* More than any list has. */
	static char large[100000];
	memset(large, 'a', sizeof large);
	fake_bytes("/sys/firmware/devicetree/base/compatible", large, sizeof large);
	assert_slice(found()->name, "generic");
	/* Without its last NUL. */
	fake_bytes("/sys/firmware/devicetree/base/compatible", "brcm,bcm2711", 12);
	assert_slice(found()->name, "raspberry-pi-4");
}

static void what_says_more_comes_first(void **state)
{
	(void)state;
	char folders[PATH_MAX * 2];
	fake_file("/boards/advantech/board.yaml",
	        "title: a\nmatch: { dmi: [{ vendor: \"Advantech*\" }] }\n");
	fake_file("/boards/uno/board.yaml",
	        "title: u\nmatch: { dmi: [{ vendor: \"Advantech*\", product: \"UNO-*\" }] }\n");
	fake_file("/boards/x86/board.yaml", "title: mine\nmatch: { dmi: [{ vendor: \"*\" }] }\n");
	fake_file("/boards/no board/other.yaml", "");
	(void)snprintf(folders, sizeof folders, "%s/boards:%s", fake_root, OURS);
	fake_file("/sys/class/dmi/id/sys_vendor", "Advantech Co.\n");
	assert_slice(find_in(folders, "auto")->name, "advantech");
	fake_file("/sys/class/dmi/id/product_name", "UNO-2271G\n");
	assert_slice(find_in(folders, "auto")->name, "uno");
	fake_file("/sys/class/dmi/id/sys_vendor", "Another\n");
	assert_slice(find_in(folders, "auto")->title, "mine"); /* the first folder's */
	/* The device tree knows better. */
	fake_property("compatible", "fsl,imx8mq-evk\0fsl,imx8mq");
	fake_file("/sys/class/dmi/id/sys_vendor", "Advantech\n");
	assert_slice(find_in(folders, "auto")->name, "imx8m");
	/* A name says it, whatever the machine is. */
	assert_slice(find_in(folders, "beaglebone")->name, "beaglebone");
	assert_null(find_in(folders, "none"));
	assert_int_equal(mistakes.count, 0);
}

static void a_name_that_there_is_not(void **state)
{
	(void)state;
	assert_null(find_in(OURS, "raspberry-pi"));
	assert_int_equal(mistakes.count, 1);
	assert_non_null(strstr(mistakes.at[0].text.p,
	        "there are beaglebone, generic, imx8m, raspberry-pi-4, raspberry-pi-5, x86"));
	mistakes.count = 0;
	assert_null(find_in("", "x86"));
	assert_int_equal(mistakes.count, 1);
	mistakes.count = 0;
	assert_null(find_in("/nowhere", "../../etc"));
	assert_int_equal(mistakes.count, 1);
	/* None are installed: that is no mistake. */
	mistakes.count = 0;
	assert_null(find_in("/nowhere", "auto"));
	assert_null(find_in("", "auto"));
	assert_int_equal(mistakes.count, 0);
}

static void mistakes_in_a_file(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
		unsigned line, column;
	} cases[] = {
		{ "title: x\ntitel: x\n", "did you mean title?", 2, 1 },
		{ "{", "", 2, 0 },
		{ "- a\n", "must be a map", 1, 1 },
		{ "\nmatch: {}\n", "the key title is missing", 2, 1 },
		{ "title: x\nidentity: [mac, imei]\n", "\"imei\" is no way to tell a box", 2, 17 },
		{ "title: x\nserial: [{ name: a }]\n", "the key device is missing", 2, 10 },
		{ "title: x\nserial: [{ name: a/b, device: /dev/ttyS0 }]\n", "no name of a port", 2,
		        18 },
		{ "title: x\nserial:\n  - { name: a, device: /dev/a }\n  - { name: a, device: "
		  "/dev/b "
		  "}\n",
		        "a second port", 4, 13 },
		{ "title: x\nserial: [{ name: a, device: [] }]\n", "an empty list", 2, 29 },
		{ "title: x\nserial: [{ name: a, device: /etc/passwd }]\n", "is no path in /dev", 2,
		        29 },
		{ "title: x\nserial: [{ name: a, device: /dev/../etc/passwd }]\n",
		        "is no path in /dev", 2, 29 },
		{ "title: x\nserial: [{ name: a, device: /dev/a, rts_after: 1ms }]\n",
		        "rts_after goes with rs485", 2, 48 },
		{ "title: x\nserial: [{ name: a, device: /dev/a, rs485: true, rts_after: 1s }]\n",
		        "at most 100ms", 2, 10 },
		{ "title: x\nleds: { running: { led: ../../etc } }\n", "no name in /sys/class/leds",
		        2, 25 },
		{ "title: x\nleds: { blinking: { led: a } }\n", "unknown key", 2, 9 },
		{ "title: x\nwatchdog: { device: /dev/watchdog, timeout: 10ms }\n",
		        "a second is the least", 2, 45 },
		{ "title: x\nmatch: { dmi: [{}] }\n", "say vendor, product or both", 2, 16 },
		{ "title: \"a\\nRUN+=b\"\n", "title has control characters", 1, 8 },
		{ "title: x\nleds: { link: { led: 'a\", RUN+=\"b' } }\n",
		        "no name in /sys/class/leds", 2, 22 },
		{ "title: x\nserial: [{ name: a, device: \"/dev/tty*\" }]\n", "is no path in /dev",
		        2, 29 },
		{ "title: x\ngateway: { name: mine }\n", "gateway.name: only the gateway's own", 2,
		        12 },
		{ "title: x\nstorage: { sd: { gateway: { state: /var } } }\n",
		        "storage.sd.gateway.state: only the gateway's own", 2, 29 },
		{ "title: x\nstorage: { tape: {} }\n", "unknown key", 2, 12 },
		{ "title: x\ngateway: { limits: { memory: much } }\n", "is no size", 2, 30 },
	};
	char folder[PATH_MAX + 16];
	(void)snprintf(folder, sizeof folder, "%s/boards", fake_root);
	fake_file("/boards/generic/board.yaml", "title: right\n");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		mistakes.count = 0;
		fake_file("/boards/wrong/board.yaml", cases[i].text);
		if (find_in(folder, "auto") || mistakes.count != 1 ||
		        !strstr(mistakes.at[0].text.p, cases[i].says))
			fail_msg("case %zu: %u: %.*s", i, mistakes.count,
			        SLICE_ARG(mistakes.at[0].text));
		const struct mistake *at = &mistakes.at[0];
		if (at->line != cases[i].line || (cases[i].column && at->column != cases[i].column))
			fail_msg("case %zu: %u:%u", i, at->line, at->column);
		assert_string_equal(at->path.p + strlen(fake_root), "/boards/wrong/board.yaml");
	}
}

static void rs485_as_the_file_says_it(void **state)
{
	(void)state;
	char folder[PATH_MAX + 16];
	(void)snprintf(folder, sizeof folder, "%s/boards", fake_root);
	fake_file("/boards/box/board.yaml",
	        "title: a box\nserial:\n  - { name: rs485-1, device: /dev/ttyS1, rs485: true, rts: "
	        "low, "
	        "rts_before: 1ms, rts_after: 100ms, note: X4 }\n  - { name: rs232-1, device: "
	        "[usb.serial, /dev/ttyS2] }\nleds: { link: { led: green, inverted: true } }\n");
	const struct board *board = find_in(folder, "box");
	assert_int_equal(mistakes.count, 0);
	const struct board_serial *serial = board_serial_find(board, SLICE("rs485-1"));
	assert_true(serial->rs485 && serial->rts_low);
	assert_int_equal(serial->rts_before_ms, 1);
	assert_int_equal(serial->rts_after_ms, 100);
	assert_slice(serial->note, "X4");
	serial = board_serial_find(board, SLICE("rs232-1"));
	assert_false(serial->rs485 || serial->rts_low);
	assert_int_equal(serial->devices.n, 2);
	assert_true(board->lights[BOARD_LINK].inverted);
	/* It has nothing to be recognised by. */
	assert_null(find_in(folder, "auto"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_raspberry_pi_4),
		TEST(a_raspberry_pi_5),
		TEST(a_beaglebone),
		TEST(an_imx8m_module_of_another_maker),
		TEST(an_industrial_pc),
		TEST(a_server_of_arm_that_has_dmi),
		TEST(a_machine_that_says_nothing),
		TEST(garbage_in_the_device_tree),
		TEST(what_says_more_comes_first),
		TEST(a_name_that_there_is_not),
		TEST(mistakes_in_a_file),
		TEST(rs485_as_the_file_says_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
