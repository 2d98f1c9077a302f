#include "auth/password/created.h"

/* So many digits, from the front. */
static bool take_number(slice *text, unsigned digits, unsigned *number)
{
	*number = 0;
	if (text->n < digits)
		return false;
	for (unsigned i = 0; i < digits; i++) {
		if (text->p[i] < '0' || text->p[i] > '9')
			return false;
		*number = *number * 10 + (unsigned)(text->p[i] - '0');
	}
	*text = (slice){ text->p + digits, text->n - digits };
	return true;
}

static bool take(slice *text, char c)
{
	if (!text->n || text->p[0] != c)
		return false;
	*text = (slice){ text->p + 1, text->n - 1 };
	return true;
}

static bool is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned days_in(unsigned year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

static bool take_date(slice *text, uint64_t *days)
{
	unsigned year, month, day;
	if (!take_number(text, 4, &year) || !take(text, '-') || !take_number(text, 2, &month) ||
	        !take(text, '-') || !take_number(text, 2, &day))
		return false;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in(year, month))
		return false;
	*days = day - 1;
	for (unsigned before = 1970; before < year; before++)
		*days += 365U + is_leap(before);
	for (unsigned before = 1; before < month; before++)
		*days += days_in(year, before);
	return true;
}

/* The end of a day may be 24:00:00, which is the start of the next. */
static bool take_time(slice *text, uint64_t *ms)
{
	unsigned hours, minutes, seconds, thousandths = 0, unit = 100;
	if (!take_number(text, 2, &hours) || !take(text, ':') || !take_number(text, 2, &minutes) ||
	        !take(text, ':') || !take_number(text, 2, &seconds))
		return false;
	if (take(text, '.')) {
		unsigned digit;
		if (!take_number(text, 1, &digit))
			return false;
		do {
			thousandths += digit * unit;
			unit /= 10;
		} while (take_number(text, 1, &digit));
	}
	bool midnight = hours == 24 && !minutes && !seconds && !thousandths;
	if ((hours > 23 && !midnight) || minutes > 59 || seconds > 60)
		return false;
	*ms = ((hours * 60ULL + minutes) * 60 + seconds) * 1000 + thousandths;
	return true;
}

/* What is to be taken off to have UTC. */
static bool take_zone(slice *text, int64_t *offset_ms)
{
	unsigned hours, minutes;
	*offset_ms = 0;
	if (!text->n || take(text, 'Z'))
		return true;
	bool east = take(text, '+');
	if ((!east && !take(text, '-')) || !take_number(text, 2, &hours) || !take(text, ':') ||
	        !take_number(text, 2, &minutes))
		return false;
	if (hours > 14 || minutes > 59 || (hours == 14 && minutes))
		return false;
	*offset_ms = (hours * 60LL + minutes) * 60000 * (east ? 1 : -1);
	return true;
}

bool created_parse(slice text, uint64_t *ms)
{
	uint64_t days, time_ms;
	int64_t offset_ms;
	if (text.n > CREATED_MAX_BYTES || !take_date(&text, &days) || !take(&text, 'T') ||
	        !take_time(&text, &time_ms) || !take_zone(&text, &offset_ms) || text.n)
		return false;
	int64_t sum = (int64_t)(days * 86400000 + time_ms) - offset_ms;
	*ms = (uint64_t)sum;
	return sum >= 0;
}
