#include "codec/decimal.h"

#include <stdio.h>

enum {
	/* As far as plain notation goes: "0.000001", and 21 digits before the point. */
	PLAIN_ZEROS = 5,
	PLAIN_DIGITS = 21,
	TEXT_BYTES = DECIMAL_DIGITS + PLAIN_DIGITS + 24,
	EXPONENT_FAR = 1000000000
};

/* Drops zeros at both ends. */
static void normalize(struct decimal *decimal)
{
	unsigned zeros = 0;
	while (zeros < decimal->n && decimal->digits[zeros] == 0)
		zeros++;
	decimal->n -= zeros;
	memmove(decimal->digits, decimal->digits + zeros, decimal->n);
	while (decimal->n && decimal->digits[decimal->n - 1] == 0) {
		decimal->n--;
		decimal->exponent++;
	}
	if (!decimal->n) {
		decimal->negative = false;
		decimal->exponent = 0;
	}
}

/* Behind the "e". false: it is further away than any digit here. */
static bool parse_exponent(slice text, int64_t *exponent)
{
	int64_t sum = 0;
	for (size_t i = 0; i < text.n && sum < EXPONENT_FAR; i++) {
		if (text.p[i] >= '0' && text.p[i] <= '9')
			sum = sum * 10 + (text.p[i] - '0');
	}
	*exponent = text.n && text.p[0] == '-' ? -sum : sum;
	return sum < EXPONENT_FAR;
}

bool decimal_parse(struct decimal *decimal, slice literal)
{
	*decimal = (struct decimal){ .negative = literal.n && literal.p[0] == '-' };
	bool fraction = false;
	int64_t exponent = 0;
	unsigned zeros = 0; /* behind the digits so far, not stored: they may be the last ones */
	for (size_t i = decimal->negative; i < literal.n; i++) {
		char c = literal.p[i];
		if (c == 'e' || c == 'E') {
			if (!parse_exponent(slice_from(literal, i + 1), &exponent))
				return false;
			break;
		}
		if (c == '.') {
			fraction = true;
			continue;
		}
		decimal->exponent -= fraction;
		if (c == '0') {
			zeros += decimal->n != 0;
			continue;
		}
		if (decimal->n + zeros >= DECIMAL_DIGITS)
			return false;
		for (; zeros; zeros--)
			decimal->digits[decimal->n++] = 0;
		decimal->digits[decimal->n++] = (char)(c - '0');
	}
	decimal->exponent += exponent + zeros;
	normalize(decimal);
	return true;
}

bool decimal_of(struct decimal *decimal, const struct value *value)
{
	char buffer[NUMBER_TEXT_BYTES];
	slice literal = value->literal;
	if (value->kind == VALUE_INT)
		literal = (slice){ buffer, (size_t)snprintf(buffer, sizeof buffer, "%lld",
			                           (long long)value->as.integer) };
	else if (value->kind == VALUE_UINT)
		literal = (slice){ buffer, (size_t)snprintf(buffer, sizeof buffer, "%llu",
			                           (unsigned long long)value->as.natural) };
	else if (!literal.n)
		literal = (slice){ buffer, number_text(value->as.real, buffer) };
	return decimal_parse(decimal, literal);
}

/* The digit of 10 to the power of `place`. */
static int digit_at(const struct decimal *decimal, int64_t place)
{
	int64_t from_end = place - decimal->exponent;
	if (from_end < 0 || from_end >= decimal->n)
		return 0;
	return decimal->digits[decimal->n - 1 - (unsigned)from_end];
}

static int compare_magnitude(
        const struct decimal *a, const struct decimal *b, int64_t low, int64_t high)
{
	for (int64_t place = high; place-- > low;) {
		int difference = digit_at(a, place) - digit_at(b, place);
		if (difference)
			return difference;
	}
	return 0;
}

bool decimal_add(struct decimal *sum, const struct decimal *a, const struct decimal *b)
{
	if (!a->n || !b->n) {
		*sum = a->n ? *a : *b;
		return true;
	}
	int64_t low = a->exponent < b->exponent ? a->exponent : b->exponent;
	int64_t high = a->exponent + a->n, high_b = b->exponent + b->n;
	if (high_b > high)
		high = high_b;
	high++; /* for a carry */
	if (high - low > DECIMAL_DIGITS)
		return false;
	bool subtract = a->negative != b->negative;
	if (subtract && compare_magnitude(a, b, low, high) < 0) {
		const struct decimal *larger = b;
		b = a;
		a = larger;
	}
	struct decimal result = {
		.negative = a->negative, .n = (unsigned)(high - low), .exponent = low
	};
	int carry = 0;
	for (int64_t place = low; place < high; place++) {
		int digit = digit_at(a, place) +
		            (subtract ? -digit_at(b, place) : digit_at(b, place)) + carry;
		carry = digit < 0 ? -1 : digit / 10;
		result.digits[high - 1 - place] = (char)(digit - 10 * carry);
	}
	normalize(&result);
	*sum = result;
	return true;
}

bool decimal_multiply(struct decimal *product, const struct decimal *a, const struct decimal *b)
{
	unsigned n = a->n + b->n, sums[DECIMAL_DIGITS] = { 0 };
	if (n > DECIMAL_DIGITS)
		return false;
	for (unsigned i = 0; i < a->n; i++) {
		for (unsigned k = 0; k < b->n; k++)
			sums[i + k + 1] += (unsigned)a->digits[i] * (unsigned)b->digits[k];
	}
	struct decimal result = { .negative = a->negative != b->negative,
		.n = n,
		.exponent = a->exponent + b->exponent };
	unsigned carry = 0;
	for (unsigned i = n; i-- > 0;) {
		carry += sums[i];
		result.digits[i] = (char)(carry % 10);
		carry /= 10;
	}
	normalize(&result);
	*product = result;
	return true;
}

void decimal_round(struct decimal *decimal, unsigned places)
{
	int64_t drop = -(int64_t)places - decimal->exponent;
	if (drop <= 0)
		return;
	if (drop > decimal->n) {
		*decimal = (struct decimal){ .n = 0 };
		return;
	}
	bool up = decimal->digits[decimal->n - (unsigned)drop] >= 5;
	decimal->n -= (unsigned)drop;
	decimal->exponent += drop;
	unsigned i = decimal->n;
	while (up && i > 0 && decimal->digits[i - 1] == 9)
		decimal->digits[--i] = 0;
	if (up && i > 0) {
		decimal->digits[i - 1]++;
	} else if (up) {
		/* All were nines, or none is left: a one and the zeros behind it. */
		decimal->exponent += decimal->n;
		decimal->digits[0] = 1;
		decimal->n = 1;
	}
	normalize(decimal);
}

bool decimal_equal(const struct decimal *a, const struct decimal *b)
{
	return a->negative == b->negative && a->n == b->n && a->exponent == b->exponent &&
	       memcmp(a->digits, b->digits, a->n) == 0;
}

static char *put_digits(char *to, const struct decimal *decimal, unsigned from, unsigned end)
{
	for (unsigned i = from; i < end; i++)
		*to++ = i < decimal->n ? (char)('0' + decimal->digits[i]) : '0';
	return to;
}

/* In JSON's grammar, with a point or an exponent also where it is whole. */
static size_t write(const struct decimal *decimal, char text[TEXT_BYTES])
{
	char *to = text;
	int64_t point = decimal->exponent + decimal->n; /* digits before it */
	if (decimal->negative)
		*to++ = '-';
	if (!decimal->n) {
		*to++ = '0';
	} else if (point > PLAIN_DIGITS || point < -PLAIN_ZEROS) {
		to = put_digits(to, decimal, 0, 1);
		if (decimal->n > 1)
			*to++ = '.';
		to = put_digits(to, decimal, 1, decimal->n);
		to += snprintf(to, 24, "e%+03lld", (long long)point - 1);
	} else if (point <= 0) {
		to += snprintf(to, 8 + PLAIN_ZEROS, "0.%.*s", (int)-point, "00000");
		to = put_digits(to, decimal, 0, decimal->n);
	} else {
		to = put_digits(to, decimal, 0, (unsigned)point);
		*to++ = '.';
		to = put_digits(to, decimal, (unsigned)point, decimal->n);
		if (decimal->n <= point)
			*to++ = '0';
	}
	return (size_t)(to - text);
}

bool decimal_in_range(const struct decimal *decimal)
{
	char text[TEXT_BYTES];
	double real;
	slice literal = { text, write(decimal, text) };
	return number_parse(literal, &real);
}

bool decimal_integer(const struct decimal *decimal, uint64_t *magnitude)
{
	if (decimal->exponent < 0 || decimal->exponent + decimal->n > 20)
		return false;
	*magnitude = 0;
	for (unsigned i = 0; i < decimal->n + decimal->exponent; i++) {
		unsigned digit = i < decimal->n ? (unsigned)decimal->digits[i] : 0;
		if (*magnitude > (UINT64_MAX - digit) / 10)
			return false;
		*magnitude = *magnitude * 10 + digit;
	}
	return !decimal->negative || *magnitude <= (uint64_t)INT64_MAX + 1;
}

struct value *decimal_value(struct arena *arena, const struct decimal *decimal)
{
	uint64_t magnitude;
	if (decimal_integer(decimal, &magnitude))
		return decimal->negative ? value_int(arena, (int64_t)(0 - magnitude))
		                         : value_uint(arena, magnitude);
	char text[TEXT_BYTES];
	double real = 0;
	slice literal = { text, write(decimal, text) };
	(void)number_parse(literal, &real);
	struct value *value = value_double(arena, real);
	if (value)
		value->literal = arena_copy_slice(arena, literal);
	return value && value->literal.p ? value : NULL;
}
