/* Hexadecimal digits, two a byte. Pure. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include "base/slice.h"

/* What a digit is worth, in either case; -1: it is none. */
static inline int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Writes 2 * bytes.n small digits; no NUL follows. */
void hex_encode(slice bytes, char *digits);
/* Writes digits.n / 2 bytes. false: an odd number of digits, or something that is none; the bytes mean nothing then. */
bool hex_decode(slice digits, char *bytes);

#endif
