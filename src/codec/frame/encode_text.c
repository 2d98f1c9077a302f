/* Texts into their encodings, the inverse of encoding_decode(). */
#include "codec/frame/program.h"

#include "base/text.h"
#include "base/utf8.h"

static void put_unit(struct text *out, bool little, uint32_t unit)
{
	text_char(out, (char)(unsigned char)(little ? unit : unit >> 8));
	text_char(out, (char)(unsigned char)(little ? unit >> 8 : unit));
}

static void put_utf16(struct text *out, bool little, uint32_t code)
{
	if (code < 0x10000) {
		put_unit(out, little, code);
		return;
	}
	put_unit(out, little, 0xD800 + ((code - 0x10000) >> 10));
	put_unit(out, little, 0xDC00 + ((code - 0x10000) & 0x3FF));
}

bool encoding_encode(
        struct arena *arena, enum encoding encoding, slice text, slice *bytes, const char **why)
{
	bool wide = encoding == ENCODING_UTF16LE || encoding == ENCODING_UTF16BE;
	uint32_t last = encoding == ENCODING_LATIN1 ? 0xFF : wide ? 0x10FFFF : 0x7F;
	*bytes = (slice){ text.p ? text.p : "", text.n };
	if (encoding == ENCODING_UTF8)
		return true;
	struct text out;
	text_init(&out, arena, wide ? 2 * text.n : text.n);
	for (size_t at = 0, n; at < text.n; at += n) {
		uint32_t code = utf8_get(text, at, &n);
		if (code > last) {
			*why = "has a character that its encoding has not";
			return false;
		}
		if (wide)
			put_utf16(&out, encoding == ENCODING_UTF16LE, code);
		else
			text_char(&out, (char)(unsigned char)code);
	}
	*bytes = text_slice(&out);
	*why = "over the memory budget";
	return bytes->p != NULL;
}
