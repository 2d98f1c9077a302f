/* Where the frame that begins here ends.
 *
 * Each way of telling looks at the unread bytes alone and says EXTENT_MORE only where more bytes of any kind could
 * decide, so how they arrived makes no difference; a pause of the line (`quiet`) is the one fact from outside.
 *
 * A DELIMITER IS THE ONE THAT IS WHOLE FIRST; of several that are whole at the same byte the longest, and one that goes
 * on as a longer one is that one. Where the difference would be seen (nothing else marks the next frame, or the frame
 * keeps it) the next byte is awaited.
 *
 * WHAT A FAILURE COSTS IS SAID (`work`), so that split.c can pass over more bytes the more of them were looked at. It is told
 * from bytes that are there for sure whenever the failure is known, or it would depend on how they arrived. */
#include "codec/frame/stream/framing.h"

enum { FIRST_LOOK = 64, WORK_PER_STEP = 16, SCAN_SHARE = 16, TYPE_MEMORY = 1 << 20 };

bool mark_fits(const struct mark *mark, slice bytes)
{
	if (!mark->fits.p)
		return slice_starts(bytes, mark->bytes);
	if (bytes.n < mark->bytes.n)
		return false;
	for (size_t i = 0; i < mark->bytes.n; i++) {
		if ((bytes.p[i] ^ mark->bytes.p[i]) & mark->fits.p[i])
			return false;
	}
	return true;
}

static enum extent_verdict bad(struct extent *extent, const char *why, size_t work)
{
	extent->why = why;
	extent->work = work;
	return EXTENT_BAD;
}

static enum extent_verdict more(struct extent *extent, size_t needed)
{
	extent->needed = needed;
	return EXTENT_MORE;
}

/* ---- delimiters ---- */

struct found {
	size_t at, n;
	bool is_start; /* of the next frame */
	bool none;     /* there is none yet, and none will begin before `at` */
};

/* Nothing in the first n bytes, which may end within a mark. */
static struct found nothing(const struct framing *framing, size_t n)
{
	size_t longest = 1;
	for (unsigned i = 0; i < framing->ndelimiters; i++)
		if (framing->delimiters[i].n > longest)
			longest = framing->delimiters[i].n;
	for (unsigned i = 0; framing->next_start && i < framing->nstarts; i++)
		if (framing->starts[i].bytes.n > longest)
			longest = framing->starts[i].bytes.n;
	return (struct found){ .at = n < longest ? 0 : n - (longest - 1), .none = true };
}

static void prefer(struct found *best, size_t at, size_t n, bool is_start)
{
	size_t end = at + n, best_end = best->at + best->n;
	if (end < best_end || (end == best_end && at < best->at))
		*best = (struct found){ .at = at, .n = n, .is_start = is_start };
}

static size_t find_mark(const struct mark *mark, slice bytes, size_t at)
{
	if (!mark->fits.p) {
		const char *found = at < bytes.n ? memmem(bytes.p + at, bytes.n - at, mark->bytes.p,
		                                           mark->bytes.n)
		                                 : NULL;
		return found ? (size_t)(found - bytes.p) : bytes.n;
	}
	while (at < bytes.n && !mark_fits(mark, slice_from(bytes, at)))
		at++;
	return at;
}

/* The first end that lies wholly within the first `window` bytes; at == window: there is none. */
static struct found search_within(const struct framing *framing, slice window, size_t from)
{
	struct found best = { .at = window.n, .n = 1 };
	for (unsigned i = 0; i < framing->ndelimiters; i++) {
		const struct mark mark = { .bytes = framing->delimiters[i] };
		size_t end = best.at + best.n;
		slice rest = { window.p, end < window.n ? end : window.n };
		size_t at = find_mark(&mark, rest, from);
		if (at < rest.n)
			prefer(&best, at, mark.bytes.n, false);
	}
	for (unsigned i = 0; framing->next_start && i < framing->nstarts; i++) {
		size_t at = find_mark(&framing->starts[i], window, from ? from : 1);
		if (at < window.n)
			prefer(&best, at, framing->starts[i].bytes.n, true);
	}
	return best;
}

/* The first end from `from` on. In windows that grow, since a delimiter that never comes would otherwise be looked for in all
 * that is there, once for each frame. */
static struct found search(const struct cutter *cutter, size_t from, size_t max)
{
	size_t n = cutter->unread.n, limit = from + 2 * max + FIRST_LOOK;
	slice window = { cutter->unread.p, from + FIRST_LOOK };
	if (limit > n)
		limit = n;
	for (;;) {
		if (window.n > limit)
			window.n = limit;
		struct found found = search_within(cutter->framing, window, from);
		if (found.at < window.n)
			return found;
		if (window.n == limit)
			return nothing(cutter->framing, limit);
		window.n *= 4;
	}
}

/* The longest delimiter that stands here; 0: none. */
static size_t delimiter_at(const struct framing *framing, slice bytes)
{
	size_t n = 0;
	for (unsigned i = 0; i < framing->ndelimiters; i++) {
		slice delimiter = framing->delimiters[i];
		if (delimiter.n > n && slice_starts(bytes, delimiter))
			n = delimiter.n;
	}
	return n;
}

static bool start_at(const struct framing *framing, slice bytes)
{
	for (unsigned i = 0; i < framing->nstarts; i++) {
		if (mark_fits(&framing->starts[i], bytes))
			return true;
	}
	return false;
}

/* An escape byte: *at goes behind what it means. false: *found or *verdict says how the search ends. */
static bool step_over_escape(const struct cutter *cutter, size_t *at, struct found *found,
        enum extent_verdict *verdict, struct extent *extent)
{
	unsigned char byte;
	size_t used, n;
	slice rest = slice_from(cutter->unread, *at);
	switch (escape_unit(&cutter->framing->escape, rest, &byte, &used)) {
	case ESCAPE_UNIT_BYTE:
		*at += used;
		return true;
	case ESCAPE_UNIT_MORE:
		*found = nothing(cutter->framing, cutter->unread.n);
		return false;
	case ESCAPE_UNIT_MARK:
		n = delimiter_at(cutter->framing, rest);
		*found = (struct found){ .at = *at, .n = n };
		if (n)
			return false;
		found->is_start = cutter->framing->next_start && start_at(cutter->framing, rest);
		if (found->is_start)
			return false;
		break;
	case ESCAPE_UNIT_WRONG:
		break;
	}
	*verdict = bad(extent, "a mark that does not belong within a frame", *at);
	extent->skip = *at;
	return false;
}

/* The same byte by byte, where quotes and escapes hide delimiters. */
static enum extent_verdict walk(const struct cutter *cutter, size_t from, size_t max,
        struct found *found, struct extent *extent)
{
	const struct framing *framing = cutter->framing;
	const struct escape *escape = &framing->escape;
	slice unread = cutter->unread;
	enum extent_verdict verdict = EXTENT_WHOLE;
	bool quoted = false, hides = escape->kind == ESCAPE_DOUBLE ||
	                             (escape->kind == ESCAPE_XOR && escape->flip == 0);
	size_t at = from;
	while (at < unread.n && at <= max) {
		slice rest = slice_from(unread, at);
		unsigned char byte = (unsigned char)rest.p[0];
		size_t n = delimiter_at(framing, rest);
		if (hides && byte == escape->byte) {
			if (!step_over_escape(cutter, &at, found, &verdict, extent))
				return verdict;
		} else if (quoted && byte == framing->quote_escape) {
			at += 2;
		} else if (byte == framing->quote) {
			quoted = !quoted;
			at++;
		} else if (!quoted && n) {
			*found = (struct found){ .at = at, .n = n };
			return EXTENT_WHOLE;
		} else if (!quoted && framing->next_start && at && start_at(framing, rest)) {
			*found = (struct found){ .at = at, .is_start = true };
			return EXTENT_WHOLE;
		} else {
			at++;
		}
	}
	*found = nothing(framing, unread.n);
	return EXTENT_WHOLE;
}

/* Whether what stands behind the delimiter makes it a longer one, or none. EXTENT_MORE: that is not there yet. */
static enum extent_verdict look_ahead(
        const struct cutter *cutter, struct found *found, bool *is_none)
{
	const struct framing *framing = cutter->framing;
	slice here = slice_from(cutter->unread, found->at);
	bool waits = framing->nstarts == 0 || framing->include || framing->trailer;
	*is_none = false;
	for (unsigned i = 0; i < framing->ndelimiters; i++) {
		slice delimiter = framing->delimiters[i];
		if (delimiter.n <= found->n)
			continue;
		if (slice_starts(here, delimiter))
			found->n = delimiter.n;
		else if (waits && !cutter->quiet && slice_starts(delimiter, here))
			return EXTENT_MORE;
	}
	slice behind = slice_from(here, found->n);
	for (unsigned i = 0; i < framing->nnot_before; i++) {
		if (slice_starts(behind, framing->not_before[i]))
			*is_none = true;
		else if (!cutter->quiet && slice_starts(framing->not_before[i], behind))
			return EXTENT_MORE;
	}
	return EXTENT_WHOLE;
}

static enum extent_verdict find_end(
        const struct cutter *cutter, size_t max, struct found *found, struct extent *extent)
{
	const struct framing *framing = cutter->framing;
	bool walks = framing->quote >= 0 || framing->escape.kind == ESCAPE_DOUBLE ||
	             (framing->escape.kind == ESCAPE_XOR && framing->escape.flip == 0);
	size_t from = cutter->mark;
	for (;;) {
		bool is_none = false;
		enum extent_verdict verdict = EXTENT_WHOLE;
		if (walks)
			verdict = walk(cutter, from, max, found, extent);
		else
			*found = search(cutter, from, max);
		if (verdict != EXTENT_WHOLE || found->none || found->is_start || found->at > max)
			return verdict;
		verdict = look_ahead(cutter, found, &is_none);
		if (!is_none)
			return verdict == EXTENT_MORE ? more(extent, cutter->unread.n + 1)
			                              : verdict;
		from = found->at + found->n;
	}
}

static enum extent_verdict delimited(const struct cutter *cutter, size_t max, struct extent *extent)
{
	const struct framing *framing = cutter->framing;
	struct found found;
	size_t n = cutter->unread.n;
	enum extent_verdict verdict = find_end(cutter, max, &found, extent);
	if (verdict == EXTENT_MORE && found.at > max)
		return bad(extent, "no delimiter within the largest frame", max);
	if (verdict != EXTENT_WHOLE)
		return verdict;
	if (found.at > max) {
		extent->skip = framing->quote < 0 ? found.at - max : 0;
		return bad(extent, "no delimiter within the largest frame",
		        framing->quote < 0 ? max / SCAN_SHARE : max);
	}
	if (found.none)
		found.at = n;
	extent->from = cutter->mark;
	extent->to = found.at;
	extent->used = found.at;
	if (found.is_start)
		return EXTENT_WHOLE;
	if (found.none)
		return cutter->quiet && framing->gap_us ? EXTENT_WHOLE : more(extent, n + 1);
	extent->used = found.at + found.n + framing->trailer;
	if (n < extent->used)
		return cutter->quiet && framing->gap_us
		               ? bad(extent, "the line fell silent within a frame", n)
		               : more(extent, extent->used);
	if (framing->include)
		extent->tail = found.n + framing->trailer;
	return EXTENT_WHOLE;
}

static enum extent_verdict balanced(const struct cutter *cutter, size_t max, struct extent *extent)
{
	const struct framing *framing = cutter->framing;
	slice unread = cutter->unread;
	size_t limit = unread.n < max ? unread.n : max, depth = 0;
	bool quoted = false;
	for (size_t at = 0; at < limit; at++) {
		unsigned char byte = (unsigned char)unread.p[at];
		if (quoted && byte == framing->quote_escape)
			at++;
		else if (byte == framing->quote)
			quoted = !quoted;
		else if (!quoted && byte == framing->open)
			depth++;
		else if (!quoted && byte == framing->close && --depth == 0) {
			extent->from = cutter->mark;
			extent->to = extent->used = at + 1;
			return EXTENT_WHOLE;
		}
	}
	return unread.n >= max ? bad(extent, "no end within the largest frame", max)
	                       : more(extent, unread.n + 1);
}

/* ---- sizes ---- */

enum extent_verdict extent_of_type(
        const struct cutter *cutter, slice bytes, size_t max, size_t *size, struct extent *extent)
{
	struct arena arena;
	struct frame_end end;
	slice seen = { bytes.p, bytes.n < max ? bytes.n : max };
	bool open = !(cutter->quiet && cutter->framing->gap_us);
	arena_init(&arena, TYPE_MEMORY + max * 64);
	bool good = frame_decode_end(
	        cutter->schema, cutter->framing->type, &arena, seen, open, max, &end);
	arena_finish(&arena);
	if (good && end.size) {
		*size = end.size;
		return EXTENT_WHOLE;
	}
	extent->skip = 0;
	if (end.needed > bytes.n && end.needed <= max)
		return more(extent, end.needed);
	/* It goes on to the end of the stream, which only a pause will tell. */
	if (end.needed == SIZE_MAX && cutter->framing->gap_us && bytes.n < max)
		return more(extent, bytes.n + 1);
	/* Not more than what was read for sure: the answer is the same with more bytes. */
	uint64_t most = end.size * (uint64_t)WORK_PER_BYTE;
	uint64_t work = end.steps * WORK_PER_STEP + end.size;
	return bad(extent,
	        end.needed > max ? "larger than the largest frame"
	                         : "bytes that the description has no words for",
	        (size_t)(work < most ? work : most));
}

/* The whole frame's size, from bytes without escapes. */
static enum extent_verdict size_of(
        const struct cutter *cutter, slice clean, size_t max, size_t *size, struct extent *extent)
{
	const struct framing *framing = cutter->framing;
	if (framing->kind == FRAMING_TYPE)
		return extent_of_type(cutter, clean, max, size, extent);
	if (framing->kind == FRAMING_FIXED) {
		*size = framing->fixed_bytes;
		return EXTENT_WHOLE;
	}
	switch (length_read(&framing->length, clean, max, size)) {
	case LENGTH_KNOWN:
		return EXTENT_WHOLE;
	case LENGTH_MORE:
		return more(extent, *size);
	case LENGTH_WRONG:
		break;
	}
	return bad(extent, "a length that no frame has", 1);
}

static bool ends_well(const struct framing *framing, slice frame)
{
	for (unsigned i = 0; i < framing->nends; i++) {
		slice end = framing->ends[i];
		if (frame.n >= end.n && slice_equal(slice_from(frame, frame.n - end.n), end))
			return true;
	}
	return framing->nends == 0;
}

static enum extent_verdict sized(const struct cutter *cutter, size_t max, struct extent *extent)
{
	size_t size = 0;
	enum extent_verdict verdict = size_of(cutter, cutter->unread, max, &size, extent);
	if (verdict == EXTENT_WHOLE && size > cutter->unread.n)
		verdict = more(extent, size);
	if (verdict == EXTENT_MORE && cutter->quiet && cutter->framing->gap_us)
		return bad(extent, "the line fell silent within a frame", 1);
	if (verdict != EXTENT_WHOLE)
		return verdict;
	if (size < cutter->mark || !ends_well(cutter->framing, (slice){ cutter->unread.p, size }))
		return bad(extent, "the end mark is not where the frame ends", 1);
	extent->from = cutter->mark;
	extent->to = extent->used = size;
	return EXTENT_WHOLE;
}

/* Of a frame whose bytes are escaped no more is looked at than its size needs. */
static enum extent_verdict sized_escaped(
        const struct cutter *cutter, size_t max, struct extent *extent)
{
	slice raw = slice_from(cutter->unread, cutter->mark);
	size_t want = FIRST_LOOK + cutter->mark, n, used, size = 0;
	for (;;) {
		want = want < max ? want : max;
		char *clean = arena_alloc_raw(cutter->scratch, want + 1);
		if (!clean || want < cutter->mark)
			return bad(extent, "over the memory budget", want);
		memcpy(clean, cutter->unread.p, cutter->mark);
		enum escape_unit stop = escape_read(&cutter->framing->escape, raw,
		        want - cutter->mark, clean + cutter->mark, &n, &used);
		slice seen = { clean, cutter->mark + n };
		enum extent_verdict verdict = size_of(cutter, seen, max, &size, extent);
		if (verdict == EXTENT_BAD)
			return verdict;
		if (verdict == EXTENT_WHOLE && size <= seen.n && size >= cutter->mark) {
			(void)escape_read(&cutter->framing->escape, raw, size - cutter->mark,
			        clean + cutter->mark, &n, &used);
			extent->clean = (slice){ clean, size };
			extent->used = cutter->mark + used;
			return ends_well(cutter->framing, extent->clean)
			               ? EXTENT_WHOLE
			               : bad(extent, "the end mark is not where the frame ends",
			                         size);
		}
		if (verdict == EXTENT_MORE)
			size = extent->needed;
		if (stop == ESCAPE_UNIT_MARK || stop == ESCAPE_UNIT_WRONG) {
			extent->skip = cutter->mark + used;
			return bad(extent, "a mark that does not belong within a frame", used);
		}
		if (stop == ESCAPE_UNIT_MORE)
			return cutter->quiet && cutter->framing->gap_us
			               ? bad(extent, "the line fell silent within a frame", 1)
			               : more(extent, cutter->unread.n + 1);
		want = size > want ? size : want + 1;
		if (cutter->framing->kind == FRAMING_TYPE)
			want = want > 2 * seen.n ? want : 2 * seen.n;
	}
}

enum extent_verdict extent_find(const struct cutter *cutter, size_t max, struct extent *extent)
{
	size_t n = cutter->unread.n;
	*extent = (struct extent){ .skip = 0 };
	switch (cutter->framing->kind) {
	case FRAMING_DELIMITER:
		return delimited(cutter, max, extent);
	case FRAMING_BALANCED:
		return balanced(cutter, max, extent);
	case FRAMING_QUIET:
		extent->from = cutter->mark;
		extent->to = extent->used = n;
		if (n > max)
			return bad(extent, "no pause within the largest frame", max);
		return cutter->quiet ? EXTENT_WHOLE : more(extent, n + 1);
	case FRAMING_LENGTH:
	case FRAMING_FIXED:
	case FRAMING_TYPE:
		break;
	}
	return cutter->framing->escape.kind == ESCAPE_NONE ? sized(cutter, max, extent)
	                                                   : sized_escaped(cutter, max, extent);
}
