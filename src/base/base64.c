#include "base/base64.h"

static slice encode(struct arena *arena, slice bytes, const char digits[64], bool pad)
{
	char *text = bytes.n < SIZE_MAX / 2 ? arena_alloc_raw(arena, (bytes.n + 2) / 3 * 4) : NULL;
	if (!text)
		return (slice){ NULL, 0 };
	char *to = text;
	for (size_t i = 0; i < bytes.n; i += 3) {
		size_t left = bytes.n - i;
		uint32_t group = (uint32_t)(unsigned char)bytes.p[i] << 16;
		if (left > 1)
			group |= (uint32_t)(unsigned char)bytes.p[i + 1] << 8;
		if (left > 2)
			group |= (unsigned char)bytes.p[i + 2];
		*to++ = digits[group >> 18];
		*to++ = digits[group >> 12 & 63];
		if (left > 1 || pad)
			*to++ = left > 1 ? digits[group >> 6 & 63] : '=';
		if (left > 2 || pad)
			*to++ = left > 2 ? digits[group & 63] : '=';
	}
	return (slice){ text, (size_t)(to - text) };
}

slice base64_encode(struct arena *arena, slice bytes)
{
	return encode(arena, bytes,
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", true);
}

slice base64_encode_url(struct arena *arena, slice bytes)
{
	return encode(arena, bytes,
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", false);
}

/* The digit's six bits, or 64. */
static unsigned digit_bits(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (unsigned)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0') + 52;
	if (c == '+' || c == '-')
		return 62;
	if (c == '/' || c == '_')
		return 63;
	return 64;
}

bool base64_decode(struct arena *arena, slice text, slice *bytes)
{
	size_t padding = 0;
	while (padding < 2 && padding < text.n && text.p[text.n - padding - 1] == '=')
		padding++;
	if (padding && text.n % 4 != 0)
		return false;
	size_t ndigits = text.n - padding;
	if (ndigits % 4 == 1)
		return false;
	char *to = arena_alloc_raw(arena, ndigits / 4 * 3 + 3);
	if (!to)
		return false;
	size_t n = 0;
	uint32_t bits = 0;
	unsigned held = 0;
	for (size_t i = 0; i < ndigits; i++) {
		unsigned digit = digit_bits(text.p[i]);
		if (digit == 64)
			return false;
		bits = bits << 6 | digit;
		held += 6;
		if (held >= 8) {
			held -= 8;
			to[n++] = (char)(bits >> held & 0xff);
		}
	}
	if (bits & ((1u << held) - 1))
		return false;
	*bytes = (slice){ to, n };
	return true;
}

bool base64_decode_url(struct arena *arena, slice text, slice *bytes)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c == '+' || c == '/' || c == '=')
			return false;
	}
	return base64_decode(arena, text, bytes);
}
