/* What the unit tests share. Include first: cmocka needs these headers in this order. */
#ifndef UNIT_SUPPORT_H
#define UNIT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/slice.h"
#include "codec/value.h"

#define assert_slice(actual, expected)                                                             \
	assert_slice_equal((actual), slice_of(expected), __FILE__, __LINE__)
void assert_slice_equal(slice actual, slice expected, const char *file, int line);

/* Whether this runs under an emulator (the cross builds say so in FAIRLEAD_EMULATED), where the same takes ten times as long:
 * what is repeated for the sake of repeating is repeated less often. */
bool is_emulated(void);

/* "FOLDER/name" below the vectors' folder, in a static buffer; NULL where the vectors are absent. A test
 * program that needs them begins with `if (!vectors_path("x")) return vectors_absent("x");` in main(). */
const char *vectors_path(const char *name);
/* Says so; returns 77, which ctest shows as skipped; 1 in CI, where nothing may be skipped. */
int vectors_absent(const char *name);

/* The whole file in the arena; fails the test when it cannot be read. */
slice read_whole_file(struct arena *, const char *path);
/* Calls `each` for every regular file below `folder`, in name order. Returns how many. */
unsigned each_file(
        const char *folder, void (*each)(const char *path, const char *name, void *arg), void *arg);
/* Bytes of a text of hexadecimal digits (white space is skipped). */
slice from_hex(struct arena *, const char *hex);
/* What a fresh chunk of an arena has room for. */
size_t arena_chunk_room(void);
/* Leaves the arena `n` bytes, less than a chunk's room, and no more. */
void arena_starve(struct arena *, size_t n);
/* The value as a person would write it, with its kinds to be seen: {"a":1,"b":2u,"c":81.4d,"d":h'00ff'}, where u
 * marks VALUE_UINT and d VALUE_DOUBLE. */
slice value_show(struct arena *, const struct value *);

#endif
