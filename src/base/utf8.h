/* UTF-8 (RFC 3629). */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/slice.h"

/* Well-formed: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool utf8_valid(slice);
/* Writes the code point (at most U+10FFFF, no surrogate) to `to` (4 bytes); returns the length. */
size_t utf8_put(uint32_t code_point, char *to);

#endif
