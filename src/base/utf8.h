/* UTF-8 (RFC 3629). */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/slice.h"

/* Well-formed: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool utf8_valid(slice);
/* Writes the code point (at most U+10FFFF, no surrogate) to `to` (4 bytes); returns the length. */
size_t utf8_put(uint32_t code_point, char *to);
/* The code point at `at` of well-formed UTF-8, and how many bytes it has. */
uint32_t utf8_get(slice, size_t at, size_t *bytes);
/* Control characters of both sets; separators of lines, marks and overrides of direction, what has no width
 * (Unicode's Cf and Zl, Zp as far as they hide something): two names that look the same are an invitation. */
bool utf8_is_hidden(uint32_t code_point);

#endif
