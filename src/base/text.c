#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/hex.h"

void text_init(struct text *text, struct arena *arena, size_t expected_bytes)
{
	*text = (struct text){ .arena = arena };
	if (expected_bytes)
		(void)text_reserve(text, expected_bytes);
}

/* Kept apart from text_reserve(), which mostly has nothing to do. */
static __attribute__((noinline)) char *grow(struct text *text, size_t n)
{
	size_t size = text->size ? text->size : 64;
	while (size - text->n < n) {
		if (size > SIZE_MAX / 4) {
			text->failed = true;
			return NULL;
		}
		size *= 2;
	}
	char *p = arena_grow(text->arena, text->p, text->size, size);
	if (!p) {
		text->failed = true;
		return NULL;
	}
	text->p = p;
	text->size = size;
	return p + text->n;
}

char *text_reserve(struct text *text, size_t n)
{
	if (text->failed)
		return NULL;
	if (text->p && text->size - text->n >= n)
		return text->p + text->n;
	return grow(text, n);
}

void text_bytes(struct text *text, const void *bytes, size_t n)
{
	char *to = n ? text_reserve(text, n) : NULL;
	if (!to)
		return;
	memcpy(to, bytes, n);
	text->n += n;
}

void text_char(struct text *text, char c)
{
	char *to = text_reserve(text, 1);
	if (!to)
		return;
	*to = c;
	text->n++;
}

void text_unsigned(struct text *text, uint64_t number)
{
	char digits[20];
	size_t n = sizeof digits;
	do {
		digits[--n] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	text_bytes(text, digits + n, sizeof digits - n);
}

void text_signed(struct text *text, int64_t number)
{
	if (number < 0) {
		text_char(text, '-');
		text_unsigned(text, 0 - (uint64_t)number);
	} else {
		text_unsigned(text, (uint64_t)number);
	}
}

void text_hex(struct text *text, slice bytes)
{
	char *to = text_reserve(text, 2 * bytes.n);
	if (!to)
		return;
	hex_encode(bytes, to);
	text->n += 2 * bytes.n;
}

void text_hex64(struct text *text, uint64_t number)
{
	static const char digits[] = "0123456789abcdef";
	char *to = text_reserve(text, 16);
	if (!to)
		return;
	for (unsigned i = 0; i < 16; i++)
		to[i] = digits[number >> (60 - 4 * i) & 15];
	text->n += 16;
}

void text_printf(struct text *text, const char *format, ...)
{
	va_list arguments, again;
	va_start(arguments, format);
	va_copy(again, arguments);
	int n = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	char *to = n < 0 ? NULL : text_reserve(text, (size_t)n + 1);
	if (to) {
		(void)vsnprintf(to, (size_t)n + 1, format, again);
		text->n += (size_t)n;
	} else {
		text->failed = true;
	}
	va_end(again);
}

slice text_slice(struct text *text)
{
	char *end = text_reserve(text, 1);
	if (!end)
		return (slice){ NULL, 0 };
	*end = '\0';
	return (slice){ text->p, text->n };
}
