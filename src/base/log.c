#include "base/log.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static _Atomic int level_shown = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&level_shown, (int)level, memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&level_shown, memory_order_relaxed);
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error";
	case LOG_LEVEL_WARNING:
		return "warning";
	case LOG_LEVEL_INFO:
		return "info";
	case LOG_LEVEL_DEBUG:
		return "debug";
	}
	return "?";
}

static void make_printable(char *line, size_t n)
{
	bool utf8 = utf8_valid((slice){ line, n });
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)line[i];
		if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8)) {
			line[i] = '?';
		} else if (c == 0xc2 && (unsigned char)line[i + 1] < 0xa0) {
			/* U+0080 to U+009F: controls in two bytes. */
			line[i] = line[i + 1] = '?';
		}
	}
}

void log_write(enum log_level level, const char *area, const char *format, ...)
{
	if (!log_enabled(level))
		return;
	char line[1024], when[CLOCK_TEXT_BYTES];
	clock_text(clock_wall_ns(), when);
	int n = snprintf(line, sizeof line, "%s %s %s ", when, level_name(level), area);
	if (n < 0 || (size_t)n >= sizeof line - 1)
		return;
	size_t used = (size_t)n;
	va_list arguments;
	va_start(arguments, format);
	n = vsnprintf(line + used, sizeof line - 1 - used, format, arguments);
	va_end(arguments);
	if (n < 0)
		return;
	used += (size_t)n;
	if (used > sizeof line - 2)
		used = sizeof line - 2;
	make_printable(line, used);
	line[used++] = '\n';
	/* One write a line keeps lines of several threads whole; a log that cannot be written is no reason
	 * to stop the traffic. */
	ssize_t written = write(STDERR_FILENO, line, used);
	(void)written;
}
