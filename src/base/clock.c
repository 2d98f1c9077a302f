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

uint64_t clock_wall_ns(void)
{
	return read_ns(CLOCK_REALTIME);
}

void clock_text(uint64_t wall_ns, char text[CLOCK_TEXT_BYTES])
{
	time_t seconds = (time_t)(wall_ns / UINT64_C(1000000000));
	unsigned milliseconds = (unsigned)(wall_ns / 1000000 % 1000);
	struct tm when;
	char day[20];
	if (!gmtime_r(&seconds, &when) || !strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &when)) {
		text[0] = '\0';
		return;
	}
	(void)snprintf(text, CLOCK_TEXT_BYTES, "%s.%03uZ", day, milliseconds);
}
