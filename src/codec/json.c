/* json: RFC 8259, strictly.
 *
 * Why a parser of our own: cJSON and its kin turn every number into a double, and a nanosecond timestamp has
 * 19 digits. Here an integer of 64 bits is exact, and any other number keeps its own notation beside the
 * double, so that what was only passed through leaves as it came ("81.40", 100000000000000000000, -0).
 *
 * check() and decode() are one reader: without an arena it only looks, with one it builds. So they accept the
 * same texts by construction. Strings without escapes are not copied.
 *
 * What RFC 8259 leaves open is decided for the safe side:
 * 1. Text is UTF-8 without a byte order mark; an escaped surrogate without its other half is refused.
 * 2. Of members with the same name the last one counts; json_decode_unique() refuses them.
 * 3. A number beyond the range of doubles is refused; one that is too small becomes 0 and keeps its notation.
 * 4. Nesting ends at VALUE_DEPTH_MAX: reader and writer recurse, and that is their bound.
 * 5. Any value may stand alone, not only a list or map.
 *
 * Bytes, which JSON lacks, are written as base64 text (RFC 4648 section 4), as protobuf's JSON mapping does;
 * they are read back as text. */
#include "api/codec.h"
#include "base/base64.h"
#include "base/text.h"
#include "base/utf8.h"
#include "codec/json.h"
#include "codec/records.h"

#include <endian.h>

struct reader {
	const char *p, *end;
	const char *start;
	struct arena *arena; /* NULL: only check */
	bool unique;         /* two members of one name are refused */
	struct error *error;
};

/* Says what is wrong at `at`; columns are counted in characters. */
static bool refuse_at(struct reader *reader, const char *at, const char *what)
{
	reader->error->line = 1;
	reader->error->column = 1;
	for (const char *p = reader->start; p < at; p++) {
		if (*p == '\n') {
			reader->error->line++;
			reader->error->column = 1;
		} else if (((unsigned char)*p & 0xc0) != 0x80) {
			reader->error->column++;
		}
	}
	return error_set(reader->error, "JSON: %s", what);
}

static bool refuse(struct reader *reader, const char *what)
{
	return refuse_at(
	        reader, reader->p, reader->p == reader->end ? "the text ends too early" : what);
}

static bool over_budget(struct error *error)
{
	error->line = error->column = 0;
	return error_set(error, "JSON: the value takes more memory than a request may");
}

/* The next character; NUL, which may stand nowhere, at the end. */
static char peek(const struct reader *reader)
{
	return reader->p < reader->end ? *reader->p : '\0';
}

static void skip_space(struct reader *reader)
{
	while (reader->p < reader->end && (*reader->p == ' ' || *reader->p == '\n' ||
	                                          *reader->p == '\r' || *reader->p == '\t'))
		reader->p++;
}

/* The first of the eight bytes at p that ends a plain run (a quote, a backslash, a control character): its
 * bit 7 is the lowest one set. */
static uint64_t stops(uint64_t word)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones * 0x80;
	uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
	return (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
	               ((word - ones * 0x20) & ~word)) &
	       highs;
}

static bool is_plain(char c)
{
	return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

/* Skips what stands for itself in a string, eight bytes at a time. true: all of it was ASCII. */
static const char *skip_plain(const char *p, const char *end, bool *ascii)
{
	while (end - p >= 8) {
		uint64_t word;
		memcpy(&word, p, 8);
		word = le64toh(word);
		uint64_t stop = stops(word);
		/* Bytes behind the stop may count too: UTF-8 is then checked once more than needed. */
		if (word & UINT64_C(0x8080808080808080))
			*ascii = false;
		if (stop)
			return p + (__builtin_ctzll(stop) >> 3);
		p += 8;
	}
	while (p < end && is_plain(*p)) {
		if ((unsigned char)*p >= 0x80)
			*ascii = false;
		p++;
	}
	return p;
}

/* Four hexadecimal digits; -1: something else. */
static int32_t parse_hex4(const char *p, const char *end)
{
	if (end - p < 4)
		return -1;
	int32_t unit = 0;
	for (int i = 0; i < 4; i++) {
		char lower = (char)(p[i] | 0x20);
		if (p[i] >= '0' && p[i] <= '9')
			unit = unit << 4 | (p[i] - '0');
		else if (lower >= 'a' && lower <= 'f')
			unit = unit << 4 | (lower - 'a' + 10);
		else
			return -1;
	}
	return unit;
}

/* The code point of the one or two "u0000" escapes at *p, which is moved behind it; -1: malformed. */
static int32_t parse_unicode_escape(const char **p, const char *end)
{
	int32_t high = parse_hex4(*p + 1, end);
	if (high < 0xd800 || high > 0xdfff) {
		*p += 5;
		return high;
	}
	if (high > 0xdbff || end - *p < 11 || (*p)[5] != '\\' || (*p)[6] != 'u')
		return -1;
	int32_t low = parse_hex4(*p + 7, end);
	if (low < 0xdc00 || low > 0xdfff)
		return -1;
	*p += 11;
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* What "\n" and the like stand for; NUL: nothing. */
static char escaped(char c)
{
	switch (c) {
	case '"':
	case '\\':
	case '/':
		return c;
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return '\0';
	}
}

/* Behind the backslash: moves past the escape. */
static bool skip_escape(struct reader *reader)
{
	if (peek(reader) == 'u') {
		const char *at = reader->p;
		if (parse_unicode_escape(&at, reader->end) < 0)
			return refuse(reader, "this escape is no character");
		reader->p = at;
		return true;
	}
	if (!escaped(peek(reader)))
		return refuse(reader, "unknown escape");
	reader->p++;
	return true;
}

/* Replaces the escapes, which are known to be well-formed. The result is never longer than the source. */
static slice unescape(struct arena *arena, slice raw)
{
	char *to = arena_alloc_raw(arena, raw.n);
	if (!to)
		return (slice){ NULL, 0 };
	const char *p = raw.p, *end = raw.p + raw.n;
	size_t n = 0;
	while (p < end) {
		const char *run = p;
		p = memchr(p, '\\', (size_t)(end - p));
		if (!p)
			p = end;
		memcpy(to + n, run, (size_t)(p - run));
		n += (size_t)(p - run);
		if (p == end)
			break;
		p++;
		if (*p == 'u')
			n += utf8_put((uint32_t)parse_unicode_escape(&p, end), to + n);
		else
			to[n++] = escaped(*p++);
	}
	return (slice){ to, n };
}

/* At a quote. */
static bool read_string(struct reader *reader, slice *text)
{
	const char *start = ++reader->p;
	bool ascii = true, escapes = false;
	for (;;) {
		reader->p = skip_plain(reader->p, reader->end, &ascii);
		char c = peek(reader);
		if (c == '"')
			break;
		if (c != '\\')
			return refuse(reader, "a control character in a string must be escaped");
		escapes = true;
		reader->p++;
		if (!skip_escape(reader))
			return false;
	}
	*text = (slice){ start, (size_t)(reader->p - start) };
	reader->p++;
	if (!ascii && !utf8_valid(*text))
		return refuse_at(reader, start, "this string is not UTF-8");
	if (escapes && reader->arena) {
		*text = unescape(reader->arena, *text);
		return text->p || over_budget(reader->error);
	}
	return true;
}

static bool skip_digits(struct reader *reader)
{
	const char *start = reader->p;
	while (peek(reader) >= '0' && peek(reader) <= '9')
		reader->p++;
	return reader->p > start || refuse(reader, "a digit is missing here");
}

/* Behind the whole part: the fraction and the exponent, if any. */
static bool skip_decimals(struct reader *reader, bool *exponent)
{
	if (peek(reader) == '.') {
		reader->p++;
		if (!skip_digits(reader))
			return false;
	}
	*exponent = peek(reader) == 'e' || peek(reader) == 'E';
	if (!*exponent)
		return true;
	reader->p++;
	if (peek(reader) == '+' || peek(reader) == '-')
		reader->p++;
	return skip_digits(reader);
}

/* The integer, when 64 bits hold it. "-0" is none: its sign would be lost. */
static struct value *build_integer(struct arena *arena, uint64_t magnitude, bool negative)
{
	if (!negative)
		return value_uint(arena, magnitude);
	return value_int(arena, (int64_t)(0 - magnitude));
}

static bool read_real(struct reader *reader, slice literal, bool exponent, struct value **to)
{
	enum { LENGTH_SAFE = 300 }; /* so many digits and no exponent cannot go beyond the range */
	double real;
	if (!reader->arena && !exponent && literal.n <= LENGTH_SAFE)
		return true;
	if (!number_parse(literal, &real))
		return refuse_at(reader, literal.p, "this number is beyond the range of doubles");
	if (!reader->arena)
		return true;
	*to = value_double(reader->arena, real);
	if (!*to)
		return over_budget(reader->error);
	(*to)->literal = literal;
	return true;
}

/* At a digit or "-". */
static bool read_number(struct reader *reader, struct value **to)
{
	const char *start = reader->p;
	bool negative = *start == '-', exponent = false, overflow = false;
	if (negative)
		reader->p++;
	const char *digits = reader->p;
	uint64_t magnitude = 0;
	while (peek(reader) >= '0' && peek(reader) <= '9') {
		unsigned digit = (unsigned)(*reader->p++ - '0');
		if (magnitude > (UINT64_MAX - digit) / 10)
			overflow = true;
		magnitude = magnitude * 10 + digit;
	}
	if (reader->p == digits)
		return refuse(reader, "a digit is missing here");
	if (*digits == '0' && reader->p - digits > 1)
		return refuse_at(reader, start, "a number does not begin with 0");
	const char *whole = reader->p;
	if (!skip_decimals(reader, &exponent))
		return false;
	if (negative && (magnitude == 0 || magnitude > (uint64_t)INT64_MAX + 1))
		overflow = true;
	if (overflow || reader->p > whole) {
		slice literal = { start, (size_t)(reader->p - start) };
		return read_real(reader, literal, exponent, to);
	}
	if (!reader->arena)
		return true;
	*to = build_integer(reader->arena, magnitude, negative);
	return *to || over_budget(reader->error);
}

static bool read_word(struct reader *reader, slice word)
{
	slice rest = { reader->p, (size_t)(reader->end - reader->p) };
	if (!slice_starts(rest, word))
		return refuse(reader, "unknown word: only true, false and null have no quotes");
	reader->p += word.n;
	return true;
}

static bool read_value(struct reader *reader, unsigned depth, struct value **to);

/* Behind a member: true when there is another one; *closed when the list or map ends here. */
static bool read_separator(struct reader *reader, char closing, bool *closed)
{
	skip_space(reader);
	char c = peek(reader);
	*closed = c == closing;
	if (c != closing && c != ',')
		return refuse(reader, closing == ']' ? "\",\" or \"]\" is missing here"
		                                     : "\",\" or \"}\" is missing here");
	reader->p++;
	skip_space(reader);
	return true;
}

/* Behind the "[". */
static bool read_list(struct reader *reader, unsigned depth, struct value *list)
{
	skip_space(reader);
	bool closed = peek(reader) == ']';
	if (closed)
		reader->p++;
	while (!closed) {
		struct value *member = NULL;
		if (!read_value(reader, depth, &member))
			return false;
		if (list)
			(void)value_append(list, member);
		if (!read_separator(reader, ']', &closed))
			return false;
	}
	return true;
}

static bool read_key(struct reader *reader, slice *key)
{
	if (peek(reader) != '"')
		return refuse(reader, "a name in quotes is missing here");
	if (!read_string(reader, key))
		return false;
	skip_space(reader);
	if (peek(reader) != ':')
		return refuse(reader, "\":\" is missing here");
	reader->p++;
	skip_space(reader);
	return true;
}

/* Behind the "{". */
static bool read_map(struct reader *reader, unsigned depth, struct value *map)
{
	skip_space(reader);
	bool closed = peek(reader) == '}';
	if (closed)
		reader->p++;
	while (!closed) {
		slice key;
		struct value *member = NULL;
		if (!read_key(reader, &key) || !read_value(reader, depth, &member))
			return false;
		if (map)
			(void)value_set_new(map, key, member);
		if (!read_separator(reader, '}', &closed))
			return false;
	}
	unsigned members = map ? map->count : 0;
	if (map && !value_merge_duplicates(reader->arena, map))
		return over_budget(reader->error);
	if (reader->unique && map->count != members)
		return refuse_at(reader, reader->p, "two members of this map have the same name");
	return true;
}

/* At "[" or "{". */
static bool read_members(struct reader *reader, unsigned depth, struct value **to)
{
	bool is_map = *reader->p == '{';
	if (depth == VALUE_DEPTH_MAX)
		return refuse(reader, "lists and maps are nested too deeply (64 is the limit)");
	if (reader->arena) {
		*to = is_map ? value_map(reader->arena) : value_list(reader->arena);
		if (!*to)
			return over_budget(reader->error);
	}
	reader->p++;
	return is_map ? read_map(reader, depth + 1, *to) : read_list(reader, depth + 1, *to);
}

/* *to is NULL before, and stays so without an arena. */
static bool read_value(struct reader *reader, unsigned depth, struct value **to)
{
	slice text;
	switch (peek(reader)) {
	case '{':
	case '[':
		return read_members(reader, depth, to);
	case '"':
		if (!read_string(reader, &text))
			return false;
		if (reader->arena)
			*to = value_text(reader->arena, text);
		break;
	case 't':
		if (!read_word(reader, SLICE("true")))
			return false;
		if (reader->arena)
			*to = value_bool(reader->arena, true);
		break;
	case 'f':
		if (!read_word(reader, SLICE("false")))
			return false;
		if (reader->arena)
			*to = value_bool(reader->arena, false);
		break;
	case 'n':
		if (!read_word(reader, SLICE("null")))
			return false;
		if (reader->arena)
			*to = value_null(reader->arena);
		break;
	default:
		if (peek(reader) != '-' && (peek(reader) < '0' || peek(reader) > '9'))
			return refuse(reader, "a value is missing here");
		return read_number(reader, to);
	}
	return !reader->arena || *to || over_budget(reader->error);
}

/* At the first value. */
static bool read_start(struct reader *reader, slice body, struct arena *arena, struct error *error)
{
	*reader = (struct reader){ .arena = arena, .error = error };
	reader->start = reader->p = body.p ? body.p : "";
	reader->end = reader->p + body.n;
	if (slice_starts(body, SLICE("\xef\xbb\xbf")))
		return refuse(reader, "the text begins with a byte order mark");
	skip_space(reader);
	return true;
}

static bool read_end(struct reader *reader)
{
	skip_space(reader);
	return reader->p == reader->end || refuse(reader, "something follows the value");
}

static bool read_document(struct arena *arena, slice body, struct error *error, struct value **to)
{
	struct reader reader;
	return read_start(&reader, body, arena, error) && read_value(&reader, 0, to) &&
	       read_end(&reader);
}

bool json_read_records(slice body, struct records *records, struct error *error)
{
	struct reader reader;
	if (!read_start(&reader, body, records->arena, error))
		return false;
	if (peek(&reader) != '[')
		return refuse(&reader, "a list of maps is missing here");
	reader.p++;
	skip_space(&reader);
	bool closed = peek(&reader) == ']';
	if (closed)
		reader.p++;
	while (!closed) {
		struct value *map = NULL;
		if (peek(&reader) != '{')
			return refuse(&reader, "a map is missing here");
		if (!read_members(&reader, 1, &map))
			return false;
		error->line = error->column = 0;
		if (!records->take(records, map, error) || !read_separator(&reader, ']', &closed))
			return false;
	}
	return read_end(&reader);
}

static bool json_check(slice body, struct error *error)
{
	struct value *none = NULL;
	return read_document(NULL, body, error, &none);
}

static struct value *json_decode(struct arena *arena, slice body, struct error *error)
{
	struct value *value = NULL;
	return read_document(arena, body, error, &value) ? value : NULL;
}

struct value *json_decode_unique(struct arena *arena, slice text, struct error *error)
{
	struct value *value = NULL;
	struct reader reader;
	if (!read_start(&reader, text, arena, error))
		return NULL;
	reader.unique = true;
	return read_value(&reader, 0, &value) && read_end(&reader) ? value : NULL;
}

static void write_escape(struct text *text, char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char letters[0x20] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'
	};
	text_char(text, '\\');
	if (c == '"' || c == '\\') {
		text_char(text, c);
	} else if (letters[(unsigned char)c]) {
		text_char(text, letters[(unsigned char)c]);
	} else {
		text_literal(text, "u00");
		text_char(text, hex[c >> 4]);
		text_char(text, hex[c & 15]);
	}
}

static void write_string(struct text *text, slice string)
{
	const char *p = string.p, *end = string.p + string.n;
	bool ascii;
	text_char(text, '"');
	while (p < end) {
		const char *stop = skip_plain(p, end, &ascii);
		text_bytes(text, p, (size_t)(stop - p));
		p = stop;
		if (p < end)
			write_escape(text, *p++);
	}
	text_char(text, '"');
}

static void write_bytes(struct text *text, slice bytes)
{
	slice encoded = base64_encode(text->arena, bytes);
	if (!encoded.p)
		text->failed = true;
	text_char(text, '"');
	text_slice_add(text, encoded);
	text_char(text, '"');
}

static bool write_real(struct text *text, const struct value *value, struct error *error)
{
	if (!__builtin_isfinite(value->as.real))
		return error_set(error, "JSON has no notation for infinity and not-a-number");
	if (value->literal.n) {
		text_slice_add(text, value->literal);
		return true;
	}
	char *to = text_reserve(text, NUMBER_TEXT_BYTES);
	if (to)
		text->n += number_text(value->as.real, to);
	return true;
}

static bool write_value(
        struct text *text, const struct value *value, unsigned depth, struct error *error);

static bool write_members(
        struct text *text, const struct value *value, unsigned depth, struct error *error)
{
	bool map = value->kind == VALUE_MAP;
	if (depth == VALUE_DEPTH_MAX)
		return error_set(
		        error, "JSON: lists and maps are nested too deeply (64 is the limit)");
	text_char(text, map ? '{' : '[');
	for (const struct value *at = value->as.members.first; at; at = at->next) {
		if (at != value->as.members.first)
			text_char(text, ',');
		if (map) {
			write_string(text, at->key);
			text_char(text, ':');
		}
		if (!write_value(text, at, depth + 1, error))
			return false;
	}
	text_char(text, map ? '}' : ']');
	return true;
}

static bool write_value(
        struct text *text, const struct value *value, unsigned depth, struct error *error)
{
	switch (value->kind) {
	case VALUE_NULL:
		text_literal(text, "null");
		break;
	case VALUE_BOOL:
		if (value->as.boolean)
			text_literal(text, "true");
		else
			text_literal(text, "false");
		break;
	case VALUE_INT:
		text_signed(text, value->as.integer);
		break;
	case VALUE_UINT:
		text_unsigned(text, value->as.natural);
		break;
	case VALUE_DOUBLE:
		return write_real(text, value, error);
	case VALUE_TEXT:
		write_string(text, value->as.text);
		break;
	case VALUE_BYTES:
		write_bytes(text, value->as.text);
		break;
	case VALUE_LIST:
	case VALUE_MAP:
		return write_members(text, value, depth, error);
	}
	return true;
}

static slice json_encode(struct arena *arena, const struct value *value, struct error *error)
{
	enum { EXPECTED_BYTES = 256 };
	struct text text;
	error->line = error->column = 0;
	text_init(&text, arena, EXPECTED_BYTES);
	if (!write_value(&text, value, 0, error))
		return (slice){ NULL, 0 };
	if (text.failed)
		(void)over_budget(error);
	return text_slice(&text);
}

static const char *const also[] = { "+json", NULL };

const struct codec codec_json = {
	.name = "json",
	.media = "application/json",
	.also = also,
	.check = json_check,
	.decode = json_decode,
	.encode = json_encode,
};
