#include "base/slice.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool slice_equal_nocase(slice a, slice b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		if (a.p[i] != b.p[i] && ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
			return false;
	}
	return true;
}

slice slice_trim(slice s)
{
	while (s.n && is_space(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

size_t slice_find(slice s, char c)
{
	const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
	return at ? (size_t)(at - s.p) : s.n;
}

slice slice_cut(slice *rest, char separator)
{
	slice all = *rest;
	size_t at = slice_find(all, separator);
	if (at == all.n) {
		*rest = (slice){ NULL, 0 };
		return all;
	}
	*rest = (slice){ all.p + at + 1, all.n - at - 1 };
	return (slice){ all.p, at };
}

bool slice_equal_secret(slice a, slice b)
{
	if (a.n != b.n)
		return false;
	volatile unsigned char difference = 0;
	for (size_t i = 0; i < a.n; i++)
		difference = (unsigned char)(difference | (a.p[i] ^ b.p[i]));
	return difference == 0;
}

slice slice_put(char **at, slice from)
{
	slice to = { *at, from.n };
	if (from.n)
		memcpy(*at, from.p, from.n);
	*at += from.n;
	return to;
}

const slice *slice_put_all(slice **to, char **at, const slice *from, unsigned n)
{
	slice *first = *to;
	for (unsigned i = 0; i < n; i++)
		first[i] = slice_put(at, from[i]);
	*to += n;
	return first;
}

size_t slice_room(const slice *slices, unsigned n)
{
	size_t bytes = n * sizeof *slices;
	for (unsigned i = 0; i < n; i++)
		bytes += slices[i].n;
	return bytes;
}
