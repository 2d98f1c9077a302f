#include "codec/frame/meaning/scaling.h"

#include <math.h>

enum { LITERAL_MAX = 32, PLACES_MAX = 15, UNIT_MAX = 32 };

const struct scaling_keys scaling_field_keys = { "-fairlead-scale", "-fairlead-offset",
	"-fairlead-round", "-fairlead-unit" };
const struct scaling_keys scaling_emit_keys = { "$scale", "$offset", "$round", "$unit" };

/* ---- loading ---- */

static bool compile_decimal(
        struct loader *loader, const struct node *node, struct decimal *decimal, bool *there)
{
	double number;
	if (!node)
		return true;
	*there = true;
	bool good = node->kind == NODE_SCALAR && !node->quoted && node->text.n <= LITERAL_MAX &&
	            number_parse(node->text, &number) && decimal_parse(decimal, node->text);
	return good || node_error(node, loader->error,
	                       "a decimal number is expected here (0.1, -40, 1e-3)");
}

static bool compile_unit(struct loader *loader, const struct node *node, struct scaling *scaling)
{
	if (!node)
		return true;
	if (node->kind != NODE_SCALAR || !node->text.n || node->text.n > UNIT_MAX)
		return node_error(
		        node, loader->error, "a unit is a text of at most %d bytes", UNIT_MAX);
	scaling->unit = arena_copy_slice(loader->arena, node->text);
	scaling->line = node->line;
	scaling->column = node->column;
	return scaling->unit.p || node_error(node, loader->error, "out of memory");
}

bool scaling_compile(struct loader *loader, const struct node *map, const struct scaling_keys *keys,
        const struct scaling **into)
{
	const struct node *scale = node_get(map, keys->scale),
	                  *offset = node_get(map, keys->offset),
	                  *round = node_get(map, keys->round), *unit = node_get(map, keys->unit);
	int64_t places = 0;
	*into = NULL;
	if (!scale && !offset && !round && !unit)
		return true;
	struct scaling *made = ARENA_NEW(loader->arena, struct scaling);
	if (!made)
		return node_error(map, loader->error, "out of memory");
	if (!compile_decimal(loader, scale, &made->factor, &made->has_factor) ||
	        !compile_decimal(loader, offset, &made->offset, &made->has_offset) ||
	        (round && !node_integer(loader, round, 0, PLACES_MAX, &places)) ||
	        !compile_unit(loader, unit, made))
		return false;
	if (scale && !made->factor.n)
		return node_error(scale, loader->error, "a scale of 0 leaves nothing");
	made->has_round = round != NULL;
	made->places = (unsigned)places;
	*into = made;
	return true;
}

/* ---- running ---- */

bool scaling_changes(const struct scaling *scaling)
{
	return scaling && (scaling->has_factor || scaling->has_offset || scaling->has_round);
}

static double real_of(const struct value *value)
{
	return value->kind == VALUE_INT    ? (double)value->as.integer
	       : value->kind == VALUE_UINT ? (double)value->as.natural
	                                   : value->as.real;
}

/* For magnitudes so far apart that their digits do not fit side by side: 1e300 - 40. */
static struct value *apply_roughly(
        const struct scaling *scaling, struct arena *arena, const struct value *value)
{
	struct value *of = decimal_value(arena, &scaling->factor);
	struct value *plus = decimal_value(arena, &scaling->offset);
	if (!of || !plus)
		return NULL;
	double number = real_of(value) * (scaling->has_factor ? real_of(of) : 1) + real_of(plus);
	return isfinite(number) ? value_double(arena, number) : NULL;
}

struct value *scaling_apply(const struct scaling *scaling, struct arena *arena, struct value *value)
{
	struct decimal number;
	bool is_number =
	        value && (value->kind == VALUE_INT || value->kind == VALUE_UINT ||
	                         (value->kind == VALUE_DOUBLE && isfinite(value->as.real)));
	if (!is_number || !scaling_changes(scaling))
		return value;
	if (!decimal_of(&number, value) ||
	        (scaling->has_factor && !decimal_multiply(&number, &number, &scaling->factor)) ||
	        (scaling->has_offset && !decimal_add(&number, &number, &scaling->offset)))
		return apply_roughly(scaling, arena, value);
	if (scaling->has_round)
		decimal_round(&number, scaling->places);
	return decimal_in_range(&number) ? decimal_value(arena, &number) : NULL;
}

/* ---- units ---- */

bool scaling_is_senml_unit(slice unit)
{
	static const char *const registered[] = { "m", "kg", "g", "s", "A", "K", "cd", "mol", "Hz",
		"rad", "sr", "N", "Pa", "J", "W", "C", "V", "F", "Ohm", "S", "Wb", "T", "H", "Cel",
		"lm", "lx", "Bq", "Gy", "Sv", "kat", "m2", "m3", "l", "m/s", "m/s2", "m3/s", "l/s",
		"W/m2", "cd/m2", "bit", "bit/s", "lat", "lon", "pH", "dB", "dBW", "Bspl", "count",
		"/", "%", "%RH", "%EL", "EL", "1/s", "1/min", "beat/min", "beats", "S/m", "B", "VA",
		"VAs", "var", "vars", "J/m", "kg/m3", "deg", "NTU" };
	for (size_t i = 0; i < sizeof registered / sizeof *registered; i++) {
		if (slice_is(unit, registered[i]))
			return true;
	}
	return false;
}
