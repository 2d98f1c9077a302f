#include "codec/protobuf/number.h"

#include <math.h>

/* An integer of 65 bits: sign and magnitude. */
struct whole {
	bool negative;
	uint64_t magnitude;
};

/* "-12". NUMBER_NONE: something else than digits; it may still be a number like "1e3". */
static enum number_verdict whole_of_text(slice text, struct whole *whole)
{
	size_t i = text.n && text.p[0] == '-';
	*whole = (struct whole){ .negative = i == 1 };
	if (i == text.n)
		return NUMBER_NONE;
	for (; i < text.n; i++) {
		char c = text.p[i];
		if (c < '0' || c > '9')
			return NUMBER_NONE;
		unsigned digit = (unsigned)(c - '0');
		if (whole->magnitude > (UINT64_MAX - digit) / 10)
			return NUMBER_RANGE;
		whole->magnitude = whole->magnitude * 10 + digit;
	}
	return NUMBER_OK;
}

static enum number_verdict whole_of_real(double real, struct whole *whole)
{
	if (!isfinite(real) || real != floor(real))
		return NUMBER_FRACTION;
	if (fabs(real) >= 0x1p64)
		return NUMBER_RANGE;
	*whole = (struct whole){ .negative = real < 0, .magnitude = (uint64_t)fabs(real) };
	return NUMBER_OK;
}

static enum number_verdict whole_of(const struct value *value, struct whole *whole)
{
	switch (value->kind) {
	case VALUE_INT:
		*whole = (struct whole){ .negative = value->as.integer < 0,
			.magnitude = value->as.integer < 0 ? 0 - (uint64_t)value->as.integer
			                                   : (uint64_t)value->as.integer };
		return NUMBER_OK;
	case VALUE_UINT:
		*whole = (struct whole){ .magnitude = value->as.natural };
		return NUMBER_OK;
	case VALUE_DOUBLE:
		return whole_of_real(value->as.real, whole);
	case VALUE_TEXT: {
		double real;
		enum number_verdict verdict = whole_of_text(value->as.text, whole);
		if (verdict != NUMBER_NONE)
			return verdict;
		return number_parse(value->as.text, &real) ? whole_of_real(real, whole)
		                                           : NUMBER_NONE;
	}
	case VALUE_NULL:
	case VALUE_BOOL:
	case VALUE_BYTES:
	case VALUE_LIST:
	case VALUE_MAP:
		break;
	}
	return NUMBER_NONE;
}

enum number_verdict protobuf_signed(
        const struct value *value, int64_t min, int64_t max, int64_t *number)
{
	struct whole whole;
	enum number_verdict verdict = whole_of(value, &whole);
	if (verdict != NUMBER_OK)
		return verdict;
	if (whole.magnitude > (uint64_t)INT64_MAX + whole.negative)
		return NUMBER_RANGE;
	*number = whole.negative ? (int64_t)(0 - whole.magnitude) : (int64_t)whole.magnitude;
	return *number < min || *number > max ? NUMBER_RANGE : NUMBER_OK;
}

enum number_verdict protobuf_unsigned(const struct value *value, uint64_t max, uint64_t *number)
{
	struct whole whole;
	enum number_verdict verdict = whole_of(value, &whole);
	if (verdict != NUMBER_OK)
		return verdict;
	*number = whole.magnitude;
	return whole.magnitude > max || (whole.negative && whole.magnitude) ? NUMBER_RANGE
	                                                                    : NUMBER_OK;
}

static enum number_verdict real_of_whole(struct whole whole, double *real)
{
	*real = (double)whole.magnitude;
	if (*real >= 0x1p64 || (uint64_t)*real != whole.magnitude)
		return NUMBER_INEXACT;
	if (whole.negative)
		*real = -*real;
	return NUMBER_OK;
}

enum number_verdict protobuf_double(const struct value *value, double *number)
{
	struct whole whole;
	switch (value->kind) {
	case VALUE_DOUBLE:
		*number = value->as.real;
		return NUMBER_OK;
	case VALUE_TEXT:
		if (slice_is(value->as.text, "NaN"))
			*number = NAN;
		else if (slice_is(value->as.text, "Infinity"))
			*number = INFINITY;
		else if (slice_is(value->as.text, "-Infinity"))
			*number = -INFINITY;
		else if (whole_of_text(value->as.text, &whole) == NUMBER_OK)
			return real_of_whole(whole, number);
		else
			return number_parse(value->as.text, number) ? NUMBER_OK : NUMBER_NONE;
		return NUMBER_OK;
	case VALUE_INT:
	case VALUE_UINT:
	case VALUE_NULL:
	case VALUE_BOOL:
	case VALUE_BYTES:
	case VALUE_LIST:
	case VALUE_MAP:
		break;
	}
	enum number_verdict verdict = whole_of(value, &whole);
	return verdict == NUMBER_OK ? real_of_whole(whole, number) : verdict;
}

enum number_verdict protobuf_float(const struct value *value, float *number)
{
	double real;
	enum number_verdict verdict = protobuf_double(value, &real);
	if (verdict != NUMBER_OK)
		return verdict;
	*number = (float)real; /* rounds to the nearest; too large gives infinity */
	return isfinite(real) && !isfinite(*number) ? NUMBER_RANGE : NUMBER_OK;
}
