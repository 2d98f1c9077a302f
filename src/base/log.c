#include "base/log.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LINE_BYTES = 1024,
	SAID_BYTES = 4096,
	STREAM_BYTES = 48, /* two numbers of 64 bits */
};

static _Atomic int level_shown = LOG_LEVEL_INFO;
static _Atomic bool in_journal;

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

void log_find_journal(void)
{
	const char *named = getenv("JOURNAL_STREAM");
	char stream[STREAM_BYTES];
	struct stat about;
	bool is_it = false;
	if (named && fstat(STDERR_FILENO, &about) == 0) {
		(void)snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)about.st_dev,
		        (uintmax_t)about.st_ino);
		is_it = strcmp(named, stream) == 0;
	}
	atomic_store_explicit(&in_journal, is_it, memory_order_relaxed);
}

/* With syslog(3)'s numbers; empty where standard error is not the journal. */
static const char *prefix_of(enum log_level level)
{
	if (!atomic_load_explicit(&in_journal, memory_order_relaxed))
		return "";
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "<3>";
	case LOG_LEVEL_WARNING:
		return "<4>";
	case LOG_LEVEL_INFO:
		return "<6>";
	case LOG_LEVEL_DEBUG:
		return "<7>";
	}
	return "";
}

/* As snprintf(). */
static int write_head(char *line, size_t size, enum log_level level, const char *area)
{
	const char *prefix = prefix_of(level);
	char when[CLOCK_TEXT_BYTES];
	if (*prefix)
		return snprintf(line, size, "%s%s ", prefix, area);
	clock_text(clock_wall_ns(), when);
	return snprintf(line, size, "%s %s %s ", when, level_name(level), area);
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

/* Ends the line and writes it. `used`: as much as there would be if there were room. */
static void write_line(char *line, size_t size, size_t used)
{
	if (used > size - 2)
		used = size - 2;
	make_printable(line, used);
	line[used++] = '\n';
	/* One write a line keeps lines of several threads whole; a log that cannot be written is no reason
	 * to stop the traffic. */
	ssize_t written = write(STDERR_FILENO, line, used);
	(void)written;
}

void log_write(enum log_level level, const char *area, const char *format, ...)
{
	if (!log_enabled(level))
		return;
	char line[LINE_BYTES];
	int n = write_head(line, sizeof line, level, area);
	if (n < 0 || (size_t)n >= sizeof line - 1)
		return;
	size_t used = (size_t)n;
	va_list arguments;
	va_start(arguments, format);
	n = vsnprintf(line + used, sizeof line - 1 - used, format, arguments);
	va_end(arguments);
	if (n >= 0)
		write_line(line, sizeof line, used + (size_t)n);
}

void log_say(enum log_level level, const char *format, ...)
{
	char line[SAID_BYTES];
	size_t used = (size_t)snprintf(line, sizeof line, "%s", prefix_of(level));
	va_list arguments;
	va_start(arguments, format);
	int n = vsnprintf(line + used, sizeof line - 1 - used, format, arguments);
	va_end(arguments);
	if (n >= 0)
		write_line(line, sizeof line, used + (size_t)n);
}
