/* The bytes of a serial port: what the kernel marks in them, and what it does to the frame that is in the making. A socket pair
 * stands for the port, so that there is a device that garbles bytes. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/loop.h"
#include "net/serial.h"
#include "net/stream.h"

static struct loop *loop;
static int device;
static struct stream *stream;
static char log_text[4096]; /* "[ab|" broken with "ab" unread, "c" and "\n" for what was used */
static size_t logged;
static bool pause_after_line, ended;
static char expected_end;

static void note(char c)
{
	assert_true(logged + 1 < sizeof log_text);
	log_text[logged++] = c;
	log_text[logged] = '\0';
}

static void note_all(slice bytes)
{
	for (size_t i = 0; i < bytes.n; i++)
		note(bytes.p[i]);
}

static void stop_at_the_end(void)
{
	if (expected_end && logged && log_text[logged - 1] == expected_end)
		loop_stop(loop);
}

static void connected(void *owner, struct stream *opened)
{
	(void)owner;
	(void)opened;
}

/* Lines end with a point. */
static size_t received(void *owner, struct stream *from, slice bytes)
{
	size_t point = slice_find(bytes, '.'), used = 0;
	(void)owner;
	while (point < bytes.n && !(used && pause_after_line)) {
		note_all((slice){ bytes.p + used, point - used + 1 });
		used = point + 1;
		point = used + slice_find(slice_from(bytes, used), '.');
	}
	if (used && pause_after_line)
		stream_pause(from);
	stop_at_the_end();
	return used;
}

static void broken(void *owner, struct stream *from, slice unread, const char *why)
{
	(void)owner;
	(void)from;
	assert_non_null(why);
	note('[');
	note_all(unread);
	note('|');
	stop_at_the_end();
}

static void closed(void *owner, struct stream *from, enum stream_end end, int errno_value)
{
	(void)owner;
	(void)from;
	(void)end;
	(void)errno_value;
	ended = true;
	loop_stop(loop);
}

static const struct stream_events events = {
	.connected = connected, .received = received, .broken = broken, .closed = closed
};

static int begin(void **state)
{
	(void)state;
	int ends[2];
	const struct stream_limits limits = { .unread_max_bytes = 4096, .unsent_max_bytes = 4096 };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	loop = loop_create();
	assert_non_null(loop);
	device = ends[0];
	logged = 0;
	log_text[0] = '\0';
	pause_after_line = ended = false;
	expected_end = 0;
	stream = stream_open_serial(loop, ends[1], "port", &events, &limits, &device);
	assert_non_null(stream);
	assert_string_equal(stream_peer(stream), "port");
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (!ended) {
		stream_close(stream);
		loop_run(loop);
	}
	(void)close(device);
	loop_destroy(loop);
	return 0;
}

static void write_all(const void *bytes, size_t n)
{
	assert_int_equal(write(device, bytes, n), n);
}

/* Until the last thing noted is this. */
static void run_to(char last)
{
	expected_end = last;
	loop_run(loop);
}

static void bytes_that_are_marks_themselves(void **state)
{
	(void)state;
	static const char sent[] = "a\xff\xff\xff\xff"
	                           "b\xff\xff.";
	write_all(sent, sizeof sent - 1);
	run_to('.');
	assert_string_equal(log_text, "a\xff\xff"
	                              "b\xff.");
}

static void a_garbled_byte_takes_its_frame_with_it(void **state)
{
	(void)state;
	static const char sent[] = "one.tw\xff\0o.three.\xff\0\0.four.\xff\0x\xff\0y.";
	write_all(sent, sizeof sent - 1);
	run_to('.');
	/* "o" itself is the garbled byte; a break between frames takes nothing. */
	assert_string_equal(log_text, "one.[tw|.three.[|.four.[|[|.");
}

/* The same, however the bytes arrive. */
static void marks_in_pieces(void **state)
{
	(void)state;
	static const char sent[] = "one.tw\xff\0o.\xff\xff.";
	for (size_t i = 0; i < sizeof sent - 1; i++) {
		write_all(sent + i, 1);
		if (sent[i] == '.')
			run_to('.');
	}
	assert_string_equal(log_text, "one.[tw|.\xff.");
}

/* What is whole before a garbled byte is used before it counts, also by an owner who pauses. */
static void an_owner_who_pauses(void **state)
{
	(void)state;
	static const char sent[] = "one.two.th\xff\0r.four.f\xff\0i.six.!";
	static const char *const steps[] = { "one.", "one.two.", "one.two.[th|.",
		"one.two.[th|.four.", "one.two.[th|.four.[f|.", "one.two.[th|.four.[f|.six." };
	pause_after_line = true;
	write_all(sent, sizeof sent - 1);
	for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++) {
		run_to('.');
		assert_string_equal(log_text, steps[i]);
		stream_resume(stream);
	}
	stream_forget(stream, "the test says so");
	assert_string_equal(log_text, "one.two.[th|.four.[f|.six.[!|");
}

static void what_is_written_leaves(void **state)
{
	(void)state;
	char got[8] = { 0 };
	write_all("x.", 2);
	run_to('.');
	stream_write(stream, (slice){ "a\xff\0b", 4 });
	stream_close(stream);
	loop_run(loop);
	assert_true(ended);
	assert_int_equal(read(device, got, sizeof got), 4);
	assert_memory_equal(got, "a\xff\0b", 4);
}

static void what_cannot_be_opened(void **state)
{
	(void)state;
	const struct serial_settings settings = { .baud = 9600, .bits = 8, .stop = 1 };
	char why[200];
	assert_int_equal(serial_open("/dev/null", &settings, why, sizeof why), -1);
	assert_non_null(strstr(why, "no serial port"));
	assert_int_equal(serial_open("/nowhere/ttyS0", &settings, why, sizeof why), -1);
	assert_non_null(strstr(why, "plugged in"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bytes_that_are_marks_themselves, begin, end),
		cmocka_unit_test_setup_teardown(a_garbled_byte_takes_its_frame_with_it, begin, end),
		cmocka_unit_test_setup_teardown(marks_in_pieces, begin, end),
		cmocka_unit_test_setup_teardown(an_owner_who_pauses, begin, end),
		cmocka_unit_test_setup_teardown(what_is_written_leaves, begin, end),
		cmocka_unit_test(what_cannot_be_opened),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
