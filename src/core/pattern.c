#include "core/pattern.h"

#include "base/arena.h"
#include "base/uri.h"

bool segment_is(slice segment, slice plain)
{
	if (slice_equal(segment, plain))
		return true;
	if (slice_find(segment, '%') == segment.n)
		return false;
	struct arena arena;
	arena_init(&arena, 16384);
	slice decoded = uri_decode(&arena, segment);
	bool same = decoded.p && slice_equal(decoded, plain);
	arena_finish(&arena);
	return same;
}

bool filter_valid(slice filter, const char **why)
{
	*why = "a filter begins with /";
	if (!filter.n || filter.p[0] != '/')
		return false;
	slice rest = slice_from(filter, 1);
	while (rest.p) {
		slice segment = slice_cut(&rest, '/');
		*why = "# may only be the last segment";
		if (slice_is(segment, "#") && rest.p)
			return false;
		*why = "# stands for whole segments only";
		if (segment.n > 1 && slice_find(segment, '#') < segment.n)
			return false;
	}
	return true;
}

bool filter_is_path(slice filter)
{
	slice rest = slice_from(filter, 1);
	while (rest.p) {
		slice segment = slice_cut(&rest, '/');
		if (slice_is(segment, "+") || slice_is(segment, "#"))
			return false;
	}
	return true;
}

bool filter_matches(slice filter, slice path)
{
	filter = slice_from(filter, 1);
	path = slice_from(path, 1);
	while (filter.p) {
		slice wanted = slice_cut(&filter, '/');
		if (slice_is(wanted, "#"))
			return true;
		if (!path.p)
			return false;
		slice segment = slice_cut(&path, '/');
		if (!slice_is(wanted, "+") && !slice_equal(wanted, segment))
			return false;
	}
	return !path.p;
}

enum what { END, LITERAL, ONE, SOME, ANY }; /* SOME: one segment or more; ANY: none or more */

struct cursor {
	const struct pattern *pattern;
	slice rest;  /* p == NULL: at the end */
	bool inside; /* SOME has had its first segment */
};

static enum what classify(const struct cursor *at, slice *segment)
{
	if (!at->rest.p)
		return END;
	slice rest = at->rest;
	*segment = slice_cut(&rest, '/');
	if (at->pattern->kind == PATTERN_FILTER) {
		if (slice_is(*segment, "#"))
			return ANY;
		return slice_is(*segment, "+") ? ONE : LITERAL;
	}
	if (slice_is(*segment, "*"))
		return SOME;
	bool self = at->pattern->kind == PATTERN_ROLE && slice_is(*segment, "{self}");
	return segment->n && segment->p[0] == '{' && !self ? ONE : LITERAL;
}

static bool may_end(const struct cursor *at, enum what what)
{
	return what == END || what == ANY || (what == SOME && at->inside);
}

static void step(struct cursor *at, enum what what)
{
	if (what == LITERAL || what == ONE)
		(void)slice_cut(&at->rest, '/');
	else
		at->inside = true;
}

/* {self} is plain text, any other literal is percent-encoded. */
static bool literals_agree(
        const struct cursor *a, slice segment, const struct cursor *b, slice other)
{
	bool self = a->pattern->kind == PATTERN_ROLE && slice_is(segment, "{self}");
	if (self)
		return a->pattern->self.n && segment_is(other, a->pattern->self);
	if (b->pattern->kind == PATTERN_ROLE && slice_is(other, "{self}"))
		return b->pattern->self.n && segment_is(segment, b->pattern->self);
	return slice_equal(segment, other);
}

enum { PATTERNS_MAX = 4 };

/* Moves all by one segment; false: there is none that all of them take. */
static bool step_all(struct cursor *at, const enum what *what, const slice *segments, unsigned n)
{
	const struct cursor *literal = NULL;
	slice wanted = { NULL, 0 };
	for (unsigned i = 0; i < n; i++) {
		if (what[i] == END)
			return false;
		if (what[i] != LITERAL)
			continue;
		if (literal && !literals_agree(literal, wanted, &at[i], segments[i]))
			return false;
		literal = &at[i];
		wanted = segments[i];
	}
	for (unsigned i = 0; i < n; i++)
		step(&at[i], what[i]);
	return true;
}

bool patterns_overlap(const struct pattern *patterns, unsigned n)
{
	struct cursor at[PATTERNS_MAX];
	for (unsigned i = 0; i < n; i++)
		at[i] = (struct cursor){ &patterns[i], slice_from(patterns[i].text, 1), false };
	for (;;) {
		enum what what[PATTERNS_MAX];
		slice segments[PATTERNS_MAX];
		bool all_end = true, open = true;
		for (unsigned i = 0; i < n; i++) {
			what[i] = classify(&at[i], &segments[i]);
			all_end = all_end && may_end(&at[i], what[i]);
			open = open && (what[i] == SOME || what[i] == ANY);
		}
		if (all_end || open)
			return true;
		if (!step_all(at, what, segments, n))
			return false;
	}
}
