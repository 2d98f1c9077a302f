#include "core/pattern.h"

#include "core/self.h"

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

static bool is_self(const struct cursor *at, slice segment)
{
	return at->pattern->kind == PATTERN_ROLE && slice_is(segment, "{self}");
}

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
	return segment->n && segment->p[0] == '{' && !is_self(at, *segment) ? ONE : LITERAL;
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

/* {self} is plain text, and may be several; any other literal is percent-encoded. */
static bool literals_agree(
        const struct cursor *a, slice segment, const struct cursor *b, slice other)
{
	if (is_self(a, segment))
		return is_self(b, other) || self_is_segment(a->pattern->who, other);
	if (is_self(b, other))
		return self_is_segment(b->pattern->who, segment);
	return slice_equal(segment, other);
}

enum { PATTERNS_MAX = 4 };

/* Moves all by one segment; false: there is none that all of them take. *literal: the one that says the most precisely
 * which it is, and *wanted what it says; NULL: any. */
static bool step_all(struct cursor *at, const enum what *what, const slice *segments, unsigned n,
        const struct cursor **literal, slice *wanted)
{
	*literal = NULL;
	for (unsigned i = 0; i < n; i++) {
		if (what[i] == END)
			return false;
		if (what[i] != LITERAL)
			continue;
		if (*literal && !literals_agree(*literal, *wanted, &at[i], segments[i]))
			return false;
		if (*literal && is_self(&at[i], segments[i]))
			continue;
		*literal = &at[i];
		*wanted = segments[i];
	}
	for (unsigned i = 0; i < n; i++)
		step(&at[i], what[i]);
	return true;
}

struct look {
	enum what what[PATTERNS_MAX];
	slice segments[PATTERNS_MAX];
	bool all_end, must_end; /* a path may end here; it cannot go on */
	bool open;              /* nothing is said about what follows */
};

static void look_at(const struct cursor *at, unsigned n, struct look *look)
{
	look->all_end = look->open = true;
	look->must_end = false;
	for (unsigned i = 0; i < n; i++) {
		enum what what = classify(&at[i], &look->segments[i]);
		look->what[i] = what;
		look->all_end = look->all_end && may_end(&at[i], what);
		look->must_end = look->must_end || what == END;
		look->open = look->open && (what == SOME || what == ANY);
	}
}

static void begin(struct cursor *at, const struct pattern *patterns, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		at[i] = (struct cursor){ &patterns[i], slice_from(patterns[i].text, 1), false };
}

bool patterns_overlap(const struct pattern *patterns, unsigned n)
{
	struct cursor at[PATTERNS_MAX];
	begin(at, patterns, n);
	for (;;) {
		struct look look;
		const struct cursor *literal;
		slice wanted;
		look_at(at, n, &look);
		if (look.all_end || look.open)
			return true;
		if (!step_all(at, look.what, look.segments, n, &literal, &wanted))
			return false;
	}
}

/* Is each segment that `literal` stands for (NULL: any) the one that the cover says? */
static bool covers_segment(
        const struct cursor *cover, slice segment, const struct cursor *literal, slice wanted)
{
	if (!literal)
		return false;
	if (is_self(literal, wanted) && !is_self(cover, segment) &&
	        literal->pattern->who->nacts_for)
		return false;
	return literals_agree(cover, segment, literal, wanted);
}

bool pattern_covers(const struct pattern *cover, const struct pattern *patterns, unsigned n)
{
	struct cursor at[PATTERNS_MAX], covering;
	begin(at, patterns, n);
	begin(&covering, cover, 1);
	for (;;) {
		struct look look;
		const struct cursor *literal;
		slice wanted, segment;
		look_at(at, n, &look);
		enum what what = classify(&covering, &segment);
		if (look.all_end)
			return what == END && look.must_end;
		if (what == SOME)
			return true;
		if (what == END || look.open ||
		        !step_all(at, look.what, look.segments, n, &literal, &wanted))
			return false;
		if (what == LITERAL && !covers_segment(&covering, segment, literal, wanted))
			return false;
		step(&covering, what);
	}
}
