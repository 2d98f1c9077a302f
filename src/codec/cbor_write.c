/* Writing CBOR; cbor.c says which form a number gets and why. */
#include "codec/cbor.h"

#include "base/text.h"
#include "codec/decimal.h"
#include "codec/records.h"

#include <math.h>

static void write_bits(struct text *text, enum major major, unsigned info, uint64_t argument)
{
	size_t n = info < 24 ? 0 : (size_t)1 << (info - 24);
	text_char(text, (char)(unsigned char)((unsigned)major << 5 | info));
	for (size_t i = n; i-- > 0;)
		text_char(text, (char)(unsigned char)(argument >> (8 * i)));
}

static void write_head(struct text *text, enum major major, uint64_t argument)
{
	unsigned info = (unsigned)argument;
	if (argument > UINT32_MAX)
		info = 27;
	else if (argument > UINT16_MAX)
		info = 26;
	else if (argument > UINT8_MAX)
		info = 25;
	else if (argument >= 24)
		info = 24;
	write_bits(text, major, info, argument);
}

static void write_integer(struct text *text, int64_t integer)
{
	if (integer < 0)
		write_head(text, MAJOR_NEGATIVE, (uint64_t)(-1 - integer));
	else
		write_head(text, MAJOR_UNSIGNED, (uint64_t)integer);
}

static void write_string(struct text *text, enum major major, slice string)
{
	write_head(text, major, string.n);
	text_slice_add(text, string);
}

/* The half that is exactly `real`, if there is one. */
static bool double_to_half(double real, unsigned *half)
{
	int exponent;
	unsigned sign = signbit(real) ? 0x8000 : 0;
	double fraction = frexp(fabs(real), &exponent); /* 0, or from 0.5 to below 1 */
	if (!isfinite(real)) {
		*half = isnan(real) ? 0x7e00 : sign | 0x7c00;
		return true;
	}
	if (exponent > 16)
		return false;
	bool subnormal = exponent < -13;
	double steps = subnormal ? ldexp(fraction, exponent + 24) : ldexp(fraction, 11);
	unsigned bits = (unsigned)steps;
	if ((double)bits != steps)
		return false;
	if (!subnormal && bits)
		bits += (unsigned)(exponent + 14) * 1024 - 1024;
	*half = sign | bits;
	return true;
}

/* Is the single as good as the double, also for who reads its shortest decimal text? */
static bool single_is_faithful(const struct value *value, float single)
{
	char buffer[NUMBER_TEXT_BYTES];
	slice text = { buffer, number_text_float(single, buffer) };
	double read;
	return (number_parse(text, &read) && read == value->as.real) ||
	       slice_equal(text, value->literal);
}

static bool is_digits(const struct decimal *exact, const char *text, size_t n)
{
	struct decimal shortest;
	return decimal_parse(&shortest, (slice){ text, n }) && decimal_equal(exact, &shortest);
}

/* Has the literal no more to say than the double, or the single that it is? */
static bool double_says_all(const struct decimal *exact, double real)
{
	char text[NUMBER_TEXT_BYTES];
	if (is_digits(exact, text, number_text(real, text)))
		return true;
	return fabs(real) <= (double)__FLT_MAX__ && (double)(float)real == real &&
	       is_digits(exact, text, number_text_float((float)real, text));
}

/* A number with more digits than a double carries as tag 4, a decimal fraction, when 64 bits hold its digits. Only
 * where names have numbers, which is SenML: its readers know the tag (RFC 8428 section 6), others may not. */
static bool write_fraction(struct text *text, const struct value *value)
{
	struct decimal exact;
	uint64_t mantissa;
	if (!value->literal.n || !decimal_of(&exact, value) ||
	        double_says_all(&exact, value->as.real))
		return false;
	int64_t exponent = exact.exponent;
	exact.exponent = 0;
	if (!decimal_integer(&exact, &mantissa))
		return false;
	write_head(text, MAJOR_TAG, TAG_DECIMAL);
	write_head(text, MAJOR_LIST, 2);
	write_integer(text, exponent);
	if (exact.negative)
		write_head(text, MAJOR_NEGATIVE, mantissa - 1);
	else
		write_head(text, MAJOR_UNSIGNED, mantissa);
	return true;
}

static void write_real(struct text *text, const struct value *value)
{
	double real = value->as.real;
	unsigned half;
	if (double_to_half(real, &half)) {
		write_bits(text, MAJOR_SIMPLE, HALF, half);
		return;
	}
	if (fabs(real) <= (double)__FLT_MAX__ && (double)(float)real == real &&
	        single_is_faithful(value, (float)real)) {
		float single = (float)real;
		uint32_t bits;
		memcpy(&bits, &single, sizeof bits);
		write_bits(text, MAJOR_SIMPLE, SINGLE, bits);
		return;
	}
	uint64_t bits;
	memcpy(&bits, &real, sizeof bits);
	write_bits(text, MAJOR_SIMPLE, DOUBLE, bits);
}

struct writer {
	struct text text;
	const struct cbor_label *labels; /* NULL: none */
};

static void write_key(struct writer *writer, slice key)
{
	const struct cbor_label *label = writer->labels;
	while (label && label->name && !slice_is(key, label->name))
		label++;
	if (label && label->name)
		write_integer(&writer->text, label->number);
	else
		write_string(&writer->text, MAJOR_TEXT, key);
}

static bool write_value(struct writer *writer, const struct value *value, unsigned depth);

/* false: nested too deeply. */
static bool write_members(struct writer *writer, const struct value *value, unsigned depth)
{
	bool map = value->kind == VALUE_MAP;
	if (depth == VALUE_DEPTH_MAX)
		return false;
	write_head(&writer->text, map ? MAJOR_MAP : MAJOR_LIST, value->count);
	for (const struct value *at = value->as.members.first; at; at = at->next) {
		if (map)
			write_key(writer, at->key);
		if (!write_value(writer, at, depth + 1))
			return false;
	}
	return true;
}

static bool write_value(struct writer *writer, const struct value *value, unsigned depth)
{
	struct text *text = &writer->text;
	switch (value->kind) {
	case VALUE_NULL:
		write_head(text, MAJOR_SIMPLE, SIMPLE_NULL);
		break;
	case VALUE_BOOL:
		write_head(text, MAJOR_SIMPLE, value->as.boolean ? SIMPLE_TRUE : SIMPLE_FALSE);
		break;
	case VALUE_INT:
		write_integer(text, value->as.integer);
		break;
	case VALUE_UINT:
		write_head(text, MAJOR_UNSIGNED, value->as.natural);
		break;
	case VALUE_DOUBLE:
		if (!writer->labels || !write_fraction(text, value))
			write_real(text, value);
		break;
	case VALUE_TEXT:
		write_string(text, MAJOR_TEXT, value->as.text);
		break;
	case VALUE_BYTES:
		write_string(text, MAJOR_BYTES, value->as.text);
		break;
	case VALUE_LIST:
	case VALUE_MAP:
		return write_members(writer, value, depth);
	}
	return true;
}

slice cbor_write(struct arena *arena, const struct value *value, const struct cbor_label *labels,
        struct error *error)
{
	enum { EXPECTED_BYTES = 256 };
	struct writer writer = { .labels = labels };
	error->line = error->column = 0;
	text_init(&writer.text, arena, EXPECTED_BYTES);
	if (!write_value(&writer, value, 0)) {
		(void)error_set(
		        error, "CBOR: lists and maps are nested too deeply (64 is the limit)");
		return (slice){ NULL, 0 };
	}
	if (writer.text.failed)
		(void)error_set(error, CBOR_OVER_BUDGET);
	return text_slice(&writer.text);
}
