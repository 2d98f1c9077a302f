/* Cutting a stream into frames.
 *
 * frame_split() looks at the unread bytes only, so the frames do not depend on how the bytes arrived. The first framing
 * whose start mark fits decides; while fewer bytes than its mark are there and fit so far, more are awaited. Bytes that
 * begin no frame are skipped up to the next place where one could begin; delimiters between frames that have start
 * marks (the "\n" of a "\r\n" whose "\r" ended the frame, an empty line) are nobody's fault. A claimed length is held
 * against the largest frame before anything waits for it.
 *
 * A line that begins with noise or with a sentence that was cut off may hold a good sentence as well, so after a wrong
 * checksum the last start mark within it gets another chance. One chance, and one search for a delimiter however many
 * start marks stand before it: a stream of nothing but start marks costs no more than any other. */
#include "codec/frame/extension.h"

enum fit { FIT_NO, FIT_YES, FIT_MAYBE };

static enum fit starts_here(const struct framing *framing, slice bytes)
{
	enum fit fit = framing->nstarts ? FIT_NO : FIT_YES;
	for (unsigned i = 0; i < framing->nstarts; i++) {
		slice start = framing->starts[i];
		if (slice_starts(bytes, start))
			return FIT_YES;
		if (slice_starts(start, bytes))
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
	return at;
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

static enum frame_cut bad(
        const struct extension *extension, slice unread, const char *why, struct frame_piece *piece)
{
	return skip(unread, next_start(extension, unread, 1), FRAME_BAD, why, piece);
}

static uint64_t number_at(slice bytes, size_t at, unsigned width, bool little)
{
	uint64_t number = 0;
	for (unsigned i = 0; i < width; i++)
		number = number << 8 | (unsigned char)bytes.p[at + (little ? width - 1 - i : i)];
	return number;
}

/* The whole frame's size. false: no such frame can be. */
static bool length_of(const struct framing *framing, slice unread, size_t max, size_t *size)
{
	uint64_t number = number_at(
	        unread, framing->offset, framing->width, framing->endian == ENDIAN_LITTLE);
	if (number > max)
		return false;
	int64_t header = (int64_t)framing->offset + (int64_t)framing->width;
	int64_t total = (int64_t)number * framing->unit + framing->adjust +
	                (framing->counts_frame ? 0 : header);
	*size = (size_t)total;
	return total >= header && total <= (int64_t)max;
}

/* The longest of the delimiters that stands at the front of the bytes; 0: none. */
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

/* The first delimiter from `at` on; bytes.n: there is none. */
static size_t find_delimiter(const struct framing *framing, slice bytes, size_t at)
{
	size_t first = bytes.n;
	for (unsigned i = 0; i < framing->ndelimiters; i++) {
		slice delimiter = framing->delimiters[i];
		const char *found =
		        at < first ? memmem(bytes.p + at, first - at, delimiter.p, delimiter.n)
		                   : NULL;
		if (found)
			first = (size_t)(found - bytes.p);
	}
	return first;
}

/* Delimiters where a frame with a start mark could have begun. */
static size_t stray_delimiters(const struct extension *extension, slice bytes)
{
	size_t at = 0, n = 1, end = next_start(extension, bytes, 1);
	while (n && at < end) {
		n = 0;
		for (unsigned i = 0; i < extension->nframings && !n; i++)
			n = delimiter_at(&extension->framings[i], slice_from(bytes, at));
		at += n;
	}
	return at < end ? at : end;
}

/* Too far from its delimiter: so are all places of its kind before `nearest`. */
static size_t skip_far(const struct extension *extension, const struct framing *framing,
        slice unread, size_t nearest)
{
	bool undecided;
	size_t at = next_start(extension, unread, 1);
	while (at < nearest && framing_at(extension, slice_from(unread, at), &undecided) == framing)
		at = next_start(extension, unread, at + 1);
	return at;
}

static enum frame_cut split_delimited(const struct extension *extension,
        const struct framing *framing, slice unread, struct frame_piece *piece)
{
	size_t mark = 0, max = extension->max_bytes;
	for (unsigned i = 0; i < framing->nstarts; i++) {
		if (slice_starts(unread, framing->starts[i]))
			mark = framing->starts[i].n;
	}
	size_t at = find_delimiter(framing, unread, mark);
	if (at > max)
		return skip(unread, skip_far(extension, framing, unread, at - max), FRAME_BAD,
		        "no delimiter within the largest frame", piece);
	if (at == unread.n)
		return FRAME_MORE;
	size_t n = delimiter_at(framing, slice_from(unread, at));
	piece->bytes = (slice){ unread.p, framing->include ? at + n : at };
	piece->used = at + n;
	return FRAME_WHOLE;
}

/* An offset that may be counted from the end. */
static bool place(int64_t offset, size_t n, size_t *at)
{
	int64_t absolute = offset < 0 ? (int64_t)n + offset : offset;
	if (offset == CHECKSUM_TO_END)
		absolute = (int64_t)n;
	*at = (size_t)absolute;
	return absolute >= 0 && absolute <= (int64_t)n;
}

static bool checksum_holds(const struct checksum *checksum, slice frame)
{
	size_t from, to, at;
	bool missing;
	if (!checksum->kind)
		return true;
	if (!checksum->kind->sum)
		return checksum_nmea(frame, &missing) || (missing && checksum->optional);
	if (!place(checksum->from, frame.n, &from) || !place(checksum->to, frame.n, &to) ||
	        !place(checksum->at, frame.n, &at) || from > to || frame.n - at < checksum->width)
		return false;
	uint64_t stored = number_at(frame, at, checksum->width, checksum->endian == ENDIAN_LITTLE);
	return stored == checksum->kind->sum((slice){ frame.p + from, to - from });
}

enum frame_cut frame_split(
        const struct frame_schema *schema, slice unread, struct frame_piece *piece)
{
	const struct extension *extension = schema->extension;
	bool undecided;
	size_t size = 0;
	*piece = (struct frame_piece){ .used = 0 };
	if (!unread.n)
		return FRAME_MORE;
	const struct framing *framing = framing_at(extension, unread, &undecided);
	if (!framing && undecided)
		return FRAME_MORE;
	if (!framing) {
		size_t stray = stray_delimiters(extension, unread);
		return stray ? skip(unread, stray, FRAME_BETWEEN, NULL, piece)
		             : bad(extension, unread, "bytes that begin no frame", piece);
	}
	if (framing->kind == FRAMING_DELIMITER) {
		enum frame_cut cut = split_delimited(extension, framing, unread, piece);
		if (cut != FRAME_WHOLE)
			return cut;
	} else {
		if (framing->kind == FRAMING_LENGTH) {
			if (unread.n < (size_t)framing->offset + framing->width)
				return FRAME_MORE;
			if (!length_of(framing, unread, extension->max_bytes, &size))
				return bad(extension, unread, "a length that no frame has", piece);
		} else {
			size = framing->fixed_bytes;
		}
		if (unread.n < size)
			return FRAME_MORE;
		piece->bytes = (slice){ unread.p, size };
		piece->used = size;
	}
	if (checksum_holds(&framing->checksum, piece->bytes))
		return FRAME_WHOLE;
	size_t inside = framing->kind == FRAMING_DELIMITER && framing->nstarts
	                        ? last_start(extension, piece->bytes)
	                        : 0;
	if (inside)
		return skip(unread, inside, FRAME_BAD, "bytes that are no whole frame", piece);
	piece->checksum = true;
	piece->why = "the checksum is wrong";
	return FRAME_BAD;
}
