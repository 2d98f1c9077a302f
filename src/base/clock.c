#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t read_ns(clockid_t which)
{
	struct timespec now;
	(void)clock_gettime(which, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t clock_monotonic_us(void)
{
	return read_ns(CLOCK_MONOTONIC) / 1000;
}

uint64_t clock_monotonic_ms(void)
{
	return read_ns(CLOCK_MONOTONIC) / 1000000;
}

/* The commit's time, or SOURCE_DATE_EPOCH: the build says (toolchains/built.cmake). */
static const uint64_t floor_ns = UINT64_C(1000000000) * CLOCK_BUILT_S;

uint64_t clock_floored_ns(uint64_t system_ns, uint64_t running_ns, uint64_t earliest_ns)
{
	return system_ns >= earliest_ns ? system_ns : earliest_ns + running_ns;
}

uint64_t clock_wall_ns(void)
{
	uint64_t system_ns = read_ns(CLOCK_REALTIME);
	if (system_ns >= floor_ns)
		return system_ns;
	return clock_floored_ns(system_ns, read_ns(CLOCK_MONOTONIC), floor_ns);
}

bool clock_is_lost(void)
{
	return read_ns(CLOCK_REALTIME) < floor_ns;
}

static struct tm calendar(uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / UINT64_C(1000000000));
	struct tm when = { 0 };
	(void)gmtime_r(&seconds, &when);
	return when;
}

enum { DAY_BYTES = 20 };

static void day_and_time(uint64_t wall_ns, char text[DAY_BYTES])
{
	struct tm when = calendar(wall_ns);
	if (!strftime(text, DAY_BYTES, "%Y-%m-%dT%H:%M:%S", &when))
		text[0] = '\0';
}

void clock_text(uint64_t wall_ns, char text[CLOCK_TEXT_BYTES])
{
	char day[DAY_BYTES];
	day_and_time(wall_ns, day);
	(void)snprintf(
	        text, CLOCK_TEXT_BYTES, "%s.%03uZ", day, (unsigned)(wall_ns / 1000000 % 1000));
}

void clock_exact_text(uint64_t wall_ns, char text[CLOCK_EXACT_BYTES])
{
	char day[DAY_BYTES];
	day_and_time(wall_ns, day);
	(void)snprintf(text, CLOCK_EXACT_BYTES, "%s.%09uZ", day,
	        (unsigned)(wall_ns % UINT64_C(1000000000)));
}

void clock_http_text(uint64_t wall_ns, char text[CLOCK_HTTP_BYTES])
{
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec" };
	struct tm when = calendar(wall_ns);
	(void)snprintf(text, CLOCK_HTTP_BYTES, "%s, %02u %s %04u %02u:%02u:%02u GMT",
	        days[when.tm_wday % 7], (unsigned)when.tm_mday % 100, months[when.tm_mon % 12],
	        (unsigned)(when.tm_year + 1900) % 10000, (unsigned)when.tm_hour % 100,
	        (unsigned)when.tm_min % 100, (unsigned)when.tm_sec % 100);
}
