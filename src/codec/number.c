/* number: doubles as decimal text, and back.
 *
 * WRITING. Nearly every number of telemetry is a decimal of few digits: 81.4 is 814 / 10. As long as both
 * are below 2^53 and 10^23 they are exact doubles and IEEE division rounds correctly, so `814 / 10 == number`
 * proves that "81.4" reads back as `number`. Trying 0, 1, 2 … decimal places finds the notation with the
 * fewest; up to 15 digits no other one can be shorter. What is left (very large, very small, more than 15
 * digits) is printed with 15, 16 and 17 digits until it reads back. Measured: 20-60 ns, and 1-2 µs for the
 * rest. Ryu and its kin are constant-time, at the price of 10 KB of tables that would mostly sleep here.
 *
 * READING uses the same fact the other way round; what does not fit goes to strtod() as an integer with an
 * exponent ("814e-1"), so that no locale's decimal point matters, in a buffer of fixed size: digits after the
 * 800th can only break a tie, so that they are represented by a single 1. */
#include "codec/value.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* 0.DIGITS times 10 to the power of `point`; "0" and 1 for zero. */
struct decimal {
	char digits[20];
	int n;
	int point;
};

static const double powers[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
	1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
enum { POWERS = sizeof powers / sizeof *powers, DIGITS_KEPT = 800, EXPONENT_FAR = 1000000000 };

/* Would a reader of the decimal whose correctly rounded double is `quotient` get this single? Rounding twice
 * is wrong only where the first result lies half way between two singles. */
static bool reads_as_single(double quotient, float number)
{
	uint64_t bits;
	memcpy(&bits, &quotient, sizeof bits);
	return (float)quotient == number && (bits & 0x1fffffff) != 0x10000000;
}

/* Few digits: by trying. false: there is no such notation. */
static bool decimal_by_trying(double magnitude, bool single, struct decimal *decimal)
{
	if (single && magnitude < (double)FLT_MIN)
		return false;
	double limit = single ? 1e9 : 1e15;
	for (int places = 0; places < POWERS; places++) {
		double scaled = magnitude * powers[places];
		if (scaled >= limit)
			return false;
		uint64_t whole = (uint64_t)(scaled + 0.5);
		double quotient = (double)whole / powers[places];
		if (single ? !reads_as_single(quotient, (float)magnitude) : quotient != magnitude)
			continue;
		char digits[20] = { 0 };
		int n = 0;
		for (; whole; whole /= 10)
			digits[n++] = (char)('0' + whole % 10);
		decimal->point = n - places;
		int zeros = 0;
		while (zeros < n && digits[zeros] == '0')
			zeros++;
		decimal->n = n - zeros;
		for (int i = 0; i < decimal->n; i++)
			decimal->digits[i] = digits[n - 1 - i];
		return true;
	}
	return false;
}

static bool reads_back(const char *text, double magnitude, bool single)
{
	return single ? strtof(text, NULL) == (float)magnitude : strtod(text, NULL) == magnitude;
}

/* How many decimal digits a number of this size carries in any case. A notation with fewer shows as zeros at the
 * end of these. Subnormal numbers have fewer bits, hence fewer digits to give. */
static int sure_digits(double magnitude, bool single)
{
	int exponent;
	(void)frexp(magnitude, &exponent);
	int most = single ? FLT_MANT_DIG : DBL_MANT_DIG;
	int bits = exponent - (single ? FLT_MIN_EXP - FLT_MANT_DIG : DBL_MIN_EXP - DBL_MANT_DIG);
	int digits = ((bits < most ? bits : most) - 1) * 30103 / 100000;
	return digits > 1 ? digits : 1;
}

/* Any number: by printing ever more digits. */
static void decimal_by_printing(double magnitude, bool single, struct decimal *decimal)
{
	char text[40];
	int last = single ? FLT_DECIMAL_DIG : DBL_DECIMAL_DIG;
	int digits = sure_digits(magnitude, single);
	for (;; digits++) {
		(void)snprintf(text, sizeof text, "%.*e", digits - 1, magnitude);
		if (digits == last || reads_back(text, magnitude, single))
			break;
		/* Below a power of two the doubles lie closer, so that the next decimal up may do. */
		if (digits > 1 && text[digits] < '9') {
			text[digits]++;
			if (reads_back(text, magnitude, single))
				break;
		}
	}
	const char *at = text;
	decimal->n = 0;
	for (; *at != 'e'; at++) {
		if (*at >= '0' && *at <= '9')
			decimal->digits[decimal->n++] = *at;
	}
	decimal->point = (int)strtol(at + 1, NULL, 10) + 1;
	while (decimal->n > 1 && decimal->digits[decimal->n - 1] == '0')
		decimal->n--;
}

static char *put(char *to, const char *bytes, int n)
{
	memcpy(to, bytes, (size_t)n);
	return to + n;
}

static char *put_zeros(char *to, int n)
{
	memset(to, '0', (size_t)n);
	return to + n;
}

/* Plain from 0.000001 to 17 digits before the point, else with an exponent. */
static char *put_decimal(char *to, const struct decimal *decimal)
{
	const char *digits = decimal->digits;
	int n = decimal->n, point = decimal->point;
	if (point > DBL_DECIMAL_DIG || point < -5) {
		*to++ = digits[0];
		if (n > 1) {
			*to++ = '.';
			to = put(to, digits + 1, n - 1);
		}
		return to + snprintf(to, 8, "e%+03d", point - 1);
	}
	if (point <= 0) {
		to = put_zeros(put(to, "0.", 2), -point);
		return put(to, digits, n);
	}
	if (n <= point) {
		to = put_zeros(put(to, digits, n), point - n);
		return put(to, ".0", 2);
	}
	to = put(to, digits, point);
	*to++ = '.';
	return put(to, digits + point, n - point);
}

static size_t number_write(double number, bool single, char *buffer)
{
	struct decimal decimal = { .digits = "0", .n = 1, .point = 1 };
	double magnitude = __builtin_fabs(number);
	if (magnitude > 0 && !decimal_by_trying(magnitude, single, &decimal))
		decimal_by_printing(magnitude, single, &decimal);
	char *to = buffer;
	if (__builtin_signbit(number))
		*to++ = '-';
	return (size_t)(put_decimal(to, &decimal) - buffer);
}

size_t number_text(double number, char *buffer)
{
	return number_write(number, false, buffer);
}

size_t number_text_float(float number, char *buffer)
{
	return number_write((double)number, true, buffer);
}

/* A literal taken apart: MANTISSA times 10 to the power of `exponent`, when `exact`; else the digits count. */
struct parts {
	bool negative;
	bool exact; /* at most 19 digits */
	uint64_t mantissa;
	int64_t exponent;
	slice whole, fraction;
};

static bool is_digit(const char *p, const char *end)
{
	return p < end && *p >= '0' && *p <= '9';
}

static const char *skip_digits(const char *p, const char *end)
{
	while (is_digit(p, end))
		p++;
	return p;
}

/* After "e": false when it is malformed. Saturates, for no body is long enough to make up for it. */
static bool parse_exponent(const char *p, const char *end, int64_t *exponent)
{
	bool negative = p < end && *p == '-';
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	if (!is_digit(p, end))
		return false;
	int64_t sum = 0;
	for (; is_digit(p, end); p++) {
		if (sum < EXPONENT_FAR)
			sum = sum * 10 + (*p - '0');
	}
	*exponent = negative ? -sum : sum;
	return p == end;
}

static bool take_apart(slice literal, struct parts *parts)
{
	const char *p = literal.p, *end = literal.p + literal.n;
	*parts = (struct parts){ .negative = literal.n && *p == '-' };
	if (parts->negative)
		p++;
	const char *start = p;
	p = skip_digits(p, end);
	parts->whole = (slice){ start, (size_t)(p - start) };
	if (!parts->whole.n || (*start == '0' && parts->whole.n > 1))
		return false;
	if (p < end && *p == '.') {
		start = ++p;
		p = skip_digits(p, end);
		parts->fraction = (slice){ start, (size_t)(p - start) };
		if (!parts->fraction.n)
			return false;
	}
	if (p < end && (*p | 0x20) == 'e') {
		if (!parse_exponent(p + 1, end, &parts->exponent))
			return false;
	} else if (p != end) {
		return false;
	}
	parts->exact = parts->whole.n + parts->fraction.n <= 19;
	for (size_t i = 0; parts->exact && i < parts->whole.n; i++)
		parts->mantissa = parts->mantissa * 10 + (uint64_t)(parts->whole.p[i] - '0');
	for (size_t i = 0; parts->exact && i < parts->fraction.n; i++)
		parts->mantissa = parts->mantissa * 10 + (uint64_t)(parts->fraction.p[i] - '0');
	parts->exponent -= (int64_t)parts->fraction.n;
	return true;
}

/* Adds digits to the `n` in the buffer, without leading zeros; counts those that had no room in *dropped and
 * leaves a last 1 for them unless all are 0. */
static size_t collect(char *digits, size_t n, slice more, int64_t *dropped)
{
	for (size_t i = 0; i < more.n; i++) {
		if (n == 0 && more.p[i] == '0')
			continue;
		if (n < DIGITS_KEPT) {
			digits[n++] = more.p[i];
			continue;
		}
		++*dropped;
		if (more.p[i] != '0')
			digits[DIGITS_KEPT - 1] = '1';
	}
	return n;
}

static bool parse_long(const struct parts *parts, double *number)
{
	char text[DIGITS_KEPT + 24];
	int64_t dropped = 0;
	size_t n = collect(text, 0, parts->whole, &dropped);
	n = collect(text, n, parts->fraction, &dropped);
	int64_t exponent = parts->exponent + dropped;
	*number = 0;
	if (n && exponent + (int64_t)n > DBL_MAX_10_EXP + 1)
		return false;
	if (n && exponent + (int64_t)n > -400) {
		(void)snprintf(text + n, 24, "e%lld", (long long)exponent);
		*number = strtod(text, NULL);
	}
	return __builtin_isfinite(*number);
}

bool number_parse(slice literal, double *number)
{
	struct parts parts;
	if (!take_apart(literal, &parts))
		return false;
	if (parts.exact && parts.mantissa <= (UINT64_C(1) << 53) && parts.exponent > -POWERS &&
	        parts.exponent < POWERS) {
		double mantissa = (double)parts.mantissa;
		*number = parts.exponent < 0 ? mantissa / powers[-parts.exponent]
		                             : mantissa * powers[parts.exponent];
	} else if (!parse_long(&parts, number)) {
		return false;
	}
	if (parts.negative)
		*number = -*number;
	return true;
}
