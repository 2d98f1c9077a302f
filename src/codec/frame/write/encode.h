/* Writing frames: what the files encode*.c share. Inside codec/frame only; encode.c says how it works. */
#ifndef FRAME_ENCODE_H
#define FRAME_ENCODE_H

#include "base/text.h"
#include "codec/frame/meaning/scaling.h"

/* What is known of one member of a structure, from pass to pass. */
struct slot {
	struct cell solved; /* CELL_UNREAD: not yet */
	bool hole;          /* neither given nor constant: its users say what it is */
	unsigned solved_in; /* the pass of its last solution */
	uint64_t bits,
	        mask; /* what is known of it bit by bit, and which of them this pass has said */
	unsigned masked_in;
	struct draft **drafts; /* of a structure: one an item, one if it is not repeated */
	unsigned ndrafts;
};

/* What is known of one structure, from pass to pass. The objects and cells are made anew in each. */
struct draft {
	const struct type *type;
	const struct value *given;  /* a map; NULL: everything in it is computed */
	const struct type_use *use; /* whose arguments are its parameters; NULL: it is the whole */
	struct slot *slots;         /* one a member */
	slice written;              /* its stream in the last pass, if it has one of its own */
	bool measured;              /* there is such */
};

/* A hole that the present pass has met. */
struct hole {
	struct object *object;
	unsigned member;
	const struct expression *by; /* computes it when everything else is written; or NULL */
	size_t at, n;                /* where it stands in the frame; ORIGIN_NONE: nowhere */
	bool optional;               /* may stay zero */
	struct hole *next;
};

struct encoder {
	unsigned pass; /* from 1 */
	bool unsure;   /* something was not known when it was needed */
	bool changed;  /* something became known, or other than it was */
	struct hole *first, **last;
	struct frame_fault doubt; /* of this pass: what may be wrong, should it not read back */
	size_t max_bytes;
};

/* A stream that grows. */
struct output {
	struct input view; /* as expressions see it: how far it is, and how long it will be */
	struct text bytes;
	bool fixed; /* view.bytes.n is what the description says */
	slice owed; /* a terminator that ends the last field and is not its own; empty: none */
	size_t max_bytes;
};

/* ---- encode_output.c: false is over max_bytes or out of memory ---- */

void output_init(struct output *, struct arena *, size_t max_bytes);
bool output_bytes(struct output *, slice);
bool output_fill(struct output *, size_t n, char byte);
bool output_unsigned(struct output *, unsigned width, bool little, uint64_t);
bool output_bits(struct output *, unsigned width, bool little, uint64_t);
void output_align(struct output *);
/* The terminator that is owed, at the end of the stream. */
bool output_close(struct output *);

/* ---- encode_value.c: values into cells, cells into bytes ---- */

/* The value as the cell that reading would give. false: after a fault. */
bool encode_cell(struct frame *, const struct scope *, const struct field *,
        const struct type_use *, const struct value *, struct cell *);
/* The same for what an expression gave. false: it does not fit; *why says so. */
bool encode_convert(struct frame *, const struct field *, const struct type_use *, struct cell *,
        const char **why);
/* What a value says where no field says what it must be: of a parameter, or an instance. */
bool encode_free_cell(struct frame *, const struct scope *, const struct field *,
        const struct value *, struct cell *);
/* The bits of a number that fits. */
uint64_t encode_bits(const struct type_use *, const struct cell *);
bool encode_number_fits(const struct type_use *, const struct cell *);

/* ---- encode_scale.c ---- */

/* The number that stands on the wire for one in a message; others stay as they are. `real`: in a float. false: none does,
 * or over budget. */
bool encode_unscale(const struct scaling *, struct arena *, bool real, const struct value *given,
        const struct value **wire);

/* ---- encode_extent.c: sizes, terminators, padding ---- */

/* The bytes of a field, with what belongs around them. `last`: it is the last item that its stream has, where a
 * terminator that need not be there only separates. */
bool encode_extent(struct frame *, const struct scope *, const struct field *,
        const struct type_use *, slice content, bool last, struct output *);
/* How many bytes (or items) the expression stands for, where `natural` are wanted: what it depends on is made to fit.
 * *n is what it gives then; `natural` where it cannot be said yet. */
bool encode_fit(
        struct frame *, const struct scope *, const struct expression *, size_t natural, size_t *n);

/* ---- encode_solve.c: what an expression needs ---- */

enum known { KNOWN_NO, KNOWN_YES, KNOWN_FAULT };
/* evaluate(), where what is not known yet is no fault. KNOWN_FAULT: over a limit. */
enum known encode_try(
        struct frame *, const struct scope *, const struct expression *, struct cell *);
/* Makes the expression equal to the cell, by what is still open in it. false: it cannot be; no fault. */
bool encode_solve(
        struct frame *, const struct scope *, const struct expression *, const struct cell *);
/* The same for one member. */
bool encode_settle(struct frame *, struct object *, unsigned member, const struct cell *);

/* The member that an expression names, if it names one. */
bool encode_locate(struct frame *, const struct scope *, const struct expression *,
        struct object **, unsigned *member);

/* ---- encode_bits.c ---- */

/* encode_solve() of masks and shifts: only the bits that are asked for are settled. */
bool encode_solve_bits(struct frame *, const struct scope *, const struct expression *,
        const struct cell *wanted, unsigned depth);
/* A mask of one bit that shall be other than this. */
bool encode_solve_bit(struct frame *, const struct scope *, const struct expression *,
        const struct cell *unwanted, unsigned depth);

/* ---- encode.c ---- */

/* frame_encode(), or frame_write() where it is the whole frame. */
slice encode_type(const struct frame_schema *, const struct type *, struct arena *,
        const struct value *, bool whole, struct frame_fault *);

/* Where a field is being written. */
struct place {
	struct object *object;
	unsigned member;
	struct scope scope; /* with the number of the item */
	const struct field *field;
	struct slot *slot;
	bool last; /* of a repetition to the end of the stream */
	struct output *output;
};

/* A value that cannot be written. Always false. */
static inline bool encode_fault(
        struct frame *frame, const struct scope *scope, const struct field *field, const char *text)
{
	return frame_fail_field(frame, scope, field, FRAME_FAULT_VALUE, SIZE_MAX, text);
}

static inline bool place_fault(struct frame *frame, const struct place *place, const char *text)
{
	return encode_fault(frame, &place->scope, place->field, text);
}

/* ---- encode_derive.c ---- */

/* The cell of a field for which no value was given. *shown: what expressions see of it. false: after a fault. */
bool encode_derive(struct frame *, const struct place *, const struct type_use *, struct cell *,
        struct cell *shown);

/* ---- encode_object.c ---- */

/* Which member a key of a value is, by its name in messages or its own; nmembers: none. */
unsigned member_of_key(const struct type *, slice key);

bool encode_object(struct frame *, struct object *, struct output *);
struct draft *draft_make(struct arena *, const struct type *, const struct value *given);

/* ---- encode_check.c ---- */

/* Holds what was read back against what was given. false: after a fault. */
bool encode_check(struct frame *, struct object *, const struct value *);

/* ---- encode_wrap.c ---- */

/* These bytes of the frame are the framing's to write. */
bool wrap_covers(const struct frame_schema *, slice frame, size_t at, size_t n);
/* How many bytes the checksum at its end takes, in case that no field of the description holds it; 0: there is none.
 * *certain: no field does. */
size_t wrap_room(const struct frame_schema *, slice frame, bool *certain);
/* Writes the length field and the checksum of the framing that fits, into the bytes. false: *why. */
bool wrap_patch(const struct frame_schema *, char *bytes, size_t n, const char **why);

#endif
