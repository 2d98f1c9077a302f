/* Cutting a stream into frames.
 *
 * frame_split() looks at the unread bytes only, so the frames do not depend on how the bytes arrived. The first framing
 * whose start mark fits decides; while fewer bytes than its mark are there and fit so far, more are awaited. extent.c says
 * where its frame ends. Bytes that begin no frame are skipped up to the next place where one could begin; delimiters
 * between frames that have start marks (the "\n" of a "\r\n" whose "\r" ended the frame, an empty line) are nobody's
 * fault, and so is nothing at all between two marks that are the same (HDLC's flags), whose second then begins the frame.
 * A claimed length is held against the largest frame before anything waits for it.
 *
 * AFTER WHAT IS NO FRAME the search goes on one byte further, so that noise, a lying length and a frame that was cut off
 * hide nothing behind them. A line that begins with noise or with a sentence that was cut off may hold a good sentence as
 * well, so after a wrong checksum the last start mark within what delimiters enclose gets another chance; one chance. A
 * whole frame by its length whose checksum is wrong is passed over whole: one bit that fell over is far more likely in its
 * contents than in its length, and looking for a frame in there could find one that claims what follows.
 *
 * WORST CASE. Every byte could begin a frame that only turns out to be none after a look at the largest frame's worth
 * of bytes. So the more work a refusal took, the more bytes are passed over: one in 256 that were looked at, one for each
 * 16 steps of decoding. For honest streams that is nothing; a stream of nothing but start marks costs no more than any
 * other, in proportion. */
#include "codec/frame/meaning/extension.h"

enum { SCRATCH_LEAST = 64 << 10 };

enum fit { FIT_NO, FIT_YES, FIT_MAYBE };

static bool mark_fits_so_far(const struct mark *mark, slice bytes)
{
	struct mark front = *mark;
	front.bytes.n = bytes.n < front.bytes.n ? bytes.n : front.bytes.n;
	return mark_fits(&front, bytes);
}

static enum fit starts_here(const struct framing *framing, slice bytes)
{
	enum fit fit = framing->nstarts ? FIT_NO : FIT_YES;
	for (unsigned i = 0; i < framing->nstarts; i++) {
		const struct mark *start = &framing->starts[i];
		if (mark_fits(start, bytes))
			return FIT_YES;
		if (bytes.n < start->bytes.n && mark_fits_so_far(start, bytes))
			fit = FIT_MAYBE;
	}
	return fit;
}

/* The framing that applies here; NULL: none does, or (*undecided) more bytes are needed to know. */
static const struct framing *framing_at(
        const struct extension *extension, slice bytes, bool *undecided)
{
	*undecided = false;
	for (unsigned i = 0; i < extension->nframings; i++) {
		enum fit fit = starts_here(&extension->framings[i], bytes);
		if (fit == FIT_YES)
			return &extension->framings[i];
		if (fit == FIT_MAYBE) {
			*undecided = true;
			return NULL;
		}
	}
	return NULL;
}

/* The first place from `at` on where a frame could begin. */
static size_t next_start(const struct extension *extension, slice bytes, size_t at)
{
	bool undecided = false;
	while (at < bytes.n && !framing_at(extension, slice_from(bytes, at), &undecided) &&
	        !undecided)
		at++;
	return at < bytes.n ? at : bytes.n;
}

/* The last place where a frame could begin; 0: none but the first. */
static size_t last_start(const struct extension *extension, slice bytes)
{
	bool undecided = false;
	size_t at = bytes.n ? bytes.n - 1 : 0;
	while (at && !framing_at(extension, slice_from(bytes, at), &undecided))
		at--;
	return at;
}

static enum frame_cut skip(
        slice unread, size_t n, enum frame_cut cut, const char *why, struct frame_piece *piece)
{
	*piece = (struct frame_piece){ .bytes = { unread.p, n }, .used = n, .why = why };
	return cut;
}

static enum frame_cut more(struct frame_piece *piece, size_t needed)
{
	*piece = (struct frame_piece){ .needed = needed };
	return FRAME_MORE;
}

static size_t stray_delimiter(const struct extension *extension, slice bytes)
{
	for (unsigned i = 0; i < extension->nframings; i++) {
		const struct framing *framing = &extension->framings[i];
		for (unsigned k = 0; k < framing->ndelimiters; k++) {
			if (slice_starts(bytes, framing->delimiters[k]))
				return framing->delimiters[k].n;
		}
	}
	return 0;
}

/* Delimiters where a frame with a start mark could have begun. */
static size_t stray_delimiters(const struct extension *extension, slice bytes)
{
	size_t at = 0, n = 1, end = next_start(extension, bytes, 1);
	while (n && at < end) {
		n = stray_delimiter(extension, slice_from(bytes, at));
		at += n;
	}
	return at < end ? at : end;
}

/* Where to go on after what is no frame. */
static enum frame_cut refuse(const struct extension *extension, const struct cutter *cutter,
        const struct extent *extent, struct frame_piece *piece)
{
	slice unread = cutter->unread;
	bool undecided;
	size_t least = 1 + extent->work / WORK_PER_BYTE;
	size_t at = next_start(extension, unread, least);
	while (at < unread.n && at < extent->skip &&
	        framing_at(extension, slice_from(unread, at), &undecided) == cutter->framing)
		at = next_start(extension, unread, at + 1);
	return skip(unread, at, FRAME_BAD, extent->why, piece);
}

/* ---- what the description sees ---- */

/* The bytes between the marks, without their escapes. false: they are wrong. */
static bool clean_between(
        const struct cutter *cutter, const struct extent *extent, char *clean, size_t *n)
{
	slice raw = { cutter->unread.p + extent->from, extent->to - extent->from };
	size_t used;
	enum escape_unit unit = escape_read(&cutter->framing->escape, raw, raw.n, clean, n, &used);
	return (unit == ESCAPE_UNIT_BYTE || unit == ESCAPE_UNIT_MORE) && used == raw.n;
}

/* false: extent->why says why not. */
static bool uncover(const struct cutter *cutter, struct extent *extent, slice *frame)
{
	const struct framing *framing = cutter->framing;
	size_t hidden = framing->strip_start ? cutter->mark : 0, n = 0;
	if (extent->clean.p) {
		*frame = slice_from(extent->clean, hidden + framing->skip);
	} else if (framing->escape.kind == ESCAPE_NONE) {
		*frame = slice_from((slice){ cutter->unread.p, extent->to + extent->tail },
		        hidden + framing->skip);
	} else {
		char *made = arena_alloc_raw(cutter->scratch, extent->to + extent->tail + 1);
		size_t mark = framing->strip_start ? 0 : cutter->mark;
		extent->why = made ? "a byte after an escape that means nothing"
		                   : "over the memory budget";
		if (!made)
			return false;
		memcpy(made, cutter->unread.p, mark);
		if (!clean_between(cutter, extent, made + mark, &n))
			return false;
		memcpy(made + mark + n, cutter->unread.p + extent->to, extent->tail);
		*frame = slice_from((slice){ made, mark + n + extent->tail }, framing->skip);
	}
	if (!frame->p)
		*frame = (slice){ cutter->unread.p, 0 };
	return true;
}

/* Nothing between a mark and one like it, or nothing at all where bytes are stuffed: a mark too many. */
static bool is_nothing(const struct cutter *cutter, const struct extent *extent, size_t *used)
{
	const struct framing *framing = cutter->framing;
	if (framing->kind != FRAMING_DELIMITER || extent->to > extent->from)
		return false;
	slice mark = { cutter->unread.p, cutter->mark };
	*used = mark.n ? mark.n : extent->used;
	for (unsigned i = 0; i < framing->ndelimiters && mark.n; i++) {
		if (slice_equal(framing->delimiters[i], mark))
			return true;
	}
	return !mark.n && framing->escape.kind != ESCAPE_NONE;
}

/* A frame whose end is known, and whose bytes are wrong. */
static enum frame_cut spoiled(const struct extension *extension, const struct cutter *cutter,
        slice raw, const char *why, struct frame_piece *piece)
{
	const struct framing *framing = cutter->framing;
	size_t inside = framing->kind == FRAMING_DELIMITER && framing->nstarts
	                        ? last_start(extension, raw)
	                        : 0;
	return inside ? skip(raw, inside, FRAME_BAD, "bytes that are no whole frame", piece)
	              : skip(raw, raw.n, FRAME_BAD, why, piece);
}

static enum frame_cut finish(const struct extension *extension, const struct cutter *cutter,
        struct extent *extent, struct frame_piece *piece)
{
	slice frame, raw = { cutter->unread.p, extent->used };
	size_t used;
	if (cutter->framing->discard)
		return skip(raw, raw.n, FRAME_BETWEEN, NULL, piece);
	if (is_nothing(cutter, extent, &used))
		return skip(raw, used, FRAME_BETWEEN, NULL, piece);
	if (!uncover(cutter, extent, &frame))
		return spoiled(extension, cutter, raw, extent->why, piece);
	if (!checksum_holds(&cutter->framing->checksum, frame, raw)) {
		(void)spoiled(extension, cutter, raw, "the checksum is wrong", piece);
		/* Where the mark that closes it could open the next one, too, that is all there is inside. */
		piece->checksum = piece->used == raw.n || piece->used == extent->to;
		if (piece->checksum)
			piece->bytes = frame;
		return FRAME_BAD;
	}
	*piece = (struct frame_piece){ .bytes = frame, .used = raw.n };
	return FRAME_WHOLE;
}

enum frame_cut frame_split(const struct frame_schema *schema, slice unread, bool quiet,
        struct arena *scratch, struct frame_piece *piece)
{
	const struct extension *extension = schema->extension;
	struct cutter cutter = {
		.schema = schema, .unread = unread, .quiet = quiet, .scratch = scratch
	};
	struct extent extent = { .why = "bytes that begin no frame" };
	bool undecided;
	if (!unread.n)
		return more(piece, 1);
	cutter.framing = framing_at(extension, unread, &undecided);
	if (!cutter.framing && undecided && !(quiet && extension->gap_us))
		return more(piece, unread.n + 1);
	if (!cutter.framing) {
		size_t stray = stray_delimiters(extension, unread);
		return stray ? skip(unread, stray, FRAME_BETWEEN, NULL, piece)
		             : refuse(extension, &cutter, &extent, piece);
	}
	for (unsigned i = 0; i < cutter.framing->nstarts; i++) {
		const struct mark *start = &cutter.framing->starts[i];
		if (start->bytes.n > cutter.mark && mark_fits(start, unread))
			cutter.mark = start->bytes.n;
	}
	switch (extent_find(&cutter, extension->max_bytes, &extent)) {
	case EXTENT_WHOLE:
		return finish(extension, &cutter, &extent, piece);
	case EXTENT_MORE:
		return more(piece, extent.needed);
	case EXTENT_BAD:
		break;
	}
	return refuse(extension, &cutter, &extent, piece);
}

uint64_t frame_schema_gap_us(const struct frame_schema *schema)
{
	return schema->extension->gap_us;
}

size_t frame_schema_scratch_bytes(const struct frame_schema *schema)
{
	return 4 * schema->extension->max_bytes + SCRATCH_LEAST;
}
