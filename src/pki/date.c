#include "pki/date.h"

#include <stdio.h>

#include "base/clock.h"

enum { YEAR_FIRST = 1970, YEAR_LAST = 9999, DAYS_TO_1970 = 719468, DAYS_IN_400_YEARS = 146097 };

#define DATE_LAST INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* Days since 1970 of a date in the Gregorian calendar. Years begin in March here, so that the leap day is the last
 * of its year, and the days before a month follow one formula. */
static int64_t days_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = y / 400, year_of_era = y % 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * DAYS_IN_400_YEARS + day_of_era - DAYS_TO_1970;
}

int64_t pki_date_now(void)
{
	return (int64_t)(clock_wall_ns() / 1000000000u);
}

int64_t pki_date_of(const struct tm *tm)
{
	return days_of(tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday) * PKI_DAY_SECONDS +
	       tm->tm_hour * 3600 + tm->tm_min * 60 + tm->tm_sec;
}

void pki_date_text(int64_t seconds, char text[PKI_DATE_BYTES])
{
	int64_t moment = seconds < 0 ? 0 : seconds > DATE_LAST ? DATE_LAST : seconds;
	int64_t days = moment / PKI_DAY_SECONDS + DAYS_TO_1970;
	unsigned rest = (unsigned)(moment % PKI_DAY_SECONDS);
	int64_t era = days / DAYS_IN_400_YEARS, day_of_era = days % DAYS_IN_400_YEARS;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
	                              day_of_era / (DAYS_IN_400_YEARS - 1)) /
	                      365;
	int64_t day_of_year =
	        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned shifted = (unsigned)((5 * day_of_year + 2) / 153);
	unsigned day = (unsigned)(day_of_year - (153 * (int64_t)shifted + 2) / 5 + 1);
	unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
	unsigned year = (unsigned)(era * 400 + year_of_era + (month <= 2));
	/* The remainders tell the compiler what the calendar does: each number has its two or four digits. */
	(void)snprintf(text, PKI_DATE_BYTES, "%04u-%02u-%02uT%02u:%02u:%02uZ", year % 10000u,
	        month % 100u, day % 100u, rest / 3600 % 24, rest / 60 % 60, rest % 60);
}

static bool number(slice text, size_t from, size_t n, int *value)
{
	*value = 0;
	for (size_t i = from; i < from + n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		*value = *value * 10 + (text.p[i] - '0');
	}
	return true;
}

bool pki_date_parse(slice text, int64_t *seconds)
{
	int year, month, day, hour, minute, second;
	if (text.n != PKI_DATE_BYTES - 1 || !number(text, 0, 4, &year) ||
	        !number(text, 5, 2, &month) || !number(text, 8, 2, &day) ||
	        !number(text, 11, 2, &hour) || !number(text, 14, 2, &minute) ||
	        !number(text, 17, 2, &second))
		return false;
	if (year < YEAR_FIRST || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 ||
	        second > 59)
		return false;
	*seconds = days_of(year, month, day) * PKI_DAY_SECONDS + hour * 3600 + minute * 60 + second;
	/* The 31st of a month that has 30 days reads back as another day; so does a wrong separator. */
	char again[PKI_DATE_BYTES];
	pki_date_text(*seconds, again);
	return memcmp(again, text.p, text.n) == 0;
}
