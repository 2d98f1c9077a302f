#include "codec/protobuf/time.h"

#include <inttypes.h>

enum { NANOS = 1000000000, DAY_SECONDS = 86400 };

static const int64_t TIMESTAMP_MIN = INT64_C(-62135596800); /* 0001-01-01T00:00:00Z */
static const int64_t TIMESTAMP_MAX = INT64_C(253402300799); /* 9999-12-31T23:59:59Z */
static const int64_t DURATION_MAX = INT64_C(315576000000);

/* Days since 1970-01-01 in the Gregorian calendar, and back (Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms"): years begin in March, so that the leap day is the last. */
static int64_t days_from_date(int64_t year, unsigned month, unsigned day)
{
	year -= month <= 2;
	int64_t era = year / 400; /* years from 0 on */
	unsigned of_era = (unsigned)(year - era * 400);
	unsigned of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_from_days(int64_t days, int *year, unsigned *month, unsigned *day)
{
	days += 719468; /* since 0000-03-01; never negative from the year 1 on */
	int64_t era = days / 146097;
	unsigned of_era = (unsigned)(days - era * 146097);
	unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned march_month = (5 * of_year + 2) / 153;
	*day = of_year - (153 * march_month + 2) / 5 + 1;
	*month = march_month < 10 ? march_month + 3 : march_month - 9;
	*year = (int)(year_of_era + era * 400) + (*month <= 2);
}

static unsigned days_of_month(unsigned year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month == 2 && leap ? 29 : days[month - 1];
}

/* Takes exactly `ndigits` decimal digits from the front. */
static bool take_digits(slice *rest, unsigned ndigits, unsigned *number)
{
	if (rest->n < ndigits)
		return false;
	*number = 0;
	for (unsigned i = 0; i < ndigits; i++) {
		char c = rest->p[i];
		if (c < '0' || c > '9')
			return false;
		*number = *number * 10 + (unsigned)(c - '0');
	}
	*rest = (slice){ rest->p + ndigits, rest->n - ndigits };
	return true;
}

static bool take_char(slice *rest, const char *any_of)
{
	if (!rest->n || !strchr(any_of, rest->p[0]) || !rest->p[0])
		return false;
	*rest = (slice){ rest->p + 1, rest->n - 1 };
	return true;
}

/* Takes ".5" from the front, as nanoseconds; nothing there is 0. */
static bool take_fraction(slice *rest, int32_t *nanos)
{
	*nanos = 0;
	if (!take_char(rest, "."))
		return true;
	int32_t unit = NANOS;
	unsigned digit;
	while (take_digits(rest, 1, &digit)) {
		unit /= 10;
		if (!unit)
			return false; /* the tenth digit */
		*nanos += (int32_t)digit * unit;
	}
	return unit < NANOS;
}

bool protobuf_timestamp_parse(slice text, int64_t *seconds, int32_t *nanos)
{
	unsigned year, month, day, hour, minute, second, zone_hour = 0, zone_minute = 0;
	slice rest = text;
	if (!take_digits(&rest, 4, &year) || !take_char(&rest, "-") ||
	        !take_digits(&rest, 2, &month) || !take_char(&rest, "-") ||
	        !take_digits(&rest, 2, &day) || !take_char(&rest, "Tt") ||
	        !take_digits(&rest, 2, &hour) || !take_char(&rest, ":") ||
	        !take_digits(&rest, 2, &minute) || !take_char(&rest, ":") ||
	        !take_digits(&rest, 2, &second) || !take_fraction(&rest, nanos))
		return false;
	bool behind = rest.n && rest.p[0] == '-';
	if (!take_char(&rest, "Zz") &&
	        (!take_char(&rest, "+-") || !take_digits(&rest, 2, &zone_hour) ||
	                !take_char(&rest, ":") || !take_digits(&rest, 2, &zone_minute)))
		return false;
	if (rest.n || !year || !month || month > 12 || !day || day > days_of_month(year, month) ||
	        hour > 23 || minute > 59 || second > 59 || zone_hour > 23 || zone_minute > 59)
		return false;
	int64_t zone = (int64_t)zone_hour * 3600 + zone_minute * 60;
	*seconds = days_from_date(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 +
	           second + (behind ? zone : -zone);
	return *seconds >= TIMESTAMP_MIN && *seconds <= TIMESTAMP_MAX;
}

/* ".5" with 3, 6 or 9 digits, or nothing. */
static const char *fraction_text(int32_t nanos, char text[11])
{
	unsigned digits = nanos % 1000 ? 9 : nanos % 1000000 ? 6 : nanos ? 3 : 0;
	text[0] = digits ? '.' : '\0';
	text[digits ? digits + 1 : 0] = '\0';
	for (int32_t unit = NANOS / 10, i = 1; i <= (int32_t)digits; i++, unit /= 10)
		text[i] = (char)('0' + nanos / unit % 10);
	return text;
}

slice protobuf_timestamp_text(struct arena *arena, int64_t seconds, int32_t nanos)
{
	if (seconds < TIMESTAMP_MIN || seconds > TIMESTAMP_MAX || nanos < 0 || nanos >= NANOS)
		return (slice){ NULL, 0 };
	int64_t days = seconds / DAY_SECONDS - (seconds % DAY_SECONDS < 0);
	unsigned of_day = (unsigned)(seconds - days * DAY_SECONDS);
	int year;
	unsigned month, day;
	date_from_days(days, &year, &month, &day);
	char fraction[11];
	return arena_printf(arena, "%04d-%02u-%02uT%02u:%02u:%02u%sZ", year, month, day,
	        of_day / 3600, of_day / 60 % 60, of_day % 60, fraction_text(nanos, fraction));
}

bool protobuf_duration_parse(slice text, int64_t *seconds, int32_t *nanos)
{
	slice rest = text;
	bool negative = take_char(&rest, "-");
	unsigned digit, ndigits = 0;
	*seconds = 0;
	for (; take_digits(&rest, 1, &digit); ndigits++) {
		*seconds = *seconds * 10 + digit;
		if (*seconds > DURATION_MAX)
			return false;
	}
	if (!ndigits || !take_fraction(&rest, nanos) || !take_char(&rest, "s") || rest.n)
		return false;
	if (*seconds == DURATION_MAX && *nanos)
		return false;
	if (negative) {
		*seconds = -*seconds;
		*nanos = -*nanos;
	}
	return true;
}

slice protobuf_duration_text(struct arena *arena, int64_t seconds, int32_t nanos)
{
	if (seconds < -DURATION_MAX || seconds > DURATION_MAX || nanos <= -NANOS ||
	        nanos >= NANOS || (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0))
		return (slice){ NULL, 0 };
	bool negative = seconds < 0 || nanos < 0;
	char fraction[11];
	return arena_printf(arena, "%s%" PRId64 "%ss", negative ? "-" : "",
	        negative ? -seconds : seconds, fraction_text(negative ? -nanos : nanos, fraction));
}
