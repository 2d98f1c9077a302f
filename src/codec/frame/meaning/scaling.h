/* What a number in a message is, where that is not the number on the wire: its scale, offset, rounding and unit.
 * Inside codec/frame only.
 *
 *     message = wire × scale + offset
 *
 * in decimal digits, so that 235 × 0.1 is 23.5. Expressions see the number on the wire: the description stays what other
 * tools take it for. */
#ifndef FRAME_SCALING_H
#define FRAME_SCALING_H

#include "codec/decimal.h"
#include "codec/frame/program.h"
#include "codec/frame/load/tree.h"

struct scaling {
	bool has_factor, has_offset, has_round;
	struct decimal factor, offset;
	unsigned places;
	slice unit;            /* or empty */
	unsigned line, column; /* of the unit */
};

/* The keys of one place in a description. */
struct scaling_keys {
	const char *scale, *offset, *round, *unit;
};
extern const struct scaling_keys scaling_field_keys, scaling_emit_keys;

/* *into is NULL where the map has none of the keys. false: the error is set. */
bool scaling_compile(struct loader *, const struct node *map, const struct scaling_keys *,
        const struct scaling **into);
/* Does it change a number, or only name its unit? */
bool scaling_changes(const struct scaling *);
/* The number as the message has it; others than numbers, and those that are not finite, stay. NULL: over budget, or
 * beyond the range of doubles. */
struct value *scaling_apply(const struct scaling *, struct arena *, struct value *);
/* Is this a unit that SenML may name (RFC 8428 section 12.1 and what was registered since; no secondary units)? */
bool scaling_is_senml_unit(slice);

#endif
