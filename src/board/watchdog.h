/* watchdog: the board's hardware watchdog: from watchdog_open() on it resets the box unless it is fed in time. For boxes on which no
 * service manager feeds it (Documentation/watchdog/watchdog-api.rst of the kernel).
 *
 * One thread. Opening and closing may take the driver some milliseconds; feeding does not block. */
#ifndef BOARD_WATCHDOG_H
#define BOARD_WATCHDOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watchdog;
struct watchdog_info;

/* The system calls that it is made of, as the C library has them: -1 is errno. For tests, since no file takes ioctls. */
struct watchdog_system {
	int (*open)(void *arg, const char *path);
	int (*number)(void *arg, int fd, unsigned long request, int *number);
	int (*describe)(void *arg, int fd, struct watchdog_info *);
	int (*write)(void *arg, int fd, const char *bytes, size_t n);
	int (*close)(void *arg, int fd);
	void *arg;
};

extern const struct watchdog_system watchdog_machine;

enum { WATCHDOG_WHY_BYTES = 200, WATCHDOG_TEXT_BYTES = 160 };

/* Starts it, set to a time as near to this as it can do. Said in the log: what was granted, and what the driver tells of the last
 * boot. `watchdog_system` is borrowed. NULL: it is not running by this call; `why` says what is wrong, and what to do about it. */
struct watchdog *watchdog_open(const struct watchdog_system *, const char *path,
        uint64_t timeout_ms, char why[WATCHDOG_WHY_BYTES]);
/* What was granted: without being fed for so long it resets the box. */
uint64_t watchdog_timeout_ms(const struct watchdog *);
/* false: the driver does not take it; said once in the log. */
bool watchdog_feed(struct watchdog *);
/* Stops it, where driver and kernel let it be stopped. Without this call (a crash) it goes on, and the box is reset. NULL is fine. */
void watchdog_close(struct watchdog *);

/* What the bits of WDIOC_GETBOOTSTATUS say, for people; empty: nothing out of the ordinary. */
void watchdog_boot_text(unsigned status, char text[WATCHDOG_TEXT_BYTES]);

#endif
