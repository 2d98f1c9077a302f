/* The device counts from the moment in which it is opened. A write feeds it; one that has a 'V' in it tells the driver that the close()
 * which follows is meant, and it stops (WDIOF_MAGICCLOSE): that is written at an orderly end alone. A kernel or driver with
 * `nowayout` does not stop it even then.
 *
 * WHAT IT IS SET TO IS READ BACK: drivers round, and take their maximum for what they cannot do or refuse it. One that says no time at
 * all is fed each second. */
#include "board/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/watchdog.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"

enum { UNKNOWN_SECONDS = 2, SECONDS_MAX = 24 * 3600 };

struct watchdog {
	const struct watchdog_system *system;
	int fd;
	uint64_t timeout_ms;
	bool failing;
};

/* ---- The machine. */

static int open_device(void *arg, const char *path)
{
	(void)arg;
	return open(path, O_WRONLY | O_CLOEXEC);
}

/* A request is an unsigned long to glibc and an int to musl; the kernel takes the 32 bits of either. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Woverflow"

static int call_number(void *arg, int fd, unsigned long request, int *number)
{
	(void)arg;
	return ioctl(fd, request, number);
}

static int call_describe(void *arg, int fd, struct watchdog_info *about)
{
	(void)arg;
	return ioctl(fd, WDIOC_GETSUPPORT, about);
}

#pragma GCC diagnostic pop

static int write_device(void *arg, int fd, const char *bytes, size_t n)
{
	(void)arg;
	return write(fd, bytes, n) == (ssize_t)n ? 0 : -1;
}

static int close_device(void *arg, int fd)
{
	(void)arg;
	return close(fd);
}

const struct watchdog_system watchdog_machine = { .open = open_device,
	.number = call_number,
	.describe = call_describe,
	.write = write_device,
	.close = close_device };

/* ---- Words. */

static const char *meaning(int errno_value)
{
	switch (errno_value) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return "there is no such device: is its driver loaded?";
	case EACCES:
	case EPERM:
		return "not permitted: see fairlead board --udev";
	case EBUSY:
		return "another program feeds it (systemd with RuntimeWatchdogSec=, or a watchdog "
		       "daemon)";
	case ENOTTY:
		return "this is no watchdog";
	default:
		return strerror(errno_value);
	}
}

void watchdog_boot_text(unsigned status, char text[WATCHDOG_TEXT_BYTES])
{
	static const struct {
		unsigned bit;
		const char *text;
	} causes[] = { { WDIOF_CARDRESET, "the watchdog has reset it" },
		{ WDIOF_OVERHEAT, "it was too hot" }, { WDIOF_FANFAULT, "a fan stood still" },
		{ WDIOF_POWERUNDER, "the voltage was too low" },
		{ WDIOF_POWEROVER, "the voltage was too high" },
		{ WDIOF_EXTERN1, "external line 1 asked for it" },
		{ WDIOF_EXTERN2, "external line 2 asked for it" } };
	size_t n = 0;
	text[0] = '\0';
	for (unsigned i = 0; i < sizeof causes / sizeof *causes; i++) {
		if (!(status & causes[i].bit))
			continue;
		int more = snprintf(
		        text + n, WATCHDOG_TEXT_BYTES - n, "%s%s", n ? "; " : "", causes[i].text);
		n += more > 0 && (size_t)more < WATCHDOG_TEXT_BYTES - n ? (size_t)more : 0;
		text[n] = '\0';
	}
}

/* ---- Its life. */

static int ask(const struct watchdog *watchdog, unsigned long request, int *number)
{
	const struct watchdog_system *system = watchdog->system;
	return system->number(system->arg, watchdog->fd, request, number);
}

static void set_timeout(struct watchdog *watchdog, uint64_t wanted_ms)
{
	uint64_t seconds = (wanted_ms + 999) / 1000;
	int wanted = seconds > SECONDS_MAX ? SECONDS_MAX : (int)seconds, granted = wanted;
	bool set = ask(watchdog, WDIOC_SETTIMEOUT, &granted) == 0;
	if (ask(watchdog, WDIOC_GETTIMEOUT, &granted) != 0 || granted <= 0)
		granted = set ? wanted : UNKNOWN_SECONDS;
	watchdog->timeout_ms = (uint64_t)granted * 1000;
	if (granted != wanted)
		log_warning("board", "the watchdog does not do %d s, but %d s", wanted, granted);
}

static void say_what_it_is(
        const struct watchdog *watchdog, const char *path, const struct watchdog_info *about)
{
	int status = 0;
	char cause[WATCHDOG_TEXT_BYTES];
	log_info("board", "watchdog: %s (%.*s) resets the box after %" PRIu64 " s%s", path,
	        (int)sizeof about->identity, (const char *)about->identity,
	        watchdog->timeout_ms / 1000,
	        about->options & WDIOF_MAGICCLOSE
	                ? ""
	                : ", and cannot tell an orderly end from a crash");
	if (ask(watchdog, WDIOC_GETBOOTSTATUS, &status) != 0)
		return;
	watchdog_boot_text((unsigned)status, cause);
	if (*cause)
		log_warning("board", "watchdog: why the box was started: %s", cause);
}

struct watchdog *watchdog_open(const struct watchdog_system *system, const char *path,
        uint64_t timeout_ms, char why[WATCHDOG_WHY_BYTES])
{
	struct watchdog *watchdog = calloc(1, sizeof *watchdog);
	if (!watchdog) {
		(void)snprintf(why, WATCHDOG_WHY_BYTES, "out of memory");
		return NULL;
	}
	watchdog->system = system;
	watchdog->fd = system->open(system->arg, path);
	struct watchdog_info about = { 0 };
	if (watchdog->fd >= 0 && system->describe(system->arg, watchdog->fd, &about) == 0) {
		set_timeout(watchdog, timeout_ms);
		say_what_it_is(watchdog, path, &about);
		return watchdog;
	}
	(void)snprintf(why, WATCHDOG_WHY_BYTES, "%s", meaning(errno));
	if (watchdog->fd >= 0)
		(void)system->close(system->arg, watchdog->fd);
	free(watchdog);
	return NULL;
}

uint64_t watchdog_timeout_ms(const struct watchdog *watchdog)
{
	return watchdog->timeout_ms;
}

bool watchdog_feed(struct watchdog *watchdog)
{
	const struct watchdog_system *system = watchdog->system;
	bool fed = system->write(system->arg, watchdog->fd, "\0", 1) == 0;
	if (!fed && !watchdog->failing)
		log_error("board", "the watchdog cannot be fed: %s", strerror(errno));
	watchdog->failing = !fed;
	return fed;
}

void watchdog_close(struct watchdog *watchdog)
{
	if (!watchdog)
		return;
	const struct watchdog_system *system = watchdog->system;
	if (system->write(system->arg, watchdog->fd, "V", 1) != 0)
		log_error("board", "the watchdog cannot be stopped: %s", strerror(errno));
	(void)system->close(system->arg, watchdog->fd);
	free(watchdog);
}
