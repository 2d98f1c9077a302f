/* Texts of other encodings, to UTF-8.
 *
 * ASCII, UTF-8, UTF-16, UTF-32 and ISO-8859-1 are read here. Any other name is looked up while a description loads, in
 * what libc's iconv knows: an encoding of one byte a character becomes a table then, so that reading it needs nothing but the
 * table; of the others the schema keeps the converter. It has a state, which is why a schema belongs to one thread at a
 * time. What iconv does not know is refused by name. */
#include "codec/frame/program.h"

#include "base/text.h"
#include "base/utf8.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>

enum { NAME_MAX_BYTES = 32, NOTHING = 0x110000 };

/* Of one byte a character, or with a converter. */
struct charset {
	slice name;
	uint32_t *table;           /* code points; NOTHING: the byte means none */
	iconv_t converter, writer; /* from it, into it */
};

/* ---- loading ---- */

/* What the bytes 0 to 255 mean by themselves; false: some mean nothing without another. */
static bool fill_table(const char *name, uint32_t *table)
{
	iconv_t converter = iconv_open("UTF-32LE", name);
	bool single = converter != (iconv_t)-1;
	for (unsigned byte = 0; byte < 256 && single; byte++) {
		char in = (char)(unsigned char)byte, *from = &in;
		unsigned char out[16];
		char *to = (char *)out;
		size_t in_left = 1, out_left = sizeof out;
		(void)iconv(converter, NULL, NULL, NULL, NULL);
		size_t code = iconv(converter, &from, &in_left, &to, &out_left);
		table[byte] = NOTHING;
		if (code == (size_t)-1)
			single = errno == EILSEQ;
		else if (out_left != sizeof out - 4)
			single = false;
		else
			table[byte] =
			        (uint32_t)out[0] | (uint32_t)out[1] << 8 | (uint32_t)out[2] << 16;
	}
	if (converter != (iconv_t)-1)
		(void)iconv_close(converter);
	return single;
}

static bool add_charset(struct loader *loader, slice name, struct charset *made)
{
	char text[NAME_MAX_BYTES];
	(void)snprintf(text, sizeof text, "%.*s", SLICE_ARG(name));
	made->name = arena_copy_slice(&loader->schema->arena, name);
	made->table = arena_alloc(&loader->schema->arena, 256 * sizeof *made->table);
	made->converter = made->writer = (iconv_t)-1;
	if (!made->name.p || !made->table)
		return false;
	if (fill_table(text, made->table))
		return true;
	made->table = NULL;
	made->converter = iconv_open("UTF-8", text);
	if (made->converter == (iconv_t)-1)
		return false;
	made->writer = iconv_open(text, "UTF-8");
	if (made->writer == (iconv_t)-1)
		(void)iconv_close(made->converter);
	return made->writer != (iconv_t)-1;
}

/* iconv takes more than names: "X//TRANSLIT" would put other characters in the place of those that are there. */
static bool is_name(slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		            (c && strchr("-_.:+()", c))))
			return false;
	}
	return name.n > 0 && name.n < NAME_MAX_BYTES;
}

bool loader_encoding(struct loader *loader, slice name, enum encoding *encoding)
{
	static const struct {
		const char *name;
		enum encoding encoding;
	} known[] = { { "ASCII", ENCODING_ASCII }, { "US-ASCII", ENCODING_ASCII },
		{ "UTF-8", ENCODING_UTF8 }, { "UTF8", ENCODING_UTF8 },
		{ "UTF-16LE", ENCODING_UTF16LE }, { "UTF-16BE", ENCODING_UTF16BE },
		{ "UTF-32LE", ENCODING_UTF32LE }, { "UTF-32BE", ENCODING_UTF32BE },
		{ "ISO-8859-1", ENCODING_LATIN1 }, { "ISO8859-1", ENCODING_LATIN1 } };
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (slice_equal_nocase(name, slice_of(known[i].name))) {
			*encoding = known[i].encoding;
			return true;
		}
	}
	struct frame_schema *schema = loader->schema;
	unsigned i = 0;
	while (i < schema->ncharsets && !slice_equal_nocase(schema->charsets[i]->name, name))
		i++;
	*encoding = (enum encoding)((unsigned)ENCODING_OTHER + i);
	if (i < schema->ncharsets)
		return true;
	struct charset *made = ARENA_NEW(&schema->arena, struct charset);
	if (!made || i == CHARSETS_MAX || !is_name(name) || !add_charset(loader, name, made))
		return false;
	schema->charsets[schema->ncharsets++] = made;
	return true;
}

unsigned encoding_unit(const struct frame_schema *schema, enum encoding encoding)
{
	if (encoding == ENCODING_UTF16LE || encoding == ENCODING_UTF16BE)
		return 2;
	if (encoding == ENCODING_UTF32LE || encoding == ENCODING_UTF32BE)
		return 4;
	if (encoding < ENCODING_OTHER)
		return 1;
	slice family = schema->charsets[encoding - ENCODING_OTHER]->name;
	family.n = family.n > 5 ? family.n == 6 ? 6 : 5 : family.n;
	if (slice_equal_nocase(family, SLICE("UTF-16")) ||
	        slice_equal_nocase(family, SLICE("UCS-2")))
		return 2;
	return slice_equal_nocase(family, SLICE("UTF-32")) ||
	                       slice_equal_nocase(family, SLICE("UCS-4"))
	               ? 4
	               : 1;
}

void charsets_close(struct frame_schema *schema)
{
	for (unsigned i = 0; i < schema->ncharsets; i++) {
		if (schema->charsets[i]->table)
			continue;
		(void)iconv_close(schema->charsets[i]->converter);
		(void)iconv_close(schema->charsets[i]->writer);
	}
}

/* ---- reading ---- */

static bool decode_utf16(struct arena *arena, bool little, slice bytes, slice *text)
{
	struct text out;
	text_init(&out, arena, bytes.n * 3 / 2 + 1);
	for (size_t i = 0; i + 1 < bytes.n; i += 2) {
		unsigned char first = (unsigned char)bytes.p[i],
		              second = (unsigned char)bytes.p[i + 1];
		uint32_t code =
		        little ? (uint32_t)(second << 8 | first) : (uint32_t)(first << 8 | second);
		if (code >= 0xDC00 && code <= 0xDFFF)
			return false;
		if (code >= 0xD800 && code <= 0xDBFF) {
			i += 2;
			if (i + 1 >= bytes.n)
				return false;
			first = (unsigned char)bytes.p[i];
			second = (unsigned char)bytes.p[i + 1];
			uint32_t low = little ? (uint32_t)(second << 8 | first)
			                      : (uint32_t)(first << 8 | second);
			if (low < 0xDC00 || low > 0xDFFF)
				return false;
			code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
		}
		char utf8[4];
		text_bytes(&out, utf8, utf8_put(code, utf8));
	}
	*text = text_slice(&out);
	return bytes.n % 2 == 0;
}

static void decode_latin1(struct arena *arena, slice bytes, slice *text)
{
	struct text out;
	text_init(&out, arena, bytes.n * 2 + 1);
	for (size_t i = 0; i < bytes.n; i++) {
		char utf8[4];
		text_bytes(&out, utf8, utf8_put((unsigned char)bytes.p[i], utf8));
	}
	*text = text_slice(&out);
}

static bool is_ascii(slice bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		if ((unsigned char)bytes.p[i] > 127)
			return false;
	}
	return true;
}

static bool decode_utf32(struct arena *arena, bool little, slice bytes, slice *text)
{
	struct text out;
	text_init(&out, arena, bytes.n + 1);
	for (size_t i = 0; i + 3 < bytes.n; i += 4) {
		uint32_t code = 0;
		for (unsigned k = 0; k < 4; k++)
			code = code << 8 | (unsigned char)bytes.p[i + (little ? 3 - k : k)];
		if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
			return false;
		char utf8[4];
		text_bytes(&out, utf8, utf8_put(code, utf8));
	}
	*text = text_slice(&out);
	return bytes.n % 4 == 0;
}

static bool decode_table(struct arena *arena, const uint32_t *table, slice bytes, slice *text)
{
	struct text out;
	text_init(&out, arena, bytes.n * 2 + 1);
	for (size_t i = 0; i < bytes.n; i++) {
		uint32_t code = table[(unsigned char)bytes.p[i]];
		char utf8[4];
		if (code == NOTHING)
			return false;
		text_bytes(&out, utf8, utf8_put(code, utf8));
	}
	*text = text_slice(&out);
	return true;
}

static bool convert(struct arena *arena, iconv_t converter, slice bytes, slice *text)
{
	size_t room = bytes.n * 4 + 16, in_left = bytes.n, out_left = room;
	char *out = arena_alloc_raw(arena, room + 1), *to = out, *from = (char *)bytes.p;
	*text = (slice){ NULL, 0 };
	if (!out)
		return true;
	(void)iconv(converter, NULL, NULL, NULL, NULL);
	if (bytes.n && iconv(converter, &from, &in_left, &to, &out_left) == (size_t)-1)
		return false;
	if (iconv(converter, NULL, NULL, &to, &out_left) == (size_t)-1)
		return false;
	*text = (slice){ out, room - out_left };
	return true;
}

static bool encode_table(struct arena *arena, const uint32_t *table, slice text, slice *bytes)
{
	char *out = arena_alloc_raw(arena, text.n + 1);
	size_t n = 0;
	*bytes = (slice){ NULL, 0 };
	for (size_t at = 0, used; out && at < text.n; at += used) {
		uint32_t code = utf8_get(text, at, &used);
		unsigned byte = 0;
		while (byte < 256 && table[byte] != code)
			byte++;
		if (byte == 256)
			return false;
		out[n++] = (char)(unsigned char)byte;
	}
	*bytes = (slice){ out, n };
	return true;
}

bool charset_encode(const struct frame_schema *schema, struct arena *arena, enum encoding encoding,
        slice text, slice *bytes)
{
	const struct charset *charset = schema->charsets[encoding - ENCODING_OTHER];
	return charset->table ? encode_table(arena, charset->table, text, bytes)
	                      : convert(arena, charset->writer, text, bytes);
}

static bool decode_other(struct arena *arena, const struct frame_schema *schema,
        enum encoding encoding, slice bytes, slice *text)
{
	const struct charset *charset = schema->charsets[encoding - ENCODING_OTHER];
	return charset->table ? decode_table(arena, charset->table, bytes, text)
	                      : convert(arena, charset->converter, bytes, text);
}

bool encoding_decode(const struct frame_schema *schema, struct arena *arena, enum encoding encoding,
        slice bytes, slice *text, const char **why)
{
	bool good = true;
	*text = bytes;
	*why = "bytes that are no text of their encoding";
	switch (encoding) {
	case ENCODING_NONE:
	case ENCODING_ASCII:
		good = is_ascii(bytes);
		*why = "a byte that is not ASCII";
		break;
	case ENCODING_UTF8:
		good = utf8_valid(bytes);
		*why = "bytes that are not UTF-8";
		break;
	case ENCODING_UTF16LE:
	case ENCODING_UTF16BE:
		*why = "bytes that are not UTF-16";
		good = decode_utf16(arena, encoding == ENCODING_UTF16LE, bytes, text);
		break;
	case ENCODING_UTF32LE:
	case ENCODING_UTF32BE:
		*why = "bytes that are not UTF-32";
		good = decode_utf32(arena, encoding == ENCODING_UTF32LE, bytes, text);
		break;
	case ENCODING_LATIN1:
		if (!is_ascii(bytes))
			decode_latin1(arena, bytes, text);
		break;
	case ENCODING_OTHER:
	default:
		good = decode_other(arena, schema, encoding, bytes, text);
		break;
	}
	if (good && !text->p && bytes.n) {
		*why = "over the memory budget";
		good = false;
	}
	return good;
}
