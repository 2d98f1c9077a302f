#include "support.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/media.h"
#include "base/own_address.h"
#include "base/random.h"
#include "base/text.h"
#include "base/uri.h"
#include "base/utf8.h"

static void siphash_gives_the_published_vectors(void **state)
{
	(void)state;
	/* Aumasson and Bernstein, SipHash, appendix A: key 00…0f, input 00…0e. */
	const uint64_t key[2] = { UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908) };
	unsigned char input[15];
	for (unsigned i = 0; i < sizeof input; i++)
		input[i] = (unsigned char)i;
	assert_true(siphash(key, input, sizeof input) == UINT64_C(0xa129ca6149be45e5));
}

static void a_clock_that_is_lost_begins_with_the_build(void **state)
{
	(void)state;
	const uint64_t floor_ns = UINT64_C(1764000000000000000), second = 1000000000;
	assert_true(clock_floored_ns(floor_ns, 5 * second, floor_ns) == floor_ns);
	assert_true(clock_floored_ns(floor_ns + 7, 5 * second, floor_ns) == floor_ns + 7);
	assert_true(clock_floored_ns(floor_ns - 1, 0, floor_ns) == floor_ns);
	/* It goes on, whatever the year of the lost clock. */
	assert_true(clock_floored_ns(0, 5 * second, floor_ns) == floor_ns + 5 * second);
	assert_true(clock_floored_ns(UINT64_C(946684800) * second, 6 * second, floor_ns) ==
	            floor_ns + 6 * second);
	/* This machine's, where it isn't lost, is what it says. */
	if (!clock_is_lost()) {
		struct timespec before, after;
		assert_int_equal(clock_gettime(CLOCK_REALTIME, &before), 0);
		uint64_t now_ns = clock_wall_ns();
		assert_int_equal(clock_gettime(CLOCK_REALTIME, &after), 0);
		assert_true(now_ns / second >= (uint64_t)before.tv_sec);
		assert_true(now_ns / second <= (uint64_t)after.tv_sec);
	}
}

static void paths_have_one_spelling(void **state)
{
	(void)state;
	static const struct {
		const char *raw, *normal;
	} cases[] = {
		{ "/ships/sensors/engine-7", "/ships/sensors/engine-7" },
		{ "/a%2Fb", "/a%2Fb" },
		{ "/a%2fb", "/a%2Fb" },
		{ "/%61", "/a" },
		{ "/a b", "/a%20b" },
		{ "/", "/" },
		{ "/a/", "/a/" },
		{ "/.hidden", "/.hidden" },
		{ "/a/../b", NULL },
		{ "/a/%2e%2E/b", NULL },
		{ "/a/.", NULL },
		{ "/a/..;x/b", NULL },
		{ "/a/..%2Fb", NULL },
		{ "/a%2f..%2fb", NULL },
		{ "/a/b%5C..", NULL },
		{ "/a%2F.%3Bx", NULL },
		{ "/a%2F...%3Bx/..b/c..", "/a%2F...;x/..b/c.." },
		{ "/a;x=..", "/a;x=.." },
		{ "/a%00", NULL },
		{ "/a%0d%0a", NULL },
		{ "/a%4", NULL },
		{ "/a%zz", NULL },
		{ "/%c0%af", NULL },
		{ "a", NULL },
		{ "", NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena arena;
		arena_init(&arena, 65536);
		slice path = { NULL, 0 };
		enum uri_verdict verdict =
		        uri_path_normalise(&arena, slice_of(cases[i].raw), &path);
		assert_int_equal(verdict, cases[i].normal ? URI_OK : URI_MALFORMED);
		if (cases[i].normal)
			assert_slice(path, cases[i].normal);
		arena_finish(&arena);
	}
}

static void topics_become_paths(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 65536);
	slice path;
	assert_int_equal(uri_path_from_text(&arena, SLICE("ships/a b/%"), &path), URI_OK);
	assert_slice(path, "/ships/a%20b/%25");
	assert_int_equal(uri_path_from_text(&arena, SLICE("/ships"), &path), URI_OK);
	assert_slice(path, "/ships");
	assert_int_equal(uri_path_from_text(&arena, SLICE("a/../b"), &path), URI_MALFORMED);
	assert_int_equal(uri_path_from_text(&arena, SLICE("a/..\\b"), &path), URI_MALFORMED);
	arena_finish(&arena);
}

static void urls_are_taken_apart(void **state)
{
	(void)state;
	struct uri uri;
	assert_true(uri_parse(SLICE("http://10.0.0.5:9000/base"), &uri));
	assert_slice(uri.scheme, "http");
	assert_slice(uri.host, "10.0.0.5");
	assert_int_equal(uri.port, 9000);
	assert_slice(uri.path, "/base");
	assert_true(uri_parse(SLICE("http://[::1]:80"), &uri));
	assert_slice(uri.host, "::1");
	assert_true(uri_parse(SLICE("http://backend"), &uri));
	assert_int_equal(uri.port, 0);
	static const char *const wrong[] = { "", "http:", "http://", "://x", "http://:80",
		"http://a:", "http://a:b", "http://a:70000", "http://[::1", "http://[::1]x" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(uri_parse(slice_of(wrong[i]), &uri));
}

static void only_this_machine_is_loopback(void **state)
{
	(void)state;
	static const char *const here[] = { "localhost", "LocalHost", "::1", "127.0.0.1",
		"127.255.255.254" };
	static const char *const elsewhere[] = { "", "127.evil.example", "127.0.0.1.example",
		"127.", "127.1", "127.0.0.1 ", "127.0.0.1111111111111", "128.0.0.1", "0.0.0.0",
		"::", "localhost.example", "localhos", "fe80::1" };
	for (size_t i = 0; i < sizeof here / sizeof *here; i++)
		assert_true(uri_host_is_loopback(slice_of(here[i])));
	for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
		assert_false(uri_host_is_loopback(slice_of(elsewhere[i])));
	assert_false(uri_host_is_loopback(SLICE("127.0.0.1\0.example")));
}

static void forms_have_blanks_for_pluses(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 4096);
	assert_slice(uri_decode(&arena, SLICE("a+b%20c")), "a+b c");
	assert_slice(uri_decode_form(&arena, SLICE("a+b%20c%2b")), "a b c+");
	assert_slice(uri_decode_form(&arena, SLICE("")), "");
	static const char *const wrong[] = { "%", "%4", "%4g", "a%" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_null(uri_decode(&arena, slice_of(wrong[i])).p);
		assert_null(uri_decode_form(&arena, slice_of(wrong[i])).p);
	}
	arena_finish(&arena);
}

static void bytes_have_two_digits(void **state)
{
	(void)state;
	char digits[6], bytes[3];
	hex_encode((slice){ "\0\x9f\xff", 3 }, digits);
	assert_memory_equal(digits, "009fff", 6);
	assert_true(hex_decode(SLICE("009fFF"), bytes));
	assert_memory_equal(bytes, "\0\x9f\xff", 3);
	assert_true(hex_decode(SLICE(""), bytes));
	static const char *const wrong[] = { "0", "000", "0g", "g0", " 0", "@a", "`a", "0x" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(hex_decode(slice_of(wrong[i]), bytes));
}

static void slices_are_put_into_one_block(void **state)
{
	(void)state;
	const slice texts[] = { SLICE("one"), { NULL, 0 }, SLICE("three") };
	slice room[3], *to = room;
	char bytes[16], *at = bytes;
	assert_int_equal(slice_room(texts, 3), sizeof room + 8);
	const slice *put = slice_put_all(&to, &at, texts, 3);
	assert_ptr_equal(put, room);
	assert_ptr_equal(to, room + 3);
	assert_ptr_equal(at, bytes + 8);
	assert_slice(put[0], "one");
	assert_slice(put[1], "");
	assert_slice(put[2], "three");
}

static void files_are_read_whole_or_not_at_all(void **state)
{
	(void)state;
	char path[] = "/tmp/fairlead-test-XXXXXX";
	struct arena arena;
	slice bytes;
	arena_init(&arena, 1 << 16);
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(file_read(&arena, path, 4, &bytes), 0);
	assert_true(bytes.p && !bytes.n);
	assert_true(file_write_all(fd, SLICE("four")));
	assert_int_equal(file_read(&arena, path, 4, &bytes), 0);
	assert_slice(bytes, "four");
	assert_int_equal(bytes.p[4], 0);
	assert_int_equal(file_read(&arena, path, 3, &bytes), EFBIG);
	assert_null(bytes.p);
	arena_starve(&arena, 4);
	assert_int_equal(file_read(&arena, path, 4, &bytes), ENOMEM);
	(void)close(fd);
	(void)unlink(path);
	assert_int_equal(file_read(&arena, path, 4, &bytes), ENOENT);
	assert_int_equal(file_read(&arena, "/tmp", 4, &bytes), EISDIR);
	/* One that says that it is empty, and is not short. */
	arena_finish(&arena);
	arena_init(&arena, 1 << 24);
	assert_int_equal(file_read(&arena, "/proc/self/smaps", 1 << 22, &bytes), 0);
	assert_true(bytes.n > 20000);
	assert_int_equal(file_read(&arena, "/proc/self/smaps", 20000, &bytes), EFBIG);
	assert_true(file_sync_folder("/tmp"));
	assert_false(file_sync_folder(path));
	arena_finish(&arena);
}

static void arenas_stop_at_their_budget(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 10000);
	assert_non_null(arena_alloc(&arena, 100));
	assert_null(arena_alloc(&arena, 20000));
	assert_null(arena_alloc(&arena, SIZE_MAX));
	char *grown = arena_alloc(&arena, 16);
	assert_ptr_equal(arena_grow(&arena, grown, 16, 64), grown);
	struct text text;
	text_init(&text, &arena, 0);
	for (unsigned i = 0; i < 5000; i++)
		text_literal(&text, "0123456789");
	assert_true(text.failed);
	assert_null(text_slice(&text).p);
	arena_finish(&arena);
}

static void media_types_have_parameters(void **state)
{
	(void)state;
	static const struct {
		const char *media, *value;
	} cases[] = {
		{ "text/plain; charset=utf-8", "utf-8" },
		{ "text/plain;format=flowed ; Charset = \"UTF-8\" ", "UTF-8" },
		{ "text/plain;charset=", "" },
		{ "text/plain;charset=\"", "\"" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_slice(media_parameter(slice_of(cases[i].media), "charset"), cases[i].value);
	assert_null(media_parameter(SLICE("text/plain"), "charset").p);
	assert_null(media_parameter(SLICE("text/plain;charset;x=y"), "charset").p);
	assert_null(media_parameter(SLICE("charset=utf-8"), "charset").p);
	assert_null(media_parameter(SLICE(""), "charset").p);
}

static void utf8_is_checked_strictly(void **state)
{
	(void)state;
	assert_true(utf8_valid(SLICE("plain ascii that is long enough")));
	assert_true(utf8_valid(SLICE("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80")));
	assert_false(utf8_valid(SLICE("\xc0\x80")));
	assert_false(utf8_valid(SLICE("\xed\xa0\x80")));
	assert_false(utf8_valid(SLICE("\xf4\x90\x80\x80")));
	assert_false(utf8_valid(SLICE("12345678\xe2\x82")));
	assert_false(utf8_valid(SLICE("\x80")));
}

/* Standard error is a pipe until end_capture() gives the line that was written into it, without its end. */
struct capture {
	int ends[2], kept;
	char line[1100];
};

static void begin_capture(struct capture *capture)
{
	capture->kept = dup(STDERR_FILENO);
	assert_int_equal(pipe(capture->ends), 0);
	(void)dup2(capture->ends[1], STDERR_FILENO);
}

static const char *end_capture(struct capture *capture)
{
	(void)dup2(capture->kept, STDERR_FILENO);
	ssize_t n = read(capture->ends[0], capture->line, sizeof capture->line - 1);
	(void)close(capture->kept);
	(void)close(capture->ends[0]);
	(void)close(capture->ends[1]);
	assert_true(n > 0);
	capture->line[n] = '\0';
	assert_ptr_equal(strchr(capture->line, '\n'), capture->line + n - 1);
	capture->line[n - 1] = '\0';
	return capture->line;
}

/* What one line becomes on standard error, behind its time, level and area. */
static void assert_logged(const char *said, const char *written)
{
	struct capture capture;
	begin_capture(&capture);
	log_info("area", "%s", said);
	const char *area = strstr(end_capture(&capture), " info area ");
	assert_non_null(area);
	assert_string_equal(area + strlen(" info area "), written);
}

/* The same of a command's line, whatever is shown of the log. */
static void assert_said(const char *said, const char *written)
{
	struct capture capture;
	begin_capture(&capture);
	log_say(LOG_LEVEL_ERROR, "%s", said);
	assert_string_equal(end_capture(&capture), written);
}

static void log_lines_cannot_be_forged(void **state)
{
	(void)state;
	assert_logged("plain \xc3\xbc", "plain \xc3\xbc");
	assert_logged("a\nb\x1b[2J\x7f", "a?b?[2J?");
	assert_logged("a\xc2\x9b"
	              "2Jb\xc2\xa0",
	        "a??2Jb\xc2\xa0");
	assert_logged("no utf-8: \xff\xc3\xbc", "no utf-8: ???");
}

/* A line while JOURNAL_STREAM names standard error, or with `inode` added to it another file. */
static void assert_in_journal(
        enum log_level level, unsigned inode, const char *said, const char *written)
{
	struct capture capture;
	struct stat about;
	char stream[64];
	begin_capture(&capture);
	(void)fstat(STDERR_FILENO, &about);
	(void)snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)about.st_dev,
	        (uintmax_t)about.st_ino + inode);
	(void)setenv("JOURNAL_STREAM", stream, 1);
	log_find_journal();
	log_write(level, "area", "%s", said);
	(void)unsetenv("JOURNAL_STREAM");
	const char *line = end_capture(&capture);
	if (inode)
		line = strstr(line, " area ");
	assert_non_null(line);
	assert_string_equal(line, written);
}

static void the_journal_is_told_the_level(void **state)
{
	(void)state;
	char longest[1100];
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	log_set_level(LOG_LEVEL_DEBUG);
	assert_in_journal(LOG_LEVEL_ERROR, 0, "said", "<3>area said");
	assert_in_journal(LOG_LEVEL_WARNING, 0, "said", "<4>area said");
	assert_in_journal(LOG_LEVEL_INFO, 0, "said", "<6>area said");
	assert_in_journal(LOG_LEVEL_DEBUG, 0, "said", "<7>area said");
	/* No second line, and so no second prefix. */
	assert_in_journal(LOG_LEVEL_INFO, 0, "a\n<0>b\r<1>c", "<6>area a?<0>b?<1>c");
	struct capture capture;
	begin_capture(&capture);
	log_error("area", "%s", longest);
	assert_int_equal(strlen(end_capture(&capture)), 1022);
	assert_memory_equal(capture.line, "<3>area xx", 10);
	assert_said("a\n<0>b", "<3>a?<0>b");
	/* Somebody else's stream, and then none. */
	assert_in_journal(LOG_LEVEL_ERROR, 1, "said", " area said");
	assert_said("a\nb\x1b", "a?b?");
	assert_in_journal(LOG_LEVEL_ERROR, 0, "said", "<3>area said");
	log_find_journal();
	log_set_level(LOG_LEVEL_INFO);
	assert_logged("said", "said");
}

static void addresses_are_this_machines_or_not(void **state)
{
	(void)state;
	static const char *const own[] = { "127.0.0.1", "127.77.0.5", "0.0.0.0" };
	/* RFC 5737 gives the first to documents, and to no machine. */
	static const char *const others[] = { "192.0.2.1", "", "[]", "[", "]", "localhost",
		"127.0.0.1:80", "1.2.3.4.5", "[127.0.0.1", "/run/fairlead/line.sock" };
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		assert_true(own_address_is(slice_of(own[i])));
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_false(own_address_is(slice_of(others[i])));
	char large[1000];
	memset(large, '1', sizeof large);
	assert_false(own_address_is((slice){ large, sizeof large }));
	/* Where there is IPv6. */
	assert_int_equal(own_address_is(SLICE("::1")), own_address_is(SLICE("[::1]")));
	assert_false(own_address_is(SLICE("[2001:db8::1]")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(log_lines_cannot_be_forged),
		cmocka_unit_test(the_journal_is_told_the_level),
		cmocka_unit_test(siphash_gives_the_published_vectors),
		cmocka_unit_test(a_clock_that_is_lost_begins_with_the_build),
		cmocka_unit_test(paths_have_one_spelling),
		cmocka_unit_test(topics_become_paths),
		cmocka_unit_test(urls_are_taken_apart),
		cmocka_unit_test(only_this_machine_is_loopback),
		cmocka_unit_test(forms_have_blanks_for_pluses),
		cmocka_unit_test(files_are_read_whole_or_not_at_all),
		cmocka_unit_test(addresses_are_this_machines_or_not),
		cmocka_unit_test(bytes_have_two_digits),
		cmocka_unit_test(slices_are_put_into_one_block),
		cmocka_unit_test(arenas_stop_at_their_budget),
		cmocka_unit_test(media_types_have_parameters),
		cmocka_unit_test(utf8_is_checked_strictly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
