/* Where a stream leads, as the configuration says it. */
#include "support.h"

#include "net/place.h"

static struct place parsed(const char *text)
{
	struct place place;
	char why[PLACE_WHY_BYTES];
	if (!place_parse(slice_of(text), &place, why))
		fail_msg("%s: %s", text, why);
	return place;
}

static void refuses(const char *text, const char *part)
{
	struct place place;
	char why[PLACE_WHY_BYTES];
	if (place_parse(slice_of(text), &place, why))
		fail_msg("%s is taken", text);
	if (!strstr(why, part))
		fail_msg("%s: %s, and not %s", text, why, part);
}

static void addresses(void **state)
{
	(void)state;
	struct place place = parsed("tcp://10.0.0.5:502");
	assert_int_equal(place.kind, PLACE_TCP);
	assert_string_equal(place.host, "10.0.0.5");
	assert_int_equal(place.port, 502);
	place = parsed("plc.example:65535");
	assert_int_equal(place.kind, PLACE_TCP);
	assert_string_equal(place.host, "plc.example");
	assert_int_equal(place.port, 65535);
	place = parsed("tls://[fd00::5]:802");
	assert_int_equal(place.kind, PLACE_TLS);
	assert_string_equal(place.host, "fd00::5");
	assert_string_equal(place.address, "[fd00::5]:802");
	assert_int_equal(parsed("udp://0.0.0.0:10110").kind, PLACE_UDP);
	assert_int_equal(parsed("dtls://[::]:10111").kind, PLACE_DTLS);
	static const char *const wrong[] = { "tcp://", "tcp://:502", "tcp://plc",
		"tcp://plc:", "tcp://plc:65536", "tcp://plc:50x", "tcp://plc:-1",
		"tcp://fd00::5:502", "tcp://[]:5", "tcp://a/b:502", "tcp://plc:502/path",
		"tcp://user@plc:502", "tcp://a b:502", "tcp://[fd00::5:502", "", "plc" };
	for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
		refuses(wrong[i], "HOST:PORT");
	refuses("http://plc:502", "tcp://, tls://, udp://, dtls://, unix:// or serial://");
	refuses("TCP://plc:502", "tcp://");
	char long_host[400] = "tcp://";
	memset(long_host + 6, 'a', 300);
	memcpy(long_host + 306, ":1", 3);
	refuses(long_host, "HOST:PORT");
}

static void sockets_of_this_machine(void **state)
{
	(void)state;
	struct place place = parsed("unix:///run/fairlead/ais.sock");
	assert_int_equal(place.kind, PLACE_LOCAL);
	assert_string_equal(place.path, "/run/fairlead/ais.sock");
	assert_int_equal(place.mode, 0);
	assert_int_equal(parsed("unix:///run/ais.sock?mode=660").mode, 0660);
	refuses("unix://", "path is missing");
	refuses("unix:///", "path is missing");
	refuses("unix://run/ais.sock", "path is missing");
	refuses("unix:///run/ais.sock?mode=888", "mode=888: a mode is octal");
	refuses("unix:///run/ais.sock?mode=066", "octal");
	refuses("unix:///run/ais.sock?mode=1777", "octal");
	refuses("unix:///run/ais.sock?baud=9600", "no such parameter");
	char text[200] = "unix:///";
	memset(text + 8, 'a', 107);
	refuses(text, "too long");
	text[8 + 106] = '\0';
	assert_int_equal(strlen(parsed(text).path), 107);
}

static void serial_lines(void **state)
{
	(void)state;
	struct place place = parsed("serial:///dev/ttyS1");
	assert_int_equal(place.kind, PLACE_SERIAL);
	assert_string_equal(place.path, "/dev/ttyS1");
	assert_int_equal(place.serial.baud, 9600);
	assert_int_equal(place.serial.bits, 8);
	assert_int_equal(place.serial.stop, 1);
	assert_int_equal(place.serial.parity, SERIAL_PARITY_NONE);
	assert_false(place.serial.rs485);
	place = parsed("serial:///dev/serial/by-id/"
	               "usb-FTDI-if00?baud=19200&parity=even&bits=7&stop=2&rs485=on&"
	               "rts-before=1&rts-after=2");
	assert_int_equal(place.serial.baud, 19200);
	assert_int_equal(place.serial.bits, 7);
	assert_int_equal(place.serial.stop, 2);
	assert_int_equal(place.serial.parity, SERIAL_PARITY_EVEN);
	assert_true(place.serial.rs485);
	assert_int_equal(place.serial.rts_before_ms, 1);
	assert_int_equal(place.serial.rts_after_ms, 2);
	assert_int_equal(parsed("serial:///dev/ttyS1?parity=odd").serial.parity, SERIAL_PARITY_ODD);
	refuses("serial://", "path is missing: say serial:///dev/ttyS1");
	refuses("serial://?baud=9600", "path is missing");
	refuses("serial://dev/ttyS1", "path is missing");
	refuses("serial:///dev/ttyS1?baud=0", "baud=0: a rate is from 50");
	refuses("serial:///dev/ttyS1?baud=4000001", "to 4000000");
	refuses("serial:///dev/ttyS1?baud=", "baud=: a rate");
	refuses("serial:///dev/ttyS1?baud", "a rate");
	refuses("serial:///dev/ttyS1?baud=96oo", "a rate");
	refuses("serial:///dev/ttyS1?parity=maybe", "parity=maybe: parity is none, even or odd");
	refuses("serial:///dev/ttyS1?bits=9", "7 or 8");
	refuses("serial:///dev/ttyS1?bits=6", "7 or 8");
	refuses("serial:///dev/ttyS1?stop=0", "1 or 2");
	refuses("serial:///dev/ttyS1?rs485=yes", "on or off");
	refuses("serial:///dev/ttyS1?rts-before=101", "milliseconds");
	refuses("serial:///dev/ttyS1?flow=hardware", "flow=hardware: there is no such parameter");
	refuses("serial:///dev/ttyS1?=1", "no such parameter");
	assert_true(parsed("serial:///dev/ttyS1?rs485=on&rts=low").serial.rts_low);
	refuses("serial:///dev/ttyS1?rs485=on&rts=off",
	        "rts=off: while it sends RTS is high or low");
	refuses("serial:///dev/ttyS1?rts=low", "go with rs485=on");
	refuses("serial:///dev/ttyS1?rts-after=1", "go with rs485=on");
	refuses("serial:///dev/ttyS1?baud=9600&baud=9600", "said twice");
}

static void ports_that_the_board_names(void **state)
{
	(void)state;
	char why[PLACE_WHY_BYTES];
	const struct serial_settings rs485 = {
		.rs485 = true, .rts_low = true, .rts_before_ms = 3, .rts_after_ms = 4
	};
	const struct serial_settings plain = { 0 };
	struct place place = parsed("serial://rs485-1?baud=19200&parity=even");
	assert_int_equal(place.kind, PLACE_SERIAL);
	assert_string_equal(place.name, "rs485-1");
	assert_string_equal(place.path, "");
	assert_true(place_take_port(&place, &rs485, why));
	assert_true(place.serial.rs485 && place.serial.rts_low);
	assert_int_equal(place.serial.rts_before_ms, 3);
	assert_int_equal(place.serial.rts_after_ms, 4);
	assert_int_equal(place.serial.baud, 19200);
	assert_int_equal(place.serial.parity, SERIAL_PARITY_EVEN);

	/* What the text says wins. */
	place = parsed("serial://rs485-1?rts=high&rts-after=0");
	assert_true(place_take_port(&place, &rs485, why));
	assert_true(place.serial.rs485 && !place.serial.rts_low);
	assert_int_equal(place.serial.rts_before_ms, 3);
	assert_int_equal(place.serial.rts_after_ms, 0);
	place = parsed("serial://rs485-1?rs485=off");
	assert_true(place_take_port(&place, &rs485, why));
	assert_false(place.serial.rs485 || place.serial.rts_low || place.serial.rts_before_ms);
	assert_true(place.serial.rs485_off);
	assert_false(parsed("serial://rs485-1").serial.rs485_off);
	place = parsed("serial://uart_1.x?rs485=on");
	assert_true(place_take_port(&place, &plain, why));
	assert_true(place.serial.rs485);

	/* Whether the two go together is known with the port only. */
	place = parsed("serial://rs485-1?rts-before=7");
	assert_true(place_take_port(&place, &rs485, why));
	assert_int_equal(place.serial.rts_before_ms, 7);
	place = parsed("serial://uart-1?rts-before=7");
	assert_false(place_take_port(&place, &plain, why));
	assert_non_null(strstr(why, "rs485=on"));

	refuses("serial://RS485", "the board's name");
	refuses("serial://rs485 1", "the board's name");
	refuses("serial://rs485-1/", "the board's name");
	refuses("serial://rs485-1?speed=1", "no such parameter");
	char text[100] = "serial://";
	memset(text + 9, 'a', PLACE_NAME_BYTES);
	refuses(text, "the board's name");
	text[9 + PLACE_NAME_BYTES - 1] = '\0';
	assert_int_equal(strlen(parsed(text).name), PLACE_NAME_BYTES - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(sockets_of_this_machine),
		cmocka_unit_test(serial_lines),
		cmocka_unit_test(ports_that_the_board_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
