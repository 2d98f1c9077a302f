/* One line an event, on standard error: "TIME LEVEL AREA what happened key=value …".
 *
 * The journal has a time and a priority of its own for each line. There the level is sd-daemon(3)'s prefix and the time is left
 * out: "<3>AREA what happened …", of which the journal keeps what is behind the prefix.
 *
 * Never a secret, never a body. Control characters (those above ASCII too) and what is no UTF-8 are replaced when
 * the line is written, so that no peer can forge a line, hide one from the journal or steer a terminal. Any
 * thread. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above this level are not written. The one setting outside a struct. */
void log_set_level(enum log_level);
bool log_enabled(enum log_level);

/* Looks whether standard error is the journal: $JOURNAL_STREAM names its device and inode (systemd.exec(5)). The variable alone
 * says nothing, since whoever redirects standard error leaves it as it is. To be called before there are threads, by what a service
 * manager starts; until then, and where it finds nothing, lines have their time and level in words. */
void log_find_journal(void);

void log_write(enum log_level, const char *area, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* What a command has to say to whoever called it, as one line on standard error whatever level is shown: as it is, but printable; in
 * the journal behind its prefix. Up to 4 KiB. */
void log_say(enum log_level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(area, ...)   log_write(LOG_LEVEL_ERROR, area, __VA_ARGS__)
#define log_warning(area, ...) log_write(LOG_LEVEL_WARNING, area, __VA_ARGS__)
#define log_info(area, ...)    log_write(LOG_LEVEL_INFO, area, __VA_ARGS__)
#define log_debug(area, ...)                                                                       \
	do {                                                                                       \
		if (log_enabled(LOG_LEVEL_DEBUG))                                                  \
			log_write(LOG_LEVEL_DEBUG, area, __VA_ARGS__);                             \
	} while (0)

#endif
