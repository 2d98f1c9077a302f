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

static void put_utf32(struct text *out, bool little, uint32_t code)
{
	put_unit(out, little, little ? code & 0xFFFF : code >> 16);
	put_unit(out, little, little ? code >> 16 : code & 0xFFFF);
}

bool encoding_encode(const struct frame_schema *schema, struct arena *arena, enum encoding encoding,
        slice text, slice *bytes, const char **why)
{
	bool wide = encoding == ENCODING_UTF16LE || encoding == ENCODING_UTF16BE;
	bool wider = encoding == ENCODING_UTF32LE || encoding == ENCODING_UTF32BE;
	uint32_t last = encoding == ENCODING_LATIN1 ? 0xFF : wide || wider ? 0x10FFFF : 0x7F;
	*bytes = (slice){ text.p ? text.p : "", text.n };
	if (encoding == ENCODING_UTF8)
		return true;
	*why = "has a character that its encoding has not";
	if (encoding >= ENCODING_OTHER) {
		bool good = charset_encode(schema, arena, encoding, text, bytes);
		if (good && !bytes->p)
			*why = "over the memory budget";
		return good && bytes->p;
	}
	struct text out;
	text_init(&out, arena, wide ? 2 * text.n : text.n);
	for (size_t at = 0, n; at < text.n; at += n) {
		uint32_t code = utf8_get(text, at, &n);
		if (code > last)
			return false;
		if (wide)
			put_utf16(&out, encoding == ENCODING_UTF16LE, code);
		else if (wider)
			put_utf32(&out, encoding == ENCODING_UTF32LE, code);
		else
			text_char(&out, (char)(unsigned char)code);
	}
	*bytes = text_slice(&out);
	*why = "over the memory budget";
	return bytes->p != NULL;
}
