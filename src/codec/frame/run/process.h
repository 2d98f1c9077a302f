/* `process:`, what happens to a field's bytes before they are read. Inside codec/frame only. */
#ifndef FRAME_PROCESS_H
#define FRAME_PROCESS_H

#include "codec/frame/program.h"

enum { PROCESS_ARGUMENTS_MAX = 2 };

struct processing {
	struct frame *frame;
	const struct scope *scope;
	const struct field *field;
	const struct cell *arguments;
	size_t origin; /* of the bytes in the frame, or ORIGIN_NONE */
};

struct process_kind {
	const char *name;
	unsigned least, most; /* arguments */
	/* Into the frame's arena. false: after a fault. */
	bool (*run)(const struct processing *, slice in, slice *out);
	/* What run() would make `in` of. NULL: nobody can say. */
	bool (*undo)(const struct processing *, slice in, slice *out);
};

/* zlib.c */
bool process_zlib(const struct processing *, slice in, slice *out);
bool undo_zlib(const struct processing *, slice in, slice *out);
/* NULL: there is none of this name. */
const struct process_kind *process_find(slice name);
/* Puts what the field's process makes of the bytes in their place. `origin`: where they stand in the frame. */
bool process_run(
        struct frame *, const struct scope *, const struct field *, size_t origin, slice *bytes);
/* The inverse: bytes from which the field's process makes these. */
bool process_undo(struct frame *, const struct scope *, const struct field *, slice *bytes);

#endif
