/* One line an event, on standard error: "TIME LEVEL AREA what happened key=value …".
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

void log_write(enum log_level, const char *area, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#define log_error(area, ...)   log_write(LOG_LEVEL_ERROR, area, __VA_ARGS__)
#define log_warning(area, ...) log_write(LOG_LEVEL_WARNING, area, __VA_ARGS__)
#define log_info(area, ...)    log_write(LOG_LEVEL_INFO, area, __VA_ARGS__)
#define log_debug(area, ...)                                                                       \
	do {                                                                                       \
		if (log_enabled(LOG_LEVEL_DEBUG))                                                  \
			log_write(LOG_LEVEL_DEBUG, area, __VA_ARGS__);                             \
	} while (0)

#endif
