#include "core/link.h"

#include "base/uri.h"

/* What a pattern says about one segment: the segment, or { NULL, 0 }: any. Of "*", which stands for as many as the other
 * pattern has, *rest is set and nothing is taken off. */
static slice next_segment(slice *pattern, bool *rest)
{
	*rest = slice_is(*pattern, "*");
	return *rest ? (slice){ NULL, 0 } : slice_cut(pattern, '/');
}

static slice without_variable(slice segment)
{
	return segment.n > 2 && segment.p[0] == '{' ? (slice){ NULL, 0 } : segment;
}

static slice encoded(struct arena *arena, slice plain)
{
	struct text text;
	if (!plain.n || !uri_segment_allowed(plain))
		return (slice){ NULL, 0 };
	text_init(&text, arena, plain.n + 8);
	uri_segment_add(&text, plain);
	return slice_from(text_slice(&text), 1);
}

static bool add_segment(struct text *path, slice of_endpoint, slice of_role, slice self)
{
	bool is_self = slice_is(of_role, "{self}");
	slice one = without_variable(of_endpoint);
	slice other = is_self ? encoded(path->arena, self) : without_variable(of_role);
	if ((is_self && !other.p) || (!one.p && !other.p) ||
	        (one.p && other.p && !slice_equal(one, other)))
		return false;
	text_char(path, '/');
	text_slice_add(path, one.p ? one : other);
	return true;
}

bool link_path(struct arena *arena, slice endpoint, slice role, slice self, slice *path)
{
	struct text text;
	text_init(&text, arena, endpoint.n + self.n + 8);
	endpoint = slice_from(endpoint, 1);
	role = slice_from(role, 1);
	if (!endpoint.n && !role.n)
		text_char(&text, '/');
	while (endpoint.n || role.n) {
		bool endpoint_rest, role_rest;
		slice of_endpoint = next_segment(&endpoint, &endpoint_rest);
		slice of_role = next_segment(&role, &role_rest);
		bool one_ended = (!endpoint_rest && !of_endpoint.n) || (!role_rest && !of_role.n);
		if (one_ended || !add_segment(&text, of_endpoint, of_role, self))
			return false;
		if (endpoint_rest)
			endpoint.n = role.n ? endpoint.n : 0;
		if (role_rest)
			role.n = endpoint.n ? role.n : 0;
	}
	*path = text_slice(&text);
	return path->p != NULL;
}

static bool word_matches(slice word, slice wanted)
{
	if (wanted.n && wanted.p[wanted.n - 1] == '*')
		return slice_starts(word, (slice){ wanted.p, wanted.n - 1 });
	return slice_equal(word, wanted);
}

static bool some_word_matches(slice words, slice wanted)
{
	while (words.n) {
		if (word_matches(slice_cut(&words, ' '), wanted))
			return true;
	}
	return false;
}

bool link_has(const struct link *link, slice attribute, slice value)
{
	if (slice_is(attribute, "href"))
		return word_matches(link->href, value);
	if (slice_is(attribute, "rt"))
		return some_word_matches(link->resource_types, value);
	if (slice_is(attribute, "ct"))
		return some_word_matches(link->formats, value);
	if (slice_is(attribute, "obs"))
		return link->observable && !value.n;
	return false;
}

static void write_quoted(struct text *text, slice value)
{
	text_char(text, '"');
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '"' || value.p[i] == '\\')
			text_char(text, '\\');
		text_char(text, value.p[i]);
	}
	text_char(text, '"');
}

void link_write(struct text *text, const struct link *link)
{
	if (text->n)
		text_char(text, ',');
	text_char(text, '<');
	text_slice_add(text, link->href);
	text_char(text, '>');
	if (link->resource_types.n) {
		text_literal(text, ";rt=");
		write_quoted(text, link->resource_types);
	}
	if (link->formats.n) {
		text_literal(text, ";ct=");
		if (slice_find(link->formats, ' ') < link->formats.n)
			write_quoted(text, link->formats);
		else
			text_slice_add(text, link->formats);
	}
	if (link->observable)
		text_literal(text, ";obs");
}
