/* The hardware watchdog, with a driver that is played by hand: what it is asked, what it grants, and when it is told to stop. */
#include "support.h"

#include <errno.h>
#include <linux/watchdog.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "board/watchdog.h"

static struct driver {
	int open_errno;  /* 0: it can be opened */
	int options;     /* -1: it is no watchdog */
	int most, least; /* seconds; most 0: SETTIMEOUT is not done */
	bool silent;     /* it does not say its time */
	int boot;
	int timeout;
	bool is_open, runs, takes_no_food;
	unsigned fed;
	bool meant; /* the last write had a V */
} driver;

static int play_open(void *arg, const char *path)
{
	struct driver *self = arg;
	assert_string_equal(path, "/dev/watchdog0");
	errno = self->open_errno;
	if (errno)
		return -1;
	assert_false(self->is_open);
	self->is_open = self->runs = true;
	return 5;
}

static int play_number(void *arg, int fd, unsigned long request, int *number)
{
	struct driver *self = arg;
	assert_int_equal(fd, 5);
	errno = EOPNOTSUPP;
	switch (request) {
	case WDIOC_SETTIMEOUT:
		if (!self->most)
			return -1;
		errno = EINVAL;
		if (*number < self->least)
			return -1;
		self->timeout = *number > self->most ? self->most : *number;
		return 0;
	case WDIOC_GETTIMEOUT:
		if (self->silent)
			return -1;
		*number = self->timeout;
		return 0;
	case WDIOC_GETBOOTSTATUS:
		*number = self->boot;
		return 0;
	default:
		fail_msg("another request: %lx", request);
		return -1;
	}
}

static int play_describe(void *arg, int fd, struct watchdog_info *about)
{
	struct driver *self = arg;
	assert_int_equal(fd, 5);
	errno = ENOTTY;
	if (self->options < 0)
		return -1;
	about->options = (unsigned)self->options;
	/* All of its 32 bytes, without an end. */
	memset(about->identity, 'w', sizeof about->identity);
	return 0;
}

static int play_write(void *arg, int fd, const char *bytes, size_t n)
{
	struct driver *self = arg;
	assert_int_equal(fd, 5);
	self->meant = memchr(bytes, 'V', n) != NULL;
	self->fed++;
	errno = EIO;
	return self->takes_no_food ? -1 : 0;
}

static int play_close(void *arg, int fd)
{
	struct driver *self = arg;
	assert_int_equal(fd, 5);
	assert_true(self->is_open);
	self->is_open = false;
	self->runs = !self->meant;
	return 0;
}

static const struct watchdog_system played = { play_open, play_number, play_describe, play_write,
	play_close, &driver };

static char why[WATCHDOG_WHY_BYTES];

static struct watchdog *open_with(struct driver as)
{
	driver = as;
	return watchdog_open(&played, "/dev/watchdog0", 15000, why);
}

static void it_is_fed_and_stopped_by_a_word(void **state)
{
	(void)state;
	struct watchdog *watchdog =
	        open_with((struct driver){ .options = WDIOF_MAGICCLOSE, .most = 60 });
	assert_non_null(watchdog);
	assert_int_equal(watchdog_timeout_ms(watchdog), 15000);
	assert_true(watchdog_feed(watchdog));
	assert_int_equal(driver.fed, 1);
	assert_false(driver.meant);
	assert_true(driver.runs);
	watchdog_close(watchdog);
	assert_false(driver.is_open);
	assert_false(driver.runs);
	watchdog_close(NULL);
}

static void what_was_granted_is_what_counts(void **state)
{
	(void)state;
	static const struct {
		struct driver as;
		unsigned granted_ms;
	} cases[] = {
		{ { .most = 10 }, 10000 },
		{ { .most = 60, .least = 30, .timeout = 30 }, 30000 }, /* refused: as it was */
		{ { .most = 0, .timeout = 120 }, 120000 },
		{ { .most = 0, .silent = true }, 2000 },
		{ { .most = 60, .silent = true }, 15000 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct watchdog *watchdog = open_with(cases[i].as);
		assert_non_null(watchdog);
		assert_int_equal(watchdog_timeout_ms(watchdog), cases[i].granted_ms);
		watchdog_close(watchdog);
	}
	/* Whole seconds, and not less than was asked for. */
	driver = (struct driver){ .most = 60 };
	struct watchdog *watchdog = watchdog_open(&played, "/dev/watchdog0", 1500, why);
	assert_int_equal(watchdog_timeout_ms(watchdog), 2000);
	watchdog_close(watchdog);
}

static void one_that_cannot_be_had_says_why(void **state)
{
	(void)state;
	static const struct {
		int code;
		const char *part;
	} cases[] = { { ENOENT, "driver" }, { EBUSY, "RuntimeWatchdogSec" }, { EACCES, "--udev" },
		{ EPERM, "--udev" }, { EIO, "" } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_null(open_with((struct driver){ .open_errno = cases[i].code }));
		assert_non_null(strstr(why, cases[i].part));
		assert_true(*why);
		assert_int_equal(driver.fed, 0);
	}
	/* A file of another kind is left as it was: no word is written into it. */
	assert_null(open_with((struct driver){ .options = -1 }));
	assert_non_null(strstr(why, "no watchdog"));
	assert_false(driver.is_open);
	assert_int_equal(driver.fed, 0);
}

static void one_that_is_not_fed_says_so(void **state)
{
	(void)state;
	struct watchdog *watchdog = open_with((struct driver){ .most = 60, .takes_no_food = true });
	assert_false(watchdog_feed(watchdog));
	assert_false(watchdog_feed(watchdog));
	driver.takes_no_food = false;
	assert_true(watchdog_feed(watchdog));
	watchdog_close(watchdog);
}

static void the_last_boot_has_its_causes(void **state)
{
	(void)state;
	char text[WATCHDOG_TEXT_BYTES];
	watchdog_boot_text(0, text);
	assert_string_equal(text, "");
	watchdog_boot_text(WDIOF_CARDRESET, text);
	assert_string_equal(text, "the watchdog has reset it");
	watchdog_boot_text(WDIOF_CARDRESET | WDIOF_POWERUNDER, text);
	assert_string_equal(text, "the watchdog has reset it; the voltage was too low");
	watchdog_boot_text(WDIOF_MAGICCLOSE | WDIOF_KEEPALIVEPING, text);
	assert_string_equal(text, "");
	watchdog_boot_text(~0u, text); /* all of them, as far as there is room */
	assert_true(strlen(text) < sizeof text);
	struct watchdog *watchdog =
	        open_with((struct driver){ .most = 60, .boot = WDIOF_CARDRESET });
	assert_non_null(watchdog);
	watchdog_close(watchdog);
}

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_fed_and_stopped_by_a_word),
		cmocka_unit_test(what_was_granted_is_what_counts),
		cmocka_unit_test(one_that_cannot_be_had_says_why),
		cmocka_unit_test(one_that_is_not_fed_says_so),
		cmocka_unit_test(the_last_boot_has_its_causes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
