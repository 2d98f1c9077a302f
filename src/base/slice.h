/* Borrowed bytes with a length: not NUL-terminated, passed by value, never owned.
 *
 * Whoever hands out a slice says what it points into (mostly a request's arena). The empty slice is
 * { NULL, 0 }; a slice with p != NULL and n == 0 is an empty text that is present. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
	const char *p;
	size_t n;
} slice;

/* A slice of a string literal; `s` must be one. */
#define SLICE(s) ((slice){ "" s, sizeof(s) - 1 })
/* For static tables, where a compound literal is no constant expression. */
#define SLICE_INIT(s)                                                                              \
	{                                                                                          \
		"" s, sizeof(s) - 1                                                                \
	}
/* For printf's "%.*s". */
#define SLICE_ARG(s) (int)(s).n, (s).p ? (s).p : ""

/* The bytes of a NUL-terminated string, without the NUL. NULL gives the empty slice. */
static inline slice slice_of(const char *text)
{
	return (slice){ text, text ? strlen(text) : 0 };
}

static inline bool slice_equal(slice a, slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool slice_is(slice a, const char *text)
{
	return slice_equal(a, slice_of(text));
}

static inline bool slice_starts(slice s, slice prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

/* From byte `from` to the end; empty when `from` lies beyond it. */
static inline slice slice_from(slice s, size_t from)
{
	return from >= s.n ? (slice){ NULL, 0 } : (slice){ s.p + from, s.n - from };
}

/* An ASCII capital as its small letter; everything else as it is. */
static inline char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Equal when ASCII letters are folded: header names, media types, schemes. */
bool slice_equal_nocase(slice a, slice b);

/* Without the ASCII white space at both ends. */
slice slice_trim(slice s);

/* Cuts `*rest` at the first `separator`: returns what stands before it and leaves what stands after it
 * in `*rest`; without a separator returns all and leaves the empty slice (p == NULL). */
slice slice_cut(slice *rest, char separator);

/* For what is laid out in one block: copies the bytes to `*at`, where there is room for them, and moves it behind them.
 * The copy of an absent text is one that is empty. */
slice slice_put(char **at, slice);
/* The same for a list: its slices go to `*to`, which moves behind them, too. */
const slice *slice_put_all(slice **to, char **at, const slice *from, unsigned n);
/* The room that slice_put_all() needs, for slices and bytes together. */
size_t slice_room(const slice *, unsigned n);

/* Index of the first `c`, or s.n when there is none. */
size_t slice_find(slice s, char c);

/* Equal, in a time that depends on the lengths only: for secrets. */
bool slice_equal_secret(slice a, slice b);

#endif
