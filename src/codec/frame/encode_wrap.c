/* What the stream wants around a frame: the inverse of split.c. The first framing whose start the frame has decides. It
 * writes its length field and its checksum into the frame, puts its delimiter behind it, and then cuts what came out: a
 * frame that would not come out of the stream as it went in is refused. */
#include "codec/frame/encode.h"

#include "codec/frame/extension.h"

#include "base/hex.h"

#include <stdio.h>

/* NULL: none fits. */
static const struct framing *framing_of(const struct frame_schema *schema, slice frame)
{
	const struct extension *extension = schema->extension;
	for (unsigned i = 0; i < extension->nframings; i++) {
		const struct framing *framing = &extension->framings[i];
		bool fits = framing->nstarts == 0;
		for (unsigned k = 0; k < framing->nstarts && !fits; k++)
			fits = slice_starts(frame, framing->starts[k]);
		if (fits)
			return framing;
	}
	return NULL;
}

/* A place in a frame of n bytes, which may be counted from its end. */
static bool place(int64_t offset, size_t n, size_t *at)
{
	int64_t absolute = offset < 0 ? (int64_t)n + offset : offset;
	if (offset == CHECKSUM_TO_END)
		absolute = (int64_t)n;
	*at = (size_t)absolute;
	return absolute >= 0 && absolute <= (int64_t)n;
}

/* Where the two digits of an NMEA 0183 sentence stand. */
static bool nmea_place(slice frame, size_t *at)
{
	size_t star = slice_find(frame, '*');
	*at = star + 1;
	return star > 0 && star + 3 <= frame.n;
}

bool wrap_covers(const struct frame_schema *schema, slice frame, size_t at, size_t n)
{
	const struct framing *framing = framing_of(schema, frame);
	size_t from;
	if (!framing)
		return false;
	if (framing->kind == FRAMING_LENGTH && at >= framing->offset &&
	        at + n <= (size_t)framing->offset + framing->width)
		return true;
	const struct checksum *checksum = &framing->checksum;
	if (!checksum->kind)
		return false;
	if (!checksum->kind->sum)
		return nmea_place(frame, &from) && at >= from && at + n <= from + 2;
	return place(checksum->at, frame.n, &from) && at >= from &&
	       at + n <= from + checksum->width;
}

size_t wrap_room(const struct frame_schema *schema, slice frame, bool *certain)
{
	const struct framing *framing = framing_of(schema, frame);
	*certain = false;
	if (!framing || !framing->checksum.kind)
		return 0;
	if (!framing->checksum.kind->sum) {
		size_t star = slice_find(frame, '*');
		*certain = star == frame.n || star + 1 == frame.n;
		return !*certain ? 0 : star == frame.n ? 3 : 2;
	}
	return framing->checksum.at == -(int64_t)framing->checksum.width ? framing->checksum.width
	                                                                 : 0;
}

static void put_number(char *at, unsigned width, bool little, uint64_t number)
{
	for (unsigned i = 0; i < width; i++)
		at[little ? i : width - 1 - i] =
		        (char)(unsigned char)(i < 8 ? number >> (8 * i) : 0);
}

static bool patch_length(const struct framing *framing, char *bytes, size_t n, const char **why)
{
	int64_t header = (int64_t)framing->offset + (int64_t)framing->width;
	int64_t counted = (int64_t)n - framing->adjust - (framing->counts_frame ? 0 : header);
	*why = "the frame ends before the framing's length field does";
	if ((int64_t)n < header)
		return false;
	*why = "the framing's length field cannot say how long the frame is";
	if (counted < 0 || counted % framing->unit)
		return false;
	uint64_t number = (uint64_t)(counted / framing->unit);
	if (framing->width < 8 && number >> (8 * framing->width))
		return false;
	put_number(
	        bytes + framing->offset, framing->width, framing->endian == ENDIAN_LITTLE, number);
	return true;
}

static void patch_nmea(char *bytes, size_t n)
{
	size_t at;
	unsigned char sum = 0;
	/* Room was made for all three characters. */
	if (n > 3 && !bytes[n - 3] && slice_find((slice){ bytes, n }, '*') == n)
		bytes[n - 3] = '*';
	if (!nmea_place((slice){ bytes, n }, &at))
		return;
	for (size_t i = 1; i + 1 < at; i++)
		sum ^= (unsigned char)bytes[i];
	static const char digits[] = "0123456789ABCDEF";
	bytes[at] = digits[sum >> 4];
	bytes[at + 1] = digits[sum & 15];
}

static bool patch_checksum(const struct checksum *checksum, char *bytes, size_t n, const char **why)
{
	size_t from, to, at;
	*why = "the frame is too short for its checksum";
	if (!checksum->kind)
		return true;
	if (!checksum->kind->sum) {
		patch_nmea(bytes, n);
		return true;
	}
	if (!place(checksum->from, n, &from) || !place(checksum->to, n, &to) ||
	        !place(checksum->at, n, &at) || from > to || n - at < checksum->width)
		return false;
	uint64_t sum = checksum->kind->sum((slice){ bytes + from, to - from });
	put_number(bytes + at, checksum->width, checksum->endian == ENDIAN_LITTLE, sum);
	return true;
}

bool wrap_patch(const struct frame_schema *schema, char *bytes, size_t n, const char **why)
{
	const struct framing *framing = framing_of(schema, (slice){ bytes, n });
	*why = "no framing of the description begins like this frame";
	if (!framing)
		return schema->extension->nframings == 0;
	if (framing->kind == FRAMING_LENGTH && !patch_length(framing, bytes, n, why))
		return false;
	return patch_checksum(&framing->checksum, bytes, n, why);
}

static bool ends_delimited(const struct framing *framing, slice frame)
{
	for (unsigned i = 0; i < framing->ndelimiters; i++) {
		slice delimiter = framing->delimiters[i];
		if (frame.n >= delimiter.n &&
		        slice_equal(slice_from(frame, frame.n - delimiter.n), delimiter))
			return true;
	}
	return false;
}

static slice refuse(struct frame_fault *fault, enum frame_fault_kind kind, const char *why)
{
	fault->kind = kind;
	(void)snprintf(fault->text, sizeof fault->text, "%s", why);
	return (slice){ NULL, 0 };
}

slice frame_wrap(const struct frame_schema *schema, struct arena *arena, slice bytes,
        struct frame_fault *fault)
{
	const char *why = "";
	struct text text;
	*fault = (struct frame_fault){ .kind = FRAME_FAULT_NONE };
	if (!schema->extension->nframings)
		return bytes;
	text_init(&text, arena, bytes.n + 16);
	text_slice_add(&text, bytes);
	if (text.failed)
		return refuse(fault, FRAME_FAULT_LIMIT, "over the memory budget");
	if (!wrap_patch(schema, text.p, text.n, &why))
		return refuse(fault, FRAME_FAULT_VALUE, why);
	const struct framing *framing = framing_of(schema, bytes);
	if (framing->kind == FRAMING_DELIMITER &&
	        !(framing->include && ends_delimited(framing, bytes)))
		text_slice_add(&text, framing->delimiters[0]);
	slice whole = text_slice(&text);
	if (!whole.p)
		return refuse(fault, FRAME_FAULT_LIMIT, "over the memory budget");
	struct frame_piece piece;
	enum frame_cut cut = frame_split(schema, whole, &piece);
	if (cut != FRAME_WHOLE || piece.used != whole.n)
		return refuse(fault, FRAME_FAULT_VALUE,
		        cut == FRAME_BAD && piece.why
		                ? piece.why
		                : "the framing would cut these bytes in another place");
	return whole;
}
