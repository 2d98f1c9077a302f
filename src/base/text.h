/* Text that grows, in an arena.
 *
 * Append as you like and look at `failed` once at the end: after the first failure (over budget) all
 * further appends do nothing. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/arena.h"

struct text {
	struct arena *arena;
	char *p;
	size_t n, size;
	bool failed;
};

void text_init(struct text *, struct arena *, size_t expected_bytes);
void text_bytes(struct text *, const void *bytes, size_t n);
void text_char(struct text *, char c);
void text_unsigned(struct text *, uint64_t);
void text_signed(struct text *, int64_t);
/* Two small hexadecimal digits a byte. */
void text_hex(struct text *, slice bytes);
/* Sixteen hexadecimal digits. */
void text_hex64(struct text *, uint64_t);
void text_printf(struct text *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Room for n more bytes, to be written at the returned place and counted with text->n += …; NULL: failed. */
char *text_reserve(struct text *, size_t n);
/* What was built, followed by a NUL that is not counted; or { NULL, 0 } when something failed. Valid as long
 * as the arena. */
slice text_slice(struct text *);

static inline void text_slice_add(struct text *text, slice s)
{
	text_bytes(text, s.p, s.n);
}

/* For string literals. */
#define text_literal(text, literal) text_bytes((text), "" literal, sizeof(literal) - 1)

#endif
