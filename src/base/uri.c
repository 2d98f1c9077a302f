#include "base/uri.h"

#include <arpa/inet.h>

#include "base/hex.h"
#include "base/utf8.h"

/* RFC 3986 section 3.3: letters, digits, -._~ !$&'()*+,;= :@, by a bit each. Every character of every path is asked for. */
static inline bool is_pchar(char c)
{
	static const uint64_t low = 0x2fff7fd200000000u, high = 0x47fffffe87ffffffu;
	unsigned byte = (unsigned char)c;
	return byte < 128 && ((byte < 64 ? low : high) >> (byte & 63) & 1);
}

static void put_byte(struct text *to, char c)
{
	static const char digits[] = "0123456789ABCDEF";
	unsigned char byte = (unsigned char)c;
	char escape[3] = { '%', digits[byte >> 4], digits[byte & 15] };
	text_bytes(to, escape, sizeof escape);
}

void uri_escape_add(struct text *to, slice plain)
{
	while (plain.n) {
		size_t n = 0;
		while (n < plain.n && is_pchar(plain.p[n]))
			n++;
		text_bytes(to, plain.p, n);
		if (n == plain.n)
			return;
		put_byte(to, plain.p[n]);
		plain = slice_from(plain, n + 1);
	}
}

/* "." or "..", also between what some service takes for a separator once it has decoded the path, and before what
 * some takes for a parameter. */
static bool has_dot_part(slice plain)
{
	size_t begin = 0;
	for (size_t i = 0; i <= plain.n; i++) {
		if (i < plain.n && plain.p[i] != '/' && plain.p[i] != '\\')
			continue;
		slice part = { plain.p + begin, i - begin };
		part = slice_cut(&part, ';');
		if (slice_is(part, ".") || slice_is(part, ".."))
			return true;
		begin = i + 1;
	}
	return false;
}

bool uri_segment_allowed(slice plain)
{
	for (size_t i = 0; i < plain.n; i++) {
		if ((unsigned char)plain.p[i] < 0x20 || plain.p[i] == 0x7f)
			return false;
	}
	return (slice_find(plain, '.') == plain.n || !has_dot_part(plain)) && utf8_valid(plain);
}

void uri_segment_add(struct text *to, slice plain)
{
	text_char(to, '/');
	uri_escape_add(to, plain);
}

/* Nothing to decode, nothing to encode, no dot segment: what nearly every path is. */
static bool is_normal(slice raw)
{
	if (!raw.n || raw.p[0] != '/')
		return false;
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] == '/') {
			if (i + 1 < raw.n && raw.p[i + 1] == '.')
				return false;
		} else if (!is_pchar(raw.p[i])) {
			return false;
		}
	}
	return true;
}

enum uri_verdict uri_path_normalise(struct arena *arena, slice raw, slice *path)
{
	if (is_normal(raw)) {
		*path = raw;
		return URI_OK;
	}
	if (!raw.n || raw.p[0] != '/')
		return URI_MALFORMED;
	struct text to;
	text_init(&to, arena, raw.n + 16);
	slice rest = slice_from(raw, 1);
	for (bool more = true; more;) {
		more = slice_find(rest, '/') < rest.n;
		slice segment = slice_cut(&rest, '/');
		slice plain = uri_decode(arena, segment);
		if (segment.n && !plain.p)
			return URI_MALFORMED;
		if (!uri_segment_allowed(plain))
			return URI_MALFORMED;
		uri_segment_add(&to, plain);
	}
	*path = text_slice(&to);
	return path->p ? URI_OK : URI_NO_MEMORY;
}

enum uri_verdict uri_path_from_text(struct arena *arena, slice plain, slice *path)
{
	if (is_normal(plain)) {
		*path = plain;
		return URI_OK;
	}
	struct text to;
	text_init(&to, arena, plain.n + 16);
	slice rest = plain.n && plain.p[0] == '/' ? slice_from(plain, 1) : plain;
	for (bool more = true; more;) {
		more = slice_find(rest, '/') < rest.n;
		slice segment = slice_cut(&rest, '/');
		if (!uri_segment_allowed(segment))
			return URI_MALFORMED;
		uri_segment_add(&to, segment);
	}
	*path = text_slice(&to);
	return path->p ? URI_OK : URI_NO_MEMORY;
}

static slice decode(struct arena *arena, slice encoded, char plus)
{
	char *to = arena_alloc_raw(arena, encoded.n + 1);
	if (!to)
		return (slice){ NULL, 0 };
	size_t n = 0;
	for (size_t i = 0; i < encoded.n; i++) {
		char c = encoded.p[i];
		if (c == '%') {
			int high = encoded.n - i > 2 ? hex_digit(encoded.p[i + 1]) : -1;
			int low = encoded.n - i > 2 ? hex_digit(encoded.p[i + 2]) : -1;
			if (high < 0 || low < 0)
				return (slice){ NULL, 0 };
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+') {
			c = plus;
		}
		to[n++] = c;
	}
	to[n] = '\0';
	return (slice){ to, n };
}

slice uri_decode(struct arena *arena, slice encoded)
{
	return slice_find(encoded, '%') == encoded.n ? encoded : decode(arena, encoded, '+');
}

slice uri_decode_form(struct arena *arena, slice encoded)
{
	return decode(arena, encoded, ' ');
}

bool uri_parse(slice url, struct uri *uri)
{
	*uri = (struct uri){ 0 };
	size_t colon = slice_find(url, ':');
	if (colon == 0 || !slice_starts(slice_from(url, colon), SLICE("://")))
		return false;
	uri->scheme = (slice){ url.p, colon };
	slice rest = slice_from(url, colon + 3);
	size_t end = slice_find(rest, '/');
	uri->path = slice_from(rest, end);
	slice authority = { rest.p, end };
	slice port = { NULL, 0 };
	if (authority.n && authority.p[0] == '[') {
		size_t close = slice_find(authority, ']');
		if (close == authority.n)
			return false;
		uri->host = (slice){ authority.p + 1, close - 1 };
		slice after = slice_from(authority, close + 1);
		if (after.n && after.p[0] != ':')
			return false;
		port = slice_from(after, 1);
		if (after.n == 1)
			return false;
	} else {
		uri->host = slice_cut(&authority, ':');
		port = authority;
		if (authority.p && !authority.n)
			return false;
	}
	if (!uri->host.n)
		return false;
	for (size_t i = 0; i < port.n; i++) {
		if (port.p[i] < '0' || port.p[i] > '9' || uri->port > 6553)
			return false;
		uri->port = uri->port * 10 + (unsigned)(port.p[i] - '0');
	}
	return uri->port <= 65535;
}

bool uri_host_is_loopback(slice host)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr address;
	if (slice_equal_nocase(host, SLICE("localhost")) || slice_is(host, "::1"))
		return true;
	if (!host.n || host.n >= sizeof text || memchr(host.p, '\0', host.n))
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	return inet_pton(AF_INET, text, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}
