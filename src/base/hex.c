#include "base/hex.h"

void hex_encode(slice bytes, char *digits)
{
	static const char small[] = "0123456789abcdef";
	for (size_t i = 0; i < bytes.n; i++) {
		unsigned char byte = (unsigned char)bytes.p[i];
		digits[2 * i] = small[byte >> 4];
		digits[2 * i + 1] = small[byte & 15];
	}
}

bool hex_decode(slice digits, char *bytes)
{
	for (size_t i = 0; i + 1 < digits.n; i += 2) {
		int high = hex_digit(digits.p[i]), low = hex_digit(digits.p[i + 1]);
		if (high < 0 || low < 0)
			return false;
		bytes[i / 2] = (char)(high << 4 | low);
	}
	return digits.n % 2 == 0;
}
