/* From the number in a message back to the one on the wire, the inverse of scaling.c.
 *
 *     wire = (message - offset) / scale
 *
 * For an integer field that is one of its steps: 23.5 with a scale of 0.1 is 235, and 23.57 is between two of them, which
 * is an error and not 23.6. The quotient is found by doubles and made exact by decimals, so that nanoseconds in 64 bits
 * stay exact. What doubles leave of a step (23.500000000000004) counts as the step. */
#include "codec/frame/write/encode.h"

#include <math.h>

enum { ROUNDS_MAX = 8 };

static const double NOISE = 1e-9, LARGEST = 18446744073709551616.0;

static double real_of(const struct decimal *number)
{
	double real = 0;
	for (unsigned i = 0; i < number->n; i++)
		real = real * 10 + number->digits[i];
	real *= pow(10, (double)number->exponent);
	return number->negative ? -real : real;
}

/* The number is whole, and half of LARGEST at most. */
static bool decimal_of_integer(struct arena *arena, struct decimal *decimal, double whole)
{
	struct value *value = value_uint(arena, (uint64_t)fabs(whole));
	if (!value || !decimal_of(decimal, value))
		return false;
	decimal->negative = whole < 0;
	return true;
}

/* rest = target - quotient × factor. */
static bool remainder_of(const struct decimal *target, const struct decimal *quotient,
        const struct decimal *factor, struct decimal *rest)
{
	struct decimal product;
	if (!decimal_multiply(&product, quotient, factor))
		return false;
	product.negative = !product.negative && product.n;
	return decimal_add(rest, target, &product);
}

/* The whole number nearest to target / factor, and by how much of a step it is off. false: beyond 64 bits. */
static bool divide(struct arena *arena, const struct decimal *target, const struct decimal *factor,
        struct decimal *quotient, double *off)
{
	struct decimal rest = *target, step;
	double by = real_of(factor);
	*quotient = (struct decimal){ .n = 0 };
	for (unsigned i = 0; i < ROUNDS_MAX; i++) {
		double more = nearbyint(real_of(&rest) / by);
		if (!(more >= -LARGEST && more <= LARGEST))
			return false;
		/* The largest 64-bit integers are no doubles; the next round adds what is left. */
		if (fabs(more) > LARGEST / 2)
			more /= 2;
		more = trunc(more);
		if (more == 0)
			break;
		if (!decimal_of_integer(arena, &step, more) ||
		        !decimal_add(quotient, quotient, &step) ||
		        !remainder_of(target, quotient, factor, &rest))
			return false;
	}
	*off = fabs(real_of(&rest) / by);
	return true;
}

static bool same_when_shown(const struct scaling *scaling, struct arena *arena,
        const struct decimal *wire, const struct decimal *message)
{
	struct decimal again;
	struct value *shown = scaling_apply(scaling, arena, decimal_value(arena, wire));
	return shown && decimal_of(&again, shown) && decimal_equal(&again, message);
}

/* For floats, and for magnitudes that decimals cannot hold side by side. */
static const struct value *roughly(
        const struct scaling *scaling, struct arena *arena, double number)
{
	if (scaling->has_offset)
		number -= real_of(&scaling->offset);
	if (scaling->has_factor)
		number /= real_of(&scaling->factor);
	return value_double(arena, number);
}

static double number_of(const struct value *value)
{
	return value->kind == VALUE_INT    ? (double)value->as.integer
	       : value->kind == VALUE_UINT ? (double)value->as.natural
	                                   : value->as.real;
}

bool encode_unscale(const struct scaling *scaling, struct arena *arena, bool real,
        const struct value *given, const struct value **wire)
{
	static const struct decimal one = { .n = 1, .digits = { 1 } };
	struct decimal message, target, minus, quotient;
	double off;
	bool number = given->kind == VALUE_INT || given->kind == VALUE_UINT ||
	              (given->kind == VALUE_DOUBLE && isfinite(given->as.real));
	*wire = given;
	if (!number || !scaling_changes(scaling))
		return true;
	if (real) {
		*wire = roughly(scaling, arena, number_of(given));
		return *wire != NULL;
	}
	if (!decimal_of(&message, given))
		return false;
	target = message;
	minus = scaling->offset;
	minus.negative = !minus.negative && minus.n;
	const struct decimal *factor = scaling->has_factor ? &scaling->factor : &one;
	if (scaling->has_offset && !decimal_add(&target, &target, &minus))
		return false;
	if (!divide(arena, &target, factor, &quotient, &off))
		return false;
	double noise = NOISE * fmax(1, fabs(real_of(&quotient)));
	if (off > noise && !same_when_shown(scaling, arena, &quotient, &message))
		return false;
	*wire = decimal_value(arena, &quotient);
	return *wire != NULL;
}
