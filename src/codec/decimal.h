/* decimal: numbers as decimal digits, so that 20.1 + 0.2 is 20.3 and a nanosecond count stays exact. Pure. */
#ifndef CODEC_DECIMAL_H
#define CODEC_DECIMAL_H

#include "codec/value.h"

/* The most digits that are computed with: two 64-bit integers with nanoseconds between them need 30. A bound there
 * must be, as 1e308 + 1e-300 has 609. */
enum { DECIMAL_DIGITS = 128 };

/* DIGITS times 10 to the power of `exponent`: without zeros at either end; zero has no digits. */
struct decimal {
	bool negative;
	unsigned n;
	int64_t exponent;
	char digits[DECIMAL_DIGITS]; /* 0 to 9, not '0' to '9' */
};

/* From a number in JSON's grammar. false: more than DECIMAL_DIGITS digits, or an exponent of ten digits and more. */
bool decimal_parse(struct decimal *, slice literal);
/* From VALUE_INT, VALUE_UINT or a finite VALUE_DOUBLE (its literal, or its shortest notation). false: more than
 * DECIMAL_DIGITS digits. */
bool decimal_of(struct decimal *, const struct value *);
/* false: the sum has more than DECIMAL_DIGITS digits. */
bool decimal_add(struct decimal *sum, const struct decimal *, const struct decimal *);
/* false: the product has more than DECIMAL_DIGITS digits before its zeros at the end are dropped. */
bool decimal_multiply(struct decimal *product, const struct decimal *, const struct decimal *);
/* To so many places behind the point; a half goes away from zero. */
void decimal_round(struct decimal *, unsigned places);
bool decimal_equal(const struct decimal *, const struct decimal *);
/* Its magnitude, when it is an integer of 64 bits, signed or not; else false. */
bool decimal_integer(const struct decimal *, uint64_t *magnitude);
/* Is its magnitude within the range of doubles? */
bool decimal_in_range(const struct decimal *);
/* An integer when 64 bits hold it, else a double whose literal has every digit. Only for one that is in range; NULL:
 * over budget. */
struct value *decimal_value(struct arena *, const struct decimal *);

#endif
