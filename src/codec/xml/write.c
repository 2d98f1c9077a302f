/* xml_write: values as XML, the mirror of xml_value.
 *
 * Namespaces of xsi:type and xsi:nil are declared on the element that needs them: most documents need none,
 * and every byte may be paid for. */
#include "base/base64.h"
#include "codec/xml/xml.h"

#define DECLARE_XSI " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
#define DECLARE_XSD " xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\""

struct writer {
	struct text *to;
	bool hints;
	struct error *error;
};

static bool write_element(const struct writer *, slice name, bool plain_name, slice attributes,
        const struct value *, unsigned depth);

/* Code points that may stand in a name in the fourth and the fifth edition of XML 1.0 alike, which differ
 * much, as letters go: enough for the languages in which people name fields. */
static bool is_letter(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = { { 0x41, 0x5a }, { 0x5f, 0x5f }, { 0x61, 0x7a }, { 0xc0, 0xd6 },
		{ 0xd8, 0xf6 }, { 0xf8, 0x131 }, { 0x3a3, 0x3ce }, { 0x410, 0x44f },
		{ 0x5d0, 0x5ea }, { 0x621, 0x63a }, { 0x3041, 0x3094 }, { 0x30a1, 0x30fa },
		{ 0x4e00, 0x9fa5 }, { 0xac00, 0xd7a3 } };
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	}
	return false;
}

static bool is_name_char(uint32_t c, bool first)
{
	return is_letter(c) || (!first && ((c >= '0' && c <= '9') || c == '-' || c == '.'));
}

/* The code point that `s` (valid UTF-8, not empty) starts with, and its length. */
static uint32_t first_code_point(slice s, size_t *n)
{
	unsigned char lead = (unsigned char)s.p[0];
	*n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	if (*n > s.n)
		*n = 1;
	uint32_t c = *n == 1 ? lead : lead & (0x7fU >> *n);
	for (size_t i = 1; i < *n; i++)
		c = c << 6 | ((unsigned char)s.p[i] & 0x3f);
	return c;
}

static bool is_hex(slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!memchr("0123456789abcdefABCDEF", s.p[i], 22))
			return false;
	}
	return true;
}

/* "_x0041_" in the name itself, which a reader would take for an escape. */
static bool looks_escaped(slice s)
{
	return s.n >= 7 && s.p[0] == '_' && s.p[1] == 'x' && s.p[6] == '_' &&
	       is_hex((slice){ s.p + 2, 4 });
}

static void write_name(struct text *to, slice name)
{
	size_t n;
	if (!name.n)
		text_literal(to, "_");
	for (bool first = true; name.n; first = false) {
		uint32_t c = first_code_point(name, &n);
		if (is_name_char(c, first) && !looks_escaped(name))
			text_bytes(to, name.p, n);
		else
			text_printf(to, c > 0xffff ? "_x%08X_" : "_x%04X_", (unsigned)c);
		name = slice_from(name, n);
	}
}

/* What stands for this byte; NULL: itself. */
static const char *escape_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\t':
		return "&#9;";
	case '\n':
		return "&#10;";
	case '\r':
		return "&#13;";
	default:
		return NULL;
	}
}

/* U+FFFE and U+FFFF, which are the only ones from U+0020 on that XML does not take. */
static bool is_noncharacter(slice s)
{
	return slice_starts(s, SLICE("\xef\xbf\xbe")) || slice_starts(s, SLICE("\xef\xbf\xbf"));
}

static bool write_text(struct text *to, slice s, bool attribute)
{
	size_t written = 0;
	if (!s.n)
		return true;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c > '>' && c != 0xef)
			continue;
		if (c == 0xef ? is_noncharacter(slice_from(s, i))
		              : c < ' ' && c != '\t' && c != '\n' && c != '\r')
			return false;
		const char *escape = escape_of(s.p[i]);
		if (!escape || (!attribute && (c == '\n' || c == '\t' || c == '"')))
			continue;
		text_bytes(to, s.p + written, i - written);
		text_bytes(to, escape, strlen(escape));
		written = i + 1;
	}
	text_bytes(to, s.p + written, s.n - written);
	return true;
}

bool xml_write_text(struct text *to, slice s)
{
	return write_text(to, s, true);
}

static bool over_budget(const struct writer *writer)
{
	writer->to->failed = true;
	return error_set(writer->error, "XML: needs more memory than a message may take");
}

/* A scalar as text; bytes in base64. */
static slice scalar_text(const struct writer *writer, const struct value *value)
{
	if (value->kind == VALUE_BYTES)
		return base64_encode(writer->to->arena, value->as.text);
	if (value->kind == VALUE_DOUBLE && !__builtin_isfinite(value->as.real)) {
		if (__builtin_isnan(value->as.real))
			return SLICE("NaN");
		return value->as.real < 0 ? SLICE("-INF") : SLICE("INF");
	}
	return value_to_text(writer->to->arena, value);
}

static bool write_scalar(const struct writer *writer, const struct value *value, bool attribute)
{
	if (value->kind == VALUE_NULL)
		return true;
	slice text = scalar_text(writer, value);
	if (!text.p && value->kind != VALUE_TEXT)
		return over_budget(writer);
	return write_text(writer->to, text, attribute) ||
	       error_set(writer->error, "XML: text with a control character cannot be said in XML");
}

static bool is_container(const struct value *value)
{
	return value->kind == VALUE_LIST || value->kind == VALUE_MAP;
}

static bool is_attribute(const struct value *member)
{
	return member->key.n > 1 && member->key.p[0] == '@' && !is_container(member);
}

/* The type that keeps a reader from taking the text for something else, or NULL. */
static const char *hint_for(const struct value *value)
{
	switch (value->kind) {
	case VALUE_TEXT:
		return xml_stays_text(value->as.text) ? NULL : "string";
	case VALUE_BYTES:
		return "base64Binary";
	case VALUE_DOUBLE: {
		slice literal = value->literal;
		bool plain = __builtin_isfinite(value->as.real) &&
		             (!literal.n || memchr(literal.p, '.', literal.n) ||
		                     memchr(literal.p, 'e', literal.n) ||
		                     memchr(literal.p, 'E', literal.n));
		return plain ? NULL : "double";
	}
	case VALUE_NULL:
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_UINT:
	case VALUE_LIST:
	case VALUE_MAP:
		break;
	}
	return NULL;
}

/* What stands between the tags: the value, or the "#text" of a map that has nothing else but attributes. */
static const struct value *text_of(const struct value *value)
{
	const struct value *text = value_get(value, SLICE("#text"));
	if (!text)
		return value;
	for (const struct value *at = value->as.members.first; at; at = at->next) {
		if (at != text && !is_attribute(at))
			return value;
	}
	return text;
}

/* The rest of the start tag that the value asks for: xsi:nil, a hint, its "@" members. */
static bool write_attributes(const struct writer *writer, const struct value *value)
{
	struct text *to = writer->to;
	const char *hint = writer->hints ? hint_for(text_of(value)) : NULL;
	if (value->kind == VALUE_NULL)
		text_literal(to, DECLARE_XSI " xsi:nil=\"true\"");
	if (hint)
		text_printf(to, DECLARE_XSI DECLARE_XSD " xsi:type=\"xsd:%s\"", hint);
	if (value->kind != VALUE_MAP)
		return true;
	for (const struct value *at = value->as.members.first; at; at = at->next) {
		if (!is_attribute(at) || at->kind == VALUE_NULL)
			continue;
		text_char(to, ' ');
		write_name(to, slice_from(at->key, 1));
		text_literal(to, "=\"");
		if (!write_scalar(writer, at, true))
			return false;
		text_char(to, '"');
	}
	return true;
}

static bool write_list(const struct writer *writer, slice name, bool plain_name,
        const struct value *list, unsigned depth)
{
	for (const struct value *at = list->as.members.first; at; at = at->next) {
		if (!write_element(writer, name, plain_name, (slice){ NULL, 0 }, at, depth))
			return false;
	}
	return true;
}

static bool write_member(const struct writer *writer, const struct value *member, unsigned depth)
{
	if (is_attribute(member))
		return true;
	if (slice_is(member->key, "#text") && !is_container(member))
		return write_scalar(writer, member, false);
	if (member->kind == VALUE_LIST)
		return write_list(writer, member->key, false, member, depth);
	return write_element(writer, member->key, false, (slice){ NULL, 0 }, member, depth);
}

static bool write_content(const struct writer *writer, const struct value *value, unsigned depth)
{
	if (value->kind == VALUE_NULL)
		return true;
	if (value->kind == VALUE_LIST)
		return write_list(writer, SLICE("item"), true, value, depth);
	if (value->kind != VALUE_MAP)
		return write_scalar(writer, value, false);
	for (const struct value *at = value->as.members.first; at; at = at->next) {
		if (!write_member(writer, at, depth))
			return false;
	}
	return true;
}

static void write_tag_name(struct text *to, slice name, bool plain)
{
	if (plain)
		text_slice_add(to, name);
	else
		write_name(to, name);
}

static bool write_element(const struct writer *writer, slice name, bool plain_name,
        slice attributes, const struct value *value, unsigned depth)
{
	struct text *to = writer->to;
	if (depth == XML_DEPTH_MAX)
		return error_set(writer->error, "XML: nested too deep");
	text_char(to, '<');
	write_tag_name(to, name, plain_name);
	text_slice_add(to, attributes);
	if (value && !write_attributes(writer, value))
		return false;
	size_t start = to->n;
	text_char(to, '>');
	if (value && !write_content(writer, value, depth + 1))
		return false;
	if (to->failed)
		return over_budget(writer);
	if (to->n == start + 1) {
		to->n = start;
		text_literal(to, "/>");
		return true;
	}
	text_literal(to, "</");
	write_tag_name(to, name, plain_name);
	text_char(to, '>');
	return true;
}

bool xml_write_element(struct text *to, slice name, slice attributes, const struct value *value,
        bool hints, struct error *error)
{
	struct writer writer = { to, hints, error };
	return write_element(&writer, name, true, attributes, value, 0) &&
	       (!to->failed || over_budget(&writer));
}
